"""KORONA's JSON: what is left out, what is new, what cannot be used."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from korsync.korona import reads
from korsync.records.receipts import BookedReceipt
from korsync.rules.taxes import completed
from korsync.wire.answers import Answer, NotAsExpected, Row

READERS: list[Callable[[Row], object]] = [
    reads.article,
    reads.price_row,
    reads.image,
    lambda row: reads.stock_level(row, "w"),
    reads.price_group,
    reads.currency,
    reads.organizational_unit,
    reads.point_of_sale,
    reads.payment_method,
    reads.sales_tax,
    reads.numbered_thing,
    reads.booked_receipt,
    lambda row: reads.image_content(Answer(row, {}, None)),
    lambda row: reads.answer_rows(Answer([row], {}, None), str),
]

PRODUCT = {
    "id": "11111111-2222-4333-8444-555555555555",
    "active": True,
    "revision": 73403,
    "number": "210000000322",
    "name": "Tablett",
    "codes": [{"productCode": "4006381333931", "containerSize": Decimal("1.0")}],
    "prices": [
        {
            "value": Decimal("7.99"),
            "validFrom": "2023-07-20T03:00:00-04:00",
            "priceGroup": {"id": "pg", "name": "Shopify", "number": "1"},
        },
        {"value": Decimal("6.99"), "productCode": "4006381333931"},
    ],
    "commodityGroup": {"id": "x", "name": "y", "number": "16"},
    "trackInventory": True,
    "deactivated": False,
    "priceChangable": False,
    "stockReturnUnsellable": False,
    "subproductPresentation": "A_WORD_OF_TOMORROW",
    "aFieldOfTomorrow": {"deep": [1, 2]},
}


def test_a_real_product_is_read() -> None:
    article = reads.article(PRODUCT)
    assert (article.number, article.name, article.revision) == ("210000000322", "Tablett", 73403)
    assert (article.active, article.deactivated, article.track_inventory) == (True, False, True)
    price, by_code = article.prices
    assert (price.value, price.price_group_id) == (Decimal("7.99"), "pg")
    assert price.valid_from == datetime(2023, 7, 20, 7, tzinfo=UTC)
    assert (by_code.product_code, by_code.price_group_id) == ("4006381333931", None)
    assert article.image_id is None


def test_a_product_of_nothing_but_its_id_is_read() -> None:
    article = reads.article({"id": "a"})
    assert article.number is None
    assert article.name == ""
    assert article.prices == ()
    assert article.track_inventory is None


def test_a_part_that_is_a_tag_and_no_article_is_passed_over() -> None:
    parts = [{"type": "TAG", "tag": {"id": "t"}}, {"product": {"id": "p"}}, {"product": {"id": "q"}, "quantity": 3}]
    article = reads.article({"id": "a", "subproducts": parts})
    assert [(part.article_id, part.quantity) for part in article.parts] == [("p", Decimal(1)), ("q", Decimal(3))]


@pytest.mark.parametrize("amount", [{}, {"amount": None}, {"amount": {}}, {"amount": {"actual": None, "lent": 4}}])
def test_a_missing_stock_figure_is_not_zero(amount: Row) -> None:
    assert reads.stock_level({"product": {"id": "a"}, **amount}, "w").actual is None


def test_an_older_cluster_says_external_instead_of_a_type() -> None:
    assert reads.point_of_sale({"id": "a", "external": True}).type == "EXTERNAL"
    assert reads.point_of_sale({"id": "a", "external": True, "type": "KORONA_POS_NEXT"}).type == "KORONA_POS_NEXT"
    assert reads.point_of_sale({"id": "a"}).type is None


def booked(*items: Row, **more: Any) -> BookedReceipt:
    return reads.booked_receipt({"id": "a", "items": list(items), **more})


def test_what_a_receipt_leaves_out_is_not_known_and_no_zero_or_false() -> None:
    (line,) = booked({"total": {"base": Decimal("5.00"), "taxPayments": [{"amount": Decimal("0.80")}]}}).lines
    assert (booked().gross, line.gross, line.taxes[0].included) == (None, None, None)


def test_a_receipt_without_a_total_adds_up_its_lines() -> None:
    items = [{"total": {"gross": Decimal("5.00")}}, {"total": {"base": Decimal("1.50")}}, {}]
    assert completed(booked(*items), {}).gross == Decimal("6.50")


def test_the_total_of_a_receipt_goes_before_the_sum_of_its_lines() -> None:
    item = {"total": {"gross": Decimal("5.00")}}
    assert completed(booked(item, total={"gross": Decimal("4.50")}), {}).gross == Decimal("4.50")
    assert completed(booked(item, total={"gross": Decimal(0)}), {}).gross == 0


def test_whether_a_price_contains_a_tax_follows_from_the_sales_tax_that_the_row_names() -> None:
    tax = {"amount": Decimal("0.80"), "salesTax": {"id": "t"}}
    found = booked({"total": {"base": Decimal("5.00"), "taxPayments": [tax]}})
    grosses = [completed(found, included).gross for included in ({"t": True}, {"t": False}, {"other": True})]
    assert grosses == [Decimal("5.00"), Decimal("5.80"), None]
    said = booked({"total": {"base": Decimal("5.00"), "taxPayments": [{**tax, "included": False}]}})
    assert completed(said, {"t": True}).gross == Decimal("5.80")


def test_what_floats_add_to_an_amount_is_taken_off() -> None:
    noisy = Decimal("29.900000000000002")
    tax = {"amount": Decimal("4.769999999999999"), "taxRate": Decimal("19.000000000000004")}
    total = {"base": noisy, "discount": Decimal("0.30000000000000004"), "taxPayments": [tax], "gross": noisy}
    payment = {"amount": noisy, "paymentMethod": {"id": "m"}}
    found = booked({"quantity": Decimal("3.0000000000000004"), "total": total}, total=total, payments=[payment])
    (line,) = found.lines
    assert {found.gross, line.gross, line.base, found.payments[0].amount} == {Decimal("29.9")}
    assert (line.quantity, line.discount) == (Decimal(3), Decimal("0.3"))
    assert (line.taxes[0].amount, line.taxes[0].percent) == (Decimal("4.77"), Decimal(19))
    assert str(booked(total={"gross": Decimal("30.000000000000004")}).gross) == "30"
    assert str(booked(total={"gross": Decimal("29.90")}).gross) == "29.90"
    exact = Decimal("5.265")
    assert booked(total={"gross": exact}).gross == exact


def test_a_rate_of_a_sales_tax_has_no_more_places_than_one_of_shopifys() -> None:
    row = {"id": "t", "rates": [{"rate": Decimal("9.53125")}, {"rate": Decimal("18.999999999999996")}]}
    assert [each.percent for each in reads.sales_tax(row).rates] == [Decimal("9.5312"), Decimal(19)]


@pytest.mark.parametrize("line_id", ["", "abc", "-5", "9" * 30, None])
def test_a_line_with_somebody_elses_reference_has_no_line_id(line_id: str | None) -> None:
    items = [{"externalReferences": {"shopifyLineId": line_id}}]
    assert reads.booked_receipt({"id": "a", "items": items}).lines[0].line_id is None


def test_a_cashiers_own_name_is_left_at_the_door() -> None:
    assert "CANARY" not in repr(reads.numbered_thing({"id": "a", "firstname": "CANARY", "surname": "CANARY"}))


@pytest.mark.parametrize("read", READERS[:12])
def test_a_row_without_its_id_cannot_be_used(read: Callable[[Row], object]) -> None:
    for row in ({}, {"id": None}, {"id": ""}, {"id": 5}):
        with pytest.raises(NotAsExpected):
            read(row)


@pytest.mark.parametrize("data", ["%%%", "a", "ü"])
def test_an_image_that_is_not_in_base64_cannot_be_used(data: str) -> None:
    with pytest.raises(NotAsExpected):
        reads.image_content(Answer({"data": data}, {}, None))


def test_an_image_without_content_is_empty() -> None:
    assert reads.image_content(Answer({"id": "a"}, {}, None)) == b""


NAMES = [
    *("id", "number", "name", "revision", "active", "prices", "value", "validFrom", "priceGroup", "image", "product"),
    *("subproducts", "quantity", "amount", "actual", "items", "total", "gross", "externalReferences", "shopifyLineId"),
    *(
        "payments",
        "base",
        "taxPayments",
        "rates",
        "rate",
        "data",
        "activePackages",
        "status",
        "creationTime",
        "warehouse",
        "currency",
    ),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["a", "2026-11-23T10:15:02+01:00", "2026-11-23"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8), st.sampled_from(READERS))
def test_whatever_comes_is_read_or_refused(row: dict[str, Any], read: Callable[[Row], object]) -> None:
    try:
        read(row)
    except NotAsExpected:
        return
