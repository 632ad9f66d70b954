"""When a receipt is surely in KORONA's stock: pure. Its POST is answered before its pieces need have left the stock."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from korsync.records.bookings import Booking, KnownOrder
from korsync.records.catalogue import Article
from korsync.records.receipts import Receipt
from korsync.records.seen import WarehouseStock
from korsync.records.stock_rows import StockMark
from korsync.rules.asked_once import asked_once
from korsync.rules.takes import with_parts

PATIENCE = timedelta(days=1)
"""After so long a receipt counts as settled although no stock row of its articles has changed: a person is told."""


@asked_once
def row_revisions(stocks: Mapping[str, WarehouseStock]) -> dict[str, int]:
    """Return the highest revision of each article's stock rows as last seen."""
    revisions: dict[str, int] = {}
    for stock in stocks.values():
        for article_id, row in stock.rows.items():
            revisions[article_id] = max(row.revision, revisions.get(article_id, 0))
    return revisions


def marks_of(receipt: Receipt, articles: Mapping[str, Article], rows: Mapping[str, int]) -> tuple[StockMark, ...]:
    """Return the stock rows that must change when a receipt is booked, as they are now.

    What KORONA does not count, or gives no revision, has no row to wait for; of a bundle the parts have.
    """
    taken = (part for line in receipt.lines for part in with_parts(line.article_id, articles))
    counted = (each for each in taken if rows.get(each) and each in articles and articles[each].track_inventory)
    return tuple(StockMark(each, rows[each]) for each in dict.fromkeys(counted) if not articles[each].parts)


def is_in_stock(
    booking: Booking, now: datetime, settle: timedelta, rows: Mapping[str, int], article_id: str | None = None
) -> bool:
    """Tell whether KORONA's stock surely contains a receipt: by time, and by a change of the stock row.

    Of one article or, without `article_id`, of all of them. `now` is KORONA's time, `rows` are the revisions now. A row
    that changed proves nothing by itself: it may have been a till sale.
    """
    if not booking.is_settled(now, settle):
        return False
    return _is_overdue(booking, now) or not any(
        article_id in (None, each.article_id) for each in _unchanged(booking, rows)
    )


def never_seen(
    orders: Iterable[KnownOrder], now: datetime, rows: Mapping[str, int]
) -> Iterator[tuple[KnownOrder, Booking, str]]:
    """Yield the receipts, with the article, that count as settled for their age alone."""
    for order in orders:
        for booking in order.sales:
            if booking.is_booked and _is_overdue(booking, now):
                yield from ((order, booking, each.article_id) for each in _unchanged(booking, rows))


def followed(
    orders: Iterable[KnownOrder], before: Mapping[str, int], rows: Mapping[str, int]
) -> Iterator[tuple[KnownOrder, Booking]]:
    """Yield the receipts all of whose stock rows have changed by now, and had not yet by the revisions `before`."""
    for order in orders:
        for booking in order.sales:
            if booking.confirmed_at and _unchanged(booking, before) and not _unchanged(booking, rows):
                yield order, booking


def _is_overdue(booking: Booking, now: datetime) -> bool:
    return booking.confirmed_at is not None and booking.confirmed_at + PATIENCE <= now


def _unchanged(booking: Booking, rows: Mapping[str, int]) -> list[StockMark]:
    return [each for each in booking.stock_rows if rows.get(each.article_id) == each.revision]
