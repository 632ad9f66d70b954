"""What is remembered between two runs, as plain frozen values: the state that must not be lost, the cache that may."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from korsync.records.bookings import KnownOrder
from korsync.records.catalogue import (
    Location,
    PaymentMethod,
    PriceGroup,
    SalesTax,
    Shop,
)
from korsync.records.runs import Refusal, RunRecord, Standing
from korsync.records.seen import Catalogue, Doubt, KeptTitle, Levels, Look, ReceiptMark, ShopProducts, WarehouseStock


@dataclass(frozen=True, slots=True)
class ProductTargets:
    """What the products pipeline needs to know: a price group whose currency and kind fit the shop.

    `unit` is the smallest amount of that currency.
    """

    price_group: PriceGroup
    unit: Decimal


@dataclass(frozen=True, slots=True)
class StockTargets:
    """What the stock pipeline needs to know: the location and the ids of the warehouses summed for it."""

    location: Location
    warehouse_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BookingTargets:
    """What receipts are made with: the shop's domain, what the configuration names in KORONA, and what it allows.

    `currency` is that of KORONA's price list and so of its receipts. Payment methods are by gateway. `taxes` are the
    sales taxes chosen in the configuration, by its own key (a rate in percent, a tax's title and rate, or default);
    other rates are found among `sales_taxes`. `books_unknown` puts products that are no articles on the default one.
    """

    shop: str
    currency: str
    point_of_sale_id: str
    shipping_article_id: str
    default_article_id: str
    default_number: str
    payment_methods: dict[str, PaymentMethod]
    sales_taxes: tuple[SalesTax, ...]
    taxes: dict[str, SalesTax] = field(default_factory=dict)
    cashier_id: str | None = None
    customer_group_id: str | None = None
    books_unknown: bool = False
    rounding_cents: int = 0


@dataclass(frozen=True, slots=True)
class Targets:
    """What the configuration names, as found; valid for a day."""

    found_at: datetime | None = None
    shop: Shop | None = None
    products: ProductTargets | None = None
    stock: StockTargets | None = None
    bookings: BookingTargets | None = None


STEADY = 60
"""By so many seconds a clock may move against this machine's from one answer to the next, and from run to run."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """By how many seconds a side's clock is ahead of this machine's, at least and at most, as its answers are dated.

    Where `least` is more than `most` the clock jumped between two answers.
    """

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class ClocksSeen:
    """How far each side's clock was ahead in the last run, and the last times of theirs that were believed."""

    ahead: dict[str, Ahead] = field(default_factory=dict)
    korona_at: datetime | None = None
    shopify_at: datetime | None = None

    def fits(self, other: "ClocksSeen") -> bool:
        """Tell whether the clocks are as far apart as they were, but for what the time of an answer makes of it."""
        return self.ahead.keys() == other.ahead.keys() and all(
            max(abs(each.least - other.ahead[side].least), abs(each.most - other.ahead[side].most)) <= STEADY
            for side, each in self.ahead.items()
        )


@dataclass(frozen=True, slots=True)
class Cache:
    """The whole of cache.json. Looks and doubts are by inventory item id, titles by product; a doubt is Shopify's time.

    `short` is how many rows a full list brought that came back too short to be believed, by list. `last_run` is the
    time under which the last run that changed the cache stands in the state.
    """

    catalogue: Catalogue = field(default_factory=Catalogue)
    shop_products: ShopProducts = field(default_factory=ShopProducts)
    stocks: dict[str, WarehouseStock] = field(default_factory=dict)
    levels: Levels = field(default_factory=Levels)
    looks: Mapping[int, Look] = field(default_factory=dict)
    doubts: dict[int, Doubt] = field(default_factory=dict)
    targets: Targets = field(default_factory=Targets)
    receipt_marks: tuple[ReceiptMark, ...] = ()
    titles: dict[int, KeptTitle] = field(default_factory=dict)
    short: dict[str, int] = field(default_factory=dict)
    clocks: ClocksSeen = field(default_factory=ClocksSeen)
    last_run: datetime | None = None

    def says_more_than(self, other: "Cache") -> bool:
        """Tell whether the caches differ in more than when things were last looked at.

        A look that found the same need not be kept: an older one serves as well, and the full reads of each day, whose
        times do count, bring new ones.
        """
        return (
            not self.clocks.fits(other.clocks)
            or self._without_looks() != other._without_looks()
            or _timeless(self.looks) != _timeless(other.looks)
        )

    def _without_looks(self) -> "Cache":
        return replace(self, levels=replace(self.levels, read_at=None), looks={}, clocks=ClocksSeen())


def _timeless(looks: Mapping[int, Look]) -> dict[int, tuple[Any, ...]]:
    return {item_id: (each.pieces, each.reserved, each.in_drafts, each.put_back) for item_id, each in looks.items()}


@dataclass(frozen=True, slots=True)
class Held:
    """An item that needs a person, and since when; named in every run until it is settled.

    `item` is what a person calls it: an order and an article may have the same name. `mark` is that of the change which
    the other side refused.
    """

    pipeline: str
    item: str
    reason: str
    since: datetime
    mark: str = ""


@dataclass(frozen=True, slots=True)
class SentImage:
    """The content that was last sent for an article, and which image of KORONA's it was.

    `sent_before` are the contents sent earlier, each as product id/content hash.
    """

    product_id: int
    content_hash: str
    image_id: str
    image_revision: int
    sent_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnsureImage:
    """An image that is being sent, or whose answer was lost; `since` is Shopify's time before it was sent."""

    image: SentImage
    since: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state this is; a state of another shop, account or point of sale is refused."""

    shop: str
    account_id: str
    point_of_sale: str


@dataclass(frozen=True, slots=True)
class State:
    """The whole of state.json; images are by article id, held items by pipeline and item, standings by pipeline.

    `in_step` are the SKUs of the levels that are kept in step, by inventory item id: what leaves is told. `told` are
    marks of what a person was told once, `undone` those of KORONA's values that `korsync undo` took out of Shopify, by
    pipeline. `refusals` are by their cause, `timezone` is the shop's, `orders_start` the start by which orders were
    read last.
    """

    identity: Identity
    order_cursor: datetime
    orders_full_at: datetime | None = None
    orders_start: datetime | None = None
    orders: dict[int, KnownOrder] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    images: dict[str, SentImage] = field(default_factory=dict)
    unsure_images: dict[str, UnsureImage] = field(default_factory=dict)
    accepted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stopped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    adopted_at: datetime | None = None
    in_step: dict[int, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    undone: dict[str, tuple[str, ...]] = field(default_factory=dict)
    runs: tuple[RunRecord, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    timezone: str = ""

    @property
    def receipts_come_back(self) -> bool:
        """Whether KORONA has shown a receipt as it was posted, with korsync's references."""
        return any(booking.is_read_back for order in self.orders.values() for booking in order.bookings)

    def with_order(self, order: KnownOrder) -> "State":
        return replace(self, orders=self.orders | {order.id: order})


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered: what must not be lost and what may be."""

    state: State
    cache: Cache

    def with_state(self, **changed: Any) -> "Memory":
        return replace(self, state=replace(self.state, **changed))

    def with_cache(self, **changed: Any) -> "Memory":
        return replace(self, cache=replace(self.cache, **changed))


def held_key(pipeline: str, item: str) -> str:
    """Return the key under which an item is held: each pipeline has items of its own."""
    return f"{pipeline}/{item}"
