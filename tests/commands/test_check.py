"""`korsync check` finds whatever is not the same on both sides, says what becomes of it, and writes nothing."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.korona.store import Receipt
from korsync.sandbox.server import Fault
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Shop
from tests.support.typed import Korsync

Found = list[tuple[str, str, Any, Any, str]]


@pytest.fixture
def settled(shop: Shop) -> Shop:
    """A shop with two orders and a return that are booked, where both sides agree."""
    for number in ("1001", "1002", "1003"):
        shop.stocked(number)
    shop.init()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.place_order([("1002", 1)])
    shop.run()
    shop.later()
    shop.shopify.refund_order(order, {"1001": 1})
    for _ in range(3):
        shop.run_later()
    shop.later()
    return shop


@pytest.fixture
def found(settled: Shop, korsync: Korsync) -> Callable[[], Found]:
    """Check, and return what differs: item, field, KORONA's and Shopify's value, and what becomes of it."""

    def check() -> Found:
        with settled.requests() as seen:
            said = korsync("check", "--output", "json")
        assert seen.writes == []
        told = json.loads(said.out)
        assert said.code == told["exit_code"] == (1 if told["differences"] else 0)
        names = ("key", "field", "korona", "shopify", "mending")
        return [tuple(each[name] for name in names) for each in told["differences"]]

    return check


def in_words(printed: str) -> str:
    return " ".join(printed.split())


def orders(shop: Shop) -> list[Order]:
    return list(shop.shopify.store.orders.values())


def sale(shop: Shop, order: Order) -> Receipt:
    (receipt,) = shop.korona.booked_under(f"order/{order.id}")
    return receipt


def test_where_both_sides_agree_there_is_one_line(settled: Shop, korsync: Korsync) -> None:
    before = sorted((each.name, each.read_bytes()) for each in settled.folder.iterdir() if each.is_file())
    said = korsync("check")
    assert (said.code, said.err) == (0, "")
    assert said.out == "both sides agree (3 articles, 3 levels, 2 orders, 3 receipts compared)\n"
    assert sorted((each.name, each.read_bytes()) for each in settled.folder.iterdir() if each.is_file()) == before


@pytest.mark.parametrize("field", ["price", "name"])
def test_what_is_no_price_and_no_name_is_shown_to_a_person(settled: Shop, korsync: Korsync, field: str) -> None:
    if field == "price":
        settled.korona.change_price("1003", Decimal(0))
    else:
        settled.korona.rename("1003", " ")
    said = korsync("check")
    assert said.code == 1
    assert f"its {field} in" in in_words(said.out)
    assert "1 difference: 1 needs a person" in said.out


BY_HAND: dict[str, tuple[Callable[[Shop], object], Found]] = {
    "a price in Shopify": (
        lambda shop: shop.shopify.set_price("1003", "7.00"),
        [("1003", "price", "8.90", "7.00", "next run")],
    ),
    "a price in KORONA": (
        lambda shop: shop.korona.change_price("1003", Decimal("9.50")),
        [("1003", "price", "9.50", "8.90", "next run")],
    ),
    "a price that jumps": (
        lambda shop: shop.korona.change_price("1003", Decimal("95.00")),
        [("1003", "price", "95.00", "8.90", "person")],
    ),
    "a name in Shopify": (
        lambda shop: shop.shopify.rename("1003", "Mein Name"),
        [("1003", "title", "Ware 1003", "Mein Name", "next run")],
    ),
    "a name in KORONA": (
        lambda shop: shop.korona.rename("1003", "Neuer Name"),
        [("1003", "title", "Neuer Name", "Ware 1003", "next run")],
    ),
    "a flag in Shopify": (
        lambda shop: shop.shopify.set_tracked("1003", False),
        [("1003", "tracked", True, False, "next run")],
    ),
    "a flag in KORONA": (
        lambda shop: shop.korona.set_tracking("1003", False),
        [("1003", "tracked", False, True, "next run")],
    ),
    "a level raised in Shopify": (
        lambda shop: shop.shopify.set_available("1003", 14),
        [("1003", "level", 10, 14, "next run")],
    ),
    "a level lowered in Shopify": (
        lambda shop: shop.shopify.set_available("1003", 7),
        [("1003", "level", 10, 7, "waiting")],
    ),
    "a level lowered in KORONA": (
        lambda shop: shop.korona.count("1003", 4),
        [("1003", "level", 4, 10, "next run")],
    ),
    "a level raised in KORONA": (
        lambda shop: shop.korona.count("1003", 12),
        [("1003", "level", 12, 10, "next run")],
    ),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_what_a_hand_changed_on_either_side_is_found(settled: Shop, found: Callable[[], Found], what: str) -> None:
    move, expected = BY_HAND[what]
    move(settled)
    assert found() == expected


def test_a_level_that_is_kept_lower_shows_what_korona_has_and_why(
    settled: Shop, korsync: Korsync, found: Callable[[], Found]
) -> None:
    settled.shopify.place_order([("1003", 3)])
    settled.run()
    settled.later(1)
    assert [each for each in found() if each[1] == "level"] == [("1003", "level", 7, 7, "next run")]
    said = in_words(korsync("check").out)
    assert "1003 level: KORONA 7, Shopify 7, should be 4 KORONA 7, 3 sold and not yet in KORONA's stock" in said
    told = json.loads(korsync("check", "--output", "json").out)["differences"]
    assert [each["wanted"] for each in told if each["field"] == "level"] == [4]


def test_an_order_that_the_next_run_books_is_told_apart(settled: Shop, found: Callable[[], Found]) -> None:
    settled.shopify.place_order([("1003", 1)])
    settled.later(1)
    assert found() == [("#1003", "receipts", 0, 1, "next run")]


def test_an_order_that_is_held_needs_a_person(settled: Shop, found: Callable[[], Found]) -> None:
    settled.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    settled.shopify.place_order([("X-1", 1)])
    settled.later(1)
    assert found() == [("#1003", "receipts", 0, 1, "person")]


def test_an_order_whose_receipt_is_gone_is_found(settled: Shop, found: Callable[[], Found], korsync: Korsync) -> None:
    del settled.korona.table(Receipt)[sale(settled, orders(settled)[1]).id]
    assert found() == [("#1002", "receipts", 0, 1, "person")]
    assert "korsync has booked it; look for order number 1002" in in_words(korsync("check").out)


def test_an_order_cancelled_before_it_was_booked_needs_no_receipt(settled: Shop, found: Callable[[], Found]) -> None:
    settled.shopify.cancel_order(settled.shopify.place_order([("1003", 1)]))
    settled.later(1)
    assert found() == []
    settled.run()
    assert found() == []


def test_a_return_whose_receipt_is_gone_is_found(settled: Shop, found: Callable[[], Found]) -> None:
    (refund,) = orders(settled)[0].refunds
    (receipt,) = settled.korona.booked_under(f"refund/{refund.id}")
    del settled.korona.table(Receipt)[receipt.id]
    assert found() == [(f"#1001 refund {refund.id}", "receipts", 0, 1, "person")]


def test_an_order_that_is_booked_twice_is_found(settled: Shop, found: Callable[[], Found], korsync: Korsync) -> None:
    settled.korona.post_elsewhere(sale(settled, orders(settled)[1]).posted)
    assert [each for each in found() if each[0] == "#1002"] == [("#1002", "receipts", 2, 1, "person")]
    assert "KORONA holds 2 receipts for it" in in_words(korsync("check").out)


def test_receipts_with_another_total_are_found(settled: Shop, found: Callable[[], Found]) -> None:
    for receipt in settled.korona.receipts:
        receipt.gross += Decimal("0.01")
    (refund,) = orders(settled)[0].refunds
    assert found() == [
        ("#1001", "total", "17.81", "17.80", "person"),
        ("#1002", "total", "8.91", "8.90", "person"),
        (f"#1001 refund {refund.id}", "total", "-8.89", "-8.90", "person"),
    ]


def test_a_receipt_with_other_pieces_is_found(settled: Shop, found: Callable[[], Found]) -> None:
    receipt = sale(settled, orders(settled)[0])
    receipt.posted["items"][0]["quantity"] = Decimal(3)
    assert found() == [("#1001", "pieces", 3, 2, "person")]


def test_a_receipt_whose_order_is_gone_is_found(settled: Shop, found: Callable[[], Found]) -> None:
    number = sale(settled, orders(settled)[1]).number
    del settled.shopify.store.orders[orders(settled)[1].id]
    assert found() == [(f"receipt {number}", "orders", 1, 0, "person")]


def test_a_receipt_that_is_not_korsyncs_is_found(settled: Shop, found: Callable[[], Found], korsync: Korsync) -> None:
    foreign = {**sale(settled, orders(settled)[1]).posted, "orderNumber": "77", "number": "77"}
    del foreign["externalReferences"]
    settled.korona.post_elsewhere(foreign)
    assert [each[0] for each in found() if each[1] != "level"] == ["receipt 77"]
    assert "nothing but korsync should book on this point of sale" in in_words(korsync("check").out)


def test_what_lies_further_back_is_looked_at_where_a_day_is_named(settled: Shop, korsync: Korsync) -> None:
    settled.later(10 * 24 * 60)
    settled.run()
    del settled.korona.table(Receipt)[sale(settled, orders(settled)[1]).id]
    assert korsync("check").code == 0
    said = korsync("check", "--since", "2026-11-23")
    assert said.code == 1
    assert "#1002" in said.out


def test_orders_that_korsync_has_forgotten_are_compared_all_the_same(settled: Shop, korsync: Korsync) -> None:
    for _ in range(2):
        settled.later(35 * 24 * 60)
        settled.run()
    assert settled.state.orders == {}
    assert korsync("check", "--since", "2026-11-23").code == 0
    del settled.korona.table(Receipt)[sale(settled, orders(settled)[1]).id]
    said = korsync("check", "--since", "2026-11-23")
    assert said.code == 1
    assert "receipts: KORONA 0, Shopify 1" in said.out


def test_what_cannot_be_compared_is_said_and_never_taken_for_equal(settled: Shop, korsync: Korsync) -> None:
    settled.world.korona_server.faults.append(Fault("status", path="receipts", status=403, times=99))
    said = korsync("check")
    assert said.code == 4
    assert "not all could be compared; no difference in the rest (3 articles, 3 levels, 0 orders" in said.out


@pytest.mark.usefixtures("settled")
def test_what_a_large_check_costs_is_said_before(korsync: Korsync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("korsync.commands.check.SLOW", 10)
    assert korsync("check").err.startswith("both sides are read in full: about ")
