"""A return is made of what was booked: where KORONA shows its receipt otherwise, or not all of it, it is held."""

from dataclasses import replace
from decimal import Decimal

import pytest

from korsync.memory.state import save_state
from korsync.records.amounts import Amounts, amounts_of
from korsync.records.bookings import KnownOrder
from korsync.sandbox.shopify.sales import Refund
from tests.support.booked import book, sell
from tests.support.shop import Shop
from tests.support.webshop import on_sale


@pytest.fixture
def returned(shop: Shop) -> tuple[Shop, Refund]:
    """A shop with a booked sale of two pieces, of which one came back."""
    on_sale(shop, "1042", "8.90", tax="7")
    shop.init()
    order = sell(shop, [("1042", 2)])
    book(shop)
    refund = shop.shopify.refund_order(order, {"1042": 1})
    shop.later()
    return shop, refund


def returns(shop: Shop) -> list[str]:
    return [each.number or "" for each in shop.korona.receipts if (each.key or "").startswith("refund/")]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("amount", "the amount or the rate of a tax"),
        ("taxRate", "the amount or the rate of a tax"),
        ("salesTax", "which tax it is"),
        ("base", "its price"),
        ("taxPayments", "with 0.00 tax"),
    ],
)
def test_a_figure_that_korona_leaves_out_is_not_zero(returned: tuple[Shop, Refund], field: str, told: str) -> None:
    shop, refund = returned
    shop.korona.leaves_out = {field}
    shop.run_later()
    assert returns(shop) == []
    assert told in shop.held(f"#1001 refund {refund.id}").reason
    shop.korona.leaves_out = set()
    shop.run_later()
    assert len(returns(shop)) == 1


@pytest.mark.parametrize(
    "booked",
    [
        amounts_of(Decimal("17.81"), [("7", Decimal("1.16"))]),
        amounts_of(Decimal("17.80"), [("7", Decimal("2.84"))]),
        amounts_of(Decimal("17.80"), [("19", Decimal("1.16"))]),
    ],
)
def test_other_figures_than_were_booked_are_held_with_both(returned: tuple[Shop, Refund], booked: Amounts) -> None:
    shop, refund = returned
    (order,) = shop.state.orders.values()
    assert order.sale is not None
    save_state(shop.settings.state_path, shop.state.with_order(_booked_as(order, booked)))
    shop.run_later()
    assert returns(shop) == []
    reason = shop.held(f"#1001 refund {refund.id}").reason
    assert "says 17.80 with 1.16 tax" in reason
    assert f"{booked.gross} with {booked.tax} was booked" in reason


def _booked_as(order: KnownOrder, booked: Amounts) -> KnownOrder:
    """Return an order whose sale was booked with these amounts, taxes by their names in KORONA as they stand there."""
    assert order.sale is not None
    assert order.sale.amounts is not None
    ours = order.sale.amounts.taxes[0].sales_tax
    taxes = tuple(replace(each, sales_tax=ours if each.sales_tax == "7" else "another") for each in booked.taxes)
    return order.with_booking(replace(order.sale, amounts=replace(booked, taxes=taxes)))
