"""`korsync init`: checks everything, takes the first look, and makes the state that nearly every command needs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from korsync.commands.couple import couple_once
from korsync.commands.state import identity_of
from korsync.commands.sync import Clocks, connect
from korsync.config.load import fingerprint
from korsync.config.settings import Settings
from korsync.errors import ConfigurationError, StateError
from korsync.memory.cache import save_cache
from korsync.memory.files import hold_lock
from korsync.memory.state import no_link, save_state
from korsync.pipelines.base import Reading, Sides
from korsync.pipelines.lookups import all_receipts
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.sides import read_shop_products
from korsync.pipelines.stock import Stock
from korsync.pipelines.targets import (
    find_booking_targets,
    find_product_targets,
    find_shop,
    find_stock_targets,
)
from korsync.records.bookings import NOT_BOOKED, SHOWN, BookingStatus, KnownOrder
from korsync.records.memory import Cache, Memory, State
from korsync.records.receipts import BookedReceipt
from korsync.rules.bookings import remember, start_instant
from korsync.rules.matching import match
from korsync.rules.prices import price_at
from korsync.rules.read_back import found_return, found_sale, with_found_edits
from korsync.rules.taxes import double_rates

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""Stands for the order cursor until the shop's time zone is known."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What `init` found: the memory to begin with, how many articles match, and orders KORONA does not know of.

    `receipts` are all that stand on the point of sale, `double_rates` the rates that nobody could book.
    `booked`, `missing` and `conflicts` are order names, filled by `--adopt` only. `last_receipt_number` is what the
    point of sale had before `--couple`; KORONA does not tell it later.
    """

    memory: Memory
    matched: int
    priced: int
    unfulfilled: tuple[KnownOrder, ...]
    receipts: tuple[BookedReceipt, ...]
    double_rates: tuple[str, ...]
    booked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    last_receipt_number: str | None = None


def open_shop(sides: Sides, *, couples: bool = False) -> tuple[Reading, Opening]:
    """Check everything that the configuration names and take the first look; nothing is written to either side.

    With `couples` the point of sale need not be coupled yet.
    """
    settings = sides.settings
    reading = read_shop_products(sides, Reading(Memory(_blank(settings, BEFORE_ALL), Cache())))
    reading, store = find_shop(sides, reading)
    start = start_instant(settings.orders.start_from, store)
    reading, prices = find_product_targets(sides, reading)
    reading, _ = find_stock_targets(sides, reading)
    reading, targets = find_booking_targets(sides, reading, is_coupled_later=couples)
    reading = reading.with_memory(replace(reading.memory, state=_with_orders_before(sides, start)))
    reading, receipts = all_receipts(sides, _first_look(sides, reading), targets.point_of_sale_id)
    _must_be_ours(settings, receipts)
    cache = reading.memory.cache
    matches = match(cache.catalogue.articles, cache.shop_products.products).matches
    now = sides.korona.now
    priced = [each for each in matches if price_at(each.article, prices.price_group, now) is not None]
    waiting = tuple(order for order in reading.memory.state.orders.values() if _reserves_pieces(order))
    doubles = double_rates(targets, now, included=store.taxes_included)
    opening = Opening(reading.memory, len(matches), len(priced), waiting, receipts, doubles)
    if any(each.key is not None and each.shop == settings.shopify.shop for each in receipts):
        # There was a state before: taken for new, all that it booked would count as sold again.
        return reading, adopt(sides, reading, opening)
    return reading, opening


def _must_be_ours(settings: Settings, receipts: Iterable[BookedReceipt]) -> None:
    """Stop where nobody could tell whether a receipt on the point of sale is one of an order."""
    nameless = [each.number for each in receipts if each.key is None]
    if nameless:
        raise ConfigurationError(
            f"point of sale {settings.korona.point_of_sale} holds {len(nameless)} receipts without korsync's references"
            f" ({nameless[-1]}): of another program, or this KORONA does not return them",
            "name a point of sale under korona.point_of_sale that serves nothing but korsync",
        )


def _first_look(sides: Sides, reading: Reading) -> Reading:
    """Remember the levels of both sides as they stand; what is wrong with them is the first run's matter."""
    pulled = Stock(sides).pull(reading)
    looks = Stock.plan(pulled).memory
    cache = pulled.reading.memory.cache
    return pulled.reading if looks is None else pulled.reading.with_memory(looks.with_cache(stocks=cache.stocks))


def adopt(sides: Sides, reading: Reading, opening: Opening) -> Opening:
    """Find in KORONA what was booked before the state was lost; nothing is booked for `settle_minutes` after.

    Orders of which KORONA holds a receipt are known as booked from now on; a conflict is held for a person.
    """
    reading = read_orders(sides, reading)
    by_order: dict[int, list[BookedReceipt]] = {}
    for receipt in opening.receipts:
        if receipt.order_id is not None and receipt.shop == sides.settings.shopify.shop:
            by_order.setdefault(receipt.order_id, []).append(receipt)
    now = sides.korona.now
    orders = {}
    for order in reading.memory.state.orders.values():
        content = reading.orders.get(order.id)
        total = content.total_price if content else None
        orders[order.id] = _adopted(order, total, by_order.get(order.id, ()), now)
    mine = [order for order in orders.values() if not order.before_start and not order.test]
    return replace(
        opening,
        memory=reading.memory.with_state(orders=orders, adopted_at=now),
        booked=tuple(order.name for order in mine if order.is_booked),
        missing=tuple(order.name for order in mine if order.sale is None and order.cancelled_at is None),
        conflicts=tuple(
            order.name for order in mine if order.sale is not None and order.sale.status is BookingStatus.CONFLICT
        ),
    )


def confirm(opening: Opening, *, yes: bool) -> None:
    """Raise ConfigurationError where orders from before `orders.start_from` are unfulfilled and nobody said yes."""
    if opening.unfulfilled and not yes:
        orders = "\n".join(f"{order.name}: {reserved(order)}" for order in opening.unfulfilled)
        raise ConfigurationError(
            f"unfulfilled orders from before orders.start_from, of whose pieces KORONA does not know:\n{orders}",
            "these pieces stay reserved until the orders are fulfilled or ignored; repeat with --yes if that is right",
        )


def reserved(order: KnownOrder) -> str:
    return ", ".join(f"{line.quantity} × {line.sku or 'without SKU'}" for line in order.lines)


def _reserves_pieces(order: KnownOrder) -> bool:
    """Tell whether an order from before the start has pieces still to go, of which KORONA does not know."""
    return order.before_start and not order.fulfilled and order.cancelled_at is None


def _blank(settings: Settings, cursor: datetime) -> State:
    return State(identity_of(settings), cursor)


def _with_orders_before(sides: Sides, start: datetime) -> State:
    # With a start still to come, what is placed until then must be seen: its pieces are sold.
    cursor = min(start, sides.shopify.now)
    known = [remember(order, None, start) for order in sides.shopify.open_orders_before(start)]
    # They are told of now.
    orders = {each.id: replace(each, told=(NOT_BOOKED,)) for each in known}
    return replace(_blank(sides.settings, cursor), orders=orders)


def _with_orders_shown(memory: Memory) -> Memory:
    """Remember of which orders a person has been told that they are going to be booked."""
    known = memory.state.orders.items()
    orders = {key: replace(order, told=(*order.told, SHOWN)) if order.is_due else order for key, order in known}
    return memory.with_state(orders=orders)


def _adopted(order: KnownOrder, total: Decimal | None, found: Iterable[BookedReceipt], now: datetime) -> KnownOrder:
    receipts = tuple(found)
    sale = found_sale(order, total, receipts, now)
    if sale is not None:
        order = order.with_booking(sale)
    order = with_found_edits(order, receipts, now)
    for refund_id in sorted({each.refund_id for each in order.restocks}):
        booking = found_return(order, refund_id, receipts, now)
        if booking is not None:
            order = order.with_booking(booking)
    return order


def initialise(settings: Settings, *, yes: bool, couples: bool, adopts: bool) -> Opening:
    """Make a new state, or with `adopts` rebuild a lost one from KORONA's receipts.

    Raises StateError where there is a state already. With `couples` the point of sale is coupled last, so that
    nothing was sent where any check fails.
    """
    with hold_lock(settings.state_path):
        no_link(settings.state_path)
        if settings.state_path.exists():
            raise StateError(
                f"there is a state file already: {settings.state_path}", "this shop is set up; nothing was changed"
            )
        sides = connect(settings, read_only=True, full=True, clocks=Clocks())
        reading, opening = open_shop(sides, couples=couples)
        if adopts:
            opening = adopt(sides, reading, opening)
        confirm(opening, yes=yes)
        opening = replace(opening, memory=_with_orders_shown(opening.memory))
        if couples:
            coupled = couple_once(connect(settings, read_only=False, full=True, clocks=Clocks()))
            opening = replace(opening, last_receipt_number=coupled.last_receipt_number)
        save_state(settings.state_path, opening.memory.state)
        save_cache(settings.cache_path, opening.memory.cache, fingerprint(settings))
        return opening
