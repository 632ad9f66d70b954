"""Whom a run tells of itself beside its reader: the monitor at `alerts.ping_url`."""

from collections.abc import Callable

from korsync.config.settings import Settings
from korsync.records.telling import Ping

MONITORED = "run"
"""Only the command that cron must not miss: another one that still runs would hide that this one does not."""


def monitor(settings: Settings, command: str) -> Callable[[Ping], None]:
    """Return what tells the monitor of a run's end, having told it of the beginning; nothing where there is none.

    A monitor is spoken to as Healthchecks-like services expect: /start, the address itself, /fail.
    """
    url = settings.alerts.ping_url
    if url is None or command != MONITORED:
        return lambda _ping: None
    from korsync.wire.ping import ping

    network = settings.network

    def tell(told: Ping) -> None:
        ping(f"{url.rstrip('/')}/fail" if told.failed else url, told.body, proxy=network.proxy, ca_file=network.ca_file)

    ping(f"{url.rstrip('/')}/start", "", proxy=network.proxy, ca_file=network.ca_file)
    return tell
