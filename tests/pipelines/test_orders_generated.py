"""Hundreds of orders with random options through the whole of korsync: the sandbox says what each comes to."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from korsync.sandbox.shopify.pricing import sums
from korsync.sandbox.shopify.sales import CustomLine, Discount, Order
from tests.support.shop import Shop
from tests.support.webshop import booked, held, on_sale, open_webshop, without_added_taxes

PRICES = {"EUR": ("8.90", "33.33", "0.00"), "JPY": ("890", "3333", "0"), "KWD": ("8.905", "33.333", "0.000")}
GATEWAYS = ("shopify_payments", "paypal", "gift_card", "manual")
TARGETS = get_args(Discount.__annotations__["target"])

amounts = st.integers(0, 5_000)
custom = st.fixed_dictionaries({"custom": st.sampled_from(["19", "7", "8.1", None]), "units": amounts})
lines = st.tuples(st.sampled_from(["2000", "1042", "0000", "2000", "1042"]) | custom, st.integers(1, 5))
discounts = st.fixed_dictionaries(
    {
        "value": st.integers(1, 100),
        "percentage": st.booleans(),
        "target": st.sampled_from(["order", "line", "shipping"]),
    }
)
order_options = st.fixed_dictionaries(
    {"lines": st.lists(lines, min_size=1, max_size=4)},
    optional={
        "paid": st.booleans(),
        "authorized": st.booleans(),
        "gateways": st.lists(st.sampled_from(GATEWAYS), unique=True, max_size=3),
        "share": amounts,
        "discounts": st.lists(discounts, max_size=2),
        "shipping": amounts,
        "tip": amounts,
        "duties": amounts,
        "tax_exempt": st.booleans(),
        "foreign": st.just(("USD", Decimal("1.0837"))),
        "cash_rounding": st.just(2),
        "more": st.integers(1, 3),
        "fewer": st.just(1),
        "without_shipping": st.booleans(),
        "archived": st.booleans(),
    },
)


def place(shop: Shop, options: dict[str, Any]) -> Order:
    """Place an order of these options; amounts are counted in the currency's smallest units."""
    unit = {"EUR": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}[shop.shopify.store.currency]
    wanted: list[tuple[str | CustomLine, int]] = []
    for what, pieces in options["lines"]:
        if isinstance(what, str):
            wanted.append((what, pieces))
        else:
            made = CustomLine(title="Gravur", price=what["units"] * unit)
            wanted.append((CustomLine(**made, tax=what["custom"]) if what["custom"] else made, pieces))
    named = options.get("gateways", [])
    several = [(gateway, options.get("share", 0) * unit) for gateway in named[:-1]]
    money = {name: options[name] * unit for name in ("shipping", "tip", "duties", "cash_rounding") if name in options}
    order = shop.shopify.place_order(
        wanted,
        gateways=[*several, *named[-1:]],
        discounts=[
            Discount(Decimal(each["value"]) * (1 if each["percentage"] else unit), each["percentage"], each["target"])
            for each in options.get("discounts", ())
        ],
        presentment=options.get("foreign"),
        **{name: options[name] for name in ("paid", "authorized", "tax_exempt") if name in options},
        **money,
    )
    line = order.lines[0]
    if "more" in options:
        shop.shopify.edit_order(order, more={line.id: options["more"]})
    if "fewer" in options:
        shop.shopify.edit_order(order, fewer={line.id: options["fewer"]})
    if options.get("without_shipping"):
        shop.shopify.remove_shipping(order)
    if options.get("archived"):
        shop.shopify.fulfil_order(order, archive=True)
    return order


def is_bookable(order: Order) -> bool:
    """Tell whether KORONA has a sales tax for everything that is taxed in an order."""
    taxed = [tax for line in order.lines for tax in line.taxes]
    taxed += [tax for shipping in order.shipping_lines for tax in shipping.taxes]
    taxed += [tax for line in order.lines for duty in line.duties for tax in duty.taxes]
    return all(tax.percent != Decimal("8.1") for tax in taxed if tax.amount)


@pytest.mark.parametrize(
    ("currency", "taxes_included", "added_taxes"),
    [("EUR", True, True), ("EUR", False, True), ("EUR", False, False), ("JPY", True, True), ("KWD", False, True)],
)
def test_every_order_placed_is_booked_once_to_the_cent_or_held(
    currency: str, taxes_included: bool, added_taxes: bool
) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=3,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(st.lists(order_options, min_size=30, max_size=50))
    def each(placed: list[dict[str, Any]]) -> None:
        with (
            TemporaryDirectory() as folder,
            open_webshop(Path(folder), currency=currency, taxes_included=taxes_included) as shop,
        ):
            if not added_taxes:
                without_added_taxes(shop)
            for number, price in zip(("2000", "1042", "0000"), PRICES[currency], strict=True):
                on_sale(shop, number, price, tax="7" if number == "1042" else "19", pieces=1000)
            shop.init()
            orders = [place(shop, options) for options in placed]
            assert_all_right(shop, orders, shop.run("orders").exit_code)
            assert_all_right(shop, orders, shop.run_later("orders").exit_code)
            seen["booked"] += len(booked(shop))
            seen["held"] += len(held(shop))

    each()
    print(f"\n{currency}: {seen['booked']} orders booked, {seen['held']} held")
    assert seen["booked"] >= 60
    assert seen["held"] > 0


def assert_all_right(shop: Shop, orders: list[Order], exit_code: int) -> None:
    right = [order for order in orders if is_bookable(order)]
    wrong = {order.name.removeprefix("#") for order in orders if not is_bookable(order)}
    assert sorted(booked(shop)) == sorted(order.name.removeprefix("#") for order in right)
    assert held(shop).keys() == wrong
    assert all("no sales tax of 8.1 %" in reason for reason in held(shop).values())
    assert exit_code == (1 if wrong else 0)
    for order in right:
        (receipt,) = shop.korona.booked_under(f"order/{order.id}")
        assert receipt.gross == sums(order).total
        assert sum(Decimal(each["amount"]) for each in receipt.posted["payments"]) == receipt.gross
    sold = Counter[str]()
    for order in right:
        for line in order.lines:
            sold[line.sku or ""] += line.sold
    for number in ("2000", "1042", "0000"):
        assert shop.korona.stock_of(number) == 1000 - sold[number]
