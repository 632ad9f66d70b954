"""Article images: which are new for their product, checked by their first bytes, and never sent twice."""

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from korsync.errors import KorsyncError, Rejected, Unavailable
from korsync.matching import Match
from korsync.pipelines.base import Knowledge
from korsync.pipelines.sides import Sides
from korsync.plan import Fate, Skip
from korsync.records import ArticleImage, ShopImage
from korsync.state import SentImage, State, UnsureImage

LARGEST_IMAGE = 20 * 1024 * 1024
"""Shopify takes images of up to 20 MB."""

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
    content was sent before, is only remembered.
    """
    matches = list(matches)
    state, waiting = _look_up(sides, knowledge.state, matches)
    skips = [Skip(each.sku, waiting[each.article.id], Fate.WAITING) for each in matches if each.article.id in waiting]
    images, sent = dict(knowledge.cache.catalogue.images), dict(state.images)
    wanted, unshown = [], []
    for each in matches:
        row = _row(each, images)
        if row is None or each.article.id in waiting or _is_known(sent.get(each.article.id), each, row):
            continue
        if not row.active or row.unfit:
            unshown.append(Skip(each.sku, row.unfit or "its image was deleted in KORONA", Fate.LEFT))
        else:
            wanted.append((each, row))
    contents = _Contents(sides)
    pictures: dict[tuple[int, str], Picture] = {}
    known = set(_sent_contents(sent.values()))
    for each, row in wanted:
        data = contents.of(row)
        trouble = contents.troubles.get(row.id) or ("" if data is None else _trouble(data))
        if trouble and data is not None:
            # Judged once: a content that is no image is not asked for again before it changes.
            images[row.id] = replace(row, unfit=trouble)
        if trouble or data is None:
            skips.append(Skip(each.sku, trouble or contents.why_not, Fate.LEFT if trouble else Fate.WAITING))
            continue
        content_hash = hashlib.sha256(data).hexdigest()[:16]
        if _content(each.product.id, content_hash) in known or _is_shown(content_hash, each.product.images):
            fact = SentImage(each.product.id, content_hash, row.id, row.revision)
            sent[each.article.id] = _following(sent.get(each.article.id), fact)
        else:
            key = each.product.id, content_hash
            pictures[key] = _with_use(pictures.get(key), each, row, content_hash, data)
    catalogue = replace(knowledge.cache.catalogue, images=images)
    knowledge = Knowledge(replace(state, images=sent), replace(knowledge.cache, catalogue=catalogue))
    return PulledImages(knowledge, tuple(pictures.values()), (*skips, *unshown), tuple(contents.unavailable))


def begun(state: State, pictures: Iterable[Picture], now: datetime) -> State:
    """Note images about to be sent: whatever happens, none of them is sent again before Shopify was asked for it."""
    unsure = {use.article_id: UnsureImage(_fact(each, use), now) for each in pictures for use in each.uses}
    return replace(state, unsure_images=state.unsure_images | unsure) if unsure else state


def sent(state: State, picture: Picture) -> State:
    """Note an image that Shopify took."""
    facts = {use.article_id: _following(state.images.get(use.article_id), _fact(picture, use)) for use in picture.uses}
    return replace(not_sent(state, picture), images=state.images | facts)


def not_sent(state: State, picture: Picture) -> State:
    """Note an image that Shopify surely did not take."""
    articles = {use.article_id for use in picture.uses}
    return replace(state, unsure_images={key: each for key, each in state.unsure_images.items() if key not in articles})


class _Contents:
    """The contents of KORONA's images, each asked for once, up to a total size and a number of failures."""

    def __init__(self, sides: Sides) -> None:
        self.unavailable: list[KorsyncError] = []
        self.troubles: dict[str, str] = {}
        self.why_not = ""
        self._korona = sides.korona
        self._found: dict[str, bytes] = {}
        self._room = MOST_AT_ONCE

    def of(self, row: ArticleImage) -> bytes | None:
        """Return a content; None where KORONA refuses it (see `troubles`) or it has to wait (see `why_not`)."""
        if row.id in self._found:
            return self._found[row.id]
        if row.id in self.troubles:
            return None
        if self._room <= 0:
            self.why_not = "its new image waits: enough images for one run"
            return None
        if len(self.unavailable) >= MOST_UNREAD:
            self.why_not = "its image waits: KORONA gives no images at present"
            return None
        try:
            data = self._korona.image_content(row.id)
        except Rejected as error:
            self.troubles[row.id] = f"its image cannot be read: {error.what}"
            return None
        except Unavailable as error:
            self.unavailable.append(error)
            self.why_not = f"its image waits: {error.what}"
            return None
        self._room -= len(data)
        self._found[row.id] = data
        return data


def _look_up(sides: Sides, state: State, matches: Iterable[Match]) -> tuple[State, Mapping[str, str]]:
    """Find out what became of images whose answer was lost: taken, or after `settle_minutes` surely not.

    Returns the state with what was found, and by article id why the image still waits.
    """
    settle = timedelta(minutes=float(sides.settings.safety.settle_minutes))
    images, unsure = dict(state.images), dict(state.unsure_images)
    waiting, shown = {}, dict[int, list[ShopImage]]()
    for article_id in [each.article.id for each in matches if each.article.id in unsure]:
        lost = unsure[article_id]
        product_id = lost.image.product_id
        if product_id not in shown:
            shown[product_id] = sides.shopify.product_images(product_id)
        if _is_shown(lost.image.content_hash, shown[product_id]):
            images[article_id] = _following(images.get(article_id), lost.image)
        elif sides.shopify.now - lost.since < settle:
            waiting[article_id] = "Shopify may have taken its new image, but does not show it yet"
            continue
        del unsure[article_id]
    return replace(state, images=images, unsure_images=unsure), waiting


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
        return f"its image in KORONA is larger than {LARGEST_IMAGE // 1024 // 1024} MB"
    return ""


def _with_use(
    picture: Picture | None, each: Match, row: ArticleImage, content_hash: str, data: bytes
) -> Picture:
    use = Use(each.article.id, each.sku, each.variant.id, row.id, row.revision)
    uses = (*picture.uses, use) if picture else (use,)
    tied_to = tuple(one.variant_id for one in uses) if len(each.product.variants) > 1 else ()
    return Picture(content_hash, each.product.id, uses, tied_to, data)


def _fact(picture: Picture, use: Use) -> SentImage:
    return SentImage(picture.product_id, picture.image, use.image_id, use.image_revision)


def _following(last: SentImage | None, fact: SentImage) -> SentImage:
    """Return a fact that remembers what was sent before it: also a content that comes back is sent only once."""
    before = list(_sent_contents([last])) if last else []
    mine = _content(fact.product_id, fact.content_hash)
    return replace(fact, sent_before=tuple(dict.fromkeys(each for each in before if each != mine)))


def _sent_contents(facts: Iterable[SentImage]) -> Iterator[str]:
    for fact in facts:
        yield from fact.sent_before
        yield _content(fact.product_id, fact.content_hash)


def _content(product_id: int, content_hash: str) -> str:
    return f"{product_id}/{content_hash}"
