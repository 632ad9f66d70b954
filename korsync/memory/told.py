"""What was told of each cause, in told.json: may be lost, and then everything that lasts is told once more.

Not a part of the state, because what keeps a run from beginning (no state, a lock, the configuration) is told as well.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from korsync.memory.codec import decode, encode, from_json, to_json
from korsync.memory.files import read_whole, write_whole
from korsync.memory.sound import check_told
from korsync.records.telling import Told


def load_told(path: Path) -> Told:
    """Return what was told; nothing where the file is missing or cannot be used."""
    try:
        told = decode(Told, from_json(read_whole(path).data))
        check_told(told)
    except (OSError, ValueError):
        return Told()
    return told


def save_told(path: Path, told: Told) -> None:
    """Replace the file; where that cannot be done, more is told than would be needed, and nothing else is wrong."""
    try:
        write_whole(path, to_json(encode(told)))
    except OSError:
        return


def without(told: Told, keys: Collection[str]) -> Told:
    """Return what was told without some causes, which are news when they are met again."""
    return replace(told, causes={key: each for key, each in told.causes.items() if key not in keys})
