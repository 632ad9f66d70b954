"""Ten thousand generated orders: each is booked right to the cent or held with its reason, never booked wrong."""

import json
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from korsync.korona.writes import receipt_bytes
from korsync.records.receipts import Receipt
from korsync.rules.receipts import NotBookableError, sale_receipt
from korsync.rules.taxes import tax_differences
from korsync.sandbox.korona.contract import misfit
from tests.support.order_generator import LINE_KINDS, Case, cases
from tests.support.pricing import DECIMALS

ORDERS = 5_250
"""Generated orders per kind of shop."""

HELD_LINES = {"unknown SKU", "no SKU"}
KINDS = (set(LINE_KINDS) - HELD_LINES) | {
    *DECIMALS,
    *("0 gateways", "1 gateways", "2 gateways", "3 gateways", "zero total"),
    *("discount", "shipping discount", "100 % off", "fee", "price 0", "tax free", "exempt"),
    *("0 shipping lines", "1 shipping lines", "2 shipping lines", "removed shipping"),
    *("several rates", "several rates on a line", "pieces added", "pieces taken out"),
}


def units(value: Decimal, case: Case) -> int:
    scaled = Fraction(value) * 10 ** DECIMALS[case.currency]
    assert scaled.denominator == 1, f"{value} is more exact than {case.currency}"
    return int(scaled)


def sent(receipt: Receipt) -> Any:
    """Return the receipt as KORONA reads it; the sandbox knows every field and type of its description."""
    batch = json.loads(receipt_bytes([receipt]), parse_float=Decimal)
    assert misfit(batch, "[Receipt]", "receipts") is None
    return batch[0]


def assert_right(case: Case, receipt: Receipt) -> None:
    posted = sent(receipt)
    total = 0
    assert len(posted["items"]) == len(case.rows)
    for item, row in zip(posted["items"], case.rows, strict=True):
        assert item["product"]["id"] == row.article_id
        assert item["externalReferences"] == {"shopifyLineId": str(row.line_id)}
        assert item["quantity"] == row.pieces
        taxes = item["total"]["taxPayments"]
        on_top = sum(units(Decimal(tax["amount"]), case) for tax in taxes if not included(case, tax))
        gross = units(Decimal(item["total"]["base"]), case) + on_top
        assert gross == row.gross
        assert units(Decimal(item["total"]["discount"]), case) == row.discount
        assert {Fraction(tax["taxRate"]): units(Decimal(tax["amount"]), case) for tax in taxes} == row.taxes
        if case.order.taxes_included:
            assert all(included(case, tax) for tax in taxes)
        total += gross
    assert case.order.total_price is not None
    assert total == units(case.order.total_price, case) == units(receipt.gross, case)
    paid: Counter[str] = Counter()
    for payment in posted["payments"]:
        paid[payment["paymentMethod"]["id"]] += units(Decimal(payment["amount"]), case)
        assert payment["amount"] != 0
    assert dict(paid) == case.paid
    different = {Fraction(each.split(" %")[0]) for each in tax_differences(case.order, receipt, case.rules)}
    assert different == case.differing_rates


def included(case: Case, tax: Any) -> bool:
    return case.account.is_included(tax["salesTax"]["id"])


def assert_held_rightly(case: Case, reason: str) -> None:
    assert case.reasons
    assert all(each in reason for each in case.reasons), (reason, case.reasons)
    figures = re.fullmatch(r"its lines add up to (\S+), Shopify's total is (\S+)", reason)
    if figures:
        assert units(Decimal(figures[1]), case) == case.lines_total
        assert Decimal(figures[2]) == case.order.total_price != Decimal(figures[1])


@pytest.mark.long
@pytest.mark.parametrize("gross", [True, False], ids=["gross", "net"])
def test_every_generated_order_is_booked_to_the_cent_or_held_with_its_reason(gross: bool) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=ORDERS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(cases(gross))
    def each(case: Case) -> None:
        seen["orders"] += 1
        try:
            receipt = sale_receipt(case.order, case.articles, case.transactions, case.rules)
        except NotBookableError as error:
            assert_held_rightly(case, str(error))
            seen["held"] += 1
            seen.update({f"held: {each}" for each in case.reasons})
            return
        assert case.reasons == []
        assert_right(case, receipt)
        seen["booked"] += 1
        seen.update(case.kinds)

    each()
    print(f"\n{seen['orders']} generated orders: {seen['booked']} booked, {seen['held']} held")
    assert seen["orders"] >= ORDERS
    assert seen["booked"] > ORDERS / 4
    assert {kind: seen[kind] for kind in KINDS if seen[kind] < 5} == {}
    assert seen["held: its lines add up to"] > 100
    assert seen["held: receipts are in USD"] > 30
    assert seen["held: is not an article in KORONA"] > 100
    assert sum(seen[each] for each in seen if each.startswith("held: KORONA has no sales tax")) > 100
    assert sum(seen[each] for each in seen if each.startswith("held: KORONA has several sales taxes")) > 30
    assert (seen["held: under orders.taxes is not included in prices"] > 3) == gross
