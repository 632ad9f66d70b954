"""`korsync log`: what was written, held and settled, by which run."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from korsync.commands import state
from korsync.config.settings import Settings
from korsync.memory.journal import entries_of
from korsync.records.journal import Chapter
from korsync.rules.past import Asked, chapters

LAST = timedelta(days=1)
"""So far back goes who asks for nothing else."""


def log(settings: Settings, item: str = "", since: date | None = None, run: str = "") -> Sequence[Chapter]:
    """Return what the journal says of an article, an order or a run, or since a day in the shop's time zone."""
    begin = None
    if since is not None:
        begin = datetime.combine(since, time.min, state.timezone_of(settings))
    elif not (item or run):
        begin = state.machine_now() - LAST
    sought = run or item.strip().removeprefix("#")
    return list(chapters(entries_of(settings.journal_path, sought), Asked(item.strip(), begin, run)))
