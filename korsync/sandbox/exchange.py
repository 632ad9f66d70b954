"""The values that a simulated side and its server exchange: clock, request, answer, fault, record."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal


class Clock:
    """The time of the simulated servers; aware, in UTC.

    It follows the machine's clock until it is set; from then on it stands and moves only by `advance`.
    """

    def __init__(self) -> None:
        self._standing: datetime | None = None
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the servers' time, UTC, with microseconds."""
        return self._standing if self._standing is not None else datetime.now(UTC) + self._ahead

    def set(self, instant: datetime) -> None:
        """Stop the clock at an aware instant; raise ValueError where its offset is missing."""
        if instant.tzinfo is None:
            raise ValueError("the servers' clock takes aware times only")
        self._standing = instant.astimezone(UTC)

    def advance(self, span: timedelta) -> None:
        """Move the clock on by this span, whether it stands or runs."""
        if self._standing is not None:
            self._standing += span
        else:
            self._ahead += span


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a side sees it: unquoted path, query values in order, header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON, fractions as Decimal; raise ValueError where it is none."""
        return json.loads(self.body, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a side answers: a JSON-able value (Decimals become JSON numbers), bytes or text, or nothing at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    _made: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    def payload(self) -> bytes:
        """Return the bytes of the body; text and bytes are sent as they are, anything else as JSON, written once."""
        if not self._made:
            self._made.append(self._bytes())
        return self._made[0]

    def _bytes(self) -> bytes:
        if self.body is None or self.status == 204:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, default=_json_number, ensure_ascii=False, separators=(",", ":")).encode()


def _json_number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON answer")


Action = Literal[
    "status", "replace_answer", "lose_request", "lose_answer", "delay", "delay_answer", "truncate", "html", "reset"
]


@dataclass
class Fault:
    """A scripted misfortune of the next `times` requests that match, after `skip` of them were let through.

    `path` is a regular expression searched in the path; `method` None means any.

    - status: `status`, `body`, `headers` and `content_type` are answered, the request is not applied
    - replace_answer: the request is applied, the same four are answered instead of what came of it
    - lose_request: the socket is closed, the request is not applied
    - lose_answer: the request is applied, then the socket is closed
    - delay: nothing happens for `seconds` of real time, then the request is applied
    - delay_answer: the request is applied, the answer follows after `seconds` of real time
    - truncate: the request is applied, half of the answer is sent under its full Content-Length
    - html: a 200 with a web page, the request is not applied
    - reset: the connection is reset (RST), the request is not applied
    """

    action: Action
    method: str | None = None
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    seconds: float = 0.0

    def strikes(self, request: Request) -> bool:
        """Say whether this request is hit, and count it."""
        if self.times <= 0 or self.method not in (None, request.method) or not re.search(self.path, request.path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Recorded:
    """A request that was seen: `status` is what it came to (0: it was never applied nor answered)."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    status: int = 0
    answered: bool = False

    def json(self) -> Any:
        """Return the JSON that was sent, fractions as Decimal; raise ValueError where it is none."""
        return json.loads(self.body, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire: an answer, half of one, or none."""

    answer: Answer | None
    ending: Literal["answer", "close", "reset", "truncate"] = "answer"
