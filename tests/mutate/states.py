"""A shop's own state and cache with something in them that nobody wrote, and a whole run that has to cope with it."""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from korsync.errors import ConfigurationError, StateError
from korsync.memory.cache import check_of
from korsync.records.bookings import sale_key
from korsync.records.standing import Status
from korsync.report.screens import page
from korsync.report.status import print_status
from korsync.rules import decisions
from korsync.rules.standing import PIPELINES, status_code
from korsync.sandbox.exchange import Fault
from tests.pipelines.test_posting import misfortune
from tests.support.shop import Shop, open_shop

ENDS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
TIMES = (
    *("2026-11-23T09:20:00Z", "2026-11-23T10:00:00Z", "2027-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    *(*ENDS, "1969-12-31T23:59:59Z", "2999-12-31T23:59:59Z", "soon"),
)
NUMBERS = (0, -1, 1, 2, 3, 4, 5, 6, 100, 2**31, 2**63, 10**30, 10**50, 1.5, True)
DECIMALS = ("0", "-0", "-1", "1E+20", "1E+999999", "1E-999999", "0.00001", "NaN", "1" * 50)
KEYS = ("refund/abc", "refund/", "refund/1", "order/1", "edit/1/1", "")
TEXTS = (
    *("", "#1001", *KEYS),
    *("booked", "queued", "intent", "refused", "conflict"),
)
ODD_TEXTS = ("\ud83d", "\x1b[2J", "x" * 5000)
ANYTHING: tuple[Any, ...] = (None, [], {}, "", 0, [None], {"a": 1})

Place = tuple[Any, ...]


@dataclass
class Bench:
    """A busy shop, and its files as korsync wrote them."""

    shop: Shop
    state: Any
    cache: Any
    lengths: Any
    tables: list[bytes]


@contextmanager
def busy_shop(folder: Path) -> Iterator[Bench]:
    """A shop of which the state knows all there is: booked, returned, held, refused, lost, and images."""
    with open_shop(folder) as shop:
        for number in ("1001", "1002"):
            shop.stocked(number)
        shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
        shop.init()
        booked = shop.shopify.place_order([("1001", 2)])
        shop.run_later()
        shop.shopify.refund_order(booked, {"1001": 1})
        shop.shopify.place_order([("X-1", 1)])
        shop.run_later()
        shop.shopify.place_order([("1002", 1)])
        misfortune(shop, Fault("lose_answer"))
        shop.run_later()
        shop.shopify.set_price("1002", "8.00")
        shop.later(5)
        head, *tables, _ = shop.settings.cache_path.read_bytes().splitlines(keepends=True)
        cache = json.loads(head)
        lengths = cache.pop("tables")
        yield Bench(shop, json.loads(shop.settings.state_path.read_text()), cache, lengths, tables)


def places(node: Any, path: Place = ()) -> Iterator[Place]:
    """Yield the way to everything in a file."""
    for step, inner in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, step)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, step))


@st.composite
def mutated(draw: st.DrawFn, whole: Any) -> Any:
    """A file with a thing or three changed, taken away, put in twice or put somewhere else."""
    content = copy.deepcopy(whole)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        everything = list(places(content))
        # By name first: what a file has hundreds of would otherwise be all that is changed.
        name = draw(st.sampled_from(sorted({str(place[-1]) for place in everything})))
        *way, last = draw(st.sampled_from([place for place in everything if str(place[-1]) == name]))
        node = content
        for step in way:
            node = node[step]
        what = draw(st.sampled_from(["like it", "like it", "like it", "anything", "gone", "moved", "renamed"]))
        if what == "gone":
            del node[last]
        elif what == "moved":
            node[last] = copy.deepcopy(_at(content, draw(st.sampled_from(everything))))
        elif what == "renamed" and isinstance(node, dict):
            node[draw(st.sampled_from(TEXTS + ODD_TEXTS))] = node.pop(last)
        else:
            other = draw(st.sampled_from(ANYTHING if what == "anything" else _like(node[last])))
            node[last] = copy.deepcopy(other)
    return content


def aimed(whole: Any) -> Iterator[Any]:
    """Yield the file with each time at the ends of the calendar, and each key of a booking changed."""
    for *way, last in list(places(whole)):
        value = _at(whole, (*way, last))
        if isinstance(value, str):
            for other in {TIMES: ENDS, KEYS: KEYS}.get(_like(value), ()):
                content = copy.deepcopy(whole)
                _at(content, tuple(way))[last] = other
                yield content


def _at(content: Any, place: Place) -> Any:
    for step in place:
        content = content[step]
    return content


def _like(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool) or value is None:
        return (True, False, None)
    if isinstance(value, int):
        return NUMBERS
    if isinstance(value, str) and value[:4].isdigit() and value.endswith("Z"):
        return TIMES
    if isinstance(value, str) and value.startswith(("order/", "refund/")):
        return KEYS
    if isinstance(value, str):
        return DECIMALS if value.replace(".", "").isdigit() else TEXTS + ODD_TEXTS
    return ANYTHING


def signed(cache: Any, bench: Bench) -> list[bytes]:
    """Return the lines of a cache that says something else, as if korsync had written it so."""
    head = {**cache, "tables": bench.lengths} if isinstance(cache, dict) else cache
    lines = [json.dumps(head).encode() + b"\n", *bench.tables]
    return [*lines, check_of(lines)]


def play(bench: Bench, state: Any, cache: Any) -> bool:
    """Let every command read the files; tell whether the state was taken. All but a clear error is a mistake."""
    shop = bench.shop
    state_path, cache_path = shop.settings.state_path, shop.settings.cache_path
    state_path.write_text(json.dumps(state))
    cache_path.write_bytes(b"".join(signed(cache, bench)))
    before = state_path.read_bytes()
    known, refused = None, ""
    try:
        known = shop.state
    except StateError as error:
        refused = error.what
    assert state_path.read_bytes() == before
    if known is None:
        assert str(state_path) in refused
        assert "\n" not in refused
        return False
    now = shop.world.clock.now()
    print_status(page(), Status(known, "shop", PIPELINES, now, UTC, None, status_code(known, now)))
    for order in known.orders.values():
        assert order.sale is None or order.sale.key == sale_key(order.id)
        assert all(booking.refund_id is not None for booking in order.returns)
        for decide in (decisions.ignore, decisions.retry):
            with suppress(ConfigurationError):
                decide(known, order.name, frozenset({"orders", "refunds"}))
    ran = shop.run(dry=True)
    assert ran.exit_code in (0, 1, 2, 3, 4, 5)
    assert state_path.read_bytes() == before
    return True
