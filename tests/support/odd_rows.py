"""Spoils rows of what a simulated side answers, as a faulty version or an import of it would."""

import re
from collections.abc import Callable
from typing import Any

from korsync.sandbox.exchange import Answer, Request
from korsync.sandbox.server import SandboxServer

Json = dict[str, Any]
MISSING = object()


def spoil(server: SandboxServer, path: str, is_meant: Callable[[Json], bool], place: str, value: Any) -> None:
    """Put a value, or with MISSING none, at a place (`variants.0.price`) of the rows that are meant, from now on."""

    def strike(request: Request, answer: Answer) -> None:
        if request.method == "GET" and re.search(path, request.path) and isinstance(answer.body, dict):
            for row in _rows(answer.body):
                if is_meant(row):
                    _put(row, place.split("."), value)

    server.after_request = strike


def _rows(body: Json) -> list[Json]:
    lists = [each for each in body.values() if isinstance(each, list)]
    single = [each for name, each in body.items() if isinstance(each, dict) and name != "links"]
    return [row for each in lists for row in each if isinstance(row, dict)] + single + [body]


def _put(row: Any, steps: list[str], value: Any) -> None:
    *inner, last = steps
    for step in inner:
        row = row[int(step)] if isinstance(row, list) else row[step]
    if isinstance(row, list):
        row[int(last)] = value
    elif value is MISSING:
        row.pop(last, None)
    else:
        row[last] = value
