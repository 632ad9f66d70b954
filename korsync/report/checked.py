"""Where both sides differ, as a person reads it: by what becomes of it, and one line that says how they stand."""

import json

from rich.console import Console
from rich.text import Text

from korsync.records.differences import Compared, Difference, Mending
from korsync.report.as_json import as_value
from korsync.report.lines import print_indented
from korsync.report.screens import page, print_error
from korsync.report.words import count
from korsync.text import plain

HEADS = {
    Mending.PERSON: ("!", "needs a person", ("needs a person", "need a person")),
    Mending.WAITING: ("…", "waits and is looked at again in every run", ("waits", "wait")),
    Mending.NEXT_RUN: ("~", "the next run writes", ("is written by the next run", "are written by the next run")),
}


def print_checked(compared: Compared, *, as_json: bool) -> None:
    """Print every difference and the verdict; a comparison that is not whole never says that both sides agree."""
    console = page()
    if as_json:
        console.print(checked_as_json(compared))
        return
    for error in compared.errors:
        print_error(page(stderr=True), error)
    for mending, (sign, head, _) in HEADS.items():
        found = compared.mended(mending)
        if found:
            console.print(Text(f"{head}:", style="bold"))
            for each in found:
                _print_difference(console, sign, each)
    console.print(verdict(compared))


def checked_as_json(compared: Compared) -> str:
    """Return a comparison as JSON: the counts, every difference, and what kept korsync from comparing more."""
    counts = {"articles": compared.articles, "levels": compared.levels}
    counts |= {"orders": compared.orders, "receipts": compared.receipts}
    told = {
        "exit_code": compared.exit_code,
        "since": as_value(compared.since),
        "compared": counts,
        "differences": as_value(compared.differences),
        "errors": as_value(compared.errors),
    }
    return json.dumps(told, indent=2)


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
    print_indented(console, f"  {sign} ", "  ".join(part for part in (each.key, figures) if part))
    if each.reason:
        print_indented(console, " " * 6, each.reason, style="dim")


def _said(value: object) -> str:
    return "none" if value is None else plain(value)
