"""Frozen records as JSON and back, by their type hints: what does not fit exactly is refused with its JSON path.

Serves state.json and cache.json. A Decimal is written as text and a time in UTC with Z, so that a file holds no
JSON number but whole ones. A field equal to its default is left out.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?", re.ASCII)
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
MOST_DIGITS = 40
HIGHEST_POWER = 24
"""Beyond any amount; sums with two places after the point still fit Decimal's usual 28 digits."""
WHOLE = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)


class _Misfit(Exception):
    """A value that does not fit; on the way out each container adds the step that led to it."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self.complaint = complaint
        self.steps: list[str] = []

    def at(self, path: str) -> str:
        return f"{path}{''.join(reversed(self.steps))}: {self.complaint}"


class _Pair(NamedTuple):
    """Both directions for one type hint."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def encode(value: Any, path: str = "$") -> Any:
    """Return a record as what json can write; ValueError names the path of a value that is not of its field's type."""
    kind: Any = type(value)
    try:
        return _pair(kind).write(value)
    except _Misfit as misfit:
        raise ValueError(misfit.at(path)) from None


def decode(cls: type[Record], data: Any, path: str = "$") -> Record:
    """Return the record that `encode` wrote as `data`.

    A field with a default may be missing. Everything else that is unknown, missing or of another type is a ValueError
    that names its JSON path.
    """
    kind: Any = cls
    try:
        record: Record = _pair(kind).read(data)
    except _Misfit as misfit:
        raise ValueError(misfit.at(path)) from None
    return record


def to_json(value: Any) -> bytes:
    """Return an encoded value as compact JSON, in ASCII so that even half an emoji survives."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def from_json(data: bytes) -> Any:
    """Return what `to_json` wrote; a ValueError also for a key that stands twice, NaN, Infinity, and absurd depth."""
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_refuse, parse_float=Decimal
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {double[:40]!r} stands twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _kind(data: Any) -> str:
    kinds = {NoneType: "null", bool: "true or false", int: "a whole number", Decimal: "a number", str: "text"}
    return kinds.get(type(data), "a list" if isinstance(data, list | tuple) else "an object")


def _exactly(kind: type, name: str) -> Callable[[Any], Any]:
    """Return a check for one type and none of its subclasses: a bool is no int."""

    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise _Misfit(f"must be {name}, not {_kind(value)}")
        return value

    return check


an_object, a_list, a_tuple = _exactly(dict, "an object"), _exactly(list, "a list"), _exactly(tuple, "a tuple")


def _write_decimal(value: Any) -> str:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise _Misfit("must be a finite Decimal")
    return str(_proportionate(value))


def _proportionate(value: Decimal) -> Decimal:
    if len(value.as_tuple().digits) > MOST_DIGITS or not -MOST_DIGITS <= value.adjusted() <= HIGHEST_POWER:
        raise _Misfit("is out of all proportion")
    return value


def _whole(value: Any) -> Any:
    if type(value) is not int:
        raise _Misfit(f"must be a whole number, not {_kind(value)}")
    if abs(value) >= 10**MOST_DIGITS:
        raise _Misfit("is out of all proportion")
    return value


def _read_decimal(data: Any) -> Decimal:
    if type(data) is not str or not DECIMAL.fullmatch(data):
        raise _Misfit(f"must be a decimal number as text, not {_kind(data)}")
    try:
        return _proportionate(Decimal(data))
    except ArithmeticError:
        raise _Misfit("is beyond every number") from None


def _write_instant(value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None or value.utcoffset() is None:
        raise _Misfit("must be a time with its time zone")
    try:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        raise _Misfit("is beyond the calendar") from None


def _read_instant(data: Any) -> datetime:
    if type(data) is not str or not INSTANT.fullmatch(data):
        raise _Misfit("must be a time in UTC such as 2026-11-23T10:15:02Z")
    try:
        return datetime.fromisoformat(data)
    except ValueError:
        raise _Misfit("is not a time of the calendar") from None


PLAIN = {
    str: _Pair(_exactly(str, "text"), _exactly(str, "text")),
    int: _Pair(_whole, _whole),
    bool: _Pair(_exactly(bool, "true or false"), _exactly(bool, "true or false")),
    Decimal: _Pair(_write_decimal, _read_decimal),
    datetime: _Pair(_write_instant, _read_instant),
}


@cache
def _pair(hint: Any) -> _Pair:
    """Return both directions for a type hint, worked out once."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union) and len(arguments) == 2 and NoneType in arguments:
        return _optional(_pair(next(each for each in arguments if each is not NoneType)))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(_pair(arguments[0]))
    if origin in (dict, Mapping) and arguments[0] in (str, int):
        return _mapping(arguments[0], _pair(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _word(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    raise TypeError(f"{hint} has no form in JSON")


def _optional(inner: _Pair) -> _Pair:
    return _Pair(
        lambda value: None if value is None else inner.write(value),
        lambda data: None if data is None else inner.read(data),
    )


def _word(kind: type[StrEnum]) -> _Pair:
    words = {word.value: word for word in kind}

    def write(value: Any) -> str:
        if not isinstance(value, kind):
            raise _Misfit(f"must be a {kind.__name__}")
        return value.value

    def read(data: Any) -> StrEnum:
        if type(data) is not str or data not in words:
            raise _Misfit(f"must be one of {', '.join(words)}")
        return words[data]

    return _Pair(write, read)


def _sequence(inner: _Pair) -> _Pair:
    def each(items: Any, translate: Callable[[Any], Any]) -> list[Any]:
        done: list[Any] = []
        try:
            done.extend(map(translate, items))
        except _Misfit as misfit:
            misfit.steps.append(f"[{len(done)}]")
            raise
        return done

    def write(value: Any) -> list[Any]:
        return each(a_tuple(value), inner.write)

    def read(data: Any) -> tuple[Any, ...]:
        return tuple(each(a_list(data), inner.read))

    return _Pair(write, read)


def _mapping(key_type: type, inner: _Pair) -> _Pair:
    check = _exactly(key_type, "the type of the keys")

    def read_key(key: str) -> str | int:
        if key_type is str:
            return key
        # One number has one spelling, otherwise "7" and "07" would silently be one entry.
        if not WHOLE.fullmatch(key):
            raise _Misfit("the key must be a whole number")
        if len(key) > MOST_DIGITS:
            raise _Misfit("the key is out of all proportion")
        return int(key)

    def each(items: Any, key_of: Callable[[Any], Any], translate: Callable[[Any], Any]) -> dict[Any, Any]:
        done = {}
        for key, item in an_object(items).items():
            try:
                done[key_of(key)] = translate(item)
            except _Misfit as misfit:
                misfit.steps.append(f".{str(key)[:80]}")
                raise
        return done

    return _Pair(
        lambda value: each(value, lambda key: str(check(key)), inner.write),
        lambda data: each(data, read_key, inner.read),
    )


def _record(cls: type) -> _Pair:
    hints = get_type_hints(cls)
    pairs = {each.name: _pair(hints[each.name]) for each in fields(cls)}
    writers = [(each.name, pairs[each.name].write, _written_default(each, pairs[each.name])) for each in fields(cls)]
    readers = {name: pair.read for name, pair in pairs.items()}
    required = {each.name for each in fields(cls) if each.default is each.default_factory is MISSING}

    def write(value: Any) -> dict[str, Any]:
        if type(value) is not cls:
            raise _Misfit(f"must be a {cls.__name__}")
        done = {}
        for name, write_field, default in writers:
            try:
                written = write_field(getattr(value, name))
            except _Misfit as misfit:
                misfit.steps.append(f".{name}")
                raise
            if written != default:
                done[name] = written
        return done

    def read(data: Any) -> Any:
        items = an_object(data)
        if not items.keys() <= readers.keys():
            unknown = next(name for name in items if name not in readers)
            raise _Misfit(f"the key {unknown[:40]!r} is unknown")
        values, name = {}, ""
        try:
            for name, item in items.items():
                values[name] = readers[name](item)
        except _Misfit as misfit:
            misfit.steps.append(f".{name}")
            raise
        if not required <= values.keys():
            raise _Misfit(f"{next(each for each in readers if each in required - values.keys())} is missing")
        return cls(**values)

    return _Pair(write, read)


def _written_default(each: Field[Any], pair: _Pair) -> Any:
    """Return a field's default as written, or MISSING: compared as written, 0.00 is not 0 and nothing is lost."""
    if each.default is not MISSING:
        return pair.write(each.default)
    return MISSING if each.default_factory is MISSING else pair.write(each.default_factory())
