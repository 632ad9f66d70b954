"""A plan as a person reads it: + is new, ~ is changed, ! is held, … waits."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from korsync.records.plan import Edit, Fate, Plan, Skip
from korsync.report.words import count
from korsync.text import plain, visible

REASONS_SHOWN = 8
"""Items named per reason where they are left by rule; with --verbose all are."""


def print_plan(console: Console, plan: Plan[Any], *, rules: bool, verbose: bool) -> None:
    """Print a plan as a diff: + is new, ~ is changed, ! is held, … waits.

    With `rules` what is left by rule is summed up, with `verbose` every item of it is named.
    """
    head = f"{plan.pipeline}: {count(len(plan.changes), 'change')}"
    console.print(Text(head, style="bold"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    for change in plan.changes:
        sign, style = ("+", "green") if change.before is None else ("~", "yellow")
        for place, edit in enumerate(change.edits()):
            table.add_row(
                Text(f"  {sign} {visible(change.key)}" if place == 0 else "", style=style),
                edit.field,
                Text(_edited(edit)),
            )
    if plan.changes:
        console.print(table, soft_wrap=False)
    for fate, sign in ((Fate.HELD, "!"), (Fate.WAITING, "…")):
        for skip in plan.skipped(fate):
            console.print(visible(f"  {sign} {skip.key}  {fate}: {skip.reason}"))
    for note in plan.notes:
        console.print(visible(f"  i {note}"))
    if rules:
        print_left(console, plan.skipped(Fate.LEFT), verbose=verbose)


def print_left(console: Console, skips: Sequence[Skip], *, verbose: bool) -> None:
    by_reason: dict[str, list[str]] = {}
    for skip in skips:
        by_reason.setdefault(skip.reason, []).append(skip.key)
    for reason, keys in sorted(by_reason.items(), key=lambda each: (-len(each[1]), each[0])):
        shown = keys if verbose else keys[:REASONS_SHOWN]
        more = f" and {len(keys) - len(shown)} more" if len(keys) > len(shown) else ""
        console.print(visible(f"  - left: {reason}: {', '.join(shown)}{more}"), style="dim")


def _edited(edit: Edit) -> str:
    after = visible(plain(edit.after))
    return after if edit.before is None else f"{visible(plain(edit.before))} → {after}"
