"""Refunds, Shopify to KORONA: what came back to the shelf becomes one negative receipt a refund, and nothing else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from korsync.bookings import (
    QUEUE_PATIENCE,
    found_return,
    is_booked,
    is_settled,
    may_send_again,
    return_of,
    with_booking,
)
from korsync.errors import SafetyStop
from korsync.pipelines.base import Knowledge
from korsync.pipelines.finding import booking_targets
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.posting import booking_rules, in_batches, noted, post, posting, recorded
from korsync.pipelines.sides import Sides
from korsync.plan import Change, Fate, Plan, Skip, Written
from korsync.receipts import BookingRules, NotBookableError, sale_key
from korsync.returns import (
    NOT_RESTOCKED,
    RESTOCKED,
    refund_key,
    restocked_pieces,
    return_receipt,
    returned_pieces,
)
from korsync.sales import BookedReceipt, Order, Receipt, Refund
from korsync.state import Booking, BookingStatus, KnownOrder
from korsync.targets import BookingTargets


@dataclass(frozen=True, slots=True)
class OpenReturns:
    """A booked order with restocked refunds that are not known to be booked, and what KORONA holds of it.

    `order` is None where Shopify shows it no more; `looked_up_at` is KORONA's time when it showed `found`.
    """

    known: KnownOrder
    order: Order | None
    refund_ids: tuple[int, ...]
    found: tuple[BookedReceipt, ...]
    looked_up_at: datetime


@dataclass(frozen=True, slots=True)
class RefundsPulled:
    """All that the plan of refunds is made of; `listed` are refunds told of for the first time.

    `waiting` are orders with restocked refunds whose sale is not booked yet, or not settled.
    """

    knowledge: Knowledge
    open: tuple[OpenReturns, ...]
    waiting: tuple[KnownOrder, ...]
    listed: tuple[Skip, ...]
    unsellable: frozenset[str]
    rules: BookingRules


class Refunds:
    """The refunds pipeline."""

    name: ClassVar[str] = "refunds"
    may_wait: ClassVar[bool] = False

    def __init__(self, sides: Sides) -> None:
        """Take both sides."""
        self._sides = sides
        self._settle = timedelta(minutes=float(sides.settings.safety.settle_minutes))
        self._targets: BookingTargets | None = None

    def pull(self, knowledge: Knowledge) -> RefundsPulled:
        """Read the orders, and look up in KORONA those with restocked refunds whose sale is settled."""
        sides = self._sides
        knowledge = read_orders(sides, knowledge)
        knowledge, targets = booking_targets(sides, knowledge)
        self._targets = targets
        knowledge, listed = _listed(knowledge, sides.orders)
        wanted = [order for order in knowledge.state.orders.values() if open_refunds(order)]
        contents = sides.orders_by_id(order.id for order in wanted if is_booked(order.sale))
        still_open, waiting = [], []
        for known in wanted:
            if not is_booked(known.sale):
                waiting.append(known)
                continue
            found = sides.korona.receipts_by_order_number(targets.point_of_sale.id, known.name.removeprefix("#"))
            known = _with_found(known, found, sides.korona.now)
            orders = knowledge.state.orders | {known.id: known}
            knowledge = replace(knowledge, state=replace(knowledge.state, orders=orders))
            if not open_refunds(known):
                continue
            if is_settled(known.sale, sides.korona.now, self._settle):
                refund_ids = open_refunds(known)
                content = contents.get(known.id)
                still_open.append(OpenReturns(known, content, refund_ids, tuple(found), sides.korona.now))
            else:
                waiting.append(known)
        articles = knowledge.cache.catalogue.articles.values()
        return RefundsPulled(
            knowledge=knowledge,
            open=tuple(still_open),
            waiting=tuple(waiting),
            listed=listed,
            unsellable=frozenset(each.id for each in articles if each.return_unsellable),
            rules=booking_rules(sides, targets),
        )

    def plan(self, pulled: RefundsPulled) -> Plan:
        """Decide which refunds are booked now, which wait, and which a person must look at."""
        changes: list[Change] = []
        skips = list(pulled.listed)
        skips += [
            Skip(order.name, "its refund waits until the sale is settled", Fate.WAITING) for order in pulled.waiting
        ]
        for each in pulled.open:
            decision = decide_return(each, pulled.rules, self._settle)
            if isinstance(decision, Change):
                changes.append(decision)
            else:
                skips.append(decision)
        notes = [
            f"{change.key}: “{line.description}” is marked as unsellable when returned; KORONA may not raise its stock"
            for change in changes
            for line in change.after.posted.lines
            if line.article_id in pulled.unsellable
        ]
        return Plan(self.name, tuple(changes), tuple(skips), len(pulled.open), notes=tuple(notes))

    def guard(self, _pulled: RefundsPulled, plan: Plan) -> tuple[Plan, SafetyStop | None]:
        """Let everything through: each receipt was checked against what is booked and against Shopify's figures."""
        return plan, None

    def disbelieve(self, _before: Knowledge, after: Knowledge) -> Knowledge:
        """Keep what was read: no plan of refunds is ever stopped."""
        return after

    def batches(self, changes: Sequence[Change]) -> Iterable[Sequence[Change]]:
        """First attempts in parts of 20, repeats alone."""
        return in_batches(changes)

    def intend(self, knowledge: Knowledge, batch: Sequence[Change]) -> Knowledge:
        """Note the exact receipts before they are posted."""
        return noted(self._sides, knowledge, batch)

    def push(self, batch: Sequence[Change]) -> Iterator[Written]:
        """Post a batch of negative receipts."""
        if self._targets is not None:
            yield from post(self._sides, self._targets, batch)

    def record(self, knowledge: Knowledge, written: Written) -> Knowledge:
        """Remember what became of a receipt."""
        return recorded(self._sides, knowledge, written)


def open_refunds(order: KnownOrder) -> tuple[int, ...]:
    """Return the restocked refunds of an order that are not known to be booked, the oldest first."""
    if order.test or order.before_start or order.sale is None:
        return ()
    when = {each.refund_id: each.at for each in order.restocks}
    waiting = [
        refund_id
        for refund_id in when
        if refund_id not in order.ignored_refunds and not is_booked(return_of(order, refund_id))
    ]
    return tuple(sorted(waiting, key=lambda refund_id: (when[refund_id], refund_id)))


def decide_return(each: OpenReturns, rules: BookingRules, settle: timedelta) -> Change | Skip:
    """Return what to do with the oldest open refund of an order; the later ones follow in the next runs.

    A return's share depends on those before it, so they go one after the other.
    """
    refund_id = each.refund_ids[0]
    name = f"{each.known.name} refund {refund_id}"
    booking = return_of(each.known, refund_id)
    pending = _pending(name, booking, each.looked_up_at, settle)
    if isinstance(pending, Skip):
        return pending
    shown = {receipt.key for receipt in each.found}
    if any(is_booked(earlier) and earlier.key not in shown for earlier in each.known.returns):
        return Skip(name, "KORONA does not show an earlier return of this order yet", Fate.WAITING)
    try:
        receipt = pending or _receipt(each, refund_id, rules)
    except NotBookableError as error:
        return Skip(name, str(error), Fate.HELD)
    return Change(name, None, posting(receipt, [line.description for line in receipt.lines], "return", booking))


def _pending(name: str, booking: Booking | None, now: datetime, settle: timedelta) -> Skip | Receipt | None:
    """Return why a return begun before must wait, the receipt to send again, or None where it is to be made."""
    if booking is None or booking.status is BookingStatus.REFUSED:
        return None
    if booking.status is BookingStatus.CONFLICT:
        return Skip(name, booking.reason, Fate.HELD)
    if booking.status is BookingStatus.QUEUED:
        overdue = booking.sent_at is not None and booking.sent_at + QUEUE_PATIENCE <= now
        return Skip(name, "KORONA queued it and does not show it yet", Fate.HELD if overdue else Fate.WAITING)
    if not may_send_again(booking, now, settle):
        return Skip(name, "sent, but its outcome is not known yet", Fate.WAITING)
    return booking.receipt


def _receipt(each: OpenReturns, refund_id: int, rules: BookingRules) -> Receipt:
    sale = next((receipt for receipt in each.found if receipt.key == sale_key(each.known.id)), None)
    keys = {refund_key(restock.refund_id) for restock in each.known.restocks}
    returns = tuple(receipt for receipt in each.found if receipt.key in keys)
    if sale is None:
        raise NotBookableError("KORONA does not show the receipt of its sale")
    refunds = each.order.refunds if each.order else ()
    refund = next((refund for refund in refunds if refund.id == refund_id), None)
    if each.order is None or refund is None:
        raise NotBookableError("Shopify does not show this refund any more")
    return return_receipt(refund, each.order, sale, _returned(returns), rules)


def _returned(returns: Iterable[BookedReceipt]) -> dict[int, Decimal]:
    total: dict[int, Decimal] = {}
    for receipt in returns:
        for line_id, pieces in returned_pieces(receipt).items():
            total[line_id] = total.get(line_id, Decimal(0)) + pieces
    return total


def _with_found(known: KnownOrder, found: Iterable[BookedReceipt], now: datetime) -> KnownOrder:
    receipts = tuple(found)
    for refund_id in open_refunds(known):
        booking = found_return(known, refund_id, receipts, now)
        if booking is not None:
            known = with_booking(known, booking)
    return known


def _listed(knowledge: Knowledge, orders: Mapping[int, Order]) -> tuple[Knowledge, tuple[Skip, ...]]:
    """Name each refund that is not booked by rule, once."""
    known_orders = dict(knowledge.state.orders)
    skips = []
    for order_id in orders.keys() & known_orders.keys():
        known, order = known_orders[order_id], orders[order_id]
        told = set(known.listed_refunds)
        for refund in order.refunds:
            reason = _left_by_rule(refund, known)
            if reason and refund.id not in told:
                told.add(refund.id)
                skips.append(Skip(f"{known.name} refund {refund.id}", reason, Fate.LEFT))
        known_orders[order_id] = replace(known, listed_refunds=tuple(sorted(told)))
    return replace(knowledge, state=replace(knowledge.state, orders=known_orders)), tuple(skips)


def _left_by_rule(refund: Refund, known: KnownOrder) -> str:
    """Say why a refund, or a part of it, is not booked; empty where all of it is."""
    if known.before_start:
        return "its order was placed before orders.start_from, not booked"
    if known.test or (known.cancelled_at is not None and known.sale is None):
        return ""
    strange = {line.restock_type for line in refund.lines} - RESTOCKED - NOT_RESTOCKED
    if strange:
        return f"counts as not restocked: the restock type {', '.join(sorted(strange))} is not known"
    if any(line.restock_type in NOT_RESTOCKED for line in refund.lines):
        return "not booked, or not all of it: not restocked"
    if not restocked_pieces(refund):
        return "not booked: only money, shipping or an amount was refunded" if refund.transactions else ""
    return ""
