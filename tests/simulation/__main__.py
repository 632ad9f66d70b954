"""Lives through as many shop days as one likes, and prints what came of them."""

import argparse
import gc
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.days import simulate_many
from tests.simulation.ledger import Oversold

KINDS = {"no": (False,), "yes": (True,), "both": (False, True)}


def main() -> int:
    """Print what came of the days, without and with sales at the till; 1 where an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--days", type=int, default=10, help="how many shop days of each kind")
    parser.add_argument("--seed", type=int, default=1, help="where the worlds begin; the same days for the same seed")
    parser.add_argument("--till", choices=KINDS, default="both", help="whether the till sells, too")
    asked = parser.parse_args()
    gc.set_threshold(200_000, 20, 20)  # of what a world makes little is ever thrown away
    for disturbed in KINDS[asked.till]:
        started = time.monotonic()
        with TemporaryDirectory() as folder:
            try:
                tally = simulate_many(asked.days, asked.seed, Path(folder), disturbed=disturbed)
            except Oversold as found:
                print(found)
                return 1
        seconds = (time.monotonic() - started) / asked.days
        print(
            f"{'with' if disturbed else 'without'} till sales: {asked.days} days, {tally}; {seconds:.1f} s a day",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
