"""What can go wrong, as one tree: each error says what happened, what to do, and with which exit code a run ends."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Self

from korsync.text import visible

BUG = 70
"""The exit code of a bug in korsync."""

SEVERITY = (BUG, 6, 2, 4, 3, 5, 1)
"""Exit codes from the most serious to the least; where several apply the first of these wins."""


GOES_ON = "nothing to do: the next run goes on"
"""What to do about trouble that the run after a run takes care of."""


class KorsyncError(Exception):
    """An error that a person reads: one line what happened, one line what to do.

    What other people called something stands in many of them; no name makes a line of its own.
    """

    exit_code: ClassVar[int] = BUG
    cause = ""
    over = ""

    def __init__(self, what: str | tuple[str, ...], remedy: str = "") -> None:
        """Take what happened, of several things a line each, and what to do where there is something to do."""
        self.what = "\n".join(visible(line) for line in ((what,) if isinstance(what, str) else what))
        self.remedy = visible(remedy)
        super().__init__(self.what)

    def of(self, cause: str, over: str = "") -> Self:
        """Name what this is one of, for those who tell of each thing once, and what to say when it is over."""
        self.cause, self.over = cause, over
        return self

    @property
    def remedy_by_hand(self) -> str:
        """What to do where a person asked for what failed: no run to come will answer that."""
        return self.remedy.replace(GOES_ON, "try again later")

    @property
    def identity(self) -> str:
        """What tells this trouble from all others: the same for every call that it breaks, and in every run."""
        return self.cause or self.what


class BugError(KorsyncError):
    """A bug in korsync, as a person is told of it."""


class ConfigurationError(KorsyncError):
    """The configuration, or what it names on either side, is wrong; nothing was sent."""

    exit_code = 2


class SafetyStop(KorsyncError):
    """A plan is too large or looks wrong; its pipeline wrote nothing.

    `guarded` identifies what a person would let through with `korsync accept`, `why` says of some of it by itself why
    it is stopped.
    """

    exit_code = 3

    def __init__(
        self, what: str, remedy: str, guarded: tuple[str, ...], why: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Take what looks wrong, what to do, what exactly would be let through, and why, as far as that differs."""
        super().__init__(what, remedy)
        self.guarded = guarded
        self.why = why


class Refused(KorsyncError):
    """A side refuses: credentials, permission, licence, scope, wrong point of sale.

    `everything` where it would refuse whatever else it is asked in this run; a point of sale that is not fit concerns
    only what is booked on it.
    """

    exit_code = 4

    def __init__(self, what: str | tuple[str, ...], remedy: str = "", *, everything: bool = False) -> None:
        """Take what was refused, what to do, and whether all else would be refused, too."""
        super().__init__(what, remedy)
        self.everything = everything


class Unavailable(KorsyncError):
    """Outside trouble in which nothing happened on the other side; the next run goes on."""

    exit_code = 5


class SlowedDown(Unavailable):
    """The side wants fewer receipts at a time, and was given the time it asked for.

    Its own words for it prove little: they may answer a second copy of a request whose first one it is just booking.
    """


class Unsure(KorsyncError):
    """A write whose outcome is unknown: it may have happened and must never be repeated blindly."""

    exit_code = 5


class Rejected(KorsyncError):
    """A side refuses this one record; others may go on."""

    exit_code = 1


class StateError(KorsyncError):
    """The state file is missing, unreadable, of a newer version or of another shop; it is left as it is."""

    exit_code = 6


class LockedError(KorsyncError):
    """Another korsync run holds the lock; nothing was sent. `since` when, by this machine's clock."""

    exit_code = 7

    def __init__(self, what: str, remedy: str, since: datetime | None = None) -> None:
        """Take what is known of the other run, what to do, and since when it holds the lock."""
        super().__init__(what, remedy)
        self.since = since


def distinct(errors: Iterable[KorsyncError]) -> tuple[KorsyncError, ...]:
    """Return the first error of each trouble, in their order."""
    found: dict[str, KorsyncError] = {}
    for error in errors:
        found.setdefault(error.identity, error)
    return tuple(found.values())


def most_serious(exit_codes: Iterable[int]) -> int:
    """Return the exit code that wins where several apply; 0 where there is none."""
    codes = set(exit_codes)
    return next((code for code in SEVERITY if code in codes), 0)
