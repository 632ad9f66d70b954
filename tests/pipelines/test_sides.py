"""What one run reads: each figure with its own time and from the right place, each article by the right number."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.config.load import fingerprint
from korsync.memory.cache import load_cache, save_cache
from korsync.records.catalogue import Article
from korsync.records.memory import Cache, Targets
from korsync.rules.matching import assortment
from korsync.sandbox.exchange import Request
from korsync.sandbox.korona.store import Article as KoronaArticle
from korsync.sandbox.korona.store import Price, Row, StockRow
from tests.support.shop import Shop

LEVELS = "inventory_levels.json"


def cache_of(shop: Shop) -> Cache:
    return load_cache(shop.settings.cache_path, fingerprint(shop.settings))[0]


# --- articles by number ---


def articles(*kinds: str) -> dict[str, Article]:
    """Return articles that all bear the number 1001, named by what they are."""
    return {
        f"{place} {kind}": Article(
            f"{place} {kind}", "1001", "Tee", 1, kind != "deleted", kind == "switched off", None, ()
        )
        for place, kind in enumerate(kinds)
    }


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        (("live",), "0 live"),
        (("switched off", "live"), "1 live"),
        (("live", "switched off"), "0 live"),
        (("switched off", "switched off", "live"), "2 live"),
        (("switched off",), "0 switched off"),
        (("deleted", "switched off"), "1 switched off"),
        (("deleted",), None),
        (("switched off", "switched off"), None),
        (("live", "live"), None),
        (("live", "switched off", "live"), None),
    ],
)
def test_a_number_belongs_to_the_live_article_and_to_none_where_it_stands_twice(
    kinds: tuple[str, ...], found: str | None
) -> None:
    by_number = assortment(articles(*kinds), {}).by_number
    assert {number: article.id for number, article in by_number.items()} == ({"1001": found} if found else {})


def test_a_piece_sold_of_an_article_whose_number_an_older_one_had_is_not_given_back(shop: Shop) -> None:
    shop.stocked("1001", 3)
    shop.korona.deactivate("1001")
    shop.korona.add_article("1001-B", "Ware 1001", stock=10)
    shop.korona.renumber("1001-B", "1001")
    shop.init()
    shop.run_later()
    shop.later()
    shop.shopify.place_order([("1001", 1)])
    shop.later(1)
    levels = []
    for _ in range(3):
        shop.run_later()
        levels.append(shop.shopify.available("1001"))
    assert levels == [9, 9, 9]


# --- levels ---


def test_levels_are_as_of_the_first_page_of_their_list(shop: Shop) -> None:
    for number in range(1001, 1252):
        shop.stocked(str(number), 5)
    pages = []

    def slowly(request: Request) -> None:
        if request.path.endswith(LEVELS):
            shop.wait(60)
            pages.append(shop.world.clock.now())

    shop.world.shopify_server.before_request = slowly
    shop.init()
    # The third is that of the other location, where init looks for further pieces.
    assert len(pages) == 3
    assert cache_of(shop).levels.read_at == pages[0].replace(microsecond=0)


def test_the_levels_of_another_location_are_read_whole(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.stocked("1002", 10)
    shop.shopify.set_available("1001", 7, "Online-Lager")
    shop.init()
    shop.run_later()
    here, there = (
        each for each in shop.shopify.store.locations.values() if each.name in ("Laden Mitte", "Online-Lager")
    )
    here.name, there.name = there.name, here.name
    save_cache(shop.settings.cache_path, replace(cache_of(shop), targets=Targets()), fingerprint(shop.settings))
    shop.run_later("stock")
    assert shop.shopify.available("1001", there.id) == 7
    assert shop.reason("stock", "1002") == "not stocked at the location in Shopify"
    for _ in range(2):
        shop.run_later("stock")
    assert (shop.shopify.available("1001", there.id), shop.shopify.available("1002", here.id)) == (10, 10)


def asked_by_id(shop: Shop) -> list[str]:
    seen = (each.query.get("inventory_item_ids") for each in shop.world.shopify_server.requests)
    return [ids[0] for ids in seen if ids]


def test_a_level_that_shopify_counts_from_now_on_is_read_again(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.shopify.set_tracked("1001", False)
    shop.init()
    shop.korona.sell_at_till("1001", 8)
    shop.run_later("stock")
    assert asked_by_id(shop) == []
    for _ in range(3):
        shop.run_later()
    assert shop.shopify.available("1001") == 2
    assert asked_by_id(shop) == [str(shop.shopify.store.variant_of("1001").inventory_item_id)]


def test_levels_that_change_are_read_again_for_as_long_as_shopify_may_take_to_show_them(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.configure(safety={"settle_minutes": 40})
    shop.init()
    shop.run_later("stock")
    with shop.requests() as seen:
        shop.run_later("stock")
    (since,) = [each.query["updated_at_min"][0] for each in seen.shopify if each.path.endswith(LEVELS)]
    assert since == f"{shop.world.clock.now() - timedelta(minutes=60):%Y-%m-%dT%H:%M:%SZ}"


# --- rows that are committed late, under a lower revision ---


@contextmanager
def committed_late(shop: Shop, kind: type[Row], row_id: str) -> Iterator[None]:
    """Let KORONA keep what becomes of a row inside the block to itself until its end."""
    table: dict[str, Any] = shop.korona.table(kind)
    before = copy(table.get(row_id))
    yield
    after = copy(table[row_id])
    if before is None:
        del table[row_id]
    else:
        table[row_id] = before
    shop.run_later()
    table[row_id] = after


def test_a_stock_row_that_korona_commits_late_is_read_with_the_next_run(shop: Shop) -> None:
    for number in ("1001", "1002"):
        shop.stocked(number, 5)
    shop.init()
    shop.run_later()
    row_id = next(iter(shop.korona.table(StockRow)))
    with committed_late(shop, StockRow, row_id):
        shop.korona.sell_at_till("1001", 5)
        shop.korona.sell_at_till("1002", 1)
    assert (shop.shopify.available("1001"), shop.shopify.available("1002")) == (5, 4)
    shop.run_later()
    assert shop.shopify.available("1001") == 0


def test_an_article_and_a_price_that_korona_commits_late_are_read_with_the_next_run(shop: Shop) -> None:
    for number in ("1001", "1002"):
        shop.stocked(number, 5)
    shop.init()
    shop.run_later()
    article = shop.korona.article("1001")
    with committed_late(shop, KoronaArticle, article.id):
        shop.korona.rename("1001", "Late")
        shop.korona.rename("1002", "In time")
    shop.run_later()
    assert shop.shopify.product_by_sku("1001").title == "Late"
    with committed_late(shop, Price, article.price_ids[0]):
        shop.korona.change_price("1001", Decimal("9.20"), touch_article=False)
        shop.korona.change_price("1002", Decimal("9.30"), touch_article=False)
    shop.run_later()
    assert shop.shopify.store.variant_of("1001").price == Decimal("9.20")


def test_what_is_read_once_more_costs_no_request(shop: Shop) -> None:
    for number in range(1001, 1031):
        shop.stocked(str(number), 5)
        shop.korona.change_price(str(number), Decimal("9.90"), touch_article=False)
    shop.init()
    for _ in range(2):
        shop.run_later()
    with shop.requests() as seen:
        shop.run_later()
    assert len(seen.everything) == 5


@pytest.mark.parametrize(
    ("actual", "level"), [("2.9999999999999996", 3), ("-4E-16", 0), ("1999.999999131832", 2000), ("2.00004", 2)]
)
def test_the_dust_of_floats_is_no_piece(shop: Shop, actual: str, level: int) -> None:
    shop.stocked("1001", 5)
    shop.init()
    shop.later()
    shop.korona.count("1001", Decimal(actual))
    shop.run("stock")
    assert shop.shopify.available("1001") == level
