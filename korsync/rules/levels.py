"""Which levels are kept in step, where each should go, and why others are left alone: pure."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from korsync.records.catalogue import InventoryLevel
from korsync.records.memory import Cache, Memory, StockTargets
from korsync.records.plan import Fate, Skip
from korsync.records.seen import WarehouseStock
from korsync.rules.drafts import Drafted
from korsync.rules.in_step import left_step, still_there
from korsync.rules.matching import Match, assortment, match
from korsync.rules.settling import row_revisions
from korsync.rules.sold import SoldIndex, index_sold, pending_pieces
from korsync.rules.stock import (
    TOO_SOON,
    LevelFacts,
    LevelRules,
    LevelTarget,
    target_of,
)


@dataclass(frozen=True, slots=True)
class StockRead:
    """All that was read of stock; `why_not_complete` says what keeps levels from rising.

    `korona_now` is KORONA's time before its stock was read, `stocks_before` what was known of that stock until then.
    `in_drafts` are the pieces in draft orders by variant; None where nobody had to ask.
    `lead` is by how much levels may be dated too late.
    """

    memory: Memory
    targets: StockTargets
    rules: LevelRules
    korona_now: datetime
    stocks_before: Mapping[str, WarehouseStock]
    why_not_complete: str = ""
    in_drafts: Mapping[int, Drafted] | None = None
    lead: timedelta = timedelta(0)

    @property
    def cache(self) -> Cache:
        return self.memory.cache


@dataclass(frozen=True, slots=True)
class Level:
    """A level that may be written: the match it belongs to, what was read and as of when, and where it should go."""

    match: Match
    read: InventoryLevel
    seen_at: datetime
    available: int
    target: LevelTarget
    actual: Decimal
    switched_off: bool = False

    @property
    def why_not_raised(self) -> str:
        """Why it may not rise now; empty where it may."""
        return "its article is switched off in KORONA" if self.switched_off else self.target.why_not_raised


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels that may be written, what is left alone and why, and what is kept in step from now on."""

    levels: tuple[Level, ...]
    skips: tuple[Skip, ...]
    in_step: Mapping[int, str]


def levels_of(read: StockRead) -> Levels:
    """Return where each matched level should go; what was kept in step and no longer is, is held for a person."""
    products = read.cache.shop_products.products
    matching = match(read.cache.catalogue.articles, products)
    sums = _Sums(read)
    levels, by_rule = [], []
    why = {skip.key: skip.reason for skip in matching.skips}
    fates = {skip.key: skip.fate for skip in matching.skips}
    switched_off = ((each, True) for each in matching.switched_off)
    for each, off in (*((each, False) for each in matching.matches), *switched_off):
        level = read.cache.levels.levels.get(each.variant.inventory_item_id)
        why_not = _left_by_rule(each, level)
        if why_not:
            by_rule.append(Skip(each.sku, why_not, Fate.LEFT))
            continue
        odd = _unreadable(each, level, read)
        if odd:
            why[each.sku], fates[each.sku] = f"{odd}; the others go on", Fate.HELD
            continue
        actual, why_unknown = sums.actual(each, level)
        if level is None or actual is None:
            why[each.sku] = why_unknown
            continue
        levels.append(sums.level(each, level, actual, switched_off=off))
    matched = {each.read.inventory_item_id: each.match.sku for each in levels if not each.switched_off}
    known = still_there(read.memory.state.in_step, products.values())
    held = left_step(known, matched, why, [skip.key for skip in by_rule])
    named = {skip.key for skip in (*held, *by_rule)}
    left = [Skip(sku, reason, fates.get(sku, Fate.LEFT)) for sku, reason in why.items() if sku not in named]
    in_step = {item_id: sku for item_id, (sku, _, _) in known.items()} | matched
    return Levels(tuple(levels), (*left, *by_rule, *held), in_step)


def sold_by_order(read: StockRead, level: Level) -> Iterator[tuple[int, Decimal]]:
    """Return which orders took how many pieces of a level's article that KORONA's stock does not contain yet.

    Together they are what the level counts as sold (P); an order is named by its id.
    """
    known = assortment(read.cache.catalogue.articles, read.cache.shop_products.products)
    location_id, settle = read.targets.location.id, read.rules.settle
    rows = row_revisions(read.cache.stocks)
    for order in read.memory.state.orders.values():
        sold = index_sold([order], known, location_id, read.korona_now, settle, rows).by_article
        lines = sold.get(level.match.article.id, ())
        pieces = sum((pending_pieces(line, level.seen_at - read.lead) for line in lines), start=Decimal(0))
        if pieces:
            yield order.id, pieces


class _Sums:
    """KORONA's figures over the warehouses, and what is sold of each article, worked out once."""

    def __init__(self, read: StockRead) -> None:
        self._read = read
        cache, state, location_id = read.cache, read.memory.state, read.targets.location.id
        known = assortment(cache.catalogue.articles, cache.shop_products.products)
        self._sold: SoldIndex = index_sold(
            state.orders.values(), known, location_id, read.korona_now, read.rules.settle, row_revisions(cache.stocks)
        )
        self._actual = summed(cache.stocks, read.targets.warehouse_ids)
        same = read.stocks_before is cache.stocks
        self._before = self._actual if same else summed(read.stocks_before, read.targets.warehouse_ids)

    def actual(self, each: Match, level: InventoryLevel | None) -> tuple[Decimal | None, str]:
        """Return KORONA's figure for a level, or why nobody knows where it should go: missing is never zero."""
        if level is None or level.available is None:
            return None, "Shopify does not say how many there are"
        if each.article.id not in self._actual:
            return None, "KORONA has no stock row for it"
        return self._actual[each.article.id], "KORONA does not say how many there are"

    def level(self, each: Match, level: InventoryLevel, actual: Decimal, *, switched_off: bool) -> Level:
        """Return where a level should go."""
        cache, read_at, drafts = self._read.cache, self._read.cache.levels.read_at, self._read.in_drafts
        # What the last read did not bring was unchanged when it began.
        seen_at = max(level.seen_at, read_at or level.seen_at)
        facts = LevelFacts(
            available=level.available or 0,
            seen_at=seen_at,
            actual=actual,
            actual_before=self._before.get(each.article.id),
            sold_as_article=self._sold.by_article.get(each.article.id, ()),
            sold_as_variant=self._sold.by_variant.get(each.variant.id, ()),
            look=cache.looks.get(level.inventory_item_id),
            doubt=cache.doubts.get(level.inventory_item_id),
            why_not_complete=self._read.why_not_complete,
            drafted=None if drafts is None else drafts.get(each.variant.id, Drafted()),
            lead=self._read.lead,
        )
        target = target_of(facts, self._read.rules)
        return Level(each, level, seen_at, level.available or 0, target, actual, switched_off)


def _left_by_rule(each: Match, level: InventoryLevel | None) -> str:
    """Say why a level is left alone for good: korsync never connects an item, and what is not counted has no level."""
    if not each.article.track_inventory:
        return "not tracked in KORONA"
    if not each.variant.tracked:
        return "not tracked in Shopify"
    return "" if level is not None else "not stocked at the location in Shopify"


def _unreadable(each: Match, level: InventoryLevel | None, read: StockRead) -> str:
    """Say which figure of a level could not be read; empty where all could."""
    if level is not None and level.unreadable:
        return f"its level in Shopify cannot be read ({level.unreadable})"
    stocks = read.cache.stocks
    rows = (stocks[unit].rows.get(each.article.id) for unit in read.targets.warehouse_ids if unit in stocks)
    why = next((row.unreadable for row in rows if row is not None and row.unreadable), "")
    return f"its stock in KORONA cannot be read ({why})" if why else ""


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


def kept_for(level: Level, rules: LevelRules) -> str:
    """Return for how long a level stays as it is where time alone decides, as a part of a sentence."""
    doubt = level.target.doubt
    if doubt is None or level.why_not_raised != TOO_SOON:
        return ""
    left = doubt.at + rules.settle - level.seen_at
    minutes = max(1, math.ceil(left.total_seconds() / 60))
    return f", for {minutes} minutes at least"


def why_level(actual: Decimal, target: LevelTarget, rules: LevelRules) -> str:
    """Return what a level is less or more than KORONA's figure by, and why; empty where it is KORONA's figure."""
    parts = [
        f"{target.pending.normalize():f} sold and not yet in KORONA's stock" if target.pending > 0 else "",
        f"{-target.pending.normalize():f} put back and not yet in KORONA's stock" if target.pending < 0 else "",
        f"{target.fall} kept back: an order may not be listed yet" if target.fall > 0 else "",
        f"{target.reserved} reserved by draft orders" if target.reserved > 0 else "",
        f"buffer {rules.buffer}" if rules.buffer else "",
    ]
    told = [part for part in parts if part]
    return f"KORONA {actual.normalize():f}, {', '.join(told)}" if told else ""
