"""The receipt of what an edit added, where what KORONA holds stands in its way."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.records.bookings import KnownOrder, sale_key
from korsync.records.orders import Order
from korsync.records.plan import Outcome
from korsync.records.receipts import BookedLine, BookedReceipt, BookedTax
from korsync.rules.bookings import intent, outcome_of, remember
from korsync.rules.edits import edit_receipt
from korsync.rules.receipts import NotBookableError, totals
from tests.support.selling import NOON, line, money, order, receipt, rules

NOW = order(line(quantity=2), total="20.00")
"""An order of two pieces at 10.00, of which one was added."""


def known() -> KnownOrder:
    first = order(line(), total="10.00")
    remembered = remember(NOW, None, NOON - timedelta(days=1))
    return remembered.with_booking(
        outcome_of(intent(receipt(first), remembered, None, NOON, ()), Outcome.DONE, "", NOON)
    )


def shown(base: str = "10.00", gross: str | None = "10.00", key: str = sale_key(NOW.id)) -> BookedReceipt:
    """Return what KORONA shows of the sale of one piece."""
    piece = BookedLine(1, "article-1", "Tea", Decimal(1), money(base), Decimal(0), ())
    total = None if gross is None else money(gross)
    return BookedReceipt("id", "1042", "1042", 1, key, "a-shop.myshopify.com", NOW.id, total, (piece,), NOON)


def trouble(*receipts: BookedReceipt, now: Order = NOW) -> str:
    with pytest.raises(NotBookableError) as caught:
        edit_receipt(known(), now, receipts, {1: "article-1"}, rules(), lambda _sku: ())
    return str(caught.value)


def test_what_was_added_is_what_the_line_has_more_than_korona_holds() -> None:
    added = edit_receipt(known(), NOW, [shown()], {1: "article-1"}, rules(), lambda _sku: ())
    assert [(each.quantity, each.base) for each in added.lines] == [(Decimal(1), Decimal("10.00"))]
    assert added.gross == 10


@pytest.mark.parametrize("receipts", [[], [shown(key="order/999")]])
def test_without_the_receipt_of_its_sale_nobody_knows_what_was_added(receipts: list[BookedReceipt]) -> None:
    assert trouble(*receipts) == "KORONA does not show the receipt of its sale"


def test_a_line_that_came_to_less_than_was_booked_is_held() -> None:
    assert "10.00 less than was booked for it before" in trouble(shown(base="30.00"))


def test_a_receipt_whose_total_nothing_tells_leaves_nothing_to_compare_with() -> None:
    told = shown(gross=None)
    (piece,) = told.lines
    open_ = replace(piece, taxes=(BookedTax("a tax that is gone", Decimal(19), Decimal(0), None),))
    assert trouble(replace(told, lines=(open_,))) == "KORONA does not say what its receipts come to"


def test_an_order_whose_total_cannot_be_read_adds_up_to_nothing() -> None:
    assert list(totals(replace(NOW, total_price=None), is_edited=True)) == []


def test_the_discount_of_what_was_added_is_what_the_line_has_more_of_it() -> None:
    first = order(line(discount=money("2.00")), total="8.00")
    now = order(line(quantity=2, discount=money("5.00")), total="15.00")
    remembered = remember(now, None, NOON - timedelta(days=1))
    begun = intent(receipt(first), remembered, None, NOON, ())
    booked = remembered.with_booking(outcome_of(begun, Outcome.DONE, "", NOON))
    told = shown(base="8.00", gross="8.00")
    piece = replace(told.lines[0], discount=money("2.00"))
    added = edit_receipt(booked, now, [replace(told, lines=(piece,))], {1: "article-1"}, rules(), lambda _sku: ())
    assert [(each.base, each.discount) for each in added.lines] == [(Decimal("7.00"), Decimal("3.00"))]
