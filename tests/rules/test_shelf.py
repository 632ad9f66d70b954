"""The rule of stock on its own, through days in which much happens: it never offers what is not there."""

from datetime import timedelta

import pytest

from tests.support.played import Played
from tests.support.shelf import Days, Shelf

WEATHER = {
    "draft orders": Days(),
    "orders in a hurry": Days(minutes=8, runs_out=True),
    "reservations that run out and are changed": Days(runs_out=True, draft_edits=2),
    "the till and quotes": Days(till=2, quotes=1),
    "lost answers and caches": Days(lost_answers=0.1, lost_caches=0.05),
}


def run(shelf: Shelf, times: int) -> None:
    for _ in range(times):
        shelf.live(shelf.now + timedelta(minutes=20))
        shelf.run()


@pytest.mark.parametrize("weather", WEATHER)
def test_nothing_is_offered_that_is_not_there_and_in_the_end_all_that_is(weather: str, played: Played) -> None:
    for seed in range(100):
        shelf = Shelf(seed, WEATHER[weather])
        run(shelf, 2)
        shelf.open()
        run(shelf, 36)
        shelf.close()
        run(shelf, 7)
        # No draft order says whether it holds its pieces: one that does not may keep them back.
        quoted = sum(each.pieces for each in shelf.drafts if not each.reserves and not each.sale)
        assert shelf.there() - quoted <= shelf.level <= shelf.there(), f"{weather}, seed {seed}"
    played(100, "half days of one article, the stock rule alone")
