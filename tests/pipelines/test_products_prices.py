"""Which price arrives: the list, the instant, the imports, the missing ones, currency and basis."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.records.plan import Ran
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Article, Currency, Price, PriceGroup, Unit
from korsync.sandbox.world import World
from tests.support.catalogue import price, product, variant
from tests.support.shop import MONDAY, Shop

NextRun = Callable[[], Ran]


def with_price(
    shop: Shop, number: str, value: str, *, code: str | None = None, unit_id: str | None = None, since: float = 1
) -> None:
    """Save one more price of an article in the list: for a code, for a unit, or as of so many hours ago."""
    with shop.korona.turn():
        article, group = shop.korona.find(Article, number), shop.korona.find(PriceGroup, "Shopify")
        valid_from = None if code else shop.world.clock.now() - timedelta(hours=since)
        row = Price(article_id=article.id, value=Decimal(value), price_group_id=group.id, valid_from=valid_from)
        row.product_code, row.unit_id = code, unit_id
        article.price_ids.append(shop.korona.save(row).id)
        shop.korona.save(article)


def test_a_changed_price_arrives(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.change_price("1001", Decimal("9.20"))
    assert next_run().exit_code == 0
    assert price(shop, "1001") == "9.20"


def test_only_the_configured_list_counts(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.change_price("1001", Decimal("5.55"), price_group="Standard")
    next_run()
    assert price(shop, "1001") == "8.90"


def test_a_price_for_a_code_or_a_unit_is_not_the_shops(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    with_price(shop, "1001", "0.50", code="4006381333931")
    with_price(shop, "1001", "0.60", unit_id=shop.korona.find(Unit, "1").id)
    shop.korona.add_article("1002", "Nur als Karton")
    with_price(shop, "1002", "30.00", code="4006381333932")
    shop.shopify.add_product("Karton", [{"sku": "1002", "price": "8.90"}])
    with shop.requests() as seen:
        next_run()
    assert (price(shop, "1001"), price(shop, "1002"), seen.writes) == ("8.90", "8.90", [])
    assert "no price" in shop.reason("products", "1002")


def test_a_future_price_arrives_in_the_first_run_after_its_day_without_any_revision(
    shop: Shop, next_run: NextRun
) -> None:
    shop.stocked("1001", price="8.90")
    shop.korona.change_price("1001", Decimal("9.90"), valid_from=MONDAY + timedelta(minutes=50))
    shop.init()
    for _ in range(2):
        next_run()
        assert price(shop, "1001") == "8.90"
    next_run()
    assert price(shop, "1001") == "9.90"


def test_a_price_ends_only_by_a_later_one_whatever_their_order(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.korona.change_price("1001", Decimal("7.90"), valid_from=MONDAY - timedelta(days=400))
    shop.init()
    with shop.requests() as seen:
        next_run()
    assert (price(shop, "1001"), seen.writes) == ("8.90", [])


def test_a_price_import_that_leaves_the_article_alone_is_noticed(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    revision = shop.korona.article("1001").revision
    shop.korona.change_price("1001", Decimal("9.20"), touch_article=False)
    assert shop.korona.article("1001").revision == revision
    next_run()
    assert price(shop, "1001") == "9.20"


def test_a_large_price_import_is_read_with_the_whole_catalogue_not_one_by_one(shop: Shop) -> None:
    numbers = [str(number) for number in range(1001, 1031)]
    for number in numbers:
        shop.stocked(number, price="8.90")
    shop.configure(safety={"max_change_percent": 100})
    shop.init()
    shop.run("products")
    for number in numbers:
        shop.korona.change_price(number, Decimal("9.20"), touch_article=False)
    with shop.requests() as seen:
        shop.run_later("products")
    assert {price(shop, number) for number in numbers} == {"9.20"}
    assert len(seen.korona) <= 4 + 4  # the configuration's names are looked up once more: the settings changed


def test_a_cluster_without_a_price_list_call_is_served_all_the_same(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.world.korona_server.faults.append(
        Fault("status", "GET", "/prices$", times=99, status=404, body={"code": "MODEL_ID_NOT_FOUND"})
    )
    shop.init()
    shop.korona.change_price("1001", Decimal("9.20"))
    assert next_run().exit_code == 0
    assert price(shop, "1001") == "9.20"


def test_what_is_taken_out_of_the_price_list_is_left_with_its_reason(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.change_price("1001", None)
    assert next_run().exit_code == 0
    assert price(shop, "1001") == "8.90"
    assert "no price in “Shopify” holds now" in shop.reason("products", "1001")


@pytest.mark.parametrize("value", ["0", "-1", "0.004"])
def test_a_price_of_nothing_or_less_is_held_as_long_as_the_shop_shows_another(
    shop: Shop, next_run: NextRun, value: str
) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.change_price("1001", Decimal(value))
    for _ in range(2):
        assert next_run().exit_code == 1
        assert price(shop, "1001") == "8.90"
    way_out = "put it right in KORONA, or take it out of the price list"
    reason = f"its price in “Shopify” is {value}, Shopify shows 8.90: {way_out}"
    assert shop.held("1001").reason == reason
    shop.korona.change_price("1001", Decimal("9.20"))
    assert next_run().exit_code == 0
    assert price(shop, "1001") == "9.20"


def test_what_costs_nothing_on_both_sides_is_left(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="0")
    shop.init()
    assert next_run().exit_code == 0
    assert shop.reason("products", "1001") == "its price in “Shopify” is 0"


def test_two_prices_from_the_same_instant_are_not_chosen_between(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    with_price(shop, "1001", "5.00")
    with_price(shop, "1001", "6.00")
    next_run()
    assert price(shop, "1001") == "8.90"
    assert "several prices" in shop.reason("products", "1001")


def test_money_is_compared_as_amounts_and_rounded_half_up(shop: Shop) -> None:
    shop.korona.add_article("1001", "Tee", Decimal("8.9"))
    shop.korona.add_article("1002", "Kaffee", Decimal("2.675"))
    for number, name, amount in (("1001", "Tee", "8.90"), ("1002", "Kaffee", "2.60")):
        shop.shopify.add_product(name, [{"sku": number, "price": amount}])
    shop.init()
    with shop.requests() as seen:
        shop.run("products")
    assert price(shop, "1002") == "2.68"
    assert len(seen.writes) == 1


def test_a_compare_at_price_that_is_not_above_the_new_price_is_named_and_left(shop: Shop, next_run: NextRun) -> None:
    shop.korona.add_article("1001", "Tee", Decimal("8.90"))
    shop.shopify.add_product("Tee", [{"sku": "1001", "price": "8.90", "compare_at_price": "9.90"}])
    shop.init()
    shop.run("products")
    assert shop.reason("products", "1001") == ""
    shop.korona.change_price("1001", Decimal("9.90"))
    assert next_run().exit_code == 0
    assert "compare-at price 9.90 is not above its price 9.90" in shop.reason("products", "1001")
    assert (price(shop, "1001"), str(variant(shop, "1001").compare_at_price)) == ("9.90", "9.90")


def test_a_price_above_its_compare_at_price_is_held_with_the_way_out(shop: Shop, next_run: NextRun) -> None:
    shop.korona.add_article("1001", "Tee", Decimal("9.90"))
    shop.shopify.add_product("Tee", [{"sku": "1001", "price": "8.90", "compare_at_price": "9.50"}])
    shop.init()
    with shop.requests() as seen:
        assert next_run().exit_code == 1
    assert seen.writes == []
    assert "set products.clear_compare_at" in shop.held("1001").reason
    shop.configure(products={"clear_compare_at": True})
    assert next_run().exit_code == 0
    assert (price(shop, "1001"), variant(shop, "1001").compare_at_price) == ("9.90", None)


@pytest.mark.parametrize(("compare_at", "left"), [("9.91", "9.91"), ("9.90", "None"), ("9.89", "None")])
def test_only_a_compare_at_price_that_is_not_above_the_new_one_is_cleared(
    shop: Shop, compare_at: str, left: str
) -> None:
    shop.configure(products={"clear_compare_at": True})
    shop.korona.add_article("1001", "Tee", Decimal("9.90"))
    shop.shopify.add_product("Tee", [{"sku": "1001", "price": "8.90", "compare_at_price": compare_at}])
    shop.init()
    assert shop.run("products").exit_code == 0
    assert (price(shop, "1001"), str(variant(shop, "1001").compare_at_price)) == ("9.90", left)


def test_two_prices_that_begin_at_one_time_are_held_until_one_is_left(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.stocked("1002", price="8.90")
    shop.init()
    since = shop.world.clock.now()
    for value in ("9.20", "9.40"):
        shop.korona.change_price("1001", Decimal(value), valid_from=since)
    shop.korona.change_price("1002", Decimal("9.20"))
    assert next_run().exit_code == 1
    assert "several prices begin at one time (9.2 and 9.4)" in shop.held("1001").reason
    assert (price(shop, "1001"), price(shop, "1002")) == ("8.90", "9.20")


def test_a_price_is_never_written_to_an_article_that_vanished(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.delete_article("1001")
    with shop.requests() as seen:
        assert next_run().exit_code == 0
    assert seen.writes == []


def test_a_net_price_list_in_a_shop_with_gross_prices_stops_before_anything_is_written(
    shop: Shop, next_run: NextRun
) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    with shop.korona.turn():
        group = shop.korona.find(PriceGroup, "Shopify")
        group.net_prices = True
        shop.korona.save(group)
    shop.korona.change_price("1001", Decimal("9.20"))
    shop.later(25 * 60)
    with shop.requests() as seen:
        assert next_run().exit_code == 2
    assert seen.writes == []
    assert "net prices" in shop.watched.results[0].errors[0].what


def test_a_price_list_in_another_currency_stops_before_anything_is_written(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    with shop.korona.turn():
        group = shop.korona.find(PriceGroup, "Shopify")
        group.currency_id = shop.korona.save(Currency(number="2", name="Franken", key="CHF")).id
        shop.korona.save(group)
    shop.korona.change_price("1001", Decimal("9.20"))
    shop.later(25 * 60)
    with shop.requests() as seen:
        assert next_run().exit_code == 2
    assert seen.writes == []
    assert "CHF" in shop.watched.results[0].errors[0].what


def test_a_net_list_fits_a_shop_that_adds_taxes_and_yen_have_no_decimals(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    world = World(currency="JPY", taxes_included=False)
    world.clock.set(MONDAY)
    with world:
        shop = Shop(world, tmp_path_factory.mktemp("yen"))
        shop.korona.add_article("1001", "Tee", Decimal("890.5"))
        shop.shopify.add_product("Tee", [{"sku": "1001", "price": "700"}])
        shop.init()
        assert shop.run("products").exit_code == 0
        assert product(shop, "1001").variants[0].price == Decimal(891)
