"""What the session makes of a real wire: each outcome, retries, renewal, counts, and silence about secrets."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.answers import Answer, NotAsExpected
from korsync.errors import ConfigurationError, KorsyncError, Refused, Rejected, Unavailable, Unsure
from korsync.http import Authorise, Limits, Session
from korsync.outcomes import Kind, NotFound
from korsync.sandbox import server as sandbox
from korsync.sandbox.exchange import Clock, Fault, Request

SECRET = "canary-of-a-secret"
HURRIED = Limits(connect=2, read=0.3, deadline=1, size=50_000)


class Sleeps:
    """Waits for nothing and remembers for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
def server() -> Iterator[sandbox.SandboxServer]:
    running = sandbox.SandboxServer(lambda request: answer(request), Clock(), threading.RLock())
    running.start()
    yield running
    running.stop()


def answer(request: Request) -> sandbox.Answer:
    if request.path == "/empty":
        return sandbox.Answer(204)
    if request.path == "/huge":
        return sandbox.Answer(200, "x" * 100_000)
    if request.path == "/who":
        return sandbox.Answer(200, dict(request.headers))
    return sandbox.Answer(200, {"path": request.path, "price": Decimal("8.90")})


def open_session(base_url: str, sleeps: Sleeps, **kwargs: Any) -> Session:
    return Session("Shopify", base_url, kwargs.pop("authorise", nobody), limits=HURRIED, sleep=sleeps, **kwargs)


def nobody(_session: Session, _renew: bool) -> Mapping[str, str]:
    return {"X-Shopify-Access-Token": SECRET}


def body(got: Answer) -> Any:
    return got.body


@pytest.fixture
def session(server: sandbox.SandboxServer, sleeps: Sleeps) -> Session:
    return open_session(server.base_url, sleeps)


def post(session: Session, kind: Kind = Kind.ADJUST) -> Any:
    return session.post("things", b"{}", body, kind=kind)


# --- what comes back ---


def test_an_answer_is_read_with_decimals(session: Session) -> None:
    assert session.get("things", body) == {"path": "/things", "price": Decimal("8.9")}


def test_an_empty_204_is_left_to_the_reader(session: Session) -> None:
    assert session.get("empty", body) is None


def test_the_servers_date_is_now(session: Session, server: sandbox.SandboxServer) -> None:
    server.clock.set(datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC))
    assert session.get("things", lambda got: got.at) == session.now == datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC)
    server.clock.advance(timedelta(minutes=1))
    post(session)
    assert session.now == datetime(2026, 11, 23, 9, 16, 2, tzinfo=UTC)


def test_before_the_first_answer_nobody_knows_the_time(session: Session) -> None:
    with pytest.raises(Unavailable):
        _ = session.now


def test_requests_writes_and_tokens_are_counted(session: Session) -> None:
    session.get("things", body)
    post(session)
    session.replace("things", b"{}", body, lambda: True)
    session.ask_token("token", {"grant_type": "client_credentials"}, body)
    assert (session.requests, session.writes, session.token_requests) == (3, 2, 1)


def test_no_netrc_no_proxy_no_cookie_goes_along(
    server: sandbox.SandboxServer, sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    session = open_session(server.base_url, sleeps)
    server.faults.append(Fault("status", status=200, body={}, headers={"Set-Cookie": "a=b; Path=/"}))
    session.get("things", body)
    sent = session.get("who", body)
    assert "cookie" not in sent
    assert "authorization" not in sent
    assert sent["accept"] == "application/json"


# --- the outcome table on the wire ---

LOST = [
    Fault("lose_answer"),
    Fault("reset"),
    Fault("truncate"),
    Fault("html"),
    Fault("delay_answer", seconds=0.6),
    Fault("status", status=200, body={"unexpected": "shape"}),
    Fault("status", status=204),
    Fault("status", status=408),
    Fault("status", status=500, body={"errors": "oops"}),
    Fault("status", status=502, body="<html>", content_type="text/html"),
    Fault("status", status=503),
    Fault("status", status=504),
    Fault("status", status=429, body="<html>", content_type="text/html"),
]


def fault_name(fault: Fault) -> str:
    return f"{fault.action}-{fault.status}"


def again(fault: Fault, times: int) -> Fault:
    return Fault(**{**vars(fault), "times": times})


def expected(got: Answer) -> Any:
    if not isinstance(got.body, dict) or "path" not in got.body:
        raise NotAsExpected("path is missing")
    return got.body


@pytest.mark.parametrize("fault", LOST, ids=fault_name)
def test_a_read_with_a_lost_answer_is_repeated(server: sandbox.SandboxServer, session: Session, fault: Fault) -> None:
    server.faults.append(again(fault, 1))
    assert session.get("things", expected)["path"] == "/things"
    assert len(server.requests) == 2


@pytest.mark.parametrize("kind", [Kind.RECEIPT, Kind.ADJUST])
@pytest.mark.parametrize("fault", LOST, ids=fault_name)
def test_a_write_with_a_lost_answer_is_unsure_and_sent_once(
    server: sandbox.SandboxServer, session: Session, fault: Fault, kind: Kind
) -> None:
    server.faults.append(again(fault, 1))
    with pytest.raises(Unsure):
        session.post("things", b"{}", expected, kind=kind)
    assert len(server.requests) == 1


def test_a_read_is_repeated_three_times_and_then_given_up(
    server: sandbox.SandboxServer, session: Session, sleeps: Sleeps
) -> None:
    server.faults.append(Fault("status", status=503, times=99))
    with pytest.raises(Unavailable, match="503"):
        session.get("things", body)
    assert len(server.requests) == 4
    assert len(sleeps.seconds) == 3
    assert all(0 <= pause <= limit for pause, limit in zip(sleeps.seconds, (1, 2, 4), strict=True))


@pytest.mark.parametrize("kind", [Kind.LIST, Kind.ITEM])
def test_a_429_of_the_api_is_waited_out_as_told(
    server: sandbox.SandboxServer, session: Session, sleeps: Sleeps, kind: Kind
) -> None:
    slow = Fault("status", status=429, times=5, body={"errors": "Exceeded"}, headers={"Retry-After": "2.0"})
    server.faults.append(slow)
    session.get("things", body, kind=kind)
    assert sleeps.seconds == [2.0] * 5


@pytest.mark.parametrize("kind", [Kind.RECEIPT, Kind.ADJUST])
def test_a_write_refused_with_429_is_sent_again(server: sandbox.SandboxServer, session: Session, kind: Kind) -> None:
    server.faults.append(Fault("status", status=429, body={"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS"}))
    post(session, kind)
    assert [each.status for each in server.requests] == [429, 200]


def test_without_a_figure_a_429_is_not_repeated_at_once(
    server: sandbox.SandboxServer, session: Session, sleeps: Sleeps
) -> None:
    server.faults.append(Fault("status", status=429, body={"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS"}))
    post(session)
    assert len(sleeps.seconds) == 1
    assert 1 <= sleeps.seconds[0] <= 10


def test_a_429_without_end_means_that_nothing_happened(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=429, times=99, body={"errors": "x"}, headers={"Retry-After": "1"}))
    with pytest.raises(Unavailable):
        post(session, Kind.RECEIPT)
    assert len(server.requests) == 6


def test_a_used_up_day_is_not_asked_again(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=429, body={"code": "DAILY_LIMIT_EXCEEDED", "message": "enough"}))
    with pytest.raises(Unavailable, match="DAILY_LIMIT_EXCEEDED"):
        session.get("things", body)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 405, 406, 413, 422])
@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.RECEIPT, Kind.ADJUST, Kind.REPLACE])
def test_a_rejected_record_says_why_and_is_not_repeated(
    server: sandbox.SandboxServer, session: Session, status: int, kind: Kind
) -> None:
    headers = {"X-Request-Id": "abc-1"}
    server.faults.append(Fault("status", status=status, body={"errors": {"price": ["is odd"]}}, headers=headers))
    with pytest.raises(Rejected, match=rf"Shopify: .*{status}: price: is odd \(X-Request-Id abc-1\)") as caught:
        ask(session, kind)
    assert len(server.requests) == 1
    assert isinstance(caught.value, NotFound) is (status == 404)


def ask(session: Session, kind: Kind) -> Any:
    if kind is Kind.ITEM:
        return session.get("things", body)
    if kind is Kind.REPLACE:
        return session.replace("things", b"{}", body, lambda: False)
    return post(session, kind)


def test_a_rejected_list_is_a_mistake_in_the_configuration(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=404, body={"errors": "Not Found"}))
    with pytest.raises(ConfigurationError):
        session.get("things", body, kind=Kind.LIST)


@pytest.mark.parametrize("status", [401, 402, 403, 423, 430])
@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.RECEIPT, Kind.ADJUST, Kind.REPLACE])
def test_a_refusal_is_not_repeated(server: sandbox.SandboxServer, session: Session, status: int, kind: Kind) -> None:
    server.faults.append(Fault("status", status=status, body={"errors": "no"}))
    with pytest.raises(Refused) as caught:
        ask(session, kind)
    assert len(server.requests) == 1
    assert caught.value.remedy


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.RECEIPT, Kind.ADJUST, Kind.REPLACE])
def test_a_redirect_is_never_followed_and_names_the_host(
    server: sandbox.SandboxServer, session: Session, status: int, kind: Kind
) -> None:
    elsewhere = {"Location": f"https://user:{SECRET}@other.example/things?token={SECRET}"}
    server.faults.append(Fault("status", status=status, headers=elsewhere))
    with pytest.raises(ConfigurationError, match=r"other\.example") as caught:
        ask(session, kind)
    assert SECRET not in str(caught.value)
    assert len(server.requests) == 1


def test_a_redirect_to_nowhere_is_no_crash(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=301, headers={"Location": "http://[nowhere"}, times=9))
    with pytest.raises(KorsyncError) as caught:
        session.get("things", body)
    assert caught.value.exit_code in (2, 5)


# --- replacements ---


def test_a_replacement_that_reading_again_shows_is_not_repeated(
    server: sandbox.SandboxServer, session: Session
) -> None:
    server.faults.append(Fault("lose_answer"))
    assert session.replace("things", b"{}", body, lambda: True) is None
    assert len(server.requests) == 1


def test_a_replacement_that_did_not_happen_is_sent_once_more(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("lose_request"))
    assert session.replace("things", b"{}", lambda got: str(got.body["path"]), lambda: False) == "/things"
    assert len(server.requests) == 2


def test_a_replacement_lost_twice_is_unsure(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("lose_request", times=9))
    with pytest.raises(Unsure):
        session.replace("things", b"{}", body, lambda: False)
    assert len(server.requests) == 2


def test_a_replacement_that_cannot_be_read_again_is_unsure(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("lose_request"))

    def fails() -> bool:
        raise Unavailable("down", "")

    with pytest.raises(Unsure):
        session.replace("things", b"{}", body, fails)
    assert len(server.requests) == 1


# --- never sent, or maybe booked ---


@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.RECEIPT, Kind.ADJUST, Kind.REPLACE])
def test_a_refused_connection_was_never_sent(sleeps: Sleeps, kind: Kind) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match="refused"):
            ask(open_session(address, sleeps), kind)
    assert len(sleeps.seconds) == 3


def test_an_unknown_host_was_never_sent(sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, f"no such host {SECRET}")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable, match="looked up") as caught:
        post(open_session("https://shop.invalid", sleeps), Kind.RECEIPT)
    assert SECRET not in str(caught.value)


def test_a_connection_that_cannot_be_made_in_time_was_never_sent(
    sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_args: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", slow)
    with pytest.raises(Unavailable, match="in time"):
        post(open_session("http://127.0.0.1:9", sleeps), Kind.RECEIPT)


def test_a_failed_tls_handshake_was_never_sent(server: sandbox.SandboxServer, sleeps: Sleeps) -> None:
    address = server.base_url.replace("http://", "https://")
    with pytest.raises(Unavailable, match="encrypted"):
        post(open_session(address, sleeps), Kind.RECEIPT)
    assert len(sleeps.seconds) == 3


def test_a_stale_connection_is_not_taken_for_never_sent(sleeps: Sleeps) -> None:
    seen: list[bytes] = []

    def answers_once_then_swallows(connection: socket.socket) -> None:
        for _ in range(2):
            seen.append(connection.recv(65536))
            if len(seen) == 1:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    with raw_server(answers_once_then_swallows) as address:
        session = open_session(address, sleeps)
        session.get("things", body)
        with pytest.raises(Unsure):
            post(session, Kind.RECEIPT)
    assert len(seen) == 2
    assert sleeps.seconds == []


# --- limits ---


def test_a_dripping_answer_meets_its_deadline(sleeps: Sleeps) -> None:
    def drips(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(40):
            connection.sendall(b" ")
            time.sleep(0.1)

    with raw_server(drips) as address:
        started = time.monotonic()
        with pytest.raises(Unsure, match="within 1 seconds"):
            post(open_session(address, sleeps), Kind.RECEIPT)
        assert time.monotonic() - started < 2


def test_dripping_headers_meet_the_deadline_too(sleeps: Sleeps) -> None:
    def drips(connection: socket.socket) -> None:
        connection.recv(65536)
        for _ in range(40):
            connection.sendall(b"H")
            time.sleep(0.1)

    with raw_server(drips) as address:
        started = time.monotonic()
        with pytest.raises(Unsure, match="within 1 seconds"):
            post(open_session(address, sleeps), Kind.ADJUST)
        assert time.monotonic() - started < 2


def test_an_answer_without_end_is_cut_off(server: sandbox.SandboxServer, session: Session) -> None:
    with pytest.raises(Unavailable, match="larger than"):
        session.get("huge", body)
    assert len(server.requests) == 4


def raw_server(serve: Callable[[socket.socket], None]) -> "RawServer":
    return RawServer(serve)


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


# --- who is asking ---


def credentials(tokens: list[str]) -> Authorise:
    def authorise(_session: Session, renew: bool) -> Mapping[str, str]:
        if renew and len(tokens) > 1:
            tokens.pop(0)
        return {"X-Shopify-Access-Token": tokens[0]}

    return authorise


@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.RECEIPT, Kind.ADJUST, Kind.REPLACE])
def test_a_token_that_ran_out_is_renewed_once(server: sandbox.SandboxServer, sleeps: Sleeps, kind: Kind) -> None:
    session = open_session(server.base_url, sleeps, authorise=credentials(["old", "new"]))
    server.faults.append(Fault("status", status=401))
    ask(session, kind)
    assert [each.status for each in server.requests] == [401, 200]


def test_a_token_refused_twice_stops_the_side(server: sandbox.SandboxServer, sleeps: Sleeps) -> None:
    session = open_session(server.base_url, sleeps, authorise=credentials(["old", "new", "newer"]))
    server.faults.append(Fault("status", status=401, times=9))
    with pytest.raises(Refused):
        session.get("things", body)
    assert len(server.requests) == 2


# --- a dry run ---


def test_a_read_only_session_sends_no_write(server: sandbox.SandboxServer, sleeps: Sleeps) -> None:
    session = open_session(server.base_url, sleeps, read_only=True)
    for kind in (Kind.RECEIPT, Kind.ADJUST, Kind.REPLACE):
        with pytest.raises(KorsyncError) as caught:
            ask(session, kind)
        assert caught.value.exit_code == 70
    assert server.requests == []
    session.get("things", body)
    session.ask_token("token", {}, body)
    assert [each.method for each in server.requests] == ["GET", "POST"]


# --- retries, secrets, threads ---


def test_a_bug_in_a_reader_is_tried_once(server: sandbox.SandboxServer, session: Session) -> None:
    def broken(_answer: Answer) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        session.get("things", broken)
    assert len(server.requests) == 1


def test_a_repetition_asks_for_less(server: sandbox.SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=502, times=2))
    session.get("things", body, {"limit": "250"}, lighter={"limit": "50"})
    assert [each.query["limit"] for each in server.requests] == [["250"], ["50"], ["50"]]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=422, body={"errors": f"coupling {SECRET} is unknown"}),
        Fault("status", status=500, body=SECRET, content_type="text/plain", times=9),
        Fault("reset", times=9),
        Fault("truncate", times=9),
    ],
    ids=fault_name,
)
def test_no_error_tells_a_secret(server: sandbox.SandboxServer, session: Session, fault: Fault) -> None:
    session.hide(SECRET, None)
    server.faults.append(again(fault, fault.times))
    with pytest.raises(KorsyncError) as caught:
        session.get("things", body, {"couplingId": SECRET})
    assert SECRET not in f"{caught.value.what} {caught.value.remedy}"
    assert caught.value.what.startswith("Shopify: GET things: ")
    assert "\n" not in caught.value.what


def test_nothing_secret_reaches_the_log(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        session.get("things", body, {"couplingId": SECRET})
    assert "Shopify GET things: 200" in caplog.text
    assert SECRET not in caplog.text


def test_foreign_words_come_in_one_line_without_control_characters(
    server: sandbox.SandboxServer, session: Session
) -> None:
    server.faults.append(Fault("status", status=422, body={"errors": "a\x1b[2Jb\nc"}))
    with pytest.raises(Rejected) as caught:
        session.get("things", body)
    assert "a\\x1b[2Jb\\nc" in caught.value.what


def test_a_session_may_be_shared_between_threads(server: sandbox.SandboxServer, session: Session) -> None:
    threads = [threading.Thread(target=session.get, args=(f"things{each}", body)) for each in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.requests == 12
    assert {each.path for each in server.requests} == {f"/things{each}" for each in range(12)}
