"""`korsync explain` says on one screen how an article or order stands, why, and what the next run makes of it."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.sandbox.server import Fault
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Shop
from tests.support.typed import Korsync


@pytest.fixture
def running(shop: Shop) -> Shop:
    """A shop that has run twice, with three articles in step."""
    for number in ("1001", "1002", "1003"):
        shop.stocked(number, name=f"Tee {number}")
    shop.init()
    shop.run_later()
    shop.later(5)
    return shop


@pytest.mark.parametrize("gone", [("shopify",), ("korona",), ("korona", "shopify")])
def test_where_a_side_is_down_it_says_so_and_nothing_of_what_it_could_not_read(
    running: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch, gone: tuple[str, ...]
) -> None:
    monkeypatch.setattr("korsync.wire.http._pause", lambda _: 0)
    for side in gone:
        getattr(running.world, f"{side}_server").stop()
    said = korsync("explain", "1001")
    assert said.code == 5
    assert "the connection was refused" in said.err
    assert "what to do: try again later" in said.err
    assert "what time it is" not in said.err
    assert "is called" not in said.out
    (error,) = json.loads(korsync("explain", "1001", "--output", "json").out)["errors"]
    assert error["remedy"] == "try again later"


def screen(korsync: Korsync, *words: str) -> str:
    """Return what is shown, with every run of blanks as one."""
    said = korsync("explain", *words)
    assert said.code == 0, said
    return " ".join(said.out.split())


def test_nothing_is_written_and_nothing_is_saved(running: Shop, korsync: Korsync) -> None:
    running.korona.count("1001", 4)
    before = sorted((each.name, each.read_bytes()) for each in running.folder.iterdir() if each.is_file())
    with running.requests() as seen:
        korsync("explain", "1001")
    assert seen.writes == []
    assert sorted((each.name, each.read_bytes()) for each in running.folder.iterdir() if each.is_file()) == before


@pytest.mark.usefixtures("running")
def test_an_article_in_step_is_shown_with_both_sides(korsync: Korsync) -> None:
    said = korsync("explain", "1001").out.splitlines()
    assert said == [
        "1001  Tee 1001",
        "  KORONA    Tee 1001; 8.90 in “Shopify” since 2026-11-22; pieces are counted",
        "  Shopify   “Tee 1001” (active); 8.90; pieces are counted; 10 pieces",
        "  match     the article's number is the SKU of this variant",
        "  level     KORONA has 10, Shopify has 10",
        "  next run  changes nothing: both sides are in step",
    ]


def test_the_sum_of_a_level_names_the_orders_and_what_is_missing(running: Shop, korsync: Korsync) -> None:
    running.configure(stock={"locations": [{"location": "Laden Mitte", "warehouses": ["1"], "buffer": 2}]})
    running.run_later()
    running.run_later()
    running.later(5)
    running.shopify.place_order([("1001", 2)])
    running.later(1)
    running.shopify.set_available("1001", 5)
    said = screen(korsync, "1001")
    assert (
        "level KORONA 10 - 2 sold and not yet in KORONA's stock (#1001: 2) - 1 missing since 2026-11-23 11:11" in said
    )
    assert "without an order so far - 2 kept back (stock.locations.buffer) = 5; Shopify has 5" in said
    assert (
        "waits what is missing counts as sold until 2026-11-23 11:26 at least: an order may not be listed yet" in said
    )


def test_why_a_level_is_not_raised_and_until_when(running: Shop, korsync: Korsync) -> None:
    running.shopify.set_available("1001", 7)
    running.run()
    running.later(5)
    said = screen(korsync, "1001")
    assert "not raised" in said
    assert "at least until 2026-11-23 10:45" in said
    running.run()
    running.later(15)
    assert "next run stock: available 7 → 10" in screen(korsync, "1001")


def test_what_the_next_run_does_is_what_it_does(running: Shop, korsync: Korsync) -> None:
    running.korona.count("1001", 4)
    running.korona.change_price("1001", Decimal("9.50"))
    said = screen(korsync, "1001")
    assert "next run stock: available 10 → 4" in said
    assert "next run products: price 8.90 → 9.50" in said
    running.run()
    assert running.shopify.available("1001") == 4
    past = screen(korsync, "1001")
    assert "past 2026-11-23 10:25 stock 1001 available 10 → 4: written" in past


def test_a_price_that_jumps_is_held_with_the_way_out(running: Shop, korsync: Korsync) -> None:
    running.korona.change_price("1001", Decimal("95.00"))
    said = screen(korsync, "1001")
    assert "held products: price 8.90 → 95.00: its price would jump from 8.90 to 95.00: " in said
    assert "`korsync accept products 1001`" in said
    assert said.count("held products") == 1


def test_a_stopped_article_names_its_own_reason(running: Shop, korsync: Korsync) -> None:
    for number in ("1001", "1002"):
        running.korona.change_price(number, Decimal("95.00"))
    for number, other in (("1001", "1002"), ("1002", "1001")):
        said = screen(korsync, number)
        assert f"`korsync accept products {number}`" in said
        assert other not in said


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("no variant", "match none: no variant in Shopify has this SKU; Shopify has '1 001'"),
        ("no article", "match none: no article in KORONA has this number"),
        ("twice", "match none: the SKU stands on 2 variants in Shopify"),
        ("off", "the article is switched off: its level is lowered with it and never raised"),
        ("deleted", "match none: its article is deleted in KORONA"),
        ("no price", "no price in “Shopify” holds now"),
        ("locked", "locked for sale"),
    ],
)
def test_why_an_article_is_not_kept_in_step(running: Shop, korsync: Korsync, what: str, words: str) -> None:
    match what:
        case "no variant":
            running.shopify.set_sku("1001", "1 001")
        case "no article":
            running.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
        case "twice":
            running.shopify.add_product("Zwilling", [{"sku": "1001", "available": 5}])
        case "off":
            running.korona.deactivate("1001")
        case "deleted":
            running.korona.delete_article("1001")
        case "no price":
            running.korona.add_article("1004", "Ohne Preis", None, stock=3)
            running.shopify.add_product("Ohne Preis", [{"sku": "1004", "available": 3}])
        case "locked":
            running.korona.lock_sales("1001")
    running.later(1)
    sku = {"no article": "X-1", "no price": "1004"}.get(what, "1001")
    assert words in screen(korsync, sku)


@pytest.mark.usefixtures("running")
def test_what_nobody_knows_is_said_with_what_is_near(korsync: Korsync) -> None:
    assert screen(korsync, "4711") == "no article, no variant and no order that may be booked is called 4711"
    near = (
        "no article, no variant and no order that may be booked is called 01001; KORONA has '1001'; Shopify has '1001'"
    )
    assert screen(korsync, "01001") == near


def place(shop: Shop) -> Order:
    return shop.shopify.place_order([("1002", 2)], shipping=Decimal("4.90"))


def test_an_order_to_come_is_shown_as_it_will_be_booked(running: Shop, korsync: Korsync) -> None:
    place(running)
    running.later(1)
    said = screen(korsync, "1001", "--output", "json")
    told = json.loads(said)
    (order,) = told["orders"]
    assert (order["name"], order["total"], order["receipts"]) == ("#1001", "22.70", [])
    assert order["lines"] == [{"pieces": 2, "sku": "1002", "title": "Tee 1002", "article": "1002 Tee 1002"}]
    (receipt,) = order["to_come"]
    assert (receipt["what"], receipt["number"], receipt["total"], receipt["at"]) == ("sale", "1001", "22.70", None)
    assert receipt["taxes"] == [{"name": "19 %", "amount": "3.62"}]
    assert receipt["payments"] == [{"name": "Kreditkarte", "amount": "22.70"}]
    assert "next run orders: receipt sale 1001, lines 2 × 1002 Tee 1002, 1 × DHL, total 22.70" in screen(
        korsync, "#1001"
    )


def test_a_booked_order_is_shown_with_what_korona_holds_and_its_refunds(running: Shop, korsync: Korsync) -> None:
    order = place(running)
    running.run_later()
    running.run_later()
    running.later(5)
    said = screen(korsync, "#1001")
    assert "booked sale, receipt 1001 of 2026-11-23 10:25: 22.70, taxes 3.62 (19 %), paid 22.70 Kreditkarte;" in said
    assert "done orders: booked, and nothing is left to do" in said
    running.shopify.refund_order(order, {"1002": 1})
    (refund,) = order.refunds
    running.later(1)
    said = screen(korsync, "#1001")
    assert f"refund {refund.id}: 1 × 1002 put back, not booked yet" in said
    assert f"to book return {refund.id}, receipt {refund.id}: -8.90" in said
    running.run()
    assert f"booked return {refund.id}" in screen(korsync, f"1001 refund {refund.id}")


def test_a_held_order_says_why(running: Shop, korsync: Korsync) -> None:
    running.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    running.shopify.place_order([("X-1", 1)])
    running.later(1)
    assert korsync("run").code == 1
    said = screen(korsync, "#1001")
    assert "line 1 × X-1 Nur online → no article in KORONA has this number" in said
    assert "booked nothing: KORONA holds no receipt of it" in said
    assert "held orders: SKU X-1 is not an article in KORONA" in said
    assert "past 2026-11-23 10:26 orders #1001 held: SKU X-1" in said


@pytest.mark.parametrize("what", ["test", "cancelled", "ignored"])
def test_an_order_that_is_never_booked_says_why(running: Shop, korsync: Korsync, what: str) -> None:
    words = {
        "test": "left orders: a test order is not booked",
        "cancelled": "left orders: cancelled before it was booked",
        "ignored": "left orders: settled by hand: korsync books nothing of it",
    }
    order = running.shopify.place_order([("1002", 1)], test=what == "test")
    if what == "cancelled":
        running.shopify.cancel_order(order)
    if what == "ignored":
        running.korona.reject_articles.add("1002")
    running.run()
    if what == "ignored":
        assert korsync("ignore", "1001").code == 0
    running.later()
    assert words[what] in screen(korsync, order.name)


def test_an_open_order_from_before_the_start_says_that_it_is_not_booked(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1002")
    order = shop.shopify.place_order([("1002", 1)], at=shop.world.clock.now() - timedelta(days=20))
    shop.init()
    shop.run_later()
    assert "left orders: placed before orders.start_from, not booked" in screen(korsync, order.name)


def test_a_booked_order_is_not_called_unbooked_by_a_later_start(running: Shop, korsync: Korsync) -> None:
    order = running.shopify.place_order([("1002", 1)])
    running.run_later()
    running.configure(orders={"start_from": "2026-12-24"})
    running.run_later()
    said = screen(korsync, order.name)
    assert "booked, and nothing is left to do" in said
    assert "not booked" not in said


def test_by_an_earlier_start_the_next_run_is_said_to_book_the_order(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1002")
    order = shop.shopify.place_order([("1002", 1)])
    shop.later(24 * 60)
    shop.configure(orders={"start_from": "2026-12-24"})
    shop.init()
    shop.run_later()
    shop.configure(orders={"start_from": "2026-11-01"})
    assert "not booked" not in screen(korsync, order.name)
    assert "the next run" in " ".join(korsync("check").out.split())
    shop.run_later()
    assert "booked" in screen(korsync, order.name)


def test_an_order_that_was_forgotten_long_ago_is_found_by_its_receipt(running: Shop, korsync: Korsync) -> None:
    place(running)
    running.run_later()
    for _ in range(2):
        running.later(35 * 24 * 60)
        running.run()
    assert running.state.orders == {}
    said = screen(korsync, "#1001")
    assert "booked sale, receipt 1001" in said
    assert "line 2 × 1002" in said


def test_an_article_and_an_order_of_one_name_are_both_shown_unless_one_is_meant(
    running: Shop, korsync: Korsync
) -> None:
    place(running)
    running.later(1)
    assert "1001 Tee 1001" in screen(korsync, "1001")
    assert "#1001 placed" in screen(korsync, "1001")
    assert "Tee 1001" not in screen(korsync, "#1001")


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(running: Shop, korsync: Korsync) -> None:
    running.world.shopify_server.faults.append(Fault("status", path="/orders", status=403, times=99))
    said = korsync("explain", "1001")
    assert said.code == 4
    assert "Shopify" in said.err
    assert "the article's number is the SKU of this variant" in said.out
