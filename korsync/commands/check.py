"""`korsync check`: reads both sides in full and says where they differ; writes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from korsync.commands.look import Looked, look
from korsync.commands.sync import Clocks, connect
from korsync.config.settings import Settings
from korsync.errors import KorsyncError, distinct
from korsync.memory.cache import any_cache
from korsync.pipelines.lookups import CLOCKS_APART, receipts_posted_since
from korsync.pipelines.sides import read_orders_by_id
from korsync.records.differences import Compared, Difference
from korsync.rules.bookings import start_instant
from korsync.rules.books import Books, receipt_differences
from korsync.rules.compared import in_order, level_differences, product_differences, requests_for
from korsync.rules.levels import levels_of
from korsync.run import Watcher

LAST_DAYS = timedelta(days=7)


SLOW = 40
"""From so many requests on a check says beforehand how many it takes."""


def expected_requests(settings: Settings) -> int:
    """Return about how many requests a check takes, by what is known of both sides' size."""
    return requests_for(any_cache(settings.cache_path))


def check(settings: Settings, watcher: Watcher, since: date | None = None, clocks: Clocks | None = None) -> Compared:
    """Compare both catalogues and levels, and the orders of the last seven days or since a day with KORONA's receipts.

    That day begins at midnight in the shop's time zone.
    """
    sides = connect(settings, read_only=True, full=True, clocks=clocks or Clocks())
    store = sides.shopify.shop()
    begin = sides.shopify.now - LAST_DAYS if since is None else start_instant(since, store)
    looked = look(replace(sides, orders_since=begin), watcher, clocks or Clocks())
    errors, differences, counts = list(looked.errors), list(_of_catalogues(looked)), (0, 0)
    try:
        books = _books(looked, begin, start_instant(settings.orders.start_from, store))
    except KorsyncError as error:
        errors.append(error)
    else:
        if books is not None:
            differences += receipt_differences(books)
            counts = len(books.placed), len(books.receipts)
    articles, levels = (looked.plans[name].matched if name in looked.plans else 0 for name in ("products", "stock"))
    return Compared(begin, articles, levels, *counts, in_order(differences), distinct(errors))


def _of_catalogues(looked: Looked) -> Iterator[Difference]:
    if "stock" in looked.plans:
        read = looked.pulled["stock"].read
        yield from level_differences(looked.plans["stock"], levels_of(read).levels, read.rules, looked.state)
    if "products" in looked.plans:
        yield from product_differences(looked.plans["products"], looked.state)


def _books(looked: Looked, since: datetime, start: datetime) -> Books | None:
    """Read KORONA's receipts, and the orders that they name and the list did not bring; None without a plan."""
    if "orders" not in looked.plans:
        return None
    sides, reading = looked.sides, looked.reading
    point_of_sale_id = looked.pulled["orders"].targets.point_of_sale_id
    marks = reading.memory.cache.receipt_marks
    receipts = receipts_posted_since(sides, marks, point_of_sale_id, since - CLOCKS_APART)
    new = (each for each in receipts if each.created_at is None or each.created_at >= since)
    named = {each.order_id for each in new if each.order_id is not None}
    reading = read_orders_by_id(sides, reading, sorted(named))
    plans = [looked.plans[name] for name in ("orders", "refunds") if name in looked.plans]
    shop = sides.settings.shopify.shop
    return Books(since, start, shop, reading.orders, reading.memory.state.orders, receipts, plans)
