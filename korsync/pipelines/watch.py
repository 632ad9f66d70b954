"""What time it is in a run: both sides' clocks and this machine's, and whether they are believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from korsync.records.memory import Ahead, ClocksSeen
from korsync.rules.clocks import FURTHEST, doubt_about


class Dated(Protocol):
    """The Dates of a side's answers."""

    last: datetime | None
    ahead: tuple[int, int] | None

    def asking(self) -> datetime | None:
        """Return this machine's time; None where it does not count."""


@dataclass(slots=True)
class Watch:
    """The clocks of a run; `before` is what was seen of them until the run began."""

    sides: Mapping[str, Dated]
    before: ClocksSeen = field(default_factory=ClocksSeen)

    @property
    def doubt(self) -> str:
        """Why no time is believed; empty where all clocks fit together."""
        return doubt_about(self._ahead(), self.before.ahead)

    def believed(self, now: datetime, last: datetime | None) -> datetime:
        """Return a side's time or, as long as no clock is believed, one at which nothing has waited enough.

        That is the `last` that was believed or, where that clock was ahead of what is noted now, the middle one.
        """
        if not self.doubt:
            return now
        middle = self._middle(now)
        return min(last or middle, middle)

    def noted(self, now: datetime) -> datetime:
        """Return the time to be noted of what is done now, the later one where a clock may have been put on for good.

        One clock that is wrong does not make it wrong.
        """
        middle = self._middle(now) if self.doubt else now
        return max(middle, now) if now <= middle + FURTHEST else middle

    def seen(self, korona_now: datetime | None, shopify_now: datetime | None) -> ClocksSeen:
        """Return what is to be remembered of the clocks for the next run."""
        ahead = {**self.before.ahead, **self._ahead()}
        if self.doubt:
            return ClocksSeen(ahead, self.before.korona_at, self.before.shopify_at)
        return ClocksSeen(ahead, korona_now or self.before.korona_at, shopify_now or self.before.shopify_at)

    def _ahead(self) -> dict[str, Ahead]:
        return {name: Ahead(*each.ahead) for name, each in self.sides.items() if each.ahead is not None}

    def _middle(self, now: datetime) -> datetime:
        machines = [each.asking() for each in self.sides.values()][:1]
        clocks = sorted(at for at in (*machines, *(each.last for each in self.sides.values())) if at is not None)
        return clocks[(len(clocks) - 1) // 2] if clocks else now
