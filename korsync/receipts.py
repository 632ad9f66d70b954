"""An order becomes a receipt, a refund a negative one: pure, and nothing is booked on a guess.

A receipt cannot be changed or deleted in KORONA, so whatever does not fit to the cent is held with both figures.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from korsync.money import round_to, share, smallest_unit
from korsync.records import PaymentMethod, SalesTax
from korsync.sales import (
    BookedLine,
    BookedReceipt,
    Order,
    OrderLine,
    Receipt,
    ReceiptLine,
    ReceiptPayment,
    ReceiptTax,
    Refund,
    RefundLine,
    TaxLine,
    Transaction,
)

RESTOCKED = frozenset({"return", "cancel", "legacy_restock"})
"""The restock types of goods that came back to the shelf; an unknown type counts as not restocked."""

NOT_RESTOCKED = frozenset({"no_restock"})

_KEYS = uuid.UUID("6f0f7a52-5a54-5c3f-9a0e-3f6f1d1c7b10")


class NotBookableError(Exception):
    """The order or refund cannot become a receipt; the text says why, in a shopkeeper's words."""


@dataclass(frozen=True, slots=True)
class BookingRules:
    """What receipts are made with: the shop's domain and what the configuration names in KORONA, already found.

    `taxes` maps a rate in percent to the KORONA sales tax chosen for it; other rates are found among `sales_taxes`.
    """

    shop: str
    shipping_article_id: str
    default_article_id: str
    payment_methods: Mapping[str, PaymentMethod]
    sales_taxes: tuple[SalesTax, ...]
    taxes: Mapping[Decimal, SalesTax]
    cashier_id: str | None = None
    customer_group_id: str | None = None


def sale_key(order_id: int) -> str:
    """Return the key of an order's receipt."""
    return f"order/{order_id}"


def refund_key(refund_id: int) -> str:
    """Return the key of a refund's receipt."""
    return f"refund/{refund_id}"


def sold_pieces(line: OrderLine, refunds: tuple[Refund, ...]) -> int:
    """Return how many pieces of a line were sold, pieces added by an order edit included.

    Shopify leaves `quantity` as ordered; only what is there now plus what was taken out shows an addition.
    """
    removed = sum(each.quantity for refund in refunds for each in refund.lines if each.line_id == line.id)
    return max(line.quantity, line.current_quantity + removed)


def sale_receipt(
    order: Order, articles: Mapping[int, str], transactions: tuple[Transaction, ...], rules: BookingRules
) -> Receipt:
    """Return the receipt of an order with its original quantities; raise NotBookableError where it cannot be booked.

    `articles` gives the KORONA article id for a line id; `transactions` are needed only where several gateways paid.
    """
    lines = [_article_line(order, line, articles, rules) for line in order.lines if sold_pieces(line, order.refunds)]
    lines += [
        _priced_line(
            order, each.id, rules.shipping_article_id, each.title, 1, each.price, each.discount, each.taxes, rules
        )
        for each in order.shipping_lines
        if not each.removed
    ]
    lines += [
        _priced_line(order, fee.id, rules.default_article_id, fee.title, 1, fee.price, Decimal(0), fee.taxes, rules)
        for fee in order.fees
    ]
    total = sum((line.gross for line in lines), Decimal(0))
    if not lines:
        raise NotBookableError("the order has no lines")
    if total != order.total_price:
        raise NotBookableError(f"its lines add up to {total}, Shopify's total is {order.total_price}")
    return Receipt(
        id=_receipt_id(rules.shop, sale_key(order.id)),
        key=sale_key(order.id),
        shop=rules.shop,
        order_id=order.id,
        number=str(order.order_number),
        order_number=order_name(order),
        booked_at=order.created_at,
        lines=tuple(lines),
        payments=_sale_payments(order, total, transactions, rules),
        cashier_id=rules.cashier_id,
        customer_group_id=rules.customer_group_id,
    )


def order_name(order: Order) -> str:
    """Return the order's name as it stands in KORONA's orderNumber: without the #."""
    return order.name.removeprefix("#")


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


def restocked_pieces(refund: Refund) -> dict[int, int]:
    """Return the pieces per order line that a refund put back on the shelf; a line listed twice is added up."""
    pieces: dict[int, int] = {}
    for line in refund.lines:
        if line.restock_type in RESTOCKED and line.quantity > 0:
            pieces[line.line_id] = pieces.get(line.line_id, 0) + line.quantity
    return pieces


def return_receipt(
    refund: Refund, order: Order, sale: BookedReceipt, returns: tuple[BookedReceipt, ...], rules: BookingRules
) -> Receipt:
    """Return the negative receipt of a refund; raise NotBookableError where its figures do not fit.

    Amounts are the share of what KORONA holds as booked, so that all returns of a line add up to its sale; Shopify's
    subtotal, whose basis is not documented, is the check in either reading.
    """
    booked = {line.line_id: line for line in sale.lines if line.line_id is not None}
    unit = smallest_unit(order.currency)
    lines = []
    for line_id, pieces in restocked_pieces(refund).items():
        if line_id not in booked:
            raise NotBookableError("it returns a line that was not on the booked receipt")
        before = _returned_before(line_id, returns)
        line = _returned_line(booked[line_id], Decimal(pieces), before, unit)
        _check_subtotal(line, [each for each in refund.lines if each.line_id == line_id], unit)
        lines.append(line)
    total = sum((line.gross for line in lines), Decimal(0))
    return Receipt(
        id=_receipt_id(rules.shop, refund_key(refund.id)),
        key=refund_key(refund.id),
        shop=rules.shop,
        order_id=order.id,
        number=str(refund.id),
        order_number=order_name(order),
        booked_at=refund.created_at,
        lines=tuple(lines),
        payments=_return_payments(refund, order, total, rules),
        cashier_id=rules.cashier_id,
        customer_group_id=rules.customer_group_id,
    )


def _receipt_id(shop: str, key: str) -> str:
    return str(uuid.uuid5(_KEYS, f"{shop}/{key}"))


def _article_line(order: Order, line: OrderLine, articles: Mapping[int, str], rules: BookingRules) -> ReceiptLine:
    article_id = articles.get(line.id)
    if article_id is None:
        if not (line.custom or line.tip or line.gift_card):
            named = f"SKU {line.sku}" if line.sku else f"“{line.title}”, which has no SKU,"
            raise NotBookableError(f"{named} is not an article in KORONA")
        article_id = rules.default_article_id
    pieces = sold_pieces(line, order.refunds)
    return _priced_line(order, line.id, article_id, line.title, pieces, line.price, line.discount, line.taxes, rules)


def _priced_line(
    order: Order,
    line_id: int,
    article_id: str,
    title: str,
    pieces: int,
    price: Decimal,
    discount: Decimal,
    taxes: tuple[TaxLine, ...],
    rules: BookingRules,
) -> ReceiptLine:
    base = price * pieces - discount
    shares = []
    for tax in _by_rate(taxes):
        if tax.percent is None:
            raise NotBookableError(f"Shopify does not say the rate of a tax of {tax.amount}")
        sales_tax = _sales_tax(tax.percent, tax.amount, order.created_at, order.taxes_included, rules)
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
    percent: Decimal, amount: Decimal, at: datetime, included: bool, rules: BookingRules
) -> SalesTax | None:
    """Find KORONA's sales tax by rate, date and `included`; in a net shop an included one will do.

    None where none or several would do and there is nothing to be taxed.
    """
    if percent in rules.taxes:
        chosen = rules.taxes[percent]
        if included and not chosen.included:
            raise NotBookableError(
                f"the KORONA sales tax chosen for {_plain(percent)} % under orders.taxes is not included in prices"
            )
        return chosen
    fitting = [each for each in rules.sales_taxes if rate_at(each, at) == percent]
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


def _payment_method(gateway: str, rules: BookingRules) -> str:
    return rules.payment_methods.get(gateway, rules.payment_methods["default"]).id


def _sale_payments(
    order: Order, total: Decimal, transactions: tuple[Transaction, ...], rules: BookingRules
) -> tuple[ReceiptPayment, ...]:
    """Split the total over the gateways as the transactions say; the last takes what is left or not yet paid."""
    if total == 0:
        return ()
    gateways = list(dict.fromkeys(order.gateways)) or ["default"]
    left = total
    payments = []
    for gateway in gateways[:-1]:
        amount = min(_paid_through(gateway, transactions), left)
        payments.append(ReceiptPayment(_payment_method(gateway, rules), amount))
        left -= amount
    payments.append(ReceiptPayment(_payment_method(gateways[-1], rules), left))
    return tuple(payment for payment in payments if payment.amount != 0)


def _paid_through(gateway: str, transactions: tuple[Transaction, ...]) -> Decimal:
    """Add up what was taken through a gateway; what is only promised counts where nothing was taken.

    A promise stays listed when it is kept: an authorization beside its capture, a pending sale beside the sale.
    """
    of_gateway = [each for each in transactions if each.gateway == gateway]

    def sum_of(kinds: set[str], status: str) -> Decimal:
        return sum((each.amount for each in of_gateway if each.kind in kinds and each.status == status), Decimal(0))

    taken = sum_of({"sale", "capture"}, "success")
    authorized = sum_of({"authorization"}, "success") - sum_of({"void"}, "success")
    return taken or max(authorized, Decimal(0)) + sum_of({"sale", "capture", "authorization"}, "pending")


def _return_payments(refund: Refund, order: Order, total: Decimal, rules: BookingRules) -> tuple[ReceiptPayment, ...]:
    if total == 0:
        return ()
    refunded = [each.gateway for each in refund.transactions if each.kind == "refund"]
    gateway = next(iter([*refunded, *order.gateways]), "default")
    return (ReceiptPayment(_payment_method(gateway, rules), total),)


def _returned_before(line_id: int, returns: tuple[BookedReceipt, ...]) -> Decimal:
    return -sum((line.quantity for each in returns for line in each.lines if line.line_id == line_id), Decimal(0))


def _returned_line(sold: BookedLine, pieces: Decimal, before: Decimal, unit: Decimal) -> ReceiptLine:
    if before + pieces > sold.quantity:
        raise NotBookableError(
            f"{pieces} of “{sold.description}” came back after {before}, but only {sold.quantity} were booked"
        )

    def part(whole: Decimal) -> Decimal:
        return -share(whole, sold.quantity, before, pieces, unit)

    taxes = tuple(ReceiptTax(tax.sales_tax_id, tax.percent, part(tax.amount), tax.included) for tax in sold.taxes)
    line_id = sold.line_id or 0
    base, discount = part(sold.base), part(sold.discount)
    return ReceiptLine(line_id, sold.article_id, sold.description, -pieces, base, discount, taxes)


def _check_subtotal(line: ReceiptLine, refunded: list[RefundLine], unit: Decimal) -> None:
    """Compare the share with Shopify's subtotal, gross or net; a unit per refund line is rounding."""
    restocked = [each for each in refunded if each.restock_type in RESTOCKED]
    subtotal = sum((each.subtotal for each in restocked), Decimal(0))
    gross = -line.gross
    net = gross + sum((tax.amount for tax in line.taxes), Decimal(0))
    tolerance = unit * len(restocked)
    if all(abs(round_to(reading, unit) - subtotal) > tolerance for reading in (gross, net)):
        raise NotBookableError(
            f"the returned share of “{line.description}” is {gross} gross or {net} net, Shopify's is {subtotal}"
        )
