"""What Shopify refuses to write, and levels and locations that are not what they were: named, not tried for ever."""

import pytest

from korsync.commands import decide
from korsync.records.plan import Fate
from korsync.sandbox.exchange import Fault
from tests.support.shop import Shop

ADJUST = "inventory_levels/adjust"


@pytest.fixture
def known(shop: Shop) -> Shop:
    """A shop that korsync knows well, with 5 pieces of two articles."""
    for number in ("1001", "1002"):
        shop.stocked(number, 5)
    shop.init()
    shop.run_later()
    shop.later()
    return shop


def refuse(shop: Shop, times: int = 1) -> None:
    words = {"errors": ["Bundles are not adjusted"]}
    shop.world.shopify_server.faults.append(Fault("status", "POST", ADJUST, status=422, body=words, times=times))


def adjustments(shop: Shop) -> int:
    with shop.requests() as seen:
        shop.run_later("stock")
    return seen.count("POST", "adjust.json")


def test_a_refused_adjustment_is_held_and_not_sent_again_as_long_as_nothing_changes(known: Shop) -> None:
    refuse(known)
    known.korona.sell_at_till("1001", 1)
    assert known.run("stock").exit_code == 1
    assert [adjustments(known) for _ in range(3)] == [0, 0, 0]
    assert "Bundles are not adjusted" in known.held("1001").reason
    assert known.reason("stock", "1001") == known.held("1001").reason


def test_it_is_sent_again_when_something_about_it_has_changed(known: Shop) -> None:
    refuse(known)
    known.korona.sell_at_till("1001", 1)
    known.run("stock")
    known.korona.sell_at_till("1001", 1)
    assert adjustments(known) == 1
    assert (known.shopify.available("1001"), known.state.held) == (3, {})


def test_it_is_sent_again_when_a_person_says_so(known: Shop) -> None:
    refuse(known)
    known.korona.sell_at_till("1001", 1)
    known.run("stock")
    decide.retry(known.settings, "1001")
    assert adjustments(known) == 1
    assert (known.shopify.available("1001"), known.state.held) == (4, {})


def test_a_figure_beyond_what_shopify_takes_is_sent_once(known: Shop) -> None:
    known.korona.count("1001", 10**10)
    assert known.run("stock").exit_code == 1
    assert adjustments(known) == 0


def test_an_item_that_is_not_stocked_at_the_location_any_more_is_named_for_what_it_is(known: Shop) -> None:
    known.shopify.unstock("1001")
    known.korona.sell_at_till("1001", 1)
    assert known.run("stock").exit_code == 1
    assert "not stocked at this location" in known.held("1001").reason
    assert known.run_later("stock").exit_code == 0
    assert known.reason("stock", "1001") == "not stocked at the location in Shopify"
    known.shopify.set_available("1001", 0)
    known.run_later("stock")
    assert known.shopify.available("1001") == 0
    assert [each.fate for each in known.skips("stock")] == [Fate.WAITING]
    known.run_later("stock")
    assert known.shopify.available("1001") == 4


def test_levels_without_any_figure_are_no_silent_standstill(known: Shop) -> None:
    rows = [
        {"inventory_item_id": each.inventory_item_id, "location_id": each.location_id}
        for each in known.shopify.store.levels.values()
    ]
    body = {"inventory_levels": rows}
    fault = Fault("replace_answer", "GET", "inventory_levels.json", status=200, body=body, times=100)
    known.world.shopify_server.faults.append(fault)
    known.korona.sell_at_till("1001", 1)
    for _ in range(2):
        ran = known.run("stock", full=True)
        assert ran.exit_code == 5
        assert "says of none of 2 inventory levels how many" in ran.results[0].errors[0].what
    fault.times = 0
    assert known.run_later("stock").exit_code == 0
    assert known.shopify.available("1001") == 4


def test_a_location_that_was_closed_is_named_once_and_not_for_every_article(known: Shop) -> None:
    known.shopify.close_location("Laden Mitte")
    for number in ("1001", "1002"):
        known.korona.sell_at_till(number, 1)
    ran = known.run("stock")
    assert ran.exit_code == 2
    assert "Shopify location “Laden Mitte” is deactivated" in ran.results[0].errors[0].what
    assert (ran.state.held, len(ran.results[0].written)) == ({}, 0)


def test_a_closed_location_of_the_same_name_does_not_count(known: Shop) -> None:
    known.shopify.close_location("Laden Mitte")
    new = known.shopify.add_location("Laden Mitte")
    for number in ("1001", "1002"):
        known.shopify.set_available(number, 5, new.id)
    known.settings.cache_path.unlink()
    assert known.run("stock").exit_code == 0
    known.korona.sell_at_till("1001", 1)
    known.run_later("stock")
    assert known.shopify.available("1001", new.id) == 4


def test_a_location_that_is_unticked_and_ticked_again_shows_no_level_below_nothing(known: Shop) -> None:
    known.shopify.place_order([("1001", 1)])
    known.shopify.unstock("1001")
    known.run()
    known.shopify.set_available("1001", 0)
    levels = []
    for _ in range(3):
        known.run_later()
        levels.append(known.shopify.available("1001"))
    assert min(levels) == 0
    assert levels[-1] == known.korona.stock_of("1001") > 0
