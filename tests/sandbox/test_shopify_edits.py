"""The simulated store's order edits: what they add, take out and change, and what of it the order shows."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.sandbox.shopify.sales import Discount
from tests.support.shopify_counter import Counter, opened, refund_of, told

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        counter.side.add_product("Ceylon Tea", [{"sku": "1042", "price": "8.90", "tax": "7", "available": 10}])
        counter.side.add_product("Kanne", [{"sku": "2000", "price": "33.33", "available": 10}])
        yield counter


def test_an_edit_that_takes_pieces_out_is_a_refund_without_money(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 3)])
    shop.side.edit_order(order, fewer={"1042": 1})
    row, refund = told(shop, order), refund_of(shop, order)
    assert (refund["transactions"], refund["refund_line_items"][0]["restock_type"]) == ([], "cancel")
    assert refund["order_adjustments"] == []
    assert (row["line_items"][0]["quantity"], row["line_items"][0]["current_quantity"]) == (3, 2)
    assert (row["total_price"], row["current_total_price"]) == ("26.70", "17.80")
    assert shop.side.available("1042") == 8


def test_an_edit_may_take_pieces_out_without_putting_them_back(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 3)])
    shop.side.edit_order(order, fewer={"1042": 1}, restock=False)
    assert refund_of(shop, order)["refund_line_items"][0]["restock_type"] == "no_restock"
    assert shop.side.available("1042") == 7


def test_an_edit_that_adds_pieces_leaves_the_quantity_as_ordered(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    assert shop.side.edit_order(order, more={"1042": 2}, add=[("2000", 1)]) is None
    row = told(shop, order)
    first, second = row["line_items"]
    assert (first["quantity"], first["current_quantity"], first["fulfillable_quantity"]) == (1, 3, 3)
    assert (second["sku"], second["quantity"]) == ("2000", 1)
    assert (first["tax_lines"][0]["price"], second["tax_lines"][0]["price"]) == ("1.75", "5.32")
    assert second["id"] > first["id"]
    assert (row["total_price"], row["total_outstanding"], row["financial_status"]) == (
        "60.03",
        "51.13",
        "partially_paid",
    )
    assert (shop.side.available("1042"), shop.side.available("2000")) == (7, 9)


def test_removed_shipping_stays_listed_but_costs_nothing(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], shipping=Decimal("4.90"))
    shop.side.remove_shipping(order)
    row = told(shop, order)
    assert row["shipping_lines"][0]["is_removed"] is True
    assert (row["total_price"], row["total_tax"]) == ("8.90", "0.58")


def test_an_edit_shows_in_the_time_of_the_update_only(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    shop.clock.advance(MINUTE)
    shop.side.edit_order(order, more={"1042": 1})
    row = told(shop, order)
    assert (row["created_at"], row["updated_at"]) == ("2026-11-23T13:00:00+01:00", "2026-11-23T13:01:00+01:00")
    assert row["processed_at"] == row["created_at"]
    assert "edited" not in row
    assert row["refunds"] == []


def test_pieces_that_were_added_and_taken_back_leave_a_refund_record_behind(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    shop.side.edit_order(order, more={"1042": 2})
    shop.side.edit_order(order, fewer={"1042": 2})
    row, refund = told(shop, order), refund_of(shop, order)
    assert (row["line_items"][0]["quantity"], row["line_items"][0]["current_quantity"]) == (1, 1)
    assert (row["total_price"], row["current_total_price"]) == ("26.70", "8.90")
    assert [(each["quantity"], each["subtotal"]) for each in refund["refund_line_items"]] == [(2, 17.8)]
    assert shop.side.available("1042") == 9


def test_a_line_that_was_added_and_taken_back_stays_listed(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    shop.side.edit_order(order, add=[("2000", 1)])
    shop.side.edit_order(order, fewer={"2000": 1})
    added = told(shop, order)["line_items"][1]
    assert (added["quantity"], added["current_quantity"], added["fulfillable_quantity"]) == (1, 0, 0)
    assert told(shop, order)["current_total_price"] == "8.90"


def test_totals_may_fall_with_what_an_edit_took_out_but_not_with_refunds(shop: Counter) -> None:
    shop.side.store.totals_follow_edits = True
    order = shop.side.place_order([("1042", 3), ("2000", 1)])
    shop.side.edit_order(order, fewer={"1042": 1})
    shop.side.refund_order(order, {"2000": 1})
    row = told(shop, order)
    assert (row["total_line_items_price"], row["subtotal_price"]) == ("51.13", "51.13")
    assert (row["total_price"], row["total_tax"]) == ("51.13", "6.49")
    assert (row["current_total_price"], row["current_total_tax"]) == ("17.80", "1.17")


def test_quantity_may_grow_with_an_edit(shop: Counter) -> None:
    shop.side.store.quantity_follows_edits = True
    order = shop.side.place_order([("1042", 1)])
    shop.side.edit_order(order, more={"1042": 2}, fewer={"1042": 1})
    line = told(shop, order)["line_items"][0]
    assert (line["quantity"], line["current_quantity"]) == (3, 2)


def test_a_discount_added_by_an_edit_lowers_totals_and_taxes(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1), ("2000", 1)], discounts=[Discount(Decimal(10))])
    before = told(shop, order)
    added = Discount(Decimal("5.00"), percentage=False, target="line", line=1, code=None)
    shop.side.edit_order(order, discounts=[added])
    row = told(shop, order)
    assert (before["total_price"], row["total_price"]) == ("38.01", "33.01")
    assert (before["total_discounts"], row["total_discounts"]) == ("4.22", "9.22")
    assert (before["total_tax"], row["total_tax"]) == ("5.31", "4.51")
    assert row["current_total_price"] == "33.01"
    indexes = [each["discount_application_index"] for each in row["line_items"][1]["discount_allocations"]]
    assert indexes == [0, 1]
    assert [each["type"] for each in row["discount_applications"]] == ["discount_code", "manual"]


@pytest.mark.parametrize(
    ("included", "before", "after"),
    [(True, ("38.23", "6.10"), ("38.23", "2.50")), (False, ("45.49", "7.26"), ("40.90", "2.67"))],
)
def test_taxes_may_be_computed_anew(
    shop: Counter, included: bool, before: tuple[str, str], after: tuple[str, str]
) -> None:
    order = shop.side.place_order([("2000", 1)], shipping=Decimal("4.90"), taxes_included=included)
    first = told(shop, order)
    shop.clock.advance(MINUTE)
    shop.side.change_taxes(order, {Decimal(19): Decimal(7)})
    row = told(shop, order)
    assert [(each["total_price"], each["total_tax"]) for each in (first, row)] == [before, after]
    assert (row["current_total_price"], row["current_total_tax"]) == after
    assert [each["rate"] for each in row["line_items"][0]["tax_lines"] + row["tax_lines"]] == [0.07, 0.07]
    assert row["updated_at"] == "2026-11-23T13:01:00+01:00"


def test_an_exchange_adds_the_new_goods_to_the_order_and_gives_back_the_difference_only(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)])
    shop.side.fulfil_order(order)
    shop.side.edit_order(order, add=[("1042", 1)])
    shop.side.refund_order(order, {"2000": 1}, amount=Decimal("24.43"), return_id=1)
    row, refund = told(shop, order), refund_of(shop, order)
    assert [each["current_quantity"] for each in row["line_items"]] == [0, 1]
    assert (refund["refund_line_items"][0]["subtotal"], refund["transactions"][0]["amount"]) == (33.33, "24.43")
    assert refund["order_adjustments"][0]["amount"] == "8.90"
    assert (row["current_total_price"], row["total_outstanding"]) == ("8.90", "0.00")
    assert (shop.side.available("2000"), shop.side.available("1042")) == (10, 9)


def test_an_even_exchange_moves_no_money(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)])
    shop.side.edit_order(order, add=[("2000", 1)])
    line = order.lines[0].id
    shop.side.refund_order(order, {line: 1}, amount=Decimal(0), return_id=1)
    refund = refund_of(shop, order)
    assert (refund["transactions"], refund["order_adjustments"]) == ([], [])
    assert (told(shop, order)["current_total_price"], shop.side.available("2000")) == ("33.33", 9)
