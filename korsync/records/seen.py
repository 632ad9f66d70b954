"""What was last seen of both sides, list by list, with how far each was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from korsync.records.catalogue import Article, ArticleImage, InventoryLevel, ShopProduct, StockLevel


@dataclass(frozen=True, slots=True)
class Rest:
    """The revision at which a list of KORONA's stands still.

    An ask from `sure_from` on (KORONA's time) that finds nothing newer proves that no row is to come late any more.
    """

    revision: int
    sure_from: datetime
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """KORONA's articles and images as last seen, by id, with the highest revisions seen; `full_at` is KORONA's time.

    `late_prices` are the revisions of the price rows, by id, that are read once more in case one comes late. `rests`
    are by kind: product, price, image.
    """

    articles: Mapping[str, Article] = field(default_factory=dict)
    images: Mapping[str, ArticleImage] = field(default_factory=dict)
    product_revision: int = 0
    price_revision: int = 0
    image_revision: int = 0
    late_prices: dict[str, int] = field(default_factory=dict)
    rests: dict[str, Rest] = field(default_factory=dict)
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShopProducts:
    """Shopify's products as last seen, by id; cursor and `full_at` are Shopify's time."""

    products: Mapping[int, ShopProduct] = field(default_factory=dict)
    cursor: datetime | None = None
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WarehouseStock:
    """KORONA's stock of one warehouse as last seen, by article id."""

    rows: Mapping[str, StockLevel] = field(default_factory=dict)
    revision: int = 0
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Levels:
    """Shopify's inventory levels at the location as last seen, by inventory item id.

    `read_at` is Shopify's time at the start of the last read: what that read did not bring was unchanged then.
    """

    levels: Mapping[int, InventoryLevel] = field(default_factory=dict)
    read_at: datetime | None = None
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The last look at a level: what it should have been at `at` (Shopify's time) by all that korsync knew.

    `reserved` are pieces that open draft orders kept off it then, `in_drafts` all that they named; None where nobody
    asked. `put_back` are the pieces that had come back to it of late, by the orders that were listed.
    """

    pieces: int
    at: datetime
    reserved: int = 0
    in_drafts: int | None = None
    put_back: int = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """Since `at` (Shopify's time) nobody can tell whether an order not listed yet, or a draft order, is in a level.

    `missing` are the pieces that left the level and that nothing known explains (negative: that came to it where draft
    orders held some). `sure` is the level as it would be with all of them there, as of a time: what becomes known since
    then explains them after all. None where nobody knows it: the last look was lost, or KORONA's stock is moving.
    """

    at: datetime
    missing: int = 0
    sure: Look | None = None


@dataclass(frozen=True, slots=True)
class ReceiptMark:
    """The highest revision seen of a receipt; what is booked after `at` (KORONA's time) has a higher one."""

    revision: int
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptTitle:
    """A title that Shopify keeps in another form than it was sent, with markup taken out, say."""

    sent: str
    kept: str
