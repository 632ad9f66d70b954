"""What it takes to type korsync commands in a test, and shops in which there is something to say."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.shop import Shop


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


COMMANDS = ("run", "stock", "orders", "refunds", "products")

Korsync = Callable[..., Said]


def a_shop_with_work_to_do(shop: Shop) -> None:
    """Leave something to do for every pipeline but refunds."""
    for number in ("1001", "1002"):
        shop.stocked(number)
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("1001", 1)])
    shop.shopify.set_price("1002", "8.00")
    shop.korona.sell_at_till("1002", 1)
    shop.later(5)


def an_order_that_cannot_be_booked(shop: Shop) -> None:
    """Place an order for something that KORONA does not know."""
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("X-1", 1)])
