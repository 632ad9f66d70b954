"""The sample shop: large and odd enough to be a shop, and in step once its orders are booked."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import floor
from typing import Any

import pytest
import requests

from korsync.sandbox.korona.store import Article
from korsync.sandbox.sample import fill, picture
from korsync.sandbox.shopify.pictures import picture_size
from korsync.sandbox.world import World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def filled_world() -> World:
    world = World()
    world.clock.set(NOW)
    fill(world)
    return world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with filled_world() as running:
        yield running


def rows(world: World, kind: str, **query: Any) -> list[dict[str, Any]]:
    """Read a whole list of the store over HTTP."""
    url = f"{world.shopify_server.base_url}/admin/api/2026-10/{kind}.json"
    found: list[dict[str, Any]] = []
    with requests.Session() as session:
        session.headers["X-Shopify-Access-Token"] = "shpat_sandbox"
        answer = session.get(url, params={"limit": 250, **query}, timeout=10)
        found += answer.json()[kind]
        while "next" in answer.links:
            answer = session.get(answer.links["next"]["url"], timeout=10)
            found += answer.json()[kind]
    return found


@pytest.fixture(scope="module")
def products(world: World) -> list[dict[str, Any]]:
    return rows(world, "products")


@pytest.fixture(scope="module")
def orders(world: World) -> list[dict[str, Any]]:
    return rows(world, "orders", status="any")


@pytest.fixture(scope="module")
def articles(world: World) -> dict[str, Article]:
    return {each.number: each for each in world.korona.table(Article).values() if each.active and each.number}


def single_variants(products: list[dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Products and variants by SKU, those left out whose SKU stands twice."""
    every = [(product, variant) for product in products for variant in product["variants"]]
    often = Counter(variant["sku"] for _, variant in every)
    return {variant["sku"]: (product, variant) for product, variant in every if often[variant["sku"]] == 1}


def shop_price(world: World, article: Article) -> Decimal | None:
    return next((price.value for _, price in world.korona._prices_in(article, "Shopify")), None)


def sold_pieces(orders: list[dict[str, Any]], articles: dict[str, Article]) -> Counter[str]:
    """Pieces that will be booked: sold, not put back, bundles as their parts."""
    numbers = {each.id: number for number, each in articles.items()}
    pieces: Counter[str] = Counter()
    for order in orders:
        if order["test"] or order["cancelled_at"]:
            continue
        back = [line for refund in order["refunds"] for line in refund["refund_line_items"]]
        for line in order["line_items"]:
            article = articles.get(line["sku"] or "")
            left = line["quantity"] - sum(each["quantity"] for each in back if each["line_item_id"] == line["id"])
            if article is not None and article.parts:
                for part_id, each in article.parts:
                    pieces[numbers[part_id]] += left * int(each)
            elif article is not None:
                pieces[article.number or ""] += left
    return pieces


def test_there_are_more_than_two_hundred_articles_with_odd_letters(articles: dict[str, Article]) -> None:
    names = " ".join(each.name for each in articles.values())
    assert len(articles) > 200
    assert all(letter in names for letter in "äöüß🌙🎄")
    assert {each.tax for each in articles.values()} == {Decimal(7), Decimal(19), Decimal(0)}


def test_names_and_numbers_stand_once(articles: dict[str, Article]) -> None:
    assert len({each.name for each in articles.values()}) == len(articles)


def test_the_shop_is_the_same_each_time(products: list[dict[str, Any]], orders: list[dict[str, Any]]) -> None:
    with filled_world() as again:
        assert json.dumps(rows(again, "products")) == json.dumps(products)
        assert json.dumps(rows(again, "orders", status="any")) == json.dumps(orders)


def test_every_oddity_of_a_real_shop_is_there(
    world: World, products: list[dict[str, Any]], articles: dict[str, Article]
) -> None:
    skus = Counter(variant["sku"] for product in products for variant in product["variants"])
    assert skus["5001"] == 2
    assert "ab-12" in skus
    assert "AB-12" in articles
    assert "815" in skus
    assert "0815" in articles
    assert len([each for each in skus if each not in articles]) >= 5
    assert len([each for each in articles if each not in skus]) >= 5
    assert any(len(each["variants"]) > 1 for each in products)
    assert {each["status"] for each in products} == {"active", "draft", "archived"}
    assert any(each.parts for each in articles.values())
    assert len([each for each in skus if each in articles and shop_price(world, articles[each]) is None]) >= 5
    assert world.shopify.stock_at("6002") is None
    assert not articles["6001"].track_inventory
    assert world.korona.stock_of("6003") % 1


def test_pictures_are_valid_and_differ(articles: dict[str, Article], products: list[dict[str, Any]]) -> None:
    assert picture_size(picture(1)) == (24, 24)
    assert picture(1) != picture(2)
    data = picture(3)
    start = data.index(b"IDAT") + 4
    assert len(zlib.decompressobj().decompress(data[start:])) == 24 * 25
    with_image = [number for number, each in articles.items() if each.image_id]
    shown = [number for number in with_image if single_variants(products)[number][0]["images"]]
    assert 0 < len(shown) < len(with_image) < 20


def test_less_than_a_fifth_is_out_of_step_and_no_price_by_forty_percent(
    world: World, products: list[dict[str, Any]], orders: list[dict[str, Any]], articles: dict[str, Article]
) -> None:
    variants = single_variants(products)
    matched = [number for number in articles if number in variants]
    sold = sold_pieces(orders, articles)
    apart: dict[str, set[str]] = {kind: set() for kind in ("title", "price", "image", "tracked", "stock")}
    for number in matched:
        article, (product, variant) = articles[number], variants[number]
        price = shop_price(world, article)
        if price is not None:
            if len(product["variants"]) == 1 and product["title"] != article.name:
                apart["title"].add(number)
            if Decimal(variant["price"]) != price:
                apart["price"].add(number)
                assert abs(price / Decimal(variant["price"]) - 1) < Decimal("0.4")
            if article.image_id and not product["images"]:
                apart["image"].add(number)
            if (variant["inventory_management"] == "shopify") != article.track_inventory:
                apart["tracked"].add(number)
        level = world.shopify.stock_at(number)
        if variant["inventory_management"] == "shopify" and level is not None:
            after_booking = floor(world.korona.stock_of(number)) - sold[number]
            if level.available != after_booking:
                apart["stock"].add(number)
    counts = {kind: len(numbers) for kind, numbers in apart.items()}
    assert counts["title"] == counts["price"] == 8
    assert counts["tracked"] == 1
    assert 8 <= counts["stock"] < 20
    assert len(set().union(*apart.values())) < len(matched) / 5


def test_the_week_has_about_thirty_orders_of_every_kind(orders: list[dict[str, Any]]) -> None:
    assert 28 <= len(orders) <= 35
    created = [datetime.fromisoformat(each["created_at"]) for each in orders]
    assert created == sorted(created, reverse=True)
    assert NOW - timedelta(days=7) <= min(created)
    assert NOW - timedelta(days=1) <= max(created) <= NOW
    assert all(datetime.fromisoformat(each["updated_at"]) <= NOW for each in orders)
    assert {each["financial_status"] for each in orders} >= {"paid", "pending", "refunded", "partially_refunded"}
    assert any(each["test"] for each in orders)
    assert any(each["cancelled_at"] for each in orders)
    assert any(each["closed_at"] and not each["cancelled_at"] for each in orders)
    assert any(each["total_discounts"] != "0.00" for each in orders)
    assert any(each["total_tip_received"] != "0.00" for each in orders)
    assert any(len(each["payment_gateway_names"]) > 1 for each in orders)
    assert any(each["presentment_currency"] != "EUR" for each in orders)
    lines = [line for each in orders for line in each["line_items"]]
    assert any(line["gift_card"] for line in lines)
    assert any(line["sku"] == "7001" for line in lines)


def test_every_order_adds_up_and_can_be_booked(orders: list[dict[str, Any]], articles: dict[str, Article]) -> None:
    for order in orders:
        total = Decimal(0)
        for line in order["line_items"] + order["shipping_lines"]:
            total += Decimal(line["price"]) * line.get("quantity", 1)
            total -= sum(Decimal(each["amount"]) for each in line["discount_allocations"])
        assert total == Decimal(order["total_price"])
        for line in order["line_items"]:
            no_article_needed = line["gift_card"] or line["variant_id"] is None
            assert no_article_needed or line["sku"] in articles
            rates = {Decimal(str(each["rate"])) for each in line["tax_lines"]}
            assert rates <= {Decimal("0.19"), Decimal("0.07"), Decimal(0)}


def test_no_level_was_sold_below_nothing(world: World) -> None:
    assert all(level.available >= 0 for level in world.shopify.store.levels.values())
