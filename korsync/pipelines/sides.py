"""Both sides as one run reads them: each list at most once a run, only what changed, and once a day in full."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from korsync.config.settings import Settings
from korsync.korona.client import KoronaClient
from korsync.pipelines.base import Knowledge
from korsync.records.catalogue import Article, InventoryLevel, ShopProduct
from korsync.records.memory import Cache, Catalogue, Levels, WarehouseStock
from korsync.records.orders import Order
from korsync.rules.guards import FROM_CHANGES, shrunk
from korsync.rules.matching import is_live
from korsync.shopify.client import ShopifyClient

DAY = timedelta(days=1)
LEAST_OVERLAP = timedelta(minutes=10)
"""Shopify's times have whole seconds, and lists lag: what was read before is read again for at least so long."""

READ_AGAIN_SINGLY = 20
"""Up to so many articles whose prices alone were saved are read one by one; more are read with the whole catalogue."""

SHRUNK_TO_PERCENT = 70
"""A full list that brings less than this share of what was known is not believed."""


class Sides:
    """The two clients, and what this run has already read from them."""

    def __init__(self, korona: KoronaClient, shopify: ShopifyClient, settings: Settings, *, full: bool) -> None:
        """Take both clients; `full` ignores every cursor and compares everything."""
        self.korona = korona
        self.shopify = shopify
        self.settings = settings
        self.full = full
        self.orders: dict[int, Order] = {}
        self.orders_read = False
        self.shrunk: set[str] = set()
        self._read: set[str] = set()
        self._accepted: set[str] = set()
        self._held: set[str] = set()

    def forget(self) -> None:
        """Read everything again when it is next asked for: a pull failed, and what it had read is lost with it."""
        self._read.clear()
        self.orders_read = False

    def catalogue(self, knowledge: Knowledge) -> Knowledge:
        """Read KORONA's prices and articles that changed.

        Prices come first: an article named by a price row is then read at least as late as its price was saved.
        """
        return self._once("catalogue", knowledge, self._read_catalogue)

    def images(self, knowledge: Knowledge) -> Knowledge:
        """Read the properties of KORONA's images that changed."""
        return self._once("images", knowledge, self._read_images)

    def shelf(self, knowledge: Knowledge) -> Knowledge:
        """Read Shopify's products that changed."""
        return self._once("shelf", knowledge, self._read_shelf)

    def levels(self, knowledge: Knowledge, location_id: int) -> Knowledge:
        """Read Shopify's inventory levels that changed at a location."""
        return self._once("levels", knowledge, lambda cache: self._read_levels(cache, location_id))

    def stock(self, knowledge: Knowledge, warehouse_ids: Iterable[str]) -> Knowledge:
        """Read KORONA's stock rows that changed in the warehouses."""
        return self._once("stock", knowledge, lambda cache: self._read_stock(cache, tuple(warehouse_ids)))

    def orders_by_id(self, order_ids: Iterable[int]) -> Mapping[int, Order]:
        """Return orders with their contents: from this run's list, else asked for by id; missing ones are left out."""
        missing = [order_id for order_id in order_ids if order_id not in self.orders]
        if missing:
            self.orders.update({order.id: order for order in self.shopify.orders_by_id(missing)})
        return self.orders

    def _once(self, what: str, knowledge: Knowledge, read: Callable[[Cache], Cache]) -> Knowledge:
        if what in self._read:
            return knowledge
        self._accepted = {mark for marks in knowledge.state.accepted.values() for mark in marks}
        self._held = {held.item for held in knowledge.state.held.values()}
        cache = read(knowledge.cache)
        self._read.add(what)
        return replace(knowledge, cache=cache)

    def _read_catalogue(self, cache: Cache) -> Cache:
        old = cache.catalogue
        prices, price_revision = self.korona.changed_prices(0 if self.full else old.price_revision)
        now = self.korona.now
        named = {row.article_id for row in prices if row.article_id is not None}
        changed, revision = self.korona.changed_products(0 if self._is_due(old.full_at, now) else old.product_revision)
        unseen = named - {article.id for article in changed}
        if not self._is_due(old.full_at, now) and len(unseen) <= READ_AGAIN_SINGLY:
            again = [each for each in map(self.korona.product, sorted(unseen)) if each is not None]
            articles = old.articles | {each.id: _numbered(each, old.articles) for each in [*again, *changed]}
            full_at = old.full_at
        else:
            if not self._is_due(old.full_at, now):
                changed, revision = self.korona.changed_products(0)
            articles = {each.id: _numbered(each, old.articles) for each in changed}
            full_at = now
            if self._is_shrunk("catalogue", len(articles), len(old.articles)):
                return cache
        catalogue = replace(
            old, articles=articles, product_revision=revision, price_revision=price_revision, full_at=full_at
        )
        return replace(cache, catalogue=catalogue)

    def _read_images(self, cache: Cache) -> Cache:
        old = cache.catalogue
        images, revision = self.korona.changed_images(0 if self.full else old.image_revision)
        found = old.images | {image.id: image for image in images}
        return replace(cache, catalogue=replace(old, images=found, image_revision=revision))

    def _read_shelf(self, cache: Cache) -> Cache:
        old = cache.shelf
        if old.cursor is not None and not self.full:
            changed = {each.id: each for each in self.shopify.products(old.cursor - self._overlap)}
            now = self.shopify.now
            doubtful = self._doubtful(old.products, changed)
            if not self._is_due(old.full_at, now) and len(doubtful) <= READ_AGAIN_SINGLY:
                again = {product_id: self.shopify.product(product_id) for product_id in doubtful}
                gone = {product_id for product_id, product in again.items() if product is None}
                found = old.products | {product.id: product for product in again.values() if product} | changed
                products = {product_id: each for product_id, each in found.items() if product_id not in gone}
                return replace(cache, shelf=replace(old, products=products, cursor=max(old.cursor, now)))
        everything = self.shopify.products()
        if self._is_shrunk("shelf", len(everything), len(old.products)):
            return cache
        # Shopify's time and not the highest one seen: else what changed last, all at once, is read in every run.
        now = self.shopify.now
        shelf = replace(old, products={each.id: each for each in everything}, cursor=now, full_at=now)
        return replace(cache, shelf=shelf)

    def _doubtful(self, known: Mapping[int, ShopProduct], changed: Mapping[int, ShopProduct]) -> list[int]:
        """Return the known products that may be gone: no answer tells of a deleted one.

        These are products whose SKU a changed one bears as well, and those of which a write was refused.
        """
        skus = self._held | {
            variant.sku.strip() for each in changed.values() for variant in each.variants if variant.sku.strip()
        }
        rest = (each for each in known.values() if each.id not in changed)
        return [each.id for each in rest if any(variant.sku.strip() in skus for variant in each.variants)]

    def _read_levels(self, cache: Cache, location_id: int) -> Cache:
        old = cache.levels
        elsewhere = any(level.location_id != location_id for level in old.levels.values())
        in_full = elsewhere or old.read_at is None or self._is_due(old.full_at, self.shopify.now)
        since = None if in_full or old.read_at is None else old.read_at - self._overlap
        rows = self.shopify.levels(location_id, since)
        if in_full and not elsewhere and old.read_at and self._is_shrunk("levels", len(rows), len(old.levels)):
            # What is sold must still come off sale: what changed is asked for instead.
            in_full, rows = False, self.shopify.levels(location_id, old.read_at - self._overlap)
        read_at = min((row.seen_at for row in rows), default=self.shopify.now)
        found = {row.inventory_item_id: row for row in rows}
        if in_full:
            return replace(cache, levels=Levels(found, read_at, read_at))
        found |= self._counted_by_now(cache, location_id)
        return replace(cache, levels=Levels(old.levels | found, read_at, old.full_at))

    def _counted_by_now(self, cache: Cache, location_id: int) -> dict[int, InventoryLevel]:
        """Read the levels that had no figure although their variant is tracked now.

        Switching tracking on gives a level its figure, but the list need not show the level as changed.
        """
        tracked = {
            variant.inventory_item_id
            for product in cache.shelf.products.values()
            for variant in product.variants
            if variant.tracked
        }
        unsaid = [
            item_id for item_id, level in cache.levels.levels.items() if level.available is None and item_id in tracked
        ]
        return {row.inventory_item_id: row for row in self.shopify.levels_of(location_id, unsaid)}

    def _read_stock(self, cache: Cache, warehouse_ids: tuple[str, ...]) -> Cache:
        stocks = {}
        for warehouse_id in warehouse_ids:
            stock = self._read_warehouse(cache.stocks.get(warehouse_id, WarehouseStock()), warehouse_id)
            if stock is None:
                return cache
            stocks[warehouse_id] = stock
        return replace(cache, stocks=stocks)

    def _read_warehouse(self, old: WarehouseStock, warehouse_id: str) -> WarehouseStock | None:
        full = self._is_due(old.full_at, self.korona.now)
        rows, revision = self.korona.changed_stock(warehouse_id, 0 if full else old.revision)
        found = {row.article_id: row for row in rows}
        if not full:
            return replace(old, levels=old.levels | found, revision=revision)
        if self._is_shrunk("stock", len(found), len(old.levels)):
            return None
        return WarehouseStock(found, revision, self.korona.now)

    def _is_due(self, full_at: datetime | None, now: datetime) -> bool:
        return self.full or full_at is None or now - full_at >= DAY

    @property
    def _overlap(self) -> timedelta:
        """What was saved may take as long to show as anything else that Shopify accepts."""
        return max(LEAST_OVERLAP, timedelta(minutes=float(self.settings.safety.settle_minutes)))

    def _is_shrunk(self, what: str, found: int, known: int) -> bool:
        """Tell whether a list came far shorter than it was known; a few rows may go from a short list at once."""
        short = found * 100 < known * SHRUNK_TO_PERCENT and (known - found >= FROM_CHANGES or found == 0)
        if short and shrunk(what) not in self._accepted:
            self.shrunk.add(what)
        return what in self.shrunk


def _numbered(article: Article, known: Mapping[str, Article]) -> Article:
    """Give a deleted article, which comes without its number, the number it had: the id is what identifies it."""
    before = known.get(article.id)
    if article.number is None and not article.active and before is not None:
        return replace(article, number=before.number)
    return article


def articles_by_number(catalogue: Catalogue) -> dict[str, Article]:
    """Return the articles of a catalogue by number; deleted ones and numbers that stand twice are left out.

    As in matching a number belongs to the live article; a switched-off one has it only where no live one does.
    """
    live: dict[str, list[Article]] = {}
    switched_off: dict[str, list[Article]] = {}
    for article in catalogue.articles.values():
        number = (article.number or "").strip()
        if number and article.active:
            (live if is_live(article) else switched_off).setdefault(number, []).append(article)
    return {number: found[0] for number, found in (switched_off | live).items() if len(found) == 1}
