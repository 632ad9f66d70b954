"""Shopify's orders and refunds as plain frozen values, without anything about a customer.

Money is Decimal in the shop's own currency, times are aware and in UTC, ids are what the API gave.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A tax of an order line as Shopify computed it: amount for the whole line, rate in percent where Shopify says."""

    percent: Decimal | None
    amount: Decimal
    title: str = ""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order in the shop's money. `discount` is the sum of its discount allocations.

    `quantity` never changes; `current_quantity`, where Shopify says it, falls with every removal, also of goods that
    did not come back. `unshipped` are the pieces still to be shipped, None where Shopify does not say.
    """

    id: int
    sku: str
    variant_id: int | None
    title: str
    quantity: int
    current_quantity: int | None
    price: Decimal
    discount: Decimal
    taxes: tuple[TaxLine, ...]
    gift_card: bool = False
    tip: bool = False
    custom: bool = False
    unshipped: int | None = None


@dataclass(frozen=True, slots=True)
class ShippingLine:
    """A shipping line of an order in the shop's money; removed ones stay listed."""

    id: int
    title: str
    price: Decimal
    discount: Decimal
    taxes: tuple[TaxLine, ...]
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Fee:
    """A duty of an order line or an additional fee of the order, with its own Shopify id, in the shop's money."""

    id: int
    title: str
    price: Decimal
    taxes: tuple[TaxLine, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundLine:
    """So many pieces of an order line in a refund, in the shop's money; `restock_type` is passed on as it came."""

    id: int
    line_id: int
    quantity: int
    restock_type: str
    location_id: int | None
    subtotal: Decimal
    total_tax: Decimal | None = None

    def price(self, taxes_included: bool) -> Decimal:
        """Return what the pieces cost with their tax, which the subtotal contains where the order's prices do."""
        return self.subtotal if taxes_included else self.subtotal + (self.total_tax or Decimal(0))


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment or refund of money; `parent_id` is the transaction that it goes back to.

    Those within an order's refunds are in the currency that the buyer paid in; `currency` is empty where nobody says.
    """

    id: int
    kind: str
    status: str
    gateway: str
    amount: Decimal
    parent_id: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of an order; without transactions: an order edit that took units out, or unpaid.

    `shipping` is the shipping that it gives back, with its tax; None where it gives none. `of_return`: it pays for
    goods that came back by a return, which alone says whether they are on the shelf again. `unreadable`: not all of it
    could be read, and its pieces only as far as they could.
    """

    id: int
    created_at: datetime
    lines: tuple[RefundLine, ...]
    transactions: tuple[Transaction, ...]
    shipping: Decimal | None = None
    of_return: bool = False
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class DraftLine:
    """Pieces of a variant in a draft order."""

    variant_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """A draft order that may reserve its pieces, which Shopify's REST API does not tell; its order once it is one."""

    id: int
    order_id: int | None
    lines: tuple[DraftLine, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A Shopify order in the shop's money, without anything about the customer.

    `current_total_price` is what is left of the total after edits and refunds. Where Shopify's figures of money cannot
    be used, `unreadable` says why: only the pieces are right then, and not even those where it `is_told` no more.
    """

    id: int
    name: str
    order_number: int
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None
    test: bool
    fulfilled: bool
    currency: str
    taxes_included: bool
    total_price: Decimal | None
    gateways: tuple[str, ...]
    lines: tuple[OrderLine, ...]
    shipping_lines: tuple[ShippingLine, ...]
    fees: tuple[Fee, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    refunds: tuple[Refund, ...] = ()
    unreadable: str = ""
    processed_at: datetime | None = None
    current_total_price: Decimal | None = None
    archived: bool = False
    is_told: bool = True

    @property
    def placed_at(self) -> datetime:
        """When the buyer ordered: an order imported from elsewhere was processed there before it was created here."""
        return min(self.created_at, self.processed_at or self.created_at)
