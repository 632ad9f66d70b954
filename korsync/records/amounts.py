"""What a receipt or an order comes to, with its taxes."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """What a sales tax comes to; one that KORONA does not have goes by its rate."""

    sales_tax: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a receipt or an order comes to in the shop's currency: the total with taxes, and each tax that is not 0."""

    gross: Decimal
    taxes: tuple[TaxAmount, ...] = ()

    @property
    def tax(self) -> Decimal:
        """All taxes together."""
        return sum((each.amount for each in self.taxes), Decimal(0))

    def plus(self, other: "Amounts") -> "Amounts":
        """Return what both come to."""
        return amounts_of(
            self.gross + other.gross, ((each.sales_tax, each.amount) for each in (*self.taxes, *other.taxes))
        )


def amounts_of(gross: Decimal, taxes: Iterable[tuple[str, Decimal]]) -> Amounts:
    """Return amounts with the taxes added up by name, in one order."""
    sums: dict[str, Decimal] = {}
    for name, amount in taxes:
        sums[name] = sums.get(name, Decimal(0)) + amount
    return Amounts(gross, tuple(TaxAmount(name, sums[name]) for name in sorted(sums) if sums[name]))
