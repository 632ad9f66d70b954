"""Several writes on their way at once: lanes, order, and what stops them."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import pytest

from korsync.errors import KorsyncError, Refused, Rejected, Unavailable, Unsure
from korsync.pipelines.base import MOST_UNDER_WAY, side_by_side
from korsync.records.plan import Change, Outcome, Written


@dataclass
class Side:
    """A side that answers when it is let; `behaves` says what becomes of a write."""

    behaves: Callable[[int], None] = lambda _: None
    begun: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, change: Change[int]) -> None:
        with self.lock:
            self.begun.append(change.after)
            self.most = max(self.most, len(self.begun) - len(self.ended))
        try:
            self.behaves(change.after)
        finally:
            with self.lock:
                self.ended.append(change.after)


def changes(count: int) -> list[Change[int]]:
    return [Change(str(each), None, each) for each in range(count)]


def heard(sent: Iterator[Sequence[Written[int]]], told: list[int] | None = None) -> list[Written[int]]:
    """Hear all answers; `told` keeps their values also where that ends early."""
    found: list[Written[int]] = []
    for request in sent:
        found += request
        if told is not None:
            told += [each.change.after for each in request if each.outcome is not Outcome.NOT_SENT]
    return found


def always() -> bool:
    return True


def test_the_first_goes_alone_and_the_others_side_by_side() -> None:
    together = threading.Barrier(MOST_UNDER_WAY)

    def meet(value: int) -> None:
        if value:
            together.wait(5)

    side = Side(meet)
    batch = changes(1 + 2 * MOST_UNDER_WAY)
    written = heard(side_by_side(batch, side.write, lambda value: value, always))
    assert side.begun[0] == side.ended[0] == 0
    assert side.most == MOST_UNDER_WAY
    assert {each.outcome for each in written} == {Outcome.DONE}
    assert sorted(each.change.after for each in written) == list(range(len(batch)))


def test_what_shares_a_lane_goes_one_after_the_other_in_its_order() -> None:
    side = Side(lambda value: time.sleep(0.02 if value < 3 else 0))
    heard(side_by_side(changes(12), side.write, lambda value: value % 3, always))
    for lane in range(3):
        assert [value for value in side.begun if value % 3 == lane] == [lane, lane + 3, lane + 6, lane + 9]
    assert side.most <= 3


def test_answers_in_another_order_are_told_of_the_right_change() -> None:
    def behave(value: int) -> None:
        time.sleep(0.1 if value == 1 else 0)
        if value == 1:
            raise Unsure("lost", "")
        if value == 3:
            raise Rejected("no", "")

    written = heard(side_by_side(changes(5), Side(behave).write, lambda value: value, always))
    assert {each.change.after: each.outcome for each in written} == {
        0: Outcome.DONE,
        1: Outcome.UNSURE,
        2: Outcome.DONE,
        3: Outcome.REJECTED,
        4: Outcome.DONE,
    }
    assert written[-1].change.after == 1


@pytest.mark.parametrize("error", [Unavailable("away", ""), Refused("no", "")])
def test_after_trouble_nothing_more_is_sent_and_what_is_under_way_is_heard_before_it_is_raised(
    error: KorsyncError,
) -> None:
    gate = threading.Event()

    def behave(value: int) -> None:
        if value == 1:
            gate.set()
            raise error
        if value:
            gate.wait(5)
            time.sleep(0.05)

    side = Side(behave)
    told: list[int] = []
    with pytest.raises(type(error)):
        heard(side_by_side(changes(100), side.write, lambda value: value, always), told)
    assert sorted([*told, 1]) == sorted(side.begun) == sorted(side.ended)
    assert len(side.begun) <= 1 + MOST_UNDER_WAY


def test_a_side_that_refuses_is_asked_once() -> None:
    def refuse(_value: int) -> None:
        raise Refused("no", "")

    side = Side(refuse)
    with pytest.raises(Refused):
        heard(side_by_side(changes(30), side.write, lambda value: value, always))
    assert side.begun == [0]


def test_as_long_as_answers_are_lost_one_goes_alone() -> None:
    def lose(_value: int) -> None:
        raise Unsure("lost", "")

    side = Side(lose)
    asked = itertools.count()
    written = heard(side_by_side(changes(30), side.write, lambda value: value, lambda: next(asked) < 3))
    assert [each.outcome for each in written] == [Outcome.UNSURE] * 3
    assert side.most == 1


@pytest.mark.parametrize("is_late", [False, True], ids=["while it waits", "when an answer was just fetched"])
def test_an_interruption_is_raised_after_what_was_under_way_was_heard(
    monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    class Interrupted(SimpleQueue[Any]):
        times = 0

        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            Interrupted.times += 1
            if Interrupted.times == 3:
                if is_late:
                    super().get(block, timeout)
                raise KeyboardInterrupt
            return super().get(block, timeout)

    monkeypatch.setattr("korsync.pipelines.base.SimpleQueue", Interrupted)
    side = Side(lambda _: time.sleep(0.01))
    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        heard(side_by_side(changes(100), side.write, lambda value: value, always), told)
    assert sorted(told) == sorted(side.begun) == sorted(side.ended)
    assert len(told) < 100


def test_a_bug_is_told_before_trouble_of_a_side() -> None:
    def behave(value: int) -> None:
        if value == 1:
            raise Unavailable("away", "")
        if value == 2:
            time.sleep(0.05)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        heard(side_by_side(changes(3), Side(behave).write, lambda value: value, always))
