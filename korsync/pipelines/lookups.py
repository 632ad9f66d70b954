"""Looks up what orders need: the receipts that KORONA holds of them, and the articles and payments of new ones.

Receipts are looked up one by one, or those of many orders at once in the point of sale's own list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from korsync.errors import Rejected, Unavailable
from korsync.pipelines.base import LATE_REVISIONS, MOST_UNSURE, Reading, Sides
from korsync.records.bookings import QUIET, Booking, BookingStatus, KnownOrder
from korsync.records.catalogue import Article
from korsync.records.orders import Order, Transaction
from korsync.records.receipts import BookedReceipt
from korsync.records.seen import ReceiptMark
from korsync.rules.matching import Assortment, assortment
from korsync.rules.read_back import is_about

MOST_SINGLY = 10
"""Up to so many orders are looked up by a request each; for more the list of all receipts since a mark is read."""

CLOCKS_APART = timedelta(hours=1)
"""By so much the clocks of both sides may differ: no receipt is older than its order by more than that."""

BETWEEN_MARKS = timedelta(hours=1)

MARKS_KEPT = 100


@dataclass(frozen=True, slots=True)
class LookUp:
    """The receipts that KORONA showed of an order, and KORONA's time when it had shown no others."""

    receipts: tuple[BookedReceipt, ...]
    at: datetime


def look_up(
    sides: Sides, reading: Reading, point_of_sale_id: str, orders: Sequence[KnownOrder]
) -> tuple[Reading, dict[int, LookUp]]:
    """Return what KORONA holds of these orders, by order id."""
    if not orders:
        return reading, {}
    singly, together, since = _ways(orders, reading.memory.cache.receipt_marks)
    found: dict[int, LookUp] = {}
    seen: list[BookedReceipt] = []
    for order in singly:
        try:
            receipts = _receipts_of(sides, point_of_sale_id, order)
        except Rejected:
            # KORONA does not take this order number: it is sought among all receipts instead.
            together, since = [*together, order], 0
            continue
        found[order.id] = LookUp(receipts, sides.korona_now)
        seen += receipts
    if together:
        # What is booked while the list is read may be missing in it: it shows KORONA as it was before.
        at = sides.korona_now
        reading, listed = _receipts_from(sides, reading, point_of_sale_id, since)
        found |= {order.id: LookUp(_about(order, listed), at) for order in together}
        seen += listed
    found |= {order.id: _again(sides, point_of_sale_id, order, found[order.id]) for order in orders}
    marks = with_mark(reading.memory.cache.receipt_marks, seen, sides.korona_now)
    return reading.with_memory(reading.memory.with_cache(receipt_marks=marks)), found


def receipts_posted_since(
    sides: Sides, marks: Sequence[ReceiptMark], point_of_sale_id: str, moment: datetime
) -> Sequence[BookedReceipt]:
    """Return the receipts that KORONA took since a moment of its own time, and some that it took before."""
    revision = next((mark.revision for mark in reversed(marks) if mark.at <= moment), 0)
    return sides.korona.receipts_since(point_of_sale_id, max(0, revision - LATE_REVISIONS))[0]


def all_receipts(sides: Sides, reading: Reading, point_of_sale_id: str) -> tuple[Reading, tuple[BookedReceipt, ...]]:
    """Return every receipt of the point of sale, and remember where its list ends."""
    receipts, _ = sides.korona.receipts_since(point_of_sale_id, 0)
    mark = ReceiptMark(max((each.revision for each in receipts), default=0), sides.korona_now)
    return reading.with_memory(reading.memory.with_cache(receipt_marks=(mark,))), tuple(receipts)


def _ways(
    orders: Sequence[KnownOrder], marks: Sequence[ReceiptMark]
) -> tuple[Sequence[KnownOrder], Sequence[KnownOrder], int]:
    """Split orders into those looked up one by one and those sought in the list, and say from where it is read.

    The list is read from a mark that is older than all of them: what it costs does not grow with what KORONA holds.
    At least one is looked up by itself: before the list is read KORONA's time must be known.
    """
    if len(orders) <= MOST_SINGLY:
        return orders, (), 0
    oldest_first = sorted(orders, key=lambda order: order.created_at)
    singly, together = oldest_first[:1], oldest_first[1:]
    for some in range(1, MOST_SINGLY + 1):
        # A few old ones must not have the list read from far back.
        mark = next((each for each in reversed(marks) if each.at + CLOCKS_APART < oldest_first[some].created_at), None)
        if mark is not None:
            return oldest_first[:some], oldest_first[some:], mark.revision
    return singly, together, 0


def _receipts_from(
    sides: Sides, reading: Reading, point_of_sale_id: str, revision: int
) -> tuple[Reading, Sequence[BookedReceipt]]:
    """Return the receipts from a revision on.

    The receipt that had the revision must come again: where it does not, revisions were set back, as by a restored
    account, and what was booked since may have lower ones.
    """
    if revision > 0:
        receipts, highest = sides.korona.receipts_since(point_of_sale_id, revision - 1)
        if highest >= revision:
            return reading, receipts
    return all_receipts(sides, reading, point_of_sale_id)


def with_mark(
    marks: tuple[ReceiptMark, ...], seen: Sequence[BookedReceipt], korona_now: datetime
) -> tuple[ReceiptMark, ...]:
    """Return the marks with the highest revision seen now: whatever is booked from now on has a higher one.

    One mark an hour is enough, and leaves one that is old enough for orders of a moment ago.
    """
    highest = max((each.revision for each in seen), default=0)
    if not seen or (marks and (highest <= marks[-1].revision or korona_now < marks[-1].at + BETWEEN_MARKS)):
        return marks
    return (*marks, ReceiptMark(highest, korona_now))[-MARKS_KEPT:]


def _receipts_of(sides: Sides, point_of_sale_id: str, order: KnownOrder) -> tuple[BookedReceipt, ...]:
    """Ask for the receipts of an order, by the number under which they were sent: an order may be renamed since.

    Where nothing is known of a sale although it would have been forgotten by now, its time finds it, which no renaming
    changes.
    """
    number = next((each.order_number for each in order.bookings if each.order_number), "")
    korona = sides.korona
    receipts = korona.receipts_by_order_number(point_of_sale_id, number or order.name.removeprefix("#"))
    mine = _about(order, receipts)
    if not mine and order.sale is None and order.created_at < sides.korona_now - QUIET:
        mine = _about(order, korona.receipts_booked_at(point_of_sale_id, order.created_at))
    return mine


def _about(order: KnownOrder, receipts: Iterable[BookedReceipt]) -> tuple[BookedReceipt, ...]:
    return tuple(each for each in receipts if is_about(each, order))


def _again(sides: Sides, point_of_sale_id: str, order: KnownOrder, look: LookUp) -> LookUp:
    """Look a second time, by another way, for receipts that would be sent again otherwise.

    A filter that finds nothing must not have a receipt booked twice. Their time finds them, or else the whole list.
    """
    found = {each.key for each in look.receipts}
    settle = sides.settings.safety.settle
    lost = [each for each in order.bookings if each.key not in found and _would_be_sent_again(each, look.at, settle)]
    receipts = look.receipts
    for booking in lost:
        if booking.receipt is not None:
            receipts += _by_time(sides, point_of_sale_id, order, booking.receipt.booked_at)
    by_id = {each.id: each for each in receipts}
    return replace(look, receipts=tuple(by_id.values()))


def _would_be_sent_again(booking: Booking, now: datetime, settle: timedelta) -> bool:
    return booking.status is BookingStatus.INTENT and booking.may_be_sent_again(now, settle)


def _by_time(sides: Sides, point_of_sale_id: str, order: KnownOrder, moment: datetime) -> tuple[BookedReceipt, ...]:
    try:
        return _about(order, sides.korona.receipts_booked_at(point_of_sale_id, moment))
    except Rejected:
        return _about(order, sides.korona.receipts_since(point_of_sale_id, 0)[0])


class Contents:
    """Reads what receipts are made of; after a few questions without an answer no more are asked in this run."""

    def __init__(self, sides: Sides, reading: Reading) -> None:
        self._sides = sides
        self._cache = reading.memory.cache
        self._asked: dict[str, Article | None] = {}
        self._unread: list[Unavailable] = []

    @property
    def _assortment(self) -> Assortment:
        """Both catalogues: where no order asks for articles they need not even be loaded."""
        return assortment(self._cache.catalogue.articles, self._cache.shop_products.products)

    def transactions_of(self, order: Order) -> tuple[Transaction, ...]:
        """Return the payments of an order where several gateways paid; raise Rejected where it was deleted since."""
        if len(set(order.gateways)) < 2:
            return ()
        self._give_up_where_nothing_answers()
        try:
            return tuple(self._sides.shopify.transactions(order.id))
        except Unavailable as error:
            self._unread.append(error)
            raise

    def articles_of(self, order: Order, *, asks: bool) -> dict[int, str]:
        """Return the article ids of an order's lines; lines without an article are left out.

        Without `asks` only the catalogue is believed.
        """
        found = {}
        for line in order.lines:
            for sku in self._assortment.skus_of(line.sku, line.variant_id):
                article = self._article(sku, asks=asks)
                if article is not None:
                    found[line.id] = article.id
                    break
        return found

    def _article(self, sku: str, *, asks: bool) -> Article | None:
        """Return an article; one that the catalogue does not have is asked for, once however many lines name it."""
        if sku in self._assortment.by_number:
            return self._assortment.by_number[sku]
        if not asks:
            return None
        if sku not in self._asked:
            self._give_up_where_nothing_answers()
            try:
                self._asked[sku] = self._sides.korona.product_by_number(sku)
            except Rejected:
                self._asked[sku] = None
            except Unavailable as error:
                self._unread.append(error)
                raise
        article = self._asked[sku]
        return article if article is not None and article.active else None

    def _give_up_where_nothing_answers(self) -> None:
        if len(self._unread) >= MOST_UNSURE:
            raise self._unread[-1]
