"""Products, KORONA to Shopify: name, price, tracking and one image of each matched article with a price in the list."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from korsync.errors import KorsyncError, SafetyStop
from korsync.pipelines.base import Knowledge, one_by_one
from korsync.pipelines.images import (
    Picture,
    PulledImages,
    about_to_send,
    file_name,
    pull_images,
    with_refusal,
    with_sent,
    without_doubt,
)
from korsync.pipelines.sides import Sides
from korsync.pipelines.targets import product_targets
from korsync.records.memory import ProductTargets
from korsync.records.plan import Change, Fate, Outcome, Plan, Skip, Written
from korsync.rules.guards import marks_of, of_field, price_jump, shrunk, stop_unless_accepted, too_many
from korsync.rules.matching import Match, match
from korsync.rules.money import round_to
from korsync.rules.prices import price_at, unfit
from korsync.text import clean_title, same_title


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
class Offer:
    """A match whose article is to be sold in the shop, and its price there, in the shop's currency."""

    match: Match
    price: Decimal

    @property
    def sku(self) -> str:
        """The SKU of both sides."""
        return self.match.sku


@dataclass(frozen=True, slots=True)
class ProductsPulled:
    """All that the plan of products is made of; `lists_shrunk` names lists that are not believed."""

    knowledge: Knowledge
    offers: tuple[Offer, ...]
    skips: tuple[Skip, ...]
    pictures: tuple[Picture, ...] = ()
    lists_shrunk: tuple[str, ...] = ()
    trouble: tuple[KorsyncError, ...] = ()


class Products:
    """The products pipeline."""

    name: ClassVar[str] = "products"
    may_wait: ClassVar[bool] = True

    def __init__(self, sides: Sides) -> None:
        """Take both sides."""
        self._sides = sides
        self._safety = sides.settings.safety
        self._fields = sides.settings.products.fields

    def pull(self, knowledge: Knowledge) -> ProductsPulled:
        """Read both catalogues and the contents of new images."""
        sides = self._sides
        knowledge = sides.shelf(knowledge)
        knowledge = sides.catalogue(knowledge)
        knowledge, targets = product_targets(sides, knowledge)
        matching = match(knowledge.cache.catalogue.articles, knowledge.cache.shelf.products)
        offers, unfit_skips = _offers(matching.matches, targets, sides.korona.now)
        images = PulledImages(knowledge)
        if "image" in self._fields:
            images = pull_images(sides, sides.images(knowledge), [offer.match for offer in offers])
        return ProductsPulled(
            knowledge=images.knowledge,
            offers=tuple(offers),
            skips=(*matching.skips, *unfit_skips, *images.skips),
            pictures=images.pictures,
            lists_shrunk=tuple(sorted(sides.shrunk & {"catalogue", "shelf"})),
            trouble=images.trouble,
        )

    def plan(self, pulled: ProductsPulled) -> Plan:
        """Decide which titles, prices, trackings and images differ from KORONA's."""
        found = [
            *(_titles(pulled.offers) if "title" in self._fields else ()),
            *(_prices(pulled.offers) if "price" in self._fields else ()),
            *(_trackings(pulled.offers) if "tracked" in self._fields else ()),
            *(Change(each.uses[0].sku, None, each) for each in pulled.pictures),
        ]
        changes = tuple(each for each in found if isinstance(each, Change) and each.edits())
        skips = (*pulled.skips, *(each for each in found if isinstance(each, Skip)))
        return Plan(self.name, changes, skips, len(pulled.offers), trouble=pulled.trouble)

    def guard(self, pulled: ProductsPulled, plan: Plan) -> tuple[Plan, SafetyStop | None]:
        """Stop a plan in which too much changes at once, a price jumps, or a list came far too short."""
        safety = self._safety
        prices = of_field(plan.changes, "price")
        changed = [*prices, *of_field(plan.changes, "title")]
        untracked = of_field(plan.changes, "tracked", lambda change: change.after.tracked is False)
        percent, jump_percent = safety.max_change_percent, safety.max_price_change_percent
        jumps = [each for each in prices if price_jump(each.before.price, each.after.price, jump_percent)]
        articles = {each.key for each in changed}
        too_much = too_many("get another price or name", len(articles), plan.matched, percent)
        too_blind = too_many("no longer be tracked", len(untracked), plan.matched, percent)
        short = [shrunk(each) for each in pulled.lists_shrunk]
        # Guarded is what a person has to look at: all of a mass change, otherwise the jumps alone.
        guarded = [*(changed if too_much else jumps), *(untracked if too_blind else ())]
        reasons = [*short, too_much, too_blind, _jump_reason(jumps, jump_percent)]
        accepted = pulled.knowledge.state.accepted.get(self.name, ())
        stop = stop_unless_accepted(self.name, reasons, [*marks_of(guarded), *short], accepted)
        return (replace(plan, changes=()) if stop else plan), stop

    def disbelieve(self, _before: Knowledge, after: Knowledge) -> Knowledge:
        """Keep what was read: both catalogues are compared anew in every run."""
        return after

    def batches(self, changes: Sequence[Change]) -> Iterable[Sequence[Change]]:
        """Cut off each image, which is noted just before it is sent; all else shows in Shopify's own answers."""
        images = [[change] for change in changes if isinstance(change.after, Picture)]
        others = [change for change in changes if not isinstance(change.after, Picture)]
        return [others, *images] if others else images

    def intend(self, knowledge: Knowledge, batch: Sequence[Change]) -> Knowledge:
        """Note an image: titles, prices and trackings may be written twice, an image must not."""
        pictures = [change.after for change in batch if isinstance(change.after, Picture)]
        return replace(knowledge, state=about_to_send(knowledge.state, pictures, self._sides.shopify.now))

    def push(self, batch: Sequence[Change]) -> Iterator[Written]:
        """Write title, price, tracking or image of one item after the other."""
        return one_by_one(batch, lambda change: self._write(change.after))

    def record(self, knowledge: Knowledge, written: Written) -> Knowledge:
        """Remember what became of an image; the rest shows in the next look at Shopify's products."""
        picture = written.change.after
        if not isinstance(picture, Picture) or written.outcome is Outcome.UNSURE:
            return knowledge
        if written.outcome is Outcome.REJECTED:
            return with_refusal(knowledge, picture, written.message)
        noted = with_sent if written.outcome is Outcome.DONE else without_doubt
        return replace(knowledge, state=noted(knowledge.state, picture))

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


def _offers(matches: Iterable[Match], targets: ProductTargets, now: datetime) -> tuple[list[Offer], list[Skip]]:
    """Return the matches that have a price to be shown, and why the others have none."""
    offers, skips = [], []
    for each in matches:
        price = price_at(each.article, targets.price_group, now)
        why_not = unfit(each.article, targets.price_group, now, targets.unit)
        if price is None or why_not:
            skips.append(Skip(each.sku, why_not, Fate.LEFT))
        else:
            offers.append(Offer(each, round_to(price, targets.unit)))
    return offers, skips


def _titles(offers: Iterable[Offer]) -> Iterator[Change | Skip]:
    """Name a product after its article; one with several variants only where all its articles share the name."""
    by_product: dict[int, list[Match]] = {}
    for offer in offers:
        by_product.setdefault(offer.match.product.id, []).append(offer.match)
    for matches in by_product.values():
        product, names = matches[0].product, {clean_title(each.article.name) for each in matches}
        if len(names) > 1:
            continue
        name = names.pop()
        if not name:
            yield Skip(matches[0].sku, "its name in KORONA is empty", Fate.LEFT)
        elif not same_title(product.title, name):
            yield Change(matches[0].sku, Title(product.title, product.id), Title(name, product.id))


def _prices(offers: Iterable[Offer]) -> Iterator[Change | Skip]:
    """Set each variant's price; the price struck out beside it is the shop's own and only named where it misleads."""
    for offer in offers:
        variant, compared = offer.match.variant, offer.match.variant.compare_at_price
        yield Change(offer.sku, Price(variant.price, variant.id), Price(offer.price, variant.id))
        if compared is not None and compared <= offer.price:
            yield Skip(
                offer.sku, f"its compare-at price {compared:f} is not above its price {offer.price:f}", Fate.LEFT
            )


def _trackings(offers: Iterable[Offer]) -> Iterator[Change | Skip]:
    for offer in offers:
        variant, tracked = offer.match.variant, offer.match.article.track_inventory
        if variant.counted_elsewhere:
            yield Skip(offer.sku, "another service counts its pieces in Shopify", Fate.LEFT)
        elif tracked is not None:
            item = variant.inventory_item_id
            yield Change(offer.sku, Tracking(variant.tracked, item), Tracking(tracked, item))


def _jump_reason(jumps: Sequence[Change], percent: Decimal) -> str:
    if not jumps:
        return ""
    first = jumps[0]
    more = f" and {len(jumps) - 1} more" if len(jumps) > 1 else ""
    return (
        f"the price of {first.key} would go from {first.before.price} to {first.after.price}{more}"
        f" (safety.max_price_change_percent is {percent.normalize():f})"
    )
