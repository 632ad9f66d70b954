"""Reads KORONA's stock, warehouse by warehouse, as one picture: what moves from one to another counts once."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from korsync.pipelines.base import Sides
from korsync.pipelines.changed import changed_since, is_due, some
from korsync.records.memory import Cache
from korsync.records.rows import merged
from korsync.records.seen import WarehouseStock
from korsync.rules.guards import judged
from korsync.rules.odd_rows import on_sale

ROUNDS = 3
"""So often the warehouses are asked in one run at most."""


def read_warehouses(sides: Sides, cache: Cache, warehouse_ids: Sequence[str]) -> tuple[Cache, bool]:
    """Return the cache with the stock rows that changed, and whether a list came too short to be believed.

    What is moved from one warehouse to another between their two reads would count in both. So where anything moved in
    one that was not the first to be read, all are asked again.
    """
    cache = replace(cache, stocks={each: cache.stocks.get(each, WarehouseStock()) for each in warehouse_ids})
    shrunk_anywhere, later = False, warehouse_ids[1:]
    for number in range(ROUNDS):
        before = cache.stocks
        for warehouse_id in warehouse_ids:
            old = cache.stocks[warehouse_id]
            in_full = number == 0 and is_due(sides, old.full_at, sides.korona_now)
            cache, is_shrunk = _read(sides, cache, warehouse_id, in_full=in_full)
            shrunk_anywhere |= is_shrunk
        if shrunk_anywhere or not any(_has_moved(before[each], cache.stocks[each]) for each in later):
            break
    return cache, shrunk_anywhere


def _read(sides: Sides, cache: Cache, warehouse_id: str, *, in_full: bool) -> tuple[Cache, bool]:
    korona, old, is_shrunk = sides.korona, cache.stocks[warehouse_id], False
    changed = partial(korona.changed_stock, warehouse_id)
    known = ((article_id, row.revision) for article_id, row in old.rows.items())
    read = changed_since(sides, "stock", changed, old.revision, known, in_full=in_full)
    found, revision, in_full = {row.article_id: row for row in read.rows}, read.revision, read.in_full
    if in_full:
        cache, is_shrunk = judged(cache, f"stock of {warehouse_id}", len(found), len(old.rows))
        if is_shrunk:
            in_full, revision = False, old.revision
    else:
        # A row without a figure may get one under the revision that it has.
        open_ = {key for key, row in merged(old.rows, found).items() if row.unreadable or row.actual is None}
        odd = on_sale(cache, open_) - {key for key, row in found.items() if row.revision > old.revision}
        again = (korona.stock_of(article_id, warehouse_id) for article_id in sorted(some(odd)))
        found |= {row.article_id: row for row in again if row is not None}
    rows = found if in_full else merged(old.rows, found)
    stock = WarehouseStock(rows, revision, sides.korona_now if in_full else old.full_at)
    return replace(cache, stocks={**cache.stocks, warehouse_id: stock}), is_shrunk


def _has_moved(before: WarehouseStock, stock: WarehouseStock) -> bool:
    """Tell whether a row of a warehouse was changed, also where it has as many pieces as it had."""
    known = before.rows
    return any(each not in known or row.revision != known[each].revision for each, row in stock.rows.items())
