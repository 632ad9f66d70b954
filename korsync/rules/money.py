"""Decimal amounts: the decimals of a currency, rounding, and the shares of a whole that always add up."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

_UNITS_OF_OTHER_SIZE = {
    Decimal(1): "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    Decimal("0.001"): "BHD IQD JOD KWD LYD OMR TND",
}


def smallest_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency by ISO 4217: 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    return next((unit for unit, codes in _UNITS_OF_OTHER_SIZE.items() if currency in codes.split()), CENT)


def round_to(amount: Decimal, unit: Decimal) -> Decimal:
    """Round half up (away from zero at the half) to whole units, the one way in which korsync rounds money."""
    return (amount / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP) * unit


def share(whole: Decimal, of: Decimal, before: Decimal, pieces: Decimal, unit: Decimal) -> Decimal:
    """Return what the next `pieces` of `of` pieces are worth after `before` of them were taken.

    Shares taken one after the other add up to the whole, however they are cut.
    """
    return round_to(whole * (before + pieces) / of, unit) - round_to(whole * before / of, unit)
