"""Runs pipelines under the lock and saves what they leave behind."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from korsync.commands import state as disk
from korsync.commands.state import state_of
from korsync.config.load import fingerprint
from korsync.config.settings import Settings
from korsync.errors import BUG, ConfigurationError, KorsyncError, most_serious
from korsync.korona import client as korona_client
from korsync.memory.cache import load_cache, save_cache
from korsync.memory.files import hold_lock
from korsync.memory.journal import append
from korsync.memory.state import Encoded, save_state
from korsync.pipelines import PIPELINES
from korsync.pipelines.base import Reading, Sides
from korsync.records.journal import Entry
from korsync.records.memory import Cache, Memory, State
from korsync.records.plan import Ran, Skip
from korsync.rules.decisions import with_told
from korsync.rules.history import resting
from korsync.rules.narrowing import EVERYTHING, Only, not_named, unknown
from korsync.run import LONGEST_READING, Run, Watcher, exit_code_of, fits
from korsync.shopify import client as shopify_client

CHANGES_TO_MAKE = 10


@dataclass(frozen=True, slots=True)
class Clocks:
    """How to wait, how to measure time, and what time it is on this machine; a simulated shop hands in its own."""

    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = field(default_factory=lambda: disk.machine_now)


class Teller(Watcher, Protocol):
    """Whoever tells a person what a run does."""

    def ended(self, ran: Ran) -> None:
        """Tell the whole of a run; what is told once counts as told when this returns."""


def sync(
    settings: Settings,
    teller: Teller,
    *,
    command: str = "run",
    pipelines: Sequence[str] | None = None,
    dry: bool = False,
    full: bool = False,
    only: Only = EVERYTHING,
    changes_count: bool = False,
    wait: float = 0,
    patient: bool = False,
    clocks: Clocks | None = None,
) -> Ran:
    """Run pipelines, all where none is named; a dry run takes no lock, saves nothing and cannot write.

    Only what `only` names is written. For the lock it waits up to `wait` seconds. With `changes_count` a dry run
    that has changes to make says so in its exit code. Where it is `patient` it leaves a side alone for an hour that
    has refused the login several times in a row.
    """
    clocks = clocks or Clocks()
    sides = connect(settings, read_only=dry, full=full, clocks=clocks)
    wanted = pipelines or [each.name for each in PIPELINES]
    remarks: list[str] = []
    if dry:
        run = opened(sides, teller, remarks, clocks, dry=True, only=only)
        run.through(wanted)
        ran = _ran(sides, run, remarks)
        if changes_count and ran.has_changes and ran.exit_code in (0, 1):
            ran = replace(ran, exit_code=CHANGES_TO_MAKE)
        teller.ended(ran)
        return ran
    with hold_lock(settings.state_path, wait):
        run = opened(sides, teller, remarks, clocks, dry=False, only=only)
        with recorded(run, command, wanted):
            if patient and (rest := resting(run.memory.state, run.mark, clocks.now())):
                raise rest
            run.through(wanted)
            ran = _ran(sides, run, remarks)
            teller.ended(ran)
            run.end(command, wanted, ran.exit_code, lambda state: with_told(state, _skips(ran)))
        return replace(ran, state=run.memory.state)


@contextmanager
def recorded(run: Run, command: str, wanted: Sequence[str] = ()) -> Iterator[None]:
    """Have a run remembered that breaks off inside the block, by whatever; what broke it off goes on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, Exception) as ended:
        # Where nothing can be saved any more, it is what broke the run off that has to be told.
        with suppress(Exception):
            run.end(command, wanted, _code_of(ended), lambda state: state, _reason(ended))
        raise


def connect(settings: Settings, *, read_only: bool, full: bool, clocks: Clocks) -> Sides:
    """Return both sides; nothing is sent yet, and nothing any more after as long as a run may read."""
    # On a loopback address a sandbox answers, and what time it is there its user decides.
    judges = clocks.now is not disk.machine_now or settings.shopify.base_url is None
    how: Any = {"read_only": read_only, "sleep": clocks.sleep, "monotonic": clocks.monotonic}
    how |= {"machine_now": clocks.now if judges else None}
    korona = korona_client.connect(settings.korona, settings.network, **how)
    shopify = shopify_client.connect(settings.shopify, settings.network, **how)
    sides = Sides(korona, shopify, settings, full=full)
    sides.ask_for(LONGEST_READING)
    return sides


def _code_of(ended: BaseException) -> int:
    """Return the exit code that a run ends with that something broke off."""
    if isinstance(ended, KeyboardInterrupt):
        return 130
    if isinstance(ended, SystemExit) and isinstance(ended.code, int):
        return ended.code
    return ended.exit_code if isinstance(ended, KorsyncError) else BUG


def _reason(ended: BaseException) -> str:
    return ended.what if isinstance(ended, KorsyncError) else ""


def opened(
    sides: Sides, teller: Watcher, remarks: list[str], clocks: Clocks, *, dry: bool, only: Only = EVERYTHING
) -> Run:
    """Return a run with the memory as it lies on disk; oddities that stop nothing are added to the remarks."""
    settings = sides.settings
    encoded: Encoded = {}
    state = state_of(settings, encoded)
    mark = fingerprint(settings)
    cache, reason = load_cache(settings.cache_path, mark)
    if not fits(cache, state):
        cache, reason = Cache(), f"the cache {settings.cache_path} is newer than the state beside it, and is not used"
    remarks.extend([reason] if reason else [])
    for session in (sides.korona.session, sides.shopify.session):
        session.on_rows = teller.read

    def save(changed_state: State | None, changed_cache: Cache | None) -> None:
        if changed_state is not None:
            save_state(settings.state_path, changed_state, encoded)
        if changed_cache is not None:
            trouble = save_cache(settings.cache_path, changed_cache, mark)
            remarks.extend([trouble] if trouble else [])

    def note(entries: Iterable[Entry]) -> None:
        trouble = append(settings.journal_path, entries)
        remarks.extend([trouble] if trouble else [])

    reading = Reading(Memory(state, cache))
    return Run(sides, reading, save, note, teller, clocks.now, mark, dry=dry, only=only, monotonic=clocks.monotonic)


def _ran(sides: Sides, run: Run, remarks: Sequence[str]) -> Ran:
    results = tuple(run.results)
    unmoved = not_named((result.plan for result in results), run.only)
    slips = _slips(run)
    remarks = [*remarks, *(slips.get(each, f"nothing is to be written of {each}") for each in unmoved)]
    is_slip = bool(slips) and {*run.only.skus, *run.only.orders} <= slips.keys() & {*unmoved}
    state = run.memory.state
    served, asked = sides.shopify.served_version, sides.settings.shopify.api_version
    warnings: tuple[str, ...] = ()
    if served not in (None, asked):
        warnings = (f"Shopify answered with API version {served}, {asked} was asked for: see shopify.api_version",)
    warnings += tuple(sides.warnings)
    return Ran(
        results=results,
        state=state,
        exit_code=most_serious([exit_code_of(results, state), ConfigurationError.exit_code * is_slip]),
        requests=run.requests,
        writes=run.writes,
        at=run.machine_now(),
        remarks=tuple(dict.fromkeys(remarks)),
        warnings=warnings,
    )


def _slips(run: Run) -> dict[str, str]:
    """Return what a person named and nobody knows, with what to say of it, where all that knows was read."""
    slips = unknown(run.only, run.memory)
    found: dict[str, str] = {}
    if {"stock", "products"} & run.pulled.keys():
        found |= {each: f"no article is called {each} on either side" for each in slips.skus}
    if {"stock", "orders", "refunds"} & run.pulled.keys() and "orders" not in run.reading.trouble:
        found |= {each: f"no order that is open or of the last 30 days is called {each}" for each in slips.orders}
    return found


def _skips(ran: Ran) -> Iterator[Skip]:
    return (skip for result in ran.results for skip in result.plan.skips)
