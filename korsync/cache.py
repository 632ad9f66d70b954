"""What may be lost, in cache.json: both catalogues as last seen, their cursors, the last look at each level.

Deleting the file costs one full read and one run in which stock is only lowered.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from korsync.codec import decode, encode, from_json, to_json
from korsync.errors import StateError
from korsync.files import read_whole, write_whole
from korsync.records import Article, ArticleImage, InventoryLevel, Shop, ShopProduct, StockLevel
from korsync.targets import BookingTargets, ProductTargets, StockTargets

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """KORONA's articles and images as last seen, by id, with the highest revisions seen; `full_at` is KORONA's time."""

    articles: dict[str, Article] = field(default_factory=dict)
    images: dict[str, ArticleImage] = field(default_factory=dict)
    product_revision: int = 0
    price_revision: int = 0
    image_revision: int = 0
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """Shopify's products as last seen, by id; cursor and `full_at` are Shopify's time."""

    products: dict[int, ShopProduct] = field(default_factory=dict)
    cursor: datetime | None = None
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WarehouseStock:
    """KORONA's stock of one warehouse as last seen, by article id."""

    levels: dict[str, StockLevel] = field(default_factory=dict)
    revision: int = 0
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Levels:
    """Shopify's inventory levels at the location as last seen, by inventory item id.

    `read_at` is Shopify's time at the start of the last read: what that read did not bring was unchanged then.
    """

    levels: dict[int, InventoryLevel] = field(default_factory=dict)
    read_at: datetime | None = None
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The last look at a level: what it should have been at `at` (Shopify's time) by all that korsync knew."""

    pieces: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReceiptMark:
    """The highest revision seen of a receipt; what is booked after `at` (KORONA's time) has a higher one."""

    revision: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Targets:
    """What the configuration names, as found; valid for a day."""

    found_at: datetime | None = None
    shop: Shop | None = None
    products: ProductTargets | None = None
    stock: StockTargets | None = None
    bookings: BookingTargets | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """The whole of cache.json. Looks and doubts are by inventory item id; a doubt is Shopify's time.

    `last_run` is the time under which the last run that changed the cache stands in the state.
    """

    schema: int = SCHEMA
    catalogue: Catalogue = field(default_factory=Catalogue)
    shelf: Shelf = field(default_factory=Shelf)
    stocks: dict[str, WarehouseStock] = field(default_factory=dict)
    levels: Levels = field(default_factory=Levels)
    looks: dict[int, Look] = field(default_factory=dict)
    doubts: dict[int, datetime] = field(default_factory=dict)
    targets: Targets = field(default_factory=Targets)
    receipts: ReceiptMark | None = None
    last_run: datetime | None = None


def load_cache(path: Path, fingerprint: str) -> tuple[Cache, str | None]:
    """Return the cache made under the configuration with this fingerprint, otherwise an empty one and the reason.

    An empty cache is always safe, so nothing is raised; a missing file is no reason worth telling.
    """
    try:
        content = from_json(read_whole(path).data)
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            return Cache(), f"the cache {path} is of another version of korsync"
        if content.pop("fingerprint", None) != fingerprint:
            return Cache(), "the configuration has changed since the cache was made"
        return decode(Cache, content), None
    except FileNotFoundError:
        return Cache(), None
    except OSError as error:
        return Cache(), f"the cache {path} cannot be read: {error.strerror or error}"
    except ValueError as error:
        return Cache(), f"the cache {path} cannot be used: {error}"


def save_cache(path: Path, cache: Cache, fingerprint: str) -> str | None:
    """Replace the cache file; where that fails remove the old one, and return the reason.

    An old cache must not outlive a run that wrote stock: its last looks would explain away an order not listed yet.
    Raises StateError where it can be neither replaced nor removed.
    """
    data = to_json({"schema": SCHEMA, "fingerprint": fingerprint, **encode(cache)})
    try:
        write_whole(path, data)
    except OSError as error:
        reason = f"the cache {path} cannot be written: {error.strerror or error}"
        try:
            path.unlink(missing_ok=True)
        except OSError:
            raise StateError(reason, f"remove {path} by hand, then run again") from error
        return reason
    return None
