"""A run ends, however slow a side is, and what it did is recorded: it must not keep the next ones out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from korsync.commands.check import check
from korsync.commands.doctor import Machine, examine
from korsync.commands.init import initialise
from korsync.commands.sync import Clocks
from korsync.errors import Unavailable
from korsync.memory.journal import entries_of
from korsync.records.opening import Answer, Opening
from korsync.run import LONGEST_READING
from korsync.sandbox.exchange import Fault, Request
from korsync.sandbox.server import SandboxServer
from tests.commands.test_couple import decouple
from tests.support.shop import Shop, Silent, Watched
from tests.support.typed import Korsync, a_shop_with_work_to_do

DEADLINE = 120
"""Seconds that one request may take."""

PATIENCE = 60
"""Seconds that a side may ask to be left alone."""


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop with something to do for every pipeline but refunds."""
    a_shop_with_work_to_do(shop)
    return shop


@contextmanager
def slow(shop: Shop, server: SandboxServer, seconds: float, path: str = "", method: str = "") -> Iterator[None]:
    """Let the matching answers of a side take so long, as a side does that drips."""

    def wait(request: Request) -> None:
        if re.search(path, request.path) and method in ("", request.method):
            shop.wait(seconds)

    server.before_request = wait
    yield
    server.before_request = None


def seconds_of(shop: Shop, *pipelines: str, full: bool = False) -> float:
    """Run, and return how long that took on the clock of the servers."""
    started = shop.world.clock.now()
    shop.run(*pipelines, full=full)
    return (shop.world.clock.now() - started).total_seconds()


def assert_all_is_done(shop: Shop) -> None:
    for _ in range(3):
        shop.run_later()
    assert shop.state.runs[-1].exit_code == 0
    assert len(shop.korona.receipts) == 1
    assert [shop.shopify.available(each) for each in ("1001", "1002")] == [9, 9]


@pytest.mark.parametrize("name", ["korona", "shopify"])
def test_a_side_that_drips_ends_the_run_in_time_and_it_is_recorded(busy: Shop, name: str) -> None:
    server: SandboxServer = getattr(busy.world, f"{name}_server")
    with slow(busy, server, 3 * DEADLINE):
        assert LONGEST_READING / 2 < seconds_of(busy, full=True) <= LONGEST_READING + 3 * DEADLINE
    assert busy.watched.told[0].exit_code == 5
    assert any("this run has taken too long" in error.what for each in busy.watched.results for error in each.errors)
    assert busy.state.runs[-1].exit_code == 5
    assert_all_is_done(busy)


@pytest.mark.parametrize("name", ["korona", "shopify"])
def test_a_side_that_asks_for_patience_ends_the_run_in_time(busy: Shop, name: str) -> None:
    server: SandboxServer = getattr(busy.world, f"{name}_server")
    server.faults.append(Fault("status", times=99, status=503, headers={"Retry-After": "86400"}))
    with slow(busy, server, DEADLINE - 1):
        assert seconds_of(busy) <= LONGEST_READING + DEADLINE
    assert busy.watched.told[0].exit_code == 5
    server.faults.clear()
    assert_all_is_done(busy)


def test_a_list_that_drips_does_not_keep_the_other_pipelines_from_reading(busy: Shop) -> None:
    with slow(busy, busy.world.shopify_server, DEADLINE - 1, "/products"):
        busy.world.shopify_server.faults.append(Fault("status", "GET", "/products", times=99, status=500))
        assert seconds_of(busy) <= LONGEST_READING + DEADLINE
    assert {each.plan.pipeline: each.exit_code for each in busy.watched.results} == {
        "stock": 5,
        "orders": 0,
        "refunds": 0,
        "products": 5,
    }


@pytest.mark.parametrize("asks_for_patience", [True, False])
def test_receipts_whose_answers_drip_wait_for_the_next_run(busy: Shop, asks_for_patience: bool) -> None:
    """None of them is begun that was not sent."""
    for _ in range(59):
        busy.shopify.place_order([("1001", 1)])
    minutes = float(busy.settings.safety.max_minutes)
    if asks_for_patience:
        told = {"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS", "message": "wait"}
        slowed = Fault("status", "POST", status=429, times=99, body=told, headers={"Retry-After": "60"})
        busy.world.korona_server.faults.append(slowed)
    with slow(busy, busy.world.korona_server, DEADLINE - 1, "/receipts$", "POST"):
        assert seconds_of(busy, "orders") <= (minutes * 60) + DEADLINE + PATIENCE
    begun = sum(order.is_begun for order in busy.state.orders.values())
    assert begun == len(busy.korona.receipts)
    busy.world.korona_server.faults.clear()
    for _ in range(3):
        busy.run_later("orders")
    assert len(busy.korona.receipts) == 60


@contextmanager
def everything_slow(shop: Shop) -> Iterator[None]:
    """Let every answer of both sides take long, as whole as it comes."""
    with slow(shop, shop.world.korona_server, DEADLINE - 1), slow(shop, shop.world.shopify_server, DEADLINE - 1):
        yield


def clocks_of(shop: Shop) -> Clocks:
    """Return clocks of which all follow that of the servers."""
    return Clocks(shop.wait, lambda: shop.world.clock.now().timestamp(), shop.world.clock.now)


def test_init_ends_in_time_and_lets_go_of_the_lock(shop: Shop) -> None:
    shop.stocked("1001")
    began = shop.world.clock.now()
    with everything_slow(shop), pytest.raises(Unavailable, match="this run has taken too long"):
        shop.init()
    assert (shop.world.clock.now() - began).total_seconds() <= LONGEST_READING + DEADLINE
    assert not shop.settings.state_path.exists()
    shop.init()


def test_the_time_that_a_person_takes_to_answer_is_not_counted(shop: Shop) -> None:
    class Ponders(Silent):
        def ask(self, opening: Opening) -> Answer | None:
            shop.later(60)
            return super().ask(opening)

    shop.stocked("1001")
    shop.shopify.place_order([("1001", 1)])
    decouple(shop)
    opening = initialise(shop.settings, Ponders(Answer.RESERVE), couples=True, adopts=False, clocks=clocks_of(shop))
    assert opening.asks
    assert shop.settings.state_path.exists()


def test_a_command_that_only_looks_ends_in_time(busy: Shop) -> None:
    for looks in (
        lambda: examine(busy.config_path, {}, lambda *_: None, Machine(busy.world.clock.now, list), clocks_of(busy)),
        lambda: check(busy.settings, Watched(), clocks=clocks_of(busy)),
    ):
        began = busy.world.clock.now()
        with everything_slow(busy):
            assert looks().exit_code == 5
        assert (busy.world.clock.now() - began).total_seconds() <= LONGEST_READING + 2 * DEADLINE


def test_an_undo_ends_in_time(busy: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.run()
    (run,) = {each.run for each in entries_of(busy.settings.journal_path)}
    began = busy.world.clock.now()
    monkeypatch.setattr("korsync.commands.undo.Clocks", lambda: clocks_of(busy))
    monkeypatch.setattr("korsync.commands.sync.LONGEST_READING", PATIENCE)
    fault = Fault("status", "GET", times=99, status=503, headers={"Retry-After": "86400"})
    busy.world.shopify_server.faults.append(fault)
    assert korsync("undo", run).code == 5
    assert PATIENCE <= (busy.world.clock.now() - began).total_seconds() < 2 * PATIENCE
