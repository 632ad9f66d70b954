"""Looks up which receipts KORONA holds of orders: one by one, or of many at once in the point of sale's own list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from korsync.errors import Rejected
from korsync.pipelines.base import Reading, Sides
from korsync.records.bookings import QUIET, KnownOrder
from korsync.records.memory import ReceiptMark
from korsync.records.receipts import BookedReceipt

MOST_SINGLY = 10
"""Up to so many orders are looked up by a request each; for more the list of all receipts since a revision is read."""

CLOCKS_APART = timedelta(hours=1)
"""By so much the clocks of both sides may differ: no receipt is older than its order by more than that."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """The receipts that KORONA showed under an order's number, and KORONA's time when it had shown no others."""

    receipts: tuple[BookedReceipt, ...]
    at: datetime


def look_up(
    sides: Sides, reading: Reading, point_of_sale_id: str, orders: Sequence[KnownOrder]
) -> tuple[Reading, dict[int, LookUp]]:
    """Return what KORONA holds of these orders, by order id."""
    singly, together, since = _ways(orders, reading.memory.cache.receipts)
    found: dict[int, LookUp] = {}
    seen: list[BookedReceipt] = []
    for order in singly:
        try:
            receipts = _receipts_of(sides, point_of_sale_id, order)
        except Rejected:
            # KORONA does not take this order number: it is sought among all receipts instead.
            together, since = [*together, order], 0
            continue
        found[order.id] = LookUp(receipts, sides.korona.now)
        seen += receipts
    if not together:
        return _marked(sides, reading, seen), found
    # What is booked while the list is read may be missing in it: it shows KORONA as it was before.
    at = sides.korona.now
    reading, listed = _receipts_from(sides, reading, point_of_sale_id, since)
    of_order: dict[int | None, list[BookedReceipt]] = {}
    for receipt in listed:
        of_order.setdefault(receipt.order_id, []).append(receipt)
    found |= {order.id: LookUp(tuple(of_order.get(order.id, ())), at) for order in together}
    return _marked(sides, reading, [*seen, *listed]), found


def all_receipts(sides: Sides, reading: Reading, point_of_sale_id: str) -> tuple[Reading, tuple[BookedReceipt, ...]]:
    """Return every receipt of the point of sale, and remember where its list ends."""
    receipts, _ = sides.korona.receipts_since(point_of_sale_id, 0)
    mark = ReceiptMark(max((each.revision for each in receipts), default=0), sides.korona.now)
    return reading.with_memory(reading.memory.with_cache(receipts=mark)), tuple(receipts)


def _ways(
    orders: Sequence[KnownOrder], mark: ReceiptMark | None
) -> tuple[Sequence[KnownOrder], Sequence[KnownOrder], int]:
    """Split orders into those looked up one by one and those sought in the list, and say from where it is read.

    At least one is looked up by itself: before the list is read KORONA's time must be known.
    """
    if len(orders) <= MOST_SINGLY:
        return orders, (), 0
    recent = [order for order in orders if mark is not None and order.created_at > mark.at + CLOCKS_APART]
    of_late = {order.id for order in recent}
    older = [order for order in orders if order.id not in of_late]
    if mark is None or len(older) > MOST_SINGLY:
        return orders[:1], orders[1:], 0
    if len(recent) <= MOST_SINGLY:
        return orders, (), 0
    return older or recent[:1], recent if older else recent[1:], mark.revision


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


def _marked(sides: Sides, reading: Reading, seen: Sequence[BookedReceipt]) -> Reading:
    """Remember the highest revision seen: whatever is booked from now on has a higher one."""
    mark = reading.memory.cache.receipts
    highest = max((each.revision for each in seen), default=0)
    if highest <= (mark.revision if mark else 0):
        return reading
    return reading.with_memory(reading.memory.with_cache(receipts=ReceiptMark(highest, sides.korona.now)))


def _receipts_of(sides: Sides, point_of_sale_id: str, order: KnownOrder) -> tuple[BookedReceipt, ...]:
    """Ask for the receipts of an order, by the number under which they were sent: an order may be renamed since.

    Where nothing is known of a sale although it would have been forgotten by now, its time finds it, which no renaming
    changes.
    """
    number = order.sale.order_number if order.sale is not None else ""
    korona = sides.korona
    receipts = korona.receipts_by_order_number(point_of_sale_id, number or order.name.removeprefix("#"))
    mine = tuple(each for each in receipts if each.order_id == order.id)
    if not mine and order.sale is None and order.created_at < korona.now - QUIET:
        at_its_time = korona.receipts_booked_at(point_of_sale_id, order.created_at)
        mine = tuple(each for each in at_its_time if each.order_id == order.id)
    return mine
