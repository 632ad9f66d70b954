"""What must not be lost, in state.json: the order cursor, bookings with their intents, held items, images sent.

Nothing here says anything about a customer.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from korsync.sales import Receipt

SCHEMA = 1


class BookingStatus(StrEnum):
    """How far a receipt has come.

    An intent stays until KORONA has said or shown what became of it; only `booked` counts as booked.
    """

    INTENT = "intent"
    QUEUED = "queued"
    BOOKED = "booked"
    REFUSED = "refused"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Pieces:
    """So many pieces of an order line; positive for sales and returns alike."""

    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Booking:
    """The state of one receipt; `receipt` is exactly what is posted and is kept until it is booked.

    `sent_at` and `confirmed_at` are KORONA's own time.
    """

    key: str
    status: BookingStatus
    pieces: tuple[Pieces, ...]
    receipt: Receipt | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    confirmed_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KnownLine:
    """An order line as korsync must remember it; `quantity` is what was sold, edits that add pieces included."""

    id: int
    sku: str
    variant_id: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Restock:
    """Pieces of an order line that were put back on the shelf; `here` where the location is ours or not said."""

    refund_id: int
    line_id: int
    quantity: int
    at: datetime
    here: bool


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """A Shopify order until it is finished and has been quiet for 30 days."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None
    test: bool
    fulfilled: bool
    before_start: bool
    lines: tuple[KnownLine, ...]
    restocks: tuple[Restock, ...] = ()
    sale: Booking | None = None
    returns: tuple[Booking, ...] = ()
    ignored: bool = False
    settled_refunds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An item that needs a person, and since when; named in every run until it is settled."""

    pipeline: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class SentImage:
    """The content that was last sent for an article, and which image of KORONA's it was."""

    product_id: int
    content_hash: str
    image_id: str
    image_revision: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, for `korsync status`: when (Shopify's or KORONA's time), what, how it ended."""

    at: datetime
    command: str
    exit_code: int
    written: int
    held: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state this is; a state of another shop, account or point of sale is refused."""

    shop: str
    account_id: str
    point_of_sale: str


@dataclass(frozen=True, slots=True)
class State:
    """The whole of state.json."""

    identity: Identity
    schema: int = SCHEMA
    order_cursor: datetime | None = None
    orders_full_at: datetime | None = None
    orders: dict[int, KnownOrder] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    ignored: dict[str, datetime] = field(default_factory=dict)
    images: dict[str, SentImage] = field(default_factory=dict)
    accepted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stopped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    adopted_at: datetime | None = None
    last_trouble: tuple[str, ...] = ()
    trouble_told_at: datetime | None = None
    runs: tuple[RunRecord, ...] = ()
