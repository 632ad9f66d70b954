"""A running KORONA side with a plain HTTP client beside it, for the tests of the side itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests

from korsync.sandbox.korona.account import COUPLING_ID, PASSWORD, USER, KoronaSide
from korsync.sandbox.korona.routes import BASE_PATH, TOO_MANY_WRITES
from korsync.sandbox.server import Clock, SandboxServer

NOON = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)


class Desk:
    """The side, its server, and calls to it."""

    def __init__(self, side: KoronaSide, server: SandboxServer, session: requests.Session) -> None:
        self.side = side
        self.server = server
        self.session = session

    def call(self, method: str, path: str, *, auth: tuple[str, str] | None = None, **kwargs: Any) -> requests.Response:
        url = f"{self.server.base_url}{BASE_PATH}/accounts/{self.side.account_id}{path}"
        return self.session.request(method, url, auth=auth or (USER, PASSWORD), timeout=5, **kwargs)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query, headers=headers)

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(path, **query)
        if answer.status_code == 204:
            return []
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json(parse_float=Decimal)["results"]
        return results

    def id_of(self, resource: str, number: str) -> str:
        rows = self.rows(f"/{resource}", number=number)
        assert len(rows) == 1
        return str(rows[0]["id"])

    def post(self, *receipts: Any, pos: str = "90", coupling_id: str | None = COUPLING_ID, **query: Any) -> Any:
        path = f"/pointsOfSale/{self.id_of('pointsOfSale', pos)}/receipts"
        return self.call("POST", path, params={"couplingId": coupling_id, **query}, json=list(receipts))

    def posted_row(self, receipt: Any, **query: Any) -> dict[str, Any]:
        answer = self.post(receipt, **query)
        assert answer.status_code == 200, answer.text
        (row,) = answer.json()
        return dict(row)


@contextmanager
def open_desk() -> Iterator[Desk]:
    clock, lock = Clock(), threading.RLock()
    clock.set(NOON)
    side = KoronaSide(clock, lock)
    server = SandboxServer(side.answer, clock, lock, overlap=TOO_MANY_WRITES)
    server.start()
    with requests.Session() as session:
        yield Desk(side, server, session)
    server.stop()
    assert server.crashes == []


def receipt(number: str = "1001", article: str = "A1", quantity: float = 1, gross: float = 11.9, **more: Any) -> Any:
    """Return a receipt of one row with 19 % included, as korsync posts it."""
    tax = {"amount": round(gross - gross / 1.19, 2), "taxRate": 19, "included": True, "salesTax": {"number": "1"}}
    return {
        "number": number,
        "orderNumber": number,
        "creationTime": "2026-11-23T10:15:02+00:00",
        "externalReferences": {"korsyncKey": f"order/{number}"},
        "items": [
            {
                "product": {"number": article},
                "quantity": quantity,
                "total": {"base": gross, "discount": 0, "taxPayments": [tax]},
                "externalReferences": {"shopifyLineId": "77"},
            }
        ],
        "payments": [{"amount": gross, "paymentMethod": {"number": "5"}}],
        **more,
    }
