"""Whose clock is believed: pure. Each side's answers are dated, and money and stock depend on how long ago things were.

A Date may come from something in between, and be hours or years off, on one answer or on all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from korsync.records.bookings import KnownOrder
from korsync.records.memory import STEADY, Ahead, Cache, State
from korsync.records.seen import Doubt

FURTHEST = timedelta(hours=2)
"""So far a side's clock may be from this machine's and from the other side's: a wrong time zone is an hour or two."""


def doubt_about(now: Mapping[str, Ahead], before: Mapping[str, Ahead]) -> str:
    """Say why no time is believed in a run, by how far each side's clock is ahead; empty where all fit together.

    `before` is what the run before has seen.
    """
    furthest, steady = FURTHEST.total_seconds(), STEADY
    for side, each in now.items():
        if each.least > furthest or each.most < -furthest:
            off = each.least if each.least > 0 else each.most
            return f"{side}'s clock and this machine's are {_told(off)} apart"
        if each.least > each.most + steady:
            return f"{side}'s clock jumped by {_told(each.least - each.most)} during this run"
        last = before.get(side)
        if last is not None and (each.least > last.most + steady or each.most < last.least - steady):
            jump = max(each.least - last.most, last.least - each.most)
            return f"{side}'s clock or this machine's jumped by {_told(jump)} since the last run"
    apart = max((one.least for one in now.values()), default=0) - min((one.most for one in now.values()), default=0)
    return f"the clocks of KORONA and Shopify are {_told(apart)} apart" if apart > furthest else ""


def _told(seconds: int) -> str:
    minutes = round(abs(seconds) / 60)
    days, hours = minutes // 1440, minutes // 60
    if days >= 2:
        return f"{days} days"
    return f"{hours} h {minutes % 60:02d} min" if hours else f"{minutes} minutes"


def unbelieved(cache: Cache) -> Cache:
    """Return what may be kept of a cache in a run whose times are not believed: no look, but what was missing then."""
    doubts = {item_id: Doubt(look.at, look.reserved) for item_id, look in cache.looks.items() if look.reserved}
    for item_id, doubt in cache.doubts.items():
        before = doubts.get(item_id)
        doubts[item_id] = Doubt(doubt.at, max(0, doubt.missing) + (before.missing if before else 0))
    return replace(cache, looks={}, doubts=doubts)


def with_waits_begun_anew(state: State, sure: datetime, now: datetime, settle: timedelta) -> State:
    """Return the state as if all that has to wait for `settle` to pass began to wait now, but what was over at `sure`.

    `sure` is the last time that was believed. By that, what was noted at a time that nobody believes waits once more
    and then goes on.
    """

    def anew(at: datetime | None) -> datetime | None:
        return at if at is None or at + settle <= sure else now

    return _with_times(state, anew)


def with_no_time_to_come(state: State, now: datetime) -> State:
    """Return the state with what was noted at a time still to come noted now."""

    def by_now(at: datetime | None) -> datetime | None:
        return at if at is None or at <= now + FURTHEST else now

    return _with_times(state, by_now)


def _with_times(state: State, other: Callable[[datetime | None], datetime | None]) -> State:
    """Return the state with other times where something waits for time to pass; the same one where none is other."""
    orders: dict[int, KnownOrder] = {}
    for order in state.orders.values():
        for booking in order.bookings:
            times = other(booking.sent_at), other(booking.confirmed_at)
            if times != (booking.sent_at, booking.confirmed_at):
                changed = replace(booking, sent_at=times[0], confirmed_at=times[1])
                orders[order.id] = orders.get(order.id, order).with_booking(changed)
    images = {key: replace(each, since=other(each.since) or each.since) for key, each in state.unsure_images.items()}
    return replace(
        state,
        orders=state.orders | orders if orders else state.orders,
        unsure_images=images,
        adopted_at=other(state.adopted_at),
    )
