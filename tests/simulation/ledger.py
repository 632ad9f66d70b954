"""What is truly available of each article, and whether Shopify ever offers more than it may: the omniscient checker."""

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum, auto

from korsync.records.plan import Fate, Outcome, Result
from korsync.sandbox.korona.store import Article, Receipt
from korsync.sandbox.shopify.drafts import DraftOrder
from korsync.sandbox.shopify.sales import Order
from korsync.sandbox.world import World

RESTOCKED = frozenset({"cancel", "return", "legacy_restock"})


class Cause(Enum):
    """What may make Shopify offer more than there is until korsync has seen it."""

    LOWERED_IN_KORONA = auto()
    RAISED_BY_HAND = auto()


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Pieces that korsync cannot know of before it reads again; `moment` counts everything that happens."""

    cause: Cause
    pieces: int
    moment: int


@dataclass
class Readings:
    """The moments at which the run under way read, and the articles in orders that were not listed to it."""

    levels: int = -1
    stock: int = -1
    unlisted: frozenset[str] = frozenset()


@dataclass
class Tally:
    """What came of the days: orders, pieces sold that were not there, and how long the levels were not what fits.

    The hours are those of all articles together; of those with a level that does not fit, the held ones are named ones.
    """

    orders: int = 0
    oversold: int = 0
    checks: int = 0
    hours: float = 0.0
    too_low: float = 0.0
    too_high: float = 0.0
    too_low_and_held: float = 0.0

    def add(self, other: "Tally") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def __str__(self) -> str:
        shares = (
            each / self.hours if self.hours else 0.0 for each in (self.too_low, self.too_low_and_held, self.too_high)
        )
        low, held, high = shares
        return (
            f"{self.orders} orders, {self.oversold} pieces oversold, {self.checks} checks; of the time of all articles "
            f"{low:.2%} too low (held and named {held:.2%}), {high:.2%} too high"
        )


class Oversold(AssertionError):
    """Shopify offers more than is there, and nobody but korsync is to blame."""


@dataclass
class Ledger:
    """The books of both sides, read from the sandbox's own rows and never through the API."""

    world: World
    skus: tuple[str, ...]
    buffer: int = 0
    warehouses: tuple[str, ...] = ("1",)
    tally: Tally = field(default_factory=Tally)
    story: list[str] = field(default_factory=list)
    moment: int = 0
    settled_by_hand: set[int] = field(default_factory=set)
    told: frozenset[str] = frozenset()
    _readings: Readings = field(default_factory=Readings)
    _out_of_sight: set[str] = field(default_factory=set)
    _disturbances: dict[str, list[Disturbance]] = field(default_factory=dict)
    _in_korona: Counter[tuple[int, str]] = field(default_factory=Counter)
    _receipts_read: int = 0
    _unseen_drafts: dict[int, Counter[str]] = field(default_factory=dict)
    _last_look: datetime | None = None

    def open_books(self) -> None:
        """Begin to measure time: what lies idle at night is no loss."""
        self._last_look = self.world.clock.now()

    # --- the truth ---

    def truly_available(self) -> dict[str, int]:
        """Return what may be promised: KORONA's stock without the pieces sold in Shopify that it does not contain.

        What a draft order has reserved is promised already, and what was cancelled without restock has left the shelf
        until somebody has told KORONA.
        """
        korona = self.world.korona
        with self.world.shopify.acting():  # what Shopify does by itself has been done by now
            found = {sku: int(sum(korona.stock_of(sku, each) for each in self.warehouses)) for sku in self.skus}
        self._read_the_books()
        for order in self.world.shopify.store.orders.values():
            if order.id in self.settled_by_hand:
                continue
            for line in order.lines:
                if line.sku in found:
                    in_korona = self._in_korona[order.id, line.sku]
                    found[line.sku] -= line.sold - _restocked(order, line.id) - in_korona
        for sku, pieces in self._in_drafts(reserved=True).items():
            found[sku] -= pieces
        return found

    def _in_drafts(self, *, reserved: bool) -> Counter[str]:
        """Return the pieces in open draft orders: in those that hold them, or in the others.

        What korsync was not allowed to see, and told so, is like what holds nothing.
        """
        found: Counter[str] = Counter()
        for draft_id, draft in self.world.shopify.store.drafts.items():
            holds = draft.reserved and draft_id not in self._unseen_drafts
            if draft.status != "completed" and holds == reserved:
                found.update(_pieces_of(draft))
        return found

    def drafts_are_unseen(self) -> None:
        """Take note that korsync has told that it cannot see what draft orders hold: that may be sold a second time."""
        drafts = self.world.shopify.store.drafts.items()
        self._unseen_drafts |= {draft_id: _pieces_of(draft) for draft_id, draft in drafts if draft.reserved}

    def _let_go_of_unseen(self) -> None:
        """Excuse what unseen draft orders give back or make an order of, until korsync must have seen that."""
        drafts = self.world.shopify.store.drafts
        for draft_id in list(self._unseen_drafts):
            if draft_id not in drafts or not drafts[draft_id].reserved or drafts[draft_id].status == "completed":
                for sku, pieces in self._unseen_drafts.pop(draft_id).items():
                    self.raised_by_hand(sku, pieces)

    def offered(self, sku: str) -> int:
        return self.world.shopify.available(sku)

    def wanted(self, available: int) -> int:
        """Return the level that fits: the buffer alone never pushes it below 0."""
        return min(available, max(0, available - self.buffer))

    def _read_the_books(self) -> None:
        receipts = self.world.korona.table(Receipt)
        numbers = self.world.korona.table(Article)
        for receipt in list(receipts.values())[self._receipts_read :]:
            if receipt.key:
                order_id = int(receipt.posted["externalReferences"]["shopifyOrderId"])
                for article_id, pieces in receipt.lines:
                    self._in_korona[order_id, numbers[article_id].number or ""] += int(pieces)
        self._receipts_read = len(receipts)

    # --- what happens ---

    def note(self, what: str) -> None:
        self.moment += 1
        self.story.append(f"{self.world.clock.now():%d %H:%M:%S} {self.moment} {what}")

    def ordered(self, order: Order, before: dict[str, int]) -> None:
        self.tally.orders += 1
        for line in order.lines:
            sku = line.sku or ""
            missing = line.sold - max(0, before[sku] + self._raised(sku))
            self.tally.oversold += max(0, missing)

    def added(self, sku: str, before: dict[str, int]) -> None:
        """Take note of a piece that an edit added to an order."""
        self.tally.oversold += before[sku] + self._raised(sku) < 1

    def _raised(self, sku: str) -> int:
        """Return the pieces that others put on sale: by hand, or draft orders that korsync told it cannot see."""
        raised = (each for each in self._disturbances.get(sku, ()) if each.cause is Cause.RAISED_BY_HAND)
        return sum(each.pieces for each in raised)

    def lowered_in_korona(self, sku: str, pieces: int) -> None:
        self._disturb(sku, Disturbance(Cause.LOWERED_IN_KORONA, pieces, self.moment))

    def raised_by_hand(self, sku: str, pieces: int) -> None:
        self._disturb(sku, Disturbance(Cause.RAISED_BY_HAND, pieces, self.moment))

    def _disturb(self, sku: str, disturbance: Disturbance) -> None:
        self._disturbances.setdefault(sku, []).append(disturbance)

    # --- what korsync reads and writes ---

    def asked(self, method: str, path: str) -> None:
        """Take note of a request that is about to be applied."""
        self.note(f"{method} {path.rsplit('/', 1)[-1]}")
        if method == "GET" and path.endswith("/inventory_levels.json"):
            self._readings.levels = self.moment
        elif method == "GET" and path.endswith("/productStocks") and self._readings.stock < self._readings.levels:
            # The first of a run: what moves in a warehouse after it was read need not be seen.
            self._readings.stock = self.moment
        elif method == "GET" and path.endswith("/orders.json"):
            now = self.world.clock.now()
            orders = self.world.shopify.store.orders.values()
            hidden = (line.sku for order in orders if order.listed_from > now for line in order.lines)
            self._readings.unlisted = frozenset(sku for sku in hidden if sku)

    def lost_sight(self) -> None:
        """Take note that korsync no longer knows what the levels were at its last look."""
        self._out_of_sight = set(self.skus)

    def finished(self, result: Result) -> None:
        """Take note that a stock pipeline came to its end: what it read and wrote is no excuse any more."""
        if result.plan.pipeline != "stock":
            return
        # What the plan holds was shown to a person, although the run goes on.
        self.told |= {skip.key for skip in result.plan.skipped(Fate.HELD)}
        undone = {each.change.key for each in result.written if each.outcome is not Outcome.DONE}
        if not result.errors:
            for sku in self._disturbances.keys() - undone - {change.key for change in result.left_over}:
                self._disturbances[sku] = [each for each in self._disturbances[sku] if not self._is_over(sku, each)]
            self._out_of_sight.clear()
        self._out_of_sight |= undone

    def _is_over(self, sku: str, each: Disturbance) -> bool:
        """Tell whether korsync must have seen a disturbance by now.

        An order not listed yet hides it where the last look is lost, and a rise by hand it hides in any case: nobody
        can tell them apart until the order is listed.
        """
        if each.cause is Cause.LOWERED_IN_KORONA:
            is_hidden = sku in self._readings.unlisted & self._out_of_sight
            return each.moment < self._readings.stock and not is_hidden
        return each.moment < self._readings.levels and sku not in self._readings.unlisted

    # --- the invariants ---

    def check(self) -> None:
        """Raise Oversold where Shopify offers more than is there plus what korsync cannot have seen yet."""
        available = self.truly_available()
        self._let_go_of_unseen()
        now = self.world.clock.now()
        hours = (now - self._last_look).total_seconds() / 3600 if self._last_look else 0.0
        self._last_look = now
        self.tally.checks += 1
        for sku in self.skus:
            offered, excuse = self.offered(sku), sum(each.pieces for each in self._disturbances.get(sku, ()))
            self._measure(sku, offered - self.wanted(available[sku]), hours)
            if offered > available[sku] + excuse and sku not in self.told:
                self.fail(f"{sku}: {offered} are offered, {available[sku]} are there, {excuse} may be unseen")

    def _measure(self, sku: str, beyond: int, hours: float) -> None:
        tally = self.tally
        tally.hours += hours
        tally.too_high += hours if beyond > 0 else 0.0
        tally.too_low += hours if beyond < 0 else 0.0
        tally.too_low_and_held += hours if beyond < 0 and sku in self.told else 0.0

    def check_agreement(self) -> None:
        """Raise Oversold where a quiet world has not come to rest at the figures it should have.

        No draft order says whether it holds its pieces: one that does not may keep them back.
        """
        perhaps_kept = self._in_drafts(reserved=False)
        for sku, available in self.truly_available().items():
            idle = self.wanted(available) - self.offered(sku)
            if not 0 <= idle <= perhaps_kept[sku]:
                self.fail(f"{sku}: {self.offered(sku)} are offered in a quiet world, {available} are there")

    def fail(self, what: str) -> None:
        """Raise Oversold with the story so far."""
        raise Oversold("\n".join([what, *self.story[-400:]]))


def _pieces_of(draft: DraftOrder) -> Counter[str]:
    return Counter({sku or "": pieces for sku, (_, pieces) in zip(draft.skus, draft.lines, strict=True)})


def _restocked(order: Order, line_id: int) -> int:
    return sum(
        each.quantity
        for refund in order.refunds
        for each in refund.lines
        if each.line_id == line_id and each.restock_type in RESTOCKED
    )
