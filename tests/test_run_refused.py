"""What is refused or fails of one call concerns the pipelines that need it; all others run and write."""

from decimal import Decimal

import pytest

from korsync.sandbox.exchange import Fault
from korsync.sandbox.sample import picture
from tests.support.catalogue import contents, price, title, variant
from tests.support.shop import Shop

PIPELINES = ("stock", "orders", "refunds", "products")
SCOPE = {"errors": "[API] This action requires merchant approval for a scope."}
ACCESS = {"code": "ADDITIONAL_API_ACCESS_REQUIRED", "message": "no"}
OTHER_DEVICE = {"code": "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE", "message": "no"}


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop in which every pipeline has something to write."""
    shop.stocked("1000", 10, image=picture(1))
    shop.stocked("1001", 10)
    shop.shopify.set_tracked("1001", False)
    shop.init()
    shop.later(15)
    shop.korona.sell_at_till("1000", 4)
    shop.korona.rename("1000", "Neu")
    shop.korona.change_price("1000", Decimal("9.50"))
    shop.shopify.place_order([("1000", 1)])
    shop.later(1)
    return shop


def refuse(shop: Shop, path: str, method: str | None = None, status: int = 403) -> None:
    """Refuse a call of either side from now on."""
    for server, body in ((shop.world.korona_server, ACCESS), (shop.world.shopify_server, SCOPE)):
        server.faults.append(Fault("status", method, path, times=999, status=status, body=body))


def codes(shop: Shop) -> dict[str, int]:
    """Run, and return each pipeline's own exit code."""
    results = shop.run().results
    assert [each.plan.pipeline for each in results] == list(PIPELINES)
    return {each.plan.pipeline: each.exit_code for each in results if each.exit_code}


@pytest.mark.parametrize(
    ("method", "path", "refused"),
    [
        ("POST", "inventory_levels/adjust", {"stock"}),
        ("GET", "/productStocks$", {"stock"}),
        ("GET", "/inventory_levels", {"stock"}),
        ("GET", "/orders.json", {"stock", "orders", "refunds"}),
        ("POST", "/receipts$", {"orders"}),
        ("GET", "/prices$", {"products"}),
        ("GET", "/images$", {"products"}),
        ("GET", "/images/", {"products"}),
        ("POST", "/images.json", {"products"}),
        ("PUT", "/products/", {"products"}),
        ("PUT", "/variants/", {"products"}),
        ("PUT", "/inventory_items/", {"products"}),
    ],
)
def test_a_call_that_is_refused_stops_what_needs_it_and_nothing_else(
    busy: Shop, method: str, path: str, refused: set[str]
) -> None:
    refuse(busy, path, method)
    assert codes(busy) == dict.fromkeys(refused, 4)
    if "orders" not in refused:
        assert len(busy.korona.receipts) == 1
    arrived = {
        "POST /images.json": contents(busy, "1000") == [picture(1)],
        "PUT /products/": title(busy, "1000") == "Neu",
        "PUT /variants/": price(busy, "1000") == "9.50",
        "PUT /inventory_items/": variant(busy, "1001").tracked,
    }
    missing = [call for call, is_there in arrived.items() if not is_there]
    assert missing == ([f"{method} {path}"] if method != "GET" and "products" in refused else missing_images(path))


def missing_images(path: str) -> list[str]:
    return ["POST /images.json"] if "images" in path else []


def test_a_stock_level_is_lowered_although_the_orders_may_not_be_read(busy: Shop) -> None:
    refuse(busy, "/orders.json", "GET")
    busy.run()
    assert busy.shopify.available("1000") == 5  # six are left, and one fell that no order explains yet


def test_an_image_that_may_not_be_added_is_asked_for_once(busy: Shop) -> None:
    busy.korona.replace_image("1001", picture(2), new_id=True)
    refuse(busy, "/images.json", "POST")
    with busy.requests() as seen:
        busy.run()
    assert seen.count("POST", "/images.json") == 1


def test_a_point_of_sale_coupled_with_another_device_stops_what_is_booked_only(busy: Shop) -> None:
    fault = Fault("status", "POST", "/receipts$", times=99, status=403, body=OTHER_DEVICE)
    busy.world.korona_server.faults.append(fault)
    assert codes(busy) == {"orders": 4}
    assert (busy.shopify.available("1000"), price(busy, "1000")) == (5, "9.50")


@pytest.mark.parametrize("body", [{"code": "CLOUD_ACCOUNT_DISABLED"}, {"code": "API_USAGE_DISABLED"}])
def test_an_account_that_is_switched_off_ends_the_run(busy: Shop, body: dict[str, str]) -> None:
    fault = Fault("status", None, "/products$", times=99, status=403, body=body)
    busy.world.korona_server.faults.append(fault)
    ran = busy.run()
    assert (ran.exit_code, len(ran.results)) == (4, 1)


@pytest.mark.parametrize("path", ["/prices$", "/images$"])
def test_prices_and_images_that_cannot_be_listed_concern_those_alone(busy: Shop, path: str) -> None:
    busy.world.korona_server.faults.append(Fault("status", "GET", path, times=99, status=500))
    assert codes(busy) == {"products": 5}
    assert (title(busy, "1000"), busy.shopify.available("1000")) == ("Neu", 5)


def test_a_price_that_was_not_listed_arrives_once_the_list_can_be_read(busy: Shop) -> None:
    busy.run_later()
    fault = Fault("status", "GET", "/prices$", times=4, status=500)
    busy.world.korona_server.faults.append(fault)
    busy.korona.change_price("1000", Decimal("9.90"), touch_article=False)
    busy.run_later()
    busy.run_later()
    assert price(busy, "1000") == "9.90"


def test_a_429_that_is_not_koronas_own_is_looked_up_before_anything_is_sent_again(busy: Shop) -> None:
    told = {"code": "RATE_LIMITED", "message": "a gateway in between"}
    fault = Fault("replace_answer", "POST", "/receipts$", status=429, body=told)
    busy.world.korona_server.faults.append(fault)
    with busy.requests() as seen:
        assert busy.run("orders").exit_code == 5
        assert busy.run_later("orders").exit_code == 0
    assert (len(busy.korona.receipts), seen.count("POST", "/receipts")) == (1, 1)


def test_a_maintenance_page_says_nothing_about_the_configuration(busy: Shop) -> None:
    page = Fault("status", None, "", times=99, status=404, body="<html>Wir sind gleich zurück</html>")
    busy.world.korona_server.faults.append(page)
    assert busy.run().exit_code == 5
