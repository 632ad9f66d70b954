"""What both sides say of one thing where they do not agree, and what becomes of that."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from korsync.errors import KorsyncError, most_serious


class Mending(StrEnum):
    """How a difference goes away: the next run writes it, a later one does, or a person has to see to it."""

    NEXT_RUN = "next run"
    WAITING = "waiting"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of which both sides say something else, None where a side has nothing; `reason` is why it stays so.

    `key` is what a person calls the item. Without a `field` korsync cannot say what both sides have, and `reason` tells
    all. `wanted` is what Shopify should have, where that is not what KORONA has.
    """

    pipeline: str
    key: str
    field: str
    korona: Any
    shopify: Any
    mending: Mending
    reason: str = ""
    wanted: Any = None


@dataclass(frozen=True, slots=True)
class Compared:
    """How many things were compared, where both sides differ, and what kept korsync from comparing more.

    Orders are those placed since `since`, receipts those that KORONA took from then on.
    """

    since: datetime
    articles: int
    levels: int
    orders: int
    receipts: int
    differences: tuple[Difference, ...] = ()
    errors: tuple[KorsyncError, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 where both sides agree, 1 where they do not, otherwise that of what kept korsync from comparing."""
        return most_serious([*(error.exit_code for error in self.errors), int(bool(self.differences))])

    def mended(self, mending: Mending) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.mending is mending)
