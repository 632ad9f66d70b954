"""Looks up which receipts KORONA holds of orders: one by one, or of many at once in the point of sale's own list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from korsync.cache import ReceiptMark
from korsync.pipelines.base import Knowledge
from korsync.pipelines.sides import Sides
from korsync.sales import BookedReceipt
from korsync.state import KnownOrder

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
    sides: Sides, knowledge: Knowledge, point_of_sale_id: str, orders: Sequence[KnownOrder]
) -> tuple[Knowledge, dict[int, LookUp]]:
    """Return what KORONA holds of these orders, by order id."""
    singly, together, since = _ways(orders, knowledge.cache.receipts)
    found: dict[int, LookUp] = {}
    seen: list[BookedReceipt] = []
    for order in singly:
        receipts = sides.korona.receipts_by_order_number(point_of_sale_id, _number(order))
        found[order.id] = LookUp(receipts, sides.korona.now)
        seen += receipts
    if not together:
        return _marked(sides, knowledge, seen), found
    # What is booked while the list is read may be missing in it: it shows KORONA as it was before.
    at = sides.korona.now
    knowledge, listed = _receipts_from(sides, knowledge, point_of_sale_id, since)
    by_number: dict[str | None, list[BookedReceipt]] = {}
    for receipt in listed:
        by_number.setdefault(receipt.order_number, []).append(receipt)
    found |= {order.id: LookUp(tuple(by_number.get(_number(order), ())), at) for order in together}
    return _marked(sides, knowledge, [*seen, *listed]), found


def all_receipts(
    sides: Sides, knowledge: Knowledge, point_of_sale_id: str
) -> tuple[Knowledge, tuple[BookedReceipt, ...]]:
    """Return every receipt of the point of sale, and remember where its list ends."""
    receipts, _ = sides.korona.receipts_since(point_of_sale_id, 0)
    mark = ReceiptMark(max((each.revision for each in receipts), default=0), sides.korona.now)
    return replace(knowledge, cache=replace(knowledge.cache, receipts=mark)), tuple(receipts)


def _ways(
    orders: Sequence[KnownOrder], mark: ReceiptMark | None
) -> tuple[Sequence[KnownOrder], Sequence[KnownOrder], int]:
    """Split orders into those looked up one by one and those sought in the list, and say from where it is read.

    At least one is looked up by itself: before the list is read KORONA's time must be known.
    """
    if len(orders) <= MOST_SINGLY:
        return orders, (), 0
    recent = [order for order in orders if mark is not None and order.created_at > mark.at + CLOCKS_APART]
    older = [order for order in orders if order not in recent]
    if mark is None or len(older) > MOST_SINGLY:
        return orders[:1], orders[1:], 0
    if len(recent) <= MOST_SINGLY:
        return orders, (), 0
    singly = older or recent[:1]
    return singly, [order for order in recent if order not in singly], mark.revision


def _receipts_from(
    sides: Sides, knowledge: Knowledge, point_of_sale_id: str, revision: int
) -> tuple[Knowledge, Sequence[BookedReceipt]]:
    """Return the receipts from a revision on.

    The receipt that had the revision must come again: where it does not, revisions were set back, as by a restored
    account, and what was booked since may have lower ones.
    """
    if revision > 0:
        receipts, highest = sides.korona.receipts_since(point_of_sale_id, revision - 1)
        if highest >= revision:
            return knowledge, receipts
    return all_receipts(sides, knowledge, point_of_sale_id)


def _marked(sides: Sides, knowledge: Knowledge, seen: Sequence[BookedReceipt]) -> Knowledge:
    """Remember the highest revision seen: whatever is booked from now on has a higher one."""
    mark = knowledge.cache.receipts
    highest = max((each.revision for each in seen), default=0)
    if highest <= (mark.revision if mark else 0):
        return knowledge
    return replace(knowledge, cache=replace(knowledge.cache, receipts=ReceiptMark(highest, sides.korona.now)))


def _number(order: KnownOrder) -> str:
    return order.name.removeprefix("#")
