"""Answers that are dated wrongly: nothing is sold twice, booked twice or kept back for ever, and it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from korsync.memory.cache import any_cache
from korsync.memory.state import save_state
from korsync.sandbox.exchange import Fault, Request
from korsync.sandbox.server import SandboxServer
from tests.support.shop import Shop

SKU = "1041"
ABSURD = timedelta(days=365 * 7900)
WRONG = [timedelta(hours=3), timedelta(days=30), ABSURD, timedelta(hours=-3), timedelta(days=-3), timedelta(hours=1)]

either_side = pytest.mark.parametrize("side", ["KORONA", "Shopify"])
each_error = pytest.mark.parametrize("ahead", WRONG, ids=str)


def server_of(shop: Shop, side: str) -> SandboxServer:
    return shop.world.korona_server if side == "KORONA" else shop.world.shopify_server


@contextmanager
def dated(server: SandboxServer, ahead: timedelta, path: str = "") -> Iterator[None]:
    """Have a server date its answers wrongly: those to requests whose path ends so."""

    def judge(request: Request, _answer: Any) -> None:
        server.ahead = ahead if request.path.endswith(path) else timedelta(0)

    server.after_request = judge
    yield
    server.after_request, server.ahead = None, timedelta(0)


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop with five pieces of an article, in step and at rest."""
    shop.stocked(SKU, 5)
    shop.init()
    shop.run_later()
    shop.run_later()
    return shop


def doubts(shop: Shop) -> list[str]:
    errors = [error.what for result in shop.watched.results for error in result.errors]
    return [each for each in errors if "clock" in each]


@either_side
@each_error
def test_no_level_is_raised_by_a_run_whose_answers_are_dated_wrongly(
    stocked: Shop, side: str, ahead: timedelta
) -> None:
    stocked.korona.deliver(SKU, 2)
    stocked.later()
    with dated(server_of(stocked, side), ahead):
        ran = stocked.run()
    assert stocked.shopify.available(SKU) == 5
    assert ran.exit_code == 5
    assert len(doubts(stocked)) == 1
    for _ in range(3):
        ran = stocked.run_later()
    assert (ran.exit_code, stocked.shopify.available(SKU)) == (0, 7)


@pytest.mark.parametrize("path", ["/maxRevisions", "/productStocks", "/inventory_levels.json", "/orders.json"])
def test_one_answer_that_is_dated_wrongly_is_enough(stocked: Shop, path: str) -> None:
    stocked.korona.deliver(SKU, 2)
    stocked.later()
    server = server_of(stocked, "Shopify" if path.endswith(".json") else "KORONA")
    with dated(server, timedelta(hours=3), path):
        stocked.run()
    assert stocked.shopify.available(SKU) == 5
    assert doubts(stocked)


@each_error
def test_what_is_sold_at_the_till_comes_off_sale_all_the_same(stocked: Shop, ahead: timedelta) -> None:
    stocked.korona.sell_at_till(SKU, 2)
    stocked.later()
    with dated(stocked.world.korona_server, ahead):
        stocked.run()
    assert stocked.shopify.available(SKU) == 3


@each_error
def test_a_booked_sale_does_not_count_as_settled_before_its_time(stocked: Shop, ahead: timedelta) -> None:
    stocked.korona.booking_delay = timedelta(minutes=10)
    stocked.shopify.place_order([(SKU, 1)])
    stocked.run()
    stocked.later(1)
    with dated(stocked.world.korona_server, ahead):
        stocked.run()
    stocked.later(1)
    stocked.run()
    assert stocked.shopify.available(SKU) <= 4
    for _ in range(4):
        stocked.run_later()
    assert stocked.shopify.available(SKU) == 4


@each_error
def test_a_receipt_is_not_sent_again_before_its_time(stocked: Shop, ahead: timedelta) -> None:
    stocked.shopify.place_order([(SKU, 1)])
    stocked.world.korona_server.faults.append(Fault("lose_request", "POST", "receipts"))
    stocked.run("orders")
    for _ in range(3):
        stocked.later(1)
        with dated(stocked.world.korona_server, ahead), stocked.requests() as seen:
            stocked.run("orders")
        assert seen.writes == []
    for _ in range(4):
        stocked.run_later()
    assert len(stocked.korona.receipts) == 1


@either_side
@each_error
def test_what_was_noted_in_such_a_run_waits_no_longer_than_other_things(
    stocked: Shop, side: str, ahead: timedelta
) -> None:
    order = stocked.shopify.place_order([(SKU, 1)])
    with dated(server_of(stocked, side), ahead):
        stocked.run()
    assert len(stocked.korona.receipts) == 1
    stocked.shopify.refund_order(order, {order.lines[0].id: 1})
    for _ in range(5):
        ran = stocked.run_later()
    assert ran.exit_code == 0
    assert len(stocked.korona.receipts) == 2
    assert stocked.shopify.available(SKU) == 5


@pytest.mark.parametrize("off", [timedelta(days=3), timedelta(days=-3)], ids=str)
def test_a_machine_whose_clock_is_wrong_is_told_and_goes_on_selling(stocked: Shop, off: timedelta) -> None:
    for server in (stocked.world.korona_server, stocked.world.shopify_server):
        server.ahead = off
    stocked.shopify.place_order([(SKU, 1)])
    for _ in range(3):
        ran = stocked.run_later()
        assert "3 days apart" in doubts(stocked)[0]
    assert ran.exit_code == 5
    assert len(stocked.korona.receipts) == 1
    assert stocked.shopify.available(SKU) <= 4


def test_clocks_that_are_apart_by_less_and_steadily_are_believed(stocked: Shop) -> None:
    stocked.world.korona_server.ahead, stocked.world.shopify_server.ahead = (
        timedelta(minutes=55),
        timedelta(minutes=-55),
    )
    stocked.settings.cache_path.unlink()
    stocked.shopify.place_order([(SKU, 1)])
    for _ in range(4):
        ran = stocked.run_later()
        assert doubts(stocked) == []
    assert (ran.exit_code, stocked.shopify.available(SKU)) == (0, 4)


def test_the_two_sides_are_compared_with_each_other_as_well(stocked: Shop) -> None:
    stocked.settings.cache_path.unlink()
    stocked.world.korona_server.ahead, stocked.world.shopify_server.ahead = (
        timedelta(minutes=70),
        timedelta(minutes=-70),
    )
    stocked.run_later()
    assert doubts(stocked) == ["the clocks of KORONA and Shopify are 2 h 20 min apart"]


def test_what_such_a_run_has_read_is_read_again(stocked: Shop) -> None:
    before = any_cache(stocked.settings.cache_path)
    with dated(stocked.world.shopify_server, timedelta(minutes=50)):
        stocked.run_later()
    kept = any_cache(stocked.settings.cache_path)
    assert (kept.levels, kept.shop_products, kept.looks) == (before.levels, before.shop_products, {})


def test_a_time_to_come_in_the_state_counts_as_now(stocked: Shop) -> None:
    stocked.shopify.place_order([(SKU, 1)])
    stocked.run()
    far = datetime(2200, 1, 1, tzinfo=UTC)
    state = stocked.state
    (order,) = (each for each in state.orders.values() if each.sale)
    assert order.sale is not None
    changed = order.with_booking(replace(order.sale, confirmed_at=far, sent_at=far))
    save_state(stocked.settings.state_path, replace(state.with_order(changed), adopted_at=far))
    for _ in range(3):
        stocked.run_later()
    assert stocked.shopify.available(SKU) == 4
    assert stocked.state.adopted_at != far


def test_answers_dated_too_late_for_long_hide_no_change_of_a_level(stocked: Shop) -> None:
    stocked.world.shopify_server.ahead = timedelta(minutes=61)
    stocked.run_later()
    stocked.run_later()
    stocked.run_later()
    assert doubts(stocked) == []
    stocked.later()
    stocked.shopify.set_available(SKU, 2)
    stocked.run()
    for _ in range(6):
        stocked.run_later()
    assert stocked.shopify.available(SKU) == 5


def test_a_receipt_is_not_sent_again_where_a_clock_that_was_believed_was_ahead_of_what_is_noted_now(
    stocked: Shop,
) -> None:
    """A run that was killed leaves its intents, but not what it has seen of the clocks."""
    korona = stocked.world.korona_server
    korona.ahead = timedelta(minutes=61)
    for _ in range(3):
        stocked.run_later()
    korona.ahead = timedelta(minutes=20)
    stocked.korona.booking_delay = timedelta(minutes=10)
    stocked.shopify.place_order([(SKU, 1)])
    before = stocked.settings.cache_path.read_bytes()
    korona.faults.append(Fault("lose_answer", "POST", "receipts"))
    stocked.run_later(minutes=2)
    stocked.settings.cache_path.write_bytes(before)
    with stocked.requests() as seen:
        stocked.run_later("orders", minutes=1)
    assert doubts(stocked)
    assert seen.count("POST", "receipts") == 0
