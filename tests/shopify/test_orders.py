"""Orders in the shop's money, without their customers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.line_wire import CANARY
from korsync.sandbox.shopify.sales import CustomLine, Discount
from korsync.shopify import client as shopify
from tests.support.counter import NOON, Counter


def test_closed_and_cancelled_orders_come_too(tea: Counter) -> None:
    tea.side.place_order([("1042", 1)])
    tea.side.cancel_order(tea.side.place_order([("1042", 2)]))
    tea.side.fulfil_order(tea.side.place_order([("1042", 3)]))
    orders = {order.lines[0].quantity: order for order in tea.client.orders(NOON - timedelta(days=1))}
    assert orders.keys() == {1, 2, 3}
    assert orders[2].cancelled_at == NOON
    assert [order.fulfilled for order in orders.values()].count(True) == 1
    assert orders[3].fulfilled


def test_an_order_comes_in_the_shops_money_without_its_customer(tea: Counter) -> None:
    placed = tea.side.place_order(
        [("1042", 2), (CustomLine(title="Gravur", price=Decimal("3.00")), 1)],
        discounts=[Discount(Decimal(10))],
        shipping=Decimal("4.90"),
        tip=Decimal("1.00"),
        duties=Decimal("2.00"),
        presentment=("USD", Decimal("1.1")),
    )
    tea.side.refund_order(placed, {"1042": 1}, shipping=True)
    (order,) = tea.client.orders(NOON - timedelta(hours=1))
    assert CANARY not in repr(order)
    asked = tea.server.requests[-1].query["fields"][0].split(",")
    assert not {"customer", "email", "phone", "note", "billing_address", "shipping_address", "client_details"} & {
        *asked
    }
    tea_line, custom, tip = order.lines
    assert (order.currency, order.name, order.test, order.taxes_included) == ("EUR", placed.name, False, True)
    assert (tea_line.price, tea_line.quantity, tea_line.current_quantity) == (Decimal("8.90"), 2, 1)
    assert tea_line.discount + custom.discount == Decimal("2.08")
    assert [each.percent for each in tea_line.taxes] == [Decimal(19)]
    assert (tea_line.custom, custom.custom, tip.custom) == (False, True, False)
    assert (tea_line.tip, custom.tip, tip.tip) == (False, False, True)
    assert [each.price for each in order.shipping_lines] == [Decimal("4.90")]
    assert [each.price for each in order.fees] == [Decimal("2.00")]
    (refund,) = order.refunds
    assert refund.shipping == Decimal("4.90")
    assert [(each.line_id, each.quantity, each.restock_type) for each in refund.lines] == [(tea_line.id, 1, "return")]
    parts = sum((line.price * line.quantity - line.discount for line in order.lines), Decimal(0))
    assert order.total_price == parts + Decimal("4.90") + Decimal("2.00")


def test_an_order_that_is_listed_twice_comes_once_as_last_seen(tea: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "_LIMIT", "1")
    orders = [tea.side.place_order([("1042", 1)], at=NOON - timedelta(minutes=each)) for each in range(3)]
    tea.side.fulfil_order(orders[0])
    found = tea.client.orders(NOON - timedelta(days=1))
    assert sorted(order.id for order in found) == sorted(order.id for order in orders)

    row: dict[str, Any] = tea.client.session.get(
        f"admin/api/2026-10/orders/{orders[0].id}.json", lambda answer: answer.body["order"]
    )
    twice = {"orders": [row, {**row, "fulfillment_status": "fulfilled"}]}
    tea.server.faults.append(Fault("status", status=200, body=twice))
    (order,) = tea.client.orders(NOON)
    assert order.fulfilled


def test_orders_are_found_by_id_whatever_their_status(tea: Counter) -> None:
    cancelled = tea.side.place_order([("1042", 1)])
    tea.side.cancel_order(cancelled)
    (order,) = tea.client.orders_by_id([cancelled.id, 1])
    assert order.id == cancelled.id
    assert tea.client.orders_by_id([]) == []


def test_open_orders_from_before_are_those_still_to_be_shipped(tea: Counter) -> None:
    old = NOON - timedelta(days=10)
    waiting = tea.side.place_order([("1042", 1)], paid=False, at=old)
    partly = tea.side.place_order([("1042", 2)], at=old)
    tea.side.fulfil_order(partly, {"1042": 1})
    tea.side.fulfil_order(tea.side.place_order([("1042", 1)], at=old))
    tea.side.cancel_order(tea.side.place_order([("1042", 1)], at=old))
    tea.side.place_order([("1042", 1)])
    found = tea.client.open_orders_before(NOON - timedelta(days=5))
    assert {order.id for order in found} == {waiting.id, partly.id}
    assert tea.server.requests[-1].query["fulfillment_status"] == ["unfulfilled"]


def test_payments_are_asked_for_in_the_shops_currency(tea: Counter) -> None:
    order = tea.side.place_order(
        [("1042", 1)], gateways=[("gift_card", Decimal("5.00")), "paypal"], presentment=("USD", Decimal("1.1"))
    )
    payments = tea.client.transactions(order.id)
    assert {(each.gateway, each.amount) for each in payments} == {
        ("gift_card", Decimal("5.00")),
        ("paypal", Decimal("3.90")),
    }
