"""What an order is on both sides, what of it is booked and what becomes of the rest: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from korsync.records.bookings import KnownOrder
from korsync.records.explained import Amount, LineFacts, OrderExplained, ReceiptFacts, Step, Turn
from korsync.records.memory import BookingTargets, Cache
from korsync.records.orders import Order, Refund
from korsync.records.plan import Plan
from korsync.records.receipts import BookedReceipt, Receipt
from korsync.rules.bookings import refund_name, why_never_booked
from korsync.rules.explained import steps_of
from korsync.rules.matching import assortment
from korsync.rules.money import round_to, smallest_unit
from korsync.rules.narrowing import is_of_order
from korsync.rules.returns import restocked_pieces
from korsync.rules.taxes import completed


@dataclass(frozen=True, slots=True)
class OrderRead:
    """What an order is explained with: all that korsync and both sides know of it, and the plans.

    `order` is None where Shopify does not show it, `targets` where what KORONA calls things could not be read.
    """

    known: KnownOrder
    name: str
    order: Order | None
    receipts: tuple[BookedReceipt, ...]
    plans: tuple[Plan[Any], ...]
    cache: Cache
    targets: BookingTargets | None = None


def explain_order(read: OrderRead) -> OrderExplained:
    """Return what an order is, what is booked of it, and what becomes of the rest."""
    known, order = read.known, read.order
    posted = [
        change.after.posted for plan in read.plans for change in plan.allowed if is_of_order(change.key, [read.name])
    ]
    refunds = order.refunds if order else ()
    return OrderExplained(
        name=read.name,
        placed_at=order.placed_at if order else known.created_at,
        standing=", ".join(_standing(read)),
        total=order.total_price if order else None,
        currency=order.currency if order else "",
        gateways=order.gateways if order else (),
        lines=tuple(_lines(read)),
        refunds=tuple(_refund(each, known) for each in refunds),
        receipts=tuple(_receipt(completed(each, {}), read) for each in read.receipts),
        to_come=tuple(_receipt(each, read) for each in posted),
        steps=tuple(_steps(read)),
    )


def _standing(read: OrderRead) -> Iterator[str]:
    known = read.known
    if read.order is None:
        yield "Shopify does not show it any more"
    if known.cancelled_at is not None:
        yield "cancelled"
    yield "shipped" if known.fulfilled else "not shipped"
    if known.ignored:
        yield "settled by hand (`korsync ignore`)"


def _lines(read: OrderRead) -> Iterator[LineFacts]:
    known = assortment(read.cache.catalogue.articles, read.cache.shop_products.products)
    titles = {line.id: line.title for line in read.order.lines} if read.order else {}
    for line in read.known.lines:
        articles = known.articles_of(line.sku, line.variant_id)
        article = f"{articles[0].number} {articles[0].name}" if articles else ""
        yield LineFacts(line.quantity, line.sku, titles.get(line.id, ""), article)


def _refund(refund: Refund, known: KnownOrder) -> str:
    """Say what of a refund came back to the shelf, and whether KORONA knows."""
    skus = {line.id: line.sku or str(line.id) for line in known.lines}
    back = ", ".join(f"{pieces} × {skus.get(line_id, line_id)}" for line_id, pieces in restocked_pieces(refund).items())
    if not back:
        return f"{refund.id}: nothing was put back on the shelf, and so nothing is booked"
    booking = known.return_of(refund.id)
    if refund.id in known.ignored_refunds:
        return f"{refund.id}: {back} put back, settled by hand"
    return f"{refund.id}: {back} put back, {'booked' if booking and booking.is_booked else 'not booked yet'}"


def _receipt(receipt: Receipt | BookedReceipt, read: OrderRead) -> ReceiptFacts:
    targets, unit = read.targets, smallest_unit(read.order.currency if read.order else "")
    taxes = {each.id: each.name for each in (*targets.sales_taxes, *targets.taxes.values())} if targets else {}
    methods = {each.id: each.name for each in targets.payment_methods.values()} if targets else {}
    amounts: dict[str, Decimal] = {}
    for tax in (tax for line in receipt.lines for tax in line.taxes):
        name = taxes.get(tax.sales_tax_id, f"{tax.percent.normalize():f} %")
        amounts[name] = amounts.get(name, Decimal(0)) + tax.amount
    return ReceiptFacts(
        what=_what(receipt.key),
        number=receipt.number,
        at=receipt.created_at if isinstance(receipt, BookedReceipt) else None,
        total=None if receipt.gross is None else round_to(receipt.gross, unit),
        lines=tuple(f"{line.quantity.normalize():f} × {line.description}" for line in receipt.lines),
        taxes=tuple(Amount(name, round_to(amount, unit)) for name, amount in amounts.items()),
        payments=tuple(
            Amount(methods.get(each.payment_method_id, "another payment method"), round_to(each.amount, unit))
            for each in receipt.payments
        ),
    )


def _what(key: str | None) -> str:
    kind, _, rest = (key or "").partition("/")
    words: Mapping[str, str] = {"order": "sale", "edit": "added by an edit", "refund": f"return {rest}"}
    return words.get(kind, "a receipt that does not bear korsync's references")


def _steps(read: OrderRead) -> Iterator[Step]:
    """Return what the plans say; where they say nothing, why nothing is left to do."""
    found = list(steps_of(read.plans, lambda key: is_of_order(key, [read.name])))
    yield from found
    if found:
        return
    known = read.known
    why = why_never_booked(known)
    if why:
        yield Step(Turn.LEFT, "orders", why)
    elif known.ignored and not known.is_booked:
        yield Step(Turn.LEFT, "orders", "settled by hand: korsync books nothing of it")
    elif known.is_booked:
        yield Step(Turn.DONE, "orders", "booked, and nothing is left to do")
    for refund_id in known.open_refunds if known.is_booked else ():
        yield Step(Turn.WAITING, "refunds", f"{refund_name(read.name, refund_id)} is looked at in the next run")


def named(item: str, names: Mapping[int, str]) -> list[int]:
    """Return the ids of the orders that a person means by a word, with or without # and a refund behind it."""
    return [order_id for order_id, name in names.items() if is_of_order(name, [item.partition(" refund ")[0]])]
