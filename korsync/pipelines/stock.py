"""Stock, KORONA to Shopify: every changed level, without ever giving back a piece that is already sold.

The order of reading is the heart of it: Shopify's levels first, then KORONA's stock, then the orders, completely.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from korsync.errors import KorsyncError, SafetyStop
from korsync.pipelines.base import Checked, Reading, Sides, one_by_one
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.sides import read_catalogue, read_levels, read_shop_products, read_stock
from korsync.pipelines.targets import find_stock_targets
from korsync.records.catalogue import InventoryLevel
from korsync.records.memory import Look, Memory, StockTargets, WarehouseStock
from korsync.records.plan import Change, Fate, Outcome, Plan, Skip, Written
from korsync.rules.guards import shrunk, stop_unless_accepted, too_many
from korsync.rules.matching import Match, assortment, match
from korsync.rules.stock import LevelFacts, LevelRules, LevelTarget, SoldIndex, index_sold, target_of

GUARDED_LISTS = frozenset({"catalogue", "shop_products", "levels", "stock"})
"""What this plan rests on: any of these coming back far too short stops it."""


@dataclass(frozen=True, slots=True)
class Available:
    """Shopify's level of an item at the location, as of `seen_at`; `doubted_at` is the last doubt about it."""

    available: int
    inventory_item_id: int = field(compare=False)
    location_id: int = field(compare=False)
    seen_at: datetime = field(compare=False)
    doubted_at: datetime | None = field(compare=False, default=None)


@dataclass(frozen=True, slots=True)
class StockPulled:
    """All that the plan of stock is made of; `trouble` kept the orders from being read.

    `korona_now` is KORONA's time before its stock was read, `stocks_before` what was known of that stock until then.
    """

    reading: Reading
    targets: StockTargets
    rules: LevelRules
    korona_now: datetime
    stocks_before: Mapping[str, WarehouseStock]
    trouble: tuple[KorsyncError, ...] = ()


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
        reading = read_levels(sides, reading, targets.location.id)
        reading = read_catalogue(sides, reading)
        # KORONA's time before its stock is read: a receipt settled by then is surely in what is read after.
        korona_now = sides.korona.now
        stocks_before = reading.memory.cache.stocks
        reading = read_stock(sides, reading, targets.warehouse_ids)
        try:
            reading = read_orders(sides, reading)
        except KorsyncError as error:
            # Whatever keeps the orders from being read or booked never keeps a sold piece on sale.
            reading = reading.without("orders", error)
        safety = sides.settings.safety
        rules = LevelRules(sides.settings.location.buffer, safety.settle, safety.max_change_percent)
        return StockPulled(reading, targets, rules, korona_now, stocks_before, reading.missing(Stock.name))

    @staticmethod
    def plan(pulled: StockPulled) -> Plan[Available]:
        """Decide by how much each level moves: lowered first, then raised."""
        levels, left = _levels(pulled)
        decisions = [_decide(level, pulled) for level in levels]
        changes = sorted((each for each in decisions if isinstance(each, Change)), key=_turn)
        memory = _with_looks(pulled.reading.memory, levels)
        stop, lowered = _guard(pulled, changes, levels)
        if stop is not None:
            # The next run asks for KORONA's figures again and compares with the same.
            memory = memory.with_cache(stocks=dict(pulled.stocks_before))
        return Plan(
            pipeline=Stock.name,
            changes=tuple(changes),
            skips=(*left, *(each for each in decisions if isinstance(each, Skip))),
            matched=len(levels),
            trouble=pulled.trouble,
            memory=memory,
            stop=stop,
            written_all_the_same=lowered,
        )

    def batches(self, changes: Sequence[Change[Available]]) -> Iterable[Sequence[Change[Available]]]:
        """All in one: before the push every look concerned is dropped on disk."""
        return [changes] if changes else []

    def intend(self, memory: Memory, batch: Sequence[Change[Available]]) -> Memory:
        """Drop the looks and note a doubt: if korsync dies now, nobody knows which of the levels were moved."""
        cache = memory.cache
        items = {change.after.inventory_item_id: change.after.seen_at for change in batch}
        looks = {item_id: look for item_id, look in cache.looks.items() if item_id not in items}
        return memory.with_cache(looks=looks, doubts=cache.doubts | items)

    def push(self, batch: Sequence[Change[Available]]) -> Iterator[Sequence[Written[Available]]]:
        """Adjust each level by the difference, so that a sale between reading and writing survives."""
        return one_by_one(batch, self._adjust)

    def record(self, memory: Memory, written: Written[Available]) -> Memory:
        """Remember the level as read plus the difference, as of the reading; after a lost answer remember a doubt."""
        value = written.change.after if written.outcome is Outcome.DONE else written.change.before
        if written.outcome is Outcome.UNSURE or value is None:
            return memory
        item_id, cache = value.inventory_item_id, memory.cache
        doubts = {each: at for each, at in cache.doubts.items() if each != item_id}
        if value.doubted_at is not None:
            doubts[item_id] = value.doubted_at
        level = replace(cache.levels.levels[item_id], available=value.available)
        levels = replace(cache.levels, levels=cache.levels.levels | {item_id: level})
        looks = cache.looks | {item_id: Look(value.available, value.seen_at)}
        return memory.with_cache(levels=levels, looks=looks, doubts=doubts)

    def check(self, memory: Memory, _sent: Sequence[Written[Available]]) -> Checked:
        """Believe the answers: what they told shows in the next look at Shopify."""
        return Checked(memory)

    def _adjust(self, change: Change[Available]) -> None:
        before = change.before.available if change.before else 0
        value = change.after
        self._sides.shopify.adjust(value.location_id, value.inventory_item_id, value.available - before)


@dataclass(frozen=True, slots=True)
class _Level:
    """A level that may be written: the match it belongs to, what was read, and where it should go."""

    match: Match
    read: InventoryLevel
    available: int
    target: LevelTarget

    @property
    def value(self) -> Available:
        """The level as it was read, with the last doubt about it."""
        read, doubted_at = self.read, self.target.doubted_at
        return Available(self.available, read.inventory_item_id, read.location_id, read.seen_at, doubted_at)


def _levels(pulled: StockPulled) -> tuple[list[_Level], list[Skip]]:
    """Return where each matched level should go, and what is left alone and why."""
    memory, location_id = pulled.reading.memory, pulled.targets.location.id
    cache = memory.cache
    products = cache.shop_products.products
    matching = match(cache.catalogue.articles, products)
    known = assortment(cache.catalogue.articles, products.values())
    sold = index_sold(memory.state.orders.values(), known, location_id, pulled.korona_now, pulled.rules.settle)
    actual = summed(cache.stocks, pulled.targets.warehouse_ids)
    before = summed(pulled.stocks_before, pulled.targets.warehouse_ids)
    levels, left = [], list(matching.skips)
    for each in matching.matches:
        read = cache.levels.levels.get(each.variant.inventory_item_id)
        odd = _unreadable(each, read, pulled)
        if odd:
            left.append(Skip(each.sku, f"{odd}; the others go on", Fate.HELD))
            continue
        why_not = _why_left(each, read, actual)
        if why_not or read is None or read.available is None:
            left.append(Skip(each.sku, why_not, Fate.LEFT))
            continue
        # What the last read did not bring was unchanged when it began.
        read = replace(read, seen_at=max(read.seen_at, cache.levels.read_at or read.seen_at))
        facts = _facts(each, read, pulled, sold, actual[each.article.id], before.get(each.article.id))
        levels.append(_Level(each, read, read.available or 0, target_of(facts, pulled.rules)))
    return levels, left


def summed(stocks: Mapping[str, WarehouseStock], warehouse_ids: Iterable[str]) -> dict[str, Decimal | None]:
    """Return KORONA's stock by article id over the warehouses; None where any row does not say.

    Nothing is returned as long as a warehouse was never read: a part of the sum is not the stock.
    """
    total: dict[str, Decimal | None] = {}
    for stock in map(stocks.get, warehouse_ids):
        if stock is None:
            return {}
        for article_id, row in stock.rows.items():
            so_far = total.get(article_id, Decimal(0))
            total[article_id] = None if so_far is None or row.actual is None else so_far + row.actual
    return total


def _unreadable(each: Match, read: InventoryLevel | None, pulled: StockPulled) -> str:
    """Say which figure of a level could not be read; empty where all could, and where none matters."""
    if not (each.article.track_inventory and each.variant.tracked):
        return ""
    if read is not None and read.unreadable:
        return f"its level in Shopify cannot be read ({read.unreadable})"
    stocks = pulled.reading.memory.cache.stocks
    rows = (stocks[unit].rows.get(each.article.id) for unit in pulled.targets.warehouse_ids if unit in stocks)
    why = next((row.unreadable for row in rows if row is not None and row.unreadable), "")
    return f"its stock in KORONA cannot be read ({why})" if why else ""


def _why_left(each: Match, read: InventoryLevel | None, actual: Mapping[str, Decimal | None]) -> str:
    """Say why a level is left alone: korsync never connects an item and never takes missing for zero."""
    if not each.article.track_inventory:
        return "not tracked in KORONA"
    if not each.variant.tracked:
        return "not tracked in Shopify"
    if read is None:
        return "not stocked at the location in Shopify"
    if read.available is None:
        return "Shopify does not count it"
    if each.article.id not in actual:
        return "KORONA has no stock row for it"
    if actual[each.article.id] is None:
        return "KORONA does not say how many there are"
    return ""


def _facts(
    each: Match,
    read: InventoryLevel,
    pulled: StockPulled,
    sold: SoldIndex,
    actual: Decimal | None,
    before: Decimal | None,
) -> LevelFacts:
    cache = pulled.reading.memory.cache
    return LevelFacts(
        available=read.available or 0,
        seen_at=read.seen_at,
        actual=actual or Decimal(0),
        actual_before=before,
        sold_as_article=sold.by_article.get(each.article.id, ()),
        sold_as_variant=sold.by_variant.get(each.variant.id, ()),
        look=cache.looks.get(read.inventory_item_id),
        doubted_at=cache.doubts.get(read.inventory_item_id),
        complete=not pulled.trouble,
    )


def _decide(level: _Level, pulled: StockPulled) -> Change[Available] | Skip | None:
    target, sku = level.target, level.match.sku
    if target.level == level.available:
        return None
    adopted_at = pulled.reading.memory.state.adopted_at
    if adopted_at is not None and adopted_at + pulled.rules.settle > pulled.korona_now:
        # How old the bookings found in KORONA are is not known: all would count as sold again, and empty the shop.
        return Skip(sku, "nothing is written so soon after `init --adopt`", Fate.WAITING)
    if target.level > level.available and target.why_not_raised:
        reason = f"not raised from {level.available} to {target.level}: {target.why_not_raised}"
        return Skip(sku, reason, Fate.WAITING)
    return Change(sku, level.value, replace(level.value, available=target.level))


def _turn(change: Change[Available]) -> tuple[bool, bool]:
    """Say when a level is written: what is lowered first, and last of its kind what was in doubt.

    Items whose answers are lost in every run would otherwise end each push before the others have their turn.
    """
    before = change.before or change.after
    return change.after.available > before.available, before.doubted_at is not None


def _guard(
    pulled: StockPulled, changes: Sequence[Change[Available]], levels: Sequence[_Level]
) -> tuple[SafetyStop | None, tuple[Change[Available], ...]]:
    """Stop a plan that empties too many levels or rests on a list that came far too short.

    What sold pieces alone make of a lowering is written all the same: a stopped plan never leaves a sold piece on
    sale.
    """
    by_sales = {level.match.sku: level.target.by_sales for level in levels}
    emptied = [change for change in changes if change.after.available <= 0 < by_sales[change.key]]
    short = pulled.reading.shrunk & GUARDED_LISTS
    reasons = [
        *(shrunk(each) for each in sorted(short)),
        too_many("fall to 0 or below", len(emptied), len(levels), pulled.rules.max_change_percent),
    ]
    accepted = pulled.reading.memory.state.accepted.get(Stock.name, ())
    marks = {f"{change.key} falls to 0 or below" for change in emptied}
    # A list accepted as too short stays accepted with what is stopped now, or the two stops would take turns.
    marks |= {shrunk(each) for each in GUARDED_LISTS if each in short or shrunk(each) in accepted}
    stop = stop_unless_accepted(Stock.name, reasons, marks, accepted)
    lowered = [
        replace(change, after=replace(change.after, available=by_sales[change.key]))
        for change in changes
        if change.before is not None and by_sales[change.key] < change.before.available
    ]
    return stop, tuple(lowered) if stop else ()


def _with_looks(memory: Memory, levels: Iterable[_Level]) -> Memory:
    """Remember the looks of this run, and the last doubt about each level as long as it counts.

    What was left alone is forgotten: orders do not move an untracked level, so they must not explain a fall later.
    """
    looks, doubts = {}, {}
    for level in levels:
        value = level.value
        looks[value.inventory_item_id] = Look(value.available, value.seen_at)
        if value.doubted_at is not None:
            doubts[value.inventory_item_id] = value.doubted_at
    return memory.with_cache(looks=looks, doubts=doubts)
