"""What is said of what happened, to whom and when: one pure function, from what happened, what was told, and how.

With --quiet, which is for cron's mails, a cause is told when it is new, once a day while it lasts, and once when it is
over; outside trouble only when it has lasted. Whoever reads such a mail knows nothing else: it says which shop, what,
since when, and what to do.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from korsync.records.plan import Ran
from korsync.records.telling import Cause, Happened, How, Kind, Known, Ping, Telling, Told
from korsync.report.summary import summary, totals
from korsync.report.words import age, count, moment
from korsync.text import visible

TOLD_AGAIN_AFTER = timedelta(days=1)
"""What lasts is told again after so long, and what is over is forgotten."""

LOOK = "see `korsync status`"
"""What a monitor is told to do where the order or the article is not named to it."""

WAITS = (Kind.OUTSIDE, Kind.BUSY)
"""What often ends by itself: told with --quiet only when it has lasted."""


def tell(happened: Happened, told: Told, how: How, *, after: timedelta, zone: tzinfo | None = None) -> Telling:
    """Return what to print line by line, what the monitor is told, and what counts as told when that was printed.

    `after` is how long outside trouble may last untold; times are shown in `zone`, None for this machine's own. A dry
    run takes no news from the next run.
    """
    if how.dry:
        told, after = Told(), timedelta()
    known = _met(happened, told)
    news = {key for key, each in known.items() if _is_due(each, happened.at, after)}
    over = {key for key, each in known.items() if _is_over_and_due(each, happened.at)}
    if any(known[key].told_at for key in news):
        # One reminder a day for all that lasts, not one for each.
        news |= {key for key, each in known.items() if each.is_told and each.over_since is None}
    out, err = _lines(happened, known, news, over, how, zone)
    ping = _ping(happened, known, after, zone)
    if how.dry:
        return Telling(out, err, told, None)
    said = (
        news
        if how.quiet
        else {key for key, each in known.items() if each.over_since is None and each.kind not in WAITS}
    )
    marked = {key: _marked(each, key in said, key in over, happened.at) for key, each in known.items()}
    kept = {key: each for key, each in marked.items() if not _is_forgotten(each, happened.at)}
    return Telling(out, err, Told(kept), ping)


# --- what is known of each cause ---


def _met(happened: Happened, told: Told) -> dict[str, Known]:
    """Return all causes, those that were met now and those of old, as they stand after what happened."""
    known = {key: _by_now(each, happened.at) for key, each in told.causes.items()}
    for cause in happened.causes:
        known[cause.key] = _known(cause, known.get(cause.key), happened)
    met = {cause.key for cause in happened.causes}
    for key, each in known.items():
        if key not in met and each.over_since is None:
            others = tuple(name for name in each.seen_by if name not in happened.covers)
            known[key] = replace(each, seen_by=others, over_since=None if others else happened.at)
    return known


def _by_now(each: Known, now: datetime) -> Known:
    """Return a cause with times to come taken for now: a clock that was wrong once must not keep anything untold."""
    since, told_at = min(each.since, now), each.told_at and min(each.told_at, now)
    over_since, over_told_at = each.over_since and min(each.over_since, now), each.over_told_at
    over_told_at = over_told_at and min(over_told_at, now)
    return replace(each, since=since, told_at=told_at, over_since=over_since, over_told_at=over_told_at)


def _known(cause: Cause, before: Known | None, happened: Happened) -> Known:
    since = min(cause.since or happened.at, happened.at)
    seen_by = set(cause.seen_by)
    if before is None:
        return Known(cause.kind, cause.what, cause.remedy, cause.over, since, tuple(sorted(seen_by)))
    if before.over_since is None:
        since = before.since
        seen_by |= set(before.seen_by) - happened.covers
    now = replace(before, what=cause.what, remedy=cause.remedy, since=since, over_since=None)
    return replace(now, seen_by=tuple(sorted(seen_by)))


def _is_due(each: Known, now: datetime, after: timedelta) -> bool:
    """Tell whether a cause that lasts is to be told: it is new, or a day has passed since it was told."""
    if each.over_since is not None or (each.kind in WAITS and now - each.since < after):
        return False
    return not each.is_told or each.told_at is None or now - each.told_at >= TOLD_AGAIN_AFTER


def _is_over_and_due(each: Known, now: datetime) -> bool:
    """Tell whether the end of a cause is to be told: once a day, so that what comes and goes fills no mailbox."""
    if each.over_since is None or not each.is_told or not each.over:
        return False
    return each.over_told_at is None or now - each.over_told_at >= TOLD_AGAIN_AFTER


def _marked(each: Known, is_told: bool, is_over_told: bool, now: datetime) -> Known:
    if is_told:
        return replace(each, told_at=now)
    return replace(each, over_told_at=now) if is_over_told else each


def _waiting(known: dict[str, Known]) -> set[str]:
    """Return what a person at a terminal has seen, but whoever reads the mails is still to be told of if it lasts."""
    return {key for key, each in known.items() if each.kind in WAITS}


def _is_forgotten(each: Known, now: datetime) -> bool:
    """Tell whether a cause that is over need not be known any more."""
    if each.over_since is None or (each.is_told and each.over):
        return False
    return each.told_at is None or now - each.told_at >= TOLD_AGAIN_AFTER


# --- the lines ---


def _lines(
    happened: Happened, known: dict[str, Known], news: set[str], over: set[str], how: How, zone: tzinfo | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what goes to stdout and to stderr."""
    if how.as_json:
        return (), ()
    if how.quiet:
        return (), tuple(_mail(happened, known, news, over, how, zone))
    met = [known[cause.key] for cause in happened.causes]
    trouble = [line for each in met if each.kind not in (Kind.HELD, Kind.REMARK) for line in _trouble(each)]
    remarks = [visible(f"note: {each.what}") for each in met if each.kind is Kind.REMARK]
    ended = [_over(known[key], zone) for key in sorted(over)]
    ran = happened.ran
    if ran is None:
        return tuple(ended), tuple(trouble)
    remarks += [visible(f"note: {each}") for each in ran.remarks]
    once = [] if how.dry or how.verbose else list(_told_once(ran, only_news=False))
    held = [] if how.dry else [visible(f"  ! {each.what}") for each in met if each.kind is Kind.HELD]
    line = totals(ran) if how.dry else summary(ran)
    return (*once, *ended, *([line] if line else []), *held), (*trouble, *remarks)


def _mail(
    happened: Happened, known: dict[str, Known], news: set[str], over: set[str], how: How, zone: tzinfo | None
) -> Iterator[str]:
    """Return the lines of a mail that stands alone; none where nothing is news."""
    once = [] if how.dry or happened.ran is None else list(_told_once(happened.ran, only_news=True))
    if not (news or over or once):
        return
    yield f"korsync {happened.command}, {happened.shop}, {moment(happened.at, zone)}"
    for key in sorted(over):
        yield _over(known[key], zone)
    told = [known[key] for key in sorted(news)]
    for each in told:
        if each.kind is not Kind.HELD:
            yield from _trouble(each, f" (since {moment(each.since, zone)})" if each.since < happened.at else "")
    held = [each for each in told if each.kind is Kind.HELD]
    if held:
        yield f"{count(len(held), 'item')} held, for a person to settle (see `korsync status`):"
        yield from (visible(f"  ! {each.what}") for each in held)
    yield from once
    others = sum(each.is_told and each.over_since is None for key, each in known.items() if key not in news)
    if others:
        yield f"told before and not over: {count(others, 'thing')} (see `korsync status`)"


def _trouble(each: Known, when: str = "") -> Iterator[str]:
    first, *rest = each.what.splitlines() or [""]
    yield visible(f"{'note' if each.kind is Kind.REMARK else 'korsync'}: {first}{when}")
    yield from (visible(f"korsync: {line}") for line in rest)
    if each.remedy:
        yield visible(f"  what to do: {each.remedy}")


def _over(each: Known, zone: tzinfo | None) -> str:
    lasted = age((each.over_since or each.since) - each.since)
    return visible(f"over: {each.over}, after {lasted} (since {moment(each.since, zone)})")


def _told_once(ran: Ran, *, only_news: bool) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for skip in (skip for result in ran.results for skip in result.plan.skips):
        if skip.once is not None and (skip.once.is_news or not only_news):
            by_reason.setdefault(skip.reason, []).append(skip.key)
    for reason, keys in sorted(by_reason.items(), key=lambda each: (-len(each[1]), each[0])):
        yield visible(f"  - {reason}: {', '.join(keys)}")


def _ping(happened: Happened, known: dict[str, Known], after: timedelta, zone: tzinfo | None) -> Ping | None:
    """Return what the monitor is told; nothing of outside trouble that may still end by itself.

    It hears of no item and no person, only of what keeps korsync from its work.
    """
    lasting = [
        replace(known[cause.key], what=cause.unnamed, remedy=LOOK) if cause.unnamed else known[cause.key]
        for cause in happened.causes
        if cause.kind not in (Kind.HELD, Kind.REMARK)
    ]
    wrong = [each for each in lasting if each.kind not in WAITS or happened.at - each.since >= after]
    if wrong:
        lines = [line for each in wrong for line in _trouble(each, f" (since {moment(each.since, zone)})")]
        return Ping(True, "\n".join([f"{happened.shop}: exit {happened.exit_code}", *dict.fromkeys(lines)]))
    return None if lasting else Ping(False, f"{happened.shop}: exit {happened.exit_code}")
