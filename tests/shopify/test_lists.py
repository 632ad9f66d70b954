"""The store itself, and lists page by page."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from korsync.errors import Unavailable
from korsync.sandbox.exchange import Fault
from tests.support.counter import NOON, Counter

# --- the store ---


def test_the_store_tells_its_currency_time_zone_and_taxes(counter: Counter) -> None:
    shop = counter.client.shop()
    assert (shop.currency, shop.timezone) == ("EUR", "Europe/Berlin")
    assert shop.taxes_included


def test_locations_and_scopes_are_listed(counter: Counter) -> None:
    assert [(each.name, each.active) for each in counter.client.locations()] == [
        ("Laden Mitte", True),
        ("Online-Lager", True),
    ]
    assert {"read_orders", "write_products", "write_inventory"} <= counter.client.access_scopes()


def test_the_version_that_answered_is_known(counter: Counter) -> None:
    counter.client.locations()
    assert counter.client.served_version == "2026-10"
    counter.side.answering_version = "2027-01"
    counter.client.locations()
    assert counter.client.served_version == "2027-01"


def test_now_is_shopifys_own_time(counter: Counter) -> None:
    counter.client.shop()
    assert counter.client.now == NOON


# --- lists ---


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("products", [0, 1, 3, 4, 9, 10])
def test_a_list_of_any_length_comes_whole(counter: Counter, products: int) -> None:
    for number in range(products):
        counter.side.add_product(f"Tee {number}", [{"sku": str(number), "price": "1.00"}])
    counter.server.requests.clear()
    assert {each.title for each in counter.client.products()} == {f"Tee {number}" for number in range(products)}
    assert len(counter.server.requests) == max(1, -(-products // 3))


@pytest.mark.usefixtures("short_pages")
def test_beside_a_cursor_only_limit_and_fields_are_sent(counter: Counter) -> None:
    for number in range(5):
        counter.side.add_product(f"Tee {number}", [{"sku": str(number), "price": "1.00"}])
    counter.server.requests.clear()
    counter.client.products(NOON - timedelta(days=1))
    first, second = counter.server.requests
    assert first.query.keys() == {"limit", "fields", "updated_at_min"}
    assert second.query.keys() == {"limit", "fields", "page_info"}


def test_the_host_in_a_link_is_never_followed(tea: Counter) -> None:
    link = {"Link": '<https://elsewhere.example/admin/x.json?limit=250&page_info=abc&extra=1>; rel="next"'}
    tea.server.faults.append(Fault("status", status=200, body={"locations": []}, headers=link))
    with pytest.raises(Unavailable):
        tea.client.locations()
    assert tea.server.requests[1].query == {"page_info": ["abc"], "limit": ["250"]}


def test_a_link_that_goes_round_in_circles_is_given_up(counter: Counter) -> None:
    link = {
        "Link": '<https://x.example/?page_info=abc>; rel="previous", <https://x.example/?page_info=abc>; rel="next"'
    }
    counter.server.faults.append(Fault("status", status=200, body={"locations": []}, headers=link, times=99))
    with pytest.raises(Unavailable, match="does not end"):
        counter.client.locations()
    assert len(counter.server.requests) == 2


def test_a_link_without_a_cursor_is_not_the_end_of_the_list(counter: Counter) -> None:
    link = {"Link": '<https://x.example/?page=2>; rel="next"'}
    counter.server.faults.append(Fault("status", status=200, body={"locations": []}, headers=link, times=99))
    with pytest.raises(Unavailable, match="not the expected"):
        counter.client.locations()


def test_a_list_that_was_too_much_is_asked_for_in_smaller_pages(tea: Counter) -> None:
    tea.server.faults.append(Fault("status", status=502))
    tea.client.products()
    assert [each.query["limit"] for each in tea.server.requests[-2:]] == [["250"], ["50"]]


def test_times_are_sent_in_utc(tea: Counter) -> None:
    berlin = datetime.fromisoformat("2026-11-23T12:00:00.5+01:00")
    tea.client.orders(berlin)
    assert tea.server.requests[-1].query["updated_at_min"] == ["2026-11-23T11:00:00Z"]


@pytest.mark.parametrize("body", [{}, [], {"products": None}, {"products": [{"title": "x"}]}, {"products": [None]}])
def test_from_a_list_that_is_not_as_documented_nothing_is_derived(counter: Counter, body: Any) -> None:
    counter.server.faults.append(Fault("status", status=200, body=body, times=9))
    with pytest.raises(Unavailable, match="not the expected"):
        counter.client.products()
