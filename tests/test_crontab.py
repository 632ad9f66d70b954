"""The shipped crontab: its lines keep out of each other's way."""

import re
from pathlib import Path

from click.testing import CliRunner

from korsync.cli import cli

LINES = (Path(__file__).parent.parent / "crontab.example").read_text("utf-8").splitlines()
KORSYNC = "/opt/korsync/.venv/bin/korsync"


def words_of(command: str) -> list[str]:
    """What cron types for a command, of the line that is in use or offered."""
    (words,) = {
        tuple(line.partition(KORSYNC)[2].split()) for line in LINES if re.search(rf"korsync .* {command} ", line)
    }
    return list(words)


def minutes_of(command: str) -> str:
    (minutes,) = {line.lstrip("#").split()[0] for line in LINES if re.search(rf"korsync .* {command} ", line)}
    return minutes


def test_the_full_run_waits_for_a_run_of_the_line_for_every_minute_but_not_beyond_the_next_full_run() -> None:
    assert (minutes_of("run"), minutes_of("orders")) == ("*/20", "*")
    words = words_of("run")
    assert 60 <= int(words[words.index("--wait") + 1]) < 20 * 60
    assert "--wait" not in words_of("orders")


def test_korsync_understands_what_cron_types() -> None:
    for command in ("run", "orders"):
        assert CliRunner().invoke(cli, [*words_of(command), "--help"]).exit_code == 0
        assert "--quiet" in words_of(command)
