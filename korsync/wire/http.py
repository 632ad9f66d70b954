"""One session per API: the only place that knows HTTP. What an outcome means stands in outcomes.py.

From here come Rejected (this record), Unavailable (nothing happened), Unsure (it may have happened), Refused (this
call, or everything) and ConfigurationError; never a requests exception, a secret or a payload.
"""

import itertools
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import tenacity

from korsync.errors import GOES_ON, KorsyncError, Rejected, Unavailable
from korsync.wire.answers import Answer, NotAsExpected
from korsync.wire.connection import Connection, Sent
from korsync.wire.dates import Dates
from korsync.wire.outcomes import Asked, Reply, Seen, Verdict, classify, error_of, told_to_wait
from korsync.wire.pacing import HEADER, Bucket, Limits
from korsync.wire.words import in_one_line, without

T = TypeVar("T")

Authorise = Callable[["Session", bool], Mapping[str, str]]
"""Gives the headers that say who is asking; True asks for new ones because the old ones were refused with 401."""

_RETRIES = 3
_RETRIES_WHEN_SLOWED = 5
_LONGEST_PAUSE = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Call(Generic[T]):
    method: str
    path: str
    kind: Asked
    read: Callable[[Answer], T]
    params: Mapping[str, str] | None = None
    body: bytes | Mapping[str, str] | None = None


class _Repeat(Exception):
    """The only error that is retried: nothing happened, or nothing that a repetition could double."""

    def __init__(self, error: KorsyncError, retries: int, pause: float | None) -> None:
        super().__init__(error.what)
        self.error = error
        self.retries = retries
        self.pause = pause


class _Unclear(Exception):
    """A replacement may have happened; it has to be read again."""


class Session:
    """A connection to one side, safe to share between threads; it counts what it sends.

    A read-only session refuses every write before it is sent (asking for a token is no write). After `ask_until`, in
    seconds of its monotonic clock, it asks for nothing more: a run must end, however slow a side is.
    """

    def __init__(
        self,
        side: str,
        base_url: str,
        authorise: Authorise,
        *,
        read_only: bool = False,
        limits: Limits | None = None,
        proxy: str | None = None,
        ca_file: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        machine_now: Callable[[], datetime] | None = None,
    ) -> None:
        self.side = side
        self.requests = 0
        self.writes = 0
        self.hint_where_login_fails = ""
        self.on_rows: Callable[[str, str, int], None] = lambda _side, _name, _rows: None
        self._authorise = authorise
        self._read_only = read_only
        self.ask_until: float | None = None
        self._sleep = sleep
        self._monotonic = monotonic
        self.bucket = Bucket(sleep, monotonic)
        self._lock = threading.Lock()
        self._secrets: tuple[str, ...] = ()
        self.dates = Dates(machine_now)
        self._unanswered: KorsyncError | None = None
        self._connection = Connection(base_url.rstrip("/"), limits or Limits(), proxy=proxy, ca_file=ca_file)

    @property
    def now(self) -> datetime:
        """The side's own time by the Date of its last answer, in UTC.

        Before the first answer it raises what kept that from coming, Unavailable where nothing was asked yet.
        """
        if self.dates.last is None and self._unanswered is not None:
            raise self._unanswered
        if self.dates.last is None:
            raise Unavailable(f"{self.side} has not said what time it is", GOES_ON)
        return self.dates.last

    def ask_for(self, seconds: float) -> None:
        """Ask for nothing more once so many seconds have passed from now."""
        self.ask_until = self._monotonic() + seconds

    def hide(self, *secrets: str | None) -> None:
        """Have secrets replaced by *** wherever the side's own words are passed on."""
        with self._lock:
            known = {*self._secrets, *(each for each in secrets if each)}
            self._secrets = tuple(sorted(known, key=len, reverse=True))

    def said(self, foreign: str) -> str:
        """Return the side's own words as they may be passed on: one line, bounded, secrets as ***."""
        return in_one_line(foreign, self._secrets)

    def get(
        self,
        path: str,
        read: Callable[[Answer], T],
        params: Mapping[str, str] | None = None,
        *,
        kind: Asked = Asked.ITEM,
        lighter: Mapping[str, str] | None = None,
    ) -> T:
        """Return what `read` makes of the answer; `lighter` parameters ask for less where it has to be repeated.

        Raises NotFound and Rejected (for a list: ConfigurationError), Unavailable, Refused.
        """
        call = _Call("GET", path, kind, read, params)
        return self._send(call, replace(call, params=lighter) if lighter else call)

    def post(
        self,
        path: str,
        body: bytes,
        read: Callable[[Answer], T],
        *,
        kind: Asked,
        params: Mapping[str, str] | None = None,
    ) -> T:
        """Send a write that adds up when it is repeated, and return what `read` makes of the answer.

        Raises Rejected, Unavailable (nothing happened), Unsure (never repeated blindly), Refused; SlowedDown where a
        receipt is to be looked up and sent again.
        """
        return self._send(_Call("POST", path, kind, read, params, body))

    def replace(
        self,
        path: str,
        body: bytes,
        read: Callable[[Answer], T],
        confirm: Callable[[], bool],
        *,
        method: str = "PUT",
        params: Mapping[str, str] | None = None,
    ) -> T | None:
        """Send a write that may be repeated; None where the answer was lost but reading again showed that it happened.

        `confirm` reads again and tells. Raises Rejected, Unavailable, Refused; Unsure where the outcome stays unknown.
        """
        call = _Call(method, path, Asked.REPLACE, read, params, body)
        what = ""
        for _ in range(2):
            try:
                return self._send(call)
            except _Unclear as unclear:
                what = str(unclear)
            try:
                if confirm():
                    return None
            except (Rejected, Unavailable):
                break
        raise error_of(Verdict.UNSURE, self.side, what, None)

    def ask_token(self, path: str, form: Mapping[str, str], read: Callable[[Answer], T]) -> T:
        """Ask for an access token with nothing but a form; raises Unavailable, Refused."""
        return self._send(_Call("POST", path, Asked.GRANT, read, body=form))

    # --- asking, and again where that is safe ---

    def _send(self, call: _Call[T], repetition: _Call[T] | None = None) -> T:
        if self._read_only and call.method != "GET" and call.kind is not Asked.GRANT:
            raise KorsyncError(f"a dry run was about to send {call.method} {call.path} to {self.side}")
        if self._is_over:
            what = f"{self.side}: {call.method} {call.path}: not asked any more, this run has taken too long"
            remedy = f"{GOES_ON}; where this stays, see which side is so slow"
            raise Unavailable(what, remedy).of(f"{self.side} is too slow", f"{self.side} answers in time again")
        calls = itertools.chain([call], itertools.repeat(repetition or call))
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Repeat),
            stop=lambda state: self._is_over or _enough(state),
            wait=_pause,
            sleep=lambda seconds: self._sleep(min(seconds, max(0.0, self._seconds_left))),
            reraise=True,
        )
        try:
            return retrying(lambda: self._once(next(calls)))
        except _Repeat as repeat:
            error = repeat.error
        raise error

    @property
    def _seconds_left(self) -> float:
        return math.inf if self.ask_until is None else self.ask_until - self._monotonic()

    @property
    def _is_over(self) -> bool:
        return self._seconds_left < 0

    def _once(self, call: _Call[T]) -> T:
        headers: Mapping[str, str] = {} if call.kind is Asked.GRANT else self._authorise(self, False)
        reply = self._answered(call, headers)
        if reply.status == 401 and call.kind is not Asked.GRANT:
            fresh = self._authorise(self, True)
            if fresh != headers:
                reply = self._answered(call, fresh)
        words = reply.words
        if reply.answer is not None:
            try:
                return call.read(reply.answer)
            except NotAsExpected as trouble:
                words = f"the answer is not the expected one: {trouble}"
        raise self._trouble(call, reply, words)

    def _trouble(self, call: _Call[Any], reply: Reply, words: str) -> Exception:
        verdict = classify(call.kind, reply.seen)
        what = f"{self.side}: {call.method} {call.path}: {words}"
        # What is missing to be allowed a call is missing for others as well.
        cause = f"{self.side}: {words}" if verdict is Verdict.FORBIDDEN else what
        what += f" (X-Request-Id {reply.request_id})" if reply.request_id else ""
        what, cause = without(self._secrets, what), without(self._secrets, cause)
        if verdict is Verdict.READ_AGAIN:
            return _Unclear(what)
        error = self._unanswered = error_of(verdict, self.side, what, reply.status, cause)
        if reply.status == 401 and self.hint_where_login_fails:
            error.remedy += f"; {self.hint_where_login_fails}"
        is_slowed = reply.seen is Seen.SLOW_DOWN
        pause = told_to_wait(reply.headers.get("retry-after"))
        if is_slowed and pause is None:
            # Without a figure: not at once, because the side has just asked for less.
            pause = random.uniform(1, 10)
        if verdict in (Verdict.RETRY, Verdict.RETRY_ELSEWHERE):
            return _Repeat(error, _RETRIES_WHEN_SLOWED if is_slowed else _RETRIES, pause)
        if is_slowed and pause:
            self._sleep(pause)
        return error

    # --- one request ---

    def _answered(self, call: _Call[Any], headers: Mapping[str, str]) -> Reply:
        """Send once."""
        is_grant = call.kind is Asked.GRANT
        answered_before = None if is_grant else self.bucket.enter()
        with self._lock:
            self.requests += not is_grant
            self.writes += not is_grant and call.method != "GET"
        reply: Reply | None = None
        asked_at = self.dates.asking()
        try:
            sent = Sent(call.method, call.path, headers, call.params, call.body, self._secrets)
            reply = self._connection.ask(sent)
        finally:
            if answered_before is not None:
                self.bucket.leave(answered_before, reply.headers.get(HEADER) if reply else None)
        _log.debug("%s %s %s: %s", self.side, call.method, call.path, reply.status or "no answer")
        self.dates.answered(reply.headers, asked_at)
        return reply


def _repeat(state: tenacity.RetryCallState) -> _Repeat:
    """Return the error that is retried: none but this kind is."""
    return cast(_Repeat, cast(tenacity.Future, state.outcome).exception())


def _enough(state: tenacity.RetryCallState) -> bool:
    return state.attempt_number > _repeat(state).retries


def _pause(state: tenacity.RetryCallState) -> float:
    told = _repeat(state).pause
    return random.uniform(0, min(_LONGEST_PAUSE, 2.0 ** (state.attempt_number - 1))) if told is None else told
