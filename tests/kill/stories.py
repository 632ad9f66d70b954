"""The worlds of the matrix: what happens in the shop, in parts, and how its KORONA behaves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from korsync.sandbox.shopify.sales import Discount, Order
from tests.support.shop import Shop

Part = Callable[[Shop], None]
LATE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Variant:
    """How KORONA behaves, where that is not known of the real one; `late` is by 10 minutes."""

    refuses_repeated_numbers: bool
    late: bool
    uses_prefix: bool
    queues: bool

    def apply(self, shop: Shop) -> None:
        korona = shop.korona
        korona.refuses_repeated_numbers = self.refuses_repeated_numbers
        korona.uses_prefix = self.uses_prefix
        korona.queues = self.queues
        korona.queue_delay = LATE if self.late else timedelta(0)
        korona.booking_delay = LATE if self.late else timedelta(0)

    def __str__(self) -> str:
        return " ".join(
            (
                "refused" if self.refuses_repeated_numbers else "accepted",
                "late" if self.late else "at once",
                "prefix" if self.uses_prefix else "no prefix",
                "QUEUED" if self.queues else "ADDED",
            )
        )


EVERY_VARIANT = tuple(Variant(*habits) for habits in product((True, False), repeat=4))

PAIRWISE = (
    Variant(refuses_repeated_numbers=False, late=False, uses_prefix=False, queues=False),
    Variant(refuses_repeated_numbers=False, late=True, uses_prefix=True, queues=True),
    Variant(refuses_repeated_numbers=True, late=False, uses_prefix=True, queues=True),
    Variant(refuses_repeated_numbers=True, late=True, uses_prefix=False, queues=True),
    Variant(refuses_repeated_numbers=True, late=True, uses_prefix=True, queues=False),
)
"""Each pair of habits occurs in one of these."""


def stock_up(shop: Shop) -> None:
    for number, price in (("1001", "8.90"), ("1002", "19.99"), ("1003", "3.50")):
        shop.stocked(number, 20, price)


def _first_sales(shop: Shop) -> None:
    shop.shopify.place_order([("1001", 2)], shipping=Decimal("4.90"))
    shop.shopify.place_order([("1002", 1), ("1003", 4)], discounts=[Discount(Decimal(10))])
    shop.shopify.place_order([("1001", 1)], paid=False)
    shop.shopify.place_order([("1001", 1)], test=True)


def _more_sales(shop: Shop) -> None:
    shop.shopify.place_order([("1003", 1)])
    shop.shopify.cancel_order(shop.shopify.place_order([("1002", 2)]))
    shop.shopify.fulfil_order(order(shop, "#1001"), archive=True)


def _returns(shop: Shop) -> None:
    shop.shopify.refund_order(order(shop, "#1002"), {"1003": 3})
    shop.shopify.refund_order(order(shop, "#1001"), {"1001": 1}, restock_type="no_restock")
    shop.shopify.cancel_order(order(shop, "#1003"))
    shop.shopify.place_order([("1002", 1)])


def _more_returns(shop: Shop) -> None:
    shop.shopify.refund_order(order(shop, "#1002"), {"1003": 1})
    shop.shopify.refund_order(order(shop, "#1002"), {"1002": 1})


def _edits(shop: Shop) -> None:
    shop.shopify.edit_order(order(shop, "#1001"), more={"1001": 1})
    shop.shopify.edit_order(order(shop, "#1002"), add=[("1001", 2)], fewer={"1003": 1})


def _more_edits(shop: Shop) -> None:
    shop.shopify.refund_order(order(shop, "#1002"), {"1001": 1})
    shop.shopify.edit_order(order(shop, "#1001"), add=[("1002", 1)])


STORIES: dict[str, tuple[Part, ...]] = {
    "sales": (_first_sales, _more_sales),
    "sales, refunds and a cancellation": (_first_sales, _returns, _more_returns),
    "sales and edits": (_first_sales, _edits, _more_edits),
}


def order(shop: Shop, name: str) -> Order:
    return next(each for each in shop.shopify.store.orders.values() if each.name == name)


def ledger(shop: Shop) -> dict[str, Any]:
    """Return what the books say: every receipt under its key with all that was posted, and the stock of both sides."""
    receipts = shop.korona.receipts
    numbers = ("1001", "1002", "1003")
    return {
        "receipts": sorted((each.key or "", each.number, each.gross, repr(each.posted)) for each in receipts),
        "korona": {number: shop.korona.stock_of(number) for number in numbers},
        "shopify": {number: shop.shopify.available(number) for number in numbers},
    }
