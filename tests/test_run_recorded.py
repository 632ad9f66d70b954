"""A run is recorded whatever becomes of it: in the state how things stand, in the journal what was written."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from korsync.commands import sync as sync_command
from korsync.commands.sync import Clocks, sync
from korsync.memory.journal import entries_of
from korsync.memory.state import Encoded, save_state
from korsync.records.journal import Entry, ItemEntry, RunEntry, Turn, WriteEntry
from korsync.records.memory import State
from korsync.records.plan import Written
from korsync.rules.history import RUNS_KEPT
from korsync.sandbox.exchange import Fault
from tests.pipelines.test_posting import keys
from tests.support.shop import Shop, Watched
from tests.support.typed import Korsync, a_shop_with_work_to_do, an_order_that_cannot_be_booked


def journal(shop: Shop) -> list[Entry]:
    return list(entries_of(shop.settings.journal_path))


def test_a_run_leaves_a_line_for_each_field_that_it_wrote_and_one_for_itself(shop: Shop) -> None:
    a_shop_with_work_to_do(shop)
    shop.run()
    *written, last = journal(shop)
    assert isinstance(last, RunEntry)
    assert (last.command, last.exit_code, last.reason) == ("run", 0, "")
    assert last.writes == 3
    assert last.requests > last.writes
    assert {each.run for each in written} == {last.run}
    writes = [each for each in written if isinstance(each, WriteEntry)]
    said = {(each.pipeline, each.key, each.field, each.before, each.after) for each in writes}
    assert ("products", "1002", "price", "8.00", "8.90") in said
    assert ("stock", "1002", "available", "10", "9") in said
    assert ("orders", "#1001", "total", None, "8.90") in said
    assert {each.outcome for each in writes} == {"done"}


def test_a_dry_run_leaves_no_line(shop: Shop) -> None:
    a_shop_with_work_to_do(shop)
    shop.run(dry=True)
    assert journal(shop) == []


def test_items_are_noted_when_they_come_to_be_held_and_when_they_are_settled_and_only_then(shop: Shop) -> None:
    an_order_that_cannot_be_booked(shop)
    for _ in range(3):
        shop.run_later("orders")
    held = [each for each in journal(shop) if isinstance(each, ItemEntry)]
    assert [(each.pipeline, each.item, each.turn) for each in held] == [("orders", "#1001", Turn.HELD)]
    assert "X-1" in held[0].reason
    shop.korona.add_article("X-1", "Nur online", Decimal("5.00"), stock=5)
    shop.run_later("orders")
    assert [each.turn for each in journal(shop) if isinstance(each, ItemEntry)] == [Turn.HELD, Turn.SETTLED]


@pytest.mark.parametrize(
    ("interrupt", "code"), [(KeyboardInterrupt, 130), (lambda: SystemExit(143), 143), (ZeroDivisionError, 70)]
)
def test_a_run_that_is_ended_early_is_recorded_with_what_it_wrote(
    shop: Shop, interrupt: Callable[[], BaseException], code: int
) -> None:
    class Ends(Watched):
        def written(self, written: Written[Any]) -> None:
            super().written(written)
            raise interrupt()

    a_shop_with_work_to_do(shop)
    clocks = Clocks(shop.wait, now=shop.world.clock.now)
    with pytest.raises(type(interrupt())):
        sync(shop.settings, Ends(), clocks=clocks)
    last = shop.state.runs[-1]
    assert (last.command, last.exit_code) == ("run", code)
    *_, wrote, ran = journal(shop)
    assert isinstance(wrote, WriteEntry)
    assert isinstance(ran, RunEntry)
    assert (wrote.key, ran.exit_code) == ("1002", code)


def refusing(refused: Callable[[State], bool]) -> Any:
    """Save states but those of which something cannot be kept."""

    def save(path: Path, state: State, encoded: Encoded | None = None) -> None:
        if refused(state):
            raise ValueError("$.orders: cannot be kept")
        save_state(path, state, encoded)

    return patch.object(sync_command, "save_state", save)


@pytest.mark.parametrize(
    "refused",
    [lambda state: bool(state.orders), lambda state: any(each.exit_code == 0 for each in state.runs)],
    ids=["what was read", "how it ended"],
)
def test_a_run_whose_state_cannot_be_kept_is_recorded_with_the_state_as_it_was(
    shop: Shop, korsync: Korsync, refused: Callable[[State], bool]
) -> None:
    a_shop_with_work_to_do(shop)
    with refusing(refused):
        said = korsync("run")
    assert said.code == 70
    assert "ValueError" in said.err
    last = shop.state.runs[-1]
    assert (last.command, last.exit_code) == ("run", 70)
    assert korsync("status", "--output", "json").out.count('"exit_code": 70') >= 1
    *_, ran = journal(shop)
    assert isinstance(ran, RunEntry)
    assert ran.exit_code == 70
    assert shop.run_later().exit_code == 0
    assert keys(shop) == [f"order/{each}" for each in shop.state.orders]


def test_where_nothing_at_all_can_be_kept_it_is_the_first_trouble_that_is_told(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    before = shop.settings.state_path.read_bytes()
    with refusing(lambda _state: True):
        assert korsync("run").code == 70
    assert shop.settings.state_path.read_bytes() == before


def test_a_run_that_neither_side_answers_is_recorded_by_this_machines_clock_and_says_why(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    for server in (shop.world.korona_server, shop.world.shopify_server):
        server.faults.append(Fault("reset", times=99))
    began = shop.world.clock.now()
    shop.run_later()
    last = shop.state.runs[-1]
    assert last.exit_code == 5
    assert not last.is_answered
    assert last.at > began
    assert "Shopify" in last.reason


def test_the_state_says_since_when_a_pipeline_fails_and_when_it_last_did_all_it_should(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run()
    succeeded = shop.state.runs[-1].at
    fault = Fault("status", path="prices", status=500, times=99)
    shop.world.korona_server.faults.append(fault)
    shop.run_later()
    first = shop.state.runs[-1].at
    shop.run_later()
    standing = shop.state.standings["products"]
    assert (standing.exit_code, standing.succeeded_at, standing.failing_since) == (5, succeeded, first)
    assert "KORONA" in standing.what
    assert shop.state.standings["stock"].exit_code == 0
    shop.world.korona_server.faults.clear()
    shop.run_later()
    assert shop.state.standings["products"].failing_since is None


def test_what_was_not_tried_because_a_side_refuses_everything_fails_like_what_was(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.world.korona_server.faults.append(Fault("status", status=401, times=99))
    shop.run()
    assert {each.exit_code for each in shop.state.standings.values()} == {4}
    assert set(shop.state.standings) == {"stock", "orders", "refunds", "products"}


def test_the_last_runs_of_each_command_are_kept_not_five_minutes_of_the_most_frequent(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run()
    for _ in range(25):
        shop.run_later("orders", minutes=1)
    commands = [each.command for each in shop.state.runs]
    assert (commands.count("run"), commands.count("orders")) == (1, RUNS_KEPT)
    assert [each.at for each in shop.state.runs] == sorted(each.at for each in shop.state.runs)
