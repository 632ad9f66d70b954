"""Orders, Shopify to KORONA: every order becomes exactly one receipt at once, and lowers KORONA's stock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from korsync.errors import Rejected, Unavailable
from korsync.pipelines.base import MOST_UNSURE, Knowledge
from korsync.pipelines.lookups import look_up
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.posting import ReceiptPipeline, posting
from korsync.pipelines.sides import Sides, articles_by_number
from korsync.pipelines.targets import booking_targets
from korsync.records.bookings import BookingStatus, KnownOrder
from korsync.records.catalogue import Article
from korsync.records.memory import BookingTargets, Cache, held_key
from korsync.records.orders import Order, OrderLine, Transaction
from korsync.records.plan import Change, Fate, Plan, Skip
from korsync.records.receipts import Receipt
from korsync.rules.attempts import begun_before
from korsync.rules.bookings import (
    added_since_booking,
    found_sale,
    is_begun,
    is_due,
    may_have_been_forgotten,
    names_apart,
    with_booking,
    with_found_returns,
)
from korsync.rules.matching import live_numbers, near_numbers
from korsync.rules.receipts import NearNumbers, NotBookableError, sale_receipt
from korsync.rules.taxes import tax_differences

FindArticles = Callable[[Order], dict[int, str]]
"""Finds the KORONA article ids of an order by line id; lines without an article are left out."""


@dataclass(frozen=True, slots=True)
class DueSale:
    """An order whose sale is not known to be booked, with what is needed to book it.

    `order` is None where Shopify shows it no more; `looked_up_at` is KORONA's time when it did not show the receipt;
    `trouble` kept what is needed from being read.
    """

    known: KnownOrder
    order: Order | None
    looked_up_at: datetime
    articles: Mapping[int, str] = field(default_factory=dict)
    transactions: tuple[Transaction, ...] = ()
    trouble: Unavailable | None = None


@dataclass(frozen=True, slots=True)
class OrdersPulled:
    """All that the plan of orders is made of; `unlisted` are orders not booked by rule and not yet told of."""

    knowledge: Knowledge
    due: tuple[DueSale, ...]
    edited: tuple[KnownOrder, ...]
    unlisted: tuple[KnownOrder, ...]
    targets: BookingTargets


class Orders(ReceiptPipeline):
    """The orders pipeline."""

    name: ClassVar[str] = "orders"

    def __init__(self, sides: Sides) -> None:
        """Take both sides."""
        super().__init__(sides)
        self._unread: list[Unavailable] = []

    def pull(self, knowledge: Knowledge) -> OrdersPulled:
        """Read the orders, and look up in KORONA those whose sale is not known to be booked."""
        knowledge = read_orders(self._sides, knowledge)
        knowledge, self._targets = booking_targets(self._sides, knowledge)
        knowledge, due = self._look_up(knowledge, self._targets)
        orders = _in_order(knowledge.state.orders.values())
        names = names_apart(orders)
        edited = [order for order in orders if added_since_booking(order) and not order.ignored]
        unlisted = [order for order in orders if not order.listed and _left_by_rule(order)]
        for order in unlisted:
            knowledge = _with_order(knowledge, replace(order, listed=True))
        return OrdersPulled(
            knowledge=knowledge,
            due=due,
            edited=tuple(replace(order, name=names[order.id]) for order in edited),
            unlisted=tuple(unlisted),
            targets=self._targets,
        )

    def _look_up(self, knowledge: Knowledge, targets: BookingTargets) -> tuple[Knowledge, tuple[DueSale, ...]]:
        """Return what KORONA is found to hold, and the orders that are still to be booked with what that needs."""
        orders = _in_order(knowledge.state.orders.values())
        names = names_apart(orders)
        wanted = [order for order in orders if is_due(order) or may_have_been_forgotten(order)]
        contents = self._sides.orders_by_id(order.id for order in wanted)
        knowledge, shown = look_up(self._sides, knowledge, targets.point_of_sale_id, wanted)
        due = []
        for known in wanted:
            order, look = contents.get(known.id), shown[known.id]
            booking = found_sale(known, order.total_price if order else None, look.receipts, look.at)
            if booking is not None:
                # One look-up shows sale and returns; a return not known to be booked would be taken for stock to come.
                known = with_found_returns(with_booking(known, booking), look.receipts, look.at)
                knowledge = _with_order(knowledge, known)
            if is_due(known):
                due.append(DueSale(replace(known, name=names[known.id]), order, look.at))
        # What is held comes last: what could not be read of it must not keep others from being read.
        due.sort(key=lambda each: held_key(self.name, each.known.name) in knowledge.state.held)
        find_articles = article_finder(self._sides, knowledge.cache)
        return knowledge, tuple(self._with_contents(each, find_articles) for each in due)

    def plan(self, pulled: OrdersPulled) -> Plan:
        """Decide which orders are booked now, which wait, and which a person must look at."""
        changes, notes = [], []
        skips = [Skip(order.name, _left_by_rule(order), Fate.LEFT) for order in pulled.unlisted]
        skips += [Skip(order.name, _edit_reason(order), Fate.HELD) for order in pulled.edited]
        adopted_at = pulled.knowledge.state.adopted_at
        near = near_numbers(live_numbers(pulled.knowledge.cache.catalogue.articles.values()))
        for due in pulled.due:
            if adopted_at is not None and due.looked_up_at < adopted_at + self._settle:
                skips.append(Skip(due.known.name, "nothing is booked so soon after `init --adopt`", Fate.WAITING))
                continue
            decision = decide(due, pulled.targets, self._settle, near)
            if isinstance(decision, Skip):
                skips.append(decision)
                continue
            changes.append(decision)
            if due.order is not None:
                differences = tax_differences(due.order, decision.after.posted, pulled.targets)
                notes += [f"{due.known.name}: {each}" for each in differences]
        trouble = tuple(due.trouble for due in pulled.due if due.trouble is not None)
        return Plan(self.name, tuple(changes), tuple(skips), len(pulled.due), tuple(notes), trouble)

    def _with_contents(self, due: DueSale, find_articles: FindArticles) -> DueSale:
        """Add what a receipt is made of; where it cannot be read, that order waits and the others go on."""
        order, sale = due.order, due.known.sale
        if order is None or (sale is not None and sale.status is BookingStatus.INTENT):
            return due
        several = len(set(order.gateways)) > 1
        if several and len(self._unread) >= MOST_UNSURE:
            return replace(due, trouble=self._unread[-1])
        try:
            transactions = tuple(self._sides.shopify.transactions(order.id)) if several else ()
            return replace(due, articles=find_articles(order), transactions=transactions)
        except Rejected:
            # Deleted since the list was read.
            return replace(due, order=None)
        except Unavailable as error:
            self._unread.append(error)
            return replace(due, trouble=error)


def decide(due: DueSale, targets: BookingTargets, settle: timedelta, near: NearNumbers) -> Change | Skip:
    """Return the receipt to post for an order that KORONA does not show, or why none is posted now."""
    known = due.known
    begun = begun_before(known.name, known.sale, due.looked_up_at, settle)
    if isinstance(begun, Skip):
        return begun
    if begun is not None:
        return _posting(known, begun, due.order)
    if due.trouble is not None:
        return Skip(known.name, f"not read completely: {due.trouble.what}", Fate.HELD)
    if due.order is None:
        return Skip(known.name, "Shopify does not show this order any more", Fate.HELD)
    try:
        receipt = sale_receipt(due.order, due.articles, due.transactions, targets, near)
    except NotBookableError as error:
        return Skip(known.name, str(error), Fate.HELD)
    return _posting(known, receipt, due.order)


def article_finder(sides: Sides, cache: Cache) -> FindArticles:
    """Return what finds the articles of an order: by the line's SKU, else by the SKU that its variant has now.

    A SKU that the cached catalogue does not have is asked for by number, once however many lines name it.
    """
    articles: dict[str, Article | None] = dict(articles_by_number(cache.catalogue))
    unread: list[Unavailable] = []
    sku_of = {variant.id: variant.sku for each in cache.shelf.products.values() for variant in each.variants}

    def article_id(sku: str) -> str | None:
        if sku not in articles and len(unread) >= MOST_UNSURE:
            raise unread[-1]
        if sku not in articles:
            try:
                articles[sku] = sides.korona.product_by_number(sku)
            except Rejected:
                articles[sku] = None
            except Unavailable as error:
                unread.append(error)
                raise
        article = articles[sku]
        return article.id if article is not None and article.active else None

    def find(order: Order) -> dict[int, str]:
        found = {line.id: next(filter(None, map(article_id, _skus(line, sku_of))), None) for line in order.lines}
        return {line_id: each for line_id, each in found.items() if each is not None}

    return find


def _skus(line: OrderLine, sku_of: Mapping[int, str]) -> list[str]:
    skus = [line.sku.strip(), sku_of.get(line.variant_id or 0, "").strip()]
    return [sku for sku in dict.fromkeys(skus) if sku]


def _in_order(orders: Iterable[KnownOrder]) -> list[KnownOrder]:
    return sorted(orders, key=lambda order: (order.created_at, order.id))


def _with_order(knowledge: Knowledge, order: KnownOrder) -> Knowledge:
    orders = knowledge.state.orders | {order.id: order}
    return replace(knowledge, state=replace(knowledge.state, orders=orders))


def _posting(known: KnownOrder, receipt: Receipt, order: Order | None) -> Change:
    skus = {line.id: line.sku or line.title for line in order.lines} if order else {}
    names = [skus.get(line.line_id) or line.description for line in receipt.lines]
    return Change(known.name, None, posting(receipt, names, "sale", known.sale))


def _left_by_rule(order: KnownOrder) -> str:
    """Say why an order is never booked; empty where it is."""
    if order.test:
        return "a test order is not booked"
    if order.before_start:
        return "placed before orders.start_from, not booked"
    if order.cancelled_at is not None and not is_begun(order):
        back = sum(each.quantity for each in order.restocks)
        gone = sum(line.quantity for line in order.lines) - back
        lost = f"; pieces that have not come back, of which KORONA does not know: {gone}" if gone > 0 else ""
        return f"cancelled before it was booked{lost}"
    return ""


def _edit_reason(order: KnownOrder) -> str:
    skus = {line.id: line.sku or str(line.id) for line in order.lines}
    more = ", ".join(f"{pieces} × {skus[line_id]}" for line_id, pieces in added_since_booking(order).items())
    return f"edited after it was booked: {more} more; book that by hand in KORONA, then `korsync ignore {order.name}`"
