"""Receipts calculated by hand, compared with what KORONA was sent: every kind of shop, of goods and of payment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from korsync.sandbox.korona.store import Cashier, CustomerGroup
from korsync.sandbox.shopify.sales import Discount, Order
from tests.support.shop import MONDAY, Shop
from tests.support.webshop import (
    Json,
    assert_booked,
    on_sale,
    only_receipt,
    open_webshop,
    payment,
    row,
    without_added_taxes,
)

BY_CARD, BY_PAYPAL, BY_ANY_OTHER = "5", "6", "9"
"""KORONA's payment methods, as the configuration of the simulated shop names them."""

Tax = tuple[str, str, str]
Expected = Callable[[Shop, int], Json]


def sold(article: str, quantity: int, base: str, *taxes: Tax, text: str | None = None, discount: str = "0") -> Expected:
    """Return how a row must have been posted; taxes are (rate, amount, number of KORONA's sales tax)."""
    return lambda shop, line_id: row(
        shop, line_id, article, quantity, text or f"Ware {article}", base, *taxes, discount=discount
    )


shipped = partial(sold, "9001", 1, text="DHL")


@dataclass(frozen=True)
class Sale:
    """What is bought (pieces, price and tax by number) and how, and the receipt that it must become."""

    bought: dict[str, tuple[int, str, str | tuple[Decimal, ...]]]
    rows: list[Expected]
    total: str
    payments: list[tuple[str, str]] | None = None
    how: dict[str, Any] = field(default_factory=dict)
    shop: dict[str, Any] = field(default_factory=dict)
    korona: Callable[[Shop], object] = lambda _: None


def sales_tax(number: str, percent: str, *, included: bool) -> Callable[[Shop], object]:
    return lambda shop: shop.korona.add_sales_tax(number, f"{percent} %", {"2007-01-01": percent}, included=included)


def assert_becomes(
    shop: Shop, order: Order, total: str, rows: list[Expected], payments: list[tuple[str, str]] | None = None
) -> None:
    """KORONA holds exactly this receipt: goods, duties, shipping; paid by card where nothing else is given."""
    duties = [duty.id for line in order.lines for duty in line.duties]
    ids = [*(line.id for line in order.lines), *duties, *(line.id for line in order.shipping_lines)]
    expected = [each(shop, line_id) for each, line_id in zip(rows, ids, strict=True)]
    paid = [(total, BY_CARD)] if payments is None else payments
    assert_booked(shop, total, expected, [payment(shop, *each) for each in paid])


NET = {"taxes_included": False}
SHIPPING = Decimal("4.90")

SALES = {
    # 3 × 33.33 = 99.99 and 19 % of it, 18.9981; 5.00 and 0.95.
    "in a net shop taxes come on top": Sale(
        {"2000": (3, "33.33", "19")},
        [sold("2000", 3, "99.99", ("19", "19.00", "11")), shipped("5.00", ("19", "0.95", "11"))],
        "124.94",
        how={"shipping": Decimal("5.00")},
        shop=NET,
    ),
    "in a net shop whose KORONA knows only included taxes they go into the base": Sale(
        {"2000": (3, "33.33", "19")},
        [sold("2000", 3, "118.99", ("19", "19.00", "1")), shipped("5.95", ("19", "0.95", "1"))],
        "124.94",
        how={"shipping": Decimal("5.00")},
        shop=NET,
        korona=without_added_taxes,
    ),
    # 40.00 with 5 % and 7 % on top: 2.00 and 2.80.
    "two taxes on one line": Sale(
        {"2000": (2, "20.00", (Decimal(5), Decimal(7)))},
        [sold("2000", 2, "40.00", ("5", "2.00", "13"), ("7", "2.80", "12"))],
        "44.80",
        shop=NET,
        korona=sales_tax("13", "5", included=False),
    ),
    # 3 × 1100 = 3300, less 5 % = 3135, of which 285 is tax at 10 %; of the shipping 500 it is 45.45.
    "a currency without decimals": Sale(
        {"2000": (3, "1100", "10")},
        [sold("2000", 3, "3135", ("10", "285", "4"), discount="165"), shipped("500", ("10", "45", "4"))],
        "3635",
        how={"discounts": [Discount(Decimal(5))], "shipping": Decimal(500), "shipping_tax": Decimal(10)},
        shop={"currency": "JPY"},
        korona=sales_tax("4", "10", included=True),
    ),
    # 3 × 1.255 = 3.765, of which 5/105 = 0.17928 is tax; the shipping is not taxed.
    "a currency with three decimals": Sale(
        {"2000": (3, "1.255", "5")},
        [sold("2000", 3, "3.765", ("5", "0.179", "4")), shipped("1.500")],
        "5.265",
        how={"shipping": Decimal("1.500"), "shipping_tax": None},
        shop={"currency": "KWD"},
        korona=sales_tax("4", "5", included=True),
    ),
    # The same figures as for a buyer at home: 2 × 8.90 less 1.78, 16.02 × 7/107 = 1.048.
    "the shop's money, not the buyer's": Sale(
        {"1042": (2, "8.90", "7")},
        [sold("1042", 2, "16.02", ("7", "1.05", "2"), discount="1.78"), shipped("4.90", ("7", "0.32", "2"))],
        "20.92",
        how={
            "shipping": SHIPPING,
            "shipping_tax": Decimal(7),
            "discounts": [Discount(Decimal(10))],
            "presentment": ("JPY", Decimal("161.3")),
        },
    ),
    # 24.00 less a quarter is 18.00, with 2.8739 tax; 2 × 5.50 = 11.00, with 0.7196 tax at 7 %.
    "a discount on one line": Sale(
        {"2000": (1, "24.00", "19"), "1042": (2, "5.50", "7")},
        [sold("2000", 1, "18.00", ("19", "2.87", "1"), discount="6.00"), sold("1042", 2, "11.00", ("7", "0.72", "2"))],
        "29.00",
        how={"discounts": [Discount(Decimal(25), target="line")]},
    ),
    # 5.00 off 10.00 + 20.00: a third is 1.67, the rest 3.33. 8.33 × 19/119 = 1.33; 16.67 × 7/107 = 1.0906.
    "a discount on the order over two tax rates": Sale(
        {"2000": (1, "10.00", "19"), "1042": (1, "20.00", "7")},
        [
            sold("2000", 1, "8.33", ("19", "1.33", "1"), discount="1.67"),
            sold("1042", 1, "16.67", ("7", "1.09", "2"), discount="3.33"),
        ],
        "25.00",
        how={"discounts": [Discount(Decimal("5.00"), percentage=False)]},
    ),
    # 12.00 × 19/119 = 1.9160.
    "free shipping": Sale(
        {"2000": (1, "12.00", "19")},
        [sold("2000", 1, "12.00", ("19", "1.92", "1")), shipped("0.00", ("19", "0.00", "1"), discount="4.90")],
        "12.00",
        how={"shipping": SHIPPING, "discounts": [Discount(Decimal(100), target="shipping")]},
    ),
    # 2.45 × 19/119 = 0.3912.
    "shipping at half price": Sale(
        {"2000": (1, "12.00", "19")},
        [sold("2000", 1, "12.00", ("19", "1.92", "1")), shipped("2.45", ("19", "0.39", "1"), discount="2.45")],
        "14.45",
        how={"shipping": SHIPPING, "discounts": [Discount(Decimal(50), target="shipping")]},
    ),
    "an order for nothing has rows and no payment": Sale(
        {"2000": (2, "9.90", "19")},
        [sold("2000", 2, "0.00", ("19", "0.00", "1"), discount="19.80")],
        "0.00",
        payments=[],
        how={"discounts": [Discount(Decimal(100))]},
    ),
    "a tax-free order has no taxes": Sale(
        {"2000": (1, "9.90", "19")},
        [sold("2000", 1, "9.90"), shipped("4.90")],
        "14.80",
        how={"shipping": SHIPPING, "tax_exempt": True},
    ),
    # 9.90 × 19/119 = 1.5807; a tip is not taxed.
    "a tip": Sale(
        {"2000": (1, "9.90", "19")},
        [sold("2000", 1, "9.90", ("19", "1.58", "1")), sold("9000", 1, "2.00", text="Tip")],
        "11.90",
        how={"tip": Decimal("2.00")},
    ),
    # 50.00 × 19/119 = 7.9832; the duty of 7.50 has 1.1975 tax in it.
    "duties": Sale(
        {"2000": (1, "50.00", "19")},
        [
            sold("2000", 1, "50.00", ("19", "7.98", "1")),
            sold("9000", 1, "7.50", ("19", "1.20", "1"), text="Duty 090240"),
        ],
        "57.50",
        how={"duties": Decimal("7.50")},
    ),
    # 29.00 × 19/119 = 4.6303.
    "a bundle whose parts cost nothing": Sale(
        {"2000": (1, "29.00", "19"), "2001": (2, "0.00", "19"), "2002": (1, "0.00", "7")},
        [
            sold("2000", 1, "29.00", ("19", "4.63", "1")),
            sold("2001", 2, "0.00", ("19", "0.00", "1")),
            sold("2002", 1, "0.00", ("7", "0.00", "2")),
        ],
        "29.00",
    ),
    # 30.00 × 19/119 = 4.7899; 12.00 from the gift card, the rest by card. The buyer's money is another one.
    "a gift card used is a payment and never a discount": Sale(
        {"2000": (1, "30.00", "19")},
        [sold("2000", 1, "30.00", ("19", "4.79", "1"))],
        "30.00",
        payments=[("12.00", BY_ANY_OTHER), ("18.00", BY_CARD)],
        how={"gateways": [("gift_card", Decimal(12)), "shopify_payments"], "presentment": ("USD", Decimal("1.10"))},
    ),
    # 9.93 × 19/119 = 1.5855; 9.95 were paid.
    "cash rounding is not booked": Sale(
        {"2000": (1, "9.93", "19")},
        [sold("2000", 1, "9.93", ("19", "1.59", "1"))],
        "9.93",
        payments=[("9.93", BY_ANY_OTHER)],
        how={"gateways": ["cash"], "cash_rounding": Decimal("0.02")},
    ),
}


@pytest.mark.parametrize("kind", SALES)
def test_a_sale_becomes_the_receipt_that_was_calculated_by_hand(tmp_path: Path, kind: str) -> None:
    sale = SALES[kind]
    with open_webshop(tmp_path, **sale.shop) as shop:
        sale.korona(shop)
        for number, (_, price, tax) in sale.bought.items():
            on_sale(shop, number, price, tax=tax)
        shop.init()
        bought = [(number, pieces) for number, (pieces, *_) in sale.bought.items()]
        order = shop.shopify.place_order(bought, **sale.how)
        assert shop.run("orders").exit_code == 0
        assert_becomes(shop, order, sale.total, sale.rows, sale.payments)
        assert {number: shop.korona.stock_of(number) for number, _ in bought} == {
            number: 10 - pieces for number, pieces in bought
        }


def test_a_whole_receipt_as_it_is_posted(shop: Shop) -> None:
    # 2 × 8.90 = 17.80, less 10 % = 16.02; of that 7/107 = 1.048 is tax. Of the shipping 4.90 it is 0.3206.
    on_sale(shop, "1042", "8.90", tax="7")
    shop.init()
    order = shop.shopify.place_order(
        [("1042", 2)], discounts=[Discount(Decimal(10))], shipping=SHIPPING, shipping_tax=Decimal(7)
    )
    assert shop.run("orders").exit_code == 0
    rows = [sold("1042", 2, "16.02", ("7", "1.05", "2"), discount="1.78"), shipped("4.90", ("7", "0.32", "2"))]
    assert_becomes(shop, order, "20.92", rows)
    posted = {name: value for name, value in only_receipt(shop).posted.items() if name not in ("items", "payments")}
    assert len(posted.pop("id")) == 36
    assert posted == {
        "number": "1001",
        "orderNumber": "1001",
        "externalReferences": {
            "korsyncKey": f"order/{order.id}",
            "shopifyShop": "sandbox-shop.myshopify.com",
            "shopifyOrderId": str(order.id),
        },
        "creationTime": MONDAY.isoformat(),
        "bookingTime": MONDAY.isoformat(),
        "cashier": {"id": shop.korona.find(Cashier, "99").id},
        "customerGroup": {"id": shop.korona.find(CustomerGroup, "1").id},
    }


def test_a_custom_line(shop: Shop) -> None:
    # 15.00 × 19/119 = 2.3950.
    shop.init()
    order = shop.shopify.place_order([({"title": "Gravur", "price": "15.00", "tax": "19"}, 1)])
    shop.run("orders")
    assert_becomes(shop, order, "15.00", [sold("9000", 1, "15.00", ("19", "2.39", "1"), text="Gravur")])


def test_a_gift_card_sold(shop: Shop) -> None:
    shop.shopify.add_product("Gutschein", [{"price": "25", "gift_card": True, "tracked": False, "title": "25 €"}])
    variant = shop.shopify.store.products[max(shop.shopify.store.products)].variants[0]
    shop.init()
    order = shop.shopify.place_order([(variant.id, 2)])
    shop.run("orders")
    assert_becomes(shop, order, "50.00", [sold("9000", 2, "50.00", text="Gutschein - 25 €")])


def test_a_promise_that_was_kept_counts_once(shop: Shop) -> None:
    # 20.00 × 19/119 = 3.1933. 8.00 were to be paid by transfer and came later, 12.00 by card.
    on_sale(shop, "2000", "20.00")
    shop.init()
    gateways = [("manual", Decimal("8.00")), ("paypal", Decimal("12.00"))]
    order = shop.shopify.place_order([("2000", 1)], gateways=gateways, paid=False)
    shop.shopify.pay_order(order, Decimal("8.00"))
    shop.run("orders")
    paid = [("8.00", BY_ANY_OTHER), ("12.00", BY_PAYPAL)]
    assert_becomes(shop, order, "20.00", [sold("2000", 1, "20.00", ("19", "3.19", "1"))], paid)


def test_shipping_that_an_edit_took_off_is_not_booked(shop: Shop) -> None:
    # 9.90 × 19/119 = 1.5807. The buyer paid 14.80; the receipt is about what was bought.
    on_sale(shop, "2000", "9.90")
    shop.init()
    order = shop.shopify.place_order([("2000", 1)], shipping=SHIPPING)
    shop.shopify.remove_shipping(order)
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "9.90", ("19", "1.58", "1"))]
    assert_booked(shop, "9.90", rows, [payment(shop, "9.90", BY_CARD)])


def test_an_order_is_booked_as_it_was_placed_and_what_was_taken_out_comes_back(shop: Shop) -> None:
    # Three bought, one taken out again before the first run: 3 × 8.00 are sold (24.00 × 19/119 = 3.8319).
    on_sale(shop, "2000", "8.00")
    shop.init()
    order = shop.shopify.place_order([("2000", 3)])
    shop.shopify.edit_order(order, fewer={"2000": 1})
    shop.run("orders")
    assert_becomes(shop, order, "24.00", [sold("2000", 3, "24.00", ("19", "3.83", "1"))])


def test_pieces_added_before_the_booking_are_booked(shop: Shop) -> None:
    # Two bought, one more added: 3 × 8.00 (24.00 × 19/119 = 3.8319), and a new line of 5.00 (0.7983).
    on_sale(shop, "2000", "8.00")
    on_sale(shop, "2001", "5.00")
    shop.init()
    order = shop.shopify.place_order([("2000", 2)])
    shop.shopify.edit_order(order, more={"2000": 1}, add=[("2001", 1)])
    shop.run("orders")
    rows = [sold("2000", 3, "24.00", ("19", "3.83", "1")), sold("2001", 1, "5.00", ("19", "0.80", "1"))]
    assert_becomes(shop, order, "29.00", rows)
