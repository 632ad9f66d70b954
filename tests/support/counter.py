"""A simulated store with the client under test in front of it."""

import threading
from datetime import UTC, datetime
from typing import Any

from korsync.config.settings import ShopifySettings
from korsync.records.catalogue import ShopProduct, Variant
from korsync.sandbox.exchange import Clock
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.shopify.shop import ShopifySide
from korsync.shopify import client as shopify
from korsync.shopify.client import ShopifyClient

NOON = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


class Counter:
    """A store, its server, and the client under test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.set(NOON)
        lock = threading.RLock()
        self.side = ShopifySide(self.clock, lock)
        self.side.bucket = None
        self.server = SandboxServer(self.side.answer, self.clock, lock)
        self.server.start()
        self.waited: list[float] = []
        self.client = self.open()

    def open(self, **changes: Any) -> ShopifyClient:
        known = {
            "shop": "sandbox-shop.myshopify.com",
            "api_version": "2026-10",
            "access_token": "shpat_sandbox",
            "base_url": self.server.base_url,
        }
        read_only = changes.pop("read_only", False)
        return shopify.connect(ShopifySettings(**(known | changes)), read_only=read_only, sleep=self.waited.append)

    def product(self, sku: str = "1042") -> ShopProduct:
        found = self.client.product(self.side.product_by_sku(sku).id)
        assert found is not None
        return found

    def variant(self, sku: str = "1042") -> Variant:
        (found,) = [each for each in self.product(sku).variants if each.sku == sku]
        return found


def location_id(counter: Counter) -> int:
    return counter.client.locations()[0].id
