"""What draft orders in Shopify hold, as far as it tells, and when they have to be asked for: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from korsync.records.bookings import KnownOrder
from korsync.records.memory import Cache
from korsync.records.orders import DraftOrder


@dataclass(frozen=True, slots=True)
class Drafted:
    """The pieces of a variant that draft orders hold, and those that are in known orders by now, with their times."""

    held: int = 0
    ordered: tuple[tuple[int, datetime], ...] = ()

    def moved_by(self, moment: datetime) -> int:
        """Return the pieces that had become an order at a moment: the level has fallen before, and not for it."""
        return sum(pieces for pieces, at in self.ordered if at <= moment)


def pieces_in_drafts(drafts: Iterable[DraftOrder], orders: Mapping[int, KnownOrder]) -> dict[int, Drafted]:
    """Return the pieces in draft orders by variant; one whose order is known holds nothing any more."""
    found: dict[int, Drafted] = {}
    for draft in drafts:
        order = orders.get(draft.order_id or 0)
        for line in draft.lines:
            known = found.get(line.variant_id, Drafted())
            if order is None:
                found[line.variant_id] = replace(known, held=known.held + line.quantity)
            else:
                found[line.variant_id] = replace(known, ordered=(*known.ordered, (line.quantity, order.created_at)))
    return found


def asks_for_drafts(cache: Cache, settle: timedelta, now: datetime) -> bool:
    """Tell whether draft orders must be asked for: they hold pieces, or may hold what is missing or nobody knows.

    `now` is Shopify's time.
    """
    if not cache.looks or any(look.reserved for look in cache.looks.values()):
        return True
    doubts = cache.doubts.items()
    return any(doubt.missing > 0 or item_id not in cache.looks or doubt.at + settle <= now for item_id, doubt in doubts)
