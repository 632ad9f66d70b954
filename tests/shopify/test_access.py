"""Tokens, scopes, the dry run and the pace."""

from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.config.settings import ShopifySettings
from korsync.errors import KorsyncError, Refused, Rejected
from korsync.sandbox.exchange import Fault
from korsync.sandbox.shopify.access import Bucket
from korsync.shopify import client as shopify
from tests.support.counter import NOON, PNG, Counter, location_id

# --- who is asking ---


def test_a_token_is_asked_for_once_a_run_when_it_is_first_needed(counter: Counter) -> None:
    client = counter.open(access_token=None, client_id="sandbox-client", client_secret="shpss_sandbox")
    assert counter.server.requests == []
    client.shop()
    client.locations()
    assert [each.path for each in counter.server.requests].count("/admin/oauth/access_token") == 1
    assert client.session.requests == 2


def test_a_token_that_ran_out_is_renewed_once(counter: Counter) -> None:
    client = counter.open(access_token=None, client_id="sandbox-client", client_secret="shpss_sandbox")
    client.shop()
    counter.clock.advance(timedelta(days=2))
    client.shop()
    counter.clock.advance(timedelta(days=2))
    with pytest.raises(Refused):
        client.shop()


def test_a_wrong_secret_is_refused_and_not_told(counter: Counter) -> None:
    client = counter.open(access_token=None, client_id="sandbox-client", client_secret="canary-secret")
    with pytest.raises(Refused) as caught:
        client.shop()
    assert "canary-secret" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("echoed", "known"),
    [
        ("canary-token", {"access_token": "canary-token"}),
        ("canary-secret", {"access_token": None, "client_id": "a", "client_secret": "canary-secret"}),
        ("canary-granted", {"access_token": None, "client_id": "a", "client_secret": "canary-secret"}),
    ],
)
def test_a_secret_that_shopify_repeats_is_not_told(counter: Counter, echoed: str, known: dict[str, str | None]) -> None:
    granted = {"access_token": "canary-granted", "scope": "", "expires_in": 86399}
    counter.server.faults += [
        Fault("status", path="/access_token", status=200, body=granted),
        Fault("status", path="/shop.json", status=422, body={"errors": f"{echoed} is odd"}),
    ]
    with pytest.raises(Rejected, match=r"\*\*\* is odd") as caught:
        counter.open(**known).shop()
    assert echoed not in f"{caught.value.what} {caught.value.remedy}"


def test_a_wrong_token_is_refused(counter: Counter) -> None:
    with pytest.raises(Refused, match="401"):
        counter.open(access_token="shpat_wrong").shop()
    assert len(counter.server.requests) == 1


def test_a_missing_scope_is_named(counter: Counter) -> None:
    counter.side.scopes.discard("read_orders")
    with pytest.raises(Refused, match="read_orders"):
        counter.client.orders(NOON)


def test_a_read_only_client_writes_nothing_but_may_ask_for_a_token(tea: Counter) -> None:
    product = tea.product()
    client = tea.open(read_only=True, access_token=None, client_id="sandbox-client", client_secret="shpss_sandbox")
    client.shop()
    for write in (
        lambda: client.set_title(product.id, "x"),
        lambda: client.set_price(product.variants[0].id, Decimal(1)),
        lambda: client.set_tracked(product.variants[0].inventory_item_id, False),
        lambda: client.adjust(1, product.variants[0].inventory_item_id, 1),
        lambda: client.add_image(product.id, PNG, "x.png"),
    ):
        with pytest.raises(KorsyncError) as caught:
            write()
        assert caught.value.exit_code == 70
    assert tea.server.writes() == []


# --- pace ---


def test_a_long_row_of_writes_never_meets_a_429(tea: Counter) -> None:
    tea.side.bucket = Bucket(tea.clock, 40, 2.0)
    elapsed = [0.0]

    def sleep(seconds: float) -> None:
        elapsed[0] += seconds
        tea.clock.advance(timedelta(seconds=seconds))

    settings = ShopifySettings("sandbox-shop.myshopify.com", "2026-10", "shpat_sandbox", base_url=tea.server.base_url)
    client = shopify.connect(settings, sleep=sleep, monotonic=lambda: elapsed[0])
    here, item = location_id(tea), tea.variant().inventory_item_id
    for _ in range(100):
        client.adjust(here, item, 1)
    assert {each.status for each in tea.server.requests} == {200}
    assert tea.side.available("1042") == 110
    assert 25 < elapsed[0] < 45
