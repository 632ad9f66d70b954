"""The cases: a shop of so many articles, what happens in it, and the command that is measured then."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench import moves
from tests.bench.shop import Cost, Network, Shop

SMALL, LARGE = (40, 2.0), (400, 20.0)
"""Shopify's buckets of a small and of a large plan."""

SLOW = Network(0.1, LARGE)

Step = tuple[Any, ...]
"""A move and its values."""


def run_twice(shop: Shop) -> None:
    """Take the first look and all that it finds, until nothing is left to do."""
    for words in (["init", "--yes"], ["run", "--quiet"], ["run", "--quiet"]):
        cost = shop.korsync(*words)
        if cost.exit_code not in (0, 1):
            raise SystemExit(f"{words}: exit code {cost.exit_code}\n{shop.output}")


def book_orders(shop: Shop, orders: int) -> None:
    run_after(shop, (moves.place_orders, orders))


def hold_orders(shop: Shop) -> None:
    """Have eleven orders held beside 50,000 receipts that KORONA has."""
    run_after(shop, (moves.add_old_receipts, 50_000), (moves.place_unknown_orders, 11))


def know_many_orders(shop: Shop, orders: int) -> None:
    """Make a state of so many booked orders: a hundred that were booked, again and again."""
    run_after(shop, (moves.place_orders, 100))
    # In the sandbox's process: what this one needs at its peak would count for the programs that it begins.
    shop.move(moves.multiply_orders, shop.state_path, orders)


def run_after(shop: Shop, *steps: Step) -> None:
    """Let something happen and korsync see to it."""
    for move, *values in steps:
        shop.move(move, *values)
    shop.korsync("run", "--quiet")
    shop.korsync("run", "--quiet")


@dataclass(frozen=True, slots=True)
class Case:
    """A run that is measured; `before` prepares the shop without being measured, `steps` happen just before it."""

    name: str
    articles: int
    steps: tuple[Step, ...] = ()
    words: tuple[str, ...] = ("run", "--quiet")
    network: Network = field(default_factory=Network)
    before: Callable[[Shop], None] | None = None

    def played(self) -> tuple[Cost, str]:
        """Play the case; return what the run cost and what it said where it did not end well."""
        with TemporaryDirectory(prefix="korsync-bench-") as folder, Shop(Path(folder), self.articles) as shop:
            run_twice(shop)
            if self.before:
                self.before(shop)
            for move, *values in self.steps:
                shop.move(move, *values)
            shop.move(moves.set_network, self.network.latency, self.network.bucket)
            cost = others(shop) if self.words == OTHERS else shop.korsync(*self.words)
            return cost, "" if cost.exit_code in (0, 1) else shop.output


OTHERS = ("others",)


def others(shop: Shop) -> Cost:
    """Write every level as other connectors do, with Shopify's own library."""
    levels = shop.move(moves.levels_for_others)
    return shop.cost_of([sys.executable, "-m", "tests.bench.others", shop.shopify_url, json.dumps(levels)])


def _paced() -> Iterator[Case]:
    for latency in (0.05, 0.1, 0.2, 0.5):
        for levels, bucket in ((120, SMALL), (1200, LARGE), (400, (40, 20.0))):
            name = f"pace-{levels}-{bucket[0]}-{bucket[1]:.0f}-{latency * 1000:.0f}"
            yield Case(name, levels, ((moves.count_levels, levels, 3),), network=Network(latency, bucket))


CASES: dict[str, Case] = {
    case.name: case
    for case in (
        *(Case(f"idle-{articles}", articles) for articles in (50, 1000, 10_000, 50_000)),
        Case("idle-orders-50000", 50_000, words=("orders", "--quiet")),
        Case("status", 1000, words=("status",)),
        *(Case(f"levels-{n}", 1000, ((moves.count_levels, n, 3),), network=SLOW) for n in (1, 100, 1000)),
        Case("levels-1000-of-50000", 50_000, ((moves.count_levels, 1000, 3),)),
        Case("others-levels-1000", 1000, words=OTHERS, network=SLOW),
        Case("prices-500", 1000, ((moves.change_prices, 500, "9.40"),), network=SLOW),
        Case("images-100", 1000, ((moves.give_images, 100),), network=SLOW),
        Case("images-3000", 3000, ((moves.give_images, 3000),)),
        Case("orders-1000", 1000, ((moves.place_orders, 1000),)),
        Case("refunds-500", 1000, ((moves.refund_orders, 500),), before=partial(book_orders, orders=500)),
        Case("held-11", 1000, before=hold_orders),
        Case(
            "orders-1000-on-20000", 1000, ((moves.place_orders, 1000),), before=partial(know_many_orders, orders=20_000)
        ),
        *(
            Case(f"state-{orders}", 1000, before=partial(know_many_orders, orders=orders))
            for orders in (1000, 10_000, 50_000)
        ),
        Case("status-50000", 1000, words=("status",), before=partial(know_many_orders, orders=50_000)),
        *_paced(),
    )
}


def table(names: Iterable[str]) -> Iterator[str]:
    """Play cases and yield the lines of their table."""
    yield (
        f"{'case':24} {'KORONA':>7} {'Shopify':>7} {'seconds':>8} {'× floor':>7} {'CPU s':>6} {'peak MB':>7} "
        f"{'429':>4} {'written MB':>10}"
    )
    for name in names:
        case = CASES[name]
        cost, trouble = case.played()
        floor = cost.floor(case.network)
        share = f"{cost.seconds / floor:7.2f}" if floor > 1 else f"{'':7}"
        yield (
            f"{name:24} {cost.korona:7} {cost.shopify:7} {cost.seconds:8.1f} {share} {cost.cpu:6.2f} "
            f"{cost.peak / 1e6:7.0f} {cost.slowed:4} {cost.written / 1e6:10.2f}"
        )
        if trouble:
            yield f"  exit code {cost.exit_code}: {trouble}"
