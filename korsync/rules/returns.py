"""A refund becomes a negative receipt: pure. What came back to the shelf comes back at the price it was sold for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise

from korsync.records.amounts import Amounts
from korsync.records.bookings import refund_key
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, Refund, RefundLine
from korsync.records.receipts import BookedLine, BookedReceipt, Receipt, ReceiptLine, ReceiptTax
from korsync.rules.money import round_to, share, smallest_unit
from korsync.rules.payments import FAILED, money_back, return_payments
from korsync.rules.receipts import NotBookableError, receipt_of, require_bookable
from korsync.rules.taxes import completed

RESTOCKED = frozenset({"return", "cancel", "legacy_restock"})
"""The restock types of goods that came back to the shelf; an unknown type counts as not restocked."""

NOT_RESTOCKED = frozenset({"no_restock"})

_NOTHING = Decimal(0)


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
    that all returns of a line add up to its sale; Shopify's own figures are the check.
    """
    require_bookable(order, targets)
    unit = smallest_unit(order.currency)
    sale = completed(sale, {each.id: each.included for each in (*targets.sales_taxes, *targets.taxes.values())})
    _must_add_up(sale, unit)
    booked = {line.line_id: line for line in sale.lines}
    lines = []
    for line_id, pieces in restocked_pieces(refund).items():
        if line_id not in booked:
            raise NotBookableError("it returns a line that is not on the booked receipt")
        part = _Part(booked[line_id], returned.get(line_id, _NOTHING), Decimal(pieces), unit)
        _must_be_left(part)
        line = _returned_line(part, line_id)
        _check(line, unit, [each for each in refund.lines if each.line_id == line_id])
        lines.append(line)
    total = sum((line.gross for line in lines), _NOTHING)
    payments = return_payments(refund, order, sale, total, targets)
    return receipt_of(order, refund_key(refund.id), str(refund.id), refund.created_at, lines, payments, targets)


def _must_add_up(sale: BookedReceipt, unit: Decimal) -> None:
    """Hold a return whose sale KORONA shows with rows that are not its total: a share of them would be wrong too."""
    if sale.gross is None or any(tax.included is None for line in sale.lines for tax in line.taxes):
        raise NotBookableError(f"KORONA does not say whether the prices on its receipt {sale.number} contain the taxes")
    rows = sum((line.base + _on_top(line) for line in sale.lines), _NOTHING)
    if round_to(rows, unit) != round_to(sale.gross, unit):
        raise NotBookableError(f"KORONA's receipt {sale.number} says {sale.gross}, its rows add up to {rows}")


def must_be_as_booked(sale: BookedReceipt, booked: Amounts | None, unit: Decimal) -> None:
    """Hold a return whose sale KORONA shows with other amounts than korsync has booked, or not all of it.

    Nothing is compared where it is not known what was booked. KORONA may round the tax of each row by itself.
    """
    for line in sale.lines:
        if line.line_id is not None and line.left_out:
            what = f"KORONA does not say {line.left_out[0]} of “{line.description}” on its receipt {sale.number}"
            raise NotBookableError(f"{what}: book the return by hand in KORONA")
    shown = {tax.sales_tax_id: Decimal(0) for line in sale.lines for tax in line.taxes}
    for tax in (tax for line in sale.lines for tax in line.taxes):
        shown[tax.sales_tax_id] += tax.amount
    if booked is None or sale.gross is None:
        return
    meant = {each.sales_tax: each.amount for each in booked.taxes}
    apart = (abs(shown.get(each, _NOTHING) - meant.get(each, _NOTHING)) for each in shown.keys() | meant.keys())
    if sale.gross != booked.gross or any(each > unit * len(sale.lines) for each in apart):
        gross, taxes = (round_to(each, unit) for each in (sale.gross, sum(shown.values(), _NOTHING)))
        raise NotBookableError(
            f"KORONA's receipt {sale.number} says {gross} with {taxes} tax, {booked.gross} with {booked.tax} was "
            "booked: book the return by hand in KORONA"
        )


def _on_top(line: BookedLine) -> Decimal:
    return sum((tax.amount for tax in line.taxes if not tax.included), _NOTHING)


@dataclass(frozen=True, slots=True)
class _Part:
    """So many pieces of a booked line, after others that came back before."""

    of: BookedLine
    before: Decimal
    pieces: Decimal
    unit: Decimal

    def share(self, whole: Decimal) -> Decimal:
        return share(whole, self.of.quantity, self.before, self.pieces, self.unit)


def _must_be_left(part: _Part) -> None:
    sold = part.of
    if part.before + part.pieces > sold.quantity:
        came, earlier, booked = (f"{each.normalize():f}" for each in (part.pieces, part.before, sold.quantity))
        raise NotBookableError(f"{came} × “{sold.description}” came back after {earlier}, but {booked} were booked")


def _returned_line(part: _Part, line_id: int) -> ReceiptLine:
    """Return the negative line of a part.

    Each tax is the share of all taxes up to it less that of those before it: so their sum is right to the smallest
    unit, which shares of each tax by itself are not.
    """
    sold = part.of
    sums = accumulate((tax.amount for tax in sold.taxes), initial=_NOTHING)
    shares = [part.share(upto) - part.share(before) for before, upto in pairwise(sums)]
    taxes = tuple(
        ReceiptTax(tax.sales_tax_id, tax.percent, -amount, tax.included is True)
        for tax, amount in zip(sold.taxes, shares, strict=True)
    )
    base, discount = -part.share(sold.base), -part.share(sold.discount)
    return ReceiptLine(line_id, sold.article_id, sold.description, -part.pieces, base, discount, taxes)


def _check(line: ReceiptLine, unit: Decimal, refunded: Iterable[RefundLine]) -> None:
    """Compare a returned line with Shopify's subtotal and tax, which may round each piece by itself.

    Whether a subtotal contains the tax is not documented for shops whose prices do: either reading will do.
    """
    rows = [each for each in refunded if each.restock_type in RESTOCKED]
    within = unit * -line.quantity
    tax = -sum((each.amount for each in line.taxes), _NOTHING)
    gross = -line.gross
    subtotal = sum((each.subtotal for each in rows), _NOTHING)
    if min(abs(gross - subtotal), abs(gross - tax - subtotal)) > within:
        raise NotBookableError(
            f"the returned share of “{line.description}” is {gross} gross or {gross - tax} net, Shopify's is {subtotal}"
        )
    taxes = [each.total_tax for each in rows if each.total_tax is not None]
    if len(taxes) == len(rows) and abs(tax - sum(taxes, _NOTHING)) > within:
        raise NotBookableError(
            f"the tax in the returned share of “{line.description}” is {tax}, Shopify's is {sum(taxes, _NOTHING)}"
        )


# --- what is told of a refund beside its receipt ---


def remark_on(refund: Refund, order: Order) -> str:
    """Say what of a refund is not booked, and where its money is not the goods' price; empty where all of it is."""
    left = "; ".join(_not_booked(refund, order))
    return "; ".join(filter(None, (f"not booked: {left}" if left else "", _other_money(refund, order))))


def _not_booked(refund: Refund, order: Order) -> Iterator[str]:
    away = sum(line.quantity for line in refund.lines if line.restock_type not in RESTOCKED)
    strange = sorted({line.restock_type for line in refund.lines} - RESTOCKED - NOT_RESTOCKED)
    if away and refund.of_return:
        yield f"pieces of a return, of which KORONA does not know whether they are back on the shelf: {away}"
    elif away:
        yield f"pieces that were not restocked: {away}"
    if strange:
        yield f"not known, so taken for not restocked: {', '.join(strange)}"
    if refund.shipping is not None:
        yield f"shipping {_told(refund.shipping, order.currency)}"
    if refund.lines:
        return
    amount, currency = _given_back(refund, order)
    if currency != order.currency and amount:
        yield f"an amount of {_told(amount, currency)} {currency} without goods"
    elif amount > (refund.shipping or _NOTHING):
        yield f"an amount of {_told(amount - (refund.shipping or _NOTHING), currency)} without goods"
    elif refund.shipping is None:
        yield "an amount without goods"


def _other_money(refund: Refund, order: Order) -> str:
    """Say where the money given back is not the price of what it is for; in the buyer's currency nobody can tell."""
    amount, currency = _given_back(refund, order)
    if not refund.lines or not amount or currency != order.currency:
        return ""
    goods, shipping = _price(refund.lines, order), refund.shipping or _NOTHING
    taxes = sum((line.total_tax or _NOTHING for line in refund.lines), _NOTHING)
    # Whether a subtotal contains the tax is not documented for shops whose prices do.
    if amount - shipping in (goods, goods + (taxes if order.taxes_included else _NOTHING)):
        return ""
    what = f"goods of {_told(goods, currency)}{f' and shipping of {_told(shipping, currency)}' if shipping else ''}"
    back = [line for line in refund.lines if line.restock_type in RESTOCKED]
    booked = f"; booked: {_told(_price(back, order), currency)}" if back else ""
    return f"{_told(amount, currency)} given back for {what}{booked}"


def _given_back(refund: Refund, order: Order) -> tuple[Decimal, str]:
    """Return the money that a refund gave back or is giving back, and its currency."""
    moved = [each for each in refund.transactions if each.status not in FAILED]
    currency = next((each.currency for each in moved if each.currency), order.currency)
    return sum(money_back(refund).values(), _NOTHING) if moved else _NOTHING, currency


def _price(lines: Iterable[RefundLine], order: Order) -> Decimal:
    return sum((line.price(order.taxes_included) for line in lines), _NOTHING)


def _told(amount: Decimal, currency: str) -> str:
    return str(round_to(amount, smallest_unit(currency)))
