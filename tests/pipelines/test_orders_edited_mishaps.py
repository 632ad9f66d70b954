"""Edits that meet lost answers, refusals and a person's decisions: each piece is booked once, and none is forgotten."""

from typing import Any

import pytest

from korsync.commands import decide
from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.sales import Order
from tests.pipelines.test_posting import misfortune
from tests.support.booked import lines
from tests.support.odd_rows import spoil
from tests.support.shop import Shop
from tests.support.webshop import held, on_sale

REFUSED: dict[str, Any] = {"status": 400, "body": {"code": "X", "message": "bad receipt"}}


@pytest.fixture
def order(shop: Shop) -> Order:
    """An order of two pieces, booked and settled."""
    on_sale(shop, "1001", "8.90", pieces=100)
    on_sale(shop, "1002", "5.00", tax="7", pieces=100)
    shop.init()
    placed = shop.shopify.place_order([("1001", 2)])
    assert shop.run().exit_code == 0
    shop.later()
    return placed


def booked(shop: Shop) -> list[tuple[str | None, list[tuple[str, int]]]]:
    """Return the keys and lines of all receipts."""
    return [(each.key, [(sku, pieces) for sku, pieces, _ in lines(shop, each)]) for each in shop.korona.receipts]


def runs(shop: Shop, count: int = 4) -> list[int]:
    return [shop.run_later().exit_code for _ in range(count)]


def in_step(shop: Shop, first: int, second: int) -> None:
    for number, pieces in (("1001", first), ("1002", second)):
        assert shop.korona.stock_of(number) == shop.shopify.available(number) == pieces


def test_an_order_whose_sale_was_lost_and_that_was_edited_since_is_booked_with_its_own_articles(shop: Shop) -> None:
    on_sale(shop, "1001", "8.90", pieces=100)
    on_sale(shop, "1002", "5.00", tax="7", pieces=100)
    shop.configure(orders={"unknown_sku": "default_product"})
    shop.init()
    order = shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_answer"))
    shop.run()
    shop.shopify.edit_order(order, add=[("1002", 3)])
    assert runs(shop)[-1] == 0
    assert booked(shop) == [(f"order/{order.id}", [("1001", 2)]), (f"edit/{order.id}/1", [("1002", 3)])]
    in_step(shop, 98, 97)


def test_an_edit_whose_answer_was_lost_and_that_is_edited_again_becomes_two_receipts(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, more={"1001": 1})
    misfortune(shop, Fault("lose_answer"))
    shop.run()
    shop.shopify.edit_order(order, add=[("1002", 3)])
    assert not any("1002" in each.reason for each in shop.state.held.values())
    assert runs(shop)[-1] == 0
    assert booked(shop)[1:] == [(f"edit/{order.id}/1", [("1001", 1)]), (f"edit/{order.id}/2", [("1002", 3)])]
    in_step(shop, 97, 97)


@pytest.mark.parametrize("is_lost_first", [False, True])
def test_an_edit_that_was_refused_is_made_anew_under_its_own_key(shop: Shop, order: Order, is_lost_first: bool) -> None:
    shop.shopify.edit_order(order, more={"1001": 1})
    if is_lost_first:
        misfortune(shop, Fault("lose_request"))
        shop.run()
        shop.later()
    misfortune(shop, Fault("status", **REFUSED))
    assert shop.run().exit_code == 1
    assert runs(shop)[-1] == 0
    assert booked(shop)[1:] == [(f"edit/{order.id}/1", [("1001", 1)])]
    in_step(shop, 97, 100)


@pytest.fixture
def settled(shop: Shop, order: Order) -> Order:
    """An order with an edit that KORONA refused; a person has sold its three pieces at the till and said so."""
    shop.shopify.edit_order(order, add=[("1002", 3)])
    misfortune(shop, Fault("status", **REFUSED))
    shop.run()
    shop.korona.sell_at_till("1002", 3)
    decide.ignore(shop.settings, order.name)
    return order


def test_a_refused_edit_that_was_booked_by_hand_is_settled(shop: Shop, settled: Order) -> None:
    assert runs(shop) == [0, 0, 0, 0]
    assert booked(shop) == [(f"order/{settled.id}", [("1001", 2)])]
    in_step(shop, 98, 97)


def test_what_is_added_later_is_a_persons_too_and_says_only_what_is_new(shop: Shop, settled: Order) -> None:
    shop.shopify.edit_order(settled, more={"1001": 1})
    for decision in (None, decide.retry):
        if decision is not None:
            decision(shop.settings, settled.name)
        assert shop.run_later().exit_code == 1
        assert held(shop)["1001"].startswith("edited after it was booked: 1 × 1001 more; booked are ")
    decide.ignore(shop.settings, settled.name)
    assert runs(shop)[-1] == 0


@pytest.mark.usefixtures("order")
def test_other_sales_taxes_in_korona_are_no_change_of_an_order(shop: Shop) -> None:
    shop.korona.remove_sales_tax("1")
    shop.korona.add_sales_tax("21", "19 % neu", {"2020-01-01": "19"}, included=True)
    shop.later(60 * 25)
    assert shop.run(full=True).exit_code == 0
    assert held(shop) == {}


def test_pieces_that_korona_holds_already_are_not_booked_as_added_over_and_over(shop: Shop) -> None:
    """Shopify once shows an order without its lines, just as its lost receipt is sent again."""
    on_sale(shop, "1001", "8.90", pieces=100)
    shop.init()
    order = shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    spoil(shop.world.shopify_server, "/orders", lambda row: row.get("id") == order.id, "line_items", [])
    shop.run_later("orders")
    shop.world.shopify_server.after_request = None
    runs(shop)
    assert booked(shop) == [(f"order/{order.id}", [("1001", 2)])]
    assert "KORONA has 2 × “" in held(shop)[order.name.removeprefix("#")]
    decide.ignore(shop.settings, order.name)
    assert runs(shop)[-1] == 0
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 98
