"""Stock, KORONA to Shopify: what is read, which levels are covered, and what is left alone and why."""

from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.commands import decide
from korsync.records.bookings import KnownLine
from korsync.records.catalogue import Article, Part, StockLevel
from korsync.records.plan import Fate
from korsync.records.seen import WarehouseStock
from korsync.rules.levels import summed
from korsync.rules.matching import assortment
from korsync.rules.takes import DEEPEST_BUNDLE, taken_by
from tests.support.shop import Requests, Shop


def settled(shop: Shop, **config: object) -> None:
    """Let korsync take its first look, and let enough time pass that levels may rise."""
    if config:
        shop.configure(**config)
    shop.init()
    shop.later()


def at(*warehouses: str, buffer: int = 0) -> dict[str, object]:
    return {"locations": [{"location": "Laden Mitte", "warehouses": list(warehouses), "buffer": buffer}]}


# --- whatever changed it ---


def test_whatever_changes_koronas_stock_changes_the_level(shop: Shop) -> None:
    for number in ("1001", "1002", "1003"):
        shop.stocked(number, 10)
    settled(shop)
    shop.korona.sell_at_till("1001", 3)
    shop.korona.deliver("1002", 5)
    shop.korona.count("1003", 1)
    assert shop.run("stock").exit_code == 0
    assert [shop.shopify.available(each) for each in ("1001", "1002", "1003")] == [7, 15, 1]


def test_a_level_changed_by_hand_in_shopify_goes_back(shop: Shop) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.shopify.set_available("1001", 14)
    shop.run("stock")
    assert shop.shopify.available("1001") == 10


def test_a_level_lowered_by_hand_goes_back_when_it_is_surely_no_order(shop: Shop) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.shopify.set_available("1001", 8)
    shop.run("stock")
    assert shop.reason("stock", "1001") == ""
    assert shop.shopify.available("1001") == 8
    shop.run_later("stock", minutes=5)
    assert shop.reason("stock", "1001").startswith("kept at 8, not raised to 10: an order may not be listed yet, for ")
    assert [each.fate for each in shop.skips("stock")] == [Fate.WAITING]
    shop.run_later("stock")
    assert shop.shopify.available("1001") == 10


def test_an_article_without_a_price_in_the_list_is_covered(shop: Shop) -> None:
    shop.korona.add_article("1001", "Ohne Preis", stock=7)
    shop.shopify.add_product("Ohne Preis", [{"sku": "1001", "available": 9}])
    settled(shop)
    shop.run("stock")
    assert shop.shopify.available("1001") == 7


# --- sources ---


def test_the_stock_of_several_warehouses_is_summed(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.stocked("1002", 10)
    shop.korona.deliver("1001", 4, "2")
    settled(shop, stock=at("1", "Lager Nord"))
    shop.run("stock")
    assert shop.shopify.available("1001") == 14
    assert shop.shopify.available("1002") == 10
    shop.korona.sell_at_till("1001", 5, "2")
    shop.run_later("stock")
    assert shop.shopify.available("1001") == 9


def test_a_warehouse_that_is_not_listed_does_not_count(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.korona.deliver("1001", 4, "2")
    settled(shop)
    shop.run("stock")
    assert shop.shopify.available("1001") == 10


def asked(seen: Requests, path_end: str, parameter: str) -> list[str]:
    return [each.query.get(parameter, [""])[0] for each in seen.everything if each.path.endswith(path_end)]


def test_a_run_asks_only_for_what_changed_with_an_overlap(shop: Shop) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.run("stock")
    shop.korona.deliver("1001", 1)
    with shop.requests() as seen:
        shop.run_later("stock")
    assert asked(seen, "inventory_levels.json", "updated_at_min") == ["2026-11-23T09:05:00Z"]
    assert asked(seen, "orders.json", "updated_at_min") == ["2026-11-14T22:00:00Z"]
    (revision,) = asked(seen, "/productStocks", "revision")
    assert int(revision) > 0


@pytest.mark.parametrize(("minutes", "full"), [(24 * 60, False), (20, True)])
def test_once_a_day_and_with_full_both_pictures_are_read_whole(shop: Shop, minutes: int, full: bool) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.run("stock")
    shop.later(minutes)
    with shop.requests() as seen:
        shop.run("stock", full=full)
    assert asked(seen, "inventory_levels.json", "updated_at_min") == [""]
    assert asked(seen, "/productStocks", "revision") == [""]


def test_levels_are_read_first_then_koronas_stock_then_the_orders_once_a_run(shop: Shop) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.run()
    order = []
    for server in (shop.world.korona_server, shop.world.shopify_server):
        server.before_request = lambda request: order.append(request.path.rsplit("/", 1)[-1])
    shop.run_later()
    wanted = ["inventory_levels.json", "productStocks", "orders.json"]
    assert [each for each in order if each in wanted] == wanted


# --- amounts ---


def test_a_missing_figure_is_not_zero(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.korona.add_article("1002", "Nie bewegt")
    shop.shopify.add_product("Nie bewegt", [{"sku": "1002", "available": 3}])
    shop.korona.without_actual.add("1001")
    settled(shop)
    shop.run("stock", full=True)
    assert shop.reason("stock", "1001") == "KORONA does not say how many there are"
    assert shop.reason("stock", "1002") == "KORONA has no stock row for it"
    assert (shop.shopify.available("1001"), shop.shopify.available("1002")) == (10, 3)


def test_a_row_without_a_figure_is_asked_for_again_and_only_where_it_matters(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.korona.add_article("1003", "Not in the shop", stock=1)
    shop.korona.add_article("1004", "Not in the shop", stock=1)
    settled(shop)
    shop.korona.without_actual |= {"1001", "1003"}
    shop.korona.sell_at_till("1001", 3)
    shop.korona.sell_at_till("1003", 1)
    for _ in range(250):
        shop.korona.count("1004", 1)
    shop.run_later("stock")
    shop.run_later("stock")
    assert shop.shopify.available("1001") == 10
    shop.korona.without_actual.clear()
    with shop.requests() as seen:
        shop.run_later("stock")
    assert shop.shopify.available("1001") == 7
    assert seen.count("GET", "/stocks") == 1


def test_a_bundle_that_contains_itself_ends() -> None:
    bundle = Article("a", "1001", "Set", 1, True, False, None, (), parts=(Part("a", Decimal(1)),))
    taken = taken_by(KnownLine(11, "1001", None, 1), assortment({"a": bundle}, {}))
    assert len(taken) == DEEPEST_BUNDLE + 1


def test_a_part_of_the_sum_is_not_the_stock() -> None:
    one = WarehouseStock({"a": StockLevel("a", "w-1", Decimal(3), 1)})
    assert summed({"w-1": one}, ["w-1"]) == {"a": 3}
    assert summed({"w-1": one}, ["w-1", "w-2"]) == {}


def test_one_missing_figure_makes_the_sum_unknown(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.korona.deliver("1001", 4, "2")
    settled(shop, stock=at("1", "2"))
    shop.korona.without_actual.add("1001")
    shop.korona.sell_at_till("1001", 1, "2")
    shop.run("stock")
    assert shop.reason("stock", "1001").startswith("KORONA does not say how many there are; it was kept in step")
    assert shop.shopify.available("1001") == 10


@pytest.mark.parametrize(("pieces", "level"), [("7.75", 7), ("-2", -2), ("-0.5", -1), ("0", 0)])
def test_fractions_are_rounded_down_and_negatives_pass(shop: Shop, pieces: str, level: int) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.korona.count("1001", Decimal(pieces))
    shop.run("stock")
    assert shop.shopify.available("1001") == level


def test_the_buffer_is_kept_back(shop: Shop) -> None:
    shop.stocked("1001", 10)
    shop.stocked("1002", 1)
    settled(shop, stock=at("1", buffer=2))
    shop.run("stock")
    assert (shop.shopify.available("1001"), shop.shopify.available("1002")) == (8, 0)
    shop.korona.count("1002", -3)
    shop.run_later("stock")
    assert shop.shopify.available("1002") == -3


# --- what is left alone ---


def test_what_cannot_be_written_is_named_with_its_reason_and_fails_nothing(shop: Shop) -> None:
    for number in ("1001", "1002", "1003", "1004", "1005"):
        shop.stocked(number, 5)
    shop.korona.set_tracking("1001", False)
    shop.shopify.set_tracked("1002", False)
    shop.shopify.unstock("1003")
    shop.shopify.add_product("Doppelt", [{"sku": "1004", "available": 1}])
    shop.korona.add_article("1005", "Doppelt", stock=9)
    shop.shopify.add_product("Nur im Netz", [{"sku": "N-1", "available": 1}])
    settled(shop)
    for number in ("1002", "1003", "1004"):
        shop.korona.deliver(number, 3)
    with shop.requests() as seen:
        assert shop.run("stock").exit_code == 0
    assert {each.key: each.reason for each in shop.skips("stock", Fate.LEFT)} == {
        "1001": "not tracked in KORONA",
        "1002": "not tracked in Shopify",
        "1003": "not stocked at the location in Shopify",
        "1004": "the SKU stands on 2 variants in Shopify",
        "1005": "the number stands on 2 articles in KORONA",
        "N-1": "no article in KORONA has this number",
    }
    assert seen.writes == []
    assert shop.shopify.stock_at("1003") is None


def test_a_level_that_was_left_alone_is_looked_at_anew(shop: Shop) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.run("stock")
    shop.shopify.set_tracked("1001", False)
    shop.run_later("stock")
    shop.shopify.set_tracked("1001", True)
    shop.korona.deliver("1001", 2)
    shop.run_later("stock")
    assert shop.reason("stock", "1001") == "kept at 10, not raised to 12: this is the first look at it"


def test_only_adjustments_are_ever_written(shop: Shop) -> None:
    shop.stocked("1001", 5)
    shop.stocked("1002", 5)
    shop.shopify.unstock("1002")
    settled(shop)
    shop.korona.deliver("1001", 1)
    shop.korona.deliver("1002", 1)
    with shop.requests() as seen:
        shop.run("stock")
    assert [each.path.rsplit("/", 1)[-1] for each in seen.writes] == ["adjust.json"]


def test_what_shopify_refuses_is_held_and_the_others_go_on(shop: Shop) -> None:
    shop.stocked("1001", 5)
    shop.stocked("1002", 5)
    settled(shop)
    shop.korona.sell_at_till("1001", 1)
    shop.korona.sell_at_till("1002", 1)
    shop.world.shopify_server.before_request = lambda request: (
        shop.shopify.set_tracked("1001", False) if request.path.endswith("adjust.json") else None
    )
    ran = shop.run("stock")
    assert ran.exit_code == 1
    assert list(ran.state.held) == ["stock/1001"]
    assert "inventory tracking" in shop.held("1001").reason
    assert shop.shopify.available("1002") == 4
    shop.world.shopify_server.before_request = None
    shop.shopify.set_tracked("1001", True)
    ran = shop.run_later("stock")
    assert (ran.exit_code, list(ran.state.held), shop.shopify.available("1001")) == (0, [], 4)


# --- cancelled before it was booked ---


def test_what_is_cancelled_without_restock_is_held_until_a_person_has_told_korona(shop: Shop) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(order, restock=False)
    shop.run()
    for _ in range(2):
        assert shop.run_later().exit_code == 1
        assert shop.shopify.available("1001") == 8
    remedy = "take 2 × 1001 out of KORONA by hand, then `korsync ignore 1001`"
    assert shop.held(order.name).reason == f"cancelled without restocking: {remedy}"
    shop.korona.count("1001", 8)
    decide.ignore(shop.settings, order.name)
    assert shop.run_later().exit_code == 0
    assert shop.shopify.available("1001") == 8


def test_what_is_cancelled_and_put_back_needs_nobody(shop: Shop) -> None:
    shop.stocked("1001", 10)
    settled(shop)
    shop.shopify.cancel_order(shop.shopify.place_order([("1001", 2)]), refund_after=timedelta(minutes=5))
    assert shop.run().exit_code == 0
    assert shop.run_later().exit_code == 0
    assert shop.shopify.available("1001") == 10
