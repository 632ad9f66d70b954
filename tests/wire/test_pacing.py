"""The leaky bucket, on a clock that moves by waiting only."""

import math
import random

import pytest

from korsync.wire.pacing import Bucket


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def monotonic(self) -> float:
        return self.seconds


class Shop:
    """A server's bucket, which refuses what does not fit."""

    def __init__(self, time: Time, size: int, per_second: int | None = None) -> None:
        self.time = time
        self.size = size
        self.per_second = per_second or size / 20
        self.level = 0.0
        self.at = 0.0
        self.refused = 0

    def ask(self) -> str:
        now = self.time.monotonic()
        self.level = max(0.0, self.level - (now - self.at) * self.per_second)
        self.at = now
        if self.level + 1 > self.size:
            self.refused += 1
        else:
            self.level += 1
        return f"{math.ceil(self.level)}/{self.size}"


NETWORKS = [(40, 2, 0.5), (40, 20, 0.2), (400, 20, 0.1), (400, 20, 0.5)]
"""The size of the bucket, what it leaks a second, and the seconds until an answer; some leak faster than their size."""


def ask(bucket: Bucket, told: str | None) -> None:
    bucket.leave(bucket.enter(), told)


@pytest.mark.parametrize(("size", "per_second"), [(40, 2), (80, 4), (400, 20)])
def test_a_long_row_of_requests_runs_at_the_speed_of_the_leak_and_is_never_refused(size: int, per_second: int) -> None:
    time = Time()
    shop, bucket = Shop(time, size), Bucket(time.sleep, time.monotonic)
    for _ in range(size * 10):
        place = bucket.enter()
        bucket.leave(place, shop.ask())
    assert shop.refused == 0
    assert time.seconds == pytest.approx((size * 10 - size) / per_second, rel=0.02)


@pytest.mark.parametrize(
    ("size", "per_second", "latency"), [(40, 2, 0.5), (40, 20, 0.2), (400, 20, 0.1), (400, 20, 0.5)]
)
@pytest.mark.parametrize("seed", range(3))
def test_with_many_under_way_and_answers_in_any_order_none_is_refused_and_little_time_is_lost(
    size: int, per_second: int, latency: float, seed: int
) -> None:
    time, chance = Time(), random.Random(seed)
    shop, bucket = Shop(time, size, per_second), Bucket(time.sleep, time.monotonic)
    ask(bucket, shop.ask())
    under_way: list[tuple[float, int, str]] = []
    requests = size + 60 * per_second

    def hear(until: float) -> None:
        for each in sorted(each for each in under_way if each[0] <= until):
            under_way.remove(each)
            bucket.leave(*each[1:])

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        hear(time.seconds)

    bucket._sleep = sleep
    for _ in range(requests):
        while len(under_way) >= 24:
            time.seconds = max(time.seconds, min(under_way)[0])
            hear(time.seconds)
        place = bucket.enter()
        under_way.append((time.seconds + latency * chance.uniform(0.5, 1.5), place, shop.ask()))
    assert shop.refused == 0
    assert time.seconds <= 1.05 * 60


def test_a_first_burst_within_the_bucket_waits_for_nothing() -> None:
    time = Time()
    shop, bucket = Shop(time, 40), Bucket(time.sleep, time.monotonic)
    for _ in range(37):
        ask(bucket, shop.ask())
    assert time.seconds == 0


def test_requests_under_way_take_their_place() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    ask(bucket, "20/40")
    for _ in range(18):
        bucket.enter()
    assert time.seconds == 0
    bucket.enter()
    assert time.seconds == pytest.approx(0.5, abs=0.01)


def test_a_bucket_filled_by_somebody_else_is_waited_for() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    ask(bucket, "40/40")
    bucket.enter()
    assert time.seconds == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("told", ["4000/40", "999999/40"])
def test_nobody_waits_for_more_than_a_full_bucket(told: str) -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    ask(bucket, told)
    assert bucket.seconds_for(1) == pytest.approx(1.5)
    bucket.enter()
    assert time.seconds == pytest.approx(1.5, abs=0.01)


def test_what_is_under_way_comes_on_top_of_what_is_told() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    places = [bucket.enter() for _ in range(5)]
    bucket.leave(places[0], "34/40")
    assert bucket.seconds_for(1) == pytest.approx(0.5)


def test_what_was_answered_before_a_request_began_is_in_the_figure_that_it_is_told() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    for _ in range(5):
        ask(bucket, "1/40")
    ask(bucket, "37/40")
    assert bucket.seconds_for(1) == 0


def test_an_answer_that_is_heard_late_hides_nothing_that_was_begun_meanwhile() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    ask(bucket, "1/40")
    late = bucket.enter()
    for told in range(3, 39):
        ask(bucket, f"{told}/40")
    bucket.leave(late, "2/40")
    assert bucket.seconds_for(1) == pytest.approx(0.5)


@pytest.mark.parametrize("told", [None, "", "40", "a/b", "1/0", "1/1", "9/9", "-1/40", "1/40/2"])
def test_without_a_bucket_nothing_is_held_back(told: str | None) -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    for _ in range(500):
        ask(bucket, told)
    assert time.seconds == 0
