"""What a run tells while it goes and at its end."""

from collections import Counter
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.status import Status

from korsync.records.plan import Outcome, Plan, Ran, Result, Written
from korsync.report.as_json import as_json
from korsync.report.diffs import print_left, print_plan
from korsync.report.screens import count, page, print_error, print_held
from korsync.text import visible

LONG_WORK = 20
"""From so many changes on a push shows a progress bar at a terminal."""

OUTCOME_WORDS = {
    Outcome.DONE: "written",
    Outcome.QUEUED: "queued",
    Outcome.REJECTED: "refused",
    Outcome.CONFLICT: "in conflict with what stands there",
    Outcome.UNSURE: "outcome unknown",
    Outcome.NOT_SENT: "not sent",
}


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
        self.out = page()
        self.err = page(stderr=True)
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
        if self.out.can_redraw and not self._quiet:
            self._status = self.out.status(f"{pipeline}: reading both sides …")
            self._status.start()

    def planned(self, plan: Plan[Any]) -> None:
        """Show a plan before it is pushed, and begin a progress bar where the push will be long."""
        self._end_status()
        if self._shows_plans:
            print_plan(self.out, plan, rules=self._dry or self._verbose, verbose=self._verbose)
        if self.out.can_redraw and not self._quiet and not self._dry and len(plan.changes) >= LONG_WORK:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.out, transient=True)
            self._task = self._bar.add_task(plan.pipeline, total=len(plan.changes))
            self._bar.start()

    def written(self, written: Written[Any]) -> None:
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
        told_once = [skip for skip in result.plan.skips if skip.once]
        if told_once and not told_already:
            print_left(self.err if self._quiet else self.out, told_once, verbose=True)
        if not (self._dry and self._as_json):
            for error in result.errors:
                print_error(self.err, error)

    def ended(self, ran: Ran) -> None:
        if self._as_json:
            self.out.print(as_json(ran))
            return
        is_told = ran.is_news or not self._quiet
        for remark in (*(ran.warnings if is_told else ()), *(() if self._quiet else ran.remarks)):
            self.err.print(visible(f"note: {remark}"))
        if self._dry:
            return
        page = self.err if self._quiet else self.out
        line = summary(ran)
        # An error has been said where it came up; an answer that was lost stands in the summary alone.
        is_silent_trouble = ran.exit_code not in (0, 1) and not any(result.errors for result in ran.results)
        if line and (is_silent_trouble or not self._quiet):
            page.print(line)
        if ran.state.held and is_told:
            print_held(page, ran.state, None)

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


def summary(ran: Ran) -> str:
    """Return one line: what was written per pipeline, what is left and held; empty where nothing happened."""
    parts = []
    for result in ran.results:
        counts = Counter(each.outcome for each in result.written)
        words = [f"{number} {OUTCOME_WORDS[outcome]}" for outcome, number in sorted(counts.items())]
        if result.left_over:
            words.append(f"{len(result.left_over)} left for the next run{_about(result.seconds_left_over)}")
        if words:
            parts.append(f"{result.plan.pipeline} {', '.join(words)}")
    if ran.state.held:
        parts.append(f"{count(len(ran.state.held), 'item')} held (see `korsync status`)")
    return f"korsync: {'; '.join(parts)} ({ran.requests} requests, {ran.writes} of them writes)" if parts else ""


def _about(seconds: int) -> str:
    return f" (about {max(1, round(seconds / 60))} minutes)" if seconds else ""
