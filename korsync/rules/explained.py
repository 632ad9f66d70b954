"""Why an article is as it is on both sides, and what the next run makes of it: pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from korsync.records.catalogue import Article, ShopProduct, Variant
from korsync.records.explained import ArticleExplained, ArticleFacts, LevelSum, Sold, Step, Turn, VariantFacts
from korsync.records.memory import Cache, ProductTargets
from korsync.records.plan import Change, Fate, Plan
from korsync.rules.bookings import names_apart
from korsync.rules.guards import why_stopped
from korsync.rules.levels import Level, StockRead, levels_of, sold_by_order
from korsync.rules.matching import live_numbers, match, near_numbers
from korsync.rules.money import round_to
from korsync.rules.prices import held_since, price_in
from korsync.rules.stock import target_level
from korsync.text import plain

TURNS = {Fate.WAITING: Turn.WAITING, Fate.HELD: Turn.HELD, Fate.LEFT: Turn.LEFT}


@dataclass(frozen=True, slots=True)
class ArticleRead:
    """What an article is explained with; without `stock` or `targets` nothing is said of levels or prices.

    `now` is KORONA's time.
    """

    cache: Cache
    plans: tuple[Plan[Any], ...]
    now: datetime
    stock: StockRead | None = None
    targets: ProductTargets | None = None


def explain_article(sku: str, read: ArticleRead) -> ArticleExplained | None:
    """Return all that is known under an article number; None where neither side has it."""
    articles = [each for each in read.cache.catalogue.articles.values() if (each.number or "").strip() == sku]
    products = read.cache.shop_products.products.values()
    variants = [(product, each) for product in products for each in product.variants if each.sku.strip() == sku]
    steps = tuple(steps_of(read.plans, lambda key: key == sku))
    if not (articles or variants or steps):
        return None
    level = None
    if read.stock is not None:
        level = next((each for each in levels_of(read.stock).levels if each.match.sku == sku), None)
    return ArticleExplained(
        sku=sku,
        articles=tuple(_article(each, read) for each in articles),
        variants=tuple(_variant(*each, read.cache) for each in variants),
        match=_match(sku, read.cache),
        level=_sum(level, read.stock) if level is not None and read.stock is not None else None,
        steps=steps,
    )


def steps_of(plans: Iterable[Plan[Any]], is_meant: Callable[[str], bool]) -> Iterator[Step]:
    """Return what the plans make of an item: what is written, what waits, is held or left, and why."""
    for plan in plans:
        allowed, said = {id(change) for change in plan.allowed}, set()
        for change in (each for each in plan.changes if is_meant(each.key)):
            if id(change) in allowed or plan.stop is None:
                yield Step(Turn.NEXT_RUN, plan.pipeline, _edited(change))
            else:
                why = why_stopped(plan.stop, change)
                said.add(why)
                yield Step(Turn.HELD, plan.pipeline, f"{_edited(change)}: {why}")
        for skip in (each for each in plan.skips if is_meant(each.key) and each.reason not in said):
            yield Step(TURNS[skip.fate], plan.pipeline, skip.reason)


def nearly(sku: str, cache: Cache) -> str:
    """Name the numbers and SKUs that are nearly the one that neither side has; empty where there is none."""
    in_korona = near_numbers(live_numbers(cache.catalogue.articles.values()))(sku)
    products = cache.shop_products.products.values()
    skus = {variant.sku.strip() for product in products for variant in product.variants if variant.sku.strip()}
    found = (("KORONA", {*in_korona} - {sku}), ("Shopify", {*near_numbers(skus)(sku)} - {sku}))
    return "; ".join(f"{side} has {', '.join(map(repr, sorted(near)))}" for side, near in found if near)


def _edited(change: Change[Any]) -> str:
    edits = (
        f"{edit.field} {plain(edit.after) if edit.before is None else f'{plain(edit.before)} → {plain(edit.after)}'}"
        for edit in change.edits()
    )
    return ", ".join(edits)


def _article(article: Article, read: ArticleRead) -> ArticleFacts:
    standing = "deleted" if not article.active else "switched off" if article.deactivated else ""
    standing = standing or ("locked for sale" if article.sales_lock else "")
    facts = ArticleFacts(article.number or "", article.name, standing, article.track_inventory, None, None, "")
    if read.targets is None:
        return facts
    group = read.targets.price_group
    found = price_in(article, group, read.now, read.targets.unit)
    why_not = found.doubt or found.unfit
    price = None if why_not or found.price is None else round_to(found.price, read.targets.unit)
    since = held_since(article, group, read.now) if price is not None else None
    return replace(facts, price=price, price_since=since, price_list=group.name, why_no_price=why_not)


def _variant(product: ShopProduct, variant: Variant, cache: Cache) -> VariantFacts:
    level = cache.levels.levels.get(variant.inventory_item_id)
    available = level.available if level and variant.tracked else None
    return VariantFacts(product.title, product.status, variant.price, variant.tracked, available)


def _match(sku: str, cache: Cache) -> str:
    """Say whether an article and a variant are taken for the same, and why not."""
    matching = match(cache.catalogue.articles, cache.shop_products.products)
    if any(each.sku == sku for each in matching.matches):
        return "the article's number is the SKU of this variant"
    if any(each.sku == sku for each in matching.switched_off):
        return "by number and SKU, but the article is switched off: its level is lowered with it and never raised"
    why: Mapping[str, str] = {skip.key: skip.reason for skip in matching.skips}
    near = nearly(sku, cache)
    no_variant = f"no variant in Shopify has this SKU{'; ' if near else ''}{near}"
    return f"none: {why.get(sku, no_variant)}"


def _sum(level: Level, read: StockRead) -> LevelSum:
    target, buffer = level.target, read.rules.buffer
    names = names_apart(read.memory.state.orders.values())
    sold = tuple(Sold(names[order_id], pieces) for order_id, pieces in sold_by_order(read, level))
    doubted_at = target.doubt.at if target.doubt else None
    return LevelSum(
        actual=level.actual,
        sold=sold,
        missing=target.fall,
        reserved=target.reserved,
        buffer=buffer,
        wanted=target_level(level.actual, target.pending, target.fall + target.reserved, buffer),
        available=level.available,
        doubted_at=doubted_at,
        why_not_raised=level.why_not_raised if target.level > level.available else "",
        until=doubted_at + read.rules.settle if doubted_at else None,
    )
