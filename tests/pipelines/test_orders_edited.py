"""Orders edited after they were booked: held with the difference, their pieces safe, until a person settles it."""

from typing import Any

import pytest

from korsync.commands import decide
from korsync.records.plan import Fate
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Shop
from tests.support.webshop import booked, held

MONTH = 31 * 24 * 60


@pytest.fixture
def order(shop: Shop) -> Order:
    """An order of two pieces, booked."""
    shop.stocked("1001", 100)
    shop.stocked("1002", 100)
    shop.init()
    placed = shop.shopify.place_order([("1001", 2)])
    assert shop.run().exit_code == 0
    shop.later()
    return placed


def reason(more: str) -> str:
    return f"edited after it was booked: {more} more; book that by hand in KORONA, then `korsync ignore 1001`"


@pytest.mark.parametrize(
    ("edit", "more"),
    [
        ({"more": {"1001": 1}}, "1 × 1001"),
        ({"add": [("1002", 3)]}, "3 × 1002"),
        ({"more": {"1001": 2}, "add": [("1002", 1)]}, "2 × 1001, 1 × 1002"),
        ({"more": {"1001": 2}, "fewer": {"1001": 1}}, "2 × 1001"),
    ],
)
def test_what_an_edit_adds_is_held_with_the_difference(
    shop: Shop, order: Order, edit: dict[str, Any], more: str
) -> None:
    shop.shopify.edit_order(order, **edit)
    for _ in range(3):
        assert shop.run_later("orders").exit_code == 1
        assert held(shop) == {"1001": reason(more)}
    assert booked(shop) == ["1001"]


def test_an_edit_that_only_takes_out_is_not_held(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, fewer={"1001": 1})
    assert shop.run_later("orders").exit_code == 0
    assert held(shop) == {}


def test_the_pieces_that_an_edit_added_are_not_sold_twice(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, more={"1001": 3}, add=[("1002", 4)])
    for _ in range(3):
        shop.run_later()
    assert shop.korona.stock_of("1001") == 98
    assert shop.shopify.available("1001") == 95
    assert shop.korona.stock_of("1002") == 100
    assert shop.shopify.available("1002") == 96


def test_a_person_books_the_difference_and_has_the_order_ignored(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, more={"1001": 3})
    shop.run_later()
    shop.korona.sell_at_till("1001", 3)
    decide.ignore(shop.settings, "1001")
    for _ in range(3):
        assert shop.run_later().exit_code == 0
    assert shop.korona.stock_of("1001") == 95
    assert shop.shopify.available("1001") == 95


def test_what_is_added_after_an_edit_was_booked_by_hand_is_held_again_and_stays_reserved(
    shop: Shop, order: Order
) -> None:
    shop.shopify.edit_order(order, more={"1001": 1})
    shop.run_later()
    shop.korona.sell_at_till("1001", 1)
    decide.ignore(shop.settings, "1001")
    shop.run_later()
    shop.shopify.edit_order(order, add=[("1002", 3)], more={"1001": 5})
    for _ in range(4):
        assert shop.run_later().exit_code == 1
        assert held(shop) == {"1001": reason("5 × 1001, 3 × 1002")}
    assert shop.korona.stock_of("1001") == 97
    assert shop.shopify.available("1001") == 92
    decide.retry(shop.settings, "1001")
    assert shop.run_later().exit_code == 1
    assert held(shop) == {"1001": reason("6 × 1001, 3 × 1002")}


def test_an_edit_blocks_no_other_order(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, more={"1001": 1})
    shop.shopify.place_order([("1002", 1)])
    assert shop.run("orders").exit_code == 1
    assert booked(shop) == ["1001", "1002"]
    assert [each.key for each in shop.skips("orders", Fate.HELD)] == ["#1001"]


def test_an_edit_is_held_for_months_and_its_pieces_with_it(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, more={"1001": 3})
    for _ in range(3):
        assert shop.run_later(minutes=MONTH).exit_code == 1
    assert held(shop) == {"1001": reason("3 × 1001")}
    assert shop.shopify.available("1001") == 95
