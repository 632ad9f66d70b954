"""The shipped crontab: its lines keep out of each other's way."""

import re
from pathlib import Path

LINES = (Path(__file__).parent.parent / "crontab.example").read_text("utf-8").splitlines()


def minutes_of(command: str) -> set[int]:
    """The minutes of an hour in which cron starts a command, of the line that is in use or offered."""
    (field,) = {line.lstrip("#").split()[0] for line in LINES if re.search(rf" {command} --quiet$", line)}
    if field.startswith("*/"):
        return set(range(0, 60, int(field[2:])))
    spans = [each.split("-") for each in field.split(",")]
    return {minute for first, last in spans for minute in range(int(first), int(last) + 1)}


def test_the_line_for_every_minute_leaves_the_lock_to_the_full_run() -> None:
    assert minutes_of("run") == {0, 20, 40}
    assert minutes_of("orders") == set(range(60)) - minutes_of("run")
