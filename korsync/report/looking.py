"""What a command shows while it reads both sides: a line that moves at a terminal, and nothing elsewhere."""

from typing import Any

from korsync.records.plan import Plan, Result, Written
from korsync.report.arriving import Arriving
from korsync.report.screens import page


class Looking:
    """Watches a run of which only the outcome is told, by whoever asked for it."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Take whether nothing is shown at a terminal either."""
        self._arriving = Arriving(page(stderr=True), shows=not quiet)

    def reading(self, pipeline: str) -> None:
        """Show at a terminal that both sides are being read."""
        self._arriving.begin(pipeline)

    def read(self, side: str, name: str, rows: int) -> None:
        """Count at a terminal what arrives."""
        self._arriving.read(side, name, rows)

    def planned(self, _plan: Plan[Any]) -> None:
        self.close()

    def written(self, _written: Written[Any]) -> None:
        """Nothing is written by whoever only looks."""

    def finished(self, _result: Result) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back as it was; may be called twice."""
        self._arriving.end()
