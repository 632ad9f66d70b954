"""The simulated store's catalogue as JSON: products, variants, images, items, levels, locations, the shop."""

import re
from datetime import timedelta
from typing import Any

from korsync.sandbox.shopify.pricing import written
from korsync.sandbox.shopify.store import Image, Level, Location, Product, Store, Variant

MOST_VARIANTS = 100
"""More variants than this are left out of a product in silence."""


def product_json(store: Store, product: Product) -> dict[str, Any]:
    """Return a product with its images and its first hundred variants."""
    variants = product.variants[:MOST_VARIANTS]
    images = [image_json(store, product, image) for image in product.images]
    return {
        "id": product.id,
        "title": product.title,
        "body_html": "",
        "vendor": "Sandkasten",
        "product_type": "",
        "created_at": store.stamp(product.created_at),
        "handle": re.sub(r"\W+", "-", product.title.lower()).strip("-") or str(product.id),
        "updated_at": store.stamp(product.updated_at),
        "published_at": store.stamp(product.created_at) if product.status == "active" else None,
        "template_suffix": None,
        "published_scope": "global",
        "tags": "",
        "status": product.status,
        "admin_graphql_api_id": f"gid://shopify/Product/{product.id}",
        "variants": [variant_json(store, each) for each in variants],
        "options": [
            {
                "id": product.id + 2_000_000_000_000,
                "product_id": product.id,
                "name": "Title",
                "position": 1,
                "values": [each.title for each in variants],
            }
        ],
        "images": images,
        "image": images[0] if images else None,
    }


def variant_json(store: Store, variant: Variant) -> dict[str, Any]:
    """Return a variant; `inventory_quantity` is the sum over all locations."""
    product = store.products[variant.product_id]
    price = written(variant.price, store.currency)
    compare_at = None if variant.compare_at_price is None else written(variant.compare_at_price, store.currency)
    levels = [store.levels.get((variant.inventory_item_id, each)) for each in store.locations]
    quantity = sum(each.available for each in levels if each is not None)
    return {
        "id": variant.id,
        "product_id": variant.product_id,
        "title": variant.title,
        "price": price,
        "position": product.variants.index(variant) + 1,
        "inventory_policy": "deny",
        "compare_at_price": compare_at,
        "option1": variant.title,
        "option2": None,
        "option3": None,
        "created_at": store.stamp(variant.created_at),
        "updated_at": store.stamp(variant.updated_at),
        "taxable": bool(variant.tax_percents),
        "barcode": None,
        "fulfillment_service": "manual",
        "grams": 250,
        "inventory_management": "shopify" if variant.tracked else None,
        "requires_shipping": not variant.gift_card,
        "sku": variant.sku,
        "weight": 0.25,
        "weight_unit": "kg",
        "inventory_item_id": variant.inventory_item_id,
        "inventory_quantity": quantity,
        "old_inventory_quantity": quantity,
        "presentment_prices": [
            {"price": {"amount": price, "currency_code": store.currency}, "compare_at_price": compare_at}
        ],
        "admin_graphql_api_id": f"gid://shopify/ProductVariant/{variant.id}",
        "image_id": variant.image_id,
    }


def image_json(store: Store, product: Product, image: Image) -> dict[str, Any]:
    """Return an image of a product."""
    return {
        "id": image.id,
        "alt": image.alt,
        "position": product.images.index(image) + 1,
        "product_id": product.id,
        "created_at": store.stamp(image.created_at),
        "updated_at": store.stamp(image.updated_at),
        "admin_graphql_api_id": f"gid://shopify/MediaImage/{image.media_id}",
        "width": image.width,
        "height": image.height,
        "src": image.address,
        "variant_ids": [each.id for each in product.variants if each.image_id == image.id],
    }


def item_json(store: Store, variant: Variant) -> dict[str, Any]:
    """Return the inventory item of a variant."""
    return {
        "id": variant.inventory_item_id,
        "sku": variant.sku,
        "created_at": store.stamp(variant.created_at),
        "updated_at": store.stamp(variant.item_updated_at),
        "requires_shipping": not variant.gift_card,
        "cost": None,
        "country_code_of_origin": None,
        "province_code_of_origin": None,
        "harmonized_system_code": None,
        "tracked": variant.tracked,
        "country_harmonized_system_codes": [],
        "admin_graphql_api_id": f"gid://shopify/InventoryItem/{variant.inventory_item_id}",
    }


def level_json(store: Store, level: Level) -> dict[str, Any]:
    """Return a level; `available` is null while nobody counts the item."""
    variant = store.item(level.inventory_item_id)
    item, location = level.inventory_item_id, level.location_id
    return {
        "inventory_item_id": item,
        "location_id": location,
        "available": level.available if variant is not None and variant.tracked else None,
        "updated_at": store.stamp(level.updated_at),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={item}",
    }


def location_json(store: Store, location: Location) -> dict[str, Any]:
    """Return a location; deactivated ones are shown too."""
    return {
        "id": location.id,
        "name": location.name,
        "address1": "Markt 1",
        "address2": None,
        "city": "Berlin",
        "zip": "10115",
        "province": None,
        "country": "DE",
        "phone": None,
        "created_at": store.stamp(location.created_at),
        "updated_at": store.stamp(location.created_at),
        "country_code": "DE",
        "country_name": "Germany",
        "province_code": None,
        "legacy": False,
        "active": location.active,
        "admin_graphql_api_id": f"gid://shopify/Location/{location.id}",
        "localized_country_name": "Germany",
        "localized_province_name": None,
    }


def shop_json(store: Store) -> dict[str, Any]:
    """Return the shop's own settings."""
    offset = (store.clock.now().astimezone(store.zone).utcoffset() or timedelta(0)).total_seconds() / 60
    sign = "-" if offset < 0 else "+"
    hours, minutes = divmod(abs(round(offset)), 60)
    return {
        "id": 600001,
        "name": "Sandkasten",
        "email": "shop@example.org",
        "domain": "sandkasten.example",
        "country": "DE",
        "country_code": "DE",
        "country_name": "Germany",
        "currency": store.currency,
        "timezone": f"(GMT{sign}{hours:02}:{minutes:02}) {store.zone.key}",
        "iana_timezone": store.zone.key,
        "shop_owner": "Sandkasten",
        "money_format": "{{amount_with_comma_separator}}",
        "weight_unit": "kg",
        "taxes_included": store.taxes_included,
        "tax_shipping": None,
        "county_taxes": True,
        "plan_display_name": "Basic",
        "plan_name": "basic",
        "myshopify_domain": store.domain,
        "primary_locale": "de",
        "password_enabled": False,
        "primary_location_id": store.location_of(None).id,
        "multi_location_enabled": len(store.locations) > 1,
        "setup_required": False,
        "enabled_presentment_currencies": [store.currency],
    }
