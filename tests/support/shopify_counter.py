"""A simulated store with a server, and a plain client in front of it."""

import base64
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests

from korsync.sandbox.exchange import Clock
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.shopify.sales import Order
from korsync.sandbox.shopify.shop import ShopifySide

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Counter:
    """Asks a store over HTTP as an app would; `side` moves it."""

    def __init__(self, side: ShopifySide, server: SandboxServer, clock: Clock) -> None:
        self.side = side
        self.server = server
        self.clock = clock
        self.session = requests.Session()
        self.session.trust_env = False
        self.token = "shpat_sandbox"

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """Send a request of version 2026-10, or to a whole path where it begins with a slash."""
        url = self.server.base_url + (path if path.startswith("/") else f"/admin/api/2026-10/{path}")
        headers = {"X-Shopify-Access-Token": self.token}
        return self.session.request(method, url, params=query, json=body, headers=headers, timeout=10)

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of a GET that must succeed."""
        answer = self.ask("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: Any) -> requests.Response:
        return self.ask("PUT", path, body)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.ask("POST", path, body)

    def follow(self, answer: requests.Response, relation: str) -> requests.Response:
        """Follow a link of an answer, as it is."""
        headers = {"X-Shopify-Access-Token": self.token}
        return self.session.get(answer.links[relation]["url"], headers=headers, timeout=10)


@contextmanager
def opened(**settings: Any) -> Iterator[Counter]:
    """A running store at noon of a standing clock, with an unlimited bucket."""
    clock, lock = Clock(), threading.RLock()
    clock.set(NOON)
    side = ShopifySide(clock, lock, **settings)
    side.bucket = None
    server = SandboxServer(side.answer, clock, lock)
    server.start()
    counter = Counter(side, server, clock)
    try:
        yield counter
        assert server.crashes == []
    finally:
        counter.session.close()
        server.stop()


def told(counter: Counter, order: Order) -> dict[str, Any]:
    """An order as the store tells it."""
    row: dict[str, Any] = counter.get(f"orders/{order.id}.json")["order"]
    return row


def refund_of(counter: Counter, order: Order) -> dict[str, Any]:
    """The one refund of an order, as the order and the list of its refunds tell it."""
    (row,) = told(counter, order)["refunds"]
    assert counter.get(f"orders/{order.id}/refunds.json")["refunds"] == [row]
    return dict(row)


def money_fits(order: dict[str, Any], refund: dict[str, Any]) -> bool:
    """Check the sum that Shopify's figures keep: money given back = lines + shipping - discrepancies."""
    rows = refund["refund_line_items"]
    sets = [each["subtotal_set"] for each in rows]
    if not order["taxes_included"]:
        sets += [each["total_tax_set"] for each in rows]
    lines = sum(Decimal(each["shop_money"]["amount"]) for each in sets)
    shipping = sum(
        Decimal(each["subtotal_amount_set"]["shop_money"]["amount"]) for each in refund["refund_shipping_lines"]
    )
    odd = sum(Decimal(each["amount"]) for each in refund["order_adjustments"])
    arrived = sum(Decimal(each["amount"]) for each in refund["transactions"] if each["status"] == "success")
    return arrived == lines + shipping - odd


def tiny_png(shade: int = 0) -> bytes:
    """A valid grey PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes([0, shade])))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def attached(content: bytes) -> str:
    """A file as it stands in a JSON body."""
    return base64.b64encode(content).decode()
