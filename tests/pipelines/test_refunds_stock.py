"""Both sides' stock after a sale and its refund: back where it was within two runs, and at no time above it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from korsync.commands import decide
from tests.support.booked import BOOKING, on_the_shelf, watch_shelf
from tests.support.shop import Shop


@pytest.mark.parametrize("booking_delay", [0, 10])
@pytest.mark.parametrize("refunds", [[2], [1], [1, 1], [1, 2]])
def test_stock_is_back_within_two_runs_and_never_above(shop: Shop, refunds: Sequence[int], booking_delay: int) -> None:
    shop.korona.booking_delay = timedelta(minutes=booking_delay)
    shop.stocked("1001", 10)
    shop.init()
    excesses = watch_shelf(shop, {"1001": 10})
    order = shop.shopify.place_order([("1001", 4)])
    shop.later(1)
    shop.run(*BOOKING)
    shop.later(booking_delay + 16)
    for pieces in refunds:
        shop.shopify.refund_order(order, {"1001": pieces})
    shop.later(1)
    shop.run(*BOOKING)
    shop.run_later(*BOOKING)
    here = 6 + sum(refunds)
    assert on_the_shelf(shop, "1001", 10) == here
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == here
    assert excesses == []


@pytest.mark.parametrize("minutes", [0, 1, 5, 14, 15, 19])
def test_a_refund_at_any_time_after_its_order_never_lifts_the_level_too_high(shop: Shop, minutes: int) -> None:
    shop.korona.booking_delay = timedelta(minutes=9)
    shop.stocked("1001", 3)
    shop.init()
    excesses = watch_shelf(shop, {"1001": 3})
    order = shop.shopify.place_order([("1001", 3)])
    shop.run(*BOOKING)
    shop.later(minutes)
    shop.shopify.cancel_order(order)
    for pause in (0, 1, 14, 1, 5, 10, 20, 20):
        shop.run_later(*BOOKING, minutes=pause)
    assert excesses == []
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 3


def test_goods_that_do_not_come_back_are_gone_on_both_sides(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.init()
    excesses = watch_shelf(shop, {"1001": 10})
    order = shop.shopify.place_order([("1001", 3)])
    shop.run(*BOOKING)
    shop.later()
    shop.shopify.refund_order(order, [("1001", 1, "return"), ("1001", 2, "no_restock")])
    shop.run_later(*BOOKING)
    shop.run_later(*BOOKING)
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 8
    assert excesses == []


def test_a_held_refund_counts_only_through_koronas_own_figure(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.init()
    excesses = watch_shelf(shop, {"1001": 10})
    order = shop.shopify.place_order([("1001", 3)])
    shop.run(*BOOKING)
    shop.later()
    refund: Any = shop.shopify.refund_order(order, {"1001": 1})
    refund.lines[0].subtotal += 5
    for _ in range(3):
        shop.run_later(*BOOKING)
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 7
    shop.korona.deliver("1001", 1)  # a person books it by hand
    for _ in range(2):
        shop.run_later(*BOOKING)
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 8
    decide.ignore(shop.settings, f"{order.name} refund {refund.id}")
    for _ in range(2):
        shop.run_later(*BOOKING)
    assert shop.shopify.available("1001") == 8
    assert excesses == []


def test_a_return_that_is_to_be_tried_again_lifts_no_level_before_somebody_has_looked(shop: Shop) -> None:
    shop.stocked("1001", 5)
    shop.init()
    order = shop.shopify.place_order([("1001", 2)])
    shop.run(*BOOKING)
    shop.later()
    shop.shopify.refund_order(order, {"1001": 1})
    shop.korona.queues, shop.korona.queue_delay = True, timedelta(hours=25)
    shop.run(*BOOKING)
    assert shop.run_later(*BOOKING, minutes=24 * 60).exit_code == 1
    shop.later(60)
    (item,) = [each.item for each in shop.state.held.values()]
    excesses = watch_shelf(shop, {"1001": 5})
    decide.retry(shop.settings, item)
    for _ in range(3):
        shop.run_later(*BOOKING)
    assert excesses == []
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 4
