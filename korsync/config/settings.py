"""The settings as frozen values, and the rules that each section of the configuration file must keep."""

import re
import ssl
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from korsync.config.entries import NUMBER, Entry, Notes, Section, YamlKind, day_of, text_of
from korsync.config.paths import CACHE, JOURNAL, TOLD, beside, state_path_in

SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.ASCII)
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
PORT = r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
PATH = r"(/[A-Za-z0-9._~/-]*)?"
LOOPBACK = re.compile(rf"http://(127\.0\.0\.1|localhost|\[::1\]){PORT}{PATH}", re.ASCII)
HTTPS = re.compile(rf"https://{LABEL}(\.{LABEL})*{PORT}{PATH}", re.ASCII)
ADDRESS = re.compile(f"{HTTPS.pattern}|{LOOPBACK.pattern}", re.ASCII)
# All else in a login is written as in %40 for @.
WORD = r"[A-Za-z0-9._~!$&'()*+,;=%-]"
LOGIN = rf"({WORD}+(:{WORD}*)?@)?"
PROXY = re.compile(rf"https?://{LOGIN}({LABEL}(\.{LABEL})*|\[[0-9A-Fa-f:.]+\]){PORT}/?", re.ASCII)
VERSION = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)
ACCOUNT = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
ANYTHING = re.compile(r".+")
# What travels in a header or an address must be plain ASCII, and in Basic authentication the colon ends the name.
VISIBLE = re.compile(r"[!-~]+")
VISIBLE_HINT = "of letters, digits and signs only, without blanks"
USERNAME = re.compile(r"[^\s:]([^:]*[^\s:])?")
UNKNOWN_SKU = re.compile(r"hold|default_product")
PRODUCT_FIELDS = ("title", "price", "tracked", "image")


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
    """Which of title, price, tracked and image korsync keeps.

    `clear_compare_at`: a compare-at price that is not above a new price goes with the old one.
    """

    fields: tuple[str, ...] = ("title", "price", "tracked", "image")
    clear_compare_at: bool = False


@dataclass(frozen=True, slots=True)
class LocationSettings:
    """A Shopify location (name or id), the KORONA warehouses summed for it (numbers or names), pieces kept back."""

    location: str
    warehouses: tuple[str, ...]
    buffer: int = 0


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """From when on orders are booked, on which articles, payment methods and taxes, and what is not held.

    The keys of `taxes` are a rate as in 5.5, a title and a rate as in FR TVA 20, or default.
    """

    start_from: date
    shipping_product: str
    default_product: str
    payment_methods: dict[str, str]
    taxes: dict[str, str] = field(default_factory=dict)
    unknown_sku: str = "hold"
    rounding_cents: int = 0


@dataclass(frozen=True, slots=True)
class SafetySettings:
    """The guards: percentages, minutes per pipeline and run, minutes until what was accepted shows, new receipts."""

    max_change_percent: Decimal = Decimal(30)
    max_price_change_percent: Decimal = Decimal(50)
    max_minutes: Decimal = Decimal(8)
    settle_minutes: Decimal = Decimal(15)
    max_receipts: int = 200

    @property
    def settle(self) -> timedelta:
        """How long either side may take until what it accepted shows."""
        return timedelta(minutes=float(self.settle_minutes))


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The way to both sides: a proxy, which may have a login in it, and certificates to trust beside the usual ones."""

    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Whom to tell of each run beside the mail of cron, and how long outside trouble may last untold."""

    ping_url: str | None = field(default=None, repr=False)
    after_minutes: Decimal = Decimal(60)

    @property
    def after(self) -> timedelta:
        """How long outside trouble may last until it is told."""
        return timedelta(minutes=float(self.after_minutes))


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
    journal_path: Path
    told_path: Path
    network: NetworkSettings = NetworkSettings()
    alerts: AlertSettings = AlertSettings()


ROOT = (
    "korona",
    "shopify",
    "products",
    "stock",
    "orders",
    "safety",
    "network",
    "alerts",
    "environment_file",
    "state_file",
)


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def read_settings(root: Entry, notes: Notes, path: Path) -> Settings:
    """Return the settings in a file's entries, with stand-ins where a mistake was noted; `path` is the file's own."""
    whole = Section(root, notes, ROOT)
    state_path = state_path_in(whole, path)
    return Settings(
        korona=_korona(whole.section("korona", _names(KoronaSettings))),
        shopify=_shopify(whole.section("shopify", _names(ShopifySettings))),
        products=_products(whole.section("products", _names(ProductSettings), required=False)),
        location=_location(whole.section("stock", ("locations",))),
        orders=_orders(whole.section("orders", _names(OrderSettings))),
        safety=_safety(whole.section("safety", _names(SafetySettings), required=False)),
        state_path=state_path,
        cache_path=beside(state_path, CACHE),
        journal_path=beside(state_path, JOURNAL),
        told_path=beside(state_path, TOLD),
        alerts=_alerts(whole.section("alerts", _names(AlertSettings), required=False)),
        network=_network(whole.section("network", _names(NetworkSettings), required=False), path.parent),
    )


def _alerts(section: Section) -> AlertSettings:
    usual = AlertSettings()
    hint = "https:// and an address, or http:// and an address of this machine"
    return AlertSettings(
        ping_url=section.secret_or_none("ping_url", ADDRESS, hint),
        after_minutes=section.number("after_minutes", usual.after_minutes),
    )


def _network(section: Section, folder: Path) -> NetworkSettings:
    hint = "http:// or https:// and a host, such as http://proxy.school.example:3128"
    given = section.entry.named.get("proxy")
    # Without a login it is no secret.
    read = section.secret_or_none if given is not None and "@" in given.text else section.login_or_none
    proxy, ca_file = read("proxy", PROXY, hint), section.text_or_none("ca_file")
    if not ca_file:
        return NetworkSettings(proxy)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(folder / ca_file)
    except (OSError, ValueError) as error:
        # An SSLError is an OSError whose words are of no use to anybody.
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else "it is not a readable file"
        if isinstance(error, FileNotFoundError):
            reason = "it is not there"
        section.notes.wrong(section.entry.named["ca_file"], f"must name a file with certificates: {reason}")
    return NetworkSettings(proxy, folder / ca_file)


def _korona(section: Section) -> KoronaSettings:
    address = section.text("base_url", ADDRESS, "https://HOST/web/api/v3 (http only on this machine)")
    return KoronaSettings(
        base_url=address.rstrip("/"),
        account_id=section.text("account_id", ACCOUNT, "the account's id, of letters, digits and hyphens"),
        username=section.login("username", USERNAME, "without a colon and without blanks at its ends"),
        password=section.secret("password", ANYTHING),
        price_list=section.text("price_list"),
        point_of_sale=section.text("point_of_sale"),
        coupling_id=section.secret("coupling_id", VISIBLE, VISIBLE_HINT),
        cashier=section.text_or_none("cashier"),
        customer_group=section.text_or_none("customer_group"),
    )


def _shopify(section: Section) -> ShopifySettings:
    shop = section.text("shop", SHOP, "the store's own address, such as my-shop.myshopify.com")
    given = section.entry.named
    pair = [name for name in ("client_id", "client_secret") if name in given]
    if "access_token" in given and pair:
        section.notes.wrong(given[pair[0]], "stands beside shopify.access_token: keep one of the two")
    elif "access_token" not in given and len(pair) < 2 and section.entry.kind is YamlKind.SECTION:
        section.notes.wrong(section.entry, "needs access_token, or client_id and client_secret")
    address = section.text_or_none("base_url")
    if address and address.rstrip("/") != f"https://{shop}" and not LOOPBACK.fullmatch(address):
        section.notes.wrong(
            given["base_url"], "must be https:// and the shop, or http:// and an address of this machine"
        )
    return ShopifySettings(
        shop=shop,
        api_version=section.text("api_version", VERSION, "a year and a month, such as 2026-10"),
        access_token=section.secret_or_none("access_token", VISIBLE, VISIBLE_HINT),
        client_id=section.login_or_none("client_id", VISIBLE, VISIBLE_HINT),
        client_secret=section.secret_or_none("client_secret", VISIBLE, VISIBLE_HINT),
        base_url=address.rstrip("/") if address else None,
    )


def _products(section: Section) -> ProductSettings:
    clears = section.truth("clear_compare_at", default=False)
    if "fields" not in section.entry.named:
        return ProductSettings(clear_compare_at=clears)
    kept = []
    for entry in section.items("fields", default=()):
        name = text_of(entry, section.notes)
        if name and name not in PRODUCT_FIELDS:
            section.notes.wrong(entry, f"must be one of {', '.join(PRODUCT_FIELDS)}")
        elif name in kept:
            section.notes.wrong(entry, "stands in the list twice")
        kept.append(name)
    return ProductSettings(tuple(kept), clears)


def _location(section: Section) -> LocationSettings:
    locations = section.items("locations")
    for surplus in locations[1:]:
        section.notes.wrong(
            surplus, "is a second location, and korsync serves one: receipts lower the stock of one warehouse"
        )
    if not locations:
        return LocationSettings("", ())
    one = Section(locations[0], section.notes, _names(LocationSettings))
    warehouses = []
    for entry in one.items("warehouses"):
        warehouse = text_of(entry, one.notes)
        if warehouse and warehouse in warehouses:
            one.notes.wrong(entry, "stands in the list twice, its stock would count twice")
        warehouses.append(warehouse)
    return LocationSettings(one.text("location"), tuple(warehouses), int(one.number("buffer", Decimal(0), whole=True)))


def _orders(section: Section) -> OrderSettings:
    start = section.get("start_from")
    return OrderSettings(
        start_from=date.min if start is None else day_of(start, section.notes),
        shipping_product=section.text("shipping_product"),
        default_product=section.text("default_product"),
        payment_methods=_payment_methods(section),
        taxes=_taxes(section),
        unknown_sku=section.text_or_none("unknown_sku", UNKNOWN_SKU, "hold or default_product") or "hold",
        rounding_cents=int(section.number("rounding_cents", Decimal(0), highest=100, whole=True)),
    )


def _payment_methods(section: Section) -> dict[str, str]:
    methods = section.section("payment_methods", section.named("payment_methods"))
    methods.get("default")
    return {gateway: text_of(entry, section.notes) for gateway, entry in methods.entry.named.items()}


def _taxes(section: Section) -> dict[str, str]:
    """Return the sales tax numbers by key; 7 and 7.0 are one rate."""
    taxes: dict[str, str] = {}
    given = section.section("taxes", section.named("taxes"), required=False)
    for written, entry in given.entry.named.items():
        title, _, rate = written.rpartition(" ")
        key = written
        if written != "default":
            key = " ".join((*title.split(), _rate(rate, entry, section.notes)))
        if key in taxes:
            section.notes.wrong(entry, "names a tax that stands there already")
        taxes[key] = text_of(entry, section.notes)
    return taxes


def _rate(text: str, entry: Entry, notes: Notes) -> str:
    if not NUMBER.fullmatch(text):
        notes.wrong(entry, "must be a rate such as 19, Shopify's title and rate such as FR TVA 20, or default")
    elif Decimal(text) > 100:
        notes.wrong(entry, "must be a rate in percent, not above 100")
    else:
        return f"{Decimal(text).normalize():f}"
    return text


def _safety(section: Section) -> SafetySettings:
    usual = SafetySettings()
    minutes = section.number("max_minutes", usual.max_minutes)
    if minutes == 0:
        section.notes.wrong(section.entry.named["max_minutes"], "must be more than 0, or nothing is ever written")
    return SafetySettings(
        max_change_percent=section.number("max_change_percent", usual.max_change_percent, highest=100),
        max_price_change_percent=section.number("max_price_change_percent", usual.max_price_change_percent),
        max_minutes=minutes,
        settle_minutes=section.number("settle_minutes", usual.settle_minutes),
        max_receipts=int(section.number("max_receipts", Decimal(usual.max_receipts), whole=True)),
    )
