"""Pages of text: what is held, how korsync stands, an error, a bug. All foreign text goes through `visible`."""

import os
from datetime import datetime
from typing import Any

from rich.console import Console

from korsync.errors import KorsyncError
from korsync.records.memory import Held, State
from korsync.report.words import count
from korsync.text import visible


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

    @property
    def is_dumb_terminal(self) -> bool:
        """Whether a terminal takes nothing but text; one that does not say what it is may be such a one."""
        return super().is_dumb_terminal or (self.is_terminal and not os.environ.get("TERM"))

    @property
    def can_redraw(self) -> bool:
        return self.is_terminal and not self.is_dumb_terminal


def page(*, stderr: bool = False) -> Page:
    """Return a page on which foreign text is printed as it stands."""
    return Page(markup=False, highlight=False, emoji=False, soft_wrap=True, stderr=stderr)


def print_error(console: Console, error: KorsyncError) -> None:
    """Print what happened and what to do about it, one line each."""
    for line in error.what.splitlines():
        console.print(visible(f"korsync: {line}"))
    if error.remedy:
        console.print(visible(f"  what to do: {error.remedy}"))


def print_held(console: Console, state: State, now: datetime | None) -> None:
    for held in by_item(state):
        age = "" if now is None else f", for {_age(held.since, now)}"
        console.print(visible(f"  ! {held.item} ({held.pipeline}{age}): {held.reason}"))


def by_item(state: State) -> list[Held]:
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
        console.print(visible(f"{when}  {run.command}: exit {run.exit_code}, {count(run.written, 'change')} written"))
    for pipeline in sorted(state.stopped):
        console.print(f"{pipeline} stopped for safety: look at it with `korsync {pipeline} --dry-run`")
    console.print(f"{count(len(state.held), 'item')} held")
    print_held(console, state, last.at if last else None)
