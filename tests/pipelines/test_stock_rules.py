"""Every rule against selling the last piece twice: a schedule that it gets right, and that goes wrong without it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from korsync.korona.client import KoronaClient
from korsync.pipelines.base import Reading, Sides
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.sides import read_levels
from korsync.records.bookings import Booking, BookingStatus, KnownOrder
from korsync.records.orders import OrderLine, Refund
from korsync.rules import sold
from korsync.rules import stock as rules
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Unit
from tests.support.schedule import LEVELS, ORDERS, Schedule, is_needed
from tests.support.shop import Shop

expected_level = rules.expected_level

A_FEW_MINUTES = timedelta(minutes=5)
NO_FALL = ("unexplained_fall", lambda _expected, _available: 0)
BY_TIME_ALONE: tuple[str, Any] = ("_unchanged", lambda *_: [])
BOOKED_IS_SETTLED = ("is_in_stock", lambda booking, **_: booking.is_booked)


# --- what is sold and not in KORONA yet (P) ---


def test_pieces_sold_are_kept_until_korona_has_them(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shopify.place_order([("1001", 1)])
        day.run("stock")

    is_needed(schedule, tmp_path, (("pending_pieces", lambda *_: Decimal(0)),))


def test_pieces_of_a_held_order_are_kept_too(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shopify.add_product("Only in Shopify", [{"sku": "8888"}])
        day.shopify.place_order([("1001", 1), ("8888", 1)], paid=False)
        for _ in range(3):
            day.run()
        assert day.offered() == 4

    def begun_only(orders: Iterator[KnownOrder], *others: Any) -> sold.SoldIndex:
        return sold.index_sold([order for order in orders if order.sale], *others)

    is_needed(schedule, tmp_path, (("index_sold", begun_only),))


def test_a_booked_order_counts_as_sold_until_it_is_settled(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.booking_delay = timedelta(minutes=10)
        day.shopify.place_order([("1001", 1)])
        day.run()
        day.run_at_once()

    is_needed(schedule, tmp_path, (BOOKED_IS_SETTLED,))


def test_a_queued_order_never_counts_as_booked(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.queues, day.korona.queue_delay = True, timedelta(hours=2)
        day.shopify.place_order([("1001", 1)])
        for _ in range(3):
            day.run()

    def queued_or_booked(booking: Booking, *_: object) -> bool:
        return booking.status in (BookingStatus.QUEUED, BookingStatus.BOOKED)

    is_needed(schedule, tmp_path, (("is_settled", queued_or_booked), BY_TIME_ALONE))


def test_what_goes_back_between_the_level_and_the_order_list_counts_as_sold_in_this_run(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 1)])
        day.run("stock")
        day.between(LEVELS, lambda: day.shopify.cancel_order(order))
        day.run("stock")

    def at_any_time(put_back: sold.PutBack, _seen_at: object) -> bool:
        return put_back.here and not put_back.sent

    is_needed(schedule, tmp_path, (("is_back", at_any_time),))


def test_pieces_refunded_but_not_put_back_still_count_as_sold(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 2)])
        day.shopify.refund_order(order, {"1001": 1}, restock_type="no_restock")
        for _ in range(3):
            day.run("stock")

    def current_only(line: OrderLine, _refunds: tuple[Refund, ...]) -> int:
        return line.current_quantity or 0

    is_needed(schedule, tmp_path, (("sold_pieces", current_only),))


def without_cancelled(orders: Iterator[KnownOrder], *others: Any) -> sold.SoldIndex:
    return sold.index_sold([order for order in orders if order.cancelled_at is None], *others)


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_cancelled_without_restock_counts_as_sold(tmp_path: Path, begun: bool) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 1)])
        if begun:
            day.shop.world.korona_server.faults.append(Fault("lose_request", "POST", "receipts"))
            day.run()
        day.shopify.cancel_order(order, restock=False)
        for _ in range(3):
            day.run("stock")
        assert day.offered() == 4

    is_needed(schedule, tmp_path, (("index_sold", without_cancelled),))


def test_a_cancelled_order_counts_as_sold_until_shopify_has_put_its_pieces_back(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 1)])
        day.run("stock")
        day.shopify.cancel_order(order, refund_after=A_FEW_MINUTES)
        day.run("stock", minutes=2)
        day.shop.later(5)
        day.ledger.check()

    is_needed(schedule, tmp_path, (("index_sold", without_cancelled),))


def test_a_receipt_is_settled_only_if_it_was_before_any_of_koronas_stock_was_read(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.booking_delay = timedelta(minutes=15)
        day.shopify.place_order([("1001", 1)])
        day.run("orders", minutes=0)
        day.shop.later(15)
        day.shop.wait(-1)
        # The first warehouse is read a second before the receipt is in it, the second one a second after.
        day.between("productStocks", lambda: None)
        day.run("stock", minutes=0)

    def as_of_the_end(orders: Iterator[KnownOrder], articles: Any, place: int, now: datetime, *rest: Any) -> Any:
        return sold.index_sold(orders, articles, place, now + timedelta(seconds=2), *rest)

    location = {"location": "Laden Mitte", "warehouses": ["1", "2"], "buffer": 0}
    replacement = ("index_sold", as_of_the_end)
    is_needed(schedule, tmp_path, (replacement, BY_TIME_ALONE), stock={"locations": [location]})


def _move(day: Schedule, pieces: int, here: str, there: str) -> None:
    with day.korona.turn():
        day.korona.deliver("1001", -pieces, here)
        day.korona.deliver("1001", pieces, there)


def _without_a_second_look(_before: Any, _stock: Any) -> bool:
    return False


@pytest.mark.parametrize("sold", [0, 2])
def test_pieces_moved_between_two_warehouses_while_they_are_read_count_once(tmp_path: Path, sold: int) -> None:
    """Also where the warehouse read last has as many as before, because as many were taken from it."""

    def schedule(day: Schedule) -> None:
        day.korona.deliver("1001", 2, "2")
        for _ in range(2):
            day.shop.run_later("stock")
        day.korona.deliver("1001", -sold, "2")
        day.between("productStocks", lambda: _move(day, 2, "1", "2"))
        day.shop.run_later("stock")
        assert day.offered() == 7 - sold

    location = {"location": "Laden Mitte", "warehouses": ["1", "2"], "buffer": 0}
    is_needed(schedule, tmp_path, (("_has_moved", _without_a_second_look),), stock={"locations": [location]})


def test_a_list_that_came_too_short_is_not_asked_for_again_because_another_warehouse_moved(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again in the same run it would be as short, and what comes so twice is believed."""
    numbers = [str(number) for number in range(1001, 1031)]
    for number in numbers:
        shop.stocked(number, 8)
        shop.korona.deliver(number, 1, "2")
        shop.shopify.set_available(number, 9)
    shop.configure(stock={"locations": [{"location": "Laden Mitte", "warehouses": ["1", "2"], "buffer": 0}]})
    shop.init()
    for _ in range(2):
        shop.run_later()
    first, real = shop.korona.find(Unit, "1").id, KoronaClient.changed_stock

    def short(korona: KoronaClient, warehouse_id: str, revision: int) -> Any:
        rows, highest = real(korona, warehouse_id, revision)
        return (rows[:5] if warehouse_id == first else rows), highest

    monkeypatch.setattr(KoronaClient, "changed_stock", short)
    shop.korona.deliver("1030", 1, "2")
    assert shop.run_later("stock").exit_code == 3
    assert {shop.shopify.available(number) for number in numbers} == {9}


# --- what came back ---


def _sold_and_settled(day: Schedule) -> Any:
    order = day.shopify.place_order([("1001", 1)])
    day.run()
    day.run()
    assert day.offered() == 4
    return order


def test_a_piece_put_back_stays_on_sale_before_korona_knows_of_it(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shopify.refund_order(_sold_and_settled(day), {"1001": 1})
        day.run("stock")
        assert day.offered() == 5

    is_needed(schedule, tmp_path, (("is_back", lambda *_: False),))


def test_a_return_that_is_sent_counts_only_through_korona(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shopify.refund_order(_sold_and_settled(day), {"1001": 1})
        day.run()
        day.run()

    def sent_or_not(put_back: sold.PutBack, seen_at: Any) -> bool:
        return put_back.here and put_back.at < seen_at

    is_needed(schedule, tmp_path, (("is_back", sent_or_not),))


def test_what_is_put_back_elsewhere_does_not_raise_the_level_here(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shopify.set_available("1001", 0, "Online-Lager")
        day.shopify.refund_order(_sold_and_settled(day), {"1001": 1}, location="Online-Lager")
        day.run("stock")
        assert day.offered() == 4

    def anywhere(put_back: sold.PutBack, seen_at: Any) -> bool:
        return not put_back.sent and put_back.at < seen_at

    is_needed(schedule, tmp_path, (("is_back", anywhere),))


# --- orders that are not listed yet (U) ---


def test_an_unexplained_fall_is_taken_for_an_order_not_listed_yet(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shop.later(19)
        day.shopify.place_order([("1001", 1)], listing_delay=A_FEW_MINUTES)
        day.run("stock", minutes=1)

    is_needed(schedule, tmp_path, (NO_FALL,))


def test_levels_are_read_before_orders_or_else_falls_must_be_seen(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.between(f"{LEVELS}|{ORDERS}", lambda: day.shopify.place_order([("1001", 1)]))
        day.run("stock")

    def orders_first(sides: Sides, reading: Reading, location_id: int) -> Reading:
        return read_levels(sides, read_orders(sides, reading), location_id)

    is_needed(schedule, tmp_path, (("read_levels", orders_first), NO_FALL))


def test_known_orders_explain_a_fall(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.shop.later()
        day.shopify.place_order([("1001", 1)])
        day.run(minutes=1)
        assert day.offered() == 4

    is_needed(schedule, tmp_path, (("expected_level", lambda pieces, *_: pieces),))


def test_a_piece_put_back_does_not_hide_an_order_not_listed_yet(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = _sold_and_settled(day)
        day.shop.later(19)
        day.shopify.refund_order(order, {"1001": 1})
        day.shopify.place_order([("1001", 1)], listing_delay=A_FEW_MINUTES)
        day.run("stock", minutes=1)

    def without_what_came_back(pieces: int, looked_at: Any, seen_at: Any, sales: Sequence[sold.SoldLine]) -> int:
        return expected_level(pieces, looked_at, seen_at, [replace(sale, put_back=()) for sale in sales])

    is_needed(schedule, tmp_path, (("expected_level", without_what_came_back),))


# --- where a level goes ---


def test_an_oversold_level_is_written_as_it_is_so_that_a_cancellation_comes_out_right(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        order = day.shopify.place_order([("1001", 5)])
        day.korona.sell_at_till("1001", 1)
        day.run("stock")
        day.shopify.cancel_order(order)
        day.ledger.check()

    target_level = rules.target_level
    is_needed(schedule, tmp_path, (("target_level", lambda *each: max(0, target_level(*each))),))


def test_the_buffer_alone_never_pushes_a_level_below_zero(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.count("1001", 1)
        day.run("stock")
        assert day.offered() == 0

    def taken_off(actual: Decimal, sold: Decimal, fall: int, buffer: int) -> int:
        return int(actual - sold) - fall - buffer

    location = {"location": "Laden Mitte", "warehouses": ["1"], "buffer": 2}
    replacement = ("target_level", taken_off)
    is_needed(schedule, tmp_path, (replacement,), stock={"locations": [location]})


def test_a_part_of_a_piece_is_not_for_sale(tmp_path: Path) -> None:
    def schedule(day: Schedule) -> None:
        day.korona.count("1001", Decimal("6.75"))
        day.run("stock")
        assert day.offered() == 6

    is_needed(schedule, tmp_path, (("target_level", lambda actual, *_: round(actual)),))
