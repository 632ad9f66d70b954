"""What came back from a request: a usable answer, or what was seen of it and in words what happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from korsync.answers import Answer, answer_from, date_in
from korsync.outcomes import Seen, complaint, host_in, seen_in
from korsync.words import visible


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a usable 2xx has an answer, everything else what was seen and, in words, what happened."""

    seen: Seen
    words: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None


def reply_from(status: int, headers: Mapping[str, str], content: bytes) -> Reply:
    """Judge an answer that came whole; header names are in lower case."""
    answer = answer_from(headers, content)
    if 200 <= status < 300:
        if status == 204 and not content:
            answer = Answer(None, headers, date_in(headers))
        return Reply(Seen.UNCLEAR, f"the answer ({status}) is not the expected JSON", status, headers, answer)
    body = answer.body if answer else None
    words = f"answered {status}"
    if 300 <= status < 400:
        words += f" and points to {host_in(headers.get('location', ''))}, which is never followed"
    elif complaint(body):
        words += f": {complaint(body)}"
    if "x-request-id" in headers:
        words += f" (X-Request-Id {visible(headers['x-request-id'])[:64]})"
    return Reply(seen_in(status, body), words, status, headers)


def reply_cut_off(status: int, headers: Mapping[str, str], size: int) -> Reply:
    """Judge an answer that went on beyond so many bytes: what is no 2xx says enough without its body."""
    if 200 <= status < 300:
        return Reply(Seen.TOO_LARGE, f"the answer is larger than {size} bytes", status, headers)
    return reply_from(status, headers, b"")
