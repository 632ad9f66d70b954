"""What the journal says, as a person reads it: run by run, old → new, with what became of it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import groupby

from rich.console import Console

from korsync.records.journal import Chapter, ItemEntry, Turn, WriteEntry
from korsync.report.summary import OUTCOME_WORDS
from korsync.report.words import count, moment, print_lines
from korsync.text import visible

HANG = 6

NOTHING = "the journal says nothing of that"


def print_log(console: Console, chapters: Sequence[Chapter], zone: tzinfo) -> None:
    """Print what was asked of the journal, the oldest first; times are those of the shop."""
    for chapter in chapters:
        first = chapter.end.started_at if chapter.end else chapter.entries[0].at
        lines = (f"  {line}" for line in lines_of(chapter.entries))
        print_lines(console, [visible(line) for line in (f"{moment(first, zone)}  {_head(chapter)}", *lines)], HANG)
    if not chapters:
        console.print(NOTHING)


def lines_of(entries: Iterable[WriteEntry | ItemEntry]) -> Iterator[str]:
    """Return a line for each thing that was written, held or settled; the fields of one receipt are one line."""
    for (pipeline, key), found in groupby(entries, key=lambda each: (each.pipeline, _item(each))):
        written: list[WriteEntry] = []
        for entry in found:
            if isinstance(entry, WriteEntry):
                written.append(entry)
                continue
            what = f"held: {entry.reason}" if entry.turn is Turn.HELD else "held no more"
            yield f"{pipeline}  {key}  {what}"
        for outcome, same in groupby(written, key=lambda each: (each.outcome, each.message)):
            yield f"{pipeline}  {key}  {', '.join(map(_edited, same))}: {_became(*outcome)}"


def _head(chapter: Chapter) -> str:
    end = chapter.end
    if end is None:
        return f"{chapter.run}"
    took = round((end.ended_at - end.started_at).total_seconds())
    why = f": {end.reason}" if end.reason else ""
    asked = f"{count(end.requests, 'request')}, {count(end.writes, 'write')}, {count(took, 'second')}"
    return f"{end.command} {end.run}  exit {end.exit_code}{why}  ({asked})"


def _item(entry: WriteEntry | ItemEntry) -> str:
    return entry.key if isinstance(entry, WriteEntry) else entry.item


def _edited(entry: WriteEntry) -> str:
    return f"{entry.field} {entry.after if entry.before is None else f'{entry.before} → {entry.after}'}"


def _became(outcome: str, message: str) -> str:
    words = next((words for each, words in OUTCOME_WORDS.items() if str(each) == outcome), outcome)
    return f"{words} ({message})" if message else words
