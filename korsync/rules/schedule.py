"""Whether korsync runs by itself: the last success, and a line or a timer that starts it; pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from korsync.records.memory import State
from korsync.records.readiness import Check, fine, warning

LONG_AGO = timedelta(hours=2)
"""Cron starts it every 20 minutes; after so long without a success something keeps it from running."""

SUCCESS = (0, 1)
"""The exit codes of a run that did all it could: also where items are held."""


def runs_check(state: State, now: datetime) -> Check:
    """Say when a run last succeeded."""
    name, done = "last success", [run for run in state.runs if run.exit_code in SUCCESS]
    if not done:
        return warning(name, "no run has succeeded yet", "run `korsync run` and see what it says")
    at, command = done[-1].at, done[-1].command
    what = f"`korsync {command}` at {at:%Y-%m-%d %H:%M} UTC"
    return (
        warning(name, what, "see `korsync status`, and whether cron runs") if now - at > LONG_AGO else fine(name, what)
    )


def schedule_check(lines: Iterable[str]) -> Check:
    """Say whether a line of a crontab or of a timer starts korsync; those that are commented out start nothing."""
    found = [line for line in lines if "korsync" in line and not line.startswith(("#", ";"))]
    if found:
        return fine("schedule", found[0])
    what = "no line of this user's crontab, of /etc/cron.d or of systemd's units names korsync"
    return warning(
        "schedule", what, "take the lines of crontab.example; where another machine or user runs it, all is well"
    )
