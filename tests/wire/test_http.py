"""What the session makes of each outcome on a real wire."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.errors import ConfigurationError, Refused, Rejected, SlowedDown, Unavailable, Unsure
from korsync.sandbox.exchange import Fault
from korsync.sandbox.server import SandboxServer
from korsync.wire.answers import Answer, NotAsExpected
from korsync.wire.http import Session
from korsync.wire.outcomes import Asked, NotFound
from tests.support.http_bench import SECRET, Sleeps, again, ask, body, fault_name, open_session, post, serving

BUSY = {"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS", "message": "wait"}


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


# --- what comes back ---


def test_an_answer_is_read_with_decimals(session: Session) -> None:
    assert session.get("things", body) == {"path": "/things", "price": Decimal("8.9")}


def test_an_empty_204_is_left_to_the_reader(session: Session) -> None:
    assert session.get("empty", body) is None


def test_the_servers_date_is_now(session: Session, server: SandboxServer) -> None:
    server.clock.set(datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC))
    assert session.get("things", lambda got: got.at) == session.now == datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC)
    server.clock.advance(timedelta(minutes=1))
    post(session)
    assert session.now == datetime(2026, 11, 23, 9, 16, 2, tzinfo=UTC)


def test_an_answer_without_a_date_leaves_the_time_as_it_was(session: Session, server: SandboxServer) -> None:
    server.clock.set(datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC))
    session.get("things", body)
    server.faults.append(Fault("status", status=200, body={}, headers={"Date": ""}))
    assert session.get("things", lambda got: got.at) is None
    assert session.now == datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC)


def test_before_the_first_answer_nobody_knows_the_time(session: Session) -> None:
    with pytest.raises(Unavailable):
        _ = session.now


def test_requests_and_writes_are_counted_and_tokens_are_not(session: Session) -> None:
    session.get("things", body)
    post(session)
    session.replace("things", b"{}", body, lambda: True)
    session.ask_token("token", {"grant_type": "client_credentials"}, body)
    assert (session.requests, session.writes) == (3, 2)


def test_no_netrc_no_proxy_no_cookie_goes_along(
    server: SandboxServer, sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch
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
    Fault("status", status=429, body={"code": "RATE_LIMITED", "message": "from a gateway"}),
    Fault("status", status=404, body="<html>", content_type="text/html"),
]


def expected(got: Answer) -> Any:
    if not isinstance(got.body, dict) or "path" not in got.body:
        raise NotAsExpected("path is missing")
    return got.body


@pytest.mark.parametrize("fault", LOST, ids=fault_name)
def test_a_read_with_a_lost_answer_is_repeated(server: SandboxServer, session: Session, fault: Fault) -> None:
    server.faults.append(again(fault, 1))
    assert session.get("things", expected)["path"] == "/things"
    assert len(server.requests) == 2


@pytest.mark.parametrize("kind", [Asked.RECEIPT, Asked.ADJUST])
@pytest.mark.parametrize("fault", LOST, ids=fault_name)
def test_a_write_with_a_lost_answer_is_unsure_and_sent_once(
    server: SandboxServer, session: Session, fault: Fault, kind: Asked
) -> None:
    server.faults.append(again(fault, 1))
    with pytest.raises(Unsure):
        session.post("things", b"{}", expected, kind=kind)
    assert len(server.requests) == 1


def test_a_read_is_repeated_three_times_and_then_given_up(
    server: SandboxServer, session: Session, sleeps: Sleeps
) -> None:
    server.faults.append(Fault("status", status=503, times=99))
    with pytest.raises(Unavailable, match="503"):
        session.get("things", body)
    assert len(server.requests) == 4
    assert len(sleeps.seconds) == 3
    assert all(0 <= pause <= limit for pause, limit in zip(sleeps.seconds, (1, 2, 4), strict=True))


def test_any_answer_that_is_asked_for_again_may_say_when(
    server: SandboxServer, session: Session, sleeps: Sleeps
) -> None:
    server.faults.append(Fault("status", status=503, headers={"Retry-After": "7"}, times=2))
    session.get("things", body)
    assert sleeps.seconds == [7.0, 7.0]


def test_what_is_never_asked_for_again_is_not_waited_for(
    server: SandboxServer, session: Session, sleeps: Sleeps
) -> None:
    server.faults.append(Fault("status", status=503, headers={"Retry-After": "7"}))
    with pytest.raises(Unsure):
        post(session, Asked.RECEIPT)
    assert sleeps.seconds == []


@pytest.mark.parametrize("kind", [Asked.LIST, Asked.ITEM])
def test_a_429_of_the_api_is_waited_out_as_told(
    server: SandboxServer, session: Session, sleeps: Sleeps, kind: Asked
) -> None:
    told = {"errors": "Exceeded 2 calls per second for api client."}
    slow = Fault("status", status=429, times=5, body=told, headers={"Retry-After": "2.0"})
    server.faults.append(slow)
    session.get("things", body, kind=kind)
    assert sleeps.seconds == [2.0] * 5


@pytest.mark.parametrize(("kind", "error"), [(Asked.RECEIPT, SlowedDown), (Asked.ADJUST, Unsure)])
def test_a_write_that_adds_up_is_not_sent_again_after_a_429_but_its_time_is_given(
    server: SandboxServer, session: Session, sleeps: Sleeps, kind: Asked, error: type[Exception]
) -> None:
    server.faults.append(Fault("status", status=429, body=BUSY, headers={"Retry-After": "7"}))
    with pytest.raises(error):
        post(session, kind)
    assert [each.status for each in server.requests] == [429]
    assert sleeps.seconds == [7.0]


@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.ADJUST])
def test_without_a_figure_a_429_is_not_followed_at_once(
    server: SandboxServer, session: Session, sleeps: Sleeps, kind: Asked
) -> None:
    server.faults.append(Fault("status", status=429, body=BUSY))
    with suppress(Unsure):
        ask(session, kind)
    assert len(sleeps.seconds) == 1
    assert 1 <= sleeps.seconds[0] <= 10


def test_a_429_without_end_means_that_nothing_happened(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=429, times=99, body=BUSY, headers={"Retry-After": "1"}))
    with pytest.raises(Unavailable):
        ask(session, Asked.ITEM)
    assert len(server.requests) == 6


def test_a_used_up_day_is_not_asked_again(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=429, body={"code": "DAILY_LIMIT_EXCEEDED", "message": "enough"}))
    with pytest.raises(Unavailable, match="DAILY_LIMIT_EXCEEDED"):
        session.get("things", body)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 405, 406, 413, 422])
@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.RECEIPT, Asked.ADJUST, Asked.REPLACE])
def test_a_rejected_record_says_why_and_is_not_repeated(
    server: SandboxServer, session: Session, status: int, kind: Asked
) -> None:
    headers = {"X-Request-Id": "abc-1"}
    server.faults.append(Fault("status", status=status, body={"errors": {"price": ["is odd"]}}, headers=headers))
    with pytest.raises(Rejected, match=rf"Shopify: .*{status}: price: is odd \(X-Request-Id abc-1\)") as caught:
        ask(session, kind)
    assert len(server.requests) == 1
    assert isinstance(caught.value, NotFound) is (status == 404)


def test_a_rejected_list_is_a_mistake_in_the_configuration(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("status", status=404, body={"errors": "Not Found"}))
    with pytest.raises(ConfigurationError):
        session.get("things", body, kind=Asked.LIST)


@pytest.mark.parametrize("status", [401, 402, 403, 423, 430])
@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.RECEIPT, Asked.ADJUST, Asked.REPLACE])
def test_a_refusal_is_not_repeated(server: SandboxServer, session: Session, status: int, kind: Asked) -> None:
    server.faults.append(Fault("status", status=status, body={"errors": "no"}))
    with pytest.raises(Refused) as caught:
        ask(session, kind)
    assert len(server.requests) == 1
    assert caught.value.remedy


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.RECEIPT, Asked.ADJUST, Asked.REPLACE])
def test_a_redirect_is_never_followed_and_names_the_host(
    server: SandboxServer, session: Session, status: int, kind: Asked
) -> None:
    elsewhere = {"Location": f"https://user:{SECRET}@other.example/things?token={SECRET}"}
    server.faults.append(Fault("status", status=status, headers=elsewhere))
    with pytest.raises(ConfigurationError, match=r"other\.example") as caught:
        ask(session, kind)
    assert SECRET not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("address", ["http://[nowhere", "http://a:b/", "https://läden.example/", "\x7f", ""])
@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.RECEIPT, Asked.ADJUST, Asked.REPLACE])
def test_a_redirect_to_nowhere_is_a_redirect(
    server: SandboxServer, session: Session, address: str, kind: Asked
) -> None:
    server.faults.append(Fault("status", status=301, headers={"Location": address}))
    with pytest.raises(ConfigurationError, match="answered 301 and points to"):
        ask(session, kind)
    assert len(server.requests) == 1


def test_a_redirect_is_one_also_where_its_body_does_not_end(server: SandboxServer, session: Session) -> None:
    elsewhere = {"Location": "https://other.example/things"}
    server.faults.append(Fault("status", status=302, headers=elsewhere, body="x" * 100_000))
    with pytest.raises(ConfigurationError, match=r"other\.example"):
        session.get("things", body)
    assert len(server.requests) == 1


# --- replacements ---


def test_a_replacement_that_reading_again_shows_is_not_repeated(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("lose_answer"))
    assert session.replace("things", b"{}", body, lambda: True) is None
    assert len(server.requests) == 1


def test_a_replacement_that_did_not_happen_is_sent_once_more(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("lose_request"))
    assert session.replace("things", b"{}", lambda got: str(got.body["path"]), lambda: False) == "/things"
    assert len(server.requests) == 2


def test_a_replacement_lost_twice_is_unsure(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("lose_request", times=9))
    with pytest.raises(Unsure):
        session.replace("things", b"{}", body, lambda: False)
    assert len(server.requests) == 2


def test_a_replacement_that_cannot_be_read_again_is_unsure(server: SandboxServer, session: Session) -> None:
    server.faults.append(Fault("lose_request"))

    def fails() -> bool:
        raise Unavailable("down", "")

    with pytest.raises(Unsure):
        session.replace("things", b"{}", body, fails)
    assert len(server.requests) == 1


def test_what_kept_the_first_answer_from_coming_is_why_nobody_knows_the_time(
    server: SandboxServer, session: Session
) -> None:
    server.faults.append(Fault("status", status=401, headers={"Date": ""}))
    with pytest.raises(Refused):
        session.get("things", body)
    with pytest.raises(Refused):
        _ = session.now


def test_a_login_that_fails_gives_the_hint_that_there_is(server: SandboxServer, session: Session) -> None:
    session.hint_where_login_fails = "the password ends with a blank"
    server.faults.append(Fault("status", status=401))
    with pytest.raises(Refused) as caught:
        session.get("things", body)
    assert caught.value.remedy.endswith("; the password ends with a blank")


def test_a_side_is_not_asked_any_more_after_the_end_of_a_run(server: SandboxServer, sleeps: Sleeps) -> None:
    session = open_session(server.base_url, sleeps, monotonic=lambda: 100.1)
    session.ask_until = 100.0
    with pytest.raises(Unavailable, match="not asked any more, this run has taken too long"):
        session.get("things", body)
    assert server.requests == []
