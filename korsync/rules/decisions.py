"""What a person decides about held items and stopped plans: pure functions from state to state."""

from dataclasses import replace

from korsync.errors import ConfigurationError
from korsync.records.bookings import Booking, BookingStatus, KnownOrder
from korsync.records.memory import State
from korsync.rules.attempts import is_given_up
from korsync.rules.bookings import (
    added_since_booking,
    names_apart,
    with_added_pieces_settled,
    with_booking,
    without_booking,
)
from korsync.rules.receipts import sale_key
from korsync.rules.returns import refund_key

DECIDED_ABOUT = frozenset({"orders", "refunds"})
"""The pipelines whose items a person decides about; the others try theirs again in every run."""

OPEN_TO_DECISION = frozenset({BookingStatus.QUEUED, BookingStatus.CONFLICT})
"""What is known of a receipt in these states a person may set aside; a refused one is tried again without that."""


def ignore(state: State, item: str) -> State:
    """Settle an order (`1042`) or a refund (`1042 refund 940000000001`) by hand: korsync leaves it alone from now on.

    Of an order that is booked only the pieces that edits have added are settled.

    Raises ConfigurationError where no such item is known, or where its receipt may just have been booked.
    """
    _must_be_meant(state, item)
    order, refund_id = _find(state, item)
    booking = _booking(order, refund_id)
    if booking is not None and booking.status is BookingStatus.INTENT and not is_given_up(booking):
        raise ConfigurationError(
            f"the receipt of {item} was sent, and what became of it is not known yet",
            "let korsync run first: it looks that up",
        )
    if refund_id is None and added_since_booking(order):
        # What a later edit adds is a matter of its own: only what was booked by hand is settled.
        changed = with_added_pieces_settled(order)
    elif refund_id is None:
        changed = replace(order, ignored=True)
    else:
        changed = replace(order, ignored_refunds=tuple(sorted({*order.ignored_refunds, refund_id})))
    return _settled(state, changed, item)


def retry(state: State, item: str) -> State:
    """Let korsync try an item again that was refused, queued too long, in conflict or ignored.

    Raises ConfigurationError where no such item is known, or where KORONA has queued its receipt less than a day ago.
    """
    _must_be_meant(state, item)
    order, refund_id = _find(state, item)
    if refund_id is None:
        changed = replace(order, ignored=False, booked_by_hand=())
    else:
        changed = replace(order, ignored_refunds=tuple(each for each in order.ignored_refunds if each != refund_id))
    booking = _booking(order, refund_id)
    if booking is not None and booking.status in OPEN_TO_DECISION:
        if booking.status is BookingStatus.QUEUED and not _held(state, item):
            raise ConfigurationError(
                f"KORONA has queued the receipt of {item}",
                "wait: it is held once a day has passed",
            )
        changed = without_booking(changed, booking.key) if refund_id is None else with_booking(changed, _anew(booking))
    if booking is not None and is_given_up(booking):
        # What was sent may still come to stand in KORONA: it is not forgotten, only tried so often again.
        changed = with_booking(changed, replace(booking, attempts=1))
    return _settled(state, changed, item)


def accept(state: State, pipeline: str) -> State:
    """Let the next plan of a stopped pipeline through, if its guarded changes are among those of the stopped one.

    Raises ConfigurationError where the pipeline's last plan was not stopped.
    """
    if pipeline not in state.stopped:
        raise ConfigurationError(f"the last plan of {pipeline} was not stopped", "there is nothing to accept")
    return replace(state, accepted=state.accepted | {pipeline: state.stopped[pipeline]})


def _anew(booking: Booking) -> Booking:
    """Return a return that is to be made anew although KORONA may hold it.

    As long as nobody has looked, its pieces must not be taken for goods of which KORONA has still to be told.
    """
    return replace(booking, status=BookingStatus.REFUSED, receipt=None, attempts=max(booking.attempts, 2), reason="")


def _find(state: State, item: str) -> tuple[KnownOrder, int | None]:
    name, _, refund = item.strip().partition(" refund ")
    wanted = name.removeprefix("#")
    names = names_apart(state.orders.values())
    found = [order for order in state.orders.values() if names[order.id].removeprefix("#") == wanted]
    refund_id = int(refund) if refund.isdecimal() else None
    if len(found) != 1 or (refund and refund_id not in _refunds(found[0])):
        raise ConfigurationError(f"korsync knows of no item “{item}”", "see `korsync status` for what is held")
    return found[0], refund_id


def _refunds(order: KnownOrder) -> set[int | None]:
    """Return the refunds of an order that can be decided about: those that put goods back, or were begun."""
    begun = {int(each.key.removeprefix("refund/")) for each in order.returns}
    return {*(each.refund_id for each in order.restocks), *begun, *order.ignored_refunds}


def _booking(order: KnownOrder, refund_id: int | None) -> Booking | None:
    key = sale_key(order.id) if refund_id is None else refund_key(refund_id)
    return next((each for each in (order.sale, *order.returns) if each is not None and each.key == key), None)


def _held(state: State, item: str) -> set[str]:
    """Return the keys under which an order or a refund is held; an article may have the same name."""
    wanted = item.strip().removeprefix("#")
    return {
        key
        for key, each in state.held.items()
        if each.pipeline in DECIDED_ABOUT and each.item.removeprefix("#") == wanted
    }


def _must_be_meant(state: State, item: str) -> None:
    """Refuse a word that names a held article while the order of that name is not held: nobody knows which is meant."""
    of_articles = [each for each in state.held.values() if each.pipeline not in DECIDED_ABOUT and each.item == item]
    if of_articles and not _held(state, item):
        raise ConfigurationError(
            f"{item} is held by {of_articles[0].pipeline}, which tries it again in every run by itself",
            f"type “#{item}” if you mean the order of that name",
        )


def _settled(state: State, order: KnownOrder, item: str) -> State:
    settled = _held(state, item)
    held = {key: value for key, value in state.held.items() if key not in settled}
    return replace(state, orders=state.orders | {order.id: order}, held=held)
