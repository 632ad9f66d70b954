"""Which articles a sold piece comes off, by its variant, its SKU and the parts of bundles: schedules for each rule."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from korsync.records.bookings import KnownLine
from korsync.rules.matching import Assortment
from korsync.rules.takes import Taken, taken_by
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

    def by_sku_only(line: KnownLine, known: Assortment) -> list[Taken]:
        return taken_by(replace(line, variant_id=None), known)

    is_needed(schedule, tmp_path, (("taken_by", by_sku_only),))


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

    def by_variant_only(line: KnownLine, known: Assortment) -> list[Taken]:
        return taken_by(replace(line, sku=""), known)

    is_needed(schedule, tmp_path, (("taken_by", by_variant_only),))


def test_a_bundle_sold_takes_its_parts(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.add_article("SET", "Set", Decimal(9), parts={"1001": 2, "1002": 1})
        day.shopify.add_product("Set", [{"sku": "SET", "tracked": False}])
        day.shopify.place_order([("SET", 1)])
        day.run("stock")
        assert (day.offered("1001"), day.offered("1002")) == (3, 4)

    def itself_only(whole: Taken, *_: object) -> list[Taken]:
        return [whole]

    is_needed(schedule, tmp_path, (("_parts", itself_only),))


def test_parts_of_parts_are_taken_too(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.add_article("SET", "Set", Decimal(9), parts={"1001": 2})
        day.korona.add_article("BOX", "Box", Decimal(9), parts={"SET": 1, "1002": 1})
        day.shopify.add_product("Box", [{"sku": "BOX", "tracked": False}])
        day.shopify.place_order([("BOX", 1)])
        day.run("stock")
        assert (day.offered("1001"), day.offered("1002")) == (3, 4)

    is_needed(schedule, tmp_path, (("DEEPEST_BUNDLE", 1),))


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

    def for_both(line: KnownLine, known: Assortment) -> list[Taken]:
        return [replace(each, named=True) for each in taken_by(line, known)]

    is_needed(schedule, tmp_path, (("taken_by", for_both),))
