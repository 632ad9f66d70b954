"""Article images: which are new for their product, checked by their first bytes, and never sent twice."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from korsync.errors import KorsyncError, Rejected, Unavailable
from korsync.pipelines.base import Knowledge
from korsync.pipelines.sides import Sides
from korsync.records.catalogue import ArticleImage, ShopImage
from korsync.records.memory import SentImage, State, UnsureImage
from korsync.records.plan import Fate, Skip
from korsync.rules.matching import Match

LARGEST_IMAGE = 20 * 1024 * 1024
"""Shopify takes images of up to 20 MB."""

TOO_LARGE = f"its image in KORONA is larger than {LARGEST_IMAGE // 1024 // 1024} MB"

MOST_AT_ONCE = 64 * 1024 * 1024
"""Contents held in memory in one run; further new images wait for the next."""

MOST_UNREAD = 3
"""After so many contents that KORONA did not give the others are not asked for in this run."""

LONGEST_NUMBER = 80
"""So much of an article number stands in a file name, which Shopify limits."""

MAYBE_TAKEN = "Shopify may have taken its new image, but does not show it yet"

KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
"""The first bytes of the formats that KORONA keeps (PNG, JPG); what a server calls the content proves nothing."""


@dataclass(frozen=True, slots=True)
class Use:
    """An article whose image a picture is, and which image of KORONA's it was."""

    article_id: str
    sku: str
    variant_id: int
    image_id: str
    image_revision: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An image about to be added to a product; `image` is the hash of its content.

    Several articles of one product may share a content: it is sent once, for all of them.
    """

    image: str
    product_id: int = field(compare=False)
    uses: tuple[Use, ...] = field(compare=False)
    variant_ids: tuple[int, ...] = field(compare=False)
    data: bytes = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """Why there is no content of an image now, and the image as it is to be remembered until it changes."""

    reason: str
    fate: Fate
    remembered: ArticleImage | None = None


@dataclass(frozen=True, slots=True)
class PulledImages:
    """The images that are new for their products, those left out and why, and what kept others from being read."""

    knowledge: Knowledge
    pictures: tuple[Picture, ...] = ()
    skips: tuple[Skip, ...] = ()
    trouble: tuple[KorsyncError, ...] = ()


def file_name(picture: Picture) -> str:
    """Return a file name with number and content hash: by the hash the image is found again in Shopify's addresses."""
    number = re.sub(r"[^A-Za-z0-9_-]+", "-", picture.uses[0].sku)[:LONGEST_NUMBER]
    return f"{number}-{picture.image}.{image_kind(picture.data)}"


def image_kind(data: bytes) -> str | None:
    """Tell PNG from JPG by the first bytes; None for anything else."""
    return next((kind for first, kind in KINDS.items() if data.startswith(first)), None)


def pull_images(sides: Sides, knowledge: Knowledge, matches: Iterable[Match]) -> PulledImages:
    """Ask KORONA for the contents of images that are new for their product.

    What became of images whose answer was lost is looked up first. An image that Shopify shows already, or whose
    content was sent before, is only remembered. Contents that KORONA did not give in an earlier run come last, lest
    they keep the others from being read for good.
    """
    matches = list(matches)
    state, waiting = _look_up(sides, knowledge.state, matches)
    images, sent = dict(knowledge.cache.catalogue.images), dict(state.images)
    known = set(_contents_of(sent.values()))
    doubtful = set(_contents_of(each.image for each in state.unsure_images.values()))
    contents = _Contents(sides)
    pictures: dict[str, Picture] = {}
    skips = []
    for each in sorted(matches, key=lambda each: _not_given_at(_row(each, images))):
        row = _row(each, images)
        if row is None or _is_known(sent.get(each.article.id), each, row):
            continue
        data = Unread(MAYBE_TAKEN, Fate.WAITING) if each.article.id in waiting else contents.of(row, each.product.id)
        if isinstance(data, Unread):
            if data.remembered is not None:
                images[row.id] = data.remembered
            skips.append(Skip(each.sku, data.reason, data.fate))
            continue
        fact = SentImage(each.product.id, hashlib.sha256(data).hexdigest()[:16], row.id, row.revision)
        content = _content(fact)
        if content in known or _is_shown(fact.content_hash, each.product.images):
            sent[each.article.id] = _following(sent.get(each.article.id), fact)
        elif content in doubtful:
            skips.append(Skip(each.sku, MAYBE_TAKEN, Fate.WAITING))
        else:
            pictures[content] = _with_use(pictures.get(content), each, fact, data)
    catalogue = replace(knowledge.cache.catalogue, images=images)
    knowledge = Knowledge(replace(state, images=sent), replace(knowledge.cache, catalogue=catalogue))
    return PulledImages(knowledge, tuple(pictures.values()), tuple(skips), tuple(contents.unavailable))


def about_to_send(state: State, pictures: Iterable[Picture], now: datetime) -> State:
    """Note images before they are sent: none of them is sent again before Shopify was asked what became of it."""
    unsure = {use.article_id: UnsureImage(_fact(each, use), now) for each in pictures for use in each.uses}
    return replace(state, unsure_images=state.unsure_images | unsure) if unsure else state


def with_sent(state: State, picture: Picture) -> State:
    """Note an image that Shopify took."""
    facts = {use.article_id: _following(state.images.get(use.article_id), _fact(picture, use)) for use in picture.uses}
    return replace(without_doubt(state, picture), images=state.images | facts)


def without_doubt(state: State, picture: Picture) -> State:
    """Forget that an image may have been taken."""
    articles = {use.article_id for use in picture.uses}
    unsure = {article_id: each for article_id, each in state.unsure_images.items() if article_id not in articles}
    return replace(state, unsure_images=unsure)


def with_refusal(knowledge: Knowledge, picture: Picture, words: str) -> Knowledge:
    """Note an image that Shopify refused: it is held, and sent again only when it changes or with --full."""
    catalogue = knowledge.cache.catalogue
    rows = [row for use in picture.uses if (row := catalogue.images.get(use.image_id)) is not None]
    refused = {row.id: replace(row, refusals={**row.refusals, picture.product_id: words}) for row in rows}
    catalogue = replace(catalogue, images=catalogue.images | refused)
    return Knowledge(without_doubt(knowledge.state, picture), replace(knowledge.cache, catalogue=catalogue))


class _Contents:
    """The contents of KORONA's images, each asked for once, up to a total size and a number of failures."""

    def __init__(self, sides: Sides) -> None:
        self.unavailable: list[KorsyncError] = []
        self._korona = sides.korona
        self._found: dict[str, bytes | Unread] = {}
        self._room = MOST_AT_ONCE

    def of(self, row: ArticleImage, product_id: int) -> "bytes | Unread":
        """Return the content of an image that is meant for a product, or why there is none."""
        if not row.active:
            return Unread("its image was deleted in KORONA", Fate.LEFT)
        if product_id in row.refusals:
            words = row.refusals[product_id]
            return Unread(f"Shopify did not take its image: {words}; with --full it is tried again", Fate.HELD)
        if row.unfit:
            return Unread(row.unfit, Fate.LEFT)
        if row.id not in self._found:
            self._found[row.id] = self._read(row)
        return self._found[row.id]

    def _read(self, row: ArticleImage) -> "bytes | Unread":
        if self._room <= 0:
            return Unread("its new image waits: enough images for one run", Fate.WAITING)
        if len(self.unavailable) >= MOST_UNREAD:
            return Unread("its image waits: KORONA gives no images at present", Fate.WAITING)
        try:
            data = self._korona.image_content(row.id)
        except Rejected as error:
            return _unfit(row, f"its image cannot be read: {error.what}")
        except Unavailable as error:
            self.unavailable.append(error)
            not_given = replace(row, not_given_at=self._korona.now)
            return Unread(f"its image waits: {error.what}", Fate.WAITING, not_given)
        if data is None:
            return _unfit(row, TOO_LARGE)
        self._room -= len(data)
        trouble = _trouble(data)
        return _unfit(row, trouble) if trouble else data


def _unfit(row: ArticleImage, reason: str) -> Unread:
    """Judge a content once: it is not asked for again before the image changes."""
    return Unread(reason, Fate.LEFT, replace(row, unfit=reason))


def _not_given_at(row: ArticleImage | None) -> datetime:
    """Return what sorts contents that could not be read behind the others, the longest ago first."""
    return (row.not_given_at if row else None) or datetime.min.replace(tzinfo=UTC)


def _look_up(sides: Sides, state: State, matches: Iterable[Match]) -> tuple[State, frozenset[str]]:
    """Find out what became of images whose answer was lost: taken, or after `settle_minutes` surely not.

    Returns the state with what was found, and the ids of the articles of which it is not known yet.
    """
    settle = timedelta(minutes=float(sides.settings.safety.settle_minutes))
    images, unsure = dict(state.images), dict(state.unsure_images)
    waiting, shown = set(), dict[int, list[ShopImage]]()
    for article_id in [each.article.id for each in matches if each.article.id in unsure]:
        lost = unsure[article_id]
        product_id = lost.image.product_id
        if product_id not in shown:
            shown[product_id] = _images_of(sides, product_id)
        if _is_shown(lost.image.content_hash, shown[product_id]):
            images[article_id] = _following(images.get(article_id), lost.image)
        elif sides.shopify.now - lost.since < settle:
            waiting.add(article_id)
            continue
        del unsure[article_id]
    return replace(state, images=images, unsure_images=unsure), frozenset(waiting)


def _images_of(sides: Sides, product_id: int) -> list[ShopImage]:
    try:
        return sides.shopify.product_images(product_id)
    except Rejected:
        return []  # the product was deleted, and its images with it


def _row(each: Match, images: Mapping[str, ArticleImage]) -> ArticleImage | None:
    """Return the properties of an article's image; one that KORONA does not list counts as never changed."""
    image_id = each.article.image_id
    return None if image_id is None else images.get(image_id, ArticleImage(image_id, 0, active=True))


def _is_known(last: SentImage | None, each: Match, row: ArticleImage) -> bool:
    return last is not None and (last.product_id, last.image_id, last.image_revision) == (
        each.product.id,
        row.id,
        row.revision,
    )


def _is_shown(content_hash: str, images: Iterable[ShopImage]) -> bool:
    """Look for the hash only: Shopify may put a suffix behind a file name, or write it in small letters."""
    return any(content_hash in image.address.lower() for image in images)


def _trouble(data: bytes) -> str:
    if image_kind(data) is None:
        return "its image in KORONA is neither PNG nor JPG"
    if len(data) > LARGEST_IMAGE:
        return TOO_LARGE
    return ""


def _with_use(picture: Picture | None, each: Match, fact: SentImage, data: bytes) -> Picture:
    use = Use(each.article.id, each.sku, each.variant.id, fact.image_id, fact.image_revision)
    uses = (*picture.uses, use) if picture else (use,)
    tied_to = tuple(one.variant_id for one in uses) if len(each.product.variants) > 1 else ()
    return Picture(fact.content_hash, each.product.id, uses, tied_to, data)


def _fact(picture: Picture, use: Use) -> SentImage:
    return SentImage(picture.product_id, picture.image, use.image_id, use.image_revision)


def _following(last: SentImage | None, fact: SentImage) -> SentImage:
    """Return a fact that remembers what was sent before it: a content that comes back is not sent again."""
    before = () if last is None else tuple(each for each in _contents_of([last]) if each != _content(fact))
    return replace(fact, sent_before=before)


def _contents_of(facts: Iterable[SentImage]) -> Iterator[str]:
    for fact in facts:
        yield from fact.sent_before
        yield _content(fact)


def _content(fact: SentImage) -> str:
    return f"{fact.product_id}/{fact.content_hash}"
