"""More new receipts than a day brings wait for a person: a wrong year in `orders.start_from` is booked for good."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from korsync.commands import decide
from korsync.errors import ConfigurationError
from korsync.sandbox.exchange import Fault
from tests.pipelines.test_posting import keys, misfortune
from tests.support.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that books at most three new orders in a run without being asked."""
    with open_shop(tmp_path, safety={"max_receipts": 3}) as opened:
        opened.stocked("1001", 100)
        opened.init()
        opened.later()
        yield opened


def place(shop: Shop, count: int) -> list[str]:
    orders = [shop.shopify.place_order([("1001", 1)]) for _ in range(count)]
    shop.later()
    return [order.name for order in orders]


def test_as_many_as_the_limit_are_booked(shop: Shop) -> None:
    place(shop, 3)
    assert shop.run().exit_code == 0
    assert len(keys(shop)) == 3


def test_more_than_the_limit_wait_until_they_are_accepted_and_stay_reserved(shop: Shop) -> None:
    place(shop, 4)
    for _ in range(2):
        ran = shop.run_later()
        assert ran.exit_code == 3
        assert keys(shop) == []
        assert shop.shopify.available("1001") == 96
    (stop,) = [error for result in ran.results for error in result.errors]
    assert stop.what == "orders: 4 new receipts at once (safety.max_receipts is 3); not booked"
    assert "`korsync accept orders`" in stop.remedy
    decide.accept(shop.settings, "orders")
    place(shop, 2)
    assert shop.run().exit_code == 0
    assert len(keys(shop)) == 6
    place(shop, 4)
    assert shop.run().exit_code == 3
    assert len(keys(shop)) == 6


def test_what_is_accepted_by_name_is_booked_and_the_rest_goes_on_waiting(shop: Shop) -> None:
    names = place(shop, 5)
    shop.run()
    decide.accept(shop.settings, "orders", names[:3])
    assert shop.run_later().exit_code == 3
    assert len(keys(shop)) == 3
    assert shop.run_later().exit_code == 3
    assert len(keys(shop)) == 3


def test_with_the_right_start_the_stop_is_over(shop: Shop) -> None:
    place(shop, 4)
    assert shop.run().exit_code == 3
    shop.configure(orders={"start_from": "2026-11-24"}, safety={"max_receipts": 3})
    assert shop.run_later().exit_code == 0
    assert keys(shop) == []


def test_what_was_sent_before_is_no_new_receipt(shop: Shop) -> None:
    shop.korona.honours_ids = True
    place(shop, 1)
    misfortune(shop, Fault("lose_request"))
    shop.run()
    place(shop, 3)
    assert shop.run().exit_code == 0
    assert len(keys(shop)) == 4


def test_the_first_run_books_what_init_has_shown_however_many(shop: Shop) -> None:
    shop.settings.state_path.unlink()
    place(shop, 5)
    shop.init()
    assert shop.run("stock").exit_code == 0
    place(shop, 3)
    assert shop.run().exit_code == 0
    assert len(keys(shop)) == 8


def test_a_stop_that_is_not_for_its_number_cannot_be_accepted(shop: Shop) -> None:
    shop.korona.leaves_out.add("externalReferences")
    place(shop, 1)
    assert [shop.run().exit_code, shop.run_later().exit_code] == [3, 3]
    with pytest.raises(ConfigurationError, match="cannot be accepted"):
        decide.accept(shop.settings, "orders")
