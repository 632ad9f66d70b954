"""Orders, refunds and payments as the simulated Shopify store keeps them. Money is in the shop's currency."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict


class CustomLine(TypedDict, total=False):
    """An order line without a variant: a made-up article, a service. `tax` is a rate in percent, none without it."""

    title: str
    price: Decimal | str
    tax: Decimal | str
    sku: str
    gift_card: bool


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount as the buyer gets it: percent or amount, across all goods, on one line, or on the shipping."""

    value: Decimal
    percentage: bool = True
    target: Literal["order", "line", "shipping"] = "order"
    line: int = 0
    code: str | None = "HERBST10"


@dataclass
class Tax:
    """A tax of a line: rate in percent, amount for the whole line."""

    percent: Decimal
    amount: Decimal


@dataclass
class Allocation:
    """A line's share of the discount with this index."""

    amount: Decimal
    application: int


@dataclass
class Duty:
    """An import duty of a line, with its own taxes."""

    id: int
    amount: Decimal
    taxes: list[Tax] = field(default_factory=list)


@dataclass
class Line:
    """An order line. `quantity` stays as ordered for ever; `raised` counts the pieces that edits added to it."""

    id: int
    quantity: int
    title: str
    sku: str | None
    price: Decimal
    percents: tuple[Decimal, ...]
    variant_id: int | None = None
    product_id: int | None = None
    variant_title: str | None = None
    tracked: bool = False
    gift_card: bool = False
    tip: bool = False
    raised: int = 0
    removed: int = 0
    fulfilled: int = 0
    unfulfilled_removed: int = 0
    taxes: list[Tax] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)

    @property
    def sold(self) -> int:
        """The pieces ever sold in this line."""
        return self.quantity + self.raised

    @property
    def current_quantity(self) -> int:
        """The pieces left after removals of every kind."""
        return self.sold - self.removed

    @property
    def fulfillable(self) -> int:
        """The pieces still to ship."""
        return self.sold - self.fulfilled - self.unfulfilled_removed

    @property
    def discount(self) -> Decimal:
        """The line's discount."""
        return sum((each.amount for each in self.allocations), Decimal(0))

    @property
    def total(self) -> Decimal:
        """The line's price after discounts; with its taxes where the order's prices contain them."""
        return self.price * self.sold - self.discount


@dataclass
class ShippingLine:
    """What the shipping costs; a removed one stays listed."""

    id: int
    title: str
    price: Decimal
    percents: tuple[Decimal, ...]
    removed: bool = False
    taxes: list[Tax] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """The price after discounts; with its taxes where the order's prices contain them."""
        return self.price - sum((each.amount for each in self.allocations), Decimal(0))


MoneyStatus = Literal["success", "pending", "failure", "error"]


@dataclass
class Transaction:
    """Money taken, promised or given back."""

    id: int
    kind: Literal["sale", "authorization", "capture", "void", "refund"]
    status: MoneyStatus
    gateway: str
    amount: Decimal
    created_at: datetime
    parent_id: int | None = None


@dataclass
class RefundLine:
    """So many pieces of a line in a refund, and what became of them."""

    id: int
    line_id: int
    quantity: int
    restock_type: str
    location_id: int | None
    subtotal: Decimal
    total_tax: Decimal


@dataclass
class RefundedShipping:
    """What was given back of a shipping line."""

    id: int
    shipping_line_id: int
    amount: Decimal
    tax: Decimal


@dataclass
class Adjustment:
    """Why the money given back differs from the lines; negative: more money than the lines say."""

    id: int
    amount: Decimal
    reason: str = "Refund discrepancy"
    kind: Literal["refund_discrepancy", "shipping_refund"] = "refund_discrepancy"
    tax: Decimal = Decimal(0)


@dataclass
class Refund:
    """A refund record; one without transactions comes from an order edit or from an order nobody had paid.

    `by_edit` tells the first kind; `return_id` names the return that it belongs to.
    """

    id: int
    order_id: int
    created_at: datetime
    by_edit: bool = False
    return_id: int | None = None
    lines: list[RefundLine] = field(default_factory=list)
    shipping: list[RefundedShipping] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)


@dataclass
class Order:
    """An order; `listed_from` is when lists and look-ups begin to show it.

    `processed_at` lies before `created_at` where the order was made elsewhere and imported. `tax_titles` are what its
    rates are called. Where it is `told`, that JSON is shown word for word, whatever else is kept.
    """

    id: int
    number: int
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    listed_from: datetime
    currency: str
    presentment_currency: str
    presentment_rate: Decimal
    taxes_included: bool
    test: bool
    source_name: str
    location_id: int
    tax_exempt: bool = False
    duties_included: bool = False
    cash_rounding: Decimal = Decimal(0)
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    discounts: tuple[Discount, ...] = ()
    lines: list[Line] = field(default_factory=list)
    shipping_lines: list[ShippingLine] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    tax_titles: dict[Decimal, str] = field(default_factory=dict)
    told: dict[str, Any] | None = None
    told_transactions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def order_number(self) -> int:
        """The number that people know: counted from 1001."""
        return self.number + 1000

    @property
    def name(self) -> str:
        """The order's name as people say it."""
        return f"#{self.order_number}" if self.told is None else str(self.told["name"])

    @property
    def gateways(self) -> list[str]:
        """The gateways that money was to come through."""
        return list(dict.fromkeys(each.gateway for each in self.transactions if each.kind in {"sale", "authorization"}))

    @property
    def rows(self) -> list[Line | ShippingLine]:
        """Everything that is discounted and taxed: lines, then shipping lines."""
        return [*self.lines, *self.shipping_lines]

    def line_of(self, key: str | int) -> Line:
        """Return a line by SKU (the first of several) or by id; raise KeyError where there is none."""
        for line in self.lines:
            if key in (line.id, line.sku):
                return line
        raise KeyError(f"order {self.name} has no line {key!r}")

    def shipping_line(self, shipping_line_id: int) -> ShippingLine:
        """Return a shipping line by id; raise StopIteration where there is none."""
        return next(each for each in self.shipping_lines if each.id == shipping_line_id)

    def every_transaction(self) -> list[Transaction]:
        """Return payments and refunds of money, the oldest first."""
        refunded = [each for refund in self.refunds for each in refund.transactions]
        return sorted([*self.transactions, *refunded], key=lambda each: each.id)
