"""`korsync init`: a new state, or a lost one read back from KORONA's receipts; coupling the point of sale."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from korsync.errors import Refused, StateError
from korsync.records.bookings import BookingStatus
from korsync.records.opening import Opening
from korsync.records.plan import Fate
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import PointOfSale
from korsync.sandbox.shopify.sales import Order
from tests.pipelines.test_posting import arrives, keys, misfortune, posts
from tests.support.shop import Shop, open_shop

BOOKING = ("orders", "refunds")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with an article, set up."""
    with open_shop(tmp_path) as opened:
        opened.stocked("1001", 100)
        opened.init()
        opened.later()
        yield opened


def opening(shop: Shop, *, couples: bool = False, adopts: bool = False) -> Opening:
    return shop.init(couples=couples, adopts=adopts)


def lose_the_state(shop: Shop, *, with_cache: bool = True) -> None:
    shop.settings.state_path.unlink()
    if with_cache:
        shop.settings.cache_path.unlink()


def busy_shop(shop: Shop) -> list[Order]:
    """Book two sales and a return; then come a third order and a further return, which are not booked."""
    orders = [shop.shopify.place_order([("1001", 3)]) for _ in range(2)]
    shop.run(*BOOKING)
    shop.later()
    shop.shopify.refund_order(orders[0], {"1001": 1})
    shop.run_later(*BOOKING)
    orders.append(shop.shopify.place_order([("1001", 1)]))
    shop.shopify.refund_order(orders[0], {"1001": 1})
    shop.later(1)
    return orders


# --- adopt ---


def test_adopt_finds_what_is_booked_and_names_what_is_not(shop: Shop) -> None:
    orders = busy_shop(shop)
    before = {order.id: order for order in shop.state.orders.values()}
    lose_the_state(shop)
    with shop.requests() as seen:
        found = opening(shop, adopts=True)
    assert seen.writes == []
    assert set(found.booked) == {orders[0].name, orders[1].name}
    assert found.missing == (orders[2].name,)
    assert found.conflicts == ()
    for order in orders[:2]:
        after, lost = shop.state.orders[order.id], before[order.id]
        assert after.sale is not None
        assert lost.sale is not None
        assert after.sale.pieces == lost.sale.pieces
        assert [each.key for each in after.returns] == [each.key for each in lost.returns]


@pytest.mark.parametrize("with_cache", [True, False])
def test_after_adopt_nothing_is_booked_for_settle_minutes_and_nothing_twice(shop: Shop, with_cache: bool) -> None:
    orders = busy_shop(shop)
    before = keys(shop)
    lose_the_state(shop, with_cache=with_cache)
    opening(shop, adopts=True)
    for _ in range(2):
        assert shop.run_later(minutes=7).exit_code == 0
        assert shop.skips("orders", Fate.WAITING)
        assert keys(shop) == before
    shop.run_later(minutes=1)
    for _ in range(3):
        shop.run_later()
    returned = [f"refund/{refund.id}" for refund in orders[0].refunds]
    assert keys(shop) == sorted({*before, f"order/{orders[2].id}", *returned})
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 95


def test_adopt_waits_for_what_the_lost_state_had_just_sent(shop: Shop) -> None:
    shop.korona.booking_delay = timedelta(minutes=10)
    order = shop.shopify.place_order([("1001", 1)])
    shop.run(*BOOKING)
    lose_the_state(shop)
    found = opening(shop, adopts=True)
    assert found.missing == (order.name,)
    for minutes in (1, 5, 9, 20):
        shop.run_later(minutes=minutes)
    assert keys(shop) == [f"order/{order.id}"]
    assert len(posts(shop)) == 1


def test_init_in_place_of_adopt_waits_as_well(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 1)])
    shop.run(*BOOKING)
    shop.korona.booking_delay = timedelta(minutes=10)
    order = shop.shopify.place_order([("1001", 1)])
    shop.run_later(*BOOKING)
    lose_the_state(shop)
    opening(shop)
    for minutes in (1, 5, 9, 20):
        shop.run_later(minutes=minutes)
    assert len(keys(shop)) == len(posts(shop)) == 2
    assert f"order/{order.id}" in keys(shop)


def test_init_in_place_of_adopt_keeps_what_was_booked_from_counting_as_sold_again(shop: Shop) -> None:
    for _ in range(2):
        shop.shopify.place_order([("1001", 30)])
        shop.run_later()
    for _ in range(2):
        shop.run_later()
    lose_the_state(shop)
    opening(shop)
    shop.run_later("stock", minutes=16)
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 40
    for _ in range(2):
        shop.run_later()
        assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 40


def test_init_of_a_shop_without_receipts_waits_for_nothing(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 1)])
    shop.run_later(*BOOKING)
    assert len(keys(shop)) == 1


@pytest.mark.parametrize("adopts", [True, False])
def test_after_adopt_the_shop_stays_as_it_stands_until_its_bookings_are_surely_settled(
    shop: Shop, adopts: bool
) -> None:
    """Where KORONA holds receipts a plain init adopts them as well."""
    shop.stocked("1002", 10)
    shop.run_later()
    for _ in range(3):
        shop.shopify.place_order([("1001", 20)])
        shop.run_later()
    for _ in range(2):
        shop.run_later()
    lose_the_state(shop)
    opening(shop, adopts=adopts)
    shop.korona.sell_at_till("1002", 1)
    for _ in range(2):
        with shop.requests() as seen:
            shop.run_later("stock", minutes=7)
        assert seen.writes == []
    reason = "nothing is written so soon after the state was made from KORONA's receipts"
    assert {each.key: each.reason for each in shop.skips("stock", Fate.WAITING)} == {"1001": reason, "1002": reason}
    assert shop.run_later("stock", minutes=1).exit_code == 0
    assert (shop.shopify.available("1001"), shop.shopify.available("1002")) == (40, 9)


@pytest.mark.parametrize("adopts", [True, False])
def test_an_order_not_listed_yet_is_not_given_away_by_the_run_after_init(shop: Shop, adopts: bool) -> None:
    lose_the_state(shop)
    shop.shopify.place_order([("1001", 1)], listing_delay=timedelta(minutes=5))
    shop.later(1)
    opening(shop, adopts=adopts)
    for minutes in (1, 5, 5, 20):
        shop.run_later("stock", minutes=minutes)
        assert shop.shopify.available("1001") == 99


def test_orders_from_before_the_start_that_are_cancelled_or_fulfilled_need_no_yes(shop: Shop) -> None:
    lose_the_state(shop)
    cancelled, fulfilled, waiting = (shop.shopify.place_order([("1001", 1)]) for _ in range(3))
    shop.later(24 * 60)
    shop.configure(orders={"start_from": "2026-11-24"})
    shop.shopify.cancel_order(cancelled)
    shop.shopify.fulfil_order(fulfilled)
    before = opening(shop).open_before
    assert before is not None
    assert [order.name for order in before.orders] == [waiting.name]


def test_adopt_holds_what_stands_twice_in_korona(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    shop.run(*BOOKING)
    arrives(shop, posts(shop)[0])
    lose_the_state(shop)
    assert opening(shop, adopts=True).conflicts == (order.name,)
    assert shop.run_later().exit_code == 1
    assert shop.reason("orders", order.name).startswith("KORONA holds 2 receipts for it: 1001 ")
    assert len(posts(shop)) == 1


def test_adopt_holds_a_receipt_whose_total_is_not_that_of_the_order(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    shop.run(*BOOKING)
    receipt = shop.korona.receipts[0]
    receipt.gross += Decimal("0.01")
    receipt.posted["items"][0]["total"]["base"] += Decimal("0.01")
    lose_the_state(shop)
    assert opening(shop, adopts=True).conflicts == (order.name,)
    assert shop.run_later().exit_code == 1
    assert "says 8.91, the order 8.90" in shop.reason("orders", order.name)


def test_adopt_finds_an_order_cancelled_long_ago_whose_return_is_still_to_be_booked(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 2)])
    shop.run(*BOOKING)
    shop.korona.reject_articles.add("1001")
    shop.shopify.cancel_order(order)
    shop.run_later(*BOOKING)
    assert shop.run_later(*BOOKING, minutes=32 * 24 * 60).exit_code == 1
    lose_the_state(shop)
    shop.korona.reject_articles.clear()
    assert opening(shop, adopts=True).booked == (order.name,)
    for _ in range(3):
        shop.run_later(*BOOKING)
    assert keys(shop) == [f"order/{order.id}", f"refund/{order.refunds[0].id}"]


def test_adopt_leaves_receipts_of_another_shop_alone(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    shop.run(*BOOKING)
    shop.korona.receipts[0].posted["externalReferences"]["shopifyShop"] = "other.myshopify.com"
    lose_the_state(shop)
    assert opening(shop, adopts=True).missing == (order.name,)


@pytest.mark.long
def test_adopt_finds_a_thousand_orders(shop: Shop) -> None:
    shop.configure(safety={"max_receipts": 1000})
    for _ in range(1000):
        shop.shopify.place_order([("1001", 1)])
    shop.run(*BOOKING)
    lose_the_state(shop)
    with shop.requests() as seen:
        found = opening(shop, adopts=True)
    assert len(found.booked) == len(keys(shop)) == 1000
    assert len(seen.everything) < 65
    for minutes in (1, 20, 20):
        with shop.requests() as seen:
            shop.run_later(*BOOKING, minutes=minutes)
        assert seen.writes == []


def test_adopt_puts_nothing_in_the_place_of_a_state(shop: Shop) -> None:
    before = shop.settings.state_path.read_bytes()
    with pytest.raises(StateError, match="there is a state file already"):
        opening(shop, adopts=True)
    assert shop.settings.state_path.read_bytes() == before


def test_adopt_says_of_a_broken_state_what_to_do_with_it(shop: Shop) -> None:
    shop.settings.state_path.write_text("{")
    with pytest.raises(StateError, match="cannot be used") as caught:
        opening(shop, adopts=True)
    assert "move it away and run `korsync init --adopt`" in caught.value.remedy
    assert shop.settings.state_path.read_text() == "{"


def test_adopt_that_cannot_read_everything_makes_no_state(shop: Shop) -> None:
    busy_shop(shop)
    lose_the_state(shop)
    shop.world.korona_server.faults.append(Fault("status", "GET", "/receipts$", times=1, status=403))
    with pytest.raises(Refused):
        opening(shop, adopts=True)
    assert not shop.settings.state_path.exists()


def test_orders_sent_before_the_loss_whose_answer_never_came_are_found(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_answer"))
    shop.run(*BOOKING)
    lose_the_state(shop)
    assert opening(shop, adopts=True).booked == (order.name,)
    sale = shop.state.orders[order.id].sale
    assert sale is not None
    assert sale.status is BookingStatus.BOOKED


# --- couple ---


@pytest.fixture
def uncoupled(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose point of sale is not coupled and has been used before."""
    with open_shop(tmp_path) as opened:
        opened.stocked("1001", 100)
        pos = opened.korona.find(PointOfSale, "90")
        pos.coupling_id, pos.last_receipt_number = None, "4711"
        yield opened


def test_couple_reads_the_last_receipt_number_and_then_couples_once(uncoupled: Shop) -> None:
    with uncoupled.requests() as seen:
        found = opening(uncoupled, couples=True)
    assert found.last_receipt_number == "4711"
    assert [each.method for each in seen.writes] == ["PATCH"]
    uncoupled.shopify.place_order([("1001", 1)])
    assert uncoupled.run().exit_code == 0
    assert len(keys(uncoupled)) == 1


def test_couple_is_not_repeated_where_korsync_is_coupled_already(shop: Shop) -> None:
    lose_the_state(shop)
    with shop.requests() as seen:
        opening(shop, couples=True, adopts=True)
    assert seen.writes == []


def test_couple_whose_answer_is_lost_is_looked_up(uncoupled: Shop) -> None:
    uncoupled.world.korona_server.faults.append(Fault("lose_answer", "PATCH"))
    with uncoupled.requests() as seen:
        opening(uncoupled, couples=True)
    assert [each.method for each in seen.writes] == ["PATCH"]
    assert uncoupled.settings.state_path.exists()


def test_couple_takes_no_point_of_sale_away_from_another_program(uncoupled: Shop) -> None:
    pos = uncoupled.korona.find(PointOfSale, "90")
    pos.coupling_id = "another program's"
    with pytest.raises(Refused):
        opening(uncoupled, couples=True)
    assert pos.coupling_id == "another program's"
    assert not uncoupled.settings.state_path.exists()


def test_without_couple_an_uncoupled_point_of_sale_is_refused(uncoupled: Shop) -> None:
    with uncoupled.requests() as seen, pytest.raises(Refused, match="not coupled"):
        opening(uncoupled)
    assert seen.writes == []
