"""`korsync undo` brings back what a run changed in the shop, and no later run writes it again without a word."""

import os
import re
import signal
from decimal import Decimal
from typing import Any

import pytest

from korsync.memory.journal import append, entries_of
from korsync.records.journal import RunEntry, WriteEntry
from korsync.records.plan import Written
from korsync.report.watching import Reporter
from korsync.sandbox.server import Fault
from tests.support.catalogue import price, title, variant
from tests.support.shop import MONDAY, Shop
from tests.support.typed import Korsync

ALL = ("1001", "1002")


@pytest.fixture
def first_run(shop: Shop, korsync: Korsync) -> str:
    """A shop whose names, prices and trackings the first run has changed; returns the run."""
    for number in ALL:
        shop.korona.add_article(number, f"Ware {number}", Decimal("8.90"), stock=7)
        shop.shopify.add_product(f"Unser {number}", [{"sku": number, "price": Decimal("8.00"), "available": 10}])
    shop.shopify.set_tracked("1002", False)
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("1001", 1)])
    assert korsync("run").code == 0
    assert figures(shop) == [("Ware 1001", "8.90", True), ("Ware 1002", "8.90", True)]
    (run,) = re.findall(r"\d{8}-\d{6}-[0-9a-f]{4}", korsync("log").out)
    shop.later()
    return str(run)


def figures(shop: Shop) -> list[tuple[str, str, bool]]:
    return [(title(shop, each), price(shop, each), bool(variant(shop, each).tracked)) for each in ALL]


BEFORE = [("Unser 1001", "8.00", True), ("Unser 1002", "8.00", False)]


def test_undo_of_the_first_run_brings_everything_back_and_the_next_three_runs_leave_it(
    shop: Shop, korsync: Korsync, first_run: str
) -> None:
    level = shop.shopify.available("1001")
    said = korsync("undo", first_run)
    assert said.code == 0, said
    assert figures(shop) == BEFORE
    assert "~ 1001 title Ware 1001 → Unser 1001" in " ".join(said.out.split())
    assert "5 put back" in said.out
    assert "stock is never undone: it follows KORONA: 1001" in said.out
    assert "sale 1001 stays: counter it in KORONA by hand" in said.out
    assert shop.shopify.available("1001") == level
    for _ in range(3):
        shop.later()
        said = korsync("run", "--verbose")
        assert (said.code, said.err) == (0, "")
        why = "its price was put back by `korsync undo`: written again when KORONA's value changes, or with"
        assert f"… waiting: {why} `korsync accept products KEY`: 1001, 1002" in said.out
        assert figures(shop) == BEFORE
    assert shop.state.standings["products"].exit_code == 0
    checked = " ".join(korsync("check").out.split())
    assert "1001 its title was put back by `korsync undo`" in checked
    assert "5 differences: 5 wait" in checked


def test_a_dry_run_shows_what_would_be_put_back_and_touches_nothing(
    shop: Shop, korsync: Korsync, first_run: str
) -> None:
    state, now = shop.settings.state_path.read_bytes(), figures(shop)
    with shop.requests() as seen:
        said = korsync("undo", first_run, "--dry-run")
    assert said.code == 0
    assert "~ 1001 title Ware 1001 → Unser 1001" in " ".join(said.out.split())
    assert seen.writes == []
    assert figures(shop) == now
    assert shop.settings.state_path.read_bytes() == state
    assert korsync("run").code == 0


def test_what_was_put_back_is_let_through_article_by_article(shop: Shop, korsync: Korsync, first_run: str) -> None:
    korsync("undo", first_run)
    assert korsync("accept", "products", "1001").code == 0
    shop.later()
    assert korsync("run").code == 0
    assert figures(shop) == [("Ware 1001", "8.90", True), BEFORE[1]]
    assert korsync("accept", "products").code == 0
    shop.later()
    assert korsync("run").code == 0
    assert figures(shop) == [("Ware 1001", "8.90", True), ("Ware 1002", "8.90", True)]
    shop.shopify.rename("1001", "Von Hand")
    shop.later()
    assert korsync("run").code == 0
    assert title(shop, "1001") == "Ware 1001"


def test_a_new_value_in_korona_is_written_again(shop: Shop, korsync: Korsync, first_run: str) -> None:
    korsync("undo", first_run, "--sku", "1001")
    shop.korona.change_price("1001", Decimal("9.90"))
    shop.later()
    assert korsync("run").code == 0
    assert figures(shop)[0] == ("Unser 1001", "9.90", True)
    shop.korona.rename("1001", "Ganz neu")
    shop.later()
    assert korsync("run").code == 0
    assert figures(shop)[0] == ("Ganz neu", "9.90", True)
    assert shop.state.undone == {}


def test_what_an_article_that_is_away_for_a_while_had_undone_is_not_forgotten(
    shop: Shop, korsync: Korsync, first_run: str
) -> None:
    korsync("undo", first_run)
    shop.korona.deactivate("1001")
    shop.later()
    korsync("run")
    shop.korona.deactivate("1001", False)
    shop.later()
    korsync("run")
    assert figures(shop) == BEFORE


def test_what_was_undone_stops_nothing_else(shop: Shop, korsync: Korsync) -> None:
    numbers = [str(1001 + each) for each in range(12)]
    for number in numbers:
        shop.korona.add_article(number, f"Ware {number}", Decimal("8.90"), stock=7)
        shop.shopify.add_product(f"Unser {number}", [{"sku": number, "price": Decimal("8.90"), "available": 7}])
    shop.init()
    shop.later(5)
    korsync("run")
    korsync("accept", "products")
    assert korsync("run").code == 0
    (run,) = re.findall(r"(\d{8}-\d{6}-[0-9a-f]{4})  exit 0", korsync("log").out)
    assert korsync("undo", run).code == 0
    shop.korona.change_price("1003", Decimal("9.00"))
    shop.later()
    assert korsync("run").code == 0
    assert price(shop, "1003") == "9.00"
    assert [title(shop, each) for each in numbers] == [f"Unser {each}" for each in numbers]


def test_only_the_named_article_is_put_back(shop: Shop, korsync: Korsync, first_run: str) -> None:
    assert "3 put back" in korsync("undo", first_run, "--sku", "1002").out
    assert figures(shop) == [("Ware 1001", "8.90", True), BEFORE[1]]
    shop.later()
    assert korsync("run").code == 0
    assert figures(shop) == [("Ware 1001", "8.90", True), BEFORE[1]]


def test_undone_twice_it_stands_there_already(korsync: Korsync, first_run: str) -> None:
    korsync("undo", first_run, "--sku", "1002")
    again = korsync("undo", first_run, "--sku", "1002")
    assert again.code == 0
    assert "its title is Unser 1002 already, as before that run: 1002" in again.out
    assert "changed since" not in again.out


def test_of_an_article_that_the_run_did_not_write_nothing_is_put_back(
    shop: Shop, korsync: Korsync, first_run: str
) -> None:
    said = korsync("undo", first_run, "--sku", "1001", "--sku", "99")
    assert said.code == 2
    assert f"run {first_run} wrote nothing of 99; nothing was put back" in said.err
    assert figures(shop)[0] == ("Ware 1001", "8.90", True)


def test_what_was_changed_since_is_left_and_said_so(shop: Shop, korsync: Korsync, first_run: str) -> None:
    shop.shopify.rename("1001", "Von Hand")
    shop.shopify.set_sku("1002", "1009")
    said = korsync("undo", first_run)
    assert "its title was changed since: Shopify has Von Hand: 1001" in said.out
    assert "the SKU stands on 0 variants in Shopify: 1002" in said.out
    assert figures_of_first(shop) == ("Von Hand", "8.00", True)


def figures_of_first(shop: Shop) -> tuple[str, str, bool]:
    return title(shop, "1001"), price(shop, "1001"), bool(variant(shop, "1001").tracked)


def test_a_title_that_shopify_keeps_in_another_form_is_put_back(shop: Shop, korsync: Korsync) -> None:
    shop.korona.add_article("1001", "Tee <b>fein</b>", Decimal("8.90"), stock=7)
    shop.shopify.add_product("Unser Tee", [{"sku": "1001", "price": "8.90", "available": 7}])
    shop.shopify.store.strips_markup = True
    shop.init()
    shop.later(5)
    korsync("products")
    (run,) = re.findall(r"\d{8}-\d{6}-[0-9a-f]{4}", korsync("log").out)
    korsync("undo", run)
    assert title(shop, "1001") == "Unser Tee"


def test_what_shopify_refuses_is_told_and_nothing_is_held_for_it(shop: Shop, korsync: Korsync, first_run: str) -> None:
    shop.world.shopify_server.faults.append(Fault("status", method="PUT", path="variants", status=422, times=2))
    said = korsync("undo", first_run)
    assert said.code == 1
    assert said.out.count("refused") == 2
    assert shop.state.held == {}
    assert [each[0] for each in figures(shop)] == ["Unser 1001", "Unser 1002"]


def test_an_unknown_run_and_one_that_was_an_undo_are_refused(shop: Shop, korsync: Korsync, first_run: str) -> None:
    unknown = korsync("undo", "20200101-000000-0000")
    assert unknown.code == 2
    assert "the journal knows of nothing that run “20200101-000000-0000” wrote" in unknown.err
    shop.later()
    assert korsync("undo", first_run).code == 0
    mine = re.findall(r"undo (\d{8}-\d{6}-[0-9a-f]{4})", korsync("log").out)
    again = korsync("undo", mine[0])
    assert again.code == 2
    assert "`korsync accept products`" in again.err


def test_an_undo_stands_in_the_journal_and_leaves_the_pipelines_as_they_stood(
    shop: Shop, korsync: Korsync, first_run: str
) -> None:
    before = shop.state.standings
    korsync("undo", first_run)
    assert "products  1001  title Ware 1001 → Unser 1001, price 8.90 → 8.00: written" in korsync("log", "1001").out
    assert shop.state.standings == before
    assert shop.state.runs[-1].command == "undo"
    assert shop.state.runs[-1].written == 5


def test_an_image_that_was_added_stays(shop: Shop, korsync: Korsync, first_run: str) -> None:
    entry = WriteEntry(first_run, MONDAY, "products", "1001", "image", None, "3f2a", "done")
    append(shop.settings.journal_path, [entry])
    assert "what was added (image) stays: take it out in Shopify by hand: 1001" in korsync("undo", first_run).out


@pytest.mark.parametrize(("end", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_undo_that_is_ended_is_recorded_and_typed_again_it_puts_back_the_rest(
    shop: Shop,
    korsync: Korsync,
    first_run: str,
    monkeypatch: pytest.MonkeyPatch,
    end: signal.Signals,
    code: int,
) -> None:
    written = Reporter.written

    def ends(reporter: Reporter, change: Written[Any]) -> None:
        written(reporter, change)
        os.kill(os.getpid(), end)

    with monkeypatch.context() as patched:
        patched.setattr(Reporter, "written", ends)
        said = korsync("undo", first_run)
    assert said.code == code
    assert "ended before it was done: undo 1 written; the same command puts back the rest" in said.err
    last = shop.state.runs[-1]
    assert (last.command, last.exit_code) == ("undo", code)
    ran = list(entries_of(shop.settings.journal_path))[-1]
    assert isinstance(ran, RunEntry)
    assert (ran.command, ran.exit_code) == ("undo", code)
    assert f"exit {code}" in korsync("log").out
    assert korsync("undo", first_run).code == 0
    assert figures(shop) == BEFORE


def test_an_undo_that_shopify_does_not_answer_is_recorded_and_says_why(
    shop: Shop, korsync: Korsync, first_run: str
) -> None:
    shop.world.shopify_server.faults.append(Fault("status", "GET", status=500, times=99))
    assert korsync("undo", first_run).code == 5
    last = shop.state.runs[-1]
    assert (last.command, last.exit_code) == ("undo", 5)
    assert "Shopify" in last.reason
