"""The outcome table, row by row, and what is made of headers and error bodies."""

import pytest

from korsync.errors import ConfigurationError, Refused, Rejected, SlowedDown, Unavailable, Unsure
from korsync.wire.answers import Answer
from korsync.wire.outcomes import (
    Asked,
    NoSuchList,
    NotFound,
    Seen,
    TooLarge,
    Verdict,
    classify,
    error_of,
    reply_cut_off,
    reply_from,
    seen_in,
    seen_in_failure,
    told_to_wait,
)

WRITES_THAT_ADD_UP = [Asked.RECEIPT, Asked.ADJUST]
READS = [Asked.LIST, Asked.PAGE, Asked.ITEM, Asked.GRANT]


@pytest.mark.parametrize("kind", Asked)
@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Seen.NOT_SENT, Verdict.RETRY),
        (Seen.USED_UP, Verdict.LATER),
        (Seen.NO_HOST, Verdict.RETRY_ELSEWHERE),
        (Seen.REFUSED, Verdict.REFUSED),
        (Seen.SENT_ELSEWHERE, Verdict.WRONG_ADDRESS),
    ],
)
def test_what_says_enough_means_the_same_whatever_was_asked(kind: Asked, seen: Seen, verdict: Verdict) -> None:
    assert classify(kind, seen) is verdict


@pytest.mark.parametrize("kind", [Asked.ITEM, *WRITES_THAT_ADD_UP, Asked.REPLACE])
def test_a_rejected_record_is_only_itself_rejected(kind: Asked) -> None:
    assert classify(kind, Seen.REJECTED) is Verdict.REJECTED


def test_a_rejected_list_means_that_the_configuration_names_something_that_is_not_there() -> None:
    assert classify(Asked.LIST, Seen.REJECTED) is Verdict.MISCONFIGURED


def test_a_rejected_token_request_means_that_the_side_refuses_everything() -> None:
    assert classify(Asked.GRANT, Seen.REJECTED) is Verdict.REFUSED


@pytest.mark.parametrize("kind", READS)
def test_a_lost_answer_to_a_read_is_asked_for_again(kind: Asked) -> None:
    assert classify(kind, Seen.UNCLEAR) is Verdict.RETRY


@pytest.mark.parametrize("kind", WRITES_THAT_ADD_UP)
def test_a_lost_answer_to_a_write_that_adds_up_is_never_repeated(kind: Asked) -> None:
    assert classify(kind, Seen.UNCLEAR) is Verdict.UNSURE


def test_a_later_page_that_is_refused_says_nothing_about_the_configuration() -> None:
    assert classify(Asked.PAGE, Seen.REJECTED) is Verdict.RETRY


@pytest.mark.parametrize("kind", [each for each in Asked if each is not Asked.GRANT])
def test_a_403_concerns_the_call_alone(kind: Asked) -> None:
    verdict = classify(kind, seen_in(403, {"code": "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE"}))
    error = error_of(verdict, "KORONA", "no", 403)
    assert isinstance(error, Refused)
    assert not error.everything


@pytest.mark.parametrize(
    "body",
    [
        {"code": "CLOUD_ACCOUNT_DISABLED", "message": "off"},
        {"code": "API_USAGE_DISABLED", "message": "off"},
        {"errors": "Unavailable Shop"},
        {"errors": "[API] Non-expiring access tokens are no longer accepted for the Admin API."},
    ],
)
def test_a_403_that_speaks_of_the_account_or_the_token_concerns_everything(body: dict[str, str]) -> None:
    error = error_of(classify(Asked.ITEM, seen_in(403, body)), "KORONA", "no", 403)
    assert isinstance(error, Refused)
    assert error.everything


@pytest.mark.parametrize("status", [400, 404, 405, 406, 410, 415, 422])
@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"<html>We are back soon</html>", Seen.UNCLEAR),
        (b'{"detail": "no route"}', Seen.UNCLEAR),
        (b'{"errors": "Not Found"}', Seen.REJECTED),
        (b'{"code": "CONDITION_MISMATCH", "message": "no"}', Seen.REJECTED),
        (b"", Seen.REJECTED),
    ],
)
def test_a_refusal_counts_only_in_the_apis_own_words(status: int, content: bytes, seen: Seen) -> None:
    assert reply_from(status, {}, content).seen is seen


def test_a_lost_answer_to_a_replacement_is_read_again() -> None:
    assert classify(Asked.REPLACE, Seen.UNCLEAR) is Verdict.READ_AGAIN


@pytest.mark.parametrize("kind", [Asked.ITEM, Asked.LIST, Asked.PAGE])
def test_what_is_too_large_to_be_read_is_not_asked_for_again(kind: Asked) -> None:
    assert classify(kind, Seen.TOO_LARGE) is Verdict.UNREADABLE


@pytest.mark.parametrize("kind", [Asked.GRANT, *WRITES_THAT_ADD_UP, Asked.REPLACE])
def test_any_other_answer_that_is_too_large_is_a_lost_one(kind: Asked) -> None:
    assert classify(kind, Seen.TOO_LARGE) is classify(kind, Seen.UNCLEAR)


@pytest.mark.parametrize(
    ("statuses", "seen"),
    [
        ((400, 404, 405, 406, 410, 413, 414, 415, 422), Seen.REJECTED),
        ((401, 402, 423, 430), Seen.REFUSED),
        ((403,), Seen.FORBIDDEN),
        ((300, 301, 302, 303, 304, 307, 308), Seen.SENT_ELSEWHERE),
        ((100, 408, 409, 418, 425, 499, 500, 502, 503, 504, 599), Seen.UNCLEAR),
    ],
)
def test_a_status_says_what_was_seen(statuses: tuple[int, ...], seen: Seen) -> None:
    for body in (None, {"errors": "whatever"}):
        assert {status: seen_in(status, body) for status in statuses} == dict.fromkeys(statuses, seen)


@pytest.mark.parametrize(
    "body",
    [
        {"errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."},
        {"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS", "message": "wait"},
    ],
)
def test_a_429_with_the_apis_own_body_was_not_executed(body: dict[str, str]) -> None:
    assert seen_in(429, body) is Seen.SLOW_DOWN


@pytest.mark.parametrize(
    "body",
    [
        None,
        "busy",
        [],
        {"detail": "from a proxy"},
        {"errors": "slow down"},
        {"code": "RATE_LIMITED", "message": "slow"},
    ],
)
def test_a_429_from_something_in_between_is_unclear(body: object) -> None:
    assert seen_in(429, body) is Seen.UNCLEAR


@pytest.mark.parametrize("kind", [*READS, Asked.REPLACE])
def test_what_may_be_repeated_is_repeated_after_a_429(kind: Asked) -> None:
    assert classify(kind, Seen.SLOW_DOWN) is Verdict.RETRY


def test_what_adds_up_is_looked_up_after_a_429() -> None:
    assert classify(Asked.RECEIPT, Seen.SLOW_DOWN) is Verdict.LOOK_UP
    assert classify(Asked.ADJUST, Seen.SLOW_DOWN) is Verdict.UNSURE


def test_a_daily_limit_is_not_waited_for() -> None:
    assert seen_in(429, {"code": "DAILY_LIMIT_EXCEEDED"}) is Seen.USED_UP


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("2.0", 2.0),
        ("0", 0.0),
        ("60", 60.0),
        ("21600", 60.0),
        ("-3", 1.0),
        ("nan", 1.0),
        ("inf", 1.0),
        ("", 1.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1.0),
    ],
)
def test_a_retry_after_is_obeyed_up_to_a_minute(header: str | None, seconds: float | None) -> None:
    assert told_to_wait(header) == seconds


@pytest.mark.parametrize(
    ("verdict", "error"),
    [
        (Verdict.RETRY, Unavailable),
        (Verdict.RETRY_ELSEWHERE, Unavailable),
        (Verdict.LOOK_UP, SlowedDown),
        (Verdict.LATER, Unavailable),
        (Verdict.REFUSED, Refused),
        (Verdict.WRONG_ADDRESS, ConfigurationError),
        (Verdict.MISCONFIGURED, ConfigurationError),
        (Verdict.REJECTED, Rejected),
        (Verdict.UNREADABLE, TooLarge),
        (Verdict.UNSURE, Unsure),
    ],
)
def test_every_error_says_what_happened_and_what_to_do(verdict: Verdict, error: type[Exception]) -> None:
    raised = error_of(verdict, "KORONA", "it did not work", 422)
    assert type(raised) is error
    assert raised.what == "it did not work"
    assert raised.remedy


def test_only_a_404_says_that_nothing_is_there() -> None:
    assert isinstance(error_of(Verdict.REJECTED, "KORONA", "", 404), NotFound)
    assert not isinstance(error_of(Verdict.REJECTED, "KORONA", "", 400), NotFound)
    assert isinstance(error_of(Verdict.MISCONFIGURED, "KORONA", "", 404), NoSuchList)
    assert not isinstance(error_of(Verdict.MISCONFIGURED, "KORONA", "", 400), NoSuchList)


def test_a_failure_outside_connecting_counts_as_sent() -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        raise ConnectionRefusedError
    assert seen_in_failure(caught.value) is Seen.UNCLEAR


@pytest.mark.parametrize(
    ("status", "headers", "content", "answer"),
    [
        (204, {}, b"", Answer(None, {}, None)),
        (204, {"content-type": "text/html"}, b"<html>", None),
        (200, {}, b"", None),
    ],
    ids=["a 204 without a body", "a 204 that carries something else", "an empty 200"],
)
def test_of_answers_without_json_only_a_bare_204_is_one(
    status: int, headers: dict[str, str], content: bytes, answer: Answer | None
) -> None:
    assert reply_from(status, headers, content).answer == answer


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (200, Seen.TOO_LARGE),
        (301, Seen.SENT_ELSEWHERE),
        (404, Seen.REJECTED),
        (403, Seen.FORBIDDEN),
        (500, Seen.UNCLEAR),
    ],
)
def test_an_answer_that_was_cut_off_is_judged_by_its_status_where_that_says_enough(status: int, seen: Seen) -> None:
    assert reply_cut_off(status, {}, 5).seen is seen


def test_a_point_of_sale_that_is_coupled_with_another_id_says_which_setting_to_look_at() -> None:
    error = error_of(Verdict.FORBIDDEN, "KORONA", "403 POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE", 403)
    assert "korona.coupling_id" in error.remedy


def test_a_point_of_sale_that_was_never_coupled_says_what_to_type() -> None:
    error = error_of(Verdict.REFUSED, "KORONA", "403 POINT_OF_SALE_NOT_COUPLED", 403)
    assert error.remedy == "run `korsync couple` once"
