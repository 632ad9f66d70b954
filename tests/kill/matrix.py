"""The cases of a world: each part of its story is played once undisturbed, then once for every way to die in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from korsync.commands import sync as sync_command
from korsync.commands.sync import Clocks, sync
from korsync.config.load import fingerprint
from korsync.records.plan import Fate, Ran
from korsync.sandbox.world import World
from tests.kill.death import Death, Killed, Step, When
from tests.kill.stories import STORIES, Variant, ledger, stock_up
from tests.support.in_process import without_sockets
from tests.support.shop import EVERYTHING, MONDAY, Shop, Watched
from tests.support.snapshot import Snapshot, restore, taken

AT_ONCE = timedelta(seconds=5)
"""How soon after its death korsync is started again; after that it runs every 20 minutes."""

MOST_RUNS = 12


@dataclass(frozen=True, slots=True)
class Case:
    """One way to die: in which part of the story, at which step, and how."""

    part: int
    at: int
    when: When
    step: Step

    def __str__(self) -> str:
        return f"part {self.part}, step {self.at} ({self.step.what}), {self.when}"


class Stage:
    """A world of one story and variant, and its undisturbed course."""

    def __init__(self, shop: Shop, story: str, variant: Variant, pipelines: Sequence[str]) -> None:
        self.shop = shop
        self.pipelines = pipelines
        stock_up(shop)
        shop.init()
        shop.later()
        variant.apply(shop)
        self._settings = shop.settings
        self.starts: list[Snapshot] = []
        self.steps: list[list[Step]] = []
        self.ledgers: list[dict[str, Any]] = []
        for part in STORIES[story]:
            part(shop)
            # Not in the same second as the run, where nobody can tell what came first.
            shop.later(1)
            self.starts.append(taken(self.shop))
            with Death().watching() as death:
                self._run_until_quiet()
            self.steps.append(death.steps)
            self.ledgers.append(ledger(shop))
            shop.later()

    def cases(self) -> Iterator[Case]:
        """Yield every way to die in this world.

        Whether it dies before a step that leaves no trace, during it or before the next leaves the same world behind.
        """
        for part, steps in enumerate(self.steps):
            for at, step in enumerate(steps):
                if not (step.leaves_no_trace and at and steps[at - 1].leaves_no_trace):
                    yield Case(part, at, When.BEFORE, step)
                if step.is_request and not step.leaves_no_trace:
                    yield Case(part, at, When.APPLIED, step)
                if step.is_booking:
                    yield Case(part, at, When.LATE, step)

    def play(self, case: Case) -> None:
        """Let korsync die, run it again until all is quiet, and compare the books with the undisturbed ones.

        It runs again after five seconds, and 20 minutes after that; a request that outlived its process arrives
        between these two.
        """
        restore(self.shop, self.starts[case.part])
        with Death(case.at, case.when).watching() as death, suppress(Killed):
            self._run_until_quiet()
        if not death.dead:
            raise AssertionError(f"{case}: nobody died")
        self.shop.world.clock.advance(AT_ONCE)
        self._run()
        if death.on_its_way is not None:
            self.shop.korona.answer(death.on_its_way)
        self.shop.later()
        self._run_until_quiet()
        found = ledger(self.shop)
        if found != self.ledgers[case.part]:
            raise AssertionError(f"{case}: the books are {found}, not {self.ledgers[case.part]}")
        self.shop.later()
        if self._run().writes:
            raise AssertionError(f"{case}: one more run wrote {self.shop.watched.pushed}")

    def _run(self) -> Ran:
        self.shop.watched = Watched()
        now = self.shop.world.clock.now
        clocks = Clocks(self.shop.wait, lambda: now().timestamp(), now)
        return sync(self._settings, self.shop.watched, pipelines=self.pipelines, clocks=clocks)

    def _run_until_quiet(self) -> None:
        """Run every 20 minutes until a run has written nothing and left nothing waiting.

        For stock it takes two in a row: what was booked counts as sold until it is settled, which no run has to say.
        """
        quiet, enough = 0, 2 if "stock" in self.pipelines else 1
        for _ in range(MOST_RUNS):
            ran = self._run()
            waiting = any(self.shop.skips(each, Fate.WAITING) for each in self.pipelines)
            quiet = 0 if ran.exit_code or ran.writes or waiting else quiet + 1
            if quiet == enough:
                return
            self.shop.later()
        raise AssertionError(f"not quiet after {MOST_RUNS} runs")


@contextmanager
def staged(folder: Path, story: str, variant: Variant, pipelines: Sequence[str] = EVERYTHING) -> Iterator[Stage]:
    """Set up a world and play its story once undisturbed."""
    world = World()
    world.clock.set(MONDAY)
    with world, without_sockets(world.korona_server, world.shopify_server):
        shop = Shop(world, folder)
        mark = fingerprint(shop.settings)
        # Worked out once: it is slow on purpose, and a matrix runs korsync ten thousand times.
        with patch.object(sync_command, "fingerprint", lambda _settings: mark):
            yield Stage(shop, story, variant, pipelines)
