"""Which articles a sold piece comes off, by its variant, its SKU and the parts of bundles: schedules for each rule."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from korsync.pipelines import stock
from korsync.pipelines.stock import articles_of_lines
from korsync.records.memory import Cache
from korsync.rules import stock as pending
from tests.support.schedule import Schedule, is_needed


def test_an_order_from_before_article_and_variant_got_another_number_still_counts(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.ledger.skus = ("1002",)  # the books find an article by the number that stood on the order
        day.shopify.place_order([("1001", 1)])
        day.korona.renumber("1001", "1001-A")
        day.shopify.set_sku("1001", "1001-A")
        for _ in range(2):
            day.run("stock")
        assert day.offered("1001-A") == 4

    def by_sku_only(cache: Cache) -> Any:
        both = articles_of_lines(cache)
        return lambda line: both(replace(line, variant_id=None))

    is_needed(schedule, tmp_path, ((stock, "articles_of_lines", by_sku_only),))


def test_an_order_from_before_a_sku_moved_counts_for_both_variants(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 2)])
        day.run("stock")
        other = day.shopify.store.variant_of("1002").id
        day.shopify.set_sku(other, "1001")
        day.shopify.set_sku(order.lines[0].variant_id or 0, "1002")
        for _ in range(2):
            day.run("stock")
        assert day.shopify.available(other) == 3
        for _ in range(3):
            day.run()
        assert (day.shopify.available(other), day.offered("1002")) == (3, 5)

    def by_variant_only(cache: Cache) -> Any:
        both = articles_of_lines(cache)
        return lambda line: both(replace(line, sku=""))

    is_needed(schedule, tmp_path, ((stock, "articles_of_lines", by_variant_only),))


def test_a_bundle_sold_takes_its_parts(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.add_article("SET", "Set", Decimal(9), parts={"1001": 2, "1002": 1})
        day.shopify.add_product("Set", [{"sku": "SET", "tracked": False}])
        day.shopify.place_order([("SET", 1)])
        day.run("stock")
        assert (day.offered("1001"), day.offered("1002")) == (3, 4)

    def itself_only(whole: pending.Taken, *_: object) -> list[pending.Taken]:
        return [whole]

    is_needed(schedule, tmp_path, ((stock, "_parts", itself_only),))


def test_parts_of_parts_are_taken_too(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.add_article("SET", "Set", Decimal(9), parts={"1001": 2})
        day.korona.add_article("BOX", "Box", Decimal(9), parts={"SET": 1, "1002": 1})
        day.shopify.add_product("Box", [{"sku": "BOX", "tracked": False}])
        day.shopify.place_order([("BOX", 1)])
        day.run("stock")
        assert (day.offered("1001"), day.offered("1002")) == (3, 4)

    is_needed(schedule, tmp_path, ((stock, "DEEPEST_BUNDLE", 1),))


def test_a_piece_put_back_raises_only_the_article_that_its_receipt_lowered(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 1)])
        for _ in range(2):
            day.run()
        mine, other = order.lines[0].variant_id, day.shopify.store.variant_of("1002").id
        day.shopify.set_sku(other, "1001")
        day.shopify.set_sku(mine or 0, "1002")
        for _ in range(2):
            day.run()
        assert (day.offered("1001"), day.offered("1002")) == (4, 5)
        day.shopify.refund_order(order, {order.lines[0].id: 1})
        day.shop.run_later("stock")
        assert day.offered("1002") == 5

    def for_both(cache: Cache) -> Any:
        articles = articles_of_lines(cache)
        return lambda line: [replace(each, named=True) for each in articles(line)]

    is_needed(schedule, tmp_path, ((stock, "articles_of_lines", for_both),))
