"""How the knowledge of orders and their receipts grows: pure, the heart of booking exactly once.

Shopify's order list and KORONA's receipts are the two sources; what follows from them is kept, plus the intents of
bookings whose outcome is not known yet. Such a receipt is never repeated blindly.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from korsync.errors import ConfigurationError
from korsync.records.amounts import amounts_of
from korsync.records.bookings import Booking, BookingStatus, KnownLine, KnownOrder, Pieces, Restock
from korsync.records.catalogue import Shop
from korsync.records.orders import Order
from korsync.records.plan import Fate, Outcome, Skip
from korsync.records.receipts import Receipt
from korsync.records.stock_rows import StockMark
from korsync.rules.receipts import sold_pieces
from korsync.rules.returns import restocked_pieces
from korsync.text import to_type

LONG_AFTER = datetime.max.replace(tzinfo=UTC)

QUEUE_PATIENCE = timedelta(hours=24)
"""How long a queued receipt may stay unseen before a person must look at it."""


def start_instant(start_from: date, shop: Shop) -> datetime:
    """Return the instant from which orders are booked: midnight of that day in the shop's time zone.

    Raises ConfigurationError where this machine does not know that time zone.
    """
    return datetime.combine(start_from, datetime.min.time(), zone_of(shop))


def zone_of(shop: Shop) -> ZoneInfo:
    """Return the shop's time zone; raise ConfigurationError where this machine does not know it."""
    try:
        return ZoneInfo(shop.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"this machine does not know the shop's time zone “{shop.timezone}”",
            "install the system's time zone data (on most systems the package tzdata)",
        ) from None


def remember(order: Order, known: KnownOrder | None, start: datetime, seen_until: datetime = LONG_AFTER) -> KnownOrder:
    """Return what is to be known of an order: what Shopify shows of it now, and all else as it was.

    `seen_until`: whatever was placed later was placed under korsync's eyes, and its pieces left a shelf that KORONA had
    counted before. What was begun is booked to the end, wherever the start lies by now.
    """
    shown: dict[str, Any] = {
        "name": order.name,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "cancelled_at": order.cancelled_at,
        "test": order.test,
        "fulfilled": order.fulfilled,
        "archived": order.archived,
        "before_start": order.placed_at < start and not (known is not None and known.is_begun),
        "lines": tuple(
            KnownLine(line.id, line.sku, line.variant_id, sold_pieces(line, order.refunds)) for line in order.lines
        ),
        "restocks": tuple(
            Restock(refund.id, line_id, pieces, refund.created_at, _location(order, refund.id, line_id))
            for refund in order.refunds
            for line_id, pieces in restocked_pieces(refund).items()
        ),
        "unread_refunds": tuple(sorted({refund.id for refund in order.refunds if refund.unreadable})),
    }
    if known is None:
        known = KnownOrder(id=order.id, **shown)
        if known.before_start and order.placed_at > seen_until:
            known = replace(known, was_open=True)
        elif known.before_start:
            known = replace(known, gone_before=_gone_before(order, known))
    elif order.unreadable:
        # What cannot be told now was told before: no piece that is sold may be lost by it.
        told = {line.id for line in shown["lines"]}, {each.refund_id for each in shown["restocks"]}
        before = {line.id: line.quantity for line in known.lines}
        shown["lines"] = tuple(
            replace(line, quantity=max(line.quantity, before.get(line.id, 0))) for line in shown["lines"]
        ) + tuple(line for line in known.lines if line.id not in told[0])
        shown["restocks"] += tuple(each for each in known.restocks if each.refund_id not in told[1])
    return replace(known, **shown, was_open=known.was_open or known.is_open_from_before)


def _gone_before(order: Order, known: KnownOrder) -> tuple[Pieces, ...]:
    """Return the pieces that had left the shelf when an order from before the start was first seen.

    KORONA counts what is there: of an open order that is what has still to be shipped, of another nothing.
    """
    still_there = {line.id: line.unshipped for line in order.lines} if known.is_open_from_before else {}
    gone = (
        Pieces(line_id, out - min(out, out if unshipped is None else max(0, unshipped)))
        for line_id, out in known.pieces_out.items()
        for unshipped in [still_there.get(line_id, 0)]
    )
    return tuple(each for each in gone if each.quantity)


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


def intent(
    receipt: Receipt, order: KnownOrder, previous: Booking | None, now: datetime, stock_rows: tuple[StockMark, ...]
) -> Booking:
    """Return the note that exactly this receipt is about to be posted; `now` is KORONA's time.

    Attempts of which nothing can stand in KORONA are not counted; otherwise the first one may have moved the stock.
    """
    begun = previous if previous and previous.may_stand_in_korona else None
    attempts = begun.attempts + 1 if begun else 1
    line_ids = {line.id for line in order.lines}
    # Shipping and fees move no pieces.
    pieces = tuple(Pieces(each.line_id, int(abs(each.quantity))) for each in receipt.lines if each.line_id in line_ids)
    taxes = ((tax.sales_tax_id, tax.amount) for line in receipt.lines for tax in line.taxes)
    return Booking(
        key=receipt.key,
        status=BookingStatus.INTENT,
        pieces=pieces,
        receipt=receipt,
        sent_at=now,
        attempts=attempts,
        order_number=receipt.order_number,
        amounts=amounts_of(receipt.gross, taxes),
        stock_rows=begun.stock_rows if begun else stock_rows,
    )


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
        case _:
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
    return (
        f"sent {booking.attempts} times without a clear answer; look for receipt {number} in KORONA, then "
        f"`{to_type('retry', name)}` or, where it is booked, `{to_type('ignore', name)}`"
    )


def why_never_booked(order: KnownOrder) -> str:
    """Say why an order is never booked; empty where it is."""
    if order.test:
        return "a test order is not booked"
    if order.before_start:
        return "placed before orders.start_from, not booked"
    if order.cancelled_at is not None and not order.is_begun:
        return "cancelled before it was booked"
    return ""


# --- what a person calls them ---


def names_apart(orders: Iterable[KnownOrder]) -> dict[int, str]:
    """Return what a person calls each order, by id: its name, with the id behind it where several bear the name."""
    listed = list(orders)
    count = Counter(order.name for order in listed)
    return {each.id: each.name if count[each.name] == 1 else f"{each.name} ({each.id})" for each in listed}


def refund_name(order_name: str, refund_id: int) -> str:
    """Return what a person calls a refund, also to `korsync retry` and `korsync ignore`."""
    return f"{order_name} refund {refund_id}"
