"""How the knowledge of orders and their receipts grows: pure, the heart of booking exactly once.

Shopify's order list and KORONA's receipts are the two sources; what follows from them is kept, plus the intents of
bookings whose outcome is not known yet. Such a receipt is never repeated blindly.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from korsync.errors import ConfigurationError, SafetyStop
from korsync.records.bookings import (
    Booking,
    BookingStatus,
    KnownLine,
    KnownOrder,
    Pieces,
    Restock,
    refund_key,
    sale_key,
)
from korsync.records.catalogue import Shop
from korsync.records.memory import State
from korsync.records.orders import Order
from korsync.records.plan import Fate, Outcome, Skip
from korsync.records.receipts import BookedReceipt, Receipt
from korsync.rules.receipts import sold_pieces
from korsync.rules.returns import restocked_pieces
from korsync.rules.taxes import completed

QUEUE_PATIENCE = timedelta(hours=24)
"""How long a queued receipt may stay unseen before a person must look at it."""


def start_instant(start_from: date, shop: Shop) -> datetime:
    """Return the instant from which orders are booked: midnight of that day in the shop's time zone.

    Raises ConfigurationError where this machine does not know that time zone.
    """
    midnight = datetime.combine(start_from, datetime.min.time())
    try:
        return midnight.replace(tzinfo=ZoneInfo(shop.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"this machine does not know the shop's time zone “{shop.timezone}”",
            "install the system's time zone data (on most systems the package tzdata)",
        ) from None


def remember(order: Order, known: KnownOrder | None, start: datetime) -> KnownOrder:
    """Return what is to be known of an order: what Shopify shows of it now, and all else as it was."""
    shown: dict[str, Any] = {
        "name": order.name,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "cancelled_at": order.cancelled_at,
        "test": order.test,
        "fulfilled": order.fulfilled,
        "before_start": order.placed_at < start,
        "lines": tuple(
            KnownLine(line.id, line.sku, line.variant_id, sold_pieces(line, order.refunds)) for line in order.lines
        ),
        "restocks": tuple(
            Restock(refund.id, line_id, pieces, refund.created_at, _location(order, refund.id, line_id))
            for refund in order.refunds
            for line_id, pieces in restocked_pieces(refund).items()
        ),
    }
    if known is None:
        known = KnownOrder(id=order.id, **shown)
    return replace(known, **shown, was_open=known.was_open or known.is_open_from_before)


def _location(order: Order, refund_id: int, line_id: int) -> int | None:
    """Return where the pieces went; None where Shopify does not say or names several places."""
    places = {
        line.location_id
        for refund in order.refunds
        if refund.id == refund_id
        for line in refund.lines
        if line.line_id == line_id
    }
    return places.pop() if len(places) == 1 else None


# --- what was begun, and what became of it ---


def intent(receipt: Receipt, order: KnownOrder, previous: Booking | None, now: datetime) -> Booking:
    """Return the note that exactly this receipt is about to be posted; `now` is KORONA's time.

    Attempts of which nothing can stand in KORONA are not counted.
    """
    attempts = previous.attempts + 1 if previous and previous.may_stand_in_korona else 1
    line_ids = {line.id for line in order.lines}
    # Shipping and fees move no pieces.
    pieces = tuple(Pieces(each.line_id, int(abs(each.quantity))) for each in receipt.lines if each.line_id in line_ids)
    return Booking(receipt.key, BookingStatus.INTENT, pieces, receipt, now, attempts, order_number=receipt.order_number)


def outcome_of(booking: Booking, outcome: Outcome, message: str, now: datetime) -> Booking:
    """Return what the outcome of a POST makes of an intent; where it is unknown the intent stays.

    The receipt is kept until KORONA shows it: what it shows is compared with it.
    """
    match outcome:
        case Outcome.DONE:
            return replace(booking, status=BookingStatus.BOOKED, confirmed_at=now, reason="")
        case Outcome.QUEUED:
            return replace(booking, status=BookingStatus.QUEUED)
        case Outcome.REJECTED:
            return replace(booking, status=BookingStatus.REFUSED, reason=message)
        case Outcome.CONFLICT:
            return replace(booking, status=BookingStatus.CONFLICT, reason=message)
        case Outcome.UNSURE:
            # KORONA may have kept us waiting before it took the receipt: the waiting time begins with the last try.
            return replace(booking, sent_at=now)
        case Outcome.NOT_SENT:
            return booking


def begun_before(name: str, booking: Booking | None, korona_now: datetime, settle: timedelta) -> Skip | Receipt | None:
    """Return why a receipt begun before is not sent now, or the same receipt to send again.

    None where it is to be made anew: nothing was begun, or it was refused. A repeat goes out only when all attempts
    before it are so old that they would show, so after its refusal nothing stands in KORONA. `name` is what a person
    calls the item.
    """
    if booking is None or booking.status is BookingStatus.REFUSED:
        return None
    if booking.status is BookingStatus.CONFLICT:
        return Skip(name, booking.reason, Fate.HELD)
    if booking.status is BookingStatus.QUEUED:
        return _queued(name, booking, korona_now)
    if not booking.may_be_sent_again(korona_now, settle):
        return Skip(name, "sent, but its outcome is not known yet", Fate.WAITING)
    if booking.is_given_up:
        return Skip(name, _given_up_reason(name, booking), Fate.HELD)
    return booking.receipt


def _queued(name: str, booking: Booking, korona_now: datetime) -> Skip:
    if booking.sent_at is not None and booking.sent_at + QUEUE_PATIENCE <= korona_now:
        return Skip(name, "KORONA queued it a day ago and still does not show it", Fate.HELD)
    return Skip(name, "KORONA queued it and does not show it yet", Fate.WAITING)


def _given_up_reason(name: str, booking: Booking) -> str:
    number = booking.receipt.number if booking.receipt else name
    item = name.removeprefix("#")
    if " " in item:
        item = f'"{item}"'
    return (
        f"sent {booking.attempts} times without a clear answer; look for receipt {number} in KORONA, then "
        f"`korsync retry {item}` or, where it is booked, `korsync ignore {item}`"
    )


# --- what KORONA shows ---


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
    bookings = ((order.name, each) for order in state.orders.values() for each in order.bookings)
    strange = (each for each in bookings if each[1].status is BookingStatus.CONFLICT and each[1].confirmed_at)
    name, booking = next(strange, ("", None))
    if booking is None:
        return None
    return SafetyStop(
        f"{pipeline}: the first receipts do not come back from KORONA as they were posted: {name}: {booking.reason}",
        "nothing more is booked: look at it in KORONA Studio, then `korsync retry` that order to have it checked again",
        (),
    )


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
    return replace(begun, status=booked, pieces=pieces, receipt=None, confirmed_at=confirmed_at, reason="")


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


# --- what a person calls them ---


def names_apart(orders: Iterable[KnownOrder]) -> dict[int, str]:
    """Return what a person calls each order, by id: its name, with the id behind it where several bear the name."""
    listed = list(orders)
    count = Counter(order.name for order in listed)
    return {each.id: each.name if count[each.name] == 1 else f"{each.name} ({each.id})" for each in listed}


def refund_name(order_name: str, refund_id: int) -> str:
    """Return what a person calls a refund, also to `korsync retry` and `korsync ignore`."""
    return f"{order_name} refund {refund_id}"
