"""The state file under random states and random mishaps."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from korsync.errors import StateError
from korsync.memory.state import load_state, no_link, save_state
from korsync.records.bookings import Booking, KnownOrder, edit_key, refund_key, sale_key
from korsync.records.memory import State
from tests.memory.test_state import IDENTITY, saved
from tests.support.values import values


def consistent(state: State) -> State:
    """Give each order and booking the key that is its own, and pieces that can be counted."""
    return replace(state, orders={order.id: of_its_own(order) for order in state.orders.values()})


def of_its_own(order: KnownOrder) -> KnownOrder:
    def counted(each: Any) -> Any:
        return replace(each, quantity=each.quantity % 10**9)

    def booked(booking: Booking, key: str) -> Booking:
        receipt = replace(booking.receipt, key=key, order_id=order.id) if booking.receipt else None
        return replace(booking, key=key, receipt=receipt, pieces=tuple(map(counted, booking.pieces)))

    return replace(
        order,
        lines=tuple(map(counted, order.lines)),
        restocks=tuple(map(counted, order.restocks)),
        booked_by_hand=tuple(map(counted, order.booked_by_hand)),
        sale=booked(order.sale, sale_key(order.id)) if order.sale else None,
        edits=tuple(booked(each, edit_key(order.id, number)) for number, each in enumerate(order.edits)),
        returns=tuple(booked(each, refund_key(number)) for number, each in enumerate(order.returns)),
    )


@given(values(State).map(consistent))
@settings(max_examples=60, deadline=None)
def test_every_state_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, state: State) -> None:
    path = tmp_path_factory.getbasetemp() / "round.json"
    save_state(path, state)
    assert load_state(path, state.identity) == state


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("2026-11-23T12:00:05Z"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def mangled(draw: st.DrawFn, whole: bytes) -> bytes:
    """A state file after a mishap: bytes changed, cut out, doubled or put in."""
    data = whole
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 30)))
        middle = draw(
            st.binary(max_size=4) | st.sampled_from([b"", data[start:end] * 2, b'"', b"}", b",", b"-1", b"null"])
        )
        data = data[:start] + middle + data[end:]
    return data


@st.composite
def rewritten(draw: st.DrawFn, whole: bytes) -> bytes:
    """A state file that is still JSON, with another value or one key fewer somewhere in it."""
    content = json.loads(whole)
    places: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        for step, inner in list(node.items() if isinstance(node, dict) else enumerate(node)):
            places.append((node, step))
            if isinstance(inner, dict | list):
                collect(inner)

    collect(content)
    node, step = draw(st.sampled_from(places))
    if draw(st.booleans()):
        node[step] = draw(json_values)
    else:
        del node[step]
    return json.dumps(content).encode()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_mangled_state_is_read_or_refused_and_always_left_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "mangled"
    folder.mkdir(exist_ok=True)
    path = saved(folder)
    changed = data.draw(st.one_of(mangled(path.read_bytes()), rewritten(path.read_bytes())))
    path.write_bytes(changed)
    state = None
    with suppress(StateError):
        state = load_state(path, IDENTITY)
    if state is not None:
        save_state(folder / "again.json", state)
        assert load_state(folder / "again.json", IDENTITY) == state
        (folder / "again.json").unlink()
    assert path.read_bytes() == changed
    assert [each.name for each in folder.iterdir()] == ["state.json"]


def test_a_symbolic_link_in_the_place_of_a_state_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    link = tmp_path / "state.json"
    no_link(link)
    link.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(StateError, match="is a symbolic link"):
        no_link(link)
