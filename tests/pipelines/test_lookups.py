"""Looking receipts up: a request each for a few orders, the list of the point of sale's receipts for many."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from korsync.memory.state import save_state
from korsync.records.plan import Fate
from korsync.sandbox.exchange import Answer, Fault, Recorded, Request
from korsync.sandbox.korona.store import Receipt
from korsync.sandbox.shopify.sales import Order
from tests.pipelines.test_posting import arrives, keys, misfortune, posts
from tests.support.shop import MONDAY, Requests, Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with an article, set up, in which a run of orders has found everything the configuration names."""
    with open_shop(tmp_path) as opened:
        opened.stocked("1001", 10_000)
        opened.init()
        opened.run("orders")
        yield opened


def orders(shop: Shop, number: int) -> None:
    for _ in range(number):
        shop.shopify.place_order([("1001", 1)])


def look_ups(seen: Requests) -> list[Recorded]:
    """Return the questions for receipts that came before any receipt was sent: what comes after reads them back."""
    asked = takewhile(lambda each: each.method == "GET", seen.korona)
    return [each for each in asked if each.path.endswith("/receipts")]


def singly(seen: Requests) -> int:
    return sum("orderNumber" in each.query for each in look_ups(seen))


def revisions(seen: Requests) -> list[int]:
    """Return the revisions from which the list of receipts was asked for."""
    listed = [each for each in look_ups(seen) if "orderNumber" not in each.query]
    return [int(each.query.get("revision", ["0"])[0]) for each in listed]


def test_one_new_order_costs_one_look_up_and_one_post(shop: Shop) -> None:
    orders(shop, 1)
    with shop.requests() as seen:
        shop.run("orders")
    assert len(seen.shopify) == 1
    assert [each.method for each in seen.korona] == ["GET", "POST", "GET"]  # looked up, posted, read back
    assert singly(seen) == seen.count("POST", "/receipts") == 1


@pytest.mark.long
def test_a_thousand_orders_cost_a_hundred_requests_and_are_booked_once_each(shop: Shop) -> None:
    shop.configure(safety={"max_receipts": 1000})
    orders(shop, 1000)
    with shop.requests() as seen:
        assert shop.run("orders").exit_code == 0
    assert seen.count("POST", "/receipts") == 50
    assert len(seen.everything) < 100
    assert len(set(keys(shop))) == len(keys(shop)) == 1000
    with shop.requests() as seen:
        shop.run_later("orders")
    assert seen.writes == []
    assert len(seen.everything) == 1 + 3  # four pages of orders that changed within the hour, nothing to look up


def test_the_list_is_read_from_the_last_revision_seen(shop: Shop) -> None:
    orders(shop, 30)
    shop.run("orders")
    shop.later(120)
    orders(shop, 30)
    with shop.requests() as second:
        shop.run("orders")
    highest = max(receipt.revision for receipt in shop.korona.receipts[:30])
    shop.later(120)
    orders(shop, 30)
    with shop.requests() as third:
        shop.run("orders")
    assert revisions(third) == [highest - 1]
    assert singly(second) == singly(third) == 1
    assert len(set(keys(shop))) == len(keys(shop)) == 90


def test_what_is_found_in_the_list_is_not_posted_again(shop: Shop) -> None:
    orders(shop, 15)
    copy = shop.settings.state_path.read_bytes()
    shop.run("orders")
    shop.settings.state_path.write_bytes(copy)
    shop.later(120)
    orders(shop, 15)
    with shop.requests() as seen:
        assert shop.run("orders").exit_code == 0
    assert revisions(seen)
    assert len(set(keys(shop))) == len(keys(shop)) == 30
    assert sum(len(each.json()) for each in posts(shop)) == 30


def put_back(shop: Shop, copy: bytes) -> None:
    """Put an older state back, but with its runs: else the cache would be taken for that of another state."""
    runs = shop.state.runs
    shop.settings.state_path.write_bytes(copy)
    save_state(shop.settings.state_path, replace(shop.state, runs=runs))


def seen_last(shop: Shop) -> int:
    """Book one more order and see its receipt by a look-up; return the revision that was seen last."""
    orders(shop, 1)
    misfortune(shop, Fault("lose_answer"))
    shop.run_later("orders")
    shop.run_later("orders")
    return shop.korona.receipts[-1].revision


@pytest.mark.parametrize("is_refused", [False, True])
def test_an_order_older_than_the_last_revision_seen_is_looked_up_by_itself(shop: Shop, is_refused: bool) -> None:
    """Its receipt was booked before that revision: the list from there on does not show it."""
    copy = shop.settings.state_path.read_bytes()
    orders(shop, 5)
    shop.run("orders")
    shop.later(60)
    last = seen_last(shop)
    shop.later(120)
    put_back(shop, copy)
    orders(shop, 15)
    refusal = {"code": "INVALID", "message": "orderNumber"}
    fault = Fault("status", "GET", "/receipts$", times=int(is_refused), status=400, body=refusal)
    shop.world.korona_server.faults.append(fault)
    with shop.requests() as seen:
        shop.run("orders")
    assert singly(seen) == 6
    assert revisions(seen) == [0 if is_refused else last - 1]
    assert len(set(keys(shop))) == len(keys(shop)) == 21


def test_a_request_that_arrives_behind_the_last_revision_is_found(shop: Shop) -> None:
    orders(shop, 15)
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    arrives(shop, posts(shop)[0])
    with shop.requests() as seen:
        shop.run_later("orders")
    assert revisions(seen) == [0]
    assert len(set(keys(shop))) == len(keys(shop)) == 15


def test_the_whole_list_is_read_where_revisions_were_set_back(shop: Shop) -> None:
    """As by an account restored from a copy: what was booked since has lower revisions than were seen before."""
    orders(shop, 15)
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    shop.run_later("orders")
    shop.later(120)
    orders(shop, 15)
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    last = shop.korona.receipts[14].revision
    with shop.korona.turn():
        for receipt in shop.korona.table(Receipt).values():
            receipt.revision -= 500
    with shop.requests() as seen:
        shop.run_later("orders")
    assert revisions(seen) == [last - 1, 0]
    assert len(posts(shop)) == 2
    assert len(set(keys(shop))) == len(keys(shop)) == 30
    assert shop.skips("orders") == []


def test_without_the_cache_the_whole_list_is_read(shop: Shop) -> None:
    orders(shop, 15)
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    shop.settings.cache_path.unlink()
    with shop.requests() as seen:
        shop.run_later("orders")
    assert revisions(seen) == [0]
    assert len(set(keys(shop))) == len(keys(shop)) == 15


def test_what_the_list_did_not_show_is_not_sent_again_before_its_time(shop: Shop) -> None:
    orders(shop, 15)
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    shop.run_later("orders", minutes=14)
    assert len(shop.skips("orders", Fate.WAITING)) == 15
    assert len(posts(shop)) == 1
    shop.run_later("orders", minutes=1)
    assert len(set(keys(shop))) == len(keys(shop)) == 15


def test_a_list_that_took_long_to_read_shows_korona_as_it_was_before(shop: Shop) -> None:
    """A request that arrives while the list is read is not in it, although by then its time is up."""
    orders(shop, 15)
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    shop.later(14)

    def takes_long(request: Request, _answer: Answer) -> None:
        if request.path.endswith("/receipts") and "orderNumber" not in request.query:
            shop.world.korona_server.after_request = None
            shop.later(2)
            arrives(shop, posts(shop)[0])

    shop.world.korona_server.after_request = takes_long
    shop.run("orders")
    assert shop.world.korona_server.after_request is None
    assert len(posts(shop)) == 1
    shop.run_later("orders")
    assert len(set(keys(shop))) == len(keys(shop)) == 15


@pytest.mark.parametrize("ignores_sort", [True, False])
def test_a_list_in_any_order_will_do(shop: Shop, ignores_sort: bool) -> None:
    shop.korona.ignores_sort = ignores_sort
    shop.korona.contains_filters = True
    orders(shop, 15)
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    shop.run_later("orders")
    shop.later(120)
    orders(shop, 15)
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    shop.run_later("orders")
    assert len(set(keys(shop))) == len(keys(shop)) == 30
    assert len(posts(shop)) == 2


# --- an order number proves nothing ---


def renamed(shop: Shop, order: Order) -> None:
    """Give an order another name and number, as apps do that number the orders of several shops."""
    order.number += 5000
    shop.shopify.touch(order)


def test_an_order_renamed_before_its_receipt_was_seen_is_not_booked_twice(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    renamed(shop, order)
    assert shop.run_later("orders").exit_code == 0
    assert len(keys(shop)) == 1


def test_the_return_of_an_order_renamed_after_its_booking_is_booked(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    shop.run("orders")
    shop.shopify.refund_order(order, {"1001": 1})
    renamed(shop, order)
    shop.run_later("orders", "refunds")
    assert len(keys(shop)) == 2
    assert shop.korona.stock_of("1001") == 10_000


@pytest.mark.parametrize("others", [0, 15])
def test_an_order_renamed_after_it_was_forgotten_is_not_booked_twice(shop: Shop, others: int) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    shop.run("orders")
    shop.run_later("orders", minutes=32 * 24 * 60)
    assert order.id not in shop.state.orders
    renamed(shop, order)
    orders(shop, others)
    assert shop.run_later("orders").exit_code == 0
    assert len(keys(shop)) == 1 + others


def test_an_old_order_that_was_never_booked_is_booked(shop: Shop) -> None:
    shop.configure(orders={"start_from": date(2026, 9, 1)})
    order = shop.shopify.place_order([("1001", 1)], at=MONDAY - timedelta(days=40))
    shop.shopify.touch(order)
    assert shop.run_later("orders").exit_code == 0
    assert keys(shop) == [f"order/{order.id}"]


def test_a_receipt_whose_order_number_korona_wrote_otherwise_is_found(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    shop.korona.contains_filters = True
    (receipt,) = shop.korona.receipts
    receipt.order_number = "W-1001"
    assert shop.run_later("orders", minutes=60).exit_code == 0
    assert len(keys(shop)) == 1


def test_an_order_number_that_korona_does_not_look_for_concerns_that_order_alone(shop: Shop) -> None:
    orders(shop, 3)
    misfortune(shop, Fault("lose_answer"))
    shop.run("orders")
    refusal = {"code": "INVALID", "message": "orderNumber"}
    shop.world.korona_server.faults.append(Fault("status", "GET", "/receipts$", status=400, body=refusal))
    with shop.requests() as seen:
        assert shop.run_later("orders").exit_code == 0
    assert revisions(seen) == [0]
    assert len(set(keys(shop))) == len(keys(shop)) == 3


def test_an_hour_between_both_clocks_hides_no_receipt(shop: Shop) -> None:
    """Shopify's may run ahead: an order then looks younger than the last receipt seen, though its own is older."""
    copy = shop.settings.state_path.read_bytes()
    late = MONDAY + timedelta(minutes=50)
    for _ in range(15):
        shop.shopify.place_order([("1001", 1)], at=late)
    shop.run("orders")
    seen_last(shop)
    put_back(shop, copy)
    shop.later(30)
    with shop.requests() as seen:
        assert shop.run("orders").exit_code == 0
    assert revisions(seen) == [0]
    assert len(set(keys(shop))) == len(keys(shop)) == 16
