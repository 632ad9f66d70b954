"""Refunds, Shopify to KORONA: what came back to the shelf becomes one negative receipt a refund, and nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from korsync.pipelines.base import Reading, Sides
from korsync.pipelines.lookups import LookUp, look_up
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.posting import Posting, ReceiptPipeline, posting
from korsync.pipelines.sides import read_orders_by_id
from korsync.pipelines.targets import find_booking_targets, find_stock_targets
from korsync.records.bookings import Booking, BookingStatus, KnownOrder, refund_key
from korsync.records.memory import BookingTargets, Memory
from korsync.records.orders import Order, Refund
from korsync.records.plan import Change, Fate, Outcome, Plan, Skip, ToldOnce, Written
from korsync.records.receipts import Receipt
from korsync.rules.bookings import begun_before, names_apart, refund_name
from korsync.rules.edits import sold_in_korona
from korsync.rules.money import smallest_unit
from korsync.rules.payments import FAILED
from korsync.rules.read_back import first_receipts_stop, read_back, with_found_returns
from korsync.rules.receipts import NotBookableError
from korsync.rules.returns import (
    RESTOCKED,
    must_be_as_booked,
    remark_on,
    restocked_pieces,
    return_receipt,
    returned_pieces,
)
from korsync.rules.settling import is_in_stock, row_revisions


@dataclass(frozen=True, slots=True)
class OpenReturns:
    """A booked order with restocked refunds that are not known to be booked, and what KORONA shows of it.

    `name` is what a person calls it; `order` is None where Shopify shows it no more.
    """

    known: KnownOrder
    name: str
    order: Order | None
    look: LookUp


@dataclass(frozen=True, slots=True)
class RefundsPulled:
    """All that the plan of refunds is made of."""

    reading: Reading
    open: tuple[OpenReturns, ...]
    targets: BookingTargets
    location_id: int
    settle: timedelta

    @property
    def stock_rows(self) -> Mapping[str, int]:
        """The revisions of KORONA's stock rows, none where a run does not read them: then time alone counts."""
        return row_revisions(self.reading.memory.cache.stocks) if "stock" in self.reading.lists else {}


class Refunds(ReceiptPipeline):
    """The refunds pipeline."""

    name: ClassVar[str] = "refunds"

    def __init__(self, sides: Sides) -> None:
        super().__init__(sides)
        self._unsure: set[int] = set()

    def pull(self, reading: Reading) -> RefundsPulled:
        """Read the orders, and look up in KORONA those with restocked refunds whose sale is booked."""
        sides = self._sides
        reading = read_orders(sides, reading)
        reading, targets = find_booking_targets(sides, reading)
        reading, places = find_stock_targets(sides, reading)
        known = reading.memory.state.orders.values()
        names = names_apart(known)
        booked = [order for order in known if order.is_booked and (order.open_refunds or order.awaits_read_back)]
        reading = read_orders_by_id(sides, reading, (order.id for order in booked))
        reading, shown = look_up(sides, reading, targets.point_of_sale_id, booked)
        returns = (OpenReturns(each, names[each.id], reading.orders.get(each.id), shown[each.id]) for each in booked)
        return RefundsPulled(reading, tuple(returns), targets, places.location.id, sides.settings.safety.settle)

    @staticmethod
    def plan(pulled: RefundsPulled) -> Plan[Posting]:
        """Decide which refunds are booked now, which wait, and which a person must look at."""
        memory = pulled.reading.memory
        looked_up = [_looked_up(each, pulled.settle) for each in pulled.open]
        orders = memory.state.orders | {each.known.id: each.known for each in looked_up}
        memory = memory.with_state(orders=orders)
        settled = [each for each in looked_up if _is_settled(each, pulled.settle, pulled.stock_rows)]
        decisions = [decision for each in settled for decision in _decide_all(each, pulled)]
        changes = tuple(each for each in decisions if isinstance(each, Change))
        orders |= {each.known.id: _with_held_refunds(each, decisions) for each in settled}
        memory = memory.with_state(orders=orders)
        skips = [*_told_once(pulled.reading, orders), *_waiting(orders, looked_up, settled)]
        return Plan(
            pipeline=Refunds.name,
            changes=changes,
            skips=(*skips, *(each for each in decisions if isinstance(each, Skip))),
            matched=len(settled),
            notes=tuple(_unsellable(changes, memory)),
            memory=memory,
            stop=first_receipts_stop(Refunds.name, memory.state),
        )

    def batches(self, changes: Sequence[Change[Posting]]) -> Iterator[Sequence[Change[Posting]]]:
        """First attempts go in parts of 20, repeats alone; the returns of one order one after the other.

        A return counts those before it: once one of them is not surely booked, the rest of its order is left over.
        """
        for turn in _in_turns(changes):
            yield from super().batches([each for each in turn if each.after.posted.order_id not in self._unsure])

    def record(self, memory: Memory, written: Sequence[Written[Posting]]) -> Memory:
        """Remember what became of receipts, and of which orders something is not surely booked."""
        memory = super().record(memory, written)
        orders = dict(memory.state.orders)
        for each in written:
            posted = each.change.after.posted
            order = orders[posted.order_id]
            booking = order.booking(posted.key)
            if each.outcome is not Outcome.DONE:
                self._unsure.add(order.id)
            if each.is_held and booking is not None and booking.refund_id is not None:
                held = tuple(sorted({*order.held_refunds, booking.refund_id}))
                orders[order.id] = replace(order, held_refunds=held)
        return memory.with_state(orders=orders)


def _looked_up(each: OpenReturns, settle: timedelta) -> OpenReturns:
    known = read_back(each.known, each.look.receipts, each.look.at, settle)
    return replace(each, known=with_found_returns(known, each.look.receipts, each.look.at))


def _is_settled(each: OpenReturns, settle: timedelta, rows: Mapping[str, int]) -> bool:
    sale = each.known.sale
    return bool(each.known.open_refunds) and sale is not None and is_in_stock(sale, each.look.at, settle, rows)


def _with_held_refunds(each: OpenReturns, decisions: Iterable[Change[Posting] | Skip]) -> KnownOrder:
    """Return an order that knows which of its refunds a person has to book: only KORONA's figure counts for them."""
    held = {skip.key for skip in decisions if isinstance(skip, Skip) and skip.fate is Fate.HELD}
    names = {refund_id: refund_name(each.name, refund_id) for refund_id in each.known.open_refunds}
    return replace(each.known, held_refunds=tuple(sorted(key for key, name in names.items() if name in held)))


def _waiting(
    orders: Mapping[int, KnownOrder], looked_up: Sequence[OpenReturns], settled: Sequence[OpenReturns]
) -> Iterator[Skip]:
    """Say which refunds wait for their sale.

    An order that was cancelled before it was booked needs neither a receipt nor one against it.
    """
    names = names_apart(orders.values())
    ready = {each.known.id for each in settled}
    booked = [each.known for each in looked_up if each.known.id not in ready]
    unbooked = [order for order in orders.values() if not order.is_booked and order.is_due]
    for order in (*unbooked, *booked):
        reason = f"waits until the sale is {'settled' if order.is_booked else 'booked'}"
        for refund_id in order.open_refunds:
            yield Skip(refund_name(names[order.id], refund_id), reason, Fate.WAITING)


def _unsellable(changes: Iterable[Change[Posting]], memory: Memory) -> Iterator[str]:
    """Name what KORONA may not put back into its stock by itself."""
    for change in changes:
        for line in change.after.posted.lines:
            article = memory.cache.catalogue.articles.get(line.article_id)
            if article is not None and article.return_unsellable:
                what = f"“{line.description}” is marked as unsellable when returned"
                yield f"{change.key}: {what}; KORONA may not raise its stock"


def _told_once(reading: Reading, known_orders: Mapping[int, KnownOrder]) -> Iterator[Skip]:
    """Return what a person is told once of refunds: what of them is not booked, and what changed after it was."""
    for order_id in sorted(reading.orders.keys() & known_orders.keys()):
        known, order = known_orders[order_id], reading.orders[order_id]
        if order.unreadable:
            continue
        for refund in order.refunds:
            yield from _once(known, refund.id, refund_key(refund.id), left_by_rule(refund, known, order))
        refunds = {refund.id: refund for refund in order.refunds}
        for booking in known.returns:
            if booking.is_booked and booking.refund_id is not None:
                reason = change_since_booking(refunds.get(booking.refund_id), booking)
                yield from _once(known, booking.refund_id, f"{booking.key}: {reason}", reason)


def _once(order: KnownOrder, refund_id: int, mark: str, reason: str) -> Iterator[Skip]:
    if reason and mark not in order.told:
        yield Skip(refund_name(order.name, refund_id), reason, Fate.LEFT, ToldOnce(order.id, mark))


def _in_turns(changes: Iterable[Change[Posting]]) -> list[list[Change[Posting]]]:
    """Sort changes into turns: the first of each order, then the second of each, and so on."""
    turns: list[list[Change[Posting]]] = []
    of_order: Counter[int] = Counter()
    for change in changes:
        turn = of_order[change.after.posted.order_id]
        of_order[change.after.posted.order_id] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(change)
    return turns


def _decide_all(each: OpenReturns, pulled: RefundsPulled) -> list[Change[Posting] | Skip]:
    """Return what to do with the open refunds of an order: those begun first, those once refused last.

    A share counts the pieces returned before it, so a new return follows only those of which it is sure whether
    KORONA holds them; one that is held counts when its turn comes.
    """
    known = each.known
    turns = sorted(known.open_refunds, key=lambda refund_id: (_turn(known.return_of(refund_id)), refund_id))
    returned = _returned_so_far(each)
    decisions: list[Change[Posting] | Skip] = []
    unsure = False
    for refund_id in turns:
        decision = _decide(each, refund_id, returned, unsure, pulled)
        decisions.append(decision)
        if isinstance(decision, Change):
            returned = _sum(returned, returned_pieces(decision.after.posted))
        unsure = unsure or (isinstance(decision, Skip) and _turn(known.return_of(refund_id)) == 0)
    return decisions


def _turn(booking: Booking | None) -> int:
    """Return 0 for a return that may be in KORONA without being shown, 2 for one that was refused, 1 for others."""
    if booking is None or (booking.status is BookingStatus.CONFLICT and booking.confirmed_at is None):
        return 1
    return 0 if booking.may_stand_in_korona else 2


def _decide(
    each: OpenReturns, refund_id: int, returned: Mapping[int, Decimal], unsure: bool, pulled: RefundsPulled
) -> Change[Posting] | Skip:
    name = refund_name(each.name, refund_id)
    booking = each.known.return_of(refund_id)
    begun = begun_before(name, booking, each.look.at, pulled.settle)
    if isinstance(begun, Skip):
        return begun
    if begun is None and unsure:
        return Skip(name, "waits for an earlier refund of this order", Fate.WAITING)
    if begun is None and _is_of_added(each, refund_id, pulled):
        return Skip(name, "waits until what an edit added is booked and settled", Fate.WAITING)
    try:
        receipt = begun or _receipt(each, refund_id, returned, pulled)
    except NotBookableError as error:
        return Skip(name, str(error), Fate.HELD)
    skus = {line.id: line.sku for line in each.known.lines}
    names = [skus.get(line.line_id) or line.description for line in receipt.lines]
    return Change(name, None, posting(receipt, names, "return", pulled.targets, booking))


def _is_of_added(each: OpenReturns, refund_id: int, pulled: RefundsPulled) -> bool:
    """Tell whether a refund is of a line of which an edit added pieces that are not settled yet."""
    settle, rows = pulled.settle, pulled.stock_rows
    unsettled = [edit for edit in each.known.edits if not is_in_stock(edit, each.look.at, settle, rows)]
    added = {*each.known.added_pieces, *(some.line_id for edit in unsettled for some in edit.pieces)}
    return any(restock.line_id in added for restock in each.known.restocks if restock.refund_id == refund_id)


def _receipt(each: OpenReturns, refund_id: int, returned: Mapping[int, Decimal], pulled: RefundsPulled) -> Receipt:
    refunds = each.order.refunds if each.order else ()
    refund = next((refund for refund in refunds if refund.id == refund_id), None)
    if each.order is None or refund is None:
        raise NotBookableError("Shopify does not show this refund any more")
    _must_be_here(refund, each.known, pulled.location_id)
    sold = sold_in_korona(each.known.id, each.look.receipts, pulled.targets)
    must_be_as_booked(sold, each.known.booked_amounts, smallest_unit(each.order.currency))
    return return_receipt(refund, each.order, sold, returned, pulled.targets)


def _must_be_here(refund: Refund, known: KnownOrder, location_id: int) -> None:
    """Hold what was put back elsewhere: neither our level nor the stock of our warehouse may take it for its own."""
    away = {line.location_id for line in refund.lines if line.restock_type in RESTOCKED} - {None, location_id}
    if away:
        skus = {line.id: line.sku or str(line.id) for line in known.lines}
        pieces = restocked_pieces(refund).items()
        back = ", ".join(f"{some} × {skus.get(line_id, line_id)}" for line_id, some in pieces)
        places = ", ".join(str(each) for each in sorted(each for each in away if each is not None))
        raise NotBookableError(
            f"{back} went back on the shelf of another Shopify location ({places}): book that by hand in KORONA where "
            "it lies, then `korsync ignore` it"
        )


def _returned_so_far(each: OpenReturns) -> dict[int, Decimal]:
    """Add up, per order line, what KORONA shows as returned, and what is booked though KORONA does not show it yet."""
    returned: dict[int, Decimal] = {}
    shown = {receipt.key for receipt in each.look.receipts}
    for receipt in each.look.receipts:
        if receipt.key and receipt.key.startswith("refund/"):
            returned = _sum(returned, returned_pieces(receipt))
    for booking in each.known.returns:
        if booking.is_booked and booking.key not in shown:
            returned = _sum(returned, {some.line_id: Decimal(some.quantity) for some in booking.pieces})
    return returned


def _sum(some: Mapping[int, Decimal], more: Mapping[int, Decimal]) -> dict[int, Decimal]:
    nothing = Decimal(0)
    return {line_id: some.get(line_id, nothing) + more.get(line_id, nothing) for line_id in some.keys() | more.keys()}


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
    if order.ignored and not order.is_booked:
        return "not booked: its order is ignored"
    if not order.is_begun and order.cancelled_at is not None:
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
