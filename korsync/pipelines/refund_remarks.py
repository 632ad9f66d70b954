"""What a person is told of refunds, once: what of them is not booked, and what Shopify changed after it was."""

from collections.abc import Mapping
from dataclasses import replace

from korsync.bookings import is_begun, is_booked, with_booking
from korsync.pipelines.base import Knowledge
from korsync.plan import Fate, Skip
from korsync.returns import FAILED, NOT_RESTOCKED, RESTOCKED, refund_key, restocked_pieces
from korsync.sales import Order, Refund
from korsync.state import Booking, KnownOrder


def item_of(order: KnownOrder, refund_id: int) -> str:
    """Return what a person calls a refund, also to `korsync retry` and `korsync ignore`."""
    return f"{order.name} refund {refund_id}"


def listed(knowledge: Knowledge, orders: Mapping[int, Order]) -> tuple[Knowledge, tuple[Skip, ...]]:
    """Return the remarks on the refunds of these orders that were not made before, and the knowledge that they were."""
    known_orders = dict(knowledge.state.orders)
    skips: list[Skip] = []
    for order_id in sorted(orders.keys() & known_orders.keys()):
        known, order = known_orders[order_id], orders[order_id]
        if order.unreadable:
            continue
        for refund in order.refunds:
            reason = "" if refund.id in known.listed_refunds else left_by_rule(refund, known)
            if reason:
                known = replace(known, listed_refunds=tuple(sorted({*known.listed_refunds, refund.id})))
                skips.append(Skip(item_of(known, refund.id), reason, Fate.LEFT))
        refunds = {refund_key(refund.id): refund for refund in order.refunds}
        for booking in known.returns:
            reason = change_since_booking(refunds.get(booking.key), booking) if is_booked(booking) else ""
            if reason and reason != booking.reason:
                known = with_booking(known, replace(booking, reason=reason))
                skips.append(Skip(f"{known.name} {booking.key.replace('/', ' ')}", reason, Fate.LEFT))
        known_orders[order_id] = known
    return replace(knowledge, state=replace(knowledge.state, orders=known_orders)), tuple(skips)


def left_by_rule(refund: Refund, order: KnownOrder) -> str:
    """Say what of a refund is not booked, and why; empty where nothing is left to say.

    A test order, and one that was cancelled before it was booked, are told of themselves.
    """
    back = sum(restocked_pieces(refund).values())
    if order.test:
        return ""
    if order.before_start:
        unknown = f"; pieces that came back, of which KORONA does not know: {back}" if back else ""
        return f"not booked: its order was placed before orders.start_from{unknown}"
    if order.ignored and not is_booked(order.sale):
        return "not booked: its order is ignored"
    if not is_begun(order) and order.cancelled_at is not None:
        return ""
    away = sum(line.quantity for line in refund.lines if line.restock_type not in RESTOCKED)
    strange = sorted({line.restock_type for line in refund.lines} - RESTOCKED - NOT_RESTOCKED)
    reasons = []
    if away:
        reasons.append(f"pieces that were not restocked: {away}")
    if strange:
        reasons.append(f"not known, so taken for not restocked: {', '.join(strange)}")
    if refund.has_shipping:
        reasons.append("shipping")
    if not reasons and not back:
        reasons.append("an amount without goods")
    return f"not booked: {'; '.join(reasons)}" if reasons else ""


def change_since_booking(refund: Refund | None, booking: Booking) -> str:
    """Say how a refund differs now from the return that was booked for it; empty where it does not.

    Refunds change as long as their money is pending, and returns can be opened again; a receipt cannot be changed.
    """
    if refund is None:
        return "booked, but Shopify does not show this refund any more"
    booked = {each.line_id: each.quantity for each in booking.pieces}
    now = restocked_pieces(refund)
    if booked != now:
        pieces = f"{sum(booked.values())} pieces, Shopify has put {sum(now.values())} back"
        return f"booked with {pieces} by now; correct that by hand in KORONA"
    tried = [each.status for each in refund.transactions if each.kind == "refund"]
    if tried and FAILED.issuperset(tried):
        return "booked, but Shopify could not give the money back"
    return ""
