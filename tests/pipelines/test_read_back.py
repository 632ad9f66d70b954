"""What was booked is read back, once and all together: only what comes back as it was posted is believed."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from korsync.commands import decide
from korsync.errors import ConfigurationError
from korsync.records.bookings import BookingStatus
from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.sales import Order
from tests.pipelines.test_posting import keys, misfortune, posts
from tests.support.second_machine import posts_first, receipt_of
from tests.support.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with an article, set up; no receipt was ever read back."""
    with open_shop(tmp_path) as opened:
        opened.stocked("1001", 1000)
        opened.init()
        yield opened


@pytest.fixture
def proven(shop: Shop) -> Shop:
    """The shop after its first receipt came back as it was posted."""
    shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 0
    assert shop.state.receipts_come_back
    shop.later()
    return shop


def buy(shop: Shop, count: int = 1) -> list[Order]:
    return [shop.shopify.place_order([("1001", 1)]) for _ in range(count)]


def reason(shop: Shop, order: Order) -> str:
    return shop.held(order.name).reason


# --- the cost ---


@pytest.mark.parametrize("count", [1, 20, 45])
def test_a_run_that_books_asks_once_more_for_all_its_receipts(proven: Shop, count: int) -> None:
    buy(proven, count)
    with proven.requests() as seen:
        proven.run("orders")
    look_ups = 1 if count == 1 else 2 if count > 10 else count
    assert seen.count("POST", "/receipts") == -(-count // 20)
    assert seen.count("GET", "/receipts") == look_ups + 1


def test_a_run_that_books_nothing_reads_nothing_back(proven: Shop) -> None:
    with proven.requests() as seen:
        proven.run("orders", "refunds")
    assert seen.count("GET", "/receipts") == 0


def test_what_a_killed_run_did_not_read_back_the_next_one_does(proven: Shop) -> None:
    (order,) = buy(proven)
    proven.world.korona_server.faults.append(Fault("status", "GET", "/receipts$", skip=1, times=9, status=503))
    assert proven.run("orders").exit_code == 5
    proven.world.korona_server.faults.clear()
    assert proven.state.orders[order.id].awaits_read_back
    assert proven.run_later("orders").exit_code == 0
    assert not proven.state.orders[order.id].awaits_read_back


# --- a KORONA that does not return what was posted ---


def test_where_korona_returns_no_references_the_first_receipt_stops_booking(shop: Shop) -> None:
    shop.korona.leaves_out = {"externalReferences"}
    first, *_ = buy(shop, 3)
    ran = shop.run("orders")
    assert ran.exit_code == 3
    assert "do not come back" in str(ran.results[0].errors[0])
    assert "does not bear korsync's references" in reason(shop, first)
    buy(shop, 3)
    for _ in range(3):
        assert shop.run_later("orders").exit_code == 3
    assert len(posts(shop)) == 1


def test_no_more_than_the_first_receipts_go_out_before_any_came_back(shop: Shop) -> None:
    shop.korona.leaves_out = {"externalReferences"}
    buy(shop, 45)
    assert shop.run("orders").exit_code == 3
    assert len(shop.korona.receipts) == 20


def test_where_korona_returns_no_references_a_lost_answer_is_not_booked_twice(shop: Shop) -> None:
    shop.korona.leaves_out = {"externalReferences"}
    (order,) = buy(shop)
    misfortune(shop, Fault("lose_answer"))
    for _ in range(4):
        shop.run("orders")
        shop.later()
    assert len(shop.korona.receipts) == 1
    assert "does not bear korsync's references" in reason(shop, order)


def test_a_korona_that_reckons_otherwise_stops_booking_at_the_first_receipt(shop: Shop) -> None:
    shop.korona.gross_off = Decimal("-0.01")
    (order,) = buy(shop)
    assert shop.run("orders").exit_code == 3
    assert "says 8.89, 8.90 was posted" in reason(shop, order)
    buy(shop, 5)
    assert shop.run_later("orders").exit_code == 3
    assert len(posts(shop)) == 1


def test_what_stopped_the_first_receipts_ends_where_a_person_settles_it(shop: Shop) -> None:
    shop.korona.gross_off = Decimal("-0.01")
    (order,) = buy(shop)
    assert shop.run("orders").exit_code == 3
    shop.korona.gross_off = Decimal(0)
    decide.ignore(shop.settings, order.name)
    buy(shop)
    assert shop.run_later("orders").exit_code == 0
    assert len(shop.korona.receipts) == 2


def test_once_receipts_came_back_one_that_does_not_is_held_and_the_others_go_on(proven: Shop) -> None:
    proven.korona.gross_off = Decimal("0.01")
    (wrong,) = buy(proven)
    assert proven.run("orders").exit_code == 1
    proven.korona.gross_off = Decimal(0)
    (right,) = buy(proven)
    assert proven.run_later("orders").exit_code == 1
    assert "says 8.91, 8.90 was posted" in reason(proven, wrong)
    assert proven.state.orders[right.id].is_booked
    assert len(proven.state.held) == 1


def test_a_receipt_that_never_shows_is_held(proven: Shop) -> None:
    (order,) = buy(proven)
    misfortune(proven, Fault("status", status=200, body=[{"status": "OK", "action": "ADDED"}]))
    proven.run("orders")
    assert proven.run_later("orders").exit_code == 1
    assert reason(proven, order) == "KORONA said that it is booked, but does not show it"


def test_what_stopped_the_first_receipts_is_checked_again_when_a_person_says_so(shop: Shop) -> None:
    shop.korona.leaves_out = {"externalReferences"}
    (order,) = buy(shop)
    shop.run("orders")
    shop.korona.leaves_out = set()
    decide.retry(shop.settings, order.name)
    buy(shop, 2)
    assert shop.run_later("orders").exit_code == 0
    assert len(set(keys(shop))) == len(keys(shop)) == 3


# --- others on our point of sale ---


def test_two_machines_in_the_same_moment_are_noticed_and_both_receipts_named(proven: Shop) -> None:
    (order,) = buy(proven)
    posts_first(proven.korona, proven.world.korona_server)
    assert proven.run("orders").exit_code == 1
    first, second = (each.revision for each in proven.korona.receipts[1:])
    number = order.order_number
    expected = f"KORONA holds 2 receipts for it: {number} (revision {first}), {number} (revision {second})"
    assert reason(proven, order) == expected
    assert proven.state.orders[order.id].sale is not None
    assert [each.sale.status for each in proven.state.orders.values() if each.sale][1:] == [BookingStatus.CONFLICT]


def test_a_receipt_with_our_number_and_without_a_key_is_never_taken_for_not_there(proven: Shop) -> None:
    (order,) = buy(proven)
    proven.korona.post_elsewhere(receipt_of(order, keyless=True))
    assert proven.run("orders").exit_code == 1
    assert "does not bear korsync's references" in reason(proven, order)
    assert len(posts(proven)) == 1


def test_a_filter_that_finds_nothing_does_not_book_a_lost_receipt_twice(proven: Shop) -> None:
    proven.korona.finds_no_order_numbers = True
    (order,) = buy(proven)
    misfortune(proven, Fault("lose_answer"))
    for _ in range(4):
        proven.run("orders")
        proven.later()
    assert len(proven.korona.receipts) == 2
    assert proven.state.orders[order.id].is_booked


def test_neither_filter_need_work_for_a_lost_receipt_to_be_found(proven: Shop) -> None:
    proven.korona.finds_no_order_numbers = True
    (order,) = buy(proven)
    misfortune(proven, Fault("lose_answer"))
    refusal = {"code": "INVALID", "message": "minBookingTime"}
    proven.run("orders")
    proven.later()
    fault = Fault("status", "GET", "/receipts$", skip=1, times=1, status=400, body=refusal)
    proven.world.korona_server.faults.append(fault)
    proven.run("orders")
    assert len(proven.korona.receipts) == 2
    assert proven.state.orders[order.id].is_booked


@pytest.mark.parametrize("adopts", [False, True])
def test_init_stops_where_the_point_of_sale_holds_receipts_without_keys(proven: Shop, adopts: bool) -> None:
    proven.settings.state_path.unlink()
    proven.korona.leaves_out = {"externalReferences"}
    with pytest.raises(ConfigurationError, match="receipts without korsync's references"):
        proven.init(adopts=adopts)
    assert not proven.settings.state_path.exists()


# --- what look-ups cost ---


@pytest.mark.parametrize("padding", [0, 35_000])
def test_look_ups_cost_the_same_whatever_korona_holds(proven: Shop, padding: int) -> None:
    proven.korona.padding = padding
    proven.korona.add_old_receipts(300 if padding else 5000)
    for _ in range(2):
        proven.later(120)
        buy(proven, 1)
        proven.run("orders")
    proven.later(120)
    buy(proven, 30)
    with proven.requests() as seen:
        assert proven.run("orders").exit_code == 0
    assert seen.count("GET", "/receipts") == 3  # one by itself, the list since a mark, and what was booked


def test_orders_that_are_held_are_not_looked_up(proven: Shop) -> None:
    proven.shopify.add_product("Only in Shopify", [{"sku": "8888"}])
    for _ in range(12):
        proven.shopify.place_order([("8888", 1)])
    assert proven.run_later("orders").exit_code == 1
    with proven.requests() as seen:
        assert proven.run_later("orders").exit_code == 1
    assert seen.count("GET", "/receipts") == 0
