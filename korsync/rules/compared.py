"""Where both sides differ in names, prices, trackings, images and levels, and what a run makes of that: pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from korsync.records.differences import Difference, Mending
from korsync.records.memory import Cache, State, held_key
from korsync.records.plan import Change, Fate, Plan, Skip
from korsync.rules.guards import why_stopped
from korsync.rules.levels import Level, why_level
from korsync.rules.stock import LevelRules, target_level

KORONA_PAGE, SHOPIFY_PAGE, OTHER_REQUESTS = 1000, 250, 15
"""So many rows come with a request, and so many requests are made whatever the size: what they cost is told ahead."""

BY_FATE = {Fate.WAITING: Mending.WAITING, Fate.HELD: Mending.PERSON}


def product_differences(plan: Plan[Any], state: State) -> Iterator[Difference]:
    """Return what a plan of products would change, and what of it is stopped, waits or is held."""
    allowed = {id(change) for change in plan.allowed}
    said: set[str] = set()
    for change in plan.changes:
        mending, reason = Mending.NEXT_RUN, tried_before(state, plan.pipeline, change)
        if plan.stop is not None and id(change) not in allowed:
            mending, reason = Mending.PERSON, why_stopped(plan.stop, change)
            said.add(reason)
        for edit in change.edits():
            yield Difference(plan.pipeline, change.key, edit.field, edit.after, edit.before, mending, reason)
    for skip in (each for each in plan.skips if each.fate in BY_FATE and each.reason not in said):
        yield Difference(plan.pipeline, skip.key, "", None, None, BY_FATE[skip.fate], skip.reason)


def level_differences(
    plan: Plan[Any], levels: Iterable[Level], rules: LevelRules, state: State
) -> Iterator[Difference]:
    """Return the levels that are not what KORONA's stock leaves for sale, whatever keeps them from being set right.

    Pieces that are sold and not booked, or that draft orders hold, make no difference; a fall that no order explains
    does: it may be a hand in Shopify.
    """
    changes = {change.key: change for change in plan.allowed}
    skips: dict[str, Skip] = {}
    for each in plan.skips:
        if each.fate in BY_FATE:
            skips.setdefault(each.key, each)
    named = set()
    for level in levels:
        sku, target = level.match.sku, level.target
        named.add(sku)
        wanted = target_level(level.actual, target.pending, target.reserved, rules.buffer)
        if wanted == level.available or (wanted > level.available and level.switched_off):
            continue
        change, skip = changes.get(sku), skips.get(sku)
        mending, reason = Mending.NEXT_RUN, ""
        if change is not None and change.after.available == wanted:
            reason = tried_before(state, plan.pipeline, change)
        elif skip is not None:
            mending, reason = BY_FATE[skip.fate], skip.reason
        else:
            mending, reason = Mending.WAITING, f"{target.fall} fewer than before; it may be an order not listed yet"
        yield _of_level(Difference(plan.pipeline, sku, "level", wanted, level.available, mending, reason), level, rules)
    yield from skipped(plan, named)


def _of_level(wanted: Difference, level: Level, rules: LevelRules) -> Difference:
    """Return the difference of a level with KORONA's own figure, and why that is not what Shopify should have."""
    if wanted.korona == level.actual:
        return wanted
    actual = int(level.actual) if level.actual == int(level.actual) else level.actual
    why = why_level(level.actual, replace(level.target, fall=0), rules)
    reason = "; ".join(part for part in (why, wanted.reason) if part)
    return replace(wanted, korona=actual, reason=reason, wanted=wanted.korona)


def skipped(plan: Plan[Any], named: Collection[str]) -> Iterator[Difference]:
    """Return what a plan holds of items of which nothing was said yet."""
    for skip in plan.skipped(Fate.HELD):
        if skip.key not in named:
            yield Difference(plan.pipeline, skip.key, "", None, None, Mending.PERSON, skip.reason)


def tried_before(state: State, pipeline: str, change: Change[Any]) -> str:
    """Say why a change that is tried again was refused before; empty where it was not."""
    held = state.held.get(held_key(pipeline, change.key))
    return f"tried again: {held.reason}" if held else ""


def in_order(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return differences as a person reads them: what needs a hand first, then by item."""
    turns: Mapping[Mending, int] = {Mending.PERSON: 0, Mending.WAITING: 1, Mending.NEXT_RUN: 2}
    return tuple(sorted(differences, key=lambda each: (turns[each.mending], each.pipeline, each.key, each.field)))


def requests_for(cache: Cache) -> int:
    """Return about how many requests it takes to read both sides in full, by what was there at the last look."""
    rows = sum(len(each.rows) for each in cache.stocks.values())
    articles = len(cache.catalogue.articles)
    in_korona = sum(-(-each // KORONA_PAGE) for each in (articles, articles, rows, len(cache.catalogue.images)))
    in_shopify = sum(-(-each // SHOPIFY_PAGE) for each in (len(cache.shop_products.products), len(cache.levels.levels)))
    return in_korona + in_shopify + OTHER_REQUESTS
