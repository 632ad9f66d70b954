"""How many mishaps the tests play: each test says what it played, and the sums are printed when all have ended."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest

Played = Callable[[int, str], None]
"""Says how many of a kind a test played: the fixture `played`."""


def told(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Return a line for each kind."""
    sums: Counter[str] = Counter()
    for report in reports:
        for kind, count in report.user_properties:
            assert isinstance(count, int)
            sums[kind] += count
    return (f"played {count:,} {kind}" for kind, count in sorted(sums.items()))
