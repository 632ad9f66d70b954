"""Where one Shopify level should go, and whether it may rise: pure, the rules against selling the last piece twice.

Shopify lowers its level the moment an order is placed; KORONA knows of it only after the receipt is booked. Writing
KORONA's figure over Shopify's in between would sell the piece twice. P are pieces sold that KORONA's stock does not
contain yet, U falls of a level that no known order explains.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from korsync.records.bookings import KnownLine, KnownOrder
from korsync.records.memory import Look
from korsync.rules.bookings import is_begun, is_booked, is_settled, may_stand_in_korona, return_of

CLOCK_GRAIN = timedelta(seconds=5)
"""Shopify's times have whole seconds and come from several machines: closer than this, before and after are unsure."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """Pieces of a sale that were put back, when; `sent` where a negative receipt may stand in KORONA already."""

    pieces: int
    at: datetime
    here: bool
    sent: bool


@dataclass(frozen=True, slots=True)
class Sale:
    """The pieces of one order line, as far as they matter to stock; `settled` are those surely in KORONA's stock.

    `each` is how many pieces of the article leave with one sold: 1, or a part's quantity in a bundle. `from_here` tells
    whether the receipt takes them from this very article.
    """

    sold: int
    sold_at: datetime
    cancelled_at: datetime | None
    booking_begun: bool
    settled: int
    put_back: tuple[PutBack, ...] = ()
    each: Decimal = Decimal(1)
    from_here: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """An article that an order line takes from the shelf, and how many pieces of it with one sold.

    `named` tells whether the line's own SKU names it, so that the receipt takes it from this article's stock.
    """

    article_id: str
    each: Decimal
    named: bool = True


def pending_pieces(sale: Sale, seen_at: datetime, settle: timedelta) -> Decimal:
    """Return how many pieces of a sale KORONA's stock does not contain, as of a level read at `seen_at` (P).

    Negative where pieces are back on Shopify's shelf whose return KORONA has not been told.
    """
    if is_cancelled_for_good(sale, seen_at, settle):
        return Decimal(0)
    back = sum(each.pieces for each in sale.put_back if is_back(each, seen_at))
    # What is not in KORONA yet cannot come back out of it: only a settled sale may fall below zero, and only for the
    # article whose stock the receipt has lowered.
    lowest = -back if sale.settled and sale.from_here else 0
    return max(sale.sold - sale.settled - back, lowest) * sale.each


def is_back(put_back: PutBack, seen_at: datetime) -> bool:
    """Tell whether pieces put back are already in the level that was read at `seen_at`, and only there.

    Within the grain of the clock they may be in the order list but not in the level. Put back elsewhere they never
    raised it. Once their negative receipt is sent they count through KORONA's own figure, whenever that rises.
    """
    return put_back.here and not put_back.sent and put_back.at < seen_at - CLOCK_GRAIN


def is_cancelled_for_good(sale: Sale, seen_at: datetime, settle: timedelta) -> bool:
    """Tell whether an order was cancelled before any booking began, so that it never reaches KORONA.

    Shopify cancels in the background: the pieces may go back some time after the cancellation shows, so one without
    a restock counts as sold until `settle` has passed.
    """
    return sale.cancelled_at is not None and not sale.booking_begun and sale.cancelled_at + settle <= seen_at


def unexplained_fall(expected: int, available: int) -> int:
    """Return the pieces by which a level is below what the last look and the known orders explain.

    They are taken for an order that Shopify does not list yet (U).
    """
    return max(0, expected - available)


def expected_level(pieces: int, looked_at: datetime, seen_at: datetime, sales: Iterable[Sale]) -> int:
    """Return what a level should be at `seen_at` if nothing happened since the last look but the known orders.

    Where a time could lie on either side, the reading with the higher level is taken: it finds a fall rather than
    hiding one.
    """
    level = pieces
    for sale in sales:
        if looked_at + CLOCK_GRAIN < sale.sold_at < seen_at - CLOCK_GRAIN:
            level -= sale.sold
        level += sum(
            each.pieces for each in sale.put_back if each.here and looked_at - CLOCK_GRAIN <= each.at <= seen_at
        )
    return level


@dataclass(frozen=True, slots=True)
class SaleIndex:
    """The sales of all known orders, by KORONA article (bundles as their parts) and by Shopify variant."""

    by_article: Mapping[str, tuple[Sale, ...]]
    by_variant: Mapping[int, tuple[Sale, ...]]


def index_sales(
    orders: Iterable[KnownOrder],
    articles_of: Callable[[KnownLine], Iterable[Taken]],
    location_id: int,
    korona_now: datetime,
    settle: timedelta,
) -> SaleIndex:
    """Sort the lines of all known orders by what they take from the shelf.

    `articles_of` names the articles of a line and how many pieces of each leave with one sold. Test orders take
    nothing, ignored ones only what is booked and may not be in KORONA's stock yet.
    """
    by_article: dict[str, list[Sale]] = {}
    by_variant: dict[int, list[Sale]] = {}
    for order in orders:
        if order.test or (order.before_start and order.fulfilled):
            continue
        for line in order.lines:
            sale = _sale(order, line, location_id, korona_now, settle)
            if order.ignored:
                sale = _still_to_arrive(order, line, sale)
            if line.variant_id is not None:
                by_variant.setdefault(line.variant_id, []).append(sale)
            for taken in articles_of(line):
                of_article = replace(sale, each=taken.each, from_here=taken.named)
                by_article.setdefault(taken.article_id, []).append(of_article)
    return SaleIndex(
        {article_id: tuple(sales) for article_id, sales in by_article.items()},
        {variant_id: tuple(sales) for variant_id, sales in by_variant.items()},
    )


def _sale(order: KnownOrder, line: KnownLine, location_id: int, korona_now: datetime, settle: timedelta) -> Sale:
    settled = _posted(order, line) if is_settled(order.sale, korona_now, settle) else 0
    settled += sum(each.quantity for each in order.booked_by_hand if each.line_id == line.id)
    put_back = tuple(
        PutBack(each.quantity, each.at, each.location_id in (None, location_id), _may_be_sent(order, each.refund_id))
        for each in order.restocks
        if each.line_id == line.id
    )
    return Sale(line.quantity, order.created_at, order.cancelled_at, is_begun(order), settled, put_back)


def _posted(order: KnownOrder, line: KnownLine) -> int:
    return sum(each.quantity for each in order.sale.pieces if each.line_id == line.id) if order.sale else 0


def _still_to_arrive(order: KnownOrder, line: KnownLine, sale: Sale) -> Sale:
    """Return what an ignored order takes: a person has settled it by hand, but for what korsync itself booked."""
    booked = _posted(order, line) if is_booked(order.sale) else 0
    return replace(sale, sold=booked, cancelled_at=None, put_back=())


def _may_be_sent(order: KnownOrder, refund_id: int) -> bool:
    if refund_id in order.ignored_refunds:
        # A person settles it in KORONA by hand, so KORONA's figure has it or will have it.
        return True
    return may_stand_in_korona(return_of(order, refund_id))


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
