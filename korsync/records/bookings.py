"""What is known of an order and of its receipts, as frozen values that answer questions about themselves."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain

from korsync.records.amounts import Amounts
from korsync.records.receipts import Receipt
from korsync.records.stock_rows import StockMark

QUIET = timedelta(days=30)
"""A finished order is forgotten when nothing happened to it for so long; it can be read back from KORONA."""

MOST_ATTEMPTS = 5
"""So often a receipt is sent without a clear answer before a person must look at it."""

NOT_BOOKED = "not booked"
"""The mark of an order of which a person was told that it is not booked, and why."""


SHOWN = "shown"
"""The mark of an order of which `korsync init` said that it is going to be booked."""


def sale_key(order_id: int) -> str:
    return f"order/{order_id}"


def refund_key(refund_id: int) -> str:
    return f"refund/{refund_id}"


def edit_key(order_id: int, number: int) -> str:
    """Return the key of the receipt of what an order's edits added; the first one has the number 1."""
    return f"edit/{order_id}/{number}"


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
    """The state of one receipt; `receipt` is exactly what is posted and is kept until KORONA has shown it so.

    `sent_at` and `confirmed_at` are KORONA's own time; `order_number` is what the receipt is looked up by, `amounts`
    what it comes to, `stock_rows` what the stock rows of its articles were before it was posted.
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
    amounts: Amounts | None = None
    stock_rows: tuple[StockMark, ...] = ()

    @property
    def is_booked(self) -> bool:
        """Whether KORONA is known to hold the receipt."""
        return self.status is BookingStatus.BOOKED

    @property
    def is_read_back(self) -> bool:
        """Whether KORONA has shown the receipt as it was posted."""
        return self.is_booked and self.receipt is None

    @property
    def awaits_read_back(self) -> bool:
        """Whether KORONA says that the receipt is booked, but has not shown it yet."""
        return self.is_booked and self.receipt is not None

    @property
    def may_stand_in_korona(self) -> bool:
        """Whether KORONA may hold the receipt: from the intent on, unless its only attempt was refused.

        That a repeat is refused says nothing about the attempt before it, whose outcome was not known.
        """
        return self.status is not BookingStatus.REFUSED or self.attempts > 1

    @property
    def is_given_up(self) -> bool:
        """Whether the receipt was sent so often without a clear answer that a person must look at it."""
        return self.status is BookingStatus.INTENT and self.attempts >= MOST_ATTEMPTS

    @property
    def refund_id(self) -> int | None:
        """The refund that this is the receipt of; None for a sale."""
        kind, _, number = self.key.partition("/")
        return int(number) if kind == "refund" else None

    def is_settled(self, korona_now: datetime, settle: timedelta) -> bool:
        """Tell whether the receipt is booked so long ago that KORONA's stock surely contains it."""
        return self.is_booked and self.confirmed_at is not None and self.confirmed_at + settle <= korona_now

    def may_be_sent_again(self, korona_now: datetime, settle: timedelta) -> bool:
        """Tell whether an intent that KORONA does not show is old enough to be sent again, the same bytes."""
        return self.sent_at is not None and self.sent_at + settle <= korona_now


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

    `edits` are the receipts of pieces that edits added. `booked_by_hand` are such pieces that a person has booked in
    KORONA. `told` are marks of what a person was told once, `held_refunds` the returns that a person has to see to.
    `changed_to` is what the order comes to now, where that is not what was booked; `settled_amounts` is what a person
    has taken for settled. `was_open`: from before the start, it had still to be shipped when it was first seen;
    `gone_before` are the pieces of such an order that had left the shelf by then. `unread_refunds` are those of which
    nobody knows what they put back.
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
    edits: tuple[Booking, ...] = ()
    returns: tuple[Booking, ...] = ()
    ignored: bool = False
    told: tuple[str, ...] = ()
    ignored_refunds: tuple[int, ...] = ()
    held_refunds: tuple[int, ...] = ()
    booked_by_hand: tuple[Pieces, ...] = ()
    changed_to: Amounts | None = None
    settled_amounts: Amounts | None = None
    was_open: bool = False
    archived: bool = False
    gone_before: tuple[Pieces, ...] = ()
    unread_refunds: tuple[int, ...] = ()

    @property
    def bookings(self) -> Iterator[Booking]:
        """All receipts of the order that were begun, the sale first."""
        yield from self.sales
        yield from self.returns

    @property
    def sales(self) -> Iterator[Booking]:
        """The receipts of what was sold: the sale, and what edits added."""
        if self.sale is not None:
            yield self.sale
        yield from self.edits

    def booking(self, key: str) -> Booking | None:
        """Return the booking of a receipt, None where nothing was begun."""
        return next((each for each in self.bookings if each.key == key), None)

    def return_of(self, refund_id: int) -> Booking | None:
        """Return the booking of a refund, None where nothing was begun."""
        return self.booking(refund_key(refund_id))

    @property
    def is_booked(self) -> bool:
        """Whether KORONA is known to hold the receipt of the sale."""
        return self.sale is not None and self.sale.is_booked

    @property
    def is_begun(self) -> bool:
        """Whether a receipt of the sale may stand in KORONA or is about to."""
        return self.sale is not None and self.sale.may_stand_in_korona

    @property
    def is_due(self) -> bool:
        """Whether the sale has still to be booked; once an intent exists it is booked to the end."""
        if self.is_booked or self.ignored:
            return False
        return self.is_begun or not (self.test or self.before_start or self.cancelled_at is not None)

    @property
    def is_open_from_before(self) -> bool:
        """Whether an order from before the start has still to be shipped, or had when it was first seen."""
        is_over = self.fulfilled or self.archived or self.cancelled_at is not None
        return self.before_start and (self.was_open or not is_over)

    @property
    def takes_stock(self) -> bool:
        """Whether its pieces left the shelf without KORONA's knowing, as far as no receipt has told it."""
        return not self.test and (not self.before_start or self.is_open_from_before)

    @property
    def lost_pieces(self) -> dict[int, int]:
        """The pieces per line that left the shelf and of which no receipt will ever tell KORONA."""
        is_over = self.cancelled_at is not None or (self.before_start and (self.fulfilled or self.archived))
        if not is_over or not self.takes_stock or self.is_begun or self.ignored:
            return {}
        return self.pieces_out

    @property
    def pieces_out(self) -> dict[int, int]:
        """The pieces per line that were sold, have not come back, and are not among those gone before the start."""
        out = {line.id: line.quantity for line in self.lines}
        less: Iterator[Restock | Pieces] = chain(self.restocks, self.gone_before)
        for each in less:
            out[each.line_id] = out.get(each.line_id, 0) - each.quantity
        return {line_id: pieces for line_id, pieces in out.items() if pieces > 0}

    @property
    def awaits_read_back(self) -> bool:
        """Whether KORONA has still to show a receipt of the order that it says is booked."""
        return any(each.awaits_read_back for each in self.bookings)

    @property
    def may_have_been_forgotten(self) -> bool:
        """Whether an order that is cancelled when it comes up must be looked up: it may have been booked long ago."""
        is_new = self.sale is None and NOT_BOOKED not in self.told
        return is_new and self.cancelled_at is not None and not (self.test or self.before_start or self.ignored)

    @property
    def open_refunds(self) -> tuple[int, ...]:
        """The refunds that put goods back, or may have, and are not known to be booked, the oldest first.

        A return that was begun is one of them also where Shopify has changed its mind: KORONA may hold it.
        """
        if self.test or self.before_start:
            return ()
        begun = {each.refund_id for each in self.returns if each.may_stand_in_korona and each.refund_id is not None}
        settled = {*self.ignored_refunds, *(each.refund_id for each in self.returns if each.is_booked)}
        return tuple(sorted(({*self.unread_refunds, *(each.refund_id for each in self.restocks)} | begun) - settled))

    @property
    def added_pieces(self) -> dict[int, int]:
        """The pieces per line that edits added after the sale was booked, and that no receipt was begun for."""
        if not self.is_booked:
            return {}
        more = {line.id: line.quantity for line in self.lines}
        begun = (each.pieces for each in self.sales if each.status is not BookingStatus.REFUSED)
        for each in (*chain.from_iterable(begun), *self.booked_by_hand):
            more[each.line_id] = more.get(each.line_id, 0) - each.quantity
        return {line_id: pieces for line_id, pieces in more.items() if pieces > 0}

    @property
    def open_edit(self) -> Booking | None:
        """The receipt of added pieces that was begun and neither booked nor refused; there is one at a time.

        One that was refused is made anew, of what is added by then and under its own key.
        """
        over = (BookingStatus.BOOKED, BookingStatus.REFUSED)
        return next((each for each in self.edits if each.status not in over), None)

    @property
    def is_edited(self) -> bool:
        """Whether edits added pieces of which KORONA is not known to have a receipt."""
        return self.is_booked and not self.ignored and (bool(self.added_pieces) or self.open_edit is not None)

    @property
    def booked_amounts(self) -> Amounts | None:
        """What the booked receipts of what was sold come to; None where that is not known of one of them."""
        found = [each.amounts for each in self.sales if each.is_booked]
        total = Amounts(Decimal(0))
        for each in found:
            if each is None:
                return None
            total = total.plus(each)
        return total

    @property
    def has_other_money(self) -> bool:
        """Whether the order comes to something else than was booked, and not because pieces wait to be booked."""
        return self.changed_to not in (None, self.booked_amounts) and not self.is_edited

    def is_worth_remembering(self, now: datetime) -> bool:
        """Tell whether an order still matters: something is open or decided, or it was touched of late.

        What a person decided stands nowhere else: forgotten, an order settled by hand would be booked when it comes up.
        """
        if self.updated_at > now - QUIET or self.ignored or self.ignored_refunds or self.booked_by_hand:
            return True
        if self.is_edited or self.lost_pieces or self.may_have_been_forgotten:
            return True
        if self.awaits_read_back or self.has_other_money:
            return True
        if self.before_start:
            return not self.fulfilled and not self.archived and self.cancelled_at is None
        if self.is_booked and self.open_refunds:
            return True
        return self.is_due or any(not each.is_booked for each in self.returns)

    def with_booking(self, booking: Booking) -> "KnownOrder":
        """Return the order with a booking put in the place of the one with the same key.

        A sale that was begun takes all its pieces out of KORONA, wherever the start lies.
        """
        if booking.key == sale_key(self.id):
            order = replace(self, sale=booking)
            return replace(order, before_start=False, gone_before=()) if order.is_begun else order
        if booking.refund_id is None:
            return replace(self, edits=(*(each for each in self.edits if each.key != booking.key), booking))
        others = tuple(each for each in self.returns if each.key != booking.key)
        return replace(self, returns=(*others, booking))

    def without_booking(self, key: str) -> "KnownOrder":
        """Return the order as if nothing had been begun under a key."""
        if key == sale_key(self.id):
            return replace(self, sale=None)
        edits = tuple(each for each in self.edits if each.key != key)
        return replace(self, edits=edits, returns=tuple(each for each in self.returns if each.key != key))
