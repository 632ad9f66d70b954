"""Where one level should go, and whether it may rise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.seen import Look
from korsync.rules.stock import LevelFacts, LevelRules, PutBack, SoldLine, is_moving, target_level, target_of

SEEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EARLIER = SEEN - timedelta(minutes=20)
RULES = LevelRules(buffer=0, settle=timedelta(minutes=15))

CALM = LevelFacts(
    available=5,
    seen_at=SEEN,
    actual=Decimal(5),
    actual_before=Decimal(5),
    sold_as_article=(),
    sold_as_variant=(),
    look=Look(5, EARLIER),
    doubted_at=None,
)


def sold(pieces: int) -> tuple[SoldLine, ...]:
    return (SoldLine(pieces, SEEN - timedelta(minutes=1), 0),)


# --- the target ---


@pytest.mark.parametrize(
    ("actual", "pending", "fall", "target"),
    [("5", "0", 0, 5), ("5", "2", 0, 3), ("5", "2", 1, 2), ("5", "-1", 0, 6), ("1", "3", 0, -2), ("-2", "0", 0, -2)],
)
def test_the_target_is_what_korona_has_without_what_is_sold(actual: str, pending: str, fall: int, target: int) -> None:
    assert target_level(Decimal(actual), Decimal(pending), fall, 0) == target


@pytest.mark.parametrize(
    ("actual", "pending", "target"),
    [("2.9", "0", 2), ("-0.5", "0", -1), ("3", "0.5", 2), ("2.9", "-0.5", 2), ("1E+1", "0", 10)],
)
def test_fractions_are_rounded_down(actual: str, pending: str, target: int) -> None:
    assert target_level(Decimal(actual), Decimal(pending), 0, 0) == target


@pytest.mark.parametrize(("free", "target"), [(5, 3), (2, 0), (1, 0), (0, 0), (-1, -1), (-3, -3)])
def test_the_buffer_alone_never_pushes_a_level_below_zero(free: int, target: int) -> None:
    assert target_level(Decimal(free), Decimal(0), 0, 2) == target


# --- moving ---


@pytest.mark.parametrize(("seconds", "moving"), [(-60, False), (-6, False), (-5, True), (0, True), (5, True)])
def test_a_level_moves_that_an_order_or_what_came_back_of_it_may_still_be_missing_in(
    seconds: int, moving: bool
) -> None:
    at, before = SEEN + timedelta(seconds=seconds), SEEN - timedelta(minutes=1)
    for line in (SoldLine(1, at, 1), SoldLine(1, before, 1, (PutBack(1, at, here=True, sent=True),))):
        assert is_moving(replace(CALM, sold_as_article=(line,))) is moving
        assert is_moving(replace(CALM, sold_as_variant=(line,))) is moving


# --- rising ---


def why_not_raised(**others: Any) -> str:
    return target_of(replace(CALM, **others), RULES).why_not_raised


def test_a_level_that_is_well_known_may_rise() -> None:
    found = target_of(replace(CALM, actual=Decimal(9)), RULES)
    assert (found.level, found.why_not_raised, found.doubted_at) == (9, "", None)


def test_nothing_rises_while_the_orders_are_incomplete() -> None:
    assert why_not_raised(why_not_complete="half of it was read") == "half of it was read"


def test_nothing_rises_at_a_first_look_which_is_itself_a_doubt() -> None:
    found = target_of(replace(CALM, look=None, actual=Decimal(9)), RULES)
    assert found.why_not_raised == "this is the first look at it"
    assert found.doubted_at == SEEN
    assert found.level == 9


def test_nothing_rises_in_a_run_with_an_unexplained_fall_which_is_a_doubt() -> None:
    found = target_of(replace(CALM, available=3), RULES)
    assert found.why_not_raised == "2 left the shelf that no listed order explains yet"
    assert found.doubted_at == SEEN
    assert found.level == 3


@pytest.mark.parametrize(("minutes", "may_rise"), [(0, False), (14.9, False), (15, True), (600, True)])
def test_a_level_may_rise_again_when_the_last_doubt_is_settle_minutes_old(minutes: float, may_rise: bool) -> None:
    assert (why_not_raised(doubted_at=SEEN - timedelta(minutes=minutes), in_drafts=0) == "") is may_rise
    assert why_not_raised(doubted_at=SEEN - timedelta(minutes=minutes)) == "an order may not be listed yet"


def test_a_doubt_is_kept_as_long_as_it_counts_and_until_draft_orders_were_looked_at() -> None:
    fresh, old = SEEN - timedelta(minutes=1), SEEN - timedelta(minutes=15)
    assert target_of(replace(CALM, doubted_at=fresh), RULES).doubted_at == fresh
    assert target_of(replace(CALM, doubted_at=old), RULES).doubted_at == old
    assert target_of(replace(CALM, doubted_at=old, in_drafts=0), RULES).doubted_at is None
    incomplete = replace(CALM, doubted_at=old, in_drafts=0, why_not_complete="half of it was read")
    assert target_of(incomplete, RULES).doubted_at == old


def test_a_fall_that_orders_explain_is_no_doubt() -> None:
    found = target_of(replace(CALM, available=3, sold_as_article=sold(2), sold_as_variant=sold(2)), RULES)
    assert (found.level, found.doubted_at) == (3, None)


def test_a_level_that_somebody_raised_by_hand_goes_back() -> None:
    found = target_of(replace(CALM, available=8), RULES)
    assert (found.level, found.doubted_at) == (5, None)


# --- what sold pieces alone would make of it ---


def test_what_korona_lost_is_not_by_sales() -> None:
    assert target_of(replace(CALM, actual=Decimal(0)), RULES).by_sales == 5


def test_what_is_sold_is_by_sales_whatever_korona_says_now() -> None:
    found = target_of(replace(CALM, actual=Decimal(0), sold_as_article=sold(2)), RULES)
    assert (found.level, found.by_sales) == (-2, 3)


def test_an_order_not_listed_yet_is_by_sales_too() -> None:
    found = target_of(replace(CALM, available=4, actual=Decimal(0), sold_as_article=sold(1)), RULES)
    assert found.by_sales == 3


def test_sales_alone_never_raise() -> None:
    assert target_of(replace(CALM, actual_before=Decimal(9)), RULES).by_sales == 5


def test_without_an_earlier_figure_of_korona_nothing_is_by_sales() -> None:
    assert target_of(replace(CALM, actual_before=None, sold_as_article=sold(2)), RULES).by_sales == 5


@pytest.mark.parametrize(("lead", "level"), [(timedelta(0), 6), (timedelta(minutes=10), 5)])
def test_what_came_back_counts_only_where_a_level_was_surely_read_after_it(lead: timedelta, level: int) -> None:
    back = PutBack(1, SEEN - timedelta(minutes=5), here=True, sent=False)
    line = SoldLine(1, SEEN - timedelta(hours=2), settled=1, put_back=(back,))
    facts = replace(CALM, sold_as_article=(line,), lead=lead)
    assert target_of(facts, RULES).level == level
