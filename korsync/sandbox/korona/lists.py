"""The lists of the simulated KORONA: reading query values, filtering, sorting, paging, the envelope, the bare 204."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from korsync.sandbox.exchange import Answer, Request
from korsync.sandbox.korona.receipts import Refusal
from korsync.sandbox.korona.store import KoronaStore, Row

DEFAULT_SIZE = 100
LARGEST_SIZE = 1000

_SORTABLE: dict[str, Callable[[Row], Any]] = {
    "revision": lambda row: row.revision,
    "number": lambda row: row.number or "",
    "name": lambda row: row.name,
}
_MOST_SORT_NAMES = 5


def text(request: Request, name: str) -> str | None:
    """Return a query value, None where it was not sent."""
    return request.query[name][0] if name in request.query else None


def whole_number(request: Request, name: str, default: int, allowed: range) -> int:
    """Return a query value as a number; raise Refusal where it is none or out of range."""
    value = text(request, name)
    if value is None:
        return default
    if not value.isdecimal() or int(value) not in allowed:
        raise Refusal(400, "INVALID_QUERY_PARAMETER", f"{name}={value}")
    return int(value)


def yes_or_no(request: Request, name: str) -> bool | None:
    """Return a query value as a truth, None where it was not sent; raise Refusal where it is neither."""
    value = text(request, name)
    if value not in (None, "true", "false"):
        raise Refusal(400, "INVALID_QUERY_PARAMETER", f"{name}={value}")
    return None if value is None else value == "true"


def instant(request: Request, name: str) -> datetime | None:
    """Return a query value as an aware time, None where it was not sent; raise Refusal where it is none.

    A fraction of a second is refused, as some of KORONA's clusters do.
    """
    value = text(request, name)
    if value is None:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})", value):
        raise Refusal(400, "INVALID_QUERY_PARAMETER", f"{name}={value}")
    return datetime.fromisoformat(value)


def list_answer(
    store: KoronaStore,
    request: Request,
    kind: type[Row],
    rows: Iterable[Row],
    to_json: Callable[[KoronaStore, Any], dict[str, Any]],
) -> Answer:
    """Return one page of these rows as the query asks for them; an empty list is a 204 without body."""
    for name in ("number", "orderNumber"):
        if text(request, name) in store.unaskable:
            raise Refusal(400, "MALFORMED_MODEL_ID_OR_NUMBER", f"{name}={text(request, name)}")
    number = whole_number(request, "page", 1, range(1, 10**9))
    size = whole_number(request, "size", DEFAULT_SIZE, range(1, LARGEST_SIZE + 1))
    since = whole_number(request, "revision", -1, range(2**63))
    deleted_too = yes_or_no(request, "includeDeleted") or False
    found = [row for row in rows if row.revision > since and (row.active or deleted_too)]
    found = [row for row in found if _matches(store, text(request, "number"), row.number if row.active else None)]
    found = _sorted(found, text(request, "sort"), ignore=store.ignores_sort)
    page = found[(number - 1) * size : number * size]
    if not page:
        return Answer(204)
    pages = -(-len(found) // size)
    links = {"self": number, "previous": number - 1, "next": number + 1}
    return Answer(
        200,
        {
            "results": [to_json(store, row) for row in page],
            "currentPage": number,
            "pagesTotal": pages,
            "resultsTotal": len(found),
            "resultsOfPage": len(page),
            "maxRevision": store.max_revision(kind),
            "links": {name: _link(request, each) for name, each in links.items() if 1 <= each <= pages},
        },
    )


def matching(store: KoronaStore, request: Request, name: str, value: str | None) -> bool:
    """Say whether a row's value passes the query's filter of this name."""
    return _matches(store, text(request, name), value)


def _matches(store: KoronaStore, wanted: str | None, value: str | None) -> bool:
    if wanted is None:
        return True
    return wanted in (value or "") if store.contains_filters else wanted == value


def _sorted(rows: list[Row], names: str | None, *, ignore: bool) -> list[Row]:
    orders = names.split(",") if names else []
    if len(orders) > _MOST_SORT_NAMES or any(order.removeprefix("-") not in _SORTABLE for order in orders):
        raise Refusal(400, "INVALID_QUERY_PARAMETER", f"sort={names}")
    if not ignore:
        # stable sorts from the last name to the first give the order by all of them
        for order in reversed(orders):
            rows = sorted(rows, key=_SORTABLE[order.removeprefix("-")], reverse=order.startswith("-"))
    return rows


def _link(request: Request, page: int) -> str:
    query = {name: values[0] for name, values in request.query.items()} | {"page": str(page)}
    return f"http://{request.headers.get('host', '127.0.0.1')}{request.path}?{urlencode(query)}"
