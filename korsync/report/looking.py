"""What a command shows while it reads both sides: a line that moves at a terminal, and nothing elsewhere."""

from typing import Any

from rich.status import Status

from korsync.records.plan import Plan, Result, Written
from korsync.report.screens import page


class Looking:
    """Watches a run of which only the outcome is told, by whoever asked for it."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Take whether nothing is shown at a terminal either."""
        self._page = page(stderr=True)
        self._quiet = quiet or not self._page.can_redraw
        self._status: Status | None = None

    def reading(self, pipeline: str) -> None:
        """Show at a terminal that both sides are being read."""
        if not self._quiet:
            self._status = self._page.status(f"{pipeline}: reading both sides …")
            self._status.start()

    def planned(self, _plan: Plan[Any]) -> None:
        self.close()

    def written(self, _written: Written[Any]) -> None:
        """Nothing is written by whoever only looks."""

    def finished(self, _result: Result) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back as it was; may be called twice."""
        if self._status is not None:
            self._status.stop()
            self._status = None
