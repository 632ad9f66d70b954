"""What the configuration names, found on both sides: checked before the pipeline that needs it, kept for a day."""

from dataclasses import dataclass
from decimal import Decimal

from korsync.records import Location, PaymentMethod, PointOfSale, PriceGroup, SalesTax


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
    """What orders and refunds need to know to make receipts; payment methods by gateway."""

    point_of_sale: PointOfSale
    payment_methods: dict[str, PaymentMethod]
    sales_taxes: tuple[SalesTax, ...]
    shipping_article_id: str
    default_article_id: str
    cashier_id: str | None = None
    customer_group_id: str | None = None
