"""The README says what korsync does: its table of exit codes and its commands."""

import re
from pathlib import Path

from korsync.cli import BUG, cli
from korsync.commands.sync import CHANGES_TO_MAKE
from korsync.errors import SEVERITY, LockedError

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
INTERRUPTED, TERMINATED = 128 + 2, 128 + 15


def test_every_exit_code_stands_in_the_table() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \|", README, re.MULTILINE)
    codes = {int(code) for row in rows for code in row.split(",")}
    assert codes == {0, *SEVERITY, LockedError.exit_code, CHANGES_TO_MAKE, BUG, INTERRUPTED, TERMINATED}


def test_every_command_is_named() -> None:
    table = README.split("| command | what it does |")[1].split("\n\n")[0]
    assert all(re.search(rf"`{name}\b", table) for name in cli.commands)
