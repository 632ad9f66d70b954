"""Drives the pipelines one after the other: pull, plan, show, push, save. The only place that knows of a dry run."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from korsync.errors import KorsyncError, Refused, Unavailable, most_serious
from korsync.pipelines import PIPELINES
from korsync.pipelines.base import Pipeline, Reading, Sides
from korsync.pipelines.push import Push
from korsync.records.journal import Entry, RunEntry
from korsync.records.memory import Cache, Memory, State
from korsync.records.plan import Change, Plan, Result, Written
from korsync.records.runs import RunRecord
from korsync.rules.clocks import unbelieved, with_no_time_to_come, with_waits_begun_anew
from korsync.rules.decisions import with_acceptance_spent, with_held, with_refused, with_stop
from korsync.rules.history import first_trouble, of_items, of_stock, of_writes, with_run
from korsync.rules.narrowing import EVERYTHING, Only, narrowed

LONGEST_READING = 15 * 60
"""Seconds that any command may take beyond its pushes: one that waits for a slow side would keep the next runs out."""

KEPT_FOR_OTHERS = 2 * 60
"""So many of these are kept for each pipeline still to come: what one of them reads slowly stops no other."""

LONG_PUSH = 60
"""From so many seconds on a run says beforehand how long its push will take."""


class Watcher(Protocol):
    """Whoever looks on while a run goes."""

    def reading(self, pipeline: str) -> None:
        """See that a pipeline begins to read both sides."""

    def read(self, side: str, name: str, rows: int) -> None:
        """See that so many rows more of a side's list have arrived."""

    def planned(self, plan: Plan[Any]) -> None:
        """See a plan before any of it is written."""

    def written(self, written: Written[Any]) -> None:
        """See a change that was pushed."""

    def finished(self, result: Result) -> None:
        """See what a pipeline did."""


@dataclass(slots=True)
class Run:
    """One run; `reading` holds what is known now, `save` puts on disk what changed of it (None: unchanged).

    `note` appends to the journal, `machine_now` is this machine's time in UTC, `mark` the
    configuration's, `results` what was done so far. `only`
    narrows what is shown and written, not what is read. `pulled` is what each pipeline read, by its name.
    """

    sides: Sides
    reading: Reading
    save: Callable[[State | None, Cache | None], None]
    note: Callable[[Iterable[Entry]], None]
    watcher: Watcher
    machine_now: Callable[[], datetime]
    mark: str
    dry: bool = False
    only: Only = EVERYTHING
    monotonic: Callable[[], float] = time.monotonic
    pulled: dict[str, Any] = field(default_factory=dict)
    id: str = field(init=False)
    results: list[Result] = field(default_factory=list, init=False)
    reading_ends: float = field(init=False)
    saved: Memory = field(init=False)
    at_start: Memory = field(init=False)
    started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.started_at = self.machine_now()
        self.id = f"{self.started_at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        self.saved = self.at_start = self.memory
        self.reading_ends = self.monotonic() + LONGEST_READING
        self.sides.clocks.before = self.memory.cache.clocks

    @property
    def memory(self) -> Memory:
        return self.reading.memory

    @property
    def requests(self) -> int:
        """How many requests both sides were sent."""
        return self.sides.korona.session.requests + self.sides.shopify.session.requests

    @property
    def writes(self) -> int:
        """How many of the requests could write."""
        return self.sides.korona.session.writes + self.sides.shopify.session.writes

    def through(self, wanted: Sequence[str]) -> tuple[Result, ...]:
        """Run the wanted pipelines in their order and return what each did; trouble in one does not stop the others.

        Only where a side refuses everything the rest is not tried: repeated refusals lock accounts.
        """
        pipelines = [each for each in PIPELINES if each.name in wanted]
        for left, pipeline in zip(reversed(range(len(pipelines))), pipelines, strict=True):
            self.sides.ask_until(self.reading_ends - left * KEPT_FOR_OTHERS)
            self.results.append(self._with_doubt(self._one(pipeline(self.sides))))
            self.watcher.finished(self.results[-1])
            if any(isinstance(error, Refused) and error.everything for error in self.results[-1].errors):
                break
        return tuple(self.results)

    def put_back(self, pipeline: Pipeline[Any, Any], plan: Plan[Any]) -> Result:
        """Write a plan that a pipeline did not make but can write; of a dry run it is only shown."""
        self.watcher.planned(plan)
        result = Result(plan, dry=True)
        if not self.dry:
            self._keep(plan.memory or self.memory)
            push = self._pushed(pipeline, plan.allowed)
            result = Result(plan, tuple(push.written), _left_over(plan.allowed, push), push.errors)
        self.results.append(result)
        self.watcher.finished(result)
        return result

    def end(
        self, command: str, wanted: Sequence[str], exit_code: int, told: Callable[[State], State], why: str = ""
    ) -> None:
        """Remember the run however it ended, and what a person was told of by now; a dry run leaves no trace."""
        if self.dry:
            return
        answered = self.sides.latest
        state, cache = self.memory.state, self.memory.cache
        taken = sum(each.is_taken for result in self.results for each in result.written)
        reason = why or first_trouble(self.results)
        at = answered or self.machine_now()
        record = RunRecord(at, command, exit_code, taken, len(state.held), reason, answered is not None)
        state = told(with_run(self._with_times(state), record, self.results, wanted, self.mark, self.machine_now()))
        if cache.targets.shop is not None:
            state = replace(state, timezone=cache.targets.shop.timezone)
        cache = replace(cache, clocks=self.sides.seen)
        # A state from before this run knows nothing of what it booked: it must not be taken for one that fits.
        if cache.says_more_than(self.at_start.cache) or state.orders != self.at_start.state.orders:
            cache = replace(cache, last_run=newest_run(state))
        self._keep(Memory(state, cache), whole=True)
        ended_at = self.machine_now()
        entry = RunEntry(self.id, command, self.started_at, ended_at, exit_code, self.requests, self.writes, reason)
        # A run that did not read stock need not load what is known of it.
        moved = of_stock(self.id, ended_at, at, self.at_start, self.memory) if "stock" in self.pulled else ()
        self.note([*of_items(self.id, ended_at, self.at_start.state, state), *moved, entry])

    def _with_doubt(self, result: Result) -> Result:
        """Add, once a run, that no clock is believed."""
        doubt = self.sides.clocks.doubt
        if not doubt or any(doubt == error.what for each in self.results for error in each.errors):
            return result
        remedy = "nothing is raised or sent again; where this stays, set this machine's clock or look at its network"
        return replace(result, errors=(*result.errors, Unavailable(doubt, remedy)))

    def _with_times(self, state: State) -> State:
        """Return the state without times that nobody believes, or that are still to come."""
        try:
            now = self.sides.korona.now
        except Unavailable:
            return state
        if not self.sides.clocks.doubt:
            return with_no_time_to_come(state, now)
        settle = self.sides.settings.safety.settle
        return with_waits_begun_anew(state, self.sides.korona_now, self.sides.clocks.noted(now), settle)

    def _one(self, pipeline: Pipeline[Any, Any]) -> Result:
        self.watcher.reading(pipeline.name)
        try:
            pulled = pipeline.pull(self.reading)
        except KorsyncError as error:
            return Result(Plan(pipeline.name), errors=(error,), dry=self.dry)
        self.pulled[pipeline.name] = pulled
        whole = pipeline.plan(pulled)
        # What a person decides about are orders and their refunds; all else goes by article.
        plan = self._with_duration(pipeline, narrowed(whole, self.only, is_order=pipeline.is_decided_about))
        self.watcher.planned(plan)
        errors = (*plan.trouble, *([plan.stop] if plan.stop else []))
        # Later pipelines of a dry run see what was read, as those of a real run do; nothing of it is saved.
        self.reading = pulled.reading.with_memory(plan.memory or pulled.reading.memory)
        if self.dry:
            return Result(plan, errors=errors, dry=True)
        held = with_held(self.memory.state, whole, self.sides.shopify_now)
        self._keep(replace(self.memory, state=with_stop(held, whole)))
        return self._result(plan, whole.allowed, errors, self._pushed(pipeline, plan.allowed))

    def _pushed(self, pipeline: Pipeline[Any, Any], changes: Sequence[Change[Any]]) -> Push:
        limit = self.sides.settings.safety.max_minutes
        push = Push(pipeline, self.memory, self._keep, self._note_writes, self.watcher.written, self.monotonic, limit)
        # A second later than where a push that may wait stops by itself, and says what is left.
        self.sides.ask_until(push.started + float(limit) * 60 + 1)
        push.send(changes)
        self.reading_ends += push.seconds
        self.reading = self.reading.with_memory(push.memory)
        return push

    def _result(
        self, plan: Plan[Any], allowed: Sequence[Change[Any]], errors: tuple[KorsyncError, ...], push: Push
    ) -> Result:
        """Return what became of a plan; of the changes that were `allowed` some may not even have been meant."""
        written = push.written
        state = with_refused(self.memory.state, plan, written, self.sides.shopify_now)
        left_over = _left_over(allowed, push)
        if not left_over and not any(each.is_open for each in written):
            state = with_acceptance_spent(state, plan.pipeline)
        self._keep(replace(self.memory, state=state))
        seconds = _seconds_for(len(left_over), len(written), push.seconds)
        return Result(plan, tuple(written), left_over, (*errors, *push.errors), seconds)

    def _with_duration(self, pipeline: Pipeline[Any, Any], plan: Plan[Any]) -> Plan[Any]:
        """Say beforehand how long a long push will take: Shopify takes so many writes a second and no more."""
        seconds = self.sides.shopify.session.bucket.seconds_for(len(plan.allowed))
        if not pipeline.may_wait or seconds < LONG_PUSH:
            return plan
        limit = self.sides.settings.safety.max_minutes.normalize()
        duration = f"{len(plan.allowed)} changes take about {round(seconds / 60)} minutes at Shopify's pace"
        return replace(plan, notes=(*plan.notes, f"{duration}; a run goes on for {limit:f} minutes at most"))

    def _note_writes(self, pipeline: str, written: Iterable[Written[Any]]) -> None:
        self.note(of_writes(self.id, self.machine_now(), pipeline, written))

    def _keep(self, memory: Memory, whole: bool = False) -> None:
        """Save what changed of the state and, with `whole`, of the cache: that is large, and may be lost.

        Nothing is written to a side before what must be known of it is on disk.
        """
        self.reading = self.reading.with_memory(memory)
        if self.sides.clocks.doubt:
            # What was read at a time that nobody believes is read again.
            kept = replace(unbelieved(self.at_start.cache), clocks=memory.cache.clocks, last_run=memory.cache.last_run)
            memory = replace(memory, cache=kept)
        state = None if memory.state == self.saved.state else memory.state
        cache = memory.cache if whole and memory.cache.says_more_than(self.saved.cache) else None
        if state or cache:
            try:
                self.save(state, cache)
            except ValueError:
                # What cannot be kept keeps nothing else away: how the run ends is still recorded.
                self.reading = self.reading.with_memory(self.saved)
                raise
        self.saved = Memory(memory.state, cache or self.saved.cache)


def _left_over(allowed: Sequence[Change[Any]], push: Push) -> tuple[Change[Any], ...]:
    # By identity: a pipeline may push its changes in another order than they are shown.
    pushed = {id(each.change) for each in push.written}
    return tuple(change for change in allowed if id(change) not in pushed)


def exit_code_of(results: Sequence[Result], state: State) -> int:
    """Return a run's exit code: the most serious of its pipelines', and 1 as long as any pipeline holds an item.

    A dry run speaks of its own plan only: it has not tried what is held.
    """
    held = [1] if state.held and not any(result.dry for result in results) else []
    return most_serious([*(result.exit_code for result in results), *held])


def newest_run(state: State) -> datetime | None:
    """Return the latest time under which a run stands in the state: two clocks serve, so it need not be the last."""
    return max((run.at for run in state.runs if run.is_answered), default=None)


def fits(cache: Cache, state: State) -> bool:
    """Tell whether a cache may be used with a state: not where the state is an older copy that was put back.

    Its looks would then speak of bookings that the state does not know, and stock would rise by pieces that are sold.
    A cache older than the state is what a killed run leaves, and serves.
    """
    newest = newest_run(state)
    return cache.last_run is None or (newest is not None and cache.last_run <= newest)


def _seconds_for(left_over: int, written: int, seconds: float) -> int:
    """Tell how long the changes left over will take at the pace so far."""
    return round(left_over * seconds / written) if written else 0
