"""One request on the wire: nothing is followed, and the answer is read within a deadline and a size."""

import logging
import math
import queue
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests

from korsync import __version__
from korsync.wire.outcomes import Reply, Seen, reply_cut_off, reply_from, seen_in_failure
from korsync.wire.pacing import Limits
from korsync.wire.words import failure_in_words, host_in

# urllib3 writes whole addresses into its log, and KORONA's coupling id is a part of them.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

MOST_CONNECTIONS = 24
"""So many are kept open to a side: as many as writes are on their way at once."""

Body = bytes | Mapping[str, str] | None


class _Unredirected(requests.Session):
    """Never looks where a redirect points: requests would read that answer whole and stumble over a bad address."""

    def get_redirect_target(self, _resp: requests.Response) -> str | None:
        return None


class _Adapter(requests.adapters.HTTPAdapter):
    """Trusts the certificates of a file beside the usual ones, which requests adds by itself: not all need be ours."""

    def __init__(self, ca_file: Path | None) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if ca_file else None
        if self._context:
            self._context.load_verify_locations(ca_file)
        super().__init__(max_retries=0, pool_maxsize=MOST_CONNECTIONS)

    def init_poolmanager(self, *sizes: Any, **how: Any) -> None:
        super().init_poolmanager(*sizes, **how, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **how: Any) -> Any:
        return super().proxy_manager_for(proxy, **how, ssl_context=self._context, proxy_ssl_context=self._context)


class _Body:
    """The body of an answer, from which nothing more is read after a moment, and never all that comes.

    A chunk of less than nothing has Python's own reading go on for as long as bytes come.
    """

    def __init__(self, file: Any, ends_at: float) -> None:
        self._file = file
        self._ends_at = ends_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, amount: int = -1) -> bytes:
        """Return so many bytes, fewer only where there are no more."""
        if amount < 0:
            raise ValueError("all that comes is asked for")
        content = bytearray()
        while part := self._file.read1(amount - len(content)):
            content += part
            if time.monotonic() > self._ends_at:
                raise TimeoutError
        return bytes(content)


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent: `path` below the host's address; `secrets` must stand in no words about it."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] | None = None
    body: Body = None
    secrets: tuple[str, ...] = ()


class Connection:
    """The way to one host, safe to share between threads; it asks once and leaves all else to the session."""

    def __init__(self, base_url: str, limits: Limits, *, proxy: str | None, ca_file: Path | None) -> None:
        self._base_url = base_url
        self._limits = limits
        self._requests = _Unredirected()
        self._requests.trust_env = False
        self._requests.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if proxy:
            self._requests.proxies = {"https": proxy, "http": proxy}
        for scheme in ("https://", "http://"):
            self._requests.mount(scheme, _Adapter(ca_file))

    def ask(self, sent: Sent) -> Reply:
        """Send a request and return what came back, with no secret in its words.

        The time-outs of requests hold for each packet by itself: a dripping answer needs a deadline.
        """
        deadline = self._limits.deadline + self._time_to_send(sent.body)
        ends_at = time.monotonic() + deadline
        box: queue.SimpleQueue[Reply | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                box.put(self._exchange(sent, ends_at))
            except BaseException as error:
                box.put(error)

        threading.Thread(target=work, daemon=True, name=f"{sent.method} {sent.path}").start()
        try:
            reply = box.get(timeout=deadline)
        except queue.Empty:
            return Reply(Seen.UNCLEAR, f"no whole answer within {deadline:.0f} seconds")
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def _time_to_send(self, body: Body) -> float:
        return len(body) / self._limits.slowest if isinstance(body, bytes) else 0.0

    def _exchange(self, sent: Sent, ends_at: float = math.inf) -> Reply:
        headers = {"Accept": "application/json", "User-Agent": f"korsync/{__version__}", **sent.headers}
        if isinstance(sent.body, bytes):
            headers["Content-Type"] = "application/json"
        try:
            with self._requests.request(
                sent.method,
                f"{self._base_url}/{sent.path}",
                params=sent.params,
                data=sent.body,
                headers=headers,
                # requests sends the whole body under the time-out for connecting.
                timeout=(self._limits.connect + self._time_to_send(sent.body), self._limits.read),
                allow_redirects=False,
                verify=True,
                stream=True,
            ) as response:
                status = response.status_code
                named = {name.lower(): value for name, value in response.headers.items()}
                # The file beneath urllib3's answer and Python's; an answer that came over no socket has none.
                beneath: Any = response.raw._original_response
                if beneath and beneath.fp:
                    beneath.fp = _Body(beneath.fp, ends_at)
                content = bytearray()
                for part in response.iter_content(64 * 1024):
                    content += part
                    if len(content) > self._limits.size:
                        return reply_cut_off(status, named, self._limits.size)
                return reply_from(status, named, bytes(content), sent.secrets)
        except (requests.RequestException, ValueError) as error:
            seen = Seen.NOT_SENT if isinstance(error, requests.ConnectTimeout) else seen_in_failure(error)
            return Reply(seen, failure_in_words(error, host_in(self._base_url)))
