"""The journal: whole lines, appended, kept to a size, and read back as far as they can be read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from korsync.memory import journal
from korsync.records.journal import Entry, ItemEntry, RunEntry, StockEntry, Turn, WriteEntry

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WRITE = WriteEntry("r1", NOON, "products", "1001", "price", "8.00", "8.90", "done")
ALL: list[Entry] = [
    WRITE,
    ItemEntry("r1", NOON, "orders", "#1042", Turn.HELD, "no article"),
    ItemEntry("r1", NOON, "orders", "#1042", Turn.SETTLED),
    StockEntry("r1", NOON, "#1042", 5),
    RunEntry("r1", "run", NOON, NOON, 5, 12, 1, "KORONA does not answer"),
]


def test_what_was_appended_is_read_back_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert journal.append(path, ALL[:2]) is None
    assert journal.append(path, ALL[2:]) is None
    assert list(journal.entries_of(path)) == ALL
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_tore_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal.append(path, ALL[:1])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    journal.append(path, ALL[1:2])
    assert list(journal.entries_of(path)) == ALL[:2]


@pytest.mark.parametrize("line", ["", "[]", "null", "{}", '{"kind": "other"}', '{"kind": "run"}', "\\xff", "{" * 9999])
def test_what_is_no_entry_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(f"{line}\n")
    journal.append(path, ALL[:1])
    assert list(journal.entries_of(path)) == ALL[:1]


@pytest.mark.parametrize("entry", [WRITE, ALL[-1]])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_entry_of_a_time_that_cannot_be_is_passed_over(tmp_path: Path, entry: Entry, time: str) -> None:
    path = tmp_path / "journal.jsonl"
    journal.append(path, [entry])
    text = path.read_text()
    assert "2026-11-20T12:00:00Z" in text
    path.write_text(text.replace("2026-11-20T12:00:00Z", time))
    journal.append(path, ALL[1:2])
    assert list(journal.entries_of(path)) == ALL[1:2]


def test_the_journal_is_kept_to_ten_files_and_the_oldest_entries_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_BYTES", 1000)
    path = tmp_path / "shop-a.journal.jsonl"
    for number in range(500):
        journal.append(path, [WriteEntry(f"r{number}", NOON, "stock", "1001", "available", "1", "2", "done")])
    files = sorted(tmp_path.iterdir())
    assert len(files) == journal.FILES_KEPT
    assert all(each.stat().st_size < 1200 for each in files)
    runs = [each.run for each in journal.entries_of(path)]
    assert runs == [f"r{number}" for number in range(500 - len(runs), 500)]
    assert 40 < len(runs) < 100


def test_where_there_is_no_journal_there_is_nothing_to_read_and_where_it_cannot_be_written_that_is_said(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.jsonl"
    assert list(journal.entries_of(path)) == []
    path.mkdir()
    assert "cannot be written" in (journal.append(path, ALL) or "")
    assert journal.append(path, []) is None


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    (tmp_path / "other").write_text("kept\n")
    path.symlink_to(tmp_path / "other")
    assert journal.append(path, ALL) is not None
    assert (tmp_path / "other").read_text() == "kept\n"
