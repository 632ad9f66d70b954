"""How a generated order is paid: gateways, the transactions that Shopify lists, and what each brought."""

from hypothesis import strategies as st

from korsync.records.orders import Transaction
from tests.support.pricing import CENTS, Draw, amount, chance, one
from tests.support.tax_office import id_of

METHODS = {"shopify_payments": "card", "paypal": "paypal"}
_first = st.integers(0, 3)


def pay(
    draw: Draw, total: int, currency: str, kinds: set[str]
) -> tuple[tuple[str, ...], tuple[Transaction, ...], dict[str, int]]:
    """Return gateways, transactions and what each payment method brought."""
    names = ("shopify_payments", "paypal", "gift_card", "Vorkasse")
    first = draw(_first)
    gateways = (names[first:] + names[:first])[: one(draw, (0, 1, 1, 2, 2, 3))]
    left, paid, moves = total, dict[str, int](), list[Transaction]()
    for gateway in gateways[:-1]:
        share = min(left, draw(CENTS)) if left > 0 else 0
        left -= share
        paid[_method(gateway)] = paid.get(_method(gateway), 0) + share
        moves += _moves(draw, gateway, share, currency, len(moves))
    last = gateways[-1] if gateways else "none"
    paid[_method(last)] = paid.get(_method(last), 0) + left
    if gateways and left > 0 and chance(draw, 80):
        moves += _moves(draw, last, left, currency, len(moves))
    kinds.add(f"{len(gateways)} gateways")
    if not total:
        kinds.add("zero total")
    return gateways, tuple(moves), {method: units for method, units in paid.items() if units}


def _method(gateway: str) -> str:
    return id_of(METHODS.get(gateway, "other"))


def _moves(draw: Draw, gateway: str, units: int, currency: str, before: int) -> list[Transaction]:
    """Return transactions that come to this amount through a gateway, in one of the ways that it happens.

    `before` is how many transactions the order has already; a void goes back to the one before it.
    """
    half = units // 2
    ways: tuple[tuple[tuple[str, str, int], ...], ...] = (
        (("sale", "success", units),),
        (("sale", "success", half), ("sale", "success", units - half)),
        (("authorization", "success", units), ("capture", "success", units)),
        (("authorization", "success", units),),
        (("sale", "pending", units),),
        (("sale", "pending", units), ("sale", "success", units)),
        (("sale", "failure", units + 500), ("sale", "success", units)),
        (("authorization", "success", half), ("void", "success", 0), ("authorization", "success", units)),
        (("authorization", "pending", units),),
    )
    moves = enumerate(one(draw, ways) if units else (), start=before + 1)
    return [
        Transaction(place, kind, status, gateway, amount(part, currency), place - 1 if kind == "void" else None)
        for place, (kind, status, part) in moves
    ]
