"""Products, KORONA to Shopify: name, price, tracking and one image of each matched article with a price in the list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from korsync.config.settings import ProductSettings, SafetySettings
from korsync.errors import KorsyncError, Refused
from korsync.pipelines.base import Checked, GoesOn, Reading, Sides, side_by_side
from korsync.pipelines.images import (
    ImagesPlanned,
    ImagesPulled,
    Picture,
    about_to_send,
    file_name,
    plan_images,
    pull_images,
    with_refusals,
    with_sent,
    without_doubt,
)
from korsync.pipelines.sides import read_catalogue, read_images, read_shop_products
from korsync.pipelines.targets import find_product_targets
from korsync.records.memory import Memory, ProductTargets
from korsync.records.plan import Change, Fate, Outcome, Plan, Skip, Written
from korsync.records.seen import KeptTitle
from korsync.rules.decisions import with_marks
from korsync.rules.guards import Guarded, guard_catalogue, key_of, mark, short_lists
from korsync.rules.matching import Matching, is_live, match
from korsync.rules.offers import (
    Offer,
    Price,
    Title,
    Tracking,
    changed_prices,
    changed_titles,
    changed_trackings,
    offers_of,
)
from korsync.rules.prices import price_at
from korsync.rules.undoing import without_undone
from korsync.text import clean_title, same_title

Value = Title | Price | Tracking | Picture
"""What a change of a product is about."""

IMAGES_TOGETHER = 24
"""So many images are noted at once before they are sent: each note writes the whole state."""


@dataclass(frozen=True, slots=True)
class ProductsPulled:
    """All that the plan of products is made of; without `images` none are kept."""

    reading: Reading
    targets: ProductTargets
    settings: ProductSettings
    safety: SafetySettings
    korona_now: datetime
    images: ImagesPulled | None = None


class Products:
    """The products pipeline."""

    name: ClassVar[str] = "products"
    may_wait: ClassVar[bool] = True
    can_be_accepted: ClassVar[bool] = True
    writes_one_thing: ClassVar[bool] = False
    is_decided_about: ClassVar[bool] = False

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._refused: set[type[Value]] = set()
        self._kept: dict[int, str | None] = {}

    def pull(self, reading: Reading) -> ProductsPulled:
        """Read both catalogues and the contents of new images."""
        sides = self._sides
        reading = read_shop_products(sides, reading)
        reading = read_catalogue(sides, reading)
        reading, targets = find_product_targets(sides, reading)
        korona_now, images = sides.korona_now, None
        if "image" in sides.settings.products.fields:
            offers, _ = offers_of(_matching(reading).matches, targets, korona_now)
            try:
                reading = read_images(sides, reading)
                images = pull_images(sides, reading.memory, [offer.match for offer in offers])
            except KorsyncError as error:
                reading = reading.without("images", error)
        settings = sides.settings
        return ProductsPulled(reading, targets, settings.products, settings.safety, korona_now, images)

    @staticmethod
    def plan(pulled: ProductsPulled) -> Plan[Value]:
        """Decide which titles, prices, trackings and images differ from KORONA's."""
        matching = _matching(pulled.reading)
        offers, unfit_skips = offers_of(matching.matches, pulled.targets, pulled.korona_now)
        images = ImagesPlanned(pulled.reading.memory)
        if pulled.images is not None:
            matches = [offer.match for offer in offers]
            images = plan_images(pulled.images, pulled.reading.memory, matches, pulled.safety.settle)
        kept = pulled.settings.fields
        everything: list[Change[Value] | Skip] = [
            *(changed_titles(offers, pulled.reading.memory.cache.titles) if "title" in kept else ()),
            *(changed_prices(offers, clears=pulled.settings.clear_compare_at) if "price" in kept else ()),
            *(changed_trackings(offers) if "tracked" in kept else ()),
            *_additions(images.pictures),
        ]
        undone = frozenset(pulled.reading.memory.state.undone.get(Products.name, ()))
        found = list(without_undone(Products.name, everything, undone))
        changes = tuple(each for each in found if isinstance(each, Change))
        guarded = _guard(pulled, changes, len(offers))
        named = (each for each in found if isinstance(each, Skip))
        unsold = _without_variant(pulled)
        skips = (*matching.skips, *unsold, *unfit_skips, *images.skips, *named, *guarded.skips)
        return Plan(
            pipeline=Products.name,
            changes=changes,
            skips=skips,
            matched=len(offers),
            trouble=_trouble(pulled),
            memory=_with_undone(images.memory, offers),
            stop=guarded.stop,
            written_all_the_same=guarded.allowed,
        )

    def batches(self, changes: Sequence[Change[Value]]) -> Iterable[Sequence[Change[Value]]]:
        """Cut by what is written, and images into parts that are noted just before they are sent.

        Each needs a permission of its own: where one is refused, the others are written all the same.
        """
        for kind in (Title, Price, Tracking):
            batch = [change for change in changes if isinstance(change.after, kind)]
            if batch:
                yield batch
        pictures = [change for change in changes if isinstance(change.after, Picture)]
        for start in range(0, len(pictures), IMAGES_TOGETHER):
            if Picture not in self._refused:
                yield pictures[start : start + IMAGES_TOGETHER]

    def intend(self, memory: Memory, batch: Sequence[Change[Value]]) -> Memory:
        """Note images: titles, prices and trackings may be written twice, an image must not."""
        pictures = [change.after for change in batch if isinstance(change.after, Picture)]
        now = self._sides.clocks.noted(self._sides.shopify.now)
        return replace(memory, state=about_to_send(memory.state, pictures, now))

    def push(self, batch: Sequence[Change[Value]], goes_on: GoesOn) -> Iterator[Sequence[Written[Value]]]:
        try:
            yield from side_by_side(batch, lambda change: self._write(change.after), _lane_of, goes_on)
        except Refused:
            self._refused.add(type(batch[0].after))
            raise

    def record(self, memory: Memory, written: Sequence[Written[Value]]) -> Memory:
        """Remember what became of images, and of titles that Shopify keeps in another form.

        The rest shows in the next look at Shopify's products.
        """
        memory = _with_kept_titles(memory, [each.change.after for each in written], self._kept)
        pictures = [(each, each.change.after) for each in written if isinstance(each.change.after, Picture)]
        sent = [picture for each, picture in pictures if each.outcome is Outcome.DONE]
        refused = [(picture, each.message) for each, picture in pictures if each.outcome is Outcome.REJECTED]
        settled = [picture for each, picture in pictures if each.outcome is not Outcome.UNSURE]
        state = with_sent(without_doubt(memory.state, settled), sent)
        return with_refusals(replace(memory, state=state), refused)

    def check(self, memory: Memory, _sent: Sequence[Written[Value]]) -> Checked:
        """Believe the answers: what they told shows in the next look at Shopify."""
        return Checked(memory)

    def _write(self, value: Value) -> None:
        shopify = self._sides.shopify
        match value:
            case Title():
                self._kept[value.product_id] = shopify.set_title(value.product_id, value.title)
            case Price():
                shopify.set_price(value.variant_id, value.price, clears_compare_at=value.clears_compare_at)
            case Tracking():
                shopify.set_tracked(value.inventory_item_id, value.tracked)
            case Picture():
                shopify.add_image(value.product_id, value.data, file_name(value), value.variant_ids)


def _lane_of(value: Value) -> int:
    """Return what must not be written twice at the same time: a product, with its variants, or an inventory item."""
    return value.inventory_item_id if isinstance(value, Tracking) else value.product_id


def _with_kept_titles(memory: Memory, sent: Iterable[Value], kept: Mapping[int, str | None]) -> Memory:
    """Remember titles that Shopify keeps in another form: they are not sent again as long as both stay as they are."""
    titles = dict(memory.cache.titles)
    for title in (each for each in sent if isinstance(each, Title)):
        titles.pop(title.product_id, None)
        answered = kept.get(title.product_id)
        if answered is not None and not same_title(answered, title.title):
            titles[title.product_id] = KeptTitle(title.title, answered)
    return memory.with_cache(titles=titles) if titles != memory.cache.titles else memory


def _trouble(pulled: ProductsPulled) -> tuple[KorsyncError, ...]:
    """Return what kept lists from being read, or from being believed: all else goes on."""
    short = short_lists(Products.name, pulled.reading.shrunk & {"catalogue", "shop_products"}, "all else is written")
    images = pulled.images.trouble if pulled.images else ()
    return (*pulled.reading.missing(Products.name), *short, *images)


def _matching(reading: Reading) -> Matching:
    cache = reading.memory.cache
    return match(cache.catalogue.articles, cache.shop_products.products)


def _guard(pulled: ProductsPulled, changes: Sequence[Change[Value]], matched: int) -> Guarded[Value]:
    """Hold back what changes too much at once."""
    reading, safety = pulled.reading, pulled.safety
    return guard_catalogue(
        Products.name,
        changes,
        matched,
        percents=(safety.max_change_percent, safety.max_price_change_percent),
        accepted=reading.memory.state.accepted.get(Products.name, ()),
    )


def _with_undone(memory: Memory, offers: Iterable[Offer]) -> Memory:
    """Forget what was undone where KORONA has another value by now; of what is not offered now nothing is known."""
    undone = memory.state.undone
    if not undone.get(Products.name):
        return memory
    values: dict[str, set[str]] = {}
    for each in offers:
        article = each.match.article
        named = ("title", clean_title(article.name)), ("price", each.price), ("tracked", article.track_inventory)
        values[each.sku] = {mark(each.sku, f"{field_name} {value}") for field_name, value in named}
    still = tuple(each for each in undone.get(Products.name, ()) if each in values.get(key_of(each), {each}))
    return memory.with_state(undone=with_marks(undone, Products.name, still))


def _without_variant(pulled: ProductsPulled) -> Iterator[Skip]:
    """Name the articles that have a price in the list and no variant to show it."""
    cache = pulled.reading.memory.cache
    skus = {variant.sku.strip() for product in cache.shop_products.products.values() for variant in product.variants}
    for article in cache.catalogue.articles.values():
        number = (article.number or "").strip()
        if number and number not in skus and is_live(article):
            price = price_at(article, pulled.targets.price_group, pulled.korona_now)
            if price is not None:
                name = pulled.targets.price_group.name
                yield Skip(number, f"it has a price in “{name}”, but no variant in Shopify has this SKU", Fate.LEFT)


def _additions(pictures: Iterable[Picture]) -> Iterator[Change[Value] | Skip]:
    for each in pictures:
        yield Change(each.uses[0].sku, None, each)
