"""`korsync retry` says at once what the next run makes of an item, where that can be looked up."""

from decimal import Decimal

import pytest

from korsync.sandbox.server import Fault
from tests.support.shop import Shop
from tests.support.typed import Korsync, an_order_that_cannot_be_booked


@pytest.fixture
def held(shop: Shop) -> Shop:
    """A shop with an order that is held for an article that KORONA does not have."""
    an_order_that_cannot_be_booked(shop)
    shop.run()
    shop.later(1)
    return shop


def test_an_order_whose_reason_is_gone_is_said_so(held: Shop, korsync: Korsync) -> None:
    held.korona.add_article("X-1", "Neu", Decimal("9.90"), stock=5)
    with held.requests() as seen:
        said = korsync("retry", "1001")
    assert (said.code, said.out) == (0, "1001 is tried again in the next run: its reason is gone\n")
    assert seen.writes == []
    assert korsync("run").code == 0


@pytest.mark.usefixtures("held")
def test_an_order_that_would_be_held_again_is_said_so_with_the_reason(korsync: Korsync) -> None:
    said = korsync("retry", "1001", "#1001")
    assert said.code == 0
    again = "is tried again in the next run: held again as it stands: SKU X-1 is not an article in KORONA"
    assert said.out.count(again) == 2


def test_of_what_was_refused_only_the_next_run_can_tell(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("1001", 1)])
    shop.korona.reject_articles.add("1001")
    assert shop.run().exit_code == 1
    shop.later(1)
    said = korsync("retry", "1001")
    assert said.out == "1001 is tried again in the next run: whether it is taken shows then\n"


def test_a_refused_level_is_not_taken_for_the_order_of_its_name(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run_later()
    shop.later(5)
    shop.shopify.place_order([("1001", 1)])
    shop.run("orders")
    shop.korona.count("1001", 3)
    shop.later()
    shop.world.shopify_server.faults.append(Fault("status", path="adjust", status=422, times=9))
    assert shop.run("stock").exit_code == 1
    said = korsync("retry", "1001")
    assert said.out == "1001 is tried again in the next run: whether it is taken shows then\n"


def test_where_a_side_does_not_answer_the_decision_stands_all_the_same(
    held: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", held.wait)
    held.world.korona_server.stop()
    said = korsync("retry", "1001")
    assert (said.code, said.out) == (0, "1001 is tried again in the next run\n")
    assert held.state.held == {}
