"""The receipt of what an edit added, where what KORONA holds stands in its way."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.bookings import KnownOrder, edit_key, sale_key
from korsync.records.orders import Order, ShippingLine
from korsync.records.plan import Outcome
from korsync.records.receipts import BookedLine, BookedReceipt, BookedTax
from korsync.rules.bookings import intent, outcome_of, remember
from korsync.rules.edits import amounts_now, edit_receipt, money_change, sold_in_korona
from korsync.rules.receipts import NotBookableError, totals
from tests.support.selling import NOON, line, money, order, receipt, rules, tax

NOW = order(line(quantity=2), total="20.00")
"""An order of two pieces at 10.00, of which one was added."""

PARCEL = 9


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


@pytest.mark.parametrize(("booked", "added"), [((), "3.20"), (("1.60",), "1.60")])
def test_the_tax_of_what_was_added_is_all_that_was_not_booked_before(booked: tuple[str, ...], added: str) -> None:
    now = order(line("10.00", ("19", "3.20"), quantity=2), total="20.00")
    told = with_line(shown(), taxes=tuple(BookedTax("tax-1", Decimal(19), money(each), True) for each in booked))
    (piece,) = edit_receipt(known(), now, [told], {1: "article-1"}, rules(), lambda _sku: ()).lines
    assert [(each.sales_tax_id, each.amount) for each in piece.taxes] == [("tax-1", money(added))]


@pytest.mark.parametrize(("stands_there", "added"), [(False, [1, PARCEL]), (True, [1])])
def test_shipping_is_booked_with_what_was_added_unless_it_stands_in_korona(
    stands_there: bool, added: list[int]
) -> None:
    parcel = ShippingLine(PARCEL, "Parcel", money("4.20"), Decimal(0), ())
    now = order(line(quantity=2), shipping_lines=(parcel,), total="24.20")
    told = shown()
    if stands_there:
        booked = replace(told.lines[0], line_id=PARCEL, base=money("4.20"))
        told = replace(told, lines=(*told.lines, booked), gross=money("14.20"))
    receipt_of_it = edit_receipt(known(), now, [told], {1: "article-1"}, rules(), lambda _sku: ())
    assert [each.line_id for each in receipt_of_it.lines] == added


def test_of_an_edited_order_the_total_that_it_has_by_now_will_do() -> None:
    now = replace(NOW, total_price=money("10.00"), current_total_price=money("20.00"))
    assert edit_receipt(known(), now, [shown()], {1: "article-1"}, rules(), lambda _sku: ()).gross == 10


@pytest.mark.parametrize(("cents", "fits", "does_not"), [(0, "20.00", "20.01"), (2, "20.02", "20.03")])
def test_all_receipts_together_miss_shopifys_total_by_no_more_than_the_cents_that_are_allowed(
    cents: int, fits: str, does_not: str
) -> None:
    allowed = replace(rules(), rounding_cents=cents)
    fitting, other = (replace(NOW, total_price=money(each)) for each in (fits, does_not))
    assert edit_receipt(known(), fitting, [shown()], {1: "article-1"}, allowed, lambda _sku: ()).gross == 10
    with pytest.raises(NotBookableError, match=f"with what was added 20.00; Shopify's total is {does_not}"):
        edit_receipt(known(), other, [shown()], {1: "article-1"}, allowed, lambda _sku: ())


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


def test_rows_that_korsync_did_not_write_stand_there_once_each() -> None:
    sale, edit = booked_twice()
    bag, card = (replace(sale.lines[0], line_id=None, base=money(each), gross=money(each)) for each in ("0.20", "3.00"))
    receipts = (replace(sale, lines=(*sale.lines, bag)), replace(edit, lines=(*edit.lines, card)))
    lines = sold_in_korona(NOW.id, receipts, rules()).lines
    assert [(each.line_id, each.base) for each in lines] == [
        (1, money("15.00")),
        (None, money("0.20")),
        (None, money("3.00")),
    ]


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


@pytest.mark.parametrize(
    ("percent", "removed", "taxes"),
    [
        ("19", False, [("tax-1", money("0.20"))]),
        ("5", False, [("5 %", money("0.20"))]),
        (None, False, [("?", money("0.20"))]),
        ("5", True, []),
    ],
)
def test_a_tax_that_korona_does_not_have_goes_by_its_rate_as_long_as_its_shipping_is_there(
    percent: str | None, removed: bool, taxes: list[tuple[str, Decimal]]
) -> None:
    carriage = ShippingLine(PARCEL, "Parcel", money("4.20"), Decimal(0), (tax(percent, "0.20"),), removed)
    amounts = amounts_now(order(line(), shipping_lines=(carriage,), total="14.20"), rules())
    assert [(each.sales_tax, each.amount) for each in amounts.taxes] == taxes


@pytest.mark.parametrize(
    ("cents", "price", "is_changed"), [(0, "10.00", False), (0, "10.01", True), (2, "10.02", False), (2, "10.03", True)]
)
def test_an_order_comes_to_something_else_by_more_than_the_cents_that_are_allowed(
    cents: int, price: str, is_changed: bool
) -> None:
    now, allowed = order(line(price), total=price), replace(rules(), rounding_cents=cents)
    assert (money_change(known(), now, allowed) is not None) is is_changed
