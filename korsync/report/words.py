"""How counts, times and lengths of time are said, and how lines are laid out for whoever reads them."""

import textwrap
from datetime import datetime, timedelta, tzinfo

from rich.console import Console

from korsync.text import visible

INDENT = "    "


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def age(lasted: timedelta) -> str:
    """Return a length of time as a person says it: 3 h 20 min, from two days on in days."""
    minutes = max(0, int(lasted.total_seconds() // 60))
    if minutes >= 48 * 60:
        return f"{minutes // (24 * 60)} days"
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join([*parts, f"{minutes} min"]) if minutes or not hours else parts[0]


def moment(at: datetime, zone: tzinfo | None) -> str:
    """Return a time as it is in a zone, None for this machine's own."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def print_lines(console: Console, lines: tuple[str, ...] | list[str], hang: int | None = None) -> None:
    """Print lines: at a terminal folded between words with a hanging indent, elsewhere each as it is."""
    for line in lines:
        console.print("\n".join(folded(line, console.width, hang)) if console.is_terminal else line)


def folded(line: str, width: int, hang: int | None = None) -> list[str]:
    """Return a line in parts of at most so many columns; what is longer than that without a blank stays whole.

    All but the first begin `hang` columns in, without that a step further in than the line itself.
    """
    lead = line[: len(line) - len(line.lstrip())] + INDENT if hang is None else " " * hang
    return textwrap.wrap(
        line,
        max(width - 1, 20),
        subsequent_indent=lead,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    ) or [""]


def list_of(keys: list[str], most: int) -> str:
    """Return keys as a list that ends after so many with how many more there are."""
    more = f" and {len(keys) - most} more (--verbose)" if len(keys) > most else ""
    return visible(f"{', '.join(keys[:most])}{more}")
