"""A simulated KORONA account with the client under test in front of it."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from korsync.config.settings import KoronaSettings
from korsync.korona import client as korona
from korsync.korona.client import KoronaClient
from korsync.records.catalogue import PointOfSale
from korsync.records.receipts import Receipt, ReceiptLine, ReceiptPayment, ReceiptTax
from korsync.sandbox.exchange import Clock
from korsync.sandbox.korona.account import COUPLING_ID, KoronaSide
from korsync.sandbox.korona.routes import BASE_PATH, TOO_MANY_WRITES
from korsync.sandbox.server import SandboxServer

NOON = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n and so on"


class Desk:
    """A KORONA account, its server, and the client under test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.set(NOON)
        lock = threading.RLock()
        self.side = KoronaSide(self.clock, lock)
        self.server = SandboxServer(self.side.answer, self.clock, lock, overlap=TOO_MANY_WRITES)
        self.server.start()
        self.client = self.open()

    def open(self, **changes: Any) -> KoronaClient:
        known = {
            "base_url": self.server.base_url + BASE_PATH,
            "account_id": self.side.account_id,
            "username": self.side.user,
            "password": self.side.password,
            "price_list": "Shopify",
            "point_of_sale": "90",
            "coupling_id": COUPLING_ID,
        }
        read_only = changes.pop("read_only", False)
        return korona.connect(KoronaSettings(**(known | changes)), read_only=read_only, sleep=lambda _seconds: None)

    @property
    def asked(self) -> list[str]:
        return [each.path.rpartition("/")[2] for each in self.server.requests]

    def point_of_sale(self, number: str = "90") -> PointOfSale:
        (found,) = self.client.points_of_sale(number)
        return found

    def numbers(self) -> set[str | None]:
        return {article.number for article in self.client.changed_products(0)[0]}


def receipt(desk: Desk, name: str = "1042", quantity: int = 2, key: str = "order/1") -> Receipt:
    tax = next(each for each in desk.client.sales_taxes() if each.number == "1")
    method = next(each for each in desk.client.payment_methods() if each.number == "5")
    cashier, group = desk.client.cashiers()[0], desk.client.customer_groups()[0]
    article = desk.client.product_by_number("1042")
    assert article is not None
    base = Decimal("8.90") * quantity
    line = ReceiptLine(
        14000000000001,
        article.id,
        "Tee „grün“",
        Decimal(quantity),
        base,
        Decimal("1.78"),
        (ReceiptTax(tax.id, Decimal(19), Decimal("2.84"), True),),
    )
    return Receipt(
        id="0b1c2d3e-4f50-5162-8374-95a6b7c8d9e0",
        key=key,
        shop="sandbox-shop.myshopify.com",
        order_id=5500000000001,
        number=name,
        order_number=name,
        booked_at=NOON + timedelta(microseconds=123456),
        lines=(line,),
        payments=(ReceiptPayment(method.id, base),),
        cashier_id=cashier.id,
        customer_group_id=group.id,
    )
