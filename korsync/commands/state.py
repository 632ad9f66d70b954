"""What lies on disk for a configuration; needs neither side and no secret."""

from contextlib import suppress
from datetime import UTC, datetime, tzinfo

from korsync.config.settings import Settings
from korsync.errors import StateError
from korsync.memory.state import Encoded, load_state
from korsync.records.memory import Identity, State
from korsync.rules.standing import timezone_in


def state_of(settings: Settings, encoded: Encoded | None = None) -> State:
    """Return the state of the configured shop; raises StateError where it cannot be used."""
    return load_state(settings.state_path, identity_of(settings), encoded)


def identity_of(settings: Settings) -> Identity:
    """Return whose state this configuration works with."""
    return Identity(settings.shopify.shop, settings.korona.account_id, settings.korona.point_of_sale)


def machine_now() -> datetime:
    return datetime.now(UTC)


def timezone_of(settings: Settings) -> tzinfo:
    """Return the time zone of the configured shop, UTC where nothing is known of it; raises nothing."""
    with suppress(StateError):
        return timezone_in(state_of(settings))
    return UTC
