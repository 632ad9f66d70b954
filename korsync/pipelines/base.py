"""What a pipeline is: pull reads, plan decides, push writes; and what is known when it does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from korsync.errors import Rejected, SafetyStop, Unsure
from korsync.records.memory import Cache, State
from korsync.records.plan import Change, Outcome, Plan, Written

MOST_UNSURE = 3
"""After so many lost answers in a row a side is taken for unreachable."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that a run knows: what must not be lost and what may be."""

    state: State
    cache: Cache


class Pulled(Protocol):
    """What a pull brings: at least the knowledge as it is after reading."""

    @property
    def knowledge(self) -> Knowledge:
        """What is known after the pull; it is saved before anything is written."""


PulledT = TypeVar("PulledT", bound=Pulled)


class Pipeline(Protocol[PulledT]):
    """One direction of keeping both sides in step.

    Dry run and real run share pull, plan and guard, so what is shown is what is done.
    """

    @property
    def name(self) -> str:
        """What people and commands call it."""

    @property
    def may_wait(self) -> bool:
        """Whether the push stops after `safety.max_minutes` and goes on in the next run."""

    def pull(self, knowledge: Knowledge, /) -> PulledT:
        """Read both sides; write nothing."""

    def plan(self, pulled: PulledT, /) -> Plan:
        """Decide what to write: a pure function of what was pulled."""

    def guard(self, pulled: PulledT, plan: Plan, /) -> tuple[Plan, SafetyStop | None]:
        """Return what of a plan may be written, and why the rest may not: a pure function."""

    def disbelieve(self, before: Knowledge, after: Knowledge, /) -> Knowledge:
        """Return what may be kept of a pull whose plan was stopped."""

    def batches(self, changes: Sequence[Change], /) -> Iterable[Sequence[Change]]:
        """Cut the changes into the parts before each of which the knowledge is saved."""

    def intend(self, knowledge: Knowledge, batch: Sequence[Change], /) -> Knowledge:
        """Return what must be on disk before a batch is pushed."""

    def push(self, batch: Sequence[Change], /) -> Iterable[Written]:
        """Write a batch, one answer for each change."""

    def record(self, knowledge: Knowledge, written: Written, /) -> Knowledge:
        """Return what is known after a change was pushed."""


def one_by_one(batch: Sequence[Change], write: Callable[[Change], None]) -> Iterator[Written]:
    """Write changes that are a request each and return what became of each; Unavailable and Refused end it."""
    for change in batch:
        try:
            write(change)
        except Rejected as error:
            yield Written(change, Outcome.REJECTED, error.what)
        except Unsure as error:
            yield Written(change, Outcome.UNSURE, error.what)
        else:
            yield Written(change, Outcome.DONE)
