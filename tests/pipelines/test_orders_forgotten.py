"""Orders long finished, which the state has forgotten: they neither count as sold again nor are they booked again."""

import pytest

from korsync.records.bookings import BookingStatus
from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.sales import Order
from tests.support.booked import sell, watch_shelf
from tests.support.shop import Shop

MONTH = 31 * 24 * 60


def later(shop: Shop) -> None:
    """Let a month pass in which nothing happens but a run halfway."""
    for _ in range(2):
        shop.run_later(minutes=MONTH / 2)


@pytest.fixture
def sold(shop: Shop) -> list[Order]:
    """Three orders of 2 pieces each out of 10, booked long ago and forgotten."""
    shop.stocked("1001", 10)
    shop.init()
    shop.run_later()
    shop.later()
    orders = [sell(shop, [("1001", 2)]) for _ in range(3)]
    shop.run()
    later(shop)
    assert shop.state.orders == {}
    assert shop.shopify.available("1001") == 4
    return orders


@pytest.mark.usefixtures("sold")
def test_orders_listed_again_in_a_quiet_shop_cost_nothing_and_move_no_level(shop: Shop) -> None:
    with shop.requests() as seen:
        for _ in range(3):
            shop.run_later()
    assert seen.writes == []
    assert len(seen.everything) <= 3 * 7
    assert seen.count("GET", "receipts") == 0


@pytest.mark.usefixtures("sold")
def test_comparing_everything_moves_no_level_either(shop: Shop) -> None:
    shop.later()
    with shop.requests() as seen:
        assert shop.run(full=True).exit_code == 0
        shop.run_later()
    assert seen.writes == []
    assert shop.state.orders == {}


@pytest.mark.parametrize("pipelines", [("stock",), ("orders",), ()])
def test_an_old_order_that_is_touched_is_known_as_booked_and_settled(
    shop: Shop, sold: list[Order], pipelines: tuple[str, ...]
) -> None:
    for order in sold:
        shop.shopify.fulfil_order(order, archive=True)
    with shop.requests() as seen:
        assert shop.run_later(*pipelines).exit_code == 0
    assert seen.writes == []
    sales = [each.sale for each in shop.state.orders.values()]
    assert [each.status for each in sales if each] == [BookingStatus.BOOKED] * 3
    with shop.requests() as idle:
        shop.run_later()
    assert idle.writes == []
    assert len(idle.everything) <= 7


def test_a_piece_of_an_old_order_that_comes_back_stays_on_sale_and_is_booked_once(
    shop: Shop, sold: list[Order]
) -> None:
    excesses = watch_shelf(shop, {"1001": 10})
    refund = shop.shopify.refund_order(sold[0], {"1001": 1})
    for _ in range(3):
        shop.run_later()
        assert shop.shopify.available("1001") == 5
    assert excesses == []
    assert len(shop.korona.booked_under(f"refund/{refund.id if refund else 0}")) == 1


def test_a_return_that_was_booked_before_is_not_taken_for_goods_to_come(shop: Shop, sold: list[Order]) -> None:
    shop.shopify.refund_order(sold[0], {"1001": 1})
    for _ in range(2):
        shop.run_later()
    later(shop)
    assert shop.state.orders == {}
    shop.shopify.touch(sold[0])
    with shop.requests() as seen:
        shop.run_later()
    assert seen.writes == []
    assert shop.shopify.available("1001") == 5


def test_where_korona_cannot_be_asked_about_an_old_order_nothing_is_raised_and_nothing_lost(
    shop: Shop, sold: list[Order]
) -> None:
    shop.shopify.touch(sold[0])
    shop.korona.deliver("1001", 3)
    cursor = shop.state.order_cursor
    shop.world.korona_server.faults.append(Fault("status", "GET", "/receipts", times=4, status=503))
    assert shop.run_later("stock").exit_code == 5
    assert (shop.shopify.available("1001"), shop.state.order_cursor) == (4, cursor)
    assert shop.run_later("stock").exit_code == 0
    assert shop.shopify.available("1001") == 7


def test_test_orders_and_those_from_before_the_start_are_not_looked_up(shop: Shop) -> None:
    shop.stocked("1001", 10)
    old = shop.shopify.place_order([("1001", 1)])
    shop.shopify.fulfil_order(old)
    shop.later(24 * 60)
    tried = shop.shopify.place_order([("1001", 1)], test=True)
    shop.korona.count("1001", 8)
    shop.later(MONTH)
    shop.configure(orders={"start_from": "2026-11-24"})
    shop.init()
    for order in (old, tried):
        shop.shopify.touch(order)
    with shop.requests() as seen:
        shop.run_later()
    assert seen.count("GET", "receipts") == 0


def test_old_orders_that_are_really_new_to_korsync_stay_reserved_and_are_booked_once(shop: Shop) -> None:
    shop.stocked("1001", 30)
    orders = [shop.shopify.place_order([("1001", 1)]) for _ in range(12)]
    shop.later(MONTH)
    excesses = watch_shelf(shop, {"1001": 30})
    shop.init()
    for _ in range(3):
        shop.run_later()
    assert [len(shop.korona.booked_under(f"order/{order.id}")) for order in orders] == [1] * 12
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 18
    assert excesses == []
