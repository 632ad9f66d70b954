"""Receipts calculated by hand, continued: what is sold besides goods, how it is paid, and in which money."""

from decimal import Decimal
from pathlib import Path

from korsync.sandbox.shopify.sales import Discount
from tests.support.shop import Shop
from tests.support.webshop import assert_booked, on_sale, open_webshop, payment, row


def test_a_tip(shop: Shop) -> None:
    # 9.90 × 19/119 = 1.5807; a tip is not taxed.
    on_sale(shop, "2000", "9.90")
    shop.init()
    order = shop.shopify.place_order([("2000", 1)], tip=Decimal("2.00"))
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "9.90", ("19", "1.58", "1")),
        row(shop, order.lines[1].id, "9000", 1, "Tip", "2.00"),
    ]
    assert_booked(shop, "11.90", rows, [payment(shop, "11.90", "5")])


def test_a_gift_card_sold(shop: Shop) -> None:
    shop.shopify.add_product("Gutschein", [{"price": "25", "gift_card": True, "tracked": False, "title": "25 €"}])
    variant = shop.shopify.store.products[max(shop.shopify.store.products)].variants[0]
    shop.init()
    order = shop.shopify.place_order([(variant.id, 2)])
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "9000", 2, "Gutschein - 25 €", "50.00")]
    assert_booked(shop, "50.00", rows, [payment(shop, "50.00", "5")])


def test_a_gift_card_used_is_a_payment_and_never_a_discount(shop: Shop) -> None:
    # 30.00 × 19/119 = 4.7899; 12.00 from the gift card, the rest by card. The buyer's money is another one.
    on_sale(shop, "2000", "30.00")
    shop.init()
    order = shop.shopify.place_order(
        [("2000", 1)],
        gateways=[("gift_card", Decimal("12.00")), "shopify_payments"],
        presentment=("USD", Decimal("1.10")),
    )
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "30.00", ("19", "4.79", "1"))]
    assert_booked(shop, "30.00", rows, [payment(shop, "12.00", "9"), payment(shop, "18.00", "5")])


def test_a_promise_that_was_kept_counts_once(shop: Shop) -> None:
    # 20.00 × 19/119 = 3.1933. 8.00 were to be paid by transfer and came later, 12.00 by card.
    on_sale(shop, "2000", "20.00")
    shop.init()
    gateways = [("manual", Decimal("8.00")), ("paypal", Decimal("12.00"))]
    order = shop.shopify.place_order([("2000", 1)], gateways=gateways, paid=False)
    shop.shopify.pay_order(order, Decimal("8.00"))
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "20.00", ("19", "3.19", "1"))]
    assert_booked(shop, "20.00", rows, [payment(shop, "8.00", "9"), payment(shop, "12.00", "6")])


def test_a_custom_line(shop: Shop) -> None:
    # 15.00 × 19/119 = 2.3950.
    shop.init()
    order = shop.shopify.place_order([({"title": "Gravur", "price": "15.00", "tax": "19"}, 1)])
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "9000", 1, "Gravur", "15.00", ("19", "2.39", "1"))]
    assert_booked(shop, "15.00", rows, [payment(shop, "15.00", "5")])


def test_the_shops_money_not_the_buyers(shop: Shop) -> None:
    # The same figures as for a buyer at home: 2 × 8.90 less 1.78, 16.02 × 7/107 = 1.048.
    on_sale(shop, "1042", "8.90", tax="7")
    shop.init()
    order = shop.shopify.place_order(
        [("1042", 2)],
        discounts=[Discount(Decimal(10))],
        shipping=Decimal("4.90"),
        shipping_tax=Decimal(7),
        presentment=("JPY", Decimal("161.3")),
    )
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "1042", 2, "Ware 1042", "16.02", ("7", "1.05", "2"), discount="1.78"),
        row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "4.90", ("7", "0.32", "2")),
    ]
    assert_booked(shop, "20.92", rows, [payment(shop, "20.92", "5")])


def test_a_currency_without_decimals(tmp_path: Path) -> None:
    # 3 × 1100 = 3300, less 5 % = 3135, of which 285 is tax at 10 %; of the shipping 500 it is 45.45.
    with open_webshop(tmp_path, currency="JPY") as shop:
        shop.korona.add_sales_tax("4", "10 %", {"2019-10-01": "10"}, included=True)
        on_sale(shop, "2000", "1100", tax="10")
        shop.init()
        order = shop.shopify.place_order(
            [("2000", 3)], discounts=[Discount(Decimal(5))], shipping=Decimal(500), shipping_tax=Decimal(10)
        )
        shop.run("orders")
        rows = [
            row(shop, order.lines[0].id, "2000", 3, "Ware 2000", "3135", ("10", "285", "4"), discount="165"),
            row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "500", ("10", "45", "4")),
        ]
        assert_booked(shop, "3635", rows, [payment(shop, "3635", "5")])


def test_a_currency_with_three_decimals(tmp_path: Path) -> None:
    # 3 × 1.255 = 3.765, of which 5/105 = 0.17928 is tax; the shipping is not taxed.
    with open_webshop(tmp_path, currency="KWD") as shop:
        shop.korona.add_sales_tax("4", "5 %", {"2019-10-01": "5"}, included=True)
        on_sale(shop, "2000", "1.255", tax="5")
        shop.init()
        order = shop.shopify.place_order([("2000", 3)], shipping=Decimal("1.500"), shipping_tax=None)
        shop.run("orders")
        rows = [
            row(shop, order.lines[0].id, "2000", 3, "Ware 2000", "3.765", ("5", "0.179", "4")),
            row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "1.500"),
        ]
        assert_booked(shop, "5.265", rows, [payment(shop, "5.265", "5")])


def test_duties(shop: Shop) -> None:
    # 50.00 × 19/119 = 7.9832; the duty of 7.50 has 1.1975 tax in it.
    on_sale(shop, "2000", "50.00")
    shop.init()
    order = shop.shopify.place_order([("2000", 1)], duties=Decimal("7.50"))
    shop.run("orders")
    (duty,) = order.lines[0].duties
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "50.00", ("19", "7.98", "1")),
        row(shop, duty.id, "9000", 1, "Duty 090240", "7.50", ("19", "1.20", "1")),
    ]
    assert_booked(shop, "57.50", rows, [payment(shop, "57.50", "5")])


def test_a_bundle_whose_parts_cost_nothing(shop: Shop) -> None:
    # 29.00 × 19/119 = 4.6303.
    on_sale(shop, "2000", "29.00")
    on_sale(shop, "2001", "0.00")
    on_sale(shop, "2002", "0.00", tax="7")
    shop.init()
    order = shop.shopify.place_order([("2000", 1), ("2001", 2), ("2002", 1)])
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "29.00", ("19", "4.63", "1")),
        row(shop, order.lines[1].id, "2001", 2, "Ware 2001", "0.00", ("19", "0.00", "1")),
        row(shop, order.lines[2].id, "2002", 1, "Ware 2002", "0.00", ("7", "0.00", "2")),
    ]
    assert_booked(shop, "29.00", rows, [payment(shop, "29.00", "5")])
    assert [shop.korona.stock_of(number) for number in ("2000", "2001", "2002")] == [9, 8, 9]


def test_cash_rounding_is_not_booked(shop: Shop) -> None:
    # 9.93 × 19/119 = 1.5855; 9.95 were paid.
    on_sale(shop, "2000", "9.93")
    shop.init()
    order = shop.shopify.place_order([("2000", 1)], gateways=["cash"], cash_rounding=Decimal("0.02"))
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "9.93", ("19", "1.59", "1"))]
    assert_booked(shop, "9.93", rows, [payment(shop, "9.93", "9")])


def test_an_order_is_booked_as_it_was_placed_and_what_was_taken_out_comes_back(shop: Shop) -> None:
    # Three bought, one taken out again before the first run: 3 × 8.00 are sold (24.00 × 19/119 = 3.8319).
    on_sale(shop, "2000", "8.00")
    shop.init()
    order = shop.shopify.place_order([("2000", 3)])
    shop.shopify.edit_order(order, fewer={"2000": 1})
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "2000", 3, "Ware 2000", "24.00", ("19", "3.83", "1"))]
    assert_booked(shop, "24.00", rows, [payment(shop, "24.00", "5")])


def test_pieces_added_before_the_booking_are_booked(shop: Shop) -> None:
    # Two bought, one more added: 3 × 8.00 (24.00 × 19/119 = 3.8319), and a new line of 5.00 (0.7983).
    on_sale(shop, "2000", "8.00")
    on_sale(shop, "2001", "5.00")
    shop.init()
    order = shop.shopify.place_order([("2000", 2)])
    shop.shopify.edit_order(order, more={"2000": 1}, add=[("2001", 1)])
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 3, "Ware 2000", "24.00", ("19", "3.83", "1")),
        row(shop, order.lines[1].id, "2001", 1, "Ware 2001", "5.00", ("19", "0.80", "1")),
    ]
    assert_booked(shop, "29.00", rows, [payment(shop, "29.00", "5")])
