"""The receipt of what an edit added, where what KORONA holds stands in its way."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.bookings import KnownOrder, edit_key, sale_key
from korsync.records.orders import Order, ShippingLine, TaxLine
from korsync.records.plan import Outcome
from korsync.records.receipts import BookedLine, BookedReceipt, BookedTax
from korsync.rules.bookings import intent, outcome_of, remember
from korsync.rules.edits import amounts_now, edit_receipt, sold_in_korona
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


# --- what was booked of a line twice: by the sale, and by an edit ---


def booked_twice() -> tuple[BookedReceipt, BookedReceipt]:
    """Return the receipts of a sale and of an edit: a piece of one line each, 2.00 and 3.00 off."""
    sale, edit = shown("8.00", "8.00"), shown("7.00", "7.00", edit_key(NOW.id, 1))
    return with_line(sale, discount=money("2.00")), with_line(edit, discount=money("3.00"))


def with_line(told: BookedReceipt, **changed: Any) -> BookedReceipt:
    return replace(told, lines=(replace(told.lines[0], **changed),))


def test_both_count_with_their_discounts() -> None:
    now = order(line(quantity=3, discount=money("9.00")), total="21.00")
    added = edit_receipt(known(), now, booked_twice(), {1: "article-1"}, rules(), lambda _sku: ())
    assert [(each.quantity, each.base, each.discount) for each in added.lines] == [
        (Decimal(1), money("6.00"), money("4.00"))
    ]


def test_both_together_are_worth_what_can_be_told_of_both() -> None:
    (both,) = sold_in_korona(NOW.id, booked_twice(), rules()).lines
    assert both.gross == 15
    sale, edit = booked_twice()
    gone = (BookedTax("a tax that is gone", Decimal(19), Decimal(1), None),)
    for receipts in ((sale, with_line(edit, taxes=gone)), (with_line(sale, taxes=gone), edit)):
        (open_,) = sold_in_korona(NOW.id, receipts, rules()).lines
        assert open_.gross is None


def test_a_piece_that_costs_nothing_is_added_like_any_other() -> None:
    now = order(line("10.00", ("19", "1.60"), quantity=2, discount=money("10.00")), total="10.00")
    told = with_line(shown(), taxes=(BookedTax("tax-1", Decimal(19), money("1.60"), True),))
    added = edit_receipt(known(), now, [told], {1: "article-1"}, rules(), lambda _sku: ())
    assert [(each.quantity, each.base) for each in added.lines] == [(Decimal(1), Decimal(0))]
    assert added.payments == ()


# --- how what was added is paid ---


@pytest.mark.parametrize(
    ("gateways", "method"), [(("shopify_payments", "paypal"), "paypal"), (("paypal",), "paypal"), ((), "default")]
)
def test_what_was_added_is_paid_by_what_the_order_was_last_paid_by(gateways: tuple[str, ...], method: str) -> None:
    now = replace(NOW, gateways=gateways)
    added = edit_receipt(known(), now, [shown()], {1: "article-1"}, rules(), lambda _sku: ())
    assert [(each.payment_method_id, each.amount) for each in added.payments] == [(f"by-{method}", Decimal("10.00"))]


# --- what an order comes to ---


@pytest.mark.parametrize(("removed", "taxes"), [(False, [("5 %", Decimal("0.20"))]), (True, [])])
def test_a_tax_that_korona_does_not_have_goes_by_its_rate_as_long_as_its_shipping_is_there(
    removed: bool, taxes: list[tuple[str, Decimal]]
) -> None:
    carriage = ShippingLine(9, "Parcel", money("4.20"), Decimal(0), (TaxLine(money("5"), money("0.20")),), removed)
    amounts = amounts_now(order(line(), shipping_lines=(carriage,), total="14.20"), rules())
    assert [(each.sales_tax, each.amount) for each in amounts.taxes] == taxes
