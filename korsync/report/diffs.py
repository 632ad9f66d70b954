"""A plan as a person reads it: + is new, ~ is changed, = is stopped, ! is held, … waits, - is left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from korsync.records.plan import Change, Edit, Fate, Plan, Skip
from korsync.report.words import count, folded, list_of, print_lines
from korsync.text import plain, visible

KEYS_SHOWN = 20
"""So many items are named of each reason, and so many held ones; with --verbose all are."""

WIDEST = 24
"""So wide a column may be; what is longer moves the rest of its line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field of a change: what it is about, the field, before and after, and what is said of it beside that."""

    sign: str
    key: str
    field: str
    values: str
    aside: str
    style: str


def print_plan(console: Console, plan: Plan[Any], *, rules: bool, verbose: bool) -> None:
    """Print a plan as a diff: + is new, ~ is changed, = is stopped, ! is held, … waits.

    With `rules` what is left by rule is summed up, with `verbose` every item of it is named. At a terminal columns
    stand under each other and lines are folded between words; elsewhere each line is as it is.
    """
    console.print(Text(f"{plan.pipeline}: {count(len(plan.changes), 'change')}", style="bold"))
    rows = list(_rows(plan))
    longest = (max((cell_len(text) for text in texts), default=0) for texts in _columns(rows))
    widths = [min(WIDEST, each) for each in longest]
    for row in rows:
        _print_row(console, row, widths if console.is_terminal else [0, 0])
    for fate, sign in ((Fate.HELD, "!"), (Fate.WAITING, "…")):
        print_lines(console, list(_skipped(plan.skipped(fate), f"  {sign} ", f"{fate}: ", verbose)))
    print_lines(console, [visible(f"  i {note}") for note in plan.notes])
    if rules:
        for line in _skipped(plan.skipped(Fate.LEFT), "  - ", "left: ", verbose):
            console.print("\n".join(folded(line, console.width)) if console.is_terminal else line, style="dim")


def _rows(plan: Plan[Any]) -> Iterator[Row]:
    allowed = {id(change) for change in plan.allowed}
    for change in plan.changes:
        is_stopped = id(change) not in allowed
        sign, style = ("=", "red") if is_stopped else ("+", "green") if change.before is None else ("~", "yellow")
        aside = "; ".join(part for part in ("stopped for safety" if is_stopped else "", change.why) if part)
        for place, edit in enumerate(change.edits()):
            values, beside = _told(change, edit, aside if place == 0 else "")
            row = Row(sign, visible(change.key), edit.field, values, beside, style)
            yield row if place == 0 else replace(row, sign=" ", key="")


def _columns(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    return [row.key for row in rows], [row.field for row in rows]


def _told(change: Change[Any], edit: Edit, aside: str) -> tuple[str, str]:
    """Return a field's values, and what stands beside them: the article's name, and what is said of the change."""
    after = visible(plain(edit.after))
    values = after if edit.before is None else f"{visible(plain(edit.before))} → {after}"
    return values, visible("  ".join(part for part in (change.name, f"({aside})" if aside else "") if part))


def _print_row(console: Console, row: Row, widths: Sequence[int]) -> None:
    head = f"  {row.sign or ' '} {_padded(row.key, widths[0])}"
    rest = "  ".join(part for part in (_padded(row.field, widths[1]), row.values, row.aside) if part)
    lines = folded(rest, console.width - cell_len(head) - 2) if console.is_terminal else [rest]
    for place, line in enumerate(lines):
        lead = Text(head, style=row.style) if place == 0 else Text(" " * cell_len(head))
        console.print(lead + Text(f"  {line}", style=""), soft_wrap=True)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _skipped(skips: Sequence[Skip], sign: str, fate: str, verbose: bool) -> Iterator[str]:
    """Say what is not written, grouped by reason; a reason that only one item has stands behind that item."""
    by_reason: dict[str, list[str]] = {}
    for skip in skips:
        keys = by_reason.setdefault(skip.reason, [])
        keys += [skip.key] if skip.key not in keys[-1:] else []
    groups = sorted(by_reason.items(), key=lambda each: (-len(each[1]), each[0]))
    shown = groups if verbose else groups[:KEYS_SHOWN]
    for reason, keys in shown:
        if len(keys) == 1 and skips[0].fate is not Fate.LEFT:
            yield visible(f"{sign}{keys[0]}  {fate}{reason}")
        else:
            yield f"{sign}{visible(fate + reason)}: {list_of(keys, len(keys) if verbose else KEYS_SHOWN)}"
    if len(groups) > len(shown):
        yield f"{sign}{fate}{len(groups) - len(shown)} more (--verbose)"
