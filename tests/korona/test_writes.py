"""Receipts as the bytes that KORONA gets."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from korsync.korona.writes import receipt_bytes
from korsync.records.receipts import Receipt, ReceiptLine, ReceiptPayment, ReceiptTax
from korsync.sandbox.korona.contract import RECEIPT_FIELDS

RECEIPT = Receipt(
    id="0b1c2d3e-4f50-5162-8374-95a6b7c8d9e0",
    key="refund/940000000001",
    shop="sandbox-shop.myshopify.com",
    order_id=5500000000001,
    number="940000000001",
    order_number="1042",
    booked_at=datetime(2026, 11, 25, 8, 0, 0, 999999, tzinfo=UTC),
    lines=(
        ReceiptLine(
            14000000000001,
            "a1",
            'Tee "grün" 🍵',
            Decimal(-1),
            Decimal("-8.01"),
            Decimal("-0.89"),
            (ReceiptTax("t7", Decimal("7.00"), Decimal("-0.52"), True),),
        ),
    ),
    payments=(ReceiptPayment("p5", Decimal("-8.01")),),
)


def test_a_receipt_becomes_exactly_these_bytes() -> None:
    assert receipt_bytes([RECEIPT]).decode() == (
        '[{"id":"0b1c2d3e-4f50-5162-8374-95a6b7c8d9e0","number":"940000000001","orderNumber":"1042",'
        '"externalReferences":{"korsyncKey":"refund/940000000001","shopifyShop":"sandbox-shop.myshopify.com",'
        '"shopifyOrderId":"5500000000001"},'
        '"creationTime":"2026-11-25T08:00:00+00:00","bookingTime":"2026-11-25T08:00:00+00:00",'
        '"items":[{"product":{"id":"a1"},"quantity":-1,"description":"Tee \\"gr\\u00fcn\\" \\ud83c\\udf75",'
        '"externalReferences":{"shopifyLineId":"14000000000001"},'
        '"total":{"base":-8.01,"discount":-0.89,'
        '"taxPayments":[{"amount":-0.52,"taxRate":7.00,"salesTax":{"id":"t7"}}]},'
        '"manualPrice":true,"bookingTime":"2026-11-25T08:00:00+00:00"}],'
        '"payments":[{"amount":-8.01,"paymentMethod":{"id":"p5"},"transactionTime":"2026-11-25T08:00:00+00:00"}]}]'
    )


def test_the_same_receipt_is_always_the_same_bytes() -> None:
    assert receipt_bytes([RECEIPT]) == receipt_bytes([replace(RECEIPT)])


def test_cashier_and_customer_group_are_sent_where_they_are_set() -> None:
    (body,) = json.loads(receipt_bytes([replace(RECEIPT, cashier_id="c", customer_group_id="g")]))
    assert (body["cashier"], body["customerGroup"]) == ({"id": "c"}, {"id": "g"})


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0.1", "0.1"), ("-0.00", "0.00"), ("1E+3", "1000"), ("1E-7", "0.0000001"), ("12345678901234567.89", None)],
)
def test_amounts_are_written_as_they_are_and_never_as_floats(amount: str, written: str | None) -> None:
    sent = receipt_bytes([replace(RECEIPT, payments=(ReceiptPayment("p", Decimal(amount)),))]).decode()
    assert f'"amount":{written or amount},' in sent


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_an_amount_that_is_no_number_is_never_sent(amount: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        receipt_bytes([replace(RECEIPT, payments=(ReceiptPayment("p", Decimal(amount)),))])


def test_only_fields_of_the_api_are_sent() -> None:
    (body,) = json.loads(receipt_bytes([replace(RECEIPT, cashier_id="c", customer_group_id="g")]))
    (item,), (payment,) = body["items"], body["payments"]
    assert body.keys() <= RECEIPT_FIELDS["Receipt"].keys()
    assert item.keys() <= RECEIPT_FIELDS["ReceiptItem"].keys()
    assert item["total"].keys() <= RECEIPT_FIELDS["TotalPrice"].keys()
    assert item["total"]["taxPayments"][0].keys() <= RECEIPT_FIELDS["TaxPayment"].keys() - {"included"}
    assert payment.keys() <= RECEIPT_FIELDS["Payment"].keys()
