"""What is never booked: test orders, orders before the start, orders cancelled first. Each is listed once as such."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from korsync.commands import decide
from korsync.records.plan import Fate
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Shop
from tests.support.webshop import booked, held


def set_up(shop: Shop, **config: Any) -> None:
    shop.configure(**config)
    shop.stocked("1001", 100)
    shop.init()
    shop.run("orders")


def buy(shop: Shop, **options: Any) -> Order:
    return shop.shopify.place_order([("1001", 2)], **options)


def left(shop: Shop) -> list[tuple[str, str]]:
    """Return what the last run left by rule."""
    return [(each.key, each.reason) for each in shop.skips("orders", Fate.LEFT)]


def assert_listed_once(shop: Shop, reason: str) -> None:
    with shop.requests() as seen:
        assert shop.run("orders").exit_code == 0
        assert left(shop) == [("#1001", reason)]
        for _ in range(3):
            assert shop.run_later("orders").exit_code == 0
            assert left(shop) == []
        shop.run_later("orders", minutes=24 * 60)
    assert left(shop) == []
    assert (booked(shop), held(shop), seen.writes) == ([], {}, [])


def test_a_test_order(shop: Shop) -> None:
    set_up(shop)
    buy(shop, test=True)
    assert_listed_once(shop, "a test order is not booked")


def test_an_order_from_before_the_start(shop: Shop) -> None:
    set_up(shop)
    order = buy(shop, at=datetime(2026, 11, 1, tzinfo=UTC))
    shop.shopify.touch(order)
    assert_listed_once(shop, "placed before orders.start_from, not booked")


def test_the_start_is_midnight_in_the_shops_time_zone(shop: Shop) -> None:
    set_up(shop, orders={"start_from": date(2026, 11, 23)})
    midnight = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    before, at_once = buy(shop, at=midnight - timedelta(seconds=1)), buy(shop, at=midnight)
    shop.run("orders")
    assert left(shop) == [(before.name, "placed before orders.start_from, not booked")]
    assert booked(shop) == [at_once.name.removeprefix("#")]


def test_an_order_cancelled_before_it_was_booked(shop: Shop) -> None:
    set_up(shop)
    shop.shopify.cancel_order(buy(shop))
    assert_listed_once(shop, "cancelled before it was booked")


def test_an_unpaid_order_cancelled_before_it_was_booked(shop: Shop) -> None:
    set_up(shop)
    shop.shopify.cancel_order(buy(shop, paid=False))
    assert_listed_once(shop, "cancelled before it was booked")


def test_an_order_cancelled_before_it_was_booked_whose_pieces_did_not_come_back(shop: Shop) -> None:
    set_up(shop)
    order = buy(shop)
    shop.shopify.cancel_order(order, restock=False)
    for names in ([], ["orders/#1001"], ["orders/#1001"]):
        assert list(shop.run("orders").state.held) == names
        shop.later()
    decide.ignore(shop.settings, "1001")
    assert list(shop.run("orders").state.held) == []
    assert shop.korona.receipts == []


def test_an_order_that_korona_refused_before_it_was_cancelled(shop: Shop) -> None:
    set_up(shop)
    shop.korona.reject_articles.add("1001")
    order = buy(shop)
    assert shop.run("orders").exit_code == 1
    shop.later()
    shop.shopify.cancel_order(order)
    assert_listed_once(shop, "cancelled before it was booked")


def test_a_held_order_that_is_cancelled_is_held_no_more(shop: Shop) -> None:
    set_up(shop)
    shop.shopify.add_product("Ware 7777", [{"sku": "7777", "available": 9}])
    order = shop.shopify.place_order([("7777", 1)])
    assert shop.run("orders").exit_code == 1
    shop.later()
    shop.shopify.cancel_order(order)
    assert_listed_once(shop, "cancelled before it was booked")


def test_an_order_cancelled_after_it_was_booked_stays_booked(shop: Shop) -> None:
    set_up(shop)
    order = buy(shop)
    shop.run("orders")
    shop.shopify.cancel_order(order)
    shop.run_later("orders")
    assert (booked(shop), left(shop)) == (["1001"], [])


@pytest.mark.parametrize("dry", [True, False])
def test_a_dry_run_lists_what_the_next_run_lists_again(shop: Shop, dry: bool) -> None:
    set_up(shop)
    buy(shop, test=True)
    shop.run("orders", dry=dry)
    assert len(left(shop)) == 1
    shop.run("orders")
    assert len(left(shop)) == (1 if dry else 0)
