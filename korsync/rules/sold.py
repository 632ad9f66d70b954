"""Pieces sold that KORONA's stock does not contain yet (P), from what is known of orders and their receipts: pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from korsync.records.bookings import Booking, KnownLine, KnownOrder
from korsync.rules.matching import Assortment
from korsync.rules.settling import is_in_stock
from korsync.rules.takes import taken_by

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
class SoldLine:
    """The pieces of one order line, as far as they matter to stock; `settled` are those surely in KORONA's stock.

    `per_piece` is how many pieces of the article leave with one sold: 1, or a part's quantity in a bundle. `from_here`
    tells whether the receipt takes them from this very article. `in_flight`: KORONA's stock may contain a receipt of
    them that is not surely in it.
    """

    sold: int
    sold_at: datetime
    settled: int
    put_back: tuple[PutBack, ...] = ()
    per_piece: Decimal = Decimal(1)
    from_here: bool = True
    in_flight: bool = False


def pending_pieces(line: SoldLine, seen_at: datetime) -> Decimal:
    """Return how many pieces of a line KORONA's stock does not contain, as of a level read at `seen_at` (P).

    Negative where pieces are back on Shopify's shelf whose return KORONA has not been told. A cancellation alone
    brings nothing back: what was not put back has left the shelf.
    """
    back = sum(each.pieces for each in line.put_back if is_back(each, seen_at))
    # What is not in KORONA yet cannot come back out of it: only a settled line may fall below zero, and only for the
    # article whose stock the receipt has lowered.
    lowest = -back if line.settled and line.from_here else 0
    return max(line.sold - line.settled - back, lowest) * line.per_piece


def is_back(put_back: PutBack, seen_at: datetime) -> bool:
    """Tell whether pieces put back are already in the level that was read at `seen_at`, and only there.

    Within the grain of the clock they may be in the order list but not in the level. Put back elsewhere they never
    raised it. Once their negative receipt is sent they count through KORONA's own figure, whenever that rises.
    """
    return put_back.here and not put_back.sent and put_back.at < seen_at - CLOCK_GRAIN


@dataclass(frozen=True, slots=True)
class SoldIndex:
    """The lines of all known orders, by KORONA article (bundles as their parts) and by Shopify variant."""

    by_article: Mapping[str, tuple[SoldLine, ...]]
    by_variant: Mapping[int, tuple[SoldLine, ...]]


def index_sold(
    orders: Iterable[KnownOrder],
    assortment: Assortment,
    location_id: int,
    korona_now: datetime,
    settle: timedelta,
    rows: Mapping[str, int],
) -> SoldIndex:
    """Sort the lines of all known orders by what they take from the shelf; `rows` are KORONA's stock rows' revisions.

    Test orders take nothing, ignored ones only what is booked and may not be in KORONA's stock yet.
    """
    by_article: dict[str, list[SoldLine]] = {}
    by_variant: dict[int, list[SoldLine]] = {}
    for order in orders:
        if not order.takes_stock:
            continue
        for known in order.lines:
            line = _sold_line(order, known, location_id)
            if order.ignored:
                line = _still_to_arrive(order, known, line)
            if known.variant_id is not None:
                by_variant.setdefault(known.variant_id, []).append(line)
            for taken in taken_by(known, assortment):
                of_article = replace(line, per_piece=taken.per_piece, from_here=taken.named)
                is_in = partial(is_in_stock, now=korona_now, settle=settle, rows=rows, article_id=taken.article_id)
                by_article.setdefault(taken.article_id, []).append(_with_settled(of_article, order, known, is_in))
    return SoldIndex(
        {article_id: tuple(lines) for article_id, lines in by_article.items()},
        {variant_id: tuple(lines) for variant_id, lines in by_variant.items()},
    )


def _sold_line(order: KnownOrder, line: KnownLine, location_id: int) -> SoldLine:
    put_back = tuple(
        PutBack(each.quantity, each.at, each.location_id in (None, location_id), _may_be_sent(order, each.refund_id))
        for each in order.restocks
        if each.line_id == line.id
    )
    sold = line.quantity - sum(each.quantity for each in order.gone_before if each.line_id == line.id)
    return SoldLine(sold, order.created_at, 0, put_back)


def _with_settled(line: SoldLine, order: KnownOrder, known: KnownLine, is_in: Callable[[Booking], bool]) -> SoldLine:
    """Return a line with the pieces that are surely in an article's stock, and whether others may be."""
    settled = _posted(known, (each for each in order.sales if is_in(each)))
    settled += sum(each.quantity for each in order.booked_by_hand if each.line_id == known.id)
    in_flight = any(each.may_stand_in_korona and not is_in(each) and _posted(known, [each]) for each in order.bookings)
    return replace(line, settled=settled, in_flight=in_flight)


def _posted(line: KnownLine, bookings: Iterable[Booking]) -> int:
    return sum(each.quantity for booking in bookings for each in booking.pieces if each.line_id == line.id)


def _still_to_arrive(order: KnownOrder, known: KnownLine, line: SoldLine) -> SoldLine:
    """Return what an ignored order takes: a person has settled it by hand, but for what korsync itself booked."""
    return replace(line, sold=_posted(known, (each for each in order.sales if each.is_booked)), put_back=())


def _may_be_sent(order: KnownOrder, refund_id: int) -> bool:
    if refund_id in order.ignored_refunds or refund_id in order.held_refunds:
        # A person settles it in KORONA by hand, so KORONA's figure has it or will have it.
        return True
    booking = order.return_of(refund_id)
    return booking is not None and booking.may_stand_in_korona
