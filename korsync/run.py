"""Drives the pipelines: pull, plan, guard, show, push, save. The only place that knows whether a run is dry."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from korsync.errors import KorsyncError, Refused, SafetyStop, Unavailable, most_serious
from korsync.pipelines.base import MOST_UNSURE, Knowledge, Pipeline
from korsync.pipelines.orders import Orders
from korsync.pipelines.products import Products
from korsync.pipelines.refunds import Refunds
from korsync.pipelines.sides import Sides
from korsync.pipelines.stock import Stock
from korsync.records.memory import Cache, Held, RunRecord, State, held_key
from korsync.records.plan import Fate, Outcome, Plan, Result, Written

PIPELINES: tuple[Callable[[Sides], Pipeline[Any]], ...] = (Stock, Orders, Refunds, Products)
"""In this order: what sells comes first, and stock is pushed before orders are booked, because KORONA may book late."""

RUNS_KEPT = 50

LONG_PUSH = 60
"""From so many seconds on a run says beforehand how long its push will take."""


class Watcher(Protocol):
    """Whoever looks on while a run goes."""

    def reading(self, pipeline: str) -> None:
        """See that a pipeline begins to read both sides."""

    def planned(self, plan: Plan, stop: SafetyStop | None) -> None:
        """See a plan before any of it is written."""

    def written(self, written: Written) -> None:
        """See a change that was pushed."""

    def finished(self, result: Result) -> None:
        """See what a pipeline did."""


@dataclass(slots=True)
class Run:
    """One run; `knowledge` is what is known now, `save` puts on disk what changed of it (None: unchanged)."""

    sides: Sides
    knowledge: Knowledge
    save: Callable[[State | None, Cache | None], None]
    watcher: Watcher
    dry: bool = False
    monotonic: Callable[[], float] = time.monotonic
    saved: Knowledge = field(init=False)
    cache_at_start: Cache = field(init=False)

    def __post_init__(self) -> None:
        """Take what is known at the start for what is on disk."""
        self.saved = self.knowledge
        self.cache_at_start = self.knowledge.cache

    def through(self, wanted: Sequence[str], command: str) -> tuple[Result, ...]:
        """Run the wanted pipelines in their order and return what each did; trouble in one does not stop the others.

        Only where a side refuses everything the rest is not tried: repeated refusals lock accounts.
        """
        results: list[Result] = []
        for pipeline in (each(self.sides) for each in PIPELINES):
            if pipeline.name in wanted:
                results.append(self._one(pipeline))
                self.watcher.finished(results[-1])
                if any(isinstance(error, Refused) and error.everything for error in results[-1].errors):
                    break
        if not self.dry:
            self._note(command, results)
        return tuple(results)

    def _one(self, pipeline: Pipeline[Any]) -> Result:
        self.watcher.reading(pipeline.name)
        try:
            pulled = pipeline.pull(self.knowledge)
        except KorsyncError as error:
            self.sides.forget()
            return Result(Plan(pipeline.name), errors=(error,), dry=self.dry)
        plan = pipeline.plan(pulled)
        allowed, stop = pipeline.guard(pulled, plan)
        if pipeline.may_wait:
            plan = self._with_duration(plan, len(allowed.changes))
        self.watcher.planned(plan, stop)
        errors = (*plan.trouble, *([stop] if stop else []))
        if self.dry:
            # Later pipelines of a dry run see what was read, as those of a real run do; nothing of it is saved.
            self.knowledge = pulled.knowledge
            return Result(plan, errors=errors, dry=True)
        kept = pipeline.disbelieve(self.knowledge, pulled.knowledge) if stop else pulled.knowledge
        self._keep(_with_guard(_with_held(kept, plan, self.sides.shopify.now), pipeline.name, stop))
        return self._push(pipeline, plan, allowed, errors)

    def _push(self, pipeline: Pipeline[Any], plan: Plan, allowed: Plan, errors: tuple[KorsyncError, ...]) -> Result:
        started = self.monotonic()
        written: list[Written] = []
        trouble: KorsyncError | None = None
        requests: list[Sequence[Written]] = []
        for batch in pipeline.batches(allowed.changes):
            if trouble or self._must_stop(pipeline, requests, started):
                break
            self._keep(pipeline.intend(self.knowledge, batch))
            before = len(written)
            try:
                for each in pipeline.push(batch):
                    self.knowledge = pipeline.record(self.knowledge, each)
                    written.append(each)
                    self.watcher.written(each)
                    if pipeline.may_wait:
                        requests.append([each])
                        if self._must_stop(pipeline, requests, started):
                            break
            except KorsyncError as error:
                trouble = error
            finally:
                self._keep(self.knowledge)
            if not pipeline.may_wait:
                # The batch was one request, and what became of each part of it had to be heard to the end.
                requests.append(written[before:])
            for change in batch[len(written) - before :]:
                self.knowledge = pipeline.record(self.knowledge, Written(change, Outcome.NOT_SENT))
            self._keep(self.knowledge)
        if trouble is None and _is_lost(requests):
            trouble = Unavailable(
                f"{pipeline.name}: {MOST_UNSURE} answers in a row were lost", "the next run looks what became of them"
            )
        self._keep(_with_refused(self.knowledge, pipeline.name, written, self.sides.shopify.now))
        # By identity: a pipeline may push its changes in another order than they are shown.
        pushed = {id(each.change) for each in written}
        left_over = tuple(change for change in allowed.changes if id(change) not in pushed)
        if not left_over and not any(each.outcome in (Outcome.UNSURE, Outcome.NOT_SENT) for each in written):
            self._keep(_spent(self.knowledge, pipeline.name))
        seconds = _seconds_for(len(left_over), len(written), self.monotonic() - started)
        return Result(plan, tuple(written), left_over, (*errors, *([trouble] if trouble else [])), seconds)

    def _with_duration(self, plan: Plan, changes: int) -> Plan:
        """Say beforehand how long a long push will take: Shopify takes so many writes a second and no more."""
        seconds = self.sides.shopify.session.bucket.seconds_for(changes)
        if seconds < LONG_PUSH:
            return plan
        limit = self.sides.settings.safety.max_minutes.normalize()
        duration = f"{changes} changes take about {round(seconds / 60)} minutes at Shopify's pace"
        return replace(plan, notes=(*plan.notes, f"{duration}; a run goes on for {limit:f} minutes at most"))

    def _must_stop(self, pipeline: Pipeline[Any], requests: Sequence[Sequence[Written]], started: float) -> bool:
        minutes = (self.monotonic() - started) / 60
        over = pipeline.may_wait and minutes > float(self.sides.settings.safety.max_minutes)
        return over or _is_lost(requests)

    def _keep(self, knowledge: Knowledge) -> None:
        """Save what changed; nothing is written to a side before what must be known of it is on disk."""
        before, self.knowledge = self.saved, knowledge
        state = None if knowledge.state == before.state else knowledge.state
        cache = None if knowledge.cache == before.cache else knowledge.cache
        if state or cache:
            self.save(state, cache)
        self.saved = knowledge

    def _note(self, command: str, results: Sequence[Result]) -> None:
        now = server_now(self.sides)
        if now is None:
            return
        state, cache = self.knowledge.state, self.knowledge.cache
        done = sum(each.outcome in (Outcome.DONE, Outcome.QUEUED) for result in results for each in result.written)
        record = RunRecord(now, command, exit_code_of(results, state), done, len(state.held))
        state = replace(state, runs=(*state.runs, record)[-RUNS_KEPT:])
        if cache != self.cache_at_start:
            cache = replace(cache, last_run=newest_run(state))
        self._keep(Knowledge(state, cache))


def exit_code_of(results: Sequence[Result], state: State) -> int:
    """Return a run's exit code: the most serious of its pipelines', and 1 as long as any pipeline holds an item.

    A dry run speaks of its own plan only: it has not tried what is held.
    """
    held = [1] if state.held and not any(result.dry for result in results) else []
    return most_serious([*(result.exit_code for result in results), *held])


def newest_run(state: State) -> datetime | None:
    """Return the latest time under which a run stands in the state: two clocks serve, so it need not be the last."""
    return max((run.at for run in state.runs), default=None)


def fits(cache: Cache, state: State) -> bool:
    """Tell whether a cache may be used with a state: not where the state is an older copy that was put back.

    Its looks would then speak of bookings that the state does not know, and stock would rise by pieces that are sold.
    A cache older than the state is what a killed run leaves, and serves.
    """
    newest = newest_run(state)
    return cache.last_run is None or (newest is not None and cache.last_run <= newest)


def server_now(sides: Sides) -> datetime | None:
    """Return the time by the last answer of either side; None where neither answered."""
    for side in (sides.shopify, sides.korona):
        try:
            return side.now
        except Unavailable:
            continue
    return None


def _is_lost(requests: Sequence[Sequence[Written]]) -> bool:
    """Tell whether nothing is known of any change in the last requests."""
    last = requests[-MOST_UNSURE:]
    return len(last) == MOST_UNSURE and all(each.outcome is Outcome.UNSURE for written in last for each in written)


def _seconds_for(left_over: int, written: int, seconds: float) -> int:
    """Tell how long the changes left over will take at the pace so far."""
    return round(left_over * seconds / written) if written else 0


def _with_held(knowledge: Knowledge, plan: Plan, now: datetime) -> Knowledge:
    """Keep the held items of a plan, each since it was first held; what is no longer held is gone.

    What is tried again is held until it has succeeded.
    """
    state = knowledge.state
    again = {change.key for change in plan.changes}
    held = {key: each for key, each in state.held.items() if each.pipeline != plan.pipeline or each.item in again}
    for skip in plan.skipped(Fate.HELD):
        key = held_key(plan.pipeline, skip.key)
        held[key] = _held(state, key, plan.pipeline, skip.key, skip.reason, now)
    return replace(knowledge, state=replace(state, held=held))


def _with_refused(knowledge: Knowledge, pipeline: str, written: Iterable[Written], now: datetime) -> Knowledge:
    """Add what the other side refused to the held items, and let go of what it took."""
    state = knowledge.state
    held = dict(state.held)
    written = list(written)
    for each in written:
        if each.outcome in (Outcome.DONE, Outcome.QUEUED):
            held.pop(held_key(pipeline, each.change.key), None)
    # After what was taken: an item may have several changes, and one that was refused holds it.
    for each in written:
        if each.is_held:
            key = held_key(pipeline, each.change.key)
            held[key] = _held(state, key, pipeline, each.change.key, each.message, now)
    return replace(knowledge, state=replace(state, held=held)) if held != state.held else knowledge


def _held(state: State, key: str, pipeline: str, item: str, reason: str, now: datetime) -> Held:
    before = state.held.get(key)
    return Held(pipeline, item, reason, before.since if before else now)


def _with_guard(knowledge: Knowledge, pipeline: str, stop: SafetyStop | None) -> Knowledge:
    """Remember what a stopped plan would need accepted, instead of what was accepted of the one before."""
    state = knowledge.state
    stopped = {name: marks for name, marks in state.stopped.items() if name != pipeline}
    if stop is None:
        return replace(knowledge, state=replace(state, stopped=stopped))
    stopped[pipeline] = stop.guarded
    return _spent(replace(knowledge, state=replace(state, stopped=stopped)), pipeline)


def _spent(knowledge: Knowledge, pipeline: str) -> Knowledge:
    """Forget what was accepted: it holds for one plan, until all of that is sent."""
    if pipeline not in knowledge.state.accepted:
        return knowledge
    accepted = {name: marks for name, marks in knowledge.state.accepted.items() if name != pipeline}
    return replace(knowledge, state=replace(knowledge.state, accepted=accepted))
