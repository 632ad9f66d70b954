"""All that is known of one article or one order, and what the next run makes of it: what `korsync explain` shows."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from korsync.errors import KorsyncError, most_serious
from korsync.records.journal import Chapter


class Turn(StrEnum):
    """What becomes of something: the next run writes it, it waits, a person sees to it, it is left by rule, or done."""

    NEXT_RUN = "next run"
    WAITING = "waits"
    HELD = "held"
    LEFT = "left"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of an item in a pipeline, in words."""

    turn: Turn
    pipeline: str
    text: str


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """What KORONA says of an article; `price` is that of the price list, `why_no_price` says why there is none."""

    number: str
    name: str
    standing: str
    tracked: bool | None
    price: Decimal | None
    price_since: datetime | None
    price_list: str
    why_no_price: str = ""


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """What Shopify says of a variant; `available` is None where it does not count or was not read."""

    title: str
    status: str
    price: Decimal
    tracked: bool
    available: int | None


@dataclass(frozen=True, slots=True)
class Sold:
    """Pieces that an order took, or with a minus brought back."""

    order: str
    pieces: Decimal


@dataclass(frozen=True, slots=True)
class LevelSum:
    """How a level comes about: KORONA's pieces less what is sold, missing, reserved and kept back.

    `sold` are the pieces of orders that KORONA's stock does not contain yet, `missing` those that left the shelf
    without an order so far, since `doubted_at`: until `until` they count as sold, and the level is not raised.
    """

    actual: Decimal
    sold: tuple[Sold, ...]
    missing: int
    reserved: int
    buffer: int
    wanted: int
    available: int
    doubted_at: datetime | None = None
    why_not_raised: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArticleExplained:
    """An article number: what both sides have under it, whether they are matched, and what becomes of it."""

    sku: str
    articles: tuple[ArticleFacts, ...]
    variants: tuple[VariantFacts, ...]
    match: str
    level: LevelSum | None
    steps: tuple[Step, ...]
    past: tuple[Chapter, ...] = ()


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A line of an order, and what KORONA knows it as; empty where it is no article."""

    pieces: int
    sku: str
    title: str
    article: str


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money in the shop's currency, and what KORONA calls the tax or payment method it is of."""

    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """A receipt as KORONA holds it, or as the next run books it: then it has no time yet."""

    what: str
    number: str
    at: datetime | None
    total: Decimal | None
    lines: tuple[str, ...]
    taxes: tuple[Amount, ...]
    payments: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class OrderExplained:
    """An order: what Shopify shows of it, what KORONA holds and will hold, and what becomes of it."""

    name: str
    placed_at: datetime
    standing: str
    total: Decimal | None
    currency: str
    gateways: tuple[str, ...]
    lines: tuple[LineFacts, ...]
    refunds: tuple[str, ...]
    receipts: tuple[ReceiptFacts, ...]
    to_come: tuple[ReceiptFacts, ...]
    steps: tuple[Step, ...]
    past: tuple[Chapter, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known under a word: an article, an order, both, or neither, and then `unknown` says what is near."""

    item: str
    articles: tuple[ArticleExplained, ...] = ()
    orders: tuple[OrderExplained, ...] = ()
    unknown: str = ""
    errors: tuple[KorsyncError, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or that of what kept korsync from reading."""
        return most_serious(error.exit_code for error in self.errors)
