"""How a receipt's total is split over payment methods: what gateways brought, and what went back. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, Refund, Transaction
from korsync.records.receipts import BookedReceipt, ReceiptPayment
from korsync.rules.money import share, smallest_unit

FAILED = frozenset({"failure", "error"})
"""The states of a transaction that moved no money; one that is pending still may."""

_NOTHING = Decimal(0)


def payment_method(gateway: str, targets: BookingTargets) -> str:
    """Return KORONA's id of the payment method for a gateway; unnamed ones take the default."""
    return targets.payment_methods.get(gateway, targets.payment_methods["default"]).id


def sale_payments(
    order: Order, total: Decimal, transactions: tuple[Transaction, ...], targets: BookingTargets
) -> tuple[ReceiptPayment, ...]:
    """Split the total over the gateways as the transactions say; the last takes what is left or not yet paid."""
    gateways = list(dict.fromkeys(order.gateways)) or ["default"]
    left = total
    payments = []
    for gateway in gateways[:-1]:
        amount = min(_paid_through(gateway, transactions), left)
        payments.append(ReceiptPayment(payment_method(gateway, targets), amount))
        left -= amount
    payments.append(ReceiptPayment(payment_method(gateways[-1], targets), left))
    return tuple(payment for payment in payments if payment.amount != 0)


def return_payments(
    refund: Refund, order: Order, sale: BookedReceipt, total: Decimal, targets: BookingTargets
) -> tuple[ReceiptPayment, ...]:
    """Split a return's total over the methods in the proportion in which the money went back, so that the parts add up.

    Where the money is the total these are its very amounts; else no method gives back more than it brought to the
    sale, and what is left, or all where no money moved, goes the way the sale was paid.
    """
    if total == 0:
        return ()
    unit = smallest_unit(order.currency)
    brought = _by_method((each.payment_method_id, each.amount) for each in sale.payments)
    back = _by_method((payment_method(each, targets), sum_) for each, sum_ in money_back(refund).items())
    if not brought:
        brought = {payment_method(next(iter(order.gateways), "default"), targets): -total}
    parts = _split(-total, back or brought, unit)
    if sum(back.values()) != -total:
        parts = _within(parts, brought, unit)
    return tuple(ReceiptPayment(method, -amount) for method, amount in parts.items() if amount != 0)


def money_back(refund: Refund) -> dict[str, Decimal]:
    """Return what went back through each gateway; what is pending counts where nothing has arrived there.

    What failed counts only where nothing else was tried: it still says which way the money was to go.
    """
    tried = [each for each in refund.transactions if each.kind == "refund"]
    moved = [each for each in tried if each.status not in FAILED] or tried
    arrived = [each for each in moved if each.status == "success"]
    gone = {each.gateway for each in arrived}
    counted = arrived + [each for each in moved if each.gateway not in gone]
    return _by_method((each.gateway, each.amount) for each in counted)


def _by_method(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for name, amount in pairs:
        sums[name] = sums.get(name, _NOTHING) + amount
    return {name: amount for name, amount in sums.items() if amount > 0}


def _split(total: Decimal, weights: Mapping[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """Share out a total by weight, the largest first; the parts add up."""
    whole, before = sum(weights.values(), _NOTHING), _NOTHING
    parts = {}
    for name, weight in sorted(weights.items(), key=lambda each: -each[1]):
        parts[name] = share(total, whole, before, weight, unit)
        before += weight
    return parts


def _within(parts: Mapping[str, Decimal], brought: Mapping[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """Move what is more than a method brought to those that brought more than they give back."""
    kept = {name: min(amount, brought.get(name, amount)) for name, amount in parts.items()}
    room = {name: amount - kept.get(name, _NOTHING) for name, amount in brought.items()}
    room = {name: amount for name, amount in room.items() if amount > 0}
    too_much = sum(parts.values(), _NOTHING) - sum(kept.values(), _NOTHING)
    if too_much == 0 or not room:
        return dict(parts)
    moved = _split(too_much, room, unit)
    return {name: kept.get(name, _NOTHING) + moved.get(name, _NOTHING) for name in (*kept, *moved)}


def _paid_through(gateway: str, transactions: tuple[Transaction, ...]) -> Decimal:
    """Add up what was taken through a gateway; what is only promised counts where nothing was taken.

    A promise stays listed when it is kept: an authorization beside its capture, a pending sale beside the sale.
    """
    # What a void takes back is the whole authorization before it; its own amount may be 0.
    voided = {each.parent_id for each in transactions if each.kind == "void" and each.status == "success"}
    of_gateway = [each for each in transactions if each.gateway == gateway and each.id not in voided]

    def sum_of(kinds: set[str], status: str) -> Decimal:
        return sum((each.amount for each in of_gateway if each.kind in kinds and each.status == status), Decimal(0))

    taken = sum_of({"sale", "capture"}, "success")
    promised = sum_of({"sale", "capture", "authorization"}, "pending")
    return taken or sum_of({"authorization"}, "success") + promised
