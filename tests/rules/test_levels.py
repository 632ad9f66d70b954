"""Where one level should go, and whether it may rise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.seen import Doubt, Look
from korsync.rules.drafts import Drafted
from korsync.rules.sold import PutBack, SoldLine
from korsync.rules.stock import LevelFacts, LevelRules, is_young, let_go, moved, target_level, target_of

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
    doubt=None,
)


NO_DRAFTS = Drafted()


def doubted(minutes: float, missing: int = 0) -> Doubt:
    """Return a doubt of so many minutes ago about a level that was 5 before."""
    return Doubt(SEEN - timedelta(minutes=minutes), missing, Look(5, EARLIER))


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


# --- what is missing ---


def missing(**others: Any) -> int:
    doubt = target_of(replace(CALM, **others), RULES).doubt
    assert doubt is not None
    return doubt.missing


def test_what_is_missing_stays_off_while_korona_falls() -> None:
    found = target_of(replace(CALM, available=3, look=Look(3, EARLIER), doubt=doubted(5, 2), actual=Decimal(3)), RULES)
    assert (found.level, found.fall, found.doubt) == (1, 2, doubted(5, 2))


def test_what_is_missing_stays_off_beside_what_is_reserved() -> None:
    look = Look(2, EARLIER, reserved=1, in_drafts=1)
    doubt = Doubt(SEEN - timedelta(minutes=5), 2, Look(4, EARLIER))
    facts = replace(CALM, available=2, look=look, doubt=doubt, drafted=Drafted(1))
    assert target_of(replace(facts, actual=Decimal(4)), RULES).level == 1


def test_what_is_reserved_stays_off_whatever_sold_pieces_alone_make_of_a_level() -> None:
    held = replace(CALM, available=3, look=Look(3, EARLIER, reserved=2), sold_as_article=sold(1))
    assert target_of(held, RULES).by_sales == 2


def test_an_order_that_is_listed_late_explains_what_is_missing() -> None:
    late = (SoldLine(2, EARLIER + timedelta(minutes=1), 0),)
    facts = replace(CALM, available=3, look=Look(3, SEEN - timedelta(minutes=5)), doubt=doubted(5, 2))
    found = target_of(replace(facts, sold_as_article=late, sold_as_variant=late), RULES)
    assert (found.level, found.doubt) == (3, doubted(5, 0))


@pytest.mark.parametrize(("held", "reserved", "level"), [(0, 0, 5), (1, 1, 4), (2, 2, 3), (9, 2, 3)])
def test_what_is_missing_after_the_doubt_is_reserved_as_far_as_draft_orders_hold_pieces(
    held: int, reserved: int, level: int
) -> None:
    look = Look(3, SEEN - timedelta(minutes=15), in_drafts=held)
    facts = replace(CALM, available=3, look=look, doubt=doubted(15, 2), drafted=Drafted(held))
    found = target_of(facts, RULES)
    assert (found.reserved, found.level, found.doubt, found.why_not_raised) == (reserved, level, None, "")


def test_what_is_missing_when_draft_orders_are_first_asked_for_is_doubted_anew() -> None:
    """One that let go of it before may have made up for an order not listed yet."""
    look = Look(3, SEEN - timedelta(minutes=15))
    facts = replace(CALM, available=3, look=look, doubt=doubted(15, 2), drafted=NO_DRAFTS)
    assert target_of(facts, RULES).doubt == doubted(0, 2)
    of_a_first_look = Doubt(look.at, 2, Look(5, look.at - RULES.settle))
    assert target_of(replace(facts, doubt=of_a_first_look), RULES).doubt is None


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_single_piece_is_doubted_anew_like_any_other(pieces: int) -> None:
    look = Look(5 - pieces, SEEN - timedelta(minutes=15))
    facts = replace(CALM, available=look.pieces, look=look, doubt=doubted(15, pieces), drafted=NO_DRAFTS)
    assert target_of(facts, RULES).doubt == doubted(0, pieces)


def test_what_a_draft_order_lets_go_of_is_not_taken_for_what_is_missing() -> None:
    look = Look(3, EARLIER, reserved=1, in_drafts=1)
    doubt = Doubt(SEEN - timedelta(minutes=5), 1, Look(4, EARLIER, reserved=1))
    assert missing(available=4, look=look, doubt=doubt, drafted=NO_DRAFTS) == 1


def test_what_had_become_an_order_by_the_last_look_is_not_let_go_of_again() -> None:
    look = Look(5, EARLIER, reserved=1, in_drafts=1)
    ordered = Drafted(0, ordered=((1, EARLIER + timedelta(seconds=3)),))
    assert moved(replace(CALM, look=look, drafted=ordered)) == (0, 0)


@pytest.mark.parametrize(
    ("before", "now", "reserved", "missing", "fall"),
    [(2, 1, 1, 0, 1), (2, 1, 0, 1, 1), (2, 0, 1, 0, 1), (2, 2, 1, 1, 0), (1, 2, 1, 0, 0), (9, 0, 0, 0, 0)],
)
def test_what_draft_orders_may_have_let_go_of_hides_no_fall(
    before: int, now: int, reserved: int, missing: int, fall: int
) -> None:
    look = Look(5, EARLIER, reserved, before)
    facts = replace(CALM, look=look, doubt=doubted(5, missing) if missing else None, drafted=Drafted(now))
    assert moved(facts) == (fall, 0)
    assert moved(replace(facts, drafted=None)) == (0, 0)


def test_what_korona_alone_has_more_of_is_not_reserved() -> None:
    quoted = replace(CALM, actual=Decimal(11), doubt=doubted(15), drafted=Drafted(10))
    assert target_of(quoted, RULES).level == 11


def test_what_comes_to_a_level_that_draft_orders_hold_pieces_of_is_set_back_until_they_must_have_let_go() -> None:
    held = replace(CALM, actual=Decimal(7), available=7, look=Look(5, EARLIER, reserved=2), drafted=Drafted(2))
    found = target_of(held, RULES)
    assert (found.level, found.reserved, found.risen, found.doubt) == (5, 2, 2, Doubt(SEEN, -2, Look(5, EARLIER, 2)))
    back = replace(held, available=5, look=Look(5, EARLIER, reserved=2), doubt=Doubt(EARLIER, -2, Look(3, EARLIER)))
    assert (target_of(back, RULES).level, target_of(back, RULES).reserved) == (7, 0)


def test_an_order_that_is_listed_after_a_first_look_is_not_missing_as_well() -> None:
    known, late = (SoldLine(1, SEEN - timedelta(minutes=minutes), 0) for minutes in (4, 1))
    first = replace(CALM, available=3, look=None, sold_as_article=(known,), sold_as_variant=(known,))
    doubt = target_of(first, RULES).doubt
    assert doubt == Doubt(SEEN, 1, Look(5, SEEN - RULES.settle))
    then = replace(CALM, available=3, look=Look(3, SEEN), seen_at=SEEN + timedelta(minutes=5), doubt=doubt)
    then = replace(then, sold_as_article=(known, late), sold_as_variant=(known, late))
    assert (target_of(then, RULES).level, target_of(then, RULES).doubt) == (3, replace(doubt, missing=0))


def test_at_a_first_look_what_korona_has_more_of_may_be_missing_and_no_less_than_was_before() -> None:
    assert missing(look=None, actual=Decimal(7)) == 2
    assert missing(look=None, actual=Decimal(4), doubt=Doubt(EARLIER, 3)) == 3
    assert missing(look=None, actual=Decimal(3)) == 0


@pytest.mark.parametrize("line", [SoldLine(1, EARLIER, 0, in_flight=True), SoldLine(1, SEEN, 0)])
def test_what_is_missing_is_not_sure_while_korona_may_have_it_already(line: SoldLine) -> None:
    moving = replace(CALM, look=None, actual=Decimal(7), sold_as_article=(line,))
    assert target_of(moving, RULES).doubt == Doubt(SEEN, 1)
    at_rest = replace(moving, sold_as_article=(SoldLine(1, EARLIER, 0),))
    assert target_of(at_rest, RULES).doubt == Doubt(SEEN, 1, Look(6, SEEN - RULES.settle))
    old = Doubt(SEEN - timedelta(minutes=15), 1)
    later = replace(moving, look=Look(5, EARLIER, in_drafts=1), doubt=old, drafted=Drafted(1))
    found = target_of(replace(later, sold_as_article=(SoldLine(1, EARLIER, 0, in_flight=True),)), RULES)
    assert (found.reserved, found.level, found.doubt) == (1, 5, replace(old, missing=0))
    unheld = replace(later, look=Look(5, EARLIER, in_drafts=0), sold_as_article=(), drafted=NO_DRAFTS)
    assert target_of(unheld, RULES).doubt is None


@pytest.mark.parametrize(("seconds", "young"), [(-60, False), (-6, False), (-5, True), (0, True), (5, True)])
def test_a_level_may_be_older_than_an_order_or_what_came_back_of_it(seconds: int, young: bool) -> None:
    at, before = SEEN + timedelta(seconds=seconds), SEEN - timedelta(minutes=1)
    long_ago = PutBack(1, before, here=True, sent=True)
    for line in (SoldLine(1, at, 1), SoldLine(1, before, 1, (long_ago, replace(long_ago, at=at)))):
        assert is_young(replace(CALM, sold_as_article=(line,))) is young
        assert is_young(replace(CALM, sold_as_variant=(line,))) is young


def test_no_doubt_ends_on_a_level_that_may_be_older_than_an_order_of_what_draft_orders_hold() -> None:
    young = replace(CALM, sold_as_variant=(SoldLine(1, SEEN, 0),), doubt=doubted(15))
    assert target_of(replace(young, drafted=Drafted(1)), RULES).doubt is not None
    assert target_of(replace(young, drafted=NO_DRAFTS), RULES).doubt is None


# --- rising ---


def why_not_raised(**others: Any) -> str:
    return target_of(replace(CALM, **others), RULES).why_not_raised


def test_a_level_that_is_well_known_may_rise() -> None:
    found = target_of(replace(CALM, actual=Decimal(9)), RULES)
    assert (found.level, found.why_not_raised, found.doubt) == (9, "", None)


def test_nothing_rises_while_the_orders_are_incomplete() -> None:
    assert why_not_raised(why_not_complete="half of it was read") == "half of it was read"


def test_nothing_rises_at_a_first_look_which_is_itself_a_doubt() -> None:
    found = target_of(replace(CALM, look=None, actual=Decimal(9)), RULES)
    assert found.why_not_raised == "this is the first look at it"
    assert found.doubt == Doubt(SEEN, 4, Look(9, SEEN - RULES.settle))
    assert found.level == 9


def test_nothing_rises_in_a_run_with_an_unexplained_fall_which_is_a_doubt() -> None:
    found = target_of(replace(CALM, available=3), RULES)
    assert found.why_not_raised == "2 left the shelf that no listed order explains yet"
    assert found.doubt == Doubt(SEEN, 2, CALM.look)
    assert found.level == 3


@pytest.mark.parametrize(("minutes", "may_rise"), [(0, False), (14.9, False), (15, True), (600, True)])
def test_a_level_may_rise_again_when_the_last_doubt_is_settle_minutes_old(minutes: float, may_rise: bool) -> None:
    doubt = doubted(minutes)
    assert (why_not_raised(doubt=doubt, drafted=NO_DRAFTS) == "") is may_rise
    assert why_not_raised(doubt=doubt) == "an order may not be listed yet"


def test_a_doubt_is_kept_as_long_as_it_counts_and_until_draft_orders_were_looked_at() -> None:
    fresh, old = doubted(1), doubted(15)
    assert target_of(replace(CALM, doubt=fresh), RULES).doubt == fresh
    assert target_of(replace(CALM, doubt=old), RULES).doubt == old
    assert target_of(replace(CALM, doubt=old, drafted=NO_DRAFTS), RULES).doubt is None
    incomplete = replace(CALM, doubt=old, drafted=NO_DRAFTS, why_not_complete="half of it was read")
    assert target_of(incomplete, RULES).doubt == old


def test_a_fall_that_orders_explain_is_no_doubt() -> None:
    found = target_of(replace(CALM, available=3, sold_as_article=sold(2), sold_as_variant=sold(2)), RULES)
    assert (found.level, found.doubt) == (3, None)


def test_a_level_that_somebody_raised_by_hand_goes_back() -> None:
    found = target_of(replace(CALM, available=8), RULES)
    assert (found.level, found.doubt) == (5, None)


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


@pytest.mark.parametrize(
    ("minutes", "here", "known", "fall"),
    [
        (2, True, 0, 1),
        (2, False, 0, 0),
        (2, True, 1, 0),
        (15, True, 0, 1),
        (15.1, True, 0, 0),
        (6 / 60, True, 0, 1),
    ],
)
def test_what_came_back_before_the_last_look_and_was_listed_after_it_was_in_it(
    minutes: float, here: bool, known: int, fall: int
) -> None:
    """Where the level does not show it, as much had left it that nobody knows of."""
    back = PutBack(1, EARLIER - timedelta(minutes=minutes), here, False)
    lines = (SoldLine(1, EARLIER - timedelta(days=1), 1, (back,)),)
    facts = replace(CALM, look=Look(5, EARLIER, put_back=known), sold_as_variant=lines)
    found = target_of(facts, RULES)
    assert (found.fall, found.doubt) == (fall, Doubt(SEEN, 1, Look(6, EARLIER, put_back=known)) if fall else None)
    assert found.look.put_back == 0


def test_what_came_back_of_late_is_remembered_with_the_look() -> None:
    back = (PutBack(2, SEEN - timedelta(minutes=3), True, False), PutBack(1, SEEN, True, False))
    lines = (SoldLine(3, EARLIER - timedelta(days=1), 3, back),)
    assert target_of(replace(CALM, available=8, sold_as_variant=lines), RULES).look.put_back == 2


def test_a_fall_is_missing_once_also_where_nobody_asked_for_draft_orders() -> None:
    assert target_of(replace(CALM, available=4), RULES).doubt == Doubt(SEEN, 1, Look(5, EARLIER))


@pytest.mark.parametrize(("reserved", "missing"), [(0, 2), (1, 1)])
def test_a_rise_makes_up_for_nothing_that_is_missing_but_for_what_is_known_to_be_reserved(
    reserved: int, missing: int
) -> None:
    look = Look(3, SEEN - timedelta(minutes=5), reserved=reserved)
    before = Doubt(SEEN - timedelta(minutes=10), 2, Look(5, EARLIER))
    found = target_of(replace(CALM, available=4, look=look, doubt=before, drafted=Drafted(held=5)), RULES)
    assert found.doubt is not None
    assert (found.risen, found.doubt.at, found.doubt.missing) == (1, SEEN, missing)


def test_what_came_back_as_the_last_look_was_taken_is_expected_once() -> None:
    back = PutBack(1, EARLIER - timedelta(seconds=5), True, False)
    lines = (SoldLine(1, EARLIER - timedelta(days=1), 1, (back,)),)
    assert target_of(replace(CALM, sold_as_variant=lines), RULES).fall == 1


def test_of_what_is_missing_a_known_order_explains_its_part_also_where_the_level_need_not_show_it_yet() -> None:
    just_now = (SoldLine(1, SEEN - timedelta(seconds=2), 0),)
    found = target_of(replace(CALM, available=3, sold_as_variant=just_now, sold_as_article=just_now), RULES)
    assert found.doubt is not None
    assert (found.fall, found.doubt.missing) == (1, 1)


def test_a_rise_is_a_doubt_where_a_single_piece_is_known_to_be_reserved() -> None:
    reserved = Look(4, EARLIER, reserved=1, in_drafts=1)
    doubt = target_of(replace(CALM, look=reserved, drafted=Drafted(held=1)), RULES).doubt
    assert doubt == Doubt(SEEN, -1, reserved)
    assert target_of(replace(CALM, look=Look(4, EARLIER), drafted=Drafted(held=1)), RULES).doubt is None


@pytest.mark.parametrize(("seconds", "pieces"), [(-60, 0), (4, 0), (6, 2)])
def test_draft_orders_have_let_go_of_what_they_hold_no_more_but_not_of_what_had_become_an_order(
    seconds: float, pieces: int
) -> None:
    ordered = ((2, EARLIER + timedelta(seconds=seconds)),)
    facts = replace(CALM, look=Look(3, EARLIER, reserved=2), drafted=Drafted(0, ordered))
    assert let_go(facts, EARLIER) == pieces
    assert let_go(replace(facts, drafted=Drafted(1)), EARLIER) == 1
    assert let_go(replace(facts, look=None), EARLIER) == 0


def test_at_a_first_look_nothing_fell_or_rose() -> None:
    found = target_of(replace(CALM, look=None), RULES)
    assert (found.fall, found.risen) == (0, 0)


def test_a_doubt_of_which_nothing_is_missing_stays_so_as_long_as_nothing_falls() -> None:
    found = target_of(replace(CALM, doubt=Doubt(SEEN - timedelta(minutes=5))), RULES)
    assert found.doubt is not None
    assert (found.doubt.missing, found.level) == (0, 5)
