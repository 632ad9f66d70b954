"""What a pipeline intends and what became of it, as values: changes, skips, plans, outcomes, results."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from korsync.errors import KorsyncError, SafetyStop, most_serious
from korsync.records.memory import Memory, State

T = TypeVar("T")


class Fate(StrEnum):
    """What happens to an item that is not written: left by rule, waiting for the next run, held for a person."""

    LEFT = "left"
    WAITING = "waiting"
    HELD = "held"


class Outcome(StrEnum):
    """What became of one change: done, refused by the other side, something else stands there, unknown, or not sent."""

    DONE = "done"
    QUEUED = "queued"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    UNSURE = "unsure"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class Edit:
    """One field of a change, before and after; None where there was nothing."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One write: before (None: nothing) and after are values of one type; ids of the other side make no difference.

    `key` is what a person calls the item: the SKU of a variant, the name of an order; `name` is what an article is
    called, `why` how its new value comes about where that is not plain. A change that was refused is sent again when
    its `mark` is another one.
    """

    key: str
    before: T | None
    after: T
    mark: str = field(default="", compare=False)
    name: str = field(default="", compare=False)
    why: str = field(default="", compare=False)

    def edits(self) -> tuple[Edit, ...]:
        """Return the fields that differ, in the order of the record's definition."""
        after: Any = self.after
        names = [each.name for each in fields(after) if each.compare]
        pairs = [(name, getattr(self.before, name, None), getattr(after, name)) for name in names]
        return tuple(Edit(name, old, new) for name, old, new in pairs if old != new)


@dataclass(frozen=True, slots=True)
class ToldOnce:
    """What a person is told once, and the mark that is remembered after it was shown: of the order, or by itself.

    What happens once needs no mark. `is_news` where it is told with --quiet as well.
    """

    order_id: int | None = None
    mark: str = ""
    is_news: bool = True


@dataclass(frozen=True, slots=True)
class Skip:
    """An item that is left alone, the reason in a shopkeeper's words, and its fate; `once` where it is told once."""

    key: str
    reason: str
    fate: Fate
    once: ToldOnce | None = None


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """All that a pipeline intends: changes in the order in which they are written, and what is left alone.

    `notes` are remarks for a person that concern no single item's fate; `trouble` is what kept the pull from being
    complete although something could be planned. `memory` is what is to be remembered, whatever becomes of the
    changes. Where `stop` forbids the changes, `written_all_the_same` are those that are let through.
    """

    pipeline: str
    changes: tuple[Change[T], ...] = ()
    skips: tuple[Skip, ...] = ()
    matched: int = 0
    notes: tuple[str, ...] = ()
    trouble: tuple[KorsyncError, ...] = ()
    memory: Memory | None = field(default=None, repr=False)
    stop: SafetyStop | None = None
    written_all_the_same: tuple[Change[T], ...] = ()

    @property
    def allowed(self) -> tuple[Change[T], ...]:
        return self.written_all_the_same if self.stop else self.changes

    def skipped(self, fate: Fate) -> tuple[Skip, ...]:
        return tuple(skip for skip in self.skips if skip.fate is fate)


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """A change that was pushed, what became of it, and the other side's own words where it refused."""

    change: Change[T]
    outcome: Outcome
    message: str = ""

    @property
    def is_held(self) -> bool:
        """Whether the change needs a person now."""
        return self.outcome in (Outcome.REJECTED, Outcome.CONFLICT)

    @property
    def is_taken(self) -> bool:
        """Whether the other side took the change, at once or into its queue."""
        return self.outcome in (Outcome.DONE, Outcome.QUEUED)

    @property
    def is_open(self) -> bool:
        """Whether a later run has to see to the change."""
        return self.outcome in (Outcome.UNSURE, Outcome.NOT_SENT)


@dataclass(frozen=True, slots=True)
class Result:
    """What a pipeline did in a run: its plan, what was written, what is left for the next run, and what stopped it."""

    plan: Plan[Any]
    written: tuple[Written[Any], ...] = ()
    left_over: tuple[Change[Any], ...] = ()
    errors: tuple[KorsyncError, ...] = ()
    seconds_left_over: int = 0
    dry: bool = field(default=False, compare=False)

    @property
    def exit_code(self) -> int:
        """The pipeline's own exit code by the table of the README."""
        codes = [error.exit_code for error in self.errors]
        if self.plan.skipped(Fate.HELD) or any(each.is_held for each in self.written):
            codes.append(1)
        if any(each.is_open for each in self.written):
            codes.append(5)
        return most_serious(codes)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a sync command did: its results, the state after it, what it asked for, and what it has to remark.

    `at` is this machine's time. `remarks` are oddities that stopped nothing: a cache that could not be used. `warnings`
    are those that stay until a person does something: another API version that answered.
    """

    results: tuple[Result, ...]
    state: State
    exit_code: int
    requests: int
    writes: int
    at: datetime
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether any pipeline planned a change."""
        return any(result.plan.changes for result in self.results)
