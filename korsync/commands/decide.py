"""Writes a person's decision about a held item or a stopped plan into the state."""

from collections.abc import Callable
from dataclasses import replace

from korsync.commands.sync import state_of
from korsync.config.settings import Settings
from korsync.memory.files import hold_lock
from korsync.memory.state import save_state
from korsync.records.memory import State


def decide(settings: Settings, decision: Callable[[State, str], State], item: str) -> None:
    """Write a person's decision into the state."""
    with hold_lock(settings.state_path):
        state = decision(state_of(settings), item)
        # What the decision settled is news where it is held again.
        told = tuple(each for each in state.told_held if each in state.held)
        save_state(settings.state_path, replace(state, told_held=told))
