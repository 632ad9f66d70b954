"""A small simulated shop with korsync set up for it: what the tests of pipelines and commands work with.

korsync runs in this process, over real HTTP against the sandbox's servers; waiting moves the servers' clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from korsync.commands.init import initialise
from korsync.commands.state import state_of
from korsync.commands.sync import Clocks, sync
from korsync.config.load import load
from korsync.config.settings import Settings
from korsync.pipelines import PIPELINES
from korsync.records.memory import Held, State
from korsync.records.opening import Answer, Opening
from korsync.records.plan import Change, Fate, Plan, Ran, Result, Skip, Written
from korsync.rules.matching import READABLE_VARIANTS
from korsync.rules.narrowing import EVERYTHING as EVERYTHING_IN_IT
from korsync.rules.narrowing import Only
from korsync.sandbox.korona.store import Article
from korsync.sandbox.server import Recorded
from korsync.sandbox.world import World
from tests.support.canaries import assert_kept

MONDAY = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
EVERYTHING = tuple(each.name for each in PIPELINES)


@dataclass
class Watched:
    """A watcher that keeps what it saw."""

    plans: dict[str, Plan[Any]] = field(default_factory=dict)
    pushed: list[Written[Any]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    told: list[Ran] = field(default_factory=list)

    def reading(self, _pipeline: str) -> None:
        """Nothing is kept of a beginning."""

    def read(self, _side: str, _name: str, _rows: int) -> None:
        """Nothing is kept of what arrives."""

    def planned(self, plan: Plan[Any]) -> None:
        self.plans[plan.pipeline] = plan

    def written(self, written: Written[Any]) -> None:
        self.pushed.append(written)

    def finished(self, result: Result) -> None:
        self.results.append(result)

    def ended(self, ran: Ran) -> None:
        self.told.append(ran)


class Silent:
    """Shows nobody what the first look finds, and has the answer ready."""

    def __init__(self, answer: Answer | None) -> None:
        self._answer = answer

    def read(self, _side: str, _name: str, _rows: int) -> None:
        """Nothing is kept of it."""

    def looked(self, _opening: Opening) -> None:
        """Nothing is kept of it."""

    def ask(self, _opening: Opening) -> Answer | None:
        return self._answer


class Shop:
    """Both sides, a configuration beside its state, and korsync."""

    def __init__(self, world: World, folder: Path, **config: Any) -> None:
        self.world = world
        self.korona = world.korona
        self.shopify = world.shopify
        self.folder = folder
        self.config_path = world.write_config(folder, **config)
        self.watched = Watched()

    @property
    def settings(self) -> Settings:
        return load(self.config_path, {})

    def configure(self, **config: Any) -> None:
        self.config_path = self.world.write_config(self.folder, **config)

    def stocked(
        self, number: str, pieces: int = 10, price: str = "8.90", name: str | None = None, **article: Any
    ) -> None:
        """Put one article on both sides, in step."""
        name = name or f"Ware {number}"
        self.korona.add_article(number, name, Decimal(price), stock=pieces, **article)
        self.shopify.add_product(name, [{"sku": number, "price": Decimal(price), "available": pieces}])

    def init(self, *, answer: Answer | None = Answer.RESERVE, couples: bool = False, adopts: bool = False) -> Opening:
        """Make the state; to the orders that it finds a person gives the answer.

        Where nothing matches yet an article is put on both sides first: korsync begins in no such shop.
        """
        if not self._matches():
            self.stocked("0000")
        clocks = Clocks(self.wait, self._monotonic, self.world.clock.now)
        return initialise(self.settings, Silent(answer), couples=couples, adopts=adopts, clocks=clocks)

    def _matches(self) -> bool:
        articles = self.korona.table(Article).values()
        numbers = {each.number for each in articles if each.active and not each.deactivated and each.price_ids}
        products = [each for each in self.shopify.store.products.values() if len(each.variants) < READABLE_VARIANTS]
        return any(each.sku in numbers for product in products for each in product.variants)

    def run(self, *pipelines: str, dry: bool = False, full: bool = False, only: Only = EVERYTHING_IN_IT) -> Ran:
        """Run korsync; without names all four pipelines."""
        self.watched = Watched()
        clocks = Clocks(self.wait, self._monotonic, self.world.clock.now)
        how: Any = {"pipelines": pipelines or None, "dry": dry, "full": full, "only": only, "clocks": clocks}
        how["command"] = pipelines[0] if len(pipelines) == 1 else "run"
        return sync(self.settings, self.watched, **how)

    def later(self, minutes: float = 20) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))

    def run_later(self, *pipelines: str, minutes: float = 20) -> Ran:
        """Let time pass, then run: the next run of cron."""
        self.later(minutes)
        return self.run(*pipelines)

    def wait(self, seconds: float) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))

    @property
    def state(self) -> State:
        return state_of(self.settings)

    def held(self, item: str) -> Held:
        """Return what is held under a name that no other pipeline holds."""
        (held,) = [each for each in self.state.held.values() if each.item == item]
        return held

    def changes(self, pipeline: str) -> tuple[Change[Any], ...]:
        """Return the changes that the last run planned."""
        plan = self.watched.plans.get(pipeline)
        return plan.changes if plan else ()

    def skips(self, pipeline: str, fate: Fate | None = None) -> list[Skip]:
        plan = self.watched.plans.get(pipeline)
        return [skip for skip in (plan.skips if plan else ()) if fate is None or skip.fate is fate]

    def reason(self, pipeline: str, key: str) -> str:
        """Return why the last run left an item alone; empty where it did not."""
        return next((skip.reason for skip in self.skips(pipeline) if skip.key == key), "")

    @contextmanager
    def requests(self) -> Iterator["Requests"]:
        """Count what is asked inside the block."""
        seen = Requests()
        korona, shopify = self.world.korona_server, self.world.shopify_server
        before = len(korona.requests), len(shopify.requests)
        yield seen
        seen.korona = korona.requests[before[0] :]
        seen.shopify = shopify.requests[before[1] :]

    def _monotonic(self) -> float:
        return self.world.clock.now().timestamp()


@dataclass
class Requests:
    """The requests of a while, as both servers saw them."""

    korona: list[Recorded] = field(default_factory=list)
    shopify: list[Recorded] = field(default_factory=list)

    @property
    def everything(self) -> list[Recorded]:
        return [*self.korona, *self.shopify]

    @property
    def writes(self) -> list[Recorded]:
        return [each for each in self.everything if each.method != "GET" and not each.path.endswith("/access_token")]

    def count(self, method: str, path_end: str) -> int:
        return sum(1 for each in self.everything if each.method == method and each.path.endswith(path_end))


@contextmanager
def open_shop(folder: Path, **config: Any) -> Iterator[Shop]:
    """Run an empty shop whose clock stands at Monday, ten o'clock in Berlin; the bucket is off.

    In the end nothing secret and nothing about a person may stand in what was sent or kept.
    """
    world = World()
    world.clock.set(MONDAY)
    world.shopify.bucket = None
    with world:
        yield Shop(world, folder, **config)
    assert_kept(world, folder)
