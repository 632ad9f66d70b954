"""All four pipelines together: from the first look to both sides agreeing."""

from decimal import Decimal

from tests.support.shop import Shop


def test_sale_and_restocked_refund_bring_both_sides_back_to_where_they_were(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.init()
    order = shop.shopify.place_order([("1001", 2)], shipping=Decimal("4.90"))
    assert shop.run().exit_code == 0
    assert shop.korona.stock_of("1001") == 8
    shop.run_later()
    shop.shopify.refund_order(order, {"1001": 1})
    shop.run_later()
    shop.run_later()
    assert shop.korona.stock_of("1001") == 9
    assert shop.shopify.available("1001") == 9
    with shop.requests() as seen:
        shop.run_later()
    assert seen.writes == []


def test_an_idle_run_asks_five_times_however_many_articles_there_are(shop: Shop) -> None:
    for number in range(1000, 1040):
        shop.stocked(str(number))
    shop.init()
    shop.run()
    with shop.requests() as first:
        shop.run_later()
    with shop.requests() as second:
        shop.run_later(minutes=60)
    assert first.writes == second.writes == []
    assert len(second.everything) == 5


def test_a_dry_run_sends_nothing_that_writes_and_saves_nothing(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.shopify.set_price("1001", "1.00")
    shop.init()
    shop.shopify.place_order([("1001", 1)])
    before = shop.settings.state_path.read_bytes(), shop.settings.cache_path.read_bytes()
    with shop.requests() as seen:
        ran = shop.run(dry=True)
    assert ran.has_changes
    assert {each.method for each in seen.everything} == {"GET"}
    assert (shop.settings.state_path.read_bytes(), shop.settings.cache_path.read_bytes()) == before
