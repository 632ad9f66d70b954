"""A run narrowed to articles or orders reads as always, writes only these, and leaves the rest to the next run."""

from decimal import Decimal

import pytest

from korsync.records.plan import Ran
from korsync.rules.narrowing import Only
from tests.support.catalogue import price
from tests.support.shop import Shop
from tests.support.typed import Korsync
from tests.support.webshop import booked


def two_of_everything_to_do(shop: Shop) -> None:
    """Have two levels, two prices, two orders and a refund to be written."""
    for number in ("1001", "1002", "1003"):
        shop.stocked(number)
    shop.init()
    shop.later(5)
    returned = shop.shopify.place_order([("1003", 2)])
    shop.run()
    shop.later(20)
    shop.run()
    shop.later(5)
    shop.shopify.refund_order(returned, {"1003": 1})
    for number in ("1001", "1002"):
        shop.korona.sell_at_till(number, 1)
        shop.korona.change_price(number, Decimal("9.50"))
        shop.shopify.place_order([(number, 1)])
    shop.later(20)


def figures(shop: Shop) -> list[tuple[str, int]]:
    return [(price(shop, number), shop.shopify.available(number)) for number in ("1001", "1002")]


def left_over(ran: Ran) -> dict[str, list[str]]:
    return {each.plan.pipeline: [change.key for change in each.left_over] for each in ran.results}


def test_only_the_named_article_is_written_and_the_rest_goes_out_with_the_next_run(shop: Shop) -> None:
    two_of_everything_to_do(shop)
    (refund,) = (each for order in shop.shopify.store.orders.values() for each in order.refunds)
    ran = shop.run(only=Only(skus=("1002",)))
    assert figures(shop) == [("8.90", 9), ("9.50", 8)]
    assert booked(shop) == ["1001"]
    assert left_over(ran) == {
        "stock": ["1001"],
        "orders": ["#1002", "#1003"],
        "refunds": [f"#1001 refund {refund.id}"],
        "products": ["1001"],
    }
    shop.run_later()
    assert figures(shop) == [("9.50", 8), ("9.50", 8)]
    assert sorted(booked(shop)) == ["1001", "1001", "1002", "1003"]


@pytest.mark.parametrize("name", ["1003", "#1003"])
def test_only_the_named_order_is_booked(shop: Shop, name: str) -> None:
    two_of_everything_to_do(shop)
    shop.run(only=Only(orders=(name,)))
    assert booked(shop) == ["1001", "1003"]
    assert figures(shop) == [("8.90", 9), ("8.90", 9)]


def test_the_refunds_of_a_named_order_are_booked_with_it(shop: Shop) -> None:
    two_of_everything_to_do(shop)
    shop.run(only=Only(orders=("1001",)))
    assert booked(shop) == ["1001", "1001"]


def test_what_a_person_accepted_still_goes_out_after_a_narrowed_run(shop: Shop, korsync: Korsync) -> None:
    for number in ("1001", "1002"):
        shop.stocked(number)
    shop.init()
    for number in ("1001", "1002"):
        shop.korona.change_price(number, Decimal("89.00"))
    assert korsync("products").code == 3
    assert korsync("accept", "products").code == 0
    assert korsync("products", "--sku", "1001").code == 1
    assert (price(shop, "1001"), price(shop, "1002")) == ("89.00", "8.90")
    assert korsync("products").code == 0
    assert price(shop, "1002") == "89.00"


def test_a_narrowed_dry_run_shows_what_is_meant_and_how_much_waits(shop: Shop, korsync: Korsync) -> None:
    two_of_everything_to_do(shop)
    with shop.requests() as seen:
        said = korsync("run", "--dry-run", "--sku", "1002", "--order", "1002")
    assert seen.writes == []
    assert "stock: 1 change\n" in said.out
    assert "1001  " not in said.out
    assert "i 1 more wait for a run without --sku and --order" in said.out


def test_what_nobody_knows_is_said_so(shop: Shop, korsync: Korsync) -> None:
    two_of_everything_to_do(shop)
    said = korsync("run", "--sku", "4711", "--sku", "1001", "--order", "1099")
    assert said.code == 0
    assert "no article is called 4711 on either side" in said.err
    assert "no order that is open or of the last 30 days is called 1099" in said.err
    assert "1001" not in said.err


def test_where_nobody_knows_anything_that_was_named_it_is_a_mistake_and_no_success(
    shop: Shop, korsync: Korsync
) -> None:
    two_of_everything_to_do(shop)
    for words in (("--sku", "nix"), ("--order", "9999"), ("--sku", "nix", "--order", "9999", "--dry-run")):
        assert korsync("run", *words).code == 2
    assert figures(shop) == [("8.90", 9), ("8.90", 9)]


def test_of_what_is_known_and_in_step_nothing_is_to_be_written(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("1001", 1)])
    assert korsync("run").code == 0
    said = korsync("run", "--order", "1001")
    assert said.code == 0
    assert "nothing is to be written of 1001" in said.err


def test_of_what_could_not_be_read_nobody_says_that_it_is_not_there(shop: Shop, korsync: Korsync) -> None:
    two_of_everything_to_do(shop)
    shop.shopify.scopes.discard("read_orders")
    said = korsync("run", "--order", "9999")
    assert said.code == 4
    assert "nothing is to be written of 9999" in said.err
