"""How korsync stands, from what it remembers alone: what waits for what, and whether a monitor should worry."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from korsync.errors import most_serious
from korsync.records.bookings import Booking, BookingStatus, KnownOrder
from korsync.records.memory import State
from korsync.rules.bookings import names_apart

TOO_OLD = 8
"""The exit code of `status` where a pipeline has not done all it should for longer than `--max-age`."""

STOPPED, HELD = 3, 1

PIPELINES = ("stock", "orders", "refunds", "products")
"""All pipelines in their order, by name: to tell how they stand takes none of what they need to run."""

UNSETTLED = frozenset({BookingStatus.INTENT, BookingStatus.QUEUED})
"""What was sent to KORONA and is not known to be booked."""


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A receipt that was sent and of which nobody knows yet what became; `sent_at` is KORONA's time."""

    order: str
    sent_at: datetime | None
    is_queued: bool


def status_code(state: State, now: datetime, max_age: timedelta | None = None) -> int:
    """Return the exit code of `status`: 8 where a success is too old, else that of the most serious trouble."""
    if max_age is not None:
        successes = [_succeeded_at(state, name) for name in PIPELINES]
        if any(at is None or now - at > max_age for at in successes):
            return TOO_OLD
    codes = [standing.exit_code for standing in state.standings.values()]
    return most_serious([*codes, *([STOPPED] if state.stopped else []), *([HELD] if state.held else [])])


def timezone_in(state: State) -> tzinfo:
    """Return the shop's time zone as far as it is known, otherwise UTC."""
    with suppress(ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(state.timezone) if state.timezone else UTC
    return UTC


def on_their_way(state: State) -> list[OnItsWay]:
    """Return the receipts whose outcome is not known, the oldest first."""
    names = names_apart(state.orders.values())
    found = [
        OnItsWay(names[order.id], booking.sent_at, booking.status is BookingStatus.QUEUED)
        for order, booking in _bookings(state)
        if booking.status in UNSETTLED and not booking.is_given_up
    ]
    return sorted(found, key=lambda each: (str(each.sent_at), each.order))


def ignored_items(state: State) -> list[str]:
    """Return what a person settled by hand: orders, and refunds of orders."""
    names = names_apart(state.orders.values())
    orders = [names[order.id] for order in state.orders.values() if order.ignored]
    refunds = [f"{names[each.id]} refund {refund}" for each in state.orders.values() for refund in each.ignored_refunds]
    return sorted([*orders, *refunds])


def reserved_orders(state: State) -> list[str]:
    """Return the orders from before the start whose pieces are kept out of the shop."""
    names = names_apart(state.orders.values())
    return sorted(names[each.id] for each in state.orders.values() if each.is_open_from_before and not each.ignored)


def waiting_refunds(state: State) -> list[str]:
    """Return the orders of which goods came back that KORONA does not know of yet, and that nobody holds.

    Where the sale never comes to be booked there is nothing to wait for.
    """
    held = {each.item.partition(" refund ")[0] for each in state.held.values()}
    names = names_apart(state.orders.values())
    to_come = (each for each in state.orders.values() if each.is_booked or each.is_due)
    waiting = (names[each.id] for each in to_come if each.open_refunds)
    return sorted(name for name in waiting if name not in held)


def _bookings(state: State) -> Iterator[tuple[KnownOrder, Booking]]:
    return ((order, booking) for order in state.orders.values() for booking in order.bookings)


def _succeeded_at(state: State, pipeline: str) -> datetime | None:
    standing = state.standings.get(pipeline)
    return standing.succeeded_at if standing else None
