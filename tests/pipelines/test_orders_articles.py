"""Which article a line is booked on: by its SKU, also when the product was renamed, deleted, or is yet to be made."""

from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Article
from korsync.sandbox.shopify.sales import CustomLine, Order
from tests.support.selling import WAYS_OUT
from tests.support.shop import Shop
from tests.support.webshop import booked, held


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.stocked("1001", 100)
    shop.stocked("1002", 100)
    shop.init()
    shop.run()


def buy(shop: Shop, what: Any = "1001") -> Order:
    return shop.shopify.place_order([(what, 1)])


def articles(shop: Shop, order: Order) -> list[str | None]:
    """Return the numbers that the articles of an order's receipt have now."""
    (receipt,) = shop.korona.booked_under(f"order/{order.id}")
    return [shop.korona.table(Article)[article_id].number for article_id, _ in receipt.lines]


def test_a_product_deleted_in_shopify_is_booked_by_its_sku(shop: Shop) -> None:
    order = buy(shop)
    shop.shopify.delete_product("1001")
    assert shop.run("orders").exit_code == 0
    assert articles(shop, order) == ["1001"]
    assert shop.korona.stock_of("1001") == 99


def test_a_deleted_product_with_an_unknown_sku_is_held(shop: Shop) -> None:
    shop.shopify.add_product("Ware 7777", [{"sku": "7777", "available": 5}])
    buy(shop, "7777")
    shop.shopify.delete_product("7777")
    assert shop.run("orders").exit_code == 1
    assert held(shop) == {"1001": f"SKU 7777 is not an article in KORONA; {WAYS_OUT}"}


def test_a_sku_renamed_in_shopify_alone_is_still_the_article_that_was_sold(shop: Shop) -> None:
    order = buy(shop)
    shop.shopify.set_sku("1001", "1001-NEU")
    assert list(shop.run().state.held) == ["stock/1001"]
    assert articles(shop, order) == ["1001"]


def test_a_sku_renamed_on_both_sides_is_found_by_the_variant(shop: Shop) -> None:
    order = buy(shop)
    shop.shopify.set_sku("1001", "1001-NEU")
    shop.korona.renumber("1001", "1001-NEU")
    assert shop.run().exit_code == 0
    assert articles(shop, order) == ["1001-NEU"]


def test_blanks_around_a_sku_make_no_difference(shop: Shop) -> None:
    shop.shopify.set_sku("1001", " 1001 ")
    order = buy(shop, " 1001 ")
    shop.shopify.delete_product(" 1001 ")
    assert shop.run("orders").exit_code == 0
    assert articles(shop, order) == ["1001"]


def test_a_custom_line_goes_on_the_default_article_unless_its_sku_is_an_article(shop: Shop) -> None:
    made = [CustomLine(title="Gravur", sku=sku, price="5.00") for sku in ("GRAVUR", "1002", "")]
    order = shop.shopify.place_order([(each, 1) for each in made])
    assert shop.run("orders").exit_code == 0
    assert articles(shop, order) == ["9000", "1002", "9000"]


def test_a_product_without_a_sku_is_held_by_its_title(shop: Shop) -> None:
    shop.shopify.add_product("Neuheit", [{"available": 5}])
    product = shop.shopify.store.products[max(shop.shopify.store.products)]
    buy(shop, product.variants[0].id)
    assert shop.run("orders").exit_code == 1
    assert held(shop) == {"1001": f"“Neuheit”, which has no SKU, is not an article in KORONA; {WAYS_OUT}"}
    shop.shopify.set_sku(product.variants[0].id, "1002")
    assert list(shop.run_later().state.held) == ["stock/1002"]
    assert booked(shop) == ["1001"]


def test_an_article_made_after_the_catalogue_was_read_is_asked_for(shop: Shop) -> None:
    shop.korona.add_article("3000", "Ware 3000", stock=5)
    shop.shopify.add_product("Ware 3000", [{"sku": "3000", "available": 5}])
    order = buy(shop, "3000")
    assert shop.run("orders").exit_code == 0
    assert articles(shop, order) == ["3000"]


def test_a_number_that_two_articles_have_is_held(shop: Shop) -> None:
    for _ in range(2):
        shop.korona.add_article("3000", "Ware 3000", stock=5)
    shop.shopify.add_product("Ware 3000", [{"sku": "3000", "available": 5}])
    buy(shop, "3000")
    assert shop.run().exit_code == 1
    assert held(shop) == {"1001": "SKU 3000 is the number of several articles in KORONA"}


def test_an_article_deleted_in_korona_is_held(shop: Shop) -> None:
    shop.korona.delete_article("1001")
    buy(shop)
    assert shop.run().exit_code == 1
    assert held(shop) == {"1001": f"SKU 1001 is not an article in KORONA; {WAYS_OUT}"}


def test_an_article_that_only_the_cache_still_has_is_refused_by_korona_and_held(shop: Shop) -> None:
    shop.korona.delete_article("1001")
    buy(shop)
    buy(shop, "1002")
    assert shop.run("orders").exit_code == 1
    assert held(shop).keys() == {"1001"}
    assert booked(shop) == ["1002"]


def test_a_sku_that_korona_does_not_even_look_for_holds_its_order_alone(shop: Shop) -> None:
    shop.shopify.add_product("Unsinn", [{"sku": "%" * 300, "available": 5}])
    buy(shop, "%" * 300)
    buy(shop)
    shop.world.korona_server.faults.append(Fault("status", "GET", "/products$", status=400, body={"code": "BAD"}))
    assert shop.run("orders").exit_code == 1
    assert held(shop).keys() == {"1001"}
    assert booked(shop) == ["1002"]


def test_without_a_cache_every_article_is_asked_for(shop: Shop) -> None:
    shop.settings.cache_path.unlink()
    order = shop.shopify.place_order([("1001", 1), ("1002", 2), ("1001", 3)], tip=Decimal("1.00"))
    with shop.requests() as seen:
        assert shop.run("orders").exit_code == 0
    assert articles(shop, order) == ["1001", "1002", "1001", "9000"]
    asked = [each.query["number"][0] for each in seen.korona if each.path.endswith("/products")]
    assert sorted(asked) == ["1001", "1002", "9000", "9001"]
