"""Runs pipelines under the lock and saves what they leave behind."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from korsync.config.load import fingerprint
from korsync.config.settings import Settings
from korsync.korona import client as korona_client
from korsync.memory.cache import load_cache, save_cache
from korsync.memory.files import hold_lock
from korsync.memory.state import Encoded, load_state, save_state
from korsync.pipelines.base import Knowledge
from korsync.pipelines.sides import Sides
from korsync.records.memory import Cache, Identity, State
from korsync.records.plan import Result
from korsync.run import Run, Watcher, exit_code_of, fits, server_now
from korsync.shopify import client as shopify_client

TOLD_AGAIN_AFTER = timedelta(days=1)
"""With --quiet, held items that are still the same are named again after so long."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """How to wait and how to measure time on this machine; a simulated shop hands in its own."""

    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Ran:
    """What a sync command did: its results, the state after it, what it asked for, and what it has to remark.

    `remarks` are oddities that stopped nothing: a cache that could not be used. `warnings` are those that stay until
    a person does something: another API version that answered. `is_news`: held items and warnings are not the same as
    a while ago.
    """

    results: tuple[Result, ...]
    state: State
    requests: int
    writes: int
    is_news: bool
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return exit_code_of(self.results, self.state)

    @property
    def has_changes(self) -> bool:
        """Whether any pipeline planned a change."""
        return any(result.plan.changes for result in self.results)


def sync(
    settings: Settings,
    pipelines: Sequence[str],
    command: str,
    watcher: Watcher,
    *,
    dry: bool = False,
    full: bool = False,
    clocks: Clocks | None = None,
) -> Ran:
    """Run pipelines; a dry run reads the state without the lock, saves nothing and cannot write."""
    if dry:
        return _sync(settings, pipelines, command, watcher, dry=True, full=full, clocks=clocks or Clocks())
    with hold_lock(settings.state_path):
        return _sync(settings, pipelines, command, watcher, dry=False, full=full, clocks=clocks or Clocks())


def state_of(settings: Settings) -> State:
    """Return the state as it is on disk."""
    return load_state(settings.state_path, identity_of(settings))


def _sync(
    settings: Settings,
    pipelines: Sequence[str],
    command: str,
    watcher: Watcher,
    *,
    dry: bool,
    full: bool,
    clocks: Clocks,
) -> Ran:
    state = state_of(settings)
    mark = fingerprint(settings)
    cache, reason = load_cache(settings.cache_path, mark)
    if not fits(cache, state):
        cache, reason = Cache(), f"the cache {settings.cache_path} is newer than the state beside it, and is not used"
    remarks = [reason] if reason else []
    sides = sides_of(settings, read_only=dry, full=full, clocks=clocks)

    encoded: Encoded = {}

    def save(changed_state: State | None, changed_cache: Cache | None) -> None:
        if changed_state is not None:
            save_state(settings.state_path, changed_state, encoded)
        if changed_cache is not None:
            trouble = save_cache(settings.cache_path, changed_cache, mark)
            remarks.extend([trouble] if trouble else [])

    run = Run(sides, Knowledge(state, cache), save, watcher, dry=dry, monotonic=clocks.monotonic)
    results = run.through(pipelines, command)
    served, asked = sides.shopify.served_version, settings.shopify.api_version
    warnings = []
    if served not in (None, asked):
        warnings.append(f"Shopify answered with API version {served}, {asked} was asked for: see shopify.api_version")
    state = run.knowledge.state
    told, is_news = _told(state, server_now(sides), warns=bool(warnings))
    if told != state and not dry:
        save_state(settings.state_path, told)
    requests = [each.session for each in (sides.korona, sides.shopify)]
    return Ran(
        results,
        state,
        sum(each.requests for each in requests),
        sum(each.writes for each in requests),
        is_news,
        tuple(dict.fromkeys(remarks)),
        tuple(warnings),
    )


def _told(state: State, now: datetime | None, *, warns: bool) -> tuple[State, bool]:
    """Return the state after a run has told what is held, and whether that is news: another set, or a day has passed.

    A warning is news once a day.
    """
    held = tuple(sorted(state.held))
    due = now is None or state.told_at is None or now - state.told_at >= TOLD_AGAIN_AFTER
    is_news = due or held != state.told_held
    if now is not None and is_news and (held or warns):
        return replace(state, told_held=held, told_at=now), True
    # What is settled is forgotten: held again it is news.
    return replace(state, told_held=tuple(each for each in state.told_held if each in held)), is_news


def sides_of(settings: Settings, *, read_only: bool, full: bool, clocks: Clocks) -> Sides:
    korona = korona_client.connect(settings.korona, read_only=read_only, sleep=clocks.sleep, monotonic=clocks.monotonic)
    shopify = shopify_client.connect(
        settings.shopify, read_only=read_only, sleep=clocks.sleep, monotonic=clocks.monotonic
    )
    return Sides(korona, shopify, settings, full=full)


def identity_of(settings: Settings) -> Identity:
    """Return whose state this configuration works with."""
    return Identity(settings.shopify.shop, settings.korona.account_id, settings.korona.point_of_sale)
