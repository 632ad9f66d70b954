"""Imports run one way: cli -> commands -> run -> pipelines -> clients -> wire; records know nobody."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "korsync"

TABLE = """
records                 records
rules                   rules records
memory                  memory records
wire                    wire korsync
config                  config memory.files
korona shopify          korona shopify wire records config.settings
pipelines.watch         rules records
pipelines.base          pipelines.watch records korona.client shopify.client config.settings
pipelines.changed pipelines.warehouses  pipelines.base pipelines.changed rules records
pipelines.sides         pipelines.base pipelines.changed pipelines.warehouses rules records
pipelines.targets       pipelines.base pipelines.sides korona shopify rules records config.settings
pipelines.lookups pipelines.images  pipelines.base rules records
pipelines.order_list    pipelines.base pipelines.sides pipelines.targets pipelines.lookups rules records
pipelines.posting       pipelines.base pipelines.lookups rules records
pipelines.products      pipelines.base pipelines.sides pipelines.targets pipelines.images rules records config.settings
pipelines.stock         pipelines.base pipelines.sides pipelines.targets pipelines.order_list rules records
pipelines.push          pipelines.base records
pipelines               pipelines rules records
run                     pipelines rules records
commands                commands run pipelines korona shopify wire rules records memory config
report                  korsync report rules records memory
sandbox                 sandbox
demo                    commands report records sandbox config
cli_items               commands report config records
cli __main__            korsync cli cli_items commands report demo rules config records
"""
"""Who may import whom, the first row that fits; errors and text serve everybody, `korsync` is its version."""

EVERYBODYS = ("korsync.errors", "korsync.text")

ONE_DOOR = {
    "click": "cli cli_items",
    "rich": "report",
    "requests": "wire.connection",
    "tenacity": "wire.http",
    "yaml": "config.load",
}

FILES = sorted(PACKAGE.rglob("*.py"))

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def imports_of(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, as written."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by dots"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} if is_package(node.module) else set()
            names |= {str(node.module)} if not is_package(node.module) else set()
    return names


def is_package(module: str | None) -> bool:
    return module is not None and module.startswith("korsync") and (PACKAGE.parent / module.replace(".", "/")).is_dir()


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def lies_in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def row_of(module: str) -> list[str]:
    """Return what a module may import by the first row of the table that names its room."""
    for rooms, allowed in (line.split("  ", 1) for line in TABLE.strip().splitlines()):
        if any(lies_in(module, room) for room in rooms.split()):
            return allowed.split()
    return []


@each_file
def test_imports_run_one_way(path: Path) -> None:
    module = module_of(path)
    ours = {name for name in imports_of(path) if lies_in(name, "korsync")} - set(EVERYBODYS)
    allowed = ["korsync.__version__" if each == "korsync" else f"korsync.{each}" for each in row_of(module)]
    assert {name for name in ours if not any(lies_in(name, each) for each in allowed)} == set()


def test_the_table_fits_one_screen_and_names_every_room() -> None:
    rows = TABLE.strip().splitlines()
    assert len(rows) <= 25
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} - {"__init__", "errors", "text"}
    assert rooms == {room.partition(".")[0] for row in rows for room in row.split("  ", 1)[0].split()}


def test_at_most_eight_files_and_the_eleven_packages_lie_at_the_front_door() -> None:
    packages = "commands report pipelines rules records memory config wire korona shopify sandbox"
    assert len([path for path in FILES if path.parent == PACKAGE]) <= 8
    assert {path.relative_to(PACKAGE).parts[0] for path in FILES if path.parent != PACKAGE} == set(packages.split())


@each_file
def test_each_library_has_one_door(path: Path) -> None:
    used = {name.split(".")[0] for name in imports_of(path)} & ONE_DOOR.keys()
    assert all(any(lies_in(module_of(path), door) for door in ONE_DOOR[library].split()) for library in used)


def test_the_sandbox_stands_on_the_standard_library_alone() -> None:
    foreign = {
        name
        for path in (PACKAGE / "sandbox").rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("korsync.sandbox")
    }
    assert foreign == set()


@each_file
def test_no_file_is_longer_than_one_thought(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def test_the_root_holds_what_belongs_there_and_nothing_else() -> None:
    root = PACKAGE.parent
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {name.split("/")[0] for name in listed if name}
    allowed = {"pyproject.toml", "README.md", "korsync", "tests", "config.example.yaml", "crontab.example"}
    assert {name for name in top if not name.startswith(".")} <= allowed
