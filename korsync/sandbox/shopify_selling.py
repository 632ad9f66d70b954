"""What the simulated store answers about orders, refunds and payments. Nothing of them can be written over HTTP."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from korsync.sandbox.exchange import Answer
from korsync.sandbox.shopify_order_wire import order_json
from korsync.sandbox.shopify_pricing import financial_status, fulfillment_status
from korsync.sandbox.shopify_query import Call, Position, RefusalError, page
from korsync.sandbox.shopify_refund_wire import refund_json, transaction_json
from korsync.sandbox.shopify_sales import Order
from korsync.sandbox.shopify_store import Store

SEEN_WITHOUT_ALL_ORDERS = timedelta(days=60)

_FULFILLMENT: dict[str, set[str | None]] = {
    "any": {None, "partial", "fulfilled"},
    "shipped": {"fulfilled"},
    "fulfilled": {"fulfilled"},
    "partial": {"partial"},
    "unshipped": {None},
    "unfulfilled": {None, "partial"},
}
_TIMES: dict[str, Callable[[Order], datetime]] = {
    "created_at": lambda order: order.created_at,
    "processed_at": lambda order: order.created_at,
    "updated_at": lambda order: order.updated_at,
}
_UNPAID = {"authorized", "pending", "partially_paid"}


def list_orders(store: Store, call: Call) -> Answer:
    """GET orders.json: the newest first, and only open ones unless another status is asked for."""

    def rows(asked: Call) -> Iterator[tuple[Position, Order]]:
        after, fits = asked.since_id(), _filter(asked)
        for order in store.orders.values():
            if _visible(store, asked, order) and fits(order):
                newest_first = (-order.created_at.timestamp(), -order.id)
                yield (newest_first if after is None else (order.id,)), order

    found, links = page(call, rows)
    return Answer(200, {"orders": [call.chosen(order_json(store, each)) for each in found]}, links)


def get_order(store: Store, call: Call) -> Answer:
    """GET orders/{id}.json."""
    return Answer(200, {"order": call.chosen(order_json(store, _order(store, call)))})


def list_refunds(store: Store, call: Call) -> Answer:
    """GET orders/{id}/refunds.json."""
    order = _order(store, call)
    shop_currency = _in_shop_currency(call)
    shown = [refund_json(store, order, each, in_shop_currency=shop_currency) for each in order.refunds]
    return Answer(200, {"refunds": [call.chosen(each) for each in shown[: call.limit()]]})


def list_transactions(store: Store, call: Call) -> Answer:
    """GET orders/{id}/transactions.json: payments and the money of refunds, the oldest first."""
    order = _order(store, call)
    after = call.since_id() or 0
    shop_currency = _in_shop_currency(call)
    movements = [each for each in order.every_transaction() if each.id > after]
    shown = [transaction_json(store, order, each, shop_currency) for each in movements]
    return Answer(200, {"transactions": [call.chosen(each) for each in shown]})


def _order(store: Store, call: Call) -> Order:
    order = store.orders.get(call.ids[0])
    if order is None or not _visible(store, call, order):
        raise RefusalError(404, "Not Found")
    return order


def _visible(store: Store, call: Call, order: Order) -> bool:
    """Say whether an order has reached the index, and is not too old for what the app may see."""
    now = store.clock.now()
    return order.listed_from <= now and (call.sees_all_orders or order.created_at >= now - SEEN_WITHOUT_ALL_ORDERS)


def _filter(call: Call) -> Callable[[Order], bool]:
    """Return the test that the query puts every order to; refuse values that mean nothing."""
    ids, after, name = call.ids_in("ids"), call.since_id(), call.query.get("name")
    windows = [(each, call.instant(f"{each}_min"), call.instant(f"{each}_max")) for each in _TIMES]
    status = _one_of(call, "status", {"open", "closed", "cancelled", "any"}, "open")
    shipped = _FULFILLMENT[_one_of(call, "fulfillment_status", set(_FULFILLMENT), "any")]
    asked_money = call.query.get("financial_status", "any")
    money = _UNPAID if asked_money == "unpaid" else set(asked_money.split(","))

    def fits(order: Order) -> bool:
        return (
            (ids is None or order.id in ids)
            and (after is None or order.id > after)
            and (name is None or name.removeprefix("#") == order.name.removeprefix("#"))
            and all(_within(_TIMES[each](order), first, last) for each, first, last in windows)
            and status in ("any", _state(order))
            and ("any" in money or financial_status(order) in money)
            and fulfillment_status(order.lines) in shipped
        )

    return fits


def _within(instant: datetime, first: datetime | None, last: datetime | None) -> bool:
    """Say whether an instant is at or after the first and at or before the last."""
    return (first is None or instant >= first) and (last is None or instant <= last)


def _state(order: Order) -> str:
    if order.cancelled_at is not None:
        return "cancelled"
    return "open" if order.closed_at is None else "closed"


def _one_of(call: Call, name: str, known: set[str], default: str) -> str:
    value = call.query.get(name, default)
    if value not in known:
        raise RefusalError(400, {name: f"expected one of {', '.join(sorted(known))}"})
    return value


def _in_shop_currency(call: Call) -> bool:
    return call.query.get("in_shop_currency") == "true"
