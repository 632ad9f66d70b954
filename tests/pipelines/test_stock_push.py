"""Writing levels: what it costs, what waits for the next run, what a lost answer or a sudden death leaves behind."""

from datetime import timedelta
from math import ceil
from typing import Any
from unittest.mock import patch

import pytest

from korsync.commands import sync as sync_command
from korsync.config.load import fingerprint
from korsync.errors import Unsure
from korsync.memory.cache import any_cache, load_cache, save_cache
from korsync.pipelines import base
from korsync.records.memory import Cache
from korsync.records.plan import Outcome
from korsync.sandbox.exchange import Action, Fault, Recorded, Request
from korsync.sandbox.shopify.access import Bucket
from korsync.shopify.client import ShopifyClient
from tests.support.shop import Shop

ADJUST = "inventory_levels/adjust"


@pytest.fixture
def ready(shop: Shop) -> Shop:
    """A shop with two articles of 10 pieces, well known to korsync."""
    shop.stocked("1001", 10)
    shop.stocked("1002", 10)
    shop.init()
    shop.run_later()
    shop.later()
    return shop


def many(shop: Shop, count: int) -> list[str]:
    numbers = [str(number) for number in range(2000, 2000 + count)]
    for number in numbers:
        shop.stocked(number, 10)
    shop.init()
    shop.run_later()
    shop.later()
    return numbers


def cache_of(shop: Shop) -> Cache:
    return load_cache(shop.settings.cache_path, fingerprint(shop.settings))[0]


def item(shop: Shop, sku: str = "1001") -> int:
    return shop.shopify.store.variant_of(sku).inventory_item_id


# --- what it costs ---


@pytest.mark.parametrize("count", [1, 60, 300])
def test_n_changed_levels_cost_n_adjustments_and_hardly_a_read(shop: Shop, count: int) -> None:
    numbers = many(shop, count)
    with shop.requests() as idle:
        shop.run("stock")
    for number in numbers:
        shop.korona.deliver(number, 1)
    with shop.requests() as seen:
        shop.run_later("stock")
    assert len(seen.writes) == seen.count("POST", "adjust.json") == count
    reads = [each.path for each in seen.everything if each.method == "GET"]
    about_stock = [each for each in reads if each.endswith(("productStocks", "inventory_levels.json", "orders.json"))]
    assert len(about_stock) <= ceil(count / 50) + 3
    assert len(reads) == len(idle.everything)
    with shop.requests() as after:
        shop.run_later("stock")
    assert after.writes == []
    assert len(after.everything) <= len(idle.everything) + ceil(count / 50)


def test_a_quiet_shop_costs_no_write(ready: Shop) -> None:
    with ready.requests() as seen:
        for _ in range(3):
            ready.run_later()
    assert seen.writes == []


# --- time ---


def slow(shop: Shop, seconds: float) -> None:
    """Let each adjustment take so many seconds."""
    server = shop.world.shopify_server
    server.before_request = lambda request: shop.wait(seconds) if ADJUST in request.path else None


def test_raises_wait_for_the_next_run_and_lowerings_go_first(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_UNDER_WAY", 1)
    numbers = many(shop, 8)
    for number in numbers[:4]:
        shop.korona.deliver(number, 1)
    for number in numbers[4:]:
        shop.korona.sell_at_till(number, 1)
    slow(shop, 120)
    ran = shop.run("stock")
    (result,) = ran.results
    assert [each.change.key for each in result.written] == [*numbers[4:], numbers[0]]
    assert [each.key for each in result.left_over] == numbers[1:4]
    assert result.seconds_left_over == 3 * 120
    assert ran.exit_code == 0
    assert [shop.shopify.available(each) for each in numbers] == [11, 10, 10, 10, 9, 9, 9, 9]
    shop.run_later("stock")
    assert [shop.shopify.available(each) for each in numbers] == [11] * 4 + [9] * 4


def test_what_is_left_over_may_rise_at_once_in_the_next_run(shop: Shop) -> None:
    numbers = many(shop, 3)
    for number in numbers:
        shop.korona.deliver(number, 1)
    slow(shop, 500)
    assert len(shop.run("stock").results[0].left_over) == 2
    slow(shop, 1)
    shop.run_later("stock", minutes=1)
    assert [shop.shopify.available(each) for each in numbers] == [11] * 3


def test_orders_are_booked_after_a_push_that_ran_out_of_time(shop: Shop) -> None:
    for number in many(shop, 3):
        shop.korona.deliver(number, 1)
    shop.shopify.place_order([("2000", 1)])
    slow(shop, 500)
    shop.run()
    assert len(shop.korona.receipts) == 1


def test_a_long_push_says_beforehand_how_long_it_will_take(shop: Shop) -> None:
    numbers = many(shop, 160)
    shop.shopify.bucket = Bucket(shop.world.clock, 40, 2.0)
    for number in numbers:
        shop.korona.deliver(number, 1)
    shop.run("stock")
    (note,) = shop.watched.plans["stock"].notes
    assert "160 changes take about 1 minutes" in note
    assert "a run goes on for 8 minutes at most" in note


# --- lost answers ---


def lose(shop: Shop, action: Any, times: int = 1) -> None:
    shop.world.shopify_server.faults.append(Fault(action, "POST", ADJUST, times=times))


@pytest.mark.parametrize("action", ["lose_answer", "lose_request", "truncate", "html", "reset"])
@pytest.mark.parametrize("pieces", [3, -3])
def test_an_adjustment_with_an_unknown_outcome_is_read_again_and_never_repeated(
    ready: Shop, action: str, pieces: int
) -> None:
    ready.korona.deliver("1001", pieces)
    lose(ready, action)
    with ready.requests() as seen:
        ran = ready.run("stock")
    assert seen.count("POST", "adjust.json") == 1
    assert [each.outcome for each in ran.results[0].written] == [Outcome.UNSURE]
    assert ran.exit_code == 5
    assert item(ready) not in cache_of(ready).looks
    assert item(ready) in cache_of(ready).doubts
    for _ in range(3):
        ready.run_later("stock")
    assert ready.shopify.available("1001") == 10 + pieces


def test_after_a_lost_answer_a_level_is_lowered_at_once_but_raised_only_when_the_doubt_is_over(ready: Shop) -> None:
    ready.korona.deliver("1001", 3)
    ready.korona.deliver("1002", -3)
    lose(ready, "lose_request", times=2)
    ready.run("stock")
    ready.run_later("stock", minutes=1)
    assert (ready.shopify.available("1001"), ready.shopify.available("1002")) == (10, 7)
    assert ready.reason("stock", "1001") == "kept at 10, not raised to 13: this is the first look at it"
    ready.run_later("stock", minutes=14)
    assert ready.reason("stock", "1001").startswith(
        "kept at 10, not raised to 13: an order may not be listed yet, for "
    )
    ready.run_later("stock", minutes=2)
    assert ready.shopify.available("1001") == 13


def test_other_levels_go_on_after_a_lost_answer(ready: Shop) -> None:
    ready.korona.deliver("1001", 3)
    ready.korona.deliver("1002", 3)
    lose(ready, "lose_answer")
    ready.run("stock")
    assert (ready.shopify.available("1001"), ready.shopify.available("1002")) == (13, 13)
    ready.run_later("stock")
    assert (ready.shopify.available("1001"), ready.shopify.available("1002")) == (13, 13)


def test_three_lost_answers_in_a_row_end_the_push(shop: Shop) -> None:
    for number in many(shop, 5):
        shop.korona.deliver(number, 1)
    lose(shop, "lose_request", times=3)
    with shop.requests() as seen:
        ran = shop.run("stock")
    assert seen.count("POST", "adjust.json") == 3
    assert ran.exit_code == 5
    assert len(ran.results[0].left_over) == 2


def test_items_whose_answers_are_always_lost_do_not_keep_the_others_waiting(shop: Shop) -> None:
    numbers = many(shop, 6)
    lost = {item(shop, number) for number in numbers[:3]}
    adjust = ShopifyClient.adjust

    def lose_theirs(client: ShopifyClient, location_id: int, item_id: int, delta: int) -> None:
        if item_id in lost:
            raise Unsure("its answer was lost", "")
        adjust(client, location_id, item_id, delta)

    for number in numbers:
        shop.korona.sell_at_till(number, 4)
    with patch.object(ShopifyClient, "adjust", lose_theirs):
        for _ in range(2):
            assert shop.run_later("stock").exit_code == 5
    assert [shop.shopify.available(each) for each in numbers] == [10] * 3 + [6] * 3


def test_what_was_surely_not_sent_leaves_no_doubt(ready: Shop) -> None:
    ready.korona.deliver("1001", 3)
    ready.world.shopify_server.faults.append(
        Fault("status", "POST", ADJUST, status=429, body={"code": "DAILY_LIMIT_EXCEEDED", "message": "tomorrow"})
    )
    assert ready.run("stock").exit_code == 5
    ready.run_later("stock", minutes=1)
    assert ready.shopify.available("1001") == 13


@pytest.mark.parametrize("is_applied", [True, False])
def test_a_level_whose_adjustment_came_too_fast_is_read_again_and_moved_once(ready: Shop, is_applied: bool) -> None:
    """Something in between may have sent a second copy, and Shopify has taken the first."""
    ready.korona.deliver("1001", 3)
    told = {"errors": "Exceeded 2 calls per second for api client."}
    action: Action = "replace_answer" if is_applied else "status"
    ready.world.shopify_server.faults.append(Fault(action, "POST", ADJUST, status=429, body=told))
    assert ready.run("stock").exit_code == 5
    assert ready.shopify.available("1001") == (13 if is_applied else 10)
    for _ in range(2):
        ready.run_later("stock")
    assert ready.shopify.available("1001") == 13


# --- sudden death ---


class Killed(BaseException):
    """The process is dead."""


@pytest.fixture
def dying(ready: Shop) -> Shop:
    """A shop whose next run dies when it would note what became of an adjustment."""
    saves = 0

    def dies_at_the_second(*arguments: Any) -> str | None:
        nonlocal saves
        saves += 1
        if saves > 1:
            raise Killed
        return save_cache(*arguments)

    ready.korona.deliver("1001", 3)
    ready.korona.deliver("1002", -3)
    with patch.object(sync_command, "save_cache", dies_at_the_second), pytest.raises(Killed):
        ready.run("stock")
    return ready


def test_a_run_that_dies_after_writing_leaves_doubts_and_no_looks(dying: Shop) -> None:
    assert (dying.shopify.available("1001"), dying.shopify.available("1002")) == (13, 7)
    cache = cache_of(dying)
    assert cache.looks.keys() & {item(dying, "1001"), item(dying, "1002")} == set()
    assert {item(dying, "1001"), item(dying, "1002")} <= cache.doubts.keys()


def test_the_next_run_repeats_nothing_of_a_run_that_died(dying: Shop) -> None:
    with dying.requests() as seen:
        for _ in range(3):
            dying.run_later("stock")
    assert seen.writes == []
    assert (dying.shopify.available("1001"), dying.shopify.available("1002")) == (13, 7)


def test_an_order_listed_late_is_not_given_away_by_the_runs_after_a_death(dying: Shop) -> None:
    dying.shopify.place_order([("1001", 1)], listing_delay=timedelta(minutes=5))
    for _ in range(3):
        dying.run_later("stock", minutes=0.5)
        assert dying.shopify.available("1001") == 12


# --- a lost cache ---


def test_without_a_cache_levels_are_only_lowered_for_one_run(ready: Shop) -> None:
    ready.settings.cache_path.unlink()
    ready.korona.deliver("1001", 3)
    ready.korona.deliver("1002", -3)
    ready.run("stock")
    assert (ready.shopify.available("1001"), ready.shopify.available("1002")) == (10, 7)
    ready.run_later("stock")
    assert ready.shopify.available("1001") == 13


# --- several on their way at once ---


def deltas(shop: Shop, *, raised: bool) -> list[Recorded]:
    adjustments = [each for each in shop.world.shopify_server.writes() if each.path.endswith("adjust.json")]
    return [each for each in adjustments if (each.json()["available_adjustment"] > 0) is raised]


def test_nothing_is_raised_before_every_answer_to_a_lowering_was_heard(shop: Shop) -> None:
    numbers = many(shop, 8)
    for index, number in enumerate(numbers):
        shop.korona.count(number, 10 + (3 if index % 2 else -3))
    # The second lowering is answered last of all.
    late = Fault("delay_answer", "POST", ADJUST, skip=1, seconds=0.3)
    shop.world.shopify_server.faults.append(late)
    heard: list[bool] = []

    def look(request: Request) -> None:
        if request.path.endswith("adjust.json") and request.json()["available_adjustment"] > 0:
            heard.append(len(deltas(shop, raised=False)) == 4)
            heard.extend(each.answered for each in deltas(shop, raised=False))

    shop.world.shopify_server.before_request = look
    assert shop.run("stock").exit_code == 0
    assert heard == [True] * 5 * 4
    assert [shop.shopify.available(each) for each in numbers] == [7, 13] * 4


def test_of_several_on_their_way_only_the_one_whose_answer_was_lost_is_in_doubt(shop: Shop) -> None:
    numbers = many(shop, 6)
    for number in numbers:
        shop.korona.sell_at_till(number, 1)
    shop.world.shopify_server.faults.append(Fault("lose_answer", "POST", ADJUST, skip=3))
    ran = shop.run("stock")
    (lost,) = [each.change for each in ran.results[0].written if each.outcome is Outcome.UNSURE]
    cache = cache_of(shop)
    items = {item(shop, number) for number in numbers}
    assert items - cache.looks.keys() == {lost.after.inventory_item_id} == cache.doubts.keys() & items
    assert ran.exit_code == 5
    for _ in range(3):
        shop.run_later("stock")
    assert [shop.shopify.available(each) for each in numbers] == [9] * 6


def test_only_three_lost_answers_in_a_row_end_a_push(shop: Shop) -> None:
    for number in range(1001, 1041):
        shop.stocked(str(number), 10)
    shop.init()
    shop.run_later()
    for number in range(1001, 1041):
        shop.korona.sell_at_till(str(number), 1)
    shop.later()
    faults = shop.world.shopify_server.faults
    faults += [Fault("lose_answer", "POST", "adjust", times=2), Fault("lose_answer", "POST", "adjust", skip=1, times=2)]
    with shop.requests() as seen:
        shop.run("stock")
    assert seen.count("POST", "adjust.json") == 40


def test_a_level_is_known_as_it_was_written(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.init()
    shop.run_later()
    shop.korona.sell_at_till("1001", 3)
    shop.run_later("stock")
    (level,) = any_cache(shop.settings.cache_path).levels.levels.values()
    assert level.available == 7
