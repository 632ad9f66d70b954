"""What needs a person, and what a person decides about it: pure functions from state to state."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from korsync.errors import ConfigurationError
from korsync.records.bookings import Booking, BookingStatus, KnownOrder, Pieces, refund_key
from korsync.records.memory import Held, State, held_key
from korsync.records.plan import Fate, Plan, Skip, Written
from korsync.rules.bookings import names_apart
from korsync.rules.guards import key_of

OPEN_TO_DECISION = frozenset({BookingStatus.QUEUED, BookingStatus.CONFLICT})
"""What is known of a receipt in these states a person may set aside; a refused one is tried again without that."""


# --- what is held ---


def with_held(state: State, plan: Plan[Any], now: datetime) -> State:
    """Hold what a plan holds, each item since it was first held; what is no longer held is gone.

    What is tried again is held until it has succeeded.
    """
    again = {change.key for change in plan.changes}
    held = {key: each for key, each in state.held.items() if each.pipeline != plan.pipeline or each.item in again}
    for skip in plan.skipped(Fate.HELD):
        held[held_key(plan.pipeline, skip.key)] = _held(state, plan.pipeline, skip.key, skip.reason, now)
    return replace(state, held=held)


def with_refused(state: State, plan: Plan[Any], written: Iterable[Written[Any]], now: datetime) -> State:
    """Hold what the other side refused, and let go of what it took, unless the plan holds something else of it."""
    pipeline, held, written = plan.pipeline, dict(state.held), list(written)
    held_by_plan = {skip.key for skip in plan.skipped(Fate.HELD)}
    for each in written:
        if each.is_taken and each.change.key not in held_by_plan:
            held.pop(held_key(pipeline, each.change.key), None)
    # After what was taken: an item may have several changes, and one that was refused holds it.
    for each in written:
        if each.is_held:
            key = each.change.key
            known = _held(state, pipeline, key, each.message, now)
            held[held_key(pipeline, key)] = replace(known, mark=each.change.mark)
    return replace(state, held=held) if held != state.held else state


def _held(state: State, pipeline: str, item: str, reason: str, now: datetime) -> Held:
    """Hold an item since it was first held; what was refused stays so as long as the reason does."""
    before = state.held.get(held_key(pipeline, item))
    if before is None:
        return Held(pipeline, item, reason, now)
    return replace(before, reason=reason, mark=before.mark if before.reason == reason else "")


def with_stop(state: State, plan: Plan[Any]) -> State:
    """Remember what a stopped plan would need accepted; what was accepted holds until it is sent."""
    stopped = {name: marks for name, marks in state.stopped.items() if name != plan.pipeline}
    if plan.stop is None:
        return replace(state, stopped=stopped)
    state = replace(state, stopped=stopped | {plan.pipeline: plan.stop.guarded})
    return state if plan.allowed else with_acceptance_spent(state, plan.pipeline)


def with_acceptance_spent(state: State, pipeline: str) -> State:
    """Forget what was accepted: it holds for one plan, until all of that is sent."""
    if pipeline not in state.accepted:
        return state
    return replace(state, accepted={name: marks for name, marks in state.accepted.items() if name != pipeline})


# --- what a person was told ---


def with_told(state: State, skips: Iterable[Skip]) -> State:
    """Remember what a person was told once, so that no later run tells it again."""
    orders, told = dict(state.orders), state.told
    for once in (skip.once for skip in skips if skip.once is not None and skip.once.mark):
        if once.order_id is None:
            told = (*told, once.mark)
        elif once.order_id in orders:
            order = orders[once.order_id]
            orders[order.id] = replace(order, told=(*order.told, once.mark))
    return replace(state, orders=orders, told=told)


# --- what a person decides ---


def ignore(state: State, item: str, pipelines: frozenset[str]) -> State:
    """Settle an order (`1042`), a refund (`1042 refund 940000000001`) or an article that left the step by hand.

    korsync leaves it alone from now on, an article until it matches again. Of an order that is booked only what changed
    since is settled: pieces that edits have added, another total. `pipelines` are those whose held orders and refunds a
    person decides about.

    Raises ConfigurationError where no such item is known, where there is nothing to settle, or where its receipt may
    just have been booked.
    """
    if _has_left(state, item, pipelines):
        return _without_article(state, item, pipelines)
    _must_be_meant(state, item, pipelines)
    order, refund_id = _find(state, item)
    booking = _booking(order, refund_id)
    if booking is not None and booking.status is BookingStatus.INTENT and not booking.is_given_up:
        raise ConfigurationError(
            f"the receipt of {item} was sent, and what became of it is not known yet",
            "let korsync run first: it looks that up",
        )
    if not _held_as(state, item, pipelines) and _has_nothing_open(order, refund_id):
        raise ConfigurationError(f"{item} is booked in KORONA: there is nothing to settle", "see `korsync status`")
    if refund_id is not None:
        changed = replace(order, ignored_refunds=tuple(sorted({*order.ignored_refunds, refund_id})))
    elif order.is_edited or order.has_other_money:
        # What comes later is a matter of its own: only what was settled by hand is settled.
        changed = _with_changes_settled(order)
    else:
        changed = replace(order, ignored=True)
    return _settled(state, changed, _held_as(state, item, pipelines))


def _has_nothing_open(order: KnownOrder, refund_id: int | None) -> bool:
    """Tell whether all is booked that an order, or a refund of it, has to be: left alone it would lose what follows."""
    if refund_id is not None:
        booking = order.return_of(refund_id)
        return booking is not None and booking.is_booked
    return order.is_booked and not (order.is_edited or order.has_other_money)


def about(state: State, item: str, pipelines: frozenset[str]) -> str:
    """Return what a person would settle with an item: why it is held, or that nothing holds it."""
    held = _held_as(state, item, pipelines) or set(_of_articles(state, item, pipelines))
    reasons = [state.held[key].reason for key in sorted(held)]
    return f"{item}: {'; '.join(reasons) or 'not held, and booked by the next run unless it is ignored'}"


def held_before(state: State, midnight: datetime) -> tuple[str, ...]:
    """Return what a person calls the orders that are held and were placed before an instant, the oldest first."""
    names = names_apart(state.orders.values())
    placed = sorted(state.orders.values(), key=lambda order: order.created_at)
    held = {each.item for each in state.held.values() if each.pipeline == "orders"}
    return tuple(names[order.id] for order in placed if order.created_at < midnight and names[order.id] in held)


def retry(state: State, item: str, pipelines: frozenset[str]) -> State:
    """Let korsync try an item again that was refused, queued too long, in conflict or ignored; also an article's level.

    Raises ConfigurationError where no such item is known, where it is booked and nothing of it is open, or where KORONA
    has queued its receipt less than a day ago.
    """
    refused = {key: each for key, each in _of_articles(state, item, pipelines).items() if each.mark}
    if refused:
        return replace(state, held=state.held | {key: replace(each, mark="") for key, each in refused.items()})
    _must_be_meant(state, item, pipelines)
    order, refund_id = _find(state, item)
    if refund_id is None:
        changed = replace(order, ignored=False)
        if not (_held_as(state, item, pipelines) or order.ignored or order.is_edited):
            # Nothing else can be meant than what was settled by hand.
            changed = replace(order, booked_by_hand=(), settled_amounts=None)
    else:
        changed = replace(order, ignored_refunds=tuple(each for each in order.ignored_refunds if each != refund_id))
    booking = _booking(order, refund_id)
    if booking is not None and booking.status in OPEN_TO_DECISION:
        if booking.status is BookingStatus.QUEUED and not _held_as(state, item, pipelines):
            raise ConfigurationError(
                f"KORONA has queued the receipt of {item}",
                "wait: it is held once a day has passed",
            )
        changed = changed.without_booking(booking.key) if refund_id is None else changed.with_booking(_anew(booking))
    if booking is not None and booking.is_given_up:
        # What was sent may still come to stand in KORONA: it is not forgotten, only tried so often again.
        changed = changed.with_booking(replace(booking, attempts=1))
    after = _settled(state, changed, _held_as(state, item, pipelines))
    if after == state and _has_nothing_open(order, refund_id):
        raise ConfigurationError(f"{item} is booked in KORONA: there is nothing to try again", "see `korsync status`")
    return after


def prospect(item: str, plans: Iterable[Plan[Any]], state: State, pipelines: frozenset[str]) -> str:
    """Say what the plans make of an item that a person has tried again; empty where they do not speak of it.

    What was refused may be refused again: only of what a plan had held is it known that the reason is gone.
    """
    wanted = item.strip().removeprefix("#")
    of_article = {each.pipeline for each in state.held.values() if each.item == item.strip()} - pipelines
    for plan in (each for each in plans if each.pipeline in (of_article or pipelines)):
        skip = next((each for each in plan.skips if each.key.removeprefix("#") == wanted), None)
        if skip is not None and skip.fate is not Fate.LEFT:
            return f"{'held again as it stands' if skip.fate is Fate.HELD else 'waits'}: {skip.reason}"
        if any(change.key.removeprefix("#") == wanted for change in plan.allowed):
            return "whether it is taken shows then" if of_article or _was_refused(state, item) else "its reason is gone"
    return ""


def _was_refused(state: State, item: str) -> bool:
    booking = _booking(*_find(state, item))
    return booking is not None and booking.status is BookingStatus.REFUSED


def accept(state: State, pipeline: str, keys: Collection[str] = ()) -> State:
    """Let through what was stopped in the last plan of a pipeline, or of that only these items.

    Raises ConfigurationError where the pipeline's last plan was not stopped, or none of it is about such an item.
    """
    stopped = (*state.stopped.get(pipeline, ()), *state.undone.get(pipeline, ()))
    if not stopped and pipeline not in state.stopped:
        raise ConfigurationError(f"the last plan of {pipeline} was not stopped", "there is nothing to accept")
    if not stopped:
        what = f"the last plan of {pipeline} was stopped by something that cannot be accepted"
        raise ConfigurationError(what, f"see `korsync {pipeline} --dry-run` for what it is")
    # An order is called 1042 as well as #1042.
    wanted = {key.removeprefix("#") for key in keys}
    unknown = wanted - {key_of(mark).removeprefix("#") for mark in stopped}
    if unknown:
        what = f"nothing that {pipeline} stopped is about {', '.join(sorted(unknown))}"
        raise ConfigurationError(what, f"see `korsync {pipeline} --dry-run` for what was stopped")
    chosen = {mark for mark in stopped if not wanted or key_of(mark).removeprefix("#") in wanted}
    accepted = tuple(sorted({*state.accepted.get(pipeline, ()), *chosen}))
    undone = tuple(mark for mark in state.undone.get(pipeline, ()) if mark not in chosen)
    return replace(
        state, accepted=state.accepted | {pipeline: accepted}, undone=with_marks(state.undone, pipeline, undone)
    )


def with_marks(marks: Mapping[str, tuple[str, ...]], pipeline: str, its: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return marks by pipeline with those of one replaced; a pipeline without any is not named."""
    others = {name: each for name, each in marks.items() if name != pipeline}
    return others | {pipeline: its} if its else others


def _of_articles(state: State, item: str, pipelines: frozenset[str]) -> dict[str, Held]:
    """Return what is held of an article; raise ConfigurationError where an order of that name is held, too."""
    found = {key: each for key, each in state.held.items() if each.pipeline not in pipelines and each.item == item}
    if found and _held_as(state, item, pipelines):
        raise ConfigurationError(
            f"both an order and an article that are held are called {item}",
            f"settle the order first: type '#{item}', in quotes",
        )
    return found


def _has_left(state: State, item: str, pipelines: frozenset[str]) -> bool:
    """Tell whether an article is held because it is not kept in step any more, and for nothing else."""
    held = _of_articles(state, item, pipelines)
    stopped = {key_of(mark) for marks in state.stopped.values() for mark in marks}
    is_refused = any(each.mark for each in held.values())
    return bool(held) and item in state.in_step.values() and not is_refused and item not in stopped


def _without_article(state: State, item: str, pipelines: frozenset[str]) -> State:
    gone = _of_articles(state, item, pipelines)
    in_step = {item_id: sku for item_id, sku in state.in_step.items() if sku != item}
    return replace(state, in_step=in_step, held={key: each for key, each in state.held.items() if key not in gone})


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
    """Return the refunds of an order that can be decided about: they put goods back, or may have, or were begun."""
    begun = {each.refund_id for each in order.returns}
    return {*(each.refund_id for each in order.restocks), *order.unread_refunds, *begun, *order.ignored_refunds}


def _booking(order: KnownOrder, refund_id: int | None) -> Booking | None:
    if refund_id is not None:
        return order.booking(refund_key(refund_id))
    return order.open_edit if order.is_booked and order.open_edit else order.sale


def _with_changes_settled(order: KnownOrder) -> KnownOrder:
    """Return the order with what changed after its booking so far taken for settled by hand.

    Pieces that edits added are booked, also where their receipt was in doubt, and the money is what it is now.
    """
    edit = order.open_edit
    if edit is not None and edit.may_stand_in_korona:
        order = order.with_booking(
            replace(edit, status=BookingStatus.BOOKED, receipt=None, confirmed_at=edit.sent_at, reason="")
        )
    more = tuple(Pieces(line_id, pieces) for line_id, pieces in order.added_pieces.items())
    settled = order.changed_to or order.settled_amounts
    return replace(order, booked_by_hand=(*order.booked_by_hand, *more), changed_to=None, settled_amounts=settled)


def _held_as(state: State, item: str, pipelines: frozenset[str]) -> set[str]:
    """Return the keys under which an order or a refund is held; an article may have the same name."""
    wanted = item.strip().removeprefix("#")
    return {
        key for key, each in state.held.items() if each.pipeline in pipelines and each.item.removeprefix("#") == wanted
    }


def _must_be_meant(state: State, item: str, pipelines: frozenset[str]) -> None:
    """Refuse a word that names a held article while the order of that name is not held: nobody knows which is meant."""
    of_articles = [each for each in state.held.values() if each.pipeline not in pipelines and each.item == item]
    if of_articles and not _held_as(state, item, pipelines):
        raise ConfigurationError(
            f"{item} is held by {of_articles[0].pipeline}, which tries it again in every run by itself",
            f"type '#{item}', in quotes, if you mean the order of that name",
        )


def _settled(state: State, order: KnownOrder, settled: set[str]) -> State:
    held = {key: value for key, value in state.held.items() if key not in settled}
    return replace(state.with_order(order), held=held)
