"""`korsync explain`: all that is known of one article or order, read as the next run would read it; writes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from korsync.commands.look import Looked, look
from korsync.commands.sync import Clocks, connect
from korsync.config.settings import Settings
from korsync.errors import KorsyncError, distinct
from korsync.memory.journal import entries_of
from korsync.pipelines.base import Reading
from korsync.pipelines.lookups import look_up
from korsync.pipelines.sides import read_orders_by_id
from korsync.pipelines.targets import find_point_of_sale
from korsync.records.bookings import KnownOrder
from korsync.records.explained import ArticleExplained, Explained, OrderExplained
from korsync.rules.bookings import names_apart, remember, start_instant
from korsync.rules.explained import ArticleRead, explain_article, nearly
from korsync.rules.explained_orders import OrderRead, explain_order, named
from korsync.rules.past import of_one
from korsync.run import Watcher

MOST_ORDERS = 3
"""So many orders of one name are looked up: names come again where a shop begins its numbers anew."""


def explain(settings: Settings, watcher: Watcher, word: str) -> Explained:
    """Return what is known of the article or order that a person calls so; with # before it only of the order."""
    item = word.strip()
    looked = look(connect(settings, read_only=True, full=False, clocks=Clocks()), watcher, Clocks())
    try:
        now = looked.sides.korona.now
    except KorsyncError as error:
        # What kept the sides from being read says more than that there is no time.
        return Explained(item, errors=looked.errors or (error,))
    explained = Explained(item, errors=looked.errors)
    if not item.startswith("#") and " refund " not in item:
        explained = replace(explained, articles=tuple(_articles(looked, item, now)))
    try:
        explained = replace(explained, orders=tuple(_orders(looked, item)))
    except KorsyncError as error:
        explained = replace(explained, errors=distinct((*looked.errors, error)))
    if explained.articles or explained.orders or explained.errors:
        return explained
    near = nearly(item, looked.reading.memory.cache)
    what = f"no article, no variant and no order that may be booked is called {item}"
    return replace(explained, unknown=f"{what}; {near}" if near else what)


def _articles(looked: Looked, sku: str, now: datetime) -> Iterator[ArticleExplained]:
    products, stock = looked.pulled.get("products"), looked.pulled.get("stock")
    read = ArticleRead(
        cache=looked.reading.memory.cache,
        plans=tuple(looked.plans[name] for name in ("stock", "products") if name in looked.plans),
        now=now,
        stock=stock.read if stock else None,
        targets=products.targets if products else None,
    )
    explained = explain_article(sku, read)
    if explained is not None:
        entries = entries_of(looked.sides.settings.journal_path, sku)
        yield replace(explained, past=of_one(entries, sku, is_order=False))


def _orders(looked: Looked, item: str) -> Iterator[OrderExplained]:
    sides, state = looked.sides, looked.reading.memory.state
    reading, known = _found(looked, item)
    if not known:
        return
    point_of_sale_id = find_point_of_sale(sides, reading)
    _, shown = look_up(sides, reading, point_of_sale_id, known)
    names = names_apart({**state.orders, **{each.id: each for each in known}}.values())
    bookings = looked.pulled.get("orders")
    for order in known:
        read = OrderRead(
            known=order,
            name=names[order.id],
            order=reading.orders.get(order.id),
            receipts=shown[order.id].receipts,
            plans=tuple(looked.plans[name] for name in ("orders", "refunds") if name in looked.plans),
            cache=reading.memory.cache,
            targets=bookings.targets if bookings else None,
        )
        entries = entries_of(sides.settings.journal_path, order.name)
        yield replace(explain_order(read), past=of_one(entries, read.name, is_order=True))


def _found(looked: Looked, item: str) -> tuple[Reading, list[KnownOrder]]:
    """Return the orders of a name: those that are remembered, those just read, else those that KORONA's receipts name.

    What was finished long ago is remembered by KORONA alone.
    """
    sides, reading = looked.sides, looked.reading
    orders = reading.memory.state.orders
    ids = named(item, names_apart(orders.values())) or named(item, {each.id: each.name for each in orders.values()})
    ids = ids or named(item, {order_id: each.name for order_id, each in reading.orders.items()})
    if not ids:
        number = item.partition(" refund ")[0].removeprefix("#")
        receipts = sides.korona.receipts_by_order_number(find_point_of_sale(sides, reading), number)
        ids = sorted({each.order_id for each in receipts if each.order_id is not None})
    reading = read_orders_by_id(sides, reading, ids[:MOST_ORDERS])
    start = _start(looked)
    found = (orders.get(each) or _remembered(reading, each, start) for each in ids[:MOST_ORDERS])
    return reading, [each for each in found if each is not None]


def _remembered(reading: Reading, order_id: int, start: datetime) -> KnownOrder | None:
    return remember(reading.orders[order_id], None, start) if order_id in reading.orders else None


def _start(looked: Looked) -> datetime:
    store = looked.reading.memory.cache.targets.shop or looked.sides.shopify.shop()
    return start_instant(looked.sides.settings.orders.start_from, store)
