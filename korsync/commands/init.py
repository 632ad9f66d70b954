"""`korsync init`: checks everything, takes the first look, and makes the state that nearly every command needs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from korsync.commands.couple import couple_once
from korsync.commands.readiness import (
    Looks,
    look_at_korona,
    look_at_other_locations,
    look_at_shopify,
    must_be_passed,
)
from korsync.commands.state import identity_of, state_of
from korsync.commands.sync import Clocks, connect
from korsync.config.load import fingerprint
from korsync.config.settings import Settings
from korsync.errors import ConfigurationError, StateError
from korsync.memory.cache import save_cache
from korsync.memory.files import hold_lock
from korsync.memory.state import no_link, save_state
from korsync.pipelines.base import Reading, Sides
from korsync.pipelines.lookups import all_receipts
from korsync.pipelines.sides import read_shop_products
from korsync.pipelines.stock import Stock, StockPulled
from korsync.pipelines.targets import find_booking_targets, find_product_targets, find_shop, find_stock_targets
from korsync.records.bookings import NOT_BOOKED, SHOWN, BookingStatus, KnownOrder
from korsync.records.catalogue import Location, Shop
from korsync.records.memory import Cache, Memory, State
from korsync.records.opening import Answer, Opening
from korsync.records.receipts import BookedReceipt
from korsync.rules.access import clock_check
from korsync.rules.bookings import remember, start_instant, zone_of
from korsync.rules.matching import match
from korsync.rules.opening import counts_of, match_checks, open_before, to_book
from korsync.rules.read_back import found_return, found_sale, with_found_edits
from korsync.run import LONGEST_READING

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""Stands for the order cursor until the shop's time zone is known."""


class Host(Protocol):
    """Whoever shows a person what the first look finds, and brings back the answer."""

    def read(self, side: str, name: str, rows: int) -> None:
        """See that so many rows more of a list have arrived."""

    def looked(self, opening: Opening) -> None:
        """Show what was found; nothing is made yet."""

    def ask(self, opening: Opening) -> Answer | None:
        """Bring what a person says to the orders that were found; None for no answer."""


def open_shop(sides: Sides, *, couples: bool = False, adopts: bool = False) -> Opening:
    """Check everything that the configuration names and take the first look; nothing is written to either side.

    With `couples` the point of sale need not be coupled yet, with `adopts` what KORONA holds is taken for booked. Where
    nothing matches it is the checks that say so.
    """
    settings = sides.settings
    looks, locations = _look_around(sides, couples=couples)
    reading, shop = find_shop(sides, Reading(Memory(_blank(settings, BEFORE_ALL), Cache())))
    start = start_instant(settings.orders.start_from, shop)
    reading = read_shop_products(sides, reading)
    reading, prices = find_product_targets(sides, reading)
    reading, served = find_stock_targets(sides, reading)
    reading, targets = find_booking_targets(sides, reading, is_coupled_later=couples)
    reading = reading.with_memory(replace(reading.memory, state=_with_orders_before(sides, shop, start)))
    pulled = Stock(sides).pull(reading)
    for trouble in pulled.trouble:
        raise trouble
    # KORONA may hold the receipts of years: their list has a time of its own.
    sides.ask_for(LONGEST_READING)
    reading, receipts = all_receipts(sides, _first_look(pulled), targets.point_of_sale_id)
    _must_be_ours(settings, receipts)
    cache = reading.memory.cache
    articles, products = cache.catalogue.articles, cache.shop_products.products
    counts = counts_of(articles, products, prices.price_group, sides.korona.now)
    looks.judged(*match_checks(counts, prices_matter="price" in settings.products.fields))
    look_at_other_locations(looks, sides, served.location, locations, match(articles, products).matches)
    # Where there was a state before: taken for new, all that it booked would count as sold again.
    adopts = adopts or any(each.key is not None and each.shop == settings.shopify.shop for each in receipts)
    found = _adopted_all(sides, reading, receipts) if adopts else Adopted(reading.memory)
    orders = found.memory.state.orders
    return Opening(
        memory=found.memory,
        start_from=settings.orders.start_from,
        checks=tuple(looks.checks),
        match=counts,
        to_book=to_book(orders.values(), reading.orders, zone_of(shop)),
        open_before=open_before(replace(pulled.read, memory=found.memory)),
        adopted=adopts,
        booked=found.booked,
        missing=found.missing,
        conflicts=found.conflicts,
    )


def _look_around(sides: Sides, *, couples: bool) -> tuple[Looks, tuple[Location, ...]]:
    """Check both sides, and return Shopify's locations; raise what is in the way, all of it at once."""
    looks, shop = Looks(lambda _group, _check: None), None
    locations: tuple[Location, ...] = ()
    with looks.group("Shopify"):
        shop, locations = look_at_shopify(looks, sides)
    with looks.group("KORONA"):
        look_at_korona(looks, sides, shop, is_coupled_later=couples)
    looks.judged(clock_check(sides.clocks.doubt))
    must_be_passed(looks.checks)
    return looks, locations


def _must_be_ours(settings: Settings, receipts: Iterable[BookedReceipt]) -> None:
    """Stop where nobody could tell whether a receipt on the point of sale is one of an order."""
    nameless = [each.number for each in receipts if each.key is None]
    if nameless:
        raise ConfigurationError(
            f"point of sale {settings.korona.point_of_sale} holds {len(nameless)} receipts without korsync's references"
            f" ({nameless[-1]}): of another program, or this KORONA does not return them",
            "name a point of sale under korona.point_of_sale that serves nothing but korsync",
        )


def _first_look(pulled: StockPulled) -> Reading:
    """Remember the levels of both sides as they stand; what is wrong with them is the first run's matter."""
    looks = Stock.plan(pulled).memory
    cache = pulled.reading.memory.cache
    return pulled.reading if looks is None else pulled.reading.with_memory(looks.with_cache(stocks=cache.stocks))


@dataclass(frozen=True, slots=True)
class Adopted:
    """What is known after a look at KORONA's receipts, and the names of the orders by what it holds of them."""

    memory: Memory
    booked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def _adopted_all(sides: Sides, reading: Reading, receipts: Iterable[BookedReceipt]) -> Adopted:
    """Find in KORONA what was booked before the state was lost; nothing is booked for `settle_minutes` after.

    Orders of which KORONA holds a receipt are known as booked from now on; a conflict is held for a person.
    """
    by_order: dict[int, list[BookedReceipt]] = {}
    for receipt in receipts:
        if receipt.order_id is not None and receipt.shop == sides.settings.shopify.shop:
            by_order.setdefault(receipt.order_id, []).append(receipt)
    now = sides.korona.now
    orders = {}
    for order in reading.memory.state.orders.values():
        content = reading.orders.get(order.id)
        total = content.total_price if content else None
        orders[order.id] = _adopted(order, total, by_order.get(order.id, ()), now)
    mine = [order for order in orders.values() if not order.before_start and not order.test]
    return Adopted(
        reading.memory.with_state(orders=orders, adopted_at=now),
        booked=tuple(order.name for order in mine if order.is_booked),
        missing=tuple(order.name for order in mine if order.sale is None and order.cancelled_at is None),
        conflicts=tuple(
            order.name for order in mine if order.sale is not None and order.sale.status is BookingStatus.CONFLICT
        ),
    )


def _answered(opening: Opening, answer: Answer | None) -> Memory:
    """Return the memory to begin with; raise ConfigurationError where a person has to answer and did not.

    Of the orders that are going to be booked a person has been told; those from before are settled where they are to
    be ignored.
    """
    if opening.asks and answer is None:
        raise ConfigurationError(
            "nothing was made: the orders above need an answer",
            "repeat with --yes to book and to reserve as it says, or with --ignore-open to reserve nothing for the old"
            " ones; where it is not right, correct orders.start_from",
        )
    before = {each.id for each in opening.open_before.orders} if opening.open_before else set()
    orders = dict(opening.memory.state.orders)
    for key, order in orders.items():
        if order.is_due:
            orders[key] = replace(order, told=(*order.told, SHOWN))
        elif key in before and answer is Answer.IGNORE:
            orders[key] = replace(order, ignored=True)
    return opening.memory.with_state(orders=orders)


def _blank(settings: Settings, cursor: datetime) -> State:
    return State(identity_of(settings), cursor)


def _with_orders_before(sides: Sides, shop: Shop, start: datetime) -> State:
    # With a start still to come, what is placed until then must be seen: its pieces are sold.
    cursor = min(start, sides.shopify.now)
    known = [remember(order, None, start) for order in sides.shopify.open_orders_before(start) if order.is_told]
    # They are told of now.
    orders = {each.id: replace(each, told=(NOT_BOOKED,)) for each in known}
    return replace(_blank(sides.settings, cursor), orders=orders, orders_start=start, timezone=shop.timezone)


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


def initialise(settings: Settings, host: Host, *, couples: bool, adopts: bool, clocks: Clocks | None = None) -> Opening:
    """Make a new state, or with `adopts` rebuild a lost one from KORONA's receipts.

    Raises StateError where there is a state already. With `couples` the point of sale is coupled last, so that
    nothing was sent where any check fails or a person says no.
    """
    with hold_lock(settings.state_path):
        no_link(settings.state_path)
        if settings.state_path.exists():
            # One that cannot be used says so itself, and what to do with it.
            state_of(settings)
            raise StateError(
                f"there is a state file already: {settings.state_path}", "this shop is set up; nothing was changed"
            )
        sides = connect(settings, read_only=True, full=True, clocks=clocks or Clocks())
        for session in (sides.korona.session, sides.shopify.session):
            session.on_rows = host.read
        opening = open_shop(sides, couples=couples, adopts=adopts)
        host.looked(opening)
        must_be_passed(opening.checks)
        memory = _answered(opening, host.ask(opening) if opening.asks else None)
        if couples:
            coupled = couple_once(connect(settings, read_only=False, full=True, clocks=clocks or Clocks()))
            opening = replace(opening, last_receipt_number=coupled.last_receipt_number)
        save_state(settings.state_path, memory.state)
        save_cache(settings.cache_path, memory.cache, fingerprint(settings))
        return replace(opening, memory=memory)
