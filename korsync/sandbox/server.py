"""A small HTTP server on loopback that lends one simulated side a socket, a clock and scripted misfortune."""

import threading
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

from korsync.sandbox.exchange import Action, Answer, Clock, Fault, Recorded, Reply, Request
from korsync.sandbox.listener import Listener

__all__ = ["Action", "Answer", "Clock", "Fault", "Handler", "Recorded", "Request", "SandboxServer"]

Handler = Callable[[Request], Answer]


class SandboxServer:
    """One side's HTTP server: applies requests one at a time under the lock, records them, lets faults strike.

    `before_request` runs before a request is applied, `after_request` before its answer is sent, both under the
    lock, so that the world can move between any two requests. `overlap` is what a write is answered while another
    write is under way; without it writes may overlap. `ahead` is by how much too late its answers are dated.
    """

    def __init__(self, handler: Handler, clock: Clock, lock: threading.RLock, *, overlap: Answer | None = None) -> None:
        self.requests: list[Recorded] = []
        self.faults: list[Fault] = []
        self.crashes: list[Exception] = []
        self.before_request: Callable[[Request], None] | None = None
        self.after_request: Callable[[Request, Answer], None] | None = None
        self.clock = clock
        self.ahead = timedelta(0)
        self._handler = handler
        self._lock = lock
        self._overlap = overlap
        self._writing = False
        self._ledger = threading.Lock()
        self._stopped = threading.Event()
        self._listener: Listener | None = None

    @property
    def base_url(self) -> str:
        """The address of the running server; raise RuntimeError where it was not started."""
        if self._listener is None:
            raise RuntimeError("the sandbox server is not running")
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes a free one."""
        self._stopped.clear()
        self._listener = Listener(port, self.date, self.respond)
        serve = self._listener.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening and cut every open connection; may be called twice."""
        self._stopped.set()
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener.cut_connections()
            self._listener = None

    def date(self) -> datetime:
        """Return what its answers are dated with."""
        return self.clock.now() + self.ahead

    def writes(self) -> list[Recorded]:
        """Return the requests that were not reads, token requests left out."""
        writes = (each for each in self.requests if each.method != "GET")
        return [each for each in writes if not each.path.endswith("/access_token")]

    def respond(self, request: Request) -> Reply:
        """Record a request, apply it as the faults allow, and return what happens on the wire."""
        recorded = Recorded(request.method, request.path, request.query, request.body)
        is_write = request.method != "GET"
        with self._ledger:
            self.requests.append(recorded)
            fault = next((each for each in self.faults if each.strikes(request)), None)
            refused = is_write and self._writing and self._overlap is not None
            takes_the_turn = is_write and not refused
            if takes_the_turn:
                self._writing = True
        try:
            reply = Reply(self._overlap) if refused and self._overlap else self._play(request, fault)
        finally:
            # given back before the answer goes out, or the client's next write would meet this one
            if takes_the_turn:
                self._writing = False
        if reply.answer is not None:
            recorded.status = reply.answer.status
            recorded.answered = reply.ending == "answer"
        return reply

    def _play(self, request: Request, fault: Fault | None) -> Reply:
        if fault is None:
            return Reply(self._apply(request))
        scripted = Answer(fault.status, fault.body, fault.headers, fault.content_type)
        match fault.action:
            case "status":
                return Reply(scripted)
            case "replace_answer":
                self._apply(request)
                return Reply(scripted)
            case "html":
                page = "<!DOCTYPE html><html><body>We are down for maintenance.</body></html>"
                return Reply(Answer(200, page, fault.headers, "text/html; charset=utf-8"))
            case "lose_request":
                return Reply(None, "close")
            case "reset":
                return Reply(None, "reset")
            case "lose_answer":
                return Reply(self._apply(request), "close")
            case "truncate":
                return Reply(self._apply(request), "truncate")
            case "delay":
                stopped = self._stopped.wait(fault.seconds)
                return Reply(None, "close") if stopped else Reply(self._apply(request))
            case "delay_answer":
                answer = self._apply(request)
                self._stopped.wait(fault.seconds)
                return Reply(answer)

    def _apply(self, request: Request) -> Answer:
        try:
            with self._lock:
                if self.before_request is not None:
                    self.before_request(request)
                answer = self._handler(request)
                if self.after_request is not None:
                    self.after_request(request, answer)
            answer.payload()
        except Exception as crash:
            # a bug in the sandbox must not pass for bad weather
            self.crashes.append(crash)
            traceback.print_exc()
            return Answer(500, "the sandbox itself failed; see its standard error", content_type="text/plain")
        return answer
