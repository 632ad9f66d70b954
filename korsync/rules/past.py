"""What of the journal answers a question about the past: pure."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from korsync.records.journal import Chapter, Entry, ItemEntry, RunEntry, StockEntry, WriteEntry
from korsync.rules.narrowing import is_of_order

OF_ORDERS = ("orders", "refunds")

LAST_RUNS = 5
"""So many runs that did something of an item are shown where it is explained."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know: of one article, order or refund, since an instant, of one run; or of all."""

    item: str = ""
    since: datetime | None = None
    run: str = ""


def is_about(entry: WriteEntry | ItemEntry, item: str) -> bool:
    """Tell whether an entry is about an article or an order; an order's are those of its refunds, too.

    With # before it only the order is meant.
    """
    key = entry.key if isinstance(entry, WriteEntry) else entry.item
    if entry.pipeline in OF_ORDERS:
        return is_of_order(key, [item.partition(" refund ")[0]]) and (" refund " not in item or key.endswith(item))
    return key == item


def chapters(entries: Iterable[Entry], asked: Asked) -> Iterator[Chapter]:
    """Return what is asked for run by run, the oldest first; of a run that did nothing of it only where it is named."""
    for run, found in groupby(entries, key=lambda each: each.run):
        listed = [each for each in found if not asked.run or run == asked.run]
        end = next((each for each in listed if isinstance(each, RunEntry)), None)
        about = tuple(each for each in listed if isinstance(each, WriteEntry | ItemEntry) and _fits(each, asked))
        is_told = end is not None and _is_since(end.started_at, asked) and not asked.item
        if about or (is_told and end is not None and (end.reason or asked.run)):
            yield Chapter(run, end, about)


def of_one(entries: Iterable[Entry], item: str, *, is_order: bool) -> tuple[Chapter, ...]:
    """Return the last runs that wrote, held or settled something of one article or order."""
    ours = (each for each in entries if not isinstance(each, StockEntry) and _concerns(each, is_order))
    return tuple(deque(chapters(ours, Asked(item)), LAST_RUNS))


def _concerns(entry: RunEntry | WriteEntry | ItemEntry, is_order: bool) -> bool:
    return isinstance(entry, RunEntry) or (entry.pipeline in OF_ORDERS) is is_order


def _fits(entry: WriteEntry | ItemEntry, asked: Asked) -> bool:
    return _is_since(entry.at, asked) and (not asked.item or is_about(entry, asked.item))


def _is_since(moment: datetime, asked: Asked) -> bool:
    return asked.since is None or moment >= asked.since
