"""Orders that stay as they are are written as they were read, not made into JSON anew."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from korsync.memory import state as state_file
from korsync.memory.codec import encode
from korsync.memory.state import Encoded, load_state, save_state
from korsync.records.memory import State
from tests.memory.test_state import IDENTITY, STATE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_state(tmp_path / "state.json", STATE)
    return tmp_path / "state.json"


def encoded_anew(path: Path, monkeypatch: pytest.MonkeyPatch, changed: State | None = None) -> list[str]:
    """Load, save, and return the paths of what was encoded for that."""
    encoded: Encoded = {}
    state = load_state(path, IDENTITY, encoded)
    seen: list[str] = []

    def noting(value: Any, at: str = "$") -> Any:
        seen.append(at)
        return encode(value, at)

    monkeypatch.setattr(state_file, "encode", noting)
    save_state(path, changed or state, encoded)
    return seen


def test_what_stays_is_written_as_it_was_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    assert encoded_anew(path, monkeypatch) == ["$"]
    assert path.read_bytes() == before
    assert load_state(path, IDENTITY) == STATE


def test_a_file_in_another_layout_is_read_and_written_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    path.write_text(json.dumps(json.loads(before), indent=2))
    assert len(encoded_anew(path, monkeypatch)) == 1 + len(STATE.orders)
    assert path.read_bytes() == before


def test_an_order_that_changed_is_encoded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, order = next(iter(STATE.orders.items()))
    changed = STATE.with_order(replace(order, name="#changed"))
    assert f"$.orders.{key}" in encoded_anew(path, monkeypatch, changed)
    assert load_state(path, IDENTITY).orders[key].name == "#changed"
