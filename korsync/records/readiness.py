"""What was looked at before korsync is trusted with a shop, and how it stands: a line each."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out: as it should be, worth a look, or in the way."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what stands there, and how to mend it; `exit_code` is what a run would end with."""

    name: str
    verdict: Verdict
    what: str
    remedy: str = ""
    exit_code: int = 0


def fine(name: str, what: str) -> Check:
    return Check(name, Verdict.OK, what)


def warning(name: str, what: str, remedy: str) -> Check:
    return Check(name, Verdict.WARNING, what, remedy)


def failed(name: str, what: str, remedy: str, exit_code: int) -> Check:
    return Check(name, Verdict.FAILED, what, remedy, exit_code)
