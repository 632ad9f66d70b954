"""Refunds, Shopify to KORONA: what came back to the shelf becomes one negative receipt a refund, and nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from korsync.pipelines.base import Knowledge
from korsync.pipelines.lookups import look_up
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.posting import ReceiptPipeline, in_batches, posting
from korsync.pipelines.sides import Sides
from korsync.pipelines.targets import booking_targets
from korsync.records.bookings import Booking, BookingStatus, KnownOrder
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, Refund
from korsync.records.plan import Change, Fate, Outcome, Plan, Skip, Written
from korsync.records.receipts import BookedReceipt, Receipt
from korsync.rules.attempts import begun_before
from korsync.rules.bookings import (
    is_begun,
    is_booked,
    is_due,
    is_settled,
    may_stand_in_korona,
    names_apart,
    open_refunds,
    return_of,
    with_booking,
    with_found_returns,
)
from korsync.rules.payments import FAILED
from korsync.rules.receipts import NotBookableError, sale_key
from korsync.rules.returns import refund_key, remark_on, restocked_pieces, return_receipt, returned_pieces


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
    targets: BookingTargets


class Refunds(ReceiptPipeline):
    """The refunds pipeline."""

    name: ClassVar[str] = "refunds"

    def __init__(self, sides: Sides) -> None:
        """Take both sides."""
        super().__init__(sides)
        self._unsure: set[int] = set()

    def pull(self, knowledge: Knowledge) -> RefundsPulled:
        """Read the orders, and look up in KORONA those with restocked refunds whose sale is booked."""
        sides = self._sides
        knowledge = read_orders(sides, knowledge)
        knowledge, targets = booking_targets(sides, knowledge)
        self._targets = targets
        knowledge, remarks = listed(knowledge, sides.orders)
        wanted = [order for order in knowledge.state.orders.values() if open_refunds(order)]
        booked = [order for order in wanted if is_booked(order.sale)]
        # An order that was cancelled before it was booked needs neither a receipt nor one against it.
        names = names_apart(knowledge.state.orders.values())
        unbooked = [order for order in wanted if not is_booked(order.sale) and is_due(order)]
        waiting = [replace(order, name=names[order.id]) for order in unbooked]
        contents = sides.orders_by_id(order.id for order in booked)
        knowledge, shown = look_up(sides, knowledge, targets.point_of_sale_id, booked)
        still_open = []
        for known in booked:
            look = shown[known.id]
            known = with_found_returns(known, look.receipts, look.at)
            orders = knowledge.state.orders | {known.id: known}
            knowledge = replace(knowledge, state=replace(knowledge.state, orders=orders))
            refund_ids = open_refunds(known)
            known = replace(known, name=names[known.id])
            if refund_ids and is_settled(known.sale, look.at, self._settle):
                still_open.append(OpenReturns(known, contents.get(known.id), refund_ids, look.receipts, look.at))
            elif refund_ids:
                waiting.append(known)
        articles = knowledge.cache.catalogue.articles.values()
        return RefundsPulled(
            knowledge=knowledge,
            open=tuple(still_open),
            waiting=tuple(waiting),
            listed=remarks,
            unsellable=frozenset(each.id for each in articles if each.return_unsellable),
            targets=targets,
        )

    def plan(self, pulled: RefundsPulled) -> Plan:
        """Decide which refunds are booked now, which wait, and which a person must look at."""
        changes: list[Change] = []
        skips = list(pulled.listed)
        for order in pulled.waiting:
            reason = f"waits until the sale is {'settled' if is_booked(order.sale) else 'booked'}"
            skips += [Skip(item_of(order, refund_id), reason, Fate.WAITING) for refund_id in open_refunds(order)]
        for each in pulled.open:
            for decision in decide_returns(each, pulled.targets, self._settle):
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

    def batches(self, changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
        """First attempts in parts of 20, repeats alone; the returns of one order one after the other.

        A return counts those before it: once one of them is not surely booked, the rest of its order is left over.
        """
        for turn in _in_turns(changes):
            yield from in_batches([change for change in turn if change.after.order_id not in self._unsure])

    def record(self, knowledge: Knowledge, written: Written) -> Knowledge:
        """Remember what became of a receipt, and of which orders something is not surely booked."""
        if written.outcome is not Outcome.DONE:
            self._unsure.add(written.change.after.order_id)
        return super().record(knowledge, written)


def _in_turns(changes: Iterable[Change]) -> list[list[Change]]:
    """Sort changes into turns: the first of each order, then the second of each, and so on."""
    turns: list[list[Change]] = []
    of_order: Counter[int] = Counter()
    for change in changes:
        turn = of_order[change.after.order_id]
        of_order[change.after.order_id] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(change)
    return turns


def decide_returns(each: OpenReturns, targets: BookingTargets, settle: timedelta) -> list[Change | Skip]:
    """Return what to do with the open refunds of an order: those begun first, those once refused last.

    A share counts the pieces returned before it, so a new return follows only those of which it is sure whether
    KORONA holds them; one that is held counts when its turn comes.
    """
    turns = sorted(each.refund_ids, key=lambda refund_id: (_turn(return_of(each.known, refund_id)), refund_id))
    returned = _returned_so_far(each)
    decisions: list[Change | Skip] = []
    unsure = False
    for refund_id in turns:
        decision = _decide(each, refund_id, returned, unsure, targets, settle)
        decisions.append(decision)
        if isinstance(decision, Change):
            returned = _sum(returned, returned_pieces(decision.after.posted))
        unsure = unsure or (isinstance(decision, Skip) and _turn(return_of(each.known, refund_id)) == 0)
    return decisions


def _turn(booking: Booking | None) -> int:
    """Return 0 for a return that may be in KORONA without being shown, 2 for one that was refused, 1 for others."""
    if booking is None or booking.status is BookingStatus.CONFLICT:
        return 1
    return 0 if may_stand_in_korona(booking) else 2


def _decide(
    each: OpenReturns,
    refund_id: int,
    returned: Mapping[int, Decimal],
    unsure: bool,
    targets: BookingTargets,
    settle: timedelta,
) -> Change | Skip:
    name = item_of(each.known, refund_id)
    booking = return_of(each.known, refund_id)
    begun = begun_before(name, booking, each.looked_up_at, settle)
    if isinstance(begun, Skip):
        return begun
    if begun is None and unsure:
        return Skip(name, "waits for an earlier refund of this order", Fate.WAITING)
    try:
        receipt = begun or _receipt(each, refund_id, returned, targets)
    except NotBookableError as error:
        return Skip(name, str(error), Fate.HELD)
    skus = {line.id: line.sku for line in each.known.lines}
    names = [skus.get(line.line_id) or line.description for line in receipt.lines]
    return Change(name, None, posting(receipt, names, "return", booking))


def _receipt(each: OpenReturns, refund_id: int, returned: Mapping[int, Decimal], targets: BookingTargets) -> Receipt:
    sale = next((receipt for receipt in each.found if receipt.key == sale_key(each.known.id)), None)
    if sale is None:
        raise NotBookableError("KORONA does not show the receipt of its sale")
    refunds = each.order.refunds if each.order else ()
    refund = next((refund for refund in refunds if refund.id == refund_id), None)
    if each.order is None or refund is None:
        raise NotBookableError("Shopify does not show this refund any more")
    return return_receipt(refund, each.order, sale, returned, targets)


def _returned_so_far(each: OpenReturns) -> dict[int, Decimal]:
    """Add up, per order line, what KORONA shows as returned, and what is booked though KORONA does not show it yet."""
    returned: dict[int, Decimal] = {}
    shown = {receipt.key for receipt in each.found}
    for receipt in each.found:
        if receipt.key and receipt.key.startswith("refund/"):
            returned = _sum(returned, returned_pieces(receipt))
    for booking in each.known.returns:
        if is_booked(booking) and booking.key not in shown:
            returned = _sum(returned, {some.line_id: Decimal(some.quantity) for some in booking.pieces})
    return returned


def _sum(some: Mapping[int, Decimal], more: Mapping[int, Decimal]) -> dict[int, Decimal]:
    nothing = Decimal(0)
    return {line_id: some.get(line_id, nothing) + more.get(line_id, nothing) for line_id in some.keys() | more.keys()}


def item_of(order: KnownOrder, refund_id: int) -> str:
    """Return what a person calls a refund, also to `korsync retry` and `korsync ignore`."""
    return f"{order.name} refund {refund_id}"


def listed(knowledge: Knowledge, orders: Mapping[int, Order]) -> tuple[Knowledge, tuple[Skip, ...]]:
    """Return the remarks on the refunds of these orders that were not made before, and the knowledge that they were."""
    known_orders = dict(knowledge.state.orders)
    skips: list[Skip] = []
    for order_id in sorted(orders.keys() & known_orders.keys()):
        known, order = known_orders[order_id], orders[order_id]
        if order.unreadable:
            continue
        for refund in order.refunds:
            reason = "" if refund.id in known.listed_refunds else left_by_rule(refund, known, order)
            if reason:
                known = replace(known, listed_refunds=tuple(sorted({*known.listed_refunds, refund.id})))
                skips.append(Skip(item_of(known, refund.id), reason, Fate.LEFT))
        refunds = {refund_key(refund.id): refund for refund in order.refunds}
        for booking in known.returns:
            reason = change_since_booking(refunds.get(booking.key), booking) if is_booked(booking) else ""
            if reason and reason != booking.reason:
                known = with_booking(known, replace(booking, reason=reason))
                skips.append(Skip(f"{known.name} {booking.key.replace('/', ' ')}", reason, Fate.LEFT))
        known_orders[order_id] = known
    return replace(knowledge, state=replace(knowledge.state, orders=known_orders)), tuple(skips)


def left_by_rule(refund: Refund, order: KnownOrder, shown: Order) -> str:
    """Say what of a refund is not booked, and why, or is booked otherwise; empty where nothing is left to say.

    A test order, and one that was cancelled before it was booked, are told of themselves.
    """
    back = sum(restocked_pieces(refund).values())
    if order.test:
        return ""
    if order.before_start:
        unknown = f"; pieces that came back, of which KORONA does not know: {back}" if back else ""
        return f"not booked: its order was placed before orders.start_from{unknown}"
    if order.ignored and not is_booked(order.sale):
        return "not booked: its order is ignored"
    if not is_begun(order) and order.cancelled_at is not None:
        return ""
    return remark_on(refund, shown)


def change_since_booking(refund: Refund | None, booking: Booking) -> str:
    """Say how a refund differs now from the return that was booked for it; empty where it does not.

    Refunds change as long as their money is pending, and returns can be opened again; a receipt cannot be changed.
    """
    if refund is None:
        return "booked, but Shopify does not show this refund any more"
    booked = {each.line_id: each.quantity for each in booking.pieces}
    now = restocked_pieces(refund)
    if booked != now:
        pieces = f"{sum(booked.values())} pieces, Shopify has put {sum(now.values())} back"
        return f"booked with {pieces} by now; correct that by hand in KORONA"
    tried = [each.status for each in refund.transactions if each.kind == "refund"]
    if tried and FAILED.issuperset(tried):
        return "booked, but Shopify could not give the money back"
    return ""
