"""What is wrong after a run, cause by cause: one outage is one cause, whatever it broke. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from korsync.errors import KorsyncError, LockedError, SafetyStop
from korsync.records.bookings import BookingStatus, KnownOrder
from korsync.records.memory import State
from korsync.records.plan import Ran, Result
from korsync.records.telling import HOLDS, START, Cause, Kind
from korsync.rules.history import LOST
from korsync.text import visible

FIGURES = re.compile(r"\d+")

LOOKS = "the next run looks what became of it"

ON_ITS_WAY = "a receipt was sent, and KORONA has not shown what became of it"


def causes_of(ran: Ran, after: timedelta) -> tuple[Cause, ...]:
    """Return what is wrong after a run; what is on its way to KORONA for longer than `after` is wrong as well."""
    found: dict[str, Cause] = {}
    for result in ran.results:
        for cause in _of_result(result):
            known = found.get(cause.key, cause)
            found[cause.key] = replace(known, seen_by=known.seen_by | cause.seen_by)
    of_state = [*_held(ran.state), *_on_its_way(ran.state, ran.at - after), *_remarked(ran)]
    return (*found.values(), *of_state)


def cause_of_error(error: KorsyncError, seen_by: Iterable[str], pipeline: str = "") -> Cause:
    """Return what an error is one of."""
    is_stop = isinstance(error, SafetyStop)
    key, unnamed = (f"{pipeline} stopped", f"{pipeline}: stopped for safety") if is_stop else (error.identity, "")
    kind = Kind.OUTSIDE if error.exit_code == 5 else Kind.TROUBLE
    over = error.over or error.identity.splitlines()[0].rstrip(".")
    return Cause(key, kind, error.what, error.remedy, frozenset(seen_by), over, unnamed=unnamed)


def cause_of_lock(error: LockedError) -> Cause:
    """Return the cause of a lock that another run holds; what it says changes with every try, the cause does not."""
    seen_by = frozenset([START])
    return Cause("lock", Kind.BUSY, error.what, error.remedy, seen_by, "the lock is free again", error.since)


def _of_result(result: Result) -> Iterator[Cause]:
    pipeline = result.plan.pipeline
    for error in result.errors:
        yield cause_of_error(error, [pipeline], pipeline)
    unsure = [each.change.key for each in result.written if each.is_open]
    if unsure and not result.errors:
        key, lost = f"{pipeline} lost answer", f"{pipeline}: {LOST}"
        what = visible(f"{lost} ({', '.join(unsure[:5])}{', …' if len(unsure) > 5 else ''})")
        over = f"{pipeline}: looked up"
        yield Cause(key, Kind.OUTSIDE, what, LOOKS, frozenset([pipeline]), over, unnamed=lost)


def _held(state: State) -> Iterator[Cause]:
    for key, held in sorted(state.held.items()):
        what = visible(f"{held.item} ({held.pipeline}): {held.reason}")
        over = visible(f"{held.item} ({held.pipeline}) is held no more")
        yield Cause(f"held {key}", Kind.HELD, what, seen_by=frozenset([HOLDS]), over=over, since=held.since)


def _on_its_way(state: State, before: datetime) -> Iterator[Cause]:
    for order in state.orders.values():
        for sent_at in receipts_on_their_way(order):
            if sent_at <= before:
                name, key = visible(order.name), f"unknown {order.id}"
                what, over = f"{name}: {ON_ITS_WAY}", f"{name}: what became of its receipt is known"
                yield Cause(key, Kind.TROUBLE, what, LOOKS, frozenset([HOLDS]), over, sent_at, ON_ITS_WAY)


def receipts_on_their_way(order: KnownOrder) -> list[datetime]:
    """Return when each receipt of an order was sent of which nobody knows what became."""
    unsure = [each for each in order.bookings if each.status is BookingStatus.INTENT and not each.is_given_up]
    return [each.sent_at for each in unsure if each.sent_at is not None]


def _remarked(ran: Ran) -> Iterator[Cause]:
    for warning in ran.warnings:
        # Figures and times change from run to run, the cause does not.
        key = f"remark {FIGURES.sub('', warning)}"
        yield Cause(key, Kind.REMARK, visible(warning), seen_by=frozenset([START]))
