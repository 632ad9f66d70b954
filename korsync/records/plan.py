"""What a pipeline intends and what became of it, as values: changes, skips, plans, outcomes, results."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from korsync.errors import KorsyncError, most_serious


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
class Change:
    """One write: before and after are records of one type, and ids of the other side make no difference.

    `key` is what a person calls the item: the SKU of a variant, the name of an order.
    """

    key: str
    before: Any
    after: Any

    def edits(self) -> tuple[Edit, ...]:
        """Return the fields that differ, in the order of the record's definition."""
        names = [each.name for each in fields(self.after) if each.compare]
        pairs = [(name, getattr(self.before, name, None), getattr(self.after, name)) for name in names]
        return tuple(Edit(name, before, after) for name, before, after in pairs if before != after)


@dataclass(frozen=True, slots=True)
class Skip:
    """An item that is left alone, the reason in a shopkeeper's words, and its fate."""

    key: str
    reason: str
    fate: Fate


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a pipeline intends: changes in the order in which they are written, and what is left alone.

    `notes` are remarks for a person that concern no single item's fate; `trouble` is what kept the pull from being
    complete although something could be planned.
    """

    pipeline: str
    changes: tuple[Change, ...] = ()
    skips: tuple[Skip, ...] = ()
    matched: int = 0
    notes: tuple[str, ...] = ()
    trouble: tuple[KorsyncError, ...] = ()

    def skipped(self, fate: Fate) -> tuple[Skip, ...]:
        """Return the skips of one fate."""
        return tuple(skip for skip in self.skips if skip.fate is fate)


@dataclass(frozen=True, slots=True)
class Written:
    """A change that was pushed, what became of it, and the other side's own words where it refused."""

    change: Change
    outcome: Outcome
    message: str = ""

    @property
    def is_held(self) -> bool:
        """Whether the change needs a person now."""
        return self.outcome in (Outcome.REJECTED, Outcome.CONFLICT)


@dataclass(frozen=True, slots=True)
class Result:
    """What a pipeline did in a run: its plan, what was written, what is left for the next run, and what stopped it."""

    plan: Plan
    written: tuple[Written, ...] = ()
    left_over: tuple[Change, ...] = ()
    errors: tuple[KorsyncError, ...] = ()
    seconds_left_over: int = 0
    dry: bool = field(default=False, compare=False)

    @property
    def exit_code(self) -> int:
        """The pipeline's own exit code by the table of the README."""
        codes = [error.exit_code for error in self.errors]
        if self.plan.skipped(Fate.HELD) or any(each.is_held for each in self.written):
            codes.append(1)
        if any(each.outcome is Outcome.UNSURE or each.outcome is Outcome.NOT_SENT for each in self.written):
            codes.append(5)
        return most_serious(codes)
