"""Where both sides differ in levels and catalogues, and what a run makes of that."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.errors import SafetyStop
from korsync.pipelines.stock import Available
from korsync.records.differences import Mending
from korsync.records.memory import Cache, Held, Identity, State
from korsync.records.plan import Change, Fate, Plan, Skip
from korsync.records.seen import Levels, Look, WarehouseStock
from korsync.rules.compared import level_differences, product_differences, requests_for
from korsync.rules.levels import Level
from korsync.rules.matching import Match
from korsync.rules.offers import Price
from korsync.rules.stock import LevelRules, LevelTarget
from tests.support.values import article, level, product

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CALM = State(Identity("shop", "account", "90"), NOON)


def a_level(available: int, target: int, actual: int = 10, *, off: bool = False, **more: Any) -> Level:
    """Return a level of article 1001 with KORONA's figure, and where it should go."""
    match = Match(
        article("1001", "Tee", "8.90"), product(1001, "Tee", "8.90"), product(1001, "", "1").variants[0], "1001"
    )
    nothing: dict[str, Any] = {"risen": 0, "pending": Decimal(0), "fall": 0}
    look = Look(available, NOON, more.pop("reserved", 0))
    where = LevelTarget(target, available, look, None, "", **{**nothing, **more})
    return Level(match, level(1001, available), NOON, available, where, Decimal(actual), off)


def at(available: int) -> Available:
    return Available(available, 3001, 60, Look(available, NOON))


def adjusted(before: int, after: int) -> Plan[Any]:
    return Plan("stock", (Change("1001", at(before), at(after)),))


def found(one: Level, plan: Plan[Any] | None = None, *, buffer: int = 0, state: State = CALM) -> list[Any]:
    rules = LevelRules(buffer, timedelta(minutes=15))
    differences = level_differences(plan or Plan("stock"), [one], rules, state)
    return [(each.field, each.korona, each.shopify, each.mending, each.reason) for each in differences]


def wanted(one: Level, buffer: int = 0) -> tuple[Any, Any, str]:
    """Return what KORONA has of a level, what Shopify should have, and why that is something else."""
    (each,) = level_differences(Plan("stock"), [one], LevelRules(buffer, timedelta(minutes=15)), CALM)
    return each.korona, each.wanted, each.reason.partition("; ")[0]


def test_a_level_that_is_what_korona_leaves_for_sale_makes_no_difference() -> None:
    assert found(a_level(10, 10)) == []
    assert found(a_level(8, 8, pending=Decimal(2))) == []
    assert found(a_level(7, 7, pending=Decimal(2), reserved=1)) == []
    assert found(a_level(7, 7), buffer=3) == []


def test_a_level_that_should_be_something_else_than_korona_has_is_told_with_both_figures_and_why() -> None:
    booked, reserved = a_level(46, 43, 46, pending=Decimal(3)), a_level(46, 42, 46, reserved=1)
    assert wanted(booked) == (46, 43, "KORONA 46, 3 sold and not yet in KORONA's stock")
    assert wanted(reserved, 3) == (46, 42, "KORONA 46, 1 reserved by draft orders, buffer 3")
    returned = a_level(8, 11, pending=Decimal(-1))
    assert wanted(returned) == (10, 11, "KORONA 10, 1 put back and not yet in KORONA's stock")
    assert wanted(a_level(8, 8, fall=2))[:2] == (10, None)


def test_a_level_that_the_next_run_sets_right_is_told_so() -> None:
    assert found(a_level(8, 10), adjusted(8, 10)) == [("level", 10, 8, Mending.NEXT_RUN, "")]


def test_a_fall_without_an_order_is_a_difference_that_waits() -> None:
    (fall,) = found(a_level(8, 8, fall=2))
    assert fall[:4] == ("level", 10, 8, Mending.WAITING)
    assert fall[4] == "2 fewer than before; it may be an order not listed yet"


@pytest.mark.parametrize(("fate", "mending"), [(Fate.WAITING, Mending.WAITING), (Fate.HELD, Mending.PERSON)])
def test_what_the_plan_says_of_a_level_is_why_it_stays(fate: Fate, mending: Mending) -> None:
    plan: Plan[Any] = Plan("stock", skips=(Skip("1001", "why", fate), Skip("1001", "a remark", Fate.LEFT)))
    assert found(a_level(8, 10), plan) == [("level", 10, 8, mending, "why")]


def test_a_level_of_a_switched_off_article_need_not_rise_but_fall() -> None:
    assert found(a_level(8, 10, off=True)) == []
    assert found(a_level(12, 10, off=True), adjusted(12, 10)) == [("level", 10, 12, Mending.NEXT_RUN, "")]


def test_what_was_refused_before_is_told_with_its_reason() -> None:
    state = State(CALM.identity, NOON, held={"stock/1001": Held("stock", "1001", "422", NOON)})
    assert found(a_level(8, 10), adjusted(8, 10), state=state)[0][4] == "tried again: 422"


def test_what_is_held_of_what_has_no_level_is_told_by_its_reason() -> None:
    plan: Plan[Any] = Plan("stock", skips=(Skip("1002", "stands twice", Fate.HELD),))
    assert found(a_level(10, 10), plan) == [("", None, None, Mending.PERSON, "stands twice")]


def price(sku: str, after: str) -> Change[Any]:
    return Change(sku, Price(Decimal("8.00"), 1), Price(Decimal(after), 1))


def test_of_a_stopped_plan_what_goes_through_is_told_apart() -> None:
    small, large, other = price("1001", "8.90"), price("1002", "89.00"), price("1003", "8.90")
    plan: Plan[Any] = Plan(
        "products",
        (small, large, other),
        skips=(Skip("1002", "it jumps", Fate.HELD), Skip("1004", "odd", Fate.HELD)),
        stop=SafetyStop("too many", "", (), {"1002\tprice 89.00": "it jumps"}),
        written_all_the_same=(small,),
    )
    differences = product_differences(plan, CALM)
    assert [(each.key, each.field, each.mending, each.reason) for each in differences] == [
        ("1001", "price", Mending.NEXT_RUN, ""),
        ("1002", "price", Mending.PERSON, "it jumps"),
        ("1003", "price", Mending.PERSON, "too many"),
        ("1004", "", Mending.PERSON, "odd"),
    ]


def test_what_a_check_costs_grows_with_both_sides() -> None:
    small = requests_for(Cache())
    levels = Levels({number: level(number, 1) for number in range(501)})
    large = Cache(levels=levels, stocks={"warehouse": WarehouseStock()})
    assert requests_for(large) == small + 3
