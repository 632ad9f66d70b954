"""The simulated store's refunds and returns: what goes back on the shelf, and what money with it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.sandbox.shopify.sales import Discount
from tests.support.shopify_counter import Counter, money_fits, opened, refund_of, told

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        counter.side.add_product("Ceylon Tea", [{"sku": "1042", "price": "8.90", "tax": "7", "available": 10}])
        counter.side.add_product("Kanne", [{"sku": "2000", "price": "33.33", "available": 10}])
        yield counter


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


def test_more_money_than_the_goods_cost_is_a_discrepancy_below_zero(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)])
    shop.side.refund_order(order, {"1042": 1}, amount=Decimal("13.90"))
    assert refund_of(shop, order)["order_adjustments"][0]["amount"] == "-5.00"
    assert money_fits(told(shop, order), refund_of(shop, order))


def test_money_may_go_back_over_two_gateways(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)], gateways=[("gift_card", Decimal(10)), "paypal"])
    shop.side.refund_order(order, {"2000": 1}, gateway=[("paypal", Decimal("23.33")), ("gift_card", Decimal(10))])
    back, taken = refund_of(shop, order), shop.get(f"orders/{order.id}/transactions.json")["transactions"]
    parts = [(each["gateway"], each["amount"], each["parent_id"]) for each in back["transactions"]]
    assert parts == [("paypal", "23.33", taken[1]["id"]), ("gift_card", "10.00", taken[0]["id"])]
    assert [each["kind"] for each in taken] == ["sale", "sale", "refund", "refund"]
    assert back["order_adjustments"] == []
    assert money_fits(told(shop, order), back)


def test_money_over_two_gateways_may_differ_from_the_goods_price(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)], gateways=[("gift_card", Decimal(10)), "paypal"])
    shop.side.refund_order(order, {"2000": 1}, gateway=[("paypal", Decimal(5)), ("gift_card", Decimal(2))])
    assert refund_of(shop, order)["order_adjustments"][0]["amount"] == "26.33"
    assert money_fits(told(shop, order), refund_of(shop, order))


def test_a_refund_of_pieces_with_two_taxes_rounds_their_sum_not_each(shop: Counter) -> None:
    taxes = (Decimal("6.5"), Decimal("3.6"))
    shop.side.add_product("Satz", [{"sku": "SB", "price": "689.28", "tax": taxes}])
    discount = Discount(Decimal("206.78"), percentage=False)
    order = shop.side.place_order([("SB", 3)], discounts=[discount], taxes_included=False)
    shop.side.refund_order(order, {"SB": 2})
    line = refund_of(shop, order)["refund_line_items"][0]
    assert [each.amount for each in order.lines[0].taxes] == [Decimal("120.97"), Decimal("67.00")]
    assert (line["subtotal"], line["total_tax"]) == (1240.71, 125.31)
    assert refund_of(shop, order)["transactions"][0]["amount"] == "1366.02"


def test_shipping_may_be_given_back_in_part(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], shipping=Decimal("4.90"))
    amounts = []
    for most in (Decimal("2.00"), True):
        shop.side.refund_order(order, shipping=most)
        row = told(shop, order)["refunds"][-1]
        amounts.append(row["refund_shipping_lines"][0]["subtotal_amount_set"]["shop_money"]["amount"])
        assert money_fits(told(shop, order), row)
    assert amounts == ["2.00", "2.90"]
    assert told(shop, order)["current_total_price"] == "8.90"
    assert told(shop, order)["current_total_tax"] == "0.58"


def test_shipping_given_back_may_stand_in_an_adjustment_as_well(shop: Counter) -> None:
    shop.side.store.doubles_shipping_refunds = True
    order = shop.side.place_order([("1042", 1)], shipping=Decimal("4.90"))
    shop.side.refund_order(order, shipping=True)
    refund = refund_of(shop, order)
    (adjustment,) = refund["order_adjustments"]
    assert (adjustment["kind"], adjustment["amount"], adjustment["tax_amount"]) == ("shipping_refund", "-4.12", "-0.78")
    assert refund["refund_shipping_lines"][0]["subtotal_amount_set"]["shop_money"]["amount"] == "4.90"
    assert refund["transactions"][0]["amount"] == "4.90"


def test_a_return_may_be_restocked_without_a_refund(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)])
    shop.side.fulfil_order(order)
    before = told(shop, order)
    shop.clock.advance(MINUTE)
    shop.side.restock_return(order, {"1042": 1})
    assert shop.side.available("1042") == 9
    changed = {name for name, value in told(shop, order).items() if value != before[name]}
    assert changed - {"fulfillments"} == {"updated_at"}
    assert (before["refunds"], before["line_items"][0]["current_quantity"]) == ([], 2)
    levels = shop.get("inventory_levels.json", location_ids="60000000001", updated_at_min="2026-11-23T12:01:00Z")
    assert [each["available"] for each in levels["inventory_levels"]] == [9]


def test_a_refund_of_a_restocked_return_does_not_say_that_goods_came_back(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)])
    shop.side.fulfil_order(order)
    return_id = shop.side.restock_return(order, {"1042": 1}, location="Laden Mitte")
    shop.side.refund_order(order, {"1042": 1}, restock_type="no_restock", return_id=return_id)
    refund = refund_of(shop, order)
    assert refund["return"] == {"id": return_id, "admin_graphql_api_id": f"gid://shopify/Return/{return_id}"}
    assert [each["restock_type"] for each in refund["refund_line_items"]] == ["no_restock"]
    assert shop.side.available("1042") == 9
    assert told(shop, order)["line_items"][0]["current_quantity"] == 1


def test_moves_can_be_dated_back(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)], at=shop.clock.now() - timedelta(days=2))
    shop.side.refund_order(order, {"1042": 1}, at=shop.clock.now() - timedelta(days=1))
    row = told(shop, order)
    assert (row["created_at"], row["updated_at"]) == ("2026-11-21T13:00:00+01:00", "2026-11-22T13:00:00+01:00")
    assert row["refunds"][0]["created_at"] == "2026-11-22T13:00:00+01:00"
