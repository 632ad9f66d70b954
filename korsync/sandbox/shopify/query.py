"""Questions to the simulated store: what a query may hold, and lists cut into pages by opaque cursors."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from korsync.sandbox.exchange import Answer, Request

DEFAULT_LIMIT = 50
MOST_PER_PAGE = 250

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_WITH_CURSOR = frozenset({"limit", "fields", "page_info"})

Row = TypeVar("Row")
Position = tuple[Any, ...]
"""Where a row stands in its list: numbers and text that compare."""


class RefusalError(Exception):
    """The store refuses a request; carries the answer."""

    def __init__(self, status: int, errors: Any = None) -> None:
        """Take the status and, where the body is not empty, what stands under `errors` in it."""
        super().__init__(f"{status} {errors}")
        self.answer = Answer(status, None if errors is None else {"errors": errors})


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to a route: ids from the path, and the checked query."""

    request: Request
    path: str
    ids: tuple[int, ...]
    query: Mapping[str, str]
    sees_all_orders: bool = True

    def ids_in(self, name: str, most: int | None = None) -> list[int] | None:
        """Return a comma list of ids from the query, None where it is not asked for; refuse anything else."""
        if name not in self.query:
            return None
        texts = self.query[name].split(",")
        if not all(re.fullmatch(r"\d+", each) for each in texts):
            raise RefusalError(400, {name: "expected a comma list of ids"})
        if most is not None and len(texts) > most:
            raise RefusalError(422, {name: f"at most {most} ids"})
        return [int(each) for each in texts]

    def instant(self, name: str) -> datetime | None:
        """Return a time from the query; refuse one without offset, or whose raw + arrived as a blank."""
        text = self.query.get(name)
        if text is None:
            return None
        if not _INSTANT.fullmatch(text):
            raise RefusalError(400, {name: "Invalid value."})
        return datetime.fromisoformat(text)

    def since_id(self) -> int | None:
        """Return the id after which the list shall begin."""
        found = self.ids_in("since_id")
        return found[0] if found else None

    def limit(self) -> int:
        """Return how many rows a page may have."""
        text = self.query.get("limit", str(DEFAULT_LIMIT))
        if not re.fullmatch(r"\d+", text) or not 1 <= int(text) <= MOST_PER_PAGE:
            raise RefusalError(400, {"limit": f"expected 1 to {MOST_PER_PAGE}"})
        return int(text)

    def chosen(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the top-level fields asked for; unknown ones are passed over, none asked for means all."""
        if not self.query.get("fields"):
            return row
        wanted = {each.strip() for each in self.query["fields"].split(",")}
        return {name: value for name, value in row.items() if name in wanted}

    def body(self, root: str) -> dict[str, Any]:
        """Return the object that the body holds under its root name; without a root name the body itself."""
        try:
            whole = self.request.json()
        except ValueError:
            raise RefusalError(400, {"json": "the body is not JSON"}) from None
        inner = whole.get(root) if root and isinstance(whole, dict) else whole
        if not isinstance(inner, dict):
            raise RefusalError(400, {root or "body": "Required parameter missing or invalid"})
        return inner


def checked_query(request: Request, allowed: frozenset[str]) -> dict[str, str]:
    """Return the query with one value each; refuse names that the endpoint does not know, and mixed-in cursors."""
    for name, values in request.query.items():
        if name not in allowed:
            raise RefusalError(400, {name: "is not a parameter of this endpoint"})
        if len(values) > 1:
            raise RefusalError(400, {name: "is given twice"})
    query = {name: values[0] for name, values in request.query.items()}
    if "page_info" in query:
        for name in query:
            if name not in _WITH_CURSOR:
                text = f"{name} cannot be passed when page_info is present. See the pagination documentation."
                raise RefusalError(400, {name: text})
    return query


def page(call: Call, rows: Callable[[Call], Iterable[tuple[Position, Row]]]) -> tuple[Sequence[Row], dict[str, str]]:
    """Return one page of the rows that a call asks for, and the Link header to its neighbours.

    A cursor remembers the filters and the position of the last row, not the rows: what changes between two pages
    comes twice or not at all, as in life.
    """
    limit = call.limit()
    cursor = _read_cursor(call) if "page_info" in call.query else None
    filters = cursor["filters"] if cursor else {n: v for n, v in call.query.items() if n not in _WITH_CURSOR}
    asked = Call(call.request, call.path, call.ids, filters, call.sees_all_orders)
    every = sorted(rows(asked), key=lambda each: each[0])
    if cursor is None:
        start = 0
    elif cursor["direction"] == "next":
        start = sum(1 for position, _ in every if position <= tuple(cursor["from"]))
    else:
        start = max(0, sum(1 for position, _ in every if position < tuple(cursor["from"])) - limit)
    shown = every[start : start + limit]
    links = []
    if shown and start > 0:
        links.append(_link(call, filters, "previous", shown[0][0], limit))
    if shown and start + limit < len(every):
        links.append(_link(call, filters, "next", shown[-1][0], limit))
    return [row for _, row in shown], {"Link": ", ".join(links)} if links else {}


def _link(call: Call, filters: Mapping[str, str], direction: str, position: Position, limit: int) -> str:
    cursor = {"list": call.path, "filters": dict(filters), "direction": direction, "from": list(position)}
    text = base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")
    query = {"limit": str(limit), "page_info": text}
    if "fields" in call.query:
        query["fields"] = call.query["fields"]
    host = call.request.headers.get("host", "localhost")
    return f'<http://{host}{call.request.path}?{urlencode(query)}>; rel="{direction}"'


def _read_cursor(call: Call) -> dict[str, Any]:
    text = call.query["page_info"]
    try:
        cursor = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        cursor = None
    if not isinstance(cursor, dict) or cursor.get("list") != call.path:
        raise RefusalError(400, {"page_info": "Invalid value."})
    return cursor
