"""What is told of a refund beside its receipt: what is not booked, and money that is not the goods' price."""

from dataclasses import replace
from decimal import Decimal

import pytest

from korsync.records.orders import Refund, RefundLine, Transaction
from korsync.rules.returns import remark_on
from tests.support.selling import NOON, money, order


def back(subtotal: str, restock_type: str = "return", tax: str | None = None) -> RefundLine:
    return RefundLine(1, 1, 1, restock_type, None, money(subtotal), None if tax is None else money(tax))


def told(
    *lines: RefundLine,
    given: str | None = None,
    currency: str = "EUR",
    status: str = "success",
    shipping: str | None = None,
    taxes_included: bool = True,
) -> str:
    moved = () if given is None else (Transaction(1, "refund", status, "paypal", money(given), None, currency),)
    refund = Refund(1, NOON, lines, moved, None if shipping is None else money(shipping))
    return remark_on(refund, order(taxes_included=taxes_included))


# --- what is not booked ---


def test_an_amount_without_goods_is_told_with_the_amount() -> None:
    assert told(given="5.00") == "not booked: an amount of 5.00 without goods"
    assert told(given="5", status="pending") == "not booked: an amount of 5.00 without goods"
    assert told(given="5.40", currency="USD") == "not booked: an amount of 5.40 USD without goods"
    assert told(given="5.00", status="failure") == "not booked: an amount without goods"


def test_shipping_is_told_with_its_amount() -> None:
    assert told(given="4.90", shipping="4.90") == "not booked: shipping 4.90"


def test_an_amount_does_not_hide_behind_shipping() -> None:
    assert told(given="9.90", shipping="4.90") == "not booked: shipping 4.90; an amount of 5.00 without goods"


def test_goods_that_stay_away_are_told() -> None:
    assert told(back("10.00", "no_restock"), given="10.00") == "not booked: pieces that were not restocked: 1"
    assert told(back("10.00", "quarantine"), given="10.00") == (
        "not booked: pieces that were not restocked: 1; not known, so taken for not restocked: quarantine"
    )


# --- money that is not the goods' price ---


@pytest.mark.parametrize("given", ["7.00", "15.00"])
def test_money_that_is_not_the_goods_price_is_told_with_both_figures(given: str) -> None:
    assert told(back("10.00"), given=given) == f"{given} given back for goods of 10.00; booked: 10.00"


def test_money_for_goods_that_stay_away_is_not_told_as_booked() -> None:
    assert told(back("10.00", "no_restock"), given="7.00") == (
        "not booked: pieces that were not restocked: 1; 7.00 given back for goods of 10.00"
    )
    both = told(back("10.00"), back("4.00", "no_restock"), given="12.00")
    assert both.endswith("12.00 given back for goods of 14.00; booked: 10.00")


def test_shipping_is_no_part_of_the_goods_price() -> None:
    assert told(back("10.00"), given="14.90", shipping="4.90") == "not booked: shipping 4.90"
    assert told(back("10.00"), given="10.00", shipping="4.90") == (
        "not booked: shipping 4.90; 10.00 given back for goods of 10.00 and shipping of 4.90; booked: 10.00"
    )


def test_in_a_net_shop_the_price_is_that_with_the_tax_on_top() -> None:
    goods = back("10.00", tax="1.90")
    assert told(goods, given="11.90", taxes_included=False) == ""
    assert told(goods, given="10.00", taxes_included=False) == "10.00 given back for goods of 11.90; booked: 11.90"


def test_in_a_gross_shop_the_subtotal_may_be_gross_or_net() -> None:
    assert told(back("11.90", tax="1.90"), given="11.90") == ""
    assert told(back("10.00", tax="1.90"), given="11.90") == ""


@pytest.mark.parametrize(("given", "currency", "status"), [("10.00", "EUR", "pending"), ("10.00", "", "success")])
def test_where_the_money_is_the_price_there_is_nothing_to_say(given: str, currency: str, status: str) -> None:
    assert told(back("10.00"), given=given, currency=currency, status=status) == ""


def test_where_no_money_went_back_or_other_money_nothing_is_said_of_it() -> None:
    assert told(back("10.00")) == ""
    assert told(back("10.00"), given="10.80", currency="USD") == ""
    assert told(back("10.00"), given="7.00", status="failure") == ""


def test_amounts_are_told_in_the_decimals_of_their_money() -> None:
    refund = Refund(1, NOON, (back("1000.0"),), (Transaction(1, "refund", "success", "paypal", Decimal("700.0")),))
    assert remark_on(refund, replace(order(), currency="JPY")) == "700 given back for goods of 1000; booked: 1000"
