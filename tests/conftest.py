"""Fixtures that all tests share."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from korsync.__main__ import main
from tests.support.canaries import assert_silent
from tests.support.played import Played, told
from tests.support.shop import Shop, open_shop
from tests.support.typed import Korsync, Said

# How long an example takes says more of the machine than of korsync.
settings.register_profile("korsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("korsync")

# Started in the background or under nohup the tests would ignore these, and so would every korsync that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An empty shop with korsync configured but not initialised."""
    with open_shop(tmp_path) as opened:
        yield opened


@pytest.fixture
def played(record_property: Callable[[str, object], None]) -> Played:
    return lambda count, kind: record_property(kind, count)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in told(terminalreporter.getreports("passed")):
        terminalreporter.write_line(line)


@pytest.fixture
def korsync(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Korsync:
    """Type a korsync command for the shop."""

    def type_in(*words: str) -> Said:
        monkeypatch.setattr("korsync.commands.state.machine_now", shop.world.clock.now)
        monkeypatch.setattr(sys, "argv", ["korsync", "--config", str(shop.config_path), *words])
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        assert_silent(printed.out + printed.err)
        assert isinstance(code, int)
        return Said(code, printed.out, printed.err)

    return type_in
