"""The ping to a monitor: sent, brief, never in the way of a run, never sent on to where a redirect points."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from korsync.wire import ping as pinging
from korsync.wire.pacing import Limits
from korsync.wire.ping import ping
from tests.support.canaries import assert_silent


class Monitor(BaseHTTPRequestHandler):
    """Notes what it is told, and answers as its server says."""

    seen: list[tuple[str, str]]
    statuses: list[int]
    seconds: float

    def do_POST(self) -> None:
        self.seen.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
        time.sleep(self.seconds)
        self.send_response(self.statuses.pop(0) if self.statuses else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def a_monitor(*statuses: int, seconds: float = 0) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    seen: list[tuple[str, str]] = []
    handler = type("Handler", (Monitor,), {"seen": seen, "statuses": list(statuses), "seconds": seconds})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/check", seen
    server.shutdown()
    server.server_close()
    for path, told in seen:
        assert_silent(path + told, "the ping")


def test_the_monitor_gets_the_body() -> None:
    with a_monitor() as (url, seen):
        ping(url, "exit 0")
    assert seen == [("/check", "exit 0")]


def test_it_is_sent_once_more_where_the_monitor_is_in_trouble_and_no_more() -> None:
    with a_monitor(500, 503, 500) as (url, seen):
        ping(url, "exit 0")
    assert len(seen) == pinging.TRIES


@pytest.mark.parametrize("status", [301, 302, 307, 404])
def test_a_redirect_or_a_refusal_is_the_end_of_it(status: int) -> None:
    with a_monitor(status) as (url, seen):
        ping(url, "exit 0")
    assert [path for path, _ in seen] == ["/check"]


def test_a_monitor_that_does_not_answer_or_is_not_there_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinging, "LIMITS", Limits(connect=0.2, read=0.2, deadline=0.3))
    began = time.monotonic()
    with a_monitor(seconds=2) as (url, _):
        ping(url, "exit 0")
        ping("http://127.0.0.1:1/check", "exit 0")
    assert time.monotonic() - began < 2


def test_both_pings_of_a_run_take_less_than_ten_seconds_in_all() -> None:
    assert 2 * pinging.TRIES * pinging.LIMITS.deadline < 10


def test_a_long_body_is_cut() -> None:
    with a_monitor() as (url, seen):
        ping(url, "x" * 100_000)
    assert len(seen[0][1]) == pinging.LONGEST_BODY
