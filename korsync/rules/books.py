"""Whether KORONA holds of each order exactly the receipts it should, and no others: pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from korsync.records.bookings import Booking, KnownOrder, refund_key, sale_key
from korsync.records.differences import Difference, Mending
from korsync.records.orders import Order
from korsync.records.plan import Plan
from korsync.records.receipts import BookedReceipt
from korsync.rules.bookings import names_apart, refund_name
from korsync.rules.compared import BY_FATE, skipped
from korsync.rules.read_back import several
from korsync.rules.returns import returned_pieces
from korsync.rules.taxes import completed

ORDERS, REFUNDS = "orders", "refunds"


@dataclass(frozen=True, slots=True)
class Books:
    """What both sides hold of a while: Shopify's orders, what is known of them, and KORONA's receipts since then.

    `plans` are those of orders and refunds. Orders placed before `start` are never booked.
    """

    since: datetime
    start: datetime
    shop: str
    orders: Mapping[int, Order]
    known: Mapping[int, KnownOrder]
    receipts: Sequence[BookedReceipt]
    plans: Sequence[Plan[Any]]

    @property
    def placed(self) -> list[Order]:
        """The orders placed since then."""
        return [each for each in self.orders.values() if each.created_at >= self.since]


@dataclass(frozen=True, slots=True)
class _Due:
    """A receipt that KORONA should hold exactly once: of which item, with which pieces and total where known."""

    pipeline: str
    name: str
    key: str
    booking: Booking | None
    total: Decimal | None = None


def receipt_differences(books: Books) -> Iterator[Difference]:
    """Return the orders and refunds without receipt, with several, or with another one, and receipts without order."""
    by_key: dict[str, list[BookedReceipt]] = {}
    for receipt in books.receipts:
        if receipt.key is not None and receipt.shop == books.shop:
            by_key.setdefault(receipt.key, []).append(receipt)
    told = set()
    for due in _due(books):
        for difference in _compare(due, by_key.get(due.key, []), books):
            told.add(difference.key)
            yield difference
    for plan in books.plans:
        yield from skipped(plan, told)
    yield from _without_order(books)


def _due(books: Books) -> Iterator[_Due]:
    """Return the receipts that KORONA should hold of what was sold and given back since then, and of what is open."""
    names = names_apart(books.known.values())
    for order in books.placed:
        known = books.known.get(order.id)
        if known is None and not (order.test or order.cancelled_at is not None or order.placed_at < books.start):
            yield _Due(ORDERS, order.name, sale_key(order.id), None, order.total_price)
    for known in books.known.values():
        name, shown = names[known.id], books.orders.get(known.id)
        is_new = known.created_at >= books.since
        if known.is_due or (known.is_booked and is_new):
            total = shown.total_price if shown is not None and not (known.edits or known.is_edited) else None
            yield _Due(ORDERS, name, sale_key(known.id), known.sale, total)
        for edit in known.edits:
            if edit.is_booked and is_new:
                yield _Due(ORDERS, name, edit.key, edit)
        # What was cancelled before it was booked needs neither a receipt nor one against it.
        open_refunds = set(known.open_refunds) if known.is_booked or known.is_due else set()
        given_back = {each.refund_id for each in known.restocks if each.at >= books.since}
        for refund_id in sorted(given_back | open_refunds):
            booking = known.return_of(refund_id)
            if refund_id in open_refunds or (booking is not None and booking.is_booked):
                yield _Due(REFUNDS, refund_name(name, refund_id), refund_key(refund_id), booking)


def _compare(due: _Due, found: Sequence[BookedReceipt], books: Books) -> Iterator[Difference]:
    if not found:
        mending, reason = _missing(due, books)
        yield Difference(due.pipeline, due.name, "receipts", 0, 1, mending, reason)
    elif len(found) > 1:
        yield Difference(due.pipeline, due.name, "receipts", len(found), 1, Mending.PERSON, several(found))
    elif due.booking is None or due.booking.is_booked:
        yield from _other(due, found[0])


def _missing(due: _Due, books: Books) -> tuple[Mending, str]:
    """Say what becomes of a receipt that KORONA does not hold, by what the plans say of its item."""
    for plan in books.plans:
        for skip in plan.skips:
            if skip.key == due.name and skip.fate in BY_FATE:
                return BY_FATE[skip.fate], skip.reason
        if any(change.key == due.name for change in plan.allowed):
            return Mending.NEXT_RUN, ""
        if any(change.key == due.name for change in plan.changes):
            return Mending.PERSON, plan.stop.what if plan.stop else ""
    if due.booking is not None and due.booking.is_booked:
        number = due.booking.order_number or due.name.removeprefix("#")
        return Mending.PERSON, f"korsync has booked it; look for order number {number} among KORONA's receipts"
    return Mending.PERSON, "korsync does not know it any more; book it by hand in KORONA"


def _other(due: _Due, receipt: BookedReceipt) -> Iterator[Difference]:
    """Return what a receipt has otherwise than was booked or, where that is not known, than the order."""
    booked = due.booking.amounts if due.booking else None
    gross, total = completed(receipt, {}).gross, booked.gross if booked else due.total
    by_hand = f"correct receipt {receipt.number} by hand in KORONA"
    if gross is not None and total is not None and gross != total:
        yield Difference(due.pipeline, due.name, "total", gross, total, Mending.PERSON, by_hand)
    if due.booking is None:
        return
    lines = {each.line_id for each in due.booking.pieces}
    pieces = {line_id: abs(some) for line_id, some in returned_pieces(receipt).items() if line_id in lines}
    there, here = int(sum(pieces.values())), sum(each.quantity for each in due.booking.pieces)
    if pieces != {each.line_id: each.quantity for each in due.booking.pieces if each.quantity}:
        yield Difference(due.pipeline, due.name, "pieces", there, here, Mending.PERSON, by_hand)


def _without_order(books: Books) -> Iterator[Difference]:
    """Return the receipts on the point of sale that are not korsync's, or whose order Shopify does not show."""
    for receipt in books.receipts:
        if receipt.created_at is not None and receipt.created_at < books.since:
            continue
        name = f"receipt {receipt.number}"
        if receipt.key is None:
            reason = "it bears none of korsync's references: nothing but korsync should book on this point of sale"
        elif receipt.shop != books.shop:
            reason = f"it was booked for the shop {receipt.shop}"
        elif receipt.order_id not in books.orders:
            reason = "Shopify does not show its order: look whether it was deleted, then counter the receipt by hand"
        else:
            continue
        yield Difference(ORDERS, name, "orders", 1, 0, Mending.PERSON, reason)
