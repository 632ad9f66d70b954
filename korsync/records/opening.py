"""What the first look shows a person before a state is made: values, to be shown and to be answered."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from korsync.records.bookings import KnownOrder
from korsync.records.memory import Memory
from korsync.records.readiness import Check


class Answer(StrEnum):
    """What a person says to the orders that the first look found."""

    RESERVE = "reserve"
    IGNORE = "ignore"


class Oddity(StrEnum):
    """Why an article or a variant is not kept in step, or only in part."""

    NO_ARTICLE = "in Shopify, but not in KORONA"
    NO_VARIANT = "in KORONA with a price in the list, but not in Shopify"
    NO_SKU = "in Shopify without a SKU"
    NO_PRICE = "on both sides, without a price in the list"
    NOT_CLEAR = "stands twice, or cannot be read"


@dataclass(frozen=True, slots=True)
class OddItem:
    """An article or a variant that a person may have to look at; number and name as that side has them."""

    oddity: Oddity
    number: str
    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """How both sides' catalogues fit: SKUs in Shopify, articles that match one, those with a price; and the rest.

    `skus` and `numbers` are a few of each side, for a person to see how they differ.
    """

    price_list: str
    in_shop: int
    matched: int
    priced: int
    odd: tuple[OddItem, ...]
    skus: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def count(self, oddity: Oddity) -> int:
        return sum(each.oddity is oddity for each in self.odd)


@dataclass(frozen=True, slots=True)
class ToBook:
    """The orders that the first run is going to book: how many, from which day to which, and what they come to."""

    count: int
    first: date
    last: date
    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class OpenBefore:
    """Open orders from before the start: the pieces that stay reserved for them, and what that takes off sale."""

    orders: tuple[KnownOrder, ...]
    pieces: int
    articles: int
    off_sale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What `init` found: the memory to begin with, and what a person has to see before it is made.

    `booked`, `missing` and `conflicts` are order names, of a state that is rebuilt. `last_receipt_number` is what the
    point of sale had before it was coupled; KORONA does not tell it later.
    """

    memory: Memory
    start_from: date
    checks: tuple[Check, ...]
    match: MatchCounts
    to_book: ToBook | None
    open_before: OpenBefore | None
    adopted: bool = False
    booked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    last_receipt_number: str | None = None

    @property
    def asks(self) -> bool:
        """Whether a person has to answer before anything is made."""
        return self.to_book is not None or self.open_before is not None
