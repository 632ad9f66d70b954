"""What the simulated store answers about products, variants and images, and what it lets be written to them."""

import base64
import binascii
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from korsync.sandbox.exchange import Answer
from korsync.sandbox.shopify.moves import NewVariant, add_image, add_variant, touch_variant
from korsync.sandbox.shopify.pricing import rounded
from korsync.sandbox.shopify.query import Call, Position, RefusalError, page
from korsync.sandbox.shopify.store import Product, Store, Variant
from korsync.sandbox.shopify.wire import image_json, product_json, variant_json

LONGEST_TITLE = 255

MOST_IMAGES = 250

LARGEST_IMAGE = 20 * 1024 * 1024

_BLANKS = " \t\n\r\f\v\0"


def list_products(store: Store, call: Call) -> Answer:
    """GET products.json: sorted by title, after `since_id` by id."""

    def rows(asked: Call) -> Iterator[tuple[Position, Product]]:
        ids, after, changed = asked.ids_in("ids"), asked.since_id(), asked.instant("updated_at_min")
        statuses = asked.query["status"].split(",") if "status" in asked.query else None
        for product in store.products.values():
            if ids is not None and product.id not in ids:
                continue
            if statuses is not None and product.status not in statuses:
                continue
            if (changed is not None and product.updated_at < changed) or (after is not None and product.id <= after):
                continue
            yield ((product.title, product.id) if after is None else (product.id,)), product

    found, links = page(call, rows)
    return Answer(200, {"products": [call.chosen(product_json(store, each)) for each in found]}, links)


def get_product(store: Store, call: Call) -> Answer:
    """GET products/{id}.json."""
    return Answer(200, {"product": call.chosen(product_json(store, _product(store, call.ids[0])))})


def put_product(store: Store, call: Call) -> Answer:
    """PUT products/{id}.json: lists that are sent replace what is there, and what they leave out is deleted."""
    product = _product(store, call.ids[0])
    sent = call.body("product")
    title = product.title
    if "title" in sent:
        title = str(sent["title"] or "").strip(_BLANKS)
        if store.strips_markup:
            title = re.sub(r"<[^<>]*>", "", title)
        if not title:
            raise RefusalError(422, {"title": ["can't be blank"]})
        if len(title) > LONGEST_TITLE:
            raise RefusalError(422, {"title": [f"is too long (maximum is {LONGEST_TITLE} characters)"]})
    if len(product.variants) > 100:
        raise RefusalError(422, {"base": ["Product has more than 100 variants"]})
    if "variants" in sent:
        _replace_variants(store, product, sent["variants"] or [])
    if "images" in sent:
        kept = [each.get("id") for each in sent["images"] or []]
        product.images = [each for each in product.images if each.id in kept]
    product.title = title
    product.status = sent.get("status", product.status)
    product.updated_at = store.second()
    return Answer(200, {"product": product_json(store, product)})


def count_variants(store: Store, call: Call) -> Answer:
    """GET products/{id}/variants/count.json: all of them, also those that a product leaves out."""
    return Answer(200, {"count": len(_product(store, call.ids[0]).variants)})


def get_variant(store: Store, call: Call) -> Answer:
    """GET variants/{id}.json."""
    return Answer(200, {"variant": call.chosen(variant_json(store, _variant(store, call.ids[0])))})


def put_variant(store: Store, call: Call) -> Answer:
    """PUT variants/{id}.json: price, compare-at price, SKU and tracking; never the quantity."""
    variant = _variant(store, call.ids[0])
    _change_variant(store, variant, call.body("variant"))
    return Answer(200, {"variant": variant_json(store, variant)})


def list_images(store: Store, call: Call) -> Answer:
    """GET products/{id}/images.json: all of them, in the order of their position."""
    product = _product(store, call.ids[0])
    after = call.since_id() or 0
    shown = [image_json(store, product, each) for each in product.images if each.id > after]
    return Answer(200, {"images": [call.chosen(each) for each in shown]})


def post_image(store: Store, call: Call) -> Answer:
    """POST products/{id}/images.json: a new image each time, from the attachment only."""
    product = _product(store, call.ids[0])
    sent = call.body("image")
    try:
        content = base64.b64decode(str(sent["attachment"]), validate=True)
    except KeyError:
        # the simulated store has no way out to fetch anything from
        raise RefusalError(422, {"src": ["Could not download image"]}) from None
    except binascii.Error:
        raise RefusalError(422, {"attachment": ["is not base64"]}) from None
    if len(content) > LARGEST_IMAGE:
        raise RefusalError(422, {"image": ["File size exceeds the maximum of 20MB"]})
    if len(product.images) >= MOST_IMAGES:
        raise RefusalError(422, {"base": [f"Product can have at most {MOST_IMAGES} images"]})
    file_name = str(sent.get("filename") or f"image-{len(store.file_names)}.png")
    try:
        image = add_image(store, product, content, file_name, sent.get("alt"))
    except ValueError:
        raise RefusalError(422, {"image": ["The uploaded image is not a valid PNG, JPG or GIF"]}) from None
    if "position" in sent:
        product.images.remove(image)
        product.images.insert(max(0, int(sent["position"]) - 1), image)
    for variant in product.variants:
        if variant.id in (sent.get("variant_ids") or []):
            variant.image_id = image.id
    return Answer(200, {"image": image_json(store, product, image)})


def _product(store: Store, product_id: int) -> Product:
    if product_id not in store.products:
        raise RefusalError(404, "Not Found")
    return store.products[product_id]


def _variant(store: Store, variant_id: int) -> Variant:
    variant = store.variant(variant_id)
    if variant is None:
        raise RefusalError(404, "Not Found")
    return variant


def _change_variant(store: Store, variant: Variant, sent: dict[str, Any]) -> None:
    """Apply what was sent of a variant; nothing of it where a part is refused."""
    for name in ("inventory_quantity", "inventory_quantity_adjustment"):
        if name in sent:
            raise RefusalError(422, {name: ["is read-only. Please use the Inventory Levels API."]})
    price = _price(store, "price", sent["price"]) if "price" in sent else variant.price
    compare_at = variant.compare_at_price
    if "compare_at_price" in sent:
        wanted = sent["compare_at_price"]
        compare_at = None if wanted is None else _price(store, "compare_at_price", wanted)
    if compare_at is not None and store.refuses_low_compare_at and price > compare_at:
        raise RefusalError(422, {"compare_at_price": ["must be greater than price"]})
    variant.price, variant.compare_at_price = price, compare_at
    variant.sku = sent.get("sku", variant.sku)
    if "inventory_management" in sent:
        variant.tracked = sent["inventory_management"] == "shopify"
    touch_variant(store, variant)


def _price(store: Store, name: str, value: Any) -> Decimal:
    try:
        price = rounded(Decimal(str(value)), store.currency)
    except InvalidOperation:
        raise RefusalError(422, {name: ["is not a number"]}) from None
    if price < 0:
        raise RefusalError(422, {name: ["must be greater than or equal to 0"]})
    return price


def _replace_variants(store: Store, product: Product, sent: list[dict[str, Any]]) -> None:
    kept = {each.get("id") for each in sent}
    for variant in [each for each in product.variants if each.id not in kept]:
        store.drop_variant(product, variant)
    for row in sent:
        known = store.variant(row.get("id"))
        if known is None:
            known = add_variant(store, product, NewVariant(sku=row.get("sku"), stocked=False))
        _change_variant(store, known, row)
