"""An order becomes a receipt: pure, and nothing is booked on a guess.

A receipt cannot be changed or deleted in KORONA, so whatever does not fit to the cent is held with both figures.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from korsync.records.bookings import sale_key
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, OrderLine, Refund, TaxLine, Transaction
from korsync.records.receipts import Receipt, ReceiptLine, ReceiptPayment
from korsync.rules.money import smallest_unit
from korsync.rules.payments import sale_payments
from korsync.rules.taxes import receipt_taxes, tax_troubles, taxes_to_book

NearNumbers = Callable[[str], Sequence[str]]
"""Finds the KORONA numbers that are nearly a SKU: hints for a person, never used."""

_KEYS = uuid.UUID("6f0f7a52-5a54-5c3f-9a0e-3f6f1d1c7b10")


class NotBookableError(Exception):
    """The order or refund cannot become a receipt; the text says why, in a shopkeeper's words."""


def sold_pieces(line: OrderLine, refunds: tuple[Refund, ...]) -> int:
    """Return how many pieces of a line were sold, pieces added by an order edit included.

    Shopify leaves `quantity` as ordered; only what is there now plus what was taken out shows an addition.
    """
    if line.current_quantity is None:
        return line.quantity
    removed = sum(each.quantity for refund in refunds for each in refund.lines if each.line_id == line.id)
    return max(line.quantity, line.current_quantity + removed)


def sale_receipt(
    order: Order,
    articles: Mapping[int, str],
    transactions: tuple[Transaction, ...],
    targets: BookingTargets,
    near: NearNumbers = lambda _sku: (),
) -> Receipt:
    """Return the receipt of an order with its original quantities; raise NotBookableError where it cannot be booked.

    `articles` gives the KORONA article id for a line id; `transactions` are needed only where several gateways paid.
    """
    require_bookable(order, targets)
    sold = [line for line in order.lines if sold_pieces(line, order.refunds)]
    troubles = [*why_unknown(sold, articles, targets, near), *missing_taxes(order, targets)]
    if troubles:
        raise NotBookableError("; ".join(troubles))
    lines = receipt_lines(order, articles, targets)
    if not lines:
        raise NotBookableError("the order has no lines")
    lines += _rounding_line(order, lines, targets)
    total = sum((line.gross for line in lines), Decimal(0))
    payments = sale_payments(order, total, transactions, targets)
    return receipt_of(order, sale_key(order.id), str(order.order_number), order.created_at, lines, payments, targets)


def receipt_lines(order: Order, articles: Mapping[int, str], targets: BookingTargets) -> list[ReceiptLine]:
    """Return the lines of an order with all that was ever sold of it; what has no article goes on the default one."""
    return [_receipt_line(row, order, targets) for row in _rows(order, articles, targets)]


def missing_taxes(order: Order, targets: BookingTargets) -> tuple[str, ...]:
    """Say what keeps the taxes of an order from being booked."""
    return tuple(tax_troubles((tax for row in _rows(order, {}, targets) for tax in row.taxes), order, targets))


def receipt_of(
    order: Order,
    key: str,
    number: str,
    booked_at: datetime,
    lines: Iterable[ReceiptLine],
    payments: tuple[ReceiptPayment, ...],
    targets: BookingTargets,
) -> Receipt:
    """Return a receipt with what every receipt of an order bears, sale or return.

    Its id is the same for the same key in the same shop.
    """
    return Receipt(
        id=str(uuid.uuid5(_KEYS, f"{targets.shop}/{key}")),
        key=key,
        shop=targets.shop,
        order_id=order.id,
        number=number,
        order_number=order.name.removeprefix("#"),
        booked_at=booked_at,
        lines=tuple(lines),
        payments=payments,
        cashier_id=targets.cashier_id,
        customer_group_id=targets.customer_group_id,
    )


def require_bookable(order: Order, targets: BookingTargets) -> None:
    """Raise NotBookableError where an order's figures cannot be used, or are not in the money that KORONA's are in."""
    if order.unreadable:
        raise NotBookableError(f"Shopify's figures for it cannot be used: {order.unreadable}")
    if order.currency.upper() != targets.currency.upper():
        raise NotBookableError(
            f"its total is {order.total_price} {order.currency}, KORONA's prices and receipts are in "
            f"{targets.currency}: book it by hand"
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """What of an order becomes a line of its receipt."""

    line_id: int
    article_id: str
    title: str
    pieces: int
    price: Decimal
    discount: Decimal
    taxes: tuple[TaxLine, ...]


def _rows(order: Order, articles: Mapping[int, str], targets: BookingTargets) -> list[_Row]:
    return [*_article_rows(order, articles, targets), *_other_rows(order, targets)]


def _article_rows(order: Order, articles: Mapping[int, str], targets: BookingTargets) -> Iterator[_Row]:
    for line in order.lines:
        pieces = sold_pieces(line, order.refunds)
        if pieces:
            price = line.price * pieces - line.discount
            article_id = articles.get(line.id, targets.default_article_id)
            taxes = taxes_to_book(line.taxes, price, order)
            yield _Row(line.id, article_id, line.title, pieces, price, line.discount, taxes)


def _other_rows(order: Order, targets: BookingTargets) -> Iterator[_Row]:
    for line in order.shipping_lines:
        if not line.removed:
            price = line.price - line.discount
            taxes = taxes_to_book(line.taxes, price, order)
            yield _Row(line.id, targets.shipping_article_id, line.title, 1, price, line.discount, taxes)
    for fee in order.fees:
        taxes = taxes_to_book(fee.taxes, fee.price, order)
        yield _Row(fee.id, targets.default_article_id, fee.title, 1, fee.price, Decimal(0), taxes)


def why_unknown(
    sold: Iterable[OrderLine], articles: Mapping[int, str], targets: BookingTargets, near: NearNumbers
) -> list[str]:
    """Name the products for which there is no one article in KORONA, and then once what a person can do about it."""
    troubles, may_be_added = [], False
    for line in sold:
        if line.id in articles or line.custom or line.tip or line.gift_card:
            continue
        sku = line.sku.strip()
        alike = near(sku)
        if sku in alike:
            troubles.append(f"SKU {sku} is the number of several articles in KORONA")
        elif not targets.books_unknown:
            may_be_added = True
            named = f"SKU {sku}" if sku else f"“{line.title}”, which has no SKU,"
            nearly = f" (KORONA has {', '.join(alike)})" if alike else ""
            troubles.append(f"{named} is not an article in KORONA{nearly}")
    if may_be_added:
        troubles.append(
            f"make SKU and article number the same, give the variant the SKU {targets.default_number} in Shopify, "
            "or set orders.unknown_sku: default_product"
        )
    return troubles


def _receipt_line(row: _Row, order: Order, targets: BookingTargets) -> ReceiptLine:
    taxes = receipt_taxes(row.taxes, order, targets)
    inside = sum((tax.amount for tax in taxes if tax.included), Decimal(0))
    base = row.price if order.taxes_included else row.price + inside
    return ReceiptLine(row.line_id, row.article_id, row.title, Decimal(row.pieces), base, row.discount, taxes)


def _rounding_line(order: Order, lines: Iterable[ReceiptLine], targets: BookingTargets) -> Iterator[ReceiptLine]:
    """Return the line for a difference to Shopify's total that the configuration allows; none where there is none.

    Raises NotBookableError where the difference is larger.
    """
    total = sum((line.gross for line in lines), Decimal(0))
    difference = min((each - total for each in totals(order)), key=abs)
    if abs(difference) > targets.rounding_cents * smallest_unit(order.currency):
        now = f", {order.current_total_price} by now" if order.current_total_price and order.refunds else ""
        raise NotBookableError(f"its lines add up to {total}, Shopify's total is {order.total_price}{now}")
    if difference:
        # It has no id of its own in Shopify; the order's stands for it.
        yield ReceiptLine(
            order.id, targets.default_article_id, "Rounding difference", Decimal(1), difference, Decimal(0), ()
        )


def totals(order: Order, *, is_edited: bool = False) -> Iterator[Decimal]:
    """Return what the lines may add up to: Shopify's total, and where refunds took something what was there before.

    Whether an edit changes the total or only the current one Shopify does not say: of an edited order either will do.
    """
    if order.total_price is None:
        return
    yield order.total_price
    taken = _taken(order.refunds, order)
    if taken:
        yield order.total_price + taken
        yield order.total_price + _taken([refund for refund in order.refunds if not refund.transactions], order)
    if order.current_total_price is not None and (taken or is_edited):
        yield order.current_total_price + taken


def _taken(refunds: Iterable[Refund], order: Order) -> Decimal:
    lines = (line for refund in refunds for line in refund.lines)
    return sum((line.price(order.taxes_included) for line in lines), Decimal(0))
