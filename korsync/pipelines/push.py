"""Sends what a plan allows, batch by batch: noted before, recorded after, and stopped where that is wiser."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from korsync.errors import KorsyncError, Refused, Unavailable
from korsync.pipelines.base import MOST_UNSURE, Pipeline
from korsync.records.memory import Memory
from korsync.records.plan import Change, Outcome, Written


@dataclass(slots=True)
class Push:
    """One push: what was sent so far, request by request, what was refused of it, and what stopped it.

    `memory` is what is known now. `keep` puts it on disk before anything is sent that must be known of, and when the
    push ends for good; it is told whether the cache has to be kept as well. `note` is for the journal, `tell` for who
    looks on. After `most_minutes` what may wait is left
    to the next run.
    """

    pipeline: Pipeline[Any, Any]
    memory: Memory
    keep: Callable[[Memory, bool], None]
    note: Callable[[str, Sequence[Written[Any]]], None]
    tell: Callable[[Written[Any]], None]
    monotonic: Callable[[], float]
    most_minutes: Decimal
    started: float = field(init=False)
    requests: list[Sequence[Written[Any]]] = field(default_factory=list)
    trouble: KorsyncError | None = None
    refusals: list[KorsyncError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.monotonic()

    @property
    def written(self) -> list[Written[Any]]:
        """What became of each change that was sent."""
        return [each for request in self.requests for each in request]

    @property
    def errors(self) -> tuple[KorsyncError, ...]:
        """What was refused, and what stopped the push."""
        trouble = () if self.trouble is None or self.trouble in self.refusals else (self.trouble,)
        return (*self.refusals, *trouble)

    @property
    def seconds(self) -> float:
        return self.monotonic() - self.started

    def send(self, changes: Sequence[Change[Any]]) -> None:
        """Send changes until all are sent, or something stops the rest."""
        is_checked = True
        for batch in self.pipeline.batches(changes):
            if self.trouble or not self._goes_on():
                break
            # With what became of the batch before: a death in between leaves its intents, and the next run looks.
            noted = self.pipeline.intend(self.memory, batch)
            self.keep(noted, noted.cache is not self.memory.cache)
            self.memory = noted
            self._send(batch)
            is_checked = not self.memory.state.receipts_come_back
            if is_checked and not self._check():
                break
        if not is_checked:
            self._check()
        if self.trouble is None and self._is_lost():
            what = f"{self.pipeline.name}: {MOST_UNSURE} answers in a row were lost"
            self.trouble = Unavailable(what, "the next run looks what became of them")

    def _send(self, batch: Sequence[Change[Any]]) -> None:
        """Send a batch; what was heard of it is recorded however that ends, and kept where it ends for good."""
        heard: list[Written[Any]] = []
        try:
            for request in self.pipeline.push(batch, self._goes_on):
                self.requests.append(request)
                heard += request
                for each in request:
                    if each.outcome is not Outcome.NOT_SENT:
                        self.tell(each)
        except Refused as error:
            self.refusals.append(error)
            self.trouble = error if error.everything or self.pipeline.writes_one_thing else None
        except KorsyncError as error:
            self.trouble = error
        except BaseException:
            self.keep(self.pipeline.record(self.memory, heard), True)
            raise
        finally:
            self.note(self.pipeline.name, heard)
        sent = {id(each.change) for each in heard}
        unsent = [Written(change, Outcome.NOT_SENT) for change in batch if id(change) not in sent]
        self.memory = self.pipeline.record(self.memory, [*heard, *unsent])

    def _check(self) -> bool:
        """Have the pipeline look at what it sent; tell whether more may be sent."""
        self.keep(self.memory, False)
        try:
            checked = self.pipeline.check(self.memory, self.written)
        except KorsyncError as error:
            self.trouble = self.trouble or error
            return False
        self.memory = checked.memory
        if checked.wrong:
            self.requests.append(checked.wrong)
        for each in checked.wrong:
            self.tell(each)
        self.trouble = self.trouble or checked.stop
        return checked.goes_on

    def _goes_on(self) -> bool:
        """Tell whether more may be sent in this run: the one place where that is asked."""
        is_over = self.pipeline.may_wait and self.seconds / 60 > float(self.most_minutes)
        return not (is_over or self._is_lost())

    def _is_lost(self) -> bool:
        """Tell whether nothing is known of any change in the last requests."""
        last = self.requests[-MOST_UNSURE:]
        return len(last) == MOST_UNSURE and all(each.outcome is Outcome.UNSURE for request in last for each in request)
