"""Records as JSON and back."""

import json
import re
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korsync.memory.codec import decode, encode, from_json, to_json
from korsync.records.catalogue import Article, ArticlePrice
from korsync.records.memory import Cache
from korsync.records.seen import Catalogue

NOON = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark blue"


@dataclass(frozen=True, slots=True)
class Line:
    id: int
    quantity: int
    price: Decimal = Decimal(0)
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    lines: tuple[Line, ...] = ()
    by_number: dict[int, Line] = field(default_factory=dict)
    by_name: dict[str, Decimal] = field(default_factory=dict)
    colour: Colour | None = None
    at: datetime | None = None
    open: bool = False
    times: tuple[datetime, ...] = ()
    inner: Line = field(default_factory=lambda: Line(1, 1))


decimals = st.integers(0, 8).flatmap(lambda places: st.decimals(-(10**20), 10**20, places=places))
instants = st.datetimes(timezones=st.just(UTC))
zoned = st.builds(
    lambda naive, minutes: naive.replace(tzinfo=timezone(timedelta(minutes=minutes))),
    st.datetimes(min_value=NOON.replace(year=2, tzinfo=None), max_value=NOON.replace(year=9998, tzinfo=None)),
    st.integers(-1439, 1439),
)
texts = st.text(st.characters())
lines = st.builds(Line, st.integers(), st.integers(), decimals, texts)
boxes = st.builds(
    Box,
    texts,
    st.lists(lines, max_size=3).map(tuple),
    st.dictionaries(st.integers(), lines, max_size=3),
    st.dictionaries(texts, decimals, max_size=3),
    st.none() | st.sampled_from(Colour),
    st.none() | instants | zoned,
    st.booleans(),
    st.lists(instants, max_size=2).map(tuple),
    lines,
)


def there_and_back(box: Box) -> Box:
    return decode(Box, from_json(to_json(encode(box))))


@given(boxes)
def test_every_record_comes_back_as_it_was(box: Box) -> None:
    assert there_and_back(box) == box


@given(boxes)
def test_what_came_back_is_written_with_the_same_bytes(box: Box) -> None:
    assert to_json(encode(there_and_back(box))) == to_json(encode(box))


@given(lines)
def test_a_field_that_makes_no_difference_is_kept_all_the_same(line: Line) -> None:
    back = there_and_back(Box("b", inner=line)).inner
    assert (str(back.price), back.note) == (str(line.price), line.note)


def test_fields_equal_to_their_default_are_left_out() -> None:
    assert encode(Box("b", lines=(Line(7, 2),))) == {"name": "b", "lines": [{"id": 7, "quantity": 2}]}


def test_decimals_are_text_times_are_utc_with_z_and_words_are_their_values() -> None:
    berlin = timezone(timedelta(hours=1))
    box = Box("b", by_name={"x": Decimal("2.50")}, colour=Colour.DARK_BLUE, at=NOON.astimezone(berlin), open=True)
    assert encode(box) == {
        "name": "b",
        "by_name": {"x": "2.50"},
        "colour": "dark blue",
        "at": "2026-11-23T12:00:05Z",
        "open": True,
    }


def test_times_come_back_in_utc() -> None:
    back = decode(Box, {"name": "b", "at": "2026-11-23T12:00:05.25Z"}).at
    assert back is not None
    assert back == NOON + timedelta(milliseconds=250)
    assert back.tzinfo is UTC


LINE: dict[str, Any] = {"id": 7, "quantity": 2}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ([], "$: must be an object, not a list"),
        (None, "$: must be an object, not null"),
        ({}, "$: name is missing"),
        ({"name": "b", "colors": []}, "$: the key 'colors' is unknown"),
        ({"name": 5}, "$.name: must be text, not a whole number"),
        ({"name": None}, "$.name: must be text, not null"),
        ({"name": "b", "open": 1}, "$.open: must be true or false, not a whole number"),
        ({"name": "b", "lines": {}}, "$.lines: must be a list, not an object"),
        ({"name": "b", "lines": [LINE, {"id": 7}]}, "$.lines[1]: quantity is missing"),
        ({"name": "b", "lines": [LINE | {"quantity": True}]}, "$.lines[0].quantity: must be a whole number, not true"),
        ({"name": "b", "lines": [LINE | {"quantity": Decimal("1.0")}]}, "$.lines[0].quantity: must be a whole number"),
        ({"name": "b", "lines": [LINE | {"price": 5}]}, "$.lines[0].price: must be a decimal number as text"),
        ({"name": "b", "lines": [LINE | {"price": "NaN"}]}, "$.lines[0].price: must be"),
        ({"name": "b", "lines": [LINE | {"price": "Infinity"}]}, "$.lines[0].price: must be"),
        ({"name": "b", "lines": [LINE | {"price": "1_0"}]}, "$.lines[0].price: must be"),
        ({"name": "b", "lines": [LINE | {"price": "٣"}]}, "$.lines[0].price: must be"),
        ({"name": "b", "lines": [LINE | {"price": "1E+99999999999999999999"}]}, "$.lines[0].price: is beyond"),
        ({"name": "b", "by_number": {"7": LINE, "x": LINE}}, "$.by_number.x: the key must be a whole number"),
        ({"name": "b", "by_number": {"07": LINE}}, "$.by_number.07: the key must be a whole number"),
        ({"name": "b", "by_number": {"-0": LINE}}, "$.by_number.-0: the key must be a whole number"),
        ({"name": "b", "by_number": {"7": {"id": 7}}}, "$.by_number.7: quantity is missing"),
        ({"name": "b", "colour": "green"}, "$.colour: must be one of red, dark blue"),
        ({"name": "b", "colour": ["red"]}, "$.colour: must be one of"),
        ({"name": "b", "at": "2026-11-23T12:00:05"}, "$.at: must be a time in UTC"),
        ({"name": "b", "at": "2026-11-23T12:00:05+01:00"}, "$.at: must be a time in UTC"),
        ({"name": "b", "at": "2026-02-30T12:00:05Z"}, "$.at: is not a time of the calendar"),
        ({"name": "b", "times": ["2026-11-23T12:00:05Z", 5]}, "$.times[1]: must be a time"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(data: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(complaint)):
        decode(Box, data)


def test_the_path_begins_where_the_caller_says() -> None:
    with pytest.raises(ValueError, match=r"^state\.orders\.quantity: must be"):
        decode(Line, LINE | {"quantity": "2"}, "state.orders")


def wrong(**values: Any) -> Any:
    """A record as a mistaken program could make it."""
    return Box(**({"name": "b"} | values))


@pytest.mark.parametrize(
    ("box", "path"),
    [
        (wrong(name=5), "$.name"),
        (wrong(open=1), "$.open"),
        (wrong(lines=[Line(1, 1)]), "$.lines"),
        (wrong(lines=(Line(1, True),)), r"$.lines[0].quantity"),
        (wrong(lines=("x",)), r"$.lines[0]"),
        (wrong(by_number={"7": Line(1, 1)}), "$.by_number.7"),
        (wrong(by_name={"x": 2.5}), "$.by_name.x"),
        (wrong(by_name={"x": Decimal("NaN")}), "$.by_name.x"),
        (wrong(by_name={"x": Decimal("-Infinity")}), "$.by_name.x"),
        (wrong(colour="red"), "$.colour"),
        (wrong(at=NOON.replace(tzinfo=None)), "$.at"),
        (wrong(at=NOON.replace(year=1, month=1, day=1, tzinfo=timezone(timedelta(hours=23)))), "$.at"),
    ],
)
def test_a_record_that_could_not_be_read_back_is_not_written(box: Any, path: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}: ")):
        encode(box)


def test_a_type_without_a_form_in_json_is_a_bug_found_at_once() -> None:
    @dataclass(frozen=True)
    class Floating:
        value: float

    with pytest.raises(TypeError, match="has no form in JSON"):
        encode(Floating(1.5))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b'{"b": {"a": 1, "c": 0, "a": 1}}',
        b"[NaN]",
        b"[-Infinity]",
        b"[1] x",
        b"\xff",
        b"\xef\xbb\xbf[]",
        '["ä"]'.encode("utf-16"),
        b"[" * 100_000,
        b"[" + b"9" * 5000 + b"]",
    ],
)
def test_json_with_surprises_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(data)


@given(st.binary(max_size=40) | st.text('{}[]",:0123456789.eE-+NaInfity \\u', max_size=40).map(str.encode))
def test_any_bytes_are_json_or_a_value_error(data: bytes) -> None:
    try:
        found = from_json(data)
    except ValueError:
        return
    assert found == json.loads(data, parse_float=Decimal)


@pytest.mark.long
def test_fifty_thousand_articles_are_read_in_under_four_seconds() -> None:
    prices = (ArticlePrice("g1", Decimal("12.99"), NOON), ArticlePrice("g2", Decimal("11.49")))
    articles = {f"id-{n}": Article(f"id-{n}", str(n), f"Käse {n}", n, True, False, True, prices) for n in range(50_000)}
    data = encode(Cache(catalogue=Catalogue(articles=articles)))
    # Whoever looks which lines the tests come by would be measured as well.
    tracer = sys.gettrace()
    sys.settrace(None)
    start = time.process_time()
    back = decode(Cache, data)
    seconds = time.process_time() - start
    sys.settrace(tracer)
    assert seconds < 4
    assert back.catalogue.articles == articles
