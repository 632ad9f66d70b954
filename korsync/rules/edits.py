"""What an order came to after it was booked: pieces that edits added become a receipt of their own. Pure.

Everything is compared with what stands in KORONA, to the cent: the receipts of an order together are what Shopify says
of it now, or a person is told both figures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain

from korsync.records.amounts import Amounts, amounts_of
from korsync.records.bookings import BookingStatus, KnownOrder, edit_key, sale_key
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order
from korsync.records.receipts import BookedLine, BookedReceipt, Receipt, ReceiptLine, ReceiptPayment
from korsync.rules.money import smallest_unit
from korsync.rules.payments import payment_method
from korsync.rules.receipts import (
    NearNumbers,
    NotBookableError,
    receipt_lines,
    receipt_of,
    require_bookable,
    totals,
    why_unknown,
)
from korsync.rules.taxes import completed, plain, sales_taxes_for


def edit_receipt(
    known: KnownOrder,
    order: Order,
    receipts: Iterable[BookedReceipt],
    articles: Mapping[int, str],
    targets: BookingTargets,
    near: NearNumbers,
) -> Receipt:
    """Return the receipt of the pieces and lines that edits added since; raise NotBookableError where none can be made.

    It is what Shopify says of these lines now less what stands in KORONA, so that all receipts together are the order.
    """
    require_bookable(order, targets)
    added = known.added_pieces
    troubles = why_unknown((line for line in order.lines if line.id in added), articles, targets, near)
    if troubles:
        raise NotBookableError("; ".join(troubles))
    booked = sold_in_korona(known.id, receipts, targets)
    by_line = {line.line_id: line for line in booked.lines}
    goods = {line.id for line in order.lines}
    lines = [
        _added(line, by_line.get(line.line_id))
        for line in receipt_lines(order, articles, targets)
        if line.line_id in added or (line.line_id not in by_line and line.line_id not in goods)
    ]
    _must_be_the_order(order, booked, lines, targets)
    number = 1 + sum(1 for each in known.edits if each.status is not BookingStatus.REFUSED)
    gross = sum((line.gross for line in lines), Decimal(0))
    gateway = order.gateways[-1] if order.gateways else "default"
    payments = (ReceiptPayment(payment_method(gateway, targets), gross),) if gross else ()
    key = edit_key(order.id, number)
    return receipt_of(order, key, f"{order.id}{number}", order.updated_at, lines, payments, targets)


def sold_in_korona(order_id: int, receipts: Iterable[BookedReceipt], targets: BookingTargets) -> BookedReceipt:
    """Return an order's sale and the receipts of what edits added as one receipt; each line of the order once.

    Raises NotBookableError where KORONA does not show the sale.
    """
    included = {each.id: each.included for each in (*targets.sales_taxes, *targets.taxes.values())}
    shown = [completed(each, included) for each in receipts]
    sale = next((each for each in shown if each.key == sale_key(order_id)), None)
    if sale is None:
        raise NotBookableError("KORONA does not show the receipt of its sale")
    edits = [each for each in shown if each.key is not None and each.key.startswith(f"edit/{order_id}/")]
    by_line: dict[int | None, BookedLine] = {}
    for line in (line for each in (sale, *edits) for line in each.lines if line.line_id is not None):
        before = by_line.get(line.line_id)
        by_line[line.line_id] = line if before is None else _together(before, line)
    gross = [each.gross for each in (sale, *edits) if each.gross is not None]
    whole = sum(gross, Decimal(0)) if len(gross) == 1 + len(edits) else None
    payments = tuple(payment for each in (sale, *edits) for payment in each.payments)
    nameless = tuple(line for each in (sale, *edits) for line in each.lines if line.line_id is None)
    return replace(sale, gross=whole, lines=(*by_line.values(), *nameless), payments=payments)


def _together(one: BookedLine, other: BookedLine) -> BookedLine:
    taxes = {tax.sales_tax_id: tax for tax in one.taxes}
    for tax in other.taxes:
        before = taxes.get(tax.sales_tax_id)
        taxes[tax.sales_tax_id] = tax if before is None else replace(before, amount=before.amount + tax.amount)
    gross = None if one.gross is None or other.gross is None else one.gross + other.gross
    return replace(
        one,
        quantity=one.quantity + other.quantity,
        base=one.base + other.base,
        discount=one.discount + other.discount,
        taxes=tuple(taxes.values()),
        gross=gross,
        left_out=(*one.left_out, *other.left_out),
    )


def _added(now: ReceiptLine, booked: BookedLine | None) -> ReceiptLine:
    """Return what a line has more than KORONA holds of it."""
    if booked is None:
        return now
    if now.quantity <= booked.quantity:
        # A receipt of nothing would leave the pieces to be booked, and be followed by another one in every run.
        raise NotBookableError(f"KORONA has {booked.quantity.normalize():f} × “{now.description}” of it already")
    before = {tax.sales_tax_id: tax.amount for tax in booked.taxes}
    taxes = tuple(replace(tax, amount=tax.amount - before.get(tax.sales_tax_id, Decimal(0))) for tax in now.taxes)
    more = replace(
        now,
        quantity=now.quantity - booked.quantity,
        base=now.base - booked.base,
        discount=now.discount - booked.discount,
        taxes=taxes,
    )
    if more.base < 0 or any(tax.amount < 0 for tax in taxes):
        raise NotBookableError(
            f"pieces of “{now.description}” were added, and the line is {-more.base} less than was booked for it before"
        )
    return more


def _must_be_the_order(
    order: Order, booked: BookedReceipt, lines: Iterable[ReceiptLine], targets: BookingTargets
) -> None:
    more = sum((line.gross for line in lines), Decimal(0))
    if booked.gross is None:
        raise NotBookableError("KORONA does not say what its receipts come to")
    whole = booked.gross + more
    wanted = list(totals(order, is_edited=True))
    within = targets.rounding_cents * smallest_unit(order.currency)
    if not wanted or min(abs(each - whole) for each in wanted) > within:
        raise NotBookableError(
            f"booked are {booked.gross}, with what was added {whole}; Shopify's total is {order.total_price}, "
            f"{order.current_total_price} by now"
        )


# --- money that changed and pieces that did not ---


@dataclass(frozen=True, slots=True)
class MoneyChange:
    """What was booked of an order, and what it comes to now."""

    booked: Amounts
    now: Amounts

    @property
    def reason(self) -> str:
        """The change in a shopkeeper's words."""
        return (
            f"changed after it was booked: booked are {self.booked.gross} with {self.booked.tax} tax, Shopify says "
            f"{self.now.gross} with {self.now.tax} tax now"
        )


def money_change(known: KnownOrder, order: Order, targets: BookingTargets) -> MoneyChange | None:
    """Return how the money of a booked order changed; None where it is what was booked, or what a person settled."""
    booked = known.booked_amounts
    if booked is None or order.unreadable or not known.is_booked or known.ignored:
        return None
    now = amounts_now(order, targets)
    within = targets.rounding_cents * smallest_unit(order.currency)
    # By what they come to: the sales taxes may have changed in KORONA since, which is no change of the order.
    if now == known.settled_amounts or (now.tax == booked.tax and abs(now.gross - booked.gross) <= within):
        return None
    return MoneyChange(booked, now)


def amounts_now(order: Order, targets: BookingTargets) -> Amounts:
    """Return what would be booked of an order if it were seen for the first time, whatever its articles."""
    lines = receipt_lines(order, {}, targets)
    return amounts_of(sum((line.gross for line in lines), Decimal(0)), _taxes(lines, order, targets))


def _taxes(lines: Iterable[ReceiptLine], order: Order, targets: BookingTargets) -> list[tuple[str, Decimal]]:
    """Return the taxes of an order; those for which KORONA has no sales tax, or several, go by their rate."""
    found = [(tax.sales_tax_id, tax.amount) for line in lines for tax in line.taxes]
    told = [*chain.from_iterable(line.taxes for line in order.lines)]
    told += chain.from_iterable(fee.taxes for fee in order.fees)
    told += chain.from_iterable(line.taxes for line in order.shipping_lines if not line.removed)
    nameless = [tax for tax in told if tax.percent is None or len(sales_taxes_for(tax, order, targets)) != 1]
    return found + [("?" if tax.percent is None else f"{plain(tax.percent)} %", tax.amount) for tax in nameless]
