"""Pages of text: what is held, how korsync stands, an error, a bug. All foreign text goes through `visible`."""

import os
from typing import Any

from rich.console import Console

from korsync.errors import KorsyncError
from korsync.records.memory import Held, State
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
    """Print what ended a command that a person typed, and what to do about it, one line each."""
    for line in error.what.splitlines():
        console.print(visible(f"korsync: {line}"))
    if error.remedy:
        console.print(visible(f"  what to do: {error.remedy_by_hand}"))


def by_item(state: State) -> list[Held]:
    return sorted(state.held.values(), key=lambda held: (held.item, held.pipeline))
