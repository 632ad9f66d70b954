"""What was kept in step and no longer is: pure. Its variant stays on sale at its last level, so a person must know."""

from collections.abc import Collection, Iterable, Mapping

from korsync.records.catalogue import ShopProduct, Variant
from korsync.records.plan import Fate, Skip
from korsync.rules.matching import is_on_sale


def still_there(in_step: Mapping[int, str], products: Iterable[ShopProduct]) -> dict[int, tuple[str, Variant, bool]]:
    """Return what was kept in step and still exists: its SKU then, its variant now, whether that is on sale."""
    found = ((variant, is_on_sale(product)) for product in products for variant in product.variants)
    return {
        variant.inventory_item_id: (in_step[variant.inventory_item_id], variant, on_sale)
        for variant, on_sale in found
        if variant.inventory_item_id in in_step
    }


def left_step(
    known: Mapping[int, tuple[str, Variant, bool]],
    now_in_step: Collection[int],
    why: Mapping[str, str],
    by_rule: Collection[str],
) -> list[Skip]:
    """Hold what was kept in step and is not any more; `why` are the reasons by SKU, `by_rule` need no word."""
    held: dict[str, Skip] = {}
    for item_id, (sku, variant, on_sale) in known.items():
        now = variant.sku.strip()
        if item_id in now_in_step or not on_sale or now in by_rule:
            continue
        reason = why.get(sku, "it cannot be matched any more")
        if now != sku:
            reason = f"its variant in Shopify now has {f'the SKU “{now}”' if now else 'no SKU'}"
        advice = f"it was kept in step and is still on sale: put that right, or `korsync ignore {sku}`"
        held[sku] = Skip(sku, f"{reason}; {advice}", Fate.HELD)
    return list(held.values())
