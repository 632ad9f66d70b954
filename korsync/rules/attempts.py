"""What becomes of a receipt whose booking was begun and that KORONA does not show: pure, never a blind repeat."""

from datetime import datetime, timedelta

from korsync.records.bookings import Booking, BookingStatus
from korsync.records.plan import Fate, Skip
from korsync.records.receipts import Receipt

QUEUE_PATIENCE = timedelta(hours=24)
"""How long a queued receipt may stay unseen before a person must look at it."""

MOST_ATTEMPTS = 5
"""So often a receipt is sent without a clear answer before a person must look at it."""


def begun_before(name: str, booking: Booking | None, korona_now: datetime, settle: timedelta) -> Skip | Receipt | None:
    """Return why a receipt begun before is not sent now, or the same receipt to send again.

    None where it is to be made anew: nothing was begun, or it was refused. A repeat goes out only when all attempts
    before it are so old that they would show, so after its refusal nothing stands in KORONA. `name` is what a person
    calls the item.
    """
    if booking is None or booking.status is BookingStatus.REFUSED:
        return None
    if booking.status is BookingStatus.CONFLICT:
        return Skip(name, booking.reason, Fate.HELD)
    if booking.status is BookingStatus.QUEUED:
        return _queued(name, booking, korona_now)
    if not may_send_again(booking, korona_now, settle):
        return Skip(name, "sent, but its outcome is not known yet", Fate.WAITING)
    if is_given_up(booking):
        return Skip(name, _given_up_reason(name, booking), Fate.HELD)
    return booking.receipt


def may_send_again(booking: Booking, korona_now: datetime, settle: timedelta) -> bool:
    """Tell whether an intent that KORONA does not show is old enough to be sent again, the same bytes."""
    return booking.sent_at is not None and booking.sent_at + settle <= korona_now


def is_given_up(booking: Booking) -> bool:
    """Tell whether a receipt was sent so often without a clear answer that a person must look at it."""
    return booking.status is BookingStatus.INTENT and booking.attempts >= MOST_ATTEMPTS


def _queued(name: str, booking: Booking, korona_now: datetime) -> Skip:
    if booking.sent_at is not None and booking.sent_at + QUEUE_PATIENCE <= korona_now:
        return Skip(name, "KORONA queued it a day ago and still does not show it", Fate.HELD)
    return Skip(name, "KORONA queued it and does not show it yet", Fate.WAITING)


def _given_up_reason(name: str, booking: Booking) -> str:
    number = booking.receipt.number if booking.receipt else name
    item = name.removeprefix("#")
    if " " in item:
        item = f'"{item}"'
    return (
        f"sent {booking.attempts} times without a clear answer; look for receipt {number} in KORONA, then "
        f"`korsync retry {item}` or, where it is booked, `korsync ignore {item}`"
    )
