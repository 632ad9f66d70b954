"""What is remembered of a run for those who ask later: in the state how things stand, in the journal what was done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from korsync.errors import SEVERITY, Refused
from korsync.records.journal import Entry, ItemEntry, StockEntry, Turn, WriteEntry
from korsync.records.memory import Memory, State
from korsync.records.plan import Outcome, Result, Written
from korsync.records.runs import Refusal, RunRecord, Standing
from korsync.rules.settling import followed, row_revisions
from korsync.text import plain

RUNS_KEPT = 20
"""So many of the last runs of each command are kept in the state; the journal has more."""

LOST = "an answer was lost, and what became of the write is not known yet"


MOST_REFUSALS = 3
"""So often in a row a side may refuse everything until it is left alone for a while."""

REST = timedelta(hours=1)


def with_run(
    state: State, record: RunRecord, results: Sequence[Result], wanted: Sequence[str], mark: str, now: datetime
) -> State:
    """Return the state with a run that has ended, how each pipeline stands after it, and which side refuses everything.

    `mark` is that of the configuration, `now` this machine's time.

    A wanted pipeline without a result was not tried for what ended the one before it; where the run was ended from
    outside, nothing new is known of it.
    """
    same = [place for place, each in enumerate(state.runs) if each.command == record.command]
    dropped = same[: -(RUNS_KEPT - 1)]
    runs = (*(each for place, each in enumerate(state.runs) if place not in dropped), record)
    standings = dict(state.standings)
    for result in (each for each in results if each.plan.pipeline in wanted):
        name = result.plan.pipeline
        standings[name] = _standing(standings.get(name, Standing()), result, record.at)
    if record.exit_code in SEVERITY and results and results[-1].exit_code == record.exit_code:
        ended_by = results[-1]
        for name in wanted[len(results) :]:
            standings[name] = _standing(standings.get(name, Standing()), ended_by, record.at)
    refusals = _refusals(state, results, mark, now) if results else state.refusals
    return replace(state, runs=runs, standings=standings, refusals=refusals)


def resting(state: State, mark: str, now: datetime) -> Refused | None:
    """Return why neither side is asked now: one has refused the login several times, and accounts get locked by more.

    After an hour, or with another configuration, it is tried again.
    """
    for cause, refusal in state.refusals.items():
        rests = refusal.times >= MOST_REFUSALS and refusal.mark == mark and timedelta() <= now - refusal.at < REST
        if rests:
            error = Refused(refusal.what, refusal.remedy, everything=True)
            error.cause = cause
            return error
    return None


def _refusals(state: State, results: Sequence[Result], mark: str, now: datetime) -> dict[str, Refusal]:
    found = {}
    for error in (error for result in results for error in result.errors):
        if isinstance(error, Refused) and error.everything:
            before = state.refusals.get(error.cause)
            times = before.times if before is not None and before.mark == mark else 0
            found[error.cause] = Refusal(times + 1, now, mark, error.what, error.remedy)
    return found


def first_trouble(results: Sequence[Result]) -> str:
    """Return what the most serious trouble of a run says; empty where there was none."""
    errors = [error for result in results for error in result.errors]
    worst = min(errors, key=lambda error: SEVERITY.index(error.exit_code), default=None)
    if worst is not None:
        return worst.what
    return LOST if any(result.exit_code not in (0, 1) for result in results) else ""


def of_writes(run: str, at: datetime, pipeline: str, written: Iterable[Written[Any]]) -> Iterator[Entry]:
    """Return what the journal says of changes that were sent: an entry for each of their fields."""
    for each in written:
        if each.outcome is not Outcome.NOT_SENT:
            for edit in each.change.edits():
                before = None if edit.before is None else plain(edit.before)
                what = (pipeline, each.change.key, edit.field, before, plain(edit.after))
                yield WriteEntry(run, at, *what, str(each.outcome), each.message)


def of_items(run: str, at: datetime, before: State, after: State) -> Iterator[Entry]:
    """Return what the journal says of items that came to be held, are held for another reason, or are settled."""
    for key, held in after.held.items():
        known = before.held.get(key)
        if known is None or known.reason != held.reason:
            yield ItemEntry(run, at, held.pipeline, held.item, Turn.HELD, held.reason)
    for key, held in before.held.items():
        if key not in after.held:
            yield ItemEntry(run, at, held.pipeline, held.item, Turn.SETTLED)


def of_stock(run: str, at: datetime, korona_now: datetime, before: Memory, after: Memory) -> Iterator[Entry]:
    """Return which receipts a run found in KORONA's stock for the first time, and how long after they were booked."""
    if after.cache.stocks is before.cache.stocks or not before.cache.stocks:
        return
    rows = row_revisions(before.cache.stocks), row_revisions(after.cache.stocks)
    for order, booking in followed(after.state.orders.values(), *rows):
        if booking.confirmed_at is not None:
            minutes = max(0, int((korona_now - booking.confirmed_at).total_seconds() // 60))
            yield StockEntry(run, at, order.name, minutes)


def _standing(before: Standing, result: Result, at: datetime) -> Standing:
    code = result.exit_code
    if code in (0, 1):
        return Standing(succeeded_at=at)
    worst = next((error for error in result.errors if error.exit_code == code), None)
    what, remedy = (worst.what, worst.remedy) if worst else (LOST, "the next run looks that up")
    return Standing(before.succeeded_at, before.failing_since or at, code, what, remedy)
