"""The guards: what of a plan is too large or looks wrong to be written without a person's word. Pure."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from korsync.errors import SafetyStop
from korsync.records.plan import Change

FROM_CHANGES = 10
"""Below so many changes the share of the matched articles is not looked at: small shops change a lot at once."""


NAMES = {
    "catalogue": "KORONA's articles",
    "shop_products": "Shopify's products",
    "levels": "Shopify's inventory levels",
    "stock": "KORONA's stock",
}
"""What a person calls the lists that are guarded against coming back too short."""


def too_many(what: str, changes: int, matched: int, percent: Decimal) -> str:
    """Say that too large a share of the matched articles would change at once; empty where it is not."""
    if changes < FROM_CHANGES or percent >= 100 or changes * 100 <= matched * percent:
        return ""
    return (
        f"{changes} of {matched} matched articles would {what} (safety.max_change_percent is {percent.normalize():f})"
    )


def price_jump(before: Decimal, after: Decimal, percent: Decimal) -> bool:
    """Tell whether a price changes by more than `percent` of what it was."""
    return before != 0 and abs(after - before) * 100 > before * percent


def shrunk(what: str) -> str:
    """Say that a list came far shorter than it was known."""
    return f"the list of {NAMES[what]} came back empty or far shorter than at the last look"


def marks_of(changes: Iterable[Change[Any]]) -> list[str]:
    """Return what identifies each change when a person accepts it: its item, the field and what it would become."""
    return [f"{change.key} {edit.field} {edit.after}" for change in changes for edit in change.edits()]


def stop_unless_accepted(
    pipeline: str, reasons: Iterable[str], marks: Iterable[str], accepted: Iterable[str]
) -> SafetyStop | None:
    """Return the stop for a plan, or None where there is no reason or a person accepted all that is guarded in it.

    `marks` identify the guarded parts of the plan; the stop carries them, so that accepting means exactly these.
    """
    why = [reason for reason in reasons if reason]
    guarded = tuple(sorted(marks))
    if not why or (guarded and set(guarded) <= set(accepted)):
        return None
    return SafetyStop(
        f"{pipeline}: {'; '.join(why)}; not written",
        f"look at it with `korsync {pipeline} --dry-run`, then let it through with `korsync accept {pipeline}`",
        guarded,
    )


def of_field(
    changes: Iterable[Change[Any]], field: str, when: Callable[[Change[Any]], bool] = lambda _: True
) -> list[Change[Any]]:
    """Return the changes of one field for which a condition holds."""
    return [change for change in changes if any(edit.field == field for edit in change.edits()) and when(change)]
