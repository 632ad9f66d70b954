from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import requests

from korsync.config.load import load
from korsync.sandbox.exchange import Clock
from korsync.sandbox.korona.store import Currency, PriceGroup
from korsync.sandbox.world import World

NOON = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    clock = Clock()
    clock.set(NOON)
    return World(clock)


def test_both_sides_answer_with_the_one_clock_as_long_as_the_world_runs(world: World) -> None:
    with world:
        urls = (world.korona_server.base_url, world.shopify_server.base_url)
        assert [requests.get(url, timeout=5).headers["Date"] for url in urls] == ["Mon, 23 Nov 2026 11:00:00 GMT"] * 2
    for url in urls:
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)


def test_the_configuration_it_writes_opens_both_sides(world: World, tmp_path: Path) -> None:
    with world:
        settings = load(world.write_config(tmp_path), {})

        korona = requests.get(
            f"{settings.korona.base_url}/accounts/{settings.korona.account_id}/priceGroups",
            auth=(settings.korona.username, settings.korona.password),
            timeout=5,
        )
        shopify = requests.get(
            f"{settings.shopify.base_url}/admin/api/{settings.shopify.api_version}/shop.json",
            headers={"X-Shopify-Access-Token": settings.shopify.access_token or ""},
            timeout=5,
        )

    assert settings.korona.price_list in [row["name"] for row in korona.json()["results"]]
    assert shopify.json()["shop"]["myshopify_domain"] == settings.shopify.shop
    assert settings.orders.start_from == date(2026, 11, 15)
    assert settings.state_path == tmp_path / "state.json"


def test_overrides_change_keys_of_a_section_and_take_keys_out(world: World, tmp_path: Path) -> None:
    with world:
        path = world.write_config(
            tmp_path,
            shopify={"access_token": None, "client_id": "sandbox-client", "client_secret": "shpss_sandbox"},
            safety={"settle_minutes": 1},
            products={"fields": ["title"]},
            orders={"taxes": {7: "2"}, "start_from": date(2026, 11, 1)},
            state_file="other.json",
        )
        settings = load(path, {})

    assert (settings.shopify.access_token, settings.shopify.client_id) == (None, "sandbox-client")
    assert settings.safety.settle_minutes == 1
    assert settings.products.fields == ("title",)
    assert settings.orders.taxes == {"7": "2"}
    assert settings.orders.start_from == date(2026, 11, 1)
    assert settings.state_path == tmp_path / "other.json"


def test_a_world_may_have_another_currency_and_net_prices() -> None:
    world = World(currency="JPY", taxes_included=False)

    assert world.korona.find(Currency, "1").key == world.shopify.store.currency == "JPY"
    assert world.korona.find(PriceGroup, "Shopify").net_prices
    assert not world.shopify.store.taxes_included
