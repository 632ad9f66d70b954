"""A refund becomes a negative receipt: pure. What came back to the shelf comes back at the price it was sold for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from korsync.records.bookings import refund_key
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, Refund, RefundLine
from korsync.records.receipts import BookedLine, BookedReceipt, Receipt, ReceiptLine, ReceiptPayment
from korsync.rules.money import round_to, share, smallest_unit
from korsync.rules.receipts import NotBookableError, payment_method, receipt_of, require_readable

RESTOCKED = frozenset({"return", "cancel", "legacy_restock"})
"""The restock types of goods that came back to the shelf; an unknown type counts as not restocked."""

NOT_RESTOCKED = frozenset({"no_restock"})

FAILED = frozenset({"failure", "error"})
"""The states of a transaction that moved no money; one that is pending still may."""


def restocked_pieces(refund: Refund) -> dict[int, int]:
    """Return the pieces per order line that a refund put back on the shelf; a line listed twice is added up."""
    pieces: dict[int, int] = {}
    for line in refund.lines:
        if line.restock_type in RESTOCKED and line.quantity > 0:
            pieces[line.line_id] = pieces.get(line.line_id, 0) + line.quantity
    return pieces


def returned_pieces(receipt: Receipt | BookedReceipt) -> dict[int, Decimal]:
    """Return the pieces per order line that a negative receipt takes back."""
    pieces: dict[int, Decimal] = {}
    for line in receipt.lines:
        if line.line_id is not None:
            pieces[line.line_id] = pieces.get(line.line_id, Decimal(0)) - line.quantity
    return pieces


def return_receipt(
    refund: Refund, order: Order, sale: BookedReceipt, returned: Mapping[int, Decimal], targets: BookingTargets
) -> Receipt:
    """Return the negative receipt of a refund; raise NotBookableError where its figures do not fit.

    Amounts are the share of what KORONA holds as booked, after the pieces per line that were `returned` before, so
    that all returns of a line add up to its sale; Shopify's subtotal, whose basis is not documented, is the check in
    either reading.
    """
    require_readable(order)
    booked = {line.line_id: line for line in sale.lines if line.line_id is not None}
    unit = smallest_unit(order.currency)
    _must_add_up(sale, unit)
    lines = []
    for line_id, pieces in restocked_pieces(refund).items():
        if line_id not in booked:
            raise NotBookableError("it returns a line that is not on the booked receipt")
        part = _Part(booked[line_id], returned.get(line_id, Decimal(0)), Decimal(pieces), unit)
        _check(part, [each for each in refund.lines if each.line_id == line_id])
        lines.append(_returned_line(part, line_id))
    total = sum((line.gross for line in lines), Decimal(0))
    payments = _return_payments(refund, order, total, targets)
    return receipt_of(order, refund_key(refund.id), str(refund.id), refund.created_at, lines, payments, targets)


def _must_add_up(sale: BookedReceipt, unit: Decimal) -> None:
    """Hold a return whose sale KORONA shows with rows that are not its total: a share of them would be wrong too."""
    rows = sum((line.base + _on_top(line) for line in sale.lines), Decimal(0))
    if round_to(rows, unit) != round_to(sale.gross, unit):
        raise NotBookableError(f"KORONA's receipt {sale.number} says {sale.gross}, its rows add up to {rows}")


def _on_top(line: BookedLine) -> Decimal:
    return sum((tax.amount for tax in line.taxes if not tax.included), Decimal(0))


@dataclass(frozen=True, slots=True)
class _Part:
    """So many pieces of a booked line, after others that came back before."""

    of: BookedLine
    before: Decimal
    pieces: Decimal
    unit: Decimal

    def share(self, whole: Decimal) -> Decimal:
        return share(whole, self.of.quantity, self.before, self.pieces, self.unit)


def _returned_line(part: _Part, line_id: int) -> ReceiptLine:
    sold = part.of
    taxes = tuple(replace(tax, amount=-part.share(tax.amount)) for tax in sold.taxes)
    base, discount = -part.share(sold.base), -part.share(sold.discount)
    return ReceiptLine(line_id, sold.article_id, sold.description, -part.pieces, base, discount, taxes)


def _check(part: _Part, refunded: Iterable[RefundLine]) -> None:
    """Compare with what was booked and with Shopify's subtotal, gross or net; a unit per refund line is rounding."""
    sold = part.of
    if part.before + part.pieces > sold.quantity:
        came, earlier, booked = (f"{each.normalize():f}" for each in (part.pieces, part.before, sold.quantity))
        raise NotBookableError(f"{came} × “{sold.description}” came back after {earlier}, but {booked} were booked")
    subtotals = [each.subtotal for each in refunded if each.restock_type in RESTOCKED]
    told = sum(subtotals, Decimal(0))
    inside = sum((tax.amount for tax in sold.taxes if tax.included), Decimal(0))
    gross, net = part.share(sold.base + _on_top(sold)), part.share(sold.base - inside)
    if min(abs(gross - told), abs(net - told)) > part.unit * len(subtotals):
        raise NotBookableError(
            f"the returned share of “{sold.description}” is {gross} gross or {net} net, Shopify's is {told}"
        )


def _return_payments(
    refund: Refund, order: Order, total: Decimal, targets: BookingTargets
) -> tuple[ReceiptPayment, ...]:
    """Pay the whole total back through one gateway: the one most of the money went through, else the sale's."""
    if total == 0:
        return ()
    given_back = [each for each in refund.transactions if each.kind == "refund"]
    gone = [each for each in given_back if each.status not in FAILED] or given_back
    most = max(gone, key=lambda each: each.amount, default=None)
    gateway = most.gateway if most else next(iter(order.gateways), "default")
    return (ReceiptPayment(payment_method(gateway, targets), total),)
