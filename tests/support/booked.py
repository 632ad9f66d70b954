"""What the simulated KORONA holds of an order, as a person reads it from its receipts."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from korsync.records.plan import Fate
from korsync.rules.returns import RESTOCKED
from korsync.sandbox.exchange import Answer, Request
from korsync.sandbox.korona.store import Article, PaymentMethod, Receipt
from korsync.sandbox.shopify.sales import Order, Refund
from tests.support.shop import Shop

BOOKING = ("stock", "orders", "refunds")


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


def on_the_shelf(shop: Shop, number: str, at_first: int) -> int:
    """Return how many pieces of an article are really left, by every order and every restock of it in Shopify."""
    left = at_first
    for order in shop.shopify.store.orders.values():
        ids = {line.id for line in order.lines if line.sku == number}
        left -= sum(line.sold for line in order.lines if line.id in ids)
        returned = [line for refund in order.refunds for line in refund.lines if line.line_id in ids]
        left += sum(line.quantity for line in returned if line.restock_type in RESTOCKED)
    return left


def watch_shelf(shop: Shop, at_first: Mapping[str, int]) -> list[str]:
    """Look at the shelf after every request to Shopify; the list fills with each level that is above the truth."""
    excesses: list[str] = []

    def look(request: Request, _answer: Answer) -> None:
        for number, pieces in at_first.items():
            level, left = shop.shopify.available(number), on_the_shelf(shop, number, pieces)
            if level > left:
                excesses.append(f"{number}: {level} for sale, {left} left, after {request.method} {request.path}")

    shop.world.shopify_server.after_request = look
    return excesses
