"""Receipts become KORONA's JSON: the same receipts are always the same bytes, and no amount passes through a float."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from korsync.records.receipts import Receipt, ReceiptLine, ReceiptPayment


def receipt_bytes(receipts: Iterable[Receipt]) -> bytes:
    return _json([_receipt(each) for each in receipts]).encode()


def coupling_bytes(coupling_id: str) -> bytes:
    return _json({"couplingId": coupling_id}).encode()


def _receipt(receipt: Receipt) -> dict[str, Any]:
    # KORONA refuses fractions of a second and wants an offset.
    at = receipt.booked_at.isoformat(timespec="seconds")
    body: dict[str, Any] = {
        "id": receipt.id,
        "number": receipt.number,
        "orderNumber": receipt.order_number,
        "externalReferences": {
            "korsyncKey": receipt.key,
            "shopifyShop": receipt.shop,
            "shopifyOrderId": str(receipt.order_id),
        },
        "creationTime": at,
        "bookingTime": at,
    }
    if receipt.cashier_id is not None:
        body["cashier"] = {"id": receipt.cashier_id}
    if receipt.customer_group_id is not None:
        body["customerGroup"] = {"id": receipt.customer_group_id}
    body["items"] = [_item(line, at) for line in receipt.lines]
    body["payments"] = [_payment(payment, at) for payment in receipt.payments]
    return body


def _item(line: ReceiptLine, at: str) -> dict[str, Any]:
    # `included` stays out of the tax payments: since 3.10 it is KORONA's own, taken from the sales tax.
    taxes = [{"amount": tax.amount, "taxRate": tax.percent, "salesTax": {"id": tax.sales_tax_id}} for tax in line.taxes]
    return {
        "product": {"id": line.article_id},
        "quantity": line.quantity,
        "description": line.description,
        "externalReferences": {"shopifyLineId": str(line.line_id)},
        "total": {"base": line.base, "discount": line.discount, "taxPayments": taxes},
        "manualPrice": True,
        "bookingTime": at,
    }


def _payment(payment: ReceiptPayment, at: str) -> dict[str, Any]:
    return {"amount": payment.amount, "paymentMethod": {"id": payment.payment_method_id}, "transactionTime": at}


def _json(value: Any) -> str:
    """Write JSON; the json module would turn Decimal into a float or refuse it."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("an amount that is no number cannot be sent")
        return format(abs(value) if value == 0 else value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_json(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(each) for each in value) + "]"
    return json.dumps(value)
