"""What the types allow but no state and no cache can be: keys of something else, less than nothing, absurd times."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from korsync.records.bookings import Booking, KnownLine, KnownOrder, Pieces, Restock, sale_key
from korsync.records.journal import Entry, RunEntry
from korsync.records.memory import Cache, State
from korsync.records.telling import Told

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
"""Nothing happened before or will happen after; nearer to the ends of the calendar sums of times overflow."""

MOST_PIECES = 10**12
"""Beyond whatever adds up of what either side may tell."""

RETURN = re.compile(r"refund/[0-9]{1,19}", re.ASCII)

Times = Iterable[tuple[str, datetime | None]]


def check_order(key: int, order: KnownOrder) -> None:
    """Raise ValueError with its path for what no order can be."""
    path = f"$.orders.{key}"
    if key != order.id:
        raise ValueError(f"{path}.id: must be {key}")
    counted: tuple[KnownLine | Restock | Pieces, ...] = (*order.lines, *order.restocks)
    counted += (*order.booked_by_hand, *(pieces for booking in order.bookings for pieces in booking.pieces))
    if any(each.quantity < 0 for each in counted) or any(booking.attempts < 0 for booking in order.bookings):
        raise ValueError(f"{path}: a quantity or a number of attempts is below 0")
    if any(each.quantity > MOST_PIECES for each in counted):
        raise ValueError(f"{path}: a quantity is out of all proportion")
    if order.sale is not None and order.sale.key != sale_key(order.id):
        raise ValueError(f"{path}.sale.key: must be {sale_key(order.id)}")
    for index, booking in enumerate(order.returns):
        if not RETURN.fullmatch(booking.key):
            raise ValueError(f"{path}.returns[{index}].key: must be refund/ and a number")
    for index, booking in enumerate(order.edits):
        if not re.fullmatch(rf"edit/{order.id}/[0-9]{{1,6}}", booking.key, re.ASCII):
            raise ValueError(f"{path}.edits[{index}].key: must be edit/{order.id}/ and a number")
    for name in ("edits", "returns"):
        bookings: tuple[Booking, ...] = getattr(order, name)
        if len({each.key for each in bookings}) < len(bookings):
            raise ValueError(f"{path}.{name}: a key stands twice")
    for booking in order.bookings:
        _check_receipt(path, order, booking)
    _check_times(path, _times_of_order(order))


def check_state(state: State) -> None:
    """Raise ValueError with its path for what no state can be, its orders aside."""
    _check_times("$", _times_of_state(state))


def check_cache(cache: Cache) -> None:
    """Raise ValueError with its path for a time or a unit that nothing can be computed with."""
    _check_times("$", _times_of_cache(cache))
    products = cache.targets.products
    if products is not None and products.unit <= 0:
        raise ValueError("$.targets.products.unit: must be above 0")


def check_told(told: Told) -> None:
    """Raise ValueError with its path for a time that cannot be."""
    for key, known in told.causes.items():
        times = ("since", "told_at", "over_since", "over_told_at")
        _check_times(f"$.causes.{key[:80]}", ((name, getattr(known, name)) for name in times))


def check_entry(entry: Entry) -> None:
    """Raise ValueError for an entry of the journal with a time that cannot be."""
    names = ("started_at", "ended_at") if isinstance(entry, RunEntry) else ("at",)
    _check_times("$", ((name, getattr(entry, name)) for name in names))


def _check_receipt(path: str, order: KnownOrder, booking: Booking) -> None:
    receipt = booking.receipt
    if receipt is not None and (receipt.key, receipt.order_id) != (booking.key, order.id):
        raise ValueError(f"{path}: the receipt of {booking.key[:40]} is one of something else")


def _check_times(path: str, times: Times) -> None:
    for step, at in times:
        if at is not None and not FIRST <= at < LAST:
            raise ValueError(f"{path}.{step}: must be a time from {FIRST.year} to {LAST.year - 1}")


def _times_of_order(order: KnownOrder) -> Iterator[tuple[str, datetime | None]]:
    for name in ("created_at", "updated_at", "cancelled_at"):
        yield name, getattr(order, name)
    for index, restock in enumerate(order.restocks):
        yield f"restocks[{index}].at", restock.at
    for booking in order.bookings:
        yield f"{booking.key}.sent_at", booking.sent_at
        yield f"{booking.key}.confirmed_at", booking.confirmed_at
        yield f"{booking.key}.receipt.booked_at", booking.receipt.booked_at if booking.receipt else None


def _times_of_state(state: State) -> Iterator[tuple[str, datetime | None]]:
    for name in ("order_cursor", "orders_full_at", "orders_start", "adopted_at"):
        yield name, getattr(state, name)
    for key, held in state.held.items():
        yield f"held.{key[:80]}.since", held.since
    for key, unsure in state.unsure_images.items():
        yield f"unsure_images.{key[:80]}.since", unsure.since
    for index, run in enumerate(state.runs):
        yield f"runs[{index}].at", run.at
    for name, refusal in state.refusals.items():
        yield f"refusals.{name[:80]}.at", refusal.at
    for name, standing in state.standings.items():
        yield f"standings.{name[:80]}.succeeded_at", standing.succeeded_at
        yield f"standings.{name[:80]}.failing_since", standing.failing_since


def _times_of_cache(cache: Cache) -> Iterator[tuple[str, datetime | None]]:
    yield "catalogue.full_at", cache.catalogue.full_at
    yield "shop_products.cursor", cache.shop_products.cursor
    yield "shop_products.full_at", cache.shop_products.full_at
    yield "levels.read_at", cache.levels.read_at
    yield "levels.full_at", cache.levels.full_at
    yield "targets.found_at", cache.targets.found_at
    yield "last_run", cache.last_run
    yield "clocks.korona_at", cache.clocks.korona_at
    yield "clocks.shopify_at", cache.clocks.shopify_at
    for key, stock in cache.stocks.items():
        yield f"stocks.{key[:80]}.full_at", stock.full_at
    for item, look in cache.looks.items():
        yield f"looks.{item}.at", look.at
    for item, doubt in cache.doubts.items():
        yield f"doubts.{item}.at", doubt.at
        yield f"doubts.{item}.sure.at", doubt.sure.at if doubt.sure else None
    for index, mark in enumerate(cache.receipt_marks):
        yield f"receipt_marks[{index}].at", mark.at
