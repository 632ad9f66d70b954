"""Plays the whole matrix: every way to die in every world and variant, with all four pipelines."""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.kill.matrix import staged
from tests.kill.stories import EVERY_VARIANT, STORIES, Variant


def play(story: str, variant: Variant) -> tuple[int, list[str]]:
    """Play all cases of a world; return how many there were and what was wrong."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder), story, variant) as stage:
        cases = list(stage.cases())
        for case in cases:
            try:
                stage.play(case)
            except AssertionError as error:
                wrong.append(f"{story}; {variant}: {error}")
    return len(cases), wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="worlds played at the same time")
    jobs: int = parser.parse_args().jobs
    started, total, wrong = time.monotonic(), 0, 0
    with ProcessPoolExecutor(jobs) as pool:
        worlds = {pool.submit(play, story, variant): (story, variant) for variant in EVERY_VARIANT for story in STORIES}
        for done in as_completed(worlds):
            story, variant = worlds[done]
            cases, complaints = done.result()
            total, wrong = total + cases, wrong + len(complaints)
            print(f"{story}; {variant}: {cases} cases, {len(complaints)} wrong", flush=True)
            for complaint in complaints:
                print(f"  {complaint}", flush=True)
    print(f"{total} cases in {len(worlds)} worlds, {wrong} wrong, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
