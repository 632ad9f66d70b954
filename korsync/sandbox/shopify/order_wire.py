"""The simulated store's orders as JSON, with canaries wherever a real order tells of a person."""

from decimal import Decimal
from typing import Any

from korsync.sandbox.shopify.line_wire import CANARY, line_json, money_set, refund_json, shipping_json, tax_json
from korsync.sandbox.shopify.pricing import (
    current_sums,
    edited_sums,
    every_tax,
    financial_status,
    fulfillment_status,
    outstanding,
    sums,
    written,
)
from korsync.sandbox.shopify.sales import Discount, Order, Tax
from korsync.sandbox.shopify.store import Store

_ADDRESS = {
    "first_name": f"{CANARY}-FIRST-NAME",
    "last_name": f"{CANARY}-LAST-NAME",
    "name": f"{CANARY}-NAME",
    "company": f"{CANARY}-COMPANY",
    "address1": f"{CANARY}-STREET",
    "address2": f"{CANARY}-FLOOR",
    "city": f"{CANARY}-CITY",
    "zip": f"{CANARY}-ZIP",
    "province": None,
    "province_code": None,
    "country": "Germany",
    "country_code": "DE",
    "phone": f"{CANARY}-PHONE",
    "latitude": 52.5,
    "longitude": 13.4,
}


def order_json(store: Store, order: Order) -> dict[str, Any]:
    """Return an order with every key that Shopify shows."""
    if order.told is not None:
        return order.told
    return (
        _identity(store, order)
        | _person(order)
        | _amounts(store, order)
        | {
            "discount_codes": [_code_json(order, index, each) for index, each in enumerate(order.discounts)],
            "discount_applications": [_application_json(each) for each in order.discounts],
            "tax_lines": _order_taxes(store, order),
            "line_items": [line_json(store, order, each) for each in order.lines],
            "shipping_lines": [shipping_json(store, order, each) for each in order.shipping_lines],
            "fulfillments": _fulfillments(store, order),
            "refunds": [refund_json(store, order, each) for each in order.refunds],
        }
    )


def _identity(store: Store, order: Order) -> dict[str, Any]:
    placed = store.stamp(order.created_at)
    return {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "app_id": 580111,
        "name": order.name,
        "number": order.number,
        "order_number": order.order_number,
        "confirmation_number": f"X{order.number:08}",
        "tags": "",
        "created_at": placed,
        "processed_at": store.stamp(order.processed_at),
        "updated_at": store.stamp(order.updated_at),
        "closed_at": None if order.closed_at is None else store.stamp(order.closed_at),
        "cancelled_at": None if order.cancelled_at is None else store.stamp(order.cancelled_at),
        "cancel_reason": order.cancel_reason,
        "confirmed": True,
        "test": order.test,
        "source_name": order.source_name,
        "source_identifier": None,
        "source_url": None,
        "location_id": None,
        "user_id": None,
        "device_id": None,
        "po_number": None,
        "payment_terms": None,
        "currency": order.currency,
        "presentment_currency": order.presentment_currency,
        "taxes_included": order.taxes_included,
        "tax_exempt": order.tax_exempt,
        "estimated_taxes": False,
        "duties_included": order.duties_included,
        "financial_status": financial_status(order),
        "fulfillment_status": fulfillment_status(order.lines),
        "payment_gateway_names": order.gateways,
    }


def _person(order: Order) -> dict[str, Any]:
    return {
        "customer": {
            "id": 207119551,
            "email": f"{CANARY}-MAIL@example.org",
            "phone": f"{CANARY}-CUSTOMER-PHONE",
            "note": f"{CANARY}-CUSTOMER-NOTE",
            "tags": f"{CANARY}-CUSTOMER-TAG",
            "default_address": {"id": 207119552, "customer_id": 207119551, "default": True} | _ADDRESS,
        }
        | {name: _ADDRESS[name] for name in ("first_name", "last_name")},
        "billing_address": dict(_ADDRESS),
        "shipping_address": dict(_ADDRESS),
        "email": f"{CANARY}-MAIL@example.org",
        "contact_email": f"{CANARY}-CONTACT@example.org",
        "phone": f"{CANARY}-ORDER-PHONE",
        "note": f"{CANARY}-NOTE",
        "note_attributes": [{"name": "Geschenkkarte", "value": f"{CANARY}-GREETING"}],
        "browser_ip": f"{CANARY}-ADDRESS-OF-BROWSER",
        "client_details": {"browser_ip": f"{CANARY}-ADDRESS-OF-BROWSER", "user_agent": f"{CANARY}-BROWSER"},
        "customer_locale": "de-DE",
        "buyer_accepts_marketing": False,
        "landing_site": f"/?who={CANARY}-LANDING",
        "referring_site": f"https://example.org/?who={CANARY}-REFERRER",
        "order_status_url": f"https://example.org/orders/{order.id}/authenticate?key={CANARY}-KEY",
        "token": f"{CANARY}-TOKEN",
        "cart_token": f"{CANARY}-CART",
        "checkout_token": f"{CANARY}-CHECKOUT",
        "checkout_id": order.id + 1,
    }


def _amounts(store: Store, order: Order) -> dict[str, Any]:
    sold, now = edited_sums(order) if store.totals_follow_edits else sums(order), current_sums(order)
    duties = money_set(order, sold.duties) if any(each.duties for each in order.lines) else None
    fields: dict[str, Any] = {}
    for name, amount in {
        "total_line_items_price": sold.list_prices,
        "total_discounts": sold.discounts,
        "subtotal_price": sold.goods,
        "total_tax": sold.taxes,
        "total_price": sold.total,
        "current_subtotal_price": now.goods,
        "current_total_discounts": now.discounts,
        "current_total_tax": now.taxes,
        "current_total_price": now.total,
    }.items():
        fields[name] = written(amount, order.currency)
        fields[f"{name}_set"] = money_set(order, amount)
    return fields | {
        "total_outstanding": written(outstanding(order), order.currency),
        "total_tip_received": written(sold.tips, order.currency),
        "total_weight": 250 * sum(each.quantity for each in order.lines if not each.tip),
        "total_shipping_price_set": money_set(order, sold.shipping),
        "total_cash_rounding_payment_adjustment_set": money_set(order, order.cash_rounding),
        "total_cash_rounding_refund_adjustment_set": money_set(order, Decimal(0)),
        "original_total_duties_set": duties,
        "current_total_duties_set": duties,
        "original_total_additional_fees_set": None,
        "current_total_additional_fees_set": None,
    }


def _order_taxes(store: Store, order: Order) -> list[dict[str, Any]]:
    by_rate: dict[Decimal, Decimal] = {}
    for tax in every_tax(order):
        by_rate[tax.percent] = by_rate.get(tax.percent, Decimal(0)) + tax.amount
    return [tax_json(store, order, Tax(percent, amount)) for percent, amount in by_rate.items()]


def _code_json(order: Order, index: int, discount: Discount) -> dict[str, Any]:
    shares = [share.amount for row in order.rows for share in row.allocations if share.application == index]
    return {
        "code": discount.code or "",
        "amount": written(sum(shares, Decimal(0)), order.currency),
        "type": "percentage" if discount.percentage else "fixed_amount",
    }


def _application_json(discount: Discount) -> dict[str, Any]:
    row = {
        "target_type": "shipping_line" if discount.target == "shipping" else "line_item",
        "type": "discount_code" if discount.code else "manual",
        "value": str(discount.value),
        "value_type": "percentage" if discount.percentage else "fixed_amount",
        "allocation_method": "each" if discount.target == "line" else "across",
        "target_selection": "explicit" if discount.target == "line" else "all",
    }
    return row | ({"code": discount.code} if discount.code else {"title": "Nachlass", "description": "Nachlass"})


def _fulfillments(store: Store, order: Order) -> list[dict[str, Any]]:
    shipped = [each for each in order.lines if each.fulfilled]
    if not shipped:
        return []
    return [
        {
            "id": order.id + 1,
            "order_id": order.id,
            "name": f"{order.name}-F1",
            "status": "success",
            "service": "manual",
            "created_at": store.stamp(order.updated_at),
            "updated_at": store.stamp(order.updated_at),
            "location_id": order.location_id,
            "origin_address": {"address1": f"{CANARY}-ORIGIN"},
            "receipt": {},
            "shipment_status": None,
            "tracking_company": "DHL",
            "tracking_number": f"{CANARY}-TRACKING",
            "tracking_numbers": [f"{CANARY}-TRACKING"],
            "tracking_url": f"https://example.org/{CANARY}-TRACKING",
            "tracking_urls": [f"https://example.org/{CANARY}-TRACKING"],
            "line_items": [line_json(store, order, each) | {"quantity": each.fulfilled} for each in shipped],
        }
    ]
