"""A refund as a negative receipt: shares, the check by Shopify's subtotal, the payment, and what is held."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from korsync.records.bookings import refund_key
from korsync.records.catalogue import PaymentMethod
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, Refund, RefundLine, Transaction
from korsync.records.receipts import BookedLine, BookedReceipt, Receipt, ReceiptTax
from korsync.rules.receipts import NotBookableError
from korsync.rules.returns import restocked_pieces, return_receipt, returned_pieces

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
METHODS = {name: PaymentMethod(name, None, name) for name in ("shopify_payments", "paypal", "default")}
RULES = BookingTargets("shop.example", "web shop", "shipping", "default", METHODS, (), {}, "cashier", "group")
POT = 11
TEA = 12


def sold(line_id: int, pieces: int, base: str, tax: str, *, included: bool = True) -> BookedLine:
    taxes = (ReceiptTax("tax 19", Decimal(19), Decimal(tax), included),)
    return BookedLine(
        line_id, f"article {line_id}", f"Ware {line_id}", Decimal(pieces), Decimal(base), Decimal(0), taxes
    )


def sale(*lines: BookedLine) -> BookedReceipt:
    on_top = sum((tax.amount for line in lines for tax in line.taxes if not tax.included), Decimal(0))
    gross = sum((line.base for line in lines), on_top)
    return BookedReceipt("id", "90-1042", "1042", 1, "order/1", "shop.example", 1, gross, lines, MONDAY)


def order(currency: str = "EUR", gateways: tuple[str, ...] = ("shopify_payments",)) -> Order:
    return Order(
        id=1,
        name="#1042",
        order_number=1042,
        created_at=MONDAY,
        updated_at=MONDAY,
        cancelled_at=None,
        test=False,
        fulfilled=False,
        currency=currency,
        taxes_included=True,
        total_price=Decimal(0),
        gateways=gateways,
        lines=(),
        shipping_lines=(),
    )


def back(line_id: int, pieces: int, subtotal: str, restock_type: str = "return") -> RefundLine:
    return RefundLine(1, line_id, pieces, restock_type, None, Decimal(subtotal))


def refund(*lines: RefundLine, through: tuple[tuple[str, str, str], ...] = ()) -> Refund:
    money = tuple(Transaction(1, "refund", status, gateway, Decimal(amount)) for gateway, status, amount in through)
    return Refund(940000000001, MONDAY, lines, money)


def returned(lines: tuple[BookedLine, ...], *refunded: RefundLine, before: int = 0, currency: str = "EUR") -> Receipt:
    earlier = {line.line_id or 0: Decimal(before) for line in lines}
    return return_receipt(refund(*refunded), order(currency), sale(*lines), earlier, RULES)


def test_everything_of_a_return_is_negative() -> None:
    receipt = returned((sold(POT, 2, "66.66", "10.64"),), back(POT, 2, "66.66"))
    (line,) = receipt.lines
    assert line.quantity == -2
    assert (line.base, line.taxes[0].amount) == (Decimal("-66.66"), Decimal("-10.64"))
    assert [each.amount for each in receipt.payments] == [receipt.gross] == [Decimal("-66.66")]


def test_article_tax_and_text_are_those_of_the_sale() -> None:
    (line,) = returned((sold(POT, 1, "33.33", "5.32"),), back(POT, 1, "33.33")).lines
    assert (line.line_id, line.article_id, line.description) == (POT, "article 11", "Ware 11")
    assert line.taxes == (ReceiptTax("tax 19", Decimal(19), Decimal("-5.32"), included=True),)


def test_each_line_of_a_refund_may_be_rounded_by_a_cent_and_no_more() -> None:
    three = (sold(POT, 3, "10.00", "1.60"),)
    returned(three, back(POT, 1, "3.34"), back(POT, 1, "3.35"))
    with pytest.raises(NotBookableError):
        returned(three, back(POT, 1, "3.35"), back(POT, 1, "3.35"))


def test_a_sale_whose_rows_are_not_its_total_gives_nothing_back() -> None:
    """As where KORONA does not say that a tax is included: it would be taken for one on top, and given back twice."""
    booked = sale(sold(POT, 1, "33.33", "5.32"))
    (line,) = booked.lines
    silent = replace(booked, lines=(replace(line, taxes=(replace(line.taxes[0], included=False),)),))
    with pytest.raises(NotBookableError, match=r"says 33\.33, its rows add up to 38\.65"):
        return_receipt(refund(back(POT, 1, "33.33")), order(), silent, {}, RULES)
    a_hair_more = replace(booked, gross=Decimal("33.33000000000001"))
    assert return_receipt(refund(back(POT, 1, "33.33")), order(), a_hair_more, {}, RULES).gross == Decimal("-33.33")


def test_a_return_is_known_by_its_refund() -> None:
    receipt = returned((sold(POT, 1, "33.33", "5.32"),), back(POT, 1, "33.33"))
    assert (receipt.key, receipt.number, receipt.order_number) == ("refund/940000000001", "940000000001", "1042")
    assert (receipt.cashier_id, receipt.customer_group_id, receipt.booked_at) == ("cashier", "group", MONDAY)
    again = returned((sold(POT, 1, "33.33", "5.32"),), back(POT, 1, "33.33"))
    assert again.id == receipt.id


@pytest.mark.parametrize(
    ("before", "pieces", "base", "tax"),
    [
        (0, 1, "-3.33", "-0.53"),
        (1, 1, "-3.34", "-0.54"),
        (2, 1, "-3.33", "-0.53"),
        (0, 2, "-6.67", "-1.07"),
        (1, 2, "-6.67", "-1.07"),
        (0, 3, "-10.00", "-1.60"),
    ],
)
def test_shares_of_ten_euros_for_three_by_hand(before: int, pieces: int, base: str, tax: str) -> None:
    share = returned((sold(POT, 3, "10.00", "1.60"),), back(POT, pieces, base[1:]), before=before)
    assert (share.lines[0].base, share.lines[0].taxes[0].amount) == (Decimal(base), Decimal(tax))


@pytest.mark.parametrize(
    ("currency", "base", "shares"),
    [
        ("JPY", "100", ["33", "34", "33"]),
        ("KWD", "0.100", ["0.033", "0.034", "0.033"]),
        ("EUR", "1", [".33", ".34", ".33"]),
    ],
)
def test_shares_are_rounded_to_the_currencys_smallest_unit(currency: str, base: str, shares: list[str]) -> None:
    lines = (sold(POT, 3, base, "0"),)
    parts = [returned(lines, back(POT, 1, shares[k]), before=k, currency=currency).gross for k in range(3)]
    assert parts == [-Decimal(each) for each in shares]


def test_taxes_on_top_belong_to_the_total() -> None:
    receipt = returned((sold(POT, 3, "99.99", "19.00", included=False),), back(POT, 1, "33.33"))
    assert receipt.gross == Decimal("-39.66")
    assert receipt.payments[0].amount == Decimal("-39.66")


def test_a_line_listed_twice_counts_once_with_all_its_pieces() -> None:
    twice = (back(POT, 1, "33.33", "cancel"), back(POT, 1, "33.33", "return"))
    (line,) = returned((sold(POT, 3, "99.99", "15.96"),), *twice).lines
    assert line.quantity == -2


def test_rows_that_were_not_restocked_count_neither_in_pieces_nor_in_the_check() -> None:
    mixed = refund(back(POT, 1, "33.33"), back(POT, 1, "999.00", "no_restock"), back(TEA, 1, "5.00", "new in 2027"))
    assert restocked_pieces(mixed) == {POT: 1}
    receipt = return_receipt(mixed, order(), sale(sold(POT, 3, "99.99", "15.96"), sold(TEA, 1, "5.00", "0")), {}, RULES)
    assert returned_pieces(receipt) == {POT: 1}


# --- the check ---


@pytest.mark.parametrize("subtotal", ["8.90", "8.89", "8.91", "7.48", "7.47", "7.49"])
def test_shopifys_subtotal_fits_gross_or_net_to_a_cent(subtotal: str) -> None:
    assert returned((sold(POT, 2, "17.80", "2.84"),), back(POT, 1, subtotal)).gross == Decimal("-8.90")


@pytest.mark.parametrize("subtotal", ["8.88", "8.92", "7.46", "7.50", "0.00", "17.80", "-8.90"])
def test_a_subtotal_that_fits_neither_is_held_with_both_figures(subtotal: str) -> None:
    with pytest.raises(NotBookableError) as held:
        returned((sold(POT, 2, "17.80", "2.84"),), back(POT, 1, subtotal))
    assert str(held.value) == f"the returned share of “Ware 11” is 8.90 gross or 7.48 net, Shopify's is {subtotal}"


def test_each_row_of_a_line_may_be_a_cent_off() -> None:
    lines = (sold(POT, 3, "10.00", "1.60"),)
    rows = [back(POT, 1, "3.33", "cancel"), back(POT, 1, "3.33", "return")]
    assert returned(lines, *rows, before=1).gross == Decimal("-6.67")
    with pytest.raises(NotBookableError):
        returned(lines, *(replace(row, subtotal=Decimal("3.32")) for row in rows), before=1)


@pytest.mark.parametrize(("before", "pieces"), [(0, 3), (1, 2), (2, 1), (3, 1)])
def test_more_than_was_booked_is_held(before: int, pieces: int) -> None:
    with pytest.raises(NotBookableError, match=f"{pieces} × “Ware 11” came back after {before}, but 2 were booked"):
        returned((sold(POT, 2, "17.80", "2.84"),), back(POT, pieces, "8.90"), before=before)


def test_a_line_that_is_not_on_the_booked_receipt_is_held() -> None:
    with pytest.raises(NotBookableError, match="not on the booked receipt"):
        returned((sold(POT, 2, "17.80", "2.84"),), back(TEA, 1, "8.90"))


# --- the payment ---


def paid_through(gateways: tuple[str, ...], *through: tuple[str, str, str]) -> list[str]:
    refunded = refund(back(POT, 1, "8.90"), through=through)
    receipt = return_receipt(refunded, order(gateways=gateways), sale(sold(POT, 1, "8.90", "1.42")), {}, RULES)
    return [each.payment_method_id for each in receipt.payments]


def test_the_refunds_gateway_comes_before_the_sales() -> None:
    assert paid_through(("shopify_payments",), ("paypal", "success", "8.90")) == ["paypal"]


def test_without_a_transaction_the_sales_gateway_is_taken() -> None:
    assert paid_through(("paypal", "shopify_payments")) == ["paypal"]


def test_without_any_gateway_the_default_is_taken() -> None:
    assert paid_through(()) == ["default"]
    assert paid_through(("Vorkasse",)) == ["default"]


def test_the_gateway_of_most_money_is_taken() -> None:
    moved = (("gift_card", "success", "2.00"), ("paypal", "success", "6.90"))
    assert paid_through(("gift_card", "paypal"), *moved) == ["paypal"]


def test_money_that_failed_does_not_name_the_gateway() -> None:
    moved = (("paypal", "failure", "8.90"), ("shopify_payments", "pending", "8.90"))
    assert paid_through(("paypal",), *moved) == ["shopify_payments"]


def test_nothing_is_paid_for_nothing() -> None:
    receipt = returned((sold(POT, 1, "0.00", "0.00"),), back(POT, 1, "0.00"))
    assert receipt.gross == 0
    assert receipt.payments == ()


def test_keys_follow_from_shopifys_ids() -> None:
    assert refund_key(940000000001) == "refund/940000000001"
