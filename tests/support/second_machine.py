"""Somebody else who books on our point of sale: korsync on a second machine, or a program that writes no keys."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from korsync.sandbox.exchange import Request
from korsync.sandbox.korona.account import KoronaSide
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.shopify.sales import Line, Order

Json = dict[str, Any]


def posts_first(side: KoronaSide, server: SandboxServer, *, keyless: bool = False) -> None:
    """Book what is posted next a moment before it arrives: after korsync's look-up, before its own POST."""

    def race(request: Request) -> None:
        if request.method == "POST":
            server.before_request = None
            side.post_elsewhere(*(without_keys(each) if keyless else each for each in request.json()))

    server.before_request = race


def receipt_of(order: Order, *, keyless: bool = False) -> Json:
    """Return the receipt of an order as another machine posts it; articles by SKU, taxes by the usual sales taxes."""
    lines = [_item(line) for line in order.lines]
    total = sum((line.total for line in order.lines), Decimal(0))
    receipt = {
        "number": str(order.order_number),
        "orderNumber": order.name.removeprefix("#"),
        "bookingTime": order.created_at.isoformat(),
        "externalReferences": {"korsyncKey": f"order/{order.id}", "shopifyOrderId": str(order.id)},
        "items": lines,
        "payments": [{"amount": total, "paymentMethod": {"number": "5"}}],
    }
    return without_keys(receipt) if keyless else receipt


def without_keys(receipt: Mapping[str, Any]) -> Json:
    """Return a receipt as a program writes it that knows no external references."""
    items = [_without_references(each) for each in receipt["items"]]
    return _without_references(receipt) | {"items": items}


def _without_references(row: Mapping[str, Any]) -> Json:
    return {name: value for name, value in row.items() if name != "externalReferences"}


def _item(line: Line) -> Json:
    numbers = {Decimal(19): "1", Decimal(7): "2", Decimal(0): "3"}
    taxes = [
        {"amount": tax.amount, "taxRate": tax.percent, "salesTax": {"number": numbers[tax.percent]}}
        for tax in line.taxes
    ]
    return {
        "product": {"number": line.sku},
        "quantity": line.sold,
        "total": {"base": line.total, "discount": line.discount, "taxPayments": taxes},
        "externalReferences": {"shopifyLineId": str(line.id)},
    }
