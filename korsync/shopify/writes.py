"""What korsync changes in Shopify, as JSON: each body holds the id and the one field that changes, and no more.

A product sent with `variants` or `images` would lose those that are left out.
"""

import base64
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any


def title_bytes(product_id: int, title: str) -> bytes:
    return _json({"product": {"id": product_id, "title": title}})


def price_bytes(variant_id: int, price: Decimal, *, clears_compare_at: bool = False) -> bytes:
    """Return the body that sets a variant's price in the shop's currency, and clears the one struck out beside it."""
    variant: dict[str, Any] = {"id": variant_id, "price": format(price, "f")}
    return _json({"variant": variant | ({"compare_at_price": None} if clears_compare_at else {})})


def tracked_bytes(inventory_item_id: int, tracked: bool) -> bytes:
    """Return the body that has Shopify count an item, or no longer."""
    return _json({"inventory_item": {"id": inventory_item_id, "tracked": tracked}})


def image_bytes(data: bytes, filename: str, variant_ids: Iterable[int]) -> bytes:
    """Return the body that adds an image; the content goes along, because KORONA's addresses need a login."""
    image: dict[str, Any] = {"attachment": base64.b64encode(data).decode("ascii"), "filename": filename}
    shown_by = list(variant_ids)
    if shown_by:
        image["variant_ids"] = shown_by
    return _json({"image": image})


def adjustment_bytes(location_id: int, inventory_item_id: int, delta: int) -> bytes:
    """Return the body that moves an inventory level by so many pieces."""
    adjustment = {"location_id": location_id, "inventory_item_id": inventory_item_id, "available_adjustment": delta}
    return _json(adjustment)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
