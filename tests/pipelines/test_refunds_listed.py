"""Refunds that are not booked by rule, and refunds that change after they were booked: told once, booked never."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.commands import decide
from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.order_wire import order_json
from korsync.sandbox.shopify.sales import Order
from tests.support.booked import book, held, lines, remarks, return_of, returns_of, sell, waits
from tests.support.shop import Shop
from tests.support.webshop import on_sale


@pytest.fixture
def tea(shop: Shop) -> Shop:
    on_sale(shop, "1042", "8.90", tax="7")
    shop.init()
    return shop


def told(shop: Shop, order: Order) -> list[str]:
    """Return what four runs say of an order's refunds, the order touched before each."""
    said = []
    for _ in range(4):
        shop.shopify.touch(order)
        book(shop)
        said += remarks(shop, order)
    return said


def test_goods_that_stay_away_are_listed_once(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.refund_order(order, {"1042": 1}, restock_type="no_restock")
    assert told(tea, order) == ["not booked: pieces that were not restocked: 1"]
    assert returns_of(tea, order) == []
    assert tea.korona.stock_of("1042") == 8


def test_an_amount_alone_is_listed_once(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.refund_order(order, amount=Decimal("5.00"))
    assert told(tea, order) == ["not booked: an amount of 5.00 without goods"]
    assert returns_of(tea, order) == []


def test_shipping_alone_is_listed_once(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)], shipping=Decimal("4.90"))
    tea.shopify.refund_order(order, shipping=True)
    assert told(tea, order) == ["not booked: shipping 4.90"]
    assert returns_of(tea, order) == []


def test_shipping_that_is_refunded_with_goods_is_listed_and_not_booked(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)], shipping=Decimal("4.90"))
    refund = tea.shopify.refund_order(order, {"1042": 1}, shipping=True)
    assert told(tea, order) == ["not booked: shipping 4.90"]
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]


def test_an_edit_that_takes_pieces_away_for_good_is_listed_once(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.edit_order(order, fewer={"1042": 1}, restock=False)
    assert told(tea, order) == ["not booked: pieces that were not restocked: 1"]


def test_a_restock_type_that_nobody_knows_counts_as_not_restocked(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.refund_order(order, {"1042": 1}, restock_type="quarantine")
    assert told(tea, order) == [
        "not booked: pieces that were not restocked: 1; not known, so taken for not restocked: quarantine"
    ]
    assert returns_of(tea, order) == []


def test_a_refund_of_an_order_from_before_the_start_is_listed_once(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)], at=tea.world.clock.now() - timedelta(days=20))
    tea.later()
    tea.shopify.refund_order(order, {"1042": 1})
    assert told(tea, order) == [
        "not booked: its order was placed before orders.start_from; "
        "pieces that came back, of which KORONA does not know: 1"
    ]
    assert tea.korona.receipts == []
    assert waits(tea) == []


def test_where_the_start_was_moved_behind_a_booked_order_its_return_is_booked_all_the_same(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.configure(orders={"start_from": date(2026, 11, 24)})
    tea.later(2 * 24 * 60)
    refund = tea.shopify.refund_order(order, {"1042": 1})
    assert told(tea, order) == []
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]


def test_a_refund_of_an_order_that_was_settled_by_hand_is_listed_once(tea: Shop) -> None:
    tea.korona.reject_articles.add("1042")
    order = tea.shopify.place_order([("1042", 2)])
    book(tea)
    decide.ignore(tea.settings, order.name)
    tea.shopify.refund_order(order, {"1042": 1})
    assert told(tea, order) == ["not booked: its order is ignored"]
    assert waits(tea) == []


def test_a_refund_of_an_order_ignored_after_it_was_begun_is_listed_once(tea: Shop) -> None:
    tea.korona.queues, tea.korona.queue_delay = True, timedelta(days=99)
    order = tea.shopify.place_order([("1042", 2)])
    book(tea)
    decide.ignore(tea.settings, order.name)
    tea.shopify.refund_order(order, {"1042": 1})
    assert told(tea, order) == ["not booked: its order is ignored"]


def test_refunds_of_a_test_order_are_not_spoken_of(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)], test=True)
    tea.shopify.refund_order(order, {"1042": 1})
    tea.shopify.refund_order(order, {"1042": 1}, restock_type="no_restock")
    assert told(tea, order) == []
    assert tea.korona.receipts == []


# --- what changes after it was booked ---


def test_a_refund_whose_money_is_pending_is_booked_by_its_lines(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1}, status="pending")
    assert told(tea, order) == []
    tea.shopify.finish_refund(refund)
    assert told(tea, order) == []
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]


def test_money_that_could_not_be_given_back_is_told_once_and_nothing_booked_again(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1}, status="pending")
    book(tea)
    refund.transactions[0].status = "failure"
    assert told(tea, order) == ["booked, but Shopify could not give the money back"]
    assert len(returns_of(tea, order)) == 1


def test_pieces_that_change_after_the_booking_are_told_once_and_nothing_booked_again(tea: Shop) -> None:
    order = sell(tea, [("1042", 3)])
    refund = tea.shopify.refund_order(order, {"1042": 2}, status="pending")
    book(tea)
    refund.lines[0].quantity = 1
    assert told(tea, order) == ["booked with 2 pieces, Shopify has put 1 back by now; correct that by hand in KORONA"]
    refund.lines[0].restock_type = "no_restock"
    assert told(tea, order) == [
        "not booked: pieces that were not restocked: 1",
        "booked with 2 pieces, Shopify has put 0 back by now; correct that by hand in KORONA",
    ]
    assert lines(tea, return_of(tea, refund)) == [("1042", -2, "-17.80")]
    assert held(tea) == []


@pytest.mark.parametrize("action", ["lose_request", "lose_answer"])
def test_a_return_once_begun_is_booked_to_the_end_whatever_shopify_makes_of_it(tea: Shop, action: Any) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    tea.world.korona_server.faults.append(Fault(action, "POST", "receipts"))
    book(tea)
    refund.lines[0].restock_type = "no_restock"
    assert told(tea, order) == [
        "not booked: pieces that were not restocked: 1",
        "booked with 1 pieces, Shopify has put 0 back by now; correct that by hand in KORONA",
    ]
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]


def test_a_refund_that_disappears_after_its_booking_is_told_once(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    book(tea)
    order.refunds.clear()
    assert told(tea, order) == ["booked, but Shopify does not show this refund any more"]
    assert tea.korona.booked_under(f"refund/{refund.id}")


def show_wrongly(shop: Shop, order: Order, **changed: Any) -> Fault:
    """Let Shopify list an order with some of its fields changed."""
    row = order_json(shop.shopify.store, order) | changed
    fault = Fault("replace_answer", "GET", "orders.json", times=100, status=200, body={"orders": [row]})
    shop.world.shopify_server.faults.append(fault)
    return fault


def test_a_refund_whose_figures_cannot_be_used_is_held_until_they_can(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    fault = show_wrongly(tea, order, total_price=None, total_price_set=None)
    for _ in range(2):
        book(tea)
        assert held(tea) == ["Shopify's figures for it cannot be used: total_price is missing"]
    fault.times = 0
    book(tea)
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]


def test_a_refund_is_told_of_only_when_its_figures_can_be_used(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)], shipping=Decimal("4.90"))
    tea.shopify.refund_order(order, shipping=True)
    fault = show_wrongly(tea, order, total_price=None, total_price_set=None)
    book(tea)
    assert remarks(tea, order) == []
    fault.times = 0
    assert told(tea, order) == ["not booked: shipping 4.90"]
