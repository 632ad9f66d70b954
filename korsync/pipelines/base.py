"""What a pipeline is: pull reads, plan decides, push writes, several things at once where a side allows it."""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Protocol, TypeVar

from korsync.config.settings import Settings
from korsync.errors import KorsyncError, Refused, Rejected, SafetyStop, Unavailable, Unsure
from korsync.korona.client import KoronaClient
from korsync.pipelines.watch import Watch
from korsync.records.memory import STEADY, ClocksSeen, Memory
from korsync.records.orders import Order
from korsync.records.plan import Change, Outcome, Plan, Written
from korsync.shopify.client import ShopifyClient

DAY = timedelta(days=1)

LATE_REVISIONS = 200
"""KORONA may commit a row a moment late, under a lower revision than one that was read: so far each ask goes back."""

MOST_UNSURE = 3
"""After so many lost answers in a row a side is taken for unreachable."""

LOOKED_AGAIN_AFTER = 1.0
"""So many seconds may pass until an answer is noticed whose call was lost to an interruption."""

MOST_UNDER_WAY = 24
"""So many writes are on their way at once: more than the largest bucket lets through until an answer comes."""


GOES_ON_WITHOUT = {"stock": ("orders",), "products": ("prices", "images")}
"""The lists that a pipeline can do without: it goes on with what is known, lowers only (stock), and says so.

Whatever else it asks for it needs: refused or not to be had, the pipeline ends, and the others run.
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both clients and the settings; `full` ignores every cursor and compares everything.

    Orders are then read since `orders.start_from` or, to look no further back, since `orders_since`.
    """

    korona: KoronaClient
    shopify: ShopifyClient
    settings: Settings
    full: bool = False
    orders_since: datetime | None = None
    clocks: Watch = field(init=False)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sides = {each.side: each.dates for each in (self.korona.session, self.shopify.session)}
        object.__setattr__(self, "clocks", Watch(sides))

    @property
    def korona_now(self) -> datetime:
        """KORONA's time; as long as no clock is believed one at which nothing has waited enough."""
        return self.clocks.believed(self.korona.now, self.clocks.before.korona_at)

    @property
    def shopify_now(self) -> datetime:
        """Shopify's time, likewise."""
        return self.clocks.believed(self.shopify.now, self.clocks.before.shopify_at)

    @property
    def shopify_lead(self) -> timedelta:
        """By how much Shopify's answers may be dated too late: its rows have times of their own, which are right.

        Nobody knows whether it is this machine's clock that is late: what goes by it is asked for from earlier on.
        """
        most = (self.shopify.session.dates.ahead or (0, 0))[1]
        return timedelta(seconds=most) if most > STEADY else timedelta(0)

    @property
    def seen(self) -> ClocksSeen:
        """What the next run must know of the clocks."""
        return self.clocks.seen(self.korona.session.dates.last, self.shopify.session.dates.last)

    def ask_until(self, moment: float) -> None:
        """Have neither side asked any more after a moment of the monotonic clock."""
        self.korona.session.ask_until = self.shopify.session.ask_until = moment

    def ask_for(self, seconds: float) -> None:
        """Have neither side asked any more once so many seconds have passed from now."""
        for session in (self.korona.session, self.shopify.session):
            session.ask_for(seconds)

    @property
    def latest(self) -> datetime | None:
        """The time by either side, Shopify first; None where neither answered."""
        with suppress(Unavailable):
            return self.shopify_now
        with suppress(Unavailable):
            return self.korona_now
        return None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a run has read so far: the memory with what was read in its place, and what the memory does not keep.

    `lists` names the lists that were read, `shrunk` those that came far too short to be believed; `orders` are the
    contents of orders by id. `trouble` kept the lists that it is named by from being read, without which the rest goes
    on. Of `strange` orders nobody knows which they are or what they sold.
    """

    memory: Memory
    lists: frozenset[str] = frozenset()
    shrunk: frozenset[str] = frozenset()
    trouble: Mapping[str, KorsyncError] = field(default_factory=dict)
    orders: Mapping[int, Order] = field(default_factory=dict)
    strange: tuple[Order, ...] = ()

    def with_memory(self, memory: Memory) -> "Reading":
        return replace(self, memory=memory)

    def without(self, name: str, error: KorsyncError) -> "Reading":
        """Return the reading that goes on without a list; raise the error where its side refuses everything."""
        if isinstance(error, Refused) and error.everything:
            raise error
        return replace(self, trouble={**self.trouble, name: error})

    def missing(self, pipeline: str) -> tuple[KorsyncError, ...]:
        """Return what kept lists from being read that a pipeline goes on without."""
        return tuple(self.trouble[name] for name in GOES_ON_WITHOUT[pipeline] if name in self.trouble)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at what was written shows: what is known then, what turned out otherwise, and whether to go on."""

    memory: Memory
    wrong: Sequence[Written[Any]] = ()
    stop: SafetyStop | None = None
    goes_on: bool = True


class Pulled(Protocol):
    """What a pull brings: lists, look-ups, and the reading that the next pipeline goes on from."""

    @property
    def reading(self) -> Reading:
        """What the run has read by now."""


PulledT = TypeVar("PulledT", bound=Pulled)
T = TypeVar("T")

GoesOn = Callable[[], bool]
"""Tells whether more may be sent; asked before each request."""


class Pipeline(Protocol[PulledT, T]):
    """One direction of keeping both sides in step.

    Dry run and real run share pull and plan, so what is shown is what is done. A push is made of batches; before each
    the memory is saved, and it yields the outcomes of one request after the other.
    """

    name: ClassVar[str]
    """What people and commands call it."""

    may_wait: ClassVar[bool]
    """Whether the push stops after `safety.max_minutes` and goes on in the next run."""

    can_be_accepted: ClassVar[bool]
    """Whether a person can let a plan through that was stopped for safety."""

    writes_one_thing: ClassVar[bool]
    """Whether a refusal of one of its writes is one of all; otherwise its batches leave out what was refused."""

    is_decided_about: ClassVar[bool]
    """Whether a person settles held items with `retry` and `ignore`; other pipelines try theirs in every run."""

    def pull(self, reading: Reading, /) -> PulledT:
        """Read both sides; decide and remember nothing."""

    @staticmethod
    def plan(pulled: PulledT, /) -> Plan[T]:
        """Decide what to write, what may be written, and what is remembered: a pure function of what was pulled."""

    def batches(self, changes: Sequence[Change[T]], /) -> Iterable[Sequence[Change[T]]]:
        """Cut the changes into the parts before each of which the memory is saved."""

    def intend(self, memory: Memory, batch: Sequence[Change[T]], /) -> Memory:
        """Return what must be on disk before a batch is pushed."""

    def push(self, batch: Sequence[Change[T]], goes_on: GoesOn, /) -> Iterator[Sequence[Written[T]]]:
        """Write a batch as long as it goes on; yield for each request what became of its changes, as that is heard."""

    def record(self, memory: Memory, written: Sequence[Written[T]], /) -> Memory:
        """Return what is known after changes of one batch were pushed, or were not sent after all."""

    def check(self, memory: Memory, sent: Sequence[Written[T]], /) -> Checked:
        """Look once more at what was sent so far, where its answers alone are not believed."""


def side_by_side(
    batch: Sequence[Change[T]], write: Callable[[Change[T]], None], lane_of: Callable[[T], Hashable], goes_on: GoesOn
) -> Iterator[Sequence[Written[T]]]:
    """Write changes and yield what became of each as it is heard; what shares a lane goes one after the other.

    The first goes alone, and so does what follows a lost answer: a side that refuses everything, or is away, is not
    asked many times. Whatever stops the rest, Ctrl-C as well, is raised when all that was under way is heard and
    yielded; a second Ctrl-C at once.
    """
    lanes: dict[Hashable, deque[Change[T]]] = {}
    for change in batch:
        lanes.setdefault(lane_of(change.after), deque()).append(change)
    waiting = deque(lanes.values())
    # Nothing is taken out of the list: an answer that was being fetched when Ctrl-C came would be waited for for ever.
    heard: list[tuple[deque[Change[T]], Written[T] | BaseException]] = []
    calls: SimpleQueue[None] = SimpleQueue()

    def send_first_of(lane: deque[Change[T]]) -> None:
        heard.append((lane, _outcome_of(lane.popleft(), write)))
        calls.put(None)

    trouble: BaseException | None = None
    sent, told, most = 0, 0, 1
    while True:
        while waiting and sent - told < most and trouble is None and goes_on():
            # It dies with the process: none of them keeps that from ending.
            threading.Thread(target=send_first_of, args=[waiting.popleft()], daemon=True).start()
            sent += 1
        if told >= max(sent, len(heard)):
            break
        try:
            calls.get(timeout=LOOKED_AGAIN_AFTER)
        except Empty:
            pass
        except BaseException as interruption:
            if not isinstance(trouble, KorsyncError | None):
                raise
            trouble = interruption
        if told == len(heard):
            continue
        lane, outcome = heard[told]
        told += 1
        if isinstance(outcome, BaseException):
            # Of what is no word of a side nobody knows what it leaves behind: that is told before all else.
            trouble = outcome if isinstance(trouble, KorsyncError | None) else trouble
        else:
            most = 1 if outcome.outcome is Outcome.UNSURE else MOST_UNDER_WAY
            if lane:
                waiting.appendleft(lane)
            yield [outcome]
    if not isinstance(trouble, KorsyncError | None):
        # Nobody else could say so any more; otherwise the next run would take all of them for lost.
        yield [Written(change, Outcome.NOT_SENT) for lane in waiting for change in lane]
    if trouble is not None:
        raise trouble


def _outcome_of(change: Change[T], write: Callable[[Change[T]], None]) -> Written[T] | BaseException:
    try:
        write(change)
    except Rejected as error:
        return Written(change, Outcome.REJECTED, error.what)
    except Unsure as error:
        return Written(change, Outcome.UNSURE, error.what)
    except BaseException as error:
        return error
    return Written(change, Outcome.DONE)
