"""The simulated store's orders: what they take off the shelf, what they add up to, which lists show them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.shopify.line_wire import CANARY
from korsync.sandbox.shopify.sales import Discount
from tests.support.shopify_counter import Counter, opened, told

MINUTE = timedelta(minutes=1)
PERSONAL = ("customer", "billing_address", "shipping_address", "email", "contact_email", "phone", "note")


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        stock(counter)
        yield counter


def stock(counter: Counter) -> None:
    counter.side.add_product("Ceylon Tea", [{"sku": "1042", "price": "8.90", "tax": "7", "available": 10}])
    counter.side.add_product("Kanne", [{"sku": "2000", "price": "33.33", "available": 10}])
    counter.side.add_product("Gutschein", [{"sku": "G", "price": "25", "gift_card": True, "tracked": False}])


def listed(counter: Counter, **query: Any) -> list[str]:
    return [each["name"] for each in counter.get("orders.json", **query)["orders"]]


def adds_up(row: dict[str, Any]) -> bool:
    """Add the order up from its lines, independently of how the store does it."""
    total = Decimal(0)
    shipping = [each for each in row["shipping_lines"] if not each["is_removed"]]
    for line in row["line_items"] + shipping:
        total += Decimal(line["price"]) * line.get("quantity", 1)
        total -= sum(Decimal(each["amount"]) for each in line["discount_allocations"])
        taxes = line["tax_lines"] + [tax for duty in line.get("duties", []) for tax in duty["tax_lines"]]
        total += sum(Decimal(each["shop_money"]["amount"]) for each in line.get("duties", []))
        if not row["taxes_included"]:
            total += sum(Decimal(each["price"]) for each in taxes)
    return total == Decimal(row["total_price"])


@pytest.mark.parametrize("paid", [True, False])
def test_an_order_takes_its_pieces_off_the_shelf_at_once_paid_or_not(shop: Counter, paid: bool) -> None:
    shop.clock.advance(MINUTE)
    shop.side.place_order([("1042", 2)], paid=paid)
    assert shop.side.available("1042") == 8
    product = shop.get("products.json", updated_at_min="2026-11-23T12:01:00Z")["products"]
    assert [each["title"] for each in product] == ["Ceylon Tea"]
    query = {"location_ids": "60000000001", "updated_at_min": "2026-11-23T12:01:00Z"}
    assert [each["available"] for each in shop.get("inventory_levels.json", **query)["inventory_levels"]] == [8]


def test_an_order_sells_from_its_location(shop: Counter) -> None:
    shop.side.set_available("1042", 5, "Online-Lager")
    shop.side.place_order([("1042", 1)], location="Online-Lager")
    assert (shop.side.available("1042"), shop.side.available("1042", "Online-Lager")) == (10, 4)


def test_the_reference_order_costs_what_shopify_says(shop: Counter) -> None:
    order = shop.side.place_order(
        [("1042", 2)], discounts=[Discount(Decimal(10))], shipping=Decimal("4.90"), shipping_tax=Decimal(7)
    )
    row = told(shop, order)
    assert (row["total_line_items_price"], row["total_discounts"], row["subtotal_price"]) == ("17.80", "1.78", "16.02")
    assert (row["total_tax"], row["total_price"], row["total_outstanding"]) == ("1.37", "20.92", "0.00")
    line = row["line_items"][0]
    assert (line["tax_lines"][0]["price"], line["tax_lines"][0]["rate"]) == ("1.05", 0.07)
    assert line["discount_allocations"][0]["amount"] == "1.78"
    assert row["tax_lines"][0]["price"] == "1.37"
    assert (row["name"], row["order_number"], row["number"]) == ("#1001", 1001, 1)
    assert (row["financial_status"], row["fulfillment_status"]) == ("paid", None)
    assert row["payment_gateway_names"] == ["shopify_payments"]
    assert row["created_at"] == "2026-11-23T13:00:00+01:00"


def test_taxes_on_top_are_added(shop: Counter) -> None:
    row = told(shop, shop.side.place_order([("2000", 3)], taxes_included=False, shipping=Decimal("5.00")))
    assert (row["subtotal_price"], row["total_tax"], row["total_price"]) == ("99.99", "19.95", "124.94")
    assert adds_up(row)


def test_a_line_may_carry_two_taxes(shop: Counter) -> None:
    shop.side.add_product("Korb", [{"sku": "K", "price": "112.00", "tax": (Decimal(5), Decimal(7))}])
    row = told(shop, shop.side.place_order([("K", 1)]))
    assert [each["price"] for each in row["line_items"][0]["tax_lines"]] == ["5.00", "7.00"]


def test_an_exempt_order_has_no_taxes(shop: Counter) -> None:
    row = told(shop, shop.side.place_order([("2000", 1)], tax_exempt=True, shipping=Decimal("5.00")))
    assert (row["total_tax"], row["tax_exempt"], row["total_price"]) == ("0.00", True, "38.33")


def test_shares_of_a_discount_add_up_to_it(shop: Counter) -> None:
    discount = Discount(Decimal("10.00"), percentage=False)
    row = told(shop, shop.side.place_order([("1042", 1), ("2000", 1), ("1042", 1)], discounts=[discount]))
    shares = [Decimal(each["discount_allocations"][0]["amount"]) for each in row["line_items"]]
    assert sum(shares) == Decimal("10.00")
    assert row["discount_codes"] == [{"code": "HERBST10", "amount": "10.00", "type": "fixed_amount"}]
    assert adds_up(row)


def test_a_line_and_the_shipping_may_be_discounted_alone(shop: Counter) -> None:
    discounts = [Discount(Decimal(50), target="line", line=1), Discount(Decimal(100), target="shipping", code=None)]
    row = told(shop, shop.side.place_order([("1042", 1), ("2000", 1)], discounts=discounts, shipping=Decimal("4.90")))
    assert [len(each["discount_allocations"]) for each in row["line_items"]] == [0, 1]
    assert row["shipping_lines"][0]["discount_allocations"][0]["discount_application_index"] == 1
    assert row["shipping_lines"][0]["discounted_price"] == "0.00"
    assert adds_up(row)


def test_gift_cards_and_tips_are_not_discounted(shop: Counter) -> None:
    order = shop.side.place_order([("G", 1), ("1042", 1)], discounts=[Discount(Decimal(10))], tip=Decimal("3.00"))
    lines = told(shop, order)["line_items"]
    assert [len(each["discount_allocations"]) for each in lines] == [0, 1, 0]


def test_an_order_for_nothing_has_no_payment(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], discounts=[Discount(Decimal(100))])
    row = told(shop, order)
    assert (row["total_price"], row["payment_gateway_names"], row["financial_status"]) == ("0.00", [], "paid")
    assert shop.get(f"orders/{order.id}/transactions.json")["transactions"] == []


def test_tips_gift_cards_and_made_up_lines_touch_no_shelf(shop: Counter) -> None:
    order = shop.side.place_order(
        [("G", 1), ({"title": "Gravur", "price": "5", "tax": "19"}, 1)], tip=Decimal("2.50"), shipping=Decimal("4.90")
    )
    row = told(shop, order)
    gift_card, custom, tip = row["line_items"]
    assert (gift_card["gift_card"], gift_card["tax_lines"]) == (True, [])
    assert (custom["variant_id"], custom["product_id"], custom["sku"]) == (None, None, None)
    assert "tip_payment_gateway" in tip
    assert "tip_payment_gateway" not in custom
    assert (row["total_tip_received"], row["total_price"]) == ("2.50", "37.40")
    assert adds_up(row)


def test_duties_count_into_the_total(shop: Counter) -> None:
    for included in (True, False):
        order = shop.side.place_order([("2000", 1)], duties=Decimal("7.00"), taxes_included=included)
        row = told(shop, order)
        assert row["line_items"][0]["duties"][0]["shop_money"]["amount"] == "7.00"
        assert adds_up(row)


@pytest.mark.parametrize(("currency", "total"), [("JPY", "67"), ("KWD", "66.660")])
def test_orders_have_the_decimals_of_the_shops_currency(currency: str, total: str) -> None:
    with opened(currency=currency) as shop:
        shop.side.add_product("Kanne", [{"sku": "2000", "price": "66.66"}])
        row = told(shop, shop.side.place_order([("2000", 1)]))
        assert (row["total_price"], row["currency"]) == (total, currency)


def test_the_buyers_currency_stands_in_sets_and_transactions_only(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], presentment=("JPY", Decimal(160)))
    row = told(shop, order)
    assert (row["currency"], row["presentment_currency"], row["total_price"]) == ("EUR", "JPY", "8.90")
    assert row["total_price_set"]["presentment_money"] == {"amount": "1424", "currency_code": "JPY"}
    path = f"orders/{order.id}/transactions.json"
    foreign, own = (shop.get(path, **query)["transactions"][0] for query in ({}, {"in_shop_currency": "true"}))
    assert (foreign["amount"], foreign["currency"]) == ("1424", "JPY")
    assert (own["amount"], own["currency"]) == ("8.90", "EUR")


def test_cash_rounding_is_paid_but_not_in_the_total(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], gateways=["cash"], cash_rounding=Decimal("0.05"))
    row = told(shop, order)
    assert (row["total_price"], row["financial_status"]) == ("8.90", "paid")
    assert row["total_cash_rounding_payment_adjustment_set"]["shop_money"]["amount"] == "0.05"
    assert shop.get(f"orders/{order.id}/transactions.json")["transactions"][0]["amount"] == "8.95"


def test_several_gateways_share_the_bill(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)], gateways=[("gift_card", Decimal(10)), "paypal"])
    assert told(shop, order)["payment_gateway_names"] == ["gift_card", "paypal"]
    transactions = shop.get(f"orders/{order.id}/transactions.json")["transactions"]
    assert [(each["gateway"], each["amount"]) for each in transactions] == [("gift_card", "10.00"), ("paypal", "23.33")]


def test_an_unpaid_order_is_pending_until_it_is_paid(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], paid=False)
    assert (told(shop, order)["financial_status"], told(shop, order)["total_outstanding"]) == ("pending", "8.90")
    shop.clock.advance(MINUTE)
    shop.side.pay_order(order, Decimal("1.00"))
    assert told(shop, order)["financial_status"] == "partially_paid"
    shop.side.pay_order(order)
    row = told(shop, order)
    assert (row["financial_status"], row["total_outstanding"]) == ("paid", "0.00")
    assert row["updated_at"] == "2026-11-23T13:01:00+01:00"
    transactions = shop.get(f"orders/{order.id}/transactions.json")["transactions"]
    assert [(each["status"], each["amount"]) for each in transactions] == [
        ("pending", "8.90"),
        ("success", "1.00"),
        ("success", "7.90"),
    ]
    assert transactions[2]["parent_id"] == transactions[0]["id"]


def test_an_authorized_order_is_captured(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], paid=False, authorized=True)
    assert told(shop, order)["financial_status"] == "authorized"
    shop.side.pay_order(order)
    kinds = [each["kind"] for each in shop.get(f"orders/{order.id}/transactions.json")["transactions"]]
    assert kinds == ["authorization", "capture"]
    assert told(shop, order)["financial_status"] == "paid"


def test_shipping_moves_the_fulfilment_and_may_archive_the_order(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2), ("2000", 1)])
    shop.side.fulfil_order(order, {"1042": 1})
    row = told(shop, order)
    assert (row["fulfillment_status"], row["line_items"][0]["fulfillable_quantity"]) == ("partial", 1)
    shop.side.fulfil_order(order, archive=True)
    row = told(shop, order)
    assert row["fulfillment_status"] == "fulfilled"
    assert row["line_items"][0]["current_quantity"] == 2
    assert listed(shop) == []
    assert listed(shop, status="closed") == listed(shop, status="any") == ["#1001"]


def test_lists_show_open_orders_unless_told_otherwise_the_newest_first(shop: Counter) -> None:
    orders = []
    for _ in range(3):
        orders.append(shop.side.place_order([("1042", 1)]))
        shop.clock.advance(MINUTE)
    shop.side.cancel_order(orders[1])
    assert listed(shop) == ["#1003", "#1001"]
    assert listed(shop, status="cancelled") == ["#1002"]
    assert listed(shop, status="any") == ["#1003", "#1002", "#1001"]
    assert shop.ask("GET", "orders.json", status="all").status_code == 400


def test_orders_are_paged_from_new_to_old(shop: Counter) -> None:
    for _ in range(5):
        shop.side.place_order([("1042", 1)])
    answer = shop.ask("GET", "orders.json", status="any", limit=2, fields="name")
    names = answer.json()["orders"]
    while "next" in answer.links:
        answer = shop.follow(answer, "next")
        names += answer.json()["orders"]
    assert names == [{"name": f"#{number}"} for number in (1005, 1004, 1003, 1002, 1001)]


def test_times_are_compared_to_the_second_and_inclusive(shop: Counter) -> None:
    shop.clock.advance(timedelta(seconds=1, milliseconds=900))
    shop.side.place_order([("1042", 1)])
    for name in ("created_at_min", "updated_at_min", "created_at_max", "updated_at_max"):
        assert listed(shop, **{name: "2026-11-23T13:00:01+01:00"}) == ["#1001"]
    assert listed(shop, updated_at_min="2026-11-23T12:00:01.5Z") == []
    assert listed(shop, created_at_max="2026-11-23T12:00:00Z") == []


def test_orders_are_found_by_ids_name_and_state(shop: Counter) -> None:
    first = shop.side.place_order([("1042", 1)])
    second = shop.side.place_order([("1042", 1)], paid=False)
    shop.side.fulfil_order(first)
    assert listed(shop, ids=f"{first.id},{second.id}") == ["#1002", "#1001"]
    assert listed(shop, name="1002") == listed(shop, name="#1002") == ["#1002"]
    assert listed(shop, since_id=first.id) == ["#1002"]
    assert listed(shop, fulfillment_status="unfulfilled") == listed(shop, financial_status="unpaid") == ["#1002"]


def test_an_order_may_be_listed_late(shop: Counter) -> None:
    shop.side.listing_delay = 5 * MINUTE
    order = shop.side.place_order([("1042", 1)])
    assert shop.side.available("1042") == 9
    shop.clock.advance(4 * MINUTE)
    assert listed(shop) == []
    assert shop.ask("GET", f"orders/{order.id}.json").status_code == 404
    shop.clock.advance(MINUTE)
    assert listed(shop, updated_at_min="2026-11-23T12:00:00Z") == ["#1001"]
    assert listed(shop, updated_at_min="2026-11-23T12:00:01Z") == []


def test_orders_older_than_sixty_days_need_their_own_scope(shop: Counter) -> None:
    old = shop.side.place_order([("1042", 1)], at=shop.clock.now() - timedelta(days=61))
    assert listed(shop) == ["#1001"]
    shop.side.scopes.discard("read_all_orders")
    assert listed(shop) == []
    assert shop.ask("GET", f"orders/{old.id}.json").status_code == 404


def test_a_deleted_order_is_gone_and_its_number_is_not_given_again(shop: Counter) -> None:
    shop.side.delete_order(shop.side.place_order([("1042", 1)]))
    assert listed(shop, status="any") == []
    assert shop.side.available("1042") == 9
    assert shop.side.place_order([("1042", 1)]).name == "#1002"


def test_an_update_may_change_nothing_visible(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    before = told(shop, order)
    shop.clock.advance(MINUTE)
    shop.side.touch(order)
    assert told(shop, order) == before | {"updated_at": "2026-11-23T13:01:00+01:00"}


def test_lines_forget_a_deleted_product_but_keep_the_sku(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    shop.side.delete_product("1042")
    line = told(shop, order)["line_items"][0]
    assert (line["sku"], line["variant_id"], line["product_id"], line["product_exists"]) == ("1042", None, None, False)


def test_a_line_keeps_the_sku_and_price_of_its_day(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)])
    shop.side.set_sku("1042", "neu")
    shop.side.set_price("neu", "99")
    line = told(shop, order)["line_items"][0]
    assert (line["sku"], line["price"]) == ("1042", "8.90")


def test_a_test_order_says_so(shop: Counter) -> None:
    assert told(shop, shop.side.place_order([("1042", 1)], test=True))["test"] is True


def test_a_whole_order_is_full_of_canaries_and_one_by_fields_is_not(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 1)], shipping=Decimal("4.90"))
    row = told(shop, order)
    assert all(CANARY in json.dumps(row[name]) for name in PERSONAL)
    asked = shop.get("orders.json", fields="id,name,total_price,created_at,test")["orders"][0]
    assert CANARY not in json.dumps(asked)
    assert set(asked) == {"id", "name", "total_price", "created_at", "test"}
    assert CANARY in json.dumps(shop.get("orders.json", fields="line_items")["orders"][0])
