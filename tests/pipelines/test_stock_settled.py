"""A sale is settled by time and by KORONA's stock: until its row has moved the sold pieces are kept back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.shop import Shop

SKU = "1041"
HOURS_LATE = timedelta(hours=6)


@pytest.fixture
def late(shop: Shop) -> Shop:
    """A shop with five pieces of an article, whose KORONA answers at once and moves its stock six hours later."""
    shop.stocked(SKU, 5)
    shop.stocked("1042", 5)
    shop.init()
    shop.run_later()
    shop.run_later()
    shop.later(1)  # what is sold in the very moment of a look explains no fall
    shop.korona.stock_delay = HOURS_LATE
    return shop


def test_a_sold_piece_is_not_offered_again_as_long_as_koronas_stock_has_not_moved(late: Shop) -> None:
    late.shopify.place_order([(SKU, 1)])
    for _ in range(15):
        late.run_later()
        assert late.shopify.available(SKU) == 4
    for _ in range(8):
        late.run_later()
    assert late.korona.stock_of(SKU) == late.shopify.available(SKU) == 4


def test_another_articles_row_does_not_settle_it(late: Shop) -> None:
    late.shopify.place_order([(SKU, 1)])
    late.run_later()
    late.korona.count("1042", 4)
    late.run_later()
    late.run_later()
    assert (late.shopify.available(SKU), late.shopify.available("1042")) == (4, 4)


def test_each_article_of_an_order_is_settled_by_its_own_row(late: Shop) -> None:
    late.shopify.place_order([(SKU, 1), ("1042", 1)])
    late.run_later()
    late.korona.count("1042", 4)
    late.run_later()
    late.run_later()
    assert (late.shopify.available(SKU), late.shopify.available("1042")) == (4, 4)


def test_a_row_that_moved_before_the_time_is_over_settles_nothing(late: Shop) -> None:
    late.korona.stock_delay = timedelta(minutes=10)
    late.shopify.place_order([(SKU, 1)])
    late.run()
    late.korona.count(SKU, 4)
    late.later(5)
    late.run()
    assert late.shopify.available(SKU) == 3


def test_a_return_waits_as_well(late: Shop) -> None:
    order = late.shopify.place_order([(SKU, 1)])
    late.run()
    late.shopify.refund_order(order, {order.lines[0].id: 1})
    for _ in range(10):
        late.run_later()
    assert len(late.korona.receipts) == 1
    for _ in range(10):
        late.run_later()
    assert len(late.korona.receipts) == 2


def test_after_a_day_time_alone_counts_and_a_person_is_told_once(late: Shop) -> None:
    late.korona.stock_delay = timedelta(days=100)
    late.shopify.place_order([(SKU, 1)])
    late.run()
    late.later(23 * 60)
    late.run()
    assert late.shopify.available(SKU) == 4
    assert late.reason("stock", SKU) == ""
    late.later(61)
    late.run()
    assert "has not moved since order #1001 was booked a day ago" in late.reason("stock", SKU)
    late.run_later()
    assert late.reason("stock", SKU) == ""
    assert late.shopify.available(SKU) == 5


def test_an_article_without_a_row_is_settled_by_time_alone(shop: Shop) -> None:
    shop.korona.add_article(SKU, "Ware", Decimal("8.90"))
    shop.shopify.add_product("Ware", [{"sku": SKU, "price": Decimal("8.90"), "available": 5}])
    shop.init()
    order = shop.shopify.place_order([(SKU, 1)])
    shop.run()
    (known,) = shop.state.orders.values()
    assert known.sale is not None
    assert known.sale.stock_rows == ()
    shop.shopify.refund_order(order, {order.lines[0].id: 1})
    shop.run_later()
    assert len(shop.korona.receipts) == 2


def test_of_a_bundle_the_parts_must_have_moved(shop: Shop) -> None:
    shop.stocked(SKU, 8)
    shop.korona.add_article("2000", "Set", Decimal(20), parts={SKU: 2})
    shop.shopify.add_product("Set", [{"sku": "2000", "price": Decimal(20), "available": 4}])
    shop.init()
    shop.run_later()
    shop.run_later()
    shop.korona.stock_delay = HOURS_LATE
    shop.shopify.place_order([("2000", 1)])
    for _ in range(5):
        shop.run_later()
    assert shop.shopify.available(SKU) == 6
