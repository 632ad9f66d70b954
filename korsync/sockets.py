"""Connections with one time-out for connecting and another for sending; those of requests know only the first.

They would send a whole body under the time-out for connecting, which is far too short for an image on a slow line.
"""

from collections.abc import Mapping
from typing import Any

PATIENCE = 45.0
"""So many seconds the other end may take nothing of what is being sent."""

PIECE = 64 * 1024
"""So many bytes are sent at once, because the time-out of a socket holds for all that it is given at once."""


def patient_pools(pools: Mapping[str, Any]) -> dict[str, Any]:
    """Return connection pools by scheme whose connections take their time to send; `pools` are those of requests."""
    return {scheme: _patient(pool) for scheme, pool in pools.items()}


def _patient(pool: Any) -> Any:
    """Return a pool's class with patient connections; the classes belong to requests and are never named here."""
    impatient = pool.ConnectionCls

    def connect(connection: Any) -> None:
        impatient.connect(connection)
        connection.sock.settimeout(PATIENCE)

    def send(connection: Any, data: Any) -> None:
        if not isinstance(data, bytes):
            impatient.send(connection, data)
            return
        for start in range(0, len(data), PIECE):
            impatient.send(connection, data[start : start + PIECE])

    connection_class = type("Patient", (impatient,), {"connect": connect, "send": send})
    return type("PatientPool", (pool,), {"ConnectionCls": connection_class})
