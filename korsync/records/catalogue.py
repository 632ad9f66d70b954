"""Plain frozen values that both sides share: what the wire code reads, what pipelines decide on, what is written.

Money is Decimal in the shop's currency, times are aware and in UTC, ids are what the API gave (KORONA: text,
Shopify: int). What is sold and booked stands in sales.py.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

# --- KORONA -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArticlePrice:
    """One entry of an article's price list; gross or net as its price group says.

    Here and in the other records of lists `unreadable` says why a row could not be read; the rest is what can be told.
    """

    price_group_id: str | None
    value: Decimal | None
    valid_from: datetime | None = None
    product_code: str | None = None
    organizational_unit_id: str | None = None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bundle: so many pieces of another article leave the stock with each bundle sold."""

    article_id: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Article:
    """A KORONA product. A deleted one may come without its number: the id identifies it.

    `sales_lock`: KORONA's tills refuse to sell it.
    """

    id: str
    number: str | None
    name: str
    revision: int
    active: bool
    deactivated: bool
    track_inventory: bool | None
    prices: tuple[ArticlePrice, ...] = ()
    image_id: str | None = None
    parts: tuple[Part, ...] = ()
    return_unsellable: bool = False
    unreadable: str = ""
    sales_lock: bool = False


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A row of KORONA's /prices: tells that an article's price was saved, also where the article's revision stays."""

    id: str
    revision: int
    article_id: str | None


@dataclass(frozen=True, slots=True)
class ArticleImage:
    """The properties of a KORONA image, without its content, and what became of that as long as it does not change.

    `unfit` says why a content once read cannot be shown; `refusals` are Shopify's words by product id; `not_given_at`
    is KORONA's time when it did not give the content.
    """

    id: str
    revision: int
    active: bool
    unfit: str = ""
    refusals: dict[int, str] = field(default_factory=dict)
    not_given_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StockLevel:
    """An article's stock in one warehouse. `actual` is None where KORONA does not say: missing is not zero."""

    article_id: str
    warehouse_id: str
    actual: Decimal | None
    revision: int
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A KORONA account: its licences where it says them, and whether it is one to try things on."""

    packages: tuple[str, ...] | None
    test_mode: bool


@dataclass(frozen=True, slots=True)
class PriceGroup:
    """A KORONA price list ("Preisliste" in Studio)."""

    id: str
    number: str | None
    name: str
    net_prices: bool
    currency_id: str | None


@dataclass(frozen=True, slots=True)
class Currency:
    """A KORONA currency; `key` is its ISO code."""

    id: str
    key: str | None


@dataclass(frozen=True, slots=True)
class OrganizationalUnit:
    """A KORONA organizational unit; only some are warehouses."""

    id: str
    number: str | None
    name: str
    warehouse: bool


@dataclass(frozen=True, slots=True)
class PointOfSale:
    """A KORONA point of sale; receipts can be posted on external ones only.

    A warehouse of its own is optional (KORONA's description of the API).
    """

    id: str
    number: str | None
    name: str
    type: str | None
    coupled: bool
    warehouse_id: str | None
    organizational_unit_id: str | None
    fiscal_service: str | None
    last_receipt_number: str | None
    number_prefix: str | None = None

    @property
    def sells_from(self) -> str | None:
        """The id of the warehouse whose stock its receipts lower: without one of its own its organizational unit."""
        return self.warehouse_id or self.organizational_unit_id


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A KORONA payment method."""

    id: str
    number: str | None
    name: str


@dataclass(frozen=True, slots=True)
class SalesTaxRate:
    """A rate in percent and the instant from which it holds (None: always)."""

    percent: Decimal
    valid_from: datetime | None


@dataclass(frozen=True, slots=True)
class SalesTax:
    """A KORONA sales tax with the rates it had and will have; `included` says whether prices contain it."""

    id: str
    number: str | None
    name: str
    included: bool
    rates: tuple[SalesTaxRate, ...]


@dataclass(frozen=True, slots=True)
class NumberedThing:
    """A KORONA object of which only id, number and name matter here: cashier, customer group."""

    id: str
    number: str | None
    name: str


# --- Shopify ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variant:
    """A Shopify variant. `sku` is empty where there is none; `tracked` is true only where Shopify itself counts.

    `counted_elsewhere`: the service that ships it counts the pieces. `price_unreadable`: only its prices are odd.
    """

    id: int
    product_id: int
    sku: str
    price: Decimal
    compare_at_price: Decimal | None
    inventory_item_id: int
    tracked: bool
    counted_elsewhere: bool = False
    unreadable: str = ""
    price_unreadable: str = ""


@dataclass(frozen=True, slots=True)
class ShopImage:
    """An image of a Shopify product; Shopify may put a suffix behind the file name in `address`."""

    id: int
    address: str


@dataclass(frozen=True, slots=True)
class ShopProduct:
    """A Shopify product with its variants (at most 100 over REST) and images.

    `variant_count` is how many it has, asked for only where as many are shown as REST shows at most.
    """

    id: int
    title: str
    status: str
    updated_at: datetime | None
    variants: tuple[Variant, ...]
    images: tuple[ShopImage, ...] = ()
    unreadable: str = ""
    variant_count: int | None = None

    @property
    def is_odd(self) -> bool:
        """Whether anything of it could not be read."""
        odd = (each.unreadable or each.price_unreadable for each in self.variants)
        return bool(self.unreadable) or any(odd)


@dataclass(frozen=True, slots=True)
class InventoryLevel:
    """What Shopify has for sale at a location, as of `seen_at` (Shopify's Date); None where it does not count."""

    inventory_item_id: int
    location_id: int
    available: int | None
    seen_at: datetime
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """A Shopify location."""

    id: int
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Shop:
    """A Shopify store: its own currency, time zone and whether its prices contain the taxes."""

    currency: str
    timezone: str
    taxes_included: bool
