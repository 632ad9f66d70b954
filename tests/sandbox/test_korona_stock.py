from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.korona.account import COUPLING_ID
from korsync.sandbox.korona.store import Receipt
from tests.support.korona_desk import Desk, open_desk, receipt


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as desk:
        yield desk


def product(desk: Desk, number: str) -> dict[str, Any]:
    (row,) = desk.rows("/products", number=number)
    return row


def stocks(desk: Desk, unit: str = "1", **query: Any) -> list[dict[str, Any]]:
    return desk.rows(f"/organizationalUnits/{desk.id_of('organizationalUnits', unit)}/productStocks", **query)


# --- stock ---


def test_only_tracked_articles_that_ever_moved_have_a_stock_row(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3)
    desk.side.add_article("B1", "Birne")
    desk.side.add_article("C1", "Citrone", stock=5, track_inventory=False)
    desk.side.add_article("D1", "Dattel", stock=5)
    desk.side.delete_article("D1")

    (row,) = stocks(desk)
    assert (row["product"]["number"], row["warehouse"]["number"], row["amount"]["actual"]) == ("A1", "1", 3)
    assert stocks(desk, "2") == []


def test_a_unit_that_is_no_warehouse_has_no_stock_list(desk: Desk) -> None:
    answer = desk.get(f"/organizationalUnits/{desk.id_of('organizationalUnits', '3')}/productStocks")

    assert (answer.status_code, answer.json()["code"]) == (404, "CONDITION_MISMATCH")


def test_without_the_retail_licence_there_are_no_stock_lists(desk: Desk) -> None:
    desk.side.active_packages.discard("RETAIL")
    answer = desk.get(f"/organizationalUnits/{desk.id_of('organizationalUnits', '1')}/productStocks")

    assert (answer.status_code, answer.json()["code"]) == (403, "ADDITIONAL_CLOUD_PACKAGE_REQUIRED")


def test_every_movement_bumps_the_stock_row_and_leaves_the_article_alone(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3)
    article, seen = product(desk, "A1"), stocks(desk)[0]["revision"]
    moves: list[tuple[Callable[[], None], Decimal]] = [
        (lambda: desk.side.sell_at_till("A1", 2), Decimal(1)),
        (lambda: desk.side.deliver("A1", 10), Decimal(11)),
        (lambda: desk.side.count("A1", Decimal("4.5")), Decimal("4.5")),
        (lambda: desk.side.sell_at_till("A1", -1), Decimal("5.5")),
    ]
    for move, expected in moves:
        move()
        (row,) = stocks(desk, revision=seen)
        assert row["amount"]["actual"] == expected
        seen = row["revision"]

    assert product(desk, "A1") == article


def test_what_is_sold_while_an_article_is_untracked_does_not_move_its_stock(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3)
    row = stocks(desk)[0]
    desk.side.set_tracking("A1", False)
    desk.side.sell_at_till("A1", 1)
    assert stocks(desk) == []
    desk.side.set_tracking("A1", True)

    assert stocks(desk) == [row]


def test_warehouses_keep_their_own_stock(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3)
    desk.side.deliver("A1", 7, warehouse="2")
    desk.side.sell_at_till("A1", 1, warehouse="Lager Nord")

    assert [desk.side.stock_of("A1"), desk.side.stock_of("A1", "2")] == [3, 6]


def test_a_stock_row_may_come_without_its_figure(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3)
    desk.side.without_actual.add("A1")

    assert "actual" not in stocks(desk)[0]["amount"]


def test_a_bundle_sold_takes_its_parts_out_of_stock(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=20)
    desk.side.add_article("K1", "Korb", parts={"A1": 6}, stock=0)
    desk.side.sell_at_till("K1", 2)

    assert [desk.side.stock_of("A1"), desk.side.stock_of("K1")] == [8, 0]


def test_goods_that_cannot_be_sold_again_do_not_come_back_into_stock(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3, stock_return_unsellable=True)
    desk.side.sell_at_till("A1", 1)
    desk.side.sell_at_till("A1", -1)

    assert desk.side.stock_of("A1") == 2


def test_till_sales_are_receipts_of_the_till_only(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3)
    desk.side.sell_at_till("A1", 1)

    (row,) = desk.rows("/receipts")
    assert row["pointOfSale"]["number"] == "1"
    assert desk.side.table(Receipt)
    assert desk.side.receipts == []


# --- points of sale ---


def test_a_point_of_sale_tells_that_it_is_coupled_but_never_with_what(desk: Desk) -> None:
    (pos,) = desk.rows("/pointsOfSale", external="true", coupled="true")

    assert (pos["number"], pos["type"], pos["coupled"], pos["warehouse"]["number"]) == (
        "90",
        "EXTERNAL_WEBSHOP",
        True,
        "1",
    )
    assert pos["fiscalServiceType"] == "NONE"
    assert COUPLING_ID not in desk.get("/pointsOfSale").text
    assert not {"couplingId", "lastReceiptNumber", "receiptNumberPrefix"} & pos.keys()
    assert [each["number"] for each in desk.rows("/pointsOfSale", external="false")] == ["1"]


@pytest.mark.parametrize(
    ("pos", "coupling_id", "code"),
    [
        ("90", "wrong", "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE"),
        ("1", COUPLING_ID, "POINT_OF_SALE_NOT_EXTERNAL"),
        ("90", COUPLING_ID, None),
    ],
)
def test_a_coupling_id_can_be_checked(desk: Desk, pos: str, coupling_id: str, code: str | None) -> None:
    answer = desk.get(f"/pointsOfSale/{desk.id_of('pointsOfSale', pos)}", couplingId=coupling_id)

    assert (answer.status_code, answer.json().get("code")) == (403 if code else 200, code)


def test_recoupling_needs_the_old_coupling_id(desk: Desk) -> None:
    path = f"/pointsOfSale/{desk.id_of('pointsOfSale', '90')}"
    refused = desk.call("PATCH", path, json={"couplingId": "new"})
    accepted = desk.call("PATCH", path, json={"couplingId": "new"}, params={"couplingId": COUPLING_ID})

    assert (refused.status_code, refused.json()["code"]) == (403, "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE")
    assert (accepted.status_code, accepted.content) == (204, b"")
    assert desk.get(path, couplingId="new").status_code == 200


def test_an_uncoupled_point_of_sale_takes_no_receipts_and_tells_its_last_number(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock=3)
    desk.posted_row(receipt("1001"))
    path = f"/pointsOfSale/{desk.id_of('pointsOfSale', '90')}"
    query = {"couplingId": COUPLING_ID}
    assert desk.call("PATCH", path, json={}, params={**query, "decouple": "true"}).status_code == 204

    assert desk.post(receipt()).json()["code"] == "POINT_OF_SALE_NOT_COUPLED"
    assert desk.get(path).json()["lastReceiptNumber"] == "1001"
    assert desk.call("PATCH", path, json={"couplingId": "again"}).status_code == 204
    assert "lastReceiptNumber" not in desk.get(path).json()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "x"}, "INVALID_MODEL_PROPERTY"),
        ({"couplingId": 5}, "INVALID_MODEL_PROPERTY"),
        ({}, "MISSING_MODEL"),
        ([], "SUBMITTED_DATA_NOT_WELLFORMED"),
    ],
)
def test_only_the_coupling_id_of_a_point_of_sale_can_be_patched(desk: Desk, body: Any, code: str) -> None:
    path = f"/pointsOfSale/{desk.id_of('pointsOfSale', '90')}"

    answer = desk.call("PATCH", path, json=body, params={"couplingId": COUPLING_ID})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
