"""What is made of an answer that came whole, or was cut off."""

from korsync.wire.answers import Answer
from korsync.wire.outcomes import Seen, reply_cut_off, reply_from


def test_a_204_without_a_body_is_an_answer() -> None:
    assert reply_from(204, {}, b"").answer == Answer(None, {}, None)


def test_a_204_that_carries_something_else_is_none() -> None:
    assert reply_from(204, {"content-type": "text/html"}, b"<html>").answer is None


def test_an_empty_200_is_no_answer() -> None:
    assert reply_from(200, {}, b"").answer is None


def test_an_answer_that_was_cut_off_is_judged_by_its_status_where_that_says_enough() -> None:
    assert [reply_cut_off(status, {}, 5).seen for status in (200, 301, 404, 403, 500)] == [
        Seen.TOO_LARGE,
        Seen.SENT_ELSEWHERE,
        Seen.REJECTED,
        Seen.REFUSED,
        Seen.UNCLEAR,
    ]
