"""What KORONA says to a POST of receipts: that it wants more time, or why it refuses one."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from korsync.pipelines.posting import MOST_SLOWED_DOWN
from korsync.records.plan import Outcome
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.account import COUPLING_ID
from tests.pipelines.test_posting import keys, misfortune, posts
from tests.support.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with an article, set up."""
    with open_shop(tmp_path) as opened:
        opened.stocked("1001", 100)
        opened.init()
        yield opened


@pytest.mark.parametrize("orders", [1, 3])
@pytest.mark.parametrize("is_booked", [True, False])
def test_a_receipt_that_came_too_fast_is_looked_up_before_it_is_sent_again(
    shop: Shop, orders: int, is_booked: bool
) -> None:
    """A copy made in between may have been booked before KORONA asked for patience."""
    shop.korona.refuses_repeated_numbers = False
    placed = [shop.shopify.place_order([("1001", 1)]) for _ in range(orders)]
    slow = {"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS", "message": "wait"}
    misfortune(shop, Fault("replace_answer" if is_booked else "status", status=429, body=slow))
    assert shop.run("orders").exit_code == 0
    assert [each.outcome for each in shop.watched.pushed] == [Outcome.DONE] * orders
    assert keys(shop) == sorted(f"order/{order.id}" for order in placed)
    assert len(posts(shop)) == (1 if is_booked else 1 + orders)


def test_a_korona_that_asks_for_patience_without_end_is_left_alone_until_the_next_run(shop: Shop) -> None:
    orders = [shop.shopify.place_order([("1001", 1)]) for _ in range(3)]
    slow = {"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS", "message": "wait"}
    misfortune(shop, Fault("status", status=429, body=slow, times=99))
    assert shop.run("orders").exit_code == 5
    assert len(posts(shop)) == 1 + MOST_SLOWED_DOWN
    assert not any(shop.state.orders[order.id].is_begun for order in orders)
    shop.world.korona_server.faults.clear()
    assert shop.run_later("orders", minutes=1).exit_code == 0
    assert len(keys(shop)) == 3


def test_what_korona_says_of_a_refused_receipt_is_one_short_line_without_secrets(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    said = "no \x1b[2J\n" + "x" * 285 + f"{COUPLING_ID} {shop.korona.password}" + "y" * 1000
    misfortune(shop, Fault("status", status=200, body=[{"status": "ERROR", "number": order.name[1:], "message": said}]))
    assert shop.run("orders").exit_code == 1
    reason = shop.held(order.name).reason
    assert reason.startswith("no \\x1b[2J\\n")
    assert len(reason) < 320
    assert reason.endswith("x***…")


def test_an_address_that_korona_repeats_tells_no_coupling_id(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    message = f"No endpoint POST /receipts?couplingId={quote(COUPLING_ID, safe='')}"
    misfortune(shop, Fault("status", status=404, body={"code": "NOT_FOUND", "message": message}, times=9))
    assert shop.run("orders").exit_code == 1
    assert shop.held(order.name).reason.endswith("No endpoint POST /receipts?couplingId=***")
