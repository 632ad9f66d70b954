"""Where both sides differ, as a person reads it: by what becomes of it, and one line that says how they stand."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from korsync.records.differences import Compared, Difference, Mending
from korsync.report.as_json import as_value, in_json
from korsync.report.screens import page, print_error
from korsync.report.words import count, print_lines
from korsync.text import plain, visible

HANG = 6

HEADS = {
    Mending.PERSON: ("!", "needs a person", ("needs a person", "need a person")),
    Mending.WAITING: ("…", "waits and is looked at again in every run", ("waits", "wait")),
    Mending.NEXT_RUN: ("~", "the next run writes", ("is written by the next run", "are written by the next run")),
}


def print_checked(compared: Compared, head: Mapping[str, Any] | None = None) -> None:
    """Print every difference and the verdict; with a head as JSON.

    A comparison that is not whole never says that both sides agree.
    """
    console = page()
    if head is not None:
        console.print(in_json({**head, **_checked(compared)}))
        return
    for error in compared.errors:
        print_error(page(stderr=True), error)
    for mending, (sign, title, _) in HEADS.items():
        found = compared.mended(mending)
        if found:
            console.print(Text(f"{title}:", style="bold"))
            for each in found:
                _print_difference(console, sign, each)
    console.print(verdict(compared))


def _checked(compared: Compared) -> dict[str, Any]:
    counts = {"articles": compared.articles, "levels": compared.levels}
    counts |= {"orders": compared.orders, "receipts": compared.receipts}
    return {
        "since": as_value(compared.since),
        "compared": counts,
        "differences": as_value(compared.differences),
        "errors": as_value(compared.errors),
    }


def verdict(compared: Compared) -> str:
    """Return one line with all counts."""
    looked_at = ", ".join(
        count(number, noun)
        for number, noun in (
            (compared.articles, "article"),
            (compared.levels, "level"),
            (compared.orders, "order"),
            (compared.receipts, "receipt"),
        )
    )
    numbers = {each: len(compared.mended(each)) for each in HEADS}
    parts = [f"{some} {HEADS[each][2][some > 1]}" for each, some in numbers.items() if some]
    what = f"{count(len(compared.differences), 'difference')}: {', '.join(parts)}" if parts else ""
    if compared.errors:
        what = f"not all could be compared; {what or 'no difference in the rest'}"
    return f"{what or 'both sides agree'} ({looked_at} compared)"


def _print_difference(console: Console, sign: str, each: Difference) -> None:
    figures = f"{each.field}: KORONA {_said(each.korona)}, Shopify {_said(each.shopify)}" if each.field else ""
    figures += f", should be {_said(each.wanted)}" if each.wanted is not None else ""
    lines = [f"  {sign} {'  '.join(part for part in (each.key, figures) if part)}"]
    lines += [f"{' ' * HANG}{each.reason}"] if each.reason else []
    print_lines(console, [visible(line) for line in lines], HANG)


def _said(value: object) -> str:
    return "none" if value is None else plain(value)
