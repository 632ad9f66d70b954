"""The part of the kill matrix that every test run plays; the whole of it: python -m tests.kill."""

from collections import Counter
from pathlib import Path

import pytest

from korsync.pipelines import orders
from korsync.records.bookings import Booking
from tests.kill.death import When
from tests.kill.matrix import Case, Stage, staged
from tests.kill.stories import PAIRWISE, STORIES, Variant
from tests.support.played import Played
from tests.support.shop import EVERYTHING

BOOKING = ("orders", "refunds")
TO_DISK = {"rename to state.json", "fsync the folder"}
DEATHS = "deaths in the middle of a run"


@pytest.mark.long
@pytest.mark.parametrize("variant", PAIRWISE, ids=str)
@pytest.mark.parametrize("story", STORIES)
def test_wherever_korsync_dies_every_receipt_is_booked_once(
    story: str, variant: Variant, tmp_path: Path, played: Played
) -> None:
    with staged(tmp_path, story, variant, BOOKING) as stage:
        cases = list(stage.cases())
        for case in cases:
            stage.play(case)
    assert {case.when for case in cases if case.step.is_booking} == set(When)
    assert {case.step.what for case in cases} >= TO_DISK
    played(len(cases), DEATHS)


def test_wherever_a_whole_run_dies_both_sides_come_out_right(tmp_path: Path, played: Played) -> None:
    """A sample: every eleventh way to die in a run of all four pipelines."""
    with staged(tmp_path, "sales, refunds and a cancellation", PAIRWISE[0], EVERYTHING) as stage:
        cases = list(stage.cases())[::11]
        for case in cases:
            stage.play(case)
    played(len(cases), DEATHS)


def test_each_pair_of_korona_habits_is_played() -> None:
    habits = [(each.refuses_repeated_numbers, each.late, each.uses_prefix, each.queues) for each in PAIRWISE]
    for one in range(4):
        for other in range(one):
            assert {(each[one], each[other]) for each in habits} == {(a, b) for a in (0, 1) for b in (0, 1)}


def booking_cases(stage: Stage) -> list[Case]:
    return [case for case in stage.cases() if case.step.is_booking and case.when is not When.BEFORE]


@pytest.mark.parametrize("late", [False, True])
def test_where_korona_gives_no_reference_back_a_death_books_nothing_twice(late: bool, tmp_path: Path) -> None:
    with staged(tmp_path, "sales", Variant(False, late, False, False), BOOKING) as stage:
        for start in stage.starts:
            start.korona["leaves_out"] = {"externalReferences"}
        for case in booking_cases(stage):
            with pytest.raises(AssertionError, match="not quiet"):
                stage.play(case)
            assert set(Counter(each.key for each in stage.shop.korona.receipts if each.key).values()) == {1}


def test_without_the_waiting_time_a_receipt_is_booked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with staged(tmp_path, "sales", Variant(False, True, False, False), BOOKING) as stage:
        monkeypatch.setattr(Booking, "may_be_sent_again", lambda *_: True)
        for case in booking_cases(stage):
            with pytest.raises(AssertionError, match=r"the books are|not quiet"):
                stage.play(case)


def test_without_the_look_up_a_receipt_is_booked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with staged(tmp_path, "sales", Variant(False, False, False, False), BOOKING) as stage:
        monkeypatch.setattr(orders, "found_sale", lambda *_: None)
        for case in booking_cases(stage):
            with pytest.raises(AssertionError, match=r"the books are|not quiet"):
                stage.play(case)
