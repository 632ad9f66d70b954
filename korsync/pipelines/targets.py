"""Finds on both sides what the configuration names; what is missing or unfit stops a run before anything is sent."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from korsync.config.settings import Settings
from korsync.errors import ConfigurationError, Refused, Rejected
from korsync.korona.client import KoronaClient
from korsync.pipelines.base import DAY, Reading, Sides
from korsync.records.catalogue import (
    Article,
    Location,
    OrganizationalUnit,
    PaymentMethod,
    PointOfSale,
    PriceGroup,
    SalesTax,
    Shop,
)
from korsync.records.memory import BookingTargets, ProductTargets, StockTargets, Targets
from korsync.records.orders import Order
from korsync.rules.money import smallest_unit
from korsync.rules.receipts import missing_taxes
from korsync.shopify.client import ShopifyClient

PRICE_LIST, WAREHOUSES = "korona.price_list", "stock.locations.warehouses"

BOOKABLE_TYPES = ("EXTERNAL", "EXTERNAL_WEBSHOP", "WEBSHOP")
"""The types of point of sale that receipts may be posted on (KORONA: POINT_OF_SALE_NOT_EXTERNAL otherwise)."""


class Named(Protocol):
    """Anything of KORONA's that the configuration names by number or name."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> str | None: ...
    @property
    def name(self) -> str: ...


T = TypeVar("T")
NamedT = TypeVar("NamedT", bound=Named)


def find_shop(sides: Sides, reading: Reading) -> tuple[Reading, Shop]:
    return _kept_for_a_day(sides, reading, "shop", sides.shopify.shop)


def find_product_targets(sides: Sides, reading: Reading) -> tuple[Reading, ProductTargets]:
    """Return price group and shop; raise ConfigurationError where they do not fit each other."""
    reading, store = find_shop(sides, reading)
    return _kept_for_a_day(
        sides, reading, "products", lambda: _find_product_targets(sides.korona, store, sides.settings)
    )


def find_stock_targets(sides: Sides, reading: Reading) -> tuple[Reading, StockTargets]:
    """Return location and warehouses; raise ConfigurationError where the point of sale's warehouse is left out."""
    return _kept_for_a_day(
        sides, reading, "stock", lambda: _find_stock_targets(sides.korona, sides.shopify, sides.settings)
    )


def must_be_active(sides: Sides, location_id: int) -> None:
    """Raise ConfigurationError where the location was closed since it was looked up: it refuses whatever is written."""
    for location in sides.shopify.locations():
        if location.id == location_id:
            _must_serve(location)


def _must_serve(location: Location) -> None:
    if not location.active:
        what = f"Shopify location “{location.name}” is deactivated"
        raise ConfigurationError(what, "name an active one under stock.locations")


def find_booking_targets(
    sides: Sides, reading: Reading, *, is_coupled_later: bool = False
) -> tuple[Reading, BookingTargets]:
    """Return what receipts are made with; raise ConfigurationError or Refused where the point of sale is not fit."""
    reading, store = find_shop(sides, reading)

    def look_up() -> BookingTargets:
        point_of_sale = bookable_point_of_sale(sides.korona, sides.settings)
        if not is_coupled_later:
            must_be_coupled(sides, point_of_sale)
        return _find_booking_targets(sides.korona, store, sides.settings, point_of_sale)

    return _kept_for_a_day(sides, reading, "bookings", look_up)


def find_point_of_sale(sides: Sides, reading: Reading) -> str:
    """Return the id of the point of sale that receipts stand on; raise ConfigurationError where there is none."""
    known = reading.memory.cache.targets.bookings
    return known.point_of_sale_id if known else point_of_sale_of(sides.korona, sides.settings).id


def with_fresh_taxes(
    sides: Sides, reading: Reading, targets: BookingTargets, orders: Iterable[Order]
) -> tuple[Reading, BookingTargets]:
    """Return targets whose sales taxes are read anew where one is missing: somebody may have made it in KORONA."""
    if not any(missing_taxes(order, targets) for order in orders):
        return reading, targets
    fresh = replace(targets, sales_taxes=tuple(sides.korona.sales_taxes()))
    kept = replace(reading.memory.cache.targets, bookings=fresh)
    return reading.with_memory(reading.memory.with_cache(targets=kept)), fresh


def must_be_coupled(sides: Sides, point_of_sale: PointOfSale) -> None:
    """Raise Refused where a point of sale is not coupled with the id of the configuration."""
    if not point_of_sale.coupled:
        raise Refused(f"point of sale “{point_of_sale.name}” is not coupled", "run `korsync couple` once")
    # Coupled under another id KORONA refuses this, before any receipt is sent. An older cluster wants the number here
    # and finds nothing.
    with suppress(Rejected):
        sides.korona.point_of_sale(point_of_sale.id, sides.settings.korona.coupling_id)


def _kept_for_a_day(sides: Sides, reading: Reading, name: str, look_up: Callable[[], T]) -> tuple[Reading, T]:
    """Return what was found before; after a day it is looked up again, and in a full run once."""
    targets, now = reading.memory.cache.targets, sides.shopify_now
    if targets.found_at is None or now - targets.found_at >= DAY:
        targets = Targets(found_at=now)
    found: T | None = getattr(targets, name)
    listed = f"targets of {name}"
    if found is not None and (listed in reading.lists or not sides.full):
        return reading, found
    found = look_up()
    kept: Any = {name: found}
    reading = replace(reading, lists=reading.lists | {listed})
    return reading.with_memory(reading.memory.with_cache(targets=replace(targets, **kept))), found


def _find_product_targets(korona: KoronaClient, store: Shop, settings: Settings) -> ProductTargets:
    group = price_list(korona, settings)
    must_be_in_currency_of(korona, group, store)
    must_show_prices_as(group, store)
    return ProductTargets(group, smallest_unit(store.currency))


def price_list(korona: KoronaClient, settings: Settings) -> PriceGroup:
    return _one(korona.price_groups(), settings.korona.price_list, PRICE_LIST, "price list")


def must_be_in_currency_of(korona: KoronaClient, group: PriceGroup, store: Shop) -> None:
    """Raise ConfigurationError where the price list is in another currency than the store."""
    currency = next((each for each in korona.currencies() if each.id == group.currency_id), None)
    if currency is not None and currency.key and currency.key.upper() != store.currency.upper():
        raise ConfigurationError(
            f"price list “{group.name}” is in {currency.key}, the Shopify store in {store.currency}",
            f"name a price list in {store.currency} under {PRICE_LIST}",
        )


def must_show_prices_as(group: PriceGroup, store: Shop) -> None:
    """Raise ConfigurationError where one side has net prices and the other gross ones."""
    if group.net_prices == store.taxes_included:
        basis = ("net", "with taxes included") if group.net_prices else ("gross", "without taxes")
        raise ConfigurationError(
            f"price list “{group.name}” has {basis[0]} prices, the Shopify store shows prices {basis[1]}",
            f"name another price list under {PRICE_LIST}, or change “include tax in price” in Shopify",
        )


def _find_stock_targets(korona: KoronaClient, shopify: ShopifyClient, settings: Settings) -> StockTargets:
    location = find_location(shopify.locations(), settings)
    warehouses = find_warehouses(korona, settings)
    must_sell_from(point_of_sale_of(korona, settings), warehouses)
    return StockTargets(location, tuple(dict.fromkeys(unit.id for unit in warehouses)))


def find_location(everything: Sequence[Location], settings: Settings) -> Location:
    """Return the location of the configuration; raise ConfigurationError where there is no active one, or several."""
    wanted = settings.location.location
    # A blank that somebody typed behind the name in Shopify shows nowhere.
    named = [each for each in everything if wanted in (each.name.strip(), str(each.id))]
    # One that was closed keeps its name beside the one that took its place.
    locations = [each for each in named if each.active] or named[:1]
    if len(locations) != 1:
        count = "no location" if not locations else f"{len(locations)} locations"
        known = ", ".join(f"{each.name.strip()} ({each.id})" for each in everything if each.active)
        raise ConfigurationError(
            f"Shopify has {count} “{wanted}”",
            f"correct location under stock.locations (name or id); Shopify has: {known or 'no active one'}",
        )
    _must_serve(locations[0])
    return locations[0]


def find_warehouses(korona: KoronaClient, settings: Settings) -> list[OrganizationalUnit]:
    units = korona.organizational_units()
    warehouses = [_one(units, each, WAREHOUSES, "organizational unit") for each in settings.location.warehouses]
    for unit in warehouses:
        if not unit.warehouse:
            what = f"KORONA's organizational unit “{unit.name}” is not a warehouse"
            raise ConfigurationError(what, f"correct {WAREHOUSES}")
    return warehouses


def must_sell_from(point_of_sale: PointOfSale, warehouses: Iterable[OrganizationalUnit]) -> None:
    """Raise ConfigurationError where receipts would lower a stock that is not summed for the location."""
    if point_of_sale.sells_from not in {unit.id for unit in warehouses}:
        raise ConfigurationError(
            f"point of sale “{point_of_sale.name}” lowers the stock of a warehouse that is not in {WAREHOUSES}",
            f"add that warehouse to {WAREHOUSES}, or change the point of sale's warehouse in KORONA Studio",
        )


def _find_booking_targets(
    korona: KoronaClient, store: Shop, settings: Settings, point_of_sale: PointOfSale
) -> BookingTargets:
    taxes = tuple(korona.sales_taxes())
    return BookingTargets(
        shop=settings.shopify.shop,
        currency=_currency(korona, store, settings.korona.price_list),
        point_of_sale_id=point_of_sale.id,
        payment_methods=payment_methods(korona, settings),
        sales_taxes=taxes,
        taxes=chosen_taxes(taxes, settings),
        shipping_article_id=service_article(korona, settings.orders.shipping_product, "orders.shipping_product").id,
        default_article_id=service_article(korona, settings.orders.default_product, "orders.default_product").id,
        default_number=settings.orders.default_product,
        cashier_id=cashier_id(korona, settings),
        customer_group_id=customer_group_id(korona, settings),
        books_unknown=settings.orders.unknown_sku == "default_product",
        rounding_cents=settings.orders.rounding_cents,
    )


def payment_methods(korona: KoronaClient, settings: Settings) -> dict[str, PaymentMethod]:
    """Return the payment methods of the configuration by gateway."""
    methods = korona.payment_methods()
    names = settings.orders.payment_methods.items()
    return {
        gateway: _one(methods, name, f"orders.payment_methods.{gateway}", "payment method") for gateway, name in names
    }


def chosen_taxes(taxes: Sequence[SalesTax], settings: Settings) -> dict[str, SalesTax]:
    """Return the sales taxes that the configuration chooses, by its own key."""
    chosen = settings.orders.taxes.items()
    return {key: _one(taxes, wanted, f"orders.taxes.{key}", "sales tax") for key, wanted in chosen}


def cashier_id(korona: KoronaClient, settings: Settings) -> str | None:
    return _optional(korona.cashiers, settings.korona.cashier, "korona.cashier", "cashier")


def customer_group_id(korona: KoronaClient, settings: Settings) -> str | None:
    wanted = settings.korona.customer_group
    return _optional(korona.customer_groups, wanted, "korona.customer_group", "customer group")


def _currency(korona: KoronaClient, store: Shop, wanted: str) -> str:
    """Return the currency of KORONA's price list, else the store's: a list that is missing concerns the products."""
    ids = {each.currency_id for each in korona.price_groups() if wanted in (each.number, each.name)}
    keys = {each.key for each in korona.currencies() if each.id in ids and each.key}
    return keys.pop() if len(keys) == 1 else store.currency


def bookable_point_of_sale(korona: KoronaClient, settings: Settings) -> PointOfSale:
    """Return the configured point of sale; raise Refused where receipts must not be booked on it."""
    point_of_sale = point_of_sale_of(korona, settings)
    must_be_bookable(point_of_sale)
    return point_of_sale


def must_be_bookable(point_of_sale: PointOfSale) -> None:
    """Raise Refused where a point of sale is a till, or one with a fiscal service."""
    if point_of_sale.type not in BOOKABLE_TYPES:
        raise Refused(
            f"point of sale “{point_of_sale.name}” is of type {point_of_sale.type}, not external",
            "name an external point of sale under korona.point_of_sale; korsync books on no other",
        )
    if point_of_sale.fiscal_service not in (None, "NONE"):
        raise Refused(
            f"point of sale “{point_of_sale.name}” has a fiscal service ({point_of_sale.fiscal_service})",
            "name an external point of sale without one; web orders are no till transactions",
        )


def point_of_sale_of(korona: KoronaClient, settings: Settings) -> PointOfSale:
    number = settings.korona.point_of_sale
    found = [each for each in korona.points_of_sale(number) if each.number == number]
    return _one(found, number, "korona.point_of_sale", "point of sale")


def service_article(korona: KoronaClient, number: str, key: str) -> Article:
    """Return an article that receipts need for what is no article; raise ConfigurationError where there is none."""
    try:
        article = korona.product_by_number(number)
    except Rejected as error:
        raise ConfigurationError(
            f"KORONA refuses to look for the article “{number}”: {error.what}",
            f"correct {key}; where it is right, KORONA's support can say what the refusal means",
        ).of(f"KORONA refuses to look for the article “{number}”") from None
    if article is None:
        raise ConfigurationError(f"KORONA has no article with the number “{number}”", f"correct {key}")
    return article


def _optional(read: Callable[[], Iterable[NamedT]], wanted: str | None, key: str, kind: str) -> str | None:
    return None if wanted is None else _one(read(), wanted, key, kind).id


def _one(things: Iterable[NamedT], wanted: str, key: str, kind: str) -> NamedT:
    """Return the one thing of that number, else of that name."""
    everything = list(things)
    found = [each for each in everything if each.number == wanted] or [
        each for each in everything if each.name == wanted
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{each.number} {each.name}" for each in everything[:8])
    count = "no" if not found else str(len(found))
    plural = "s" if len(found) > 1 else ""
    raise ConfigurationError(
        f"KORONA has {count} {kind}{plural} “{wanted}”", f"correct {key}; KORONA has: {known or 'none'}"
    )
