"""A shop of any currency and tax basis, what its KORONA was sent, and where personal data would show."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from korsync.sandbox.korona.store import PaymentMethod, Receipt, SalesTax
from korsync.sandbox.world import World
from tests.support.canaries import assert_kept, assert_silent
from tests.support.shop import MONDAY, Shop

Json = dict[str, Any]


@contextmanager
def open_webshop(folder: Path, *, currency: str = "EUR", taxes_included: bool = True, **config: Any) -> Iterator[Shop]:
    """Run an empty shop; at its end neither server may have crashed, and KORONA must have understood every receipt."""
    world = World(currency=currency, taxes_included=taxes_included)
    world.clock.set(MONDAY)
    with world:
        shop = Shop(world, folder, **config)
        yield shop
    assert world.korona_server.crashes == []
    assert world.shopify_server.crashes == []
    assert_korona_understood(shop)
    assert_nothing_personal(shop)


def assert_korona_understood(shop: Shop) -> None:
    """No receipt had a field or type that KORONA's description lacks: the sandbox refuses such a batch with 400."""
    posts = [each for each in shop.world.korona_server.writes() if each.path.endswith("/receipts")]
    assert [each.status for each in posts if each.status == 400] == []


def on_sale(shop: Shop, number: str, price: str, *, tax: str | tuple[Decimal, ...] = "19", pieces: int = 10) -> None:
    """Put an article on both sides, taxed in Shopify at this rate."""
    shop.korona.add_article(number, f"Ware {number}", Decimal(price), stock=pieces)
    shop.shopify.add_product(f"Ware {number}", [{"sku": number, "price": price, "tax": tax, "available": pieces}])


def without_added_taxes(shop: Shop) -> None:
    """Take the sales taxes that come on top out of KORONA, as in an account that only knows gross prices."""
    for tax in list(shop.korona.table(SalesTax).values()):
        if tax.active and not tax.included:
            shop.korona.remove_sales_tax(tax.number or "")


def only_receipt(shop: Shop) -> Receipt:
    """Return the one receipt that KORONA holds."""
    (receipt,) = shop.korona.receipts
    return receipt


def row(
    shop: Shop,
    line_id: int,
    article: str,
    quantity: int,
    text: str,
    base: str,
    *taxes: tuple[str, str, str],
    discount: str = "0",
) -> Json:
    """Return a row as it must have been posted; taxes are (rate, amount, number of KORONA's sales tax)."""
    return {
        "product": {"id": shop.korona.article(article).id},
        "quantity": Decimal(quantity),
        "description": text,
        "externalReferences": {"shopifyLineId": str(line_id)},
        "total": {
            "base": Decimal(base),
            "discount": Decimal(discount),
            "taxPayments": [
                {
                    "amount": Decimal(amount),
                    "taxRate": Decimal(rate),
                    "salesTax": {"id": shop.korona.find(SalesTax, number).id},
                }
                for rate, amount, number in taxes
            ],
        },
        "manualPrice": True,
        "bookingTime": MONDAY.isoformat(),
    }


def payment(shop: Shop, amount: str, method: str) -> Json:
    """Return a payment as it must have been posted, by the number of KORONA's payment method."""
    return {
        "amount": Decimal(amount),
        "paymentMethod": {"id": shop.korona.find(PaymentMethod, method).id},
        "transactionTime": MONDAY.isoformat(),
    }


def assert_booked(shop: Shop, total: str, rows: list[Json], payments: list[Json]) -> None:
    """KORONA holds one receipt of exactly these rows and payments, and computes this total from them."""
    assert_korona_understood(shop)
    receipt = only_receipt(shop)
    assert receipt.posted["items"] == rows
    assert receipt.posted["payments"] == payments
    assert receipt.gross == Decimal(total)


def assert_nothing_personal(shop: Shop, printed: str = "") -> None:
    """No text about a person stands in any request, in any file beside the state, or in what was printed."""
    assert_kept(shop.world, shop.folder)
    assert_silent(printed)


def held(shop: Shop) -> Mapping[str, str]:
    """Return the reason of each held order, by its name without #."""
    of_orders = [each for each in shop.state.held.values() if each.pipeline == "orders"]
    return {each.item.removeprefix("#"): each.reason for each in of_orders}


def booked(shop: Shop) -> list[str]:
    """Return the order numbers of KORONA's receipts, in the order of booking."""
    return [str(receipt.order_number) for receipt in shop.korona.receipts]
