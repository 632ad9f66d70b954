"""Reads Shopify's order list to the end, once a run: every order in any state that was touched since the cursor."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from korsync.pipelines.base import Knowledge
from korsync.pipelines.lookups import LookUp, look_up
from korsync.pipelines.sides import DAY, Sides
from korsync.pipelines.targets import booking_targets, shop
from korsync.records.bookings import KnownOrder
from korsync.rules.bookings import (
    QUIET,
    found_sale,
    remember,
    start_instant,
    with_booking,
    with_found_returns,
    worth_remembering,
)

OVERLAP = timedelta(hours=1)
"""Orders may be listed late, and their times have whole seconds: what was read before is read again for so long."""

SWEEP = timedelta(days=7)
"""Once a day the orders of so long are read again, in case the overlap was too short."""


def read_orders(sides: Sides, knowledge: Knowledge) -> Knowledge:
    """Return the knowledge with all orders that changed, and the cursor that goes with them.

    The orders' contents, which the state does not keep, are in `sides.orders` for the rest of the run. An order that
    was finished, forgotten and touched again comes with the receipts that KORONA holds of it.
    """
    if sides.orders_read:
        return knowledge
    state = knowledge.state
    orders = sides.shopify.orders(state.order_cursor - OVERLAP)
    now = sides.shopify.now
    knowledge, store = shop(sides, knowledge)
    start = start_instant(sides.settings.orders.start_from, store)
    sweep = state.orders_full_at is None or now - state.orders_full_at >= DAY
    if sides.full or sweep:
        orders = sides.shopify.orders(start if sides.full else min(now - SWEEP, state.order_cursor - OVERLAP))
    sides.orders.update({order.id: order for order in orders})
    # What is not known although it was read so long ago was finished and forgotten: it must not count as sold again.
    forgotten = min(state.order_cursor, now - QUIET)
    touched = {
        order.id: remember(order, state.orders.get(order.id), start)
        for order in orders
        if order.id in state.orders or order.updated_at > forgotten
    }
    strangers = {order_id: order for order_id, order in touched.items() if order_id not in state.orders}
    knowledge, read_back = _read_back(sides, knowledge, strangers, now)
    known = {**state.orders, **touched, **read_back}
    state = replace(
        state,
        orders={order_id: order for order_id, order in known.items() if worth_remembering(order, now)},
        order_cursor=max([state.order_cursor, *(order.updated_at for order in orders)]),
        orders_full_at=now if sweep or sides.full else state.orders_full_at,
    )
    sides.orders_read = True
    return replace(knowledge, state=state)


def _read_back(
    sides: Sides, knowledge: Knowledge, strangers: Mapping[int, KnownOrder], now: datetime
) -> tuple[Knowledge, dict[int, KnownOrder]]:
    """Return the orders the state may have forgotten, with their bookings, where KORONA holds receipts of them.

    Only an order so old can have been finished and quiet for long enough; all others are known until they are booked.
    """
    old = [
        order
        for order in strangers.values()
        if not order.test and not order.before_start and order.created_at <= now - QUIET
    ]
    if not old:
        return knowledge, {}
    knowledge, targets = booking_targets(sides, knowledge)
    knowledge, shown = look_up(sides, knowledge, targets.point_of_sale_id, old)
    return knowledge, {order.id: _with_receipts(sides, order, shown[order.id]) for order in old}


def _with_receipts(sides: Sides, order: KnownOrder, shown: LookUp) -> KnownOrder:
    """Return an order with what KORONA holds of it.

    Its sale has long been in KORONA's stock, or the order would not have been forgotten: it counts as confirmed ever
    since the order was placed.
    """
    sale = found_sale(order, sides.orders[order.id].total_price, shown.receipts, order.created_at)
    if sale is None:
        return order
    return with_found_returns(with_booking(order, sale), shown.receipts, order.created_at)
