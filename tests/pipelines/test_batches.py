"""Receipts posted together: each row of the answer speaks for its own receipt, and one bad receipt stops no other."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from korsync.pipelines.posting import rows_by_receipt
from korsync.records.bookings import BookingStatus
from korsync.records.plan import Fate, Outcome
from korsync.records.receipts import AnswerRow, Receipt
from korsync.sandbox.exchange import Fault, Request
from korsync.sandbox.korona.store import PointOfSale
from korsync.sandbox.korona.store import Receipt as StoredReceipt
from tests.pipelines.test_posting import keys, misfortune, posts
from tests.support.shop import MONDAY, Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with two articles, set up."""
    with open_shop(tmp_path) as opened:
        opened.stocked("1001", 100)
        opened.stocked("1002", 100)
        opened.init()
        yield opened


def outcomes(shop: Shop) -> list[Outcome]:
    return [each.outcome for each in shop.watched.pushed]


def statuses(shop: Shop) -> list[BookingStatus | None]:
    orders = sorted(shop.state.orders.values(), key=lambda order: order.id)
    return [order.sale.status if order.sale else None for order in orders]


def sizes(shop: Shop) -> list[int]:
    return [len(each.json()) for each in posts(shop)]


def test_first_attempts_go_in_batches_of_20_and_repeats_alone(shop: Shop) -> None:
    for _ in range(45):
        shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    assert sizes(shop) == [20, 20, 5]
    shop.run_later("orders")
    assert sizes(shop) == [20, 20, 5] + [1] * 20
    assert len(set(keys(shop))) == len(keys(shop)) == 45


@pytest.mark.parametrize("honours_ids", [True, False])
@pytest.mark.parametrize("uses_prefix", [True, False])
def test_every_row_is_recognised_with_and_without_prefix_and_own_ids(
    shop: Shop, uses_prefix: bool, honours_ids: bool
) -> None:
    shop.korona.uses_prefix, shop.korona.honours_ids = uses_prefix, honours_ids
    for _ in range(3):
        shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 0
    assert outcomes(shop) == [Outcome.DONE] * 3
    assert shop.run_later("orders").exit_code == 0
    assert len(posts(shop)) == 1


def test_of_a_half_failed_batch_the_good_ones_are_booked_and_not_sent_again(shop: Shop) -> None:
    shop.korona.reject_articles = {"1002"}
    for number in ("1001", "1002", "1001"):
        shop.shopify.place_order([(number, 1)])
    assert shop.run("orders").exit_code == 1
    assert outcomes(shop) == [Outcome.DONE, Outcome.REJECTED, Outcome.DONE]
    assert len(shop.state.held) == 1
    shop.run_later("orders")
    assert sizes(shop) == [3, 1]
    assert len(keys(shop)) == 2


def test_a_look_up_that_fails_after_an_error_row_hides_nothing_of_the_rows_behind_it(shop: Shop) -> None:
    """KORONA books late, so a receipt taken for not sent would be posted a second time."""
    shop.korona.booking_delay = timedelta(minutes=10)
    shop.korona.reject_articles = {"1002"}
    for number in ("1002", "1001", "1001"):
        shop.shopify.place_order([(number, 1)])
    fault = Fault("status", "GET", "/receipts$", skip=3, times=4, status=500)
    shop.world.korona_server.faults.append(fault)
    shop.run("orders")
    assert fault.times == 0
    assert outcomes(shop) == [Outcome.UNSURE, Outcome.DONE, Outcome.DONE]
    shop.run_later("orders", minutes=1)
    shop.run_later("orders")
    assert sizes(shop) == [3, 1]
    assert len(keys(shop)) == 2


def foreign_receipt(shop: Shop, number: str) -> None:
    """Let another program have booked a receipt with this number on the same point of sale."""
    with shop.korona.turn():
        pos = shop.korona.find(PointOfSale, "90")
        receipt = StoredReceipt(
            number=number,
            order_number=None,
            point_of_sale_id=pos.id,
            warehouse_id=pos.sells_from,
            accepted_at=MONDAY,
            gross=Decimal(0),
            lines=[],
            posted={"items": []},
        )
        shop.korona.book(receipt)


def test_a_batch_refused_for_one_receipt_is_posted_one_by_one(shop: Shop) -> None:
    shop.korona.refuses_repeated_numbers = True
    orders = [shop.shopify.place_order([("1001", 1)]) for _ in range(3)]
    foreign_receipt(shop, str(orders[1].order_number))
    assert shop.run("orders").exit_code == 1
    assert outcomes(shop) == [Outcome.DONE, Outcome.REJECTED, Outcome.DONE]
    assert "KORONA has the number 1002 already, on receipt 1002 of" in shop.held(orders[1].name).reason
    assert sizes(shop) == [3, 1, 1, 1]
    shop.run_later("orders")
    assert sizes(shop) == [3, 1, 1, 1, 1]


def test_a_batch_refused_after_one_receipt_appeared_does_not_post_that_one_again(shop: Shop) -> None:
    """A request of an earlier life of korsync arrives between the look-up and the POST, and differs."""
    orders = [shop.shopify.place_order([("1001", 2)])]
    copy = shop.settings.state_path.read_bytes()
    shop.run("orders")
    shop.settings.state_path.write_bytes(copy)
    orders.append(shop.shopify.place_order([("1001", 2)]))
    late = shop.korona.receipts[0]
    late.order_number = "0"
    late.posted["items"][0]["quantity"] = 1

    def shows(request: Request) -> None:
        if request.method == "POST":
            shop.korona.refuses_repeated_numbers = late.order_number == "0"
            late.order_number = orders[0].name.removeprefix("#")

    shop.world.korona_server.before_request = shows
    assert shop.run_later("orders").exit_code == 1
    assert outcomes(shop) == [Outcome.CONFLICT, Outcome.DONE]
    assert statuses(shop) == [BookingStatus.CONFLICT, BookingStatus.BOOKED]
    assert shop.run_later("orders").exit_code == 1
    assert "other quantities" in shop.reason("orders", orders[0].name)
    assert len(keys(shop)) == 2


def test_three_lost_answers_end_the_posting_one_by_one_and_leave_no_intent_for_the_rest(shop: Shop) -> None:
    orders = [shop.shopify.place_order([("1001", 1)]) for _ in range(6)]
    misfortune(shop, Fault("status", status=400, body={"code": "INVALID_MODEL_PROPERTY", "message": "?"}))
    misfortune(shop, Fault("lose_request", times=99))
    assert shop.run("orders").exit_code == 5
    assert outcomes(shop) == [Outcome.UNSURE] * 3
    assert len(shop.watched.results[0].left_over) == 3
    assert statuses(shop) == [BookingStatus.INTENT] * 3 + [None] * 3
    shop.world.korona_server.faults.clear()
    shop.run_later("orders", minutes=1)
    assert keys(shop) == [f"order/{order.id}" for order in orders[3:]]


def test_receipts_that_never_get_an_answer_do_not_keep_the_others_from_being_sent(shop: Shop) -> None:
    orders = [shop.shopify.place_order([("1001", 1)]) for _ in range(6)]
    misfortune(shop, Fault("status", status=500, times=4))
    for _ in range(2):
        assert shop.run_later("orders").exit_code == 5
    assert sizes(shop) == [6, 1, 1, 1]
    misfortune(shop, Fault("status", status=500, skip=3, times=3))
    assert shop.run_later("orders").exit_code == 5
    assert keys(shop) == [f"order/{order.id}" for order in orders[3:]]


def test_one_lost_batch_does_not_stop_the_next(shop: Shop) -> None:
    for _ in range(41):
        shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_request"))
    shop.run("orders")
    assert sizes(shop) == [20, 20, 1]


def test_three_lost_batches_in_a_row_stop_the_run_and_leave_no_intent_for_the_rest(shop: Shop) -> None:
    for _ in range(81):
        shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("lose_request", times=3))
    assert shop.run("orders").exit_code == 5
    assert sizes(shop) == [20, 20, 20]
    assert statuses(shop).count(BookingStatus.INTENT) == 60
    assert statuses(shop).count(None) == 21
    shop.run_later("orders", minutes=1)
    assert len(keys(shop)) == 21


def test_a_batch_whose_rows_come_in_another_order_or_not_at_all_is_matched_row_by_row(shop: Shop) -> None:
    shop.korona.reject_articles = {"1002"}
    for number in ("1001", "1002", "1001"):
        shop.shopify.place_order([(number, 1)])

    def shuffle(_request: Request, answer: Any) -> None:
        if isinstance(answer.body, list):
            answer.body.reverse()
            answer.body.pop(0)

    shop.world.korona_server.after_request = shuffle
    assert shop.run("orders").exit_code == 5
    assert outcomes(shop) == [Outcome.DONE, Outcome.REJECTED, Outcome.UNSURE]
    shop.world.korona_server.after_request = None
    assert shop.run_later("orders").exit_code == 1
    assert statuses(shop) == [BookingStatus.BOOKED, BookingStatus.REFUSED, BookingStatus.BOOKED]
    assert sizes(shop) == [3, 1]


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("OK", "NONE"),
        ("OK", "UPDATED"),
        ("OK", "DELETED"),
        ("OK", "SOMETHING"),
        ("OK", ""),
        ("WARNING", "ADDED"),
        ("", "ADDED"),
    ],
)
def test_a_row_that_says_nothing_known_proves_nothing(shop: Shop, status: str, action: str) -> None:
    shop.shopify.place_order([("1001", 1)])
    body = [{"status": status, "action": action, "number": "1001"}]
    misfortune(shop, Fault("replace_answer", status=200, body=body))
    assert shop.run("orders").exit_code == 5
    assert statuses(shop) == [BookingStatus.INTENT]
    shop.run_later("orders", minutes=1)
    assert statuses(shop) == [BookingStatus.BOOKED]
    assert len(posts(shop)) == 1


@pytest.mark.parametrize("answer", [[], {"code": "ODD"}, None, "OK", [[]]])
def test_an_answer_that_is_no_list_of_rows_leaves_the_outcome_unknown(shop: Shop, answer: Any) -> None:
    for _ in range(2):
        shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("replace_answer", status=200, body=answer))
    assert shop.run("orders").exit_code == 5
    assert statuses(shop) == [BookingStatus.INTENT] * 2
    shop.run_later("orders")
    assert len(posts(shop)) == 1
    assert len(keys(shop)) == 2


def test_a_side_that_refuses_everything_leaves_no_intent_behind(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 1)])
    misfortune(shop, Fault("status", status=403, body={"code": "POINT_OF_SALE_NOT_COUPLED", "message": "no"}))
    assert shop.run("orders").exit_code == 4
    assert statuses(shop) == [None]
    assert shop.run_later("orders", minutes=1).exit_code == 0
    assert shop.skips("orders", Fate.HELD) == []
    assert len(keys(shop)) == 1


# --- rows and receipts, as pure values ---


def receipt(number: int) -> Receipt:
    return Receipt(
        id=f"id-{number}",
        key=f"order/{number}",
        shop="shop",
        order_id=number,
        number=str(number),
        order_number=str(number),
        booked_at=MONDAY,
        lines=(),
        payments=(),
    )


def row(number: str | None, id: str | None = None, status: str = "OK", action: str = "ADDED") -> AnswerRow:
    return AnswerRow(status, action, id, number, "")


PAIR = (receipt(1042), receipt(1043))
A, B = row("1042"), row("1043", status="ERROR", action="NONE")
NAMELESS, REFUSED = row(None), row(None, status="ERROR", action="NONE")
OURS = row("7", id="id-1042")


@pytest.mark.parametrize(
    ("receipts", "rows", "expected"),
    [
        pytest.param(PAIR, (A, B), [A, B], id="by number"),
        pytest.param(PAIR, (B, A), [A, B], id="reordered"),
        pytest.param(PAIR, (B,), [None, B], id="one missing"),
        pytest.param(PAIR, (), [None, None], id="none"),
        pytest.param(PAIR, (A, A, B), [None, B], id="one doubled"),
        pytest.param(PAIR, (OURS, B), [OURS, B], id="by id"),
        pytest.param(PAIR, (row("77"), row("78")), [None, None], id="foreign rows"),
        pytest.param(PAIR, (NAMELESS, NAMELESS), [NAMELESS, NAMELESS], id="nameless and all alike"),
        pytest.param(PAIR, (NAMELESS, REFUSED), [None, None], id="nameless and different"),
        pytest.param(PAIR, (NAMELESS,), [None, None], id="nameless and too few"),
        pytest.param(PAIR, (row("90-1042"), row("90-1043")), [row("90-1042"), row("90-1043")], id="prefixed"),
        pytest.param(PAIR, (row("90-1042"), row("91-1043")), [None, None], id="two prefixes"),
        pytest.param((receipt(1042), receipt(42)), (A,), [None, None], id="a number that ends with another"),
        pytest.param((receipt(1042), receipt(42)), (A, row("42")), [A, row("42")], id="both of such numbers"),
    ],
)
def test_a_row_speaks_only_for_a_receipt_it_surely_belongs_to(
    receipts: tuple[Receipt, ...], rows: tuple[AnswerRow, ...], expected: list[AnswerRow | None]
) -> None:
    assert rows_by_receipt(receipts, rows) == expected
