"""Reads both sides: each list at most once a run, only what changed, and once a day in full."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from korsync.errors import KorsyncError, Rejected, Unavailable
from korsync.pipelines.base import LATE_REVISIONS, Reading, Sides
from korsync.pipelines.changed import READ_AGAIN_SINGLY, Changed, changed_since, is_due, some, stands_still, with_rest
from korsync.pipelines.warehouses import read_warehouses
from korsync.records.catalogue import Article, InventoryLevel, PriceRow, ShopProduct, Variant
from korsync.records.memory import Cache
from korsync.records.orders import Order
from korsync.records.rows import merged
from korsync.records.seen import Levels, ShopProducts
from korsync.rules.guards import judged
from korsync.rules.matching import assortment, may_be_cut
from korsync.rules.odd_rows import as_far_as_known, numbered

T = TypeVar("T")

LEAST_OVERLAP = timedelta(minutes=10)
"""Shopify's times have whole seconds, and lists lag: what was read before is read again for at least so long."""


def read_catalogue(sides: Sides, reading: Reading) -> Reading:
    """Read KORONA's prices and articles that changed; without the list of prices they stay as they are known.

    Prices come first: an article named by a price row is then read at least as late as its price was saved.
    """
    if "catalogue" in reading.lists:
        return reading
    old = reading.memory.cache.catalogue
    changed: Changed[PriceRow] = Changed([], old.price_revision, in_full=False, is_asked=False)
    try:
        if not stands_still(sides, old.rests, "price", old.price_revision):
            known = old.late_prices.items()
            read = sides.korona.changed_prices
            changed = changed_since(sides, "prices", read, old.price_revision, known, in_full=sides.full)
    except KorsyncError as error:
        reading = reading.without("prices", error)
    return _once("catalogue", reading, lambda: _catalogue(sides, reading, changed))


def with_new_articles(sides: Sides, reading: Reading, held: Iterable[Order]) -> Reading:
    """Read which articles changed where a held order waits for one: singly it would be asked for in each run."""
    cache = reading.memory.cache
    lines = [line for order in held for line in order.lines if line.sku]
    known = assortment(cache.catalogue.articles, cache.shop_products.products) if lines else None
    if known is None or all(known.articles_of(line.sku, line.variant_id) for line in lines):
        return reading
    try:
        return read_catalogue(sides, reading)
    except KorsyncError as error:
        return reading.without("articles", error)


def read_images(sides: Sides, reading: Reading) -> Reading:
    return _once("images", reading, lambda: _images(sides, reading))


def read_shop_products(sides: Sides, reading: Reading) -> Reading:
    return _once("shop_products", reading, lambda: _shop_products(sides, reading))


def read_levels(sides: Sides, reading: Reading, location_id: int) -> Reading:
    """Read Shopify's inventory levels that changed at a location."""
    return _once("levels", reading, lambda: _levels(sides, reading, location_id))


def read_stock(sides: Sides, reading: Reading, warehouse_ids: Iterable[str]) -> Reading:
    """Read KORONA's stock rows that changed in the warehouses."""
    return _once("stock", reading, lambda: read_warehouses(sides, reading.memory.cache, tuple(warehouse_ids)))


def read_orders_by_id(sides: Sides, reading: Reading, order_ids: Iterable[int]) -> Reading:
    """Read the contents of these orders as far as they are not read yet; those that Shopify does not show are missing.

    The list that is read anyway brings most of them.
    """
    missing = [order_id for order_id in order_ids if order_id not in reading.orders]
    if not missing:
        return reading
    found = {each.id: each for each in sides.shopify.orders_by_id(missing)}
    return replace(reading, orders={**reading.orders, **found})


def _once(name: str, reading: Reading, read: Callable[[], tuple[Cache, bool]]) -> Reading:
    """Read a list that was not read in this run; `read` also tells whether it came too short to be believed."""
    if name in reading.lists:
        return reading
    cache, is_shrunk = read()
    lists = reading.lists | {name}
    shrunk_lists = reading.shrunk | {name} if is_shrunk else reading.shrunk
    return replace(reading, memory=replace(reading.memory, cache=cache), lists=lists, shrunk=shrunk_lists)


def _catalogue(sides: Sides, reading: Reading, prices: Changed[PriceRow]) -> tuple[Cache, bool]:
    cache, korona = reading.memory.cache, sides.korona
    old = cache.catalogue
    now = sides.korona_now
    seen = {row.id: row.revision for row in prices.rows if row.revision > prices.revision - LATE_REVISIONS}
    news = (row for row in prices.rows if old.late_prices.get(row.id) != row.revision)
    named = {row.article_id for row in news if row.article_id is not None}
    in_full = is_due(sides, old.full_at, now)
    read: Changed[Article] = Changed([], old.product_revision, in_full=False, is_asked=False)
    if in_full or not stands_still(sides, old.rests, "product", old.product_revision):
        known = ((each.id, each.revision) for each in old.articles.values())
        read = changed_since(sides, "articles", korona.changed_products, old.product_revision, known, in_full=in_full)
    changed, revision, in_full = read.rows, read.revision, read.in_full
    unseen = named - {article.id for article in changed}
    if not in_full and len(unseen) > READ_AGAIN_SINGLY:
        in_full = True
        changed, revision = korona.changed_products(0)
    cache, is_shrunk = judged(cache, "catalogue", len(changed), len(old.articles)) if in_full else (cache, False)
    if is_shrunk:
        # What comes of a list that is not believed is news all the same; what it leaves out stays as it was.
        articles = merged(old.articles, {each.id: numbered(each, old.articles) for each in changed})
        return replace(cache, catalogue=replace(old, articles=articles)), True
    if in_full:
        articles = {each.id: numbered(each, old.articles) for each in changed}
    else:
        odd = {each.id for each in old.articles.values() if _is_odd(each, cache)} - {each.id for each in changed}
        again = [each for each in map(korona.product, sorted(unseen | some(odd))) if each is not None]
        articles = merged(old.articles, {each.id: numbered(each, old.articles) for each in [*again, *changed]})
    rests = with_rest(sides, with_rest(sides, old.rests, "price", prices), "product", read)
    full_at = now if in_full else old.full_at
    catalogue = replace(
        old,
        articles=articles,
        product_revision=revision,
        price_revision=prices.revision,
        late_prices=seen if prices.is_asked else old.late_prices,
        rests=rests,
        full_at=full_at,
    )
    return replace(cache, catalogue=catalogue), False


def _images(sides: Sides, reading: Reading) -> tuple[Cache, bool]:
    cache = reading.memory.cache
    old = cache.catalogue
    if stands_still(sides, old.rests, "image", old.image_revision):
        return cache, False
    revisions = ((each.id, each.revision) for each in old.images.values())
    changed = sides.korona.changed_images
    read = changed_since(sides, "images", changed, old.image_revision, revisions, in_full=sides.full)
    # What is known of an image holds as long as its revision does, also where it is read once more.
    known = {} if sides.full else {image_id: each.revision for image_id, each in old.images.items()}
    news = {image.id: image for image in read.rows if known.get(image.id) != image.revision}
    images, rests = merged(old.images, news), with_rest(sides, old.rests, "image", read)
    return replace(cache, catalogue=replace(old, images=images, image_revision=read.revision, rests=rests)), False


def _shop_products(sides: Sides, reading: Reading) -> tuple[Cache, bool]:
    cache, shopify = reading.memory.cache, sides.shopify
    old = cache.shop_products
    known = None if sides.full else _changed_products(sides, reading)
    if known is not None:
        return replace(cache, shop_products=known), False
    everything = _as_known(sides, {each.id: each for each in shopify.products()}, old.products)
    cache, is_shrunk = judged(cache, "shop_products", len(everything), len(old.products))
    # Shopify's time and not the highest one seen: else what changed last, all at once, is read in every run.
    now = sides.shopify_now
    if is_shrunk:
        return replace(cache, shop_products=replace(old, products=merged(old.products, everything))), True
    return replace(cache, shop_products=ShopProducts(everything, cursor=now - sides.shopify_lead, full_at=now)), False


def _changed_products(sides: Sides, reading: Reading) -> ShopProducts | None:
    """Read the products that changed; None where all must be read."""
    old, shopify = reading.memory.cache.shop_products, sides.shopify
    if old.cursor is None:
        return None
    changed = {each.id: each for each in shopify.products(old.cursor - _overlap(sides))}
    now = sides.shopify_now
    doubtful = _doubtful(reading, changed)
    if is_due(sides, old.full_at, now) or len(doubtful) > READ_AGAIN_SINGLY:
        return None
    odd = {each.id for each in old.products.values() if each.is_odd or _is_uncounted(each)} - changed.keys()
    again = {product_id: shopify.product(product_id) for product_id in {*doubtful, *some(odd)}}
    gone = {product_id for product_id, product in again.items() if product is None}
    now_read = {product.id: product for product in again.values() if product} | changed
    products = old.products
    if now_read or gone:
        found = merged(products, _as_known(sides, now_read, products))
        products = {product_id: each for product_id, each in found.items() if product_id not in gone}
    # Where nothing came the cursor stays: the next run asks for the same nothing, and no cache need be written.
    return replace(old, products=products, cursor=max(old.cursor, now - sides.shopify_lead) if changed else old.cursor)


def _doubtful(reading: Reading, changed: Mapping[int, ShopProduct]) -> list[int]:
    """Return the known products that may be gone: no answer tells of a deleted one.

    These are products whose SKU a changed one bears as well, and those of which a write was refused.
    """
    skus = {held.item for held in reading.memory.state.held.values()}
    skus |= {variant.sku.strip() for each in changed.values() for variant in each.variants if variant.sku.strip()}
    known = reading.memory.cache.shop_products.products if skus else {}
    rest = (each for each in known.values() if each.id not in changed)
    return [each.id for each in rest if any(variant.sku.strip() in skus for variant in each.variants)]


def _levels(sides: Sides, reading: Reading, location_id: int) -> tuple[Cache, bool]:
    cache, shopify = reading.memory.cache, sides.shopify
    old = cache.levels
    elsewhere = any(level.location_id != location_id for level in old.levels.values())
    in_full = elsewhere or old.read_at is None or is_due(sides, old.full_at, sides.shopify_now)
    since = None if in_full or old.read_at is None else old.read_at - _overlap(sides)
    rows = shopify.levels(location_id, since)
    is_shrunk = False
    if in_full and not elsewhere and old.read_at is not None:
        # The levels of products that are gone go with them.
        there = sum(each.inventory_item_id in old.levels for each in _variants(cache))
        cache, is_shrunk = judged(cache, "levels", len(rows), there)
    if is_shrunk and old.read_at:
        # What is sold must still come off sale: what changed is asked for instead.
        in_full, rows = False, shopify.levels(location_id, old.read_at - _overlap(sides))
    read_at = min((row.seen_at for row in rows), default=sides.shopify_now) - sides.shopify_lead
    found = {row.inventory_item_id: row for row in rows}
    levels: Mapping[int, InventoryLevel] = found
    full_at = read_at if in_full else old.full_at
    if not in_full:
        doubtful = _doubtful_levels(reading)
        again = {row.inventory_item_id: row for row in shopify.levels_of(location_id, doubtful)}
        # What is asked for once more and not shown is gone.
        gone = doubtful - again.keys() - found.keys()
        known = {key: row for key, row in old.levels.items() if key not in gone} if gone else old.levels
        levels = merged(known, found | again)
    _must_have_figures(levels, _tracked_items(cache))
    return replace(cache, levels=Levels(levels, read_at, full_at)), is_shrunk


def _doubtful_levels(reading: Reading) -> set[int]:
    """Return the levels that no list need show as changed.

    These are levels without a figure although their variant is tracked now, and those of which a write was refused:
    such an item may not be stocked at the location any more.
    """
    cache, tracked = reading.memory.cache, _tracked_items(reading.memory.cache)
    refused = {held.item for held in reading.memory.state.held.values() if held.mark}
    return {
        item_id
        for item_id, each in cache.levels.levels.items()
        if each.unreadable or (item_id in tracked and (each.available is None or tracked[item_id] in refused))
    }


def _variants(cache: Cache) -> Iterator[Variant]:
    return (each for product in cache.shop_products.products.values() for each in product.variants)


def _tracked_items(cache: Cache) -> dict[int, str]:
    """Return the SKUs of the items that Shopify counts."""
    return {each.inventory_item_id: each.sku.strip() for each in _variants(cache) if each.tracked}


def _must_have_figures(levels: Mapping[int, InventoryLevel], tracked: Mapping[int, str]) -> None:
    """Raise Unavailable where Shopify says of nothing that it counts how many there are."""
    counted = [each for item_id, each in levels.items() if item_id in tracked and not each.unreadable]
    if counted and all(each.available is None for each in counted):
        what = f"Shopify says of none of {len(counted)} inventory levels how many pieces are available"
        raise Unavailable(what, "no level can be written until it does; if that lasts, ask Shopify what has changed")


def _overlap(sides: Sides) -> timedelta:
    # What was saved may take as long to show as anything else that Shopify accepts.
    return max(LEAST_OVERLAP, sides.settings.safety.settle)


def _is_uncounted(product: ShopProduct) -> bool:
    return may_be_cut(product) and product.variant_count is None


def _is_odd(article: Article, cache: Cache) -> bool:
    """Tell whether an article could not be read, or a price in our list; other price lists are not looked at."""
    targets = cache.targets.products
    ours = {None, targets.price_group.id} if targets else set()
    return bool(article.unreadable) or any(each.unreadable and each.price_group_id in ours for each in article.prices)


def _as_known(
    sides: Sides, products: Mapping[int, ShopProduct], known: Mapping[int, ShopProduct]
) -> dict[int, ShopProduct]:
    """Return products with what was known of those that could not be read, and the number of variants where it matters.

    A product that shows as many as REST shows at most may have more; the answer holds as long as it is unchanged.
    """
    found = {}
    for each in (as_far_as_known(product, known) for product in products.values()):
        if may_be_cut(each):
            before = known.get(each.id)
            is_same = before is not None and replace(each, variant_count=before.variant_count) == before
            count = before.variant_count if before and is_same else None
            found[each.id] = replace(each, variant_count=_counted(sides, each.id) if count is None else count)
        else:
            found[each.id] = each
    return found


def _counted(sides: Sides, product_id: int) -> int | None:
    """Return the number of a product's variants; None where Shopify does not say now: it is asked again."""
    with suppress(Rejected, Unavailable):
        return sides.shopify.variant_count(product_id)
    return None
