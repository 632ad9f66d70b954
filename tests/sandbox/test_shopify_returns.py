"""The simulated store's refunds, cancellations and edits: what goes back on the shelf, and what money with it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.shopify.sales import Discount, Order
from tests.support.shopify_counter import Counter, opened

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        counter.side.add_product("Ceylon Tea", [{"sku": "1042", "price": "8.90", "tax": "7", "available": 10}])
        counter.side.add_product("Kanne", [{"sku": "2000", "price": "33.33", "available": 10}])
        yield counter


def told(shop: Counter, order: Order) -> dict[str, Any]:
    row: dict[str, Any] = shop.get(f"orders/{order.id}.json")["order"]
    return row


def refund_of(shop: Counter, order: Order) -> dict[str, Any]:
    (row,) = told(shop, order)["refunds"]
    assert shop.get(f"orders/{order.id}/refunds.json")["refunds"] == [row]
    return dict(row)


def money_fits(order: dict[str, Any], refund: dict[str, Any]) -> bool:
    """Check the sum that Shopify's figures keep: money given back = lines + shipping - discrepancies."""
    rows = refund["refund_line_items"]
    sets = [each["subtotal_set"] for each in rows]
    if not order["taxes_included"]:
        sets += [each["total_tax_set"] for each in rows]
    lines = sum(Decimal(each["shop_money"]["amount"]) for each in sets)
    shipping = sum(
        Decimal(each["subtotal_amount_set"]["shop_money"]["amount"]) for each in refund["refund_shipping_lines"]
    )
    odd = sum(Decimal(each["amount"]) for each in refund["order_adjustments"])
    arrived = sum(Decimal(each["amount"]) for each in refund["transactions"] if each["status"] == "success")
    return arrived == lines + shipping - odd


def test_the_reference_refund_gives_back_what_shopify_says(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)], discounts=[Discount(Decimal(10))], shipping=Decimal("4.90"))
    shop.side.fulfil_order(order)
    shop.clock.advance(MINUTE)
    shop.side.refund_order(order, {"1042": 1}, shipping=True)
    refund, row = refund_of(shop, order), told(shop, order)
    line = refund["refund_line_items"][0]
    assert (line["subtotal"], line["total_tax"]) == (8.01, 0.53)
    assert line["subtotal_set"]["shop_money"]["amount"] == "8.01"
    assert (line["restock_type"], line["location_id"], line["quantity"]) == ("return", 60000000001, 1)
    assert line["line_item"]["sku"] == "1042"
    assert refund["refund_shipping_lines"][0]["subtotal_amount_set"]["shop_money"]["amount"] == "4.90"
    assert refund["transactions"][0]["amount"] == "12.91"
    assert (refund["transactions"][0]["kind"], refund["transactions"][0]["gateway"]) == ("refund", "shopify_payments")
    assert refund["order_adjustments"] == []
    assert money_fits(row, refund)
    assert (row["line_items"][0]["quantity"], row["line_items"][0]["current_quantity"]) == (2, 1)
    assert row["financial_status"] == "partially_refunded"
    assert row["updated_at"] == refund["created_at"] == "2026-11-23T13:01:00+01:00"
    assert shop.side.available("1042") == 9


def test_refunds_of_a_line_add_up_to_the_line(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 3)], discounts=[Discount(Decimal("10.00"), percentage=False)])
    refunds = [shop.side.refund_order(order, {"2000": 1}) for _ in range(3)]
    assert [each.lines[0].subtotal for each in refunds] == [Decimal("30.00"), Decimal("29.99"), Decimal("30.00")]
    assert sum(each.lines[0].total_tax for each in refunds) == order.lines[0].taxes[0].amount
    assert told(shop, order)["financial_status"] == "refunded"
    assert told(shop, order)["current_total_price"] == "0.00"


def test_taxes_on_top_are_given_back_too(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)], taxes_included=False, shipping=Decimal("5.00"))
    shop.side.refund_order(order, {"2000": 1})
    refund = refund_of(shop, order)
    assert (refund["refund_line_items"][0]["subtotal"], refund["refund_line_items"][0]["total_tax"]) == (33.33, 6.33)
    assert refund["transactions"][0]["amount"] == "39.66"
    assert money_fits(told(shop, order), refund)


def test_subtotals_may_be_net_where_prices_contain_the_tax(shop: Counter) -> None:
    shop.side.store.gross_refund_subtotals = False
    order = shop.side.place_order([("2000", 1)])
    shop.side.refund_order(order, {"2000": 1})
    line = refund_of(shop, order)["refund_line_items"][0]
    assert (line["subtotal"], line["total_tax"]) == (28.01, 5.32)
    assert refund_of(shop, order)["transactions"][0]["amount"] == "33.33"


@pytest.mark.parametrize(
    ("restock_type", "left", "location"),
    [
        ("return", 10, 60000000001),
        ("cancel", 10, 60000000001),
        ("legacy_restock", 10, 60000000001),
        ("no_restock", 9, None),
    ],
)
def test_the_restock_type_says_whether_goods_came_back(
    shop: Counter, restock_type: str, left: int, location: int | None
) -> None:
    order = shop.side.place_order([("1042", 1)])
    shop.side.refund_order(order, {"1042": 1}, restock_type=restock_type)
    assert shop.side.available("1042") == left
    refund = refund_of(shop, order)
    assert refund["refund_line_items"][0]["location_id"] == location
    assert refund["restock"] is (restock_type != "no_restock")


def test_goods_may_go_back_elsewhere_or_without_saying_where(shop: Counter) -> None:
    shop.side.set_available("1042", 0, "Online-Lager")
    order = shop.side.place_order([("1042", 2)])
    shop.side.refund_order(order, {"1042": 1}, location="Online-Lager")
    shop.side.refund_order(order, {"1042": 1}, says_location=False)
    assert (shop.side.available("1042", "Online-Lager"), shop.side.available("1042")) == (1, 9)
    online = shop.side.store.location_of("Online-Lager").id
    assert [each["refund_line_items"][0]["location_id"] for each in told(shop, order)["refunds"]] == [online, None]


def test_a_line_may_be_in_a_refund_twice(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 3)])
    shop.side.fulfil_order(order, {"1042": 1})
    shop.side.refund_order(order, [("1042", 1, "cancel"), ("1042", 1, "return")])
    line = told(shop, order)["line_items"][0]
    assert (line["current_quantity"], line["fulfillable_quantity"]) == (1, 1)
    assert [each["restock_type"] for each in refund_of(shop, order)["refund_line_items"]] == ["cancel", "return"]


def test_more_than_is_left_cannot_be_refunded(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    with pytest.raises(ValueError, match="only 1"):
        shop.side.refund_order(order, {"1042": 2})


def test_an_amount_alone_is_a_discrepancy(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)])
    shop.side.refund_order(order, amount=Decimal("5.00"))
    refund = refund_of(shop, order)
    assert refund["refund_line_items"] == []
    assert (refund["order_adjustments"][0]["amount"], refund["order_adjustments"][0]["kind"]) == (
        "-5.00",
        "refund_discrepancy",
    )
    assert money_fits(told(shop, order), refund)


def test_less_money_than_the_lines_say_is_a_discrepancy_too(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)])
    shop.side.refund_order(order, {"1042": 1}, amount=Decimal("8.00"))
    assert refund_of(shop, order)["order_adjustments"][0]["amount"] == "0.90"
    assert money_fits(told(shop, order), refund_of(shop, order))


def test_shipping_alone_can_be_refunded_once(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], shipping=Decimal("4.90"))
    shop.side.refund_order(order, shipping=True)
    refund = refund_of(shop, order)
    assert (refund["refund_line_items"], refund["transactions"][0]["amount"]) == ([], "4.90")
    assert shop.side.refund_order(order, shipping=True).shipping == []


def test_a_pending_refund_changes_when_its_money_arrives(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    refund = shop.side.refund_order(order, {"1042": 1}, status="pending")
    before = refund_of(shop, order)
    assert (before["transactions"][0]["status"], before["order_adjustments"][0]["amount"]) == ("pending", "8.90")
    assert money_fits(told(shop, order), before)
    assert told(shop, order)["financial_status"] == "paid"
    shop.clock.advance(MINUTE)
    shop.side.finish_refund(refund)
    after = refund_of(shop, order)
    assert (after["transactions"][0]["status"], after["order_adjustments"]) == ("success", [])
    assert told(shop, order)["updated_at"] == "2026-11-23T13:01:00+01:00"


def test_a_refund_of_an_unpaid_order_moves_no_money(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], paid=False)
    shop.side.refund_order(order, {"1042": 1}, restock_type="cancel")
    assert refund_of(shop, order)["transactions"] == []


def test_a_refund_may_go_through_another_gateway(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)], gateways=[("gift_card", Decimal(10)), "paypal"])
    shop.side.refund_order(order, {"2000": 1}, gateway="paypal", amount=Decimal("23.33"))
    assert refund_of(shop, order)["transactions"][0]["gateway"] == "paypal"


def test_a_paid_order_cancelled_with_restock_is_refunded_whole(shop: Counter) -> None:
    order = shop.side.place_order(
        [("1042", 2)], shipping=Decimal("4.90"), tip=Decimal("1.00"), gateways=[("gift_card", Decimal(5)), "paypal"]
    )
    shop.clock.advance(MINUTE)
    shop.side.cancel_order(order, reason="inventory")
    row, refund = told(shop, order), refund_of(shop, order)
    assert row["cancelled_at"] == row["closed_at"] == row["updated_at"] == "2026-11-23T13:01:00+01:00"
    assert (row["cancel_reason"], row["financial_status"], row["fulfillment_status"]) == ("inventory", "refunded", None)
    line = row["line_items"][0]
    assert (line["quantity"], line["current_quantity"], line["fulfillable_quantity"]) == (2, 0, 0)
    assert {each["restock_type"] for each in refund["refund_line_items"]} == {"cancel"}
    amounts = [(each["gateway"], each["amount"]) for each in refund["transactions"]]
    assert amounts == [("gift_card", "5.00"), ("paypal", "18.70")]
    assert money_fits(row, refund)
    assert shop.side.available("1042") == 10


def test_an_unpaid_order_cancelled_with_restock_has_a_refund_without_money(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)], paid=False)
    shop.side.cancel_order(order)
    assert (refund_of(shop, order)["transactions"], told(shop, order)["financial_status"]) == ([], "voided")
    assert shop.side.available("1042") == 10


def test_an_authorization_is_voided_by_a_cancellation(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], paid=False, authorized=True)
    shop.side.cancel_order(order)
    kinds = [each["kind"] for each in shop.get(f"orders/{order.id}/transactions.json")["transactions"]]
    assert kinds == ["authorization", "void"]


def test_captured_money_is_refunded_not_voided(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], paid=False, authorized=True)
    shop.side.pay_order(order)
    shop.side.cancel_order(order)
    kinds = [each["kind"] for each in shop.get(f"orders/{order.id}/transactions.json")["transactions"]]
    assert kinds == ["authorization", "capture", "refund"]


def test_a_cancellation_without_restock_leaves_the_goods_away(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)])
    shop.side.cancel_order(order, restock=False)
    line = refund_of(shop, order)["refund_line_items"][0]
    assert (line["restock_type"], line["location_id"]) == ("no_restock", None)
    assert shop.side.available("1042") == 8


def test_a_cancellation_may_be_seen_before_its_refund(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)])
    shop.side.cancel_order(order, refund_after=5 * MINUTE)
    assert told(shop, order)["cancelled_at"] is not None
    assert (told(shop, order)["refunds"], shop.side.available("1042")) == ([], 8)
    shop.clock.advance(5 * MINUTE)
    assert refund_of(shop, order)["created_at"] == "2026-11-23T13:05:00+01:00"
    assert told(shop, order)["updated_at"] == "2026-11-23T13:05:00+01:00"
    assert shop.side.available("1042") == 10


def test_a_shipped_order_cannot_be_cancelled(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    shop.side.fulfil_order(order)
    with pytest.raises(ValueError, match="fulfilled"):
        shop.side.cancel_order(order)


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


def test_moves_can_be_dated_back(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)], at=shop.clock.now() - timedelta(days=2))
    shop.side.refund_order(order, {"1042": 1}, at=shop.clock.now() - timedelta(days=1))
    row = told(shop, order)
    assert (row["created_at"], row["updated_at"]) == ("2026-11-21T13:00:00+01:00", "2026-11-22T13:00:00+01:00")
    assert row["refunds"][0]["created_at"] == "2026-11-22T13:00:00+01:00"
