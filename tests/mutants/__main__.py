"""Changes the rules of money and stock one place at a time, and says which changes no test notices."""

import argparse
import importlib.abc
import importlib.util
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from random import Random
from types import ModuleType

import hypothesis
import pytest

from tests.mutants.changes import Mutant, mutants_of

ROOT = Path(__file__).parent.parent.parent
_ORDERS = ("orders_taxes_and_payments", "order_cases", "orders_articles", "orders_held", "orders_not_booked")
_BOOKING = ("posting", "read_back", "refunds", "orders_edited_mishaps", "orders_forgotten")
_STOCK = ("stock", "stock_rules", "stock_left", "stock_guard", "stock_drafts", "refunds_stock")
RULES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("money", "taxes", "payments", "receipts"), _ORDERS),
    "returns": ("refunds", "refunds_several", "refunds_waiting", "refunds_listed", "order_cases"),
    "edits": ("orders_edited", "orders_edited_mishaps"),
    **dict.fromkeys(("bookings", "read_back"), _BOOKING),
    **dict.fromkeys(("sold", "stock", "levels", "drafts"), _STOCK),
}
"""The rules, and the whole runs (tests/pipelines) that look at a change which the tests of the rules do not notice."""

LONGEST = 600
"""Seconds after which a change is noticed, too: something does not end."""


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a changed module instead of the one on disk."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def find_spec(self, name: str, _path: object, _target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, self._name, "exec"), vars(module))  # noqa: S102 - our own module, changed


def is_noticed(rule: str, mutant: Mutant, tests: Sequence[str]) -> bool:
    """Run tests in a process of their own until one fails; True where one did."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        _become_silent()
        sys.meta_path.insert(0, Instead(f"korsync.rules.{rule}", mutant.source))
        hypothesis.settings.register_profile("mutants", derandomize=True, database=None, max_examples=50)
        asked = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-profile=mutants", "-m", "not long", *tests]
        os._exit(int(pytest.main(asked)))
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _become_silent() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "rules", nargs="*", choices=[*RULES, []], help=f"of {', '.join(RULES)}; all where none is named"
    )
    parser.add_argument("--count", type=int, help="so many changes, chosen at random, instead of all")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if any(name.startswith(("korsync", "tests.support")) for name in sys.modules):
        raise RuntimeError("the rules were imported before they could be changed")
    os.chdir(ROOT)
    found = [(rule, each) for rule in asked.rules or RULES for each in _mutants(rule)]
    chosen = Random(asked.seed).sample(found, min(asked.count or len(found), len(found)))
    unnoticed = 0
    for rule, mutant in chosen:
        if not any(is_noticed(rule, mutant, tests) for tests in tests_of(rule)):
            unnoticed += 1
            print(f"korsync/rules/{rule}.py:{mutant.line}: {mutant.before}  ->  {mutant.after}", flush=True)
    print(f"{len(chosen)} of {len(found)} changes: {len(chosen) - unnoticed} noticed, {unnoticed} not")
    return min(unnoticed, 1)


def tests_of(rule: str) -> Iterator[Sequence[str]]:
    """Yield the tests that look at a rule, the nearest first: importing it, of other rules, whole runs."""
    imported = re.compile(rf"korsync\.rules(\.| import .*\b){rule}\b")
    of_rules = sorted(Path("tests/rules").glob("test_*.py"))
    near = [each for each in of_rules if imported.search(each.read_text(encoding="utf-8"))]
    yield [str(each) for each in near]
    yield [str(each) for each in of_rules if each not in near]
    yield [f"tests/pipelines/test_{name}.py" for name in RULES[rule]]


def _mutants(rule: str) -> list[Mutant]:
    return list(mutants_of((ROOT / "korsync" / "rules" / f"{rule}.py").read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
