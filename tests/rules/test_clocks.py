"""What may be kept of a run whose times nobody believes."""

from datetime import UTC, datetime

from korsync.records.memory import Cache
from korsync.records.seen import Doubt, Look
from korsync.rules.clocks import unbelieved

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_of_looks_without_a_time_only_what_was_missing_is_kept() -> None:
    looks = {1: Look(5, NOON), 2: Look(3, NOON, reserved=2), 3: Look(3, NOON, reserved=1), 4: Look(3, NOON)}
    doubts = {3: Doubt(NOON, 2, Look(6, NOON)), 4: Doubt(NOON, -1, Look(2, NOON))}
    kept = unbelieved(Cache(looks=looks, doubts=doubts))
    assert kept.looks == {}
    assert kept.doubts == {2: Doubt(NOON, 2), 3: Doubt(NOON, 3), 4: Doubt(NOON, 0)}
