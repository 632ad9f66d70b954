"""Draft orders that reserve pieces: what they hold is not sold a second time."""

from datetime import timedelta
from pathlib import Path

import pytest

from korsync.memory.cache import any_cache
from korsync.records.seen import Doubt, Look
from korsync.rules.stock import LevelFacts
from korsync.sandbox.exchange import Fault, Request
from korsync.sandbox.shopify.drafts import DraftOrder
from tests.support.schedule import Schedule, is_needed
from tests.support.shop import Shop

DRAFTS = "draft_orders.json"


@pytest.fixture
def known(shop: Shop) -> Shop:
    shop.stocked("1001", 5)
    shop.init()
    shop.run_later()
    shop.later()
    return shop


def reserve(shop: Shop, pieces: int = 2, hours: float = 24) -> DraftOrder:
    until = shop.world.clock.now() + timedelta(hours=hours)
    return shop.shopify.draft_order([("1001", pieces)], reserve_inventory_until=until)


def reserve_and_know(shop: Shop) -> DraftOrder:
    """Reserve two pieces, and let korsync find out that they are reserved."""
    draft = reserve(shop)
    for _ in range(3):
        shop.run_later("stock")
    return draft


def test_what_a_draft_order_reserves_stays_reserved(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        reserve(day.shop)
        for _ in range(4):
            day.shop.run_later("stock")
            assert day.offered() == 3
        assert day.shop.reason("stock", "1001") == "2 reserved by draft orders in Shopify"

    is_needed(schedule, tmp_path, (("after_doubt", nothing_reserved),))


def nothing_reserved(_doubt: Doubt, _facts: LevelFacts, _reserved: int) -> tuple[int, Doubt | None]:
    return 0, None


@pytest.mark.parametrize("loses_cache", [False, True])
@pytest.mark.parametrize("runs", [1, 2, 4])
def test_the_till_does_not_hide_what_a_draft_order_reserves(known: Shop, runs: int, loses_cache: bool) -> None:
    reserve(known)
    for _ in range(runs):
        known.run_later("stock")
    if loses_cache:
        known.settings.cache_path.unlink()
        known.run_later("stock")
    known.korona.sell_at_till("1001", 2)
    known.run_later("stock")
    for _ in range(4):
        known.run_later("stock")
        assert known.shopify.available("1001") == 1


def test_the_till_does_not_hide_what_a_draft_order_reserves_while_nobody_knows_what_was_written(known: Shop) -> None:
    reserve_and_know(known)
    known.korona.sell_at_till("1001", 1)
    known.world.shopify_server.faults.append(Fault("lose_answer", "POST", "adjust.json"))
    known.run_later("stock")
    known.korona.sell_at_till("1001", 2)
    for _ in range(4):
        known.run_later("stock")
        assert known.shopify.available("1001") == 0


def test_the_till_does_not_hide_an_order_as_long_as_orders_cannot_be_read(known: Shop) -> None:
    known.world.shopify_server.faults.append(Fault("status", "GET", "orders.json", times=1000, status=403))
    known.shopify.place_order([("1001", 2)])
    known.run_later("stock")
    known.korona.sell_at_till("1001", 2)
    for _ in range(4):
        known.run_later("stock")
        assert known.shopify.available("1001") == 1


def test_a_draft_order_that_reserves_nothing_keeps_no_delivery_back(known: Shop) -> None:
    known.shopify.draft_order([("1001", 10)])
    known.shopify.place_order([("1001", 1)], listing_delay=timedelta(minutes=5))  # a doubt not of its making
    for _ in range(3):
        known.run_later("stock")
    known.korona.deliver("1001", 6)
    known.run_later("stock")
    assert known.shopify.available("1001") == 10


def test_a_reservation_that_runs_out_while_a_receipt_is_in_flight_is_on_sale_again(known: Shop) -> None:
    reserve(known, hours=2)
    for _ in range(3):
        known.run_later()
    known.later(40)
    known.shopify.place_order([("1001", 1)])
    known.run_later("orders", minutes=30)
    known.run_later("stock", minutes=1)
    assert known.shopify.available("1001") <= 2
    for _ in range(3):
        known.run_later()
    assert known.shopify.available("1001") == 4


def test_a_rise_of_what_a_draft_order_holds_is_told_and_set_back_until_it_must_have_let_go(known: Shop) -> None:
    reserve_and_know(known)
    known.shopify.set_available("1001", 4)
    known.run_later("stock")
    assert known.shopify.available("1001") == 3
    told = [skip.reason for skip in known.skips("stock") if skip.key == "1001"]
    assert (
        "raised in Shopify from 3 to 4 by nothing that KORONA knows of: set back, KORONA has 5; should a draft order "
        "have let go of its pieces, they are on sale again with the next runs" in told
    )
    for _ in range(2):
        known.run_later("stock")
    assert known.shopify.available("1001") == 4


def test_a_cancellation_that_is_listed_late_lets_go_of_nothing_that_a_draft_order_holds(known: Shop) -> None:
    reserve(known)
    for _ in range(3):
        known.run_later()
    order = known.shopify.place_order([("1001", 1)])
    for _ in range(3):
        known.run_later()
    assert known.shopify.available("1001") == 2
    known.shopify.cancel_order(order, restock=True)
    order.listed_from = known.world.clock.now() + timedelta(minutes=10)
    known.run_later(minutes=5)
    for _ in range(5):
        known.run_later()
        assert known.shopify.available("1001") <= 3
    assert known.shopify.available("1001") == 3


def test_the_till_lowers_the_rest_while_a_draft_order_holds_its_pieces(known: Shop) -> None:
    reserve_and_know(known)
    known.korona.sell_at_till("1001", 2)
    for _ in range(2):
        known.run_later("stock")
        assert known.shopify.available("1001") == 1
    known.korona.deliver("1001", 4)
    known.run_later("stock")
    assert known.shopify.available("1001") == 5


@pytest.mark.parametrize("loses_cache", [False, True])
def test_a_completed_draft_order_is_an_order_like_any_other(known: Shop, loses_cache: bool) -> None:
    draft = reserve(known)
    for _ in range(2):
        known.run_later()
    known.shopify.send_invoice(draft)
    known.run_later()
    known.later(1)
    known.shopify.complete_draft(draft)
    if loses_cache:
        known.settings.cache_path.unlink()
    for _ in range(4):
        known.run_later()
        assert known.shopify.available("1001") == 3
    assert known.korona.stock_of("1001") == 3


def test_an_order_that_a_draft_became_is_not_sold_again_before_it_is_listed(known: Shop) -> None:
    draft = reserve(known)
    known.run("stock")
    known.later(19)
    known.shopify.complete_draft(draft, listing_delay=timedelta(minutes=5))
    known.run_later("stock", minutes=1)
    assert known.shopify.available("1001") == 3


def test_what_a_draft_order_that_is_deleted_held_is_for_sale_again_and_no_surprise(known: Shop) -> None:
    draft = reserve_and_know(known)
    known.shopify.delete_draft(draft)
    for _ in range(2):
        known.run_later("stock")
        assert (known.shopify.available("1001"), known.reason("stock", "1001")) == (5, "")


def test_a_fall_is_taken_back_as_far_as_no_draft_order_holds_it(known: Shop) -> None:
    known.shopify.set_available("1001", 1)
    known.shopify.draft_order([("1001", 1)])
    known.run("stock")
    for _ in range(2):
        known.run_later("stock")
    assert known.shopify.available("1001") == 4


def test_what_a_draft_order_holds_of_an_article_that_was_switched_off_stays_reserved(known: Shop) -> None:
    known.korona.deactivate("1001")
    reserve_and_know(known)
    known.korona.deactivate("1001", False)
    for _ in range(2):
        known.run_later("stock")
        assert known.shopify.available("1001") == 3


def test_draft_orders_are_asked_for_only_when_a_doubt_is_over(known: Shop) -> None:
    with known.requests() as seen:
        known.run_later("stock")
        known.korona.deliver("1001", 1)
        known.run_later("stock")
    assert seen.count("GET", DRAFTS) == 0
    reserve(known)
    with known.requests() as seen:
        known.run_later("stock")
        assert seen.count("GET", DRAFTS) == 0
    with known.requests() as seen:
        known.run_later("stock")
    assert seen.count("GET", DRAFTS) == 3


def test_without_the_scope_that_is_told_once_and_stops_nothing(known: Shop) -> None:
    known.shopify.scopes.remove("read_draft_orders")
    known.shopify.set_available("1001", 3)
    known.run("stock")
    known.run_later("stock")
    assert known.reason("stock", "draft orders").startswith("what they reserve is not seen and may be sold twice: ")
    assert "read_draft_orders" in known.reason("stock", "draft orders")
    ran = known.run_later("stock")
    assert (ran.exit_code, known.shopify.available("1001")) == (0, 5)
    assert known.reason("stock", "draft orders") == ""


def test_what_draft_orders_hold_stays_reserved_while_they_cannot_be_read(known: Shop) -> None:
    reserve_and_know(known)
    known.world.shopify_server.faults.append(Fault("status", "GET", DRAFTS, times=20))
    assert known.run_later("stock").exit_code == 5
    assert known.shopify.available("1001") == 3


@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_draft_orders_that_cannot_be_read_keep_levels_from_rising_and_from_nothing_else(
    known: Shop, status: int
) -> None:
    known.stocked("1002", 5)
    for _ in range(3):
        known.run_later("stock")
    reserve(known)
    known.run_later("stock")
    known.korona.sell_at_till("1001", 5)
    known.korona.deliver("1002", 2)
    known.world.shopify_server.faults.append(Fault("status", "GET", DRAFTS, times=100, status=status))
    assert known.run_later("stock").exit_code != 0
    assert (known.shopify.available("1001"), known.shopify.available("1002")) == (-2, 5)
    assert known.reason("stock", "1002").startswith("kept at 5, not raised to 7: Shopify's draft orders")


def test_a_reservation_is_found_although_a_receipt_in_flight_seems_to_explain_what_is_missing(shop: Shop) -> None:
    """The run that looks at the drafts counts the order's piece as missing from KORONA, which has it already."""
    shop.stocked("1001", 5)
    shop.stocked("1002", 5)
    shop.init()
    shop.run_later()
    shop.later()
    reserve(shop, 1)
    # The doubt about another article makes that run look at the drafts, and no later one.
    shop.shopify.set_available("1002", 4)
    shop.run_later("stock")
    shop.later(10)
    shop.shopify.place_order([("1001", 1)])
    shop.run("orders")
    settle = shop.settings.safety.settle / timedelta(minutes=1)
    shop.run_later("stock", minutes=settle - 5)
    for _ in range(3):
        shop.run_later("stock")
        assert shop.shopify.available("1001") == 3


def test_a_draft_order_deleted_while_the_run_reads_is_not_sold_before_its_pieces_show(known: Shop) -> None:
    draft = reserve_and_know(known)
    server = known.world.shopify_server

    def after(request: Request, _answer: object) -> None:
        if request.path.endswith("inventory_levels.json") and draft.reserved:
            known.shopify.delete_draft(draft)

    server.after_request = after
    for _ in range(2):
        known.run_later("stock")
        assert known.shopify.available("1001") == 5


def test_a_level_whose_doubt_ends_while_the_run_reads_is_not_raised_before_draft_orders_were_asked_for(
    known: Shop,
) -> None:
    known.settings.cache_path.unlink()
    known.run("stock")
    known.korona.deliver("1001", 2)
    server = known.world.shopify_server

    def before(request: Request) -> None:
        if request.path.endswith("inventory_levels.json"):
            known.later(1)

    server.before_request = before
    with known.requests() as seen:
        known.run_later("stock", minutes=14.5)
    assert (seen.count("GET", DRAFTS), known.shopify.available("1001")) == (0, 5)
    with known.requests() as seen:
        known.run_later("stock", minutes=1)
    assert (seen.count("GET", DRAFTS), known.shopify.available("1001")) == (3, 7)


def let_go_of_nothing(_facts: LevelFacts, _look: Look) -> int:
    return 0


@pytest.mark.parametrize(("how", "left"), [("deleted", 4), ("completed", 3)])
def test_what_a_draft_order_lets_go_of_hides_no_order_that_is_not_listed_yet(
    tmp_path: Path, how: str, left: int
) -> None:
    def schedule(day: Schedule) -> None:
        draft = reserve(day.shop, 1)
        for _ in range(3):
            day.run("stock")
        day.shop.later(1)
        (day.shopify.delete_draft if how == "deleted" else day.shopify.complete_draft)(draft)
        day.shop.later(15)
        day.shopify.place_order([("1001", 1)], listing_delay=timedelta(minutes=10))
        day.run("stock", minutes=1)
        for _ in range(3):
            day.run("stock")
            assert day.offered() == left

    is_needed(schedule, tmp_path, (("perhaps_let_go", let_go_of_nothing),))


def test_an_order_that_a_draft_had_become_before_the_last_look_is_no_fall(known: Shop) -> None:
    draft = reserve(known, 1)
    for _ in range(3):
        known.run_later("stock")
    known.shopify.complete_draft(draft, listing_delay=timedelta(minutes=4))
    known.korona.deliver("1001", 1)  # a look at what was written is kept
    known.run_later("stock", minutes=2)
    for _ in range(3):
        known.run_later("stock", minutes=3)
        assert known.shopify.available("1001") == 5
    assert any_cache(known.settings.cache_path).doubts == {}


def with_two_in_doubt(shop: Shop) -> Shop:
    """Have two pieces reserved of which korsync does not know yet whether they are sold."""
    reserve(shop)
    shop.run_later("stock")
    return shop


def test_a_hand_that_puts_a_piece_on_sale_does_not_give_back_one_that_is_missing(known: Shop) -> None:
    with_two_in_doubt(known).shopify.set_available("1001", 4)
    known.run_later("stock")
    assert any("raised in Shopify from 3 to 4" in each.reason for each in known.skips("stock"))
    for _ in range(5):
        assert known.shopify.available("1001") == 3
        known.run_later("stock")


def test_a_cancellation_listed_late_does_not_give_back_a_piece_that_is_missing(known: Shop) -> None:
    order = known.shopify.place_order([("1001", 1)])
    for _ in range(2):
        known.run_later()
    with_two_in_doubt(known).run_later()
    known.later(18)
    known.shopify.cancel_order(order, restock=True)
    order.listed_from = known.world.clock.now() + timedelta(minutes=5)
    known.run_later(minutes=2)
    for _ in range(5):
        known.run_later()
        assert known.shopify.available("1001") <= 3
    assert known.shopify.available("1001") == 3


def test_a_cancellation_listed_late_does_not_hide_what_a_draft_order_reserves(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 1)])
        for _ in range(2):
            day.run()
        day.shop.later(18)
        reserve(day.shop, 1)
        day.shopify.cancel_order(order, restock=True)
        order.listed_from = day.shop.world.clock.now() + timedelta(minutes=5)
        day.run(minutes=2)
        for _ in range(5):
            day.run()
        assert day.offered() == 4

    is_needed(schedule, tmp_path, (("put_back_of_late", lambda *_: 0),))


def test_no_till_hides_what_is_reserved_after_a_first_look_at_a_receipt_in_flight(known: Shop) -> None:
    known.korona.stock_delay = timedelta(minutes=10)
    known.shopify.place_order([("1001", 1)])
    known.run_later("orders")
    known.settings.cache_path.unlink()
    known.run_later("stock", minutes=5)
    known.later(15)
    reserve(known, 1)
    known.korona.deliver("1001", -1)
    known.run_later("stock", minutes=5)
    for _ in range(5):
        known.run_later("stock")
        assert known.shopify.available("1001") == 2


def test_what_is_reserved_of_an_article_that_was_left_alone_for_a_run_stays_reserved(known: Shop) -> None:
    reserve_and_know(known)
    twin = known.shopify.add_product("Zwilling", [{"sku": "1001", "available": 0}])
    known.run_later("stock")
    assert any("1001" in each.key for each in known.skips("stock"))
    known.korona.sell_at_till("1001", 2)
    known.shopify.delete_product(twin.variants[0].id)
    for _ in range(5):
        known.run_later("stock")
        assert known.shopify.available("1001") <= 1
    assert known.shopify.available("1001") == 1


def test_of_an_article_that_left_the_shop_nothing_is_missing_any_more(known: Shop) -> None:
    reserve_and_know(known)
    known.shopify.delete_product(known.shopify.store.variant_of("1001").id)
    known.run_later("stock", minutes=25 * 60)
    known.run_later("stock")
    assert any_cache(known.settings.cache_path).doubts == {}
