"""`python -m korsync` and the command `korsync`: a small door, so that Ctrl-C is heard before all else is loaded."""

import gc
import io
import os
import signal
import sys


def main() -> None:
    """Load korsync and run it; told to end at any moment, by Ctrl-C too, it ends with the code of that."""
    # What a run reads lives until its end: looking for rubbish in it every 700 objects is a third of the time.
    gc.set_threshold(200_000)
    try:
        end_on(signal.SIGTERM, signal.SIGHUP)
        _spell_out_what_the_terminal_lacks()
        from korsync.cli import invoke

        invoke(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        _hand_over_what_was_printed()


def end_on(*signals: signal.Signals) -> None:
    """Let a run end by these signals as it ends by any error; one that it was started to ignore stays ignored."""
    for each in signals:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _end)


def _end(_signal: int, _frame: object) -> None:
    # Raised where the program stands: what was recorded so far is saved on the way out.
    sys.exit(143)


def _spell_out_what_the_terminal_lacks() -> None:
    """Have a missing character printed as its number: what was written must not end as a bug in the telling."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _hand_over_what_was_printed() -> None:
    """Flush what was printed: left to Python, output that nobody takes would end korsync with a code of Python's."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except OSError:
            # What is left in the buffer goes nowhere when Python flushes it once more.
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())


if __name__ == "__main__":
    main()
