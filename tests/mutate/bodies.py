"""What may have happened to an answer on its way: each mishap is a function of the answer and of chance."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from korsync.sandbox.exchange import Answer

RAW = "\u241fraw "
"""What begins so is written into the JSON without quotes: numbers that no serializer would write."""

NUMBERS = (
    *("1e999999999", "-1e999999999", "1e400", "1" + "0" * 40, "-" + "9" * 30, "0.1e-999999", "NaN", "Infinity"),
    *("9" * 12, "9" * 18, "9" * 19, "1" + "0" * 19, "9" * 20),
)
ODD_TEXTS = (
    "",
    "\x1b[2J\x1b]0;korsync\x07",
    "[red]x[/red][link=http://evil.example]",
    "\u202egnp.exe",
    "a\nkorsync: done\r\n",
    "x" * 20_000,
    "\ud83d",
    "\x00",
    "0123",
    "NaN",
    "-1",
)
TIMES = (
    *("", "soon", "2026-11-23T09:00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-13-45"),
    *("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1971-01-01T00:00:00Z", "2998-12-31T23:59:59Z"),
    "3500-01-01T00:00:00Z",
)
OTHER_TYPES: tuple[Any, ...] = ({}, [], [[]], [None], {"id": None}, "x", 7, -1, 1.5, True, {"a": {"b": []}})

Place = tuple[Any, ...]
Mishap = Callable[[Answer, Random], Answer]


def places(node: Any, path: Place = ()) -> Iterator[Place]:
    """Yield the way to everything in a body, in a long list to a few of its rows only."""
    if isinstance(node, dict):
        steps: list[Any] = list(node)
    else:
        steps = [*range(min(4, len(node)))]
    for step in steps:
        yield (*path, step)
        if isinstance(node[step], dict | list):
            yield from places(node[step], (*path, step))


def _at(body: Any, way: Place) -> Any:
    for step in way:
        body = body[step]
    return body


def _dumped(body: Any) -> bytes:
    written = json.dumps(body)
    for number in NUMBERS:
        written = written.replace(json.dumps(RAW + number), number)
    return written.encode()


def _in_the_body(change: Callable[[Any, Any, Any, Random], None]) -> Mishap:
    """Make a mishap of what changes one place in a body: its container, the step to it, the whole body."""

    def happen(answer: Answer, chance: Random) -> Answer:
        body = json.loads(answer.payload() or b"null")
        everything = list(places(body)) if isinstance(body, dict | list) else []
        if not everything:
            return answer
        # By name first: what a list has hundreds of would otherwise be all that is changed.
        name = chance.choice(sorted({str(place[-1]) for place in everything}))
        *way, last = chance.choice([place for place in everything if str(place[-1]) == name])
        change(_at(body, tuple(way)), last, body, chance)
        return replace(answer, body=_dumped(body))

    return happen


def _dropped(container: Any, last: Any, _body: Any, _chance: Random) -> None:
    del container[last]


def _nothing(container: Any, last: Any, _body: Any, _chance: Random) -> None:
    container[last] = None


def _of_another_type(container: Any, last: Any, _body: Any, chance: Random) -> None:
    now = container[last]
    container[last] = chance.choice([each for each in OTHER_TYPES if type(each) is not type(now)])


def _a_huge_number(container: Any, last: Any, _body: Any, chance: Random) -> None:
    number = chance.choice(NUMBERS)
    is_text = isinstance(container[last], str) and container[last].replace(".", "").isdigit()
    container[last] = number if is_text and chance.random() < 0.5 else RAW + number


def _an_odd_text(container: Any, last: Any, _body: Any, chance: Random) -> None:
    container[last] = chance.choice(TIMES if str(last).endswith(("_at", "Time", "From")) else ODD_TEXTS)


def _from_elsewhere(container: Any, last: Any, body: Any, chance: Random) -> None:
    others = [_at(body, place) for place in places(body)]
    container[last] = json.loads(
        json.dumps(chance.choice([each for each in others if each != container[last]] or [None]))
    )


def _deep(container: Any, last: Any, _body: Any, _chance: Random) -> None:
    nested: Any = []
    for _ in range(400):
        nested = [nested]
    container[last] = nested


def _cut(answer: Answer, chance: Random) -> Answer:
    payload = answer.payload()
    return replace(answer, body=payload[: chance.randrange(len(payload))] if payload else b"")


def _with_rubbish(answer: Answer, chance: Random) -> Answer:
    payload = bytearray(answer.payload() or b"{}")
    for _ in range(chance.randint(1, 4)):
        payload[chance.randrange(len(payload))] = chance.randrange(256)
    return replace(answer, body=bytes(payload))


def _web_page(answer: Answer, chance: Random) -> Answer:
    page = b"<!DOCTYPE html><html><body>Wir sind gleich zur\xfcck</body></html>"
    return replace(answer, body=page, content_type=chance.choice(["text/html; charset=latin-1", "application/json"]))


def _in_another_encoding(answer: Answer, chance: Random) -> Answer:
    text = answer.payload().decode() or "{}"
    return replace(answer, body=(text + " ä").encode(chance.choice(["utf-16", "latin-1", "utf-32-be", "utf-7"])))


def _of_another_content_type(answer: Answer, chance: Random) -> Answer:
    return replace(answer, content_type=chance.choice(["text/plain", "text/html", "", "image/png", "application/xml"]))


def _gzip_bomb(answer: Answer, chance: Random) -> Answer:
    kind = chance.choice(["bomb", "no gzip", "half"])
    content = {"bomb": BOMB, "no gzip": answer.payload() or b"{}", "half": gzip.compress(answer.payload())[:-9]}[kind]
    return replace(answer, body=content, headers={**answer.headers, "Content-Encoding": "gzip"})


BOMB = gzip.compress(b'{"results": ["' + b"x" * 40_000_000 + b'"]}')


def _empty(answer: Answer, chance: Random) -> Answer:
    return replace(answer, status=chance.choice([200, 201, 204]), body=None)


def _of_another_status(answer: Answer, chance: Random) -> Answer:
    status = chance.choice([201, 202, 206, 301, 304, 400, 403, 404, 408, 409, 422, 423, 429, 500, 502, 503, 599])
    bodies = (
        answer.payload(),
        b"",
        b"<html>",
        b'{"code": "ODD", "message": "x"}',
        b'{"errors": {"a": [{"b": 1}, "c"]}}',
    )
    return replace(answer, status=status, body=chance.choice(bodies))


def _with_odd_headers(answer: Answer, chance: Random) -> Answer:
    odd = {
        "Link": ['<https://evil.example/x?page_info=abc>; rel="next"', '<>; rel="next"', "<http://[/>; rel=next"],
        "Retry-After": ["86400", "-1", "nan", "soon"],
        "X-Shopify-Shop-Api-Call-Limit": ["40/40", "0/0", "99999/1", "x", "-1/40"],
        "X-Shopify-API-Version": ["2019-01", "\x1b[2J", "x" * 5000],
        "X-Request-Id": ["x" * 5000, "a\x1b[2J"],
    }
    name = chance.choice(sorted(odd))
    return replace(answer, headers={**answer.headers, name: chance.choice(odd[name])})


def _of_another_time(answer: Answer, chance: Random) -> Answer:
    dates = ["", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00"]
    dates += ["Mon, 23 Nov 2026 13:30:00 GMT", "Wed, 23 Dec 2026 09:30:00 GMT", "Sun, 22 Nov 2026 09:30:00 GMT"]
    return replace(answer, headers={**answer.headers, "Date": chance.choice(dates)})


LIES = frozenset({"an odd text", "a value from elsewhere", "rubbish in it"})
"""Mishaps that may leave something which nobody can tell from the truth: another name, another digit."""

MISHAPS: dict[str, Mishap] = {
    "a key dropped": _in_the_body(_dropped),
    "a null": _in_the_body(_nothing),
    "another type": _in_the_body(_of_another_type),
    "a huge number": _in_the_body(_a_huge_number),
    "an odd text": _in_the_body(_an_odd_text),
    "a value from elsewhere": _in_the_body(_from_elsewhere),
    "nested without end": _in_the_body(_deep),
    "cut off": _cut,
    "rubbish in it": _with_rubbish,
    "a web page": _web_page,
    "another encoding": _in_another_encoding,
    "another content type": _of_another_content_type,
    "badly packed": _gzip_bomb,
    "empty": _empty,
    "another status": _of_another_status,
    "odd headers": _with_odd_headers,
    "another Date": _of_another_time,
}
