"""A run in one line."""

from collections import Counter

from korsync.records.plan import Fate, Outcome, Ran
from korsync.report.words import count

OUTCOME_WORDS = {
    Outcome.DONE: "written",
    Outcome.QUEUED: "queued",
    Outcome.REJECTED: "refused",
    Outcome.CONFLICT: "in conflict with what stands there",
    Outcome.UNSURE: "outcome unknown",
    Outcome.NOT_SENT: "not sent",
}

CATALOGUE = frozenset({"stock", "products"})
"""The pipelines whose items are articles."""


def summary(ran: Ran) -> str:
    """Return what was written per pipeline, what is left and held; empty where nothing happened."""
    parts = written(ran)
    if ran.state.held and not any(result.dry for result in ran.results):
        parts.append(f"{count(len(ran.state.held), 'item')} held (see `korsync status`)")
    return f"korsync: {'; '.join(parts)} ({ran.requests} requests, {ran.writes} of them writes)" if parts else ""


def written(ran: Ran) -> list[str]:
    """Return what became of the changes of each pipeline that sent any or left any over."""
    parts = []
    for result in ran.results:
        counts = Counter(each.outcome for each in result.written)
        words = [f"{number} {OUTCOME_WORDS[outcome]}" for outcome, number in sorted(counts.items())]
        if result.left_over:
            words.append(f"{len(result.left_over)} left for the next run{_about(result.seconds_left_over)}")
        if words:
            parts.append(f"{result.plan.pipeline} {', '.join(words)}")
    return parts


def totals(ran: Ran) -> str:
    """Return the last line of a plan: how much is to be written, waits, is held or stopped, and what is in step."""
    plans = [result.plan for result in ran.results]
    stopped = [change for plan in plans if plan.stop for change in plan.changes if change not in plan.allowed]
    parts = [f"{sum(len(plan.allowed) for plan in plans)} to write"]
    for fate in (Fate.WAITING, Fate.HELD):
        number = sum(len(plan.skipped(fate)) for plan in plans)
        parts += [f"{number} {fate}"] if number else []
    parts += [f"{len(stopped)} stopped"] if stopped else []
    of_articles = [plan for plan in plans if plan.pipeline in CATALOGUE]
    if not of_articles:
        return ", ".join(parts)
    open_keys = {change.key for plan in of_articles for change in plan.changes}
    open_keys |= {skip.key for plan in of_articles for skip in plan.skips if skip.fate is not Fate.LEFT}
    matched = max(plan.matched for plan in of_articles)
    in_step = max(0, matched - len(open_keys))
    return f"{', '.join(parts)}; {in_step} of {count(matched, 'matched article')} in step"


def _about(seconds: int) -> str:
    return f" (about {max(1, round(seconds / 60))} minutes)" if seconds else ""
