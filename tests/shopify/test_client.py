"""The Shopify client against the simulated store: paging, reading, the five writes, tokens, no customer anywhere."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.errors import ConfigurationError, KorsyncError, Refused, Rejected, Unavailable, Unsure
from korsync.records import ShopProduct, Variant
from korsync.sandbox.exchange import Answer, Clock, Fault, Request
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.shopify import ShopifySide
from korsync.sandbox.shopify_line_wire import CANARY
from korsync.sandbox.shopify_sales import CustomLine, Discount
from korsync.settings import ShopifySettings
from korsync.shopify import client as shopify
from korsync.shopify.client import ShopifyClient

NOON = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


class Counter:
    """A store, its server, and the client under test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.set(NOON)
        lock = threading.RLock()
        self.side = ShopifySide(self.clock, lock)
        self.side.bucket = None
        self.server = SandboxServer(self.side.answer, self.clock, lock)
        self.server.start()
        self.waited: list[float] = []
        self.client = self.open()

    def open(self, **changes: Any) -> ShopifyClient:
        known = {
            "shop": "sandbox-shop.myshopify.com",
            "api_version": "2026-10",
            "access_token": "shpat_sandbox",
            "base_url": self.server.base_url,
        }
        read_only = changes.pop("read_only", False)
        return shopify.connect(ShopifySettings(**(known | changes)), read_only=read_only, sleep=self.waited.append)

    def product(self, sku: str = "1042") -> ShopProduct:
        found = self.client.product(self.side.product_by_sku(sku).id)
        assert found is not None
        return found

    def variant(self, sku: str = "1042") -> Variant:
        (found,) = [each for each in self.product(sku).variants if each.sku == sku]
        return found


@pytest.fixture
def counter() -> Iterator[Counter]:
    opened = Counter()
    yield opened
    opened.server.stop()


@pytest.fixture
def tea(counter: Counter) -> Counter:
    counter.side.add_product("Tee", [{"sku": "1042", "price": "8.90", "available": 10}])
    return counter


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "_LIMIT", "3")


# --- the store ---


def test_the_store_tells_its_currency_time_zone_and_taxes(counter: Counter) -> None:
    shop = counter.client.shop()
    assert (shop.domain, shop.currency, shop.timezone) == ("sandbox-shop.myshopify.com", "EUR", "Europe/Berlin")
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
    with pytest.raises(ConfigurationError):
        tea.client.locations()
    assert tea.server.requests[-1].query == {"page_info": ["abc"], "limit": ["250"]}


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


@pytest.mark.parametrize("body", [{}, [], {"products": None}, {"products": [{"id": 1}]}, {"products": [None]}])
def test_from_a_list_that_is_not_as_documented_nothing_is_derived(counter: Counter, body: Any) -> None:
    counter.server.faults.append(Fault("status", status=200, body=body, times=9))
    with pytest.raises(Unavailable, match="not the expected"):
        counter.client.products()


# --- products ---


def test_a_product_comes_with_variants_and_images(tea: Counter) -> None:
    tea.side.add_product("Topf", [{"sku": "1", "price": "12.50", "tracked": False}], images=[("topf.png", PNG)])
    product = tea.product("1")
    (variant,) = product.variants
    assert (product.title, product.status, product.updated_at) == ("Topf", "active", NOON)
    assert (variant.price, variant.tracked, variant.product_id) == (Decimal("12.50"), False, product.id)
    assert tea.client.product_images(product.id) == list(product.images)
    assert "topf.png" in product.images[0].address


def test_a_product_that_is_not_there_is_none(counter: Counter) -> None:
    assert counter.client.product(1) is None


def test_title_price_and_tracking_are_set_and_nothing_else(tea: Counter) -> None:
    before = tea.product()
    tea.client.set_title(before.id, "Tee grün 🍵")
    tea.client.set_price(before.variants[0].id, Decimal("9.2"))
    tea.client.set_tracked(before.variants[0].inventory_item_id, False)
    after = tea.product()
    assert (after.title, after.variants[0].price, after.variants[0].tracked) == ("Tee grün 🍵", Decimal("9.20"), False)
    assert [each.json() for each in tea.server.writes()] == [
        {"product": {"id": before.id, "title": "Tee grün 🍵"}},
        {"variant": {"id": before.variants[0].id, "price": "9.2"}},
        {"inventory_item": {"id": before.variants[0].inventory_item_id, "tracked": False}},
    ]


def test_a_write_that_was_answered_but_not_done_is_rejected(tea: Counter) -> None:
    product = tea.product()
    variant = product.variants[0]
    for body in (
        {"product": {"id": product.id, "title": "Tee"}},
        {"variant": {"id": variant.id, "price": "8.90"}},
        {"inventory_item": {"id": variant.inventory_item_id, "tracked": True}},
    ):
        tea.server.faults.append(Fault("status", method="PUT", status=200, body=body))
    with pytest.raises(Rejected, match="Tee"):
        tea.client.set_title(product.id, "Kaffee")
    with pytest.raises(Rejected, match=r"8\.90"):
        tea.client.set_price(variant.id, Decimal("9.20"))
    with pytest.raises(Rejected, match="True"):
        tea.client.set_tracked(variant.inventory_item_id, False)


def test_a_title_that_shopify_wrote_in_another_normal_form_is_taken(tea: Counter) -> None:
    product_id = tea.product().id
    answer = {"product": {"id": product_id, "title": "Gr\u00fcner Tee"}}
    tea.server.faults.append(Fault("status", method="PUT", status=200, body=answer))
    tea.client.set_title(product_id, " Gru\u0308ner  Tee ")


def test_an_empty_title_is_rejected_with_shopifys_words(tea: Counter) -> None:
    with pytest.raises(Rejected, match="title"):
        tea.client.set_title(tea.product().id, "")


@pytest.mark.parametrize("action", ["lose_answer", "lose_request", "reset", "truncate"])
def test_a_price_whose_answer_was_lost_is_read_again_and_stands_in_the_end(tea: Counter, action: Any) -> None:
    variant_id = tea.variant().id
    tea.server.faults.append(Fault(action, method="PUT"))
    tea.client.set_price(variant_id, Decimal("9.20"))
    assert tea.variant().price == Decimal("9.20")
    was_done = action in ("lose_answer", "truncate")
    assert len(tea.server.writes()) == (1 if was_done else 2)


# --- images ---


def test_an_image_is_added_for_its_variants(tea: Counter) -> None:
    product = tea.product()
    image = tea.client.add_image(product.id, PNG, "1042.png", (product.variants[0].id,))
    assert [each.id for each in tea.client.product_images(product.id)] == [image.id]
    (write,) = tea.server.writes()
    assert write.json()["image"].keys() == {"attachment", "filename", "variant_ids"}


def test_an_image_whose_answer_was_lost_is_not_added_twice(tea: Counter) -> None:
    product_id = tea.product().id
    tea.server.faults.append(Fault("lose_answer", method="POST"))
    with pytest.raises(Unsure):
        tea.client.add_image(product_id, PNG, "1042.png")
    assert len(tea.client.product_images(product_id)) == 1


def test_what_is_no_picture_is_rejected(tea: Counter) -> None:
    with pytest.raises(Rejected):
        tea.client.add_image(tea.product().id, b"no picture", "1042.png")


# --- levels ---


def location_id(counter: Counter) -> int:
    return counter.client.locations()[0].id


def test_levels_are_as_of_shopifys_date(tea: Counter) -> None:
    tea.side.add_product("Buch", [{"sku": "2", "price": "1.00", "tracked": False}])
    tea.side.add_product("Fern", [{"sku": "3", "price": "1.00", "stocked": False}])
    levels = {each.inventory_item_id: each for each in tea.client.levels(location_id(tea))}
    assert levels[tea.variant().inventory_item_id].available == 10
    assert levels[tea.variant("2").inventory_item_id].available is None
    assert tea.variant("3").inventory_item_id not in levels
    assert {each.seen_at for each in levels.values()} == {NOON}


@pytest.mark.usefixtures("short_pages")
def test_each_page_of_levels_is_as_of_its_own_answer(counter: Counter) -> None:
    for number in range(5):
        counter.side.add_product("x", [{"sku": str(number), "price": "1.00", "available": 1}])
    here = location_id(counter)

    def a_minute_passes(_request: Request, _answer: Answer) -> None:
        counter.clock.advance(timedelta(minutes=1))

    counter.server.before_request = lambda request: a_minute_passes(request, Answer(200))
    seen = [each.seen_at for each in counter.client.levels(here)]
    assert len(seen) == 5
    assert max(seen) - min(seen) == timedelta(minutes=1)


def test_levels_without_a_date_cannot_be_used(tea: Counter) -> None:
    here = location_id(tea)
    level = {"inventory_item_id": 1, "location_id": 2, "available": 5}
    undated = Fault("status", status=200, body={"inventory_levels": [level]}, headers={"Date": "never"}, times=9)
    tea.server.faults.append(undated)
    with pytest.raises(Unavailable, match="Date"):
        tea.client.levels(here)


def test_only_levels_that_moved_since_come(tea: Counter) -> None:
    here = location_id(tea)
    tea.clock.advance(timedelta(hours=1))
    tea.side.add_product("Neu", [{"sku": "2", "price": "1.00", "available": 3}])
    (level,) = tea.client.levels(here, NOON + timedelta(minutes=30))
    assert level.available == 3


def test_levels_of_many_items_are_asked_for_fifty_at_a_time(counter: Counter) -> None:
    for number in range(60):
        counter.side.add_product("x", [{"sku": str(number), "price": "1.00", "available": number}])
    items = [variant.inventory_item_id for product in counter.client.products() for variant in product.variants]
    here = location_id(counter)
    counter.server.requests.clear()
    levels = counter.client.levels_of(here, items)
    assert sorted(each.available or 0 for each in levels) == list(range(60))
    assert len(counter.server.requests) == 2
    assert counter.client.levels_of(here, []) == []


def test_a_level_is_moved_by_pieces_also_below_zero(tea: Counter) -> None:
    tea.client.adjust(location_id(tea), tea.variant().inventory_item_id, -13)
    assert tea.side.available("1042") == -3
    (write,) = tea.server.writes()
    assert write.path.endswith("/inventory_levels/adjust.json")


@pytest.mark.parametrize("action", ["lose_answer", "lose_request", "reset", "truncate", "html"])
def test_an_adjustment_whose_answer_was_lost_is_sent_once(tea: Counter, action: Any) -> None:
    here, item = location_id(tea), tea.variant().inventory_item_id
    tea.server.faults.append(Fault(action, method="POST"))
    with pytest.raises(Unsure):
        tea.client.adjust(here, item, -2)
    assert len(tea.server.writes()) == 1


def test_an_answer_about_another_level_is_unsure(tea: Counter) -> None:
    here, item = location_id(tea), tea.variant().inventory_item_id
    answer = {"inventory_level": {"inventory_item_id": 1, "location_id": here, "available": 1}}
    tea.server.faults.append(Fault("status", method="POST", status=200, body=answer))
    with pytest.raises(Unsure):
        tea.client.adjust(here, item, -2)


def test_an_item_that_is_not_tracked_is_rejected(tea: Counter) -> None:
    item = tea.variant().inventory_item_id
    tea.side.set_tracked("1042", False)
    with pytest.raises(Rejected):
        tea.client.adjust(location_id(tea), item, 1)


# --- orders ---


def test_closed_and_cancelled_orders_come_too(tea: Counter) -> None:
    tea.side.place_order([("1042", 1)])
    tea.side.cancel_order(tea.side.place_order([("1042", 2)]))
    tea.side.fulfil_order(tea.side.place_order([("1042", 3)]))
    orders = {order.lines[0].quantity: order for order in tea.client.orders(NOON - timedelta(days=1))}
    assert orders.keys() == {1, 2, 3}
    assert orders[2].cancelled_at == NOON
    assert [order.fulfilled for order in orders.values()].count(True) == 1
    assert orders[3].fulfilled


def test_an_order_comes_in_the_shops_money_without_its_customer(tea: Counter) -> None:
    placed = tea.side.place_order(
        [("1042", 2), (CustomLine("Gravur", Decimal("3.00")), 1)],
        discounts=[Discount(Decimal(10))],
        shipping=Decimal("4.90"),
        tip=Decimal("1.00"),
        duties=Decimal("2.00"),
        presentment=("USD", Decimal("1.1")),
    )
    tea.side.refund_order(placed, {"1042": 1}, shipping=True)
    (order,) = tea.client.orders(NOON - timedelta(hours=1))
    assert CANARY not in repr(order)
    asked = tea.server.requests[-1].query["fields"][0].split(",")
    assert not {"customer", "email", "phone", "note", "billing_address", "shipping_address", "client_details"} & {
        *asked
    }
    tea_line, custom, tip = order.lines
    assert (order.currency, order.name, order.test, order.taxes_included) == ("EUR", placed.name, False, True)
    assert (tea_line.price, tea_line.quantity, tea_line.current_quantity) == (Decimal("8.90"), 2, 1)
    assert tea_line.discount + custom.discount == Decimal("2.08")
    assert [each.percent for each in tea_line.taxes] == [Decimal(19)]
    assert (tea_line.custom, custom.custom, tip.custom) == (False, True, False)
    assert (tea_line.tip, custom.tip, tip.tip) == (False, False, True)
    assert [each.price for each in order.shipping_lines] == [Decimal("4.90")]
    assert [each.price for each in order.fees] == [Decimal("2.00")]
    (refund,) = order.refunds
    assert refund.has_shipping
    assert [(each.line_id, each.quantity, each.restock_type) for each in refund.lines] == [(tea_line.id, 1, "return")]
    parts = sum((line.price * line.quantity - line.discount for line in order.lines), Decimal(0))
    assert order.total_price == parts + Decimal("4.90") + Decimal("2.00")


def test_an_order_that_is_listed_twice_comes_once_as_last_seen(tea: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "_LIMIT", "1")
    orders = [tea.side.place_order([("1042", 1)], at=NOON - timedelta(minutes=each)) for each in range(3)]
    tea.side.fulfil_order(orders[0])
    found = tea.client.orders(NOON - timedelta(days=1))
    assert sorted(order.id for order in found) == sorted(order.id for order in orders)

    row: dict[str, Any] = tea.client.session.get(
        f"admin/api/2026-10/orders/{orders[0].id}.json", lambda answer: answer.body["order"]
    )
    twice = {"orders": [row, {**row, "fulfillment_status": "fulfilled"}]}
    tea.server.faults.append(Fault("status", status=200, body=twice))
    (order,) = tea.client.orders(NOON)
    assert order.fulfilled


def test_orders_are_found_by_id_whatever_their_status(tea: Counter) -> None:
    cancelled = tea.side.place_order([("1042", 1)])
    tea.side.cancel_order(cancelled)
    (order,) = tea.client.orders_by_id([cancelled.id, 1])
    assert order.id == cancelled.id
    assert tea.client.orders_by_id([]) == []


def test_open_orders_from_before_are_those_still_to_be_shipped(tea: Counter) -> None:
    old = NOON - timedelta(days=10)
    waiting = tea.side.place_order([("1042", 1)], paid=False, at=old)
    partly = tea.side.place_order([("1042", 2)], at=old)
    tea.side.fulfil_order(partly, {"1042": 1})
    tea.side.fulfil_order(tea.side.place_order([("1042", 1)], at=old))
    tea.side.cancel_order(tea.side.place_order([("1042", 1)], at=old))
    tea.side.place_order([("1042", 1)])
    found = tea.client.open_orders_before(NOON - timedelta(days=5))
    assert {order.id for order in found} == {waiting.id, partly.id}


def test_payments_are_asked_for_in_the_shops_currency(tea: Counter) -> None:
    order = tea.side.place_order(
        [("1042", 1)], gateways=[("gift_card", Decimal("5.00")), "paypal"], presentment=("USD", Decimal("1.1"))
    )
    payments = tea.client.transactions(order.id)
    assert {(each.gateway, each.amount) for each in payments} == {
        ("gift_card", Decimal("5.00")),
        ("paypal", Decimal("3.90")),
    }


# --- who is asking ---


def test_a_token_is_asked_for_once_a_run_when_it_is_first_needed(counter: Counter) -> None:
    client = counter.open(access_token=None, client_id="sandbox-client", client_secret="shpss_sandbox")
    assert counter.server.requests == []
    client.shop()
    client.locations()
    assert [each.path for each in counter.server.requests].count("/admin/oauth/access_token") == 1
    assert client.session.token_requests == 1
    assert client.session.requests == 2


def test_a_token_that_ran_out_is_renewed_once(counter: Counter) -> None:
    client = counter.open(access_token=None, client_id="sandbox-client", client_secret="shpss_sandbox")
    client.shop()
    counter.clock.advance(timedelta(days=2))
    client.shop()
    assert client.session.token_requests == 2
    counter.clock.advance(timedelta(days=2))
    with pytest.raises(Refused):
        client.shop()
    assert client.session.token_requests == 2


def test_a_wrong_secret_is_refused_and_not_told(counter: Counter) -> None:
    client = counter.open(access_token=None, client_id="sandbox-client", client_secret="canary-secret")
    with pytest.raises(Refused) as caught:
        client.shop()
    assert "canary-secret" not in str(caught.value)
    assert caught.value.remedy


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
    from korsync.sandbox.shopify_access import Bucket

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
