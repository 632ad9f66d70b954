"""What time it is for a side, by the Date of its answers, and how far its clock is ahead of this machine's."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from korsync.wire.answers import date_in

_SECOND = timedelta(seconds=1)


class Dates:
    """The Dates of a side's answers, safe to share between threads.

    `ahead` is by how many seconds at least and at most the side's clock is ahead: an answer is dated between asking and
    reading it. Where the first is more than the second, no single distance fits all answers.
    """

    def __init__(self, machine_now: Callable[[], datetime] | None) -> None:
        self.last: datetime | None = None
        self.ahead: tuple[int, int] | None = None
        self._machine_now = machine_now
        self._lock = threading.Lock()

    def asking(self) -> datetime | None:
        """Return the machine's time before something is asked; None where its clock does not count."""
        return self._machine_now() if self._machine_now else None

    def answered(self, headers: Mapping[str, str], asked_at: datetime | None) -> None:
        """Take note of the Date of an answer to what was asked at a time of this machine's."""
        date, now = date_in(headers), self.asking()
        if date is None:
            return
        with self._lock:
            self.last = date
            if asked_at is None or now is None:
                return
            # Dates have whole seconds, cut off.
            least, most = (date - max(asked_at, now)) // _SECOND, (date - min(asked_at, now)) // _SECOND + 1
            before = self.ahead or (least, most)
            self.ahead = max(before[0], least), min(before[1], most)
