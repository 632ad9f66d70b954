"""Which levels may be written at all, by what was read of them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.records.bookings import Restock
from korsync.records.catalogue import StockLevel
from korsync.records.memory import Memory
from korsync.records.plan import Fate
from korsync.records.seen import Levels, WarehouseStock
from korsync.rules.levels import StockRead, levels_of, sold_by_order
from korsync.rules.stock import LevelRules
from tests.support.values import EARLIER, NOON, SETTLE, STOCK_TARGETS, article, level, memory, order, product

ROW = StockLevel("article 1001", "warehouse", Decimal(5), 1)


def read(known: Memory) -> StockRead:
    return StockRead(known, STOCK_TARGETS, LevelRules(0, SETTLE), NOON, known.cache.stocks)


def with_level(**changes: object) -> Memory:
    return memory().with_cache(levels=Levels({3001: replace(level(1001, 5), **changes)}, NOON, EARLIER))  # type: ignore[arg-type]


def test_a_level_that_was_read_on_both_sides_may_be_written() -> None:
    found = levels_of(read(memory()))
    assert [(each.match.sku, each.available, each.actual) for each in found.levels] == [("1001", 5, Decimal(5))]
    assert found.skips == ()


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (with_level(unreadable="available is odd"), "its level in Shopify cannot be read (available is odd)"),
        (
            memory(stock=WarehouseStock({"article 1001": replace(ROW, actual=None, unreadable="odd")}, 1, EARLIER)),
            "its stock in KORONA cannot be read (odd)",
        ),
        (with_level(available=None), "Shopify does not say how many there are"),
        (memory(stock=WarehouseStock({}, 1, EARLIER)), "KORONA has no stock row for it"),
    ],
)
def test_a_figure_that_is_missing_or_odd_leaves_its_level_alone(known: Memory, reason: str) -> None:
    found = levels_of(read(known))
    assert found.levels == ()
    (skip,) = found.skips
    assert reason in skip.reason
    assert skip.fate in (Fate.HELD, Fate.LEFT, Fate.WAITING)


def test_pieces_are_told_by_order_and_orders_without_any_are_not() -> None:
    known = memory(order(1, 2), order(2, 3, ignored=True))
    (found,) = levels_of(read(known)).levels
    assert dict(sold_by_order(read(known), found)) == {1: 2}


@pytest.mark.parametrize(("lead", "pieces"), [(0, 1), (60, 2)])
def test_what_may_have_come_back_after_a_level_that_is_dated_too_late_still_counts_as_sold(
    lead: int, pieces: int
) -> None:
    sold = order(1, 2)
    back = Restock(9, sold.lines[0].id, 1, NOON - timedelta(seconds=30), None)
    found_by = read(memory(replace(sold, restocks=(back,))))
    if lead:
        found_by = replace(found_by, lead=timedelta(seconds=lead))
    (found,) = levels_of(found_by).levels
    assert dict(sold_by_order(found_by, found)) == {1: pieces}
    assert found.target.pending == pieces


def test_what_is_not_counted_on_both_sides_and_at_the_location_is_left_alone_for_good() -> None:
    known = memory()
    untracked = replace(article("1001", "Tee", "8.90"), track_inventory=False)
    catalogue = replace(known.cache.catalogue, articles={"article 1001": untracked})
    shown = product(1001, "Tee", "8.90")
    uncounted = replace(shown, variants=(replace(shown.variants[0], tracked=False),))
    products = replace(known.cache.shop_products, products={1001: uncounted})
    for left, reason in (
        (known.with_cache(catalogue=catalogue), "not tracked in KORONA"),
        (known.with_cache(shop_products=products), "not tracked in Shopify"),
        (known.with_cache(levels=Levels({}, NOON, EARLIER)), "not stocked at the location in Shopify"),
    ):
        found = levels_of(read(left))
        assert (found.levels, [(each.key, each.reason, each.fate) for each in found.skips]) == (
            (),
            [("1001", reason, Fate.LEFT)],
        )
