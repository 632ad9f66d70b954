"""What a run asks that finds nothing: KORONA says in one word that products, prices and images stand still."""

from decimal import Decimal

import pytest

from korsync.sandbox.exchange import Fault
from korsync.sandbox.sample import picture
from tests.support.shop import Requests, Shop
from tests.support.webshop import held

LISTS = ("/products", "/prices", "/images")


@pytest.fixture
def idle(shop: Shop) -> Shop:
    """A shop in which nothing has happened for two runs."""
    shop.stocked("1001", image=picture(1))
    shop.stocked("1002")
    shop.init()
    for _ in range(3):
        shop.run_later()
    return shop


def asked(seen: Requests) -> list[str]:
    """Return what KORONA was asked, by the last part of each path."""
    return sorted(each.path.rpartition("/")[2] for each in seen.korona)


def test_an_idle_run_costs_five_requests(idle: Shop) -> None:
    with idle.requests() as seen:
        assert idle.run_later().exit_code == 0
    assert asked(seen) == ["maxRevisions", "productStocks"]
    assert sorted(each.path.rpartition("/")[2] for each in seen.shopify) == [
        "inventory_levels.json",
        "orders.json",
        "products.json",
    ]


def test_an_idle_run_of_orders_alone_costs_one(idle: Shop) -> None:
    with idle.requests() as seen:
        idle.run_later("orders", minutes=1)
    assert [each.path.rpartition("/")[2] for each in seen.everything] == ["orders.json"]


def test_orders_that_are_held_for_an_article_cost_an_idle_run_nothing_more(idle: Shop) -> None:
    for number in range(7000, 7011):
        idle.shopify.add_product(f"Ware {number}", [{"sku": str(number), "available": 5}])
        idle.shopify.place_order([(str(number), 1)])
    for _ in range(2):
        assert idle.run_later(minutes=61).exit_code == 1
    with idle.requests() as seen:
        assert idle.run_later().exit_code == 1
    assert asked(seen) == ["maxRevisions", "productStocks"]
    assert len(seen.shopify) == 3


def test_orders_alone_find_the_article_for_which_one_is_held(idle: Shop) -> None:
    idle.shopify.add_product("Ware 7000", [{"sku": "7000", "available": 5}])
    idle.shopify.place_order([("7000", 1)])
    assert idle.run_later("orders", minutes=1).exit_code == 1
    with idle.requests() as seen:
        assert idle.run_later("orders", minutes=1).exit_code == 1
    assert asked(seen) == ["maxRevisions"]
    idle.korona.add_article("7000", "Ware 7000", stock=5)
    assert idle.run_later("orders", minutes=1).exit_code == 0


def test_where_the_articles_cannot_be_read_an_order_stays_held_and_the_others_are_booked(idle: Shop) -> None:
    idle.shopify.add_product("Ware 7000", [{"sku": "7000", "available": 5}])
    idle.shopify.place_order([("7000", 1)])
    idle.run_later("orders", minutes=1)
    idle.world.korona_server.faults.append(Fault("status", "GET", "/(products|maxRevisions)$", status=403, times=100))
    order = idle.shopify.place_order([("1001", 1)])
    assert idle.run_later("orders", minutes=1).exit_code == 1
    assert len(idle.korona.booked_under(f"order/{order.id}")) == 1
    assert list(held(idle)) == ["1001"]


@pytest.mark.parametrize("status", [403, 404, 500, 204])
def test_where_the_account_does_not_say_all_are_asked_and_that_for_a_day(idle: Shop, status: int) -> None:
    fault = Fault("status", "GET", "/maxRevisions$", status=status, times=100, body={"code": "X", "message": "no"})
    idle.world.korona_server.faults.append(fault)
    idle.korona.rename("1001", "Neu")
    for minutes in (20, 20, 20, 20):
        assert idle.run_later(minutes=minutes).exit_code == 0
    with idle.requests() as seen:
        idle.run_later()
    assert asked(seen) == ["images", "prices", "productStocks", "products"]
    assert len(seen.everything) == 7


def test_an_account_that_counts_what_it_does_not_show_is_not_asked_in_vain(idle: Shop) -> None:
    body = {"product": 10**6, "price": 10**6, "image": 10**6}
    idle.world.korona_server.faults.append(Fault("status", "GET", "/maxRevisions$", status=200, times=100, body=body))
    for _ in range(3):
        idle.run_later()
    with idle.requests() as seen:
        idle.run_later()
    assert len(seen.everything) == 7


def test_what_is_saved_is_asked_for_and_nothing_else(idle: Shop) -> None:
    idle.korona.rename("1001", "Neu")
    with idle.requests() as seen:
        idle.run_later()
    assert asked(seen) == ["maxRevisions", "productStocks", "products"]
    assert idle.shopify.product_by_sku("1001").title == "Neu"
    idle.korona.change_price("1002", Decimal("9.10"), touch_article=False)
    idle.run_later()
    assert idle.shopify.store.variant_of("1002").price == Decimal("9.10")
    idle.korona.replace_image("1001", picture(2), new_id=False)
    idle.run_later()
    assert idle.shopify.product_by_sku("1001").images[-1].content == picture(2)


def test_a_row_that_is_committed_late_is_not_passed_over(idle: Shop) -> None:
    article = idle.korona.article("1001")
    idle.korona.rename("1002", "Zuerst")
    late = article.revision = idle.korona.article("1002").revision - 1
    for _ in range(3):
        idle.run_later(minutes=1)
    article.name = "Spät"
    assert article.revision == late
    for _ in range(3):
        idle.run_later(minutes=1)
    assert idle.shopify.product_by_sku("1001").title == "Spät"


def test_a_full_run_asks_for_everything(idle: Shop) -> None:
    with idle.requests() as seen:
        idle.run(full=True)
    assert {"products", "prices", "images"} <= set(asked(seen))
    with idle.requests() as seen:
        idle.run_later(minutes=25 * 60)
    assert "products" in asked(seen)
