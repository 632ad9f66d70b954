"""The environment file: NAME=value lines that ${NAME} may come from, taken as they stand, without a shell."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from korsync.config.entries import Entry, Notes, text_of
from korsync.memory.files import read_whole

LARGEST = 64 * 1024
# What shells would take differently from what stands here is refused: bare values with blanks or quotes at the start,
# and in double quotes what they would expand.
LINE = re.compile(r"""([A-Za-z_][A-Za-z0-9_]*)=(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"]\S*)?)""", re.ASCII)

Mistake = tuple[int, str]


def with_environment_file(root: Entry, notes: Notes, config_path: Path) -> tuple[Notes, list[str]]:
    """Return the notes with the variables of the file that the configuration names, and what is wrong in that file.

    The real environment wins. Neither a value nor the name of a file that is not there is ever repeated.
    """
    entry = root.named.get("environment_file")
    if entry is None:
        return notes, []
    name = text_of(entry, notes)
    unread = replace(notes, knows_variables=False)
    if not name:
        return unread, []
    path = config_path.parent / name
    try:
        content = read_whole(path, limit=LARGEST, follow=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file"
        notes.wrong(entry, f"names a file that cannot be read: {reason}")
        return unread, []
    if content.mode & 0o077:
        notes.wrong(entry, f"names a file that others may read or change: chmod 600 {path}")
    values, mistakes = _parse(content.data)
    known = replace(notes, environment={**values, **notes.environment}, knows_variables=not mistakes)
    return known, [f"{path}:{line}: {mistake}" for line, mistake in mistakes]


def _parse(data: bytes) -> tuple[dict[str, str], list[Mistake]]:
    if len(data) > LARGEST:
        return {}, [(1, f"the file is larger than {LARGEST // 1024} KiB")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return {}, [(data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text")]
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    mistakes: list[Mistake] = []
    for number, line in _lines(text):
        found = LINE.fullmatch(line)
        if found is None:
            mistakes.append((number, _complaint(line)))
        elif found[1] in values:
            mistakes.append((number, f"{found[1]} stands twice, first in line {lines[found[1]]}"))
        else:
            values[found[1]] = next((each for each in found.groups()[1:] if each is not None), "")
            lines[found[1]] = number
    return values, mistakes


def _lines(text: str) -> Iterator[Mistake]:
    """Yield what stands in the lines that are neither blank nor a comment, with their numbers."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _complaint(line: str) -> str:
    """Say what is wrong with a line; not even its name is repeated, which may be a part of a secret."""
    if line.startswith("export "):
        return "this line begins with export: NAME=value alone is enough"
    if re.match(r"[A-Za-z_][A-Za-z0-9_]*=", line, re.ASCII):
        return "this value belongs in single quotes as a whole, as in NAME='value', and may not hold one"
    return "this line is not NAME=value"
