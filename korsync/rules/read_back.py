"""What KORONA's receipts show of an order: booked as it was posted, or a conflict that a person must look at. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from korsync.errors import SafetyStop
from korsync.records.amounts import Amounts, amounts_of
from korsync.records.bookings import Booking, BookingStatus, KnownOrder, Pieces, refund_key, sale_key
from korsync.records.memory import State
from korsync.records.receipts import BookedReceipt, Receipt
from korsync.rules.bookings import names_apart, refund_name
from korsync.rules.taxes import completed
from korsync.text import to_type


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a receipt should be by all that is known: what was begun, its pieces by line, its total where known."""

    key: str
    begun: Booking | None
    pieces: Mapping[int, int]
    total: Decimal | None = None


def found_sale(
    order: KnownOrder, total: Decimal | None, found: Iterable[BookedReceipt], now: datetime
) -> Booking | None:
    """Return the booking that a look-up shows for an order's sale; None where KORONA holds no such receipt.

    `total` is Shopify's total price, used where the state does not know what was posted.
    """
    pieces = {line.id: line.quantity for line in order.lines}
    return _found(order, _Expected(sale_key(order.id), order.sale, pieces, total), found, now)


def found_return(order: KnownOrder, refund_id: int, found: Iterable[BookedReceipt], now: datetime) -> Booking | None:
    """Return the booking that a look-up shows for a refund; None where KORONA holds no such receipt."""
    pieces = {each.line_id: each.quantity for each in order.restocks if each.refund_id == refund_id}
    return _found(order, _Expected(refund_key(refund_id), order.return_of(refund_id), pieces), found, now)


def with_found_edits(order: KnownOrder, found: Iterable[BookedReceipt], now: datetime) -> KnownOrder:
    """Return the order with the receipts of added pieces that a look-up shows, also such as nothing is known of."""
    receipts = tuple(found)
    known = {each.key for each in order.edits if each.is_booked}
    keys = {each.key for each in receipts if each.key is not None and each.key.startswith(f"edit/{order.id}/")}
    for key in sorted((keys | {each.key for each in order.edits}) - known):
        booking = order.booking(key)
        pieces = {each.line_id: each.quantity for each in booking.pieces} if booking else {}
        shown = _found(order, _Expected(key, booking, pieces), receipts, now)
        order = order if shown is None else order.with_booking(shown)
    return order


def with_found_returns(order: KnownOrder, found: Iterable[BookedReceipt], now: datetime) -> KnownOrder:
    """Return the order with the returns that a look-up shows of its open refunds."""
    receipts = tuple(found)
    for refund_id in order.open_refunds:
        booking = found_return(order, refund_id, receipts, now)
        if booking is not None:
            order = order.with_booking(booking)
    return order


def read_back(order: KnownOrder, found: Iterable[BookedReceipt], now: datetime, settle: timedelta) -> KnownOrder:
    """Return the order with what KORONA shows of the receipts that it says are booked.

    One that does not come back as it was posted is a conflict, and so is one that does not come back in time.
    """
    receipts = tuple(found)
    for booking in [each for each in order.bookings if each.awaits_read_back]:
        pieces = {each.line_id: each.quantity for each in booking.pieces}
        shown = _found(order, _Expected(booking.key, booking, pieces), receipts, now)
        if shown is None and booking.confirmed_at is not None and booking.confirmed_at + settle <= now:
            reason = "KORONA said that it is booked, but does not show it"
            shown = replace(booking, status=BookingStatus.CONFLICT, reason=reason)
        order = order if shown is None else order.with_booking(shown)
    return order


def first_awaited(orders: Iterable[KnownOrder], now: datetime) -> datetime:
    """Return when the first receipt was sent that KORONA has still to show, in KORONA's own time."""
    awaited = (each.sent_at for order in orders for each in order.bookings if each.awaits_read_back)
    return min((each for each in awaited if each is not None), default=now)


def first_receipts_stop(pipeline: str, state: State) -> SafetyStop | None:
    """Return why nothing is booked as long as KORONA has shown no receipt as it was posted; None where it may be.

    A booked receipt that is in conflict is one that did not come back so.
    """
    if state.receipts_come_back:
        return None
    names = names_apart(state.orders.values())
    bookings = ((_item(names[order.id], each), each) for order in state.orders.values() for each in _open(order))
    strange = (each for each in bookings if each[1].status is BookingStatus.CONFLICT and each[1].confirmed_at)
    name, booking = next(strange, ("", None))
    if booking is None:
        return None
    return SafetyStop(
        f"{pipeline}: the first receipts do not come back from KORONA as they were posted: {name}: {booking.reason}",
        f"nothing more is booked: look at it in KORONA, then `{to_type('retry', name)}` to have it checked again",
        (),
    )


def _open(order: KnownOrder) -> Iterator[Booking]:
    """Yield the bookings that no person has settled."""
    if not order.ignored:
        yield from order.sales
    yield from (each for each in order.returns if each.refund_id not in order.ignored_refunds)


def _item(order_name: str, booking: Booking) -> str:
    return order_name if booking.refund_id is None else refund_name(order_name, booking.refund_id)


def is_about(receipt: BookedReceipt, order: KnownOrder) -> bool:
    """Tell whether a receipt on our point of sale may be one of an order: it says so, or it has no key and its number.

    Who does not see korsync's references must not take what stands there for something else.
    """
    if receipt.key is not None:
        return receipt.order_id == order.id
    numbers = {order.name.removeprefix("#"), *(each.order_number for each in order.bookings)}
    posted = {each.receipt.number for each in order.bookings if each.receipt is not None}
    return receipt.order_number in numbers or any(is_numbered(receipt, each) for each in posted)


def is_numbered(receipt: BookedReceipt, number: str) -> bool:
    """Tell whether a receipt has a number that korsync posted; KORONA may have put a prefix before it."""
    prefix = receipt.number.removesuffix(number)
    return bool(number) and prefix != receipt.number and not prefix[-1:].isdigit()


def _found(order: KnownOrder, expected: _Expected, found: Iterable[BookedReceipt], now: datetime) -> Booking | None:
    found = tuple(found)
    mine = [each for each in found if each.key == expected.key]
    before = expected.begun or Booking(expected.key, BookingStatus.INTENT, ())
    if not mine:
        nameless = [each for each in found if each.key is None]
        return replace(before, status=BookingStatus.CONFLICT, reason=_without_key(nameless)) if nameless else None
    begun = replace(before, order_number=mine[0].order_number or "")
    line_ids = {line.id for line in order.lines}
    pieces = tuple(
        Pieces(line.line_id, int(abs(line.quantity)))
        for line in mine[0].lines
        if line.line_id is not None and line.line_id in line_ids
    )
    trouble = _difference(mine[0], begun.receipt, expected) if len(mine) == 1 else several(mine)
    if trouble:
        # What was posted stays with it: the next look-up must come to the same verdict.
        return replace(begun, status=BookingStatus.CONFLICT, pieces=pieces, reason=trouble)
    confirmed_at = begun.confirmed_at if begun.is_booked else now
    booked = BookingStatus.BOOKED
    return replace(
        begun,
        status=booked,
        pieces=pieces,
        receipt=None,
        confirmed_at=confirmed_at,
        reason="",
        amounts=begun.amounts or _amounts_of(mine[0]),
    )


def _amounts_of(receipt: BookedReceipt) -> Amounts | None:
    taxes = ((tax.sales_tax_id, tax.amount) for line in receipt.lines for tax in line.taxes)
    gross = completed(receipt, {}).gross
    return None if gross is None else amounts_of(gross, taxes)


def _difference(receipt: BookedReceipt, posted: Receipt | None, expected: _Expected) -> str:
    """Say how a receipt in KORONA differs from what was posted or, where that is not known, from the order."""
    if posted is not None:
        return differs_from_posted(receipt, posted)
    lines = {line.line_id: abs(line.quantity) for line in receipt.lines if line.line_id in expected.pieces}
    if any(pieces > expected.pieces[line_id] for line_id, pieces in lines.items() if line_id is not None):
        return f"KORONA's receipt {receipt.number} has more pieces than the order"
    gross = completed(receipt, {}).gross
    if None not in (expected.total, gross) and lines == dict(expected.pieces) and gross != expected.total:
        return f"KORONA's receipt {receipt.number} says {gross}, the order {expected.total}"
    return ""


def differs_from_posted(receipt: BookedReceipt, posted: Receipt) -> str:
    """Say how a receipt in KORONA differs from what was posted under its key; empty where it does not."""
    if _quantities(receipt) != _quantities(posted):
        return f"KORONA's receipt {receipt.number} has other quantities than were posted"
    included = {tax.sales_tax_id: tax.included for line in posted.lines for tax in line.taxes}
    gross = completed(receipt, included).gross
    if gross is not None and gross != posted.gross:
        return f"KORONA's receipt {receipt.number} says {gross}, {posted.gross} was posted"
    return ""


def several(receipts: Sequence[BookedReceipt]) -> str:
    return f"KORONA holds {len(receipts)} receipts for it: {_listed(receipts)}"


def _without_key(receipts: Sequence[BookedReceipt]) -> str:
    return f"KORONA holds a receipt with its number that does not bear korsync's references: {_listed(receipts)}"


def _listed(receipts: Sequence[BookedReceipt]) -> str:
    return ", ".join(f"{each.number} (revision {each.revision})" for each in receipts)


def _quantities(receipt: Receipt | BookedReceipt) -> dict[int, Decimal]:
    """Add up the pieces per line; rows that KORONA put in by itself, such as a bundle's parts, are not ours."""
    found: dict[int, Decimal] = {}
    for line in receipt.lines:
        if line.line_id is not None:
            found[line.line_id] = found.get(line.line_id, Decimal(0)) + line.quantity
    return found
