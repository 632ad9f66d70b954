"""What may be lost, in cache.json: both catalogues as last seen, their cursors, the last look at each level.

Deleting the file costs one full read and one run in which stock is only lowered.
"""

from dataclasses import dataclass, field
from datetime import datetime

from korsync.records import Article, ArticleImage, InventoryLevel, ShopProduct, StockLevel
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
    """Shopify's inventory levels at the location as last seen, by inventory item id."""

    levels: dict[int, InventoryLevel] = field(default_factory=dict)
    cursor: datetime | None = None
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The last look at a level: what it should have been at `at` (Shopify's time) by all that korsync knew."""

    pieces: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Targets:
    """What the configuration names, as found; valid for a day and for one content of the configuration file."""

    fingerprint: str = ""
    found_at: datetime | None = None
    products: ProductTargets | None = None
    stock: StockTargets | None = None
    bookings: BookingTargets | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """The whole of cache.json. Looks and doubts are by inventory item id; a doubt is Shopify's time."""

    schema: int = SCHEMA
    catalogue: Catalogue = field(default_factory=Catalogue)
    shelf: Shelf = field(default_factory=Shelf)
    stocks: dict[str, WarehouseStock] = field(default_factory=dict)
    levels: Levels = field(default_factory=Levels)
    looks: dict[int, Look] = field(default_factory=dict)
    doubts: dict[int, datetime] = field(default_factory=dict)
    targets: Targets = field(default_factory=Targets)
