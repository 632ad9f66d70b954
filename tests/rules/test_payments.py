"""What comes in through several gateways and goes back: every split adds up, and each method gives back its own."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korsync.records.catalogue import PaymentMethod
from korsync.records.orders import Refund, Transaction
from korsync.records.receipts import BookedReceipt, ReceiptPayment
from korsync.rules.payments import money_back, return_payments
from tests.support.selling import NOON, line, money, order, receipt, rules

# --- what comes in ---


def paid(gateway: str, amount: str, kind: str = "sale", status: str = "success", **more: Any) -> Transaction:
    return replace(Transaction(1, kind, status, gateway, money(amount)), **more)


def split(gateways: tuple[str, ...], *transactions: Transaction) -> list[tuple[str, str]]:
    booked = receipt(order(line("20.00"), total="20.00", gateways=gateways), None, *transactions)
    assert sum(each.amount for each in booked.payments) == booked.gross
    return [(each.payment_method_id.removeprefix("by-"), str(each.amount)) for each in booked.payments]


def test_one_gateway_pays_all_of_it_whatever_was_paid() -> None:
    assert split(("paypal",)) == [("paypal", "20.00")]
    assert split(("Vorkasse",)) == [("default", "20.00")]
    assert split(()) == [("default", "20.00")]


@pytest.mark.parametrize(
    "transactions",
    [
        (paid("paypal", "8.00"), paid("shopify_payments", "12.00")),
        (paid("paypal", "8.00", status="pending"), paid("paypal", "8.00"), paid("shopify_payments", "12.00")),
        (paid("paypal", "8.00", "authorization"), paid("paypal", "8.00", "capture"), paid("shopify_payments", "12.00")),
        (paid("paypal", "8.00", "authorization"), paid("shopify_payments", "12.00", "authorization")),
        (paid("paypal", "8.00", status="pending"), paid("shopify_payments", "12.00", status="pending")),
        (paid("paypal", "20.00", status="failure"), paid("paypal", "8.00"), paid("shopify_payments", "12.00")),
        (paid("paypal", "5.00"), paid("paypal", "3.00"), paid("shopify_payments", "12.00")),
        (
            paid("paypal", "9.00", "authorization", id=7),
            paid("paypal", "0.00", "void", parent_id=7),
            paid("paypal", "8.00", "authorization"),
            paid("shopify_payments", "12.00"),
        ),
        (
            paid("paypal", "8.00", "authorization", id=7),
            paid("paypal", "8.00", "void", "failure", parent_id=7),
            paid("shopify_payments", "12.00"),
        ),
        (paid("paypal", "8.00", "authorization", "pending"), paid("shopify_payments", "12.00")),
    ],
)
def test_several_gateways_are_split_by_what_each_brought(transactions: tuple[Transaction, ...]) -> None:
    assert split(("paypal", "shopify_payments"), *transactions) == [("paypal", "8.00"), ("shopify_payments", "12.00")]


def test_a_gateway_that_brought_nothing_has_no_payment() -> None:
    transactions = (paid("paypal", "20.00", status="failure"), paid("shopify_payments", "20.00"))
    assert split(("paypal", "shopify_payments"), *transactions) == [("shopify_payments", "20.00")]
    assert split(("shopify_payments", "paypal"), *transactions) == [("shopify_payments", "20.00")]


def test_what_nobody_paid_yet_stands_on_the_last_gateway_and_never_more_than_the_total() -> None:
    assert split(("paypal", "gift_card"), paid("paypal", "5.00")) == [("paypal", "5.00"), ("default", "15.00")]
    assert split(("paypal", "gift_card"), paid("paypal", "25.00")) == [("paypal", "20.00")]


# --- what goes back ---

CARD, GIFT = "shopify_payments", "gift_card"
METHODS = {name: PaymentMethod(name, None, name) for name in (CARD, "paypal", GIFT, "default")}

Moved = tuple[str, str, str]


def paid_back(total: str, *moved: Moved, brought: Mapping[str, str], gateways: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what each method gives back of a return's total, after (gateway, status, amount) of the refund."""
    transactions = tuple(Transaction(1, "refund", status, gateway, money(amount)) for gateway, status, amount in moved)
    payments = tuple(ReceiptPayment(method, money(amount)) for method, amount in brought.items())
    sold = sum((each.amount for each in payments), Decimal(0))
    sale = BookedReceipt("id", "90-1042", "1042", 1, "order/1", "shop", 1, sold, (), NOON, payments)
    found = return_payments(
        Refund(1, NOON, (), transactions),
        order(gateways=gateways),
        sale,
        -money(total),
        replace(rules(), payment_methods=METHODS),
    )
    assert sum((each.amount for each in found), Decimal(0)) == -money(total)
    return {each.payment_method_id: str(-each.amount) for each in found}


def test_money_that_is_the_total_goes_back_by_its_very_amounts() -> None:
    moved = ((GIFT, "success", "25.00"), (CARD, "success", "74.80"))
    assert paid_back("99.80", *moved, brought={GIFT: "25.00", CARD: "74.80"}) == {CARD: "74.80", GIFT: "25.00"}
    assert paid_back("99.80", *moved, brought={CARD: "99.80"}) == {CARD: "74.80", GIFT: "25.00"}
    assert paid_back("99.80", *moved, brought={CARD: "25.00", GIFT: "74.80"}) == {CARD: "74.80", GIFT: "25.00"}


def test_the_refunds_gateway_comes_before_the_sales() -> None:
    assert paid_back("8.90", ("paypal", "success", "8.90"), brought={CARD: "8.90"}) == {"paypal": "8.90"}


def test_money_in_another_currency_or_with_shipping_only_says_the_proportion() -> None:
    brought = {GIFT: "25.00", CARD: "79.70"}
    in_dollars = ((GIFT, "success", "27.50"), (CARD, "success", "82.28"))
    assert paid_back("99.80", *in_dollars, brought=brought) == {CARD: "74.80", GIFT: "25.00"}
    with_shipping = ((GIFT, "success", "25.00"), (CARD, "success", "79.70"))
    assert paid_back("99.80", *with_shipping, brought=brought) == {CARD: "75.97", GIFT: "23.83"}


def test_money_kept_back_is_that_of_the_method_it_went_back_through() -> None:
    assert paid_back("50.00", (CARD, "success", "45.00"), brought={GIFT: "25.00", CARD: "75.00"}) == {CARD: "50.00"}


def test_no_method_gives_back_more_than_it_brought() -> None:
    """As where a card was only authorised and the order is cancelled: nothing of it goes back as money."""
    gone = (GIFT, "success", "25.00")
    assert paid_back("99.80", gone, brought={GIFT: "25.00", CARD: "74.80"}) == {GIFT: "25.00", CARD: "74.80"}
    assert paid_back("10.00", ("paypal", "success", "7.00"), brought={CARD: "10.00"}) == {"paypal": "10.00"}
    for brought in ({CARD: "9.50", GIFT: "0.50"}, {CARD: "9.00", GIFT: "1.00"}):
        assert paid_back("10.00", (CARD, "success", "8.00"), brought=brought) == brought


def test_where_no_method_brought_enough_it_goes_back_as_the_money_did() -> None:
    assert paid_back("12.00", (CARD, "success", "11.00"), brought={CARD: "10.00"}) == {CARD: "12.00"}


def test_cents_go_back_like_any_other_money() -> None:
    assert paid_back("0.80", ("paypal", "success", "0.80"), brought={CARD: "10.00"}) == {"paypal": "0.80"}
    assert paid_back("1.00", ("paypal", "success", "1.00"), brought={CARD: "10.00"}) == {"paypal": "1.00"}


def test_without_any_money_the_total_goes_the_way_the_sale_was_paid() -> None:
    assert paid_back("99.80", brought={GIFT: "25.00", CARD: "74.80"}) == {CARD: "74.80", GIFT: "25.00"}
    assert paid_back("10.00", brought={GIFT: "25.00", CARD: "75.00"}) == {CARD: "7.50", GIFT: "2.50"}


def test_where_korona_shows_no_payments_of_the_sale_its_gateway_is_taken() -> None:
    assert paid_back("8.90", brought={}, gateways=("paypal", CARD)) == {"paypal": "8.90"}
    assert paid_back("8.90", brought={}) == {"default": "8.90"}
    assert paid_back("8.90", brought={}, gateways=("Vorkasse",)) == {"default": "8.90"}


@pytest.mark.parametrize("status", ["pending", "failure", "error"])
def test_money_still_on_its_way_or_that_failed_says_the_way_where_nothing_arrived(status: str) -> None:
    assert paid_back("8.90", ("paypal", status, "8.90"), brought={CARD: "8.90"}) == {"paypal": "8.90"}
    moved = (("paypal", "failure", "8.90"), (CARD, "pending", "8.90"))
    assert paid_back("8.90", *moved, brought={"paypal": "8.90"}) == {CARD: "8.90"}


def test_a_promise_counts_beside_what_arrived_elsewhere_but_not_beside_its_own_arrival() -> None:
    moved = ((GIFT, "success", "5.00"), (CARD, "pending", "20.00"))
    brought = {GIFT: "25.00", CARD: "75.00"}
    assert paid_back("25.00", *moved, brought=brought) == {CARD: "20.00", GIFT: "5.00"}
    assert paid_back("25.00", *moved, (CARD, "success", "20.00"), brought=brought) == {CARD: "20.00", GIFT: "5.00"}
    promised_more = ((CARD, "pending", "30.00"), (CARD, "success", "20.00"), (GIFT, "success", "5.00"))
    assert paid_back("25.00", *promised_more, brought=brought) == {CARD: "20.00", GIFT: "5.00"}


def test_a_method_that_gives_nothing_back_has_no_payment() -> None:
    assert paid_back("0.01", brought={GIFT: "25.00", CARD: "75.00"}) == {CARD: "0.01"}


def test_a_movement_of_no_money_says_no_way() -> None:
    assert paid_back("8.90", ("paypal", "success", "0.00"), brought={CARD: "8.90"}) == {CARD: "8.90"}


cents = st.integers(0, 20_000).map(lambda each: str(Decimal(each) / 100))


@given(
    cents, st.lists(st.tuples(st.sampled_from((CARD, GIFT, "paypal")), st.just("success"), cents), max_size=4), cents
)
def test_whatever_money_went_back_the_payments_add_up(total: str, moved: list[Moved], gift: str) -> None:
    paid_back(total, *moved, brought={GIFT: gift, CARD: total})


def test_only_what_gave_money_back_says_which_way_it_went() -> None:
    moved = (
        paid("cash", "5.00", "sale"),
        paid("cash", "5.00", "void"),
        paid("cash", "5.00", "capture"),
        paid("paypal", "8.00", "refund"),
    )
    assert money_back(Refund(1, NOON, (), moved)) == {"paypal": money("8.00")}
