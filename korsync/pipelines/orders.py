"""Orders, Shopify to KORONA: every order becomes exactly one receipt at once, and lowers KORONA's stock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from korsync.errors import Rejected, Unavailable
from korsync.pipelines.base import MOST_UNSURE, Reading, Sides
from korsync.pipelines.lookups import LookUp, look_up
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.posting import Posting, ReceiptPipeline, posting
from korsync.pipelines.sides import read_orders_by_id
from korsync.pipelines.targets import find_booking_targets
from korsync.records.bookings import NOT_BOOKED, BookingStatus, KnownOrder
from korsync.records.catalogue import Article
from korsync.records.memory import BookingTargets, Memory, held_key
from korsync.records.orders import Order, Transaction
from korsync.records.plan import Change, Fate, Plan, Skip, ToldOnce
from korsync.records.receipts import Receipt
from korsync.rules.bookings import (
    begun_before,
    first_receipts_stop,
    found_sale,
    names_apart,
    read_back,
    with_found_returns,
)
from korsync.rules.matching import assortment, live_numbers, near_numbers
from korsync.rules.receipts import NearNumbers, NotBookableError, sale_receipt
from korsync.rules.stock import lost_articles
from korsync.rules.taxes import tax_differences


@dataclass(frozen=True, slots=True)
class DueSale:
    """An order whose sale is not known to be booked, what KORONA shows of it, and what is needed to book it.

    `name` is what a person calls it; `order` is None where Shopify shows it no more, `look` as long as there is nothing
    to be looked up; `trouble` kept what is needed from being read.
    """

    known: KnownOrder
    name: str
    order: Order | None
    look: LookUp | None = None
    articles: Mapping[int, str] = field(default_factory=dict)
    transactions: tuple[Transaction, ...] = ()
    trouble: Unavailable | None = None


@dataclass(frozen=True, slots=True)
class OrdersPulled:
    """All that the plan of orders is made of."""

    reading: Reading
    due: tuple[DueSale, ...]
    targets: BookingTargets
    settle: timedelta
    shopify_now: datetime


class Orders(ReceiptPipeline):
    """The orders pipeline."""

    name: ClassVar[str] = "orders"

    def pull(self, reading: Reading) -> OrdersPulled:
        """Read the orders, and look up in KORONA those whose sale is not known to be booked.

        A sale that was never begun is looked up when it can be booked, and not as long as it is held.
        """
        sides = self._sides
        reading = read_orders(sides, reading)
        reading, targets = find_booking_targets(sides, reading)
        known = _in_order(reading.memory.state.orders.values())
        names = names_apart(known)
        wanted = [each for each in known if each.is_due or each.may_have_been_forgotten or each.awaits_read_back]
        contents_of = (each.id for each in wanted if each.is_due or each.may_have_been_forgotten)
        reading = read_orders_by_id(sides, reading, contents_of)
        due = [DueSale(each, names[each.id], reading.orders.get(each.id)) for each in wanted]
        # What is held comes last: what could not be read of it must not keep others from being read.
        due.sort(key=lambda each: held_key(self.name, each.name) in reading.memory.state.held)
        contents = _Contents(sides, reading)
        due = [contents.added_to(each) for each in due]
        asked = [each.known for each in due if _is_to_be_looked_up(each, targets)]
        reading, shown = look_up(sides, reading, targets.point_of_sale_id, asked)
        looked_up = tuple(replace(each, look=shown.get(each.known.id)) for each in due)
        return OrdersPulled(reading, looked_up, targets, sides.settings.safety.settle, sides.shopify.now)

    @staticmethod
    def plan(pulled: OrdersPulled) -> Plan[Posting]:
        """Decide which orders are booked now, which wait, and which a person must look at."""
        memory = pulled.reading.memory
        looked_up = [replace(each, known=_with_receipts(each, pulled.settle)) for each in pulled.due]
        memory = memory.with_state(orders=memory.state.orders | {each.known.id: each.known for each in looked_up})
        due = [each for each in looked_up if each.known.is_due]
        changes, skips, notes = [], [], []
        for each in due:
            decision = _decide(each, pulled, memory.state.adopted_at)
            if isinstance(decision, Skip):
                skips.append(decision)
                continue
            changes.append(decision)
            if each.order is not None:
                differences = tax_differences(each.order, decision.after.posted, pulled.targets)
                notes += [f"{each.name}: {some}" for some in differences]
        return Plan(
            pipeline=Orders.name,
            changes=tuple(changes),
            skips=(*_of_known_orders(memory.state.orders.values()), *_of_lost_pieces(pulled, memory), *skips),
            matched=len(due),
            notes=tuple(notes),
            trouble=tuple(each.trouble for each in due if each.trouble is not None),
            memory=memory,
            stop=first_receipts_stop(Orders.name, memory.state),
        )


class _Contents:
    """Reads what receipts are made of; where it cannot be read, that order waits and the others go on."""

    def __init__(self, sides: Sides, reading: Reading) -> None:
        self._sides = sides
        cache = reading.memory.cache
        known = assortment(cache.catalogue.articles, cache.shop_products.products.values())
        self._assortment = known
        self._asked: dict[str, Article | None] = {}
        self._unread: list[Unavailable] = []

    def added_to(self, due: DueSale) -> DueSale:
        """Return a due sale with articles and transactions, as far as its receipt is still to be made."""
        order = due.order
        if order is None or not due.known.is_due or not _is_to_be_made(due.known):
            return due
        several = len(set(order.gateways)) > 1
        try:
            transactions = tuple(self._ask_transactions(order.id)) if several else ()
            return replace(due, articles=self._articles_of(order), transactions=transactions)
        except Rejected:
            # Deleted since the list was read.
            return replace(due, order=None)
        except Unavailable as error:
            return replace(due, trouble=error)

    def _ask_transactions(self, order_id: int) -> Iterable[Transaction]:
        self._give_up_where_nothing_answers()
        try:
            return self._sides.shopify.transactions(order_id)
        except Unavailable as error:
            self._unread.append(error)
            raise

    def _articles_of(self, order: Order) -> dict[int, str]:
        """Return the article ids of an order's lines; lines without an article are left out."""
        found = {}
        for line in order.lines:
            for sku in self._assortment.skus_of(line.sku, line.variant_id):
                article = self._article(sku)
                if article is not None:
                    found[line.id] = article.id
                    break
        return found

    def _article(self, sku: str) -> Article | None:
        """Return an article; one that the catalogue does not have is asked for, once however many lines name it."""
        if sku in self._assortment.by_number:
            return self._assortment.by_number[sku]
        if sku not in self._asked:
            self._give_up_where_nothing_answers()
            try:
                self._asked[sku] = self._sides.korona.product_by_number(sku)
            except Rejected:
                self._asked[sku] = None
            except Unavailable as error:
                self._unread.append(error)
                raise
        article = self._asked[sku]
        return article if article is not None and article.active else None

    def _give_up_where_nothing_answers(self) -> None:
        if len(self._unread) >= MOST_UNSURE:
            raise self._unread[-1]


def _is_to_be_made(known: KnownOrder) -> bool:
    return known.sale is None or known.sale.status is BookingStatus.REFUSED


def _is_to_be_looked_up(due: DueSale, targets: BookingTargets) -> bool:
    """Tell whether KORONA is asked: of what was begun, of what may be forgotten, and before a receipt is posted."""
    known = due.known
    if known.sale is not None or known.may_have_been_forgotten:
        return True
    try:
        return due.trouble is None and bool(_receipt(due, targets, lambda _: ()))
    except NotBookableError:
        return False


def _with_receipts(due: DueSale, settle: timedelta) -> KnownOrder:
    """Return an order with what KORONA shows of it; of a sale that is found its returns are looked at too.

    A return not known to be booked would be taken for stock to come.
    """
    if due.look is None:
        return due.known
    if due.known.awaits_read_back:
        return read_back(due.known, due.look.receipts, due.look.at, settle)
    total = due.order.total_price if due.order else None
    booking = found_sale(due.known, total, due.look.receipts, due.look.at)
    if booking is None:
        return due.known
    return with_found_returns(due.known.with_booking(booking), due.look.receipts, due.look.at)


def _decide(due: DueSale, pulled: OrdersPulled, adopted_at: datetime | None) -> Change[Posting] | Skip:
    """Return the receipt to post for an order that KORONA does not show, or why none is posted now."""
    begun = None
    if due.look is not None:
        if adopted_at is not None and due.look.at < adopted_at + pulled.settle:
            return Skip(due.name, "nothing is booked so soon after `init --adopt`", Fate.WAITING)
        begun = begun_before(due.name, due.known.sale, due.look.at, pulled.settle)
    if isinstance(begun, Skip):
        return begun
    if begun is None and due.trouble is not None:
        return Skip(due.name, f"not read completely: {due.trouble.what}", Fate.HELD)
    try:
        receipt = begun or _receipt(due, pulled.targets, _near(pulled.reading.memory))
    except NotBookableError as error:
        return Skip(due.name, str(error), Fate.HELD)
    skus = {line.id: line.sku or line.title for line in due.order.lines} if due.order else {}
    names = [skus.get(line.line_id) or line.description for line in receipt.lines]
    value = posting(receipt, names, "sale", pulled.targets.point_of_sale_id, due.known.sale)
    return Change(due.name, None, value)


def _near(memory: Memory) -> NearNumbers:
    """Return what finds near matches among KORONA's numbers: only an order that is held has need of it."""
    return lambda sku: near_numbers(live_numbers(memory.cache.catalogue.articles.values()))(sku)


def _receipt(due: DueSale, targets: BookingTargets, near: NearNumbers) -> Receipt:
    if due.order is None:
        raise NotBookableError("Shopify does not show this order any more")
    return sale_receipt(due.order, due.articles, due.transactions, targets, near)


def _in_order(orders: Iterable[KnownOrder]) -> list[KnownOrder]:
    return sorted(orders, key=lambda order: (order.created_at, order.id))


def _of_known_orders(orders: Iterable[KnownOrder]) -> list[Skip]:
    """Return what a person is told of orders that are not due: not booked by rule (once), or edited afterwards."""
    known = _in_order(orders)
    names = names_apart(known)
    skips = []
    for order in known:
        reason = "" if NOT_BOOKED in order.told else _left_by_rule(order)
        if reason:
            skips.append(Skip(names[order.id], reason, Fate.LEFT, ToldOnce(order.id, NOT_BOOKED)))
        if order.added_pieces and not order.ignored:
            skips.append(Skip(names[order.id], _edit_reason(order, names[order.id]), Fate.HELD))
    return skips


def _of_lost_pieces(pulled: OrdersPulled, memory: Memory) -> Iterator[Skip]:
    """Hold the orders whose pieces left the shelf without a receipt to come: only a person can tell KORONA."""
    known = _in_order(memory.state.orders.values())
    names, cache = names_apart(known), memory.cache
    articles = assortment(cache.catalogue.articles, cache.shop_products.products.values())
    for order in known:
        lost = lost_articles(order, articles)
        # Shopify cancels in the background, and puts the pieces back some time after the cancellation shows.
        if lost and (order.cancelled_at is None or order.cancelled_at + pulled.settle <= pulled.shopify_now):
            why = "shipped, placed before orders.start_from" if order.before_start else "cancelled without restocking"
            if order.before_start and order.cancelled_at is not None:
                why = "cancelled without restocking, placed before orders.start_from"
            pieces = ", ".join(f"{count:f} × {number}" for number, count in lost.items())
            name = names[order.id]
            remedy = f"take {pieces} out of KORONA by hand, then `korsync ignore {name}`"
            yield Skip(name, f"{why}: {remedy}", Fate.HELD)


def _left_by_rule(order: KnownOrder) -> str:
    """Say why an order is never booked; empty where it is."""
    if order.test:
        return "a test order is not booked"
    if order.before_start:
        return "placed before orders.start_from, not booked"
    if order.cancelled_at is not None and not order.is_begun:
        return "cancelled before it was booked"
    return ""


def _edit_reason(order: KnownOrder, name: str) -> str:
    skus = {line.id: line.sku or str(line.id) for line in order.lines}
    more = ", ".join(f"{pieces} × {skus[line_id]}" for line_id, pieces in order.added_pieces.items())
    return f"edited after it was booked: {more} more; book that by hand in KORONA, then `korsync ignore {name}`"
