import base64
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.korona_desk import NOON, Desk, open_desk

PNG = b"\x89PNG\r\n\x1a\n-one"
OTHER_PNG = b"\x89PNG\r\n\x1a\n-two"
JPG = b"\xff\xd8\xff\xe0-three"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as desk:
        yield desk


def product(desk: Desk, number: str) -> dict[str, Any]:
    (row,) = desk.rows("/products", number=number)
    return row


# --- who may call ---


def test_a_wrong_user_or_password_is_a_401_without_body(desk: Desk) -> None:
    for credentials in (("korsync", "wrong"), ("Korsync", "secret-of-the-sandbox")):
        answer = desk.call("GET", "/products", auth=credentials)
        assert (answer.status_code, answer.content) == (401, b"")


def test_another_account_is_not_found(desk: Desk) -> None:
    desk.side.account_id = "00000000-0000-4000-8000-000000000000"
    answer = desk.get("/products")
    desk.side.account_id = "11111111-0000-4000-8000-000000000000"
    other = desk.session.get(answer.url, auth=("korsync", "secret-of-the-sandbox"))

    assert answer.status_code == 200
    assert (other.status_code, other.json()["code"]) == (404, "ACCOUNT_NOT_FOUND")


def test_the_account_tells_its_zone_test_mode_and_packages(desk: Desk) -> None:
    account = desk.get("").json()

    assert account["defaultTimeZone"] == "Europe/Berlin"
    assert account["testMode"] is True
    assert "RETAIL" in account["activePackages"]


# --- lists ---


def test_an_empty_list_is_a_204_without_body(desk: Desk) -> None:
    answer = desk.get("/products", revision=10**6)

    assert (answer.status_code, answer.content) == (204, b"")


def test_pages_start_at_one_and_the_envelope_says_where_one_is(desk: Desk) -> None:
    for index in range(3):
        desk.side.add_article(f"A{index}", "Apfel")

    first = desk.get("/products", size=2).json()
    last = desk.get("/products", size=2, page=3).json()

    assert (first["currentPage"], first["pagesTotal"], first["resultsTotal"], first["resultsOfPage"]) == (1, 3, 5, 2)
    assert set(first["links"]) == {"self", "next"}
    assert set(last["links"]) == {"self", "previous"}
    assert (
        desk.session.get(first["links"]["next"], auth=("korsync", "secret-of-the-sandbox")).json()["currentPage"] == 2
    )
    assert desk.get("/products", size=2, page=4).status_code == 204


def test_a_page_holds_100_rows_unless_told_and_never_more_than_1000(desk: Desk) -> None:
    for index in range(120):
        desk.side.add_article(f"A{index}", "Apfel")

    assert len(desk.rows("/products")) == 100
    assert len(desk.rows("/products", size=1000)) == 122
    assert desk.get("/products", size=1001).json()["code"] == "INVALID_QUERY_PARAMETER"


@pytest.mark.parametrize(
    "query",
    [
        {"sise": 1},
        {"page": 0},
        {"page": "x"},
        {"page": ["1", "2"]},
        {"sort": "colour"},
        {"sort": "name,name,name,name,name,name"},
        {"includeDeleted": 1},
        {"orderNumber": "1"},
    ],
)
def test_a_query_that_does_not_exist_or_makes_no_sense_is_refused(desk: Desk, query: dict[str, Any]) -> None:
    answer = desk.get("/products", **query)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_QUERY_PARAMETER")


def test_a_path_that_does_not_exist_is_not_found(desk: Desk) -> None:
    assert desk.get("/product").status_code == 404
    assert desk.call("DELETE", "/products").status_code == 405


def test_a_revision_lists_what_was_saved_after_it_and_max_revision_is_that_of_the_type(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel")
    desk.side.add_article("B1", "Birne")
    before = product(desk, "B1")["revision"]
    desk.side.rename("A1", "Apfel rot")

    answer = desk.get("/products", revision=before, sort="revision").json()

    assert [row["number"] for row in answer["results"]] == ["A1"]
    assert answer["results"][0]["revision"] == before + 1
    assert desk.get("/products", number="B1").json()["maxRevision"] == before + 1


def test_each_type_counts_its_own_revisions(desk: Desk) -> None:
    before = {path: desk.get(path).json()["maxRevision"] for path in ("/products", "/priceGroups", "/paymentMethods")}
    desk.side.rename("9000", "Sonstiges")
    after = {path: desk.get(path).json()["maxRevision"] for path in before}

    assert after == {**before, "/products": before["/products"] + 1}
    assert len(set(before.values())) == 3


def test_lists_are_sorted_as_asked_unless_the_side_ignores_it(desk: Desk) -> None:
    for number in ("B", "C", "A"):
        desk.side.add_article(number, "Obst")
    desk.side.rename("B", "Obst neu")

    def numbers(sort: str) -> list[str]:
        return [row["number"] for row in desk.rows("/products", sort=sort) if len(row["number"]) == 1]

    assert numbers("revision") == ["C", "A", "B"]
    assert numbers("-revision") == ["B", "A", "C"]
    assert numbers("number") == ["A", "B", "C"]
    assert numbers("name,-number") == ["C", "A", "B"]
    desk.side.ignores_sort = True
    assert numbers("revision") == ["B", "C", "A"]


def test_a_number_filter_is_exact_unless_the_side_looks_for_the_text_within(desk: Desk) -> None:
    desk.side.add_article("1001", "Apfel")
    desk.side.add_article("11001", "Birne")

    assert [row["number"] for row in desk.rows("/products", number="1001")] == ["1001"]
    desk.side.contains_filters = True
    assert [row["number"] for row in desk.rows("/products", number="1001")] == ["1001", "11001"]


# --- articles, prices, images ---


def test_an_article_carries_its_prices_and_leaves_empty_fields_out(desk: Desk) -> None:
    desk.side.add_article("A1", "Äpfel 1 kg", Decimal("7.99"))

    row = product(desk, "A1")

    assert row["name"] == "Äpfel 1 kg"
    (price,) = row["prices"]
    assert price["value"] == Decimal("7.99")
    assert price["validFrom"] == "2026-11-22T12:00:00+01:00"
    assert (price["priceGroup"]["name"], price["priceGroup"]["number"]) == ("Shopify", "2")
    assert not {"image", "subproducts", "tags", "codes"} & row.keys()
    assert row["deactivated"] is False
    assert "prices" not in product(desk, "9000")


def test_times_carry_the_accounts_offset_of_that_day(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel")
    desk.side.change_price("A1", Decimal(1), NOON - timedelta(days=120))

    assert product(desk, "A1")["prices"][0]["validFrom"] == "2026-07-26T13:00:00+02:00"


def test_a_deleted_article_shows_only_when_asked_for_and_without_its_number(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel")
    row = product(desk, "A1")
    desk.side.delete_article("A1")

    assert desk.rows("/products", revision=row["revision"]) == []
    (deleted,) = desk.rows("/products", revision=row["revision"], includeDeleted="true")
    assert (deleted["id"], deleted["active"]) == (row["id"], False)
    assert "number" not in deleted


def test_a_price_saved_on_the_article_touches_both_and_an_import_only_the_price(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", Decimal(5))
    article, (price,) = product(desk, "A1"), desk.rows("/prices")
    desk.side.change_price("A1", Decimal(6))
    edited, (edited_price,) = product(desk, "A1"), desk.rows("/prices")
    desk.side.change_price("A1", Decimal(7), touch_article=False)
    imported, (imported_price,) = product(desk, "A1"), desk.rows("/prices")

    assert edited["revision"] > article["revision"]
    assert imported["revision"] == edited["revision"]
    assert price["revision"] < edited_price["revision"] < imported_price["revision"]
    assert [each["value"] for each in imported["prices"]] == [7]
    assert (imported_price["product"]["id"], imported_price["value"]) == (article["id"], 7)


def test_a_price_with_a_date_is_one_more_entry_and_a_withdrawn_one_a_deleted_row(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", Decimal(5))
    desk.side.change_price("A1", Decimal(6), NOON + timedelta(days=3))
    desk.side.change_price("A1", Decimal(4), price_group="Standard")

    assert [(each["priceGroup"]["number"], each["value"]) for each in product(desk, "A1")["prices"]] == [
        ("2", 5),
        ("2", 6),
        ("1", 4),
    ]
    desk.side.change_price("A1", None)
    assert [each["value"] for each in product(desk, "A1")["prices"]] == [4]
    assert [row["active"] for row in desk.rows("/prices", includeDeleted="true")] == [False, False, True]


def test_a_price_change_without_date_edits_the_entry_that_is_valid_now(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", Decimal(5))
    desk.side.change_price("A1", Decimal(6), NOON + timedelta(days=3))
    desk.side.change_price("A1", Decimal(7))

    assert [each["value"] for each in product(desk, "A1")["prices"]] == [7, 6]


def test_a_bundle_names_its_parts_and_how_many(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel")
    desk.side.add_article("K1", "Korb", parts={"A1": 6})

    (part,) = product(desk, "K1")["subproducts"]
    assert (part["product"]["number"], part["quantity"], part["type"]) == ("A1", 6, "PRODUCT")


def test_switches_of_an_article_show(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", stock_return_unsellable=True)
    desk.side.deactivate("A1")
    desk.side.set_tracking("A1", False)

    row = product(desk, "A1")
    assert (row["stockReturnUnsellable"], row["deactivated"], row["trackInventory"]) == (True, True, False)
    assert product(desk, "9001")["trackInventory"] is False


def test_an_image_comes_as_properties_or_as_bytes_as_accept_says(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", image=PNG)
    desk.side.add_article("B1", "Birne", image=JPG)
    png, jpg = (f"/images/{product(desk, number)['image']['id']}" for number in ("A1", "B1"))

    as_json = desk.get(png, headers={"Accept": "application/json"}).json()
    as_bytes = desk.get(jpg, headers={"Accept": "image/png, image/jpg"})

    assert (base64.b64decode(as_json["data"]), as_json["type"], as_json["usageType"]) == (PNG, "PNG", "PRODUCT")
    assert (as_bytes.content, as_bytes.headers["Content-Type"]) == (JPG, "image/jpg")
    assert desk.get(png, headers={"Accept": "image/webp"}).status_code == 406


def test_image_lists_tell_properties_and_the_data_only_when_asked(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", image=PNG)

    assert "data" not in desk.rows("/images")[0]
    assert base64.b64decode(desk.rows("/images", exportImageData="true")[0]["data"]) == PNG


def test_a_replaced_image_has_a_new_id_or_the_old_one_with_a_new_revision(desk: Desk) -> None:
    desk.side.add_article("A1", "Apfel", image=PNG)
    article, (image,) = product(desk, "A1"), desk.rows("/images")

    desk.side.replace_image("A1", OTHER_PNG, new_id=False)
    assert product(desk, "A1") == article
    (same,) = desk.rows("/images", revision=image["revision"])
    assert same["id"] == image["id"]

    desk.side.replace_image("A1", PNG, new_id=True)
    (changed,) = desk.rows("/products", revision=article["revision"])
    assert changed["image"]["id"] != image["id"]


# --- the rest of the account ---


def test_the_bare_account_holds_what_a_shop_needs(desk: Desk) -> None:
    def named(path: str) -> dict[str, str]:
        return {row["number"]: row["name"] for row in desk.rows(path)}

    assert named("/priceGroups") == {"1": "Standard", "2": "Shopify"}
    assert named("/organizationalUnits") == {"1": "Laden Mitte", "2": "Lager Nord", "3": "Büro"}
    assert named("/paymentMethods") == {"1": "Bar", "5": "Kreditkarte", "6": "PayPal", "9": "Sonstige"}
    assert named("/customerGroups") == {"1": "Laufkunden"}
    assert named("/products") == {"9000": "Diverses Shopify", "9001": "Versand"}
    assert [row["number"] for row in desk.rows("/cashiers")] == ["99"]
    assert [row["key"] for row in desk.rows("/currencies")] == ["EUR"]
    assert [row["warehouse"] for row in desk.rows("/organizationalUnits")] == [True, True, False]
    assert [row["useCashDrawer"] for row in desk.rows("/paymentMethods")] == [True, False, False, False]
    group = desk.get(f"/priceGroups/{desk.id_of('priceGroups', '2')}").json()
    assert (group["netPrices"], group["currency"]["name"]) == (False, "Euro")


def test_sales_taxes_tell_their_rates_since_when_and_whether_they_are_included(desk: Desk) -> None:
    taxes = {row["number"]: row for row in desk.rows("/salesTaxes")}

    assert {number: row["included"] for number, row in taxes.items()} == {
        "1": True,
        "2": True,
        "3": True,
        "11": False,
        "12": False,
    }
    assert [(rate["rate"], rate["validFrom"]) for rate in taxes["1"]["rates"]] == [
        (19, "2007-01-01T00:00:00+01:00"),
        (16, "2020-07-01T00:00:00+02:00"),
        (19, "2021-01-01T00:00:00+01:00"),
    ]


def test_single_objects_are_found_by_id_only(desk: Desk) -> None:
    article = desk.side.article("9000")

    assert desk.get(f"/products/{article.id}").json()["number"] == "9000"
    assert desk.get("/products/9000").json()["code"] == "MALFORMED_MODEL_ID_OR_NUMBER"
    assert desk.get(f"/priceGroups/{article.id}").status_code == 404
