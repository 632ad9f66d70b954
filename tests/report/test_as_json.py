"""The shape of what programs read: one object, the same head for every command, also where nothing could begin."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.shop import Shop
from tests.support.typed import Korsync, a_shop_with_work_to_do

HEAD = {"korsync": str, "command": str, "shop": str, "time": str, "exit_code": int}
RUN = HEAD | {"requests": int, "writes": int, "pipelines": list, "held": list, "remarks": list, "errors": list}
PIPELINE = {
    **{"pipeline": str, "dry_run": bool, "matched": int, "changes": list, "written": list},
    **{"left_over": list, "skips": list, "notes": list, "errors": list},
}
CHANGE = {"key": str, "new": bool, "edits": list}
EDIT = {"field", "before", "after"}
SKIP = {"key": str, "reason": str, "fate": str}
WRITTEN = {"key": str, "outcome": str, "message": str}
ERROR = {"what": str, "remedy": str, "exit_code": int}
README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def shape_of(told: dict[str, object]) -> dict[str, type]:
    return {key: type(value) for key, value in told.items()}


@pytest.mark.parametrize("words", [("run",), ("run", "--dry-run"), ("stock",)])
def test_a_run_and_a_dry_run_have_one_shape(shop: Shop, korsync: Korsync, words: tuple[str, ...]) -> None:
    a_shop_with_work_to_do(shop)
    shop.korona.change_price("1002", Decimal("80.00"))
    told = json.loads(korsync(*words, "--output", "json").out)
    assert shape_of(told) == RUN
    assert told["command"] == words[0]
    for pipeline in told["pipelines"]:
        assert shape_of(pipeline) == PIPELINE
        for name, shape in (("changes", CHANGE), ("written", WRITTEN), ("skips", SKIP), ("errors", ERROR)):
            assert all(shape_of(each) == shape for each in pipeline[name])
        assert all(set(edit) == EDIT for change in pipeline["changes"] for edit in change["edits"])
    assert all(shape_of(error) == ERROR for error in told["errors"])
    assert any(pipeline["changes"] for pipeline in told["pipelines"])


@pytest.mark.parametrize("command", ["run", "orders"])
def test_a_wrong_configuration_is_an_object_with_the_same_head(shop: Shop, korsync: Korsync, command: str) -> None:
    shop.config_path.write_text("nonsense: 1\n")
    said = korsync(command, "--output", "json")
    told = json.loads(said.out)
    assert shape_of(told) == HEAD | {"errors": list}
    assert (told["exit_code"], said.code, said.err) == (2, 2, "")
    assert all(shape_of(error) == ERROR for error in told["errors"])


@pytest.mark.parametrize("command", ["status", "check", "explain", "doctor"])
def test_the_other_commands_begin_with_the_same_head(shop: Shop, korsync: Korsync, command: str) -> None:
    a_shop_with_work_to_do(shop)
    item = ("1001",) if command == "explain" else ()
    told = json.loads(korsync(command, *item, "--output", "json").out)
    assert dict(list(shape_of(told).items())[:5]) == HEAD
    assert told["command"] == command


@pytest.mark.parametrize("key", sorted({*RUN, *PIPELINE, *CHANGE, *EDIT, *SKIP, *WRITTEN, *ERROR}))
def test_the_readme_names_every_key(key: str) -> None:
    section = README.split("### For programs")[1].split("\n## ")[0]
    assert f"`{key}`" in section
