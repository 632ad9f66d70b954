"""What a person is told of: causes, what was told of them, and what happened. Times are this machine's, in UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from korsync.records.plan import Ran


class Kind(StrEnum):
    """What sort of thing a cause is; it decides how soon it is told, and how it reads when it is over."""

    OUTSIDE = "outside trouble"
    BUSY = "another run"
    TROUBLE = "trouble"
    HELD = "held"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong, however many calls it breaks; `key` tells it from all others.

    `seen_by` are those who would meet it again as long as it lasts: pipelines, commands, or START for whatever keeps a
    run from beginning. `over` is what is said when it is over. `since` where that is known better than by having seen
    it first. `unnamed` is what a monitor is told where `what` may name an order or an article. Whatever other people
    named is in one line.
    """

    key: str
    kind: Kind
    what: str
    remedy: str = ""
    seen_by: frozenset[str] = frozenset()
    over: str = ""
    since: datetime | None = None
    unnamed: str = ""


START, HOLDS = "start", "holds"
"""Stands among those who see a cause: every run that begins, and every run that knows what is held."""


@dataclass(frozen=True, slots=True)
class Known:
    """A cause as it was last met, and what was told of it; `over_since` where it has gone."""

    kind: Kind
    what: str
    remedy: str
    over: str
    since: datetime
    seen_by: tuple[str, ...] = ()
    told_at: datetime | None = None
    over_since: datetime | None = None
    over_told_at: datetime | None = None

    @property
    def is_told(self) -> bool:
        """Whether the last that was told of it is that it lasts."""
        return self.told_at is not None and (self.over_told_at is None or self.over_told_at < self.told_at)


@dataclass(frozen=True, slots=True)
class Told:
    """The whole of told.json: causes by key, whether they last or were over not long ago."""

    causes: dict[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happened:
    """What a command met: a run with its results, or what ended it; `at` is when, `covers` who has looked."""

    command: str
    shop: str
    at: datetime
    causes: tuple[Cause, ...]
    covers: frozenset[str]
    exit_code: int
    ran: Ran | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How a command was called."""

    quiet: bool = False
    dry: bool = False
    verbose: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    """What the monitor at `alerts.ping_url` is told: that all is well, or what fails."""

    failed: bool
    body: str


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be said and where, line by line, and what counts as told once that was done."""

    out: tuple[str, ...]
    err: tuple[str, ...]
    told: Told
    ping: Ping | None = None
