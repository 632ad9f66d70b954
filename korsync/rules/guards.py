"""The guards: what of a plan is too large or looks wrong to be written without a person's word. Pure."""

from collections.abc import Callable, Collection, Iterable
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
    return share(what, changes, matched, percent)


def share(what: str, changes: int, matched: int, percent: Decimal) -> str:
    """Say how many of the matched articles would change at once."""
    limit = f"safety.max_change_percent is {percent.normalize():f}"
    return f"{changes} of {matched} matched articles would {what} ({limit})"


def kept_back(
    marks: Collection[str], *, accepted: Collection[str], waiting: Collection[str], matched: int, percent: Decimal
) -> frozenset[str]:
    """Return the marks of what must wait for a person: what waited before, and what is too much at once by itself.

    What a person accepted goes through, whatever else came up meanwhile.
    """
    still_open = set(marks) - set(accepted)
    news = still_open - set(waiting)
    return frozenset(still_open if too_many("change", len(news), matched, percent) else still_open - news)


def waits(pipeline: str, key: str, before: object, after: object) -> str:
    """Say what an item that is kept back would become, and how a person lets it through."""
    return f"{before} → {after} waits, too many would go at once: let it through with `korsync accept {pipeline} {key}`"


def price_jump(before: Decimal, after: Decimal, percent: Decimal) -> bool:
    """Tell whether a price changes by more than `percent` of what it was."""
    return before != 0 and abs(after - before) * 100 > before * percent


def shrunk(what: str) -> str:
    """Say that a list came far shorter than it was known."""
    return f"the list of {NAMES[what]} came back empty or far shorter than at the last look"


def marks_of(changes: Iterable[Change[Any]]) -> list[str]:
    """Return what identifies each change when a person accepts it: its item, the field and what it would become."""
    return [mark(change.key, f"{edit.field} {edit.after}") for change in changes for edit in change.edits()]


def mark(key: str, what: str) -> str:
    """Return what identifies a guarded change; no key has a tab in it."""
    return f"{key}\t{what}"


def key_of(mark: str) -> str:
    """Return the item that a mark is about."""
    return mark.partition("\t")[0]


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
    return stop(pipeline, "; ".join(why), guarded)


def stop(pipeline: str, why: str, marks: Iterable[str]) -> SafetyStop:
    """Return the stop that tells what is not written, and why."""
    return SafetyStop(
        f"{pipeline}: {why}; not written",
        f"look at it with `korsync {pipeline} --dry-run`, then let it through with `korsync accept {pipeline}`",
        tuple(sorted(marks)),
    )


def of_field(
    changes: Iterable[Change[Any]], field: str, when: Callable[[Change[Any]], bool] = lambda _: True
) -> list[Change[Any]]:
    """Return the changes of one field for which a condition holds."""
    return [change for change in changes if any(edit.field == field for edit in change.edits()) and when(change)]
