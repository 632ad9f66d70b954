"""Imports run one way: cli -> commands -> run -> pipelines -> clients -> http; records and rules know nobody."""

import ast
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "korsync"

VALUES = {"errors", "records", "sales", "plan", "targets", "money", "codec", "files", "settings", "state", "cache"}
RULES = {"attempts", "bookings", "receipts", "returns", "pending", "levels", "matching", "guards", "prices", "titles"}
WIRE = {"http", "answers", "outcomes", "pacing"}
CLIENTS = {"korona", "shopify"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "records": set(),
    "sales": set(),
    "money": set(),
    "words": set(),
    "entries": set(),
    "codec": set(),
    "plan": {"errors"},
    "targets": {"records"},
    "files": {"errors"},
    "settings": {"entries"},
    "config": {"entries", "errors", "files", "settings"},
    "state": {"codec", "errors", "files", "sales"},
    "cache": {"codec", "errors", "files", "records", "targets"},
    "receipts": {"money", "records", "sales"},
    "returns": {"money", "receipts", "sales"},
    "prices": {"money", "records"},
    "titles": set(),
    "bookings": {"config", "errors", "plan", "receipts", "returns", "records", "sales", "settings", "state"},
    "attempts": {"plan", "sales", "state"},
    "pending": {"bookings", "state"},
    "levels": {"cache", "pending"},
    "matching": {"plan", "records"},
    "guards": {"errors", "plan"},
    "answers": set(),
    "pacing": set(),
    "outcomes": {"answers", "errors", "words"},
    "replies": {"answers", "outcomes", "words"},
    "http": {"", "answers", "errors", "outcomes", "pacing", "replies"},
    "korona": {"answers", "errors", "http", "outcomes", "records", "sales", "settings", "words"},
    "shopify": {"answers", "errors", "http", "outcomes", "records", "sales", "settings", "words"},
    "pipelines": VALUES | RULES | CLIENTS,
    "run": VALUES | {"pipelines"},
    "opening": VALUES | RULES | {"pipelines"},
    "decisions": {"attempts", "bookings", "errors", "receipts", "returns", "state"},
    "commands": VALUES | CLIENTS | {"config", "opening", "pipelines", "run"},
    "report": {"errors", "plan", "state", "words"},
    "sandbox": set(),
    "demo": {"commands", "config", "report", "sandbox", "settings"},
    "cli": {"", "commands", "config", "decisions", "demo", "errors", "opening", "report", "words"},
    "__main__": {"cli"},
    "": set(),
}
"""Who may import whom, by top-level module or package of korsync; "" is korsync itself (its version)."""

ONE_DOOR = {"click": {"cli"}, "rich": {"report"}, "requests": {"http"}, "tenacity": {"http"}, "yaml": {"config"}}


def imports_of(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, as written."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by dots"
            names |= (
                {f"korsync.{alias.name}" for alias in node.names} if node.module == "korsync" else {str(node.module)}
            )
    return names


def room_of(path: Path) -> str:
    """Return the room that a file belongs to: its top-level module or package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    room = room_of(path)
    imported = {name.split(".")[1] for name in imports_of(path) if name.startswith("korsync.")}
    rooms = {each if (PACKAGE / each).exists() or (PACKAGE / f"{each}.py").exists() else "" for each in imported}
    assert rooms - MAY_IMPORT[room] - {room} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_library_has_one_door(path: Path) -> None:
    used = {name.split(".")[0] for name in imports_of(path)} & ONE_DOOR.keys()
    assert all(room_of(path) in ONE_DOOR[library] for library in used)


def test_the_sandbox_stands_on_the_standard_library_alone() -> None:
    import sys

    foreign = {
        name
        for path in (PACKAGE / "sandbox").rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("korsync.sandbox")
    }
    assert foreign == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_longer_than_one_thought(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def test_the_table_names_every_room_and_no_other() -> None:
    rooms = {room_of(path) for path in FILES}
    assert rooms == MAY_IMPORT.keys()


def test_the_root_holds_what_belongs_there_and_nothing_else() -> None:
    root = PACKAGE.parent
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {name.split("/")[0] for name in listed if name}
    allowed = {"pyproject.toml", "README.md", "korsync", "tests", "config.example.yaml", "crontab.example"}
    assert {name for name in top if not name.startswith(".")} <= allowed
