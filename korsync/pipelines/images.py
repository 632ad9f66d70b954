"""Article images: which are new for their product, checked by their first bytes, and never sent twice."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from korsync.errors import KorsyncError, Rejected, Unavailable
from korsync.pipelines.base import Sides
from korsync.records.catalogue import ArticleImage, ShopImage
from korsync.records.memory import Memory, SentImage, State, UnsureImage
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


MAYBE_TAKEN = Unread("Shopify may have taken its new image, but does not show it yet", Fate.WAITING)


@dataclass(frozen=True, slots=True)
class ImagesPulled:
    """The contents of KORONA's images as far as they were asked for, and what Shopify shows where an answer was lost.

    `contents` are by image id, `shown` by product id, as of `shopify_now`; `trouble` kept contents from being read.
    """

    shopify_now: datetime
    contents: Mapping[str, bytes | Unread] = field(default_factory=dict)
    shown: Mapping[int, tuple[ShopImage, ...]] = field(default_factory=dict)
    trouble: tuple[KorsyncError, ...] = ()


@dataclass(frozen=True, slots=True)
class ImagesPlanned:
    """The images that are new for their products, those left out and why, and what is to be remembered."""

    memory: Memory
    pictures: tuple[Picture, ...] = ()
    skips: tuple[Skip, ...] = ()


def file_name(picture: Picture) -> str:
    """Return a file name with number and content hash: by the hash the image is found again in Shopify's addresses."""
    number = re.sub(r"[^A-Za-z0-9_-]+", "-", picture.uses[0].sku)[:LONGEST_NUMBER]
    return f"{number}-{picture.image}.{image_kind(picture.data)}"


def image_kind(data: bytes) -> str | None:
    """Tell PNG from JPG by the first bytes; None for anything else."""
    return next((kind for first, kind in KINDS.items() if data.startswith(first)), None)


def pull_images(sides: Sides, memory: Memory, matches: Iterable[Match]) -> ImagesPulled:
    """Ask KORONA for the contents of images that are new for their product, and look up lost answers.

    Contents that KORONA did not give in an earlier run come last, lest they keep the others from being read for good.
    """
    matches = list(matches)
    images, state = memory.cache.catalogue.images, memory.state
    lost = [state.unsure_images[each.article.id] for each in matches if each.article.id in state.unsure_images]
    shown = {product_id: _images_of(sides, product_id) for product_id in {each.image.product_id for each in lost}}
    pulled = ImagesPulled(sides.shopify_now, shown=shown)
    state, waiting = _with_lost_answers(pulled, state, matches, sides.settings.safety.settle)
    reader = _Reader(sides)
    for each in sorted(matches, key=lambda each: _not_given_at(_row(each, images))):
        row = _row(each, images)
        if row is None or each.article.id in waiting or _is_known(state.images.get(each.article.id), each, row):
            continue
        if _why_unread(row, each.product.id) is None:
            reader.read(row)
    return replace(pulled, contents=reader.found, trouble=tuple(reader.unavailable))


def plan_images(pulled: ImagesPulled, memory: Memory, matches: Iterable[Match], settle: timedelta) -> ImagesPlanned:
    """Decide which images are sent.

    An image that Shopify shows already, or whose content was sent before, is only remembered. One whose answer was
    lost was taken if it is shown, and after `settle` surely not if it is not.
    """
    matches = list(matches)
    state, waiting = _with_lost_answers(pulled, memory.state, matches, settle)
    images, sent = dict(memory.cache.catalogue.images), dict(state.images)
    known = set(_contents_of(sent.values()))
    doubtful = set(_contents_of(each.image for each in state.unsure_images.values()))
    pictures: dict[str, Picture] = {}
    skips = []
    for each in sorted(matches, key=lambda each: _not_given_at(_row(each, images))):
        row = _row(each, images)
        if row is None or _is_known(sent.get(each.article.id), each, row):
            continue
        data = MAYBE_TAKEN if each.article.id in waiting else _content(pulled, row, each.product.id)
        if isinstance(data, Unread):
            if data.remembered is not None:
                images[row.id] = data.remembered
            skips.append(Skip(each.sku, data.reason, data.fate))
            continue
        fact = SentImage(each.product.id, hashlib.sha256(data).hexdigest()[:16], row.id, row.revision)
        content = _name(fact)
        if content in known or _is_shown(fact.content_hash, each.product.images):
            sent[each.article.id] = _following(sent.get(each.article.id), fact)
        elif content in doubtful:
            skips.append(Skip(each.sku, MAYBE_TAKEN.reason, MAYBE_TAKEN.fate))
        else:
            pictures[content] = _with_use(pictures.get(content), each, fact, data)
    catalogue = replace(memory.cache.catalogue, images=images)
    remembered = Memory(replace(state, images=sent), replace(memory.cache, catalogue=catalogue))
    return ImagesPlanned(remembered, tuple(pictures.values()), tuple(skips))


def about_to_send(state: State, pictures: Iterable[Picture], now: datetime) -> State:
    """Note images before they are sent: none of them is sent again before Shopify was asked what became of it."""
    unsure = {use.article_id: UnsureImage(_fact(each, use), now) for each in pictures for use in each.uses}
    return replace(state, unsure_images=state.unsure_images | unsure) if unsure else state


def with_sent(state: State, pictures: Iterable[Picture]) -> State:
    """Note images that Shopify took."""
    facts = {
        use.article_id: _following(state.images.get(use.article_id), _fact(picture, use))
        for picture in pictures
        for use in picture.uses
    }
    return replace(state, images=state.images | facts) if facts else state


def without_doubt(state: State, pictures: Iterable[Picture]) -> State:
    """Forget the notes of images of which it is known what became of them."""
    articles = {use.article_id for picture in pictures for use in picture.uses}
    unsure = {article_id: each for article_id, each in state.unsure_images.items() if article_id not in articles}
    return replace(state, unsure_images=unsure) if articles else state


def with_refusals(memory: Memory, refused: Sequence[tuple[Picture, str]]) -> Memory:
    """Note images that Shopify refused, by its words: held, and sent again only when they change or with --full."""
    if not refused:
        return memory
    images = dict(memory.cache.catalogue.images)
    for picture, words in refused:
        for row in [images[use.image_id] for use in picture.uses if use.image_id in images]:
            images[row.id] = replace(row, refusals={**row.refusals, picture.product_id: words})
    return memory.with_cache(catalogue=replace(memory.cache.catalogue, images=images))


class _Reader:
    """Reads the contents of KORONA's images, each once, up to a total size and a number of failures."""

    def __init__(self, sides: Sides) -> None:
        self.found: dict[str, bytes | Unread] = {}
        self.unavailable: list[KorsyncError] = []
        self._korona = sides.korona
        self._room = MOST_AT_ONCE

    def read(self, row: ArticleImage) -> None:
        """Add the content of an image to what was found, or why there is none."""
        if row.id not in self.found:
            self.found[row.id] = self._read(row)

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
        if not data:
            # Saved a moment ago, perhaps, and its content not yet: nothing says that it is another image then.
            not_given = replace(row, not_given_at=self._korona.now)
            return Unread("its image waits: it is empty in KORONA", Fate.WAITING, not_given)
        self._room -= len(data)
        trouble = _trouble(data)
        return _unfit(row, trouble) if trouble else data


def _why_unread(row: ArticleImage, product_id: int) -> Unread | None:
    """Say why the content of an image is not asked for at all."""
    if not row.active:
        return Unread("its image was deleted in KORONA", Fate.LEFT)
    if product_id in row.refusals:
        words = row.refusals[product_id]
        return Unread(f"Shopify did not take its image: {words}; with --full it is tried again", Fate.HELD)
    return Unread(row.unfit, Fate.LEFT) if row.unfit else None


def _content(pulled: ImagesPulled, row: ArticleImage, product_id: int) -> "bytes | Unread":
    """Return the content of an image that is meant for a product, or why there is none."""
    return _why_unread(row, product_id) or pulled.contents.get(row.id) or MAYBE_TAKEN


def _unfit(row: ArticleImage, reason: str) -> Unread:
    """Judge a content once: it is not asked for again before the image changes."""
    return Unread(reason, Fate.LEFT, replace(row, unfit=reason))


def _not_given_at(row: ArticleImage | None) -> datetime:
    """Return what sorts contents that could not be read behind the others, the longest ago first."""
    return (row.not_given_at if row else None) or datetime.min.replace(tzinfo=UTC)


def _with_lost_answers(
    pulled: ImagesPulled, state: State, matches: Iterable[Match], settle: timedelta
) -> tuple[State, frozenset[str]]:
    """Return the state with what became of images whose answer was lost, and the articles of which nobody knows yet."""
    images, unsure = dict(state.images), dict(state.unsure_images)
    waiting = set()
    for article_id in [each.article.id for each in matches if each.article.id in unsure]:
        lost = unsure[article_id]
        if _is_shown(lost.image.content_hash, pulled.shown.get(lost.image.product_id, ())):
            images[article_id] = _following(images.get(article_id), lost.image)
        elif pulled.shopify_now - lost.since < settle:
            waiting.add(article_id)
            continue
        del unsure[article_id]
    return replace(state, images=images, unsure_images=unsure), frozenset(waiting)


def _images_of(sides: Sides, product_id: int) -> tuple[ShopImage, ...]:
    try:
        return tuple(sides.shopify.product_images(product_id))
    except Rejected:
        return ()  # the product was deleted, and its images with it


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
    before = () if last is None else tuple(each for each in _contents_of([last]) if each != _name(fact))
    return replace(fact, sent_before=before)


def _contents_of(facts: Iterable[SentImage]) -> Iterator[str]:
    for fact in facts:
        yield from fact.sent_before
        yield _name(fact)


def _name(fact: SentImage) -> str:
    return f"{fact.product_id}/{fact.content_hash}"
