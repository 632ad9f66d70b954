"""What must not be lost, in state.json: the order cursor, bookings with their intents, held items, images sent.

Nothing here says anything about a customer.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from korsync.codec import decode, encode, from_json, to_json
from korsync.errors import StateError
from korsync.files import read_whole, write_whole
from korsync.sales import Receipt

SCHEMA = 1
RESTORE = "put a good copy in its place, or move it away and run `korsync init --adopt`"


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


@dataclass(frozen=True, slots=True)
class Held:
    """An item that needs a person, and since when; named in every run until it is settled.

    `item` is what a person calls it: an order and an article may have the same name.
    """

    pipeline: str
    item: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class SentImage:
    """The content that was last sent for an article, and which image of KORONA's it was.

    `sent_before` are the contents sent earlier, each as product id/content hash.
    """

    product_id: int
    content_hash: str
    image_id: str
    image_revision: int
    sent_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnsureImage:
    """An image that is being sent, or whose answer was lost; `since` is Shopify's time before it was sent."""

    image: SentImage
    since: datetime


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
    """The whole of state.json; images are by article id, held items by pipeline and item."""

    identity: Identity
    order_cursor: datetime
    schema: int = SCHEMA
    orders_full_at: datetime | None = None
    orders: dict[int, KnownOrder] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    images: dict[str, SentImage] = field(default_factory=dict)
    unsure_images: dict[str, UnsureImage] = field(default_factory=dict)
    accepted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stopped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    adopted_at: datetime | None = None
    told_held: tuple[str, ...] = ()
    told_at: datetime | None = None
    runs: tuple[RunRecord, ...] = ()


def held_key(pipeline: str, item: str) -> str:
    """Return the key under which an item is held: each pipeline has items of its own."""
    return f"{pipeline}/{item}"


def load_state(path: Path, identity: Identity) -> State:
    """Return the state of this shop, account and point of sale; the file is only read.

    Raises StateError where it is missing, is not exactly what `save_state` writes, or belongs to another identity.
    """
    try:
        data = read_whole(path).data
    except FileNotFoundError:
        raise StateError(
            f"the state file {path} is missing",
            "run `korsync init` if this shop is new to korsync, `korsync init --adopt` if its state was lost",
        ) from None
    except OSError as error:
        raise StateError(f"the state file {path} cannot be read: {error.strerror or error}", RESTORE) from error
    try:
        state = _read(path, data)
    except ValueError as error:
        raise StateError(f"the state file {path} cannot be used: {error}", RESTORE) from None
    for each in fields(Identity):
        theirs, ours = getattr(state.identity, each.name), getattr(identity, each.name)
        if theirs != ours:
            raise StateError(
                f"the state file {path} belongs to another {each.name.replace('_', ' ')}: {theirs}, not {ours}",
                "give this shop a state_file of its own, or put the configuration right",
            )
    return state


Encoded = dict[int, tuple[KnownOrder, bytes]]
"""Orders by id, each with its JSON."""


def save_state(path: Path, state: State, encoded: Encoded | None = None) -> None:
    """Replace the state file by this state; once this returns, not even a power cut loses it.

    `encoded` serves a run that saves again and again: only orders that have changed since the last time are encoded.
    Raises StateError where that cannot be done, ValueError for a state that `load_state` would refuse.
    """
    data = _to_bytes(state, {} if encoded is None else encoded)
    try:
        write_whole(path, data)
    except OSError as error:
        raise StateError(
            f"the state file {path} cannot be written: {error.strerror or error}",
            "see to it that korsync may write in this folder and that the disk is not full",
        ) from error


def _to_bytes(state: State, encoded: Encoded) -> bytes:
    orders: Encoded = {}
    for key, order in state.orders.items():
        known = encoded.get(key)
        if known is None or known[0] is not order:
            _check(key, order)
            known = order, to_json(encode(order, f"$.orders.{key}")).rstrip()
        orders[key] = known
    encoded.clear()
    encoded.update(orders)
    rest = to_json({"schema": SCHEMA, **encode(replace(state, orders={}))}).rstrip()
    listed = b",".join(b'"%d":%s' % (key, text) for key, (_, text) in orders.items())
    return rest.removesuffix(b"}") + b',"orders":{' + listed + b"}}\n"


def _read(path: Path, data: bytes) -> State:
    content = from_json(data)
    schema = content.get("schema") if isinstance(content, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise StateError(
            f"the state file {path} was written by a newer korsync: schema {schema}, this one knows {SCHEMA}",
            "run the korsync that wrote it, or a newer one",
        )
    if type(schema) is not int or schema != SCHEMA:
        raise ValueError(f"$.schema: must be {SCHEMA}")
    state = decode(State, content)
    for key, order in state.orders.items():
        _check(key, order)
    return state


def _check(key: int, order: KnownOrder) -> None:
    """Raise ValueError for what the types allow but no order can be: a wrong key, fewer than no pieces."""
    if key != order.id:
        raise ValueError(f"$.orders.{key}.id: must be {key}")
    bookings = (order.sale, *order.returns) if order.sale else order.returns
    counted: tuple[KnownLine | Restock | Pieces, ...] = (*order.lines, *order.restocks)
    counted += (*order.booked_by_hand, *(pieces for booking in bookings for pieces in booking.pieces))
    if any(each.quantity < 0 for each in counted) or any(booking.attempts < 0 for booking in bookings):
        raise ValueError(f"$.orders.{key}: a quantity or a number of attempts is below 0")
