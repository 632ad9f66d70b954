"""korsync as real processes: killed by SIGKILL in the middle of a request, and fifty of them started at once."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from korsync.sandbox.exchange import Reply, Request
from korsync.sandbox.server import SandboxServer
from tests.kill.stories import ledger, order, stock_up
from tests.support.shop import Shop, open_shop

Respond = Callable[[SandboxServer, Request], Reply]


@dataclass
class Executioner:
    """Stands in both servers and kills the process that sends request `at` (counted from 0; None: spares it)."""

    at: int | None = None
    applies: bool = False
    seen: int = 0
    victim: subprocess.Popen[bytes] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def instead_of(self, respond: Respond) -> Respond:
        def answer(server: SandboxServer, request: Request) -> Reply:
            with self.lock:
                number, self.seen = self.seen, self.seen + 1
            if number != self.at or self.victim is None:
                return respond(server, request)
            reply = respond(server, request) if self.applies else Reply(None, "close")
            os.kill(self.victim.pid, signal.SIGKILL)
            os.waitid(os.P_PID, self.victim.pid, os.WEXITED | os.WNOWAIT)
            return Reply(reply.answer, "close")

        return answer


@contextmanager
def shop_with(executioner: Executioner, folder: Path) -> Iterator[Shop]:
    respond = executioner.instead_of(SandboxServer.respond)
    with patch.object(SandboxServer, "respond", respond), open_shop(folder) as shop:
        stock_up(shop)
        shop.init()
        shop.later()
        yield shop


def start(shop: Shop, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "korsync", "--config", str(shop.config_path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def story(shop: Shop) -> None:
    shop.korona.booking_delay = timedelta(minutes=10)
    shop.shopify.place_order([("1001", 2)])
    shop.shopify.place_order([("1002", 1), ("1003", 4)])
    shop.later(1)
    shop.run("orders", "refunds")
    shop.later()
    shop.shopify.refund_order(order(shop, "#1002"), {"1003": 1})
    shop.shopify.place_order([("1003", 2)])
    shop.later(1)


def run_until_quiet(shop: Shop) -> None:
    for _ in range(4):
        shop.run_later("orders", "refunds")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, object]:
    """The number of requests of the run that will be killed, and what the books must say in the end."""
    executioner = Executioner()
    with shop_with(executioner, tmp_path_factory.mktemp("undisturbed")) as shop:
        story(shop)
        before = executioner.seen
        assert start(shop, "run").wait(60) == 0
        requests = executioner.seen - before
        run_until_quiet(shop)
        return requests, ledger(shop)["receipts"]


@pytest.mark.long
@pytest.mark.parametrize("applies", [False, True], ids=["before it is applied", "after it was applied"])
@pytest.mark.parametrize("back", range(1, 7), ids=lambda back: f"request {back} from the end")
def test_a_process_killed_in_a_request_loses_and_doubles_nothing(
    tmp_path: Path, undisturbed: tuple[int, object], back: int, applies: bool
) -> None:
    """The last requests of a run: look-ups, the sale, the return's look-up, the return, what follows."""
    requests, books = undisturbed
    executioner = Executioner(applies=applies)
    with shop_with(executioner, tmp_path) as shop:
        story(shop)
        executioner.at = executioner.seen + requests - back
        executioner.victim = start(shop, "run")
        assert executioner.victim.wait(60) == -signal.SIGKILL
        executioner.at = None
        shop.wait(5)
        assert start(shop, "run", "--quiet").wait(60) == 0
        run_until_quiet(shop)
        assert ledger(shop)["receipts"] == books
        with shop.requests() as seen:
            shop.run_later("orders", "refunds")
        assert seen.writes == []


@pytest.mark.long
def test_of_fifty_processes_at_once_one_works_and_the_others_leave_at_once_and_send_nothing(tmp_path: Path) -> None:
    gate = threading.Event()

    def waiting(respond: Respond) -> Respond:
        def answer(server: SandboxServer, request: Request) -> Reply:
            reply = respond(server, request)
            gate.wait(60)
            return reply

        return answer

    with open_shop(tmp_path) as shop:
        stock_up(shop)
        shop.init()
        shop.shopify.place_order([("1001", 2)])
    with patch.object(SandboxServer, "respond", waiting(SandboxServer.respond)), shop.world:
        shop.configure()
        before = len(shop.world.shopify_server.requests) + len(shop.world.korona_server.requests)
        processes = {each.pid: each for each in (start(shop, "run") for _ in range(50))}
        ended: dict[int, tuple[int, float]] = {}
        while len(ended) < 49:
            pid, status, usage = os.wait4(-1, 0)
            if pid in processes:
                ended[pid] = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        sent = len(shop.world.shopify_server.requests) + len(shop.world.korona_server.requests) - before
        gate.set()
        (winner,) = processes.keys() - ended.keys()
        assert processes[winner].wait(60) == 0
    assert sent == 1
    assert {code for code, _ in ended.values()} == {7}
    # Of its own time: fifty at once wait for each other on the processor.
    assert sorted(seconds for _, seconds in ended.values())[len(ended) // 2] < 1
    assert len(shop.korona.receipts) == 1
