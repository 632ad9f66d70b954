"""Held orders: they block nobody, never vanish, are tried again, and a person decides about the rest."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from korsync.commands import decide
from korsync.errors import ConfigurationError
from korsync.records.plan import Fate
from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.order_wire import order_json
from korsync.sandbox.shopify.sales import Order
from tests.support.selling import WAYS_OUT
from tests.support.shop import Shop
from tests.support.typed import Korsync
from tests.support.webshop import booked, held

UNKNOWN = f"SKU 7777 is not an article in KORONA; {WAYS_OUT}"
MONTH = 31 * 24 * 60


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    """1001 is on both sides, 7777 only in Shopify."""
    shop.stocked("1001", 100)
    shop.shopify.add_product("Ware 7777", [{"sku": "7777", "price": "5.00", "available": 100}])
    shop.init()
    shop.run("orders")


def buy(shop: Shop, *skus: str, **options: Any) -> Order:
    return shop.shopify.place_order([(sku, 1) for sku in skus or ("1001",)], **options)


def show(shop: Shop, orders: Sequence[Order], **changed: Any) -> Fault:
    """Let Shopify list these orders, the last of them with some fields changed."""
    rows = [order_json(shop.shopify.store, each) for each in orders]
    rows[-1] |= changed
    fault = Fault("replace_answer", "GET", "/orders.json", times=100, status=200, body={"orders": rows})
    shop.world.shopify_server.faults.append(fault)
    return fault


def settle(shop: Shop, word: str, item: str) -> None:
    getattr(decide, word)(shop.settings, item)


def test_a_held_order_blocks_no_other_and_is_named_in_every_run(shop: Shop) -> None:
    for skus in (["1001"], ["1001", "7777"], ["1001"]):
        buy(shop, *skus)
    assert shop.run("orders").exit_code == 1
    assert booked(shop) == ["1001", "1003"]
    since = shop.held("#1002").since
    for _ in range(3):
        buy(shop)
        assert shop.run_later("orders").exit_code == 1
        assert [(each.key, each.reason) for each in shop.skips("orders", Fate.HELD)] == [("#1002", UNKNOWN)]
    assert held(shop) == {"1002": UNKNOWN}
    assert shop.held("#1002").since == since
    assert booked(shop) == ["1001", "1003", "1004", "1005", "1006"]


def test_status_lists_what_is_held_with_reason_and_age(shop: Shop, korsync: Korsync) -> None:
    buy(shop, "7777")
    shop.run("orders")
    shop.run_later("orders", minutes=45)
    shown = korsync("status")
    assert f"! #1001 (orders, for 45 min): {UNKNOWN}" in shown.out
    assert shown.code == 1


def test_an_unknown_sku_is_booked_as_soon_as_the_article_exists(shop: Shop) -> None:
    order = buy(shop, "1001", "7777")
    shop.run("orders")
    shop.korona.add_article("7777", "Ware 7777", stock=5)
    assert shop.run_later("orders", minutes=1).exit_code == 0
    assert held(shop) == {}
    (receipt,) = shop.korona.booked_under(f"order/{order.id}")
    assert [pieces for _, pieces in receipt.lines] == [1, 1]
    assert shop.korona.stock_of("7777") == 4


def test_the_pieces_of_a_held_order_stay_reserved(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 3), ("7777", 1)])
    for _ in range(4):
        shop.run_later()
    assert shop.korona.stock_of("1001") == 100
    assert shop.shopify.available("1001") == 97
    shop.korona.deliver("1001", 10)
    shop.run_later()
    assert shop.shopify.available("1001") == 107


def test_an_ignored_order_is_let_go_with_its_pieces_and_can_be_taken_back(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 3), ("7777", 1)])
    shop.run_later()
    settle(shop, "ignore", "1001")
    assert held(shop) == {}
    assert shop.run_later().exit_code == 0
    shop.run_later()
    assert shop.shopify.available("1001") == 100
    assert shop.skips("orders", Fate.HELD) == []
    settle(shop, "retry", "#1001")
    assert shop.run_later("orders").exit_code == 1
    assert held(shop) == {"1001": UNKNOWN}


def test_an_ignored_order_that_comes_up_after_months_is_not_booked(shop: Shop) -> None:
    order = buy(shop, "7777")
    shop.run("orders")
    settle(shop, "ignore", "1001")
    shop.korona.add_article("7777", "Ware 7777", stock=5)
    for _ in range(3):
        assert shop.run_later("orders", minutes=MONTH).exit_code == 0
    shop.shopify.touch(order)
    assert shop.run_later("orders").exit_code == 0
    assert booked(shop) == []


def test_an_ignored_refund_that_comes_up_after_months_is_not_booked(shop: Shop) -> None:
    order = buy(shop)
    shop.run("orders", "refunds")
    refund = shop.shopify.refund_order(order, {"1001": 1})
    shop.run("orders")
    settle(shop, "ignore", f"1001 refund {refund.id}")
    for _ in range(3):
        assert shop.run_later("orders", "refunds", minutes=MONTH).exit_code == 0
    shop.shopify.touch(order)
    for _ in range(3):
        assert shop.run_later("orders", "refunds").exit_code == 0
    assert booked(shop) == ["1001"]


def test_an_order_that_is_held_for_months_stays_held(shop: Shop) -> None:
    buy(shop, "7777")
    for _ in range(4):
        assert shop.run_later("orders", minutes=MONTH).exit_code == 1
    assert held(shop) == {"1001": UNKNOWN}


def test_what_korona_refuses_is_held_in_its_words_and_tried_again(shop: Shop) -> None:
    shop.stocked("2000")
    shop.korona.reject_articles.add("2000")
    for skus in (["1001"], ["2000"], ["1001"]):
        buy(shop, *skus)
    assert shop.run("orders").exit_code == 1
    assert booked(shop) == ["1001", "1003"]
    assert held(shop) == {"1002": "article 2000 cannot be sold"}
    assert shop.run_later("orders").exit_code == 1
    shop.korona.reject_articles.clear()
    assert shop.run_later("orders").exit_code == 0
    assert booked(shop) == ["1001", "1003", "1002"]


def test_what_cannot_be_decided_about_is_said(shop: Shop) -> None:
    for item in ("4711", "", "1001 refund nonsense"):
        with pytest.raises(ConfigurationError):
            settle(shop, "ignore", item)


# --- the total ---


def test_a_total_that_differs_is_held_with_both_figures_until_it_is_right(shop: Shop) -> None:
    first, order = buy(shop), buy(shop)
    wrong = {"shop_money": {"amount": "8.91", "currency_code": "EUR"}}
    shown = show(shop, [first, order], total_price="8.91", total_price_set=wrong)
    assert shop.run("orders").exit_code == 1
    assert held(shop) == {"1002": "its lines add up to 8.90, Shopify's total is 8.91"}
    assert booked(shop) == ["1001"]
    shown.times = 0
    assert shop.run_later("orders").exit_code == 0
    assert booked(shop) == ["1001", "1002"]


def test_differences_per_tax_rate_are_told_once_and_the_order_is_booked(shop: Shop) -> None:
    order = buy(shop)
    show(shop, [order], tax_lines=[{"title": "MwSt", "price": "1.43", "rate": Decimal("0.19")}])
    assert shop.run("orders").exit_code == 0
    told = "booked with other taxes than Shopify's: 19 %: receipt 1.42, Shopify 1.43"
    assert shop.reason("orders", order.name) == told
    assert booked(shop) == ["1001"]
    assert shop.run_later("orders").exit_code == 0
    assert shop.reason("orders", order.name) == ""


def test_a_tax_without_a_rate_holds_that_order_alone(shop: Shop) -> None:
    first, order = buy(shop), buy(shop)
    (line,) = order_json(shop.shopify.store, order)["line_items"]
    show(shop, [first, order], line_items=[line | {"tax_lines": [{"title": "MwSt", "price": "1.42", "rate": None}]}])
    assert shop.run("orders").exit_code == 1
    assert held(shop) == {"1002": "Shopify does not say the rate of a tax of 1.42"}
    assert booked(shop) == ["1001"]


def test_figures_that_cannot_be_used_hold_that_order_alone_and_its_pieces_stay_reserved(shop: Shop) -> None:
    first, order = buy(shop), buy(shop)
    (line,) = order_json(shop.shopify.store, order)["line_items"]
    shown = show(shop, [first, order], line_items=[line | {"price": None, "price_set": None}])
    for _ in range(2):
        assert shop.run_later().exit_code == 1
        assert held(shop) == {"1002": "Shopify's figures for it cannot be used: price is missing"}
    assert booked(shop) == ["1001"]
    assert shop.korona.stock_of("1001") == 99
    assert shop.shopify.available("1001") == 98
    shown.times = 0
    assert shop.run_later().exit_code == 0
    assert booked(shop) == ["1001", "1002"]


# --- orders that disappear ---


def test_an_order_that_shopify_shows_no_more_is_held(shop: Shop) -> None:
    order = buy(shop, "1001", "7777")
    other = buy(shop)
    shop.run("orders")
    shop.shopify.delete_order(order)
    for _ in range(3):
        assert shop.run_later("orders", minutes=90).exit_code == 1
        assert held(shop) == {"1001": "Shopify does not show this order any more"}
    settle(shop, "ignore", "1001")
    assert shop.run_later("orders").exit_code == 0
    assert booked(shop) == [other.name.removeprefix("#")]


def test_an_order_deleted_while_its_payments_are_read_stops_no_other(shop: Shop) -> None:
    buy(shop, gateways=["paypal", "gift_card"])
    buy(shop)
    shop.world.shopify_server.faults.append(Fault("status", "GET", "transactions.json", status=404))
    assert shop.run("orders").exit_code == 1
    assert booked(shop) == ["1002"]
    assert shop.run_later("orders").exit_code == 0
    assert booked(shop) == ["1002", "1001"]


@pytest.mark.parametrize("path", ["transactions.json", "/products$"])
def test_an_order_of_which_something_cannot_be_read_waits_and_stops_no_other(shop: Shop, path: str) -> None:
    buy(shop, "7777" if path == "/products$" else "1001", gateways=["paypal", "gift_card"])
    buy(shop)
    shop.korona.add_article("7777", "Ware 7777", stock=5)
    fault = Fault("status", "GET", path, times=100, status=500)
    server = shop.world.korona_server if path == "/products$" else shop.world.shopify_server
    server.faults.append(fault)
    assert shop.run("orders").exit_code == 5
    assert list(held(shop)) == ["1001"]
    assert booked(shop) == ["1002"]
    fault.times = 0
    assert shop.run_later("orders").exit_code == 0
    assert booked(shop) == ["1002", "1001"]


def test_where_no_payments_can_be_read_the_side_is_not_asked_on_and_on_and_the_others_are_booked(shop: Shop) -> None:
    for _ in range(9):
        buy(shop, gateways=["paypal", "gift_card"])
    buy(shop)
    shop.world.shopify_server.faults.append(Fault("status", "GET", "transactions.json", times=100, status=500))
    with shop.requests() as seen:
        assert shop.run("orders").exit_code == 5
    assert seen.count("GET", "transactions.json") <= 12
    assert booked(shop) == ["1010"]


def test_three_orders_that_can_never_be_read_completely_do_not_keep_others_from_being_booked(shop: Shop) -> None:
    bad = [buy(shop, gateways=["paypal", "gift_card"]) for _ in range(3)]
    path = "|".join(f"{order.id}/transactions" for order in bad)
    shop.world.shopify_server.faults.append(Fault("html", "GET", path, times=1000))
    assert shop.run("orders").exit_code == 5
    buy(shop, gateways=["paypal", "gift_card"])
    for _ in range(2):
        assert shop.run_later("orders").exit_code == 5
        assert list(held(shop)) == ["1001", "1002", "1003"]
        assert booked(shop) == ["1004"]


def test_articles_that_korona_fails_to_look_for_are_not_sought_on_and_on(shop: Shop) -> None:
    for number in range(7000, 7009):
        shop.shopify.add_product(f"Ware {number}", [{"sku": str(number), "available": 5}])
        buy(shop, str(number))
    shop.world.korona_server.faults.append(Fault("status", "GET", "/products$", times=1000, status=500))
    with shop.requests() as seen:
        assert shop.run("orders").exit_code == 5
    assert seen.count("GET", "/products") <= 12
    assert len(held(shop)) == 9


# --- names ---


def test_two_orders_of_one_name_are_both_named_and_decided_about_apart(shop: Shop) -> None:
    first, second = buy(shop, "7777"), buy(shop, "7777")
    show(shop, [first, second], name=first.name)
    assert shop.run("orders").exit_code == 1
    assert set(held(shop)) == {f"1001 ({first.id})", f"1001 ({second.id})"}
    with pytest.raises(ConfigurationError, match="knows of no item"):
        settle(shop, "ignore", "1001")
    settle(shop, "ignore", f"1001 ({second.id})")
    assert shop.run("orders").exit_code == 1
    assert list(held(shop)) == [f"1001 ({first.id})"]


def test_sixty_held_orders_are_asked_for_together_and_their_article_once(shop: Shop) -> None:
    for _ in range(60):
        buy(shop, "7777")
    shop.later(61)
    buy(shop)
    shop.run("orders")
    shop.later(1)
    with shop.requests() as seen:
        shop.run("orders")
    # The list shows them no more: they are asked for by id, fifty at a time.
    assert [each.query.get("ids", [""])[0].count(",") + 1 for each in seen.shopify] == [1, 50, 10]
    assert seen.count("GET", "/products") == 1
    assert len(seen.korona) < 10
