"""Cursors: neither a row with an absurd date or revision nor a restored account hides what comes after it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from korsync.memory.state import save_state
from korsync.sandbox.korona.store import StockRow
from tests.support.catalogue import title
from tests.support.odd_rows import spoil
from tests.support.shop import Shop

FAR = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def known(shop: Shop) -> Shop:
    """A shop that korsync knows well: 300 articles, of which the first has 5 pieces."""
    shop.stocked("1001", 5)
    shop.stocked("1002", 5)
    for number in range(2000, 2300):
        shop.korona.add_article(str(number), "Ware", stock=1)
    shop.init()
    shop.run_later()
    shop.run_later()
    return shop


def test_an_order_dated_far_ahead_hides_no_later_order(known: Shop) -> None:
    known.shopify.place_order([("1002", 1)]).updated_at = FAR
    known.run_later()
    assert known.state.order_cursor <= known.world.clock.now()
    known.later(120)
    known.shopify.place_order([("1001", 1)])
    known.run_later()
    assert len(known.korona.receipts) == 2


def test_a_cursor_still_to_come_is_not_believed(known: Shop) -> None:
    known.later(180)
    known.shopify.place_order([("1001", 1)])
    known.later(120)
    save_state(known.settings.state_path, replace(known.state, order_cursor=FAR))
    known.run()
    assert len(known.korona.receipts) == 1
    assert known.state.order_cursor <= known.world.clock.now()


@pytest.mark.parametrize("revision", [10**6, 9 * 10**8, 10**18])
def test_a_stock_row_with_an_absurd_revision_hides_no_later_row(known: Shop, revision: int) -> None:
    row_of(known, "1002").revision = revision
    known.korona.sell_at_till("1001", 1)
    known.run_later()
    known.korona.sell_at_till("1001", 1)
    known.run_later()
    assert known.shopify.available("1001") == 3


def test_an_article_with_an_absurd_revision_hides_no_later_one(known: Shop) -> None:
    odd = known.korona.article("1002").id
    spoil(known.world.korona_server, "/products", lambda row: row.get("id") == odd, "revision", 10**6)
    known.korona.rename("1002", "Odd")
    known.run_later()
    known.korona.rename("1001", "Changed after that")
    known.run_later()
    assert title(known, "1001") == "Changed after that"


def test_an_article_that_stands_alone_is_read_once_where_korona_counts_so_far(known: Shop) -> None:
    """As where nothing but stock has moved for a long time."""
    known.korona.rename("1001", "Much later")
    known.korona.article("1001").revision = 10**6
    spoil(known.world.korona_server, "/maxRevisions", lambda row: "product" in row, "product", 10**6)
    for _ in range(3):
        known.run_later()
    with known.requests() as asked:
        known.run_later()
    assert title(known, "1001") == "Much later"
    assert asked.count("GET", "/products") == 0


def test_an_account_set_back_is_read_anew_and_told_once(known: Shop) -> None:
    for _ in range(250):
        known.korona.sell_at_till("1001", 0)
    restore = known.korona.backup()
    for number in range(2000, 2300):
        known.korona.deliver(str(number), 1)
    known.run_later()
    restore()
    known.korona.sell_at_till("1001", 2)
    ran = known.run_later()
    assert known.shopify.available("1001") == 3
    assert [each.split(" was set back")[0] for each in ran.warnings] == ["KORONA's list of stock"]
    assert known.run_later().warnings == ()


def test_a_catalogue_set_back_is_read_anew_as_well(known: Shop) -> None:
    restore = known.korona.backup()
    for number in range(2000, 2300):
        known.korona.rename(str(number), "Other")
    known.run_later()
    restore()
    known.korona.rename("1001", "Changed after that")
    ran = known.run_later()
    store = known.shopify.store
    assert store.products[store.variant_of("1001").product_id].title == "Changed after that"
    assert [each.split(" was set back")[0] for each in ran.warnings] == ["KORONA's list of articles"]


def row_of(shop: Shop, number: str) -> StockRow:
    article = shop.korona.article(number)
    return next(row for row in shop.korona.table(StockRow).values() if row.article_id == article.id)
