"""Hand-made schedules: a shop in which the world moves between two named requests, and books that know the truth."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from korsync import run
from korsync.pipelines import stock, warehouses
from korsync.records.bookings import Booking, KnownOrder
from korsync.records.plan import Ran
from korsync.rules import bookings, levels, settling, sold, takes
from korsync.rules import stock as rules_stock
from korsync.sandbox.exchange import Request
from korsync.sandbox.server import SandboxServer
from korsync.shopify.client import ShopifyClient
from tests.simulation.ledger import Ledger
from tests.support.shop import Shop, open_shop

LEVELS = "inventory_levels.json"
ORDERS = "orders.json"
ADJUST = "adjust.json"

PLACES: dict[str, object] = {
    **dict.fromkeys(("pending_pieces", "expected_level", "just_sold", "after_doubt", "perhaps_let_go"), rules_stock),
    "put_back_of_late": rules_stock,
    **dict.fromkeys(("unexplained_fall", "target_level", "why_not_raised", "doubt_now"), rules_stock),
    **dict.fromkeys(("is_back", "taken_by", "is_in_stock"), sold),
    **dict.fromkeys(("_parts", "DEEPEST_BUNDLE"), takes),
    **dict.fromkeys(("index_sold", "target_of", "match"), levels),
    "read_levels": stock,
    "_has_moved": warehouses,
    **dict.fromkeys(("plan", "intend", "push", "record"), stock.Stock),
    "sold_pieces": bookings,
    "is_settled": Booking,
    "_unchanged": settling,
    "is_begun": KnownOrder,
    "adjust": ShopifyClient,
    "PIPELINES": run,
}
"""Where the rules stand that a schedule takes out: what is moved is put right here and nowhere else."""

Replacement = tuple[str, Any]
"""A rule taken out: its name, and what stands there instead."""


class Schedule:
    """A shop that korsync knows well: 5 pieces of 1001 and of 1002 on both sides, first looks and doubts past."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.korona = shop.korona
        self.shopify = shop.shopify
        shop.stocked("1001", 5)
        shop.stocked("1002", 5)
        shop.init()
        shop.run_later()
        shop.later(1)
        self.ledger = Ledger(shop.world, ("1001", "1002"))

    def run(self, *pipelines: str, minutes: float = 20) -> Ran:
        """Run some time later, and look whether too much is offered."""
        ran = self.shop.run_later(*pipelines, minutes=minutes)
        self.ledger.check()
        return ran

    def run_at_once(self, *pipelines: str) -> Ran:
        return self.run(*pipelines, minutes=0.5)

    def offered(self, sku: str = "1001") -> int:
        return self.shopify.available(sku)

    def between(self, path: str, move: Callable[[], object]) -> None:
        """Let something happen once: two seconds after a request to such a path, before the next request."""
        passed = False

        def hook(request: Request) -> None:
            nonlocal passed
            if passed:
                for server in self._servers:
                    server.before_request = None
                self.shop.wait(2)
                move()
            passed = re.search(path, request.path) is not None

        for server in self._servers:
            server.before_request = hook

    @property
    def _servers(self) -> tuple[SandboxServer, SandboxServer]:
        return self.shop.world.korona_server, self.shop.world.shopify_server


def is_needed(
    schedule: Callable[[Schedule], None],
    folder: Path,
    replacements: tuple[Replacement, ...],
    **config: Any,
) -> None:
    """Show that a schedule passes with the rules and fails without; of several rules, only when all are out."""
    for number in range(2 ** len(replacements)):
        out = [each for place, each in enumerate(replacements) if number >> place & 1]
        here = folder / str(number)
        here.mkdir()
        with pytest.MonkeyPatch.context() as patch, open_shop(here, **config) as shop:
            prepared = Schedule(shop)
            for name, instead in out:
                patch.setattr(PLACES[name], name, instead)
            if len(out) < len(replacements):
                schedule(prepared)
            else:
                with pytest.raises(AssertionError):
                    schedule(prepared)
            crashes = shop.world.korona_server.crashes + shop.world.shopify_server.crashes
            assert crashes == []
