"""Orders, sales taxes and targets as plain values: what the rules of receipts are tried on without any side."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.catalogue import PaymentMethod, SalesTax, SalesTaxRate
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, OrderLine, TaxLine, Transaction
from korsync.records.receipts import Receipt
from korsync.rules.receipts import NotBookableError, sale_receipt

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOWERED = datetime(2020, 6, 30, 22, tzinfo=UTC)  # midnight in Berlin


def money(text: str) -> Decimal:
    return Decimal(text)


def sales_tax(number: str, *rates: tuple[str, datetime | None], included: bool = True) -> SalesTax:
    valid = tuple(SalesTaxRate(money(percent), since) for percent, since in rates)
    return SalesTax(f"tax-{number}", number, f"Tax {number}", included, valid)


WAYS_OUT = (
    "make SKU and article number the same, give the variant the SKU 9000 in Shopify, "
    "or set orders.unknown_sku: default_product"
)
STANDARD = sales_tax("1", ("19", None), ("16", LOWERED), ("19", LOWERED + timedelta(days=184)))
REDUCED = sales_tax("2", ("7", None))
ADDED = sales_tax("11", ("19", None), included=False)
METHODS = {name: PaymentMethod(f"by-{name}", name, name) for name in ("shopify_payments", "paypal", "default")}


def rules(*taxes: SalesTax, chosen: Mapping[str, SalesTax] | None = None) -> BookingTargets:
    return BookingTargets(
        shop="a-shop.myshopify.com",
        currency="EUR",
        point_of_sale_id="web shop",
        shipping_article_id="shipping",
        default_article_id="default",
        default_number="9000",
        payment_methods=METHODS,
        sales_taxes=taxes or (STANDARD, REDUCED, ADDED),
        taxes=dict(chosen or {}),
    )


def tax(rate: str | None, amount: str, title: str = "") -> TaxLine:
    return TaxLine(None if rate is None else money(rate), money(amount), title)


def line(price: str = "10.00", *taxes: tuple[str | None, str] | tuple[str, str, str], **more: Any) -> OrderLine:
    """Return an order line of one piece with taxes as (rate, amount, title)."""
    quantity = more.pop("quantity", 1)
    values: dict[str, Any] = {"current_quantity": quantity, "discount": Decimal(0), **more}
    return OrderLine(
        id=values.pop("id", 1),
        sku="1042",
        variant_id=7,
        title="Tea",
        quantity=quantity,
        price=money(price),
        taxes=tuple(tax(*each) for each in taxes),
        **values,
    )


def order(*lines: OrderLine, total: str = "10.00", **more: Any) -> Order:
    values: dict[str, Any] = {
        "id": 5500000000001,
        "name": "#1042",
        "order_number": 1042,
        "created_at": NOON,
        "updated_at": NOON,
        "cancelled_at": None,
        "test": False,
        "fulfilled": False,
        "currency": "EUR",
        "taxes_included": True,
        "gateways": ("shopify_payments",),
        "shipping_lines": (),
        **more,
    }
    return Order(lines=lines, total_price=money(total), **values)


def receipt(sold: Order, with_rules: BookingTargets | None = None, *transactions: Transaction) -> Receipt:
    articles = {each.id: f"article-{each.id}" for each in sold.lines if not (each.custom or each.tip)}
    return sale_receipt(sold, articles, transactions, with_rules or rules())


def reason(sold: Order, with_rules: BookingTargets | None = None) -> str:
    with pytest.raises(NotBookableError) as caught:
        receipt(sold, with_rules)
    return str(caught.value)


def taxes_of(sold: Order, with_rules: BookingTargets | None = None) -> list[tuple[str, str]]:
    return [(each.sales_tax_id, str(each.amount)) for each in receipt(sold, with_rules).lines[0].taxes]
