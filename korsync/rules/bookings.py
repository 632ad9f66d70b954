"""What is known of orders and their receipts, and how that knowledge grows: pure, the heart of booking exactly once.

Shopify's order list and KORONA's receipts are the two sources; the state holds only what follows from them, plus the
intents of bookings whose outcome is not known yet.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from korsync.errors import ConfigurationError
from korsync.records.bookings import Booking, BookingStatus, KnownLine, KnownOrder, Pieces, Restock
from korsync.records.catalogue import Shop
from korsync.records.orders import Order
from korsync.records.plan import Outcome
from korsync.records.receipts import BookedReceipt, Receipt
from korsync.rules.receipts import sale_key, sold_pieces
from korsync.rules.returns import refund_key, restocked_pieces
from korsync.rules.taxes import completed

QUIET = timedelta(days=30)
"""A finished order is forgotten when nothing happened to it for so long; it can be read back from KORONA."""


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
    """Return what the state should hold of an order as Shopify shows it now; bookings stay as they are."""
    lines = tuple(
        KnownLine(line.id, line.sku, line.variant_id, sold_pieces(line, order.refunds)) for line in order.lines
    )
    restocks = tuple(
        Restock(refund.id, line_id, pieces, refund.created_at, _location(order, refund.id, line_id))
        for refund in order.refunds
        for line_id, pieces in restocked_pieces(refund).items()
    )
    fresh = KnownOrder(
        id=order.id,
        name=order.name,
        created_at=order.created_at,
        updated_at=order.updated_at,
        cancelled_at=order.cancelled_at,
        test=order.test,
        fulfilled=order.fulfilled,
        before_start=order.placed_at < start,
        lines=lines,
        restocks=restocks,
    )
    if known is None:
        return fresh
    return replace(
        fresh,
        sale=known.sale,
        returns=known.returns,
        ignored=known.ignored,
        listed=known.listed,
        listed_refunds=known.listed_refunds,
        ignored_refunds=known.ignored_refunds,
        booked_by_hand=known.booked_by_hand,
    )


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


def worth_remembering(order: KnownOrder, now: datetime) -> bool:
    """Tell whether an order still matters: something is open or decided, or it was touched within the last 30 days.

    What a person decided stands nowhere else: forgotten, an order settled by hand would be booked when it comes up.
    """
    if order.updated_at > now - QUIET or order.ignored or order.ignored_refunds or order.booked_by_hand:
        return True
    if added_since_booking(order) or may_have_been_forgotten(order):
        return True
    if order.before_start:
        return not order.fulfilled and not order.ignored and order.cancelled_at is None
    if is_booked(order.sale) and open_refunds(order):
        return True
    return is_due(order) or any(each.status is not BookingStatus.BOOKED for each in order.returns)


def is_due(order: KnownOrder) -> bool:
    """Tell whether an order's sale has still to be booked; once an intent exists it is booked to the end."""
    if is_booked(order.sale) or order.ignored:
        return False
    return is_begun(order) or not (order.test or order.before_start or order.cancelled_at is not None)


def may_have_been_forgotten(order: KnownOrder) -> bool:
    """Tell whether an order that is cancelled when it comes up must be looked up: it may have been booked long ago."""
    is_new = order.sale is None and not order.listed
    return is_new and order.cancelled_at is not None and not (order.test or order.before_start or order.ignored)


def is_begun(order: KnownOrder) -> bool:
    """Tell whether a receipt of the sale may stand in KORONA or is about to."""
    return may_stand_in_korona(order.sale)


def may_stand_in_korona(booking: Booking | None) -> bool:
    """Tell whether KORONA may hold a receipt: from the intent on, unless its only attempt was refused.

    That a repeat is refused says nothing about the attempt before it, whose outcome was not known.
    """
    return booking is not None and (booking.status is not BookingStatus.REFUSED or booking.attempts > 1)


def is_booked(booking: Booking | None) -> bool:
    """Tell whether KORONA is known to hold a receipt."""
    return booking is not None and booking.status is BookingStatus.BOOKED


def is_settled(booking: Booking | None, korona_now: datetime, settle: timedelta) -> bool:
    """Tell whether a booked receipt is so old that KORONA's stock surely contains it (design rule: settle minutes)."""
    return (
        booking is not None
        and booking.status is BookingStatus.BOOKED
        and booking.confirmed_at is not None
        and booking.confirmed_at + settle <= korona_now
    )


def pieces_of(receipt: Receipt, order: KnownOrder) -> tuple[Pieces, ...]:
    """Return the pieces that a receipt moves, by order line; shipping and fees move none."""
    line_ids = {line.id for line in order.lines}
    return tuple(Pieces(line.line_id, int(abs(line.quantity))) for line in receipt.lines if line.line_id in line_ids)


def intent(receipt: Receipt, order: KnownOrder, previous: Booking | None, now: datetime) -> Booking:
    """Return the note that exactly this receipt is about to be posted; `now` is KORONA's time.

    Attempts of which nothing can stand in KORONA are not counted.
    """
    attempts = previous.attempts + 1 if previous and may_stand_in_korona(previous) else 1
    pieces = pieces_of(receipt, order)
    return Booking(receipt.key, BookingStatus.INTENT, pieces, receipt, now, attempts, order_number=receipt.order_number)


def outcome_of(booking: Booking, outcome: Outcome, message: str, now: datetime) -> Booking:
    """Return what the outcome of a POST makes of an intent; where it is unknown the intent stays.

    The receipt is kept until it is booked: what KORONA may show later is compared with it.
    """
    match outcome:
        case Outcome.DONE:
            return replace(booking, status=BookingStatus.BOOKED, receipt=None, confirmed_at=now, reason="")
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


def found_sale(order: KnownOrder, total: object, found: Iterable[BookedReceipt], now: datetime) -> Booking | None:
    """Return the booking that a look-up shows for an order's sale; None where KORONA holds no such receipt.

    `total` is Shopify's total price, used where the state does not know what was posted.
    """
    known_pieces = {line.id: line.quantity for line in order.lines}
    return _found(order, sale_key(order.id), order.sale, known_pieces, total, tuple(found), now)


def found_return(order: KnownOrder, refund_id: int, found: Iterable[BookedReceipt], now: datetime) -> Booking | None:
    """Return the booking that a look-up shows for a refund; None where KORONA holds no such receipt."""
    pieces = {each.line_id: each.quantity for each in order.restocks if each.refund_id == refund_id}
    return _found(order, refund_key(refund_id), return_of(order, refund_id), pieces, None, tuple(found), now)


def open_refunds(order: KnownOrder) -> tuple[int, ...]:
    """Return the refunds of an order that put goods back and are not known to be booked, the oldest first.

    A return that was begun is one of them also where Shopify has changed its mind: KORONA may hold it.
    """
    if order.test or order.before_start:
        return ()
    begun = {_refund_id(each) for each in order.returns if may_stand_in_korona(each)}
    refund_ids = {each.refund_id for each in order.restocks} | begun
    return tuple(
        refund_id
        for refund_id in sorted(refund_ids)
        if refund_id not in order.ignored_refunds and not is_booked(return_of(order, refund_id))
    )


def with_found_returns(order: KnownOrder, found: Iterable[BookedReceipt], now: datetime) -> KnownOrder:
    """Return the order with the returns that a look-up shows of its open refunds."""
    receipts = tuple(found)
    for refund_id in open_refunds(order):
        booking = found_return(order, refund_id, receipts, now)
        if booking is not None:
            order = with_booking(order, booking)
    return order


def _refund_id(booking: Booking) -> int:
    return int(booking.key.removeprefix("refund/"))


def return_of(order: KnownOrder, refund_id: int) -> Booking | None:
    """Return the booking of a refund, None where nothing was begun."""
    return next((each for each in order.returns if each.key == refund_key(refund_id)), None)


def _found(
    order: KnownOrder,
    key: str,
    previous: Booking | None,
    known_pieces: Mapping[int, int],
    total: object,
    found: tuple[BookedReceipt, ...],
    now: datetime,
) -> Booking | None:
    mine = [each for each in found if each.key == key]
    if not mine:
        return None
    begun = replace(previous or Booking(key, BookingStatus.INTENT, ()), order_number=mine[0].order_number or "")
    pieces = _booked_pieces(mine[0], {line.id for line in order.lines})
    trouble = _difference(mine[0], begun.receipt, known_pieces, total) if len(mine) == 1 else several(len(mine))
    if trouble:
        # What was posted stays with it: the next look-up must come to the same verdict.
        return replace(begun, status=BookingStatus.CONFLICT, pieces=pieces, reason=trouble)
    confirmed_at = begun.confirmed_at if is_booked(begun) else now
    return replace(
        begun, status=BookingStatus.BOOKED, pieces=pieces, receipt=None, confirmed_at=confirmed_at, reason=""
    )


def _booked_pieces(receipt: BookedReceipt, line_ids: set[int]) -> tuple[Pieces, ...]:
    return tuple(
        Pieces(line.line_id, int(abs(line.quantity)))
        for line in receipt.lines
        if line.line_id is not None and line.line_id in line_ids
    )


def _difference(
    receipt: BookedReceipt, expected: Receipt | None, known_pieces: Mapping[int, int], total: object
) -> str:
    """Say how a receipt in KORONA differs from what was posted or, where that is not known, from the order."""
    if expected is not None:
        return differs_from_posted(receipt, expected)
    too_many = [
        line
        for line in receipt.lines
        if line.line_id is not None and abs(line.quantity) > known_pieces.get(line.line_id, abs(line.quantity))
    ]
    if too_many:
        return f"KORONA's receipt {receipt.number} has more pieces than the order"
    all_there = {line.line_id: int(abs(line.quantity)) for line in receipt.lines if line.line_id in known_pieces}
    gross = completed(receipt, {}).gross
    if None not in (total, gross) and all_there == dict(known_pieces) and gross != total:
        return f"KORONA's receipt {receipt.number} says {gross}, the order {total}"
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


def several(number: int) -> str:
    """Say that KORONA holds more than one receipt under one key."""
    return f"KORONA holds {number} receipts for it"


def _quantities(receipt: Receipt | BookedReceipt) -> dict[int, Decimal]:
    """Add up the pieces per line; rows that KORONA put in by itself, such as a bundle's parts, are not ours."""
    found: dict[int, Decimal] = {}
    for line in receipt.lines:
        if line.line_id is not None:
            found[line.line_id] = found.get(line.line_id, Decimal(0)) + line.quantity
    return found


def with_booking(order: KnownOrder, booking: Booking) -> KnownOrder:
    """Return the order with a booking put in the place of the one with the same key."""
    if booking.key == sale_key(order.id):
        return replace(order, sale=booking)
    others = tuple(each for each in order.returns if each.key != booking.key)
    return replace(order, returns=(*others, booking))


def without_booking(order: KnownOrder, key: str) -> KnownOrder:
    """Return the order as if nothing had been begun under a key."""
    if key == sale_key(order.id):
        return replace(order, sale=None)
    return replace(order, returns=tuple(each for each in order.returns if each.key != key))


def added_since_booking(order: KnownOrder) -> dict[int, int]:
    """Return the pieces per line that an edit added after the sale was booked."""
    if order.sale is None or order.sale.status is not BookingStatus.BOOKED:
        return {}
    more = {line.id: line.quantity for line in order.lines}
    for each in (*order.sale.pieces, *order.booked_by_hand):
        more[each.line_id] = more.get(each.line_id, 0) - each.quantity
    return {line_id: pieces for line_id, pieces in more.items() if pieces > 0}


def with_added_pieces_settled(order: KnownOrder) -> KnownOrder:
    """Return the order with the pieces that edits have added so far taken for booked by hand."""
    more = tuple(Pieces(line_id, pieces) for line_id, pieces in added_since_booking(order).items())
    return replace(order, booked_by_hand=(*order.booked_by_hand, *more))


def names_apart(orders: Iterable[KnownOrder]) -> dict[int, str]:
    """Return what a person calls each order, by id: its name, with the id behind it where several bear the name."""
    listed = list(orders)
    count = Counter(order.name for order in listed)
    return {each.id: each.name if count[each.name] == 1 else f"{each.name} ({each.id})" for each in listed}
