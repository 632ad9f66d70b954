"""`python -m korsync` and the command `korsync`: a small door, so that Ctrl-C is heard before all else is loaded."""

import sys


def main() -> None:
    """Load korsync and run it; ended by Ctrl-C while it is still being loaded, it ends as it does later."""
    try:
        from korsync import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
