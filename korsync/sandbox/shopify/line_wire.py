"""The lines, refunds and payments of the simulated store's orders as JSON, in the shop's and the buyer's currency."""

import math
from decimal import Decimal
from typing import Any

from korsync.sandbox.shopify.pricing import fulfillment_status, rounded, written
from korsync.sandbox.shopify.sales import (
    Adjustment,
    Allocation,
    Duty,
    Line,
    Order,
    Refund,
    RefundedShipping,
    RefundLine,
    ShippingLine,
    Tax,
    Transaction,
)
from korsync.sandbox.shopify.store import Store

CANARY = "CANARY"
"""Stands in every text that tells of a person; where it turns up, something leaked."""


def line_json(store: Store, order: Order, line: Line) -> dict[str, Any]:
    """Return an order line as the store's version and habits show it."""
    row = _line_json(store, order, line)
    if store.quantity_follows_edits:
        row["quantity"] = line.sold
    if not store.shows_current_quantity:
        del row["current_quantity"]
    return row


def _line_json(store: Store, order: Order, line: Line) -> dict[str, Any]:
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
        "tax_lines": [tax_json(store, order, each) for each in line.taxes],
        "duties": [_duty_json(store, order, each) for each in line.duties],
        "discount_allocations": [_allocation_json(order, each) for each in line.allocations],
    }
    if line.tip:
        row |= {"tip_payment_gateway": None, "tip_payment_method": None}
    return row


def shipping_json(store: Store, order: Order, line: ShippingLine) -> dict[str, Any]:
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
        "tax_lines": [tax_json(store, order, each) for each in line.taxes],
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


def tax_json(store: Store, order: Order, tax: Tax) -> dict[str, Any]:
    """Return a tax line; its rate is a fraction of one."""
    rate = float(tax.percent / 100)
    return {
        "title": order.tax_titles.get(tax.percent, "MwSt"),
        "price": written(tax.amount, order.currency),
        "rate": math.nextafter(rate, math.inf) if store.float_noise and rate else rate,
        "channel_liable": False,
        "price_set": money_set(order, tax.amount),
    }


def _duty_json(store: Store, order: Order, duty: Duty) -> dict[str, Any]:
    return {
        "id": str(duty.id),
        "harmonized_system_code": "090240",
        "country_code_of_origin": "LK",
        **money_set(order, duty.amount),
        "tax_lines": [tax_json(store, order, each) for each in duty.taxes],
        "admin_graphql_api_id": f"gid://shopify/Duty/{duty.id}",
    }


def _allocation_json(order: Order, allocation: Allocation) -> dict[str, Any]:
    return {
        "amount": written(allocation.amount, order.currency),
        "amount_set": money_set(order, allocation.amount),
        "discount_application_index": allocation.application,
    }


def refund_json(store: Store, order: Order, refund: Refund, *, in_shop_currency: bool = False) -> dict[str, Any]:
    """Return a refund; `subtotal` and `total_tax` of its lines are JSON numbers, everything else is text."""
    made = store.stamp(refund.created_at)
    movements = [transaction_json(store, order, each, in_shop_currency) for each in refund.transactions]
    return {
        "id": refund.id,
        "order_id": order.id,
        "created_at": made,
        "processed_at": made,
        "note": f"{CANARY}-REFUND-NOTE",
        "user_id": 88000001,
        "restock": any(each.restock_type != "no_restock" for each in refund.lines),
        "return": None if refund.return_id is None else _return_json(refund.return_id),
        "duties": [],
        "total_duties_set": money_set(order, Decimal(0)),
        "additional_fees": [],
        "total_additional_fees_set": money_set(order, Decimal(0)),
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund.id}",
        "refund_line_items": [_refund_line_json(store, order, each) for each in refund.lines],
        "refund_shipping_lines": [_shipping_json(store, order, each) for each in refund.shipping],
        "order_adjustments": _adjustments_json(store, order, refund),
        "transactions": movements,
    }


def transaction_json(
    store: Store, order: Order, transaction: Transaction, in_shop_currency: bool = False
) -> dict[str, Any]:
    """Return a money movement: in the buyer's currency unless the shop's is asked for."""
    currency, amount = order.currency, transaction.amount
    if not in_shop_currency:
        currency = order.presentment_currency
        amount = rounded(amount * order.presentment_rate, currency)
    made = store.stamp(transaction.created_at)
    nothing = {"amount": "0.0", "currency": currency}
    return {
        "id": transaction.id,
        "order_id": order.id,
        "parent_id": transaction.parent_id,
        "kind": transaction.kind,
        "status": transaction.status,
        "gateway": transaction.gateway,
        "amount": written(amount, currency),
        "currency": currency,
        "created_at": made,
        "processed_at": made,
        "test": order.test,
        "message": None,
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "device_id": None,
        "error_code": None,
        "source_name": order.source_name,
        "payment_details": {"credit_card_name": f"{CANARY}-CARD-HOLDER", "credit_card_number": f"{CANARY}-CARD"},
        "receipt": {"payer": f"{CANARY}-PAYER"},
        "payment_id": f"{order.name}.{transaction.id}",
        "manual_payment_gateway": transaction.gateway == "manual",
        "amount_rounding": None,
        "total_unsettled_set": {"presentment_money": nothing, "shop_money": nothing},
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{transaction.id}",
    }


def _return_json(return_id: int) -> dict[str, Any]:
    return {"id": return_id, "admin_graphql_api_id": f"gid://shopify/Return/{return_id}"}


def _refund_line_json(store: Store, order: Order, line: RefundLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "line_item_id": line.line_id,
        "quantity": line.quantity,
        "restock_type": line.restock_type,
        "location_id": line.location_id,
        "subtotal": line.subtotal,
        "total_tax": line.total_tax,
        "subtotal_set": money_set(order, line.subtotal),
        "total_tax_set": money_set(order, line.total_tax),
        "line_item": line_json(store, order, order.line_of(line.line_id)),
    }


def _shipping_json(store: Store, order: Order, given_back: RefundedShipping) -> dict[str, Any]:
    return {
        "id": given_back.id,
        "shipping_line_id": given_back.shipping_line_id,
        "subtotal_amount_set": money_set(order, given_back.amount),
        "shipping_line": shipping_json(store, order, order.shipping_line(given_back.shipping_line_id)),
    }


def _adjustments_json(store: Store, order: Order, refund: Refund) -> list[dict[str, Any]]:
    rows = [_adjustment_json(order, refund, each) for each in refund.adjustments]
    for shipping in refund.shipping if store.doubles_shipping_refunds else ():
        net = shipping.amount - shipping.tax if order.taxes_included else shipping.amount
        told = Adjustment(shipping.id, -net, "Shipping refund", "shipping_refund", -shipping.tax)
        rows.append(_adjustment_json(order, refund, told))
    return rows


def _adjustment_json(order: Order, refund: Refund, adjustment: Adjustment) -> dict[str, Any]:
    return {
        "id": adjustment.id,
        "order_id": order.id,
        "refund_id": refund.id,
        "amount": written(adjustment.amount, order.currency),
        "tax_amount": written(adjustment.tax, order.currency),
        "kind": adjustment.kind,
        "reason": adjustment.reason,
        "amount_set": money_set(order, adjustment.amount),
        "tax_amount_set": money_set(order, adjustment.tax),
    }
