"""`korsync undo`: puts back in Shopify what a run wrote there, where it still stands."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

from korsync.commands.sync import Clocks, connect, opened, recorded
from korsync.config.settings import Settings
from korsync.errors import ConfigurationError
from korsync.memory.files import hold_lock
from korsync.memory.journal import entries_of
from korsync.pipelines.base import Reading
from korsync.pipelines.products import Products
from korsync.pipelines.sides import read_shop_products
from korsync.records.journal import RunEntry, WriteEntry
from korsync.records.plan import Change, Plan, Result, Skip
from korsync.rules.decisions import with_marks
from korsync.rules.guards import mark
from korsync.rules.offers import Price, Title, Tracking
from korsync.rules.undoing import ToPutBack, undoing
from korsync.run import Watcher

UNDO = "undo"


def undo(settings: Settings, watcher: Watcher, run_id: str, skus: Sequence[str] = (), *, dry: bool = False) -> Result:
    """Put back the names, prices and trackings of a run, or of these articles of it; a dry run shows them.

    What is put back is not written again until KORONA has another value or a person accepts it.

    Raises ConfigurationError where the journal knows of no such run, or of nothing that it wrote of such an article.
    """
    writes = _writes_of(settings, run_id, skus)
    sides = connect(settings, read_only=dry, full=False, clocks=Clocks())
    with nullcontext() if dry else hold_lock(settings.state_path):
        run = opened(sides, watcher, [], Clocks(), dry=dry)
        with recorded(run, UNDO):
            watcher.reading(UNDO)
            reading = read_shop_products(sides, run.reading)
            result = run.put_back(Products(sides), _plan(reading, writes))
            run.end(UNDO, (), result.exit_code, lambda state: state)
        return result


def _writes_of(settings: Settings, run_id: str, skus: Collection[str]) -> list[WriteEntry]:
    entries = [each for each in entries_of(settings.journal_path, run_id) if each.run == run_id]
    writes = [each for each in entries if isinstance(each, WriteEntry)]
    if any(isinstance(each, RunEntry) and each.command == UNDO for each in entries):
        what = f"run {run_id} was itself one of `korsync undo`"
        raise ConfigurationError(what, "to have KORONA's values written again: `korsync accept products`")
    if not writes:
        raise ConfigurationError(f"the journal knows of nothing that run “{run_id}” wrote", "see `korsync log`")
    strange = [each for each in skus if each not in {write.key for write in writes}]
    if strange:
        what = f"run {run_id} wrote nothing of {', '.join(strange)}; nothing was put back"
        raise ConfigurationError(what, f"see `korsync log --run {run_id}` for what it wrote")
    return [each for each in writes if not skus or each.key in skus]


def _plan(reading: Reading, writes: Iterable[WriteEntry]) -> Plan[Any]:
    memory = reading.memory
    kept = {product_id: each.kept for product_id, each in memory.cache.titles.items()}
    found = list(undoing(writes, memory.cache.shop_products.products, kept))
    decisions = [_change(each) for each in found if isinstance(each, ToPutBack)]
    marks = dict.fromkeys((*memory.state.undone.get(Products.name, ()), *(each for _, each in decisions)))
    memory = memory.with_state(undone=with_marks(memory.state.undone, Products.name, tuple(marks)))
    changes = tuple(change for change, _ in decisions)
    skips = tuple(each for each in found if isinstance(each, Skip))
    return Plan(UNDO, changes, skips, matched=len(changes), memory=memory)


def _change(each: ToPutBack) -> tuple[Change[Any], str]:
    """Return the write that puts a value back, and the mark of KORONA's value that is not to be written again."""
    before: Title | Price | Tracking
    after: Title | Price | Tracking
    written: str | Decimal | bool = each.written
    match each.field:
        case "title":
            before = Title(each.product.title, each.product.id)
            after = replace(before, title=each.before)
        case "price":
            written = Decimal(each.written)
            before = Price(each.variant.price, each.variant.id)
            after = replace(before, price=Decimal(each.before))
        case _:
            written = each.written == "yes"
            before = Tracking(each.variant.tracked, each.variant.inventory_item_id)
            after = replace(before, tracked=each.before == "yes")
    return Change(each.sku, before, after), mark(each.sku, f"{each.field} {written}")
