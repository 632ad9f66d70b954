"""What goes back in the simulated store: refunds, returns and cancellations."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from korsync.sandbox.shopify.checkout import touch_order
from korsync.sandbox.shopify.moves import StoreMoves
from korsync.sandbox.shopify.pricing import given_back, paid, part, rounded, tax_total
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

PUT_BACK = frozenset({"cancel", "return", "legacy_restock"})
"""The restock types of goods that came back."""

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
        shipping: bool | Decimal = False,
        status: MoneyStatus = "success",
        gateway: str | Sequence[tuple[str, Decimal]] | None = None,
        location: str | int | None = None,
        says_location: bool = True,
        return_id: int | None = None,
        at: datetime | None = None,
    ) -> Refund:
        """Refund pieces, shipping (all that is left of it, or so much), or just an amount.

        `amount` is the money given back where it is not what lines and shipping come to; it goes back through one
        gateway, or in parts through several. `status` is that of the transactions: while they are pending, or where
        they failed, a discrepancy stands for the whole sum. `location` is where goods are put back, by default where
        the order sold from; `says_location` False leaves it unsaid. `return_id` is the return that is paid for.
        """
        with self.acting() as store:
            back = pieces_of(order, lines, restock_type)
            refund = take_out(store, order, back, location, at, says_location=says_location)
            refund.return_id = return_id
            if shipping:
                _refund_shipping(store, order, refund, None if shipping is True else shipping)
            money = refund_value(store, order, refund) if amount is None else amount
            shares = [(gateway, money)] if gateway is None or isinstance(gateway, str) else gateway
            for name, share in shares:
                if paid(order) and share:
                    source = _source(order, name)
                    refund.transactions.append(_given_back(store, source, share, status, name, refund.created_at))
            if refund.transactions:
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

    def restock_return(
        self, order: Order, lines: Back, *, location: str | int | None = None, at: datetime | None = None
    ) -> int:
        """Put returned pieces back on the shelf before anybody refunds them, or without a refund; return its id.

        The level rises; the order shows nothing of it but its `updated_at`.
        """
        with self.acting() as store:
            now, place = store.second(at), store.location_of(order.location_id if location is None else location)
            for line, pieces, _ in pieces_of(order, lines, "return"):
                store.move_stock(line.variant_id, place.id, pieces, now)
            touch_order(store, order, at)
            return store.next_id("return")

    def cancel_order(
        self,
        order: Order,
        *,
        restock: bool = True,
        lists_pieces: bool = True,
        reason: str = "customer",
        refund_after: timedelta = _AT_ONCE,
        at: datetime | None = None,
    ) -> None:
        """Cancel an order that was not shipped; raise ValueError where it was.

        The refund record, and with it the goods' way back to the shelf, follows after `refund_after`: cancelling is
        a job of its own, and a reader may see the cancellation first. Without `lists_pieces` the record is of money
        only, and where there was none there is no record.
        """
        with self.acting() as store:
            if any(each.fulfilled for each in order.lines):
                raise ValueError("a fulfilled order cannot be cancelled")
            instant = at or store.clock.now()
            order.cancelled_at = order.closed_at = store.second(instant)
            order.cancel_reason = reason
            touch_order(store, order, instant)
            due = instant + refund_after
            store.jobs.append(Job(due, lambda: _refund_cancelled(store, order, restock, lists_pieces, due)))
            store.settle()


def refund_value(store: Store, order: Order, refund: Refund) -> Decimal:
    """Return the money that the lines and the shipping of a refund come to, taxes included."""
    lines = sum((each.subtotal for each in refund.lines), Decimal(0))
    if not (order.taxes_included and store.gross_refund_subtotals):
        lines += sum((each.total_tax for each in refund.lines), Decimal(0))
    shipping = sum((each.amount for each in refund.shipping), Decimal(0))
    if not order.taxes_included:
        shipping += sum((each.tax for each in refund.shipping), Decimal(0))
    return lines + shipping


def pieces_of(order: Order, lines: Back, restock_type: str) -> list[tuple[Line, int, str]]:
    """Return what goes back as lines, pieces and restock types."""
    if isinstance(lines, Mapping):
        return [(order.line_of(key), pieces, restock_type) for key, pieces in lines.items()]
    return [(order.line_of(key), pieces, each_type) for key, pieces, each_type in lines]


def take_out(
    store: Store,
    order: Order,
    back: Sequence[tuple[Line, int, str]],
    location: str | int | None,
    at: datetime | None,
    *,
    says_location: bool = True,
    by_edit: bool = False,
) -> Refund:
    """Take pieces out of an order, put them back on the shelf where their type says so, and write it down."""
    now = store.second(at)
    place = store.location_of(order.location_id if location is None else location)
    refund = Refund(store.next_id("refund"), order.id, now, by_edit=by_edit)
    for line, pieces, restock_type in back:
        if pieces > line.current_quantity:
            raise ValueError(f"only {line.current_quantity} of {line.title!r} are left in order {order.name}")
        put_back = restock_type in PUT_BACK
        subtotal = part(line.total, line.sold, line.removed, pieces, order.currency)
        tax = part(tax_total(line), line.sold, line.removed, pieces, order.currency)
        if order.taxes_included and not store.gross_refund_subtotals:
            subtotal -= tax
        place_said = place.id if put_back and says_location else None
        row_id = store.next_id("refund_line")
        refund.lines.append(RefundLine(row_id, line.id, pieces, restock_type, place_said, subtotal, tax))
        _count_out(line, pieces, restock_type)
        if put_back:
            store.move_stock(line.variant_id, place.id, pieces, now)
    order.refunds.append(refund)
    return refund


def _count_out(line: Line, pieces: int, restock_type: str) -> None:
    """Count pieces out of a line: a cancellation takes unshipped ones first, everything else shipped ones."""
    shipped = line.fulfilled - (line.removed - line.unfulfilled_removed)
    unshipped = min(pieces, line.fulfillable) if restock_type == "cancel" else max(0, pieces - shipped)
    line.unfulfilled_removed += unshipped
    line.removed += pieces


def _refund_shipping(store: Store, order: Order, refund: Refund, most: Decimal | None) -> None:
    """Give back what is left of every shipping line, or so much of it, with its share of the taxes."""
    for line in (each for each in order.shipping_lines if not each.removed):
        earlier = [each for other in order.refunds for each in other.shipping if each.shipping_line_id == line.id]
        left = line.total - sum((each.amount for each in earlier), Decimal(0))
        amount = left if most is None else min(left, most)
        if amount:
            tax = tax_total(line) - sum((each.tax for each in earlier), Decimal(0))
            share = rounded(tax * amount / left, order.currency)
            refund.shipping.append(RefundedShipping(store.next_id("refund_shipping"), line.id, amount, share))


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


def _refund_cancelled(store: Store, order: Order, restock: bool, lists_pieces: bool, at: datetime) -> None:
    """Write the refund of a cancelled order: everything left of it, with the money where there was any."""
    restock_type = "cancel" if restock else "no_restock"
    left = [(each, each.current_quantity, restock_type) for each in order.lines if each.current_quantity]
    money = paid(order) - given_back(order)
    refund = take_out(store, order, left, None, at)
    if not lists_pieces:
        refund.lines.clear()
        if not money:
            order.refunds.remove(refund)
    if money:
        _refund_shipping(store, order, refund, None)
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
