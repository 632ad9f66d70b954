"""Reads what of a list of KORONA's has changed since it was last read, or all of it where that cannot be told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar

from korsync.pipelines.base import DAY, LATE_REVISIONS, Sides
from korsync.records.catalogue import Article, ArticleImage, PriceRow, StockLevel
from korsync.records.seen import Rest
from korsync.rules.clocks import FURTHEST
from korsync.rules.revisions import highest, is_set_back

T = TypeVar("T")
RowT = TypeVar("RowT", Article, PriceRow, ArticleImage, StockLevel)

READ_AGAIN_SINGLY = 20
"""Up to so many rows of a list are read one by one; more are read with the whole list."""


COUNTED = {"articles": "product", "prices": "price", "images": "image"}
"""What KORONA calls the lists of which it tells how far it has counted."""


@dataclass(frozen=True, slots=True)
class Changed(Generic[RowT]):
    """Rows that have changed, or all of them, and the revision from which to ask the next time.

    `is_asked` is False where KORONA says in one word that the list stands still.
    """

    rows: list[RowT]
    revision: int
    in_full: bool
    is_asked: bool = True


def is_due(sides: Sides, full_at: datetime | None, now: datetime) -> bool:
    """Tell whether a list has to be read in full, which it was last at `full_at`; `now` is the time of its side."""
    return sides.full or full_at is None or now - full_at >= DAY or full_at > now + FURTHEST


def some(ids: Iterable[T]) -> set[T]:
    """Return as many of the ids as are read one by one in a run; the full read of the day brings the others."""
    return set(islice(ids, READ_AGAIN_SINGLY))


def stands_still(sides: Sides, rests: Mapping[str, Rest], kind: str, revision: int) -> bool:
    """Tell whether KORONA has nothing newer of a kind, and nothing older that may still come late."""
    rest = rests.get(kind)
    if sides.full or rest is None or not rest.is_sure or rest.revision != revision:
        return False
    return sides.korona.newest_revision(kind) == revision


def with_rest(sides: Sides, rests: Mapping[str, Rest], kind: str, read: Changed[RowT]) -> dict[str, Rest]:
    """Return the rests after a list was read.

    Where KORONA does not say how far it has come, or counts what it does not show, it is not asked that for a day.
    """
    now, rest = sides.korona_now, rests.get(kind)
    if rest is None or rest.revision != read.revision:
        rest = Rest(read.revision, now + sides.settings.safety.settle)
    elif read.is_asked and not read.in_full and rest.is_sure:
        rest = Rest(read.revision, now + DAY)
    elif read.is_asked and rest.sure_from <= now:
        rest = replace(rest, is_sure=True)
    return {**rests, kind: rest}


def changed_since(
    sides: Sides,
    name: str,
    read: Callable[[int], tuple[list[RowT], int]],
    revision: int,
    known: Iterable[tuple[str, int]],
    *,
    in_full: bool,
) -> Changed[RowT]:
    """Read what has changed since a revision, and what may have come late; all where the revisions were set back.

    `known` are the rows that were read before, each with its revision.
    """
    if not in_full:
        rows, _ = read(max(0, revision - LATE_REVISIONS))
        holders = {row_id for row_id, each in known if each == revision}
        in_full = is_set_back(revision, holders, {_row_id(each): each.revision for each in rows})
        if not in_full:
            return Changed(rows, _highest(sides, name, rows, revision), in_full=False)
        what = f"KORONA's list of {name} was set back, or what was saved there last is gone: it was read anew"
        sides.warnings.append(f"{what}; if KORONA was restored from a copy, `korsync check` shows what is missing")
    rows, _ = read(0)
    return Changed(rows, _highest(sides, name, rows, 0), in_full=True)


def _highest(sides: Sides, name: str, rows: Iterable[RowT], last: int) -> int:
    """Return the revision from which to ask next: one that stands alone counts where KORONA itself counts so far."""
    revisions = [each.revision for each in rows]
    found, top = highest(revisions, last), max(revisions, default=0)
    if found < top and name in COUNTED and (sides.korona.newest_revision(COUNTED[name]) or 0) >= top:
        return top
    return found


def _row_id(row: Article | PriceRow | ArticleImage | StockLevel) -> str:
    return row.article_id if isinstance(row, StockLevel) else row.id
