"""What draft orders hold, what has become an order by when, and when nobody need ask."""

from datetime import datetime, timedelta

import pytest

from korsync.records.memory import Cache
from korsync.records.orders import DraftLine, DraftOrder
from korsync.records.seen import Doubt, Look
from korsync.rules.drafts import Drafted, asks_for_drafts, pieces_in_drafts
from tests.support.values import EARLIER, NOON, SETTLE, order

VARIANT = 2001
AN_HOUR = timedelta(hours=1)


def draft(number: int, pieces: int, order_id: int | None = None) -> DraftOrder:
    return DraftOrder(number, order_id, (DraftLine(VARIANT, pieces),))


def test_draft_orders_hold_their_pieces_until_their_order_is_known() -> None:
    drafts = [draft(1, 2), draft(2, 1), draft(3, 4, order_id=8), draft(4, 3, order_id=7)]
    (found,) = pieces_in_drafts(drafts, {7: order(7)}).values()
    assert found == Drafted(held=7, ordered=((3, EARLIER),))


@pytest.mark.parametrize(("moment", "pieces"), [(NOON - AN_HOUR, 2), (NOON, 5), (NOON - 2 * AN_HOUR, 0)])
def test_what_became_an_order_later_had_not_moved_by_then(moment: datetime, pieces: int) -> None:
    found = Drafted(held=9, ordered=((2, NOON - AN_HOUR), (3, NOON)))
    assert found.moved_by(moment) == pieces


LOOKS = {3001: Look(5, EARLIER)}


@pytest.mark.parametrize(
    ("cache", "asks"),
    [
        (Cache(), True),
        (Cache(looks=LOOKS), False),
        (Cache(looks={3001: Look(5, EARLIER, reserved=1)}), True),
        (Cache(looks=LOOKS, doubts={3001: Doubt(NOON - SETTLE + timedelta(seconds=1))}), False),
        (Cache(looks=LOOKS, doubts={3001: Doubt(NOON - SETTLE)}), True),
        (Cache(looks=LOOKS, doubts={3001: Doubt(NOON, missing=1)}), True),
        (Cache(looks=LOOKS, doubts={3001: Doubt(NOON, missing=-1)}), False),
        (Cache(looks=LOOKS, doubts={3002: Doubt(NOON)}), True),
    ],
)
def test_nobody_asks_as_long_as_nothing_is_reserved_or_missing_and_no_doubt_is_over(cache: Cache, asks: bool) -> None:
    assert asks_for_drafts(cache, SETTLE, NOON) is asks
