"""Receipts posted to KORONA and found again."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from korsync.errors import KorsyncError, Refused, Rejected, Unsure
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.account import COUPLING_ID
from tests.support.desk import NOON, Desk, receipt


def test_a_receipt_is_booked_and_found_again_as_it_was_sent(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    (row,) = till.client.post_receipts(pos.id, COUPLING_ID, [sent])
    assert (row.status, row.action) == ("OK", "ADDED")
    (found,) = till.client.receipts_by_order_number(pos.id, "1042")
    assert (found.key, found.shop, found.order_id) == (sent.key, sent.shop, sent.order_id)
    assert found.gross == Decimal("17.80")
    assert [(each.line_id, each.quantity, each.base) for each in found.lines] == [
        (14000000000001, Decimal(2), Decimal("17.80"))
    ]
    assert found.lines[0].description == "Tee „grün“"
    assert [(each.percent, each.amount, each.included) for each in found.lines[0].taxes] == [
        (Decimal(19), Decimal("2.84"), True)
    ]
    assert found.payments == sent.payments
    assert found.created_at == NOON
    assert till.side.stock_of("1042") == 8


def test_koronas_own_number_prefix_stays_on(till: Desk) -> None:
    till.side.uses_prefix = True
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till)])
    (write,) = till.server.writes()
    assert write.query == {"couplingId": [COUPLING_ID]}
    (found,) = till.client.receipts_by_order_number(pos.id, "1042")
    assert found.number.endswith("1042")
    assert found.number != "1042"


def test_a_return_raises_the_stock(till: Desk) -> None:
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, quantity=-1, key="refund/1")])
    assert till.side.stock_of("1042") == 11
    (found,) = till.client.receipts_by_order_number(pos.id, "1042")
    assert found.gross == Decimal("-8.90")


def test_a_look_up_hands_back_all_that_korona_finds_under_an_order_number(till: Desk) -> None:
    till.side.contains_filters = True
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, "11042")])
    (found,) = till.client.receipts_by_order_number(pos.id, "1042")
    assert (found.order_number, found.key) == ("11042", "order/1")
    assert till.client.receipts_by_order_number(pos.id, "2042") == ()


@pytest.mark.parametrize("status", [400, 404, 405, 422])
def test_an_order_number_that_korona_does_not_look_for_concerns_its_order_alone(till: Desk, status: int) -> None:
    pos = till.point_of_sale()
    till.server.faults.append(Fault("status", path="/receipts", status=status, body={"code": "X"}))
    with pytest.raises(Rejected):
        till.client.receipts_by_order_number(pos.id, "1042")


def test_a_receipt_is_found_by_its_booking_time(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    till.client.post_receipts(pos.id, COUPLING_ID, [sent])
    second = timedelta(seconds=1)
    for moment in (sent.booked_at, NOON - second, NOON + second, NOON.astimezone(ZoneInfo("Europe/Berlin"))):
        (found,) = till.client.receipts_booked_at(pos.id, moment)
        assert found.key == sent.key
    assert till.client.receipts_booked_at(pos.id, NOON - 2 * second) == ()
    assert till.client.receipts_booked_at(pos.id, NOON + 2 * second) == ()


def test_a_booking_time_goes_out_in_whole_seconds_with_its_offset(till: Desk) -> None:
    till.client.receipts_booked_at(till.point_of_sale().id, NOON + timedelta(microseconds=999_999))
    query = till.server.requests[-1].query
    assert query["minBookingTime"] == ["2026-11-23T10:59:59+00:00"]
    assert query["maxBookingTime"] == ["2026-11-23T11:00:01+00:00"]


def test_a_look_up_by_time_that_korona_refuses_concerns_nothing_else(till: Desk) -> None:
    pos = till.point_of_sale()
    till.server.faults.append(Fault("status", path="/receipts", status=400, body={"code": "X"}))
    with pytest.raises(Rejected):
        till.client.receipts_booked_at(pos.id, NOON)


def test_the_receipts_since_a_revision_come_with_a_cursor(till: Desk) -> None:
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, "1"), receipt(till, "2", key="order/2")])
    found, cursor = till.client.receipts_since(pos.id, 0)
    assert [each.order_number for each in found] == ["1", "2"]
    assert till.client.receipts_since(pos.id, cursor) == ([], cursor)


def test_a_receipt_from_the_till_has_no_key(till: Desk) -> None:
    till.side.sell_at_till("1042", 1)
    (found,), _ = till.client.receipts_since(till.point_of_sale("1").id, 0)
    assert (found.key, found.lines[0].line_id) == (None, None)


def test_an_error_row_is_handed_back_with_koronas_words(till: Desk) -> None:
    till.side.reject_articles.add("1042")
    (row,) = till.client.post_receipts(till.point_of_sale().id, COUPLING_ID, [receipt(till)])
    assert row.status == "ERROR"
    assert row.message


def test_a_queued_receipt_is_handed_back_as_queued(till: Desk) -> None:
    till.side.queues = True
    (row,) = till.client.post_receipts(till.point_of_sale().id, COUPLING_ID, [receipt(till)])
    assert row.action == "QUEUED"


@pytest.mark.parametrize("action", ["lose_request", "lose_answer", "reset", "truncate", "html"])
def test_a_receipt_whose_answer_was_lost_is_sent_once(till: Desk, action: Any) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    till.server.faults.append(Fault(action, method="POST"))
    with pytest.raises(Unsure):
        till.client.post_receipts(pos.id, COUPLING_ID, [sent])
    assert len(till.server.writes()) == 1
    assert len(till.side.booked_under("order/1")) == (action in ("lose_answer", "truncate"))


@pytest.mark.parametrize("body", [None, {}, "x", [1], [{"status": 5}]])
def test_an_answer_without_rows_leaves_a_receipt_unsure(till: Desk, body: Any) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    till.server.faults.append(Fault("status", method="POST", status=200 if body else 204, body=body))
    with pytest.raises(Unsure):
        till.client.post_receipts(pos.id, COUPLING_ID, [sent])


def test_a_repeated_number_is_rejected_with_koronas_code(till: Desk) -> None:
    till.side.refuses_repeated_numbers = True
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till)])
    with pytest.raises(Rejected, match="NUMBER_ALREADY_IN_USE"):
        till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, key="order/2")])


def test_a_wrong_coupling_id_is_refused_and_not_told(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    with pytest.raises(Refused, match="COUPLED_WITH_OTHER_DEVICE"):
        till.client.post_receipts(pos.id, "canary-coupling", [sent])
    told = {"code": "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE", "message": "not canary-coupling"}
    till.server.faults.append(Fault("status", method="POST", status=403, body=told))
    with pytest.raises(Refused, match=r"not \*\*\*$"):
        till.open().post_receipts(pos.id, "canary-coupling", [sent])


def test_nothing_to_post_is_not_posted(till: Desk) -> None:
    assert till.client.post_receipts(till.point_of_sale().id, COUPLING_ID, []) == ()
    assert till.server.writes() == []


def test_a_read_only_client_posts_nothing(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    with pytest.raises(KorsyncError) as caught:
        till.open(read_only=True).post_receipts(pos.id, COUPLING_ID, [sent])
    assert caught.value.exit_code == 70
    assert till.server.writes() == []
