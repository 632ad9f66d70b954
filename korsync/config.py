"""The configuration file as frozen values; every mistake in it is named with its key and line."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KoronaSettings:
    """Where KORONA is, who korsync is there, and what it books on."""

    base_url: str
    account_id: str
    username: str
    password: str = field(repr=False)
    price_list: str
    point_of_sale: str
    coupling_id: str = field(repr=False)
    cashier: str | None = None
    customer_group: str | None = None


@dataclass(frozen=True, slots=True)
class ShopifySettings:
    """Which store, which API version, and a token or what to get one with."""

    shop: str
    api_version: str
    access_token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class ProductSettings:
    """Which of title, price, tracked and image korsync keeps."""

    fields: tuple[str, ...] = ("title", "price", "tracked", "image")


@dataclass(frozen=True, slots=True)
class LocationSettings:
    """A Shopify location (name or id), the KORONA warehouses summed for it (numbers or names), pieces kept back."""

    location: str
    warehouses: tuple[str, ...]
    buffer: int = 0


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """From when on orders are booked, and on which articles, payment methods and taxes."""

    start_from: date
    shipping_product: str
    default_product: str
    payment_methods: dict[str, str]
    taxes: dict[Decimal, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SafetySettings:
    """The guards: percentages, minutes per pipeline and run, minutes until what was accepted shows."""

    max_change_percent: Decimal = Decimal(30)
    max_price_change_percent: Decimal = Decimal(50)
    max_minutes: Decimal = Decimal(8)
    settle_minutes: Decimal = Decimal(15)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration file."""

    korona: KoronaSettings
    shopify: ShopifySettings
    products: ProductSettings
    location: LocationSettings
    orders: OrderSettings
    safety: SafetySettings
    state_path: Path
    cache_path: Path
