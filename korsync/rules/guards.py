"""The guards: what of a plan is too large or looks wrong to be written without a person's word. Pure."""

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from korsync.errors import SafetyStop
from korsync.records.memory import Cache
from korsync.records.plan import Change, Fate, Skip

T = TypeVar("T")

FROM_CHANGES = 10
"""Below so many changes the share of the matched articles is not looked at: small shops change a lot at once."""

SHRUNK_TO_PERCENT = 70
"""A full list that brings less than this share of what was known is not believed."""

RECEIPT = "receipt"
"""What is guarded in a plan of orders."""

_MOST_KEYS = 5
"""So many items are named in the command that lets them through; `korsync status` names all."""

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
    words = f"korsync accept {pipeline} {shlex.quote(key)}"
    return f"{before} → {after} waits, too many would go at once: let it through with `{words}`"


def price_jump(before: Decimal, after: Decimal, percent: Decimal) -> bool:
    """Tell whether a price changes by more than `percent` of what it was."""
    return before != 0 and abs(after - before) * 100 > before * percent


def shrunk(what: str) -> str:
    """Say that a list came far shorter than it was known."""
    return f"the list of {NAMES[what]} came back empty or far shorter than at the last look"


def short_lists(pipeline: str, lists: Iterable[str], what_follows: str) -> Iterator[SafetyStop]:
    """Say which lists came far too short: what they leave out stays as it is known, and all else goes on."""
    for name in sorted(lists):
        remedy = "nothing to do: it is read again in the next run, and believed if it comes the same"
        yield SafetyStop(f"{pipeline}: {shrunk(name)}; {what_follows}", remedy, ())


def judged(cache: Cache, name: str, found: int, known: int) -> tuple[Cache, bool]:
    """Tell whether a full list came back far shorter than it was known; coming so twice in a row it is believed."""
    short, before = _is_short(found, known), cache.short.get(name)
    if short and before is not None and not _is_short(found, before) and not _is_short(before, found):
        short = False
    kept = {each: rows for each, rows in cache.short.items() if each != name}
    return replace(cache, short=kept | {name: found} if short else kept), short


def _is_short(found: int, known: int) -> bool:
    """Tell whether a list has far fewer rows; a few may go from a short list at once."""
    return found * 100 < known * SHRUNK_TO_PERCENT and (known - found >= FROM_CHANGES or found == 0)


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
    pipeline: str,
    reasons: Iterable[str],
    marks: Mapping[str, str],
    accepted: Iterable[str],
    keys: Iterable[str] = (),
) -> SafetyStop | None:
    """Return the stop for a plan, or None where there is no reason or a person accepted all that is guarded in it.

    `marks` identify the guarded parts of the plan, each with its own reason; the stop carries them, so that accepting
    means exactly these. `keys` are the items that may be let through one by one.
    """
    why = [reason for reason in reasons if reason]
    guarded = tuple(sorted(marks))
    if not why or (guarded and set(guarded) <= set(accepted)):
        return None
    return stop(pipeline, "; ".join(why), marks, keys, marks)


def why_stopped(stop: SafetyStop, change: Change[Any]) -> str:
    """Return why a change is stopped: its own reason where the stop knows it, which is not that of others."""
    return next((stop.why[each] for each in marks_of([change]) if each in stop.why), stop.what)


def stop(
    pipeline: str,
    why: str,
    marks: Iterable[str],
    keys: Iterable[str] = (),
    own: Mapping[str, str] = MappingProxyType({}),
) -> SafetyStop:
    """Return the stop that tells what is not written, and why.

    `keys` are named in the command that lets it through, `own` are the reasons of single marks.
    """
    words = " ".join(["korsync accept", pipeline, *(shlex.quote(key) for key in keys)])
    return SafetyStop(
        f"{pipeline}: {why}; not written",
        f"look at it with `korsync {pipeline} --dry-run`, then let it through with `{words}`",
        tuple(sorted(marks)),
        own,
    )


def too_many_receipts(
    news: Collection[str], *, accepted: Collection[str], waiting: Collection[str], most: int
) -> SafetyStop | None:
    """Return the stop for more new receipts than a day brings: a wrong year in orders.start_from is booked for good.

    `news` are the items to be booked that no person has seen, `accepted` and `waiting` marks of a person's word and of
    the last stop. What waited once goes on waiting.
    """
    marks = {mark(key, RECEIPT): key for key in news}
    still_open = [each for each in marks if each not in accepted]
    if len(still_open) <= most and not any(each in waiting for each in still_open):
        return None
    return SafetyStop(
        f"orders: {len(still_open)} new receipts at once (safety.max_receipts is {most}); not booked",
        "see `korsync orders --dry-run`; correct orders.start_from, or let them through with `korsync accept orders`",
        tuple(sorted(still_open)),
    )


@dataclass(frozen=True, slots=True)
class Guarded(Generic[T]):
    """What of a plan is stopped, what is written all the same, and the items that are held one by one."""

    stop: SafetyStop | None
    allowed: tuple[Change[T], ...]
    skips: tuple[Skip, ...] = ()


def guard_catalogue(
    pipeline: str,
    changes: Sequence[Change[T]],
    matched: int,
    *,
    percents: tuple[Decimal, Decimal],
    accepted: Iterable[str],
) -> Guarded[T]:
    """Hold back the prices that jump, and all prices, names or trackings of which too many would change at once.

    `percents` are the largest share of articles and the largest share of a price; what was `accepted` is written.
    """
    known = set(accepted)
    prices = of_field(changes, "price")
    changed = [*prices, *of_field(changes, "title")]
    untracked = of_field(changes, "tracked", lambda change: change.after.tracked is False)
    too_much = too_many("get another price or name", len({each.key for each in changed}), matched, percents[0])
    too_blind = too_many("no longer be tracked", len(untracked), matched, percents[0])
    jumps = [each for each in prices if price_jump(*_old_and_new(each), percents[1])]
    suspects = [*(changed if too_much else jumps), *(untracked if too_blind else ())]
    stopped = [change for change in suspects if not set(marks_of([change])) <= known]
    stopped_ids = {id(change) for change in stopped}
    jumps = [change for change in jumps if id(change) in stopped_ids]
    reasons = [
        too_much if any(id(change) in stopped_ids for change in changed) else "",
        too_blind if any(id(change) in stopped_ids for change in untracked) else "",
        _jump_reason(jumps, percents[1]),
    ]
    # Of many at once a person looks at all; single jumps are looked at one by one.
    keys = [] if too_much or too_blind else [change.key for change in jumps[:_MOST_KEYS]]
    marks = dict.fromkeys(marks_of(stopped), too_much)
    marks |= dict.fromkeys(marks_of(each for each in untracked if id(each) in stopped_ids), too_blind)
    marks |= {mark: _jumps(pipeline, change) for change in jumps for mark in marks_of([change])}
    stop = stop_unless_accepted(pipeline, reasons, marks, known, keys)
    allowed = tuple(change for change in changes if id(change) not in stopped_ids)
    return Guarded(stop, allowed, tuple(Skip(each.key, _jumps(pipeline, each), Fate.HELD) for each in jumps))


def _jumps(pipeline: str, change: Change[Any]) -> str:
    old, new = _old_and_new(change)
    way_out = f"correct it in KORONA, or `korsync accept {pipeline} {shlex.quote(change.key)}`"
    return f"its price would jump from {old} to {new}: {way_out}"


def _old_and_new(change: Change[Any]) -> tuple[Decimal, Decimal]:
    (edit,) = change.edits()
    return edit.before, edit.after


def _jump_reason(jumps: Sequence[Change[Any]], percent: Decimal) -> str:
    if not jumps:
        return ""
    old, new = _old_and_new(jumps[0])
    more = f" and {len(jumps) - 1} more" if len(jumps) > 1 else ""
    return (
        f"the price of {jumps[0].key} would go from {old} to {new}{more}"
        f" (safety.max_price_change_percent is {percent.normalize():f})"
    )


def of_field(
    changes: Iterable[Change[T]], field: str, when: Callable[[Change[Any]], bool] = lambda _: True
) -> list[Change[T]]:
    """Return the changes of one field for which a condition holds."""
    return [change for change in changes if any(edit.field == field for edit in change.edits()) and when(change)]
