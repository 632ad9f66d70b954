"""Which sales tax a tax of Shopify's is booked on: by rate and date, by choice, exempt, and what is held."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.records.catalogue import SalesTax
from korsync.records.memory import BookingTargets
from korsync.records.orders import Fee, Order, ShippingLine, TaxLine
from korsync.rules.taxes import double_rates, sales_taxes_for, tax_differences
from tests.support.selling import (
    ADDED,
    LOWERED,
    NOON,
    REDUCED,
    STANDARD,
    line,
    money,
    order,
    reason,
    receipt,
    rules,
    sales_tax,
    tax,
    taxes_of,
)


def test_the_sales_tax_is_the_one_that_has_this_rate_on_the_orders_date() -> None:
    day_before, day_of = LOWERED - timedelta(seconds=1), LOWERED
    assert taxes_of(order(line("10.00", ("19", "1.60")), created_at=day_before)) == [("tax-1", "1.60")]
    assert taxes_of(order(line("10.00", ("16", "1.38")), created_at=day_of)) == [("tax-1", "1.38")]
    wrong = reason(order(line("10.00", ("19", "1.60")), created_at=day_of))
    assert wrong == (
        "KORONA has no sales tax of 19 % included in the price on the order's date; "
        "make one there, or name one under orders.taxes with the key “19”"
    )
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
        "KORONA has several sales taxes of 19 % included in the price: 1 Tax 1, 8 Tax 8; "
        "choose one under orders.taxes with the key “19”"
    )
    titled = reason(order(line("10.00", ("19", "1.60", "MwSt"))), rules(STANDARD, other))
    assert titled.endswith("choose one under orders.taxes with the key “19” or “MwSt 19”")
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


def test_every_missing_rate_of_an_order_is_named_at_once() -> None:
    several = (line("10.00", ("20", "1.67"), ("5.5", "0.10")), line("10.00", ("7", "0.65"), ("20", "1.67"), id=2))
    shipping = ShippingLine(3, "DHL", money("5.00"), Decimal(0), (tax("10", "0.45"),))
    assert reason(order(*several, total="25.00", shipping_lines=(shipping,))) == (
        "KORONA has no sales tax of 20 %, 5.5 % and 10 % included in the price on the order's date; "
        "make one there, or name one under orders.taxes with the key “20”, “5.5” and “10”"
    )


def test_whatever_a_person_must_put_right_is_named_at_once() -> None:
    twins = rules(STANDARD, sales_tax("8", ("19", None)), chosen={"21": ADDED})
    sold = order(line("10.00", ("19", "1.60"), ("21", "1.70"), ("20", "1.67"), (None, "0.10")), total="9.00")
    told = reason(sold, twins)
    for each in ("no sales tax of 20 %", "several sales taxes of 19 %", "chosen for 21 %", "the rate of a tax of 0.10"):
        assert each in told
    assert "add up" not in told


# --- what orders.taxes names ---

FRENCH, OSS, REST = sales_tax("31"), sales_tax("20"), sales_tax("99")


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"FR TVA 20": FRENCH, "20": OSS, "default": REST}, "tax-31"),
        ({"DE MwSt 20": FRENCH, "20": OSS, "default": REST}, "tax-20"),
        ({"FR TVA 5.5": FRENCH, "7": OSS, "default": REST}, "tax-99"),
    ],
)
def test_the_most_specific_choice_wins(keys: dict[str, SalesTax], found: str) -> None:
    sold = order(line("12.00", ("20.0", "2.00", "FR TVA")), total="12.00")
    assert taxes_of(sold, rules(chosen=keys)) == [(found, "2.00")]


def test_default_is_for_every_rate_that_is_not_named_also_for_those_that_korona_has() -> None:
    assert taxes_of(order(line("10.00", ("19", "1.60"))), rules(chosen={"default": REST})) == [("tax-99", "1.60")]


def test_parts_of_one_combined_tax_are_one_row() -> None:
    # 5 × 19.99 = 99.95: 4 % are 4.00, 4.5 % 4.50, 0.375 % 0.37.
    combined = sales_tax("9", ("8.875", None), included=False)
    parts = (("4", "4.00", "State"), ("4.5", "4.50", "City"), ("0.375", "0.37", "Metropolitan"))
    sold = order(line("19.99", *parts, quantity=5), total="108.82", taxes_included=False)
    assert reason(sold, rules(combined)).startswith("KORONA has no sales tax of 4 %, 4.5 % and 0.375 % on top")
    for keys in (("4", "4.5", "0.375"), ("State 4", "City 4.5", "Metropolitan 0.375"), ("default",)):
        (row,) = receipt(sold, rules(combined, chosen=dict.fromkeys(keys, combined))).lines[0].taxes
        assert (row.sales_tax_id, row.percent, row.amount) == ("tax-9", money("8.875"), money("8.87"))


def test_a_part_that_is_exempt_adds_nothing_to_the_combined_rate() -> None:
    combined = sales_tax("9", included=False)
    sold = order(line("100.00", ("4", "0.00"), ("4.5", "4.50")), total="104.50", taxes_included=False)
    (row,) = receipt(sold, rules(combined, chosen={"default": combined})).lines[0].taxes
    assert (row.percent, row.amount) == (money("4.5"), money("4.50"))


# --- exempt sales ---

NONE = sales_tax("3", ("0", None))


@pytest.mark.parametrize("included", [True, False])
def test_an_exempt_sale_is_taxed_at_0_percent_or_not_at_all(included: bool) -> None:
    sold = order(line("119.00", ("19", "0.00")), total="119.00", taxes_included=included)
    (row,) = receipt(sold, rules(STANDARD, NONE)).lines[0].taxes
    assert (row.sales_tax_id, row.percent, row.amount) == ("tax-3", Decimal(0), Decimal(0))
    assert taxes_of(sold, rules(STANDARD)) == []
    assert taxes_of(sold, rules(STANDARD, chosen={"19": STANDARD, "default": STANDARD})) == []
    assert taxes_of(sold, rules(STANDARD, chosen={"0": NONE, "default": STANDARD})) == [("tax-3", "0.00")]


def test_exempt_shipping_and_fees_are_taxed_at_0_percent_too() -> None:
    untaxed = (tax("19", "0.00"),)
    shipping = ShippingLine(2, "DHL", money("4.90"), Decimal(0), untaxed)
    sold = order(line(), total="24.90", shipping_lines=(shipping,), fees=(Fee(3, "Duty", money("10.00"), untaxed),))
    rows = [each.sales_tax_id for booked in receipt(sold, rules(STANDARD, NONE)).lines for each in booked.taxes]
    assert rows == ["tax-3", "tax-3"]


@pytest.mark.parametrize(("price", "discount"), [("0.00", "0"), ("8.90", "8.90"), ("0.03", "0")])
def test_what_costs_too_little_to_be_taxed_keeps_its_rate(price: str, discount: str) -> None:
    # 0.03 × 19/119 = 0.0048
    sold = order(line(price, ("19", "0.00"), discount=money(discount)), total=str(money(price) - money(discount)))
    assert taxes_of(sold, rules(STANDARD, NONE)) == [("tax-1", "0.00")]


# --- what Shopify computed for the whole order ---


def differences(sold: Order, *computed: TaxLine, with_rules: BookingTargets | None = None) -> tuple[str, ...]:
    targets = with_rules or rules()
    return tax_differences(replace(sold, taxes=computed), receipt(sold, targets), targets)


def test_differences_per_rate_are_told_in_both_directions() -> None:
    sold = order(line("10.00", ("19", "1.60")), line("10.00", ("7", "0.65"), id=2), total="20.00")
    assert differences(sold, tax("19", "1.59"), tax("0", "0.00")) == (
        "7 %: receipt 0.65, Shopify 0",
        "19 %: receipt 1.60, Shopify 1.59",
    )
    assert differences(sold, tax("19.0", "1.60"), tax("7", "0.65")) == ()


def test_the_parts_of_a_combined_tax_are_compared_as_the_one_that_is_booked() -> None:
    combined = sales_tax("9", included=False)
    targets = rules(combined, chosen={"4": combined, "4.5": combined})
    sold = order(line("100.00", ("4", "4.00"), ("4.5", "4.50")), total="108.50", taxes_included=False)
    assert differences(sold, tax("4", "4.00"), tax("4.5", "4.50"), with_rules=targets) == ()
    assert differences(sold, tax("4", "4.00"), tax("4.5", "4.51"), with_rules=targets) == (
        "8.5 %: receipt 8.50, Shopify 8.51",
    )


def test_an_exempt_sale_makes_no_difference() -> None:
    sold = order(line("119.00", ("19", "0.00")), total="119.00")
    assert differences(sold, tax("19", "0.00"), with_rules=rules(STANDARD, NONE)) == ()


def test_a_tax_of_the_whole_order_without_a_rate_is_compared_with_nothing() -> None:
    sold = order(line("10.00", ("19", "1.60")), total="10.00")
    assert differences(sold, tax("19", "1.60"), TaxLine(None, money("0.40"), "Eco tax")) == ()


def test_a_tax_without_a_rate_is_no_sales_tax_also_where_all_others_have_a_default() -> None:
    targets = rules(STANDARD, chosen={"default": REDUCED})
    assert sales_taxes_for(tax(None, "1.60"), order(line()), targets) == ()


@pytest.mark.parametrize("included", [True, False])
def test_only_sales_taxes_of_the_kind_that_an_order_would_take_are_double(included: bool) -> None:
    taxes = [STANDARD, ADDED, sales_tax("8", ("19", None), included=included)]
    (told,) = double_rates(taxes, (), NOON, included=included)
    ours = STANDARD if included else ADDED
    assert f"KORONA has several sales taxes of 19 %: {ours.number} {ours.name}, 8 Tax 8;" in told[0]
    assert double_rates(taxes, (), NOON, included=not included) == []
    assert double_rates(taxes, ("19",), NOON, included=included) == []
