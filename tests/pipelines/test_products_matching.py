"""Which articles are written, with the world moving between the runs: SKUs, numbers, deletions, large products."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from korsync.records.plan import Ran
from korsync.sandbox.exchange import Fault
from tests.support.catalogue import price, title
from tests.support.shop import Shop

NextRun = Callable[[], Ran]


def test_a_sku_entered_today_finds_an_article_unchanged_for_years(shop: Shop, next_run: NextRun) -> None:
    shop.korona.add_article("1001", "Ceylon Tee", Decimal("8.90"))
    product = shop.shopify.add_product("Noch ohne Nummer", [{"sku": None, "price": "1.00"}])
    shop.configure(safety={"max_price_change_percent": 1000})
    shop.init()
    shop.run_later("products")
    shop.later(24 * 60)
    shop.shopify.set_sku(product.variants[0].id, "1001")
    next_run()
    assert (title(shop, "1001"), price(shop, "1001")) == ("Ceylon Tee", "8.90")


def test_a_renumbered_article_leaves_its_old_variant_and_finds_its_new_one(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", name="Ceylon Tee", price="8.90")
    shop.shopify.add_product("Neuer Platz", [{"sku": "2001", "price": "8.00"}])
    shop.init()
    shop.korona.renumber("1001", "2001")
    shop.korona.change_price("2001", Decimal("9.20"))
    next_run()
    assert (price(shop, "1001"), price(shop, "2001"), title(shop, "2001")) == ("8.90", "9.20", "Ceylon Tee")
    assert "no article in KORONA has this number" in shop.reason("products", "1001")


def test_a_deleted_article_without_its_number_takes_nothing_away_and_is_listed(shop: Shop) -> None:
    shop.stocked("1001", name="Ceylon Tee", price="8.90")
    shop.init()
    shop.korona.delete_article("1001")
    with shop.requests() as seen:
        assert shop.run_later("products").exit_code == 0
    assert seen.writes == []
    assert shop.reason("products", "1001") == "its article is deleted in KORONA"
    shop.later()
    shop.settings.cache_path.unlink()
    with shop.requests() as seen:
        assert shop.run("products").exit_code == 0
    assert seen.writes == []
    assert shop.reason("products", "1001") == "no article in KORONA has this number"
    assert (title(shop, "1001"), price(shop, "1001")) == ("Ceylon Tee", "8.90")


def test_a_switched_off_article_is_left_alone_until_it_is_switched_on_again(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.deactivate("1001")
    shop.korona.change_price("1001", Decimal("9.20"))
    with shop.requests() as seen:
        next_run()
    assert seen.writes == []
    assert shop.reason("products", "1001") == "its article is switched off in KORONA"
    shop.korona.deactivate("1001", False)
    next_run()
    assert price(shop, "1001") == "9.20"


def test_a_sku_that_comes_to_stand_twice_is_written_nowhere(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.shopify.add_product("Kopie", [{"sku": "1001 ", "price": "1.00"}])
    shop.korona.change_price("1001", Decimal("9.20"))
    with shop.requests() as seen:
        next_run()
    assert seen.writes == []
    assert shop.reason("products", "1001") == "the SKU stands on 2 variants in Shopify"


def test_a_number_that_comes_to_stand_twice_is_written_nowhere(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.add_article("1001", "Doppelgänger", Decimal("9.20"))
    with shop.requests() as seen:
        next_run()
    assert seen.writes == []
    assert shop.reason("products", "1001") == "the number stands on 2 articles in KORONA"


def test_a_product_made_anew_in_place_of_a_deleted_one_is_served_at_once(shop: Shop) -> None:
    shop.stocked("1001", name="Ceylon Tee", price="8.90")
    shop.init()
    shop.run_later("products")
    shop.later(120)
    shop.shopify.delete_product("1001")
    shop.shopify.add_product("Kopie von Ceylon Tee", [{"sku": "1001", "price": "8.00"}])
    assert shop.run("products").exit_code == 0
    assert (title(shop, "1001"), price(shop, "1001")) == ("Ceylon Tee", "8.90")


def test_a_product_deleted_in_shopify_is_held_once_and_then_forgotten(shop: Shop) -> None:
    shop.stocked("1001", price="8.90")
    shop.stocked("1002")
    shop.init()
    shop.run_later("products")
    shop.shopify.delete_product("1001")
    shop.korona.change_price("1001", Decimal("9.20"))
    assert shop.run_later("products").exit_code == 1
    with shop.requests() as seen:
        assert shop.run_later("products").exit_code == 0
    assert (seen.writes, shop.state.held) == ([], {})


def buttons(shop: Shop, count: int) -> None:
    """Put a product with so many variants into the shop, one of which is an article."""
    skus = [str(number) for number in range(1001, 1001 + count)]
    shop.korona.add_article("1001", "Knopf", Decimal("1.00"))
    shop.shopify.add_product("Knöpfe", [{"sku": sku, "price": "0.90"} for sku in skus])
    shop.init()


def test_a_product_with_more_than_a_hundred_variants_is_skipped_and_named(shop: Shop, next_run: NextRun) -> None:
    buttons(shop, 101)
    with shop.requests() as seen:
        assert next_run().exit_code == 0
    assert seen.writes == []
    assert "“Knöpfe” has more than 100 variants" in shop.reason("products", "1001")


COUNT = "/variants/count.json"


def test_of_a_product_that_shows_a_hundred_variants_shopify_is_asked_once_whether_there_are_more(shop: Shop) -> None:
    buttons(shop, 100)
    with shop.requests() as seen:
        assert shop.run("products").exit_code == 0
        shop.run_later("products", minutes=25 * 60)
    assert (price(shop, "1001"), seen.count("GET", COUNT)) == ("1.00", 1)  # init had asked; the price changed it
    with shop.requests() as seen:
        shop.run_later("products")
        shop.run("products", full=True)
    assert seen.count("GET", COUNT) == 0


def test_as_long_as_shopify_does_not_say_how_many_variants_there_are_the_product_is_left(shop: Shop) -> None:
    shop.world.shopify_server.faults.append(Fault("status", "GET", COUNT, times=99, status=500))
    buttons(shop, 100)
    shop.run("products")
    assert price(shop, "1001") == "0.90"
    shop.world.shopify_server.faults.clear()
    shop.run_later("products")
    assert price(shop, "1001") == "1.00"


def test_near_matches_are_named_and_not_written(shop: Shop, next_run: NextRun) -> None:
    for number, sku in (("AB-12", "ab-12"), ("0815", "815"), ("T 1", "T1")):
        shop.korona.add_article(number, f"Artikel {number}", Decimal("8.90"))
        shop.shopify.add_product(f"Ware {sku}", [{"sku": sku, "price": "1.00"}])
    shop.init()
    with shop.requests() as seen:
        next_run()
    assert seen.writes == []
    assert "KORONA has the similar 'AB-12'" in shop.reason("products", "ab-12")


def test_nothing_is_created_for_articles_without_a_variant(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001")
    shop.init()
    shop.korona.add_article("1002", "Nur in KORONA", Decimal("8.90"))
    with shop.requests() as seen:
        next_run()
    assert seen.writes == []
    assert len(shop.shopify.store.products) == 1


@pytest.mark.parametrize("number", ["[b]fett[/b]", "\x1b]0;Titel\x07", "'; DROP TABLE--", "Ünïcode-№ 1", "a/b?c=d#e"])
def test_hostile_numbers_match_and_are_written_like_others(shop: Shop, next_run: NextRun, number: str) -> None:
    shop.stocked(number, name="Tee", price="8.90")
    shop.init()
    shop.korona.change_price(number, Decimal("9.20"))
    assert next_run().exit_code == 0
    assert price(shop, number) == "9.20"


def test_rows_that_do_not_rise_in_revision_are_all_read_before_the_cursor_moves(shop: Shop) -> None:
    shop.korona.ignores_sort = True
    numbers = [f"K{place}" for place in range(1, 1031)]
    for number in numbers:
        shop.korona.add_article(number, f"Ware {number}", Decimal("8.90"))
    watched = ("K1", "K515", "K1030")
    for number in watched:
        shop.shopify.add_product(f"Ware {number}", [{"sku": number, "price": "8.90"}])
    shop.init()
    shop.run_later("products")
    # the first and the last of what changed stand on different pages, their revisions the other way round
    for number in reversed([*numbers[:1010], "K1030"]):
        shop.korona.rename(number, f"Neu {number}")
    assert shop.run_later("products").exit_code == 0
    assert [title(shop, number) for number in watched] == ["Neu K1", "Neu K515", "Neu K1030"]
    with shop.requests() as seen:
        shop.run_later("products")
    assert (seen.writes, len(seen.korona)) == ([], 2)
