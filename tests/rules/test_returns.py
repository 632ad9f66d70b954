"""A refund as a negative receipt: shares, the check by Shopify's own figures, and what is held."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from korsync.records.amounts import Amounts, TaxAmount
from korsync.records.bookings import refund_key
from korsync.records.catalogue import PaymentMethod, SalesTax
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, Refund, RefundLine
from korsync.records.receipts import BookedLine, BookedReceipt, BookedTax, Receipt, ReceiptTax
from korsync.rules.money import CENT
from korsync.rules.receipts import NotBookableError
from korsync.rules.returns import must_be_as_booked, restocked_pieces, return_receipt, returned_pieces

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
METHODS = {name: PaymentMethod(name, None, name) for name in ("shopify_payments", "paypal", "default")}
RULES = BookingTargets(
    shop="shop.example",
    currency="EUR",
    point_of_sale_id="web shop",
    shipping_article_id="shipping",
    default_article_id="default",
    default_number="9000",
    payment_methods=METHODS,
    sales_taxes=(SalesTax("tax 19", "1", "MwSt 19 %", True, ()),),
    cashier_id="cashier",
    customer_group_id="group",
)
POT = 11
TEA = 12


def sold(line_id: int, pieces: int, base: str, tax: str, *, included: bool = True) -> BookedLine:
    taxes = (BookedTax("tax 19", Decimal(19), Decimal(tax), included),)
    return BookedLine(
        line_id, f"article {line_id}", f"Ware {line_id}", Decimal(pieces), Decimal(base), Decimal(0), taxes
    )


def sale(*lines: BookedLine) -> BookedReceipt:
    on_top = sum((tax.amount for line in lines for tax in line.taxes if not tax.included), Decimal(0))
    gross = sum((line.base for line in lines), on_top)
    return BookedReceipt("id", "90-1042", "1042", 1, "order/1", "shop.example", 1, gross, lines, MONDAY)


def order(currency: str = "EUR") -> Order:
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
        gateways=("shopify_payments",),
        lines=(),
        shipping_lines=(),
    )


def back(line_id: int, pieces: int, subtotal: str, restock_type: str = "return", tax: str | None = None) -> RefundLine:
    total_tax = None if tax is None else Decimal(tax)
    return RefundLine(1, line_id, pieces, restock_type, None, Decimal(subtotal), total_tax)


def refund(*lines: RefundLine) -> Refund:
    return Refund(940000000001, MONDAY, lines, ())


def returned(lines: tuple[BookedLine, ...], *refunded: RefundLine, before: int = 0, currency: str = "EUR") -> Receipt:
    earlier = {line.line_id or 0: Decimal(before) for line in lines}
    rules = replace(RULES, currency=currency)
    return return_receipt(refund(*refunded), order(currency), sale(*lines), earlier, rules)


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


def test_a_sale_whose_rows_are_not_its_total_gives_nothing_back() -> None:
    """As where a tax that the price contains were taken for one on top: it would be given back twice."""
    booked = sale(sold(POT, 1, "33.33", "5.32"))
    (line,) = booked.lines
    other = replace(booked, lines=(replace(line, taxes=(replace(line.taxes[0], included=False),)),))
    with pytest.raises(NotBookableError, match=r"says 33\.33, its rows add up to 38\.65"):
        return_receipt(refund(back(POT, 1, "33.33")), order(), other, {}, RULES)
    a_hair_more = replace(booked, gross=Decimal("33.33000000000001"))
    assert return_receipt(refund(back(POT, 1, "33.33")), order(), a_hair_more, {}, RULES).gross == Decimal("-33.33")


def test_what_korona_leaves_out_follows_from_the_sales_tax_that_the_row_names() -> None:
    booked = sale(sold(POT, 1, "33.33", "5.32"))
    (line,) = booked.lines
    silent = replace(booked, gross=None, lines=(replace(line, taxes=(replace(line.taxes[0], included=None),)),))
    found = return_receipt(refund(back(POT, 1, "33.33")), order(), silent, {}, RULES)
    assert (found.gross, found.lines[0].taxes[0].included) == (Decimal("-33.33"), True)
    with pytest.raises(NotBookableError, match="does not say whether the prices on its receipt 90-1042 contain"):
        return_receipt(refund(back(POT, 1, "33.33")), order(), silent, {}, replace(RULES, sales_taxes=()))


def test_a_row_of_which_nobody_knows_what_its_price_contains_holds_the_return_whatever_the_total_is() -> None:
    pot, tea = sold(POT, 1, "33.33", "5.32"), sold(TEA, 1, "5.00", "0.80", included=False)
    gone = replace(tea, taxes=(BookedTax("a tax that is gone", Decimal(19), Decimal("0.80"), None),))
    told = replace(sale(pot, gone), gross=Decimal("39.13"))
    with pytest.raises(NotBookableError, match="does not say whether the prices on its receipt 90-1042 contain"):
        return_receipt(refund(back(POT, 1, "33.33")), order(), told, {}, RULES)


def test_a_return_in_other_money_than_koronas_is_held() -> None:
    with pytest.raises(NotBookableError, match="KORONA's prices and receipts are in EUR"):
        return_receipt(refund(back(POT, 1, "1")), order("USD"), sale(sold(POT, 1, "1.00", "0")), {}, RULES)


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


def test_several_taxes_of_a_part_come_to_their_sum_to_the_cent() -> None:
    # A third of 120.97 is 40.3233, of 67.00 22.3333, of both 62.6567: two thirds of both are 125.31.
    state = BookedTax("state", Decimal("6.5"), Decimal("120.97"), False)
    city = BookedTax("city", Decimal("3.6"), Decimal("67.00"), False)
    lines = (replace(sold(POT, 3, "1861.06", "0"), taxes=(state, city)),)
    two = returned(lines, back(POT, 2, "1240.71", tax="125.31"))
    assert [each.amount for each in two.lines[0].taxes] == [Decimal("-80.65"), Decimal("-44.66")]
    assert two.gross == Decimal("-1366.02")
    third = returned(lines, back(POT, 1, "620.35", tax="62.66"), before=2)
    assert [each.amount for each in third.lines[0].taxes] == [Decimal("-40.32"), Decimal("-22.34")]
    assert two.gross + third.gross == Decimal("-2049.03")


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


def test_a_row_of_no_pieces_brings_nothing_back() -> None:
    assert restocked_pieces(refund(back(POT, 0, "5.00"), back(TEA, 1, "5.00"))) == {TEA: 1}


# --- the check ---


@pytest.mark.parametrize("subtotal", ["8.90", "8.89", "8.91", "7.48", "7.47", "7.49"])
def test_shopifys_subtotal_fits_gross_or_net_to_a_cent(subtotal: str) -> None:
    assert returned((sold(POT, 2, "17.80", "2.84"),), back(POT, 1, subtotal)).gross == Decimal("-8.90")


@pytest.mark.parametrize("subtotal", ["8.88", "8.92", "7.46", "7.50", "0.00", "17.80", "-8.90"])
def test_a_subtotal_that_fits_neither_is_held_with_both_figures(subtotal: str) -> None:
    with pytest.raises(NotBookableError) as held:
        returned((sold(POT, 2, "17.80", "2.84"),), back(POT, 1, subtotal))
    assert str(held.value) == f"the returned share of “Ware 11” is 8.90 gross or 7.48 net, Shopify's is {subtotal}"


def test_shopify_may_round_each_piece_or_the_row() -> None:
    # 12 × 2.49 less 2.94 are 26.94: six of them 13.47, or six times 2.24.
    lines = (sold(POT, 12, "26.94", "4.30"),)
    assert returned(lines, back(POT, 6, "13.47", tax="2.15")).gross == Decimal("-13.47")
    assert returned(lines, back(POT, 6, "13.44", tax="2.16")).gross == Decimal("-13.47")
    with pytest.raises(NotBookableError, match=r"is 13\.47 gross or 11\.32 net, Shopify's is 13\.40"):
        returned(lines, back(POT, 6, "13.40"))


def test_the_pieces_of_several_rows_may_all_be_a_cent_off() -> None:
    lines = (sold(POT, 3, "10.00", "1.60"),)
    rows = [back(POT, 1, "3.33", "cancel"), back(POT, 1, "3.32", "return")]
    assert returned(lines, *rows, before=1).gross == Decimal("-6.67")
    with pytest.raises(NotBookableError):
        returned(lines, *(replace(row, subtotal=Decimal("3.32")) for row in rows), before=1)


def test_shopifys_tax_is_checked_beside_its_subtotal() -> None:
    lines = (sold(POT, 2, "17.80", "2.84"),)
    for tax in ("1.41", "1.42", "1.43"):
        assert returned(lines, back(POT, 1, "8.90", tax=tax)).gross == Decimal("-8.90")
    with pytest.raises(
        NotBookableError, match=r"^the tax in the returned share of “Ware 11” is 1\.42, Shopify's is 0\.58$"
    ):
        returned(lines, back(POT, 1, "8.90", tax="0.58"))


@pytest.mark.parametrize(("before", "pieces"), [(0, 3), (1, 2), (2, 1), (3, 1)])
def test_more_than_was_booked_is_held(before: int, pieces: int) -> None:
    with pytest.raises(NotBookableError, match=f"{pieces} × “Ware 11” came back after {before}, but 2 were booked"):
        returned((sold(POT, 2, "17.80", "2.84"),), back(POT, pieces, "8.90"), before=before)


def test_a_line_that_is_not_on_the_booked_receipt_is_held() -> None:
    with pytest.raises(NotBookableError, match="not on the booked receipt"):
        returned((sold(POT, 2, "17.80", "2.84"),), back(TEA, 1, "8.90"))


def test_nothing_is_paid_for_nothing() -> None:
    receipt = returned((sold(POT, 1, "0.00", "0.00"),), back(POT, 1, "0.00"))
    assert receipt.gross == 0
    assert receipt.payments == ()


def test_keys_follow_from_shopifys_ids() -> None:
    assert refund_key(940000000001) == "refund/940000000001"


def test_rows_that_korsync_did_not_write_take_no_piece_back() -> None:
    own = replace(sold(POT, -2, "-20.00", "-3.19"))
    assert returned_pieces(sale(own, replace(own, line_id=None))) == {POT: 2}


def test_a_sale_of_which_nobody_knows_what_was_booked_is_compared_with_nothing() -> None:
    must_be_as_booked(sale(sold(POT, 1, "10.00", "1.60")), None, CENT)


def test_a_sale_that_is_not_as_it_was_booked_is_held() -> None:
    booked = Amounts(Decimal("9.90"), (TaxAmount("tax 19", Decimal("1.58")),))
    with pytest.raises(NotBookableError, match=r"says 10\.00 with 1\.60 tax, 9\.90 with 1\.58 was booked"):
        must_be_as_booked(sale(sold(POT, 1, "10.00", "1.60")), booked, CENT)


@pytest.mark.parametrize("city", ["0.62", "0.65", "0.68"])
def test_the_taxes_of_a_sale_are_as_booked_to_a_cent_for_each_row(city: str) -> None:
    booked = Amounts(Decimal("30.00"), (TaxAmount("city", Decimal("0.65")), TaxAmount("tax 19", Decimal("1.60"))))
    rows = [sold(POT, 1, "10.00", "1.60"), sold(TEA, 1, "10.00", "0"), sold(TEA + 1, 1, "10.00", "0")]
    rows[1] = replace(rows[1], taxes=(BookedTax("city", Decimal(7), Decimal(city), True),))
    must_be_as_booked(sale(*rows), booked, CENT)


@pytest.mark.parametrize(("city", "state"), [("0.61", "1.60"), ("0.69", "1.60"), ("0.65", "1.56"), ("0.69", "1.56")])
def test_one_tax_that_is_not_as_booked_is_enough(city: str, state: str) -> None:
    booked = Amounts(Decimal("30.00"), (TaxAmount("city", Decimal("0.65")), TaxAmount("tax 19", Decimal("1.60"))))
    rows = [sold(POT, 1, "10.00", state), sold(TEA, 1, "10.00", "0"), sold(TEA + 1, 1, "10.00", "0")]
    rows[1] = replace(rows[1], taxes=(BookedTax("city", Decimal(7), Decimal(city), True),))
    with pytest.raises(NotBookableError, match=r"30\.00 with 2\.25 was booked: book the return by hand in KORONA"):
        must_be_as_booked(sale(*rows), booked, CENT)


def test_a_figure_that_korona_leaves_out_of_a_row_that_korsync_wrote_is_named() -> None:
    own = sold(POT, 1, "10.00", "1.60")
    foreign = replace(own, line_id=None, left_out=("its price",))
    must_be_as_booked(sale(own, foreign), None, CENT)
    with pytest.raises(NotBookableError, match="does not say its price of “Ware 11” on its receipt 90-1042: book the"):
        must_be_as_booked(sale(replace(own, left_out=("its price", "which tax it is")), foreign), None, CENT)
