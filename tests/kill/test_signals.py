"""Told to end at any moment of a run it ends at once, the run is recorded, and the next ones do the rest."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from korsync.__main__ import end_on
from korsync.sandbox.exchange import Reply, Request
from korsync.sandbox.server import SandboxServer
from tests.mutate.answers import RUNS, busy_shop, ledger
from tests.support.played import Played
from tests.support.shop import Shop
from tests.support.snapshot import restore

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def told_to_end(sign: signal.Signals, at: int) -> Iterator[list[int]]:
    """Send this process a signal while it waits for the answer to a request; tell how many it had sent by then."""
    respond = SandboxServer.respond
    seen = [0]

    def answer(server: SandboxServer, request: Request) -> Reply:
        seen[0] += 1
        if seen[0] == at:
            os.kill(os.getpid(), sign)
        return respond(server, request)

    before = [signal.getsignal(each) for each in SIGNALS]
    end_on(signal.SIGTERM, signal.SIGHUP)
    try:
        with patch.object(SandboxServer, "respond", answer):
            yield seen
    finally:
        for each, handler in zip(SIGNALS, before, strict=True):
            signal.signal(each, handler)


def run_told_to_end(shop: Shop, sign: signal.Signals, at: int) -> Any:
    """Run until the signal comes; return the code that the run ends with, None where it came to its end before."""
    with told_to_end(sign, at):
        try:
            shop.run()
        except SystemExit as ended:
            return ended.code
        except KeyboardInterrupt:
            return 130
    return None


def test_told_to_end_at_any_request_a_run_is_recorded_and_the_next_ones_do_the_rest(
    tmp_path: Path, played: Played
) -> None:
    with busy_shop(tmp_path) as stage:
        codes = []
        for at in range(1, 200):
            sign = SIGNALS[at % 3]
            restore(stage.shop, stage.start)
            code = run_told_to_end(stage.shop, sign, at)
            if code is None:
                break
            assert code == (130 if sign is signal.SIGINT else 143)
            assert stage.shop.state.runs[-1].exit_code == code
            codes.append(code)
            for _ in range(RUNS):
                stage.shop.run_later()
            assert ledger(stage.shop) == stage.ledger, f"{sign.name} at request {at}"
    assert len(codes) > 20
    played(len(codes), "signals to end")


@pytest.mark.parametrize("ignored", [True, False])
def test_a_run_that_is_to_outlive_its_terminal_is_left_alone(ignored: bool) -> None:
    """Started with nohup it was told to ignore SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        end_on(signal.SIGHUP)
        assert (signal.getsignal(signal.SIGHUP) is signal.SIG_IGN) is ignored
    finally:
        signal.signal(signal.SIGHUP, before)
