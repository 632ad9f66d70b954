"""What is remembered of a level that korsync writes."""

from dataclasses import replace
from datetime import UTC, datetime

from korsync.pipelines.stock import Available
from korsync.records.seen import Doubt, Look

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_what_korsync_writes_explains_itself_and_what_nobody_knows_is_written_leaves_what_is_missing() -> None:
    doubt = Doubt(NOON, 2, Look(7, NOON))
    read = Available(5, 3001, 60, Look(5, NOON, reserved=1), doubt)
    assert read.adjusted(3).doubt == replace(doubt, sure=Look(5, NOON))
    assert read.adjusted(3).look == Look(3, NOON, reserved=1)
    assert replace(read, doubt=None).adjusted(3).doubt is None
    assert read.unknown == Doubt(NOON, 3)
    assert (
        replace(read, doubt=replace(doubt, missing=-1)).unknown == replace(read, doubt=None).unknown == Doubt(NOON, 1)
    )
