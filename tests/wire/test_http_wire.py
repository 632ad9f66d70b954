"""What was never sent, what takes too long, who is asking, and silence about secrets."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping

import pytest

from korsync.errors import KorsyncError, Refused, Rejected, Unavailable, Unsure
from korsync.sandbox.exchange import Fault
from korsync.sandbox.server import SandboxServer
from korsync.wire import connection
from korsync.wire.answers import Answer
from korsync.wire.http import Authorise, Session
from korsync.wire.outcomes import Asked, NotFound, TooLarge
from korsync.wire.pacing import Limits
from tests.support.http_bench import (
    SECRET,
    RawServer,
    Sleeps,
    again,
    ask,
    body,
    fault_name,
    nobody,
    open_session,
    post,
    serving,
)
from tests.support.in_process import without_sockets


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with serving() as running:
        yield running


@pytest.fixture
def session(server: SandboxServer, sleeps: Sleeps) -> Session:
    return open_session(server.base_url, sleeps)


# --- never sent, or maybe booked ---


@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.RECEIPT, Asked.ADJUST, Asked.REPLACE])
def test_a_refused_connection_was_never_sent(sleeps: Sleeps, kind: Asked) -> None:
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
    with pytest.raises(Unavailable, match=r"the host shop\.invalid cannot be found") as caught:
        post(open_session("https://shop.invalid", sleeps), Asked.RECEIPT)
    assert "check the address" in caught.value.remedy
    assert SECRET not in str(caught.value)


def test_a_connection_that_cannot_be_made_in_time_was_never_sent(
    sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_args: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", slow)
    with pytest.raises(Unavailable, match="in time"):
        post(open_session("http://127.0.0.1:9", sleeps), Asked.RECEIPT)


def test_a_failed_tls_handshake_was_never_sent(server: SandboxServer, sleeps: Sleeps) -> None:
    address = server.base_url.replace("http://", "https://")
    with pytest.raises(Unavailable, match="encrypted"):
        post(open_session(address, sleeps), Asked.RECEIPT)
    assert len(sleeps.seconds) == 3


def test_a_stale_connection_is_not_taken_for_never_sent(sleeps: Sleeps) -> None:
    seen: list[bytes] = []

    def answers_once_then_swallows(connection: socket.socket) -> None:
        for _ in range(2):
            seen.append(connection.recv(65536))
            if len(seen) == 1:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    with RawServer(answers_once_then_swallows) as address:
        session = open_session(address, sleeps)
        session.get("things", body)
        with pytest.raises(Unsure):
            post(session, Asked.RECEIPT)
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

    with RawServer(drips) as address:
        started = time.monotonic()
        with pytest.raises(Unsure, match="within 1 seconds"):
            post(open_session(address, sleeps), Asked.RECEIPT)
        assert time.monotonic() - started < 2


def test_an_answer_that_is_given_up_is_read_no_further(sleeps: Sleeps) -> None:
    ended = threading.Event()

    def drips(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        try:
            for _ in range(100):
                connection.sendall(b" ")
                time.sleep(0.1)
        except OSError:
            ended.set()

    with RawServer(drips) as address:
        with pytest.raises(Unsure, match="within 1 seconds"):
            post(open_session(address, sleeps), Asked.RECEIPT)
        assert ended.wait(4)


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("size", [b"-1", b"-ffff", b"7fffffff"])
@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found"])
def test_a_chunk_without_end_is_not_read(sleeps: Sleeps, size: bytes, status: bytes) -> None:
    taken: list[int] = []
    ended = threading.Event()

    def goes_on(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(CHUNKED.replace(b"200 OK", status) + b"\r\n" + size + b"\r\n")
        try:
            for _ in range(300):
                connection.sendall(b"a" * 1_000_000)
                taken.append(1_000_000)
        finally:
            ended.set()

    with RawServer(goes_on) as address:
        with pytest.raises(KorsyncError):
            post(open_session(address, sleeps), Asked.RECEIPT)
        assert ended.wait(5)
    assert sum(taken) < 20_000_000


@pytest.mark.parametrize("content", [b'{"a": "x"}', b'{"a": "' + b"x" * 40_000 + b'"}'])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("how", ["length", "chunked", "until it closes"])
def test_a_body_is_read_whole_however_it_is_framed(sleeps: Sleeps, content: bytes, how: str, *, packed: bool) -> None:
    sent = gzip.compress(content) if packed else content
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + (b"Content-Encoding: gzip\r\n" if packed else b"")

    def answers(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(65536)
            if how == "chunked":
                parts = [sent[at : at + 999] for at in range(0, len(sent), 999)]
                chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
                connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
            elif how == "length":
                connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(sent) + sent)
            else:
                connection.sendall(head + b"Connection: close\r\n\r\n" + sent)
                return

    with RawServer(answers) as address:
        session = open_session(address, sleeps)
        for _ in range(2):
            assert session.get("things", body) == json.loads(content)
    assert sleeps.seconds == []


def test_dripping_headers_meet_the_deadline_too(sleeps: Sleeps) -> None:
    def drips(connection: socket.socket) -> None:
        connection.recv(65536)
        for _ in range(40):
            connection.sendall(b"H")
            time.sleep(0.1)

    with RawServer(drips) as address:
        started = time.monotonic()
        with pytest.raises(Unsure, match="within 1 seconds"):
            post(open_session(address, sleeps), Asked.ADJUST)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("kind", [Asked.LIST, Asked.ITEM])
def test_an_answer_without_end_is_refused_at_once(server: SandboxServer, session: Session, kind: Asked) -> None:
    """It is as large the next time; a list is asked for in smaller pages by whoever reads it."""
    with pytest.raises(TooLarge, match="larger than"):
        session.get("huge", body, kind=kind)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", [Asked.RECEIPT, Asked.ADJUST])
def test_a_write_with_an_answer_without_end_is_unsure(server: SandboxServer, session: Session, kind: Asked) -> None:
    with pytest.raises(Unsure, match="larger than"):
        session.post("huge", b"{}", body, kind=kind)
    assert len(server.requests) == 1


def test_a_status_says_enough_though_its_body_does_not_end(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=404, body="x" * 100_000))
    with pytest.raises(NotFound):
        session.get("things", body)


def test_a_large_body_may_take_longer_than_connecting_and_than_an_answer(sleeps: Sleeps) -> None:
    size = 18_000_000

    def slowly(connection: socket.socket) -> None:
        taken = connection.recv(65536).partition(b"\r\n\r\n")[2]
        left = size - len(taken)
        while left > 0:
            time.sleep(0.1)
            for _ in range(16):
                left -= len(connection.recv(min(left, 65536))) if left > 0 else 0
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    with RawServer(slowly) as address:
        limits = Limits(connect=0.05, read=1, deadline=1, slowest=size // 4)
        session = Session("Shopify", address, nobody, limits=limits, sleep=sleeps)
        started = time.monotonic()
        assert session.post("images", b"x" * size, body, kind=Asked.ADJUST) == {}
        assert time.monotonic() - started > 1


def test_a_body_that_nobody_takes_is_given_up(sleeps: Sleeps) -> None:
    limits = Limits(connect=0.1, slowest=100_000_000)

    def stands_still(connection: socket.socket) -> None:
        connection.recv(10)
        time.sleep(2)

    with RawServer(stands_still) as address:
        started = time.monotonic()
        with pytest.raises(Unsure):
            Session("Shopify", address, nobody, limits=limits, sleep=sleeps).post(
                "images", b"x" * 20_000_000, body, kind=Asked.ADJUST
            )
        assert time.monotonic() - started < 1.5


# --- who is asking ---


def credentials(tokens: list[str]) -> Authorise:
    def authorise(_session: Session, renew: bool) -> Mapping[str, str]:
        if renew and len(tokens) > 1:
            tokens.pop(0)
        return {"X-Shopify-Access-Token": tokens[0]}

    return authorise


@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.RECEIPT, Asked.ADJUST, Asked.REPLACE])
def test_a_token_that_ran_out_is_renewed_once(server: SandboxServer, sleeps: Sleeps, kind: Asked) -> None:
    session = open_session(server.base_url, sleeps, authorise=credentials(["old", "new"]))
    server.faults.append(Fault("status", status=401))
    ask(session, kind)
    assert [each.status for each in server.requests] == [401, 200]


def test_a_token_refused_twice_stops_the_side(server: SandboxServer, sleeps: Sleeps) -> None:
    session = open_session(server.base_url, sleeps, authorise=credentials(["old", "new", "newer"]))
    server.faults.append(Fault("status", status=401, times=9))
    with pytest.raises(Refused):
        session.get("things", body)
    assert len(server.requests) == 2


# --- a dry run ---


def test_a_read_only_session_sends_no_write(server: SandboxServer, sleeps: Sleeps) -> None:
    session = open_session(server.base_url, sleeps, read_only=True)
    for kind in (Asked.RECEIPT, Asked.ADJUST, Asked.REPLACE):
        with pytest.raises(KorsyncError) as caught:
            ask(session, kind)
        assert caught.value.exit_code == 70
    assert server.requests == []
    session.get("things", body)
    session.ask_token("token", {}, body)
    assert [each.method for each in server.requests] == ["GET", "POST"]


# --- retries, secrets, threads ---


def test_a_bug_while_an_answer_is_judged_comes_out_as_what_it_is(
    server: SandboxServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_answer: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(connection, "reply_from", stumble)
    with pytest.raises(ZeroDivisionError):
        session.get("things", body)
    assert len(server.requests) == 1


def test_a_bug_in_a_reader_is_tried_once(server: SandboxServer, session: Session) -> None:
    def broken(_answer: Answer) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        session.get("things", broken)
    assert len(server.requests) == 1


def test_a_repetition_asks_for_less(server: SandboxServer, session: Session) -> None:
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
def test_no_error_tells_a_secret(server: SandboxServer, session: Session, fault: Fault) -> None:
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


def test_foreign_words_come_in_one_line_without_control_characters(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=422, body={"errors": "a\x1b[2Jb\nc"}))
    with pytest.raises(Rejected) as caught:
        session.get("things", body)
    assert "a\\x1b[2Jb\\nc" in caught.value.what


def test_a_session_may_be_shared_between_threads(server: SandboxServer, session: Session) -> None:
    threads = [threading.Thread(target=session.get, args=(f"things{each}", body)) for each in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.requests == 12
    assert {each.path for each in server.requests} == {f"/things{each}" for each in range(12)}


def test_an_answer_that_comes_over_no_socket_is_read_like_any_other(sleeps: Sleeps) -> None:
    with serving() as server, without_sockets(server):
        session = open_session(server.base_url, sleeps)
        assert session.get("there", lambda answer: answer.body["path"]) == "/there"
