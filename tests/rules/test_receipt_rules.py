"""Single rules of receipts on plain values: taxes by rate and date, payments, totals, and what is not booked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.catalogue import PaymentMethod, SalesTax, SalesTaxRate
from korsync.records.memory import BookingTargets
from korsync.records.orders import Fee, Order, OrderLine, Refund, RefundLine, ShippingLine, TaxLine, Transaction
from korsync.records.receipts import Receipt
from korsync.rules.receipts import NotBookableError, sale_receipt, tax_differences

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOWERED = datetime(2020, 6, 30, 22, tzinfo=UTC)  # midnight in Berlin


def money(text: str) -> Decimal:
    return Decimal(text)


def sales_tax(number: str, *rates: tuple[str, datetime | None], included: bool = True) -> SalesTax:
    valid = tuple(SalesTaxRate(money(percent), since) for percent, since in rates)
    return SalesTax(f"tax-{number}", number, f"Tax {number}", included, valid)


STANDARD = sales_tax("1", ("19", None), ("16", LOWERED), ("19", LOWERED + timedelta(days=184)))
REDUCED = sales_tax("2", ("7", None))
ADDED = sales_tax("11", ("19", None), included=False)
METHODS = {name: PaymentMethod(f"by-{name}", name, name) for name in ("shopify_payments", "paypal", "default")}


def rules(*taxes: SalesTax, chosen: Mapping[str, SalesTax] | None = None) -> BookingTargets:
    return BookingTargets(
        shop="a-shop.myshopify.com",
        point_of_sale_id="web shop",
        shipping_article_id="shipping",
        default_article_id="default",
        payment_methods=METHODS,
        sales_taxes=taxes or (STANDARD, REDUCED, ADDED),
        taxes=dict(chosen or {}),
    )


def line(price: str = "10.00", *taxes: tuple[str | None, str], quantity: int = 1, **more: Any) -> OrderLine:
    told = tuple(TaxLine(None if rate is None else money(rate), money(amount)) for rate, amount in taxes)
    values: dict[str, Any] = {"current_quantity": quantity, "discount": Decimal(0), **more}
    return OrderLine(
        id=values.pop("id", 1),
        sku="1042",
        variant_id=7,
        title="Tea",
        quantity=quantity,
        price=money(price),
        taxes=told,
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


# --- sales taxes ---


def test_the_sales_tax_is_the_one_that_has_this_rate_on_the_orders_date() -> None:
    day_before, day_of = LOWERED - timedelta(seconds=1), LOWERED
    assert taxes_of(order(line("10.00", ("19", "1.60")), created_at=day_before)) == [("tax-1", "1.60")]
    assert taxes_of(order(line("10.00", ("16", "1.38")), created_at=day_of)) == [("tax-1", "1.38")]
    wrong = reason(order(line("10.00", ("19", "1.60")), created_at=day_of))
    assert wrong == "KORONA has no sales tax of 19 % included in the price on the order's date"
    assert reason(order(line("10.00", ("16", "1.38")), created_at=day_before)).startswith("KORONA has no sales tax")


def test_a_rate_from_the_future_is_no_rate_yet() -> None:
    later = rules(sales_tax("1", ("19", NOON + timedelta(seconds=1))))
    assert reason(order(line("10.00", ("19", "1.60"))), later).startswith("KORONA has no sales tax of 19 %")


def test_rates_are_compared_as_numbers() -> None:
    assert taxes_of(order(line("10.00", ("7.000", "0.65")))) == [("tax-2", "0.65")]


def test_a_gross_price_takes_no_sales_tax_that_comes_on_top() -> None:
    assert reason(order(line("10.00", ("19", "1.60"))), rules(ADDED)).startswith("KORONA has no sales tax of 19 %")


def test_a_net_price_prefers_a_sales_tax_that_comes_on_top() -> None:
    sold = order(line("10.00", ("19", "1.90")), total="11.90", taxes_included=False)
    booked = receipt(sold).lines[0]
    assert [(each.sales_tax_id, booked.base) for each in booked.taxes] == [("tax-11", money("10.00"))]


def test_where_several_sales_taxes_would_do_a_person_must_choose() -> None:
    other = sales_tax("8", ("19", None))
    sold = order(line("10.00", ("19", "1.60")))
    assert reason(sold, rules(STANDARD, other)) == (
        "KORONA has several sales taxes of 19 % included in the price: 1 Tax 1, 8 Tax 8; choose one under orders.taxes"
    )
    assert taxes_of(sold, rules(STANDARD, other, chosen={"19": other})) == [("tax-8", "1.60")]


@pytest.mark.parametrize("taxes", [(REDUCED,), (STANDARD, sales_tax("8", ("19", None)))])
def test_where_nothing_is_taxed_no_sales_tax_is_needed(taxes: tuple[SalesTax, ...]) -> None:
    assert taxes_of(order(line("0.00", ("19", "0.00")), total="0.00"), rules(*taxes)) == []


def test_a_chosen_sales_tax_needs_no_rate_of_its_own() -> None:
    abroad = sales_tax("OSS", ("0", None))
    assert taxes_of(order(line("12.10", ("21", "2.10")), total="12.10"), rules(chosen={"21": abroad})) == [
        ("tax-OSS", "2.10")
    ]


def test_a_chosen_sales_tax_must_fit_gross_prices() -> None:
    assert reason(order(line("10.00", ("19", "1.60"))), rules(chosen={"19": ADDED})) == (
        "the KORONA sales tax chosen for 19 % under orders.taxes is not included in prices"
    )


def test_a_chosen_included_sales_tax_goes_into_a_net_base() -> None:
    sold = order(line("10.00", ("19", "1.90")), total="11.90", taxes_included=False)
    booked = receipt(sold, rules(chosen={"19": STANDARD}))
    assert (booked.lines[0].base, booked.gross) == (money("11.90"), money("11.90"))


def test_a_tax_whose_rate_shopify_does_not_say_is_held() -> None:
    assert reason(order(line("10.00", (None, "1.60")))) == "Shopify does not say the rate of a tax of 1.60"


def test_two_taxes_of_one_rate_are_one() -> None:
    sold = order(line("10.00", ("7", "0.30"), ("7.0", "0.35")))
    assert taxes_of(sold) == [("tax-2", "0.65")]


def test_differences_per_rate_are_told_in_both_directions() -> None:
    sold = order(line("10.00", ("19", "1.60")), line("10.00", ("7", "0.65"), id=2), total="20.00")
    computed = replace(sold, taxes=(TaxLine(money("19"), money("1.59")), TaxLine(money("0"), money("0.00"))))
    assert tax_differences(computed, receipt(sold)) == (
        "7 %: receipt 0.65, Shopify 0",
        "19 %: receipt 1.60, Shopify 1.59",
    )
    same = replace(sold, taxes=(TaxLine(money("19.0"), money("1.60")), TaxLine(money("7"), money("0.65"))))
    assert tax_differences(same, receipt(sold)) == ()


# --- articles ---


@pytest.mark.parametrize("no_article", [line(custom=True), line(tip=True), line(gift_card=True)])
def test_what_is_no_article_goes_on_the_default_article(no_article: OrderLine) -> None:
    sold = order(no_article)
    assert sale_receipt(sold, {}, (), rules()).lines[0].article_id == "default"
    assert sale_receipt(sold, {1: "article"}, (), rules()).lines[0].article_id == "article"


def test_a_line_without_an_article_is_held_by_its_sku_or_its_title() -> None:
    with pytest.raises(NotBookableError, match=r"^SKU 1042 is not an article in KORONA$"):
        sale_receipt(order(line()), {}, (), rules())
    with pytest.raises(NotBookableError, match=r"^“Tea”, which has no SKU, is not an article in KORONA$"):
        sale_receipt(order(replace(line(), sku="")), {}, (), rules())


def test_fees_and_shipping_go_on_their_articles_with_their_own_taxes() -> None:
    shipping = ShippingLine(2, "DHL", money("4.90"), money("0.90"), (TaxLine(money("19"), money("0.64")),))
    removed = ShippingLine(3, "UPS", money("9.90"), Decimal(0), (), removed=True)
    fee = Fee(4, "Pfand", money("0.25"), (TaxLine(money("7"), money("0.02")),))
    sold = order(line(), total="14.25", shipping_lines=(shipping, removed), fees=(fee,))
    rows = [(each.line_id, each.article_id, str(each.base), str(each.discount)) for each in receipt(sold).lines]
    assert rows == [(1, "article-1", "10.00", "0"), (2, "shipping", "4.00", "0.90"), (4, "default", "0.25", "0")]
    assert [tax.sales_tax_id for each in receipt(sold).lines for tax in each.taxes] == ["tax-1", "tax-2"]


# --- payments ---


def paid(gateway: str, amount: str, kind: str = "sale", status: str = "success", **more: Any) -> Transaction:
    return replace(Transaction(1, kind, status, gateway, money(amount)), **more)


def split(gateways: tuple[str, ...], *transactions: Transaction) -> list[tuple[str, str]]:
    booked = receipt(order(line("20.00"), total="20.00", gateways=gateways), None, *transactions)
    assert sum(each.amount for each in booked.payments) == booked.gross
    return [(each.payment_method_id.removeprefix("by-"), str(each.amount)) for each in booked.payments]


def test_one_gateway_pays_all_of_it_whatever_was_paid() -> None:
    assert split(("paypal",)) == [("paypal", "20.00")]
    assert split(("Vorkasse",)) == [("default", "20.00")]
    assert split(()) == [("default", "20.00")]


@pytest.mark.parametrize(
    "transactions",
    [
        (paid("paypal", "8.00"), paid("shopify_payments", "12.00")),
        (paid("paypal", "8.00", status="pending"), paid("paypal", "8.00"), paid("shopify_payments", "12.00")),
        (paid("paypal", "8.00", "authorization"), paid("paypal", "8.00", "capture"), paid("shopify_payments", "12.00")),
        (paid("paypal", "8.00", "authorization"), paid("shopify_payments", "12.00", "authorization")),
        (paid("paypal", "8.00", status="pending"), paid("shopify_payments", "12.00", status="pending")),
        (paid("paypal", "20.00", status="failure"), paid("paypal", "8.00"), paid("shopify_payments", "12.00")),
        (paid("paypal", "5.00"), paid("paypal", "3.00"), paid("shopify_payments", "12.00")),
        (
            paid("paypal", "9.00", "authorization", id=7),
            paid("paypal", "0.00", "void", parent_id=7),
            paid("paypal", "8.00", "authorization"),
            paid("shopify_payments", "12.00"),
        ),
        (
            paid("paypal", "8.00", "authorization", id=7),
            paid("paypal", "8.00", "void", "failure", parent_id=7),
            paid("shopify_payments", "12.00"),
        ),
        (paid("paypal", "8.00", "authorization", "pending"), paid("shopify_payments", "12.00")),
    ],
)
def test_several_gateways_are_split_by_what_each_brought(transactions: tuple[Transaction, ...]) -> None:
    assert split(("paypal", "shopify_payments"), *transactions) == [("paypal", "8.00"), ("shopify_payments", "12.00")]


def test_a_gateway_that_brought_nothing_has_no_payment() -> None:
    transactions = (paid("paypal", "20.00", status="failure"), paid("shopify_payments", "20.00"))
    assert split(("paypal", "shopify_payments"), *transactions) == [("shopify_payments", "20.00")]
    assert split(("shopify_payments", "paypal"), *transactions) == [("shopify_payments", "20.00")]


def test_what_nobody_paid_yet_stands_on_the_last_gateway_and_never_more_than_the_total() -> None:
    assert split(("paypal", "gift_card"), paid("paypal", "5.00")) == [("paypal", "5.00"), ("default", "15.00")]
    assert split(("paypal", "gift_card"), paid("paypal", "25.00")) == [("paypal", "20.00")]


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
