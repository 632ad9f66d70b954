"""How long is waited for an answer; and Shopify's leaky bucket, followed so that no 429 is of korsync's own making."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

HEADER = "x-shopify-shop-api-call-limit"
"""The header, by its lower-case name, that says `requests in the bucket/size of the bucket`."""

_SMALLEST = 10
"""Shopify's smallest bucket holds 40; one below this is nonsense, and would hold every request back for long."""

_SHARE = 0.8
"""How full the bucket may get; the rest is left to requests that were sent but not yet counted."""

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

    As long as no answer has named a bucket nothing is held back.
    """

    def __init__(self, sleep: Callable[[float], None], monotonic: Callable[[], float]) -> None:
        """Take how to wait (seconds) and how to tell time."""
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._size = 0
        self._level = 0.0
        self._at = 0.0
        self._under_way = 0

    def enter(self) -> None:
        with self._lock:
            self._under_way += 1
            if not self._size:
                return
            leak = self._size / _EMPTIES_IN
            now = self._monotonic()
            level = max(0.0, self._level - (now - self._at) * leak)
            wait = max(0.0, (level + 1 - self._size * _SHARE) / leak)
            # The place is taken as of the end of the wait, so that others who come meanwhile queue up behind it.
            self._level = level + 1 - wait * leak
            self._at = now + wait
        if wait:
            self._sleep(wait)

    def seconds_for(self, requests: int) -> float:
        """Return how long so many requests will take at the least; 0 as long as no bucket was named."""
        with self._lock:
            room = self._size * _SHARE - self._level
            return max(0.0, (requests - room) * _EMPTIES_IN / self._size) if self._size else 0.0

    def leave(self, told: str | None) -> None:
        """Note what the answer said about the bucket; None where there was no answer or no such header."""
        with self._lock:
            self._under_way -= 1
            match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", told or "")
            if match and int(match[2]) >= _SMALLEST:
                self._size = int(match[2])
                # Whatever is told, no more can be waited for than a full bucket and what is under way.
                self._level = min(int(match[1]), self._size) + self._under_way
                self._at = self._monotonic()
