"""Reads Shopify's order list to the end, once a run: every order in any state that was touched since the cursor."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from korsync.errors import ConfigurationError
from korsync.pipelines.base import DAY, Reading, Sides
from korsync.pipelines.lookups import look_up
from korsync.pipelines.targets import find_point_of_sale, find_shop
from korsync.records.bookings import QUIET, KnownOrder
from korsync.records.orders import Order
from korsync.records.receipts import BookedReceipt
from korsync.rules.bookings import remember, start_instant
from korsync.rules.clocks import FURTHEST
from korsync.rules.read_back import found_sale, with_found_edits, with_found_returns

OVERLAP = timedelta(hours=1)
"""Orders may be listed late, and their times have whole seconds: what was read before is read again for so long."""

SWEEP = timedelta(days=7)
"""Once a day the orders of so long are read again, in case the overlap was too short."""


def read_orders(sides: Sides, reading: Reading) -> Reading:
    """Read all orders that changed, and the cursor that goes with them.

    An order that was finished, forgotten and touched again comes with the receipts that KORONA holds of it. By another
    start than the last time all orders since the earlier of the two are read again.
    """
    if "orders" in reading.lists:
        return reading
    state = reading.memory.state
    since = state.order_cursor - OVERLAP
    orders = sides.shopify.orders(since)
    now = sides.shopify_now
    reading, store = find_shop(sides, reading)
    start = start_instant(sides.settings.orders.start_from, store)
    last_start = state.orders_start or start
    # A cursor still to come cannot have been set by an order: what was touched meanwhile is not read by it.
    is_ahead = state.order_cursor > now + FURTHEST
    sweep = is_ahead or state.orders_full_at is None or now - state.orders_full_at >= DAY
    if sides.full or sweep or start != last_start:
        is_whole = start != last_start or (sides.full and sides.orders_since is None)
        begin = min(start, last_start) if is_whole else sides.orders_since or now - SWEEP
        orders = sides.shopify.orders(min(begin, since))
    # Nobody knows what these sold, or which they are: they are listed again until they can be read.
    strange = tuple(each for each in orders if not each.is_told and each.id not in state.orders)
    orders = [each for each in orders if each not in strange]
    contents = {**reading.orders, **{order.id: order for order in orders}}
    # What is not known although it was read so long ago was finished and forgotten: it must not count as sold again.
    # What lay before the last start was never looked at.
    forgotten = min(state.order_cursor, now - QUIET)
    touched = {
        order.id: remember(order, state.orders.get(order.id), start, state.order_cursor)
        for order in orders
        if order.id in state.orders
        or order.updated_at > forgotten
        or order.unreadable
        or start <= order.placed_at < last_start
    }
    strangers = {order_id: order for order_id, order in touched.items() if order_id not in state.orders}
    reading, read_back = _read_back(sides, reading, strangers, contents, now)
    known = {**state.orders, **touched, **read_back}
    memory = reading.memory.with_state(
        orders={order_id: order for order_id, order in known.items() if order.is_worth_remembering(now)},
        order_cursor=_cursor(now if is_ahead else state.order_cursor, orders, strange, now),
        orders_full_at=now if sweep or sides.full else state.orders_full_at,
        orders_start=start,
    )
    return replace(reading, memory=memory, lists=reading.lists | {"orders"}, orders=contents, strange=strange)


def _cursor(cursor: datetime, orders: Iterable[Order], strange: Iterable[Order], now: datetime) -> datetime:
    """Return up to when all orders are known: never beyond now, or one that is dated wrongly would hide others."""
    cursor = max([cursor, *(min(each.updated_at, now) for each in orders)])
    return min([cursor, *(each.updated_at for each in strange if each.updated_at > now - QUIET)])


def _read_back(
    sides: Sides,
    reading: Reading,
    strangers: Mapping[int, KnownOrder],
    contents: Mapping[int, Order],
    now: datetime,
) -> tuple[Reading, dict[int, KnownOrder]]:
    """Return the orders the state may have forgotten, with their bookings, where KORONA holds receipts of them.

    Only an order so old can have been finished and quiet for long enough; all others are known until they are booked.
    """
    old = [
        order
        for order in strangers.values()
        if not order.test and not order.before_start and order.created_at <= now - QUIET
    ]
    if not old:
        return reading, {}
    try:
        point_of_sale_id = find_point_of_sale(sides, reading)
    except ConfigurationError:
        # What orders need is said there; here such an order counts as sold until it can be looked up.
        return reading, {}
    reading, shown = look_up(sides, reading, point_of_sale_id, old)
    return reading, {order.id: _with_receipts(order, contents[order.id], shown[order.id].receipts) for order in old}


def _with_receipts(known: KnownOrder, order: Order, receipts: tuple[BookedReceipt, ...]) -> KnownOrder:
    """Return an order with what KORONA holds of it.

    Its sale has long been in KORONA's stock, or the order would not have been forgotten: it counts as confirmed ever
    since the order was placed.
    """
    sale = found_sale(known, order.total_price, receipts, order.created_at)
    if sale is None:
        return known
    known = with_found_edits(known.with_booking(sale), receipts, order.created_at)
    return with_found_returns(known, receipts, order.created_at)
