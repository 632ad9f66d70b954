import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import requests

from korsync.sandbox.server import Action, Answer, Clock, Fault, Request, SandboxServer

NOON = datetime(2026, 11, 23, 11, 0, 0, 900_000, tzinfo=UTC)


class Counting:
    """A side that counts what was applied."""

    def __init__(self) -> None:
        self.applied: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.applied.append(request)
        match request.path:
            case "/nothing":
                return Answer(204)
            case "/text":
                return Answer(201, "grüße", {"X-Note": "1"}, "text/plain; charset=utf-8")
            case "/bug":
                raise ZeroDivisionError
            case "/echo":
                return Answer(200, {"got": request.json()})
        return Answer(200, {"path": request.path, "query": request.query, "amount": Decimal("7.10"), "name": "Grüße"})


@pytest.fixture
def side() -> Counting:
    return Counting()


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.set(NOON)
    return clock


@pytest.fixture
def server(side: Counting, clock: Clock) -> Iterator[SandboxServer]:
    server = SandboxServer(side.answer, clock, threading.RLock())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_a_clock_that_was_never_set_follows_the_machine_plus_what_was_advanced() -> None:
    clock = Clock()
    clock.advance(timedelta(hours=2))

    assert abs(clock.now() - datetime.now(UTC) - timedelta(hours=2)) < timedelta(seconds=1)
    assert clock.now() < clock.now() + timedelta(microseconds=1)


def test_a_clock_that_was_set_stands_until_it_is_advanced(clock: Clock) -> None:
    assert clock.now() == NOON

    clock.advance(timedelta(minutes=20))

    assert clock.now() == NOON + timedelta(minutes=20)


def test_a_clock_takes_aware_times_only(clock: Clock) -> None:
    with pytest.raises(ValueError, match="aware"):
        clock.set(NOON.replace(tzinfo=None))


def test_a_request_reaches_the_side_with_its_query_and_lower_case_headers(
    server: SandboxServer, side: Counting, session: requests.Session
) -> None:
    answer = session.get(f"{server.base_url}/a%20b?x=1%2B1&x=2&y=", headers={"X-Colour": "Blue"})

    assert answer.json(parse_float=Decimal) == {
        "path": "/a b",
        "query": {"x": ["1+1", "2"], "y": [""]},
        "amount": Decimal("7.1"),
        "name": "Grüße",
    }
    assert side.applied[0].headers["x-colour"] == "Blue"


def test_numbers_of_a_request_body_keep_their_text(
    server: SandboxServer, side: Counting, session: requests.Session
) -> None:
    answer = session.post(f"{server.base_url}/echo", data='{"amount": 0.1}')

    assert side.applied[0].json() == {"amount": Decimal("0.1")}
    assert answer.json() == {"got": {"amount": 0.1}}


def test_connections_are_kept_alive(server: SandboxServer) -> None:
    with socket.create_connection(("127.0.0.1", int(server.base_url.rpartition(":")[2]))) as connection:
        for _ in range(3):
            connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 204 No Content\r\n")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "BREW"])
def test_every_answer_carries_the_servers_date(server: SandboxServer, session: requests.Session, method: str) -> None:
    answer = session.request(method, f"{server.base_url}/x")

    assert answer.headers["Date"] == "Mon, 23 Nov 2026 11:00:00 GMT"


def test_a_fault_is_dated_by_the_servers_clock_too(
    server: SandboxServer, clock: Clock, session: requests.Session
) -> None:
    clock.advance(timedelta(days=1))
    server.faults.append(Fault("html"))

    assert session.get(server.base_url).headers["Date"] == "Tue, 24 Nov 2026 11:00:00 GMT"


def test_an_empty_answer_has_no_body_and_text_goes_out_as_it_is(
    server: SandboxServer, session: requests.Session
) -> None:
    nothing = session.get(f"{server.base_url}/nothing")
    text = session.get(f"{server.base_url}/text")

    assert (nothing.status_code, nothing.content) == (204, b"")
    assert "Content-Type" not in nothing.headers
    assert (text.status_code, text.text, text.headers["X-Note"]) == (201, "grüße", "1")


def test_head_is_a_read_without_a_body_and_unknown_methods_are_refused(
    server: SandboxServer, session: requests.Session
) -> None:
    head = session.head(f"{server.base_url}/x")

    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0
    assert [each.method for each in server.requests] == ["GET"]
    assert session.request("BREW", f"{server.base_url}/x").status_code == 501


def test_a_bug_in_a_side_is_a_500_with_its_traceback_on_standard_error(
    server: SandboxServer, session: requests.Session, capfd: pytest.CaptureFixture[str]
) -> None:
    assert session.get(f"{server.base_url}/bug").status_code == 500

    assert "ZeroDivisionError" in capfd.readouterr().err
    assert [type(crash) for crash in server.crashes] == [ZeroDivisionError]


def test_every_request_is_recorded_and_writes_leave_out_reads_and_tokens(
    server: SandboxServer, session: requests.Session
) -> None:
    session.get(f"{server.base_url}/x?page=1")
    session.post(f"{server.base_url}/admin/oauth/access_token")
    session.put(f"{server.base_url}/echo", json={"title": "x"})

    read, _, write = server.requests
    assert (read.method, read.path, read.query, read.status, read.answered) == ("GET", "/x", {"page": ["1"]}, 200, True)
    assert server.writes() == [write]
    assert write.json() == {"title": "x"}


def test_a_status_fault_answers_without_applying(
    server: SandboxServer, side: Counting, session: requests.Session
) -> None:
    server.faults.append(Fault("status", status=429, body={"errors": "slow"}, headers={"Retry-After": "2.0"}))

    answer = session.get(server.base_url)

    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (429, {"errors": "slow"}, "2.0")
    assert side.applied == []


def test_a_replaced_answer_hides_what_was_applied(
    server: SandboxServer, side: Counting, session: requests.Session
) -> None:
    server.faults.append(Fault("replace_answer", status=502, body="Bad Gateway", content_type="text/plain"))

    answer = session.post(f"{server.base_url}/x")

    assert (answer.status_code, answer.text, len(side.applied)) == (502, "Bad Gateway", 1)
    assert [(each.status, each.answered) for each in server.requests] == [(502, True)]


def test_an_html_fault_is_a_200_with_a_web_page(
    server: SandboxServer, side: Counting, session: requests.Session
) -> None:
    server.faults.append(Fault("html"))

    answer = session.get(server.base_url)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert side.applied == []


@pytest.mark.parametrize(
    ("action", "applied", "status"), [("lose_request", 0, 0), ("reset", 0, 0), ("lose_answer", 1, 200)]
)
def test_a_lost_request_or_answer_is_a_broken_connection(
    server: SandboxServer, side: Counting, session: requests.Session, action: Action, applied: int, status: int
) -> None:
    server.faults.append(Fault(action))

    with pytest.raises(requests.ConnectionError):
        session.post(f"{server.base_url}/x")

    assert len(side.applied) == applied
    assert [(each.status, each.answered) for each in server.requests] == [(status, False)]


def test_a_reset_arrives_as_a_reset(server: SandboxServer) -> None:
    server.faults.append(Fault("reset"))

    with socket.create_connection(("127.0.0.1", int(server.base_url.rpartition(":")[2]))) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_a_truncated_answer_is_applied_and_breaks_off(
    server: SandboxServer, side: Counting, session: requests.Session
) -> None:
    server.faults.append(Fault("truncate"))

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        session.get(f"{server.base_url}/x")

    assert len(side.applied) == 1


@pytest.mark.parametrize("action", ["delay", "delay_answer"])
def test_a_delay_answers_late_and_applies_once(
    server: SandboxServer, side: Counting, session: requests.Session, action: Action
) -> None:
    server.faults.append(Fault(action, seconds=0.1))
    began = time.monotonic()

    assert session.get(server.base_url).status_code == 200

    assert time.monotonic() - began >= 0.1
    assert len(side.applied) == 1


@pytest.mark.parametrize(("action", "applied"), [("delay", 0), ("delay_answer", 1)])
def test_a_client_that_gives_up_waiting_meets_the_one_before_or_the_one_after_applying(
    server: SandboxServer, side: Counting, session: requests.Session, action: Action, applied: int
) -> None:
    server.faults.append(Fault(action, seconds=5))

    with pytest.raises(requests.ReadTimeout):
        session.get(server.base_url, timeout=0.1)

    assert len(side.applied) == applied


def test_a_delayed_request_is_dropped_when_the_server_stops(
    server: SandboxServer, side: Counting, session: requests.Session
) -> None:
    server.faults.append(Fault("delay", seconds=5))
    with pytest.raises(requests.ReadTimeout):
        session.get(server.base_url, timeout=0.05)

    server.stop()
    time.sleep(0.05)

    assert side.applied == []


def test_a_fault_strikes_only_what_it_is_aimed_at_and_as_often_as_it_says(
    server: SandboxServer, session: requests.Session
) -> None:
    server.faults.append(Fault("status", method="POST", path=r"/receipts$", times=2, skip=1, status=503))

    def statuses(method: str, path: str, count: int) -> list[int]:
        return [session.request(method, server.base_url + path).status_code for _ in range(count)]

    assert statuses("GET", "/receipts", 3) == [200, 200, 200]
    assert statuses("POST", "/receipts/1", 3) == [200, 200, 200]
    assert statuses("POST", "/receipts", 4) == [200, 503, 503, 200]


def test_hooks_move_the_world_before_a_request_and_after_it(server: SandboxServer, session: requests.Session) -> None:
    seen: list[str] = []
    server.before_request = lambda request: seen.append(f"before {request.path}")
    server.after_request = lambda request, answer: seen.append(f"after {request.path} {answer.status}")

    session.get(f"{server.base_url}/nothing")

    assert seen == ["before /nothing", "after /nothing 204"]


def test_two_writes_at_once_are_refused_where_the_side_takes_one_at_a_time(side: Counting, clock: Clock) -> None:
    server = SandboxServer(side.answer, clock, threading.RLock(), overlap=Answer(429, {"code": "TOO_MANY"}))
    server.start()
    server.faults.append(Fault("delay", path="/slow", seconds=0.4))
    first = threading.Thread(target=lambda: requests.post(f"{server.base_url}/slow", timeout=5))
    first.start()
    while not server.requests:
        time.sleep(0.005)

    second = requests.post(f"{server.base_url}/fast", timeout=5)
    read = requests.get(f"{server.base_url}/fast", timeout=5)
    first.join()
    third = requests.post(f"{server.base_url}/fast", timeout=5)
    server.stop()

    assert (second.status_code, second.json()) == (429, {"code": "TOO_MANY"})
    assert (read.status_code, third.status_code) == (200, 200)


def test_stopping_is_quick_cuts_open_connections_and_may_be_repeated(side: Counting, clock: Clock) -> None:
    server = SandboxServer(side.answer, clock, threading.RLock())
    server.start()
    with requests.Session() as session:
        url = server.base_url
        session.get(url)
        began = time.monotonic()

        server.stop()

        assert time.monotonic() - began < 0.3
        with pytest.raises(requests.ConnectionError):
            session.get(url)
    server.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.base_url
