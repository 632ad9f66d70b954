"""A pull only reads: what korsync remembers is as it was before, in memory and on the disk."""

from copy import deepcopy
from typing import Any

import pytest

from korsync.commands.sync import Clocks, connect
from korsync.config.load import fingerprint
from korsync.memory.cache import load_cache
from korsync.pipelines import PIPELINES
from korsync.pipelines.base import Pipeline, Reading
from korsync.records.memory import Memory
from korsync.sandbox.sample import picture
from tests.support.shop import Shop


def remembered(shop: Shop) -> Memory:
    return Memory(shop.state, load_cache(shop.settings.cache_path, fingerprint(shop.settings))[0])


def files(shop: Shop) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in shop.folder.iterdir() if each.is_file()}


def a_shop_where_much_happened(shop: Shop) -> None:
    """Sold and returned, booked and not booked, a test order, a new level, a new price and a new picture."""
    shop.stocked("1001", image=picture(1))
    shop.stocked("1002")
    shop.init()
    order = shop.shopify.place_order([("1001", 2)])
    shop.run_later()
    shop.later(40)
    shop.shopify.refund_order(order, {"1001": 1})
    shop.shopify.place_order([("1002", 1)], test=True)
    shop.shopify.place_order([("1002", 1)])
    shop.korona.deliver("1001", 3)
    shop.korona.replace_image("1001", picture(2), new_id=True)
    shop.later(20)


@pytest.mark.parametrize("kind", PIPELINES, ids=lambda kind: str(kind.name))
def test_a_pull_changes_nothing_that_is_remembered(shop: Shop, kind: type[Pipeline[Any, Any]]) -> None:
    a_shop_where_much_happened(shop)
    known, on_disk = remembered(shop), files(shop)
    before = deepcopy(known)
    make: Any = kind
    pipeline: Pipeline[Any, Any] = make(connect(shop.settings, read_only=True, full=False, clocks=Clocks()))
    pulled = pipeline.pull(Reading(known))
    assert known == before
    assert files(shop) == on_disk
    assert pulled.reading.memory.cache.looks == before.cache.looks
    assert all(order.told == () for order in pulled.reading.memory.state.orders.values())
    plan = pipeline.plan(pulled)
    assert plan.memory is not None
    assert known == before
