"""Records as short rows without names, for large tables that only korsync itself has written: what is read is trusted.

A file of rows is checked as a whole before any of it is read; `shape_of` tells whether the records are still the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints


class Way(NamedTuple):
    """Both directions for one type; `_same` where JSON has the value as it is."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


PLAIN = Way(_same, _same)


@cache
def way_of(hint: Any) -> Way:
    """Return how values of a type are written as rows and read again."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (str, int, bool):
        return PLAIN
    if hint is Decimal:
        return Way(str, Decimal)
    if hint is datetime:
        return Way(_written_instant, datetime.fromisoformat)
    if origin in (UnionType, Union) and NoneType in arguments:
        return _optional(way_of(next(each for each in arguments if each is not NoneType)))
    if origin is tuple:
        return _sequence(way_of(arguments[0]))
    if origin in (dict, Mapping):
        return _mapping(arguments[0], way_of(arguments[1]))
    if is_dataclass(hint):
        return _record(hint)
    raise TypeError(f"{hint} has no form in a row")


def shape_of(kind: Any) -> str:
    """Return the fields of a record and of those inside it, by which a row of another version is known."""
    inner = [each for hint in get_type_hints(kind).values() for each in (hint, *get_args(hint)) if is_dataclass(each)]
    return f"{[(each.name, str(each.type)) for each in fields(kind)]}{[shape_of(each) for each in inner]}"


@lru_cache(1000)
def _written_instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _optional(inner: Way) -> Way:
    if inner is PLAIN:
        return PLAIN
    write, read = inner
    return Way(lambda value: None if value is None else write(value), lambda data: None if data is None else read(data))


def _sequence(inner: Way) -> Way:
    write, read = inner
    if inner is PLAIN:
        return Way(list, tuple)
    return Way(lambda values: [write(each) for each in values], lambda data: tuple([read(each) for each in data]))


def _mapping(key_type: Any, inner: Way) -> Way:
    write, read = inner
    return Way(
        lambda values: {str(key): write(value) for key, value in values.items()},
        lambda data: {key_type(key): read(value) for key, value in data.items()},
    )


def _record(kind: Any) -> Way:
    hints = get_type_hints(kind)
    ways = [(each.name, way_of(hints[each.name])) for each in fields(kind)]
    readers = [(place, way.read) for place, (_, way) in enumerate(ways) if way is not PLAIN]
    written = zip(fields(kind), ways, strict=True)
    defaults = [MISSING if each.default is MISSING else way.write(each.default) for each, (_, way) in written]

    def write(value: Any) -> list[Any]:
        row = [way.write(getattr(value, name)) for name, way in ways]
        while row and row[-1] == defaults[len(row) - 1]:
            row.pop()
        return row

    def read(row: list[Any]) -> Any:
        length = len(row)
        for place, read_field in readers:
            if place >= length:
                break
            row[place] = read_field(row[place])
        return kind(*row)

    return Way(write, read)
