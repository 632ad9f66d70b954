"""What of the journal answers a question, run by run."""

from datetime import UTC, datetime, timedelta

from korsync.records.journal import Entry, ItemEntry, RunEntry, Turn, WriteEntry
from korsync.rules.past import LAST_RUNS, Asked, chapters, is_about, of_one

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def write(key: str = "1001", pipeline: str = "stock", run: str = "a", at: datetime = NOON) -> WriteEntry:
    return WriteEntry(run, at, pipeline, key, "available", "2", "1", "done")


def ended(run: str = "a", at: datetime = NOON, reason: str = "") -> RunEntry:
    return RunEntry(run, "run", at, at, 0, 5, 1, reason)


def told(entries: list[Entry], asked: Asked) -> list[tuple[str, bool, int]]:
    """Return run, whether it ended, and how much of it is told."""
    return [(each.run, each.end is not None, len(each.entries)) for each in chapters(entries, asked)]


def test_an_article_and_an_order_of_one_name_are_told_apart() -> None:
    assert is_about(write("1001"), "1001")
    assert not is_about(write("1001"), "#1001")
    for word in ("1001", "#1001"):
        assert is_about(write("#1001", "orders"), word)
        assert is_about(write("#1001 refund 94", "refunds"), word)
    assert not is_about(write("#10011", "orders"), "1001")
    assert is_about(write("#1001 refund 94", "refunds"), "1001 refund 94")
    assert not is_about(write("#1001 refund 95", "refunds"), "1001 refund 94")
    assert is_about(ItemEntry("a", NOON, "orders", "#1001", Turn.HELD, "why"), "1001")


def test_a_run_is_one_chapter_with_its_end_and_one_that_was_killed_has_none() -> None:
    entries: list[Entry] = [write(), ended(), write(run="b")]
    assert told(entries, Asked()) == [("a", True, 1), ("b", False, 1)]


def test_a_run_that_did_nothing_is_told_where_it_is_named_or_met_trouble() -> None:
    entries: list[Entry] = [ended("a"), ended("b", reason="no answer")]
    assert told(entries, Asked()) == [("b", True, 0)]
    assert told(entries, Asked(run="a")) == [("a", True, 0)]
    assert told(entries, Asked(item="1001")) == []


def test_what_was_before_is_left_out() -> None:
    later = NOON + timedelta(hours=1)
    entries: list[Entry] = [write(), ended(reason="x"), write(run="b", at=later), ended("b", later)]
    assert told(entries, Asked(since=NOON + timedelta(minutes=1))) == [("b", True, 1)]


def test_of_one_item_only_the_last_runs_are_shown() -> None:
    entries: list[Entry] = []
    for number in range(LAST_RUNS + 2):
        entries += [write(run=str(number)), write("#1001", "orders", str(number)), ended(str(number))]
    shown = of_one(entries, "1001", is_order=False)
    assert [each.run for each in shown] == [str(number) for number in range(2, LAST_RUNS + 2)]
    assert all(entry.pipeline == "stock" for each in shown for entry in each.entries)
    assert len(of_one(entries, "#1001", is_order=True)) == LAST_RUNS
