"""What the simulated Shopify store holds besides orders: products, variants, images, locations, stock levels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from korsync.sandbox.exchange import Clock
from korsync.sandbox.shopify.sales import Order

_FIRST_IDS = {
    "product": 7001112223331,
    "variant": 41000000000011,
    "item": 43000000000011,
    "image": 30000000000011,
    "media": 30900000000011,
    "location": 60000000001,
    "order": 5500000000001,
    "order_number": 1,
    "line": 14000000000001,
    "shipping_line": 4600000000001,
    "draft": 99000000001,
    "duty": 170000000001,
    "return": 1900000001,
    "refund": 940000000001,
    "refund_line": 650000000001,
    "refund_shipping": 3100000001,
    "adjustment": 2200000001,
    "transaction": 6600000000001,
}


@dataclass
class Image:
    """A picture of a product; `address` is its place on the CDN, `content` what was uploaded."""

    id: int
    media_id: int
    product_id: int
    address: str
    width: int
    height: int
    content: bytes
    alt: str | None
    created_at: datetime
    updated_at: datetime


@dataclass
class Variant:
    """A variant together with its inventory item. `tax_percents` are the rates that its sales carry."""

    id: int
    product_id: int
    inventory_item_id: int
    title: str
    sku: str | None
    price: Decimal
    compare_at_price: Decimal | None
    tracked: bool
    tax_percents: tuple[Decimal, ...]
    gift_card: bool
    created_at: datetime
    updated_at: datetime
    item_updated_at: datetime
    image_id: int | None = None


@dataclass
class Product:
    """A product with its variants and images, both in the order of their position."""

    id: int
    title: str
    status: str
    created_at: datetime
    updated_at: datetime
    variants: list[Variant] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)


@dataclass
class Location:
    """A place that goods are kept at."""

    id: int
    name: str
    created_at: datetime
    active: bool = True


@dataclass
class Level:
    """The pieces of an inventory item that are for sale at a location; kept also while nobody counts them."""

    inventory_item_id: int
    location_id: int
    available: int
    updated_at: datetime


@dataclass
class Job:
    """Something that Shopify does by itself once its time has come."""

    due: datetime
    run: Callable[[], None]


class Store:
    """The store's rows by id, its settings, and the ids and instants it gives out. Times are UTC in whole seconds.

    What nobody could see in a real store, or differs by its version, is a habit:

    - `gross_refund_subtotals`: in a store whose prices contain the tax, the subtotals of refunds do too
    - `totals_follow_edits`: pieces that an edit took out are not in `total_price` any more, nor in its parts
    - `quantity_follows_edits`: pieces that an edit added to a line are in its `quantity` too
    - `shows_current_quantity`: lines tell `current_quantity`; versions before 2024-01 do not
    - `doubles_shipping_refunds`: shipping given back stands in an order adjustment as well, as it did before 2024-10
    - `refuses_low_compare_at`: a price above the compare-at price is refused
    - `strips_markup`: titles are kept without what looks like markup
    - `float_noise`: tax rates are what a float makes of them: 0.19000000000000003 instead of 0.19
    """

    def __init__(self, clock: Clock, *, domain: str, currency: str, timezone: str, taxes_included: bool) -> None:
        self.clock = clock
        self.domain = domain
        self.currency = currency
        self.zone = ZoneInfo(timezone)
        self.taxes_included = taxes_included
        self.gross_refund_subtotals = True
        self.totals_follow_edits = False
        self.quantity_follows_edits = False
        self.shows_current_quantity = True
        self.doubles_shipping_refunds = False
        self.float_noise = False
        self.refuses_low_compare_at = True
        self.strips_markup = False
        self.products: dict[int, Product] = {}
        self.locations: dict[int, Location] = {}
        self.levels: dict[tuple[int, int], Level] = {}
        self.orders: dict[int, Order] = {}
        self.drafts: dict[int, Any] = {}
        self.jobs: list[Job] = []
        self.file_names: set[str] = set()
        self._given: dict[str, int] = {}
        self._variants: dict[int, Variant] = {}
        self._items: dict[int, Variant] = {}

    def next_id(self, kind: str) -> int:
        """Return a fresh id for a kind of row."""
        self._given[kind] = self._given.get(kind, _FIRST_IDS[kind] - 1) + 1
        return self._given[kind]

    def second(self, at: datetime | None = None) -> datetime:
        """Return an instant, by default the clock's, in whole seconds: Shopify keeps nothing finer."""
        return (at or self.clock.now()).replace(microsecond=0)

    def stamp(self, instant: datetime) -> str:
        """Return an instant as Shopify writes it: in the shop's time zone, to the second."""
        return instant.astimezone(self.zone).replace(microsecond=0).isoformat()

    def settle(self) -> None:
        """Do the jobs that are due, oldest first."""
        now = self.clock.now()
        for job in sorted((each for each in self.jobs if each.due <= now), key=lambda each: each.due):
            self.jobs.remove(job)
            job.run()

    def add_variant(self, product: Product, variant: Variant) -> None:
        """Put a variant behind the product's others."""
        product.variants.append(variant)
        self._variants[variant.id] = variant
        self._items[variant.inventory_item_id] = variant

    def drop_variant(self, product: Product, variant: Variant) -> None:
        """Delete a variant with its stock."""
        product.variants.remove(variant)
        del self._variants[variant.id]
        del self._items[variant.inventory_item_id]
        for key in [each for each in self.levels if each[0] == variant.inventory_item_id]:
            del self.levels[key]

    def variants(self) -> Iterator[Variant]:
        """Yield every variant, the oldest first."""
        yield from self._variants.values()

    def variant(self, variant_id: int | None) -> Variant | None:
        """Return a variant by id."""
        return self._variants.get(variant_id) if variant_id is not None else None

    def item(self, inventory_item_id: int) -> Variant | None:
        """Return the variant whose inventory item this is."""
        return self._items.get(inventory_item_id)

    def variant_of(self, key: str | int) -> Variant:
        """Return a variant by SKU (the oldest of several) or by id; raise KeyError where there is none."""
        found = self._variants.get(key) if isinstance(key, int) else None
        found = found or next((each for each in self.variants() if each.sku == key), None)
        if found is None:
            raise KeyError(f"the store has no variant {key!r}")
        return found

    def location_of(self, key: str | int | None) -> Location:
        """Return a location by name or id, None for the first; raise KeyError where there is none."""
        for location in self.locations.values():
            if key is None or key in (location.id, location.name):
                return location
        raise KeyError(f"the store has no location {key!r}")

    def move_stock(self, variant_id: int | None, location_id: int, pieces: int, at: datetime) -> None:
        """Let a sale or a return change a level, and with it the product's `updated_at`.

        Nothing moves where the item is not tracked or not stocked at the location.
        """
        variant = self.variant(variant_id)
        if variant is None or not variant.tracked:
            return
        level = self.levels.get((variant.inventory_item_id, location_id))
        if level is not None and pieces:
            level.available += pieces
            level.updated_at = max(level.updated_at, self.second(at))
            product = self.products[variant.product_id]
            product.updated_at = max(product.updated_at, self.second(at))
