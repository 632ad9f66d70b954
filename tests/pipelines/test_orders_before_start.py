"""Orders from before `orders.start_from`: never booked, and their pieces sold once all the same."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from korsync.commands import decide
from korsync.records.plan import Fate
from korsync.rules.standing import reserved_orders
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Shop
from tests.support.webshop import booked


def set_up(shop: Shop, **config: object) -> None:
    """Let korsync take its first look, and let enough time pass that levels may rise."""
    shop.configure(**config)
    shop.init()
    shop.later()


@pytest.fixture
def old_order(shop: Shop) -> Order:
    """An unfulfilled order from before orders.start_from, of which KORONA knows nothing."""
    shop.stocked("1001", 10)
    order = shop.shopify.place_order([("1001", 2)])
    shop.later(24 * 60 * 20)
    set_up(shop, orders={"start_from": "2026-12-12"})
    shop.run()
    return order


@pytest.mark.usefixtures("old_order")
def test_an_order_from_before_the_start_keeps_its_pieces(shop: Shop) -> None:
    for _ in range(3):
        shop.run_later()
    assert shop.korona.receipts == []
    assert shop.shopify.available("1001") == 8


def test_an_order_from_before_the_start_that_is_shipped_is_held_until_a_person_has_told_korona(
    shop: Shop, old_order: Order
) -> None:
    shop.shopify.fulfil_order(old_order)
    for _ in range(2):
        assert shop.run_later().exit_code == 1
        assert shop.shopify.available("1001") == 8
    remedy = "take 2 × 1001 out of KORONA by hand, then `korsync ignore 1001`"
    assert shop.held(old_order.name).reason == f"shipped, placed before orders.start_from: {remedy}"
    shop.korona.count("1001", 8)
    decide.ignore(shop.settings, old_order.name)
    assert shop.run_later().exit_code == 0
    assert shop.shopify.available("1001") == 8
    assert shop.korona.receipts == []


def test_an_order_from_before_the_start_that_was_shipped_when_it_is_first_seen_takes_nothing(shop: Shop) -> None:
    shop.stocked("1001", 10)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.fulfil_order(order)
    shop.shopify.set_available("1001", 10)
    shop.later(24 * 60 * 20)
    set_up(shop, orders={"start_from": "2026-12-12"})
    shop.shopify.touch(order)
    assert shop.run().exit_code == 0
    assert shop.shopify.available("1001") == 10


def test_an_order_from_before_the_start_lets_go_of_its_pieces_when_it_is_ignored(shop: Shop, old_order: Order) -> None:
    decide.ignore(shop.settings, old_order.name)
    shop.run_later()
    assert shop.shopify.available("1001") == 10


# --- a start still to come ---


def with_a_start_still_to_come(shop: Shop, pieces: int = 5) -> None:
    """A shop set up on Monday whose orders are booked from Thursday on."""
    shop.stocked("1001", pieces)
    set_up(shop, orders={"start_from": "2026-11-26"})


def test_with_a_start_still_to_come_a_single_piece_is_sold_once(shop: Shop) -> None:
    with_a_start_still_to_come(shop, pieces=1)
    order = shop.shopify.place_order([("1001", 1)])
    for _ in range(3):
        assert shop.run_later().exit_code == 0
        assert shop.shopify.available("1001") == 0
    assert shop.korona.receipts == []
    shop.shopify.fulfil_order(order)
    assert shop.run_later().exit_code == 1
    assert shop.held(order.name).reason.startswith("shipped, placed before orders.start_from: take 1 × 1001 out of")
    assert shop.shopify.available("1001") == 0


def test_what_is_ordered_and_shipped_between_two_runs_before_the_start_is_held(shop: Shop) -> None:
    with_a_start_still_to_come(shop)
    shop.run()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.later(5)
    shop.shopify.fulfil_order(order)
    for _ in range(3):
        assert shop.run_later().exit_code == 1
        assert shop.shopify.available("1001") == 3
    assert shop.held(order.name).reason.startswith("shipped, placed before orders.start_from: take 2 × 1001 out of")


def test_the_first_order_since_the_start_is_booked(shop: Shop) -> None:
    with_a_start_still_to_come(shop)
    shop.later(3 * 24 * 60)
    order = shop.shopify.place_order([("1001", 2)])
    shop.run_later()
    assert [each.posted["externalReferences"]["korsyncKey"] for each in shop.korona.receipts] == [f"order/{order.id}"]


# --- what has still to go of it ---


def with_an_order_from_before(shop: Shop, pieces: int, before: Callable[[Order], object]) -> Order:
    """Set a shop up that has an old order of three pieces, after something has become of that.

    KORONA's `pieces` are counted: what was shipped by then is not among them. Shopify has for sale what is left.
    """
    shop.stocked("1001", 20)
    order = shop.shopify.place_order([("1001", 3)])
    before(order)
    shop.korona.count("1001", pieces)
    shop.later(24 * 60 * 20)
    set_up(shop, orders={"start_from": "2026-12-12"})
    shop.run()
    return order


def test_of_an_order_from_before_the_start_only_what_was_not_shipped_keeps_its_pieces(shop: Shop) -> None:
    order = with_an_order_from_before(shop, 10, lambda order: shop.shopify.fulfil_order(order, {"1001": 1}))
    shop.run_later()
    assert shop.shopify.available("1001") == 8
    shop.shopify.fulfil_order(order)
    assert shop.run_later().exit_code == 1
    assert "take 2 × 1001 out of KORONA" in shop.held(order.name).reason
    assert shop.shopify.available("1001") == 8


@pytest.mark.parametrize("restock_type", ["cancel", "no_restock"])
def test_what_was_refunded_of_it_keeps_no_piece(shop: Shop, restock_type: str) -> None:
    with_an_order_from_before(
        shop,
        10,
        lambda order: shop.shopify.refund_order(order, {"1001": 1}, restock_type=restock_type),
    )
    shop.run_later()
    assert shop.shopify.available("1001") == 8


def test_an_archived_order_keeps_no_piece_whether_it_was_shipped_or_not(shop: Shop) -> None:
    order = with_an_order_from_before(shop, 10, shop.shopify.close_order)
    shop.shopify.touch(order)
    assert shop.run_later().exit_code == 0
    assert shop.shopify.available("1001") == 10


def test_an_open_order_that_is_archived_later_is_held_until_a_person_has_told_korona(shop: Shop) -> None:
    order = with_an_order_from_before(shop, 10, lambda _: None)
    shop.shopify.close_order(order)
    for _ in range(2):
        assert shop.run_later().exit_code == 1
        assert shop.shopify.available("1001") == 7
    remedy = "take 3 × 1001 out of KORONA by hand, then `korsync ignore 1001`"
    assert shop.held(order.name).reason == f"archived, placed before orders.start_from: {remedy}"


# --- a start that is corrected ---

MISTYPED, RIGHT = {"start_from": "2026-12-19"}, {"start_from": "2026-11-19"}


def test_with_an_earlier_start_what_was_placed_since_is_booked_however_it_stands_by_now(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shipped, archived, still_open = (shop.shopify.place_order([("1001", 1)]) for _ in range(3))
    shop.shopify.fulfil_order(shipped)
    shop.shopify.fulfil_order(archived, archive=True)
    shop.later(4 * 24 * 60)
    set_up(shop, orders=MISTYPED)
    shop.run()
    new = shop.shopify.place_order([("1001", 1)])
    shop.run_later()
    assert booked(shop) == []
    shop.configure(orders=RIGHT)
    for _ in range(4):
        assert shop.run_later().exit_code == 0
        assert shop.shopify.available("1001") == 6
    names = [each.name.removeprefix("#") for each in (shipped, archived, still_open, new)]
    assert sorted(booked(shop)) == names
    assert shop.korona.stock_of("1001") == 6


def test_with_an_earlier_start_also_what_nobody_touched_for_long_is_booked_once(shop: Shop) -> None:
    shop.stocked("1001", 10)
    order = shop.shopify.place_order([("1001", 1)])
    shop.shopify.fulfil_order(order)
    shop.later(60 * 24 * 60)
    set_up(shop, orders={"start_from": "2027-01-10"})
    shop.run()
    for start in ("2026-11-19", "2027-01-10", "2026-11-19"):
        shop.configure(orders={"start_from": start})
        for _ in range(3):
            assert shop.run_later().exit_code == 0
        shop.later(40 * 24 * 60)
    assert booked(shop) == ["1001"]


def test_an_earlier_start_that_makes_many_receipts_waits_for_a_person(shop: Shop) -> None:
    shop.stocked("1001", 10)
    for _ in range(4):
        shop.shopify.fulfil_order(shop.shopify.place_order([("1001", 1)]))
    shop.later(4 * 24 * 60)
    set_up(shop, orders=MISTYPED)
    shop.run()
    shop.configure(orders=RIGHT, safety={"max_receipts": 3})
    assert [shop.run_later().exit_code, shop.run_later().exit_code, booked(shop)] == [3, 3, []]
    decide.accept(shop.settings, "orders")
    assert (shop.run_later().exit_code, len(booked(shop))) == (0, 4)


def test_the_orders_since_another_start_are_read_once(shop: Shop) -> None:
    set_up(shop, orders=MISTYPED)
    shop.run()
    shop.configure(orders=RIGHT)
    with shop.requests() as seen:
        shop.run_later()
        shop.run_later()
    assert seen.count("GET", "/orders.json") == 3


def test_what_is_not_booked_by_a_later_start_is_not_booked_any_more(shop: Shop) -> None:
    shop.stocked("1001", 10)
    set_up(shop)
    shop.run()
    shop.shopify.add_product("Ware 7777", [{"sku": "7777", "available": 9}])
    order = shop.shopify.place_order([("7777", 1)])
    assert shop.run_later().exit_code == 1
    shop.later(3 * 24 * 60)
    shop.configure(orders={"start_from": "2026-11-25"})
    shop.korona.add_article("7777", "Ware 7777", Decimal("8.90"), stock=9)
    assert shop.run_later().exit_code == 0
    assert shop.reason("orders", order.name) == "placed before orders.start_from, not booked"
    assert booked(shop) == []


@pytest.mark.parametrize("days", [0, 3])
def test_what_is_booked_stays_so_with_a_later_start(shop: Shop, days: int) -> None:
    shop.stocked("1001", 10)
    set_up(shop)
    order = shop.shopify.place_order([("1001", 2)])
    shop.run()
    shop.configure(orders={"start_from": "2027-02-01"})
    shop.later(days * 24 * 60)
    for _ in range(3):
        assert shop.run_later().exit_code == 0
        assert shop.shopify.available("1001") == 8
        assert shop.skips("orders", Fate.LEFT) == []
        assert reserved_orders(shop.state) == []
    shop.shopify.fulfil_order(order)
    shop.shopify.refund_order(order, {"1001": 1})
    for _ in range(4):
        assert shop.run_later().exit_code == 0
    assert len(shop.korona.receipts) == 2
    assert [shop.korona.stock_of("1001"), Decimal(shop.shopify.available("1001") or 0)] == [9, 9]
