"""The first look as a person sees it: what will be booked, what stays reserved, and what is in the way."""

import csv
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.sandbox.exchange import Fault
from korsync.sandbox.moves import move
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Shop
from tests.support.typed import Korsync

QUIET_CHECKS = "35 checks passed on both sides\n"


def old(shop: Shop, pieces: int = 3, sku: str = "1001", days: int = 20) -> Order:
    """Place an order some days ago; orders are booked of the last eight."""
    return shop.shopify.place_order([(sku, pieces)], at=shop.world.clock.now() - timedelta(days=days))


def screen(said: str) -> str:
    """Return what was printed without the line that names the state file, which lies elsewhere each time."""
    lines = [line for line in said.splitlines(keepends=True) if not line.startswith("state made: ")]
    assert all(len(line) <= 81 for line in lines)
    return "".join(lines)


def test_of_a_plain_shop_it_says_that_all_is_well(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    said = korsync("init")
    assert said.code == 0
    assert (
        screen(said.out)
        == QUIET_CHECKS
        + """
Articles
  1 of 1 SKUs in Shopify have an article in KORONA; 1 of these have a price in
    “Shopify”

Orders
  no order is waiting to be booked

next: korsync run --dry-run
"""
    )


# --- what will be booked, and what stays reserved ---


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """A shop with orders to book, and with open orders from before the start."""
    shop.stocked("1001", 5)
    shop.stocked("1002", 5)
    for days in (7, 3, 3):
        shop.shopify.place_order([("1002", 1)], at=shop.world.clock.now() - timedelta(days=days))
    old(shop, 4)
    partly = old(shop, 2)
    shop.shopify.fulfil_order(partly, {"1001": 1})
    shop.shopify.close_order(old(shop, 1))
    return shop


SCREEN = (
    QUIET_CHECKS
    + """
Articles
  2 of 2 SKUs in Shopify have an article in KORONA; 2 of these have a price in
    “Shopify”

Orders
  3 orders from 2026-11-16 to 2026-11-20, 26.70 EUR in all, are booked by the
    first run; a receipt in KORONA cannot be taken back
  2 open orders from before 2026-11-15, not booked: 5 pieces not shipped yet of
    1 article stay reserved until you ignore them; that takes 1 article off sale
    #1004: 4 × 1001
    #1005: 1 × 1001
    off sale: 1001

"""
)


def test_it_shows_what_it_will_do_to_money_and_stock_and_makes_nothing_without_an_answer(
    asked: Shop, korsync: Korsync
) -> None:
    said = korsync("init")
    assert said.code == 2
    assert said.out == SCREEN
    assert "nothing was made: the orders above need an answer" in said.err
    assert "--yes" in said.err
    assert "--ignore-open" in said.err
    assert not asked.settings.state_path.exists()


@pytest.mark.parametrize(("answer", "left"), [("--yes", 0), ("--ignore-open", 5)])
def test_the_open_orders_stay_reserved_or_do_not(asked: Shop, korsync: Korsync, answer: str, left: int) -> None:
    assert korsync("init", answer).code == 0
    asked.later()
    assert korsync("run").code == 0
    assert asked.shopify.available("1001") == left
    assert len(asked.korona.receipts) == 3


def test_both_answers_at_once_are_none(asked: Shop, korsync: Korsync) -> None:
    assert korsync("init", "--yes", "--ignore-open").code == 2
    assert not asked.settings.state_path.exists()


def test_a_shop_that_never_ships_in_shopify_is_not_sold_out(shop: Shop, korsync: Korsync) -> None:
    for number in range(1001, 1007):
        shop.stocked(str(number), 10)
        for _ in range(5):
            shop.shopify.close_order(old(shop, 2, str(number)))
            shop.shopify.set_available(str(number), 10)
    assert "open order" not in korsync("init", "--yes").out
    shop.later()
    assert korsync("run").code == 0
    assert {shop.shopify.available(str(number)) for number in range(1001, 1007)} == {10}


def test_with_a_wrong_year_the_first_and_last_day_tell(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001", 500)
    for days in range(10, 410, 10):
        old(shop, 1, days=days)
    shop.configure(orders={"start_from": "2025-10-15"})
    said = korsync("init")
    assert said.code == 2
    assert "40 orders from 2025-10-19 to 2026-11-13, 356.00 EUR in all" in said.out
    assert shop.korona.receipts == []


def test_an_article_that_is_sold_out_anyway_is_not_taken_off_sale_by_an_old_order(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001", 5)
    shop.stocked("1002", 0)
    old(shop, 1, "1001")
    old(shop, 1, "1002")
    said = korsync("init")
    assert "that takes 0 articles off sale" in " ".join(said.out.split())
    assert "off sale: " not in said.out


def test_the_days_are_the_shops_own(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.place_order([("1001", 1)], at=shop.world.clock.now().replace(day=20, hour=23, minute=30))
    assert "1 order of 2026-11-21, 8.90 EUR in all, is booked by" in korsync("init").out


def test_where_the_orders_cannot_be_read_nothing_is_made(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    # The first list is that of the old orders.
    shop.world.shopify_server.faults.append(Fault("status", "GET", "/orders.json$", skip=1, times=9, status=403))
    assert korsync("init").code == 4
    assert not shop.settings.state_path.exists()


# --- what does not match ---


def test_where_no_number_is_a_sku_it_shows_both_and_makes_nothing(shop: Shop, korsync: Korsync) -> None:
    for number in ("1001", "1002"):
        shop.korona.add_article(number, f"Tee {number}", Decimal("8.90"), stock=3)
        shop.shopify.add_product(f"Tee {number}", [{"sku": f"TEE-{number}", "price": "8.90", "available": 3}])
    said = korsync("init")
    assert said.code == 2
    what = "KORONA has 1001, 1002, 9000, 9001; Shopify has TEE-1001, TEE-1002"
    assert f"no article in KORONA has the number of a SKU in Shopify: {what}" in said.err
    assert not shop.settings.state_path.exists()


def test_where_no_article_has_a_price_in_the_list_it_makes_nothing(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.configure(korona={"price_list": "Standard"})
    said = korsync("init")
    assert said.code == 2
    assert "none of the 1 articles that match has a price in “Standard”" in said.err
    shop.configure(korona={"price_list": "Standard"}, products={"fields": ["title"]})
    assert korsync("init").code == 0


def test_few_matches_are_a_warning(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    for number in range(6):
        shop.shopify.add_product(f"Buch {number}", [{"sku": f"B-{number}", "available": 1}])
    said = korsync("init")
    assert said.code == 0
    assert "! only 1 of Shopify's 7 SKUs have an article in KORONA" in said.out


def test_all_that_does_not_match_is_counted_and_listed_in_a_file(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.korona.add_article("1002", "Ohne Preis", stock=1)
    shop.shopify.add_product("Ohne Preis", [{"sku": "1002", "available": 1}])
    shop.korona.add_article("1003", "Nur im Laden", Decimal("4.00"), stock=1)
    for title in ("Zwilling", "Zwilling (Kopie)"):
        shop.shopify.add_product(title, [{"sku": "1004", "available": 1}])
    shop.korona.add_article("1004", "Zwilling", Decimal("4.00"), stock=1)
    shop.korona.add_article("0815", "Löffel", Decimal("4.00"), stock=1)
    shop.shopify.add_product("Löffel", [{"sku": "815", "available": 1}])
    shop.shopify.add_product("Namenlos", [{"sku": "", "available": 1}])
    path = shop.folder / "odd.csv"
    said = korsync("init", "--report", str(path))
    assert said.code == 0
    assert (
        said.out.partition("\nOrders")[0]
        == """33 checks passed on both sides
! SKUs that stand twice or cannot be read: 1 (1004); give each variant a SKU and
    each article a number of its own
! SKUs that are nearly the number of an article: 1 (815); make both equal, to
    the letter

Articles
  2 of 4 SKUs in Shopify have an article in KORONA; 1 of these have a price in
    “Shopify”
       1 in Shopify, but not in KORONA
       2 in KORONA with a price in the list, but not in Shopify
       1 in Shopify without a SKU
       1 on both sides, without a price in the list
       1 stands twice, or cannot be read
"""
    )
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert [(row["what"].split(",")[0], row["number"], row["name"]) for row in rows] == [
        ("in Shopify", "815", "Löffel"),
        ("stands twice", "1004", "Zwilling (Kopie)"),
        ("in Shopify without a SKU", "", "Namenlos"),
        ("on both sides", "1002", "Ohne Preis"),
        ("in KORONA with a price in the list", "0815", "Löffel"),
        ("in KORONA with a price in the list", "1003", "Nur im Laden"),
    ]
    assert "the similar '0815'" in rows[0]["reason"]


def test_no_cell_of_the_report_is_a_formula(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    names = {"=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "-cmd|' /C calc'!A0": "'-cmd|' /C calc'!A0", "+4,50": "+4,50"}
    for number, name in enumerate(names):
        shop.shopify.add_product(name, [{"sku": f"X-{number}", "available": 1}])
    shop.shopify.add_product("Minus", [{"sku": "-17", "available": 1}])
    path = shop.folder / "odd.csv"
    korsync("init", "--report", str(path))
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert [row["name"] for row in rows] == ["Minus", *names.values()]
    assert rows[0]["number"] == "-17"


def test_a_report_that_cannot_be_written_is_said_and_nothing_is_made(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    said = korsync("init", "--report", str(shop.folder / "no" / "odd.csv"))
    assert said.code == 2
    assert "odd.csv cannot be written: No such file or directory" in said.err
    assert not shop.settings.state_path.exists()


# --- scopes, rights, locations ---


def test_each_missing_scope_is_named_with_what_it_is_for(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.scopes.difference_update({"write_products", "write_inventory", "read_orders"})
    said = korsync("init")
    assert said.code == 4
    assert "the app lacks write_products, needed to write names, prices and images" in said.err
    assert "the app lacks write_inventory, needed to write the levels" in said.err
    assert "the app lacks read_orders, needed to book orders and refunds" in said.err
    assert "put these 3 things right" in said.err
    assert not shop.settings.state_path.exists()


def test_without_all_orders_it_says_what_cannot_be_reserved(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.scopes.discard("read_all_orders")
    said = korsync("init")
    assert said.code == 0
    assert (
        screen(said.out).split("\nArticles")[0]
        == """34 checks passed on both sides
! the app lacks read_all_orders: Shopify shows no order older than 60 days: the
    pieces of one that is still open cannot be reserved, and its refunds are not
    booked; grant it to the app (Dev Dashboard: the app's version, its scopes),
    then install the new version in the store
"""
    )


def test_a_scope_that_only_a_field_left_out_needs_is_not_missed(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.scopes.discard("write_products")
    shop.configure(products={"fields": ["tracked"]})
    assert korsync("init").code == 0


def test_another_location_with_pieces_of_the_same_articles_is_named_with_them(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001", 5)
    shop.stocked("1002", 5)
    shop.shopify.set_available("1001", 5, "Online-Lager")
    shop.shopify.set_available("1002", 0, "Online-Lager")
    said = korsync("init")
    assert said.code == 0
    assert "! “Online-Lager” has 5 pieces for sale, too, of articles that match (1)" in said.out


def test_all_that_is_wrong_in_korona_is_said_at_once(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.korona.active_packages.discard("RETAIL")
    shop.configure(
        korona={"price_list": "Schopify", "cashier": "77"},
        orders={"payment_methods": {"default": "78"}, "default_product": "79"},
    )
    said = korsync("init")
    assert said.code == 2
    for part in ("no KORONA.retail", "“Schopify”", "no cashier “77”", "no payment method “78”", "the number “79”"):
        assert part in said.err
    assert "put these 5 things right" in said.err


def test_whoever_plays_with_the_sandbox_meets_all_of_it(shop: Shop, korsync: Korsync) -> None:
    for number in ("1001", "1002"):
        shop.stocked(number, 5)
    for line in (
        "old 20 1001 2",
        "old 20 1002 3",
        "archive 1002",
        "elsewhere 1001 5",
        "scope read_orders off",
        "decouple",
    ):
        assert not move(shop.world, line).startswith("that cannot be done")
    refused = korsync("init")
    assert refused.code == 4
    assert "the app lacks read_orders" in refused.err
    assert "“Onlineshop” is not coupled" in refused.err
    move(shop.world, "scope read_orders on")
    said = korsync("init", "--couple", "--yes")
    assert said.code == 0
    assert "“Online-Lager” has 5 pieces for sale, too" in said.out
    assert "1 open order from before 2026-11-15" in said.out
    move(shop.world, "ship 1001")
    shop.later()
    assert korsync("run").code == 1
    assert "take 2 × 1001 out of KORONA by hand" in shop.held("#1001").reason
