"""Orders, Shopify to KORONA: every order becomes exactly one receipt at once, and lowers KORONA's stock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from korsync.errors import Rejected, SafetyStop, Unavailable
from korsync.pipelines.base import Reading
from korsync.pipelines.lookups import Contents, LookUp, look_up
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.posting import Posting, ReceiptPipeline, posting
from korsync.pipelines.sides import read_orders_by_id, with_new_articles
from korsync.pipelines.targets import find_booking_targets, with_fresh_taxes
from korsync.records.bookings import NOT_BOOKED, SHOWN, Booking, BookingStatus, KnownOrder, sale_key
from korsync.records.memory import BookingTargets, Memory, held_key
from korsync.records.orders import Order, Transaction
from korsync.records.plan import Change, Fate, Plan, Skip, ToldOnce
from korsync.records.receipts import Receipt
from korsync.rules import guards
from korsync.rules.bookings import begun_before, names_apart, why_never_booked
from korsync.rules.edits import MoneyChange, edit_receipt, money_change
from korsync.rules.matching import assortment, live_numbers, near_numbers
from korsync.rules.read_back import (
    first_receipts_stop,
    found_sale,
    read_back,
    with_found_edits,
    with_found_returns,
)
from korsync.rules.receipts import NearNumbers, NotBookableError, sale_receipt
from korsync.rules.takes import lost_articles
from korsync.rules.taxes import tax_differences
from korsync.text import to_type

TAXES_DIFFER = "taxes"
"""The mark of an order of which a person was told that its receipt has other taxes than Shopify computed."""


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order of which something is not known to be booked, what KORONA shows of it, and what is needed to book it.

    `name` is what a person calls it; `order` is None where Shopify shows it no more, `look` as long as there is nothing
    to be looked up; `trouble` kept what is needed from being read. `is_held`: it was held by the run before.
    """

    known: KnownOrder
    name: str
    order: Order | None
    look: LookUp | None = None
    articles: Mapping[int, str] = field(default_factory=dict)
    transactions: tuple[Transaction, ...] = ()
    trouble: Unavailable | None = None
    is_held: bool = False

    @property
    def begun(self) -> Booking | None:
        """The receipt that was begun of what is still to be booked: the sale, then what edits added."""
        return self.known.open_edit if self.known.is_booked else self.known.sale


@dataclass(frozen=True, slots=True)
class OrdersPulled:
    """All that the plan of orders is made of."""

    reading: Reading
    due: tuple[DueOrder, ...]
    targets: BookingTargets
    settle: timedelta
    max_receipts: int
    shopify_now: datetime


class Orders(ReceiptPipeline):
    """The orders pipeline."""

    name: ClassVar[str] = "orders"
    can_be_accepted: ClassVar[bool] = True

    def pull(self, reading: Reading) -> OrdersPulled:
        """Read the orders, and look up in KORONA those of which something is not known to be booked.

        A sale that was never begun is looked up when it can be booked, and not as long as it is held.
        """
        sides = self._sides
        reading = read_orders(sides, reading)
        reading, targets = find_booking_targets(sides, reading)
        known = _in_order(reading.memory.state.orders.values())
        names = names_apart(known)
        open_ = {each.id for each in known if each.is_due or each.may_have_been_forgotten or each.is_edited}
        reading = read_orders_by_id(sides, reading, open_)
        wanted = [each for each in known if each.id in open_ or each.awaits_read_back]
        held = reading.memory.state.held.keys()
        due = [
            DueOrder(each, name, reading.orders.get(each.id), is_held=held_key(self.name, name) in held)
            for each, name in ((each, names[each.id]) for each in wanted)
        ]
        # What is held comes last: what could not be read of it must not keep others from being read.
        due.sort(key=lambda each: each.is_held)
        held_orders = [each.order for each in due if each.is_held and each.order]
        reading = with_new_articles(sides, reading, held_orders)
        contents = Contents(sides, reading)
        due = [_with_contents(each, contents) for each in due]
        new = (each.order for each in due if each.order and _is_to_be_made(each))
        reading, targets = with_fresh_taxes(sides, reading, targets, new)
        asked = [each.known for each in due if _is_to_be_looked_up(each, targets)]
        reading, shown = look_up(sides, reading, targets.point_of_sale_id, asked)
        looked_up = tuple(replace(each, look=shown.get(each.known.id)) for each in due)
        safety = sides.settings.safety
        return OrdersPulled(reading, looked_up, targets, safety.settle, safety.max_receipts, sides.shopify_now)

    @staticmethod
    def plan(pulled: OrdersPulled) -> Plan[Posting]:
        """Decide which orders are booked now, which wait, and which a person must look at."""
        looked_up = [replace(each, known=_with_receipts(each, pulled.settle)) for each in pulled.due]
        memory = pulled.reading.memory
        orders = memory.state.orders | {each.known.id: each.known for each in looked_up}
        orders |= {each.id: each for each in _with_money_changes(orders, pulled)}
        memory = memory.with_state(orders=orders)
        due = [each for each in looked_up if each.known.is_due or each.known.is_edited]
        decisions = [_decide(each, pulled) for each in due]
        changes = tuple(each for each in decisions if isinstance(each, Change))
        stop = first_receipts_stop(Orders.name, memory.state)
        too_many = _too_many(pulled, due, changes)
        told = (
            *_strange(pulled.reading),
            *_of_known_orders(orders.values()),
            *_tax_differences(due, changes, pulled.targets),
        )
        return Plan(
            pipeline=Orders.name,
            changes=changes,
            skips=(
                *told,
                *_of_lost_pieces(pulled, memory),
                *(each for each in decisions if isinstance(each, Skip)),
            ),
            matched=len(due),
            trouble=tuple(each.trouble for each in due if each.trouble is not None),
            memory=memory,
            stop=stop or too_many,
            written_all_the_same=() if stop or not too_many else _seen(changes, too_many),
        )


def _too_many(pulled: OrdersPulled, due: Iterable[DueOrder], changes: Iterable[Change[Posting]]) -> SafetyStop | None:
    """Return the stop for too many receipts that no person has seen: neither sent before nor shown by `init`."""
    shown = {each.name for each in due if SHOWN in each.known.told}
    news = [each.key for each in changes if each.after.previous is None and each.key not in shown]
    state, name = pulled.reading.memory.state, Orders.name
    accepted, waiting = state.accepted.get(name, ()), state.stopped.get(name, ())
    return guards.too_many_receipts(news, accepted=accepted, waiting=waiting, most=pulled.max_receipts)


def _seen(changes: Iterable[Change[Posting]], stop: SafetyStop) -> tuple[Change[Posting], ...]:
    stopped = {guards.key_of(mark) for mark in stop.guarded}
    return tuple(each for each in changes if each.key not in stopped)


def _with_contents(due: DueOrder, contents: Contents) -> DueOrder:
    """Add what a receipt is made of; what cannot be read keeps no other from it.

    Also where one was begun: KORONA may show that one, and what an edit added is then to be booked.
    """
    if due.order is None or not (due.known.is_due or due.known.is_edited):
        return due
    try:
        is_sale = not due.known.is_booked and _is_to_be_made(due)
        transactions = contents.transactions_of(due.order) if is_sale else ()
        articles = contents.articles_of(due.order, asks=not due.is_held)
        return replace(due, articles=articles, transactions=transactions)
    except Rejected:
        # Deleted since the list was read.
        return replace(due, order=None)
    except Unavailable as error:
        return replace(due, trouble=error)


def _is_to_be_made(due: DueOrder) -> bool:
    return due.begun is None or due.begun.status is BookingStatus.REFUSED


def _is_to_be_looked_up(due: DueOrder, targets: BookingTargets) -> bool:
    """Tell whether KORONA is asked: of what was begun, of what may be forgotten, and before a receipt is posted."""
    if due.known.sale is not None or due.known.may_have_been_forgotten:
        return True
    try:
        return due.trouble is None and bool(_receipt(due, targets, lambda _: ()))
    except NotBookableError:
        return False


def _with_receipts(due: DueOrder, settle: timedelta) -> KnownOrder:
    """Return an order with what KORONA shows of it: its sale, what edits added, and its returns.

    A return not known to be booked would be taken for stock to come.
    """
    known, look = due.known, due.look
    if look is None:
        return known
    known = read_back(known, look.receipts, look.at, settle)
    if known.is_due or known.may_have_been_forgotten:
        booking = found_sale(known, due.order.total_price if due.order else None, look.receipts, look.at)
        known = known if booking is None else known.with_booking(booking)
    if not known.is_booked:
        return known
    return with_found_returns(with_found_edits(known, look.receipts, look.at), look.receipts, look.at)


def _with_money_changes(orders: Mapping[int, KnownOrder], pulled: OrdersPulled) -> Iterator[KnownOrder]:
    """Return the booked orders of which Shopify says now that they come to something else than was booked."""
    for order_id in orders.keys() & pulled.reading.orders.keys():
        change = money_change(orders[order_id], pulled.reading.orders[order_id], pulled.targets)
        now = None if change is None else change.now
        if now != orders[order_id].changed_to:
            yield replace(orders[order_id], changed_to=now)


def _decide(due: DueOrder, pulled: OrdersPulled) -> Change[Posting] | Skip:
    """Return the receipt to post of what KORONA does not show, or why none is posted now."""
    begun, adopted_at = None, pulled.reading.memory.state.adopted_at
    if due.look is not None:
        if adopted_at is not None and due.look.at < adopted_at + pulled.settle:
            reason = "nothing is booked so soon after the state was made from KORONA's receipts"
            return Skip(due.name, reason, Fate.WAITING)
        begun = begun_before(due.name, due.begun, due.look.at, pulled.settle)
    if isinstance(begun, Skip):
        return begun
    if begun is None and any(each.awaits_read_back for each in due.known.sales):
        return Skip(due.name, "what was added waits until KORONA shows the receipt of its sale", Fate.WAITING)
    if begun is None and due.trouble is not None:
        return Skip(due.name, f"not read completely: {due.trouble.what}", Fate.HELD)
    try:
        receipt = begun or _receipt(due, pulled.targets, _near(pulled.reading.memory))
    except NotBookableError as error:
        return Skip(due.name, _held_reason(due, str(error)), Fate.HELD)
    skus = {line.id: line.sku or line.title for line in due.order.lines} if due.order else {}
    names = [skus.get(line.line_id) or line.description for line in receipt.lines]
    kind = "edit" if due.known.is_booked else "sale"
    return Change(due.name, None, posting(receipt, names, kind, pulled.targets, due.begun))


def _held_reason(due: DueOrder, trouble: str) -> str:
    if not due.known.is_booked:
        return trouble
    skus = {line.id: line.sku or str(line.id) for line in due.known.lines}
    more = ", ".join(f"{pieces} × {skus[line_id]}" for line_id, pieces in due.known.added_pieces.items())
    way_out = f"book that by hand in KORONA, then `{to_type('ignore', due.name)}`"
    return f"edited after it was booked: {more} more; {trouble}; {way_out}"


def _near(memory: Memory) -> NearNumbers:
    """Return what finds near matches among KORONA's numbers: only an order that is held has need of it."""
    return lambda sku: near_numbers(live_numbers(memory.cache.catalogue.articles.values()))(sku)


def _receipt(due: DueOrder, targets: BookingTargets, near: NearNumbers) -> Receipt:
    if due.order is None:
        raise NotBookableError("Shopify does not show this order any more")
    if due.known.is_booked:
        receipts = due.look.receipts if due.look else ()
        return edit_receipt(due.known, due.order, receipts, due.articles, targets, near)
    return sale_receipt(due.order, due.articles, due.transactions, targets, near)


def _in_order(orders: Iterable[KnownOrder]) -> list[KnownOrder]:
    return sorted(orders, key=lambda order: (order.created_at, order.id))


def _of_known_orders(orders: Iterable[KnownOrder]) -> list[Skip]:
    """Return what a person is told of orders that are not due: not booked by rule (once), or with other money now."""
    known = _in_order(orders)
    names = names_apart(known)
    skips = []
    for order in known:
        reason = "" if NOT_BOOKED in order.told else why_never_booked(order)
        if reason:
            # Tests and cancellations are everyday; that an order from before the start turns up is not.
            once = ToldOnce(order.id, NOT_BOOKED, is_news=order.before_start)
            skips.append(Skip(names[order.id], reason, Fate.LEFT, once))
        if order.has_other_money and order.changed_to is not None and order.booked_amounts is not None:
            change = MoneyChange(order.booked_amounts, order.changed_to)
            way_out = f"correct that by hand in KORONA, then `{to_type('ignore', names[order.id])}`"
            skips.append(Skip(names[order.id], f"{change.reason}; {way_out}", Fate.HELD))
    return skips


def _tax_differences(
    due: Iterable[DueOrder], changes: Iterable[Change[Posting]], targets: BookingTargets
) -> Iterator[Skip]:
    """Say once, per tax rate, where a sale is booked with other taxes than Shopify computed for the whole order."""
    posted = {change.after.posted.key: change.after.posted for change in changes}
    for each in due:
        receipt = posted.get(sale_key(each.known.id))
        differences = tax_differences(each.order, receipt, targets) if each.order and receipt else ()
        if differences and TAXES_DIFFER not in each.known.told:
            reason = f"booked with other taxes than Shopify's: {'; '.join(differences)}"
            yield Skip(each.name, reason, Fate.LEFT, ToldOnce(each.known.id, TAXES_DIFFER))


def _strange(reading: Reading) -> Iterator[Skip]:
    """Hold the orders that cannot be told from others, or of which nobody knows what they sold."""
    for each in reading.strange:
        reason = f"it cannot be read ({each.unreadable}), and no level is raised until it can: look at it in Shopify"
        yield Skip(each.name, reason, Fate.HELD)


def _of_lost_pieces(pulled: OrdersPulled, memory: Memory) -> Iterator[Skip]:
    """Hold the orders whose pieces left the shelf without a receipt to come: only a person can tell KORONA."""
    known = _in_order(memory.state.orders.values())
    names, cache = names_apart(known), memory.cache
    for order in (each for each in known if each.lost_pieces):
        articles = assortment(cache.catalogue.articles, cache.shop_products.products)
        lost = lost_articles(order, articles)
        # Shopify cancels in the background, and puts the pieces back some time after the cancellation shows.
        if lost and (order.cancelled_at is None or order.cancelled_at + pulled.settle <= pulled.shopify_now):
            why = "cancelled without restocking" if order.cancelled_at is not None else "archived"
            why = "shipped" if order.cancelled_at is None and order.fulfilled else why
            why += ", placed before orders.start_from" if order.before_start else ""
            pieces = ", ".join(f"{count:f} × {number}" for number, count in lost.items())
            name = names[order.id]
            remedy = f"take {pieces} out of KORONA by hand, then `{to_type('ignore', name)}`"
            yield Skip(name, f"{why}: {remedy}", Fate.HELD)
