"""Exactly one receipt, whatever becomes of a POST: lost, late, queued, refused, doubled."""

import base64
import errno
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from korsync.commands import decide
from korsync.errors import ConfigurationError, StateError
from korsync.records.bookings import MOST_ATTEMPTS, BookingStatus
from korsync.records.plan import Fate, Outcome
from korsync.sandbox.exchange import Fault, Recorded, Request
from tests.support.shop import Shop, open_shop

BOOKING = ("orders", "refunds")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with two articles, set up."""
    with open_shop(tmp_path) as opened:
        opened.stocked("1001", 100)
        opened.stocked("1002", 100)
        opened.init()
        yield opened


def misfortune(shop: Shop, fault: Fault) -> None:
    """Let it strike the next POST of receipts."""
    fault.method, fault.path = "POST", "/receipts$"
    shop.world.korona_server.faults.append(fault)


def posts(shop: Shop) -> list[Recorded]:
    return [each for each in shop.world.korona_server.requests if each.method == "POST"]


def arrives(shop: Shop, held_up: Recorded) -> None:
    """Let a request that was held up on its way reach KORONA now."""
    login = base64.b64encode(f"{shop.korona.user}:{shop.korona.password}".encode()).decode()
    request = Request("POST", held_up.path, held_up.query, {"authorization": f"Basic {login}"}, held_up.body)
    assert shop.korona.answer(request).status == 200


def keys(shop: Shop) -> list[str]:
    """Return the keys of all receipts that KORONA holds."""
    return sorted(receipt.key or "" for receipt in shop.korona.receipts)


# --- lost and late ---


def test_a_lost_answer_is_looked_up_and_nothing_is_posted_again(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_answer"))
    assert shop.run("orders").exit_code == 5
    assert shop.watched.pushed[0].outcome is Outcome.UNSURE
    assert shop.run_later("orders", minutes=1).exit_code == 0
    shop.run_later("orders", minutes=60)
    assert keys(shop) == [f"order/{order.id}"]
    assert len(posts(shop)) == 1
    assert shop.korona.stock_of("1001") == 98


def test_a_lost_request_is_sent_again_word_for_word_when_it_can_no_longer_arrive(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    shop.korona.rename("1001", "Renamed meanwhile")
    shop.shopify.set_price("1001", "5.00")
    for _ in range(2):
        shop.run_later("orders", minutes=7)
        assert len(posts(shop)) == 1
        assert shop.skips("orders", Fate.WAITING)
    assert shop.run_later("orders", minutes=1).exit_code == 0
    first, second = posts(shop)
    assert second.body == first.body
    assert len(keys(shop)) == 1


def test_a_request_held_up_on_its_way_is_found_when_it_has_arrived(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    shop.run_later("orders", minutes=5)
    arrives(shop, posts(shop)[0])
    shop.run_later("orders")
    assert len(keys(shop)) == len(posts(shop)) == 1


@pytest.mark.parametrize("refuses_repeated_numbers", [True, False])
def test_a_receipt_that_korona_books_long_after_the_time_out_is_not_doubled(
    shop: Shop, refuses_repeated_numbers: bool
) -> None:
    shop.korona.refuses_repeated_numbers = refuses_repeated_numbers
    shop.korona.booking_delay = timedelta(minutes=10)
    shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    for minutes in (1, 4, 4, 4, 4, 20):
        shop.run_later("orders", minutes=minutes)
    assert len(keys(shop)) == len(posts(shop)) == 1


def test_all_of_a_batch_whose_answer_is_lost_stays_unknown(shop: Shop) -> None:
    shop.korona.booking_delay = timedelta(minutes=10)
    orders = [shop.shopify.place_order([("1001", 1)]) for _ in range(8)]
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    assert [each.outcome for each in shop.watched.pushed] == [Outcome.UNSURE] * 8
    shop.run_later("orders", minutes=1)
    assert len(posts(shop)) == 1
    shop.run_later("orders", minutes=12)
    assert keys(shop) == sorted(f"order/{order.id}" for order in orders)


def test_the_waiting_time_begins_when_the_last_try_was_sent(shop: Shop) -> None:
    """KORONA may have asked for patience before it took the request that was then lost."""
    shop.shopify.place_order([("1001", 1)])
    slow = {"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS", "message": "wait"}
    misfortune(shop, Fault("status", status=429, body=slow, headers={"Retry-After": "60"}, times=5))
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    assert len(posts(shop)) == 6
    shop.run_later("orders", minutes=12)
    assert len(posts(shop)) == 6
    shop.run_later("orders", minutes=5)
    assert len(posts(shop)) == 7
    assert len(keys(shop)) == 1


def test_a_repeat_that_cannot_be_sent_leaves_the_intent_as_it_was(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    sent = shop.state.orders[order.id].sale
    over = {"code": "DAILY_LIMIT_EXCEEDED", "message": "tomorrow"}
    misfortune(shop, Fault("status", status=429, body=over, times=9))
    assert shop.run_later("orders").exit_code == 5
    assert shop.state.orders[order.id].sale == sent
    arrives(shop, posts(shop)[0])
    shop.world.korona_server.faults.clear()
    assert shop.run_later("orders").exit_code == 0
    assert len(keys(shop)) == 1


def sent_in_vain(shop: Shop, times: int) -> None:
    """Run until a receipt was sent so often, each request lost; then let the last one be old enough."""
    fault = Fault("lose_request", times=times)
    misfortune(shop, fault)
    for _ in range(times):
        assert shop.run_later("orders").exit_code == 5
    shop.later()


def test_a_receipt_that_never_gets_an_answer_is_held_for_a_person(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 2)])
    sent_in_vain(shop, MOST_ATTEMPTS)
    for _ in range(2):
        assert shop.run_later("orders").exit_code == 1
        assert "sent 5 times without a clear answer" in shop.held(order.name).reason
    assert len(posts(shop)) == MOST_ATTEMPTS
    other = shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 1
    assert keys(shop) == [f"order/{other.id}"]
    decide.retry(shop.settings, order.name)
    assert shop.run("orders").exit_code == 0
    assert keys(shop) == [f"order/{order.id}", f"order/{other.id}"]
    assert shop.state.held == {}


def test_a_receipt_given_up_that_shows_after_all_is_booked(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 2)])
    sent_in_vain(shop, MOST_ATTEMPTS)
    assert shop.run("orders").exit_code == 1
    arrives(shop, posts(shop)[0])
    assert shop.run_later("orders").exit_code == 0
    assert shop.state.held == {}
    assert len(keys(shop)) == 1


# --- queued ---


def test_a_queued_receipt_waits_and_is_never_posted_again(shop: Shop) -> None:
    shop.korona.queues, shop.korona.queue_delay = True, timedelta(minutes=50)
    shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 0
    for _ in range(2):
        assert shop.run_later("orders").exit_code == 0
        assert shop.skips("orders", Fate.WAITING)
    assert shop.run_later("orders").exit_code == 0
    assert shop.skips("orders") == []
    assert len(keys(shop)) == len(posts(shop)) == 1


def test_a_queued_receipt_that_does_not_come_is_held_after_a_day(shop: Shop) -> None:
    shop.korona.queues, shop.korona.queue_delay = True, timedelta(days=99)
    order = shop.shopify.place_order([("1001", 1)])
    shop.run("orders")
    with pytest.raises(ConfigurationError, match="queued"):
        decide.retry(shop.settings, order.name)
    assert shop.run_later("orders", minutes=23 * 60 + 59).exit_code == 0
    assert shop.run_later("orders", minutes=1).exit_code == 1
    assert "a day ago" in shop.reason("orders", order.name)
    assert len(posts(shop)) == 1
    shop.korona.queues = False
    shop.korona.waiting.clear()
    decide.retry(shop.settings, order.name)
    assert shop.run_later("orders").exit_code == 0
    assert len(keys(shop)) == 1


# --- refused ---


def test_a_repeat_that_is_refused_as_a_repeat_is_held_until_the_first_shows(shop: Shop) -> None:
    """With so short a settle time KORONA books later than korsync waits; its number is what saves it."""
    shop.configure(safety={"settle_minutes": 1})
    shop.korona.refuses_repeated_numbers = True
    shop.korona.booking_delay = timedelta(minutes=10)
    order = shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    assert shop.run_later("orders", minutes=2).exit_code == 1
    assert "NUMBER_ALREADY_IN_USE" in shop.held(order.name).reason
    shop.shopify.cancel_order(order)
    assert shop.run_later("orders").exit_code == 0
    assert shop.state.held == {}
    assert len(keys(shop)) == 1
    shop.run_later(*BOOKING)
    shop.later()
    assert shop.korona.stock_of("1001") == 100


def test_a_receipt_that_korona_refuses_is_held_with_its_words_and_tried_again(shop: Shop) -> None:
    shop.korona.reject_articles = {"1001"}
    order = shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 1
    held = shop.held(order.name)
    assert held.reason == "article 1001 cannot be sold"
    assert shop.run_later("orders").exit_code == 1
    assert shop.held(order.name).since == held.since
    shop.korona.reject_articles = set()
    assert shop.run_later("orders").exit_code == 0
    assert shop.state.held == {}
    assert len(keys(shop)) == 1


def test_a_refused_order_that_is_cancelled_leaves_nothing_behind(shop: Shop) -> None:
    shop.korona.reject_articles = {"1001"}
    order = shop.shopify.place_order([("1001", 1)])
    shop.run("orders")
    shop.shopify.cancel_order(order)
    assert shop.run_later(*BOOKING).exit_code == 0
    assert "cancelled before it was booked" in shop.reason("orders", order.name)
    shop.korona.reject_articles = set()
    shop.run_later(*BOOKING)
    assert keys(shop) == []


# --- what stands in KORONA is not what was posted ---


def test_two_receipts_for_one_order_are_held_and_nothing_more_is_posted(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    arrives(shop, posts(shop)[0])
    for _ in range(2):
        assert shop.run_later("orders").exit_code == 1
        assert shop.reason("orders", order.name).startswith("KORONA holds 2 receipts for it: 1001 ")
    assert len(posts(shop)) == 1


@pytest.mark.parametrize("changed", ["quantity", "total"])
def test_a_receipt_that_differs_from_what_was_posted_stays_held(shop: Shop, changed: str) -> None:
    order = shop.shopify.place_order([("1001", 3)])
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    receipt = shop.korona.receipts[0]
    if changed == "quantity":
        receipt.posted["items"][0]["quantity"] = 2
    else:
        receipt.gross += 1
        receipt.posted["items"][0]["total"]["base"] += 1
    for _ in range(3):
        assert shop.run_later("orders").exit_code == 1
        assert "posted" in shop.reason("orders", order.name)
    assert len(posts(shop)) == 1


def test_a_different_receipt_found_after_a_refusal_is_a_conflict_at_once(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 3)])
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    shop.korona.receipts[0].order_number = "0"
    shop.run_later("orders", minutes=1)
    shop.korona.refuses_repeated_numbers = True
    shop.korona.receipts[0].posted["items"][0]["quantity"] = 2

    def shows(_request: Request) -> None:
        shop.korona.receipts[0].order_number = order.name.removeprefix("#")

    shop.world.korona_server.before_request = lambda request: shows(request) if request.method == "POST" else None
    assert shop.run_later("orders").exit_code == 1
    sale = shop.state.orders[order.id].sale
    assert sale is not None
    assert sale.status is BookingStatus.CONFLICT
    shop.shopify.cancel_order(order)
    assert shop.run_later("orders").exit_code == 1
    assert len(keys(shop)) == 1


# --- the state file ---


def test_a_state_file_put_back_from_a_copy_books_nothing_twice(shop: Shop) -> None:
    first = shop.shopify.place_order([("1001", 1)])
    copy = shop.settings.state_path.read_bytes()
    shop.run(*BOOKING)
    shop.later()
    shop.shopify.refund_order(first, {"1001": 1})
    second = shop.shopify.place_order([("1002", 1)])
    shop.run_later(*BOOKING)
    before = keys(shop)
    assert len(before) == 3
    shop.settings.state_path.write_bytes(copy)
    for _ in range(4):
        assert shop.run_later(*BOOKING).exit_code == 0
    assert keys(shop) == before
    assert len(posts(shop)) == 3
    assert {first.id, second.id} <= shop.state.orders.keys()


def test_a_run_repeated_at_once_writes_nothing(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 1)])
    shop.run()
    with shop.requests() as seen:
        shop.run()
    assert seen.writes == []


def test_an_intent_that_cannot_be_saved_is_not_sent(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    really = os.fsync

    def full(descriptor: int) -> None:
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
        if file.is_file() and b'"intent"' in file.read_bytes():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left"):
        shop.run("orders")
    monkeypatch.undo()
    assert posts(shop) == []
    assert shop.state.orders[order.id].sale is None
    shop.run_later("orders")
    assert keys(shop) == [f"order/{order.id}"]


# --- cancelled and returned meanwhile ---


def test_an_order_cancelled_after_its_intent_is_booked_to_the_end_and_then_returned(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_request"))
    shop.run(*BOOKING)
    shop.shopify.cancel_order(order)
    shop.run_later(*BOOKING)
    assert keys(shop) == [f"order/{order.id}"]
    shop.run_later(*BOOKING, minutes=5)
    assert shop.skips("refunds", Fate.WAITING)
    assert keys(shop) == [f"order/{order.id}"]
    shop.run_later(*BOOKING)
    assert keys(shop) == [f"order/{order.id}", f"refund/{order.refunds[0].id}"]
    assert shop.korona.stock_of("1001") == 100


def test_a_return_waits_until_its_sale_is_settled_also_when_the_sale_was_found_by_a_look_up(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 2)])
    misfortune(shop, Fault("lose_answer"))
    shop.run(*BOOKING)
    shop.shopify.refund_order(order, {"1001": 1})
    shop.run_later(*BOOKING)
    shop.run_later(*BOOKING, minutes=14)
    assert len(posts(shop)) == 1
    shop.run_later(*BOOKING, minutes=1)
    assert len(posts(shop)) == 2
    assert shop.korona.stock_of("1001") == 99


def test_what_is_refused_because_it_is_there_and_equal_is_booked_at_once(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 2)])
    body = {"code": "NUMBER_ALREADY_IN_USE", "message": "1001"}
    misfortune(shop, Fault("replace_answer", status=400, body=body))
    assert shop.run("orders").exit_code == 0
    (order,) = shop.state.orders.values()
    assert order.is_booked
    assert [each.outcome for each in shop.watched.pushed] == [Outcome.DONE]
    assert len(posts(shop)) == 1
