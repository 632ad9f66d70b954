"""The simulated store's cancellations: what they put back, what money they give back, and how an order tells of it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.shopify_counter import Counter, money_fits, opened, refund_of, told

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        counter.side.add_product("Ceylon Tea", [{"sku": "1042", "price": "8.90", "tax": "7", "available": 10}])
        yield counter


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


@pytest.mark.parametrize(("paid", "refunds"), [(True, 1), (False, 0)])
def test_a_cancellation_without_restock_may_not_list_the_pieces_that_are_gone(
    shop: Counter, paid: bool, refunds: int
) -> None:
    order = shop.side.place_order([("1042", 2)], paid=paid)
    shop.side.cancel_order(order, restock=False, lists_pieces=False)
    row = told(shop, order)
    assert [each["refund_line_items"] for each in row["refunds"]] == [[]] * refunds
    assert [each["amount"] for refund in row["refunds"] for each in refund["transactions"]] == ["17.80"] * refunds
    assert (row["line_items"][0]["quantity"], row["line_items"][0]["current_quantity"]) == (2, 0)
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
