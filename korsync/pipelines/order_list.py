"""Reads Shopify's order list to the end, once a run: every order in any state that was touched since the cursor."""

from dataclasses import replace
from datetime import timedelta

from korsync.bookings import remember, start_instant, worth_remembering
from korsync.pipelines.base import Knowledge
from korsync.pipelines.finding import shop
from korsync.pipelines.sides import DAY, Sides

OVERLAP = timedelta(hours=1)
"""Orders may be listed late, and their times have whole seconds: what was read before is read again for so long."""

SWEEP = timedelta(days=7)
"""Once a day the orders of so long are read again, in case the overlap was too short."""


def read_orders(sides: Sides, knowledge: Knowledge) -> Knowledge:
    """Return the knowledge with all orders that changed, and the cursor that goes with them.

    The orders' contents, which the state does not keep, are in `sides.orders` for the rest of the run.
    """
    if sides.orders_read:
        return knowledge
    state = knowledge.state
    orders = sides.shopify.orders(state.order_cursor - OVERLAP)
    now = sides.shopify.now
    knowledge, store = shop(sides, knowledge)
    start = start_instant(sides.settings.orders, store)
    sweep = state.orders_full_at is None or now - state.orders_full_at >= DAY
    if sides.full or sweep:
        orders = sides.shopify.orders(start if sides.full else min(now - SWEEP, state.order_cursor - OVERLAP))
    sides.orders.update({order.id: order for order in orders})
    sides.orders_read = True
    known = dict(state.orders)
    for order in orders:
        known[order.id] = remember(order, known.get(order.id), start)
    state = replace(
        state,
        orders={order_id: order for order_id, order in known.items() if worth_remembering(order, now)},
        order_cursor=max([state.order_cursor, *(order.updated_at for order in orders)]),
        orders_full_at=now if sweep or sides.full else state.orders_full_at,
    )
    return replace(knowledge, state=state)
