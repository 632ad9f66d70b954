"""Receipts calculated by hand, compared with what KORONA was sent: gross and net shops, discounts, shipping."""

from decimal import Decimal
from pathlib import Path

from korsync.sandbox.korona.store import Cashier, CustomerGroup
from korsync.sandbox.shopify.sales import Discount
from tests.support.shop import MONDAY, Shop
from tests.support.webshop import assert_booked, on_sale, only_receipt, open_webshop, payment, row, without_added_taxes


def test_a_whole_receipt_as_it_is_posted(shop: Shop) -> None:
    # 2 × 8.90 = 17.80, less 10 % = 16.02; of that 7/107 = 1.048 is tax. Of the shipping 4.90 it is 0.3206.
    on_sale(shop, "1042", "8.90", tax="7")
    shop.init()
    order = shop.shopify.place_order(
        [("1042", 2)], discounts=[Discount(Decimal(10))], shipping=Decimal("4.90"), shipping_tax=Decimal(7)
    )
    assert shop.run("orders").exit_code == 0
    posted = dict(only_receipt(shop).posted)
    assert only_receipt(shop).gross == Decimal("20.92")
    assert posted.pop("items") == [
        row(shop, order.lines[0].id, "1042", 2, "Ware 1042", "16.02", ("7", "1.05", "2"), discount="1.78"),
        row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "4.90", ("7", "0.32", "2")),
    ]
    assert posted.pop("payments") == [payment(shop, "20.92", "5")]
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
    assert shop.korona.stock_of("1042") == 8


def test_in_a_net_shop_taxes_come_on_top(tmp_path: Path) -> None:
    # 3 × 33.33 = 99.99 and 19 % of it, 18.9981; 5.00 and 0.95.
    with open_webshop(tmp_path, taxes_included=False) as shop:
        on_sale(shop, "2000", "33.33")
        shop.init()
        order = shop.shopify.place_order([("2000", 3)], shipping=Decimal("5.00"))
        shop.run("orders")
        rows = [
            row(shop, order.lines[0].id, "2000", 3, "Ware 2000", "99.99", ("19", "19.00", "11")),
            row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "5.00", ("19", "0.95", "11")),
        ]
        assert_booked(shop, "124.94", rows, [payment(shop, "124.94", "5")])


def test_in_a_net_shop_whose_korona_knows_only_included_taxes_they_go_into_the_base(tmp_path: Path) -> None:
    with open_webshop(tmp_path, taxes_included=False) as shop:
        without_added_taxes(shop)
        on_sale(shop, "2000", "33.33")
        shop.init()
        order = shop.shopify.place_order([("2000", 3)], shipping=Decimal("5.00"))
        shop.run("orders")
        rows = [
            row(shop, order.lines[0].id, "2000", 3, "Ware 2000", "118.99", ("19", "19.00", "1")),
            row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "5.95", ("19", "0.95", "1")),
        ]
        assert_booked(shop, "124.94", rows, [payment(shop, "124.94", "5")])


def test_a_discount_on_one_line(shop: Shop) -> None:
    # 24.00 less a quarter is 18.00, with 2.8739 tax; 2 × 5.50 = 11.00, with 0.7196 tax at 7 %.
    on_sale(shop, "2000", "24.00")
    on_sale(shop, "1042", "5.50", tax="7")
    shop.init()
    order = shop.shopify.place_order([("2000", 1), ("1042", 2)], discounts=[Discount(Decimal(25), target="line")])
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "18.00", ("19", "2.87", "1"), discount="6.00"),
        row(shop, order.lines[1].id, "1042", 2, "Ware 1042", "11.00", ("7", "0.72", "2")),
    ]
    assert_booked(shop, "29.00", rows, [payment(shop, "29.00", "5")])


def test_a_discount_on_the_order_over_two_tax_rates(shop: Shop) -> None:
    # 5.00 off 10.00 + 20.00: a third is 1.67, the rest 3.33. 8.33 × 19/119 = 1.33; 16.67 × 7/107 = 1.0906.
    on_sale(shop, "2000", "10.00")
    on_sale(shop, "1042", "20.00", tax="7")
    shop.init()
    discount = Discount(Decimal("5.00"), percentage=False)
    order = shop.shopify.place_order([("2000", 1), ("1042", 1)], discounts=[discount])
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "8.33", ("19", "1.33", "1"), discount="1.67"),
        row(shop, order.lines[1].id, "1042", 1, "Ware 1042", "16.67", ("7", "1.09", "2"), discount="3.33"),
    ]
    assert_booked(shop, "25.00", rows, [payment(shop, "25.00", "5")])


def test_free_shipping(shop: Shop) -> None:
    # 12.00 × 19/119 = 1.9160.
    on_sale(shop, "2000", "12.00")
    shop.init()
    free = Discount(Decimal(100), target="shipping")
    order = shop.shopify.place_order([("2000", 1)], shipping=Decimal("4.90"), discounts=[free])
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "12.00", ("19", "1.92", "1")),
        row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "0.00", ("19", "0.00", "1"), discount="4.90"),
    ]
    assert_booked(shop, "12.00", rows, [payment(shop, "12.00", "5")])


def test_shipping_at_half_price(shop: Shop) -> None:
    # 2.45 × 19/119 = 0.3912.
    on_sale(shop, "2000", "12.00")
    shop.init()
    half = Discount(Decimal(50), target="shipping")
    order = shop.shopify.place_order([("2000", 1)], shipping=Decimal("4.90"), discounts=[half])
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "12.00", ("19", "1.92", "1")),
        row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "2.45", ("19", "0.39", "1"), discount="2.45"),
    ]
    assert_booked(shop, "14.45", rows, [payment(shop, "14.45", "5")])


def test_shipping_that_an_edit_took_off_is_not_booked(shop: Shop) -> None:
    # 9.90 × 19/119 = 1.5807. The buyer paid 14.80; the receipt is about what was bought.
    on_sale(shop, "2000", "9.90")
    shop.init()
    order = shop.shopify.place_order([("2000", 1)], shipping=Decimal("4.90"))
    shop.shopify.remove_shipping(order)
    shop.run("orders")
    rows = [row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "9.90", ("19", "1.58", "1"))]
    assert_booked(shop, "9.90", rows, [payment(shop, "9.90", "5")])


def test_an_order_for_nothing_has_rows_and_no_payment(shop: Shop) -> None:
    on_sale(shop, "2000", "9.90")
    shop.init()
    order = shop.shopify.place_order([("2000", 2)], discounts=[Discount(Decimal(100))])
    assert shop.run("orders").exit_code == 0
    rows = [row(shop, order.lines[0].id, "2000", 2, "Ware 2000", "0.00", ("19", "0.00", "1"), discount="19.80")]
    assert_booked(shop, "0.00", rows, [])
    assert shop.korona.stock_of("2000") == 8


def test_a_tax_free_order_has_no_taxes(shop: Shop) -> None:
    on_sale(shop, "2000", "9.90")
    shop.init()
    order = shop.shopify.place_order([("2000", 1)], shipping=Decimal("4.90"), tax_exempt=True)
    shop.run("orders")
    rows = [
        row(shop, order.lines[0].id, "2000", 1, "Ware 2000", "9.90"),
        row(shop, order.shipping_lines[0].id, "9001", 1, "DHL", "4.90"),
    ]
    assert_booked(shop, "14.80", rows, [payment(shop, "14.80", "5")])


def test_two_taxes_on_one_line(tmp_path: Path) -> None:
    # 40.00 with 5 % and 7 % on top: 2.00 and 2.80.
    with open_webshop(tmp_path, taxes_included=False) as shop:
        shop.korona.add_sales_tax("13", "5 % net", {"2007-01-01": "5"}, included=False)
        on_sale(shop, "2000", "20.00", tax=(Decimal(5), Decimal(7)))
        shop.init()
        order = shop.shopify.place_order([("2000", 2)])
        shop.run("orders")
        taxes = (("5", "2.00", "13"), ("7", "2.80", "12"))
        rows = [row(shop, order.lines[0].id, "2000", 2, "Ware 2000", "40.00", *taxes)]
        assert_booked(shop, "44.80", rows, [payment(shop, "44.80", "5")])
