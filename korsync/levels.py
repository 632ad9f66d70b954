"""Where one Shopify level should go, and whether it may rise: pure, the rules against selling the last piece twice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from korsync.cache import Look
from korsync.pending import Sale, expected_level, pending_pieces, unexplained_fall


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known of one level: Shopify's figure as of `seen_at`, KORONA's stock, orders, last look and doubt.

    `believed` is KORONA's stock as it was before this run; `sold_as_article` are the orders that take the article from
    KORONA's stock (also inside bundles), `sold_as_variant` those that lower this very level.
    """

    available: int
    seen_at: datetime
    actual: Decimal
    believed: Decimal | None
    sold_as_article: Iterable[Sale]
    sold_as_variant: Iterable[Sale]
    look: Look | None
    doubted_at: datetime | None
    complete: bool


@dataclass(frozen=True, slots=True)
class LevelRules:
    """Pieces kept back, and how long either side may take until what it accepted shows."""

    buffer: int
    settle: timedelta


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a level should go, where sold pieces alone would take it, and why it may not rise (empty: it may).

    `doubted_at` is the last time that nobody could tell whether an order not listed yet is in the level, as long as
    that is no longer ago than either side may take to show it.
    """

    target: int
    by_sales: int
    doubted_at: datetime | None
    held_down: str


def appraise(situation: Situation, rules: LevelRules) -> Finding:
    """Return where a level should go and whether it may rise."""
    seen_at, look = situation.seen_at, situation.look
    pending = sum((pending_pieces(sale, seen_at, rules.settle) for sale in situation.sold_as_article), start=Decimal(0))
    fall = 0
    if look is not None:
        expected = expected_level(look.pieces, look.at, seen_at, situation.sold_as_variant)
        fall = unexplained_fall(expected, situation.available)
    target = target_level(situation.actual, pending, fall, rules.buffer)
    by_sales = situation.available
    if situation.believed is not None:
        by_sales = min(by_sales, target_level(situation.believed, pending, fall, rules.buffer))
    doubted_at = last_doubt(situation, fall, rules.settle)
    return Finding(target, by_sales, doubted_at, held_down(situation, fall, doubted_at))


def last_doubt(situation: Situation, fall: int, settle: timedelta) -> datetime | None:
    """Return the last doubt about a level, None where it is so old that every order of then is listed by now.

    A first look is a doubt too: nobody knows what the level was before, and a fall would pass unnoticed.
    """
    if situation.look is None or fall:
        return situation.seen_at
    doubted_at = situation.doubted_at
    return doubted_at if doubted_at is not None and doubted_at + settle > situation.seen_at else None


def target_level(actual: Decimal, pending: Decimal, fall: int, buffer: int) -> int:
    """Return the level that KORONA's stock leaves for sale, fractions rounded down.

    The buffer alone never pushes a level below 0, but what is oversold is written as it is: only so does a later
    cancellation come out right.
    """
    free = int((actual.to_integral_value(ROUND_FLOOR) - pending).to_integral_value(ROUND_FLOOR)) - fall
    return min(free, max(0, free - buffer))


def held_down(situation: Situation, fall: int, doubted_at: datetime | None) -> str:
    """Say why a level may not rise: raising on a doubtful figure is what sells a piece twice."""
    if not situation.complete:
        return "Shopify's orders could not be read completely"
    if situation.look is None:
        return "this is the first look at it"
    if fall:
        return f"{fall} left the shelf that no listed order explains yet"
    return "the last doubt about it is too fresh" if doubted_at is not None else ""
