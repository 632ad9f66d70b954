"""Posts receipts to KORONA, sales and returns alike: noted before, matched row by row after, never repeated blindly."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from korsync.bookings import differs_from_posted, intent, outcome_of, with_booking, without_booking
from korsync.errors import Rejected, Unsure
from korsync.pipelines.base import Knowledge
from korsync.pipelines.finding import chosen_taxes
from korsync.pipelines.sides import Sides
from korsync.plan import Change, Outcome, Written
from korsync.receipts import BookingRules
from korsync.sales import AnswerRow, Receipt
from korsync.state import Booking
from korsync.targets import BookingTargets

MOST_TOGETHER = 20
"""First attempts go together in so many; what is sent again goes alone."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A receipt about to be posted: what a person sees of it, the receipt itself, and what was tried before."""

    receipt: str
    lines: str
    total: Decimal
    order_id: int = field(compare=False)
    posted: Receipt = field(compare=False, repr=False)
    previous: Booking | None = field(compare=False, repr=False)


def posting(receipt: Receipt, names: Iterable[str], kind: str, previous: Booking | None) -> Posting:
    """Return a receipt as it is shown and posted; `names` are what a person calls its lines' articles."""
    lines = ", ".join(
        f"{line.quantity.normalize():f} × {name}" for line, name in zip(receipt.lines, names, strict=True)
    )
    return Posting(f"{kind} {receipt.number}", lines, receipt.gross, receipt.order_id, receipt, previous)


def booking_rules(sides: Sides, targets: BookingTargets) -> BookingRules:
    """Return what receipts are made with."""
    return BookingRules(
        shop=sides.settings.shopify.shop,
        shipping_article_id=targets.shipping_article_id,
        default_article_id=targets.default_article_id,
        payment_methods=targets.payment_methods,
        sales_taxes=targets.sales_taxes,
        taxes=chosen_taxes(targets, sides.settings),
        cashier_id=targets.cashier_id,
        customer_group_id=targets.customer_group_id,
    )


def in_batches(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Cut the changes: first attempts in parts of 20, whatever is sent again alone."""
    first = [change for change in changes if change.after.previous is None]
    for start in range(0, len(first), MOST_TOGETHER):
        yield first[start : start + MOST_TOGETHER]
    for change in changes:
        if change.after.previous is not None:
            yield [change]


def noted(sides: Sides, knowledge: Knowledge, batch: Sequence[Change]) -> Knowledge:
    """Return the knowledge with an intent for each receipt of a batch, dated with KORONA's time."""
    orders = dict(knowledge.state.orders)
    for change in batch:
        value = change.after
        order = orders[value.order_id]
        orders[order.id] = with_booking(order, intent(value.posted, order, value.previous, sides.korona.now))
    return replace(knowledge, state=replace(knowledge.state, orders=orders))


def post(sides: Sides, targets: BookingTargets, batch: Sequence[Change]) -> Iterator[Written]:
    """Post a batch and return what became of each receipt in it."""
    receipts = [change.after.posted for change in batch]
    try:
        rows = sides.korona.post_receipts(targets.point_of_sale.id, sides.settings.korona.coupling_id, receipts)
    except Unsure as error:
        yield from (Written(change, Outcome.UNSURE, error.what) for change in batch)
        return
    except Rejected as error:
        if len(batch) == 1:
            yield _looked_up(sides, targets, batch[0], error.what)
        else:
            # KORONA refuses a whole batch for one bad receipt: find out which, each of them looked up first.
            for change in batch:
                found = _looked_up(sides, targets, change, error.what)
                yield from [found] if found.outcome is Outcome.DONE else post(sides, targets, [change])
        return
    for change, row in zip(batch, _rows_by_receipt(receipts, rows), strict=True):
        yield _written(sides, targets, change, row)


def recorded(sides: Sides, knowledge: Knowledge, written: Written) -> Knowledge:
    """Return the knowledge with what became of a receipt; one that was not sent is as it was before."""
    value = written.change.after
    orders = knowledge.state.orders
    order = orders[value.order_id]
    booking = next(each for each in (order.sale, *order.returns) if each and each.key == value.posted.key)
    if written.outcome is not Outcome.NOT_SENT:
        changed = with_booking(order, outcome_of(booking, written.outcome, written.message, sides.korona.now))
    elif value.previous is not None:
        changed = with_booking(order, value.previous)
    else:
        changed = without_booking(order, booking.key)
    return replace(knowledge, state=replace(knowledge.state, orders=orders | {order.id: changed}))


def _rows_by_receipt(receipts: Sequence[Receipt], rows: Sequence[AnswerRow]) -> list[AnswerRow | None]:
    """Match answer rows to receipts by id, then by number, then, where as many came as were sent, by place."""
    by_id = {row.id: row for row in rows if row.id}
    by_number = {row.number: row for row in rows if row.number}
    matched = []
    for place, receipt in enumerate(receipts):
        row = by_id.get(receipt.id) or by_number.get(receipt.number)
        nameless = len(rows) == len(receipts) and not rows[place].id and not rows[place].number
        matched.append(row or (rows[place] if nameless else None))
    if len(receipts) == len(rows) == 1 and matched[0] is None:
        return [rows[0]]
    return matched


def _written(sides: Sides, targets: BookingTargets, change: Change, row: AnswerRow | None) -> Written:
    if row is None:
        return Written(change, Outcome.UNSURE, "KORONA's answer does not say what became of it")
    if row.status == "ERROR":
        return _looked_up(sides, targets, change, row.message or "KORONA gave no reason")
    if row.action == "ADDED":
        return Written(change, Outcome.DONE)
    if row.action == "QUEUED":
        return Written(change, Outcome.QUEUED)
    return Written(change, Outcome.UNSURE, f"KORONA answered {row.action}, which proves nothing")


def _looked_up(sides: Sides, targets: BookingTargets, change: Change, message: str) -> Written:
    """Look a refused receipt up: refused because it is there already means that it is booked."""
    posted = change.after.posted
    found = sides.korona.receipts_by_order_number(targets.point_of_sale.id, posted.order_number)
    mine = [each for each in found if each.key == posted.key]
    if not mine:
        return Written(change, Outcome.REJECTED, message)
    if len(mine) > 1:
        return Written(change, Outcome.REJECTED, f"KORONA holds {len(mine)} receipts for it")
    trouble = differs_from_posted(mine[0], posted)
    return Written(change, Outcome.REJECTED, trouble) if trouble else Written(change, Outcome.DONE)
