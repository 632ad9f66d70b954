"""Measures the cases that are named, or all, and prints one table."""

import argparse
import sys

from tests.bench.cases import CASES, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"some of {', '.join(CASES)}")
    names = parser.parse_args().cases or list(CASES)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    for line in table(names):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
