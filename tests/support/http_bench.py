"""A server for the tests of the session, a bare socket for what no HTTP server would do, and requests of each kind."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from korsync.sandbox.exchange import Answer as Served
from korsync.sandbox.exchange import Clock, Fault, Request
from korsync.sandbox.server import SandboxServer
from korsync.wire.answers import Answer
from korsync.wire.http import Session
from korsync.wire.outcomes import Asked
from korsync.wire.pacing import Limits

SECRET = "canary-of-a-secret"
HURRIED = Limits(connect=2, read=0.3, deadline=1, size=50_000)


class Sleeps:
    """Waits for nothing and remembers for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@contextmanager
def serving() -> Iterator[SandboxServer]:
    """A server that answers everything, and faults on demand."""
    running = SandboxServer(answer, Clock(), threading.RLock())
    running.start()
    try:
        yield running
    finally:
        running.stop()


def answer(request: Request) -> Served:
    if request.path == "/empty":
        return Served(204)
    if request.path == "/huge":
        return Served(200, "x" * 100_000)
    if request.path == "/who":
        return Served(200, dict(request.headers))
    return Served(200, {"path": request.path, "price": Decimal("8.90")})


def open_session(base_url: str, sleeps: Sleeps, **kwargs: Any) -> Session:
    return Session("Shopify", base_url, kwargs.pop("authorise", nobody), limits=HURRIED, sleep=sleeps, **kwargs)


def nobody(_session: Session, _renew: bool) -> Mapping[str, str]:
    return {"X-Shopify-Access-Token": SECRET}


def body(got: Answer) -> Any:
    return got.body


def post(session: Session, kind: Asked = Asked.ADJUST) -> Any:
    return session.post("things", b"{}", body, kind=kind)


def ask(session: Session, kind: Asked) -> Any:
    if kind is Asked.ITEM:
        return session.get("things", body)
    if kind is Asked.REPLACE:
        return session.replace("things", b"{}", body, lambda: False)
    return post(session, kind)


def fault_name(fault: Fault) -> str:
    return f"{fault.action}-{fault.status}"


def again(fault: Fault, times: int) -> Fault:
    return Fault(**{**vars(fault), "times": times})


class RawServer:
    """A bare socket for what no HTTP server would do."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> str:
        threading.Thread(target=self._run, daemon=True).start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_exception: object) -> None:
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    continue
