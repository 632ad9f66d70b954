"""The one table of HTTP outcomes: what was asked and what was seen decide what it means.

Nothing here talks to anybody.
"""

import math
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from korsync.errors import GOES_ON, ConfigurationError, KorsyncError, Refused, Rejected, SlowedDown, Unavailable, Unsure
from korsync.wire.answers import Answer, answer_from, date_in
from korsync.wire.words import calls, chain, complaint, host_in, in_one_line, text_of

LONGEST_WAIT = 60.0
"""Seconds for which a Retry-After is obeyed; longer would keep the lock from the next run."""

_OF_THE_ACCOUNT = ("CLOUD_ACCOUNT_DISABLED", "API_USAGE_DISABLED")
"""KORONA's codes of a 403 that holds for whatever else is asked; the other ones concern a call or a point of sale."""

_OF_THE_STORE = ("unavailable shop", "shop is unavailable", "access tokens are no longer accepted")
"""What Shopify says in a 403 that holds for whatever else is asked; a missing scope concerns the call."""


_REMEDIES = {
    402: "the account is frozen: settle that with {side}",
    403: "grant in {side} what is missing, or correct the configuration",
    423: "the account is locked: ask {side} why",
    430: "{side} takes the requests for an attack: wait, then ask its support",
}

_REMEDIES_BY_CODE = {
    "POINT_OF_SALE_NOT_COUPLED": "run `korsync couple` once",
    "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE": (
        "put the id it was coupled with under korona.coupling_id; where that is lost, decouple it in KORONA Studio and"
        " run `korsync couple`; where another program books on it, name another point of sale"
    ),
}
"""What KORONA says of a point of sale that is not coupled with korsync; nothing is to be granted then."""


class NotFound(Rejected):
    """The object asked for is not there."""


class TooLarge(Rejected):
    """The object or the page asked for is larger than any answer may be."""


class NoSuchList(ConfigurationError):
    """The list asked for is not there."""


class NothingThere(Unavailable):
    """Something answered 404 in words that are not the API's: maintenance, a proxy, or no such list."""


class Asked(StrEnum):
    """What is asked: a list, a later page of one, a single object, a token, or one of three kinds of writes.

    A receipt and an adjustment (also: a new image) add up when they are repeated; a replacement does not.
    """

    LIST = "list"
    PAGE = "later page of a list"
    ITEM = "item"
    GRANT = "token grant"
    RECEIPT = "receipt"
    ADJUST = "adjust"
    REPLACE = "replace"


class Seen(StrEnum):
    """What the client saw of a request."""

    NOT_SENT = "refused, TLS, connect time-out"
    NO_HOST = "the host name cannot be looked up"
    SLOW_DOWN = "429 with the API's own JSON body"
    USED_UP = "429 that holds until tomorrow"
    REJECTED = "400 404 405 406 410 413 414 415 422"
    REFUSED = "401 402 423 430, 403 for the whole account"
    FORBIDDEN = "any other 403"
    SENT_ELSEWHERE = "3xx"
    TOO_LARGE = "2xx larger than any answer may be"
    UNCLEAR = "read time-out, reset, 408, 5xx, what is not the API's own: 2xx, 4xx, 429"


class Verdict(StrEnum):
    """What it means."""

    RETRY = "nothing happened: try again"
    RETRY_ELSEWHERE = "nothing happened: try again, unless the address is mistyped"
    LOOK_UP = "wait, look it up, then try again"
    LATER = "nothing happened: leave it to a later run"
    REJECTED = "this record is refused"
    UNREADABLE = "this record or page is too large to be read"
    MISCONFIGURED = "the configuration names something that is not there"
    REFUSED = "the side refuses everything"
    FORBIDDEN = "the side refuses this call"
    WRONG_ADDRESS = "the side lives elsewhere"
    READ_AGAIN = "read again, then once more"
    UNSURE = "it may have happened"


_WHEN_UNCLEAR = {
    Asked.LIST: Verdict.RETRY,
    Asked.PAGE: Verdict.RETRY,
    Asked.ITEM: Verdict.RETRY,
    Asked.GRANT: Verdict.RETRY,
    Asked.RECEIPT: Verdict.UNSURE,
    Asked.ADJUST: Verdict.UNSURE,
    Asked.REPLACE: Verdict.READ_AGAIN,
}

_TABLE: dict[Seen, dict[Asked, Verdict]] = {
    Seen.NOT_SENT: dict.fromkeys(Asked, Verdict.RETRY),
    Seen.NO_HOST: dict.fromkeys(Asked, Verdict.RETRY_ELSEWHERE),
    # A copy of the request, made in between, may have been taken before: what adds up is not sent again unseen.
    Seen.SLOW_DOWN: {
        **dict.fromkeys(Asked, Verdict.RETRY),
        Asked.RECEIPT: Verdict.LOOK_UP,
        Asked.ADJUST: Verdict.UNSURE,
    },
    Seen.USED_UP: dict.fromkeys(Asked, Verdict.LATER),
    Seen.REJECTED: {
        **dict.fromkeys(Asked, Verdict.REJECTED),
        Asked.LIST: Verdict.MISCONFIGURED,
        # The configuration named the list whose first page came.
        Asked.PAGE: Verdict.RETRY,
        Asked.GRANT: Verdict.REFUSED,
    },
    Seen.REFUSED: dict.fromkeys(Asked, Verdict.REFUSED),
    Seen.FORBIDDEN: {**dict.fromkeys(Asked, Verdict.FORBIDDEN), Asked.GRANT: Verdict.REFUSED},
    Seen.SENT_ELSEWHERE: dict.fromkeys(Asked, Verdict.WRONG_ADDRESS),
    # It will be as large the next time; a list can be asked for in smaller pages.
    Seen.TOO_LARGE: {**_WHEN_UNCLEAR, **dict.fromkeys((Asked.ITEM, Asked.LIST, Asked.PAGE), Verdict.UNREADABLE)},
    Seen.UNCLEAR: _WHEN_UNCLEAR,
}


def classify(kind: Asked, seen: Seen) -> Verdict:
    """Return what it means to have seen this after asking that."""
    return _TABLE[seen][kind]


def seen_in(status: int, body: Any, *, is_foreign: bool = False) -> Seen:
    """Return what an answer other than a usable 2xx is; `body` is its JSON, None where it has none.

    `is_foreign`: its content is not the API's own, so that it comes from something in between (a maintenance page, a
    proxy), which may have passed the request on. Only the APIs' own words for a throttle prove that nothing was done.
    """
    if status == 429:
        return _throttle(body)
    if status in {413, 414}:
        return Seen.REJECTED
    if status in {400, 404, 405, 406, 410, 415, 422}:
        return Seen.UNCLEAR if is_foreign else Seen.REJECTED
    if status == 403:
        return Seen.REFUSED if _concerns_everything(body) else Seen.FORBIDDEN
    if status in {401, 402, 423, 430}:
        return Seen.REFUSED
    if 300 <= status < 400:
        return Seen.SENT_ELSEWHERE
    return Seen.UNCLEAR


def _throttle(body: Any) -> Seen:
    code, said = (body.get("code"), text_of(body.get("errors"))) if isinstance(body, dict) else (None, "")
    if code == "DAILY_LIMIT_EXCEEDED":
        return Seen.USED_UP
    is_known = code == "TOO_MANY_PARALLEL_UPDATE_REQUESTS" or "calls per second" in said.lower()
    return Seen.SLOW_DOWN if is_known else Seen.UNCLEAR


def _concerns_everything(body: Any) -> bool:
    """Tell whether a 403 speaks of the account or of the token itself, and not of what was asked."""
    if not isinstance(body, dict):
        return False
    said = text_of(body.get("errors")).lower()
    return body.get("code") in _OF_THE_ACCOUNT or any(words in said for words in _OF_THE_STORE)


def seen_in_failure(error: BaseException) -> Seen:
    """Return NOT_SENT where the failing call stood in connecting: only that proves that no byte of the request left.

    The types do not tell: ConnectionError is a refused connection as well as one that broke after the request, also
    on a kept-alive connection that the server had closed; SSLError is a bad certificate as well as a broken answer.
    """
    if not {"create_connection", "do_handshake", "_tunnel"} & calls(error):
        return Seen.UNCLEAR
    return Seen.NO_HOST if any(isinstance(each, socket.gaierror) for each in chain(error)) else Seen.NOT_SENT


def error_of(verdict: Verdict, side: str, what: str, status: int | None, cause: str = "") -> KorsyncError:
    """Return the error that a verdict ends in, with what to do about it.

    One outage is one cause, and so is all that a side refuses; otherwise `cause` says what it is one of.
    """
    error = _error_of(verdict, side, what, status)
    if isinstance(error, Unavailable | Unsure):
        return error.of(f"{side} does not answer", f"{side} answers again")
    if isinstance(error, Refused) and error.everything:
        return error.of(f"{side} refuses", f"{side} takes korsync's requests again")
    return error.of(cause)


def _error_of(verdict: Verdict, side: str, what: str, status: int | None) -> KorsyncError:
    if verdict is Verdict.RETRY and status == 404:
        remedy = f"{GOES_ON}; where this stays, check the address of {side} in the configuration"
        return NothingThere(what, remedy)
    if verdict is Verdict.RETRY:
        return Unavailable(what, GOES_ON)
    if verdict is Verdict.LOOK_UP:
        return SlowedDown(what, GOES_ON)
    if verdict is Verdict.RETRY_ELSEWHERE:
        remedy = f"check the address of {side} in the configuration; where it is right, this machine's network"
        return Unavailable(what, remedy)
    if verdict is Verdict.LATER:
        return Unavailable(what, "nothing to do: the first run of tomorrow goes on")
    if verdict in (Verdict.REFUSED, Verdict.FORBIDDEN):
        remedy = _REMEDIES.get(status or 0, "check the credentials for {side} in the configuration")
        remedy = next((each for code, each in _REMEDIES_BY_CODE.items() if code in what), remedy)
        return Refused(what, remedy.format(side=side), everything=verdict is Verdict.REFUSED)
    if verdict is Verdict.WRONG_ADDRESS:
        return ConfigurationError(what, f"put {side}'s present address into the configuration")
    if verdict is Verdict.MISCONFIGURED:
        wrong = NoSuchList if status == 404 else ConfigurationError
        return wrong(what, f"check the address of {side} and what the configuration names there")
    if verdict is Verdict.UNREADABLE:
        return TooLarge(what, "make the record smaller; the others go on")
    if verdict is Verdict.REJECTED:
        refused = NotFound if status == 404 else Rejected
        return refused(what, "correct the record on either side; the others go on")
    return Unsure(what, f"nothing to do: the next run looks in {side} whether it happened")


def told_to_wait(header: str | None) -> float | None:
    """Return the seconds a Retry-After asks for (Shopify: "2.0"), at most 60; 1 for nonsense, None without one."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return 1.0
    return min(seconds, LONGEST_WAIT) if math.isfinite(seconds) and seconds >= 0 else 1.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a usable 2xx has an answer, everything else what was seen and, in words, what happened.

    `request_id` names this one answer to the side's support: it is no part of what happened.
    """

    seen: Seen
    words: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    request_id: str = ""


def reply_from(status: int, headers: Mapping[str, str], content: bytes, secrets: Iterable[str] = ()) -> Reply:
    """Judge an answer that came whole; header names are in lower case, secrets do not go into its words."""
    answer = answer_from(headers, content)
    if 200 <= status < 300:
        if status == 204 and not content:
            answer = Answer(None, headers, date_in(headers))
        return Reply(Seen.UNCLEAR, f"the answer ({status}) is not the expected JSON", status, headers, answer)
    body = answer.body if answer else None
    words = f"answered {status}"
    if 300 <= status < 400:
        host = in_one_line(host_in(headers.get("location", "")), secrets)
        words += f" and points to {host}, which is never followed"
    elif said := in_one_line(complaint(body), secrets):
        words += f": {said}"
    request_id = in_one_line(headers.get("x-request-id", ""), secrets)[:64]
    is_foreign = bool(content) and not _is_the_apis(body)
    return Reply(seen_in(status, body, is_foreign=is_foreign), words, status, headers, request_id=request_id)


def _is_the_apis(body: Any) -> bool:
    """Tell whether an error body is one of KORONA's or Shopify's."""
    return isinstance(body, dict) and any(name in body for name in ("code", "message", "errors", "error"))


def reply_cut_off(status: int, headers: Mapping[str, str], size: int) -> Reply:
    """Judge an answer that went on beyond so many bytes: what is no 2xx says enough without its body."""
    if 200 <= status < 300:
        return Reply(Seen.TOO_LARGE, f"the answer is larger than {size} bytes", status, headers)
    return reply_from(status, headers, b"")
