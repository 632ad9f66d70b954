"""Shopify's JSON: what is left out, what is new, what cannot be used."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from korsync.shopify import reads
from korsync.wire.answers import NotAsExpected, Row

ORDER: dict[str, Any] = {
    "id": 5500000000001,
    "order_number": 1042,
    "created_at": "2026-11-23T10:15:02+01:00",
    "updated_at": "2026-11-23T10:15:05+01:00",
    "currency": "EUR",
    "taxes_included": True,
    "total_price": "20.92",
    "payment_gateway_names": [],
    "line_items": [],
    "shipping_lines": [],
    "refunds": [],
}
LINE: dict[str, Any] = {"id": 1, "quantity": 2, "price": "8.90", "discount_allocations": [], "tax_lines": []}
REFUND: dict[str, Any] = {"id": 9, "created_at": "2026-11-25T09:00:00+01:00", "refund_line_items": []}
IN_LINES = {
    "id": 1,
    "subtotal_amount_set": {"shop_money": {"amount": "4.90"}, "presentment_money": {"amount": "5.39"}},
    "tax_amount_set": {"shop_money": {"amount": "0.78"}},
}
ADJUSTED = {"kind": "shipping_refund", "amount": "-4.12", "tax_amount": "-0.78"}


def order(**more: Any) -> Any:
    return reads.order({**ORDER, **more})


def line(**more: Any) -> Any:
    return order(line_items=[{**LINE, **more}]).lines[0]


def refund(**more: Any) -> Any:
    return order(refunds=[{**REFUND, **more}]).refunds[0]


def test_an_order_of_little_more_than_its_amounts_is_read() -> None:
    read = order()
    assert (read.name, read.gateways, read.lines, read.refunds, read.fees) == ("#1042", (), (), (), ())
    assert read.created_at == datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC)
    assert read.total_price == Decimal("20.92")
    assert (read.test, read.fulfilled, read.cancelled_at) == (False, False, None)


@pytest.mark.parametrize("name", ["order_number", "created_at", "updated_at"])
@pytest.mark.parametrize("value", [None, "gone", {}])
def test_an_order_that_cannot_be_read_is_told_by_its_name(name: str, value: object) -> None:
    row = {**ORDER, "name": "#1042", name: value}
    if value == "gone":
        del row[name]
    read = reads.order(row)
    assert (read.name, name in read.unreadable) == ("#1042", True)


@pytest.mark.parametrize("name", ["payment_gateway_names", "shipping_lines", "refunds"])
@pytest.mark.parametrize("value", [None, "gone"])
def test_a_list_that_is_missing_is_not_an_empty_one(name: str, value: str | None) -> None:
    row = {**ORDER, "line_items": [LINE], name: None}
    if value:
        del row[name]
    read = reads.order(row)
    assert name in read.unreadable
    assert [each.quantity for each in read.lines] == [2]


@pytest.mark.parametrize("name", ["discount_allocations", "tax_lines"])
def test_a_line_whose_discounts_or_taxes_are_missing_has_not_none_of_them(name: str) -> None:
    row = {each: value for each, value in LINE.items() if each != name}
    assert name in reads.order({**ORDER, "line_items": [row]}).unreadable
    assert name in reads.order({**ORDER, "shipping_lines": [row]}).unreadable


@pytest.mark.parametrize(
    "row",
    [
        {**ORDER, "line_items": None},
        {**ORDER, "id": None},
        {**ORDER, "created_at": None, "updated_at": None, "processed_at": None},
    ],
)
def test_of_an_order_that_nobody_can_identify_or_date_or_without_lines_it_is_not_told_what_it_sold(row: Row) -> None:
    read = reads.order(row)
    assert not read.is_told
    assert read.unreadable
    assert reads.order({**ORDER, "total_price": None, "total_price_set": None}).is_told


@pytest.mark.parametrize("name", ["currency", "taxes_included", "total_price"])
@pytest.mark.parametrize("value", [None, "gone"])
def test_an_order_without_what_a_receipt_needs_is_read_for_its_pieces(name: str, value: str | None) -> None:
    row = {**ORDER, name: None, "line_items": [LINE]}
    if value:
        del row[name]
    read = reads.order(row)
    assert read.unreadable == f"{name} is missing"
    assert (read.total_price, [line.quantity for line in read.lines]) == (None, [2])


@pytest.mark.parametrize(
    "more",
    [
        {"line_items": [{**LINE, "price": None}]},
        {"line_items": [{**LINE, "tax_lines": [{"rate": Decimal("0.07")}]}]},
        {"line_items": [{**LINE, "discount_allocations": [{"amount": "a lot"}]}]},
        {"line_items": [{**LINE, "duties": [{"id": "1"}]}]},
        {"line_items": [LINE], "shipping_lines": [{"id": 1}]},
        {"line_items": [LINE], "additional_fees": [{"id": 1, "name": "Wrapping"}]},
        {"line_items": [LINE], "tax_lines": "none"},
        {"line_items": [LINE], "payment_gateway_names": [1]},
        {"line_items": [LINE], "refunds": [{**REFUND, "transactions": [{"id": 1}]}]},
    ],
)
def test_an_order_with_figures_that_cannot_be_used_is_read_for_its_pieces(more: dict[str, Any]) -> None:
    read = order(**more)
    assert read.unreadable
    assert [(line.id, line.quantity) for line in read.lines] == [(1, 2)]
    assert len(read.refunds) == len(more.get("refunds", ()))


def test_what_a_refund_put_back_counts_although_its_figures_cannot_be_used() -> None:
    row = {"id": 3, "line_item_id": 1, "quantity": 1, "restock_type": "return", "location_id": 7, "subtotal": None}
    (back,) = refund(refund_line_items=[row]).lines
    assert (back.line_id, back.quantity, back.restock_type, back.location_id) == (1, 1, "return", 7)


@pytest.mark.parametrize("name", ["id", "quantity"])
def test_a_line_that_cannot_be_read_sold_a_piece_at_least(name: str) -> None:
    read = order(line_items=[{**LINE, name: None}])
    assert name in read.unreadable
    assert [each.quantity for each in read.lines] == [2 if name == "id" else 1]


def test_blanks_around_a_name_are_not_part_of_it() -> None:
    assert order(name=" #1042 ").name == "#1042"
    assert order(name="  ").name == "#1042"


def test_the_shops_money_goes_before_the_buyers() -> None:
    both = {"shop_money": {"amount": "8.90"}, "presentment_money": {"amount": "9.79"}}
    assert line(price="9.79", price_set=both).price == Decimal("8.90")
    assert line(price="8.90", price_set=None).price == Decimal("8.90")


def test_a_discount_is_the_sum_of_its_allocations() -> None:
    allocations = [{"amount": "1.78"}, {"amount": "0.22"}]
    assert line(total_discount="0.50", discount_allocations=allocations).discount == Decimal("2.00")


def test_taxes_are_in_percent() -> None:
    taxes = [{"rate": Decimal("0.07"), "price": "0.58"}, {"rate": 0, "price": "0.00"}, {"price": "0.00"}]
    assert [(tax.percent, tax.amount) for tax in line(tax_lines=taxes).taxes] == [(7, Decimal("0.58")), (0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("rate", "percent"),
    [("0.19000000000000003", "19"), ("0.18999999999999997", "19"), ("0.00375", "0.375")],
)
def test_a_rate_is_rounded_to_four_places(rate: str, percent: str) -> None:
    (tax,) = line(tax_lines=[{"price": "0.58", "rate": Decimal(rate)}]).taxes
    assert tax.percent == Decimal(percent)


def test_a_tax_has_its_title_without_needless_blanks() -> None:
    titles = [{"price": "0.58", "rate": Decimal("0.2"), "title": title} for title in ("  FR  TVA\n", None)]
    assert [tax.title for tax in line(tax_lines=titles).taxes] == ["FR TVA", ""]


def test_a_tax_without_a_rate_leaves_its_order_readable() -> None:
    (tax,) = line(tax_lines=[{"price": "0.58"}]).taxes
    assert (tax.percent, tax.amount) == (None, Decimal("0.58"))


def test_a_current_quantity_that_is_missing_is_not_known() -> None:
    assert line().current_quantity is None
    assert line(current_quantity=0).current_quantity == 0


def test_an_order_was_placed_when_it_was_processed_if_that_was_elsewhere_before() -> None:
    imported = order(processed_at="2023-05-02T08:00:00+02:00")
    assert imported.placed_at == datetime(2023, 5, 2, 6, tzinfo=UTC)
    assert order(processed_at="2026-11-24T00:00:00+01:00").placed_at == order().placed_at == order().created_at
    assert order(processed_at="2023-05-02T08:00:00+02:00", total_price=None).placed_at == imported.placed_at


def test_what_is_left_of_the_total_is_read_where_shopify_says_it() -> None:
    assert order().current_total_price is None
    both = {"shop_money": {"amount": "8.90"}, "presentment_money": {"amount": "9.79"}}
    assert order(current_total_price="9.79", current_total_price_set=both).current_total_price == Decimal("8.90")


@pytest.mark.parametrize(
    ("more", "custom", "tip", "gift_card"),
    [
        ({"sku": None, "vendor": None, "product_exists": False}, True, False, False),
        ({"sku": "PLAN-2Y", "vendor": None, "product_exists": False}, True, False, False),
        ({"sku": "1042", "vendor": "Teekontor", "product_exists": False}, False, False, False),
        ({"sku": "1042", "variant_id": 7, "product_id": 8}, False, False, False),
        ({"sku": "", "variant_id": 7, "product_id": None, "product_exists": False}, False, False, False),
        ({"tip_payment_gateway": None, "tip_payment_method": None}, False, True, False),
        ({"gift_card": True}, False, False, True),
    ],
)
def test_custom_lines_tips_and_gift_cards_are_told_from_deleted_products(
    more: Row, custom: bool, tip: bool, gift_card: bool
) -> None:
    read = line(**more)
    assert (read.custom, read.tip, read.gift_card) == (custom, tip, gift_card)


def test_duties_and_fees_keep_their_own_ids() -> None:
    duty = {
        "id": "2",
        "harmonized_system_code": "520300",
        "shop_money": {"amount": "164.86"},
        "tax_lines": [{"rate": Decimal("0.1"), "price": "16.486"}],
    }
    listed = {"id": 3, "name": "Pfand", "price_set": {"shop_money": {"amount": "0.25"}}}
    duty_as_price = {"id": 4, "price_set": {"shop_money": {"amount": "1.00"}}}
    read = order(line_items=[{**LINE, "duties": [duty, duty_as_price]}], additional_fees=[listed])
    assert [(each.id, each.title, each.price) for each in read.fees] == [
        (2, "Duty 520300", Decimal("164.86")),
        (4, "Duty", Decimal("1.00")),
        (3, "Pfand", Decimal("0.25")),
    ]
    assert read.fees[0].taxes[0].percent == 10


def test_duties_that_the_prices_contain_are_no_fees() -> None:
    duty = {"id": "2", "shop_money": {"amount": "5.00"}}
    listed = {"id": 3, "name": "Pfand", "price": "0.25"}
    read = order(line_items=[{**LINE, "duties": [duty]}], duties_included=True, additional_fees=[listed])
    assert [each.title for each in read.fees] == ["Pfand"]
    assert len(order(line_items=[{**LINE, "duties": [duty]}], duties_included=False).fees) == 1


def test_fees_of_which_only_the_sum_is_told_are_not_lost() -> None:
    (fee,) = order(original_total_additional_fees_set={"shop_money": {"amount": "1.50"}}).fees
    assert (fee.id, fee.price) == (ORDER["id"], Decimal("1.50"))
    assert order(original_total_additional_fees_set={"shop_money": {"amount": "0.00"}}).fees == ()
    assert order(original_total_additional_fees_set=None).fees == ()


def test_fees_that_are_listed_are_not_counted_again_by_their_sum() -> None:
    listed = {"id": 1, "name": "Wrapping", "price": "1.50"}
    told = {"shop_money": {"amount": "1.50"}}
    (fee,) = order(additional_fees=[listed], original_total_additional_fees_set=told).fees
    assert (fee.id, fee.title, fee.price) == (1, "Wrapping", Decimal("1.50"))


def test_a_removed_shipping_line_is_known_as_removed() -> None:
    rows = [{**LINE, "price": "4.90"}, {**LINE, "id": 2, "price": "6.90", "is_removed": True}]
    assert [each.removed for each in order(shipping_lines=rows).shipping_lines] == [False, True]


def test_refund_amounts_come_as_numbers_or_in_a_set() -> None:
    row = {"id": 1, "line_item_id": 2, "quantity": 1, "restock_type": "return", "location_id": None}
    plain = refund(refund_line_items=[{**row, "subtotal": Decimal("8.01")}])
    in_set = {"subtotal_set": {"shop_money": {"amount": "8.01"}}}
    assert refund(refund_line_items=[{**row, **in_set}]).lines == plain.lines
    assert (plain.lines[0].location_id, plain.lines[0].total_tax) == (None, None)
    taxed = refund(refund_line_items=[{**row, **in_set, "total_tax": Decimal("0.52")}]).lines[0]
    assert (taxed.total_tax, taxed.price(True), taxed.price(False)) == (
        Decimal("0.52"),
        Decimal("8.01"),
        Decimal("8.53"),
    )


def test_a_word_of_tomorrow_is_passed_on() -> None:
    row = {"id": 1, "line_item_id": 2, "quantity": 1, "restock_type": "teleported", "subtotal": 0}
    assert refund(refund_line_items=[row]).lines[0].restock_type == "teleported"


@pytest.mark.parametrize(
    ("more", "gross", "net"),
    [
        ({}, None, None),
        ({"refund_shipping_lines": [], "order_adjustments": [{"kind": "refund_discrepancy"}]}, None, None),
        ({"refund_shipping_lines": [{"id": 1}]}, "0", "0"),
        ({"refund_shipping_lines": [IN_LINES]}, "4.90", "5.68"),
        ({"refund_shipping_lines": [IN_LINES, IN_LINES]}, "9.80", "11.36"),
        ({"order_adjustments": [ADJUSTED]}, "4.90", "4.90"),
        ({"order_adjustments": [ADJUSTED], "refund_shipping_lines": [IN_LINES]}, "4.90", "4.90"),
    ],
)
def test_refunded_shipping_is_read_in_its_old_and_new_form_and_once(
    more: Row, gross: str | None, net: str | None
) -> None:
    for taxes_included, shipping in ((True, gross), (False, net)):
        read = order(taxes_included=taxes_included, refunds=[{**REFUND, **more}]).refunds[0]
        assert read.shipping == (None if shipping is None else Decimal(shipping))


def test_a_movement_of_money_tells_its_currency() -> None:
    row = {"id": 1, "amount": "10.00", "kind": "refund", "status": "success", "gateway": "paypal"}
    assert [reads.transaction({**row, **more}).currency for more in ({"currency": "USD"}, {})] == ["USD", ""]


def test_a_variant_is_tracked_only_where_shopify_itself_counts() -> None:
    row = {"id": 1, "product_id": 2, "price": "8.90", "inventory_item_id": 3, "sku": None}
    assert reads.variant({**row, "inventory_management": "shopify"}).tracked
    assert not reads.variant({**row, "inventory_management": "a-fulfilment-service"}).tracked
    assert not reads.variant({**row, "inventory_management": None}).tracked
    assert reads.variant({**row, "inventory_management": None}).sku == ""
    assert reads.variant(row).unreadable == "inventory_management is missing"


@pytest.mark.parametrize("title", [None, "gone"])
def test_a_product_without_a_title_is_not_one_with_an_empty_title(title: str | None) -> None:
    row: dict[str, Any] = {"id": 1, "status": "active", "variants": [], "images": [], "title": title}
    if title:
        del row["title"]
    assert reads.product(row).unreadable == "title is missing"


@pytest.mark.parametrize("price", [None, "", "NaN", "8,90", True])
def test_a_variant_without_a_price_says_so_and_is_told_all_the_same(price: Any) -> None:
    row = {"id": 1, "product_id": 2, "sku": "1042", "inventory_item_id": 3, "inventory_management": None}
    read = reads.variant({**row, "price": price})
    assert "price" in read.price_unreadable
    assert (read.id, read.sku, read.inventory_item_id, read.unreadable) == (1, "1042", 3, "")


def test_a_variant_without_its_ids_is_told_by_its_sku() -> None:
    read = reads.variant({"id": 1, "product_id": 2, "sku": 1042, "price": "8.90"})
    assert (read.sku, bool(read.unreadable)) == ("1042", True)


def test_an_untracked_level_is_not_zero() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert reads.level({"inventory_item_id": 1, "location_id": 2, "available": None}, now).available is None
    assert reads.level({"inventory_item_id": 1, "location_id": 2, "available": -3}, now).available == -3


def test_a_shop_that_never_said_whether_prices_contain_taxes_says_no() -> None:
    row = {"myshopify_domain": "a.myshopify.com", "currency": "EUR", "iana_timezone": "Europe/Berlin"}
    assert not reads.shop({**row, "taxes_included": None}).taxes_included


NAMES = [
    *ORDER,
    *("line_items", "price", "quantity", "sku", "variant_id", "tax_lines", "rate", "discount_allocations", "amount"),
    *("shipping_lines", "refunds", "refund_line_items", "line_item_id", "subtotal", "duties", "additional_fees"),
    *("price_set", "shop_money", "payment_gateway_names", "variants", "images", "src", "inventory_item_id", "title"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["8.90", "2026-11-23T10:15:02+01:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=12,
)
READERS: list[Callable[[Row], object]] = [
    reads.shop,
    reads.location,
    reads.scope,
    reads.product,
    reads.variant,
    reads.image,
    reads.tracked,
    reads.order,
    reads.refund,
    reads.transaction,
    lambda row: reads.level(row, datetime(2026, 11, 23, tzinfo=UTC)),
]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8), st.sampled_from(READERS), st.booleans())
def test_whatever_comes_is_read_or_refused(row: dict[str, Any], read: Callable[[Row], object], likely: bool) -> None:
    try:
        read({**ORDER, **row} if likely else row)
    except NotAsExpected:
        return
