"""Stock, KORONA to Shopify: every changed level, without ever giving back a piece that is already sold.

The order of reading is the heart of it: Shopify's levels first, then KORONA's stock, then the orders, completely.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from korsync.errors import KorsyncError, SafetyStop, Unavailable, Unsure
from korsync.pipelines.base import Knowledge, one_by_one
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.sides import Sides, articles_by_number
from korsync.pipelines.targets import stock_targets
from korsync.records.bookings import KnownLine
from korsync.records.catalogue import Article, InventoryLevel
from korsync.records.memory import Cache, Look
from korsync.records.plan import Change, Fate, Outcome, Plan, Skip, Written
from korsync.rules.guards import shrunk, stop_unless_accepted, too_many
from korsync.rules.matching import Match, match
from korsync.rules.stock import Finding, LevelRules, SaleIndex, Situation, Taken, appraise, index_sales

DEEPEST_BUNDLE = 5
"""Bundles in bundles are followed so far; a bundle that contains itself ends here."""

GUARDED_LISTS = frozenset({"catalogue", "shelf", "levels", "stock"})
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
class Level:
    """A level that may be written: the match it belongs to, what was read, and what was found out about it."""

    match: Match
    read: InventoryLevel
    available: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class StockPulled:
    """All that the plan of stock is made of; `trouble` kept the orders from being read.

    `korona_now` is KORONA's time before its stock was read.
    """

    knowledge: Knowledge
    levels: tuple[Level, ...]
    skips: tuple[Skip, ...]
    korona_now: datetime
    trouble: tuple[KorsyncError, ...]
    lists_shrunk: tuple[str, ...]


class Stock:
    """The stock pipeline."""

    name: ClassVar[str] = "stock"
    may_wait: ClassVar[bool] = True

    def __init__(self, sides: Sides) -> None:
        """Take both sides."""
        self._sides = sides
        settle = timedelta(minutes=float(sides.settings.safety.settle_minutes))
        self._rules = LevelRules(sides.settings.location.buffer, settle)

    def pull(self, knowledge: Knowledge) -> StockPulled:
        """Read levels, then KORONA's stock, then all orders; trouble with the orders only forbids raising."""
        sides = self._sides
        knowledge = sides.shelf(knowledge)
        knowledge, targets = stock_targets(sides, knowledge)
        location_id = targets.location.id
        knowledge = sides.levels(knowledge, location_id)
        trouble: list[KorsyncError] = []
        knowledge = sides.catalogue(knowledge)
        # KORONA's time before its stock is read: a receipt settled by then is surely in what is read after.
        korona_now = sides.korona.now
        believed = summed(knowledge.cache, targets.warehouse_ids)
        knowledge = sides.stock(knowledge, targets.warehouse_ids)
        try:
            knowledge = read_orders(sides, knowledge)
        except (Unavailable, Unsure) as error:
            trouble.append(error)
        cache = knowledge.cache
        matching = match(cache.catalogue.articles, cache.shelf.products)
        sales = index_sales(
            knowledge.state.orders.values(), articles_of_lines(cache), location_id, korona_now, self._rules.settle
        )
        actual = summed(cache, targets.warehouse_ids)
        levels, skips = [], []
        for each in matching.matches:
            read = cache.levels.levels.get(each.variant.inventory_item_id)
            why_not = _why_not(each, read, actual)
            if why_not or read is None or read.available is None:
                skips.append(Skip(each.sku, why_not, Fate.LEFT))
                continue
            read = _as_of(read, cache.levels.read_at)
            situation = _situation(each, read, read.available or 0, cache, sales, actual, believed, not trouble)
            levels.append(Level(each, read, read.available or 0, appraise(situation, self._rules)))
        return StockPulled(
            knowledge=_looked(knowledge, levels),
            levels=tuple(levels),
            skips=(*matching.skips, *skips),
            korona_now=korona_now,
            trouble=tuple(trouble),
            lists_shrunk=tuple(sorted(sides.shrunk & GUARDED_LISTS)),
        )

    def plan(self, pulled: StockPulled) -> Plan:
        """Decide by how much each level moves: lowered first, then raised."""
        changes, skips = [], list(pulled.skips)
        adopted = self._just_adopted(pulled)
        for level in pulled.levels:
            target, held_down = level.finding.target, level.finding.held_down
            if target != level.available and adopted:
                skips.append(Skip(level.match.sku, adopted, Fate.WAITING))
            elif target > level.available and held_down:
                skips.append(
                    Skip(level.match.sku, f"not raised from {level.available} to {target}: {held_down}", Fate.WAITING)
                )
            elif target != level.available:
                before = _value(level)
                changes.append(Change(level.match.sku, before, replace(before, available=target)))
        changes.sort(key=_turn)
        return Plan(self.name, tuple(changes), tuple(skips), len(pulled.levels), trouble=pulled.trouble)

    def guard(self, pulled: StockPulled, plan: Plan) -> tuple[Plan, SafetyStop | None]:
        """Stop a plan that empties too many levels or rests on a list that came far too short.

        What sold pieces alone make of a lowering is written all the same: a stopped plan never leaves a sold piece on
        sale.
        """
        by_sales = {level.match.sku: level.finding.by_sales for level in pulled.levels}
        emptied = [change for change in plan.changes if change.after.available <= 0 < by_sales[change.key]]
        percent = self._sides.settings.safety.max_change_percent
        reasons = [
            *(shrunk(each) for each in pulled.lists_shrunk),
            too_many("fall to 0 or below", len(emptied), plan.matched, percent),
        ]
        accepted = pulled.knowledge.state.accepted.get(self.name, ())
        marks = {f"{change.key} falls to 0 or below" for change in emptied}
        # A list accepted as too short stays accepted with what is stopped now, or the two stops would take turns.
        marks |= {shrunk(each) for each in GUARDED_LISTS if each in pulled.lists_shrunk or shrunk(each) in accepted}
        stop = stop_unless_accepted(self.name, reasons, marks, accepted)
        if stop is None:
            return plan, None
        lowered = [
            Change(change.key, change.before, replace(change.after, available=by_sales[change.key]))
            for change in plan.changes
            if by_sales[change.key] < change.before.available
        ]
        return replace(plan, changes=tuple(lowered)), stop

    def disbelieve(self, before: Knowledge, after: Knowledge) -> Knowledge:
        """Forget KORONA's figures of a stopped plan: the next run asks for them again and compares with the same."""
        return replace(after, cache=replace(after.cache, stocks=before.cache.stocks))

    def batches(self, changes: Sequence[Change]) -> Iterable[Sequence[Change]]:
        """All in one: before the push every look concerned is dropped on disk."""
        return [changes] if changes else []

    def intend(self, knowledge: Knowledge, batch: Sequence[Change]) -> Knowledge:
        """Drop the looks and note a doubt: if korsync dies now, nobody knows which of the levels were moved."""
        cache = knowledge.cache
        items = {change.after.inventory_item_id: change.after.seen_at for change in batch}
        looks = {item_id: look for item_id, look in cache.looks.items() if item_id not in items}
        return replace(knowledge, cache=replace(cache, looks=looks, doubts=cache.doubts | items))

    def push(self, batch: Sequence[Change]) -> Iterator[Written]:
        """Adjust each level by the difference, so that a sale between reading and writing survives."""
        return one_by_one(batch, self._adjust)

    def record(self, knowledge: Knowledge, written: Written) -> Knowledge:
        """Remember the level as read plus the difference, as of the reading; after a lost answer remember a doubt."""
        if written.outcome is Outcome.UNSURE:
            return knowledge
        moved = written.outcome is Outcome.DONE
        value = written.change.after if moved else written.change.before
        item_id, cache = value.inventory_item_id, knowledge.cache
        doubts = {each: at for each, at in cache.doubts.items() if each != item_id}
        if value.doubted_at is not None:
            doubts[item_id] = value.doubted_at
        level = replace(cache.levels.levels[item_id], available=value.available)
        levels = replace(cache.levels, levels=cache.levels.levels | {item_id: level})
        looks = cache.looks | {item_id: Look(value.available, value.seen_at)}
        return replace(knowledge, cache=replace(cache, levels=levels, looks=looks, doubts=doubts))

    def _just_adopted(self, pulled: StockPulled) -> str:
        """Say why nothing is written so soon after `init --adopt`; empty where it is not soon.

        How old the bookings found in KORONA are is not known: all would count as sold again, and empty the shop.
        """
        adopted_at = pulled.knowledge.state.adopted_at
        if adopted_at is None or adopted_at + self._rules.settle <= pulled.korona_now:
            return ""
        return "nothing is written so soon after `init --adopt`"

    def _adjust(self, change: Change) -> None:
        delta = change.after.available - change.before.available
        self._sides.shopify.adjust(change.after.location_id, change.after.inventory_item_id, delta)


def summed(cache: Cache, warehouse_ids: Iterable[str]) -> dict[str, Decimal | None]:
    """Return KORONA's stock by article id over the warehouses; None where any row does not say.

    Nothing is returned as long as a warehouse was never read: a part of the sum is not the stock.
    """
    total: dict[str, Decimal | None] = {}
    for stock in map(cache.stocks.get, warehouse_ids):
        if stock is None:
            return {}
        for article_id, row in stock.levels.items():
            so_far = total.get(article_id, Decimal(0))
            total[article_id] = None if so_far is None or row.actual is None else so_far + row.actual
    return total


def articles_of_lines(cache: Cache) -> Callable[[KnownLine], list[Taken]]:
    """Return a function that names the articles an order line takes from the shelf and how many of each per piece.

    The article is found by variant id and by SKU. Where a SKU has moved to another variant since, the line counts for
    both: one level has lost the pieces, and the receipt will take them from the other's stock, which alone they come
    back to. A bundle counts for itself and for its parts.
    """
    by_number = articles_by_number(cache.catalogue)
    sku_of = {variant.id: variant.sku for each in cache.shelf.products.values() for variant in each.variants}

    def articles(line: KnownLine) -> list[Taken]:
        named = line.sku.strip()
        skus = dict.fromkeys((sku_of.get(line.variant_id or 0, "").strip(), named))
        wholes = [Taken(by_number[sku].id, Decimal(1), sku == named) for sku in skus if sku in by_number]
        return [part for each in wholes for part in _parts(each, cache.catalogue.articles, DEEPEST_BUNDLE)]

    return articles


def _parts(whole: Taken, articles: Mapping[str, Article], depth: int) -> list[Taken]:
    found = [whole]
    for part in articles[whole.article_id].parts if depth else ():
        if part.article_id in articles:
            found += _parts(
                replace(whole, article_id=part.article_id, each=whole.each * part.quantity), articles, depth - 1
            )
    return found


def _turn(change: Change) -> tuple[bool, bool]:
    """Say when a level is written: what is lowered first, and last of its kind what was in doubt.

    Items whose answers are lost in every run would otherwise end each push before the others have their turn.
    """
    return change.after.available > change.before.available, change.before.doubted_at is not None


def _why_not(each: Match, read: InventoryLevel | None, actual: Mapping[str, Decimal | None]) -> str:
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


def _as_of(read: InventoryLevel, read_at: datetime | None) -> InventoryLevel:
    """Date a level: what the last read did not bring was unchanged when it began."""
    return replace(read, seen_at=max(read.seen_at, read_at)) if read_at else read


def _situation(
    each: Match,
    read: InventoryLevel,
    available: int,
    cache: Cache,
    sales: SaleIndex,
    actual: Mapping[str, Decimal | None],
    believed: Mapping[str, Decimal | None],
    complete: bool,
) -> Situation:
    return Situation(
        available=available,
        seen_at=read.seen_at,
        actual=actual[each.article.id] or Decimal(0),
        believed=believed.get(each.article.id),
        sold_as_article=sales.by_article.get(each.article.id, ()),
        sold_as_variant=sales.by_variant.get(each.variant.id, ()),
        look=cache.looks.get(read.inventory_item_id),
        doubted_at=cache.doubts.get(read.inventory_item_id),
        complete=complete,
    )


def _value(level: Level) -> Available:
    read = level.read
    return Available(level.available, read.inventory_item_id, read.location_id, read.seen_at, level.finding.doubted_at)


def _looked(knowledge: Knowledge, levels: Iterable[Level]) -> Knowledge:
    """Remember the looks of this run, and the last doubt about each level as long as it counts.

    What was left alone is forgotten: orders do not move an untracked level, so they must not explain a fall later.
    """
    looks, doubts = {}, {}
    for level in levels:
        item_id = level.read.inventory_item_id
        looks[item_id] = Look(level.available, level.read.seen_at)
        if level.finding.doubted_at is not None:
            doubts[item_id] = level.finding.doubted_at
    return replace(knowledge, cache=replace(knowledge.cache, looks=looks, doubts=doubts))
