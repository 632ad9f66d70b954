"""Somebody else who books on our point of sale: korsync on a second machine, or a program that writes no keys."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from korsync.sandbox.exchange import Request
from korsync.sandbox.korona.account import KoronaSide
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.shopify.pricing import sums
from korsync.sandbox.shopify.sales import Line, Order, ShippingLine

Json = dict[str, Any]

_INCLUDED = {Decimal(19): "1", Decimal(7): "2", Decimal(0): "3"}
_ADDED = {Decimal(19): "11", Decimal(7): "12"}


def posts_first(side: KoronaSide, server: SandboxServer, *, keyless: bool = False) -> None:
    """Book what is posted next a moment before it arrives: after korsync's look-up, before its own POST."""

    def race(request: Request) -> None:
        if request.method == "POST":
            server.before_request = None
            side.post_elsewhere(*(without_keys(each) if keyless else each for each in request.json()))

    server.before_request = race


def receipt_of(order: Order, *, keyless: bool = False, shop: str = "sandbox-shop.myshopify.com") -> Json:
    """Return the receipt of an order as another machine posts it: articles by SKU, shipping on 9001, paid by card."""
    items = [_item(order, row) for row in order.rows]
    receipt = {
        "number": str(order.order_number),
        "orderNumber": order.name.removeprefix("#"),
        "bookingTime": order.created_at.isoformat(),
        "externalReferences": {
            "korsyncKey": f"order/{order.id}",
            "shopifyShop": shop,
            "shopifyOrderId": str(order.id),
        },
        "items": items,
        "payments": [{"amount": sums(order).total, "paymentMethod": {"number": "5"}}],
    }
    return without_keys(receipt) if keyless else receipt


def without_keys(receipt: Mapping[str, Any]) -> Json:
    """Return a receipt as a program writes it that knows no external references."""
    items = [_without_references(each) for each in receipt["items"]]
    return _without_references(receipt) | {"items": items}


def _without_references(row: Mapping[str, Any]) -> Json:
    return {name: value for name, value in row.items() if name != "externalReferences"}


def _item(order: Order, row: Line | ShippingLine) -> Json:
    numbers = _INCLUDED if order.taxes_included else _ADDED
    taxes = [
        {"amount": tax.amount, "taxRate": tax.percent, "salesTax": {"number": numbers[tax.percent]}}
        for tax in row.taxes
    ]
    return {
        "product": {"number": row.sku if isinstance(row, Line) else "9001"},
        "quantity": row.sold if isinstance(row, Line) else 1,
        "total": {
            "base": row.total,
            "discount": sum((each.amount for each in row.allocations), Decimal(0)),
            "taxPayments": taxes,
        },
        "externalReferences": {"shopifyLineId": str(row.id)},
    }
