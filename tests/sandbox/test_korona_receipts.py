from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.korona.account import COUPLING_ID
from tests.support.korona_desk import Desk, open_desk, receipt


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as desk:
        desk.side.add_article("A1", "Apfel", Decimal("11.9"), stock=10)
        yield desk


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- what is refused as a whole ---


def test_receipts_are_taken_by_a_coupled_external_point_of_sale_only(desk: Desk) -> None:
    assert refusal(desk.post(receipt(), pos="1")) == (403, "POINT_OF_SALE_NOT_EXTERNAL")
    assert refusal(desk.post(receipt(), coupling_id="wrong")) == (403, "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE")
    assert refusal(desk.post(receipt(), coupling_id=None)) == (400, "MISSING_QUERY_PARAMETER")


def test_a_batch_holds_1_to_100_receipts(desk: Desk) -> None:
    assert refusal(desk.post()) == (400, "BATCH_SIZE_OUT_OF_RANGE")
    assert refusal(desk.post(*[receipt()] * 101)) == (400, "BATCH_SIZE_OUT_OF_RANGE")
    assert desk.post(*[receipt()] * 100).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"{}", b"", b'"x"'])
def test_a_body_that_is_no_json_array_is_not_wellformed(desk: Desk, body: bytes) -> None:
    path = f"/pointsOfSale/{desk.id_of('pointsOfSale', '90')}/receipts"
    answer = desk.call("POST", path, params={"couplingId": COUPLING_ID}, data=body)

    assert refusal(answer) == (400, "SUBMITTED_DATA_NOT_WELLFORMED")


@pytest.mark.parametrize(
    "wrong",
    [
        {"revision": 5},
        {"colour": "red"},
        {"number": 1001},
        {"total": {"gross": 11.9}},
        {"id": "1001"},
        {"creationTime": "2026-11-23T10:15:02.000+00:00"},
        {"creationTime": "2026-11-23T10:15:02"},
        {"externalReferences": {"shopifyOrderId": 5}},
        {"cashier": "99"},
        {"zcounter": 1.5},
        {"zcounter": True},
        {"depositAmount": True},
        {"cancelled": "false"},
        {"items": [{"product": {"number": "A1", "sku": "A1"}}]},
        {"items": [{"quantity": "1"}]},
        {"items": [{"total": {"base": 1}}]},
        {"items": {}},
    ],
)
def test_one_field_that_does_not_fit_refuses_the_whole_batch(desk: Desk, wrong: dict[str, Any]) -> None:
    answer = desk.post(receipt("1001"), {**receipt("1002"), **wrong})

    assert refusal(answer) == (400, "INVALID_MODEL_PROPERTY")
    assert desk.side.receipts == []
    assert desk.side.stock_of("A1") == 10


# --- what is booked ---


def test_a_receipt_is_booked_at_once_and_lowers_the_stock_of_the_point_of_sales_warehouse(desk: Desk) -> None:
    row = desk.posted_row(receipt("1001", quantity=3))

    assert (row["action"], row["status"], row["number"]) == ("ADDED", "OK", "1001")
    assert desk.side.account_id in row["href"]
    assert desk.side.stock_of("A1") == 7
    (booked,) = desk.side.booked_under("order/1001")
    assert (booked.id, booked.revision, booked.gross) == (row["id"], row["revision"], Decimal("11.9"))
    assert booked.posted == desk.server.writes()[0].json()[0]


def test_receipts_can_be_asked_for_by_their_booking_time(desk: Desk) -> None:
    desk.posted_row(receipt("1001", bookingTime="2026-11-23T10:00:00+01:00"))
    desk.posted_row(receipt("1002", bookingTime="2026-11-23T10:00:01+01:00"))
    path = f"/pointsOfSale/{desk.id_of('pointsOfSale', '90')}/receipts"

    from_then = desk.rows(path, minBookingTime="2026-11-23T10:00:01+01:00")
    until_then = desk.rows(path, maxBookingTime="2026-11-23T09:00:00Z")

    assert [row["number"] for row in from_then] == ["1002"]
    assert [row["number"] for row in until_then] == ["1001"]
    for wrong in ("2026-11-23T10:00:01.5+01:00", "2026-11-23T10:00:01 01:00", "today"):
        assert refusal(desk.get(path, minBookingTime=wrong)) == (400, "INVALID_QUERY_PARAMETER")


def test_a_booked_receipt_reads_back_with_its_references_and_amounts(desk: Desk) -> None:
    row = desk.posted_row(receipt("1001", cashier={"number": "99"}, customerGroup={"name": "Laufkunden"}))
    pos_id = desk.id_of("pointsOfSale", "90")

    (listed,) = desk.rows(f"/pointsOfSale/{pos_id}/receipts", orderNumber="1001", couplingId=COUPLING_ID)
    single = desk.get(f"/pointsOfSale/{pos_id}/receipts/{row['id']}").json(parse_float=Decimal)

    till_id = desk.id_of("pointsOfSale", "1")
    assert desk.get(f"/pointsOfSale/{till_id}/receipts/{row['id']}").status_code == 404
    assert desk.get(f"/pointsOfSale/{till_id}/receipts").status_code == 204
    assert listed == single == desk.get(f"/receipts/{row['id']}").json(parse_float=Decimal)
    assert listed["externalReferences"] == {"korsyncKey": "order/1001"}
    assert (listed["number"], listed["orderNumber"], listed["active"]) == ("1001", "1001", True)
    assert listed["creationTime"] == "2026-11-23T11:15:02+01:00"
    assert (listed["cashier"]["name"], listed["customerGroup"]["number"]) == ("Onlineshop", "1")
    assert listed["total"] == {"gross": Decimal("11.9"), "net": 10, "tax": Decimal("1.9")}
    (item,) = listed["items"]
    assert (item["product"]["name"], item["quantity"], item["index"]) == ("Apfel", 1, 0)
    assert item["externalReferences"] == {"shopifyLineId": "77"}
    (tax,) = item["total"]["taxPayments"]
    assert (tax["amount"], tax["taxRate"], tax["included"]) == (Decimal("1.9"), 19, True)
    (payment,) = listed["payments"]
    assert (payment["amount"], payment["paymentMethod"]["name"]) == (Decimal("11.9"), "Kreditkarte")


def test_times_read_back_in_the_accounts_zone_whatever_offset_they_were_posted_with(desk: Desk) -> None:
    posted = receipt("1001", bookingTime="2026-07-01T23:30:00Z")
    posted["items"][0]["bookingTime"] = posted["payments"][0]["transactionTime"] = "2026-11-23T05:15:02-05:00"
    desk.posted_row(posted)

    (booked,) = desk.rows("/receipts")
    assert booked["bookingTime"] == "2026-07-02T01:30:00+02:00"
    assert booked["items"][0]["bookingTime"] == "2026-11-23T11:15:02+01:00"
    assert booked["payments"][0]["transactionTime"] == "2026-11-23T11:15:02+01:00"


def test_receipts_are_listed_by_revision_number_and_order_number(desk: Desk) -> None:
    rows = [desk.posted_row(receipt(str(number), orderNumber=f"o{number}")) for number in (1001, 1002, 1003)]

    assert [each["number"] for each in desk.rows("/receipts", revision=rows[0]["revision"], sort="-revision")] == [
        "1003",
        "1002",
    ]
    assert [each["number"] for each in desk.rows("/receipts", orderNumber="o1002")] == ["1002"]
    assert [each["orderNumber"] for each in desk.rows("/receipts", number="1003")] == ["o1003"]
    assert desk.rows("/receipts", orderNumber="1002") == []
    desk.side.contains_filters = True
    assert [each["number"] for each in desk.rows("/receipts", orderNumber="1002")] == ["1002"]


def test_a_negative_receipt_raises_the_stock(desk: Desk) -> None:
    desk.posted_row(receipt("1001", quantity=-2, gross=-23.8))

    assert desk.side.stock_of("A1") == 12
    assert desk.rows("/receipts")[0]["total"]["gross"] == Decimal("-23.8")


def test_a_bundle_lowers_its_parts_and_untracked_articles_lower_nothing(desk: Desk) -> None:
    desk.side.add_article("K1", "Korb", parts={"A1": 3})
    bundle, shipping = receipt("1001", article="K1", quantity=2), receipt("1002", article="9001")
    seen = desk.rows(f"/organizationalUnits/{desk.id_of('organizationalUnits', '1')}/productStocks")

    assert [row["status"] for row in desk.post(bundle, shipping).json()] == ["OK", "OK"]

    now = desk.rows(f"/organizationalUnits/{desk.id_of('organizationalUnits', '1')}/productStocks")
    assert [row["amount"]["actual"] for row in now] == [4]
    assert now[0]["revision"] == seen[0]["revision"] + 1


def test_a_receipt_may_name_another_warehouse(desk: Desk) -> None:
    desk.posted_row(receipt("1001", warehouse={"number": "2"}))

    assert [desk.side.stock_of("A1"), desk.side.stock_of("A1", "2")] == [10, -1]


def test_taxes_on_top_are_part_of_the_total_that_is_paid(desk: Desk) -> None:
    net = receipt("1001", gross=11.9)
    net["items"][0]["total"] = {
        "base": 10,
        "taxPayments": [{"amount": 1.9, "taxRate": 19, "included": False, "salesTax": {"number": "11"}}],
    }

    assert desk.posted_row(net)["status"] == "OK"
    (booked,) = desk.rows("/receipts")
    assert booked["total"] == {"gross": Decimal("11.9"), "net": 10, "tax": Decimal("1.9")}


# --- what is answered with an ERROR row ---


def test_one_bad_receipt_is_an_error_row_among_good_ones(desk: Desk) -> None:
    rows = desk.post(receipt("1001"), receipt("1002", article="unknown"), receipt("1003")).json()

    assert [(row["number"], row["status"], row["action"]) for row in rows] == [
        ("1001", "OK", "ADDED"),
        ("1002", "ERROR", "NONE"),
        ("1003", "OK", "ADDED"),
    ]
    assert "unknown" in rows[1]["message"]
    assert [each.number for each in desk.side.receipts] == ["1001", "1003"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cashier": {"number": "nobody"}},
        {"customerGroup": {}},
        {"pointOfSale": {"id": "11111111-2222-4333-8444-555555555555"}},
        {"payments": [{"amount": 11.9, "paymentMethod": {"name": "Muscheln"}}]},
        {"payments": [{"amount": 11.9}]},
        {"payments": [{"amount": 11.91, "paymentMethod": {"number": "5"}}]},
        {"payments": []},
        {"items": []},
    ],
)
def test_a_reference_that_leads_nowhere_or_a_wrong_sum_is_an_error_row(desk: Desk, wrong: dict[str, Any]) -> None:
    row = desk.posted_row({**receipt("1001"), **wrong})

    assert (row["status"], row["action"]) == ("ERROR", "NONE")
    assert row["message"]
    assert desk.side.receipts == []


def test_an_article_deleted_since_cannot_be_booked(desk: Desk) -> None:
    article = desk.side.article("A1")
    desk.side.delete_article("A1")
    posted = receipt("1001")
    posted["items"][0]["product"] = {"id": article.id}

    assert desk.posted_row(posted)["status"] == "ERROR"


def test_a_sales_tax_decides_itself_whether_it_is_included(desk: Desk) -> None:
    posted = receipt("1001")
    posted["items"][0]["total"]["taxPayments"][0]["included"] = False

    assert desk.posted_row(posted)["status"] == "ERROR"


def test_chosen_articles_are_rejected(desk: Desk) -> None:
    desk.side.reject_articles.add("A1")

    assert "A1" in desk.posted_row(receipt("1001"))["message"]


# --- habits that differ by account ---


def test_a_repeated_number_is_a_second_receipt_or_refuses_the_batch(desk: Desk) -> None:
    desk.posted_row(receipt("1001"))
    desk.posted_row(receipt("1001"))
    assert len(desk.side.booked_under("order/1001")) == 2

    desk.side.refuses_repeated_numbers = True
    assert refusal(desk.post(receipt("1002"), receipt("1001"))) == (400, "NUMBER_ALREADY_IN_USE")
    assert refusal(desk.post(receipt("1003"), receipt("1003"))) == (400, "NUMBER_ALREADY_IN_USE")
    assert [each.number for each in desk.side.receipts] == ["1001", "1001"]


def test_a_number_is_in_use_as_soon_as_its_receipt_is_accepted_but_not_for_other_tills(desk: Desk) -> None:
    desk.side.refuses_repeated_numbers = True
    desk.side.queues = True
    desk.side.sell_at_till("A1", 1)
    till_number = desk.rows("/receipts")[0]["number"]

    assert desk.posted_row(receipt(till_number))["action"] == "QUEUED"
    assert refusal(desk.post(receipt(till_number))) == (400, "NUMBER_ALREADY_IN_USE")


def test_a_posted_id_is_ignored_or_honoured_and_then_taken_once(desk: Desk) -> None:
    own_id = "11111111-2222-4333-8444-555555555555"
    assert desk.posted_row(receipt("1001", id=own_id))["id"] != own_id

    desk.side.honours_ids = True
    assert desk.posted_row(receipt("1002", id=own_id))["id"] == own_id
    assert refusal(desk.post(receipt("1003", id=own_id))) == (400, "ID_ALREADY_IN_USE")


def test_a_prefix_is_put_before_the_number_unless_it_is_switched_off(desk: Desk) -> None:
    desk.side.uses_prefix = True

    assert desk.rows("/pointsOfSale", number="90")[0]["receiptNumberPrefix"] == "90-"
    assert desk.posted_row(receipt("1001"))["number"] == "90-1001"
    assert desk.posted_row(receipt("1002"), disableReceiptNumberPrefix="true")["number"] == "1002"
    assert desk.rows("/receipts", number="1001") == []
    assert [each["number"] for each in desk.rows("/receipts", orderNumber="1001")] == ["90-1001"]


def test_a_queued_receipt_is_booked_later(desk: Desk) -> None:
    desk.side.queues = True
    row = desk.posted_row(receipt("1001"))

    assert row == {"action": "QUEUED", "status": "OK", "number": "1001"}
    desk.side.clock.advance(timedelta(minutes=4, seconds=59))
    assert desk.rows("/receipts") == []
    assert desk.side.stock_of("A1") == 10
    desk.side.clock.advance(timedelta(seconds=1))
    assert [each["number"] for each in desk.rows("/receipts")] == ["1001"]
    assert desk.side.stock_of("A1") == 9


def test_an_added_receipt_may_show_and_move_stock_only_later(desk: Desk) -> None:
    desk.side.booking_delay = timedelta(minutes=10)
    row = desk.posted_row(receipt("1001"))
    desk.side.booking_delay = timedelta(minutes=2)
    desk.posted_row(receipt("1002"))

    assert (row["action"], "revision" in row) == ("ADDED", False)
    assert desk.get(f"/receipts/{row['id']}").status_code == 404
    assert desk.side.stock_of("A1") == 10
    desk.side.clock.advance(timedelta(minutes=10))
    assert desk.side.stock_of("A1") == 8
    assert [each["number"] for each in desk.rows("/receipts", sort="revision")] == ["1002", "1001"]
    assert desk.get(f"/receipts/{row['id']}").json()["number"] == "1001"


def test_a_delayed_booking_lowers_what_is_there_when_it_is_due(desk: Desk) -> None:
    desk.side.queues = True
    desk.posted_row(receipt("1001", quantity=2))
    desk.side.count("A1", 50)
    desk.side.clock.advance(timedelta(minutes=5))
    desk.side.deliver("A1", 1)

    assert desk.side.stock_of("A1") == 49
