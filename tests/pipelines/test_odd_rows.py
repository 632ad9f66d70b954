"""A row of a list that cannot be read is that article, level or order alone: it is held, the rest goes on."""

from decimal import Decimal
from typing import Any

import pytest

from korsync.commands import decide
from korsync.memory.cache import any_cache
from korsync.pipelines import changed
from korsync.records.plan import Fate
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Article
from tests.support.catalogue import price, title
from tests.support.odd_rows import MISSING, Json, spoil
from tests.support.shop import Shop


@pytest.fixture
def two(shop: Shop) -> Shop:
    """A shop of two articles in step, each about to get another price and another stock; 1001 will be odd."""
    shop.stocked("1001", 10)
    shop.stocked("1002", 10)
    shop.init()
    shop.run_later()
    shop.later()
    for number in ("1001", "1002"):
        shop.korona.change_price(number, Decimal("9.20"))
        shop.korona.sell_at_till(number, 4)
    return shop


def is_1001(shop: Shop) -> Any:
    """Return what knows the rows that belong to article 1001 on either side."""
    article = shop.korona.find(Article, "1001")
    variant = shop.shopify.store.variant_of("1001")

    def is_meant(row: Json) -> bool:
        if "inventory_item_id" in row and "location_id" in row:
            return bool(row["inventory_item_id"] == variant.inventory_item_id)
        if "variants" in row:
            return bool(row["id"] == variant.product_id)
        return article.id in (row.get("id"), (row.get("product") or {}).get("id"))

    return is_meant


def in_step(shop: Shop, number: str) -> tuple[str, int]:
    return price(shop, number), shop.shopify.available(number)


KORONA_ROWS = [
    ("/products", "prices.0.value", "8.90", {"products"}),
    ("/products", "prices.0.validFrom", "2026-01-01T00:00:00", {"products"}),
    ("/products", "prices.0.priceGroup", "Shopify", {"products"}),
    ("/products", "prices", {}, {"products", "stock"}),
    ("/products", "name", 7, {"products", "stock"}),
    ("/products", "trackInventory", "yes", {"products", "stock"}),
    ("/productStocks|/stocks", "amount.actual", "5.0", {"stock"}),
    ("/productStocks|/stocks", "amount", 5, {"stock"}),
]
SHOPIFY_ROWS = [
    ("/products", "variants.0.price", None, {"products"}),
    ("/products", "variants.0.compare_at_price", "", {"products"}),
    ("/products", "variants.0.inventory_item_id", MISSING, {"products", "stock"}),
    ("/products", "variants.0.sku", 1001, {"products", "stock"}),
    ("/products", "title", 7, {"products", "stock"}),
    ("/products", "variants", "none", {"products", "stock"}),
    ("/inventory_levels", "available", "5.0", {"stock"}),
]


@pytest.mark.parametrize(
    ("side", "path", "place", "value", "held"),
    [("korona", *each) for each in KORONA_ROWS] + [("shopify", *each) for each in SHOPIFY_ROWS],
)
@pytest.mark.parametrize("full", [False, True])
def test_an_odd_row_holds_its_own_article_by_its_number_until_it_can_be_read(
    two: Shop, side: str, path: str, place: str, value: object, held: set[str], full: bool
) -> None:
    server = two.world.korona_server if side == "korona" else two.world.shopify_server
    if side == "shopify":
        two.shopify.set_available("1001", 9)
        two.shopify.rename("1001", "Von Hand")
    spoil(server, path, is_1001(two), place, value)
    ran = two.run("stock", "products", full=full)
    assert ran.exit_code == 1
    assert {each.plan.pipeline for each in ran.results if each.plan.skipped(Fate.HELD)} == held
    assert {each.item for each in two.state.held.values()} == {"1001"}
    assert in_step(two, "1002") == ("9.20", 6)
    server.after_request = None
    for _ in range(3):
        last = two.run_later("stock", "products")
    assert last.exit_code == 0
    assert in_step(two, "1001") == ("9.20", 6)
    assert title(two, "1001") == "Ware 1001"


@pytest.mark.parametrize("value", ["2026-01-01T00:00:00", 7])
def test_what_lies_in_another_price_list_is_not_looked_at(two: Shop, value: object) -> None:
    two.korona.change_price("1001", Decimal("5.00"), price_group="Standard")
    row = two.world.korona_server
    spoil(row, "/products", is_1001(two), "prices.1.validFrom", value)
    with two.requests() as seen:
        assert two.run("stock", "products").exit_code == 0
    assert in_step(two, "1001") == ("9.20", 6)
    with two.requests() as seen:
        two.run_later("stock", "products")
    assert not [each for each in seen.korona if "/products/" in each.path]


def test_an_article_that_cannot_be_read_is_asked_for_by_itself_and_the_cursor_moves(
    two: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed, "LATE_REVISIONS", 1)
    spoil(two.world.korona_server, "/products", is_1001(two), "name", 7)
    before = any_cache(two.settings.cache_path).catalogue.product_revision
    two.run("stock", "products")
    with two.requests() as seen:
        two.run_later("stock", "products")
    assert any_cache(two.settings.cache_path).catalogue.product_revision > before
    assert len([each for each in seen.korona if "/products/" in each.path]) == 1


def test_a_list_whose_envelope_cannot_be_read_is_outside_trouble(two: Shop) -> None:
    def strike(request: Any, answer: Any) -> None:
        if request.path.endswith("/productStocks") and isinstance(answer.body, dict):
            answer.body["results"] = "none"

    two.world.korona_server.after_request = strike
    assert two.run("stock").exit_code == 5


@pytest.mark.parametrize(
    ("side", "path", "name", "place"),
    [
        ("korona", "/priceGroups", "Standard", "netPrices"),
        ("korona", "/organizationalUnits$", "Büro", "warehouse"),
        ("korona", "/salesTaxes", None, "included"),
        ("shopify", "/locations", "Online-Lager", "active"),
    ],
)
def test_what_the_configuration_does_not_name_need_not_be_readable(
    two: Shop, side: str, path: str, name: str | None, place: str
) -> None:
    server = two.world.korona_server if side == "korona" else two.world.shopify_server
    odd = []

    def is_odd(row: Json) -> bool:
        odd.append(is_meant := row.get("name") == name or (name is None and row.get("number") == "3"))
        return is_meant

    spoil(server, path, is_odd, place, "vielleicht")
    two.later(25 * 60)
    two.shopify.place_order([("1002", 1)])
    two.later(1)
    assert two.run().exit_code == 0
    assert any(odd)
    assert (price(two, "1001"), len(two.korona.receipts)) == ("9.20", 1)


ORDER_FIELDS = ["order_number", "created_at", "updated_at", "currency", "taxes_included", "total_price", "name"]


@pytest.mark.parametrize("field", ORDER_FIELDS[:-1])
@pytest.mark.parametrize("value", [MISSING, {}])
def test_an_order_row_that_lacks_a_field_is_held_by_its_name_and_the_list_goes_on(
    two: Shop, field: str, value: object
) -> None:
    odd = two.shopify.place_order([("1001", 2)])
    spoil(two.world.shopify_server, "/orders", lambda row: row.get("id") == odd.id, f"{field}", value)
    if field in ("total_price",):
        spoil_all(two, odd.id, field, value)
    two.shopify.place_order([("1002", 1)])
    two.later(1)
    ran = two.run()
    assert ran.exit_code == 1
    assert [each.item for each in two.state.held.values()] == [odd.name]
    assert len(two.korona.receipts) == 1
    assert (two.shopify.available("1001"), two.shopify.available("1002")) == (4, 5)
    two.world.shopify_server.after_request = None
    two.run_later()
    assert two.run_later().exit_code == 0
    assert len(two.korona.receipts) == 2


def spoil_all(shop: Shop, order_id: int, field: str, value: object) -> None:
    """Spoil the figure in both of its forms."""

    def strike(request: Any, answer: Any) -> None:
        if "/orders" in request.path and isinstance(answer.body, dict):
            for row in answer.body.get("orders", []):
                if row["id"] == order_id:
                    row[f"{field}_set"] = row[field] = None if value is MISSING else value

    shop.world.shopify_server.after_request = strike


@pytest.mark.parametrize("place", ["quantity", "id", "sku", "variant_id"])
def test_the_pieces_of_an_order_line_that_cannot_be_read_stay_sold(two: Shop, place: str) -> None:
    two.run()
    odd = two.shopify.place_order([("1001", 2)])
    spoil(two.world.shopify_server, "/orders", lambda row: row.get("id") == odd.id, f"line_items.0.{place}", {})
    for _ in range(4):
        two.run_later()
        assert two.shopify.available("1001") <= 4
    assert two.held(odd.name).reason


@pytest.mark.parametrize("place", ["line_items", "id"])
@pytest.mark.parametrize("value", [MISSING, None, "none", [1, 2]])
def test_an_order_of_which_nobody_knows_what_it_sold_is_held_and_the_others_go_on(
    two: Shop, place: str, value: object
) -> None:
    two.run()
    odd = two.shopify.place_order([("1001", 2)])
    spoil(two.world.shopify_server, "/orders", lambda row: row.get("name") == odd.name, place, value)
    for _ in range(6):
        two.shopify.place_order([("1002", 1)])
        two.korona.deliver("1001", 1)
        ran = two.run_later()
    assert ran.exit_code == 1
    assert [each.item for each in two.state.held.values() if each.pipeline == "orders"] == [odd.name]
    assert len(two.korona.receipts) == 6
    assert two.shopify.available("1001") <= 4
    two.world.shopify_server.after_request = None
    for _ in range(4):
        ran = two.run_later()
    assert (ran.exit_code, len(two.korona.receipts)) == (0, 7)
    assert two.shopify.available("1001") == two.korona.stock_of("1001")


def test_a_known_order_whose_lines_are_no_list_any_more_keeps_its_pieces(two: Shop) -> None:
    two.run()
    two.world.korona_server.faults.append(Fault("status", "POST", "/receipts", times=10**6, status=503))
    odd = two.shopify.place_order([("1001", 2)])
    two.run_later()
    spoil(two.world.shopify_server, "/orders", lambda row: row.get("id") == odd.id, "line_items", "none")
    two.korona.deliver("1001", 1)
    for _ in range(3):
        two.run_later()
    assert two.shopify.available("1001") == 5


EDGES = [
    ("created_at", "0001-01-01T00:00:00Z"),
    ("created_at", "1969-12-31T23:59:59Z"),
    ("updated_at", "3500-01-01T00:00:00Z"),
    ("cancelled_at", "0001-01-01T00:00:00Z"),
    ("line_items.0.quantity", 10**9 + 1),
    ("line_items.0.current_quantity", -1),
    ("line_items.0.price_set.shop_money.amount", "9" * 18),
    ("line_items.0.id", 10**19),
    ("refunds.0.created_at", "0001-01-01T00:00:00Z"),
    ("refunds.0.id", 10**19),
    ("refunds.0.refund_line_items.0.quantity", 10**9 + 1),
]


@pytest.mark.parametrize(("place", "value"), EDGES)
def test_what_cannot_be_kept_is_not_read_either(two: Shop, place: str, value: object) -> None:
    """A state that could not be saved would keep every other order from being booked, and every level from falling."""
    odd = two.shopify.place_order([("1001", 2)])
    two.shopify.refund_order(odd, {"1001": 1})
    spoil(two.world.shopify_server, "/orders", lambda row: row.get("id") == odd.id, place, value)
    two.shopify.place_order([("1002", 1)])
    two.later(1)
    assert two.run().exit_code == 1
    assert [each.item for each in two.state.held.values()] == [odd.name]
    assert (len(two.korona.receipts), two.shopify.available("1002")) == (1, 5)
    assert two.shopify.available("1001") <= 5


def test_a_stock_row_with_a_revision_that_nothing_counts_so_far_stops_nothing(two: Shop) -> None:
    article_id = two.korona.find(Article, "1001").id

    def is_odd(row: Json) -> bool:
        return (row.get("product") or {}).get("id") == article_id

    spoil(two.world.korona_server, "/productStocks", is_odd, "revision", 10**41)
    two.shopify.place_order([("1001", 1)])
    for _ in range(3):
        assert two.run_later().exit_code == 0
    assert two.shopify.available("1001") == two.korona.stock_of("1001") == 5


REFUNDS = [
    ("refunds.0.created_at", MISSING),
    ("refunds.0.created_at", "gestern"),
    ("refunds.0.id", 10**20),
    ("refunds.0.refund_line_items", MISSING),
    ("refunds.0.refund_line_items.0.quantity", "x"),
    ("refunds.0.refund_line_items.0.quantity", -1),
    ("refunds.0", "none"),
    ("refunds", MISSING),
]


@pytest.mark.parametrize(("place", "value"), REFUNDS)
def test_a_refund_of_a_booked_order_that_cannot_be_read_is_held_until_it_can_or_is_settled(
    two: Shop, place: str, value: object
) -> None:
    odd = two.shopify.place_order([("1001", 2)])
    for _ in range(3):
        assert two.run_later().exit_code == 0
    two.shopify.refund_order(odd, {"1001": 1})
    spoil(two.world.shopify_server, "/orders", lambda row: row.get("id") == odd.id, place, value)
    for _ in range(3):
        assert two.run_later().exit_code == 1
    (held,) = two.state.held.values()
    assert (held.pipeline, held.item.startswith(f"{odd.name} refund ")) == ("refunds", True)
    assert "cannot be used" in held.reason
    decide.ignore(two.settings, held.item)
    assert two.run_later().exit_code == 0
    assert len(two.korona.receipts) == 1
    two.world.shopify_server.after_request = None
    decide.retry(two.settings, held.item)
    assert two.run_later().exit_code == 0
    assert len(two.korona.receipts) == 2
    assert two.run_later().exit_code == 0
    assert two.shopify.available("1001") == two.korona.stock_of("1001") == 5
