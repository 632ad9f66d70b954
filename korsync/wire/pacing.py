"""How long is waited for an answer; and Shopify's leaky bucket, followed so that no 429 is of korsync's own making."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

HEADER = "x-shopify-shop-api-call-limit"
"""The header, by its lower-case name, that says `requests in the bucket/size of the bucket`."""

_SMALLEST = 10
"""Shopify's smallest bucket holds 40; one below this is nonsense, and would hold every request back for long."""

_KEPT_FREE = 0.025
"""So much of the bucket is kept free, two places at the least: the side's own figures are rounded and late."""

_STEP = 0.1
"""Seconds that are waited at most before the bucket is looked at again: an answer may have come with another figure."""

_EMPTIES_IN = 20.0
"""Seconds in which a full bucket runs empty: 40 at 2 a second, 80 at 4, 400 at 20."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long (seconds) and how large (bytes) an answer may be.

    `slowest` is the speed in bytes a second at which a body may still be sent: its time comes on top of the deadline.
    """

    connect: float = 5.0
    read: float = 45.0
    deadline: float = 120.0
    size: int = 32 * 1024 * 1024
    slowest: int = 1_000_000 // 8


class Bucket:
    """How full the bucket is by what the side said last; safe to share between threads.

    As long as no answer has named a bucket nothing is held back. Answers are heard in another order than requests are
    counted: the bucket holds at most the highest figure that may be the last one, and what is under way.
    """

    def __init__(self, sleep: Callable[[float], None], monotonic: Callable[[], float]) -> None:
        """Take how to wait (seconds) and how to tell time."""
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._size = 0
        self._level = 0.0
        self._at = 0.0
        self._begun = 0
        self._answered = 0
        self._answered_before_newest = 0
        self._figures: list[tuple[int, int]] = []

    def enter(self) -> int:
        """Wait until there is room, one after the other, and take it; return how many had been answered by then."""
        with self._turn:
            while wait := self._take():
                self._sleep(min(wait, _STEP))
            with self._lock:
                return self._answered

    def leave(self, answered_before: int, told: str | None) -> None:
        """Note what the answer to a request said about the bucket; None where there was none or no such header.

        `answered_before` is what `enter` returned for it.
        """
        with self._lock:
            match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", told or "")
            figure = (self._answered, int(match[1])) if match else None
            self._answered += 1
            if match and figure and int(match[2]) >= _SMALLEST:
                self._size = int(match[2])
                # What was answered before another request began, whose answer is here, is older than that one.
                newest = self._answered_before_newest = max(self._answered_before_newest, answered_before)
                self._figures = [each for each in (*self._figures, figure) if each[0] >= newest]
                # Whatever is told, no more can be waited for than a full bucket and what is under way.
                self._level = min(max(level for _, level in self._figures), self._size)
                self._level += self._begun - self._answered
                self._at = self._monotonic()

    def seconds_for(self, requests: int) -> float:
        """Return how long so many requests will take at the least; 0 as long as no bucket was named."""
        with self._lock:
            return max(0.0, (requests - self._room()) * _EMPTIES_IN / self._size) if self._size else 0.0

    def _take(self) -> float:
        """Take a place and return 0, or return the seconds until there is one."""
        with self._lock:
            if self._size:
                room = self._room()
                if room < 1:
                    return max((1 - room) * _EMPTIES_IN / self._size, 0.001)
                self._level += 1
            self._begun += 1
            return 0.0

    def _room(self) -> float:
        now = self._monotonic()
        self._level = max(0.0, self._level - (now - self._at) * self._size / _EMPTIES_IN)
        self._at = now
        return self._size - max(2.0, self._size * _KEPT_FREE) - self._level
