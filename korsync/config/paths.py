"""Where the state lies, and what lies beside it."""

from os.path import isdir
from pathlib import Path

from korsync.config.entries import Section

CACHE, JOURNAL, TOLD = OTHER_FILES = ("cache.json", "journal.jsonl", "told.json")
"""What lies beside the state."""


def state_path_in(root: Section, path: Path) -> Path:
    name = root.text_or_none("state_file") or "state.json"
    state_path = path.parent / name
    is_of_another = state_path.name in OTHER_FILES or name.endswith(tuple(f".{other}" for other in OTHER_FILES))
    if is_of_another or Path(name).name in ("", "..") or state_path.name == path.name or isdir(state_path):
        root.notes.wrong(
            root.entry.named["state_file"],
            "must name a file of its own: no folder, no cache.json, journal.jsonl or told.json, and not this file",
        )
        return path.parent / "state.json"
    return state_path


def beside(state_path: Path, name: str) -> Path:
    """Name what lies beside a state after it: two shops in one folder must not take each other's."""
    own = "" if state_path.name == "state.json" else f"{state_path.name.removesuffix('.json')}."
    return state_path.with_name(own + name)
