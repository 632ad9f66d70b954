"""Fields of an answer: strict by type, tolerant by presence."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from korsync.wire.answers import (
    NotAsExpected,
    Row,
    an_object,
    answer_from,
    flag,
    inner,
    moment,
    money,
    needed,
    number,
    rows,
    text,
    whole,
)


@pytest.mark.parametrize("read", [text, flag, number, money, whole, moment])
@pytest.mark.parametrize("row", [{}, {"field": None}])
def test_missing_and_null_are_the_same(read: Callable[[Row, str], object], row: Row) -> None:
    assert read(row, "field") is None


def test_missing_objects_and_lists_are_empty() -> None:
    assert inner({"field": None}, "field") == {}
    assert rows({}, "field") == []


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (text, 5),
        (text, ["a"]),
        (flag, 0),
        (flag, "true"),
        (number, "5"),
        (number, True),
        (whole, "5"),
        (whole, True),
        (whole, Decimal("2.5")),
        (money, "5 EUR"),
        (money, "5,00"),
        (money, "NaN"),
        (money, "Infinity"),
        (money, "1e5"),
        (money, ""),
        (money, True),
        (money, "\u0665"),
        (number, Decimal("1e999999999")),
        (number, Decimal("1e-999999999")),
        (number, Decimal("1e26")),
        (number, Decimal("123456789012345678901")),
        (money, "100000000000000000000000000"),
        (moment, "2026-11-23T10:15:02"),
        (moment, "yesterday"),
        (moment, "9999-12-31T23:59:59-14:00"),
        (inner, [1]),
        (rows, {"a": 1}),
        (rows, [1]),
        (an_object, 1),
    ],
)
def test_a_field_of_another_type_makes_the_answer_unusable(read: Callable[[Any, str], object], value: Any) -> None:
    with pytest.raises(NotAsExpected):
        read({"field": value} if read is not an_object else value, "field")


def test_amounts_come_as_numbers_or_as_text() -> None:
    assert money({"a": "8.90"}, "a") == money({"a": Decimal("8.9")}, "a") == Decimal("8.9")
    assert money({"a": "-0.05"}, "a") == Decimal("-0.05")
    assert whole({"a": Decimal("7.0")}, "a") == 7


def test_times_come_with_or_without_a_fraction_and_leave_in_utc() -> None:
    expected = datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC)
    assert moment({"a": "2026-11-23T10:15:02+01:00"}, "a") == expected
    assert moment({"a": "2026-11-23T09:15:02.000Z"}, "a") == expected


def test_needed_names_what_is_missing() -> None:
    assert needed(0, "stock") == 0
    with pytest.raises(NotAsExpected, match="stock is missing"):
        needed(None, "stock")


def test_a_json_number_becomes_a_decimal_through_its_text() -> None:
    answer = answer_from({"Content-Type": "application/json"}, b'{"price": 0.1}')
    assert answer is not None
    assert answer.body == {"price": Decimal("0.1")}
    assert isinstance(answer.body["price"], Decimal)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b'{"a": NaN}', b"[Infinity]", b'{"a":', b"\xff", b"[" * 100_000, b"9" * 5000]
)
def test_what_is_no_json_is_no_answer(content: bytes) -> None:
    assert answer_from({"content-type": "application/json"}, content) is None


def test_json_that_calls_itself_html_is_no_answer() -> None:
    assert answer_from({"content-type": "text/html"}, b"{}") is None


BEYOND_THE_CALENDAR = [
    "Fri, 31 Dec 9999 23:59:59 -1400",
    "Mon, 23 Nov 99999999999999999999 10:00:00 GMT",
]


@pytest.mark.parametrize("date", ["", "nonsense", "Mon, 23 Nov 2026 25:00:00 GMT", *BEYOND_THE_CALENDAR])
def test_a_date_that_is_none_is_none(date: str) -> None:
    answer = answer_from({"Date": date}, b"{}")
    assert answer is not None
    assert answer.at is None
