"""A line at a terminal that counts what arrives while both sides are read."""

import re

from rich.status import Status

from korsync.report.screens import Page
from korsync.text import visible


class Arriving:
    """Shows what is read and how much of it has come; where no line can move, nothing."""

    def __init__(self, page: Page, *, shows: bool = True) -> None:
        """Take the page, and whether anything is to be shown on it."""
        self._page = page
        self._shows = shows and page.can_redraw
        self._rows: dict[tuple[str, str], int] = {}
        self._what = ""
        self._status: Status | None = None

    def begin(self, what: str) -> None:
        """Show that both sides are read, and for what."""
        self._what = f"{what}: "
        self._show(f"{self._what}reading both sides …")

    def read(self, side: str, name: str, rows: int) -> None:
        """Count so many rows more of a side's list."""
        self._rows[side, name] = self._rows.get((side, name), 0) + rows
        if self._what:
            self._show(f"{self._what}reading both sides … {side}: {self._rows[side, name]:,} {_in_words(name)}")

    def end(self) -> None:
        """Give the terminal back as it was; may be called twice."""
        self._what = ""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _show(self, line: str) -> None:
        if not self._shows:
            return
        if self._status is None:
            self._status = self._page.status(visible(line))
            self._status.start()
        else:
            self._status.update(visible(line))


def _in_words(name: str) -> str:
    """Return what the API calls a list as words: points of sale for pointsOfSale."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).lower()
