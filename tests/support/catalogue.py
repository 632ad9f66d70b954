"""What the tests of products look at: the wire, a plan as it will look on the wire, and both catalogues."""

import base64
from typing import Any

from korsync.pipelines.images import Picture, file_name
from korsync.records.plan import Change
from korsync.rules.offers import Price, Title, Tracking
from korsync.sandbox.server import Recorded
from korsync.sandbox.shopify.store import Product, Variant
from tests.support.shop import Requests, Shop

Wire = tuple[str, str, dict[str, Any]]

JPG = b"\xff\xd8\xff\xe0" + bytes(14) + b"\xff\xc0\x00\x11\x08\x00\x10\x00\x10" + bytes(20)
"""As much of a JPG as anybody looks at: its first bytes and the header with its size."""


def variant(shop: Shop, sku: str) -> Variant:
    return shop.shopify.store.variant_of(sku)


def product(shop: Shop, sku: str) -> Product:
    return shop.shopify.product_by_sku(sku)


def title(shop: Shop, sku: str) -> str:
    return product(shop, sku).title


def price(shop: Shop, sku: str) -> str:
    return str(variant(shop, sku).price)


def file_names(shop: Shop, sku: str) -> list[str]:
    """Return the file names of a product's images, without what the CDN hangs on."""
    return [each.address.rpartition("/")[2].partition("?")[0] for each in product(shop, sku).images]


def on_the_wire(change: Change[Any]) -> Wire:
    """Return the write that a planned change stands for."""
    match change.after:
        case Title(text, product_id):
            return "PUT", f"/products/{product_id}.json", {"product": {"id": product_id, "title": text}}
        case Price(amount, variant_id):
            return "PUT", f"/variants/{variant_id}.json", {"variant": {"id": variant_id, "price": str(amount)}}
        case Tracking(tracked, item_id):
            body = {"inventory_item": {"id": item_id, "tracked": tracked}}
            return "PUT", f"/inventory_items/{item_id}.json", body
        case Picture() as picture:
            image: dict[str, Any] = {
                "attachment": base64.b64encode(picture.data).decode(),
                "filename": file_name(picture),
            }
            if picture.variant_ids:
                image["variant_ids"] = list(picture.variant_ids)
            return "POST", f"/products/{picture.product_id}/images.json", {"image": image}
    raise AssertionError(f"an unknown change: {change}")


def sent(request: Recorded) -> Wire:
    """Return a recorded write in the same form."""
    return request.method, request.path.removeprefix("/admin/api/2026-10"), request.json()


def contents(shop: Shop, sku: str = "1001") -> list[bytes]:
    """Return the contents of a product's images in their order."""
    return [each.content for each in product(shop, sku).images]


def posted(seen: Requests) -> list[str]:
    """Return the file names of the images that were sent."""
    return [each.json()["image"]["filename"] for each in seen.writes if each.path.endswith("/images.json")]


def asked(seen: Requests) -> int:
    """Count the contents that KORONA was asked for."""
    return sum(1 for each in seen.korona if "/images/" in each.path)
