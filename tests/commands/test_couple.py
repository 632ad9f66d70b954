"""`korsync couple`: the way back for a point of sale that was decoupled, and the way in for a new one."""

import pytest

from korsync.memory.files import hold_lock
from korsync.sandbox.korona.store import PointOfSale
from tests.support.shop import Shop
from tests.support.typed import Korsync


def decouple(shop: Shop) -> PointOfSale:
    till = shop.korona.find(PointOfSale, "90")
    till.coupling_id, till.last_receipt_number = None, "4711"
    return till


def test_a_point_of_sale_is_coupled_before_there_is_a_state_and_none_is_made(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    till = decouple(shop)
    with shop.requests() as seen:
        said = korsync("couple")
    assert said.code == 0
    assert said.out == "point of sale “Onlineshop” coupled; its last receipt number: 4711\n"
    assert [each.method for each in seen.writes] == ["PATCH"]
    assert till.coupling_id == shop.settings.korona.coupling_id
    assert not shop.settings.state_path.exists()
    assert korsync("init").code == 0


@pytest.mark.parametrize("within_the_day", [True, False])
def test_who_is_told_that_the_point_of_sale_is_decoupled_gets_on_with_what_is_named(
    shop: Shop, korsync: Korsync, within_the_day: bool
) -> None:
    shop.stocked("1001")
    shop.init()
    korsync("run")
    decouple(shop)
    shop.later(5 if within_the_day else 25 * 60)
    shop.shopify.place_order([("1001", 1)])
    said = korsync("orders")
    assert said.code == 4
    assert "what to do: run `korsync couple` once" in said.err
    before = shop.settings.state_path.read_bytes()
    assert korsync("couple").code == 0
    assert shop.settings.state_path.read_bytes() == before
    assert korsync("orders").code == 0
    assert len(shop.korona.receipts) == 1


def test_what_is_coupled_already_is_left_as_it_is(shop: Shop, korsync: Korsync) -> None:
    with shop.requests() as seen:
        assert korsync("couple").code == 0
    assert seen.writes == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "STANDARD"}, "is of type STANDARD, not external"),
        ({"fiscal_service": "FISKALY_DE"}, "has a fiscal service"),
        ({"coupling_id": "another program's"}, "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE"),
    ],
)
def test_a_point_of_sale_that_is_not_fit_is_not_coupled(
    shop: Shop, korsync: Korsync, changes: dict[str, str], reason: str
) -> None:
    till = decouple(shop)
    for name, value in changes.items():
        setattr(till, name, value)
    said = korsync("couple")
    assert said.code == 4
    assert reason in said.err
    assert till.coupling_id == changes.get("coupling_id")


def test_beside_another_run_nothing_is_coupled(shop: Shop, korsync: Korsync) -> None:
    decouple(shop)
    with hold_lock(shop.settings.state_path), shop.requests() as seen:
        assert korsync("couple").code == 7
    assert seen.everything == []
