"""What things cost in the simulated Shopify store: rounding, taxes, discounts, and what an order adds up to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from korsync.sandbox.shopify.sales import Allocation, Discount, Line, Order, RefundedShipping, ShippingLine, Tax

_DECIMALS = {"CLP": 0, "JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3}
_NOTHING = Decimal(0)


def decimals(currency: str) -> int:
    """Return how many decimals amounts of a currency have."""
    return _DECIMALS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's decimals."""
    return amount.quantize(Decimal(1).scaleb(-decimals(currency)), rounding=ROUND_HALF_UP)


def written(amount: Decimal, currency: str) -> str:
    """Return an amount as Shopify writes it: a string with all decimals of the currency."""
    return f"{rounded(amount, currency):f}"


def part(whole: Decimal, of: int, before: int, pieces: int, currency: str) -> Decimal:
    """Return what the next pieces of a whole are worth after some were taken; all parts add up to the whole."""
    if of == 0:
        return _NOTHING
    return rounded(whole * (before + pieces) / of, currency) - rounded(whole * before / of, currency)


def taxes_of(amount: Decimal, percents: Iterable[Decimal], included: bool, currency: str) -> list[Tax]:
    """Return the taxes of an amount, each rounded by itself; taken out of it where they are included."""
    rates = list(percents)
    base = 100 + sum(rates, _NOTHING) if included else Decimal(100)
    return [Tax(rate, rounded(amount * rate / base, currency)) for rate in rates]


def allocate(order: Order, added: Sequence[Discount]) -> None:
    """Give discounts to an order: each amount to the lines that it is for, in proportion, so that it adds up.

    Gift cards and tips are never discounted.
    """
    cur, lines, shipping = order.currency, order.lines, order.shipping_lines
    first = len(order.discounts)
    order.discounts = (*order.discounts, *added)
    for index, discount in enumerate(added, start=first):
        targets: list[Line | ShippingLine] = []
        if discount.target == "shipping":
            targets = [*shipping]
        elif discount.target == "line":
            targets = [lines[discount.line]]
        else:
            targets = [each for each in lines if not (each.gift_card or each.tip)]
        weights = [each.total for each in targets]
        whole = sum(weights, _NOTHING)
        amount = rounded(whole * discount.value / 100, cur) if discount.percentage else min(discount.value, whole)
        given = reached = _NOTHING
        for target, weight in zip(targets, weights, strict=True):
            reached += weight
            share = rounded(amount * reached / whole, cur) - given if whole else _NOTHING
            given += share
            if share:
                target.allocations.append(Allocation(share, index))


def tax_order(order: Order) -> None:
    """Compute the taxes of every line, duty and shipping line anew; an exempt order names its rates at 0.00."""

    def taxes(amount: Decimal, percents: Iterable[Decimal]) -> list[Tax]:
        taxed = _NOTHING if order.tax_exempt else amount
        return taxes_of(taxed, percents, order.taxes_included, order.currency)

    for line in order.lines:
        line.taxes = taxes(line.total, line.percents)
        for duty in line.duties:
            duty.taxes = [] if order.duties_included else taxes(duty.amount, line.percents)
    for shipping in order.shipping_lines:
        shipping.taxes = taxes(shipping.total, shipping.percents)


@dataclass(frozen=True, slots=True)
class Sums:
    """What an order adds up to, as sold or as it stands after removals."""

    list_prices: Decimal
    discounts: Decimal
    goods: Decimal
    shipping: Decimal
    tips: Decimal
    duties: Decimal
    taxes: Decimal
    total: Decimal


def sums(order: Order) -> Sums:
    """Add up an order as sold, pieces added by edits included."""
    kept = [each for each in order.shipping_lines if not each.removed]
    goods = [each for each in order.lines if not each.tip]
    duties = sum((duty.amount for line in order.lines for duty in line.duties), _NOTHING)
    return _summed(
        order,
        list_prices=sum((each.price * each.sold for each in goods), _NOTHING),
        goods=sum((each.total for each in goods), _NOTHING),
        shipping=sum((each.total for each in kept), _NOTHING),
        taxes=sum((tax.amount for tax in every_tax(order)), _NOTHING),
        duties=duties,
    )


def current_sums(order: Order) -> Sums:
    """Add up an order as it stands: without removed pieces and without shipping that was given back."""
    given_back = [each for refund in order.refunds for each in refund.shipping]
    return _sums_without(order, {each.id: each.removed for each in order.lines}, given_back)


def edited_sums(order: Order) -> Sums:
    """Add up an order as sold, but without the pieces that edits took out."""
    removed: Counter[int] = Counter()
    for line in (line for refund in order.refunds if refund.by_edit for line in refund.lines):
        removed[line.line_id] += line.quantity
    return _sums_without(order, removed, [])


def _sums_without(order: Order, removed: Mapping[int, int], given_back: Sequence[RefundedShipping]) -> Sums:
    whole = sums(order)
    cur = order.currency
    goods = [each for each in order.lines if not each.tip]
    gone = sum((part(each.total, each.sold, 0, removed.get(each.id, 0), cur) for each in goods), _NOTHING)
    gone_tax = sum(
        (part(tax_total(each), each.sold, 0, removed.get(each.id, 0), cur) for each in order.lines), _NOTHING
    )
    return _summed(
        order,
        list_prices=sum((each.price * (each.sold - removed.get(each.id, 0)) for each in goods), _NOTHING),
        goods=whole.goods - gone,
        shipping=whole.shipping - sum((each.amount for each in given_back), _NOTHING),
        taxes=whole.taxes - gone_tax - sum((each.tax for each in given_back), _NOTHING),
        duties=whole.duties,
    )


def every_tax(order: Order) -> list[Tax]:
    """Return the taxes of all lines, duties and shipping lines that were not removed."""
    of_lines = [tax for line in order.lines for tax in line.taxes]
    of_duties = [tax for line in order.lines for duty in line.duties for tax in duty.taxes]
    of_shipping = [tax for shipping in order.shipping_lines if not shipping.removed for tax in shipping.taxes]
    return of_lines + of_duties + of_shipping


def tax_total(line: Line | ShippingLine) -> Decimal:
    """Return all taxes of a line together."""
    return sum((each.amount for each in line.taxes), _NOTHING)


def paid(order: Order) -> Decimal:
    """Return the money that was taken for good, refunds not considered."""
    taken = [each for each in order.transactions if each.kind in {"sale", "capture"} and each.status == "success"]
    return sum((each.amount for each in taken), _NOTHING)


def given_back(order: Order) -> Decimal:
    """Return the money that was given back for good."""
    refunded = [each for refund in order.refunds for each in refund.transactions]
    return sum((each.amount for each in refunded if each.kind == "refund" and each.status == "success"), _NOTHING)


def outstanding(order: Order) -> Decimal:
    """Return what the buyer still owes."""
    if order.cancelled_at is not None:
        return _NOTHING
    owed = current_sums(order).total + order.cash_rounding - paid(order) + given_back(order)
    return max(_NOTHING, owed)


def financial_status(order: Order) -> str:
    """Return where the money is, in Shopify's words."""
    if order.told is not None:
        return str(order.told["financial_status"])
    taken, returned = paid(order), given_back(order)
    if returned:
        return "refunded" if returned >= taken else "partially_refunded"
    if taken:
        return "partially_paid" if outstanding(order) else "paid"
    if sums(order).total == 0:
        return "paid"
    if order.cancelled_at is not None:
        return "voided"
    return "authorized" if any(each.kind == "authorization" for each in order.transactions) else "pending"


def fulfillment_status(lines: Iterable[Line]) -> str | None:
    """Return how far the lines were shipped, in Shopify's words; None where nothing was."""
    shipped = [each for each in lines if not each.tip]
    if not any(each.fulfilled for each in shipped):
        return None
    return "partial" if any(each.fulfillable for each in shipped) else "fulfilled"


def _summed(
    order: Order, *, list_prices: Decimal, goods: Decimal, shipping: Decimal, taxes: Decimal, duties: Decimal
) -> Sums:
    tips = sum((each.total for each in order.lines if each.tip), _NOTHING)
    total = goods + shipping + tips
    total += (_NOTHING if order.duties_included else duties) + (_NOTHING if order.taxes_included else taxes)
    off_shipping = sum((each.price - each.total for each in order.shipping_lines if not each.removed), _NOTHING)
    return Sums(list_prices, list_prices - goods + off_shipping, goods, shipping, tips, duties, taxes, total)
