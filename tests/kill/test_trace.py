"""SIGKILL cannot show a missing fsync: the order of the steps themselves is asserted here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from korsync.korona.writes import receipt_bytes
from korsync.records.bookings import Booking, BookingStatus
from korsync.sandbox.exchange import Request
from tests.kill.death import Death
from tests.support.in_process import without_sockets
from tests.support.shop import Shop, open_shop

ON_DISK = ["fsync .state.json.new", "rename to state.json", "fsync the folder"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with an article, set up."""
    with open_shop(tmp_path) as opened, without_sockets(opened.world.korona_server, opened.world.shopify_server):
        opened.stocked("1001", 100)
        opened.init()
        opened.later()
        yield opened


def bookings(shop: Shop) -> dict[str, Booking]:
    """Return the bookings that are on the disk now, by key."""
    known = [each for order in shop.state.orders.values() for each in (order.sale, *order.returns)]
    return {each.key: each for each in known if each is not None}


def test_an_intent_is_safe_on_the_disk_before_its_receipt_is_sent(shop: Shop) -> None:
    for _ in range(25):
        shop.shopify.place_order([("1001", 1)])
    with Death().watching() as death:
        shop.run()
    sent = [place for place, step in enumerate(death.steps) if step.is_booking]
    assert len(sent) == 2
    for place in sent:
        assert [step.what for step in death.steps[place - 3 : place]] == ON_DISK
        assert [step.what for step in death.steps[place + 1 : place + 4]] == ON_DISK


def test_orders_and_cursor_are_safe_on_the_disk_before_any_intent(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 1)])
    with Death().watching() as death:
        shop.run("orders")
    steps = [step.what.rpartition("/")[2] for step in death.steps]
    assert steps[: steps.index("receipts")] == ["orders.json"]
    looked_up = steps.index("receipts")
    assert steps[looked_up + 1 : looked_up + 8] == [*ON_DISK, *ON_DISK, "receipts"]


def test_what_is_on_the_disk_when_a_receipt_is_sent_is_the_receipt_itself(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 2)])
    sent: list[str] = []

    def look(request: Request) -> None:
        if request.method == "POST":
            intents = [each for each in bookings(shop).values() if each.status is BookingStatus.INTENT]
            receipts = [each.receipt for each in intents if each.receipt is not None]
            assert receipt_bytes(receipts) == request.body
            sent.extend(each.key for each in intents)

    shop.world.korona_server.before_request = look
    shop.run()
    shop.later()
    shop.shopify.refund_order(order, {"1001": 1})
    shop.run_later()
    assert sent == [f"order/{order.id}", f"refund/{order.refunds[0].id}"]
    assert shop.world.korona_server.crashes == []
