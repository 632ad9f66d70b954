"""Fixtures of the pipelines' tests."""

from collections.abc import Callable

import pytest

from korsync.records.plan import Ran
from korsync.sandbox.sample import picture
from tests.support.catalogue import contents
from tests.support.shop import Shop


@pytest.fixture(params=["with the cache", "after the cache was deleted"])
def next_run(request: pytest.FixtureRequest, shop: Shop) -> Callable[[], Ran]:
    """The products run of twenty minutes later, once going on from the cache and once without it."""

    def run() -> Ran:
        shop.later()
        if request.param == "after the cache was deleted":
            shop.settings.cache_path.unlink()
        return shop.run("products")

    return run


@pytest.fixture
def pictured(shop: Shop) -> Shop:
    """A shop with one article whose picture has arrived."""
    shop.stocked("1001", image=picture(1))
    shop.init()
    assert shop.run("products").exit_code == 0
    assert contents(shop) == [picture(1)]
    return shop
