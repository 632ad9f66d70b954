"""Posts receipts to KORONA, sales and returns alike: noted before, matched row by row after, never repeated blindly."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from korsync.errors import KorsyncError, Rejected, SafetyStop, Unsure
from korsync.pipelines.base import MOST_UNSURE, Knowledge
from korsync.pipelines.sides import Sides
from korsync.records.bookings import Booking
from korsync.records.memory import BookingTargets
from korsync.records.plan import Change, Outcome, Plan, Written
from korsync.records.receipts import AnswerRow, Receipt
from korsync.rules.bookings import differs_from_posted, intent, outcome_of, several, with_booking, without_booking

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


class ReceiptPipeline:
    """What orders and refunds share: from a planned receipt to what became of it in KORONA."""

    may_wait: ClassVar[bool] = False

    def __init__(self, sides: Sides) -> None:
        """Take both sides."""
        self._sides = sides
        self._settle = timedelta(minutes=float(sides.settings.safety.settle_minutes))
        self._targets: BookingTargets | None = None

    def guard(self, _pulled: object, plan: Plan) -> tuple[Plan, SafetyStop | None]:
        """Let everything through: each receipt was checked against Shopify's own figures when it was made."""
        return plan, None

    def disbelieve(self, _before: Knowledge, after: Knowledge) -> Knowledge:
        """Keep what was read: no plan of receipts is ever stopped."""
        return after

    def batches(self, changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
        """First attempts in parts of 20, repeats alone."""
        return in_batches(changes)

    def intend(self, knowledge: Knowledge, batch: Sequence[Change]) -> Knowledge:
        """Note the exact receipts before they are posted."""
        return noted(self._sides, knowledge, batch)

    def push(self, batch: Sequence[Change]) -> Iterator[Written]:
        """Post a batch of receipts."""
        if self._targets is not None:
            yield from post(self._sides, self._targets, batch)

    def record(self, knowledge: Knowledge, written: Written) -> Knowledge:
        """Remember what became of a receipt."""
        return recorded(self._sides, knowledge, written)


def in_batches(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Cut the changes: first attempts in parts of 20, whatever is sent again alone.

    What was sent least often comes first: receipts whose answer is lost each time must not keep others from being sent.
    """
    first = [change for change in changes if change.after.previous is None]
    for start in range(0, len(first), MOST_TOGETHER):
        yield first[start : start + MOST_TOGETHER]
    again = [change for change in changes if change.after.previous is not None]
    for change in sorted(again, key=lambda change: int(change.after.previous.attempts)):
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
    """Post a batch and return what became of each receipt in it.

    Raises KorsyncError only where nothing of what was not yet returned can have happened.
    """
    receipts = [change.after.posted for change in batch]
    try:
        rows = sides.korona.post_receipts(targets.point_of_sale_id, sides.settings.korona.coupling_id, receipts)
    except Unsure as error:
        yield from (Written(change, Outcome.UNSURE, error.what) for change in batch)
    except Rejected as error:
        if len(batch) == 1:
            yield _looked_up(sides, targets, batch[0], error.what)
        else:
            yield from _one_by_one(sides, targets, batch, error.what)
    else:
        for change, row in zip(batch, rows_by_receipt(receipts, rows), strict=True):
            yield _written(sides, targets, change, row)


def _one_by_one(sides: Sides, targets: BookingTargets, batch: Sequence[Change], message: str) -> Iterator[Written]:
    """Post each receipt alone: KORONA refuses a whole batch for one bad receipt. Each of them is looked up first."""
    lost = 0
    for change in batch:
        if lost >= MOST_UNSURE:
            yield Written(change, Outcome.NOT_SENT)
            continue
        found = _looked_up(sides, targets, change, message)
        written = next(post(sides, targets, [change])) if found.outcome is Outcome.REJECTED else found
        lost = lost + 1 if written.outcome is Outcome.UNSURE else 0
        yield written


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


def rows_by_receipt(receipts: Sequence[Receipt], rows: Sequence[AnswerRow]) -> list[AnswerRow | None]:
    """Match answer rows to receipts by id, then by number behind KORONA's prefix; None where no row is surely its own.

    Rows without any name are taken by place only where all say the same: KORONA promises no order.
    """
    named = [row for row in rows if row.id or row.number]
    if not named and len(rows) == len(receipts) and len({(row.status, row.action) for row in rows}) == 1:
        return list(rows)
    prefix = _prefix(receipts, named)
    matched: list[AnswerRow | None] = []
    for receipt in receipts:
        by_id = [row for row in named if row.id == receipt.id]
        by_number = [row for row in named if prefix is not None and row.number == prefix + receipt.number]
        fitting = by_id or by_number
        matched.append(fitting[0] if len(fitting) == 1 else None)
    return matched


def _prefix(receipts: Sequence[Receipt], rows: Sequence[AnswerRow]) -> str | None:
    """Return what KORONA puts before our numbers: what fits most rows, None where that is not plain."""
    fitting = Counter(
        row.number.removesuffix(receipt.number)
        for receipt in receipts
        for row in rows
        if row.number and row.number.endswith(receipt.number)
    )
    best = fitting.most_common(2)
    if not best or (len(best) == 2 and best[0][1] == best[1][1]):
        return None
    return best[0][0]


def _written(sides: Sides, targets: BookingTargets, change: Change, row: AnswerRow | None) -> Written:
    if row is None:
        return Written(change, Outcome.UNSURE, "KORONA's answer does not say what became of it")
    match row.status, row.action:
        case "ERROR", _:
            return _looked_up(sides, targets, change, row.message or "KORONA gave no reason")
        case "OK", "ADDED":
            return Written(change, Outcome.DONE)
        case "OK", "QUEUED":
            return Written(change, Outcome.QUEUED)
        case _:
            what = f"{row.status} {row.action}".strip() or "an empty row"
            return Written(change, Outcome.UNSURE, f"KORONA answered {what}, which proves nothing")


def _looked_up(sides: Sides, targets: BookingTargets, change: Change, message: str) -> Written:
    """Look a refused receipt up: refused because it is there already means that it is booked."""
    posted = change.after.posted
    try:
        found = sides.korona.receipts_by_order_number(targets.point_of_sale_id, posted.order_number)
    except KorsyncError as error:
        # Others of the batch may be booked: this must not end what is told of them.
        return Written(change, Outcome.UNSURE, f"{message}; looked up: {error.what}")
    mine = [each for each in found if each.key == posted.key]
    if not mine:
        return Written(change, Outcome.REJECTED, message)
    trouble = several(len(mine)) if len(mine) > 1 else differs_from_posted(mine[0], posted)
    return Written(change, Outcome.CONFLICT, trouble) if trouble else Written(change, Outcome.DONE)
