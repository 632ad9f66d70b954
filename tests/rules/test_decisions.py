"""What a person decides: pure functions from state to state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from korsync.errors import ConfigurationError
from korsync.records.bookings import MOST_ATTEMPTS, Booking, BookingStatus, KnownLine, KnownOrder, Pieces, Restock
from korsync.records.memory import Held, Identity, State, held_key
from korsync.rules import decisions
from korsync.rules.decisions import accept

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def ignore(before: State, item: str) -> State:
    return decisions.ignore(before, item, frozenset({"orders", "refunds"}))


def retry(before: State, item: str) -> State:
    return decisions.retry(before, item, frozenset({"orders", "refunds"}))


def known(**changes: Any) -> KnownOrder:
    order = KnownOrder(1, "#1042", NOW, NOW, None, False, False, False, (KnownLine(11, "A", 1, 3),))
    return replace(order, restocks=(Restock(5, 11, 1, NOW, None),), **changes)


def booking(status: BookingStatus, key: str = "order/1") -> Booking:
    return Booking(key, status, (), sent_at=NOW, attempts=1)


def state(*orders: KnownOrder, held: tuple[str, ...] = ("#1042",)) -> State:
    return State(
        Identity("shop", "account", "90"),
        NOW,
        orders={order.id: order for order in orders},
        held={
            held_key(pipeline, item): Held(pipeline, item, "why", NOW)
            for item in held
            for pipeline in ["refunds" if " refund " in item else "orders"]
        },
    )


@pytest.mark.parametrize("item", ["1042", "#1042", " 1042 "])
def test_an_ignored_order_is_left_alone_and_no_longer_held(item: str) -> None:
    after = ignore(state(known()), item)
    assert after.orders[1].ignored
    assert after.held == {}


@pytest.mark.parametrize("item", ["1042 refund 5", "#1042 refund 5"])
def test_an_ignored_refund_is_left_alone_and_its_order_is_not(item: str) -> None:
    after = ignore(state(known(), held=("#1042 refund 5", "#1042")), item)
    assert after.orders[1].ignored_refunds == (5,)
    assert not after.orders[1].ignored
    assert after.held.keys() == {"orders/#1042"}


def test_what_was_ignored_can_be_taken_back() -> None:
    before = state(known(), held=())
    assert retry(ignore(before, "1042"), "1042") == before
    assert retry(ignore(before, "1042 refund 5"), "1042 refund 5") == before


def test_nothing_is_ignored_while_its_receipt_may_just_have_been_booked() -> None:
    under_way = known(sale=booking(BookingStatus.INTENT), returns=(booking(BookingStatus.INTENT, "refund/5"),))
    for item in ("1042", "1042 refund 5"):
        with pytest.raises(ConfigurationError, match="what became of it is not known yet"):
            ignore(state(under_way), item)


def test_a_receipt_given_up_can_be_ignored_or_sent_as_often_again_and_is_not_forgotten() -> None:
    given_up = replace(booking(BookingStatus.INTENT), attempts=MOST_ATTEMPTS)
    order = known(sale=given_up)
    assert ignore(state(order), "1042").orders[1].ignored
    after = retry(ignore(state(order), "1042"), "1042").orders[1]
    assert after == known(sale=replace(given_up, attempts=1))


@pytest.mark.parametrize("status", [BookingStatus.CONFLICT, BookingStatus.QUEUED])
def test_a_held_receipt_is_begun_anew(status: BookingStatus) -> None:
    order = known(sale=booking(status), returns=(booking(status, "refund/5"),))
    held = ("#1042", "#1042 refund 5")
    assert retry(state(order, held=held), "1042").orders[1].sale is None
    after = retry(state(order, held=held), "1042 refund 5")
    (again,) = after.orders[1].returns
    assert (again.status, again.receipt) == (BookingStatus.REFUSED, None)
    assert again.may_stand_in_korona
    assert after.orders[1].sale == order.sale
    assert after.held.keys() == {"orders/#1042"}


def test_what_korona_has_queued_is_not_begun_anew_before_it_is_held() -> None:
    with pytest.raises(ConfigurationError, match="queued"):
        retry(state(known(sale=booking(BookingStatus.QUEUED)), held=()), "1042")


@pytest.mark.parametrize("status", [BookingStatus.INTENT, BookingStatus.REFUSED, BookingStatus.BOOKED])
def test_what_is_known_of_any_other_receipt_is_not_forgotten(status: BookingStatus) -> None:
    """A refused one is tried again in each run; what it was is needed should it stand in KORONA all the same."""
    order = known(sale=booking(status))
    after = retry(state(order), "1042")
    assert after.orders[1] == order
    assert after.held == {}


def test_of_what_is_booked_and_has_nothing_open_there_is_nothing_to_try_again() -> None:
    sale = replace(booking(BookingStatus.BOOKED), pieces=(Pieces(11, 3),))
    order = known(sale=sale, returns=(booking(BookingStatus.BOOKED, "refund/5"),))
    for item in ("1042", "1042 refund 5"):
        with pytest.raises(ConfigurationError, match=f"{item} is booked in KORONA: there is nothing to try again"):
            retry(state(order, held=()), item)
    settled = replace(order, booked_by_hand=(Pieces(11, 1),), lines=(KnownLine(11, "A", 1, 4),))
    assert retry(state(settled, held=()), "1042").orders[1].booked_by_hand == ()


@pytest.mark.parametrize("item", ["1043", "", "refund 5", "1042 refund", "1042 refund x", "1042 5"])
def test_an_item_that_is_not_known_is_said_so(item: str) -> None:
    for decide in (ignore, retry):
        with pytest.raises(ConfigurationError, match="knows of no item"):
            decide(state(known()), item)


@pytest.mark.parametrize("decide", [ignore, retry])
def test_a_word_that_names_a_held_article_is_not_taken_for_the_order_of_that_name(decide: Any) -> None:
    order = known(sale=booking(BookingStatus.QUEUED))
    article = Held("products", "1042", "the price is 0", NOW)
    before = replace(state(order, held=()), held={"products/1042": article})
    with pytest.raises(ConfigurationError, match="1042 is held by products"):
        decide(before, "1042")
    both = replace(before, held=before.held | state(order).held)
    with pytest.raises(ConfigurationError, match="both an order and an article"):
        decide(both, "1042")
    assert decide(both, "#1042").held == {"products/1042": article}


def test_an_article_of_the_same_name_is_not_what_is_held_of_an_order() -> None:
    article = Held("products", "1042", "the price is 0", NOW)
    before = replace(state(known(sale=booking(BookingStatus.QUEUED))), held={"products/1042": article})
    with pytest.raises(ConfigurationError, match="has queued"):
        retry(before, "#1042")


def test_two_orders_of_one_name_are_not_decided_about_as_one() -> None:
    with pytest.raises(ConfigurationError, match="knows of no item"):
        ignore(state(known(), replace(known(), id=2)), "1042")


def test_a_refund_that_the_order_does_not_have_is_not_known() -> None:
    for decide in (ignore, retry):
        with pytest.raises(ConfigurationError, match="knows of no item"):
            decide(state(known()), "1042 refund 6")


def test_only_a_stopped_plan_can_be_accepted() -> None:
    stopped = replace(state(), stopped={"stock": ("1001 falls to 0 or below",)})
    assert accept(stopped, "stock").accepted == {"stock": ("1001 falls to 0 or below",)}
    with pytest.raises(ConfigurationError, match="was not stopped"):
        accept(stopped, "products")


def test_pieces_booked_by_hand_are_settled_and_what_is_added_later_is_not() -> None:
    booked = replace(booking(BookingStatus.BOOKED), pieces=(Pieces(11, 3),))
    edited = known(sale=booked, lines=(KnownLine(11, "A", 1, 5),))
    settled = ignore(state(edited), "1042").orders[1]
    assert (settled.booked_by_hand, settled.added_pieces) == ((Pieces(11, 2),), {})
    later = replace(settled, lines=(KnownLine(11, "A", 1, 6),))
    assert later.added_pieces == {11: 1}
    assert ignore(state(later), "1042").orders[1].booked_by_hand == (Pieces(11, 2), Pieces(11, 1))


def test_of_the_held_orders_those_placed_before_an_instant_are_found_the_oldest_first() -> None:
    orders = [
        replace(known(), id=1, name="#1", created_at=NOW - timedelta(hours=1)),
        replace(known(), id=2, name="#2", created_at=NOW - timedelta(hours=2)),
        replace(known(), id=3, name="#3", created_at=NOW),
        replace(known(), id=4, name="#4", created_at=NOW - timedelta(hours=1)),
        replace(known(), id=5, name="#5", created_at=NOW - timedelta(hours=1)),
    ]
    before = state(*orders, held=("#1", "#2", "#3", "#5 refund 5"))
    of_an_article = held_key("products", "#4")
    before = replace(before, held=before.held | {of_an_article: Held("products", "#4", "why", NOW)})
    assert decisions.held_before(before, NOW) == ("#2", "#1")


def test_accepting_by_number_lets_exactly_those_items_through() -> None:
    marks = ("10\tprice 9.00", "10 0\tprice 8.00", "10\ttitle price of the day", "11\ttitle 10")
    stopped = replace(state(), stopped={"products": marks})
    assert accept(stopped, "products", ["10"]).accepted == {
        "products": ("10\tprice 9.00", "10\ttitle price of the day")
    }
    both = accept(accept(stopped, "products", ["11"]), "products", ["10 0"])
    assert both.accepted == {"products": ("10 0\tprice 8.00", "11\ttitle 10")}
    with pytest.raises(ConfigurationError, match=r"is about 1$"):
        accept(stopped, "products", ["10", "1"])


def test_what_is_booked_whole_cannot_be_settled_and_no_later_refund_is_lost_by_it() -> None:
    whole = known(
        sale=replace(booking(BookingStatus.BOOKED), pieces=(Pieces(11, 1),)), lines=(KnownLine(11, "A", 1, 1),)
    )
    with pytest.raises(ConfigurationError, match="nothing to settle"):
        ignore(state(whole, held=()), "1042")


def test_what_would_be_settled_is_told_with_its_reason() -> None:
    orders = frozenset({"orders"})
    assert decisions.about(state(known(), held=()), "1042", orders).startswith("1042: not held")
    assert decisions.about(state(known()), "1042", orders) == "1042: why"
