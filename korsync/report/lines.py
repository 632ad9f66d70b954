"""Lines that end where the terminal does, cut between words, with what belongs together indented together."""

from textwrap import wrap

from rich.console import Console

from korsync.text import visible

NARROWEST = 40
"""On a page narrower than this lines are cut by the terminal itself."""


def print_indented(console: Console, first: str, text: str = "", *, rest: int = 6, style: str = "") -> None:
    """Print a text behind `first`; the lines after the first begin `rest` blanks further in."""
    width = max(console.width, NARROWEST)
    lines = wrap(
        visible(f"{first}{text}"),
        width,
        subsequent_indent=" " * rest,
        drop_whitespace=True,
        break_on_hyphens=False,
        break_long_words=False,
    )
    for line in lines:
        console.print(line, style=style)
