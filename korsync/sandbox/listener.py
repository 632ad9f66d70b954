"""The sockets under a sandbox server: HTTP/1.1 with kept-alive connections, dated by the servers' clock."""

import os
import socket
import socketserver
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from korsync.sandbox.exchange import Answer, Reply, Request

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Listener(ThreadingHTTPServer):
    """The listening socket; knows its open connections, because kept-alive ones would outlive it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, date: Callable[[], datetime], respond: Callable[[Request], Reply]) -> None:
        self.date = date
        self.respond = respond
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Connection)

    def server_bind(self) -> None:
        """Bind without asking the resolver for this machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = "127.0.0.1"
        self.server_port = self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; show everything else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def cut_connections(self) -> None:
        """Shut every connection that a client still holds open."""
        for connection in tuple(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Connection(BaseHTTPRequestHandler):
    """One client connection, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def setup(self) -> None:
        """Take note of the open connection."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection before it is closed."""
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the requests are in the ledger."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the servers' time; the base class's own answers carry it too."""
        now = self.server.date() if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
        return format_datetime(now, usegmt=True)

    def serve(self) -> None:
        """Read one request, let the side answer it, and put the reply on the wire; HEAD is a GET without a body."""
        if "transfer-encoding" in self.headers:
            self.close_connection = True
            self._write(Answer(411, {"errors": "the sandbox reads bodies by Content-Length only"}))
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        method = "GET" if self.command == "HEAD" else self.command
        query = parse_qs(url.query, keep_blank_values=True)
        reply = self.server.respond(Request(method, unquote(url.path), query, headers, body))
        if reply.ending == "reset":
            self.close_connection = True
            # a linger time of zero turns the close into an RST; detached, or the server would send a FIN first
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        elif reply.answer is None or reply.ending == "close":
            self.close_connection = True
        else:
            self._write(reply.answer, half=reply.ending == "truncate")

    def _write(self, answer: Answer, *, half: bool = False) -> None:
        payload = answer.payload()
        headers = headers_of(answer, payload, self.server.date())
        if half:
            self.close_connection = True
            payload = payload[: len(payload) // 2]
        if self.close_connection:
            headers["Connection"] = "close"
        phrase = _PHRASES.get(answer.status, "")
        lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + payload)


def headers_of(answer: Answer, payload: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of an answer with this body, sent at this moment."""
    headers = {"Date": format_datetime(now, usegmt=True)}
    if payload:
        headers["Content-Type"] = answer.content_type
    if answer.status != 204:
        headers["Content-Length"] = str(len(payload))
    headers.update(answer.headers)
    return headers


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(Connection, f"do_{_method}", Connection.serve)
