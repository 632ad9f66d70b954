"""The simulated store's refunds and money movements as JSON."""

from decimal import Decimal
from typing import Any

from korsync.sandbox.shopify_line_wire import CANARY, line_json, money_set, shipping_json
from korsync.sandbox.shopify_pricing import rounded, written
from korsync.sandbox.shopify_sales import Adjustment, Order, Refund, RefundedShipping, RefundLine, Transaction
from korsync.sandbox.shopify_store import Store


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
        "return": None,
        "duties": [],
        "total_duties_set": money_set(order, Decimal(0)),
        "additional_fees": [],
        "total_additional_fees_set": money_set(order, Decimal(0)),
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund.id}",
        "refund_line_items": [_line_json(store, order, each) for each in refund.lines],
        "refund_shipping_lines": [_shipping_json(order, each) for each in refund.shipping],
        "order_adjustments": [_adjustment_json(order, refund, each) for each in refund.adjustments],
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


def _line_json(store: Store, order: Order, line: RefundLine) -> dict[str, Any]:
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


def _shipping_json(order: Order, given_back: RefundedShipping) -> dict[str, Any]:
    return {
        "id": given_back.id,
        "shipping_line_id": given_back.shipping_line_id,
        "subtotal_amount_set": money_set(order, given_back.amount),
        "shipping_line": shipping_json(order, order.shipping_line(given_back.shipping_line_id)),
    }


def _adjustment_json(order: Order, refund: Refund, adjustment: Adjustment) -> dict[str, Any]:
    return {
        "id": adjustment.id,
        "order_id": order.id,
        "refund_id": refund.id,
        "amount": written(adjustment.amount, order.currency),
        "tax_amount": written(Decimal(0), order.currency),
        "kind": "refund_discrepancy",
        "reason": adjustment.reason,
        "amount_set": money_set(order, adjustment.amount),
        "tax_amount_set": money_set(order, Decimal(0)),
    }
