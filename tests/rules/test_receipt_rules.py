"""Single rules of receipts on plain values: totals, articles, and what is not booked."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.orders import Fee, Order, OrderLine, Refund, RefundLine, ShippingLine, TaxLine, Transaction
from korsync.rules.bookings import remember
from korsync.rules.matching import near_numbers
from korsync.rules.receipts import NotBookableError, sale_receipt
from tests.support.selling import NOON, WAYS_OUT, line, money, order, reason, receipt, rules

DAY = timedelta(days=1)

# --- the total ---


@pytest.mark.parametrize("total", ["9.99", "10.01", "10.001", "0.00", "-10.00"])
def test_a_total_that_is_off_by_anything_is_held_with_both_figures(total: str) -> None:
    assert reason(order(line(), total=total)) == f"its lines add up to 10.00, Shopify's total is {total}"


def test_a_total_may_be_written_with_other_decimals() -> None:
    assert receipt(order(line(), total="10")).gross == 10


def test_an_order_without_lines_is_held() -> None:
    assert reason(order(total="0.00")) == "the order has no lines"


def test_a_line_of_no_pieces_is_left_out() -> None:
    sold = order(line(), line(id=2, quantity=0))
    assert [each.line_id for each in receipt(sold).lines] == [1]


def test_pieces_that_an_edit_added_are_sold_also_when_others_were_taken_out() -> None:
    # Ordered 2, now 4 and one was taken out: 5 were sold.
    gone = RefundLine(1, 1, 1, "no_restock", None, Decimal(10))
    edited = replace(line(quantity=2), current_quantity=4)
    sold = order(edited, total="50.00", refunds=(Refund(1, NOON, (gone,), ()),))
    assert receipt(sold).lines[0].quantity == 5


def test_pieces_that_came_back_count_once_where_shopify_does_not_say_what_is_left() -> None:
    back = RefundLine(1, 1, 1, "return", None, money("10.00"))
    silent = replace(line(quantity=2), current_quantity=None)
    sold = order(silent, total="20.00", refunds=(Refund(1, NOON, (back,), ()),))
    assert receipt(sold).lines[0].quantity == 2


# --- the total of an order first seen after an edit ---


def edited(total: str, *, current: str | None = None, paid: bool = False, **more: Any) -> Order:
    """Return an order of 3 × 10.00 of which one piece was taken out again; `paid` where money went back for it."""
    taken = RefundLine(1, 1, 1, "cancel", None, money("10.00"), money("1.90"))
    money_back = (Transaction(1, "refund", "success", "paypal", money("10.00")),) if paid else ()
    left = replace(line("10.00", quantity=3), current_quantity=2)
    refunds = (Refund(1, NOON, (taken,), money_back),)
    now = None if current is None else money(current)
    return order(left, total=total, current_total_price=now, refunds=refunds, **more)


@pytest.mark.parametrize(
    ("total", "current"), [("30.00", "20.00"), ("20.00", "20.00"), ("20.00", None), ("35.00", "20.00")]
)
@pytest.mark.parametrize("paid", [False, True])
def test_the_total_may_be_that_before_or_after_what_was_taken_out(total: str, current: str | None, paid: bool) -> None:
    booked = receipt(edited(total, current=current, paid=paid))
    assert (booked.lines[0].quantity, booked.gross) == (Decimal(3), Decimal(30))
    assert [each.amount for each in booked.payments] == [30]


def test_in_a_net_shop_what_was_taken_out_had_its_tax_on_top() -> None:
    taxed = edited("23.80", taxes_included=False)
    taxed = replace(taxed, lines=(replace(taxed.lines[0], taxes=(TaxLine(money("19"), money("5.70")),)),))
    assert receipt(taxed).gross == money("35.70")


def test_what_is_left_of_the_total_says_nothing_where_nothing_was_taken_out() -> None:
    sold = order(line(), total="10.01", current_total_price=money("10.00"))
    assert reason(sold) == "its lines add up to 10.00, Shopify's total is 10.01"


def test_a_total_that_no_edit_explains_is_held_with_all_figures() -> None:
    assert reason(edited("29.00", current="19.00")) == (
        "its lines add up to 30.00, Shopify's total is 29.00, 19.00 by now"
    )


def test_of_two_refunds_only_the_edit_may_be_missing_in_the_total() -> None:
    removed, returned = (RefundLine(pieces, 1, pieces, "cancel", None, money(f"{pieces}0.00")) for pieces in (1, 2))
    money_back = (Transaction(1, "refund", "success", "paypal", money("20.00")),)
    refunds = (Refund(1, NOON, (removed,), ()), Refund(2, NOON, (returned,), money_back))
    left = replace(line("10.00", quantity=4), current_quantity=1)
    assert receipt(order(left, total="30.00", refunds=refunds)).gross == 40


# --- a difference that is allowed ---


@pytest.mark.parametrize(("total", "difference"), [("10.02", "0.02"), ("9.98", "-0.02"), ("10.01", "0.01")])
def test_a_difference_of_a_few_cents_is_a_line_of_its_own_where_that_is_allowed(total: str, difference: str) -> None:
    sold = order(line(), total=total)
    booked = receipt(sold, replace(rules(), rounding_cents=2))
    assert booked.gross == money(total) == sum(each.amount for each in booked.payments)
    rounding = booked.lines[-1]
    assert (rounding.article_id, rounding.quantity, rounding.base) == ("default", Decimal(1), money(difference))
    assert (rounding.line_id, rounding.discount, rounding.taxes) == (sold.id, Decimal(0), ())
    assert "add up to 10.00" in reason(sold, replace(rules(), rounding_cents=0))


@pytest.mark.parametrize("total", ["10.03", "9.97"])
def test_a_larger_difference_is_held_all_the_same(total: str) -> None:
    assert reason(order(line(), total=total), replace(rules(), rounding_cents=2)).endswith(total)


def test_where_nothing_differs_there_is_no_line_for_it() -> None:
    assert len(receipt(order(line()), replace(rules(), rounding_cents=2)).lines) == 1


def test_a_cent_is_the_smallest_amount_of_the_currency() -> None:
    yen = replace(rules(), currency="JPY", rounding_cents=2)
    assert receipt(order(line("1000"), total="1002", currency="JPY"), yen).gross == 1002
    assert reason(order(line("1000"), total="1003", currency="JPY"), yen).endswith("1003")


# --- the currency ---


def test_an_order_in_other_money_than_koronas_is_held_with_both_named() -> None:
    assert reason(order(line(), currency="USD")) == (
        "its total is 10.00 USD, KORONA's prices and receipts are in EUR: book it by hand"
    )
    assert receipt(order(line(), currency="USD"), replace(rules(), currency="usd")).gross == 10


# --- articles ---


@pytest.mark.parametrize("no_article", [line(custom=True), line(tip=True), line(gift_card=True)])
def test_what_is_no_article_goes_on_the_default_article(no_article: OrderLine) -> None:
    sold = order(no_article)
    assert sale_receipt(sold, {}, (), rules()).lines[0].article_id == "default"
    assert sale_receipt(sold, {1: "article"}, (), rules()).lines[0].article_id == "article"


def unknown(sold: Order, *numbers: str) -> str:
    with pytest.raises(NotBookableError) as held:
        sale_receipt(sold, {}, (), rules(), near_numbers(numbers))
    return str(held.value)


def test_a_product_that_is_no_article_is_held_with_the_ways_out() -> None:
    assert unknown(order(line())) == f"SKU 1042 is not an article in KORONA; {WAYS_OUT}"
    nameless = order(replace(line(), sku="  "))
    assert unknown(nameless, "0", "9") == f"“Tea”, which has no SKU, is not an article in KORONA; {WAYS_OUT}"


def test_a_number_that_is_nearly_the_sku_is_named() -> None:
    told = unknown(order(replace(line(), sku="815")), "0815", "08 15", "1815")
    assert told == f"SKU 815 is not an article in KORONA (KORONA has 08 15, 0815); {WAYS_OUT}"


def test_a_number_of_several_articles_is_never_booked_on_the_default_article() -> None:
    sold = order(line())
    assert unknown(sold, "1042") == "SKU 1042 is the number of several articles in KORONA"
    with pytest.raises(NotBookableError, match="several articles"):
        sale_receipt(sold, {}, (), replace(rules(), books_unknown=True), near_numbers(["1042"]))


def test_all_products_that_are_no_articles_are_named_and_the_ways_out_once() -> None:
    told = unknown(order(line(), replace(line(id=2), sku="7777"), line(id=3, quantity=0), total="20.00"))
    assert told == f"SKU 1042 is not an article in KORONA; SKU 7777 is not an article in KORONA; {WAYS_OUT}"


def test_products_that_are_no_articles_go_on_the_default_article_where_that_is_set() -> None:
    sold = order(line("10.00", ("19", "1.60")), replace(line(id=2), sku=""), line(id=3), total="30.00")
    booked = sale_receipt(sold, {3: "article"}, (), replace(rules(), books_unknown=True))
    assert [each.article_id for each in booked.lines] == ["default", "default", "article"]
    assert [each.sales_tax_id for each in booked.lines[0].taxes] == ["tax-1"]


def test_fees_and_shipping_go_on_their_articles_with_their_own_taxes() -> None:
    shipping = ShippingLine(2, "DHL", money("4.90"), money("0.90"), (TaxLine(money("19"), money("0.64")),))
    removed = ShippingLine(3, "UPS", money("9.90"), Decimal(0), (), removed=True)
    fee = Fee(4, "Pfand", money("0.25"), (TaxLine(money("7"), money("0.02")),))
    sold = order(line(), total="14.25", shipping_lines=(shipping, removed), fees=(fee,))
    rows = [(each.line_id, each.article_id, str(each.base), str(each.discount)) for each in receipt(sold).lines]
    assert rows == [(1, "article-1", "10.00", "0"), (2, "shipping", "4.00", "0.90"), (4, "default", "0.25", "0")]
    assert [tax.sales_tax_id for each in receipt(sold).lines for tax in each.taxes] == ["tax-1", "tax-2"]


# --- what was sold before the start ---


@pytest.mark.parametrize(
    ("created", "processed", "before"),
    [(NOON, None, False), (NOON, NOON - DAY, True), (NOON - DAY, NOON, True), (NOON, NOON + DAY, False)],
)
def test_an_order_counts_from_when_it_was_placed_also_where_it_was_imported_later(
    created: datetime, processed: datetime | None, before: bool
) -> None:
    imported = order(line(), created_at=created, processed_at=processed)
    assert remember(imported, None, NOON - timedelta(hours=1)).before_start is before


# --- what names a receipt ---


def test_a_receipt_is_named_by_shopifys_ids_alone() -> None:
    booked, later = receipt(order(line())), receipt(order(line(), updated_at=NOON + timedelta(days=1)))
    assert booked == later
    assert (booked.key, booked.number, booked.order_number) == ("order/5500000000001", "1042", "1042")
    assert booked.booked_at == NOON
    elsewhere = receipt(order(line()), replace(rules(), shop="another.myshopify.com"))
    assert elsewhere.id != booked.id


def test_only_the_leading_sign_is_taken_off_a_name() -> None:
    assert receipt(order(line(), name="#DE#1042")).order_number == "DE#1042"
    assert receipt(order(line(), name="DE-1042")).order_number == "DE-1042"
