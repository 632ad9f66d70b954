"""JSON answers at the door: what an answer is, and its fields read strictly by type but tolerantly by presence.

A field that is missing or null is None; a field of another type than documented makes the whole answer unusable.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

Row = Mapping[str, Any]

_DIGITS = 20
"""No price, quantity or id of either side is longer.

1e999999999 is legal JSON and would hang the arithmetic; with 20 digits before the point and the cents behind it a sum
stays within the 28 that Decimal reckons with exactly.
"""

FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
"""Nothing happened before or will happen after; nearer to the ends of the calendar sums of times overflow."""

MOST_PIECES, HIGHEST_AMOUNT, HIGHEST_ID = 10**9, 10**12, 10**19 - 1
"""No order has more pieces or a higher amount, and no id is higher; whatever is made of them can be kept."""


class NotAsExpected(Exception):
    """An answer, or a part of it, is not what the API documents; nothing may be derived from it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of either side: JSON body (None for 204), headers by lower-case name, and its own Date in UTC."""

    body: Any
    headers: Mapping[str, str]
    at: datetime | None


def answer_from(headers: Mapping[str, str], content: bytes) -> Answer | None:
    """Return an answer with its JSON, Decimal where it has a fraction; None where the content is no JSON."""
    named = {name.lower(): value for name, value in headers.items()}
    if "json" not in named.get("content-type", "json").lower():
        return None
    try:
        body = json.loads(content.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    return Answer(body, named, date_in(named))


def date_in(headers: Mapping[str, str]) -> datetime | None:
    """Return the Date of an answer in UTC, no nearer to the ends of the calendar than one can reckon.

    None where it is missing or nonsense.
    """
    try:
        instant = parsedate_to_datetime(headers.get("date", ""))
        return min(max(instant.astimezone(UTC), FIRST), LAST) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def needed(value: T | None, name: str) -> T:
    """Return the value; raise NotAsExpected where it is missing."""
    if value is None:
        raise NotAsExpected(f"{name} is missing")
    return value


def an_object(value: Any, name: str) -> Row:
    """Return a JSON object; raise NotAsExpected for anything else."""
    if not isinstance(value, dict):
        raise NotAsExpected(f"{name} is not an object")
    return value


def inner(row: Row, name: str) -> Row:
    """Return the object under a name; empty where it is missing or null."""
    value = row.get(name)
    return {} if value is None else an_object(value, name)


def or_told(read: Callable[[Row], T], tell: Callable[[Row, str], T]) -> Callable[[Row], T]:
    """Return the reader of a list's rows: one that cannot be read is told as far as it can be, and the others go on.

    `tell` makes the record that says why; it raises NotAsExpected where not even the id can be told.
    """

    def read_or_tell(row: Row) -> T:
        try:
            return read(row)
        except NotAsExpected as error:
            return tell(row, str(error))

    return read_or_tell


def or_left_out(read: Callable[[Row], T]) -> Callable[[Row], T | None]:
    """Return the reader of a list in which one row is looked for: one that cannot be read is left out."""

    def read_or_leave_out(row: Row) -> T | None:
        try:
            return read(row)
        except NotAsExpected:
            return None

    return read_or_leave_out


def as_told(row: Row, name: str) -> str:
    """Return a name or number in whatever form it came; empty where it is neither."""
    value = row.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def rows(row: Row, name: str) -> list[Row]:
    """Return the list of objects under a name; empty where it is missing or null."""
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotAsExpected(f"{name} is not a list")
    return [an_object(each, name) for each in value]


def listed(row: Row, name: str) -> list[Row]:
    """Return the list of objects under a name that the API always gives; a missing one is no empty one.

    Raises NotAsExpected then: nobody knows what was in it.
    """
    needed(row.get(name), name)
    return rows(row, name)


def text(row: Row, name: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise NotAsExpected(f"{name} is not text")
    return value


def flag(row: Row, name: str) -> bool | None:
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise NotAsExpected(f"{name} is neither true nor false")
    return value


def number(row: Row, name: str) -> Decimal | None:
    """Return the JSON number under a name; a number in quotes is refused."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise NotAsExpected(f"{name} is not a number")
    return _within_reason(Decimal(value), name)


def money(row: Row, name: str) -> Decimal | None:
    """Return the amount under a name, given as a JSON number or as a number in text."""
    value = row.get(name)
    if not isinstance(value, str):
        amount = number(row, name)
    elif re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", value):
        amount = _within_reason(Decimal(value), name)
    else:
        raise NotAsExpected(f"{name} is not an amount")
    if amount is not None and abs(amount) > HIGHEST_AMOUNT:
        raise NotAsExpected(f"{name} is out of all proportion")
    return amount


def whole(row: Row, name: str) -> int | None:
    value = number(row, name)
    if value is None:
        return None
    if value != value.to_integral_value():
        raise NotAsExpected(f"{name} is not a whole number")
    return int(value)


def pieces(row: Row, name: str) -> int | None:
    """Return the number of pieces under a name: whole, not below 0, and none that nothing has."""
    value = whole(row, name)
    if value is not None and not 0 <= value <= MOST_PIECES:
        raise NotAsExpected(f"{name} is no number of pieces")
    return value


def identifier(row: Row, name: str = "id") -> int:
    """Return the id under a name; raise NotAsExpected where it is missing or none."""
    value = needed(whole(row, name), name)
    if not 0 < value <= HIGHEST_ID:
        raise NotAsExpected(f"{name} is no id")
    return value


def moment(row: Row, name: str) -> datetime | None:
    """Return the instant under a name in UTC, at which something happened.

    A time without a zone is refused, because nobody knows which it is, and one at which nothing can have happened.
    """
    instant = _instant(row, name)
    if instant is not None and not FIRST <= instant < LAST:
        raise NotAsExpected(f"{name} is not a time at which anything happened")
    return instant


def clamped_moment(row: Row, name: str) -> datetime | None:
    """Return the instant under a name in UTC, no nearer to the ends of the calendar than one can reckon.

    What is valid since the year 1 is so since ever.
    """
    instant = _instant(row, name)
    return None if instant is None else min(max(instant, FIRST), LAST)


def _instant(row: Row, name: str) -> datetime | None:
    value = text(row, name)
    if not value:
        return None
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise NotAsExpected(f"{name} has no time zone")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotAsExpected(f"{name} is not a time") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _within_reason(value: Decimal, name: str) -> Decimal:
    if not value.is_finite() or abs(value.adjusted()) > _DIGITS or len(value.as_tuple().digits) > _DIGITS:
        raise NotAsExpected(f"{name} is out of all proportion")
    return value
