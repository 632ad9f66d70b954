"""What a shop may allow and what not: unknown products, rounding, another currency, orders imported from elsewhere."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Currency, PriceGroup
from korsync.sandbox.shopify.order_wire import order_json
from korsync.sandbox.shopify.sales import Order
from tests.support.selling import WAYS_OUT
from tests.support.shop import Shop
from tests.support.webshop import assert_booked, booked, held, on_sale, open_webshop, payment, row


@pytest.fixture
def tea(tmp_path: Path) -> Iterator[Shop]:
    with open_webshop(tmp_path) as shop:
        on_sale(shop, "0815", "8.90", tax="7")
        shop.init()
        shop.run("products")
        yield shop


def show(shop: Shop, order: Order, **changed: Any) -> None:
    """Let Shopify list an order with some of its fields changed."""
    body = {"orders": [order_json(shop.shopify.store, order) | changed]}
    shop.world.shopify_server.faults.append(
        Fault("replace_answer", "GET", "orders.json", times=100, status=200, body=body)
    )


def test_a_product_that_korona_does_not_have_is_held_until_it_may_go_on_the_default_article(tea: Shop) -> None:
    tea.shopify.add_product("Schutz", [{"sku": "815", "price": "0.98", "tax": ()}])
    order = tea.shopify.place_order([("815", 2)])
    assert tea.run("orders").exit_code == 1
    assert held(tea) == {"1001": f"SKU 815 is not an article in KORONA (KORONA has 0815); {WAYS_OUT}"}
    tea.configure(orders={"unknown_sku": "default_product"})
    assert tea.run("orders").exit_code == 0
    rows = [row(tea, order.lines[0].id, "9000", 2, "Schutz", "1.96")]
    assert_booked(tea, "1.96", rows, [payment(tea, "1.96", "5")])


def test_the_default_articles_number_as_a_sku_in_shopify_is_a_way_out(tea: Shop) -> None:
    tea.shopify.add_product("Schutz", [{"sku": "SCHUTZ", "price": "0.98", "tax": ()}])
    tea.shopify.place_order([("SCHUTZ", 1)])
    assert tea.run("orders").exit_code == 1
    tea.shopify.set_sku("SCHUTZ", "9000")
    tea.later()
    tea.run("products")
    assert tea.run("orders").exit_code == 0
    assert booked(tea) == ["1001"]


def test_a_cent_that_the_lines_lack_is_booked_where_that_is_allowed(tea: Shop) -> None:
    order = tea.shopify.place_order([("0815", 1)])
    total = {"shop_money": {"amount": "8.91", "currency_code": "EUR"}}
    show(tea, order, total_price="8.91", total_price_set=total)
    assert tea.run("orders").exit_code == 1
    assert held(tea) == {"1001": "its lines add up to 8.90, Shopify's total is 8.91"}
    tea.configure(orders={"rounding_cents": 1})
    assert tea.run("orders").exit_code == 0
    rows = [
        row(tea, order.lines[0].id, "0815", 1, "Ware 0815", "8.90", ("7", "0.58", "2")),
        row(tea, order.id, "9000", 1, "Rounding difference", "0.01"),
    ]
    assert_booked(tea, "8.91", rows, [payment(tea, "8.91", "5")])


@pytest.mark.parametrize("of_price_list", [True, False])
def test_an_order_in_other_money_than_the_price_list_or_else_the_store_is_held(tea: Shop, of_price_list: bool) -> None:
    if of_price_list:
        tea.korona.find(Currency, "1").key = "CHF"
    else:
        with tea.korona.turn():
            tea.korona.find(PriceGroup, "Shopify").number = "gone"
            tea.korona.find(PriceGroup, "gone").name = "gone"
    ours = "CHF" if of_price_list else "EUR"
    tea.settings.cache_path.unlink()
    tea.shopify.place_order([("0815", 1)])
    show(tea, tea.shopify.place_order([("0815", 1)]), currency="USD")
    assert tea.run("orders").exit_code == 1
    assert held(tea)["1002"] == f"its total is 8.90 USD, KORONA's prices and receipts are in {ours}: book it by hand"


def test_an_order_imported_from_elsewhere_counts_by_the_day_on_which_it_was_placed(tea: Shop) -> None:
    order = tea.shopify.place_order([("0815", 1)])
    show(tea, order, processed_at="2023-05-02T08:00:00+02:00")
    assert tea.run("orders").exit_code == 0
    assert tea.korona.receipts == []
    assert tea.reason("orders", order.name) == "placed before orders.start_from, not booked"


def test_what_was_taken_out_before_the_first_look_may_be_missing_in_the_total(tea: Shop) -> None:
    order = tea.shopify.place_order([("0815", 3)])
    tea.shopify.edit_order(order, fewer={"0815": 1})
    left = {"shop_money": {"amount": "17.80", "currency_code": "EUR"}}
    show(tea, order, total_price="17.80", total_price_set=left)
    tea.run("orders", "refunds")
    assert tea.korona.receipts[0].gross == Decimal("26.70")
    tea.run_later("stock", "orders", "refunds")
    tea.run_later("stock", "orders", "refunds")
    assert [receipt.gross for receipt in tea.korona.receipts] == [Decimal("26.70"), Decimal("-8.90")]


def test_a_sku_that_korona_does_not_even_look_for_holds_its_order_alone(tea: Shop) -> None:
    tea.shopify.add_product("Schutz", [{"sku": "S/1", "price": "0.98", "tax": ()}])
    tea.shopify.place_order([("S/1", 1)])
    tea.shopify.place_order([("0815", 1)])
    tea.world.korona_server.faults.append(Fault("status", "GET", "/products$", times=100, status=400))
    assert tea.run("orders").exit_code == 1
    assert booked(tea) == ["1002"]
    assert held(tea)["1001"].startswith("SKU S/1 is not an article in KORONA")


def test_a_look_up_that_korona_refuses_is_not_told_as_a_missing_article(tea: Shop) -> None:
    tea.settings.cache_path.unlink()
    tea.shopify.place_order([("0815", 1)])
    tea.world.korona_server.faults.append(Fault("status", "GET", "/products$", times=100, status=400))
    ran = tea.run("orders")
    assert ran.exit_code == 2
    (error,) = tea.watched.results[0].errors
    assert "KORONA refuses to look for the article “9001”" in str(error)
    assert "orders.shipping_product" in getattr(error, "remedy", "")
