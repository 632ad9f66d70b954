"""Holds both simulated sides' own books against each other, shelf by shelf."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from korsync.sandbox.korona.store import Article, Price, PriceGroup
from korsync.sandbox.shopify.store import Variant
from korsync.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Shelf:
    """One article as both sides have it: pieces (None: not counted there) and price (None: none in the list)."""

    sku: str
    korona_pieces: int | None
    shopify_pieces: int | None
    korona_price: Decimal | None
    shopify_price: Decimal

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same of all that both of them keep."""
        kept = self.korona_price is not None
        same_price = not kept or self.korona_price == self.shopify_price
        counted = self.korona_pieces is not None and self.shopify_pieces is not None
        return same_price and (not counted or self.korona_pieces == self.shopify_pieces)


def shelves(world: World) -> Iterator[Shelf]:
    """Return every article that is exactly one article in KORONA and exactly one variant in Shopify."""
    with world.lock:
        variants = [variant for product in world.shopify.store.products.values() for variant in product.variants]
        standing = Counter(variant.sku for variant in variants)
        articles = {each.number: each for each in world.korona.table(Article).values() if each.active}
        for variant in variants:
            sku = variant.sku or ""
            if sku in articles and standing[sku] == 1:
                yield _shelf(world, articles[sku], variant)


def _shelf(world: World, article: Article, variant: Variant) -> Shelf:
    number = article.number or ""
    korona_pieces = math.floor(world.korona.stock_of(number)) if article.track_inventory else None
    level = world.shopify.stock_at(variant.id)
    shopify_pieces = level.available if level is not None and variant.tracked else None
    return Shelf(number, korona_pieces, shopify_pieces, _price(world, article), variant.price)


def _price(world: World, article: Article) -> Decimal | None:
    """Return what the list “Shopify” says now."""
    group, now = world.korona.find(PriceGroup, "Shopify"), world.clock.now()
    entries = (world.korona.table(Price)[price_id] for price_id in article.price_ids)
    valid = [
        (each.valid_from, each.value)
        for each in entries
        if each.price_group_id == group.id and each.valid_from is not None and each.valid_from <= now
    ]
    return max(valid, key=lambda each: each[0])[1] if valid else None
