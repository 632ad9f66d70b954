"""Shop days with korsync in them: runs by the timetable, runs in a hurry, lost requests and answers, sudden death."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from korsync.commands import decide
from korsync.commands import sync as sync_command
from korsync.commands.check import check
from korsync.commands.init import initialise
from korsync.commands.state import state_of
from korsync.commands.sync import Clocks, sync
from korsync.config.load import fingerprint, load
from korsync.memory.cache import save_cache
from korsync.memory.state import save_state
from korsync.records.memory import State, held_key
from korsync.records.opening import Answer
from korsync.records.plan import Plan, Ran, Result, Written
from korsync.rules.notices import DRAFTS_REFUSED
from korsync.sandbox.exchange import Action, Fault, Request
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.world import World
from tests.simulation.ledger import Ledger, Oversold, Tally
from tests.simulation.life import Climate, Life
from tests.simulation.troubles import Troubles
from tests.support.in_process import without_sockets
from tests.support.shop import EVERYTHING, MONDAY, Silent, Watched

HOURS_OPEN = 10
BETWEEN_RUNS = timedelta(minutes=20)
QUIET_RUNS = 3
QUIET_RUNS_OF_A_QUEUE = 8
RUNS_OF_A_DOUBT = 3
"""A clock that is right again has jumped: the run that sees it believes no time, and what waits begins anew."""

PRICE = Decimal("9.90")
"""What the simulated store asks for an article of which nothing is said."""

SKUS = ("1001", "1002", "1003")
MISFORTUNES: tuple[Action, ...] = ("lose_request", "lose_answer", "reset", "truncate", "html", "status")
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0)


class Killed(BaseException):
    """The process is dead: nothing it still does reaches a server or the disk."""


class Days:
    """A shop with korsync on a timetable; everything random comes from the seed."""

    def __init__(self, world: World, folder: Path, seed: int, climate: Climate) -> None:
        self.random = Random(seed)
        self.world = world
        self.climate = climate
        buffer = self.random.choice((0, 0, 0, 1))
        self.ledger = Ledger(world, SKUS, buffer, climate.warehouses)
        self.life = Life(world, self.ledger, climate, self.random)
        world.shopify.bucket = None
        location: dict[str, Any] = {"location": "Laden Mitte", "warehouses": [*climate.warehouses], "buffer": buffer}
        path = world.write_config(folder, stock={"locations": [location]})
        self.settings = load(path, {})
        self.mark = fingerprint(self.settings)  # made once, because it is slow to make by design
        often = {"forbidden": climate.forbidden, "wrong_dates": climate.wrong_dates}
        self.troubles = Troubles(world, self.random, self.ledger.note, **often)
        self._dead = False
        self._failure: Oversold | None = None
        self._requests_to_live: int | None = None
        self._saves_to_live: int | None = None

    def set_up(self) -> None:
        """Put the articles on both sides and let korsync take its first look."""
        for sku in SKUS:
            pieces = self.random.randint(2, 6)
            self.world.korona.add_article(sku, f"Ware {sku}", PRICE, stock=pieces)
            self.world.shopify.add_product(f"Ware {sku}", [{"sku": sku, "available": self.ledger.wanted(pieces)}])
        initialise(self.settings, Silent(Answer.RESERVE), couples=False, adopts=False)
        for server in (self.world.korona_server, self.world.shopify_server):
            server.before_request = self._before_request
            server.after_request = partial(self._after_request, server)

    def spend(self, days: int) -> Tally:
        """Live through so many days; raise Oversold where an invariant breaks."""
        for _ in range(days):
            morning = self.world.clock.now()
            self._open_hours()
            self._quiet_hours()
            self.life.pass_time(max(self.world.clock.now(), morning + timedelta(days=1)))
        return self.ledger.tally

    def _open_hours(self) -> None:
        clock = self.world.clock
        self.life.open_shop()
        next_run = clock.now()
        for _ in range(HOURS_OPEN * 3):
            next_run += BETWEEN_RUNS
            self.life.pass_time(next_run)
            self.run()
            while self.random.random() < self.climate.hurried_runs:
                self.life.pass_time(clock.now() + timedelta(seconds=self.random.uniform(5, 120)))
                self.run(self.random.choice((EVERYTHING, EVERYTHING, ("orders",), ("stock",))))
        self.life.close_shop()

    def _quiet_hours(self) -> None:
        self.troubles.end()
        # A queued receipt is known to be booked only in the run after, its return in the one after that, and so on.
        runs = QUIET_RUNS_OF_A_QUEUE if self.climate.queues else QUIET_RUNS
        left = 1 + runs + (RUNS_OF_A_DOUBT if self.climate.wrong_dates else 0)
        writes = 0
        while left:
            reserving = self.life.reserving()
            self.life.pass_time(self.world.clock.now() + BETWEEN_RUNS)
            writes = self._writes()
            self.run(calm=True)
            self.ledger.check()
            # A reservation that runs out disturbs the quiet once more.
            left = left - 1 if self.life.reserving() == reserving else max(left - 1, 1 + QUIET_RUNS)
        self.ledger.check_agreement()
        if self._writes() != writes:
            self.ledger.fail("a run in a quiet world writes")
        if held := state_of(self.settings).held:
            self.ledger.fail(f"held: {held}")
        self._check_books()

    def _check_books(self) -> None:
        """Have korsync compare both sides itself: it must find as little as the ledger does.

        Answers that take up to a minute each may leave it no time for all its questions: then it is asked again. Where
        a reservation runs out meanwhile there is a difference.
        """
        now, reserving = self.world.clock.now, self.life.reserving()
        clocks = Clocks(self._sleep, lambda: now().timestamp(), now)
        compared = check(self.settings, Watched(), clocks=clocks)
        if compared.errors:
            compared = check(self.settings, Watched(), clocks=clocks)
        if (compared.differences or compared.errors) and self.life.reserving() == reserving:
            self.ledger.fail(f"korsync check: {compared.differences} {compared.errors}")

    def _writes(self) -> int:
        return sum(len(server.writes()) for server in (self.world.korona_server, self.world.shopify_server))

    # --- one run, and what befalls it ---

    def run(self, pipelines: Sequence[str] = EVERYTHING, *, calm: bool = False) -> None:
        """Let korsync run, from its files to its end or its death."""
        self.ledger.note(f"run {' '.join(pipelines)}")
        rough = not calm and self.random.random() < self.climate.rough_runs
        dies = not calm and self.random.random() < self.climate.deaths
        if rough:
            self._misfortunes()
        if not calm:
            self.troubles.begin_run()
        if dies and self.random.random() < 0.5:
            self._requests_to_live = self.random.randint(0, 15)
        elif dies:
            self._saves_to_live = self.random.randint(0, 8)
        if not calm and self.random.random() < self.climate.deaths / 4:
            self.settings.cache_path.unlink(missing_ok=True)
            self.ledger.note("the cache is lost")
            self.ledger.lost_sight()
        try:
            with (
                _at_every_save(self._before_save),
                patch.object(sync_command, "fingerprint", lambda _settings: self.mark),
            ):
                now = self.world.clock.now
                clocks = Clocks(self._sleep, lambda: now().timestamp(), now)
                state = sync(self.settings, self, pipelines=pipelines, clocks=clocks).state
        except Killed:
            state = state_of(self.settings)
            self.ledger.lost_sight()
        finally:
            self._dead = False
            self._requests_to_live = self._saves_to_live = None
            for server in (self.world.korona_server, self.world.shopify_server):
                server.faults.clear()
                if server.crashes:
                    raise server.crashes[0]
        if self._failure:
            raise self._failure
        self.ledger.note("end of the run")
        self._do_what_was_told(state)
        self.ledger.check()

    def _do_what_was_told(self, state: State) -> None:
        """Settle by hand what is held for that, as the shop's people do."""
        self.ledger.told = frozenset(each.item for each in state.held.values() if each.pipeline == "stock")
        for order in state.orders.values():
            if order.lost_pieces and held_key("orders", order.name) in state.held:
                self.life.settle_by_hand(order)
                decide.ignore(self.settings, order.name)

    def _misfortunes(self) -> None:
        for _ in range(self.random.randint(1, 3)):
            action = self.random.choice(MISFORTUNES)
            if self.random.random() < 0.5:
                fault = Fault(action, "POST", "adjust", skip=self.random.randint(0, 2), status=503)
                self.world.shopify_server.faults.append(fault)
            else:
                server = self.random.choice((self.world.korona_server, self.world.shopify_server))
                server.faults.append(Fault(action, skip=self.random.randint(0, 8), status=503))

    def _before_request(self, request: Request) -> None:
        self._in_the_server(lambda: self._go_on_before(request))

    def _after_request(self, server: SandboxServer, _request: Request, _answer: object) -> None:
        self.troubles.date(server)
        self._in_the_server(self._go_on_after)

    def _in_the_server(self, work: Callable[[], None]) -> None:
        """Keep a broken invariant for the end of the run: raised in a server's thread it would reach nobody."""
        try:
            work()
        except Oversold as found:
            self._failure = self._failure or found
            self._die()

    def _go_on_before(self, request: Request) -> None:
        if self._dead:
            return
        self.life.pass_time(self.world.clock.now() + timedelta(seconds=self.random.choice(PAUSES)))
        if request.method == "POST" and request.path.endswith("/receipts"):
            self.world.korona.booking_delay = self.climate.booking_delay * self.random.random()
            self.world.korona.queue_delay = self.climate.booking_delay * self.random.random()
            self.world.korona.queues = self.climate.queues and self.random.random() < 0.5
        self._maybe_move()
        self.ledger.asked(request.method, request.path)

    def _go_on_after(self) -> None:
        self.ledger.check()
        self._maybe_move()
        if self._requests_to_live is not None:
            self._requests_to_live -= 1
            if self._requests_to_live < 0:
                self._die()

    def _maybe_move(self) -> None:
        if self.life.is_open() and self.random.random() < 0.04:
            self.life.move()

    def _before_save(self) -> None:
        if self._saves_to_live is not None:
            self._saves_to_live -= 1
            if self._saves_to_live < 0:
                self._die()
        self._unless_dead()

    def _sleep(self, seconds: float) -> None:
        self._unless_dead()
        self.life.pass_time(self.world.clock.now() + timedelta(seconds=seconds))

    def _die(self) -> None:
        """Be dead from now on: no request is applied any more, the next save or pause ends the process."""
        self._dead = True
        self.ledger.note("korsync is killed")
        for server in (self.world.korona_server, self.world.shopify_server):
            server.faults.insert(0, Fault("lose_request", times=1000))

    def _unless_dead(self) -> None:
        if self._dead:
            raise Killed

    # --- korsync's watcher ---

    def reading(self, _pipeline: str) -> None:
        self._unless_dead()

    def read(self, _side: str, _name: str, _rows: int) -> None:
        """Nothing is kept of what arrives."""

    def planned(self, plan: Plan[Any]) -> None:
        self._unless_dead()
        if plan.stop is not None:
            self.ledger.fail(f"stopped: {plan.stop}")
        edits = [(change.key, edit.before, edit.after) for change in plan.changes for edit in change.edits()]
        self.ledger.note(f"plans {plan.pipeline} {edits}")
        told = {skip.once.mark for skip in plan.skips if skip.once}
        told |= set(plan.memory.state.told) if plan.memory else set()
        if plan.pipeline == "stock" and DRAFTS_REFUSED in told:
            self.ledger.drafts_are_unseen()

    def written(self, written: Written[Any]) -> None:
        self._unless_dead()
        self.ledger.note(f"{written.change.key} {written.outcome}")

    def finished(self, result: Result) -> None:
        self._unless_dead()
        self.ledger.finished(result)
        if any("clock" in error.what for error in result.errors):
            self.ledger.lost_sight()

    def ended(self, _ran: Ran) -> None:
        self._unless_dead()


@contextmanager
def _at_every_save(before: Callable[[], None]) -> Iterator[None]:
    """Call a function before anything is written to disk; a dead process writes nothing."""

    def state(*arguments: Any) -> None:
        before()
        save_state(*arguments)

    def cache(*arguments: Any) -> str | None:
        before()
        return save_cache(*arguments)

    with patch.object(sync_command, "save_state", state), patch.object(sync_command, "save_cache", cache):
        yield


def climate_of(seed: int, *, disturbed: bool) -> Climate:
    """Return what the days of this seed are like, from fine weather to all misfortunes at once."""
    chance = Random(seed)
    return Climate(
        disturbed=disturbed,
        moves_per_hour=chance.choice((10.0, 20.0, 40.0)),
        booking_delay=timedelta(minutes=chance.choice((0, 10, 10))),
        listing_delay=timedelta(minutes=chance.choice((0, 5, 5))),
        listed_late=chance.choice((0.05, 0.3)),
        rough_runs=chance.choice((0.0, 0.2, 0.5)),
        deaths=chance.choice((0.0, 0.1, 0.2)),
        hurried_runs=chance.choice((0.0, 0.3, 0.5)),
        queues=chance.choice((False, False, True)),
        forbidden=chance.choice((0.0, 0.0, 0.1)),
        wrong_dates=chance.choice((0.0, 0.0, 0.05, 0.15)),
        warehouses=chance.choice((("1",), ("1",), ("1", "2"))),
    )


DAYS_PER_WORLD = 2


def simulate_many(days: int, seed: int, folder: Path, *, disturbed: bool) -> Tally:
    """Live through many days, two in each world: seed after seed."""
    tally = Tally()
    for number in range(-(-days // DAYS_PER_WORLD)):
        here = folder / f"{'disturbed' if disturbed else 'undisturbed'} {seed + number}"
        here.mkdir()
        part = min(DAYS_PER_WORLD, days - number * DAYS_PER_WORLD)
        tally.add(simulate(part, seed + number, here, disturbed=disturbed))
    return tally


def simulate(days: int, seed: int, folder: Path, *, disturbed: bool) -> Tally:
    """Live through the days of one world; its first day is a Monday."""
    random.seed(seed)  # what korsync itself leaves to chance, the spreading of its retries
    world = World()
    world.clock.set(MONDAY)
    with world, without_sockets(world.korona_server, world.shopify_server):
        shop = Days(world, folder, seed, climate_of(seed, disturbed=disturbed))
        shop.set_up()
        return shop.spend(days)
