"""`korsync status`: how korsync stands by its own files; asks neither side and needs no secret."""

from datetime import timedelta

from korsync.commands import state as disk
from korsync.config.settings import Settings
from korsync.memory.files import holder_of
from korsync.records.standing import Status
from korsync.rules.standing import PIPELINES, status_code, timezone_in


def status(settings: Settings, max_age: timedelta | None = None) -> Status:
    """Return how korsync stands; with `max_age` it is too old where a pipeline has not succeeded for longer."""
    state, now, shop = disk.state_of(settings), disk.machine_now(), settings.shopify.shop
    code, running = status_code(state, now, max_age), holder_of(settings.state_path)
    return Status(state, shop, PIPELINES, now, timezone_in(state), running, code)
