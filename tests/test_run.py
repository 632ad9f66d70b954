"""The drive of the pipelines: order, saving, time limit, and what one pipeline's trouble means for the others."""

from decimal import Decimal

import pytest

from korsync.commands.sync import Clocks, sync
from korsync.errors import Refused, Unavailable
from korsync.memory.cache import any_cache
from korsync.records.plan import Outcome, Result
from korsync.sandbox.korona.store import PointOfSale
from korsync.sandbox.server import Fault
from korsync.sandbox.shopify.access import Bucket
from tests.support.shop import Shop, Watched


def changed_levels(shop: Shop, count: int) -> None:
    """Set up so many articles, all of them delivered since the first look."""
    for number in range(1000, 1000 + count):
        shop.stocked(str(number))
    shop.init()
    for number in range(1000, 1000 + count):
        shop.korona.deliver(str(number), 1)
    shop.later(15)  # a first look is a doubt, and nothing rises so soon after one


def test_pipelines_run_in_the_order_in_which_they_sell(shop: Shop) -> None:
    shop.init()
    ran = shop.run()
    assert [each.plan.pipeline for each in ran.results] == ["stock", "orders", "refunds", "products"]


def test_stock_is_pushed_before_orders_are_booked(shop: Shop) -> None:
    changed_levels(shop, 1)
    shop.shopify.place_order([("1000", 1)])
    shop.later(1)
    seen: list[str] = []
    for server in (shop.world.korona_server, shop.world.shopify_server):
        server.before_request = lambda request: seen.append(f"{request.method} {request.path.rsplit('/', 1)[1]}")
    shop.run()
    assert seen.index("POST adjust.json") < seen.index("POST receipts")


def test_levels_are_read_before_korona_stock_and_that_before_the_orders(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(15)  # a first look is a doubt, and nothing rises so soon after one
    seen: list[str] = []
    for server in (shop.world.korona_server, shop.world.shopify_server):
        server.before_request = lambda request: seen.append(request.path.rsplit("/", 1)[1])
    shop.run("stock")
    assert seen.index("inventory_levels.json") < seen.index("productStocks") < seen.index("orders.json")


def test_a_long_push_stops_in_time_says_what_is_left_and_goes_on_in_the_next_run(shop: Shop) -> None:
    shop.configure(safety={"max_minutes": 1})
    changed_levels(shop, 200)
    shop.world.shopify.bucket = Bucket(shop.world.clock, 40, 2)
    ran = shop.run("stock")
    (stock,) = ran.results
    assert ran.exit_code == 0
    assert 0 < len(stock.left_over) < 200
    assert len(stock.written) + len(stock.left_over) == 200
    assert stock.seconds_left_over == pytest.approx(len(stock.left_over) / 2, rel=0.5)
    runs = 1
    while shop.run_later("stock").results[0].written:
        runs += 1
    assert 2 <= runs <= 4
    assert all(shop.shopify.available(str(number)) == 11 for number in range(1000, 1200))
    assert all(each.status != 429 for each in shop.world.shopify_server.requests)


def test_before_a_long_push_the_plan_says_how_long_it_will_take(shop: Shop) -> None:
    changed_levels(shop, 200)
    shop.world.shopify.bucket = Bucket(shop.world.clock, 40, 2)
    plan = shop.run("stock", dry=True).results[0].plan
    notes = shop.watched.plans["stock"].notes
    assert plan.notes == notes
    assert notes == ("200 changes take about 1 minutes at Shopify's pace; a run goes on for 8 minutes at most",)


def test_orders_are_booked_although_stock_could_not_be_read(shop: Shop) -> None:
    changed_levels(shop, 1)
    shop.shopify.place_order([("1000", 1)])
    shop.world.korona_server.faults.append(Fault("status", path="productStocks", status=503, times=9))
    ran = shop.run()
    assert ran.exit_code == 5
    assert [bool(each.errors) for each in ran.results] == [True, False, False, False]
    assert len(shop.korona.receipts) == 1


def test_where_a_side_refuses_everything_the_rest_is_not_tried(shop: Shop) -> None:
    changed_levels(shop, 1)
    shop.configure(korona={"password": "wrong"})
    ran = shop.run()
    assert ran.exit_code == 4
    assert len(ran.results) == 1
    assert isinstance(ran.results[0].errors[0], Refused)


def test_a_point_of_sale_that_is_not_fit_stops_what_is_booked_on_it_and_nothing_else(shop: Shop) -> None:
    changed_levels(shop, 1)
    shop.korona.change_price("1000", Decimal("9.50"))
    shop.korona.find(PointOfSale, "90").coupling_id = None
    shop.later(24 * 60)  # what the configuration names is looked up once a day
    ran = shop.run()
    assert ran.exit_code == 4
    assert [(each.plan.pipeline, len(each.errors), len(each.written)) for each in ran.results] == [
        ("stock", 0, 1),
        ("orders", 1, 0),
        ("refunds", 1, 0),
        ("products", 0, 1),
    ]


def test_three_lost_answers_in_a_row_end_the_push_and_the_next_run_reads_what_became_of_them(shop: Shop) -> None:
    changed_levels(shop, 6)
    shop.world.shopify_server.faults.append(Fault("lose_answer", "POST", "adjust", times=3))
    ran = shop.run("stock")
    (stock,) = ran.results
    assert [each.outcome for each in stock.written] == [Outcome.UNSURE] * 3
    assert isinstance(stock.errors[0], Unavailable)
    assert ran.exit_code == 5
    assert len(stock.left_over) == 3
    for _ in range(3):
        shop.run_later("stock")
    assert all(shop.shopify.available(str(number)) == 11 for number in range(1000, 1006))


def test_what_is_left_over_is_not_in_doubt(shop: Shop) -> None:
    shop.configure(safety={"max_minutes": 1})
    changed_levels(shop, 200)
    shop.world.shopify.bucket = Bucket(shop.world.clock, 40, 2)
    shop.run("stock")
    assert any_cache(shop.settings.cache_path).doubts == {}


def test_a_run_is_noted_with_what_was_written_and_not_with_what_was_tried(shop: Shop) -> None:
    changed_levels(shop, 3)
    faults = shop.world.shopify_server.faults
    faults.append(Fault("status", "POST", "adjust", status=422, body={"errors": ["no"]}))
    faults.append(Fault("lose_answer", "POST", "adjust", skip=1))
    ran = shop.run("stock")
    assert sorted(each.outcome for each in ran.results[0].written) == [
        Outcome.DONE,
        Outcome.REJECTED,
        Outcome.UNSURE,
    ]
    assert shop.state.runs[-1].written == 1


def test_a_run_that_breaks_in_the_middle_of_a_push_leaves_in_doubt_what_it_was_sending(shop: Shop) -> None:
    changed_levels(shop, 3)

    class KilledError(BaseException):
        pass

    with pytest.MonkeyPatch.context() as patched:

        def die(*_: object) -> None:
            raise KilledError

        patched.setattr("korsync.shopify.client.ShopifyClient.adjust", die)
        with pytest.raises(KilledError):
            shop.run("stock")
    assert len(any_cache(shop.settings.cache_path).doubts) == 1
    shop.run_later("stock", minutes=1)
    assert [skip.fate for skip in shop.skips("stock")] == ["waiting"]
    shop.run_later("stock")
    assert shop.shopify.available("1000") == 11


def test_prices_and_stock_of_the_same_article_are_both_written(shop: Shop) -> None:
    changed_levels(shop, 1)
    shop.korona.change_price("1000", Decimal("9.50"))
    ran = shop.run()
    assert sum(len(each.written) for each in ran.results) == 2


def test_what_one_pipeline_writes_of_an_item_does_not_let_go_what_another_holds_of_it(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later()
    shop.korona.sell_at_till("1001", 1)
    shop.shopify.set_price("1001", "8.80")
    refusal = Fault("status", "POST", "adjust", status=422, body={"errors": ["tracking is not enabled"]})
    shop.world.shopify_server.faults.append(refusal)
    assert shop.run_later().exit_code == 1
    assert [each.outcome for each in shop.watched.pushed] == [Outcome.REJECTED, Outcome.DONE]
    assert list(shop.state.held) == ["stock/1001"]


class DiesBeforeItTells(Watched):
    """A teller whose process dies when it would have told what a pipeline did."""

    def finished(self, result: Result) -> None:
        if result.plan.skips:
            raise KeyboardInterrupt


def test_what_is_told_once_is_told_in_the_next_run_where_a_run_died_before_it_was_shown(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(order)
    shop.later()
    with pytest.raises(KeyboardInterrupt):
        sync(
            shop.settings, DiesBeforeItTells(), pipelines=["orders"], clocks=Clocks(shop.wait, now=shop.world.clock.now)
        )
    assert shop.state.orders[order.id].told == ()
    shop.run_later("orders")
    lost = "cancelled before it was booked"
    assert shop.reason("orders", order.name) == lost
    shop.run_later("orders")
    assert shop.reason("orders", order.name) == ""
