"""What differs from account to account, or may: how receipts come back, what finds them, who else books."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.korona_desk import Desk, open_desk, receipt
from tests.support.second_machine import posts_first, without_keys


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as desk:
        desk.side.add_article("A1", "Apfel", Decimal("11.9"), stock=10)
        yield desk


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def booked(desk: Desk, gross: float = 11.9) -> dict[str, Any]:
    """Book one receipt and return it as it is read back from the list and by its id."""
    row = desk.posted_row(receipt("1001", gross=gross))
    (listed,) = desk.rows("/receipts", number="1001")
    assert desk.get(f"/receipts/{row['id']}").json(parse_float=Decimal) == listed
    return listed


def of_pos(desk: Desk) -> str:
    return f"/pointsOfSale/{desk.id_of('pointsOfSale', '90')}/receipts"


# --- how receipts come back ---


def test_references_may_not_come_back_neither_on_receipts_nor_on_their_items(desk: Desk) -> None:
    desk.side.leaves_out.add("externalReferences")
    shown = booked(desk)

    assert "externalReferences" not in shown
    assert "externalReferences" not in shown["items"][0]
    assert desk.side.booked_under("order/1001")


def test_included_and_gross_are_optional_and_may_be_missing(desk: Desk) -> None:
    desk.side.leaves_out |= {"included", "gross"}
    shown = booked(desk)

    assert shown["total"] == {"net": 10, "tax": Decimal("1.9")}
    assert shown["items"][0]["total"].keys() == {"base", "discount", "net", "taxPayments"}
    assert shown["items"][0]["total"]["taxPayments"][0].keys() == {"amount", "taxRate", "salesTax"}


def test_a_total_may_be_off_for_receipts_booked_from_now_on(desk: Desk) -> None:
    desk.posted_row(receipt("1000"))
    desk.side.gross_off = Decimal("0.01")
    desk.posted_row(receipt("1001"))
    desk.side.gross_off = Decimal(0)

    first, second = desk.rows("/receipts", sort="revision")
    assert (first["total"]["gross"], second["total"]["gross"]) == (Decimal("11.9"), Decimal("11.91"))
    assert second["items"][0]["total"]["gross"] == Decimal("11.9")


def test_an_included_tax_may_be_answered_as_coming_on_top(desk: Desk) -> None:
    desk.side.denies_included = True
    shown = booked(desk)

    total = shown["items"][0]["total"]
    assert total["taxPayments"][0]["included"] is False
    assert (total["base"], total["gross"], total["net"]) == (Decimal("11.9"), Decimal("13.8"), Decimal("11.9"))
    assert shown["total"] == {"gross": Decimal("13.8"), "net": Decimal("11.9"), "tax": Decimal("1.9")}
    assert shown["payments"][0]["amount"] == Decimal("11.9")


def test_figures_may_carry_the_noise_of_floats(desk: Desk) -> None:
    desk.side.float_noise = True
    shown = booked(desk, gross=29.9)

    assert shown["total"]["gross"] == Decimal("29.900000000000002")
    assert shown["items"][0]["total"]["base"] == Decimal("29.900000000000002")
    assert shown["items"][0]["total"]["discount"] == 0
    assert shown["items"][0]["quantity"] == 1


def test_the_noise_of_a_return_lies_on_its_own_side(desk: Desk) -> None:
    desk.side.float_noise = True
    desk.posted_row(receipt("1001", quantity=-1, gross=-29.9))

    assert desk.rows("/receipts")[0]["total"]["gross"] == Decimal("-29.900000000000002")


def test_a_receipt_may_be_as_long_as_its_fiscal_data(desk: Desk) -> None:
    desk.side.padding = 32_000
    desk.posted_row(receipt("1001"))
    answer = desk.get("/receipts")

    assert 32_000 < len(answer.content) < 35_000
    assert answer.json()["results"][0]["items"][0]["quantity"] == 1


def test_a_sales_tax_deleted_since_stays_what_it_was_on_receipts(desk: Desk) -> None:
    desk.posted_row(receipt("1001"))
    desk.side.remove_sales_tax("1")

    assert desk.rows("/receipts")[0]["items"][0]["total"]["taxPayments"][0]["included"] is True
    assert desk.rows("/salesTaxes", number="1") == []


# --- what finds them ---


def test_the_filter_by_order_number_may_find_nothing(desk: Desk) -> None:
    desk.side.finds_no_order_numbers = True
    desk.posted_row(receipt("1001"))

    assert desk.rows(of_pos(desk), orderNumber="1001") == []
    assert [each["orderNumber"] for each in desk.rows(of_pos(desk), number="1001")] == ["1001"]


def test_numbers_may_be_refused_when_they_are_asked_for(desk: Desk) -> None:
    desk.side.unaskable.add("A/1")

    assert refusal(desk.get("/products", number="A/1")) == (400, "MALFORMED_MODEL_ID_OR_NUMBER")
    assert refusal(desk.get(of_pos(desk), orderNumber="A/1")) == (400, "MALFORMED_MODEL_ID_OR_NUMBER")
    assert [each["name"] for each in desk.rows("/products", number="A1")] == ["Apfel"]


def test_thousands_of_old_receipts_lie_behind_the_new_ones_and_move_no_stock(desk: Desk) -> None:
    desk.side.add_old_receipts(5000, article="A1", days=300)
    desk.posted_row(receipt("1001"))
    answer = desk.get(of_pos(desk), sort="revision", size=1000)

    body = answer.json()
    assert (body["resultsTotal"], body["pagesTotal"], body["resultsOfPage"]) == (5001, 6, 1000)
    assert desk.side.stock_of("A1") == 9
    oldest = body["results"][0]
    assert oldest["externalReferences"]["korsyncKey"] == f"order/{oldest['orderNumber']}"
    assert oldest["bookingTime"].startswith("2026-01-27")
    newest = desk.rows(of_pos(desk), revision=body["maxRevision"] - 1)
    assert [each["number"] for each in newest] == ["1001"]


@pytest.mark.parametrize("size", [1, 50, 1000])
def test_a_page_has_as_many_receipts_as_asked_for_however_long_they_are(desk: Desk, size: int) -> None:
    desk.side.padding = 32_000
    desk.side.add_old_receipts(1200)
    answer = desk.get(of_pos(desk), sort="revision", size=size)

    assert answer.json()["resultsOfPage"] == size
    assert size * 32_000 < len(answer.content) < size * 35_000


def test_old_receipts_are_found_by_number_time_and_revision(desk: Desk) -> None:
    desk.side.add_old_receipts(10, days=10)
    yesterday = (desk.side.clock.now() - timedelta(days=1)).isoformat()

    assert len(desk.rows(of_pos(desk), minBookingTime=yesterday)) == 1
    assert len(desk.rows(of_pos(desk), orderNumber="100003")) == 1


# --- who else books ---


def test_another_program_may_book_on_our_point_of_sale_without_any_key(desk: Desk) -> None:
    desk.side.post_elsewhere(without_keys(receipt("1001", quantity=2)))

    (shown,) = desk.rows(of_pos(desk), orderNumber="1001")
    assert "externalReferences" not in shown
    assert "externalReferences" not in shown["items"][0]
    assert desk.side.stock_of("A1") == 8


def test_a_receipt_posted_elsewhere_is_checked_like_any_other(desk: Desk) -> None:
    with pytest.raises(ValueError, match="unknown"):
        desk.side.post_elsewhere(receipt("1001", article="unknown"))


@pytest.mark.parametrize(("keyless", "keys"), [(False, 2), (True, 1)])
def test_a_second_machine_may_be_faster_by_one_moment(desk: Desk, keyless: bool, keys: int) -> None:
    posts_first(desk.side, desk.server, keyless=keyless)
    assert desk.rows(of_pos(desk), orderNumber="1001") == []

    assert desk.posted_row(receipt("1001"))["action"] == "ADDED"

    assert len(desk.rows(of_pos(desk), orderNumber="1001")) == 2
    assert len(desk.side.booked_under("order/1001")) == keys


def test_the_slower_machine_is_refused_where_numbers_are_given_once(desk: Desk) -> None:
    desk.side.refuses_repeated_numbers = True
    posts_first(desk.side, desk.server)

    assert refusal(desk.post(receipt("1001"))) == (400, "NUMBER_ALREADY_IN_USE")
    assert len(desk.side.receipts) == 1


def test_a_repeated_number_may_refuse_its_own_row_alone(desk: Desk) -> None:
    desk.side.refuses_repeated_numbers = desk.side.refuses_in_rows = True
    desk.posted_row(receipt("1001"))
    rows = desk.post(receipt("1001"), receipt("1002")).json()

    assert [(each["number"], each["status"], each["action"]) for each in rows] == [
        ("1001", "ERROR", "NONE"),
        ("1002", "OK", "ADDED"),
    ]
    assert rows[0]["message"] == "NUMBER_ALREADY_IN_USE: receipt number 1001"


# --- sales taxes ---


def test_two_sales_taxes_may_have_one_rate(desk: Desk) -> None:
    for number, name in (("20", "AT 20"), ("21", "FR 20")):
        desk.side.add_sales_tax(number, name, {"2007-01-01": "20"}, included=True)

    named = [each["name"] for each in desk.rows("/salesTaxes") if each["rates"][-1]["rate"] == 20]
    assert named == ["AT 20", "FR 20"]


def test_a_sales_tax_added_later_has_a_higher_revision(desk: Desk) -> None:
    before = desk.get("/salesTaxes").json()["maxRevision"]
    desk.side.add_sales_tax("20", "AT 20", {"2007-01-01": "20"}, included=True)

    assert [each["number"] for each in desk.rows("/salesTaxes", revision=before)] == ["20"]


def test_payment_methods_may_be_added(desk: Desk) -> None:
    desk.side.add_payment_method("7", "Gutschein")

    assert desk.rows("/paymentMethods", number="7")[0]["name"] == "Gutschein"
