"""Amounts: smallest units, rounding, and shares that add up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korsync.rules.money import round_to, share, smallest_unit


@pytest.mark.parametrize(
    ("currency", "unit"), [("EUR", "0.01"), ("CHF", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("XXX", "0.01")]
)
def test_a_currency_has_its_smallest_unit(currency: str, unit: str) -> None:
    assert smallest_unit(currency) == Decimal(unit)


@pytest.mark.parametrize(
    ("amount", "unit", "rounded"),
    [
        ("1.005", "0.01", "1.01"),
        ("1.0049999", "0.01", "1.00"),
        ("-1.005", "0.01", "-1.01"),
        ("2.5", "1", "3"),
        ("3.5", "1", "4"),
        ("0.0005", "0.001", "0.001"),
        ("0", "0.01", "0"),
    ],
)
def test_the_half_is_rounded_away_from_zero(amount: str, unit: str, rounded: str) -> None:
    assert round_to(Decimal(amount), Decimal(unit)) == Decimal(rounded)


def test_three_pieces_of_ten_euros() -> None:
    ten, three, cent = Decimal("10.00"), Decimal(3), Decimal("0.01")
    one_by_one = [share(ten, three, Decimal(before), Decimal(1), cent) for before in range(3)]
    assert one_by_one == [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")]


@given(
    st.integers(-10_000_000, 10_000_000),
    st.lists(st.integers(1, 9), min_size=1, max_size=12),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_shares_add_up_however_they_are_cut(whole_units: int, cuts: list[int], currency: str) -> None:
    unit = smallest_unit(currency)
    whole, of = whole_units * unit, Decimal(sum(cuts))
    taken = [share(whole, of, Decimal(sum(cuts[:place])), Decimal(cut), unit) for place, cut in enumerate(cuts)]
    assert sum(taken, Decimal(0)) == whole
    for cut, part in zip(cuts, taken, strict=True):
        assert part % unit == 0
        assert abs(part - whole * cut / of) <= unit
