"""What the journal says of the past: runs, writes, and items that were held or settled. Times are aware, in UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run that ended, however it did; `reason` is the first trouble it met."""

    run: str
    command: str
    started_at: datetime
    ended_at: datetime
    exit_code: int
    requests: int
    writes: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WriteEntry:
    """One field of a change that was sent: before (None: nothing) and after as people read them, and what became of it.

    `message` is what the other side said.
    """

    run: str
    at: datetime
    pipeline: str
    key: str
    field: str
    before: str | None
    after: str
    outcome: str
    message: str = ""


class Turn(StrEnum):
    """What befell an item: it came to be held, its reason changed, or it is held no more."""

    HELD = "held"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """An item that came to be held, with its reason, or is held no more; by a person's word `run` is the command."""

    run: str
    at: datetime
    pipeline: str
    item: str
    turn: Turn
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StockEntry:
    """A receipt that a run found in KORONA's stock for the first time, so many minutes after it was booked.

    A run looks no more often than it is started: the stock may have moved sooner.
    """

    run: str
    at: datetime
    order: str
    minutes: int


Entry = RunEntry | WriteEntry | ItemEntry | StockEntry


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the journal says of one run; without an end it was killed, or it is a person's word."""

    run: str
    end: RunEntry | None
    entries: tuple[WriteEntry | ItemEntry, ...]
