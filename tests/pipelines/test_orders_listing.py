"""All orders arrive: every page, every state, late ones, and those that change while they are read."""

from datetime import timedelta
from typing import Any

import pytest

from korsync.sandbox.exchange import Answer, Fault, Request
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Requests, Shop
from tests.support.webshop import booked

MINUTES = timedelta(minutes=1)
DAY = 24 * 60


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.stocked("1001", 10_000)
    shop.configure(safety={"max_receipts": 1000})
    shop.init()
    shop.run("orders")


def buy(shop: Shop, **options: Any) -> Order:
    return shop.shopify.place_order([("1001", 1)], **options)


def names(orders: list[Order]) -> list[str]:
    return [each.name.removeprefix("#") for each in orders]


def order_lists(seen: Requests) -> int:
    return seen.count("GET", "orders.json")


@pytest.mark.parametrize("number", [250, 251, 600])
def test_every_page_is_read_and_every_order_booked_once(shop: Shop, number: int) -> None:
    orders = [buy(shop, at=shop.world.clock.now() - each * MINUTES) for each in range(number)]
    shop.later(1)
    with shop.requests() as seen:
        ran = shop.run("orders")
    assert ran.exit_code == 0
    assert sorted(booked(shop)) == sorted(names(orders))
    assert order_lists(seen) == -(-number // 250)
    with shop.requests() as again:
        shop.run_later("orders")
    assert again.writes == []


def test_orders_are_booked_in_the_order_in_which_they_were_placed(shop: Shop) -> None:
    late, early = buy(shop, at=shop.world.clock.now() - MINUTES), buy(shop, at=shop.world.clock.now() - 5 * MINUTES)
    shop.run("orders")
    assert booked(shop) == names([early, late])


def test_archived_fulfilled_and_unpaid_orders_are_orders(shop: Shop) -> None:
    archived, unpaid, authorized = buy(shop), buy(shop, paid=False), buy(shop, authorized=True)
    partly = buy(shop, paid=False)
    shop.shopify.fulfil_order(archived, archive=True)
    shop.shopify.pay_order(partly, amount=partly.lines[0].price / 2)
    assert shop.run("orders").exit_code == 0
    assert sorted(booked(shop)) == sorted(names([archived, unpaid, authorized, partly]))


def test_an_order_of_the_same_second_as_the_cursor_is_booked(shop: Shop) -> None:
    first = buy(shop)
    shop.run("orders")
    second = buy(shop)
    assert first.updated_at == second.updated_at
    shop.run("orders")
    assert booked(shop) == names([first, second])


def test_an_order_listed_late_is_booked_once(shop: Shop) -> None:
    late = buy(shop, listing_delay=50 * MINUTES)
    shop.later(45)
    other = buy(shop)
    shop.run("orders")
    assert booked(shop) == names([other])
    shop.run_later("orders", minutes=6)
    shop.run_later("orders", minutes=6)
    assert booked(shop) == names([other, late])


@pytest.mark.parametrize("days", [1, 6])
def test_once_a_day_the_orders_of_seven_days_are_read_again(shop: Shop, days: int) -> None:
    late = buy(shop, listing_delay=timedelta(days=days, minutes=5))
    shop.later(180)
    other = buy(shop)
    shop.run("orders")
    for _ in range(days):
        assert booked(shop) == names([other])
        shop.run_later("orders", minutes=DAY)
    assert booked(shop) == names([other, late])


def test_between_the_daily_sweeps_only_the_last_hour_is_read_again(shop: Shop) -> None:
    buy(shop)
    shop.run("orders")
    with shop.requests() as seen:
        for _ in range(5):
            shop.run_later("orders", minutes=DAY // 6)
    assert order_lists(seen) == 5
    with shop.requests() as sweep:
        shop.run_later("orders", minutes=DAY // 6)
    assert order_lists(sweep) == 2


def test_full_reads_all_orders_since_the_start(shop: Shop) -> None:
    late = buy(shop, listing_delay=timedelta(hours=3))
    shop.later(120)
    other = buy(shop)
    shop.run("orders")
    shop.run_later("orders", minutes=61)
    assert booked(shop) == names([other])
    shop.run("orders", full=True)
    assert booked(shop) == names([other, late])


def test_orders_that_change_between_two_pages_are_neither_lost_nor_booked_twice(shop: Shop) -> None:
    orders = [buy(shop, at=shop.world.clock.now() - each * MINUTES) for each in range(300)]
    moved: list[Order] = []

    def between_the_pages(request: Request, _answer: Answer) -> None:
        if request.path.endswith("orders.json") and not moved:
            # The last order is on the second page, the first was on the first; a new one pushes all others back.
            moved.append(buy(shop))
            shop.shopify.touch(orders[-1])
            shop.shopify.touch(orders[0])
            shop.shopify.edit_order(orders[260], more={"1001": 1})
            shop.shopify.cancel_order(orders[270])

    shop.later(1)
    shop.world.shopify_server.after_request = between_the_pages
    shop.run("orders")
    shop.run_later("orders")
    assert sorted(booked(shop)) == sorted(names([*orders, *moved])[:270] + names([*orders, *moved])[271:])
    (edited,) = shop.korona.booked_under(f"order/{orders[260].id}")
    assert edited.lines[0][1] == 2


def test_an_order_that_fails_to_be_listed_is_read_by_the_next_run(shop: Shop) -> None:
    order = buy(shop)
    shop.world.shopify_server.faults.append(Fault("status", "GET", "orders.json", times=4, status=503))
    assert shop.run("orders").exit_code == 5
    assert shop.run("orders").exit_code == 0
    assert booked(shop) == names([order])


def test_a_page_that_fails_moves_no_cursor(shop: Shop) -> None:
    orders = [buy(shop, at=shop.world.clock.now() - each * MINUTES) for each in range(300)]
    before = shop.state.order_cursor
    shop.world.shopify_server.faults.append(Fault("status", "GET", "orders.json", times=9, skip=1, status=503))
    assert shop.run("orders").exit_code == 5
    assert shop.state.order_cursor == before
    assert booked(shop) == []
    shop.world.shopify_server.faults.clear()
    assert shop.run("orders").exit_code == 0
    assert sorted(booked(shop)) == sorted(names(orders))


def test_one_new_order_costs_one_list_one_look_up_one_post_and_one_reading_back(shop: Shop) -> None:
    shop.later(1)
    buy(shop)
    with shop.requests() as seen:
        shop.run("orders")
    assert [(each.method, each.path.rsplit("/", 1)[1]) for each in seen.shopify] == [("GET", "orders.json")]
    assert [(each.method, each.path.rsplit("/", 1)[1]) for each in seen.korona] == [
        ("GET", "receipts"),
        ("POST", "receipts"),
        ("GET", "receipts"),
    ]
    assert booked(shop) == ["1001"]


def test_no_new_order_costs_one_list(shop: Shop) -> None:
    buy(shop)
    shop.run("orders")
    shop.later(1)
    with shop.requests() as seen:
        shop.run("orders")
    assert len(seen.everything) == 1
