"""What of a run's writes can be put back in Shopify, why the rest is left, and what stays so after it: pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from korsync.records.catalogue import ShopProduct, Variant
from korsync.records.journal import WriteEntry
from korsync.records.plan import Change, Fate, Outcome, Skip
from korsync.rules.guards import marks_of
from korsync.rules.matching import is_on_sale
from korsync.text import plain, same_title

T = TypeVar("T")

FIELDS = ("title", "price", "tracked")
"""What can be put back: what an article is called, what it costs, whether its pieces are counted."""


@dataclass(frozen=True, slots=True)
class ToPutBack:
    """A value that korsync wrote and that still stands in Shopify, and the one from before, as the journal has them."""

    sku: str
    field: str
    before: str
    written: str
    product: ShopProduct
    variant: Variant


def undoing(
    writes: Iterable[WriteEntry], products: Mapping[int, ShopProduct], kept_titles: Mapping[int, str]
) -> Iterator[ToPutBack | Skip]:
    """Say of each write whether it is put back; `kept_titles` are those that Shopify keeps otherwise than sent."""
    bearers: dict[str, list[tuple[ShopProduct, Variant]]] = {}
    for product in products.values():
        for variant in product.variants:
            bearers.setdefault(variant.sku.strip(), []).append((product, variant))
    for write in writes:
        if write.pipeline == "stock":
            yield Skip(write.key, "stock is never undone: it follows KORONA", Fate.LEFT)
        elif write.pipeline in ("orders", "refunds"):
            if write.field == "receipt":
                why = f"{write.after} stays: counter it in KORONA by hand, with a receipt of the same lines reversed"
                yield Skip(write.key, why, Fate.LEFT)
        elif write.field not in FIELDS or write.before is None:
            yield Skip(write.key, f"what was added ({write.field}) stays: take it out in Shopify by hand", Fate.LEFT)
        else:
            yield _of_product(write, bearers.get(write.key, []), kept_titles)


def _of_product(
    write: WriteEntry, standing: list[tuple[ShopProduct, Variant]], kept_titles: Mapping[int, str]
) -> ToPutBack | Skip:
    on_sale = [each for each in standing if is_on_sale(each[0])]
    found = on_sale if len(on_sale) == 1 else standing
    if write.outcome not in (Outcome.DONE, Outcome.UNSURE):
        return Skip(write.key, f"its {write.field} was not written", Fate.LEFT)
    if len(found) != 1:
        return Skip(write.key, f"the SKU stands on {len(found)} variants in Shopify", Fate.LEFT)
    product, variant = found[0]
    now = {"title": product.title, "price": plain(variant.price), "tracked": plain(variant.tracked)}[write.field]
    is_kept = write.field == "title" and (same_title(now, write.after) or kept_titles.get(product.id) == now)
    if now != write.after and not is_kept:
        is_back = now == write.before or (write.field == "title" and same_title(now, write.before or ""))
        why = f"is {now} already, as before that run" if is_back else f"was changed since: Shopify has {now}"
        return Skip(write.key, f"its {write.field} {why}", Fate.LEFT)
    return ToPutBack(write.key, write.field, write.before or "", write.after, product, variant)


def without_undone(
    pipeline: str, found: Iterable[Change[T] | Skip], undone: frozenset[str]
) -> Iterator[Change[T] | Skip]:
    """Let the changes wait that would write again what a person has `undone`; these are marks of KORONA's values."""
    for each in found:
        if isinstance(each, Change) and not undone.isdisjoint(marks_of([each])):
            fields = " and ".join(edit.field for edit in each.edits())
            way_out = f"written again when KORONA's value changes, or with `korsync accept {pipeline} KEY`"
            yield Skip(each.key, f"its {fields} was put back by `korsync undo`: {way_out}", Fate.WAITING)
        else:
            yield each
