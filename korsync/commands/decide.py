"""Writes a person's decision about a held item or a stopped plan into the state."""

from collections.abc import Callable, Collection
from dataclasses import replace

from korsync.commands.sync import state_of
from korsync.config.settings import Settings
from korsync.memory.files import hold_lock
from korsync.memory.state import save_state
from korsync.pipelines import PIPELINES
from korsync.records.memory import State
from korsync.rules import decisions

CAN_BE_ACCEPTED = tuple(each.name for each in PIPELINES if each.can_be_accepted)
DECIDED_ABOUT = frozenset(each.name for each in PIPELINES if each.is_decided_about)


def retry(settings: Settings, item: str) -> None:
    """Let korsync try a held or ignored order or refund again; raises ConfigurationError where that cannot be."""
    _decide(settings, lambda state: decisions.retry(state, item, DECIDED_ABOUT))


def ignore(settings: Settings, item: str) -> None:
    """Settle an order, a refund or an article by hand; raises ConfigurationError where that cannot be."""
    _decide(settings, lambda state: decisions.ignore(state, item, DECIDED_ABOUT))


def accept(settings: Settings, pipeline: str, keys: Collection[str] = ()) -> None:
    """Let through what a pipeline stopped, all or these items; raises ConfigurationError where nothing was stopped."""
    _decide(settings, lambda state: decisions.accept(state, pipeline, keys))


def _decide(settings: Settings, decision: Callable[[State], State]) -> None:
    with hold_lock(settings.state_path):
        state = decision(state_of(settings))
        # What the decision settled is news where it is held again.
        told = tuple(each for each in state.told_held if each in state.held)
        save_state(settings.state_path, replace(state, told_held=told))
