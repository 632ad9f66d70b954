"""What the state says of past runs: how they ended, how each pipeline stands, and which side refuses everything."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, for `korsync status`: when, what, how it ended, and the first trouble it met.

    `at` is Shopify's or KORONA's time, or this machine's where neither answered (`is_answered`).
    """

    at: datetime
    command: str
    exit_code: int
    written: int
    held: int
    reason: str = ""
    is_answered: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """How a pipeline stands: when it last did all it should, and since when and by what it is in trouble now.

    Times are those of the runs; `exit_code` is 0 where it is in no trouble.
    """

    succeeded_at: datetime | None = None
    failing_since: datetime | None = None
    exit_code: int = 0
    what: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How often in a row a side has refused whatever it was asked, when last (this machine's time), and what it said.

    `mark` is that of the configuration: with another one it is worth another try.
    """

    times: int
    at: datetime
    mark: str
    what: str
    remedy: str
