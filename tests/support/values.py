"""Any value that a record may hold, by its type hints; and a small shop as values, without a server."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from korsync.records.bookings import KnownLine, KnownOrder
from korsync.records.catalogue import (
    Article,
    ArticlePrice,
    InventoryLevel,
    Location,
    PriceGroup,
    ShopProduct,
    StockLevel,
    Variant,
)
from korsync.records.memory import BookingTargets, Cache, Identity, Memory, ProductTargets, State, StockTargets
from korsync.records.seen import Catalogue, Levels, Look, ShopProducts, WarehouseStock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EARLIER = NOON - timedelta(minutes=20)
SETTLE = timedelta(minutes=15)

PRICE_GROUP = PriceGroup("group", "1", "Shopify", net_prices=False, currency_id=None)
PRODUCT_TARGETS = ProductTargets(PRICE_GROUP, Decimal("0.01"))
STOCK_TARGETS = StockTargets(Location(60, "Laden Mitte", active=True), ("warehouse",))
BOOKING_TARGETS = BookingTargets("shop.example", "EUR", "web shop", "shipping", "default", "9000", {}, ())


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that a field with this type hint may hold."""
    arguments = get_args(hint)
    if NoneType in arguments:
        return st.none() | values(arguments[0])
    if get_origin(hint) is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return st.builds(hint, **{each.name: values(hints[each.name]) for each in fields(hint)})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(0, 2**63),
        str: st.text(st.characters(), max_size=5),
        bool: st.booleans(),
        Decimal: st.decimals(-(10**20), 10**20, places=4),
        date: st.dates(),
        datetime: st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    }
    return plain[hint]


def article(number: str, name: str, price: str) -> Article:
    prices = (ArticlePrice("group", Decimal(price)),)
    return Article(f"article {number}", number, name, 1, True, False, True, prices)


def product(number: int, title: str, price: str) -> ShopProduct:
    """A product with one variant, whose SKU and ids are made of a number."""
    variant = Variant(number + 1000, number, str(number), Decimal(price), None, number + 2000, tracked=True)
    return ShopProduct(number, title, "active", EARLIER, (variant,))


def level(number: int, pieces: int) -> InventoryLevel:
    return InventoryLevel(number + 2000, 60, pieces, NOON)


def stocked(pieces: int) -> WarehouseStock:
    """KORONA's stock of article 1001."""
    return WarehouseStock({"article 1001": StockLevel("article 1001", "warehouse", Decimal(pieces), 1)}, 1, EARLIER)


def order(order_id: int = 1, pieces: int = 2, **changes: Any) -> KnownOrder:
    lines = (KnownLine(order_id * 10, "1001", 2001, pieces),)
    values: dict[str, Any] = {"test": False, "fulfilled": False, "before_start": False, "lines": lines, **changes}
    return KnownOrder(order_id, f"#{order_id}", EARLIER, EARLIER, None, **values)


def memory(*orders: KnownOrder, stock: WarehouseStock | None = None) -> Memory:
    """Article 1001 on both sides, 5 pieces for 8.90, well known; and these orders."""
    state = State(Identity("shop.example", "account", "90"), EARLIER, orders={each.id: each for each in orders})
    cache = Cache(
        catalogue=Catalogue({"article 1001": article("1001", "Tee", "8.90")}),
        shop_products=ShopProducts({1001: product(1001, "Tee", "8.90")}),
        stocks={"warehouse": stock or stocked(5)},
        levels=Levels({3001: level(1001, 5)}, NOON, EARLIER),
        looks={3001: Look(5, EARLIER)},
    )
    return Memory(state, cache)
