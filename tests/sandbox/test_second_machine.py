"""What the second machine posts is what korsync would have posted, so that each can take it for its own."""

from decimal import Decimal
from pathlib import Path

import pytest

from korsync.sandbox.korona.store import Receipt
from korsync.sandbox.shopify.sales import Discount, Order
from tests.support.second_machine import posts_first, receipt_of
from tests.support.shop import Shop, open_shop
from tests.support.webshop import on_sale, only_receipt, open_webshop


def ordered(shop: Shop) -> Order:
    on_sale(shop, "1042", "8.90", tax="7")
    on_sale(shop, "2000", "33.33")
    shop.init()
    return shop.shopify.place_order(
        [("1042", 2), ("2000", 1)], discounts=[Discount(Decimal(10))], shipping=Decimal("4.90")
    )


def compared(receipt: Receipt) -> dict[str, object]:
    """Return what makes a receipt the receipt of its order."""
    items = [(each["quantity"], each["total"]["base"], each["externalReferences"]) for each in receipt.posted["items"]]
    references = receipt.posted["externalReferences"]
    return {"number": receipt.number, "order": receipt.order_number, "gross": receipt.gross} | {
        "lines": receipt.lines,
        "items": items,
        "references": references,
    }


@pytest.mark.parametrize("taxes_included", [True, False])
def test_it_posts_what_korsync_would_post(tmp_path: Path, taxes_included: bool) -> None:
    booked = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with open_webshop(tmp_path / name, taxes_included=taxes_included) as shop:
            order = ordered(shop)
            if name == "first":
                shop.run("orders")
            else:
                shop.korona.post_elsewhere(receipt_of(order))
            booked.append(compared(only_receipt(shop)))
    assert booked[0] == booked[1]


def test_what_it_posted_before_is_found_and_not_posted_again(shop: Shop) -> None:
    order = ordered(shop)
    shop.korona.post_elsewhere(receipt_of(order))
    assert shop.run("orders").exit_code == 0
    assert len(shop.korona.receipts) == 1
    assert shop.korona.stock_of("1042") == 8


def test_it_may_post_between_a_look_up_and_the_post(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        order = ordered(shop)
        posts_first(shop.korona, shop.world.korona_server)
        shop.run("orders")
        assert len(shop.korona.booked_under(f"order/{order.id}")) == 2
        assert shop.world.korona_server.before_request is None


def test_it_may_write_no_key(shop: Shop) -> None:
    order = ordered(shop)
    shop.korona.post_elsewhere(receipt_of(order, keyless=True))
    (receipt,) = shop.korona.receipts
    assert (receipt.key, receipt.order_number, receipt.number) == (None, "1001", "1001")
    assert "externalReferences" not in receipt.posted["items"][0]
