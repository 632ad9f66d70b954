"""What is known of an order and of its receipts, as plain frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from korsync.records.receipts import Receipt


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

    `sent_at` and `confirmed_at` are KORONA's own time; `order_number` is what the receipt is looked up by.
    """

    key: str
    status: BookingStatus
    pieces: tuple[Pieces, ...]
    receipt: Receipt | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    confirmed_at: datetime | None = None
    reason: str = ""
    order_number: str = ""


@dataclass(frozen=True, slots=True)
class KnownLine:
    """An order line as korsync must remember it; `quantity` is what was sold, edits that add pieces included."""

    id: int
    sku: str
    variant_id: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Restock:
    """Pieces of an order line that were put back on the shelf, when, and at which location where Shopify says so."""

    refund_id: int
    line_id: int
    quantity: int
    at: datetime
    location_id: int | None


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """A Shopify order until it is finished and has been quiet for 30 days.

    `booked_by_hand` are pieces that an edit added and a person has booked in KORONA. `listed` and `listed_refunds` tell
    what a person was told once: that the order or a refund is not booked, and why.
    """

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
    listed: bool = False
    listed_refunds: tuple[int, ...] = ()
    ignored_refunds: tuple[int, ...] = ()
    booked_by_hand: tuple[Pieces, ...] = ()
