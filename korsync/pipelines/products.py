"""Products, KORONA to Shopify: name, price, tracking and one image of each matched article with a price in the list."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from korsync.errors import Rejected, SafetyStop, Unsure
from korsync.guards import marks_of, of_field, price_jump, shrunk, stop_unless_accepted, too_many
from korsync.matching import Match, Matching, is_live, match
from korsync.money import round_to, smallest_unit
from korsync.pipelines.base import Knowledge
from korsync.pipelines.finding import product_targets
from korsync.pipelines.images import Picture, PulledImage, file_name, pull_images
from korsync.pipelines.sides import Sides
from korsync.plan import Change, Fate, Outcome, Plan, Skip, Written
from korsync.records import Article, PriceGroup, Shop, ShopProduct
from korsync.state import SentImage

LONGEST_TITLE = 255
"""Shopify refuses longer titles (422)."""


@dataclass(frozen=True, slots=True)
class Title:
    """The title of a Shopify product."""

    title: str
    product_id: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a Shopify variant in the shop's currency, gross or net as the shop shows prices."""

    price: Decimal
    variant_id: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Tracking:
    """Whether Shopify counts the pieces of a variant."""

    tracked: bool
    inventory_item_id: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class ProductsPulled:
    """All that the plan of products is made of; `now` is KORONA's time, `lists_shrunk` names lists not believed."""

    knowledge: Knowledge
    matching: Matching
    price_group: PriceGroup
    shop: Shop
    images: Mapping[str, PulledImage]
    now: datetime
    lists_shrunk: tuple[str, ...]
    image_skips: tuple[Skip, ...]


class Products:
    """The products pipeline."""

    name: ClassVar[str] = "products"
    may_wait: ClassVar[bool] = True

    def __init__(self, sides: Sides) -> None:
        """Take both sides."""
        self._sides = sides
        self._rules = sides.settings

    def pull(self, knowledge: Knowledge) -> ProductsPulled:
        """Read both catalogues and the contents of new images."""
        sides = self._sides
        knowledge = sides.shelf(knowledge)
        knowledge = sides.catalogue(knowledge)
        knowledge, targets = product_targets(sides, knowledge)
        matching = match(knowledge.cache.catalogue.articles, knowledge.cache.shelf.products)
        shop = knowledge.cache.targets.shop or sides.shopify.shop()
        images: Mapping[str, PulledImage] = {}
        image_skips: tuple[Skip, ...] = ()
        if "image" in self._rules.products.fields:
            knowledge = sides.images(knowledge)
            priced = [
                each for each in matching.matches if price_at(each.article, targets.price_group, sides.korona.now)
            ]
            knowledge, images, image_skips = pull_images(sides.korona, knowledge, priced)
        return ProductsPulled(
            knowledge,
            matching,
            targets.price_group,
            shop,
            images,
            sides.korona.now,
            tuple(sorted(sides.shrunk & {"catalogue", "shelf"})),
            image_skips,
        )

    def plan(self, pulled: ProductsPulled) -> Plan:
        """Decide which titles, prices, trackings and images differ from KORONA's."""
        skips = [*pulled.matching.skips, *pulled.image_skips, *_off(pulled)]
        kept: list[tuple[Match, Decimal]] = []
        for each in pulled.matching.matches:
            price = price_at(each.article, pulled.price_group, pulled.now)
            if price is None:
                skips.append(Skip(each.sku, f"no price in “{pulled.price_group.name}” holds now", Fate.LEFT))
            elif price <= 0:
                skips.append(Skip(each.sku, f"its price in “{pulled.price_group.name}” is {price}", Fate.LEFT))
            else:
                kept.append((each, round_to(price, smallest_unit(pulled.shop.currency))))
        changes = [*_titles(kept, skips), *_prices(kept), *_trackings(kept), *_pictures(kept, pulled.images)]
        wanted = [change for change in changes if change.edits() and self._is_kept(change)]
        return Plan(self.name, tuple(wanted), tuple(skips), len(kept))

    def guard(self, pulled: ProductsPulled, plan: Plan) -> tuple[Plan, SafetyStop | None]:
        """Stop a plan in which too much changes at once, a price jumps, or a list came far too short."""
        safety = self._rules.safety
        prices, titles = of_field(plan.changes, "price"), of_field(plan.changes, "title")
        untracked = of_field(plan.changes, "tracked", lambda change: change.after.tracked is False)
        jumps = [
            change
            for change in prices
            if price_jump(change.before.price, change.after.price, safety.max_price_change_percent)
        ]
        reasons = [
            *(shrunk(each) for each in pulled.lists_shrunk),
            too_many("get another price", len(prices), plan.matched, safety.max_change_percent),
            too_many("get another name", len(titles), plan.matched, safety.max_change_percent),
            too_many("no longer be tracked", len(untracked), plan.matched, safety.max_change_percent),
            _jump_reason(jumps, safety.max_price_change_percent),
        ]
        accepted = pulled.knowledge.state.accepted.get(self.name, ())
        marks = [*marks_of([*prices, *titles, *untracked]), *(shrunk(each) for each in pulled.lists_shrunk)]
        stop = stop_unless_accepted(self.name, reasons, marks, accepted)
        return (replace(plan, changes=()) if stop else plan), stop

    def disbelieve(self, _before: Knowledge, after: Knowledge) -> Knowledge:
        """Keep what was read: both catalogues are compared anew in every run."""
        return after

    def batches(self, changes: Sequence[Change]) -> Iterable[Sequence[Change]]:
        """All in one: what was sent shows in Shopify's own answers, so nothing has to be noted in between."""
        return [changes] if changes else []

    def intend(self, knowledge: Knowledge, _batch: Sequence[Change]) -> Knowledge:
        """Nothing has to be noted before: titles, prices and trackings may be written twice, images are looked for."""
        return knowledge

    def push(self, batch: Sequence[Change]) -> Iterator[Written]:
        """Write title, price, tracking or image of one item after the other."""
        for change in batch:
            try:
                self._write(change.after)
            except Rejected as error:
                yield Written(change, Outcome.REJECTED, error.what)
            except Unsure as error:
                yield Written(change, Outcome.UNSURE, error.what)
            else:
                yield Written(change, Outcome.DONE)

    def record(self, knowledge: Knowledge, written: Written) -> Knowledge:
        """Remember which image was sent; the rest shows in the next look at Shopify's products."""
        picture = written.change.after
        if not isinstance(picture, Picture) or written.outcome is not Outcome.DONE:
            return knowledge
        sent = SentImage(picture.product_id, picture.image, picture.image_id, picture.image_revision)
        images = knowledge.state.images | {picture.article_id: sent}
        return replace(knowledge, state=replace(knowledge.state, images=images))

    def _is_kept(self, change: Change) -> bool:
        return all(edit.field in self._rules.products.fields for edit in change.edits())

    def _write(self, value: Title | Price | Tracking | Picture) -> None:
        shopify = self._sides.shopify
        match value:
            case Title():
                shopify.set_title(value.product_id, value.title)
            case Price():
                shopify.set_price(value.variant_id, value.price)
            case Tracking():
                shopify.set_tracked(value.inventory_item_id, value.tracked)
            case Picture():
                shopify.add_image(value.product_id, value.data, file_name(value), value.variant_ids)


def price_at(article: Article, group: PriceGroup, now: datetime) -> Decimal | None:
    """Return the price that holds in a price group at an instant, None where there is none.

    KORONA's API 5.2: without product code and organizational unit, the latest `validFrom` not after now; a price ends
    only by a later one.
    """
    valid = [
        each
        for each in article.prices
        if each.price_group_id == group.id
        and each.value is not None
        and each.product_code is None
        and each.organizational_unit_id is None
        and (each.valid_from is None or each.valid_from <= now)
    ]
    first_of_all = datetime.min.replace(tzinfo=now.tzinfo)
    return max(valid, key=lambda each: each.valid_from or first_of_all).value if valid else None


def clean_title(name: str) -> str:
    """Return an article's name as a title: composed (NFC), without control characters, cut at 255 characters."""
    composed = unicodedata.normalize("NFC", name)
    printable = "".join(" " if each in "\n\r\t" else each for each in composed if each in "\n\r\t" or _is_shown(each))
    return re.sub(r" {2,}", " ", printable).strip()[:LONGEST_TITLE].rstrip()


def _is_shown(character: str) -> bool:
    # Cf holds the joiners of emoji and scripts next to the direction marks; only the latter disturb a title.
    return (
        unicodedata.category(character) != "Cc"
        and character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def _off(pulled: ProductsPulled) -> Iterator[Skip]:
    """Name the variants whose article was deleted or switched off: nothing of it is written, nothing is taken away."""
    cache = pulled.knowledge.cache
    skus = {variant.sku.strip() for product in cache.shelf.products.values() for variant in product.variants}
    for article in cache.catalogue.articles.values():
        number = (article.number or "").strip()
        if number and not is_live(article) and number in skus:
            yield Skip(number, "deleted or switched off in KORONA", Fate.LEFT)


def _titles(kept: Iterable[tuple[Match, Decimal]], skips: list[Skip]) -> Iterator[Change]:
    """Name a product after its article; one with several variants only where all its articles share the name."""
    by_product: dict[int, list[Match]] = {}
    for each, _ in kept:
        by_product.setdefault(each.product.id, []).append(each)
    for matches in by_product.values():
        product, names = matches[0].product, {clean_title(each.article.name) for each in matches}
        if len(names) > 1:
            continue
        name = names.pop()
        if not name:
            skips.append(Skip(matches[0].sku, "its name in KORONA is empty", Fate.LEFT))
            continue
        before = Title(unicodedata.normalize("NFC", product.title), product.id)
        yield Change(matches[0].sku, before, Title(name, product.id))


def _prices(kept: Iterable[tuple[Match, Decimal]]) -> Iterator[Change]:
    for each, price in kept:
        yield Change(each.sku, Price(each.variant.price, each.variant.id), Price(price, each.variant.id))


def _trackings(kept: Iterable[tuple[Match, Decimal]]) -> Iterator[Change]:
    for each, _ in kept:
        if each.article.track_inventory is not None:
            item = each.variant.inventory_item_id
            yield Change(each.sku, Tracking(each.variant.tracked, item), Tracking(each.article.track_inventory, item))


def _pictures(kept: Iterable[tuple[Match, Decimal]], images: Mapping[str, PulledImage]) -> Iterator[Change]:
    for each, _ in kept:
        image = images.get(each.article.id)
        if image is not None:
            yield Change(each.sku, None, _picture(each, image, each.product))


def _picture(each: Match, image: PulledImage, product: ShopProduct) -> Picture:
    variant_ids = (each.variant.id,) if len(product.variants) > 1 else ()
    return Picture(
        image.content_hash,
        product.id,
        each.article.id,
        each.sku,
        image.image_id,
        image.revision,
        variant_ids,
        image.data,
    )


def _jump_reason(jumps: Sequence[Change], percent: Decimal) -> str:
    if not jumps:
        return ""
    first = jumps[0]
    more = f" and {len(jumps) - 1} more" if len(jumps) > 1 else ""
    return (
        f"the price of {first.key} would go from {first.before.price} to {first.after.price}{more}"
        f" (safety.max_price_change_percent is {percent.normalize():f})"
    )
