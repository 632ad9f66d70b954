"""Plays mishaps: with files that a person may edit, and with what either side answers."""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.mutate import answers, configurations, states

FILES = ("states", "caches", "configurations", "environments")


def play_answers(folder: Path, count: int, seed: int = 0) -> str:
    """Play mishaps until so many answers were changed; return how often which. Raises where one ends badly."""
    with answers.busy_shop(folder) as stage:
        while stage.met.total() < count:
            answers.play(stage, seed)
            seed += 1
    return ", ".join(f"{times} × {name}" for name, times in sorted(stage.met.items()))


def play_all(kind: str, folder: Path, count: int) -> int:
    """Play so many mishaps with files; return how many were taken for what they are. Raises where one ends badly."""
    if kind == "configurations":
        return _play(configurations.mutated(configurations.FULL), lambda text: configurations.play(folder, text), count)
    if kind == "environments":
        full, secrets = configurations.FULL, configurations.SECRETS
        return _play(configurations.mutated(secrets), lambda text: configurations.play(folder, full, text), count)
    with states.busy_shop(folder) as bench, redirect_stdout(io.StringIO()):
        if kind == "states":
            return _play(states.mutated(bench.state), lambda state: states.play(bench, state, bench.cache), count)
        return _play(states.mutated(bench.cache), lambda cache: states.play(bench, bench.state, cache), count)


def _play(mishaps: st.SearchStrategy[Any], play: Callable[[Any], bool], count: int) -> int:
    taken = 0

    @hypothesis_settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mishaps)
    def each(mishap: Any) -> None:
        nonlocal taken
        taken += play(mishap)

    each()
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("kind", choices=(*FILES, "answers"))
    parser.add_argument("--count", type=int, default=5000, help="how many mishaps are played, or answers changed")
    parser.add_argument("--seed", type=int, default=0, help="where the mishaps with answers begin")
    asked = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if asked.kind == "answers":
            came_of_it = play_answers(Path(folder), asked.count, asked.seed)
        else:
            taken = play_all(asked.kind, Path(folder), asked.count)
            came_of_it = f"{taken} taken, all others refused"
    print(f"{asked.count} {asked.kind}: {came_of_it}; {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
