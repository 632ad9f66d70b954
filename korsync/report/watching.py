"""Shows a command at work and tells at its end what is to be told; remembers what was told after it was said."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from korsync.errors import KorsyncError, LockedError
from korsync.memory.told import load_told, save_told
from korsync.records.plan import Outcome, Plan, Ran, Result, Written
from korsync.records.telling import HOLDS, START, Cause, Happened, How, Ping, Told
from korsync.report.arriving import Arriving
from korsync.report.as_json import error_as_json, run_as_json
from korsync.report.causes import cause_of_error, cause_of_lock, causes_of
from korsync.report.diffs import print_plan
from korsync.report.screens import page
from korsync.report.summary import OUTCOME_WORDS
from korsync.report.telling import tell
from korsync.report.words import print_lines
from korsync.rules.standing import timezone_in
from korsync.text import visible

LONG_WORK = 20
"""From so many changes on a push shows a progress bar at a terminal."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told: where it is remembered what they were told, of which shop, and how long trouble may last untold.

    The shop is unknown where the configuration could not be read, and nothing is remembered where there is none.
    `monitor` is told of a run beside its reader. `zone` looks up the shop's time zone where there is no run to say it,
    None for this machine's own.
    """

    told_path: Path | None
    shop: str = ""
    after: timedelta = timedelta()
    monitor: Callable[[Ping], None] | None = None
    zone: Callable[[], tzinfo | None] = lambda: None


class Reporter:
    """Shows what a run does as it goes; on anything but a terminal only what changed or is wrong."""

    def __init__(
        self, command: str, how: How, audience: Audience, now: Callable[[], datetime], *, plans: bool = False
    ) -> None:
        """Take the command and how it was called; `plans` shows them also where nobody looks on."""
        self.out = page()
        self.err = page(stderr=True)
        self._command = command
        self._how = how
        self.audience = audience
        self._now = now
        is_silent = how.quiet or how.as_json
        self._shows_plans = not is_silent and (how.dry or how.verbose or plans or self.out.is_terminal)
        self._shows_progress = self.out.can_redraw and not is_silent
        self._pipeline = ""
        self._written: Counter[str] = Counter()
        self._arriving = Arriving(self.out, shows=not is_silent)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    # --- while it runs ---

    def reading(self, pipeline: str) -> None:
        """Show at a terminal that both sides are being read."""
        self._pipeline = pipeline
        self._arriving.begin(pipeline)

    def read(self, side: str, name: str, rows: int) -> None:
        """Count at a terminal what arrives."""
        self._arriving.read(side, name, rows)

    def planned(self, plan: Plan[Any]) -> None:
        """Show a plan before it is pushed, and begin a progress bar where the push will be long."""
        self._arriving.end()
        if self._shows_plans:
            print_plan(self.out, plan, rules=self._how.dry or self._how.verbose, verbose=self._how.verbose)
        if self._shows_progress and not self._how.dry and len(plan.changes) >= LONG_WORK:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.out, transient=True)
            self._task = self._bar.add_task(plan.pipeline, total=len(plan.changes))
            self._bar.start()

    def written(self, written: Written[Any]) -> None:
        """Move the progress bar, and name what was not simply written."""
        if written.is_taken:
            self._written[self._pipeline] += 1
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)
        if written.outcome is not Outcome.DONE and self._shows_plans:
            line = f"  {written.change.key}: {OUTCOME_WORDS[written.outcome]}"
            print_lines(self.out, [visible(f"{line}: {written.message}" if written.message else line)])

    def finished(self, _result: Result) -> None:
        """End the progress bar."""
        self.close()

    def close(self) -> None:
        """Give the terminal back as it was, however the run ended; may be called twice."""
        self._arriving.end()
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    # --- at its end ---

    def ended(self, ran: Ran) -> None:
        """Tell the whole of a run; what is told once counts as told when this returns."""
        self.close()
        looked = {START, HOLDS, self._command, *(result.plan.pipeline for result in ran.results)}
        if self._how.as_json:
            self.out.print(run_as_json(ran, self._command, self.audience.shop))
        self._tell(ran.at, causes_of(ran, self.audience.after), looked, ran.exit_code, ran)

    def broken_off(self, what_now: str = "the next run goes on") -> None:
        """Tell what was written by a run that was ended from outside, where a person looks on, and what comes next."""
        self.close()
        if not self._how.quiet and not self._how.as_json and not self._how.dry:
            done = "; ".join(f"{name} {number} written" for name, number in self._written.items()) or "nothing written"
            print_lines(self.err, [f"korsync: ended before it was done: {done}; {what_now}"])

    def failed(self, error: KorsyncError) -> int:
        """Tell what kept the command from beginning, or ended it; return its exit code."""
        self.close()
        cause = (
            cause_of_lock(error) if isinstance(error, LockedError) else cause_of_error(error, [START, self._command])
        )
        if self._how.as_json:
            self.out.print(error_as_json(error, self._command, self.audience.shop, self._now()))
        self._tell(self._now(), (cause,), set(), error.exit_code, None)
        return error.exit_code

    def _tell(self, at: datetime, causes: Iterable[Cause], looked: set[str], exit_code: int, ran: Ran | None) -> None:
        happened = Happened(self._command, self.audience.shop, at, tuple(causes), frozenset(looked), exit_code, ran)
        path = self.audience.told_path
        zone = timezone_in(ran.state) if ran else self.audience.zone()
        told = load_told(path) if path else Told()
        telling = tell(happened, told, self._how, after=self.audience.after, zone=zone)
        print_lines(self.err, telling.err)
        print_lines(self.out, telling.out)
        if path and not self._how.dry:
            save_told(path, telling.told)
        if telling.ping is not None and self.audience.monitor is not None:
            self.audience.monitor(telling.ping)
