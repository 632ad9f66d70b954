"""A disk that fails at any step of a run: told with 6 or done without it, and the next runs come out right."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from korsync.errors import StateError
from tests.mutate.answers import ENDS, RUNS, busy_shop, ledger
from tests.support.played import Played
from tests.support.shop import Shop
from tests.support.snapshot import restore

STEPS = ("open", "fsync", "replace", "write")
FAILURES = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)


@contextmanager
def failing(folder: Path, at: int, number: int, *, for_good: bool) -> Iterator[list[str]]:
    """Fail at a step that korsync takes in its folder, and at all that follow where it is for good; name the steps."""
    taken: list[str] = []

    def instead_of(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def taking(*arguments: Any, **how: Any) -> Any:
            # What is named by a path concerns the folder or not; a descriptor is of a file that was opened there.
            if isinstance(arguments[0], str | Path) and Path(arguments[0]).parent != folder and arguments[0] != folder:
                return step(*arguments, **how)
            taken.append(name)
            if len(taken) == at or (for_good and len(taken) > at):
                raise OSError(number, os.strerror(number))
            return step(*arguments, **how)

        return taking

    failing_steps: Any = {name: instead_of(name, getattr(os, name)) for name in STEPS}
    with patch.multiple(os, **failing_steps):
        yield taken


def code_of_run(shop: Shop) -> int:
    try:
        return shop.run().exit_code
    except StateError as error:
        return error.exit_code


@pytest.mark.long
def test_whichever_step_to_the_disk_fails_nothing_is_lost_or_doubled(tmp_path: Path, played: Played) -> None:
    """Once, as where a quota is met for a moment, or for good, as where a disk fills up."""
    with busy_shop(tmp_path) as stage:
        codes = set()
        for at in range(1, 500):
            restore(stage.shop, stage.start)
            number = FAILURES[at % len(FAILURES)]
            with failing(stage.shop.folder, at, number, for_good=at % 2 == 0) as taken:
                code = code_of_run(stage.shop)
            if len(taken) < at:
                break
            where = f"step {at} ({taken[at - 1]}): {os.strerror(number)}"
            assert code in ENDS | {6}, where
            codes.add(code)
            for _ in range(RUNS):
                stage.shop.later()
                stage.shop.run()
            assert ledger(stage.shop) == stage.ledger, where
        assert at > 30
        assert codes >= {0, 6}
        played(at - 1, "failures of a step to the disk")
