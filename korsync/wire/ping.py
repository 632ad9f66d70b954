"""Tells a monitor how a run went: briefly, and without ever failing or delaying it."""

from pathlib import Path
from urllib.parse import urlsplit

from korsync.wire.connection import Connection, Sent
from korsync.wire.pacing import Limits

TRIES = 2
LIMITS = Limits(connect=2, read=2, deadline=2.4, size=100_000)
"""A run pings at its beginning and at its end: with all tries less than ten seconds."""

LONGEST_BODY = 10_000


def ping(url: str, body: str, *, proxy: str | None = None, ca_file: Path | None = None) -> None:
    """Send a body to an address; what is answered is nobody's concern, unless it is worth another try."""
    address = urlsplit(url)
    connection = Connection(f"{address.scheme}://{address.netloc}", LIMITS, proxy=proxy, ca_file=ca_file)
    for _ in range(TRIES):
        reply = connection.ask(Sent("POST", address.path.lstrip("/"), body=body[:LONGEST_BODY].encode()))
        if reply.status is not None and reply.status < 500:
            return
