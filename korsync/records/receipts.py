"""KORONA's receipts as plain frozen values: as they are posted, as they stand there, and what a POST answers.

Money is Decimal in the shop's own currency, times are aware and in UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


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


@dataclass(frozen=True, slots=True)
class BookedTax:
    """A tax share as KORONA holds it; `included` is None where KORONA leaves out whether the price contains it."""

    sales_tax_id: str
    percent: Decimal
    amount: Decimal
    included: bool | None


@dataclass(frozen=True, slots=True)
class BookedLine:
    """A line of a receipt as KORONA holds it; `gross` is None where KORONA leaves it out.

    `line_id` is Shopify's line id, None on lines korsync did not write. `left_out` are the figures that
    KORONA does not say.
    """

    line_id: int | None
    article_id: str
    description: str
    quantity: Decimal
    base: Decimal
    discount: Decimal
    taxes: tuple[BookedTax, ...]
    gross: Decimal | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BookedReceipt:
    """A receipt as KORONA holds it; `gross` is None where KORONA leaves it out: then the rows tell it.

    `key` is the korsyncKey from its external references, None on foreign receipts.
    """

    id: str
    number: str
    order_number: str | None
    revision: int
    key: str | None
    shop: str | None
    order_id: int | None
    gross: Decimal | None
    lines: tuple[BookedLine, ...]
    created_at: datetime | None
    payments: tuple[ReceiptPayment, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One row of KORONA's answer to a POST; action and status are passed on as they came."""

    status: str
    action: str
    id: str | None
    number: str | None
    message: str
