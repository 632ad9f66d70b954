"""What a person decides about held items and stopped plans: pure functions from state to state."""

from dataclasses import replace

from korsync.bookings import without_booking
from korsync.errors import ConfigurationError
from korsync.state import BookingStatus, KnownOrder, State

OPEN_TO_DECISION = frozenset({BookingStatus.QUEUED, BookingStatus.CONFLICT, BookingStatus.REFUSED})


def ignore(state: State, item: str) -> State:
    """Settle an order (`1042`) or a refund (`1042 refund 940000000001`) by hand: korsync leaves it alone from now on.

    Raises ConfigurationError where no such item is known.
    """
    order, refund_id = _find(state, item)
    if refund_id is None:
        changed = replace(order, ignored=True)
    else:
        changed = replace(order, ignored_refunds=tuple(sorted({*order.ignored_refunds, refund_id})))
    return _settled(state, changed, item)


def retry(state: State, item: str) -> State:
    """Let korsync try an item again that was refused, queued too long, in conflict or ignored.

    Raises ConfigurationError where no such item is known.
    """
    order, refund_id = _find(state, item)
    if refund_id is None:
        changed = replace(order, ignored=False)
        if order.sale is not None and order.sale.status in OPEN_TO_DECISION:
            changed = without_booking(changed, order.sale.key)
    else:
        changed = replace(order, ignored_refunds=tuple(each for each in order.ignored_refunds if each != refund_id))
        for booking in order.returns:
            if booking.key.endswith(f"/{refund_id}") and booking.status in OPEN_TO_DECISION:
                changed = without_booking(changed, booking.key)
    return _settled(state, changed, item)


def accept(state: State, pipeline: str) -> State:
    """Let the next plan of a stopped pipeline through, if its guarded changes are among those of the stopped one.

    Raises ConfigurationError where the pipeline's last plan was not stopped.
    """
    if pipeline not in state.stopped:
        raise ConfigurationError(f"the last plan of {pipeline} was not stopped", "there is nothing to accept")
    return replace(state, accepted=state.accepted | {pipeline: state.stopped[pipeline]})


def _find(state: State, item: str) -> tuple[KnownOrder, int | None]:
    name, _, refund = item.partition(" refund ")
    wanted = name.strip().removeprefix("#")
    found = [order for order in state.orders.values() if order.name.removeprefix("#") == wanted]
    if len(found) != 1 or (refund and not refund.strip().isdigit()):
        raise ConfigurationError(f"korsync knows of no item “{item}”", "see `korsync status` for what is held")
    return found[0], int(refund) if refund else None


def _settled(state: State, order: KnownOrder, item: str) -> State:
    held = {key: value for key, value in state.held.items() if key.removeprefix("#") != item.strip().removeprefix("#")}
    return replace(state, orders=state.orders | {order.id: order}, held=held)
