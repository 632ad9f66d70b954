"""Several refunds of one order: all in one run, one after the other, each counting those that are surely booked."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from korsync.records.plan import Outcome
from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.sales import Discount, Order, Refund
from tests.support.booked import BOOKING, book, held, lines, return_of, returns_of, sell, waits
from tests.support.shop import Shop, open_shop
from tests.support.webshop import on_sale


@pytest.fixture
def pots(shop: Shop) -> Shop:
    on_sale(shop, "2000", "33.33")
    shop.init()
    return shop


def sold_thrice(shop: Shop) -> tuple[Order, list[Refund]]:
    """Sell three pots for 89.99 and take each back by a refund of its own."""
    order = sell(shop, [("2000", 3)], discounts=[Discount(Decimal(10), percentage=False)])
    return order, [shop.shopify.refund_order(order, {"2000": 1}) for _ in range(3)]


def grosses(shop: Shop, order: Order) -> list[str]:
    return [f"{receipt.gross:.2f}" for receipt in returns_of(shop, order)]


def test_all_refunds_of_an_order_are_booked_in_one_run(pots: Shop) -> None:
    order, refunds = sold_thrice(pots)
    pots.run(*BOOKING)
    assert [receipt.key for receipt in returns_of(pots, order)] == [f"refund/{each.id}" for each in refunds]
    assert grosses(pots, order) == ["-30.00", "-29.99", "-30.00"]
    assert pots.korona.stock_of("2000") == 10


def test_the_first_refunds_of_many_orders_go_together(pots: Shop) -> None:
    pots.korona.deliver("2000", 20)
    orders = [pots.shopify.place_order([("2000", 2)]) for _ in range(5)]
    pots.run(*BOOKING)
    pots.later()
    for order in orders:
        pots.shopify.refund_order(order, {"2000": 1})
        pots.shopify.refund_order(order, {"2000": 1})
    with pots.requests() as seen:
        pots.run(*BOOKING)
    posts = [each.json() for each in seen.korona if each.method == "POST"]
    assert [len({receipt["orderNumber"] for receipt in batch}) for batch in posts] == [5, 5]
    assert all(len(returns_of(pots, order)) == 2 for order in orders)


def test_refunds_of_many_orders_are_looked_up_together(pots: Shop) -> None:
    pots.korona.deliver("2000", 90)
    orders = [pots.shopify.place_order([("2000", 2)]) for _ in range(30)]
    pots.run(*BOOKING)
    pots.later(90)
    for order in orders:
        pots.shopify.refund_order(order, {"2000": 1})
    with pots.requests() as seen:
        pots.run("refunds")
    assert seen.count("GET", "/receipts") == 3  # one by itself, the list, and what was booked read back
    assert seen.count("POST", "/receipts") == 2
    assert all(len(returns_of(pots, order)) == 1 for order in orders)
    assert pots.korona.stock_of("2000") == 70


def test_refunds_of_different_runs_add_up_to_the_sale(pots: Shop) -> None:
    order = sell(pots, [("2000", 3)], discounts=[Discount(Decimal(10), percentage=False)])
    for pieces in (2, 1):
        pots.shopify.refund_order(order, {"2000": pieces})
        book(pots)
    assert grosses(pots, order) == ["-59.99", "-30.00"]


def test_pieces_that_stay_away_do_not_count_as_returned(pots: Shop) -> None:
    order = sell(pots, [("2000", 3)])
    pots.shopify.refund_order(order, {"2000": 1}, restock_type="no_restock")
    pots.shopify.refund_order(order, {"2000": 2})
    book(pots)
    assert grosses(pots, order) == ["-66.66"]
    assert pots.korona.stock_of("2000") == 9


@pytest.mark.parametrize("action", ["lose_request", "lose_answer"])
def test_no_refund_is_sent_after_one_whose_outcome_is_unknown(pots: Shop, action: Any) -> None:
    order, refunds = sold_thrice(pots)
    pots.world.korona_server.faults.append(Fault(action, "POST", "receipts"))
    with pots.requests() as seen:
        assert pots.run(*BOOKING).exit_code == 5
    assert seen.count("POST", "/receipts") == 1
    assert [each.key for each in pots.state.orders[order.id].returns] == [f"refund/{refunds[0].id}"]
    assert len(pots.watched.results[-1].left_over) == 2
    for _ in range(3):
        book(pots)
    assert grosses(pots, order) == ["-30.00", "-29.99", "-30.00"]


def test_later_refunds_wait_while_an_earlier_one_is_not_known_to_be_booked(pots: Shop) -> None:
    order, _ = sold_thrice(pots)
    pots.world.korona_server.faults.append(Fault("lose_request", "POST", "receipts"))
    pots.run(*BOOKING)
    pots.run_later(*BOOKING, minutes=5)
    assert waits(pots) == ["sent, but its outcome is not known yet", *["waits for an earlier refund of this order"] * 2]
    assert returns_of(pots, order) == []


def test_later_refunds_wait_while_an_earlier_one_is_queued(pots: Shop) -> None:
    order, _ = sold_thrice(pots)
    pots.korona.queues, pots.korona.queue_delay = True, timedelta(minutes=30)
    assert pots.run(*BOOKING).exit_code == 0
    pots.run_later(*BOOKING)
    assert waits(pots)[0] == "KORONA queued it and does not show it yet"
    assert returns_of(pots, order) == []
    pots.korona.queues = False
    pots.later()
    book(pots)
    assert grosses(pots, order) == ["-30.00", "-29.99", "-30.00"]


def test_a_refused_refund_lets_the_others_go_first_in_the_next_run(pots: Shop) -> None:
    on_sale(pots, "1042", "8.90")
    order = sell(pots, [("2000", 2), ("1042", 1)])
    bad = pots.shopify.refund_order(order, {"2000": 1, "1042": 1})
    good = pots.shopify.refund_order(order, {"2000": 1})
    pots.korona.reject_articles.add("1042")
    pots.run(*BOOKING)
    assert returns_of(pots, order) == []
    refused = [each for each in pots.watched.pushed if each.outcome is not Outcome.DONE]
    assert [(each.change.key, each.outcome) for each in refused] == [
        (f"{order.name} refund {bad.id}", Outcome.REJECTED)
    ]
    pots.run_later(*BOOKING)
    assert lines(pots, return_of(pots, good)) == [("2000", -1, "-33.33")]
    pots.korona.reject_articles.clear()
    pots.run_later(*BOOKING)
    assert return_of(pots, bad)
    assert sum(receipt.gross for receipt in pots.korona.receipts) == 0


def test_a_return_that_korona_does_not_show_yet_is_counted_all_the_same(pots: Shop) -> None:
    order = sell(pots, [("2000", 3)], discounts=[Discount(Decimal(10), percentage=False)])
    pots.shopify.refund_order(order, {"2000": 1})
    pots.korona.booking_delay = timedelta(minutes=12)
    pots.run(*BOOKING)
    pots.korona.booking_delay = timedelta(0)
    pots.shopify.refund_order(order, {"2000": 1})
    pots.run_later(*BOOKING, minutes=5)
    assert grosses(pots, order) == ["-29.99"]
    pots.later(120)
    assert sorted(grosses(pots, order)) == ["-29.99", "-30.00"]


def test_a_return_that_korona_does_not_show_in_time_is_held_and_the_next_of_its_order_waits(pots: Shop) -> None:
    order = sell(pots, [("2000", 3)], discounts=[Discount(Decimal(10), percentage=False)])
    pots.shopify.refund_order(order, {"2000": 1})
    pots.korona.booking_delay = timedelta(hours=2)
    book(pots)
    pots.korona.booking_delay = timedelta(0)
    pots.shopify.refund_order(order, {"2000": 1})
    book(pots)
    assert held(pots) == ["KORONA said that it is booked, but does not show it"]
    assert waits(pots) == ["waits for an earlier refund of this order"]
    pots.later(120)
    book(pots)
    book(pots)
    assert sorted(grosses(pots, order)) == ["-29.99", "-30.00"]
    assert pots.state.held == {}


# --- dying ---


class Died(BaseException):
    """The process is gone: nothing that it held in memory is left."""


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, at: int, *, answered: bool) -> Iterator[None]:
    """Die at the request of this number (from 0), before it goes out or after its answer came."""
    send, counter = requests.Session.request, count()

    def sending(*args: Any, **kwargs: Any) -> requests.Response:
        now = next(counter) == at
        if now and not answered:
            raise Died
        answer: requests.Response = send(*args, **kwargs)
        if now:
            answer.close()
            raise Died
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(requests.Session, "request", sending)
        yield


def returned_shop(shop: Shop, variant: int) -> tuple[Order, Order]:
    """Sell two orders; take back two refunds of the one, and cancel the other."""
    shop.korona.refuses_repeated_numbers = bool(variant & 1)
    shop.korona.uses_prefix = bool(variant & 2)
    shop.korona.booking_delay = timedelta(minutes=3 if variant & 4 else 0)
    on_sale(shop, "2000", "33.33")
    shop.init()
    first = shop.shopify.place_order([("2000", 3)], discounts=[Discount(Decimal(10), percentage=False)])
    second = shop.shopify.place_order([("2000", 2)])
    shop.run(*BOOKING)
    shop.later()
    shop.shopify.refund_order(first, {"2000": 1})
    shop.shopify.refund_order(first, {"2000": 2})
    shop.shopify.cancel_order(second)
    shop.later(1)
    return first, second


def ledger(shop: Shop) -> list[tuple[str | None, Decimal]]:
    return sorted((receipt.key, receipt.gross) for receipt in shop.korona.receipts if receipt.key)


@pytest.mark.long
@pytest.mark.parametrize("answered", [False, True])
def test_a_run_that_dies_at_any_request_loses_and_doubles_no_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    with open_shop(tmp_path) as shop:
        returned_shop(shop, 0)
        with shop.requests() as seen:
            shop.run(*BOOKING)
        undisturbed = ledger(shop)
    assert sum(gross for _, gross in undisturbed) == 0
    assert len(undisturbed) == 5
    for at in range(len(seen.everything)):
        folder = tmp_path / str(at)
        folder.mkdir()
        with open_shop(folder) as shop:
            returned_shop(shop, at)
            with dying(monkeypatch, at, answered=answered), pytest.raises(Died):
                shop.run(*BOOKING)
            shop.run_later(*BOOKING, minutes=0.1)
            for _ in range(4):
                shop.run_later(*BOOKING)
            assert ledger(shop) == undisturbed, f"died at request {at}"
            assert shop.korona.stock_of("2000") == shop.shopify.available("2000") == 10
            with shop.requests() as seen:
                assert shop.run_later(*BOOKING).exit_code == 0
            assert seen.writes == []


def test_a_refund_in_conflict_does_not_hold_up_the_others_of_its_order(pots: Shop) -> None:
    order, refunds = sold_thrice(pots)
    pots.world.korona_server.faults.append(Fault("lose_answer", "POST", "receipts"))
    pots.run(*BOOKING)
    (receipt,) = returns_of(pots, order)
    receipt.gross -= 1
    for _ in range(3):
        pots.run_later(*BOOKING)
    assert list(pots.state.held) == [f"refunds/{order.name} refund {refunds[0].id}"]
    assert [each.key for each in returns_of(pots, order)] == [f"refund/{each.id}" for each in refunds]
