"""What korsync did, in journal.jsonl: appended after the fact, kept to a size, and never needed for a decision."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from korsync.memory.codec import decode, encode, from_json, to_json
from korsync.memory.files import read_whole
from korsync.memory.sound import check_entry
from korsync.records.journal import Entry, ItemEntry, RunEntry, StockEntry, WriteEntry

MOST_BYTES = 5_000_000
FILES_KEPT = 10

KINDS: dict[str, type[Entry]] = {"run": RunEntry, "write": WriteEntry, "item": ItemEntry, "stock": StockEntry}

_END = b'{"kind":"run"'


def append(path: Path, entries: Iterable[Entry]) -> str | None:
    """Append entries, whole lines at once; return the reason where that cannot be done, since no run fails by it."""
    lines = b"".join(_line(entry) for entry in entries)
    if not lines:
        return None
    try:
        _make_room(path)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            file.write((b"\n" if torn else b"") + lines)
    except OSError as error:
        return f"the journal {path} cannot be written: {error.strerror or error}"
    return None


def entries_of(path: Path, naming: str = "") -> Iterator[Entry]:
    """Return the entries that are kept, the oldest first: all, or those that hold a text somewhere and ends of runs.

    A line that cannot be read is passed over.
    """
    sought = to_json(naming)[1:-2]
    for number in range(FILES_KEPT - 1, -1, -1):
        with suppress(OSError):
            lines = read_whole(_numbered(path, number)).data.splitlines()
            for line in (each for each in lines if sought in each or each.startswith(_END)):
                with suppress(ValueError):
                    yield _entry(line)


def _line(entry: Entry) -> bytes:
    kind = next(name for name, cls in KINDS.items() if isinstance(entry, cls))
    return to_json({"kind": kind, **encode(entry)})


def _entry(line: bytes) -> Entry:
    content = from_json(line)
    if not isinstance(content, dict) or content.get("kind") not in KINDS:
        raise ValueError("not an entry")
    entry = decode(KINDS[content.pop("kind")], content)
    check_entry(entry)
    return entry


def _make_room(path: Path) -> None:
    """Begin a new file where this one is full; the oldest goes."""
    if not path.exists() or path.stat().st_size < MOST_BYTES:
        return
    for number in range(FILES_KEPT - 2, -1, -1):
        with suppress(FileNotFoundError):
            os.replace(_numbered(path, number), _numbered(path, number + 1))


def _numbered(path: Path, number: int) -> Path:
    return path if number == 0 else path.with_name(f"{path.stem}.{number}{path.suffix}")
