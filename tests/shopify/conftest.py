"""The store that the tests of the Shopify client share."""

from collections.abc import Iterator

import pytest

from korsync.shopify import client as shopify
from tests.support.counter import Counter


@pytest.fixture
def counter() -> Iterator[Counter]:
    opened = Counter()
    yield opened
    opened.server.stop()


@pytest.fixture
def tea(counter: Counter) -> Counter:
    counter.side.add_product("Tee", [{"sku": "1042", "price": "8.90", "available": 10}])
    return counter


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "_LIMIT", "3")
