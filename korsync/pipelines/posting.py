"""Posts receipts to KORONA, sales and returns alike: noted before, matched row by row after, never repeated blindly."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import repeat
from typing import ClassVar

from korsync.errors import KorsyncError, Rejected, SlowedDown, Unsure
from korsync.pipelines.base import Checked, GoesOn, Sides
from korsync.pipelines.lookups import receipts_posted_since, with_mark
from korsync.records.bookings import Booking, BookingStatus, KnownOrder
from korsync.records.memory import BookingTargets, Memory
from korsync.records.plan import Change, Outcome, Written
from korsync.records.receipts import AnswerRow, BookedReceipt, Receipt
from korsync.rules.bookings import intent, outcome_of
from korsync.rules.read_back import (
    differs_from_posted,
    first_awaited,
    first_receipts_stop,
    is_numbered,
    read_back,
    several,
)
from korsync.rules.settling import marks_of, row_revisions
from korsync.text import to_type

NUMBER_IN_USE = "NUMBER_ALREADY_IN_USE"

MOST_SLOWED_DOWN = 5
"""So often a receipt is sent again in one run where KORONA asks for patience."""

MOST_TOGETHER = 20
"""First attempts go together in so many; what is sent again goes alone."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A receipt about to be posted: what a person sees of it, the receipt itself, and what was tried before."""

    receipt: str
    lines: str
    total: Decimal
    payment: str
    taxes: str
    point_of_sale_id: str = field(compare=False)
    posted: Receipt = field(compare=False, repr=False)
    previous: Booking | None = field(compare=False, repr=False)


def posting(
    receipt: Receipt, names: Iterable[str], kind: str, targets: BookingTargets, previous: Booking | None
) -> Posting:
    """Return a receipt as it is shown and posted; `names` are what a person calls its lines' articles."""
    lines = ", ".join(
        f"{line.quantity.normalize():f} × {name}{'' if line.description == name else f' {line.description}'}"
        for line, name in zip(receipt.lines, names, strict=True)
    )
    methods = {each.id: each.name for each in targets.payment_methods.values()}
    paid = ", ".join(f"{each.amount:f} {methods.get(each.payment_method_id, '')}" for each in receipt.payments)
    taxed: dict[str, Decimal] = {}
    for tax in (tax for line in receipt.lines for tax in line.taxes):
        taxed[tax.sales_tax_id] = taxed.get(tax.sales_tax_id, Decimal(0)) + tax.amount
    names_of_taxes = {each.id: each.name for each in targets.sales_taxes}
    taxes = ", ".join(f"{amount:f} {names_of_taxes.get(key, '')}" for key, amount in taxed.items())
    total, point_of_sale = receipt.gross, targets.point_of_sale_id
    return Posting(f"{kind} {receipt.number}", lines, total, paid, taxes, point_of_sale, receipt, previous)


class ReceiptPipeline:
    """What orders and refunds share: from a planned receipt to what became of it in KORONA."""

    name: ClassVar[str]
    may_wait: ClassVar[bool] = False
    can_be_accepted: ClassVar[bool] = False
    writes_one_thing: ClassVar[bool] = True
    is_decided_about: ClassVar[bool] = True

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def batches(self, changes: Sequence[Change[Posting]]) -> Iterator[Sequence[Change[Posting]]]:
        """First attempts go in parts of 20, whatever is sent again goes alone.

        What was sent least often comes first: receipts whose answer is lost each time must not keep others from being
        sent.
        """
        first = [change for change in changes if change.after.previous is None]
        for start in range(0, len(first), MOST_TOGETHER):
            yield first[start : start + MOST_TOGETHER]
        again = [(change.after.previous.attempts, change) for change in changes if change.after.previous is not None]
        for _, change in sorted(again, key=lambda each: each[0]):
            yield [change]

    def intend(self, memory: Memory, batch: Sequence[Change[Posting]]) -> Memory:
        """Note an intent for each receipt of a batch, dated with KORONA's time."""
        orders, cache = dict(memory.state.orders), memory.cache
        rows = row_revisions(cache.stocks)
        for change in batch:
            value = change.after
            order = orders[value.posted.order_id]
            now = self._sides.clocks.noted(self._sides.korona.now)
            noted = intent(
                value.posted, order, value.previous, now, marks_of(value.posted, cache.catalogue.articles, rows)
            )
            orders[order.id] = order.with_booking(noted)
        return memory.with_state(orders=orders)

    def push(self, batch: Sequence[Change[Posting]], goes_on: GoesOn) -> Iterator[Sequence[Written[Posting]]]:
        """Post a batch together; KORONA refuses it whole for one bad receipt, then each goes alone."""
        try:
            yield self._posted(batch)
        except (Rejected, SlowedDown) as error:
            if len(batch) == 1 and isinstance(error, Rejected):
                yield [self._looked_up(batch[0], error.what)]
                return
            for change in batch:
                if not goes_on():
                    return
                yield [self._posted_alone(change, error)]

    def record(self, memory: Memory, written: Sequence[Written[Posting]]) -> Memory:
        """Remember what became of receipts; one that was not sent is as it was before."""
        orders, now = dict(memory.state.orders), self._sides.clocks.noted(self._sides.korona.now)
        for each in written:
            posted, previous = each.change.after.posted, each.change.after.previous
            order = orders[posted.order_id]
            if each.outcome is Outcome.NOT_SENT:
                orders[order.id] = order.with_booking(previous) if previous else order.without_booking(posted.key)
            else:
                noted = next(begun for begun in order.bookings if begun.key == posted.key)
                outcome = outcome_of(noted, each.outcome, each.message, now)
                orders[order.id] = order.with_booking(outcome)
        return memory.with_state(orders=orders)

    def check(self, memory: Memory, sent: Sequence[Written[Posting]]) -> Checked:
        """Read back what is said to be booked, all of it with one question: it must stand there as it was posted.

        As long as no receipt has come back so, none goes out after the first ones: KORONA might not return korsync's
        references, or reckon otherwise, and a receipt cannot be taken back.
        """
        waiting = {key: order for key, order in memory.state.orders.items() if order.awaits_read_back}
        if not sent or not waiting:
            return Checked(memory)
        now, point_of_sale_id = self._sides.korona_now, sent[0].change.after.point_of_sale_id
        marks, since = memory.cache.receipt_marks, first_awaited(waiting.values(), now)
        shown = receipts_posted_since(self._sides, marks, point_of_sale_id, since)
        settle = self._sides.settings.safety.settle
        found = {key: read_back(order, shown, now, settle) for key, order in waiting.items()}
        orders = memory.state.orders | found
        wrong = [each for each in map(_turned_out, sent, repeat(waiting), repeat(found)) if each is not None]
        memory = memory.with_state(orders=orders)
        memory = memory.with_cache(receipt_marks=with_mark(marks, shown, now))
        return Checked(memory, wrong, first_receipts_stop(self.name, memory.state), memory.state.receipts_come_back)

    def _posted(self, batch: Sequence[Change[Posting]]) -> list[Written[Posting]]:
        """Post a batch and return what became of each receipt in it.

        Raises Rejected where KORONA refuses the whole batch, SlowedDown where it is to be looked up and sent again,
        other errors where nothing of it can have happened.
        """
        receipts = [change.after.posted for change in batch]
        coupling_id = self._sides.settings.korona.coupling_id
        try:
            rows = self._sides.korona.post_receipts(batch[0].after.point_of_sale_id, coupling_id, receipts)
        except Unsure as error:
            return [Written(change, Outcome.UNSURE, error.what) for change in batch]
        return [self._written(*each) for each in zip(batch, rows_by_receipt(receipts, rows), strict=True)]

    def _posted_alone(self, change: Change[Posting], trouble: Rejected | SlowedDown) -> Written[Posting]:
        """Post a receipt that was refused among others or came too fast, unless it stands in KORONA already.

        Raises SlowedDown where KORONA asks for patience again and again.
        """
        for _ in range(MOST_SLOWED_DOWN):
            found = self._looked_up(change, trouble.what)
            if found.outcome is not Outcome.REJECTED:
                return found
            try:
                return self._posted([change])[0]
            except Rejected as error:
                return self._looked_up(change, error.what)
            except SlowedDown as error:
                trouble = error
        raise trouble

    def _written(self, change: Change[Posting], row: AnswerRow | None) -> Written[Posting]:
        if row is None:
            return Written(change, Outcome.UNSURE, "KORONA's answer does not say what became of it")
        match row.status, row.action:
            case "ERROR", _:
                return self._looked_up(change, row.message or "KORONA gave no reason")
            case "OK", "ADDED":
                return Written(change, Outcome.DONE)
            case "OK", "QUEUED":
                return Written(change, Outcome.QUEUED)
            case _:
                what = f"{row.status} {row.action}".strip() or "an empty row"
                return Written(change, Outcome.UNSURE, f"KORONA answered {what}, which proves nothing")

    def _with_holder_of_the_number(self, change: Change[Posting], message: str) -> str:
        """Say which receipt has the number already, where KORONA refuses a receipt for that."""
        if NUMBER_IN_USE not in message:
            return message
        number = change.after.posted.number
        try:
            found = self._sides.korona.receipts_by_number(change.after.point_of_sale_id, number)
        except KorsyncError:
            found = ()
        holders = ", ".join(_told(each) for each in found if is_numbered(each, number))
        if not holders:
            return f"{message}: KORONA does not show which receipt has the number {number}"
        return (
            f"KORONA has the number {number} already, on receipt {holders}: book this one by hand under another "
            f"number, then `{to_type('ignore', change.key)}`"
        )

    def _looked_up(self, change: Change[Posting], message: str) -> Written[Posting]:
        """Look a refused receipt up: refused because it is there already means that it is booked."""
        value = change.after
        try:
            found = self._sides.korona.receipts_by_order_number(value.point_of_sale_id, value.posted.order_number)
        except KorsyncError as error:
            # Others of the batch may be booked: this must not end what is told of them.
            return Written(change, Outcome.UNSURE, f"{message}; looked up: {error.what}")
        mine = [each for each in found if each.key == value.posted.key]
        if not mine:
            return Written(change, Outcome.REJECTED, self._with_holder_of_the_number(change, message))
        trouble = several(mine) if len(mine) > 1 else differs_from_posted(mine[0], value.posted)
        return Written(change, Outcome.CONFLICT, trouble) if trouble else Written(change, Outcome.DONE)


def _told(receipt: BookedReceipt) -> str:
    day = f" of {receipt.created_at:%Y-%m-%d}" if receipt.created_at else ""
    order = f", order number {receipt.order_number}" if receipt.order_number else ""
    return f"{receipt.number}{day}{order}"


def _turned_out(
    sent: Written[Posting], before: Mapping[int, KnownOrder], after: Mapping[int, KnownOrder]
) -> Written[Posting] | None:
    """Return what reading back makes of a receipt that was sent; None where it is as it was posted."""
    posted = sent.change.after.posted
    if posted.order_id not in after:
        return None
    awaited, found = (orders[posted.order_id].booking(posted.key) for orders in (before, after))
    if not awaited or not awaited.awaits_read_back or not found or found.status is not BookingStatus.CONFLICT:
        return None
    return Written(sent.change, Outcome.CONFLICT, found.reason)


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
