"""Writes a person's decision about a held item or a stopped plan into the state."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, time

from korsync.commands import state as disk
from korsync.commands.state import state_of, timezone_of
from korsync.config.settings import Settings
from korsync.errors import ConfigurationError
from korsync.memory.files import hold_lock
from korsync.memory.journal import append
from korsync.memory.state import save_state
from korsync.memory.told import load_told, save_told, without
from korsync.pipelines import PIPELINES
from korsync.records.memory import State
from korsync.rules import decisions
from korsync.rules.history import of_items

CAN_BE_ACCEPTED = tuple(each.name for each in PIPELINES if each.can_be_accepted)
DECIDED_ABOUT = frozenset(each.name for each in PIPELINES if each.is_decided_about)


def retry(settings: Settings, *items: str) -> None:
    """Let korsync try held or ignored orders and refunds again, all of them or, with ConfigurationError, none."""
    _decide(settings, "retry", lambda state: _each(decisions.retry, state, items))


def about(settings: Settings, *items: str) -> tuple[str, ...]:
    """Return what a person would settle with each item, in a line."""
    state = state_of(settings)
    return tuple(decisions.about(state, item, DECIDED_ABOUT) for item in items)


def ignore(settings: Settings, *items: str) -> None:
    """Settle orders, refunds and articles by hand, all of them or, with ConfigurationError, none."""
    _decide(settings, "ignore", lambda state: _each(decisions.ignore, state, items))


def ignore_before(settings: Settings, day: date, is_meant: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
    """Settle by hand all held orders placed before a day in the shop's time zone, and no other; return which.

    Nothing is changed where they are not what is meant. That is asked without the lock: a person takes their time.
    """
    midnight = datetime.combine(day, time.min, timezone_of(settings))
    meant = decisions.held_before(state_of(settings), midnight)
    if not meant or not is_meant(meant):
        return ()
    done: list[str] = []

    def decision(state: State) -> State:
        done.extend(each for each in decisions.held_before(state, midnight) if each in meant)
        return _each(decisions.ignore, state, done)

    _decide(settings, "ignore", decision)
    return tuple(done)


def accept(settings: Settings, pipeline: str, keys: Collection[str] = ()) -> None:
    """Let what was stopped of a pipeline through, or these items of it; raises ConfigurationError where none was."""
    if pipeline not in CAN_BE_ACCEPTED:
        names = ", ".join(CAN_BE_ACCEPTED)
        raise ConfigurationError(f"nothing is ever stopped of “{pipeline}”", f"name one of: {names}")
    _decide(settings, "accept", lambda state: decisions.accept(state, pipeline, keys))


def _each(decide: Callable[[State, str, frozenset[str]], State], state: State, items: Sequence[str]) -> State:
    for item in items:
        state = decide(state, item, DECIDED_ABOUT)
    return state


def _decide(settings: Settings, command: str, decision: Callable[[State], State]) -> None:
    with hold_lock(settings.state_path):
        before = state_of(settings)
        state = decision(before)
        save_state(settings.state_path, state)
        # No decision fails by the journal: the state alone says what was decided.
        append(settings.journal_path, of_items(command, disk.machine_now(), before, state))
        # What a person settled is no news to them; held again it is.
        settled = {f"held {key}" for key in before.held if key not in state.held}
        save_told(settings.told_path, without(load_told(settings.told_path), settled))
