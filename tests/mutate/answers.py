"""A busy shop in which one side answers something that it never says, and whole runs that have to cope with it."""

import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from korsync.commands import sync as sync_command
from korsync.config.load import fingerprint
from korsync.errors import SEVERITY, KorsyncError
from korsync.records.plan import Ran
from korsync.records.telling import How
from korsync.report.watching import Audience, Reporter
from korsync.sandbox.exchange import Fault, Recorded, Reply, Request
from korsync.sandbox.server import SandboxServer
from tests.mutate.bodies import LIES, MISHAPS
from tests.support.canaries import assert_silent
from tests.support.counter import PNG
from tests.support.in_process import without_sockets
from tests.support.shop import Shop, open_shop
from tests.support.snapshot import Snapshot, restore, taken

NUMBERS = ("1001", "1002", "1003", "1004", "1005")

ENDS = {0, *SEVERITY} - {6, 70}
"""What a run may end with, whatever a side answers."""

RUNS = 4
"""So many runs after the one that met the mishap all is as if there had been none."""


@dataclass
class Meddler:
    """Changes what a server answers to some requests."""

    name: str
    method: str
    path: str
    times: int
    seed: int
    met: int = 0

    def meddle(self, request: Request, reply: Reply) -> Reply:
        if reply.answer is None or (request.method, request.path) != (self.method, self.path) or self.met >= self.times:
            return reply
        self.met += 1
        # The same each time it is asked again: a server that is wrong stays so.
        return Reply(MISHAPS[self.name](reply.answer, Random(self.seed)), reply.ending)


@dataclass
class Stage:
    """A busy shop, what an undisturbed run asks and writes there, and what comes of it."""

    shop: Shop
    start: Snapshot
    asked: list[tuple[str, str, str]]
    writes: dict[str, Any]
    first: dict[str, Any]
    ledger: dict[str, Any]
    met: Counter[str] = field(default_factory=Counter)


@contextmanager
def busy_shop(folder: Path) -> Iterator[Stage]:
    """A shop with work of every kind to do: to book, to return, to look up, to raise and lower, to name and price."""
    with open_shop(folder) as shop, without_sockets(shop.world.korona_server, shop.world.shopify_server):
        settings, mark = shop.settings, fingerprint(shop.settings)
        with (
            patch.object(sync_command, "fingerprint", lambda _settings: mark),
            patch.object(Shop, "settings", settings),
            patch.object(os, "fsync", lambda _descriptor: None),
        ):
            _fill(shop)
            start = taken(shop)
            shop.run()
            first = ledger(shop)
            servers = {"korona": shop.world.korona_server, "shopify": shop.world.shopify_server}
            asked = [(name, each.method, each.path) for name, server in servers.items() for each in server.requests]
            writes = dict(_writes(shop))
            for _ in range(RUNS):
                shop.run_later()
            assert shop.state.runs[-1].exit_code == 0
            yield Stage(shop, start, list(dict.fromkeys(asked)), writes, first, ledger(shop))


def _fill(shop: Shop) -> None:
    for number in NUMBERS:
        shop.stocked(number, 20)
    shop.init()
    shop.later()
    sold = shop.shopify.place_order([("1001", 2), ("1002", 1)])
    shop.run()
    shop.later()
    shop.run()
    shop.shopify.refund_order(sold, {"1001": 1})
    lost = shop.shopify.place_order([("1003", 1)])
    shop.world.korona_server.faults.append(Fault("lose_request", "POST", "/receipts$"))
    shop.run("orders")
    assert not any(each.order_number == lost.name.removeprefix("#") for each in shop.korona.receipts)
    shop.later()
    shop.shopify.place_order([("1002", 1), ("1004", 2)])
    shop.shopify.place_order([("1005", 1)], paid=False)
    shop.korona.rename("1002", "Anders")
    shop.shopify.set_price("1003", "8.00")
    shop.korona.replace_image("1004", PNG, new_id=True)
    shop.korona.deliver("1004", 5)
    shop.korona.sell_at_till("1005", 3)
    shop.later(1)


def _writes(shop: Shop) -> Iterator[tuple[str, Any]]:
    """Yield what was written since the ledgers of the servers began, each thing under a name of its own."""
    for server in (shop.world.korona_server, shop.world.shopify_server):
        for each in server.writes():
            yield from _named(each)


def _named(written: Recorded) -> Iterator[tuple[str, Any]]:
    body = json.loads(written.body)
    if written.path.endswith("/receipts"):
        for receipt in body:
            yield f"receipt {receipt['externalReferences']['korsyncKey']}", receipt
    elif written.path.endswith("/adjust.json"):
        yield f"level {body['inventory_item_id']}", body["available_adjustment"]
    else:
        yield f"{written.method} {written.path}", body


def ledger(shop: Shop) -> dict[str, Any]:
    """Return what both sides hold in the end."""
    variants = {number: shop.shopify.product_by_sku(number) for number in NUMBERS}
    return {
        "receipts": sorted((each.key or "", each.gross) for each in shop.korona.receipts),
        "korona": {number: shop.korona.stock_of(number) for number in NUMBERS},
        "shopify": {number: shop.shopify.available(number) for number in NUMBERS},
        "products": {
            number: (each.title, [one.price for one in each.variants], [one.tracked for one in each.variants])
            for number, each in variants.items()
        },
        "images": {number: len(each.images) for number, each in variants.items()},
    }


def play(stage: Stage, seed: int) -> bool:
    """Let a run meet a mishap that the seed chooses; tell whether it met one. Raises where it ends badly."""
    chance, shop = Random(seed), stage.shop
    side, method, path = chance.choice(stage.asked)
    meddler = Meddler(chance.choice(sorted(MISHAPS)), method, path, chance.choice([1, 99, 99]), seed)
    restore(shop, stage.start)
    if chance.random() < 0.3:
        shop.settings.cache_path.unlink()
    what = f"seed {seed}: {meddler.name} in {method} {path} ({meddler.times} times)"
    with _meddled(shop, side, meddler):
        ran = _run(shop, what, full=chance.random() < 0.3)
    if not meddler.met:
        return False
    stage.met[meddler.name] += meddler.met
    keys = [receipt.key for receipt in shop.korona.receipts]
    assert len(keys) == len(set(keys)), f"{what}: booked twice"
    if meddler.name in LIES:
        return True
    for name, body in _writes(shop):
        known = stage.writes.get(name)
        if name.startswith("level ") and body < 0:
            continue  # lowered for the sake of caution
        assert body == known, f"{what}: wrote {name}: {_apart(body, known)}"
    if ran is not None and ran.exit_code == 0 and ledger(shop) == stage.first:
        return True
    for _ in range(RUNS):
        shop.later()
        _run(shop, f"{what}, afterwards")
    found = ledger(shop)
    assert found == stage.ledger, f"{what}: {_difference(found, stage.ledger)}"
    return True


@contextmanager
def _meddled(shop: Shop, side: str, meddler: Meddler) -> Iterator[None]:
    server: SandboxServer = getattr(shop.world, f"{side}_server")
    respond = server.respond
    with patch.object(server, "respond", lambda request: meddler.meddle(request, respond(request))):
        yield


def _run(shop: Shop, what: str, *, full: bool = False) -> Ran | None:
    """Run, and tell as the command does; None where the run could not even begin. What is told is harmless."""
    told = io.StringIO()
    ran, exit_code = None, 0
    with redirect_stdout(told), redirect_stderr(told):
        audience = Audience(shop.folder / "told.json")
        reporter = Reporter("run", How(verbose=True), audience, shop.world.clock.now)
        try:
            ran = shop.run(full=full)
            exit_code = ran.exit_code
            for result in ran.results:
                reporter.planned(result.plan)
                reporter.finished(result)
            reporter.ended(ran)
        except KorsyncError as error:
            exit_code = reporter.failed(error)
        except Exception as error:
            raise AssertionError(what) from error
    assert exit_code in ENDS, what
    harmless(told.getvalue(), what)
    for path in shop.folder.glob("*.json*"):
        harmless(path.read_text(encoding="utf-8"), f"{what}: {path.name}")
    return ran


def harmless(told: str, what: str) -> None:
    """Raise where something is told that a terminal would act on, or that is secret."""
    acting = [each for each in told if each != "\n" and not each.isprintable()]
    assert not acting, f"{what}: told {acting[:3]}"
    assert_silent(told, what)


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (found[name], wanted[name]) for name in wanted if found[name] != wanted[name]}


def _apart(one: Any, other: Any, path: str = "") -> str:
    """Say where two bodies differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [*one, *(name for name in other if name not in one)]
        return "".join(_apart(one.get(name), other.get(name), f"{path}.{name}") for name in names)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return "".join(_apart(*pair, f"{path}[{at}]") for at, pair in enumerate(zip(one, other, strict=True)))
    return "" if one == other else f"{path}: {one}, not {other}; "
