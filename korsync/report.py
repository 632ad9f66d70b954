"""What a person or a program reads of a run: diffs, progress, the summary line, JSON. The only room that knows rich.

All text from outside goes through `visible`, and markup is off: a product may be called `[/red]` or carry escape codes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.table import Table
from rich.text import Text

from korsync.errors import KorsyncError, SafetyStop
from korsync.plan import Change, Edit, Fate, Outcome, Plan, Result, Skip, Written
from korsync.state import Held, State
from korsync.words import visible

LONG_WORK = 20
"""From so many changes on a push shows a progress bar at a terminal."""

REASONS_SHOWN = 8
"""Items named per reason where they are left by rule; with --verbose all are."""

TOLD_ONCE = ("orders", "refunds")
"""Pipelines whose items left by rule are named in one run and no other, so that every run has to print them."""

OUTCOME_WORDS = {
    Outcome.DONE: "written",
    Outcome.QUEUED: "queued",
    Outcome.REJECTED: "refused",
    Outcome.CONFLICT: "in conflict with what stands there",
    Outcome.UNSURE: "outcome unknown",
    Outcome.NOT_SENT: "not sent",
}


class Page(Console):
    """A console whose reader may leave: the rest goes nowhere, and a run goes on to write what it planned."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Print, also where nobody reads on."""
        try:
            super().print(*objects, **how)
        except OSError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Go on where rich itself would end the process."""
        self.quiet = True


class Reporter:
    """Prints what a run does as it goes; on anything but a terminal only what changed or is wrong."""

    def __init__(
        self,
        *,
        dry: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        as_json: bool = False,
        plans: bool = False,
    ) -> None:
        """Take how much to say and in which form; `plans` shows them also where nobody looks on."""
        self.out = Page(markup=False, highlight=False, emoji=False, soft_wrap=True)
        self.err = Page(markup=False, highlight=False, emoji=False, soft_wrap=True, stderr=True)
        self._dry = dry
        self._as_json = as_json
        self._quiet = quiet or as_json
        self._verbose = verbose
        self._shows_plans = not self._quiet and (dry or verbose or plans or self.out.is_terminal)
        self._status: Status | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def reading(self, pipeline: str) -> None:
        """Show at a terminal that both sides are being read."""
        if self.out.is_terminal and not self._quiet:
            self._status = self.out.status(f"{pipeline}: reading both sides …")
            self._status.start()

    def planned(self, plan: Plan, _stop: SafetyStop | None) -> None:
        """Show a plan before it is pushed, and begin a progress bar where the push will be long."""
        self._end_status()
        if self._shows_plans:
            print_plan(self.out, plan, rules=self._dry or self._verbose, verbose=self._verbose)
        if self.out.is_terminal and not self._quiet and not self._dry and len(plan.changes) >= LONG_WORK:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.out, transient=True)
            self._task = self._bar.add_task(plan.pipeline, total=len(plan.changes))
            self._bar.start()

    def written(self, written: Written) -> None:
        """Move the progress bar, and name what was not simply written."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)
        if written.outcome is not Outcome.DONE and self._shows_plans:
            line = f"  {written.change.key}: {OUTCOME_WORDS[written.outcome]}"
            self.out.print(visible(f"{line}: {written.message}" if written.message else line))

    def finished(self, result: Result) -> None:
        """End the progress bar, and say what is told only once and what stopped."""
        self.close()
        told_already = self._as_json or self._dry or (self._verbose and self._shows_plans)
        if result.plan.pipeline in TOLD_ONCE and not told_already:
            _print_left(self.err if self._quiet else self.out, result.plan.skipped(Fate.LEFT), verbose=True)
        if not (self._dry and self._as_json):
            for error in result.errors:
                print_error(self.err, error)

    def close(self) -> None:
        """Give the terminal back as it was, however the run ended; may be called twice."""
        self._end_status()
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    def _end_status(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def print_plan(console: Console, plan: Plan, *, rules: bool, verbose: bool) -> None:
    """Print a plan as a diff: + is new, ~ is changed, ! is held, … waits.

    With `rules` what is left by rule is summed up, with `verbose` every item of it is named.
    """
    head = f"{plan.pipeline}: {_count(len(plan.changes), 'change')}"
    console.print(Text(head, style="bold"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    for change in plan.changes:
        sign, style = ("+", "green") if change.before is None else ("~", "yellow")
        for place, edit in enumerate(change.edits()):
            table.add_row(
                Text(f"  {sign} {visible(change.key)}" if place == 0 else "", style=style),
                edit.field,
                Text(_edited(edit)),
            )
    if plan.changes:
        console.print(table, soft_wrap=False)
    for fate, sign in ((Fate.HELD, "!"), (Fate.WAITING, "…")):
        for skip in plan.skipped(fate):
            console.print(visible(f"  {sign} {skip.key}  {fate}: {skip.reason}"))
    for note in plan.notes:
        console.print(visible(f"  i {note}"))
    if rules:
        _print_left(console, plan.skipped(Fate.LEFT), verbose=verbose)


def _print_left(console: Console, skips: Sequence[Skip], *, verbose: bool) -> None:
    by_reason: dict[str, list[str]] = {}
    for skip in skips:
        by_reason.setdefault(skip.reason, []).append(skip.key)
    for reason, keys in sorted(by_reason.items(), key=lambda each: (-len(each[1]), each[0])):
        shown = keys if verbose else keys[:REASONS_SHOWN]
        more = f" and {len(keys) - len(shown)} more" if len(keys) > len(shown) else ""
        console.print(visible(f"  - left: {reason}: {', '.join(shown)}{more}"), style="dim")


def _edited(edit: Edit) -> str:
    after = visible(_plain(edit.after))
    return after if edit.before is None else f"{visible(_plain(edit.before))} → {after}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def print_error(console: Console, error: KorsyncError) -> None:
    """Print what happened and what to do about it, one line each."""
    for line in error.what.splitlines():
        console.print(visible(f"korsync: {line}"))
    if error.remedy:
        console.print(visible(f"  what to do: {error.remedy}"))


def summary(results: Iterable[Result], held: int, requests: tuple[int, int]) -> str:
    """Return one line: what was written per pipeline, what is left and held; empty where nothing happened."""
    parts = []
    for result in results:
        counts = Counter(each.outcome for each in result.written)
        words = [f"{number} {OUTCOME_WORDS[outcome]}" for outcome, number in sorted(counts.items())]
        if result.left_over:
            words.append(f"{len(result.left_over)} left for the next run{_about(result.seconds_left_over)}")
        if words:
            parts.append(f"{result.plan.pipeline} {', '.join(words)}")
    if held:
        parts.append(f"{_count(held, 'item')} held (see `korsync status`)")
    return f"korsync: {'; '.join(parts)} ({requests[0]} requests, {requests[1]} of them writes)" if parts else ""


def _about(seconds: int) -> str:
    return f" (about {max(1, round(seconds / 60))} minutes)" if seconds else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_held(console: Console, state: State, now: datetime | None) -> None:
    """Print every held item with its reason and age."""
    for held in _by_item(state):
        age = "" if now is None else f", for {_age(held.since, now)}"
        console.print(visible(f"  ! {held.item} ({held.pipeline}{age}): {held.reason}"))


def _by_item(state: State) -> list[Held]:
    return sorted(state.held.values(), key=lambda held: (held.item, held.pipeline))


def _age(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes >= 48 * 60:
        return f"{minutes // (24 * 60)} days"
    return f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"


def print_status(console: Console, state: State) -> None:
    """Print the last runs, what is held, and what is on its way."""
    last = state.runs[-1] if state.runs else None
    if last is None:
        console.print("korsync has not run yet")
    for run in state.runs[-5:]:
        when = f"{run.at:%Y-%m-%d %H:%M} UTC"
        console.print(visible(f"{when}  {run.command}: exit {run.exit_code}, {_count(run.written, 'change')} written"))
    for pipeline in sorted(state.stopped):
        console.print(f"{pipeline} stopped for safety: look at it with `korsync {pipeline} --dry-run`")
    console.print(f"{_count(len(state.held), 'item')} held")
    print_held(console, state, last.at if last else None)


def as_json(results: Iterable[Result], state: State, exit_code: int, remarks: Sequence[str] = ()) -> str:
    """Return a run as JSON: one object with a list of pipelines, the held items, remarks and the exit code."""
    return json.dumps(
        {
            "exit_code": exit_code,
            "pipelines": [_result(result) for result in results],
            "held": [
                {
                    "item": held.item,
                    "pipeline": held.pipeline,
                    "reason": held.reason,
                    "since": held.since.isoformat(),
                }
                for held in _by_item(state)
            ],
            "remarks": list(remarks),
        },
        indent=2,
    )


def _result(result: Result) -> dict[str, Any]:
    return {
        "pipeline": result.plan.pipeline,
        "dry_run": result.dry,
        "changes": [_change(change) for change in result.plan.changes],
        "written": [
            {"key": each.change.key, "outcome": str(each.outcome), "message": each.message} for each in result.written
        ],
        "left_over": [change.key for change in result.left_over],
        "skips": [{"key": each.key, "reason": each.reason, "fate": str(each.fate)} for each in result.plan.skips],
        "notes": list(result.plan.notes),
        "errors": [
            {"what": error.what, "remedy": error.remedy, "exit_code": error.exit_code} for error in result.errors
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    edits = [{"field": edit.field, "before": _json(edit.before), "after": _json(edit.after)} for edit in change.edits()]
    return {"key": change.key, "new": change.before is None, "edits": edits}


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else _plain(value)


def print_bug(error: BaseException, mark: str, log: Path | None) -> None:
    """Print one line for a bug in korsync; its details stand in the log, where one could be written."""
    details = f"; details in {log}" if log else ""
    line = f"korsync: a bug in korsync ({type(error).__name__}, mark {mark}); nothing more was sent{details}"
    Reporter().err.print(visible(line))
