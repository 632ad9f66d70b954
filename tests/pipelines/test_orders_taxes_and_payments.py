"""What the configuration and KORONA's own tables decide about a receipt: sales taxes by date, payment methods."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from korsync.errors import ConfigurationError
from korsync.sandbox.korona.store import PaymentMethod, SalesTax
from tests.support.shop import Shop
from tests.support.webshop import booked, held, on_sale, open_webshop, without_added_taxes

METHODS = {"shopify_payments": "5", "paypal": "6", "Cash on Delivery (COD)": "1", "default": "9"}


def taxes(shop: Shop, order_number: str) -> list[tuple[str | None, Decimal, Decimal]]:
    """Return number of the sales tax, rate and amount of each tax of a receipt."""
    (receipt,) = [each for each in shop.korona.receipts if each.order_number == order_number]
    return [
        (shop.korona.table(SalesTax)[tax["salesTax"]["id"]].number, tax["taxRate"], tax["amount"])
        for item in receipt.posted["items"]
        for tax in item["total"]["taxPayments"]
    ]


def no_sales_tax_of(rate: str) -> str:
    none = f"KORONA has no sales tax of {rate} % included in the price on the order's date"
    return f"{none}; make one there, or name one under orders.taxes with the key “{rate}”"


def methods(shop: Shop, order_number: str) -> list[tuple[str | None, Decimal]]:
    """Return number of the payment method and amount of each payment of a receipt."""
    (receipt,) = [each for each in shop.korona.receipts if each.order_number == order_number]
    return [
        (shop.korona.table(PaymentMethod)[each["paymentMethod"]["id"]].number, each["amount"])
        for each in receipt.posted["payments"]
    ]


def test_a_rate_that_changes_on_a_day_is_taken_by_the_orders_date(shop: Shop) -> None:
    # From Wednesday on 19 % are 20 %: 12.00 × 19/119 = 1.9160, 12.00 × 20/120 = 2.00.
    midnight = datetime(2026, 11, 25, tzinfo=shop.korona.zone)
    standard = shop.korona.find(SalesTax, "1")
    standard.rates.append((midnight, Decimal(20)))
    on_sale(shop, "old", "12.00", tax="19")
    on_sale(shop, "new", "12.00", tax="20")
    shop.init()
    shop.world.clock.set(midnight + timedelta(minutes=10))
    shop.shopify.place_order([("old", 1)], at=midnight - timedelta(seconds=1))
    shop.shopify.place_order([("new", 1)], at=midnight)
    shop.shopify.place_order([("old", 1)], at=midnight)
    assert shop.run("orders").exit_code == 1
    assert taxes(shop, "1001") == [("1", Decimal(19), Decimal("1.92"))]
    assert taxes(shop, "1002") == [("1", Decimal(20), Decimal("2.00"))]
    assert held(shop) == {"1003": no_sales_tax_of("19")}


def test_a_foreign_rate_is_held_until_a_sales_tax_is_chosen_for_it(shop: Shop) -> None:
    # 12.10 × 21/121 = 2.10.
    on_sale(shop, "2000", "12.10", tax="21")
    shop.init()
    shop.shopify.place_order([("2000", 1)])
    assert shop.run("orders").exit_code == 1
    assert held(shop) == {"1001": no_sales_tax_of("21")}
    shop.configure(orders={"taxes": {"21": "3"}})
    assert shop.run_later("orders").exit_code == 0
    assert taxes(shop, "1001") == [("3", Decimal(21), Decimal("2.10"))]


def test_a_chosen_sales_tax_goes_before_the_one_found(shop: Shop) -> None:
    on_sale(shop, "2000", "11.90", tax="19")
    shop.korona.add_sales_tax("8", "19 % B2B", {"2007-01-01": "19"}, included=True)
    shop.configure(orders={"taxes": {"19": "8"}})
    shop.init()
    shop.shopify.place_order([("2000", 1)])
    assert shop.run("orders").exit_code == 0
    assert taxes(shop, "1001") == [("8", Decimal(19), Decimal("1.90"))]


def test_where_two_sales_taxes_would_do_orders_are_held_until_one_is_chosen(shop: Shop) -> None:
    on_sale(shop, "2000", "11.90", tax="19")
    shop.korona.add_sales_tax("8", "19 % B2B", {"2007-01-01": "19"}, included=True)
    shop.init()
    shop.shopify.place_order([("2000", 1)])
    assert shop.run("orders").exit_code == 1
    assert held(shop)["1001"].startswith("KORONA has several sales taxes of 19 % included in the price: 1 19 %, 8 19 %")
    shop.configure(orders={"taxes": {"19": "1"}})
    assert shop.run_later("orders").exit_code == 0
    assert booked(shop) == ["1001"]


def test_a_chosen_sales_tax_that_korona_does_not_have_stops_before_anything_is_sent(shop: Shop) -> None:
    shop.configure(orders={"taxes": {"19": "77"}})
    with pytest.raises(ConfigurationError, match=r"KORONA has no sales tax “77”"):
        shop.init()


def test_a_net_shop_takes_taxes_on_top_before_included_ones(tmp_path: Path) -> None:
    with open_webshop(tmp_path, taxes_included=False) as shop:
        on_sale(shop, "2000", "10.00", tax="7")
        shop.init()
        shop.shopify.place_order([("2000", 1)])
        shop.run("orders")
        assert taxes(shop, "1001") == [("12", Decimal(7), Decimal("0.70"))]


def test_one_order_may_be_gross_in_a_net_shop(tmp_path: Path) -> None:
    # What counts is the order's own `taxes_included`: 10.70 × 7/107 = 0.70.
    with open_webshop(tmp_path, taxes_included=False) as shop:
        without_added_taxes(shop)
        on_sale(shop, "2000", "10.70", tax="7")
        shop.init()
        shop.shopify.place_order([("2000", 1)], taxes_included=True)
        assert shop.run("orders").exit_code == 0
        assert taxes(shop, "1001") == [("2", Decimal(7), Decimal("0.70"))]
        assert shop.korona.receipts[0].gross == Decimal("10.70")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [("5", "30.00")]),
        ({"gateways": ["paypal"]}, [("6", "30.00")]),
        ({"gateways": ["Cash on Delivery (COD)"], "paid": False}, [("1", "30.00")]),
        ({"gateways": ["manual"], "paid": False}, [("9", "30.00")]),
        ({"gateways": [("gift_card", Decimal("10.00")), "paypal"]}, [("9", "10.00"), ("6", "20.00")]),
        ({"gateways": [("gift_card", Decimal("30.00")), "paypal"]}, [("9", "30.00")]),
        ({"gateways": [("paypal", Decimal("7.77")), ("gift_card", Decimal("2.23")), "manual"]}, None),
    ],
)
def test_gateways_choose_the_payment_methods(shop: Shop, options: dict[str, Any], expected: Any) -> None:
    shop.configure(orders={"payment_methods": METHODS})
    on_sale(shop, "2000", "30.00")
    shop.init()
    shop.run("orders")
    shop.shopify.place_order([("2000", 1)], **options)
    with shop.requests() as seen:
        shop.run("orders")
    expected = expected or [("6", "7.77"), ("9", "2.23"), ("9", "20.00")]
    assert methods(shop, "1001") == [(number, Decimal(amount)) for number, amount in expected]
    assert seen.count("GET", "transactions.json") == (1 if len(options.get("gateways", ())) > 1 else 0)


def test_an_order_paid_by_two_gateways_after_a_while_is_split_as_it_was_paid(shop: Shop) -> None:
    on_sale(shop, "2000", "30.00")
    shop.init()
    order = shop.shopify.place_order([("2000", 1)], gateways=["paypal"], authorized=True)
    shop.shopify.pay_order(order)
    shop.run("orders")
    assert methods(shop, "1001") == [("6", Decimal("30.00"))]


def test_orders_keep_the_start_of_the_configuration(shop: Shop) -> None:
    shop.configure(orders={"start_from": date(2026, 11, 23)})
    on_sale(shop, "2000", "30.00")
    shop.init()
    shop.shopify.place_order([("2000", 1)], at=shop.world.clock.now() - timedelta(hours=11))
    shop.run("orders")
    assert booked(shop) == []
