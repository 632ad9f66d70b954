"""How korsync stands, as `korsync status` tells it."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from korsync.errors import LockedError
from korsync.records.memory import State


@dataclass(frozen=True, slots=True)
class Status:
    """What a page of status is made of: the state, whose it is, the time, who holds the lock, and the exit code."""

    state: State
    shop: str
    pipelines: tuple[str, ...]
    now: datetime
    zone: tzinfo
    running: LockedError | None
    exit_code: int
