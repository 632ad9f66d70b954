"""Article images: which are new for their product, checked by their first bytes, and never sent twice."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from korsync.errors import Rejected
from korsync.korona.client import KoronaClient
from korsync.matching import Match
from korsync.pipelines.base import Knowledge
from korsync.plan import Fate, Skip
from korsync.state import SentImage

LARGEST_IMAGE = 20 * 1024 * 1024
"""Shopify takes images of up to 20 MB."""

MOST_AT_ONCE = 64 * 1024 * 1024
"""Contents held in memory in one run; further new images wait for the next."""

KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
"""The first bytes of the formats that KORONA keeps (PNG, JPG); what a server calls the content proves nothing."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image about to be added to a product; `image` is the hash of its content."""

    image: str
    product_id: int = field(compare=False)
    article_id: str = field(compare=False)
    sku: str = field(compare=False)
    image_id: str = field(compare=False)
    image_revision: int = field(compare=False)
    variant_ids: tuple[int, ...] = field(compare=False)
    data: bytes = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PulledImage:
    """The content of an article's image that its product does not have yet."""

    image_id: str
    revision: int
    content_hash: str
    data: bytes = field(repr=False)


def file_name(picture: Picture) -> str:
    """Return a file name with number and content hash: by the hash the image is found again in Shopify's addresses."""
    number = re.sub(r"[^A-Za-z0-9_-]+", "-", picture.sku)
    return f"{number}-{picture.image}.{image_kind(picture.data)}"


def image_kind(data: bytes) -> str | None:
    """Tell PNG from JPG by the first bytes; None for anything else."""
    return next((kind for first, kind in KINDS.items() if data.startswith(first)), None)


def pull_images(
    korona: KoronaClient, knowledge: Knowledge, matches: Iterable[Match]
) -> tuple[Knowledge, Mapping[str, PulledImage], tuple[Skip, ...]]:
    """Ask KORONA for the contents of images that are new for their product.

    An image that Shopify already shows (sent, but the answer was lost) or whose content was sent before is only
    remembered. Returns the knowledge with that, the contents by article id, and what was left out and why.
    """
    pulled: dict[str, PulledImage] = {}
    skips = []
    room = MOST_AT_ONCE
    for each in matches:
        properties = knowledge.cache.catalogue.images.get(each.article.image_id or "")
        sent = knowledge.state.images.get(each.article.id)
        if properties is None or not properties.active or _is_known(sent, each, properties.revision):
            continue
        if room <= 0:
            skips.append(Skip(each.sku, "its new image waits: enough images for one run", Fate.WAITING))
            continue
        try:
            data = korona.image_content(properties.id)
        except Rejected as error:
            skips.append(Skip(each.sku, f"its image cannot be read: {error.what}", Fate.LEFT))
            continue
        trouble = _trouble(data)
        if trouble:
            skips.append(Skip(each.sku, trouble, Fate.LEFT))
            continue
        content_hash = hashlib.sha256(data).hexdigest()[:16]
        same = sent is not None and (sent.product_id, sent.content_hash) == (each.product.id, content_hash)
        if same or any(content_hash in image.address for image in each.product.images):
            fact = SentImage(each.product.id, content_hash, properties.id, properties.revision)
            images = knowledge.state.images | {each.article.id: fact}
            knowledge = replace(knowledge, state=replace(knowledge.state, images=images))
            continue
        room -= len(data)
        pulled[each.article.id] = PulledImage(properties.id, properties.revision, content_hash, data)
    return knowledge, pulled, tuple(skips)


def _is_known(sent: SentImage | None, each: Match, revision: int) -> bool:
    return sent is not None and (sent.product_id, sent.image_id, sent.image_revision) == (
        each.product.id,
        each.article.image_id,
        revision,
    )


def _trouble(data: bytes) -> str:
    if image_kind(data) is None:
        return "its image in KORONA is neither PNG nor JPG"
    if len(data) > LARGEST_IMAGE:
        return f"its image in KORONA is larger than {LARGEST_IMAGE // 1024 // 1024} MB"
    return ""
