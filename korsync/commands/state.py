"""The state that belongs to a configuration; needs neither side and no secret."""

from korsync.config.settings import Settings
from korsync.memory.state import load_state
from korsync.records.memory import Identity, State


def state_of(settings: Settings) -> State:
    """Return the state of the configured shop; raises StateError where it cannot be used."""
    return load_state(settings.state_path, identity_of(settings))


def identity_of(settings: Settings) -> Identity:
    """Return whose state this configuration works with."""
    return Identity(settings.shopify.shop, settings.korona.account_id, settings.korona.point_of_sale)
