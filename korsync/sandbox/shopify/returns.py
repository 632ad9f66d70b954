"""What goes back in the simulated store: refunds, cancellations, and order edits that take pieces out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from korsync.sandbox.shopify.checkout import Wanted, add_line, touch_order
from korsync.sandbox.shopify.moves import StoreMoves
from korsync.sandbox.shopify.pricing import given_back, paid, part, tax_order, tax_total
from korsync.sandbox.shopify.sales import (
    Adjustment,
    Line,
    MoneyStatus,
    Order,
    Refund,
    RefundedShipping,
    RefundLine,
    Transaction,
)
from korsync.sandbox.shopify.store import Job, Store

_PUT_BACK = frozenset({"cancel", "return", "legacy_restock"})
_AT_ONCE = timedelta(0)

Back = Mapping[str | int, int] | Sequence[tuple[str | int, int, str]]
"""What goes back: pieces by SKU or line id, or (SKU or line id, pieces, restock type) one by one."""


class ReturnMoves(StoreMoves):
    """Moves that take something out of an order. `at` dates a move back; without it the clock's time is taken."""

    def refund_order(
        self,
        order: Order,
        lines: Back = (),
        *,
        restock_type: str = "return",
        amount: Decimal | None = None,
        shipping: bool = False,
        status: MoneyStatus = "success",
        gateway: str | None = None,
        location: str | int | None = None,
        says_location: bool = True,
        at: datetime | None = None,
    ) -> Refund:
        """Refund pieces, shipping, or just an amount.

        `amount` is the money given back where it is not what lines and shipping come to. `status` is that of the
        transaction: while it is pending, or where it failed, a discrepancy stands for the whole sum. `location` is
        where goods are put back, by default where the order sold from; `says_location` False leaves it unsaid.
        """
        with self.acting() as store:
            back = _pieces(order, lines, restock_type)
            refund = _record(store, order, back, location, at, says_location=says_location)
            if shipping:
                _refund_shipping(store, order, refund)
            money = refund_value(store, order, refund) if amount is None else amount
            if paid(order) and money:
                source = _source(order, gateway)
                refund.transactions.append(_given_back(store, source, money, status, gateway, refund.created_at))
                _balance(store, order, refund)
            touch_order(store, order, at)
            return refund

    def finish_refund(self, refund: Refund, *, at: datetime | None = None) -> None:
        """Let the money of a pending refund arrive; its discrepancy disappears."""
        with self.acting() as store:
            order = store.orders[refund.order_id]
            for transaction in refund.transactions:
                transaction.status = "success"
            _balance(store, order, refund)
            touch_order(store, order, at)

    def cancel_order(
        self,
        order: Order,
        *,
        restock: bool = True,
        reason: str = "customer",
        refund_after: timedelta = _AT_ONCE,
        at: datetime | None = None,
    ) -> None:
        """Cancel an order that was not shipped; raise ValueError where it was.

        The refund record, and with it the goods' way back to the shelf, follows after `refund_after`: cancelling is
        a job of its own, and a reader may see the cancellation first.
        """
        with self.acting() as store:
            if any(each.fulfilled for each in order.lines):
                raise ValueError("a fulfilled order cannot be cancelled")
            instant = at or store.clock.now()
            order.cancelled_at = order.closed_at = store.second(instant)
            order.cancel_reason = reason
            touch_order(store, order, instant)
            due = instant + refund_after
            store.jobs.append(Job(due, lambda: _refund_cancelled(store, order, restock, due)))
            store.settle()

    def edit_order(
        self,
        order: Order,
        *,
        add: Sequence[Wanted] = (),
        more: Mapping[str | int, int] | None = None,
        fewer: Back = (),
        restock: bool = True,
        at: datetime | None = None,
    ) -> Refund | None:
        """Add lines, add pieces to lines, take pieces out; return the record of what was taken out, if anything.

        `quantity` stays as ordered in every case. Added goods are owed until they are paid; for removed ones no
        money is given back by the edit itself.
        """
        with self.acting() as store:
            now = store.second(at)
            for what, pieces in add:
                add_line(store, order, what, pieces, now)
            for key, pieces in (more or {}).items():
                line = order.line_of(key)
                line.raised += pieces
                store.move_stock(line.variant_id, order.location_id, -pieces, now)
            tax_order(order)
            refund = None
            if fewer:
                back = _pieces(order, fewer, "cancel" if restock else "no_restock")
                refund = _record(store, order, back, None, at)
            touch_order(store, order, at)
            return refund

    def remove_shipping(self, order: Order, *, at: datetime | None = None) -> None:
        """Take the shipping lines off an order by an edit; they stay listed as removed."""
        with self.acting() as store:
            for line in order.shipping_lines:
                line.removed = True
            touch_order(store, order, at)


def refund_value(store: Store, order: Order, refund: Refund) -> Decimal:
    """Return the money that the lines and the shipping of a refund come to, taxes included."""
    lines = sum((each.subtotal for each in refund.lines), Decimal(0))
    if not (order.taxes_included and store.gross_refund_subtotals):
        lines += sum((each.total_tax for each in refund.lines), Decimal(0))
    shipping = sum((each.amount for each in refund.shipping), Decimal(0))
    if not order.taxes_included:
        shipping += sum((each.tax for each in refund.shipping), Decimal(0))
    return lines + shipping


def _pieces(order: Order, lines: Back, restock_type: str) -> list[tuple[Line, int, str]]:
    if isinstance(lines, Mapping):
        return [(order.line_of(key), pieces, restock_type) for key, pieces in lines.items()]
    return [(order.line_of(key), pieces, each_type) for key, pieces, each_type in lines]


def _record(
    store: Store,
    order: Order,
    back: Sequence[tuple[Line, int, str]],
    location: str | int | None,
    at: datetime | None,
    *,
    says_location: bool = True,
) -> Refund:
    """Take pieces out of an order, put them back on the shelf where their type says so, and write it down."""
    now = store.second(at)
    place = store.location_of(order.location_id if location is None else location)
    refund = Refund(store.next_id("refund"), order.id, now)
    for line, pieces, restock_type in back:
        if pieces > line.current_quantity:
            raise ValueError(f"only {line.current_quantity} of {line.title!r} are left in order {order.name}")
        put_back = restock_type in _PUT_BACK
        subtotal = part(line.total, line.sold, line.removed, pieces, order.currency)
        tax = part(tax_total(line), line.sold, line.removed, pieces, order.currency)
        if order.taxes_included and not store.gross_refund_subtotals:
            subtotal -= tax
        place_said = place.id if put_back and says_location else None
        row_id = store.next_id("refund_line")
        refund.lines.append(RefundLine(row_id, line.id, pieces, restock_type, place_said, subtotal, tax))
        _take_out(line, pieces, restock_type)
        if put_back:
            store.move_stock(line.variant_id, place.id, pieces, now)
    order.refunds.append(refund)
    return refund


def _take_out(line: Line, pieces: int, restock_type: str) -> None:
    """Count pieces out of a line: a cancellation takes unshipped ones first, everything else shipped ones."""
    shipped = line.fulfilled - (line.removed - line.unfulfilled_removed)
    unshipped = min(pieces, line.fulfillable) if restock_type == "cancel" else max(0, pieces - shipped)
    line.unfulfilled_removed += unshipped
    line.removed += pieces


def _refund_shipping(store: Store, order: Order, refund: Refund) -> None:
    """Give back what is left of every shipping line."""
    for line in order.shipping_lines:
        earlier = [each for other in order.refunds for each in other.shipping if each.shipping_line_id == line.id]
        if not line.removed and not earlier:
            row_id = store.next_id("refund_shipping")
            refund.shipping.append(RefundedShipping(row_id, line.id, line.total, tax_total(line)))


def _balance(store: Store, order: Order, refund: Refund) -> None:
    """Write down by how much the money that arrived differs from what lines and shipping come to."""
    arrived = sum((each.amount for each in refund.transactions if each.status == "success"), Decimal(0))
    pending = any(each.status == "pending" for each in refund.transactions)
    difference = refund_value(store, order, refund) - arrived
    reason = "Pending refund discrepancy" if pending else "Refund discrepancy"
    refund.adjustments = [Adjustment(store.next_id("adjustment"), difference, reason)] if difference else []


def _source(order: Order, gateway: str | None) -> Transaction:
    taken = [each for each in order.transactions if each.kind in {"sale", "capture"} and each.status == "success"]
    return next((each for each in taken if each.gateway == gateway), taken[0])


def _given_back(
    store: Store, source: Transaction, amount: Decimal, status: MoneyStatus, gateway: str | None, at: datetime
) -> Transaction:
    transaction_id = store.next_id("transaction")
    return Transaction(transaction_id, "refund", status, gateway or source.gateway, amount, at, source.id)


def _refund_cancelled(store: Store, order: Order, restock: bool, at: datetime) -> None:
    """Write the refund of a cancelled order: everything left of it, with the money where there was any."""
    restock_type = "cancel" if restock else "no_restock"
    left = [(each, each.current_quantity, restock_type) for each in order.lines if each.current_quantity]
    money = paid(order) - given_back(order)
    refund = _record(store, order, left, None, at)
    if money:
        _refund_shipping(store, order, refund)
        for source in [each for each in order.transactions if each.kind in {"sale", "capture"} and money]:
            if source.status == "success":
                amount = min(source.amount, money)
                money -= amount
                refund.transactions.append(_given_back(store, source, amount, "success", None, refund.created_at))
        _balance(store, order, refund)
    for held in [each for each in order.transactions if each.kind == "authorization"]:
        if not paid(order):
            void_id = store.next_id("transaction")
            nothing = Decimal(0)  # what a void takes back is told by its parent, its own amount is 0
            void = Transaction(void_id, "void", "success", held.gateway, nothing, refund.created_at, held.id)
            order.transactions.append(void)
    touch_order(store, order, at)
