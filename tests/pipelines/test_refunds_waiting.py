"""Refunds that cannot be booked yet: they wait for their sale, or are held with the figures and never forgotten."""

from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.commands import decide
from korsync.sandbox.exchange import Fault
from tests.support.booked import BOOKING, book, held, lines, return_of, returns_of, sell, waits
from tests.support.shop import Shop
from tests.support.webshop import on_sale

MONTH = 31 * 24 * 60


@pytest.fixture
def tea(shop: Shop) -> Shop:
    on_sale(shop, "1042", "8.90", tax="7")
    shop.init()
    return shop


# --- waiting ---


def test_a_refund_waits_until_its_sale_is_settled(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)])
    tea.run(*BOOKING)
    refund = tea.shopify.refund_order(order, {"1042": 1})
    tea.run_later(*BOOKING, minutes=14)
    assert (waits(tea), returns_of(tea, order)) == (["waits until the sale is settled"], [])
    tea.run_later(*BOOKING, minutes=1)
    assert (waits(tea), len(returns_of(tea, order))) == ([], 1)
    assert return_of(tea, refund)


def test_a_refund_waits_while_the_outcome_of_its_sale_is_unknown(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)])
    tea.world.korona_server.faults.append(Fault("lose_request", "POST", "receipts"))
    tea.run(*BOOKING)
    refund = tea.shopify.refund_order(order, {"1042": 1})
    tea.run_later(*BOOKING, minutes=10)
    assert waits(tea) == ["waits until the sale is booked"]
    assert tea.korona.receipts == []
    for _ in range(3):
        tea.run_later(*BOOKING)
    assert [receipt.key for receipt in tea.korona.receipts] == [f"order/{order.id}", f"refund/{refund.id}"]


def test_a_refund_waits_while_its_sale_is_queued(tea: Shop) -> None:
    tea.korona.queues, tea.korona.queue_delay = True, timedelta(minutes=90)
    order = tea.shopify.place_order([("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    for _ in range(4):
        book(tea)
        assert waits(tea) == ["waits until the sale is booked"]
    tea.korona.queues = False
    for _ in range(4):
        book(tea)
    assert [receipt.key for receipt in tea.korona.receipts] == [f"order/{order.id}", f"refund/{refund.id}"]


def test_a_refund_of_a_held_order_waits_with_it(tea: Shop) -> None:
    tea.shopify.add_product("Neu", [{"sku": "7777", "price": "5.00", "available": 5}])
    order = tea.shopify.place_order([("7777", 2)])
    refund = tea.shopify.refund_order(order, {"7777": 1})
    assert tea.run(*BOOKING).exit_code == 1
    assert waits(tea) == ["waits until the sale is booked"]
    goods_known = tea.korona.add_article("7777", "Neu", Decimal("5.00"), stock=5)
    for _ in range(3):
        tea.run_later(*BOOKING)
    assert [receipt.key for receipt in tea.korona.receipts] == [f"order/{order.id}", f"refund/{refund.id}"]
    assert tea.korona.stock_of(goods_known.number or "") == 4


def test_a_refund_waits_where_the_orders_pipeline_has_not_run(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)])
    tea.shopify.refund_order(order, {"1042": 1})
    tea.run("refunds")
    assert waits(tea) == ["waits until the sale is booked"]
    assert tea.korona.receipts == []


# --- held ---


def test_a_subtotal_that_fits_in_neither_reading_is_held_with_the_figures(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    refund.lines[0].subtotal = Decimal("8.50")
    assert tea.run(*BOOKING).exit_code == 1
    assert held(tea) == ["the returned share of “Ware 1042” is 8.90 gross or 8.32 net, Shopify's is 8.50"]
    assert returns_of(tea, order) == []
    refund.lines[0].subtotal = Decimal("8.91")
    assert tea.run_later(*BOOKING).exit_code == 0
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]


OF_AN_EDIT = "waits until what an edit added is booked and settled"


def test_what_an_edit_added_comes_back_only_when_it_is_booked_and_settled(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.edit_order(order, more={"1042": 1})
    refund = tea.shopify.refund_order(order, {"1042": 3}, restock_type="cancel")
    book(tea)
    assert waits(tea) == [OF_AN_EDIT]
    assert tea.korona.booked_under(f"refund/{refund.id}") == []
    book(tea)
    assert lines(tea, return_of(tea, refund))[0][:2] == ("1042", -3)
    assert tea.state.held == {}


def test_returns_booked_before_an_edit_count_against_all_that_was_booked(tea: Shop) -> None:
    order = sell(tea, [("1042", 3)])
    first = tea.shopify.refund_order(order, {"1042": 2})
    book(tea)
    tea.shopify.edit_order(order, more={"1042": 1})
    second = tea.shopify.refund_order(order, {"1042": 2}, restock_type="cancel")
    for _ in range(3):
        book(tea)
    assert [lines(tea, return_of(tea, each))[0][:2] for each in (first, second)] == [("1042", -2), ("1042", -2)]
    assert tea.state.held == {}


def test_a_line_that_was_added_after_the_booking_can_be_returned(tea: Shop) -> None:
    on_sale(tea, "2000", "5.00")
    order = sell(tea, [("1042", 1)])
    tea.shopify.edit_order(order, add=[("2000", 1)])
    refund = tea.shopify.refund_order(order, {"2000": 1}, restock_type="cancel")
    for _ in range(3):
        book(tea)
    assert lines(tea, return_of(tea, refund)) == [("2000", -1, "-5.00")]
    assert tea.korona.stock_of("2000") == 10
    assert tea.state.held == {}


def test_a_held_refund_is_named_in_every_run_until_a_person_settles_it(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    refund.lines[0].subtotal = Decimal("1.00")
    item = f"{order.name} refund {refund.id}"
    tea.run(*BOOKING)
    tea.later(MONTH)
    for _ in range(2):
        assert tea.run_later(*BOOKING).exit_code == 1
        assert list(tea.state.held) == [f"refunds/{item}"]
    decide.ignore(tea.settings, item)
    assert tea.run_later(*BOOKING).exit_code == 0
    assert (tea.state.held, returns_of(tea, order)) == ({}, [])


def test_a_held_refund_keeps_no_other_from_being_booked(tea: Shop) -> None:
    odd, plain = sell(tea, [("1042", 2)]), sell(tea, [("1042", 2)])
    bad = tea.shopify.refund_order(odd, {"1042": 1})
    bad.lines[0].subtotal = Decimal("1.00")
    good = tea.shopify.refund_order(odd, {"1042": 1})
    other = tea.shopify.refund_order(plain, {"1042": 1})
    book(tea)
    assert return_of(tea, good)
    assert return_of(tea, other)
    assert len(held(tea)) == 1
    bad.lines[0].subtotal = Decimal("8.90")
    book(tea)
    assert sum(receipt.gross for receipt in returns_of(tea, odd)) == Decimal("-17.80")


def test_a_refund_that_korona_refuses_is_held_with_koronas_words_and_tried_again(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    tea.korona.reject_articles.add("1042")
    assert tea.run(*BOOKING).exit_code == 1
    (item,) = tea.state.held.values()
    assert "article 1042 cannot be sold" in item.reason
    tea.korona.reject_articles.clear()
    assert tea.run_later(*BOOKING).exit_code == 0
    assert (return_of(tea, refund).gross, tea.state.held) == (Decimal("-8.90"), {})


def test_a_refund_that_shopify_takes_back_before_it_was_booked_is_forgotten(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.refund_order(order, {"1042": 1}).lines[0].subtotal = Decimal("1.00")
    book(tea)
    assert held(tea)
    order.refunds.clear()
    tea.shopify.touch(order)
    book(tea)
    assert (held(tea), tea.state.held) == ([], {})


def test_a_refund_of_an_order_that_shopify_shows_no_more_is_held(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)])
    tea.run(*BOOKING)
    tea.shopify.refund_order(order, {"1042": 1})
    tea.run_later(*BOOKING, minutes=5)
    tea.shopify.delete_order(order)
    tea.run_later(*BOOKING)
    assert held(tea) == ["Shopify does not show this refund any more"]


# --- forgotten orders ---


def test_a_refund_of_an_order_that_was_forgotten_reads_its_sale_back_from_korona(tea: Shop) -> None:
    order = sell(tea, [("1042", 3)])
    first = tea.shopify.refund_order(order, {"1042": 1})
    book(tea)
    tea.later(MONTH)
    book(tea)
    assert order.id not in tea.state.orders
    second = tea.shopify.refund_order(order, {"1042": 2})
    book(tea)
    book(tea)
    assert [receipt.key for receipt in tea.korona.receipts] == [
        f"order/{order.id}",
        f"refund/{first.id}",
        f"refund/{second.id}",
    ]
    assert sum(receipt.gross for receipt in tea.korona.receipts) == 0
    assert tea.korona.stock_of("1042") == 10


def test_a_forgotten_order_that_is_cancelled_is_returned(tea: Shop) -> None:
    order = sell(tea, [("1042", 3)])
    tea.later(MONTH)
    book(tea)
    assert order.id not in tea.state.orders
    tea.shopify.cancel_order(order)
    book(tea)
    assert tea.skips("orders") == []
    book(tea)
    (receipt,) = returns_of(tea, order)
    assert lines(tea, receipt) == [("1042", -3, "-26.70")]


def test_returns_of_a_forgotten_order_are_not_taken_for_goods_to_come(tea: Shop) -> None:
    order = sell(tea, [("1042", 3)])
    tea.shopify.refund_order(order, {"1042": 2})
    book(tea)
    tea.later(MONTH)
    book(tea)
    tea.shopify.touch(order)
    levels = []
    tea.world.shopify_server.after_request = lambda *_: levels.append(tea.shopify.available("1042"))
    tea.run_later("orders")
    for _ in range(3):
        tea.run_later("stock")
    assert tea.korona.stock_of("1042") == 9
    assert max(levels) == 9
