"""What becomes of a receipt whose booking was begun, as pure values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from korsync.records.bookings import Booking, BookingStatus
from korsync.records.plan import Fate, Skip
from korsync.records.receipts import Receipt
from korsync.rules.attempts import MOST_ATTEMPTS, QUEUE_PATIENCE, begun_before, is_given_up, may_send_again

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SETTLE = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
SENT = Receipt("id", "order/1", "shop", 1, "1042", "1042", NOW, (), ())


def begun(status: BookingStatus = BookingStatus.INTENT, **changes: Any) -> Booking:
    return replace(Booking("order/1", status, (), SENT, sent_at=NOW, attempts=1), **changes)


def fate(booking: Booking, after: timedelta) -> Fate | None:
    """Return the fate of the item so long after its receipt was sent; None where it is sent or made now."""
    verdict = begun_before("#1042", booking, NOW + after, SETTLE)
    return verdict.fate if isinstance(verdict, Skip) else None


def test_an_intent_is_sent_again_once_its_time_is_up() -> None:
    assert not may_send_again(begun(), NOW + SETTLE - SECOND, SETTLE)
    assert may_send_again(begun(), NOW + SETTLE, SETTLE)
    assert fate(begun(), SETTLE - SECOND) is Fate.WAITING
    assert begun_before("#1042", begun(), NOW + SETTLE, SETTLE) == SENT


@pytest.mark.parametrize("booking", [None, begun(BookingStatus.REFUSED), begun(BookingStatus.REFUSED, attempts=3)])
def test_what_was_never_begun_or_was_refused_is_made_anew(booking: Booking | None) -> None:
    assert begun_before("#1042", booking, NOW, SETTLE) is None


def test_a_queued_receipt_waits_a_day_and_is_then_held() -> None:
    queued = begun(BookingStatus.QUEUED)
    assert fate(queued, QUEUE_PATIENCE - SECOND) is Fate.WAITING
    assert fate(queued, QUEUE_PATIENCE) is Fate.HELD


def test_a_conflict_is_held_with_its_reason() -> None:
    conflict = begun(BookingStatus.CONFLICT, reason="KORONA holds 2 receipts for it")
    assert begun_before("#1042", conflict, NOW, SETTLE) == Skip("#1042", "KORONA holds 2 receipts for it", Fate.HELD)


def test_what_is_sent_so_often_without_a_clear_answer_is_held() -> None:
    assert fate(begun(attempts=MOST_ATTEMPTS - 1), SETTLE) is None
    last = begun(attempts=MOST_ATTEMPTS)
    assert fate(last, SETTLE - SECOND) is Fate.WAITING
    assert fate(last, SETTLE) is Fate.HELD


@pytest.mark.parametrize("status", [each for each in BookingStatus if each is not BookingStatus.INTENT])
def test_only_what_has_no_clear_answer_is_given_up(status: BookingStatus) -> None:
    assert is_given_up(begun(attempts=MOST_ATTEMPTS))
    assert not is_given_up(begun(status, attempts=MOST_ATTEMPTS))


@pytest.mark.parametrize(("name", "typed"), [("#1042", "1042"), ("#1042 refund 9", '"1042 refund 9"')])
def test_what_is_given_up_says_what_to_type(name: str, typed: str) -> None:
    verdict = begun_before(name, begun(attempts=MOST_ATTEMPTS), NOW + SETTLE, SETTLE)
    assert isinstance(verdict, Skip)
    assert f"`korsync retry {typed}`" in verdict.reason
    assert f"`korsync ignore {typed}`" in verdict.reason
