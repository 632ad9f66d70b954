"""An order becomes a receipt: pure, and nothing is booked on a guess.

A receipt cannot be changed or deleted in KORONA, so whatever does not fit to the cent is held with both figures.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from korsync.records.bookings import sale_key
from korsync.records.catalogue import SalesTax
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, OrderLine, Refund, TaxLine, Transaction
from korsync.records.receipts import Receipt, ReceiptLine, ReceiptPayment, ReceiptTax

_KEYS = uuid.UUID("6f0f7a52-5a54-5c3f-9a0e-3f6f1d1c7b10")


class NotBookableError(Exception):
    """The order or refund cannot become a receipt; the text says why, in a shopkeeper's words."""


def sold_pieces(line: OrderLine, refunds: tuple[Refund, ...]) -> int:
    """Return how many pieces of a line were sold, pieces added by an order edit included.

    Shopify leaves `quantity` as ordered; only what is there now plus what was taken out shows an addition.
    """
    removed = sum(each.quantity for refund in refunds for each in refund.lines if each.line_id == line.id)
    return max(line.quantity, line.current_quantity + removed)


def sale_receipt(
    order: Order, articles: Mapping[int, str], transactions: tuple[Transaction, ...], targets: BookingTargets
) -> Receipt:
    """Return the receipt of an order with its original quantities; raise NotBookableError where it cannot be booked.

    `articles` gives the KORONA article id for a line id; `transactions` are needed only where several gateways paid.
    """
    require_readable(order)
    lines = [_article_line(order, line, articles, targets) for line in order.lines if sold_pieces(line, order.refunds)]
    lines += [
        _priced_line(
            order, each.id, targets.shipping_article_id, each.title, 1, each.price, each.discount, each.taxes, targets
        )
        for each in order.shipping_lines
        if not each.removed
    ]
    lines += [
        _priced_line(order, fee.id, targets.default_article_id, fee.title, 1, fee.price, Decimal(0), fee.taxes, targets)
        for fee in order.fees
    ]
    total = sum((line.gross for line in lines), Decimal(0))
    if not lines:
        raise NotBookableError("the order has no lines")
    if total != order.total_price:
        raise NotBookableError(f"its lines add up to {total}, Shopify's total is {order.total_price}")
    payments = _sale_payments(order, total, transactions, targets)
    return receipt_of(order, sale_key(order.id), str(order.order_number), order.created_at, lines, payments, targets)


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


def require_readable(order: Order) -> None:
    """Raise NotBookableError where Shopify's figures for an order cannot be used."""
    if order.unreadable:
        raise NotBookableError(f"Shopify's figures for it cannot be used: {order.unreadable}")


def tax_differences(order: Order, receipt: Receipt) -> tuple[str, ...]:
    """Return, per tax rate, where the receipt's tax differs from what Shopify computed for the whole order."""
    of_order = {each.percent: each.amount for each in _by_rate(order.taxes) if each.percent is not None}
    of_receipt: dict[Decimal, Decimal] = {}
    for tax in (tax for line in receipt.lines for tax in line.taxes):
        of_receipt[tax.percent] = of_receipt.get(tax.percent, Decimal(0)) + tax.amount
    pairs = [
        (rate, of_receipt.get(rate, Decimal(0)), of_order.get(rate, Decimal(0)))
        for rate in sorted(of_order.keys() | of_receipt.keys())
    ]
    return tuple(
        f"{_plain(rate)} %: receipt {booked}, Shopify {computed}"
        for rate, booked, computed in pairs
        if booked != computed
    )


def _article_line(order: Order, line: OrderLine, articles: Mapping[int, str], targets: BookingTargets) -> ReceiptLine:
    article_id = articles.get(line.id)
    if article_id is None:
        if not (line.custom or line.tip or line.gift_card):
            named = f"SKU {line.sku}" if line.sku else f"“{line.title}”, which has no SKU,"
            raise NotBookableError(f"{named} is not an article in KORONA")
        article_id = targets.default_article_id
    pieces = sold_pieces(line, order.refunds)
    return _priced_line(order, line.id, article_id, line.title, pieces, line.price, line.discount, line.taxes, targets)


def _priced_line(
    order: Order,
    line_id: int,
    article_id: str,
    title: str,
    pieces: int,
    price: Decimal,
    discount: Decimal,
    taxes: tuple[TaxLine, ...],
    targets: BookingTargets,
) -> ReceiptLine:
    base = price * pieces - discount
    shares = []
    for tax in _by_rate(taxes):
        if tax.percent is None:
            raise NotBookableError(f"Shopify does not say the rate of a tax of {tax.amount}")
        sales_tax = _sales_tax(tax.percent, tax.amount, order.created_at, order.taxes_included, targets)
        if sales_tax is None:
            continue
        if sales_tax.included and not order.taxes_included:
            base += tax.amount
        shares.append(ReceiptTax(sales_tax.id, tax.percent, tax.amount, sales_tax.included))
    return ReceiptLine(line_id, article_id, title, Decimal(pieces), base, discount, tuple(shares))


def _by_rate(taxes: tuple[TaxLine, ...]) -> tuple[TaxLine, ...]:
    amounts: dict[Decimal | None, Decimal] = {}
    for tax in taxes:
        amounts[tax.percent] = amounts.get(tax.percent, Decimal(0)) + tax.amount
    return tuple(TaxLine(percent, amount) for percent, amount in amounts.items())


def _sales_tax(
    percent: Decimal, amount: Decimal, at: datetime, included: bool, targets: BookingTargets
) -> SalesTax | None:
    """Find KORONA's sales tax by rate, date and `included`; in a net shop an included one will do.

    None where none or several would do and there is nothing to be taxed.
    """
    chosen = targets.taxes.get(_plain(percent))
    if chosen is not None:
        if included and not chosen.included:
            raise NotBookableError(
                f"the KORONA sales tax chosen for {_plain(percent)} % under orders.taxes is not included in prices"
            )
        return chosen
    fitting = [each for each in targets.sales_taxes if rate_at(each, at) == percent]
    usable = [each for each in fitting if each.included == included] or ([] if included else fitting)
    if len(usable) == 1:
        return usable[0]
    if amount == 0:
        return None
    kind = "included in the price" if included else "on top of the price"
    if usable:
        names = ", ".join(f"{each.number} {each.name}" for each in usable)
        raise NotBookableError(
            f"KORONA has several sales taxes of {_plain(percent)} % {kind}: {names}; choose one under orders.taxes"
        )
    raise NotBookableError(f"KORONA has no sales tax of {_plain(percent)} % {kind} on the order's date")


def _plain(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def rate_at(sales_tax: SalesTax, at: datetime) -> Decimal | None:
    """Return the rate in percent that a sales tax has at an instant; None before its first."""
    valid = [each for each in sales_tax.rates if each.valid_from is None or each.valid_from <= at]
    first_of_all = datetime.min.replace(tzinfo=at.tzinfo)
    return max(valid, key=lambda each: each.valid_from or first_of_all).percent if valid else None


def payment_method(gateway: str, targets: BookingTargets) -> str:
    """Return KORONA's id of the payment method for a gateway; unnamed ones take the default."""
    return targets.payment_methods.get(gateway, targets.payment_methods["default"]).id


def _sale_payments(
    order: Order, total: Decimal, transactions: tuple[Transaction, ...], targets: BookingTargets
) -> tuple[ReceiptPayment, ...]:
    """Split the total over the gateways as the transactions say; the last takes what is left or not yet paid."""
    gateways = list(dict.fromkeys(order.gateways)) or ["default"]
    left = total
    payments = []
    for gateway in gateways[:-1]:
        amount = min(_paid_through(gateway, transactions), left)
        payments.append(ReceiptPayment(payment_method(gateway, targets), amount))
        left -= amount
    payments.append(ReceiptPayment(payment_method(gateways[-1], targets), left))
    return tuple(payment for payment in payments if payment.amount != 0)


def _paid_through(gateway: str, transactions: tuple[Transaction, ...]) -> Decimal:
    """Add up what was taken through a gateway; what is only promised counts where nothing was taken.

    A promise stays listed when it is kept: an authorization beside its capture, a pending sale beside the sale.
    """
    # What a void takes back is the whole authorization before it; its own amount may be 0.
    voided = {each.parent_id for each in transactions if each.kind == "void" and each.status == "success"}
    of_gateway = [each for each in transactions if each.gateway == gateway and each.id not in voided]

    def sum_of(kinds: set[str], status: str) -> Decimal:
        return sum((each.amount for each in of_gateway if each.kind in kinds and each.status == status), Decimal(0))

    taken = sum_of({"sale", "capture"}, "success")
    promised = sum_of({"sale", "capture", "authorization"}, "pending")
    return taken or sum_of({"authorization"}, "success") + promised
