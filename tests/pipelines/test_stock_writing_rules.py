"""Every rule about raising and writing a level: a schedule that it gets right, and that goes wrong without it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from korsync.errors import Unsure
from korsync.pipelines import stock
from korsync.pipelines.base import GoesOn, side_by_side
from korsync.pipelines.orders import Orders
from korsync.pipelines.products import Products
from korsync.pipelines.refunds import Refunds
from korsync.pipelines.stock import Stock
from korsync.records.catalogue import Article, ShopProduct
from korsync.records.memory import Memory
from korsync.records.plan import Change, Outcome, Plan, Written
from korsync.records.seen import Doubt, Look
from korsync.rules import stock as rules
from korsync.rules.matching import Match, Matching, match
from korsync.rules.stock import LevelFacts, LevelRules, LevelTarget
from korsync.sandbox.exchange import Fault
from korsync.shopify.client import ShopifyClient
from korsync.wire.outcomes import Asked
from tests.support.schedule import ADJUST, ORDERS, Schedule, is_needed

A_FEW_MINUTES = timedelta(minutes=5)
NO_FALL = ("unexplained_fall", lambda _expected, _available: 0)
BOOKED_IS_SETTLED = ("is_in_stock", lambda booking, **_: booking.is_booked)

why_not_raised = rules.why_not_raised


def _order_listed_late(day: Schedule) -> None:
    day.shopify.place_order([("1001", 1)], listing_delay=A_FEW_MINUTES)


def _lose_the_answer_to_the_adjustment(day: Schedule) -> None:
    day.shop.world.shopify_server.faults.append(Fault("lose_answer", "POST", ADJUST))


# --- raising ---


def test_nothing_is_raised_while_orders_cannot_be_read_or_else_falls_must_be_seen(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shop.later()
        day.shopify.place_order([("1001", 1)])
        day.shop.world.shopify_server.faults.append(Fault("status", "GET", ORDERS, times=20))
        day.run("stock", minutes=1)

    def as_if_complete(facts: LevelFacts, fall: int, is_doubted: bool) -> str:
        return why_not_raised(replace(facts, why_not_complete=""), fall, is_doubted)

    is_needed(schedule, tmp_path, (("why_not_raised", as_if_complete), NO_FALL))


def test_nothing_is_raised_at_a_first_look(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shop.later()
        day.shop.settings.cache_path.unlink()
        _order_listed_late(day)
        day.run("stock", minutes=1)

    target_of = rules.target_of

    def as_if_looked(facts: LevelFacts, rules: LevelRules) -> LevelTarget:
        return target_of(replace(facts, look=facts.look or Look(0, facts.seen_at)), rules)

    is_needed(schedule, tmp_path, (("target_of", as_if_looked),))


def test_nothing_is_raised_so_soon_after_an_unexplained_fall(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shop.later()
        _order_listed_late(day)
        day.run("stock", minutes=1)
        day.run_at_once("stock")

    def without_doubts(facts: LevelFacts, fall: int, _is_doubted: bool) -> str:
        return why_not_raised(facts, fall, False)

    is_needed(schedule, tmp_path, (("why_not_raised", without_doubts),))


def test_nothing_is_raised_so_soon_after_a_first_look(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shop.later()
        day.shop.settings.cache_path.unlink()
        _order_listed_late(day)
        day.run("stock", minutes=1)
        day.run_at_once("stock")

    doubt_now = rules.doubt_now

    def trusting(facts: LevelFacts, fall: int, risen: int, for_sale: int, settle: timedelta) -> Doubt | None:
        return doubt_now(replace(facts, look=facts.look or Look(0, facts.seen_at)), fall, risen, for_sale, settle)

    is_needed(schedule, tmp_path, (("doubt_now", trusting),))


def test_nothing_is_raised_so_soon_after_a_lost_answer(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.deliver("1001", 2)
        _lose_the_answer_to_the_adjustment(day)
        day.run("stock")
        _order_listed_late(day)
        day.run_at_once("stock")

    def without_dropping_looks(_self: Stock, memory: Memory, _batch: Sequence[Change[Any]]) -> Memory:
        return memory

    is_needed(schedule, tmp_path, (("intend", without_dropping_looks),))


def test_a_sku_that_stands_on_two_variants_is_left_alone(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shopify.set_available("1001", 2)
        day.shopify.add_product("Twin", [{"sku": "1001", "available": 3}])
        for _ in range(3):
            day.run("stock")
        twins = [each for each in day.shopify.store.variants() if each.sku == "1001"]
        assert sum(day.shopify.available(each.id) for each in twins) == 5

    def each_by_itself(articles: Mapping[str, Article], products: Mapping[int, ShopProduct]) -> Matching:
        found = match(articles, products)
        first = next(each for each in articles.values() if each.number == "1001")
        twins = [
            Match(first, product, variant, f"1001 of {product.title}")
            for product in products.values()
            for variant in product.variants
            if variant.sku == "1001"
        ]
        return replace(found, matches=(*twins, *(each for each in found.matches if each.sku != "1001")))

    is_needed(schedule, tmp_path, (("match", each_by_itself),))


# --- writing ---


def test_a_sale_between_reading_and_writing_survives(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.deliver("1001", 2)
        day.between(ORDERS, lambda: day.shopify.place_order([("1001", 1)]))
        day.run("stock")

    def overwriting(self: Stock, batch: Sequence[Change[Any]], _goes_on: GoesOn) -> Iterator[Sequence[Written[Any]]]:
        for change in batch:
            value = change.after
            body = (
                f'{{"location_id": {value.location_id}, "inventory_item_id": {value.inventory_item_id}, '
                f'"available": {value.available}}}'
            )
            path = "admin/api/2026-10/inventory_levels/set.json"
            self._sides.shopify.session.post(path, body.encode(), lambda _: None, kind=Asked.ADJUST)
            yield [Written(change, Outcome.DONE)]

    is_needed(schedule, tmp_path, (("push", overwriting),))


def test_the_last_look_is_what_was_read_and_not_the_figure_in_the_answer(tmp_path: Path) -> None:
    read_back: dict[int, int] = {}

    def schedule(day: Schedule) -> None:
        day.korona.deliver("1001", 2)
        day.between(ORDERS, lambda: _order_listed_late(day))
        item_id = day.shopify.store.variant_of("1001").inventory_item_id
        day.shop.world.shopify_server.after_request = lambda *_: read_back.update({item_id: day.offered()})
        day.run("stock")
        day.run_at_once("stock")

    record = Stock.record

    def answered(self: Stock, memory: Memory, written: Sequence[Written[Any]]) -> Memory:
        return record(self, memory, [_told(each, read_back) for each in written])

    is_needed(schedule, tmp_path, (("record", answered),))


def test_an_adjustment_whose_answer_was_lost_is_not_repeated(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.deliver("1001", 2)
        _lose_the_answer_to_the_adjustment(day)
        day.run("stock")

    adjust = ShopifyClient.adjust

    def insisting(self: ShopifyClient, location_id: int, item_id: int, delta: int) -> None:
        try:
            adjust(self, location_id, item_id, delta)
        except Unsure:
            adjust(self, location_id, item_id, delta)

    is_needed(schedule, tmp_path, (("adjust", insisting),))


def test_a_doubt_outlives_the_writing_of_its_level(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shop.later(19)
        _order_listed_late(day)
        day.korona.sell_at_till("1001", 1)
        day.run("stock", minutes=1)
        day.run_at_once("stock")

    record = Stock.record

    def trusting(self: Stock, memory: Memory, written: Sequence[Written[Any]]) -> Memory:
        known = record(self, memory, written)
        items = {each.change.after.inventory_item_id for each in written}
        doubts = {each: at for each, at in known.cache.doubts.items() if each not in items}
        return replace(known, cache=replace(known.cache, doubts=doubts))

    is_needed(schedule, tmp_path, (("record", trusting),))


# --- the order of things ---


def test_levels_are_lowered_before_others_are_raised(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.deliver("1001", 2)
        day.korona.sell_at_till("1002", 1)
        server = day.shop.world.shopify_server
        server.before_request = lambda request: day.shop.wait(600) if request.path.endswith(ADJUST) else None
        day.run("stock")

    plan_of = Stock.plan

    def raises_first(pulled: stock.StockPulled) -> Plan[Any]:
        plan = plan_of(pulled)
        return replace(plan, changes=tuple(reversed(plan.changes)))

    def in_one_lane(self: Stock, batch: Sequence[Change[Any]], goes_on: GoesOn) -> Iterator[Sequence[Written[Any]]]:
        return side_by_side(batch, self._adjust, lambda _: 0, goes_on)

    is_needed(schedule, tmp_path, (("plan", staticmethod(raises_first)), ("push", in_one_lane)))


def test_stock_is_written_before_sales_are_booked_or_else_bookings_must_settle(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.booking_delay = timedelta(minutes=10)
        day.shopify.place_order([("1001", 1)])
        day.run()
        day.run()

    booking_first = (Orders, Stock, Refunds, Products)
    is_needed(schedule, tmp_path, (("PIPELINES", booking_first), BOOKED_IS_SETTLED))


def _told(written: Written[Any], read_back: Mapping[int, int]) -> Written[Any]:
    """Return what was written as if the level had become what was read back."""
    value = written.change.after
    found = read_back[value.inventory_item_id]
    told = replace(value, available=found, look=replace(value.look, pieces=found))
    return replace(written, change=replace(written.change, after=told))
