"""Simulated shop days: Shopify never offers a piece twice through korsync's fault, and none lies idle for ever."""

from pathlib import Path
from typing import Any

import pytest

from korsync.rules import stock as levels
from korsync.shopify.client import ShopifyClient
from tests.simulation.days import DAYS_PER_WORLD, simulate
from tests.simulation.ledger import Oversold
from tests.support.played import Played


def worlds(number: int) -> list[Any]:
    """Return seeds of worlds: the first is lived through every day."""
    return [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, number))]


@pytest.mark.parametrize("seed", worlds(20))
def test_without_sales_at_the_till_nothing_is_ever_sold_twice(tmp_path: Path, played: Played, seed: int) -> None:
    tally = simulate(DAYS_PER_WORLD, seed, tmp_path, disturbed=False)
    assert tally.orders > 0
    assert tally.oversold == 0
    played(DAYS_PER_WORLD, "shop days")


@pytest.mark.parametrize("seed", worlds(10))
def test_with_sales_at_the_till_no_more_is_offered_than_what_nobody_could_have_seen(
    tmp_path: Path, played: Played, seed: int
) -> None:
    assert simulate(DAYS_PER_WORLD, seed, tmp_path, disturbed=True).orders > 0
    played(DAYS_PER_WORLD, "shop days with a till that sells, too")


MUTILATIONS: dict[str, tuple[object, str, Any]] = {
    "sold pieces are forgotten": (levels, "pending_pieces", lambda *_: 0),
    "nothing is ever raised": (levels, "why_not_raised", lambda *_: "never"),
    "adjustments are not sent": (ShopifyClient, "adjust", lambda *_: None),
}


@pytest.mark.parametrize("mutilation", MUTILATIONS)
def test_the_simulation_finds_a_pipeline_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutilation: str
) -> None:
    where, name, instead = MUTILATIONS[mutilation]
    monkeypatch.setattr(where, name, instead)
    with pytest.raises(Oversold):
        simulate(1, 1, tmp_path, disturbed=False)
