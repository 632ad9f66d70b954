"""Tells a monitor how a run went: briefly, and without ever failing or delaying it."""

from pathlib import Path
from urllib.parse import urlsplit

from korsync.wire.connection import Connection
from korsync.wire.pacing import Limits

TRIES = 2
LIMITS = Limits(connect=3, read=3, deadline=4, size=100_000)
"""Together with the number of tries less than ten seconds."""

LONGEST_BODY = 10_000


def ping(url: str, body: str, *, proxy: str | None = None, ca_file: Path | None = None) -> None:
    """Send a body to an address; what is answered is nobody's concern, unless it is worth another try."""
    address = urlsplit(url)
    connection = Connection(f"{address.scheme}://{address.netloc}", LIMITS, proxy=proxy, ca_file=ca_file)
    for _ in range(TRIES):
        reply = connection.ask("POST", address.path.lstrip("/"), {}, None, body[:LONGEST_BODY].encode(), ())
        if reply.status is not None and reply.status < 500:
            return
