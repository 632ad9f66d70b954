"""What lasts for a while in a simulated shop: a permission that somebody took away, answers that are dated wrongly."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from korsync.sandbox.exchange import Fault
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.world import World

NOT_MERCHANTS_WILL = {"errors": "[API] This action requires merchant approval for this scope."}
NOT_ALLOWED = {"code": "FORBIDDEN", "message": "this user may not do that"}
CALLS: tuple[tuple[bool, str, str], ...] = (
    (True, "POST", "adjust"),
    (True, "GET", "orders.json"),
    (True, "GET", "draft_orders"),
    (True, "GET", "products"),
    (True, "PUT", "variants"),
    (False, "GET", "productStocks"),
    (False, "GET", "/prices"),
    (False, "GET", "/products"),
    (False, "GET", "/receipts"),
    (False, "POST", "/receipts"),
)
"""Whether it is one of Shopify's, its method, and where it goes."""

WITHIN_BOUNDS = tuple(timedelta(minutes=each) for each in (-110, -61, -20, -3, 3, 20, 61, 110))
BEYOND_BOUNDS = (
    timedelta(hours=3),
    timedelta(hours=-3),
    timedelta(days=30),
    timedelta(days=-30),
    timedelta(days=2900000),
)


@dataclass
class WrongDates:
    """So many answers of a server, after others that were right, are dated so much too late."""

    server: SandboxServer
    ahead: timedelta
    skip: int
    answers: int


class Troubles:
    """Takes permissions away for some runs, and has servers date answers wrongly: one, or all for a while."""

    def __init__(
        self, world: World, chance: Random, note: Callable[[str], None], *, forbidden: float, wrong_dates: float
    ) -> None:
        self._world = world
        self._random = chance
        self._note = note
        self._often = forbidden, wrong_dates
        self._forbidden: tuple[SandboxServer, Fault] | None = None
        self._runs_left = 0
        self._dates: WrongDates | None = None

    def begin_run(self) -> None:
        """Let what befalls a run begin, or go on, or be over."""
        forbidden, wrong_dates = self._often
        if self._runs_left == 0:
            self._forbidden = None
            if self._random.random() < forbidden:
                self._take_away()
        if self._forbidden:
            self._runs_left -= 1
            self._forbidden[0].faults.append(self._forbidden[1])
        if self._dates and self._random.random() < 0.5:
            self._dates = None
        if self._random.random() < wrong_dates:
            self._misdate()

    def date(self, server: SandboxServer) -> None:
        """Date the answer that a server is about to give."""
        server.ahead = timedelta(0)
        if self._dates and self._dates.server is server:
            self._dates.skip -= 1
            if self._dates.skip < 0 < self._dates.answers:
                self._dates.answers -= 1
                server.ahead = self._dates.ahead

    def end(self) -> None:
        """Put everything right."""
        self._forbidden, self._runs_left, self._dates = None, 0, None
        for server in self._servers:
            server.ahead = timedelta(0)

    @property
    def _servers(self) -> tuple[SandboxServer, SandboxServer]:
        return self._world.korona_server, self._world.shopify_server

    def _take_away(self) -> None:
        shopifys, method, path = self._random.choice(CALLS)
        body: Any = NOT_MERCHANTS_WILL if shopifys else NOT_ALLOWED
        self._forbidden = self._servers[shopifys], Fault("status", method, path, times=10**6, status=403, body=body)
        self._runs_left = self._random.randint(1, 6)
        self._note(f"{method} {path} is forbidden for {self._runs_left} runs")

    def _misdate(self) -> None:
        server = self._random.choice(self._servers)
        ahead = self._random.choice(WITHIN_BOUNDS + BEYOND_BOUNDS)
        skip, answers = self._random.choice(((0, 10**6), (0, 10**6), (self._random.randint(0, 12), 1)))
        self._dates = WrongDates(server, ahead, skip, answers)
        side = "Shopify" if server is self._servers[1] else "KORONA"
        self._note(f"{side} dates {'its answers' if answers > 1 else f'answer {skip}'} {ahead} too late")
