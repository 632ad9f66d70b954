"""What the shop should show of a matched article, and where that differs from what it shows: pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from korsync.records.memory import ProductTargets
from korsync.records.plan import Change, Fate, Skip
from korsync.records.seen import KeptTitle
from korsync.rules.asked_once import asked_once
from korsync.rules.matching import Match
from korsync.rules.money import round_to
from korsync.rules.prices import price_in
from korsync.text import clean_title, same_title


@dataclass(frozen=True, slots=True)
class Title:
    """The title of a Shopify product."""

    title: str
    product_id: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a Shopify variant in the shop's currency, gross or net as the shop shows prices.

    `clears_compare_at`: the price struck out beside it goes when this one is written.
    """

    price: Decimal
    variant_id: int = field(compare=False)
    clears_compare_at: bool = field(compare=False, default=False)
    product_id: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Tracking:
    """Whether Shopify counts the pieces of a variant."""

    tracked: bool
    inventory_item_id: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Offer:
    """A match whose article is to be sold in the shop, and its price there, in the shop's currency."""

    match: Match
    price: Decimal

    @property
    def sku(self) -> str:
        return self.match.sku


@asked_once
def offers_of(
    matches: tuple[Match, ...], targets: ProductTargets, now: datetime
) -> tuple[tuple[Offer, ...], tuple[Skip, ...]]:
    """Return the matches that have a price to be shown, and why the others have none."""
    offers, skips = [], []
    for each in matches:
        found = price_in(each.article, targets.price_group, now, targets.unit)
        if found.doubt:
            skips.append(Skip(each.sku, found.doubt, Fate.HELD))
        elif found.price is None:
            skips.append(Skip(each.sku, found.unfit, Fate.LEFT))
        elif found.unfit:
            skips.append(_unfit(each, round_to(found.price, targets.unit), found.unfit))
        else:
            offers.append(Offer(each, round_to(found.price, targets.unit)))
    return tuple(offers), tuple(skips)


def _unfit(each: Match, price: Decimal, why: str) -> Skip:
    """Hold what the price list has for nothing or less and the shop for something else: nobody sells like that."""
    shown = each.variant.price
    if shown == price:
        return Skip(each.sku, why, Fate.LEFT)
    way_out = "put it right in KORONA, or take it out of the price list"
    return Skip(each.sku, f"{why}, Shopify shows {shown:f}: {way_out}", Fate.HELD)


def changed_titles(offers: Iterable[Offer], kept: Mapping[int, KeptTitle]) -> Iterator[Change[Title] | Skip]:
    """Name a product after its article; one with several variants only where all of them are offered under one name."""
    by_product: dict[int, list[Match]] = {}
    for offer in offers:
        by_product.setdefault(offer.match.product.id, []).append(offer.match)
    for matches in by_product.values():
        title = matches[0].product.title
        if title and all(each.article.name == title for each in matches):
            continue  # most are: nothing has to be cleaned to see that
        product, names = matches[0].product, {clean_title(each.article.name) for each in matches}
        if len(names) > 1 or len(matches) < len(product.variants):
            continue
        name = names.pop()
        if not name:
            why = f"its name in KORONA is empty, Shopify has “{product.title}”: enter it in KORONA"
            yield Skip(matches[0].sku, why, Fate.HELD)
        elif kept.get(product.id) == KeptTitle(name, product.title):
            yield Skip(matches[0].sku, f"Shopify keeps its name “{name}” as “{product.title}”", Fate.LEFT)
        elif not same_title(product.title, name):
            yield Change(matches[0].sku, Title(product.title, product.id), Title(name, product.id))


def changed_prices(offers: Iterable[Offer], *, clears: bool) -> Iterator[Change[Price] | Skip]:
    """Set each variant's price; the price struck out beside it is the shop's own, and goes only where that is wanted.

    Shopify refuses a price above it. Where it is as high as the price, it misleads and is named.
    """
    for offer in offers:
        variant, compared = offer.match.variant, offer.match.variant.compare_at_price
        if variant.price_unreadable:
            why = f"its price in Shopify cannot be read ({variant.price_unreadable}): save it there once more"
            yield Skip(offer.sku, why, Fate.HELD)
            continue
        is_low, is_new = compared is not None and compared <= offer.price, variant.price != offer.price
        if compared is not None and is_new and compared < offer.price and not clears:
            why = f"its compare-at price {compared:f} in Shopify is below its new price {offer.price:f}, which Shopify"
            way_out = "refuses: raise or clear it there, or set products.clear_compare_at to true"
            yield Skip(offer.sku, f"{why} {way_out}", Fate.HELD)
            continue
        if is_new:
            product_id = variant.product_id
            after = Price(offer.price, variant.id, clears_compare_at=is_low and clears, product_id=product_id)
            yield Change(offer.sku, Price(variant.price, variant.id), after, name=offer.match.article.name)
        if compared is not None and is_low and not (is_new and clears):
            why = f"its compare-at price {compared:f} is not above its price {offer.price:f}"
            yield Skip(offer.sku, why, Fate.LEFT)


def changed_trackings(offers: Iterable[Offer]) -> Iterator[Change[Tracking] | Skip]:
    """Have Shopify count what KORONA counts, and nothing else."""
    for offer in offers:
        variant, tracked = offer.match.variant, offer.match.article.track_inventory
        if variant.counted_elsewhere:
            yield Skip(offer.sku, "another service counts its pieces in Shopify", Fate.LEFT)
        elif tracked is not None and tracked is not variant.tracked:
            item = variant.inventory_item_id
            before, after = Tracking(variant.tracked, item), Tracking(tracked, item)
            yield Change(offer.sku, before, after, name=offer.match.article.name)
