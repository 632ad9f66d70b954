"""A plan on the screen: columns and hanging indents at a terminal, whole lines elsewhere, and totals at its end."""

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from korsync.errors import SafetyStop
from korsync.records.memory import Identity, State
from korsync.records.plan import Change, Fate, Plan, Ran, Result, Skip
from korsync.report.diffs import print_plan
from korsync.report.summary import totals

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Level:
    available: int


@dataclass(frozen=True)
class Receipt:
    receipt: str
    lines: str
    total: Decimal


WHY = "KORONA 20, 5 sold and not yet in KORONA's stock"
DOUBT = "kept at 10, not raised to 22: an order may not be listed yet, for 15 minutes at least"
PLAN: Plan[Any] = Plan(
    "stock",
    (
        Change("1025", Level(16), Level(15), name="Rooibos Süße Orange lose 100 g", why=WHY),
        Change("1028", Level(50), Level(48), name="Früchtetee"),
        Change("#1001", None, Receipt("sale 1001", "1 × 1115 Zuckerdose rosé, 3 × 1170 Teelexikon", Decimal("12.50"))),
    ),
    (
        Skip("1188", DOUBT, Fate.WAITING),
        Skip("ONLINE-1", "no article in KORONA has this number", Fate.LEFT),
        Skip("ONLINE-2", "no article in KORONA has this number", Fate.LEFT),
        Skip("5001", "the SKU stands on 2 variants in Shopify", Fate.HELD),
    ),
    matched=217,
)


def screen(plan: Plan[Any], width: int, *, terminal: bool, colours: bool = False, verbose: bool = False) -> list[str]:
    page = io.StringIO()
    system: Any = "standard" if colours else None
    console = Console(
        file=page,
        width=width,
        force_terminal=terminal,
        color_system=system,
        markup=False,
        soft_wrap=True,
        highlight=False,
    )
    print_plan(console, plan, rules=True, verbose=verbose)
    return page.getvalue().splitlines()


def test_at_80_columns() -> None:
    assert screen(PLAN, 80, terminal=True) == [
        "stock: 3 changes",
        "  ~ 1025   available  16 → 15  Rooibos Süße Orange lose 100 g  (KORONA 20, 5",
        "               sold and not yet in KORONA's stock)",
        "  ~ 1028   available  50 → 48  Früchtetee",
        "  + #1001  receipt    sale 1001",
        "           lines      1 × 1115 Zuckerdose rosé, 3 × 1170 Teelexikon",
        "           total      12.50",
        "  ! 5001  held: the SKU stands on 2 variants in Shopify",
        "  … 1188  waiting: kept at 10, not raised to 22: an order may not be listed",
        "      yet, for 15 minutes at least",
        "  - left: no article in KORONA has this number: ONLINE-1, ONLINE-2",
    ]


def test_at_140_columns() -> None:
    lines = screen(PLAN, 140, terminal=True)
    assert lines[1] == f"  ~ 1025   available  16 → 15  Rooibos Süße Orange lose 100 g  ({WHY})"
    assert lines[7] == f"  … 1188  waiting: {DOUBT}"


@pytest.mark.parametrize("width", [20, 80])
def test_what_is_piped_is_neither_folded_nor_padded(width: int) -> None:
    lines = screen(PLAN, width, terminal=False)
    assert lines[1] == f"  ~ 1025  available  16 → 15  Rooibos Süße Orange lose 100 g  ({WHY})"
    assert lines[4:6] == ["      lines  1 × 1115 Zuckerdose rosé, 3 × 1170 Teelexikon", "      total  12.50"]
    assert all(line == line.rstrip() for line in lines)


def test_each_kind_of_line_has_a_colour_of_its_own_where_there_are_colours() -> None:
    lines = screen(PLAN, 140, terminal=True, colours=True)
    assert lines[0].startswith("\x1b[1m")
    assert lines[1].startswith("\x1b[33m")
    assert lines[3].startswith("\x1b[32m")
    assert lines[-1].startswith("\x1b[2m")


def test_what_is_stopped_is_marked_where_it_stands() -> None:
    stop = SafetyStop("too many", "accept", ("1025",))
    plan = replace(PLAN, stop=stop, written_all_the_same=PLAN.changes[1:])
    lines = screen(plan, 140, terminal=False)
    assert lines[1] == f"  = 1025  available  16 → 15  Rooibos Süße Orange lose 100 g  (stopped for safety; {WHY})"
    assert lines[2].startswith("  ~ 1028")


@pytest.mark.parametrize("fate", [Fate.WAITING, Fate.LEFT, Fate.HELD])
def test_more_than_twenty_items_of_one_kind_are_cut_and_all_named_with_verbose(fate: Fate) -> None:
    same: Plan[Any] = Plan("stock", skips=tuple(Skip(str(each), "the same", fate) for each in range(321)))
    assert screen(same, 80, terminal=False)[1].endswith("18, 19 and 301 more (--verbose)")
    assert screen(same, 80, terminal=False, verbose=True)[1].endswith("319, 320")
    each: Plan[Any] = Plan("stock", skips=tuple(Skip(str(each), f"reason {each}", fate) for each in range(321)))
    lines = screen(each, 80, terminal=False)
    assert len(lines) == 1 + 20 + 1
    assert lines[-1].endswith("301 more (--verbose)")
    assert len(screen(each, 80, terminal=False, verbose=True)) == 1 + 321


def test_a_plan_ends_with_its_totals() -> None:
    products: Plan[Any] = Plan("products", (Change("1025", Level(1), Level(2)),), matched=217)
    stopped = replace(products, stop=SafetyStop("too much", "accept", ()))
    state = State(Identity("s", "a", "90"), NOON)
    ran = Ran((Result(PLAN, dry=True), Result(stopped, dry=True)), state, 3, 5, 0, NOON)
    assert totals(ran) == "3 to write, 1 waiting, 1 held, 1 stopped; 212 of 217 matched articles in step"
