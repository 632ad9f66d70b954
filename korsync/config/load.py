"""The configuration file: YAML read without surprises; every mistake in it is named with its key and line."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import yaml

from korsync.config.entries import PLAIN_KEY, Entry, Notes, YamlKind
from korsync.config.environment import with_environment_file
from korsync.config.settings import AlertSettings, NetworkSettings, Settings, read_settings
from korsync.errors import ConfigurationError
from korsync.memory.files import read_whole

LARGEST = 256 * 1024
DEEPEST = 20
KINDS = {
    "str": YamlKind.TEXT,
    "int": YamlKind.NUMBER,
    "float": YamlKind.NUMBER,
    "bool": YamlKind.TRUTH,
    "timestamp": YamlKind.TIME,
    "null": YamlKind.NOTHING,
}


def load(path: Path, environment: Mapping[str, str], *, needs_secrets: bool = True) -> Settings:
    """Return the settings in a configuration file, with the environment variables that it names.

    Where neither side is asked, settings without `needs_secrets` do: a variable of a login may then be unset.
    Raises one ConfigurationError with a line for every mistake in it; none of them repeats a value.
    """
    try:
        content = read_whole(path, limit=LARGEST, follow=True)
    except FileNotFoundError:
        raise ConfigurationError(
            f"the configuration file {path} is missing",
            "copy config.example.yaml, or name another one with --config or $KORSYNC_CONFIG",
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the configuration file {path} cannot be read: {error}") from None
    notes, elsewhere, settings = Notes(environment, needs_secrets), list[str](), None
    root = _parse(content.data, notes)
    if root is not None:
        notes, elsewhere = with_environment_file(root, notes, path.absolute())
        settings = read_settings(root, notes, path.absolute())
    if content.mode & 0o077:
        for secret in notes.literal_secrets:
            notes.wrong(
                secret, f"stands here in plain text and others may read the file: chmod 600 {path}, or use ${{NAME}}"
            )
    if notes.mistakes or elsewhere or settings is None:
        here = [f"{path}:{line}: {mistake}" for line, mistake in sorted(set(notes.mistakes))]
        raise ConfigurationError((*here, *elsewhere), "put this right in the configuration file; nothing was sent")
    return settings


def fingerprint(settings: Settings) -> str:
    """Return a text that changes whenever a setting does, and from which not even a short password can be guessed.

    Left out is where the files lie, since the same folder may be named in several ways, and the way to the sides, which
    changes nothing about what they say.
    """
    kept = replace(settings, state_path=Path(), cache_path=Path(), journal_path=Path(), told_path=Path())
    kept = replace(kept, network=NetworkSettings(), alerts=AlertSettings())
    values = repr(asdict(kept)).encode("utf-8")
    return hashlib.pbkdf2_hmac("sha256", values, b"korsync configuration", 20_000).hex()


def _parse(data: bytes, notes: Notes) -> Entry | None:
    """Return the file as entries, or None where it is no YAML; then the mistake is noted."""
    if len(data) > LARGEST:
        notes.mistakes.append((1, f"the file is larger than {LARGEST // 1024} KiB"))
        return None
    try:
        text = data.decode("utf-8-sig")
        trick = _trick(text)
        if trick is not None:
            notes.mistakes.append(trick)
            return None
        node = yaml.compose(text, yaml.SafeLoader)
        if node is not None:
            return _entry(node, "", node.start_mark.line + 1, notes)
        notes.mistakes.append((1, "the file is empty"))
    except UnicodeDecodeError as error:
        notes.mistakes.append((data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text"))
    except yaml.reader.ReaderError as error:
        notes.mistakes.append((text.count("\n", 0, error.position) + 1, "control characters are refused"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        notes.mistakes.append((mark.line + 1 if mark else 1, _complaint(error.problem or "")))
    except (ValueError, OverflowError):
        notes.mistakes.append((1, "an escape such as \\U stands for no character"))
    return None


def _trick(text: str) -> tuple[int, str] | None:
    """Return line and name of what could hide a value or blow it up: an alias, a tag, absurd depth."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return line, "anchors and aliases (& and *) are refused; a value that begins so belongs in quotes"
        if getattr(event, "tag", None):
            return line, "tags (!) are refused; a value that begins so belongs in quotes"
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return line, "this is nested too deeply"
    return None


def _complaint(problem: str) -> str:
    """Return YAML's complaint without longer pieces of the file in it: they may be of a secret."""
    if r"'\t'" in problem:
        return "a tab stands here: indent with blanks"
    shown = re.sub(r"(?<!\S)'(?!<)[^']{2,}'", "this", problem)
    return f"not YAML: {shown} (a value with special characters belongs in quotes)"


def _entry(node: yaml.Node, key: str, line: int, notes: Notes) -> Entry:
    if isinstance(node, yaml.ScalarNode):
        return Entry(key, line, KINDS.get(node.tag.rpartition(":")[2], YamlKind.OTHER), node.value)
    if isinstance(node, yaml.SequenceNode):
        places = [(f"{key}[{index}]", item.start_mark.line + 1, item) for index, item in enumerate(node.value)]
        items = tuple(_entry(item, inner_key, at, notes) for inner_key, at, item in places)
        return Entry(key, line, YamlKind.LIST, items=items)
    named: dict[str, Entry] = {}
    for name, value in node.value:
        at = name.start_mark.line + 1
        if not isinstance(name, yaml.ScalarNode):
            notes.mistakes.append((at, f"{key} has a key that is not a single word".strip()))
            continue
        shown = name.value[:40] if name.value.isprintable() else ascii(name.value[:40])
        inner = _entry(value, f"{key}.{shown}".strip("."), at, notes)
        if name.value in named:
            double = inner.key if PLAIN_KEY.fullmatch(name.value) else f"a key of {key or 'the file'}"
            notes.mistakes.append((at, f"{double} stands twice, first in line {named[name.value].line}"))
        named[name.value] = inner
    return Entry(key, line, YamlKind.SECTION, named=named)
