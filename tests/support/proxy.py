"""A small proxy on this machine, which may ask for a login; and a server that speaks TLS."""

import base64
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """Where it is, the login it asks for, and whom it was asked to reach."""

    login: str = ""
    address: str = ""
    reached: list[str] = field(default_factory=list)
    refused: int = 0


@contextmanager
def proxying(login: str = "") -> Iterator[Proxy]:
    """Run a proxy; its address has no login in it."""
    proxy = Proxy(login)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                _pass_on(self.request, proxy)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Connection) as server:
        proxy.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy
        server.shutdown()


def _pass_on(client: socket.socket, proxy: Proxy) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536) or b"\r\n\r\n"
    asked, *headers = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, target, version = asked.split(" ")
    expected = "Basic " + base64.b64encode(proxy.login.encode()).decode()
    if proxy.login and f"Proxy-Authorization: {expected}" not in headers:
        proxy.refused += 1
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return
    place = urlsplit(f"//{target}" if method == "CONNECT" else target)
    proxy.reached.append(f"{method} {place.netloc}")
    with socket.create_connection((str(place.hostname), place.port or 443)) as server:
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            kept = [each for each in headers if not each.startswith(("Connection:", "Proxy-"))]
            path = target.partition(place.netloc)[2]
            lines = "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close"])
            server.sendall(lines.encode("latin-1") + b"\r\n\r\n" + head.partition(b"\r\n\r\n")[2])
        _pump(client, server)


def _pump(one: socket.socket, other: socket.socket) -> None:
    towards = {one: other, other: one}
    while True:
        for ready in select.select([one, other], [], [])[0]:
            taken = ready.recv(65536)
            if not taken:
                return
            towards[ready].sendall(taken)


@contextmanager
def serving_tls(certificate: Path, key: Path) -> Iterator[str]:
    """Run a server that answers everything with {} over TLS, and give its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Keep the tests' output to the tests."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that does not trust us goes away; that is what is tested."""

    with Server(("127.0.0.1", 0), Answers) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
