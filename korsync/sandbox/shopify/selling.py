"""What the simulated store answers about orders, refunds, payments, locations and levels."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from korsync.sandbox.exchange import Answer
from korsync.sandbox.shopify.line_wire import refund_json, transaction_json
from korsync.sandbox.shopify.moves import touch_variant
from korsync.sandbox.shopify.order_wire import order_json
from korsync.sandbox.shopify.pricing import financial_status, fulfillment_status
from korsync.sandbox.shopify.query import Call, Position, RefusalError, page
from korsync.sandbox.shopify.sales import Order
from korsync.sandbox.shopify.store import Level, Location, Store, Variant
from korsync.sandbox.shopify.wire import item_json, level_json, location_json, shop_json

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
    "processed_at": lambda order: order.processed_at,
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
    shown += order.told["refunds"] if order.told is not None else []
    return Answer(200, {"refunds": [call.chosen(each) for each in shown[: call.limit()]]})


def list_transactions(store: Store, call: Call) -> Answer:
    """GET orders/{id}/transactions.json: payments and the money of refunds, the oldest first."""
    order = _order(store, call)
    after = call.since_id() or 0
    shop_currency = _in_shop_currency(call)
    movements = [each for each in order.every_transaction() if each.id > after]
    shown = [transaction_json(store, order, each, shop_currency) for each in movements]
    shown += [each for each in order.told_transactions if each["id"] > after]
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


MOST_ITEM_IDS = 100

MOST_PIECES = 1_000_000_000

MOST_LEVEL_IDS = 50


def get_shop(store: Store, call: Call) -> Answer:
    """GET shop.json."""
    return Answer(200, {"shop": call.chosen(shop_json(store))})


def list_locations(store: Store, call: Call) -> Answer:
    """GET locations.json: deactivated ones too."""

    def rows(_: Call) -> Iterator[tuple[Position, Location]]:
        yield from (((each.id,), each) for each in store.locations.values())

    found, links = page(call, rows)
    return Answer(200, {"locations": [location_json(store, each) for each in found]}, links)


def list_items(store: Store, call: Call) -> Answer:
    """GET inventory_items.json: by ids only."""
    ids = call.ids_in("ids", MOST_ITEM_IDS)
    if ids is None:
        raise RefusalError(400, {"ids": "Required parameter missing or invalid"})

    def rows(asked: Call) -> Iterator[tuple[Position, Variant]]:
        for item_id in asked.ids_in("ids") or []:
            variant = store.item(item_id)
            if variant is not None:
                yield (item_id,), variant

    found, links = page(call, rows)
    return Answer(200, {"inventory_items": [item_json(store, each) for each in found]}, links)


def get_item(store: Store, call: Call) -> Answer:
    """GET inventory_items/{id}.json."""
    return Answer(200, {"inventory_item": item_json(store, _item(store, call.ids[0]))})


def put_item(store: Store, call: Call) -> Answer:
    """PUT inventory_items/{id}.json: tracking and SKU."""
    variant = _item(store, call.ids[0])
    sent = call.body("inventory_item")
    if not isinstance(sent.get("tracked", True), bool):
        raise RefusalError(422, {"tracked": ["must be true or false"]})
    variant.tracked = sent.get("tracked", variant.tracked)
    variant.sku = sent.get("sku", variant.sku)
    touch_variant(store, variant)
    return Answer(200, {"inventory_item": item_json(store, variant)})


def list_levels(store: Store, call: Call) -> Answer:
    """GET inventory_levels.json: by locations or items; no row where an item is not stocked."""
    if "page_info" not in call.query:
        locations = call.ids_in("location_ids", MOST_LEVEL_IDS)
        if locations is None and call.ids_in("inventory_item_ids", MOST_LEVEL_IDS) is None:
            raise RefusalError(422)

    def rows(asked: Call) -> Iterator[tuple[Position, Level]]:
        at, of = asked.ids_in("location_ids"), asked.ids_in("inventory_item_ids")
        changed = asked.instant("updated_at_min")
        for (item_id, location_id), level in store.levels.items():
            wanted = (at is None or location_id in at) and (of is None or item_id in of)
            if wanted and (changed is None or level.updated_at >= changed):
                yield (item_id, location_id), level

    found, links = page(call, rows)
    return Answer(200, {"inventory_levels": [level_json(store, each) for each in found]}, links)


def adjust_level(store: Store, call: Call) -> Answer:
    """POST inventory_levels/adjust.json: by so many pieces, below zero too."""
    sent = call.body("")
    variant, location = _counted(store, sent)
    pieces = _whole(sent, "available_adjustment")
    level = store.levels.get((variant.inventory_item_id, location.id))
    if level is None:
        raise RefusalError(422, ["Inventory item is not stocked at this location"])
    return _write_level(store, level, level.available + pieces)


def set_level(store: Store, call: Call) -> Answer:
    """POST inventory_levels/set.json: to so many pieces; connects the item in silence where it is not stocked."""
    sent = call.body("")
    variant, location = _counted(store, sent)
    pieces = _whole(sent, "available")
    key = (variant.inventory_item_id, location.id)
    return _write_level(store, store.levels.setdefault(key, Level(*key, 0, store.second())), pieces)


def connect_level(store: Store, call: Call) -> Answer:
    """POST inventory_levels/connect.json: begin to stock an item at a location."""
    variant, location = _named(store, call.body(""))
    key = (variant.inventory_item_id, location.id)
    level = store.levels.setdefault(key, Level(*key, 0, store.second()))
    return Answer(201, {"inventory_level": level_json(store, level)})


def _write_level(store: Store, level: Level, available: int) -> Answer:
    if abs(available) > MOST_PIECES:
        raise RefusalError(422, [f"Available quantity must be between -{MOST_PIECES} and {MOST_PIECES}"])
    level.available = available
    level.updated_at = store.second()
    return Answer(200, {"inventory_level": level_json(store, level)})


def _item(store: Store, item_id: int) -> Variant:
    variant = store.item(item_id)
    if variant is None:
        raise RefusalError(404, "Not Found")
    return variant


def _named(store: Store, sent: dict[str, Any]) -> tuple[Variant, Location]:
    location = store.locations.get(_whole(sent, "location_id"))
    variant = store.item(_whole(sent, "inventory_item_id"))
    if location is None or variant is None or not location.active:
        raise RefusalError(404, "Not Found")
    return variant, location


def _counted(store: Store, sent: dict[str, Any]) -> tuple[Variant, Location]:
    variant, location = _named(store, sent)
    if not variant.tracked:
        raise RefusalError(422, ["Inventory item does not have inventory tracking enabled"])
    return variant, location


def _whole(sent: dict[str, Any], name: str) -> int:
    """Return a whole number from a body; refuse fractions, text that is none, and a missing value."""
    value = sent.get(name)
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        value = int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusalError(400, {name: "expected Integer"})
    return value
