"""What is said of a level: why it is not KORONA's figure, and for how long it stays as it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.records.seen import Doubt, Look
from korsync.rules.levels import Level, kept_for, why_level
from korsync.rules.matching import Match
from korsync.rules.stock import TOO_SOON, LevelRules, LevelTarget
from tests.support.values import article, level, product

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = LevelRules(buffer=0, settle=timedelta(minutes=15))


def target(reserved: int = 0, **more: Any) -> LevelTarget:
    nothing: dict[str, Any] = {"doubt": None, "why_not_raised": "", "risen": 0, "pending": Decimal(0), "fall": 0}
    return LevelTarget(5, 5, Look(5, NOON, reserved), **{**nothing, **more})


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (target(), ""),
        (target(pending=Decimal(1)), "1 sold and not yet in KORONA's stock"),
        (target(pending=Decimal(-1)), "1 put back and not yet in KORONA's stock"),
        (target(fall=1), "1 kept back: an order may not be listed yet"),
        (target(reserved=1), "1 reserved by draft orders"),
        (
            target(reserved=2, pending=Decimal("1.50")),
            "1.5 sold and not yet in KORONA's stock, 2 reserved by draft orders",
        ),
    ],
)
def test_what_a_level_is_less_than_koronas_figure_by_is_named_piece_by_piece(found: LevelTarget, words: str) -> None:
    assert why_level(Decimal("7.0"), found, RULES) == (words and f"KORONA 7, {words}")


def test_the_buffer_is_named_too() -> None:
    assert why_level(Decimal(7), target(), replace(RULES, buffer=1)) == "KORONA 7, buffer 1"


@pytest.mark.parametrize(("age", "minutes"), [(0, 15), (0.98, 15), (5, 10), (5.5, 10), (14.9, 1), (15, 1), (60, 1)])
def test_where_time_alone_decides_it_is_said_how_much_of_it(age: float, minutes: int) -> None:
    doubt = Doubt(NOON - timedelta(minutes=age))
    match = Match(article("1001", "Tee", "8.90"), product(1001, "Tee", "8.90"), product(1001, "", "1").variants[0], "1")
    waits = target(doubt=doubt, why_not_raised=TOO_SOON)
    there = Level(match, level(1001, 5), NOON, 5, waits, Decimal(5))
    assert kept_for(there, RULES) == f", for {minutes} minutes at least"
    assert kept_for(replace(there, target=replace(waits, why_not_raised="orders could not be read")), RULES) == ""
    assert kept_for(replace(there, target=replace(waits, doubt=None)), RULES) == ""
    assert kept_for(replace(there, switched_off=True), RULES) == ""
