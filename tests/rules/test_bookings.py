"""What is known of orders and their receipts, as pure values."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from korsync.errors import ConfigurationError
from korsync.records.amounts import Amounts, TaxAmount
from korsync.records.bookings import (
    MOST_ATTEMPTS,
    NOT_BOOKED,
    Booking,
    BookingStatus,
    KnownLine,
    KnownOrder,
    Pieces,
    Restock,
)
from korsync.records.catalogue import Shop
from korsync.records.memory import Identity, State
from korsync.records.orders import Order, Refund, RefundLine
from korsync.records.plan import Fate, Outcome, Skip
from korsync.records.receipts import BookedLine, BookedReceipt, BookedTax, Receipt, ReceiptLine
from korsync.records.stock_rows import StockMark
from korsync.rules.bookings import (
    QUEUE_PATIENCE,
    begun_before,
    intent,
    names_apart,
    outcome_of,
    remember,
    start_instant,
    why_never_booked,
)
from korsync.rules.read_back import (
    first_awaited,
    first_receipts_stop,
    found_return,
    found_sale,
    is_about,
    is_numbered,
    read_back,
    with_found_edits,
)
from tests.support.selling import line, order
from tests.support.values import values

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SETTLE = timedelta(minutes=15)
LONG_AGO = NOW - timedelta(days=31)
LINE, OTHER = 11, 12


def known(**changes: Any) -> KnownOrder:
    """Return an order of three pieces and one."""
    order = KnownOrder(
        id=1,
        name="#1001",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        cancelled_at=None,
        test=False,
        fulfilled=True,
        before_start=False,
        lines=(KnownLine(LINE, "A", 1, 3), KnownLine(OTHER, "B", 2, 1)),
    )
    return replace(order, **changes)


def booking(status: BookingStatus = BookingStatus.BOOKED, key: str = "order/1", **changes: Any) -> Booking:
    pieces = (Pieces(LINE, 3), Pieces(OTHER, 1))
    made = Booking(key, status, pieces, sent_at=LONG_AGO, attempts=1, confirmed_at=LONG_AGO)
    return replace(made, **changes)


def posted(key: str = "order/1", pieces: int = 3) -> Receipt:
    lines = (
        ReceiptLine(LINE, "a", "A", Decimal(pieces), Decimal("30.00"), Decimal(0), ()),
        ReceiptLine(99, "s", "DHL", Decimal(1), Decimal("4.90"), Decimal(0), ()),
    )
    return Receipt("id", key, "shop", 1, "1001", "1001", NOW, lines, ())


def booked(
    key: str = "order/1", quantities: tuple[tuple[int | None, int], ...] = ((LINE, 3), (99, 1)), gross: str = "34.90"
) -> BookedReceipt:
    lines = tuple(
        BookedLine(line_id, "a", "A", Decimal(quantity), Decimal(0), Decimal(0), ()) for line_id, quantity in quantities
    )
    return BookedReceipt("k1", "90-1001", "1001", 7, key, "shop", 1, Decimal(gross), lines, NOW)


RETURN = Restock(refund_id=5, line_id=LINE, quantity=1, at=LONG_AGO, location_id=None)


# --- which orders are booked ---


@pytest.mark.parametrize(
    ("order", "due"),
    [
        pytest.param(known(), True, id="new"),
        pytest.param(known(test=True), False, id="test order"),
        pytest.param(known(before_start=True), False, id="before start_from"),
        pytest.param(known(ignored=True), False, id="ignored"),
        pytest.param(known(sale=booking()), False, id="booked"),
        pytest.param(known(cancelled_at=NOW), False, id="cancelled before any intent"),
        pytest.param(
            known(cancelled_at=NOW, sale=booking(BookingStatus.INTENT)), True, id="cancelled after the intent"
        ),
        pytest.param(known(cancelled_at=NOW, sale=booking(BookingStatus.QUEUED)), True, id="cancelled while queued"),
        pytest.param(known(cancelled_at=NOW, sale=booking(BookingStatus.CONFLICT)), True, id="cancelled in conflict"),
        pytest.param(known(cancelled_at=NOW, sale=booking(BookingStatus.REFUSED)), False, id="cancelled when refused"),
        pytest.param(
            known(cancelled_at=NOW, sale=booking(BookingStatus.REFUSED, attempts=2)), True, id="its repeat was refused"
        ),
    ],
)
def test_what_was_begun_is_booked_to_the_end_and_nothing_else_that_was_cancelled(order: KnownOrder, due: bool) -> None:
    assert order.is_due is due


def test_orders_are_booked_from_midnight_in_the_shops_own_time_zone() -> None:
    shop = Shop("EUR", "Europe/Berlin", True)
    assert start_instant(date(2026, 11, 1), shop) == datetime(2026, 10, 31, 23, tzinfo=UTC)


def test_a_time_zone_that_this_machine_does_not_know_is_said_so() -> None:
    shop = Shop("EUR", "Mars/Base_One", True)
    with pytest.raises(ConfigurationError, match="does not know the shop's time zone “Mars/Base_One”"):
        start_instant(date(2026, 11, 1), shop)


# --- what Shopify shows ---


SHOWN = {
    *("name", "created_at", "updated_at", "cancelled_at", "test", "fulfilled", "archived", "before_start"),
    *("lines", "restocks", "unread_refunds"),
}


@given(values(KnownOrder), values(Order), values(datetime))
def test_what_a_person_decided_or_korsync_noted_survives_any_reading(
    before: KnownOrder, order: Order, start: datetime
) -> None:
    after = remember(order, before, start)
    noted = {each.name for each in fields(KnownOrder)} - SHOWN - {"was_open"}
    assert {name: getattr(after, name) for name in noted} == {name: getattr(before, name) for name in noted}
    shown = remember(replace(order, unreadable=""), replace(before, lines=(), restocks=()), start)
    assert shown.was_open or not before.was_open
    kept = {name: getattr(before, name) for name in noted}
    new = remember(order, None, start)
    # What was begun is booked to the end.
    kept |= {"was_open": shown.was_open, "before_start": new.before_start and not before.is_begun}
    assert shown == replace(new, **kept)


@given(values(KnownOrder), values(Order), values(datetime))
def test_no_piece_is_lost_by_a_reading_that_cannot_tell_all(before: KnownOrder, order: Order, start: datetime) -> None:
    after = remember(replace(order, unreadable="quantity is missing"), before, start)
    assert {line.id for line in before.lines} <= {line.id for line in after.lines}
    assert {each.refund_id for each in before.restocks} <= {each.refund_id for each in after.restocks}


# --- the life of a booking ---


def test_an_intent_holds_the_receipt_the_pieces_of_its_order_and_the_time() -> None:
    made = intent(posted(), known(), None, NOW, ())
    amounts = Amounts(Decimal("34.90"))
    assert made == Booking(
        "order/1", BookingStatus.INTENT, (Pieces(LINE, 3),), posted(), NOW, 1, order_number="1001", amounts=amounts
    )


@pytest.mark.parametrize(
    ("previous", "attempts"),
    [
        (None, 1),
        (booking(BookingStatus.INTENT, attempts=2), 3),
        (booking(BookingStatus.REFUSED, attempts=1), 1),
        (booking(BookingStatus.REFUSED, attempts=2), 3),
    ],
)
def test_only_attempts_that_may_have_left_a_receipt_are_counted(previous: Booking | None, attempts: int) -> None:
    assert intent(posted(), known(), previous, NOW, ()).attempts == attempts


def test_what_is_sent_again_is_known_by_the_stock_before_the_first_attempt() -> None:
    before, now = (StockMark("a", 7),), (StockMark("a", 9),)
    begun = intent(posted(), known(), None, NOW, before)
    assert intent(posted(), known(), begun, NOW, now).stock_rows == before
    assert intent(posted(), known(), replace(begun, status=BookingStatus.REFUSED), NOW, now).stock_rows == now


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.DONE, BookingStatus.BOOKED),
        (Outcome.QUEUED, BookingStatus.QUEUED),
        (Outcome.REJECTED, BookingStatus.REFUSED),
        (Outcome.CONFLICT, BookingStatus.CONFLICT),
        (Outcome.UNSURE, BookingStatus.INTENT),
        (Outcome.NOT_SENT, BookingStatus.INTENT),
    ],
)
def test_a_receipt_is_kept_until_korona_shows_it(outcome: Outcome, status: BookingStatus) -> None:
    after = outcome_of(intent(posted(), known(), None, LONG_AGO, ()), outcome, "why", NOW)
    assert after.status is status
    assert after.receipt == posted()
    assert after.confirmed_at == (NOW if outcome is Outcome.DONE else None)
    assert after.sent_at == (NOW if outcome is Outcome.UNSURE else LONG_AGO)


def test_only_a_booked_receipt_settles_and_only_after_its_time() -> None:
    assert not booking(BookingStatus.QUEUED).is_settled(NOW, SETTLE)
    fresh = booking(confirmed_at=NOW)
    assert not fresh.is_settled(NOW + SETTLE - timedelta(seconds=1), SETTLE)
    assert fresh.is_settled(NOW + SETTLE, SETTLE)


@pytest.mark.parametrize("status", BookingStatus)
def test_korona_may_hold_whatever_was_sent_unless_its_only_attempt_was_refused(status: BookingStatus) -> None:
    assert booking(status).may_stand_in_korona is (status is not BookingStatus.REFUSED)
    assert booking(status, attempts=2).may_stand_in_korona


# --- what a look-up shows ---


def test_what_is_not_there_leaves_everything_as_it_was() -> None:
    assert found_sale(known(), Decimal("34.90"), [], NOW) is None
    assert found_sale(known(), Decimal("34.90"), [booked("order/2"), booked("refund/1")], NOW) is None


def test_what_is_there_as_it_was_posted_is_booked_from_now_on() -> None:
    order = known(sale=intent(posted(), known(), None, LONG_AGO, ()))
    found = found_sale(order, None, [booked("order/2"), booked()], NOW)
    pieces = (Pieces(LINE, 3),)
    assert found is not None
    assert (found.status, found.pieces, found.receipt) == (BookingStatus.BOOKED, pieces, None)
    assert (found.sent_at, found.confirmed_at, found.order_number) == (LONG_AGO, NOW, "1001")


def test_rows_that_korona_put_into_a_receipt_by_itself_are_no_difference() -> None:
    order = known(sale=intent(posted(), known(), None, LONG_AGO, ()))
    found = found_sale(order, None, [booked(quantities=((LINE, 3), (99, 1), (None, 2)))], NOW)
    assert found is not None
    assert (found.status, found.pieces) == (BookingStatus.BOOKED, (Pieces(LINE, 3),))


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        pytest.param([booked(), booked()], "KORONA holds 2 receipts for it", id="twice"),
        pytest.param([booked(quantities=((LINE, 2), (99, 1)))], "other quantities", id="a piece less"),
        pytest.param([booked(quantities=((LINE, 3),))], "other quantities", id="a line less"),
        pytest.param([booked(quantities=((LINE, 3), (LINE, 3), (99, 1)))], "other quantities", id="a line doubled"),
        pytest.param([booked(gross="34.91")], "says 34.91, 34.90 was posted", id="a cent more"),
    ],
)
def test_what_is_there_otherwise_than_posted_is_a_conflict_now_and_at_the_next_look(
    there: list[BookedReceipt], reason: str
) -> None:
    order = known(sale=intent(posted(), known(), None, LONG_AGO, ()))
    for _ in range(3):
        found = found_sale(order, Decimal("34.90"), there, NOW)
        assert found is not None
        assert found.status is BookingStatus.CONFLICT
        assert reason in found.reason
        order = order.with_booking(found)
    solved = found_sale(order, None, [booked()], NOW)
    assert solved is not None
    assert (solved.status, solved.reason) == (BookingStatus.BOOKED, "")


BOTH = ((LINE, 3), (OTHER, 1))


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        pytest.param(booked(quantities=BOTH, gross="40.00"), "", id="equal"),
        pytest.param(booked(quantities=BOTH, gross="40.01"), "says 40.01, the order 40.00", id="another total"),
        pytest.param(booked(quantities=((LINE, 4), (OTHER, 1)), gross="40.00"), "more pieces", id="too many pieces"),
        pytest.param(booked(quantities=((LINE, 2), (OTHER, 1)), gross="30.00"), "", id="edited after it was booked"),
    ],
)
def test_without_the_state_what_is_there_is_compared_with_the_order(there: BookedReceipt, reason: str) -> None:
    found = found_sale(known(), Decimal("40.00"), [there], NOW)
    assert found is not None
    assert found.status is (BookingStatus.CONFLICT if reason else BookingStatus.BOOKED)
    assert reason in found.reason
    assert found.confirmed_at == (None if reason else NOW)


def test_what_a_found_receipt_comes_to_is_known_by_what_was_noted_or_else_by_koronas_own_figures() -> None:
    def amounts(order: KnownOrder, there: BookedReceipt) -> Amounts | None:
        found = found_sale(order, None, [there], NOW)
        assert found is not None
        return found.amounts

    tax = BookedTax("19", Decimal(19), Decimal("5.57"), None)
    there = booked()
    taxed = replace(there, lines=tuple(replace(each, taxes=(tax,)) for each in there.lines))
    assert amounts(known(), taxed) == Amounts(Decimal("34.90"), (TaxAmount("19", Decimal("11.14")),))
    assert amounts(known(), replace(taxed, gross=None)) is None
    noted = Amounts(Decimal("34.90"))
    assert amounts(known(sale=booking(amounts=noted)), taxed) == noted


def test_a_look_up_does_not_make_a_booked_receipt_younger() -> None:
    found = found_sale(known(sale=booking(confirmed_at=LONG_AGO)), None, [booked()], NOW)
    assert found is not None
    assert found.confirmed_at == LONG_AGO


def test_a_return_is_found_under_the_key_of_its_refund() -> None:
    order = known(sale=booking(), restocks=(RETURN,))
    assert found_return(order, 5, [booked()], NOW) is None
    found = found_return(order, 5, [booked(), booked("refund/5", ((LINE, -1),), "-10.00")], NOW)
    assert found is not None
    assert (found.status, found.pieces) == (BookingStatus.BOOKED, (Pieces(LINE, 1),))
    too_many = found_return(order, 5, [booked("refund/5", ((LINE, -2),), "-20.00")], NOW)
    assert too_many is not None
    assert too_many.status is BookingStatus.CONFLICT


@pytest.mark.parametrize(("left", "status"), [(1, BookingStatus.BOOKED), (0, BookingStatus.CONFLICT)])
def test_what_korona_says_is_booked_must_be_shown_within_the_time_that_it_may_take(
    left: int, status: BookingStatus
) -> None:
    confirmed_at = NOW - SETTLE + timedelta(seconds=left)
    awaited = booking(receipt=posted(), confirmed_at=confirmed_at, sent_at=confirmed_at)
    found = read_back(known(sale=awaited), [], NOW, SETTLE)
    assert found.sale is not None
    assert found.sale.status is status
    shown_before = known(sale=booking())
    assert read_back(shown_before, [], NOW, SETTLE) == shown_before
    later = replace(awaited, sent_at=NOW)
    assert first_awaited([known(sale=later), known(sale=awaited), shown_before], NOW) == confirmed_at
    assert first_awaited([known(sale=booking()), known(sale=replace(awaited, sent_at=None))], NOW) == NOW


def test_an_edits_receipt_that_is_not_known_any_more_may_have_no_more_pieces_than_it_was_begun_with() -> None:
    key = "edit/1/1"
    begun = known(sale=booking(), edits=(booking(BookingStatus.CONFLICT, key, pieces=(Pieces(LINE, 1),)),))
    for pieces, status in ((1, BookingStatus.BOOKED), (2, BookingStatus.CONFLICT)):
        (edit,) = with_found_edits(begun, [booked(key, ((LINE, pieces),))], NOW).edits
        assert edit.status is status


def test_a_return_has_the_pieces_of_its_own_refund() -> None:
    order = known(sale=booking(), restocks=(RETURN, replace(RETURN, refund_id=6, quantity=2)))
    found = found_return(order, 5, [booked("refund/5", ((LINE, -2),), "-20.00")], NOW)
    assert found is not None
    assert found.status is BookingStatus.CONFLICT


def test_an_edits_receipt_of_which_nothing_is_known_is_found_by_its_key() -> None:
    there = [booked(), booked("edit/2/1"), booked("edit/1/1", ((LINE, 1),)), replace(booked(), key=None)]
    assert [each.key for each in with_found_edits(known(sale=booking()), there, NOW).edits] == ["edit/1/1"]


def test_a_receipt_without_korsyncs_references_is_about_the_order_whose_number_it_has() -> None:
    nameless = replace(booked(), key=None, order_id=None, order_number="other")
    sold = known(
        sale=booking(receipt=replace(posted(), number="555")),
        edits=(booking(key="edit/1/1", receipt=replace(posted("edit/1/1"), number="777")),),
        returns=(booking(key="refund/5", order_number="777-R"),),
    )
    assert is_about(replace(nameless, number="90-555"), sold)
    assert is_about(replace(nameless, number="90-777"), sold)
    assert is_about(replace(nameless, order_number="777-R"), sold)
    assert is_about(replace(nameless, order_number="1001"), sold)
    assert not is_about(replace(nameless, number="90-556"), sold)
    assert not is_about(replace(nameless, number="A1555"), sold)
    assert not is_about(replace(booked("order/2"), order_id=2, number="90-555"), sold)


def test_a_first_receipt_in_conflict_stops_the_others_unless_a_person_has_settled_it() -> None:
    conflict = booking(BookingStatus.CONFLICT, "refund/5", reason="odd")
    order = known(sale=booking(receipt=posted()), restocks=(RETURN,), returns=(conflict,))
    state = State(Identity("shop", "account", "90"), NOW, orders={1: order})
    stop = first_receipts_stop("refunds", state)
    assert stop is not None
    assert "#1001 refund 5: odd" in stop.what
    assert "korsync retry '1001 refund 5'" in stop.remedy
    settled = replace(state, orders={1: replace(order, ignored_refunds=(5,))})
    assert first_receipts_stop("refunds", settled) is None
    assert first_receipts_stop("refunds", replace(state, orders={1: replace(order, sale=booking())})) is None


# --- bookings of an order ---


def test_a_booking_takes_the_place_of_the_one_with_its_key() -> None:
    order = known().with_booking(booking(BookingStatus.INTENT))
    order = order.with_booking(booking(BookingStatus.INTENT, "refund/5"))
    order = order.with_booking(booking(BookingStatus.BOOKED))
    order = order.with_booking(booking(BookingStatus.BOOKED, "refund/5"))
    assert order.sale == booking()
    assert order.returns == (booking(key="refund/5"),)
    assert order.without_booking("refund/5").returns == ()
    assert order.without_booking("order/1").sale is None


def test_pieces_that_an_edit_added_are_those_above_what_was_booked() -> None:
    order = known(sale=booking(pieces=(Pieces(LINE, 2),)))
    assert order.added_pieces == {LINE: 1, OTHER: 1}
    assert known(sale=booking()).added_pieces == {}
    assert known(sale=booking(BookingStatus.INTENT, pieces=())).added_pieces == {}


def test_refunds_are_open_until_they_are_booked_or_ignored() -> None:
    order = known(sale=booking(), restocks=(replace(RETURN, refund_id=6), RETURN))
    assert order.open_refunds == (5, 6)
    assert order.with_booking(booking(BookingStatus.CONFLICT, "refund/5")).open_refunds == (5, 6)
    assert order.with_booking(booking(key="refund/5")).open_refunds == (6,)
    assert replace(order, ignored_refunds=(5, 6)).open_refunds == ()


# --- how long an order is remembered ---


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        pytest.param(known(sale=booking()), False, id="booked and quiet"),
        pytest.param(known(sale=booking(), updated_at=NOW - timedelta(days=29)), True, id="booked and touched lately"),
        pytest.param(known(), True, id="still to be booked"),
        pytest.param(known(sale=booking(BookingStatus.INTENT)), True, id="outcome not known"),
        pytest.param(known(sale=booking(BookingStatus.QUEUED)), True, id="queued"),
        pytest.param(known(sale=booking(BookingStatus.CONFLICT)), True, id="in conflict"),
        pytest.param(known(sale=booking(BookingStatus.REFUSED)), True, id="refused"),
        pytest.param(known(sale=booking(pieces=())), True, id="edited after it was booked"),
        pytest.param(known(sale=booking(), restocks=(RETURN,)), True, id="a return not yet booked"),
        pytest.param(
            known(sale=booking(), restocks=(RETURN,), returns=(booking(key="refund/5"),)), False, id="sold and returned"
        ),
        pytest.param(
            known(sale=booking(), restocks=(RETURN,), returns=(booking(BookingStatus.REFUSED, "refund/5"),)),
            True,
            id="a return refused",
        ),
        pytest.param(known(cancelled_at=LONG_AGO), True, id="cancelled, and nobody has looked whether it was booked"),
        pytest.param(known(cancelled_at=LONG_AGO, told=(NOT_BOOKED,)), True, id="cancelled, its pieces are gone"),
        pytest.param(
            known(
                cancelled_at=LONG_AGO,
                told=(NOT_BOOKED,),
                restocks=(replace(RETURN, quantity=3), replace(RETURN, line_id=OTHER)),
            ),
            False,
            id="cancelled before it was booked and put back",
        ),
        pytest.param(known(sale=booking(), booked_by_hand=(Pieces(LINE, 1),)), True, id="an edit booked by hand"),
        pytest.param(known(test=True), False, id="test order"),
        pytest.param(known(before_start=True), False, id="before start_from and fulfilled"),
        pytest.param(known(before_start=True, fulfilled=False), True, id="before start_from and still to be fulfilled"),
        pytest.param(known(ignored=True), True, id="settled by hand"),
        pytest.param(known(sale=booking(), ignored_refunds=(5,)), True, id="a refund settled by hand"),
    ],
)
def test_an_order_is_remembered_as_long_as_anything_about_it_stands_nowhere_else(order: KnownOrder, kept: bool) -> None:
    assert order.is_worth_remembering(NOW) is kept


def test_a_sale_in_which_nothing_can_stand_in_korona_is_not_begun() -> None:
    assert not known().is_begun
    assert not known(sale=booking(BookingStatus.REFUSED)).is_begun
    assert known(sale=booking(BookingStatus.INTENT)).is_begun


def test_an_order_once_begun_is_booked_to_the_end_also_where_the_start_was_moved_behind_it() -> None:
    assert known(before_start=True, sale=booking(BookingStatus.INTENT)).is_due
    assert not known(before_start=True).is_due
    assert not known(test=True).is_due


def test_orders_of_one_name_are_told_apart_by_their_ids() -> None:
    orders = [known(), known(id=2), known(id=3, name="#1003")]
    assert names_apart(orders) == {1: "#1001 (1)", 2: "#1001 (2)", 3: "#1003"}


# --- a receipt begun before ---

SECOND = timedelta(seconds=1)
SENT = Receipt("id", "order/1", "shop", 1, "1042", "1042", NOW, (), ())


def begun(status: BookingStatus = BookingStatus.INTENT, **changes: Any) -> Booking:
    return replace(Booking("order/1", status, (), SENT, sent_at=NOW, attempts=1), **changes)


def fate(booking: Booking, after: timedelta) -> Fate | None:
    """Return the fate of the item so long after its receipt was sent; None where it is sent or made now."""
    verdict = begun_before("#1042", booking, NOW + after, SETTLE)
    return verdict.fate if isinstance(verdict, Skip) else None


def test_an_intent_is_sent_again_once_its_time_is_up() -> None:
    assert not begun().may_be_sent_again(NOW + SETTLE - SECOND, SETTLE)
    assert begun().may_be_sent_again(NOW + SETTLE, SETTLE)
    assert fate(begun(), SETTLE - SECOND) is Fate.WAITING
    assert begun_before("#1042", begun(), NOW + SETTLE, SETTLE) == SENT


@pytest.mark.parametrize("booking", [None, begun(BookingStatus.REFUSED), begun(BookingStatus.REFUSED, attempts=3)])
def test_what_was_never_begun_or_was_refused_is_made_anew(booking: Booking | None) -> None:
    assert begun_before("#1042", booking, NOW, SETTLE) is None


def test_a_queued_receipt_waits_a_day_and_is_then_held() -> None:
    queued = begun(BookingStatus.QUEUED)
    assert fate(queued, QUEUE_PATIENCE - SECOND) is Fate.WAITING
    assert fate(queued, QUEUE_PATIENCE) is Fate.HELD


def test_a_conflict_is_held_with_its_reason() -> None:
    conflict = begun(BookingStatus.CONFLICT, reason="KORONA holds 2 receipts for it")
    assert begun_before("#1042", conflict, NOW, SETTLE) == Skip("#1042", "KORONA holds 2 receipts for it", Fate.HELD)


def test_what_is_sent_so_often_without_a_clear_answer_is_held() -> None:
    assert fate(begun(attempts=MOST_ATTEMPTS - 1), SETTLE) is None
    last = begun(attempts=MOST_ATTEMPTS)
    assert fate(last, SETTLE - SECOND) is Fate.WAITING
    assert fate(last, SETTLE) is Fate.HELD


@pytest.mark.parametrize("status", [each for each in BookingStatus if each is not BookingStatus.INTENT])
def test_only_what_has_no_clear_answer_is_given_up(status: BookingStatus) -> None:
    assert begun(attempts=MOST_ATTEMPTS).is_given_up
    assert not begun(status, attempts=MOST_ATTEMPTS).is_given_up


@pytest.mark.parametrize(("name", "typed"), [("#1042", "1042"), ("#1042 refund 9", "'1042 refund 9'")])
def test_what_is_given_up_says_what_to_type(name: str, typed: str) -> None:
    given_up = begun(attempts=MOST_ATTEMPTS, receipt=replace(SENT, number="71042"))
    verdict = begun_before(name, given_up, NOW + SETTLE, SETTLE)
    assert isinstance(verdict, Skip)
    assert "look for receipt 71042 in KORONA" in verdict.reason
    assert f"`korsync retry {typed}`" in verdict.reason
    assert f"`korsync ignore {typed}`" in verdict.reason


def test_an_order_from_before_the_start_that_is_placed_under_korsyncs_eyes_has_its_pieces_on_the_shelf() -> None:
    placed = order(line(), created_at=NOW - timedelta(hours=1))
    seen = remember(placed, None, start=NOW, seen_until=NOW - timedelta(hours=2))
    assert (seen.before_start, seen.was_open, seen.gone_before) == (True, True, ())
    assert not remember(placed, None, start=NOW - timedelta(hours=2)).before_start
    shipped_then = replace(placed, fulfilled=True)
    for seconds, was_open in ((-1, True), (0, False), (1, False)):
        until = placed.created_at + timedelta(seconds=seconds)
        assert remember(shipped_then, None, start=NOW, seen_until=until).was_open is was_open
    shipped = remember(replace(placed, fulfilled=True), None, start=NOW, seen_until=NOW - timedelta(hours=2))
    assert (shipped.was_open, shipped.gone_before) == (True, ())


def test_an_order_placed_as_the_start_begins_is_not_from_before_it() -> None:
    assert not remember(order(line(), created_at=NOW), None, start=NOW).before_start
    assert remember(order(line(), created_at=NOW - timedelta(seconds=1)), None, start=NOW).before_start


@pytest.mark.parametrize(
    ("unshipped", "fulfilled", "gone"), [(1, False, 2), (3, False, 0), (None, False, 0), (-1, False, 3), (0, True, 3)]
)
def test_of_an_order_from_before_the_start_what_is_shipped_has_left_the_shelf(
    unshipped: int | None, fulfilled: bool, gone: int
) -> None:
    old = order(line(quantity=3, unshipped=unshipped), created_at=NOW - timedelta(days=2), fulfilled=fulfilled)
    seen = remember(old, None, start=NOW)
    assert seen.gone_before == ((Pieces(1, gone),) if gone else ())


def test_what_came_back_lies_where_shopify_says_unless_it_names_several_places() -> None:
    def places(*where: tuple[int, int | None]) -> list[int | None]:
        lines = tuple(RefundLine(7, line_id, 1, "return", place, Decimal(10)) for line_id, place in where)
        elsewhere = Refund(8, NOW, (RefundLine(7, 1, 1, "return", 62, Decimal(10)),), ())
        sold = order(line(id=1, quantity=3), line(id=2), refunds=(Refund(9, NOW, lines, ()), elsewhere))
        restocks = remember(sold, None, start=LONG_AGO).restocks
        return [each.location_id for each in restocks if each.refund_id == 9]

    assert places((1, 60), (2, 61)) == [60, 61]
    assert places((1, 60), (1, 61)) == [None]
    assert places((1, None)) == [None]


def test_a_line_that_an_order_shows_although_it_cannot_be_read_whole_is_known_once() -> None:
    before = remember(order(line(quantity=3), line(id=2)), None, start=LONG_AGO)
    again = replace(order(line(quantity=3)), unreadable="its refunds")
    assert [(each.id, each.quantity) for each in remember(again, before, start=LONG_AGO).lines] == [(1, 3), (2, 1)]
    fewer = replace(order(line(quantity=1)), unreadable="its refunds")
    assert [each.quantity for each in remember(fewer, before, start=LONG_AGO).lines if each.id == 1] == [3]
    more = replace(order(line(id=3, quantity=0)), unreadable="its refunds")
    assert [each.quantity for each in remember(more, before, start=LONG_AGO).lines if each.id == 3] == [0]


def test_what_came_back_of_an_order_that_cannot_be_read_whole_is_known_once() -> None:
    back = Refund(9, NOW, (RefundLine(7, 1, 1, "return", None, Decimal(10)),), ())
    sold = order(line(quantity=3), refunds=(back,))
    before = remember(replace(sold, refunds=(back, replace(back, id=8))), None, start=LONG_AGO)
    after = remember(replace(sold, unreadable="its total"), before, start=LONG_AGO)
    assert sorted(each.refund_id for each in after.restocks) == [8, 9]
    odd = replace(sold, refunds=(back, replace(back, id=10, unreadable=True)))
    assert (before.unread_refunds, remember(odd, before, start=LONG_AGO).unread_refunds) == ((), (10,))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"test": True}, "a test order is not booked"),
        ({"before_start": True}, "placed before orders.start_from, not booked"),
        ({"cancelled_at": NOW}, "cancelled before it was booked"),
    ],
)
def test_what_is_never_booked_says_why(changes: dict[str, Any], why: str) -> None:
    assert why_never_booked(known(**changes)) == why


@pytest.mark.parametrize(
    ("shown", "is_ours"), [("1042", True), ("90-1042", True), ("W1042", True), ("21042", False), ("1043", False)]
)
def test_korona_may_put_a_prefix_before_the_number_of_a_receipt(shown: str, is_ours: bool) -> None:
    assert is_numbered(BookedReceipt("id", shown, None, 1, None, None, None, None, (), NOW), "1042") is is_ours
