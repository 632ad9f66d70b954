"""`korsync couple`: couples the point of sale, with a state and without one."""

from dataclasses import dataclass

from korsync.commands.sync import Clocks, connect
from korsync.config.settings import Settings
from korsync.memory.files import hold_lock
from korsync.pipelines.base import Sides
from korsync.pipelines.targets import bookable_point_of_sale


@dataclass(frozen=True, slots=True)
class Coupled:
    """A point of sale that is coupled, and its last receipt number from before: KORONA does not tell it later."""

    name: str
    last_receipt_number: str | None


def couple(settings: Settings) -> Coupled:
    """Check the point of sale and couple it, where it is not coupled with this id already.

    Raises Refused where it is not fit, or coupled with another program.
    """
    with hold_lock(settings.state_path):
        return couple_once(connect(settings, read_only=False, full=True, clocks=Clocks()))


def couple_once(sides: Sides) -> Coupled:
    """Couple the point of sale, under a lock that is held already."""
    point_of_sale = bookable_point_of_sale(sides.korona, sides.settings)
    sides.korona.couple(point_of_sale.id, sides.settings.korona.coupling_id)
    return Coupled(point_of_sale.name, point_of_sale.last_receipt_number)
