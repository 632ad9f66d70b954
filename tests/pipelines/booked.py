"""What the simulated KORONA holds of an order, as a person reads it from its receipts; and the shops to book in."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from korsync.plan import Fate
from korsync.sandbox.korona_store import Article, PaymentMethod, Receipt
from korsync.sandbox.shopify_sales import Order, Refund
from korsync.sandbox.world import World
from tests.shop import MONDAY, Shop

BOOKING = ("stock", "orders", "refunds")


@contextmanager
def open_world(folder: Path, *, currency: str = "EUR", taxes_included: bool = True, **config: Any) -> Iterator[Shop]:
    """Run an empty shop of another currency or with taxes on top."""
    world = World(currency=currency, taxes_included=taxes_included)
    world.clock.set(MONDAY)
    with world:
        yield Shop(world, folder, **config)


def goods(shop: Shop, number: str, price: str = "8.90", tax: str = "19", pieces: int = 10, **article: Any) -> None:
    """Put one article with its tax rate on both sides, in step."""
    shop.korona.add_article(number, f"Ware {number}", Decimal(price), tax=Decimal(tax), stock=pieces, **article)
    shop.shopify.add_product(f"Ware {number}", [{"sku": number, "price": price, "tax": tax, "available": pieces}])


def sell(shop: Shop, *args: Any, **kwargs: Any) -> Order:
    """Place an order, book it and let its sale settle."""
    order = shop.shopify.place_order(*args, **kwargs)
    assert shop.run(*BOOKING).exit_code == 0
    assert shop.korona.booked_under(f"order/{order.id}")
    shop.later()
    return order


def book(shop: Shop) -> None:
    """Run, and let the next run of cron be due."""
    shop.run(*BOOKING)
    shop.later()


def returns_of(shop: Shop, order: Order) -> list[Receipt]:
    """Return the negative receipts of an order in the order of their booking."""
    keys = {f"refund/{refund.id}" for refund in order.refunds}
    return [receipt for receipt in shop.korona.receipts if receipt.key in keys]


def return_of(shop: Shop, refund: Refund | None) -> Receipt:
    """Return the one negative receipt of a refund."""
    assert refund is not None
    (receipt,) = shop.korona.booked_under(f"refund/{refund.id}")
    return receipt


def lines(shop: Shop, receipt: Receipt) -> list[tuple[str, int, str]]:
    """Return article number, pieces and price of each line."""
    articles = shop.korona.table(Article)
    return [
        (articles[item["product"]["id"]].number or "", int(item["quantity"]), f"{Decimal(item['total']['base']):.2f}")
        for item in receipt.posted["items"]
    ]


def taxes(receipt: Receipt) -> dict[str, str]:
    """Return the tax amounts by rate in percent, summed up."""
    found: dict[str, Decimal] = {}
    for tax in (tax for item in receipt.posted["items"] for tax in item["total"]["taxPayments"]):
        rate = f"{Decimal(tax['taxRate']).normalize():f}"
        found[rate] = found.get(rate, Decimal(0)) + Decimal(tax["amount"])
    return {rate: f"{amount:.2f}" for rate, amount in found.items()}


def payments(shop: Shop, receipt: Receipt) -> list[tuple[str, str]]:
    """Return the number of the payment method and the amount of each payment."""
    methods = shop.korona.table(PaymentMethod)
    return [
        (methods[each["paymentMethod"]["id"]].number or "", f"{Decimal(each['amount']):.2f}")
        for each in receipt.posted["payments"]
    ]


def remarks(shop: Shop, order: Order) -> list[str]:
    """Return what the last run said once about an order's refunds."""
    return [skip.reason for skip in shop.skips("refunds", Fate.LEFT) if skip.key.startswith(f"{order.name} refund")]


def waits(shop: Shop) -> list[str]:
    """Return why refunds waited in the last run."""
    return [skip.reason for skip in shop.skips("refunds", Fate.WAITING)]


def held(shop: Shop) -> list[str]:
    """Return why refunds were held in the last run."""
    return [skip.reason for skip in shop.skips("refunds", Fate.HELD)]
