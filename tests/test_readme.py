"""The README says what korsync does and how it is made: its exit codes, its commands, the map of the house."""

import re
from pathlib import Path

import korsync
from korsync.cli import cli
from korsync.commands.sync import CHANGES_TO_MAKE
from korsync.errors import BUG, SEVERITY, LockedError
from korsync.rules.standing import TOO_OLD

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
PACKAGE = Path(korsync.__file__).parent
MAP = re.findall(r"^ {4}((\w+) {2,}\S.*)$", korsync.__doc__ or "", re.MULTILINE)
INTERRUPTED, TERMINATED = 128 + 2, 128 + 15


def test_every_exit_code_stands_in_the_table() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \|", README, re.MULTILINE)
    codes = {int(code) for row in rows for code in row.split(",")}
    assert codes == {0, *SEVERITY, LockedError.exit_code, CHANGES_TO_MAKE, TOO_OLD, BUG, INTERRUPTED, TERMINATED}


def test_every_command_is_named() -> None:
    table = README.split("| command | what it does |")[1].split("\n\n")[0]
    assert all(re.search(rf"`{name}\b", table) for name in cli.commands)


def test_the_map_of_the_house_names_every_room_and_no_other() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(room for _, room in MAP) == sorted({*modules, *packages, "tests"})


def test_the_readme_shows_the_same_map() -> None:
    shown = README.split("```text\n")[1].split("```")[0]
    assert shown.splitlines() == [line for line, _ in MAP]
