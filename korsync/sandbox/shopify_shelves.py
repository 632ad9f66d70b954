"""What the simulated store answers about its locations and what is for sale there, and how that may be changed."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from korsync.sandbox.exchange import Answer
from korsync.sandbox.shopify_moves import touch_variant
from korsync.sandbox.shopify_query import Call, Position, RefusalError, page
from korsync.sandbox.shopify_store import Level, Location, Store, Variant
from korsync.sandbox.shopify_wire import item_json, level_json, location_json, shop_json

MOST_ITEM_IDS = 100
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
