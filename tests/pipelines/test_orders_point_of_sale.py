"""Which points of sale receipts may be booked on: all others are refused, with the reason, before anything is sent."""

from collections.abc import Callable

import pytest

from korsync.errors import ConfigurationError, KorsyncError, Refused
from korsync.sandbox.korona.store import PointOfSale, Unit
from tests.support.shop import Shop
from tests.support.webshop import booked

DAY = 24 * 60


def point_of_sale(shop: Shop) -> PointOfSale:
    return shop.korona.find(PointOfSale, "90")


def as_a_till(shop: Shop) -> None:
    point_of_sale(shop).type = "STANDARD"


def with_a_tse(shop: Shop) -> None:
    point_of_sale(shop).fiscal_service = "FISKALY_DE"


def uncoupled(shop: Shop) -> None:
    point_of_sale(shop).coupling_id = None


def coupled_elsewhere(shop: Shop) -> None:
    point_of_sale(shop).coupling_id = "somebody-elses"


def gone(shop: Shop) -> None:
    point_of_sale(shop).active = False


def of_another_warehouse(shop: Shop) -> None:
    point_of_sale(shop).warehouse_id = shop.korona.find(Unit, "2").id


UNFIT = [
    (as_a_till, Refused, "is of type STANDARD, not external"),
    (with_a_tse, Refused, "has a fiscal service (FISKALY_DE)"),
    (uncoupled, Refused, "is not coupled"),
    (coupled_elsewhere, Refused, "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE"),
    (gone, ConfigurationError, "KORONA has no point of sale “90”"),
]


@pytest.mark.parametrize("kind", ["EXTERNAL", "EXTERNAL_WEBSHOP", "WEBSHOP"])
def test_receipts_are_booked_on_external_points_of_sale(shop: Shop, kind: str) -> None:
    point_of_sale(shop).type = kind
    shop.stocked("1001")
    shop.init()
    shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 0
    assert booked(shop) == ["1001"]


@pytest.mark.parametrize(("spoil", "error", "reason"), UNFIT)
def test_init_refuses_a_point_of_sale_that_is_not_fit(
    shop: Shop, spoil: Callable[[Shop], None], error: type[KorsyncError], reason: str
) -> None:
    spoil(shop)
    with shop.requests() as seen, pytest.raises(error) as caught:
        shop.init()
    assert reason in caught.value.what
    assert seen.writes == []
    assert not shop.settings.state_path.exists()


@pytest.mark.parametrize(("spoil", "error", "reason"), UNFIT)
def test_a_point_of_sale_that_is_no_longer_fit_is_refused_and_nothing_is_sent(
    shop: Shop, spoil: Callable[[Shop], None], error: type[KorsyncError], reason: str
) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run("orders")
    spoil(shop)
    shop.later(DAY)
    shop.shopify.place_order([("1001", 1)])
    with shop.requests() as seen:
        ran = shop.run("orders")
    (trouble,) = ran.results[0].errors
    assert isinstance(trouble, error)
    assert ran.exit_code == error.exit_code
    assert reason in trouble.what
    assert seen.writes == []


def test_a_point_of_sale_coupled_elsewhere_within_the_day_gets_no_receipt(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run("orders")
    coupled_elsewhere(shop)
    shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 4
    assert booked(shop) == []
    point_of_sale(shop).coupling_id = shop.settings.korona.coupling_id
    shop.run("orders")
    assert booked(shop) == ["1001"]


def test_the_point_of_sales_warehouse_must_be_one_of_the_locations(shop: Shop) -> None:
    of_another_warehouse(shop)
    with pytest.raises(ConfigurationError, match="lowers the stock of a warehouse that is not in"):
        shop.init()


def test_init_couples_an_uncoupled_point_of_sale_once(shop: Shop) -> None:
    uncoupled(shop)
    shop.stocked("1001")
    with shop.requests() as seen:
        shop.init(couples=True)
    assert [each.method for each in seen.writes] == ["PATCH"]
    assert point_of_sale(shop).coupling_id == shop.settings.korona.coupling_id
    read_first = next(index for index, each in enumerate(seen.korona) if each.path.endswith("/pointsOfSale"))
    assert read_first < seen.korona.index(seen.writes[0])
    shop.settings.state_path.unlink()
    with shop.requests() as again:
        shop.init(couples=True)
    assert again.writes == []


@pytest.mark.parametrize("spoil", [as_a_till, with_a_tse, coupled_elsewhere])
def test_init_couples_no_point_of_sale_that_is_not_fit(shop: Shop, spoil: Callable[[Shop], None]) -> None:
    spoil(shop)
    with shop.requests() as seen, pytest.raises(Refused):
        shop.init(couples=True)
    assert [each.status for each in seen.writes if each.status < 400] == []


def test_without_a_warehouse_of_its_own_it_sells_from_its_organizational_unit(shop: Shop) -> None:
    shop.stocked("1001", 10)
    point_of_sale(shop).warehouse_id = None
    shop.init()
    shop.later()
    shop.shopify.place_order([("1001", 2)])
    assert shop.run().exit_code == 0
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 8
