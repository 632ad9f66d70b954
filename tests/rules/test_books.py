"""Which receipts KORONA should hold of orders, and what is said of those that it does not or should not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from korsync.errors import SafetyStop
from korsync.records.amounts import Amounts
from korsync.records.bookings import Booking, BookingStatus, Pieces, Restock
from korsync.records.differences import Mending
from korsync.records.plan import Change, Fate, Plan, Skip
from korsync.records.receipts import BookedLine, BookedReceipt
from korsync.rules.books import Books, receipt_differences
from tests.support.values import EARLIER, order

SINCE = EARLIER - timedelta(hours=1)
START = datetime(2026, 11, 1, tzinfo=UTC)


def receipt(key: str | None = "order/1", pieces: int = 2, gross: str = "17.80", **changes: Any) -> BookedReceipt:
    row = BookedLine(10, "article 1001", "Tee", Decimal(pieces), Decimal(gross), Decimal(0), ())
    values: dict[str, Any] = {"id": "r", "number": "90-1", "order_number": "1", "revision": 7, "key": key}
    values |= {"shop": "shop.example", "order_id": 1, "gross": Decimal(gross), "lines": (row,), "created_at": EARLIER}
    return BookedReceipt(**{**values, **changes})


def booking(key: str = "order/1", status: BookingStatus = BookingStatus.BOOKED, **changes: Any) -> Booking:
    whole = Amounts(Decimal("17.80"))
    return Booking(key, status, (Pieces(10, 2),), amounts=whole, confirmed_at=EARLIER, order_number="1", **changes)


def found(*receipts: BookedReceipt, known: Any = None, plans: Any = (), since: datetime = SINCE) -> list[Any]:
    """Return what differs: item, field, both values and what becomes of it; Shopify shows no contents here."""
    known = known or order(sale=booking())
    books = Books(since, START, "shop.example", {}, {known.id: known}, receipts, plans)
    differences = receipt_differences(books)
    return [(each.key, each.field, each.korona, each.shopify, each.mending) for each in differences]


def of_our_orders(differences: list[Any]) -> list[Any]:
    """Leave out that Shopify shows none of the orders."""
    return [each for each in differences if each[1] != "orders"]


def test_one_receipt_as_it_was_booked_is_right() -> None:
    assert of_our_orders(found(receipt())) == []


def test_none_two_and_another_are_told_apart() -> None:
    assert found() == [("#1", "receipts", 0, 1, Mending.PERSON)]
    assert of_our_orders(found(receipt(), receipt(id="s"))) == [("#1", "receipts", 2, 1, Mending.PERSON)]
    total = ("#1", "total", Decimal("17.81"), Decimal("17.80"), Mending.PERSON)
    assert of_our_orders(found(receipt(gross="17.81"))) == [total]
    assert of_our_orders(found(receipt(pieces=3))) == [("#1", "pieces", 3, 2, Mending.PERSON)]


def test_what_was_booked_before_is_not_looked_for() -> None:
    assert found(since=EARLIER + timedelta(hours=1)) == []


def test_the_receipt_of_another_shop_is_not_taken_for_ours() -> None:
    strange = receipt(shop="other.example")
    assert found(strange) == [
        ("#1", "receipts", 0, 1, Mending.PERSON),
        ("receipt 90-1", "orders", 1, 0, Mending.PERSON),
    ]


def test_a_receipt_from_before_is_not_missed_an_order() -> None:
    assert found(receipt(), receipt("order/9", order_id=9, created_at=SINCE - timedelta(seconds=1)))[1:] == []


def test_what_an_edit_added_and_what_came_back_has_its_receipt() -> None:
    back = Restock(94, 10, 1, EARLIER, None)
    returned = replace(booking("refund/94"), pieces=(Pieces(10, 1),), amounts=Amounts(Decimal("-8.90")))
    known = order(sale=booking(), edits=(booking("edit/1/1"),), restocks=(back,), returns=(returned,))
    mine = (receipt(), receipt("edit/1/1"), receipt("refund/94", -1, "-8.90"))
    assert of_our_orders(found(*mine, known=known)) == []
    assert of_our_orders(found(mine[0], mine[2], known=known)) == [("#1", "receipts", 0, 1, Mending.PERSON)]
    assert of_our_orders(found(*mine[:2], known=known)) == [("#1 refund 94", "receipts", 0, 1, Mending.PERSON)]


def test_a_return_from_before_is_not_looked_for() -> None:
    back = Restock(94, 10, 1, EARLIER, None)
    known = order(sale=booking(), restocks=(back,), returns=(booking("refund/94"),))
    assert found(known=known, since=EARLIER + timedelta(hours=1)) == []


def test_what_is_missing_goes_by_what_the_plans_say() -> None:
    known = order()
    stop = SafetyStop("201 receipts are more than safety.max_receipts", "", ())
    change: Change[Any] = Change("#1", None, Amounts(Decimal("17.80")))
    said = {
        Mending.NEXT_RUN: Plan("orders", (change,)),
        Mending.WAITING: Plan("orders", skips=(Skip("#1", "sent", Fate.WAITING),)),
        Mending.PERSON: Plan("orders", (change,), stop=stop),
    }
    for mending, plan in said.items():
        assert found(known=known, plans=(plan,)) == [("#1", "receipts", 0, 1, mending)]
    (stopped,) = receipt_differences(Books(SINCE, START, "shop.example", {}, {1: known}, (), (said[Mending.PERSON],)))
    assert stopped.reason == stop.what


def test_a_held_order_is_told_once_and_one_held_for_something_else_by_its_reason() -> None:
    plan: Plan[Any] = Plan("orders", skips=(Skip("#1", "why", Fate.HELD), Skip("#2", "other money", Fate.HELD)))
    assert found(known=order(), plans=(plan,)) == [
        ("#1", "receipts", 0, 1, Mending.PERSON),
        ("#2", "", None, None, Mending.PERSON),
    ]


def test_of_what_korona_queued_nothing_is_compared_before_it_is_booked() -> None:
    known = order(sale=booking(status=BookingStatus.QUEUED))
    assert of_our_orders(found(receipt(pieces=9), known=known)) == []


def test_an_order_that_is_never_booked_needs_no_receipt() -> None:
    for never in ({"test": True}, {"before_start": True}, {"cancelled_at": EARLIER}, {"ignored": True}):
        known = replace(order(), **never)
        assert found(known=known) == []
