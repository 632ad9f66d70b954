"""What is bought and what it costs, counted forward in whole smallest units and exact fractions.

None of korsync's formulas is used, so that both cannot share a mistake.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]

DECIMALS = {"EUR": 2, "CHF": 2, "JPY": 0, "KWD": 3}

CENTS = st.integers(0, 99_999)
_percent = st.integers(0, 99)
_any_index = st.integers(0, 10**6)


@dataclass
class Sold:
    """A line, shipping line or fee while it is priced; `left` is its price after the discounts so far.

    `taxes` are as Shopify shows them, `booked` as they belong on the receipt: exempt goods are taxed at 0 %.
    """

    id: int
    kind: str
    price: int
    quantity: int = 1
    raised: int = 0
    removed: int = 0
    rates: tuple[Fraction, ...] = ()
    exempt: bool = False
    off: int = 0
    taxes: list[tuple[Fraction, int]] = field(default_factory=list)
    booked: list[tuple[Fraction, int]] = field(default_factory=list)

    @property
    def listed(self) -> int:
        return sum(self.price for _ in range(self.quantity + self.raised))

    @property
    def left(self) -> int:
        return self.listed - self.off


def half_up(exact: Fraction) -> int:
    return int(exact * 2 + 1) // 2


def amount(units: int, currency: str) -> Decimal:
    """Write smallest units as Shopify does: the digits, with a point in them."""
    decimals = DECIMALS[currency]
    digits = f"{abs(units):0{decimals + 1}d}"
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return Decimal(f"-{text}" if units < 0 else text)


def take_discounts(draw: Draw, lines: Sequence[Sold], shipping: Sequence[Sold]) -> int:
    """Take discounts off, each shared out by largest remainders; return their sum."""
    taken = 0
    for _ in range(one(draw, (0, 0, 0, 1, 1, 2, 3))):
        target = one(draw, ("order", "order", "line", "shipping"))
        goods = [each for each in lines if each.kind not in ("tip", "gift card")]
        chosen = goods if target == "order" else list(shipping) if target == "shipping" else goods[:1]
        whole = sum(each.left for each in chosen)
        value = one(draw, (100, 100, 5, 10, 33, 50))
        off = half_up(Fraction(whole * value, 100)) if chance(draw, 60) else min(whole, draw(CENTS) // 7)
        _share_out(chosen, off, whole)
        taken += off
    return taken


def _share_out(chosen: Sequence[Sold], off: int, whole: int) -> None:
    if not whole:
        return
    quotas = [Fraction(off * each.left, whole) for each in chosen]
    shares = [int(quota) for quota in quotas]
    most = sorted(range(len(chosen)), key=lambda place: shares[place] - quotas[place])
    for place in most[: off - sum(shares)]:
        shares[place] += 1
    for each, share in zip(chosen, shares, strict=True):
        each.off += share


def add_taxes(sold: Sold, gross: bool) -> None:
    """Compute each tax of a line, rounded by itself, as Shopify does."""
    of = 100 + sum(sold.rates) if gross else Fraction(100)
    usual = [(rate, half_up(sold.left * rate / of)) for rate in sold.rates]
    sold.taxes = [(rate, 0) for rate, _ in usual] if sold.exempt else usual
    sold.booked = [(Fraction(0) if tax else rate, 0) for rate, tax in usual] if sold.exempt else usual


def taxes_by_rate(sold: Sequence[Sold]) -> dict[Fraction, int]:
    return sums_by_rate([each for one in sold for each in one.taxes])


def sums_by_rate(taxes: Sequence[tuple[Fraction, int]]) -> dict[Fraction, int]:
    sums: dict[Fraction, int] = {}
    for rate, tax in taxes:
        sums[rate] = sums.get(rate, 0) + tax
    return sums


def taxes_rounded_once(sold: Sequence[Sold], gross: bool) -> dict[Fraction, int]:
    """Compute the taxes of the whole order by rate, rounded once, as stores may be set up to do."""
    exact: dict[Fraction, Fraction] = {}
    for each in (one for one in sold if not one.exempt):
        of = 100 + sum(each.rates) if gross else Fraction(100)
        for rate in each.rates:
            exact[rate] = exact.get(rate, Fraction(0)) + each.left * rate / of
    return {rate: half_up(tax) for rate, tax in exact.items()}


def one(draw: Draw, choices: Sequence[T]) -> T:
    index: int = draw(_any_index)
    return choices[index % len(choices)]


def chance(draw: Draw, percent: int) -> bool:
    return bool(draw(_percent) >= 100 - percent)
