"""The lines of the simulated store's orders as JSON, with the amounts in the shop's and in the buyer's currency."""

from decimal import Decimal
from typing import Any

from korsync.sandbox.shopify_pricing import fulfillment_status, rounded, written
from korsync.sandbox.shopify_sales import Allocation, Duty, Line, Order, ShippingLine, Tax
from korsync.sandbox.shopify_store import Store

CANARY = "CANARY"
"""Stands in every text that tells of a person; where it turns up, something leaked."""


def line_json(store: Store, order: Order, line: Line) -> dict[str, Any]:
    """Return an order line; product and variant are null once they are deleted."""
    variant = store.variant(line.variant_id)
    product_exists = line.product_id in store.products
    row: dict[str, Any] = {
        "id": line.id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line.id}",
        "attributed_staffs": [],
        "quantity": line.quantity,
        "current_quantity": line.current_quantity,
        "fulfillable_quantity": line.fulfillable,
        "fulfillment_service": "manual",
        "fulfillment_status": fulfillment_status([line]),
        "title": line.title,
        "variant_title": line.variant_title,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "sku": line.sku,
        "vendor": "Sandkasten" if line.product_id is not None else None,
        "product_id": line.product_id if product_exists else None,
        "variant_id": variant.id if variant is not None else None,
        "product_exists": product_exists,
        "variant_inventory_management": "shopify" if line.tracked else None,
        "price": written(line.price, order.currency),
        "price_set": money_set(order, line.price),
        "total_discount": written(Decimal(0), order.currency),
        "total_discount_set": money_set(order, Decimal(0)),
        "gift_card": line.gift_card,
        "grams": 250,
        "requires_shipping": not (line.gift_card or line.tip),
        "taxable": bool(line.percents),
        "properties": [{"name": "Gravur", "value": f"{CANARY}-ENGRAVING"}],
        "tax_lines": [tax_json(order, each) for each in line.taxes],
        "duties": [_duty_json(order, each) for each in line.duties],
        "discount_allocations": [_allocation_json(order, each) for each in line.allocations],
    }
    if line.tip:
        row |= {"tip_payment_gateway": None, "tip_payment_method": None}
    return row


def shipping_json(order: Order, line: ShippingLine) -> dict[str, Any]:
    """Return a shipping line; removed ones are shown too."""
    return {
        "id": line.id,
        "title": line.title,
        "code": line.title,
        "source": "shopify",
        "carrier_identifier": None,
        "phone": f"{CANARY}-SHIPPING-PHONE",
        "requested_fulfillment_service_id": None,
        "price": written(line.price, order.currency),
        "price_set": money_set(order, line.price),
        "discounted_price": written(line.total, order.currency),
        "discounted_price_set": money_set(order, line.total),
        "is_removed": line.removed,
        "tax_lines": [tax_json(order, each) for each in line.taxes],
        "discount_allocations": [_allocation_json(order, each) for each in line.allocations],
    }


def money_set(order: Order, amount: Decimal) -> dict[str, Any]:
    """Return an amount in the shop's and in the buyer's currency."""
    foreign = rounded(amount * order.presentment_rate, order.presentment_currency)
    return {
        "shop_money": {"amount": written(amount, order.currency), "currency_code": order.currency},
        "presentment_money": {
            "amount": written(foreign, order.presentment_currency),
            "currency_code": order.presentment_currency,
        },
    }


def tax_json(order: Order, tax: Tax) -> dict[str, Any]:
    """Return a tax line; its rate is a fraction of one."""
    return {
        "title": "MwSt",
        "price": written(tax.amount, order.currency),
        "rate": tax.percent / 100,
        "channel_liable": False,
        "price_set": money_set(order, tax.amount),
    }


def _duty_json(order: Order, duty: Duty) -> dict[str, Any]:
    return {
        "id": str(duty.id),
        "harmonized_system_code": "090240",
        "country_code_of_origin": "LK",
        **money_set(order, duty.amount),
        "tax_lines": [tax_json(order, each) for each in duty.taxes],
        "admin_graphql_api_id": f"gid://shopify/Duty/{duty.id}",
    }


def _allocation_json(order: Order, allocation: Allocation) -> dict[str, Any]:
    return {
        "amount": written(allocation.amount, order.currency),
        "amount_set": money_set(order, allocation.amount),
        "discount_application_index": allocation.application,
    }
