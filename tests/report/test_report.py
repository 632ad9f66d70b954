"""What a person reads: diffs, the summary line, held items; and that text from outside cannot do harm there."""

import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from korsync.errors import ConfigurationError, Refused, SafetyStop, Unavailable
from korsync.records.memory import Held, Identity, State
from korsync.records.plan import Change, Fate, Outcome, Plan, Ran, Result, Skip, Written
from korsync.records.telling import How
from korsync.report.as_json import run_as_json
from korsync.report.diffs import print_plan
from korsync.report.screens import print_error
from korsync.report.summary import summary
from korsync.report.watching import Audience, Reporter
from korsync.rules.offers import Price, Title

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def shown(plan: Plan[Any], *, rules: bool = True, verbose: bool = False) -> str:
    page = io.StringIO()
    console = Console(file=page, markup=False, highlight=False, emoji=False, soft_wrap=True, width=200)
    print_plan(console, plan, rules=rules, verbose=verbose)
    return page.getvalue()


def ran(result: Result, *, held: int = 0, requests: int = 0, writes: int = 0, exit_code: int = 0) -> Ran:
    items = {f"orders/{each}": Held("orders", str(each), "why", NOON) for each in range(held)}
    state = State(Identity("shop", "account", "90"), NOON, held=items)
    return Ran((result,), state, exit_code, requests, writes, at=NOON)


def price_change(sku: str = "1001") -> Change[Any]:
    return Change(sku, Price(Decimal("8.00"), 1), Price(Decimal("8.90"), 1))


def test_a_changed_field_is_shown_before_and_after() -> None:
    page = shown(Plan("products", (price_change(),)))
    assert "products: 1 change" in page
    assert "~ 1001  price  8.00 → 8.90" in page


def test_something_new_is_shown_with_a_plus() -> None:
    page = shown(Plan("products", (Change("1001", None, Title("Tee", 1)),)))
    assert "+ 1001  title  Tee" in page


def test_held_and_waiting_items_are_named_with_their_reason() -> None:
    skips = (Skip("#1001", "no article", Fate.HELD), Skip("#1002", "sent, not known", Fate.WAITING))
    page = shown(Plan("orders", skips=skips), rules=False)
    assert "! #1001  held: no article" in page
    assert "… #1002  waiting: sent, not known" in page


def test_items_left_by_rule_are_summed_up_by_reason_and_all_named_with_verbose() -> None:
    plan: Plan[Any] = Plan("stock", skips=tuple(Skip(str(each), "not tracked", Fate.LEFT) for each in range(321)))
    assert "left: not tracked: 0, 1, 2, 3," in shown(plan)
    assert ", 19 and 301 more (--verbose)\n" in shown(plan)
    assert ", 319, 320\n" in shown(plan, verbose=True)
    assert "left" not in shown(plan, rules=False)


@given(name=st.text(min_size=1, max_size=40))
def test_no_name_breaks_the_report_or_reaches_the_terminal_as_a_command(name: str) -> None:
    plan: Plan[Any] = Plan(
        "products",
        (Change(name, Title("alt", 1), Title(name, 1)),),
        (Skip(name, name, Fate.LEFT), Skip(name, name, Fate.HELD)),
        notes=(name,),
    )
    page = shown(plan)
    assert not {each for each in page if each != "\n" and (ord(each) < 32 or 127 <= ord(each) < 160)}


@pytest.mark.parametrize("name", ["T-Shirt [/red] XL", "[b]fett[/b]", ":smile:", "[link=https://example.org]x[/link]"])
def test_a_name_that_looks_like_markup_is_shown_as_it_is(name: str) -> None:
    assert name in shown(Plan("products", (Change("1", Title("alt", 1), Title(name, 1)),)))


def test_an_escape_code_in_a_name_is_made_visible() -> None:
    assert "\\x1b[2J" in shown(Plan("products", (Change("1", Title("alt", 1), Title("\x1b[2J", 1)),)))


def test_the_summary_tells_what_was_written_and_what_is_left_and_for_how_long() -> None:
    change = price_change()
    written = (Written(change, Outcome.DONE), Written(change, Outcome.REJECTED, "no"))
    result = Result(Plan("products"), written, (change, change), seconds_left_over=600)
    line = summary(ran(result, held=2, requests=9, writes=2))
    assert line == (
        "korsync: products 1 written, 1 refused, 2 left for the next run (about 10 minutes);"
        " 2 items held (see `korsync status`) (9 requests, 2 of them writes)"
    )


def test_a_run_in_which_nothing_happened_has_no_summary() -> None:
    assert summary(ran(Result(Plan("stock")), requests=7)) == ""


@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("sku", ["1001", "S" * 60, "T" * 90, "商品" * 30])
def test_however_long_a_name_is_the_whole_change_can_be_read(sku: str, width: int) -> None:
    page = io.StringIO()
    console = Console(file=page, markup=False, highlight=False, emoji=False, soft_wrap=True, width=width)
    changes = (Change(sku, Title("Alt", 1), Title("Neu" + "y" * 60, 1)), price_change("1002"))
    print_plan(console, Plan("products", changes), rules=True, verbose=False)
    shown = page.getvalue()
    assert "title" in shown
    for text in (sku, "Neu" + "y" * 60, "8.00 → 8.90"):
        assert sum(shown.count(each) for each in set(text) - {" "}) >= len(text.replace(" ", ""))


def test_an_error_in_words_from_outside_cannot_command_the_terminal() -> None:
    page = io.StringIO()
    print_error(Console(file=page, markup=False), Refused("Shopify: \x1b[2J", "ask \x9b31m"))
    assert page.getvalue() == "korsync: Shopify: \\x1b[2J\n  what to do: ask \\x9b31m\n"


def test_half_an_emoji_in_a_name_does_not_keep_json_from_a_program() -> None:
    result = Result(Plan("products", (price_change("Tee \ud83d"),)))
    written = run_as_json(ran(result), "run", "shop")
    assert written.isascii()
    assert json.loads(written)["pipelines"][0]["changes"][0]["key"] == "Tee \ud83d"


def test_an_error_says_what_happened_and_what_to_do() -> None:
    page = io.StringIO()
    print_error(Console(file=page, markup=False), ConfigurationError("the key is wrong", "correct the key"))
    assert page.getvalue() == "korsync: the key is wrong\n  what to do: correct the key\n"


def test_json_holds_plan_outcome_and_errors() -> None:
    result = Result(
        Plan("products", (price_change(),), (Skip("x", "why", Fate.LEFT),)),
        (Written(price_change(), Outcome.UNSURE, "lost"),),
        errors=(SafetyStop("too much", "look", ("mark",)), Unavailable("down", "wait")),
    )
    told = json.loads(run_as_json(ran(result, exit_code=3), "run", "shop"))
    (products,) = told["pipelines"]
    assert told["exit_code"] == 3
    assert products["changes"][0]["edits"] == [{"field": "price", "before": "8.00", "after": "8.90"}]
    assert products["written"] == [{"key": "1001", "outcome": "unsure", "message": "lost"}]
    assert [each["exit_code"] for each in products["errors"]] == [3, 5]


def test_what_kept_a_run_from_beginning_is_told_at_the_shop_s_own_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audience = Audience(tmp_path / "told.json", "my-shop", zone=lambda: ZoneInfo("Asia/Tokyo"))
    Reporter("run", How(quiet=True), audience, lambda: NOON).failed(ConfigurationError("unknown key", "put it right"))
    in_tokyo = NOON + timedelta(hours=9)
    assert capsys.readouterr().err.splitlines()[0] == f"korsync run, my-shop, {in_tokyo:%Y-%m-%d %H:%M}"


def test_without_a_terminal_nothing_is_drawn_while_a_run_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = Reporter("run", How(), Audience(tmp_path / "told.json"), lambda: NOON)
    plan = Plan("products", tuple(price_change(str(each)) for each in range(50)))
    reporter.planned(plan)
    for change in plan.changes:
        reporter.written(Written(change, Outcome.DONE))
    reporter.finished(Result(plan))
    assert capsys.readouterr() == ("", "")
