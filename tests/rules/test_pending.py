"""Pieces sold in Shopify that KORONA's stock does not contain (P), and falls that no known order explains (U)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.bookings import Booking, BookingStatus, KnownLine, KnownOrder, Pieces, Restock
from korsync.records.catalogue import Article, Part
from korsync.rules.matching import assortment
from korsync.rules.sold import PutBack, SoldIndex, SoldLine, index_sold, pending_pieces
from korsync.rules.stock import expected_level, just_sold, unexplained_fall

SEEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = SEEN - timedelta(days=1)
SETTLE = timedelta(minutes=15)
HERE, ELSEWHERE = 60, 61


def sale(sold: int = 2, *put_back: PutBack, settled: int = 0) -> SoldLine:
    return SoldLine(sold, LONG_AGO, settled, put_back)


def back(pieces: int = 1, at: datetime = LONG_AGO, *, here: bool = True, sent: bool = False) -> PutBack:
    return PutBack(pieces, at, here, sent)


def pending(each: SoldLine) -> Decimal:
    return pending_pieces(each, SEEN)


# --- P ---


def test_all_pieces_of_an_order_are_pending_until_it_is_settled() -> None:
    assert pending(sale(2)) == 2
    assert pending(sale(2, settled=2)) == 0


def test_pieces_added_after_booking_are_pending() -> None:
    assert pending(sale(3, settled=2)) == 1


def test_pieces_put_back_are_no_longer_pending() -> None:
    assert pending(sale(2, back(1))) == 1


def test_pieces_put_back_of_a_settled_sale_come_off_what_is_pending() -> None:
    assert pending(sale(2, back(1), settled=2)) == -1
    assert pending(sale(2, back(1), back(1), settled=2)) == -2


def test_a_return_that_is_sent_counts_only_through_korona() -> None:
    assert pending(sale(2, back(1, sent=True), settled=2)) == 0
    assert pending(sale(2, back(1, sent=True), back(1), settled=2)) == -1


@pytest.mark.parametrize(("seconds", "pieces"), [(6, 1), (5, 2), (4, 2), (0, 2), (-60, 2)])
def test_pieces_put_back_later_than_five_seconds_before_the_level_was_read_count_as_sold(
    seconds: int, pieces: int
) -> None:
    assert pending(sale(2, back(1, SEEN - timedelta(seconds=seconds)))) == pieces


def test_pieces_put_back_elsewhere_did_not_raise_this_level() -> None:
    assert pending(sale(2, back(1, here=False))) == 2
    assert pending(sale(2, back(1, here=False), settled=2)) == 0


def test_what_is_not_in_korona_cannot_come_back_out_of_it() -> None:
    assert pending(sale(1, back(1), back(1))) == 0


def test_more_booked_than_sold_never_gives_away_a_piece() -> None:
    assert pending(sale(1, settled=2)) == 0
    assert pending(sale(1, back(1), settled=2)) == -1


def test_what_comes_back_raises_only_the_article_whose_stock_the_receipt_lowered() -> None:
    elsewhere = replace(sale(2, back(1), settled=2), from_here=False)
    assert pending(elsewhere) == 0
    assert pending(replace(sale(2, back(1)), from_here=False)) == 1


def test_a_bundle_counts_for_each_of_its_parts() -> None:
    assert pending(replace(sale(2), per_piece=Decimal(3))) == 6
    assert pending(replace(sale(1), per_piece=Decimal("0.5"))) == Decimal("0.5")


# --- U ---


def test_only_a_fall_is_unexplained_never_a_rise() -> None:
    assert unexplained_fall(5, 3) == 2
    assert unexplained_fall(5, 5) == 0
    assert unexplained_fall(5, 9) == 0


LOOKED = SEEN - timedelta(minutes=20)


def expected(*sales: SoldLine) -> int:
    return expected_level(10, LOOKED, SEEN, sales)


def test_an_order_since_the_last_look_explains_a_fall() -> None:
    assert expected(replace(sale(2), sold_at=SEEN - timedelta(minutes=1))) == 8


@pytest.mark.parametrize(
    ("sold_at", "level"),
    [
        (LOOKED - timedelta(minutes=1), 10),
        (LOOKED, 10),
        (LOOKED + timedelta(seconds=5), 10),
        (LOOKED + timedelta(seconds=6), 8),
        (SEEN - timedelta(seconds=6), 8),
        (SEEN - timedelta(seconds=5), 10),
        (SEEN, 10),
        (SEEN + timedelta(seconds=1), 10),
    ],
)
def test_an_order_that_may_lie_outside_is_not_expected_in_the_level(sold_at: datetime, level: int) -> None:
    assert expected(replace(sale(2), sold_at=sold_at)) == level


@pytest.mark.parametrize(
    ("sold_at", "pieces"),
    [
        (LOOKED, 0),
        (SEEN - timedelta(seconds=6), 0),
        (SEEN - timedelta(seconds=5), 2),
        (SEEN + timedelta(seconds=5), 2),
        (SEEN + timedelta(seconds=6), 0),
    ],
)
def test_an_order_of_the_moment_in_which_the_level_was_read_may_explain_its_fall(
    sold_at: datetime, pieces: int
) -> None:
    assert just_sold(LOOKED, SEEN, [replace(sale(2), sold_at=sold_at)]) == pieces


def test_an_order_that_the_last_look_may_contain_explains_nothing() -> None:
    of_then = [replace(sale(2), sold_at=SEEN - timedelta(seconds=2))]
    assert just_sold(SEEN - timedelta(seconds=6), SEEN, of_then) == 0
    assert just_sold(SEEN - timedelta(seconds=7), SEEN, of_then) == 0
    assert just_sold(SEEN - timedelta(seconds=8), SEEN, of_then) == 2


@pytest.mark.parametrize(
    ("at", "level"),
    [
        (LOOKED - timedelta(seconds=6), 10),
        (LOOKED - timedelta(seconds=5), 11),
        (SEEN - timedelta(minutes=1), 11),
        (SEEN, 11),
        (SEEN + timedelta(seconds=1), 10),
    ],
)
def test_a_piece_put_back_that_may_lie_since_the_last_look_is_expected_in_the_level(at: datetime, level: int) -> None:
    assert expected(sale(2, back(1, at))) == level


def test_a_piece_put_back_elsewhere_is_not_expected_here() -> None:
    assert expected(sale(2, back(1, SEEN - timedelta(minutes=1), here=False))) == 10


# --- from known orders ---


def order(**others: Any) -> KnownOrder:
    plain = KnownOrder(
        id=1,
        name="#1001",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        cancelled_at=None,
        test=False,
        fulfilled=False,
        before_start=False,
        lines=(KnownLine(11, "1001", 41, 2), KnownLine(12, "1002", None, 1)),
    )
    return replace(plain, **others)


def article(article_id: str, number: str | None, *parts: Part) -> Article:
    return Article(article_id, number, "Tee", 1, True, False, True, (), parts=parts)


TRIPLE = Part("part", Decimal(3))
ARTICLES = {
    each.id: each
    for each in (
        article("article 1001", "1001", TRIPLE),
        article("article 1002", "1002", TRIPLE),
        article("part", None),
    )
}


def indexed(*orders: KnownOrder) -> SoldIndex:
    return index_sold(orders, assortment(ARTICLES, {}), HERE, SEEN, SETTLE, {})


def booking(minutes_ago: float, status: BookingStatus = BookingStatus.BOOKED) -> Booking:
    pieces = (Pieces(11, 2), Pieces(12, 1))
    return Booking("order/1", status, pieces, confirmed_at=SEEN - timedelta(minutes=minutes_ago))


def pending_of(*orders: KnownOrder) -> Decimal:
    return sum((pending(each) for each in indexed(*orders).by_article.get("article 1001", ())), Decimal(0))


def test_a_line_counts_for_its_article_its_parts_and_its_variant() -> None:
    index = indexed(order())
    assert {name: sum(map(pending, sales)) for name, sales in index.by_article.items()} == {
        "article 1001": 2,
        "article 1002": 1,
        "part": 9,
    }
    assert {variant: [each.sold for each in sales] for variant, sales in index.by_variant.items()} == {41: [2]}


def test_a_booked_order_is_settled_only_after_settle_minutes() -> None:
    assert pending_of(order(sale=booking(14.9))) == 2
    assert pending_of(order(sale=booking(15))) == 0


@pytest.mark.parametrize("status", [each for each in BookingStatus if each is not BookingStatus.BOOKED])
def test_only_booked_counts_as_booked(status: BookingStatus) -> None:
    assert pending_of(order(sale=booking(600, status))) == 2


@pytest.mark.parametrize("others", [{"test": True}, {"ignored": True}, {"before_start": True, "fulfilled": True}])
def test_test_orders_ignored_orders_and_old_fulfilled_ones_take_nothing(others: dict[str, bool]) -> None:
    assert pending_of(order(**others)) == 0


def test_an_ignored_order_keeps_what_korsync_booked_of_it_until_that_is_settled() -> None:
    added = (KnownLine(11, "1001", 41, 3), KnownLine(12, "1002", None, 1))
    restocks = (Restock(7, 11, 1, LONG_AGO, HERE),)

    def kept(sale: Booking, **others: Any) -> Decimal:
        return pending_of(order(ignored=True, lines=added, sale=sale, restocks=restocks, **others))

    assert kept(booking(14.9)) == kept(booking(14.9), cancelled_at=LONG_AGO) == 2
    assert kept(booking(15)) == 0
    assert kept(booking(1, BookingStatus.REFUSED)) == 0


def test_an_unfulfilled_order_from_before_the_start_keeps_its_pieces() -> None:
    assert pending_of(order(before_start=True)) == 2


@pytest.mark.parametrize("what_became", [{"fulfilled": True}, {"cancelled_at": LONG_AGO}])
def test_an_order_from_before_the_start_that_was_open_keeps_its_pieces_whatever_becomes_of_it(
    what_became: dict[str, Any],
) -> None:
    assert pending_of(order(before_start=True, was_open=True, **what_became)) == 2
    assert pending_of(order(before_start=True, **what_became)) == 0


def test_a_cancelled_order_keeps_the_pieces_that_did_not_come_back() -> None:
    assert pending_of(order(cancelled_at=LONG_AGO)) == 2
    assert pending_of(order(cancelled_at=LONG_AGO, restocks=(Restock(7, 11, 1, LONG_AGO, HERE),))) == 1


def test_a_fulfilled_order_since_the_start_keeps_its_pieces_until_it_is_settled() -> None:
    assert pending_of(order(fulfilled=True)) == 2


def test_a_restock_without_a_location_counts_as_here() -> None:
    def put_back(location_id: int | None) -> Decimal:
        return pending_of(order(sale=booking(60), restocks=(Restock(7, 11, 1, LONG_AGO, location_id),)))

    assert put_back(None) == put_back(HERE) == -1
    assert put_back(ELSEWHERE) == 0


@pytest.mark.parametrize(
    ("status", "pieces"),
    [
        (BookingStatus.INTENT, 0),
        (BookingStatus.QUEUED, 0),
        (BookingStatus.BOOKED, 0),
        (BookingStatus.CONFLICT, 0),
        (BookingStatus.REFUSED, -1),
    ],
)
def test_a_return_that_may_stand_in_korona_counts_through_korona(status: BookingStatus, pieces: int) -> None:
    returned = Booking("refund/7", status, (Pieces(11, 1),), attempts=1)
    restocks = (Restock(7, 11, 1, LONG_AGO, HERE),)
    assert pending_of(order(sale=booking(60), restocks=restocks, returns=(returned,))) == pieces


def test_a_refund_that_a_person_settles_by_hand_counts_through_korona() -> None:
    restocks = (Restock(7, 11, 1, LONG_AGO, HERE),)
    assert pending_of(order(sale=booking(60), restocks=restocks, ignored_refunds=(7,))) == 0


def of_each_line(known: KnownOrder) -> tuple[int, int]:
    """Return what the order's lines take of their own articles, 2 and 1 pieces where nothing is known of them."""
    index = indexed(known).by_article
    first, second = (int(sum(map(pending, index.get(name, ())))) for name in ("article 1001", "article 1002"))
    return first, second


def test_what_a_person_booked_by_hand_is_in_koronas_stock_and_only_that() -> None:
    assert of_each_line(order(booked_by_hand=(Pieces(11, 1),))) == (1, 1)
    assert of_each_line(order(booked_by_hand=(Pieces(12, 1),))) == (2, 0)
    assert of_each_line(order(booked_by_hand=(Pieces(11, 2), Pieces(12, 1)))) == (0, 0)


def test_what_came_back_of_one_line_is_not_on_the_shelf_of_another() -> None:
    back_of_second = (Restock(7, 12, 1, LONG_AGO, HERE),)
    assert of_each_line(order(restocks=back_of_second)) == (2, 0)


def test_what_had_left_the_shelf_before_the_start_is_not_taken_again() -> None:
    from_before = order(before_start=True, was_open=True, gone_before=(Pieces(11, 1),))
    assert of_each_line(from_before) == (1, 1)


@pytest.mark.parametrize(
    ("bookings", "in_flight"),
    [
        ((), False),
        ((booking(60),), False),
        ((booking(1),), True),
        ((booking(60, BookingStatus.INTENT),), True),
        ((replace(booking(60, BookingStatus.REFUSED), attempts=1),), False),
        ((booking(60), replace(booking(1), key="edit/1/1")), True),
        ((booking(60), replace(booking(1), key="edit/1/1", pieces=(Pieces(12, 1),))), False),
    ],
)
def test_a_receipt_is_in_flight_as_long_as_koronas_stock_may_contain_it_or_not(
    bookings: tuple[Booking, ...], in_flight: bool
) -> None:
    known = order(sale=bookings[0] if bookings else None, edits=bookings[1:])
    assert [each.in_flight for each in indexed(known).by_article["article 1001"]] == [in_flight]
