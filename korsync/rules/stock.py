"""Where one Shopify level should go, and whether it may rise: pure, the rules against selling the last piece twice.

Shopify lowers its level the moment an order is placed; KORONA knows of it only after the receipt is booked. Writing
KORONA's figure over Shopify's in between would sell the piece twice. P are pieces sold that KORONA's stock does not
contain yet, U falls of a level that no known order explains.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from korsync.records.seen import Doubt, Look
from korsync.rules.drafts import Drafted
from korsync.rules.sold import CLOCK_GRAIN, SoldLine, pending_pieces


def unexplained_fall(expected: int, available: int) -> int:
    """Return the pieces by which a level is below what the last look and the known orders explain.

    They are taken for an order that Shopify does not list yet (U).
    """
    return max(0, expected - available)


def expected_level(pieces: int, looked_at: datetime, seen_at: datetime, sold: Iterable[SoldLine]) -> int:
    """Return what a level should be at `seen_at` if nothing happened since the last look but the known orders.

    Where a time could lie on either side, the reading with the higher level is taken: it finds a fall rather than
    hiding one.
    """
    level = pieces
    for line in sold:
        if looked_at + CLOCK_GRAIN < line.sold_at < seen_at - CLOCK_GRAIN:
            level -= line.sold
        level += sum(
            each.pieces for each in line.put_back if each.here and looked_at - CLOCK_GRAIN <= each.at <= seen_at
        )
    return level


def just_sold(looked_at: datetime, seen_at: datetime, sold: Iterable[SoldLine]) -> int:
    """Return the pieces of known orders that a level read at `seen_at` may contain or not: they explain a fall.

    Where it does not contain them they come off it by themselves, so that it is right either way. What the last look
    may have contained explains nothing.
    """
    close = (line for line in sold if abs(line.sold_at - seen_at) <= CLOCK_GRAIN)
    return sum(line.sold for line in close if line.sold_at > looked_at + CLOCK_GRAIN)


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """All that is known of one level: Shopify's figure as of `seen_at`, KORONA's stock, orders, last look and doubt.

    `actual_before` is KORONA's stock as it was before this run; `sold_as_article` are the lines that take the article
    from KORONA's stock (also inside bundles), `sold_as_variant` those that lower this very level. `drafted` is what
    draft orders hold, None where nobody asked. `why_not_complete` is empty where all was read.
    """

    available: int
    seen_at: datetime
    actual: Decimal
    actual_before: Decimal | None
    sold_as_article: Iterable[SoldLine]
    sold_as_variant: Iterable[SoldLine]
    look: Look | None
    doubt: Doubt | None
    why_not_complete: str = ""
    drafted: Drafted | None = None
    lead: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class LevelRules:
    """Pieces kept back, how long either side may take until what it accepted shows, and how many may fall to 0."""

    buffer: int
    settle: timedelta
    max_change_percent: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True)
class LevelTarget:
    """Where a level should go, where sold pieces alone would take it, and why it may not rise (empty: it may).

    `look` is what is to be remembered of it, `doubt` is kept for as long as either side may take to show an order, and
    until the draft orders were looked at. `risen` are pieces that came to the level although nothing known explains it.
    `pending` and `fall` are P and U.
    """

    level: int
    by_sales: int
    look: Look
    doubt: Doubt | None
    why_not_raised: str
    risen: int
    pending: Decimal
    fall: int

    @property
    def reserved(self) -> int:
        """The pieces that open draft orders keep off it."""
        return self.look.reserved


def target_of(facts: LevelFacts, rules: LevelRules) -> LevelTarget:
    """Return where a level should go and whether it may rise.

    What is missing stays off the level until the doubt about it is over: KORONA's figure may fall meanwhile, and does
    not make up for a piece that is sold already.
    """
    facts = with_listed_late(facts, rules.settle)
    pending = sum((pending_pieces(line, facts.seen_at - facts.lead) for line in facts.sold_as_article), Decimal(0))
    fall, risen = moved(facts)
    reserved = still_reserved(facts)
    for_sale = target_level(facts.actual, pending, reserved, rules.buffer)
    doubt = doubt_now(facts, fall, risen, for_sale, rules.settle)
    why_not = why_not_raised(facts, fall, doubt is not None and not is_over(doubt, facts, rules.settle))
    if doubt is not None and is_over(doubt, facts, rules.settle):
        reserved, doubt = after_doubt(doubt, facts, reserved)
    missing = max(0, doubt.missing) if doubt else 0
    level = target_level(facts.actual, pending, missing + reserved, rules.buffer)
    if level < facts.available:
        fall = missing
    else:
        level = target_level(facts.actual, pending, fall + reserved, rules.buffer)
    by_sales = facts.available
    if facts.actual_before is not None:
        by_sales = min(by_sales, target_level(facts.actual_before, pending, fall + reserved, rules.buffer))
    in_drafts = facts.drafted.held if facts.drafted else None
    look = Look(
        facts.available, facts.seen_at, reserved, in_drafts, put_back_of_late(facts, facts.seen_at, rules.settle)
    )
    return LevelTarget(level, by_sales, look, doubt, why_not, risen, pending, fall)


def moved(facts: LevelFacts) -> tuple[int, int]:
    """Return the pieces by which a level fell and rose since the last look, as far as nothing known explains it."""
    look = facts.look
    if look is None:
        return 0, 0
    expected = expected_level(look.pieces, look.at, facts.seen_at, facts.sold_as_variant) + perhaps_let_go(facts, look)
    fall = unexplained_fall(expected - just_sold(look.at, facts.seen_at, facts.sold_as_variant), facts.available)
    return fall, max(0, facts.available - expected)


def with_listed_late(facts: LevelFacts, settle: timedelta) -> LevelFacts:
    """Return the facts with a last look that contains what came back before it and was not listed then.

    Where it does not, as much had left the level that nobody knows of.
    """
    look = facts.look
    if look is None:
        return facts
    late = max(0, put_back_of_late(facts, look.at, settle) - look.put_back)
    return replace(facts, look=replace(look, pieces=look.pieces + late))


def put_back_of_late(facts: LevelFacts, moment: datetime, settle: timedelta) -> int:
    """Return the pieces that came back to a level so shortly before a moment that it need not have been listed then."""
    back = (each for line in facts.sold_as_variant for each in line.put_back if each.here)
    return sum(each.pieces for each in back if moment - settle <= each.at < moment - CLOCK_GRAIN)


def still_reserved(facts: LevelFacts) -> int:
    """Return the pieces known to be reserved that draft orders still hold, as far as anybody asked."""
    reserved = facts.look.reserved if facts.look else 0
    return reserved if facts.drafted is None else min(reserved, facts.drafted.held)


def doubt_now(facts: LevelFacts, fall: int, risen: int, for_sale: int, settle: timedelta) -> Doubt | None:
    """Return the doubt about a level after this look, None where there is none; KORONA leaves `for_sale` pieces.

    A first look is a doubt too: what the level was before nobody knows, and what is missing may be sold or reserved. A
    rise is one where draft orders hold pieces: they may have let go of them, or a cancellation is not listed yet.
    """
    look, before = facts.look, facts.doubt
    was_missing = max(0, before.missing) if before else 0
    is_new = look is None or fall > 0 or (risen > 0 and look.reserved + was_missing > 0)
    if before is not None and before.missing > 0 and look is not None and facts.drafted is not None:
        # One that let go of it before anybody asked may have made up for an order not listed yet; at a first look not.
        fell = before.sure is not None and before.sure.at != look.at - settle
        is_new |= fell and look.in_drafts is None
    if not is_new and before is None:
        return None
    at = facts.seen_at if is_new or before is None else before.at
    sure = before.sure if before else look
    if look is None or sure is None:
        missing = max(was_missing + fall, for_sale - facts.available)
        there = before_now(facts, facts.available + missing, settle)
        # KORONA's figure may contain a receipt that counts as missing from it.
        is_moving = is_young(facts) or any(line.in_flight for line in facts.sold_as_article)
        return Doubt(at, missing, None if is_moving else there)
    # A rise makes up for nothing that is missing: it may be somebody's hand, or a cancellation not listed yet.
    unbelieved = max(0, risen - look.reserved) if was_missing else 0
    sure = replace(sure, pieces=sure.pieces + let_go(facts, sure.at) + unbelieved)
    expected = expected_level(sure.pieces, sure.at, facts.seen_at, facts.sold_as_variant)
    expected -= just_sold(sure.at, facts.seen_at, facts.sold_as_variant)
    return Doubt(at, max(-still_reserved(facts), expected - facts.available), sure)


def before_now(facts: LevelFacts, pieces: int, settle: timedelta) -> Look:
    """Return the look that would make a level be so many pieces now, as of before any order that may not be listed."""
    since = facts.seen_at - settle
    return Look(pieces - expected_level(0, since, facts.seen_at, facts.sold_as_variant), since)


def is_over(doubt: Doubt, facts: LevelFacts, settle: timedelta) -> bool:
    """Tell whether every order of the time of a doubt is listed by now, and draft orders were asked for."""
    if facts.drafted is None or facts.why_not_complete or (facts.drafted.held and is_young(facts)):
        return False
    return doubt.at + settle <= facts.seen_at


def after_doubt(doubt: Doubt, facts: LevelFacts, reserved: int) -> tuple[int, Doubt | None]:
    """Return the pieces that are reserved when a doubt is over, and the doubt that is left.

    Shopify does not tell whether a draft order reserves its pieces: that they are missing says so. Where nobody knows
    exactly what is missing, they are looked for again as long as draft orders hold any.
    """
    held = facts.drafted.held if facts.drafted else 0
    reserved = max(0, min(held, reserved + doubt.missing))
    return reserved, replace(doubt, missing=0) if doubt.sure is None and held else None


def is_young(facts: LevelFacts) -> bool:
    """Tell whether an order or what came back of it is so young that the level may be older."""
    young = facts.seen_at - CLOCK_GRAIN
    lines = (*facts.sold_as_article, *facts.sold_as_variant)
    return any(line.sold_at >= young or any(each.at >= young for each in line.put_back) for line in lines)


def perhaps_let_go(facts: LevelFacts, look: Look) -> int:
    """Return the pieces that draft orders may have let go of since a look: deleted they put them back on sale.

    Completed, too, as far as the fall of their order counts since then: it took what was off sale already. Not counted
    they would hide the fall of an order that is not listed yet.
    """
    if facts.drafted is None or look.in_drafts is None:
        return 0
    fewer = look.in_drafts - facts.drafted.held - facts.drafted.moved_by(look.at + CLOCK_GRAIN)
    off_sale = look.reserved + max(0, facts.doubt.missing if facts.doubt else 0)
    return max(0, min(off_sale, fewer))


def let_go(facts: LevelFacts, since: datetime) -> int:
    """Return the pieces known to be reserved that draft orders have surely let go of since a time."""
    reserved = facts.look.reserved if facts.look else 0
    if facts.drafted is None:
        return 0
    return max(0, reserved - facts.drafted.held - facts.drafted.moved_by(since + CLOCK_GRAIN))


def target_level(actual: Decimal, pending: Decimal, fall: int, buffer: int) -> int:
    """Return the level that KORONA's stock leaves for sale, fractions rounded down.

    The buffer alone never pushes a level below 0, but what is oversold is written as it is: only so does a later
    cancellation come out right.
    """
    free = int((actual.to_integral_value(ROUND_FLOOR) - pending).to_integral_value(ROUND_FLOOR)) - fall
    return min(free, max(0, free - buffer))


TOO_SOON = "an order may not be listed yet"
"""Why a level may not rise where time alone decides."""


def why_not_raised(facts: LevelFacts, fall: int, is_doubted: bool) -> str:
    """Say why a level may not rise: raising on a doubtful figure is what sells a piece twice."""
    if facts.why_not_complete:
        return facts.why_not_complete
    if facts.look is None:
        return "this is the first look at it"
    if fall:
        return f"{fall} left the shelf that no listed order explains yet"
    return TOO_SOON if is_doubted else ""
