"""The leaky bucket, on a clock that moves by waiting only."""

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

    def __init__(self, time: Time, size: int) -> None:
        self.time = time
        self.size = size
        self.level = 0.0
        self.at = 0.0
        self.refused = 0

    def ask(self) -> str:
        now = self.time.monotonic()
        self.level = max(0.0, self.level - (now - self.at) * self.size / 20)
        self.at = now
        if self.level + 1 > self.size:
            self.refused += 1
        else:
            self.level += 1
        return f"{round(self.level)}/{self.size}"


@pytest.mark.parametrize(("size", "per_second"), [(40, 2), (80, 4), (400, 20)])
def test_a_long_row_of_requests_runs_at_the_speed_of_the_leak_and_is_never_refused(size: int, per_second: int) -> None:
    time = Time()
    shop, bucket = Shop(time, size), Bucket(time.sleep, time.monotonic)
    for _ in range(size * 10):
        bucket.enter()
        bucket.leave(shop.ask())
    assert shop.refused == 0
    assert time.seconds == pytest.approx((size * 10 - size * 0.8) / per_second, rel=0.05)


def test_a_first_burst_within_the_bucket_waits_for_nothing() -> None:
    time = Time()
    shop, bucket = Shop(time, 40), Bucket(time.sleep, time.monotonic)
    for _ in range(30):
        bucket.enter()
        bucket.leave(shop.ask())
    assert time.seconds == 0


def test_requests_under_way_take_their_place() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    bucket.enter()
    bucket.leave("20/40")
    for _ in range(12):
        bucket.enter()
    assert time.seconds == 0
    bucket.enter()
    assert time.seconds == pytest.approx(0.5)


def test_a_bucket_filled_by_somebody_else_is_waited_for() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    bucket.enter()
    bucket.leave("40/40")
    bucket.enter()
    assert time.seconds == pytest.approx(4.5)


@pytest.mark.parametrize("told", ["4000/40", "999999/40"])
def test_nobody_waits_for_more_than_a_full_bucket(told: str) -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    bucket.enter()
    bucket.leave(told)
    assert bucket.seconds_for(1) == pytest.approx(4.5)
    bucket.enter()
    assert time.seconds == pytest.approx(4.5)


def test_what_is_under_way_comes_on_top_of_what_is_told() -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    for _ in range(5):
        bucket.enter()
    bucket.leave("28/40")
    assert bucket.seconds_for(1) == pytest.approx(0.5)
    bucket.enter()
    assert time.seconds == pytest.approx(0.5)


@pytest.mark.parametrize("told", [None, "", "40", "a/b", "1/0", "1/1", "9/9", "-1/40", "1/40/2"])
def test_without_a_bucket_nothing_is_held_back(told: str | None) -> None:
    time = Time()
    bucket = Bucket(time.sleep, time.monotonic)
    for _ in range(500):
        bucket.enter()
        bucket.leave(told)
    assert time.seconds == 0
