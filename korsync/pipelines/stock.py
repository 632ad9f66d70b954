"""Stock, KORONA to Shopify: every changed level, without ever giving back a piece that is already sold.

The order of reading is the heart of it: what draft orders hold, then Shopify's levels, then KORONA's stock, then the
orders, completely. A draft order deleted in between lets go of pieces that a level read before does not show yet.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from korsync.errors import KorsyncError, Refused, Rejected, SafetyStop
from korsync.pipelines.base import Checked, GoesOn, Reading, Sides, side_by_side
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.sides import read_catalogue, read_levels, read_shop_products, read_stock
from korsync.pipelines.targets import find_stock_targets, must_be_active
from korsync.records.memory import Memory, StockTargets, held_key
from korsync.records.orders import DraftOrder
from korsync.records.plan import Change, Fate, Outcome, Plan, Skip, Written
from korsync.records.seen import Doubt, Look, WarehouseStock
from korsync.rules import guards
from korsync.rules.clocks import unbelieved
from korsync.rules.drafts import asks_for_drafts, pieces_in_drafts
from korsync.rules.levels import Level, StockRead, kept_for, levels_of, why_level
from korsync.rules.notices import notices_of, told_by_now
from korsync.rules.stock import LevelRules

GUARDED_LISTS = frozenset({"catalogue", "shop_products", "levels", "stock"})
"""What this plan rests on: as long as any of these came back far too short, nothing is raised."""

NOT_RAISED = "no level is raised in this run"

EMPTIED = "falls to 0 or below"
"""What is guarded in a plan of stock."""


@dataclass(frozen=True, slots=True)
class Available:
    """Shopify's level of an item at the location, the look to be remembered of it, and the doubt about it."""

    available: int
    inventory_item_id: int = field(compare=False)
    location_id: int = field(compare=False)
    look: Look = field(compare=False)
    doubt: Doubt | None = field(compare=False, default=None)

    def adjusted(self, available: int) -> "Available":
        """Return it as it will be when korsync has written another level: that explains itself."""
        doubt, look = self.doubt, replace(self.look, pieces=available)
        if doubt is not None and doubt.sure is not None:
            doubt = replace(doubt, sure=replace(doubt.sure, pieces=doubt.sure.pieces + available - self.available))
        return replace(self, available=available, look=look, doubt=doubt)

    @property
    def unknown(self) -> Doubt:
        """What is known of it when nobody knows whether it was written: what is missing."""
        return Doubt(self.look.at, self.look.reserved + max(0, self.doubt.missing if self.doubt else 0))


@dataclass(frozen=True, slots=True)
class Drafts:
    """The open draft orders, None where nobody had to ask; `refused` says why they may not be read."""

    orders: tuple[DraftOrder, ...] | None = None
    refused: str = ""
    trouble: tuple[KorsyncError, ...] = ()


@dataclass(frozen=True, slots=True)
class StockPulled:
    """All that the plan of stock is made of; `trouble` kept the orders or the draft orders from being read.

    `korona_now` is KORONA's time before its stock was read, `stocks_before` what was known of that stock until then.
    `doubt` says why no clock is believed, empty where all are; `lead` is by how much levels may be dated too late.
    """

    reading: Reading
    targets: StockTargets
    rules: LevelRules
    korona_now: datetime
    stocks_before: Mapping[str, WarehouseStock]
    trouble: tuple[KorsyncError, ...] = ()
    drafts: Drafts = Drafts()
    doubt: str = ""
    lead: timedelta = timedelta(0)

    @property
    def read(self) -> StockRead:
        """What the levels are decided on."""
        short = sorted(self.reading.shrunk & GUARDED_LISTS)
        unread = "draft orders could not be read" if self.drafts.trouble else "orders could not be read completely"
        why_not_complete = f"Shopify's {unread}" if self.trouble else ""
        if self.reading.strange:
            why_not_complete = f"nobody knows what order {self.reading.strange[0].name} sold: it cannot be read"
        if short:
            why_not_complete = guards.shrunk(short[0])
        orders = self.reading.memory.state.orders
        in_drafts = None if self.drafts.orders is None else pieces_in_drafts(self.drafts.orders, orders)
        memory, before = self.reading.memory, self.stocks_before
        if self.doubt:
            # A look has a time, and so has a fall below it.
            why_not_complete, memory = self.doubt, replace(memory, cache=unbelieved(memory.cache))
        return StockRead(
            memory, self.targets, self.rules, self.korona_now, before, why_not_complete, in_drafts, self.lead
        )


class Stock:
    """The stock pipeline."""

    name: ClassVar[str] = "stock"
    may_wait: ClassVar[bool] = True
    can_be_accepted: ClassVar[bool] = True
    writes_one_thing: ClassVar[bool] = True
    is_decided_about: ClassVar[bool] = False

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def pull(self, reading: Reading) -> StockPulled:
        """Read levels, then KORONA's stock, then all orders; trouble with the orders only forbids raising."""
        sides = self._sides
        reading = read_shop_products(sides, reading)
        reading, targets = find_stock_targets(sides, reading)
        safety = sides.settings.safety
        drafts = self._drafts(reading, safety.settle)
        reading = read_levels(sides, reading, targets.location.id)
        reading = read_catalogue(sides, reading)
        # KORONA's time before its stock is read: a receipt settled by then is surely in what is read after.
        korona_now = sides.korona_now
        stocks_before = reading.memory.cache.stocks
        reading = read_stock(sides, reading, targets.warehouse_ids)
        try:
            reading = read_orders(sides, reading)
        except KorsyncError as error:
            # Whatever keeps the orders from being read or booked never keeps a sold piece on sale.
            reading = reading.without("orders", error)
        rules = LevelRules(sides.settings.location.buffer, safety.settle, safety.max_change_percent)
        trouble = (*reading.missing(Stock.name), *drafts.trouble)
        clocks: Any = {"doubt": sides.clocks.doubt, "lead": sides.shopify_lead}
        return StockPulled(reading, targets, rules, korona_now, stocks_before, trouble, drafts, **clocks)

    @staticmethod
    def plan(pulled: StockPulled) -> Plan[Available]:
        """Decide by how much each level moves: lowered first, then raised."""
        memory, found = pulled.reading.memory, levels_of(pulled.read)
        decisions = [_decide(level, pulled) for level in found.levels]
        changes = sorted((each for each in decisions if isinstance(each, Change)), key=_turn)
        guarded = _guard(pulled, changes, found.levels)
        short = guards.short_lists(Stock.name, pulled.reading.shrunk & GUARDED_LISTS, NOT_RAISED)
        notices, told = told_by_now(memory.state, notices_of(pulled.read, found.levels, pulled.drafts.refused))
        memory = _with_looks(memory.with_state(in_step=dict(found.in_step), told=told), found.levels)
        if guarded.stop is not None:
            # The next run asks for KORONA's figures again and compares with the same.
            memory = memory.with_cache(stocks=dict(pulled.stocks_before))
        skips = (each for each in decisions if isinstance(each, Skip))
        return Plan(
            pipeline=Stock.name,
            changes=guarded.written,
            skips=(*found.skips, *skips, *guarded.waiting, *notices),
            matched=len(found.levels),
            trouble=(*pulled.trouble, *short),
            memory=memory,
            stop=guarded.stop,
            written_all_the_same=guarded.written,
        )

    def batches(self, changes: Sequence[Change[Available]]) -> Iterable[Sequence[Change[Available]]]:
        """All in one: before the push every look concerned is dropped on disk."""
        return [changes] if changes else []

    def intend(self, memory: Memory, batch: Sequence[Change[Available]]) -> Memory:
        """Drop the looks and note a doubt: if korsync dies now, nobody knows which of the levels were moved."""
        items = {change.after.inventory_item_id: change.after.unknown for change in batch}
        looks = {item_id: look for item_id, look in memory.cache.looks.items() if item_id not in items}
        return memory.with_cache(looks=looks, doubts=memory.cache.doubts | items)

    def push(self, batch: Sequence[Change[Available]], goes_on: GoesOn) -> Iterator[Sequence[Written[Available]]]:
        """Adjust each level by the difference, so that a sale between reading and writing survives.

        Nothing is raised before it is known what became of all that is lowered.
        """
        for raises in (False, True):
            part = [change for change in batch if _is_raised(change) is raises]
            yield from side_by_side(part, self._adjust, lambda value: value.inventory_item_id, goes_on)

    def record(self, memory: Memory, written: Sequence[Written[Available]]) -> Memory:
        """Remember the levels as read plus the differences, as of the reading; after lost answers remember doubts."""
        cache = memory.cache
        levels, looks, doubts = dict(cache.levels.levels), dict(cache.looks), dict(cache.doubts)
        for each in written:
            value = each.change.after if each.outcome is Outcome.DONE else each.change.before
            # What was refused may not be stocked there any more, and is no figure to come back to.
            if each.outcome in (Outcome.UNSURE, Outcome.REJECTED) or value is None:
                continue
            item_id = value.inventory_item_id
            levels[item_id] = replace(levels[item_id], available=value.available)
            looks[item_id] = value.look
            doubts.pop(item_id, None)
            if value.doubt is not None:
                doubts[item_id] = value.doubt
        return memory.with_cache(levels=replace(cache.levels, levels=levels), looks=looks, doubts=doubts)

    def check(self, memory: Memory, _sent: Sequence[Written[Available]]) -> Checked:
        """Believe the answers: what they told shows in the next look at Shopify."""
        return Checked(memory)

    def _adjust(self, change: Change[Available]) -> None:
        before = change.before.available if change.before else 0
        value = change.after
        try:
            self._sides.shopify.adjust(value.location_id, value.inventory_item_id, value.available - before)
        except Rejected:
            must_be_active(self._sides, value.location_id)
            raise

    def _drafts(self, reading: Reading, settle: timedelta) -> Drafts:
        """Read the draft orders where that matters; completed ones hold their pieces until their order is listed."""
        shopify, now = self._sides.shopify, self._sides.shopify_now
        if not asks_for_drafts(reading.memory.cache, settle, now):
            return Drafts()
        try:
            return Drafts(tuple(shopify.draft_orders(now - settle - self._sides.shopify_lead)))
        except Refused as error:
            return Drafts((), f"what they reserve is not seen and may be sold twice: {error.what}")
        except KorsyncError as error:
            return Drafts(trouble=(error,))


def _decide(level: Level, pulled: StockPulled) -> Change[Available] | Skip | None:
    sku, target, state = level.match.sku, level.target, pulled.reading.memory.state
    if target.level == level.available:
        return None
    if state.adopted_at is not None and state.adopted_at + pulled.rules.settle > pulled.korona_now:
        # How old the bookings found in KORONA are is not known: all would count as sold again, and empty the shop.
        return Skip(sku, "nothing is written so soon after the state was made from KORONA's receipts", Fate.WAITING)
    if target.level > level.available and level.why_not_raised:
        if level.switched_off:
            return None
        kept = f"kept at {level.available}, not raised to {target.level}"
        reason = f"{kept}: {level.why_not_raised}{kept_for(level, pulled.rules)}"
        return Skip(sku, reason, Fate.WAITING)
    before = _value(level)
    why = why_level(level.actual, target, pulled.rules)
    name = level.match.article.name
    change = Change(sku, before, before.adjusted(target.level), _mark(level), name, why)
    held = state.held.get(held_key(Stock.name, sku))
    if held is not None and held.mark == change.mark:
        return Skip(sku, held.reason, Fate.HELD)
    return change


def _value(level: Level) -> Available:
    """Return a level as it was read, with what is to be remembered of it."""
    read, target = level.read, level.target
    return Available(level.available, read.inventory_item_id, read.location_id, target.look, target.doubt)


def _mark(level: Level) -> str:
    """Return all that tells one adjustment from the next: refused once it is not sent again as long as that stays."""
    read, product = level.read, level.match.product
    where = f"{read.inventory_item_id} at {read.location_id}"
    return f"{where}: {level.available} to {level.target.level}, product of {product.updated_at}"


def _turn(change: Change[Available]) -> tuple[bool, bool]:
    """Say when a level is written: what is lowered first, and last of its kind what was in doubt.

    Items whose answers are lost in every run would otherwise end each push before the others have their turn.
    """
    return _is_raised(change), (change.before or change.after).doubt is not None


def _is_raised(change: Change[Available]) -> bool:
    return change.before is not None and change.after.available > change.before.available


@dataclass(frozen=True, slots=True)
class _Guarded:
    """What is written of a plan, what waits for a person's word, and the stop that says so."""

    written: tuple[Change[Available], ...]
    waiting: tuple[Skip, ...] = ()
    stop: SafetyStop | None = None


def _guard(pulled: StockPulled, changes: Sequence[Change[Available]], levels: Sequence[Level]) -> _Guarded:
    """Keep back what would empty too many levels at once; all else is written.

    What sold pieces alone make of such a lowering is written, too: a sold piece is never left on sale.
    """
    by_sales = {level.match.sku: level.target.by_sales for level in levels}
    emptied = {
        guards.mark(change.key, EMPTIED): change
        for change in changes
        if change.after.available <= 0 < by_sales[change.key]
    }
    state = pulled.reading.memory.state
    marks = guards.kept_back(
        emptied.keys(),
        accepted=state.accepted.get(Stock.name, ()),
        waiting=state.stopped.get(Stock.name, ()),
        matched=len(levels),
        percent=pulled.rules.max_change_percent,
    )
    if not marks:
        return _Guarded(tuple(changes))
    keys = {emptied[mark].key for mark in marks}
    parts = (_by_sales_alone(each, by_sales[each.key]) if each.key in keys else each for each in changes)
    waiting = tuple(
        Skip(each.key, guards.waits(Stock.name, each.key, *_figures(each)), Fate.HELD)
        for each in changes
        if each.key in keys
    )
    why = guards.share("fall to 0 or below", len(marks), len(levels), pulled.rules.max_change_percent)
    return _Guarded(tuple(each for each in parts if each is not None), waiting, guards.stop(Stock.name, why, marks))


def _by_sales_alone(change: Change[Available], available: int) -> Change[Available] | None:
    if change.before is None or available >= change.before.available:
        return None
    return replace(change, after=change.before.adjusted(available))


def _figures(change: Change[Available]) -> tuple[int, int]:
    return change.before.available if change.before else 0, change.after.available


def _with_looks(memory: Memory, levels: Iterable[Level]) -> Memory:
    """Remember the looks of this run, and the last doubt about each level as long as it counts.

    Of a level that is left alone the look is forgotten: orders do not move an untracked one, so they must not explain
    a fall later. What was missing from it or reserved may be so still when it is kept in step again.
    """
    values = {each.inventory_item_id: each for each in map(_value, levels)}
    left = {item_id: doubt for item_id, doubt in unbelieved(memory.cache).doubts.items() if doubt.missing}
    doubts = {each: left[each] for each in memory.cache.levels.levels if each in left and each not in values}
    doubts |= {item_id: each.doubt for item_id, each in values.items() if each.doubt is not None}
    return memory.with_cache(looks={item_id: each.look for item_id, each in values.items()}, doubts=doubts)
