"""A sandbox server asked in this process: korsync's session and requests stay whole, the sockets below them are spared.

Whoever lives through thousands of days asks hundreds of thousands of times; a socket and three threads for each of them
cost most of that time and show nothing that the tests of wire/ do not show with real ones.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from urllib3.response import HTTPResponse

from korsync.sandbox.exchange import Request
from korsync.sandbox.listener import headers_of
from korsync.sandbox.server import SandboxServer
from korsync.wire import connection


class Adapter(requests.adapters.BaseAdapter):
    """Hands a request to the server at its address, and makes of the reply what would come over the wire."""

    def __init__(self, servers: Mapping[str, SandboxServer]) -> None:
        super().__init__()
        self._servers = servers

    def send(self, request: requests.PreparedRequest, *_arguments: Any, **_how: Any) -> requests.Response:
        """Return the answer; raise requests.ConnectionError where the server sends none."""
        url = urlsplit(request.url or "")
        server = self._servers[f"{url.scheme}://{url.netloc}"]
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = parse_qs(url.query, keep_blank_values=True)
        reply = server.respond(Request(request.method or "", unquote(url.path), query, headers, bytes(body)))
        if reply.answer is None or reply.ending in ("close", "reset"):
            raise requests.ConnectionError("the server closed the connection without an answer", request=request)
        payload = reply.answer.payload()
        answered = headers_of(reply.answer, payload, server.date())
        if reply.ending == "truncate":
            payload = payload[: len(payload) // 2]
        response = requests.Response()
        response.status_code = reply.answer.status
        response.headers.update(answered)
        response.raw = HTTPResponse(
            io.BytesIO(payload), headers=answered, status=reply.answer.status, preload_content=False
        )
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def without_sockets(*servers: SandboxServer) -> Iterator[None]:
    """Have every session that is opened meanwhile ask these running servers directly, and without a deadline."""
    by_address = {server.base_url: server for server in servers}
    with (
        patch.object(connection, "_Adapter", lambda _ca_file: Adapter(by_address)),
        patch.object(connection.Connection, "ask", connection.Connection._exchange),
    ):
        yield
