"""Shopify's own example answers, where they are at hand, and hand-made ones of the same shapes everywhere."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from korsync.records.orders import Order
from korsync.shopify import reads
from korsync.wire.answers import Row

FOLDER = Path(os.environ.get("KORSYNC_SHOPIFY_EXAMPLES") or "no-such-folder")
EXAMPLES = sorted(FOLDER.glob("*.json"))
WHEN = datetime(2026, 11, 23, tzinfo=UTC)

READERS: dict[str, Callable[[Row], Any]] = {
    "order": reads.order,
    "refund": reads.refund,
    "transaction": reads.transaction,
    "product": reads.product,
    "variant": reads.variant,
    "image": reads.image,
    "location": reads.location,
    "inventory_level": lambda row: reads.level(row, WHEN),
    "inventory_item": reads.tracked,
    "shop": reads.shop,
}
# Answers to calls that korsync never makes: a part of the fields, or a calculation without ids.
PARTIAL = ("fields=", "calculate", "/count.json")


def records_in(answer: Any) -> list[tuple[str, Row]]:
    """Return each object of an answer with the name of its reader."""
    found: list[tuple[str, Row]] = []
    for name, value in answer.items() if isinstance(answer, dict) else ():
        single = name.removesuffix("s")
        if single in READERS:
            found += [(single, row) for row in (value if isinstance(value, list) else [value])]
    return found


@pytest.mark.skipif(not EXAMPLES, reason="KORSYNC_SHOPIFY_EXAMPLES names no folder of examples")
def test_shopifys_own_examples_are_read() -> None:
    read = 0
    for path in EXAMPLES:
        example = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        if any(mark in example["request"]["path"] for mark in PARTIAL):
            continue
        for name, row in records_in(example["response"]):
            record = READERS[name](row)
            read += 1
            if isinstance(record, Order):
                assert_no_customer(record, row)
    assert read > 100


def assert_no_customer(order: Order, row: Row) -> None:
    told = repr(order)
    for name in ("email", "contact_email", "phone", "note", "browser_ip", "token", "cart_token", "order_status_url"):
        if row.get(name):
            assert str(row[name]) not in told
    for name in ("billing_address", "shipping_address"):
        for value in (row.get(name) or {}).values():
            if isinstance(value, str) and len(value) > 4:
                assert value not in told


def money(amount: str, buyers: str) -> dict[str, Any]:
    return {
        "shop_money": {"amount": amount, "currency_code": "EUR"},
        "presentment_money": {"amount": buyers, "currency_code": "USD"},
    }


ORDER: dict[str, Any] = {
    "id": 5500000000001,
    "name": "#1042",
    "number": 42,
    "order_number": 1042,
    "created_at": "2026-11-23T10:15:02+01:00",
    "updated_at": "2026-11-25T09:00:05+01:00",
    "cancelled_at": None,
    "test": False,
    "currency": "EUR",
    "presentment_currency": "USD",
    "taxes_included": True,
    "financial_status": "a_status_of_tomorrow",
    "fulfillment_status": "partial",
    "payment_gateway_names": ["gift_card", "shopify_payments"],
    "total_price": "20.92",
    "total_price_set": money("20.92", "23.01"),
    "email": "canary@example.org",
    "customer": {"id": 1, "first_name": "Canary"},
    "billing_address": {"name": "Canary"},
    "note": "canary",
    "a_field_of_tomorrow": {"deep": [1, 2, 3]},
    "tax_lines": [{"title": "MwSt", "price": "1.37", "rate": Decimal("0.07"), "price_set": money("1.37", "1.51")}],
    "line_items": [
        {
            "id": 14000000000001,
            "quantity": 2,
            "current_quantity": 1,
            "title": "Ceylon Tea 250 g",
            "name": "Ceylon Tea 250 g",
            "sku": "1042",
            "vendor": "Teekontor",
            "product_id": 7001112223331,
            "variant_id": 41000000000011,
            "product_exists": True,
            "price": "8.90",
            "price_set": money("8.90", "9.79"),
            "total_discount": "0.00",
            "gift_card": False,
            "properties": [{"name": "Gravur", "value": "canary"}],
            "tax_lines": [{"price": "1.05", "rate": Decimal("0.07")}],
            "duties": [],
            "discount_allocations": [{"amount": "1.78", "amount_set": money("1.78", "1.96")}],
        }
    ],
    "shipping_lines": [
        {
            "id": 4600000000001,
            "title": "DHL",
            "price": "4.90",
            "phone": "canary",
            "is_removed": False,
            "tax_lines": [{"price": "0.32", "rate": Decimal("0.07")}],
            "discount_allocations": [],
        }
    ],
    "refunds": [
        {
            "id": 940000000001,
            "order_id": 5500000000001,
            "created_at": "2026-11-25T09:00:00+01:00",
            "note": "canary",
            "restock": True,
            "return": None,
            "refund_line_items": [
                {
                    "id": 650000000001,
                    "line_item_id": 14000000000001,
                    "quantity": 1,
                    "restock_type": "return",
                    "location_id": 60000000001,
                    "subtotal": Decimal("8.01"),
                    "total_tax": Decimal("0.52"),
                }
            ],
            "refund_shipping_lines": [{"id": 3100000001, "shipping_line_id": 4600000000001}],
            "order_adjustments": [{"id": 1, "kind": "refund_discrepancy", "amount": "-5.00"}],
            "transactions": [
                {"id": 6600000000002, "kind": "refund", "status": "success", "gateway": "gift_card", "amount": "12.91"}
            ],
        }
    ],
}


def test_a_hand_made_order_is_read_in_full() -> None:
    order = reads.order(ORDER)
    (line,), (shipping,), (refund,) = order.lines, order.shipping_lines, order.refunds
    assert (order.total_price, order.gateways) == (Decimal("20.92"), ("gift_card", "shopify_payments"))
    assert (line.price, line.discount, line.taxes[0].percent) == (Decimal("8.90"), Decimal("1.78"), Decimal(7))
    assert (shipping.price, shipping.taxes[0].amount) == (Decimal("4.90"), Decimal("0.32"))
    assert refund.lines[0].subtotal == Decimal("8.01")
    assert (refund.transactions[0].gateway, refund.shipping) == ("gift_card", Decimal(0))
    assert line.price * line.quantity - line.discount + shipping.price == order.total_price
    assert "canary" not in repr(order).lower()


def without(row: Any, name: str, value: Any) -> Any:
    """Return the row with every field of this name, at any depth, taken out or set to null."""
    if isinstance(row, list):
        return [without(each, name, value) for each in row]
    if not isinstance(row, dict):
        return row
    kept = {key: without(each, name, value) for key, each in row.items() if key != name}
    return kept if value == "out" or name not in row else {**kept, name: None}


OPTIONAL = [
    *("processed_at", "duties_included", "current_total_price", "total_tax", "currency_code"),
    *("name", "cancelled_at", "test", "financial_status", "fulfillment_status", "title"),
    *("total_price_set", "price_set", "amount_set", "current_quantity", "sku", "vendor", "product_id", "variant_id"),
    *("product_exists", "gift_card", "duties", "is_removed"),
    *("restock_type", "location_id", "refund_shipping_lines", "order_adjustments", "transactions", "kind"),
    *("gateway", "status", "restock", "return", "properties", "customer"),
]


@pytest.mark.parametrize("value", ["out", "null"])
@pytest.mark.parametrize("name", OPTIONAL)
def test_an_order_without_an_optional_field_is_read(name: str, value: str) -> None:
    order = reads.order(without(ORDER, name, value))
    assert order.id == ORDER["id"]
    assert order.total_price == Decimal("20.92")
