"""What is sold and what is booked, as plain frozen values: orders, refunds, receipts.

Money is Decimal in the shop's own currency, times are aware and in UTC, ids are what the API gave.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

# --- Shopify: orders and refunds ---


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A tax of an order line as Shopify computed it: amount for the whole line, rate in percent where Shopify says."""

    percent: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order in the shop's money. `discount` is the sum of its discount allocations.

    `quantity` never changes; `current_quantity` falls with every removal, also of goods that did not come back.
    """

    id: int
    sku: str
    variant_id: int | None
    title: str
    quantity: int
    current_quantity: int
    price: Decimal
    discount: Decimal
    taxes: tuple[TaxLine, ...]
    gift_card: bool = False
    tip: bool = False
    custom: bool = False


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


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment or refund of money in the shop's currency; `parent_id` is the transaction that it goes back to."""

    id: int
    kind: str
    status: str
    gateway: str
    amount: Decimal
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of an order; without transactions: an order edit that took units out, or unpaid."""

    id: int
    created_at: datetime
    lines: tuple[RefundLine, ...]
    transactions: tuple[Transaction, ...]
    has_shipping: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A Shopify order in the shop's money, without anything about the customer.

    Where Shopify's figures of money cannot be used, `unreadable` says why: only the pieces are right then.
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


# --- KORONA: a receipt about to be posted ---


@dataclass(frozen=True, slots=True)
class ReceiptTax:
    """The tax share of a receipt line: amount in the shop's currency, rate in percent."""

    sales_tax_id: str
    percent: Decimal
    amount: Decimal
    included: bool


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line of a receipt. `base` is the row's price after discounts, gross where its taxes are included."""

    line_id: int
    article_id: str
    description: str
    quantity: Decimal
    base: Decimal
    discount: Decimal
    taxes: tuple[ReceiptTax, ...]

    @property
    def gross(self) -> Decimal:
        """The row's price with all taxes."""
        return self.base + sum((tax.amount for tax in self.taxes if not tax.included), Decimal(0))


@dataclass(frozen=True, slots=True)
class ReceiptPayment:
    """A payment of a receipt in the shop's currency; negative on a return."""

    payment_method_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Receipt:
    """Exactly what is posted to KORONA; `key` is a pure function of Shopify's ids (`order/<id>` or `refund/<id>`)."""

    id: str
    key: str
    shop: str
    order_id: int
    number: str
    order_number: str
    booked_at: datetime
    lines: tuple[ReceiptLine, ...]
    payments: tuple[ReceiptPayment, ...]
    cashier_id: str | None = None
    customer_group_id: str | None = None

    @property
    def gross(self) -> Decimal:
        """The receipt's total in the shop's currency, taxes included."""
        return sum((line.gross for line in self.lines), Decimal(0))


# --- KORONA: receipts as they stand there ---


@dataclass(frozen=True, slots=True)
class BookedLine:
    """A line of a receipt as KORONA holds it. `line_id` is Shopify's line id, None on lines korsync did not write."""

    line_id: int | None
    article_id: str
    description: str
    quantity: Decimal
    base: Decimal
    discount: Decimal
    taxes: tuple[ReceiptTax, ...]


@dataclass(frozen=True, slots=True)
class BookedReceipt:
    """A receipt as KORONA holds it. `key` is the korsyncKey from its external references, None on foreign receipts."""

    id: str
    number: str
    order_number: str | None
    revision: int
    key: str | None
    shop: str | None
    order_id: int | None
    gross: Decimal
    lines: tuple[BookedLine, ...]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One row of KORONA's answer to a POST; action and status are passed on as they came."""

    status: str
    action: str
    id: str | None
    number: str | None
    message: str
