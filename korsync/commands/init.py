"""`korsync init`: checks everything, takes the first look, and makes the state that every other command needs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from korsync.commands.sync import Clocks, identity_of, sides_of
from korsync.config.load import fingerprint
from korsync.config.settings import Settings
from korsync.errors import ConfigurationError, StateError
from korsync.korona import client as korona_client
from korsync.memory.cache import save_cache
from korsync.memory.files import hold_lock
from korsync.memory.state import save_state
from korsync.pipelines.base import Knowledge
from korsync.pipelines.lookups import all_receipts
from korsync.pipelines.order_list import read_orders
from korsync.pipelines.sides import Sides
from korsync.pipelines.stock import Stock
from korsync.pipelines.targets import bookable_point_of_sale, booking_targets, product_targets, shop, stock_targets
from korsync.records.bookings import BookingStatus, KnownOrder
from korsync.records.catalogue import PointOfSale
from korsync.records.memory import Cache, State
from korsync.records.receipts import BookedReceipt
from korsync.rules.bookings import found_return, found_sale, is_booked, remember, start_instant, with_booking
from korsync.rules.matching import match
from korsync.rules.prices import price_at

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""Stands for the order cursor until the shop's time zone is known."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What `init` found: the knowledge to begin with, how many articles match, and orders KORONA does not know of.

    `receipts` are all that stand on the point of sale.
    `booked`, `missing` and `conflicts` are order names, filled by `--adopt` only. `last_receipt_number` is what the
    point of sale had before `--couple`; KORONA does not tell it later.
    """

    knowledge: Knowledge
    matched: int
    priced: int
    unfulfilled: tuple[KnownOrder, ...]
    receipts: tuple[BookedReceipt, ...]
    booked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    last_receipt_number: str | None = None


def couple(sides: Sides) -> str | None:
    """Couple the point of sale once; return its last receipt number as it was before, None where there was none."""
    point_of_sale = bookable_point_of_sale(sides.korona, sides.settings)
    sides.korona.couple(point_of_sale.id, sides.settings.korona.coupling_id)
    return point_of_sale.last_receipt_number


def open_shop(sides: Sides) -> Opening:
    """Check everything that the configuration names and take the first look; nothing is written to either side."""
    settings = sides.settings
    knowledge = sides.shelf(Knowledge(_blank(settings, BEFORE_ALL), Cache()))
    knowledge, store = shop(sides, knowledge)
    start = start_instant(settings.orders.start_from, store)
    knowledge = replace(knowledge, state=_blank(settings, start))
    knowledge, prices = product_targets(sides, knowledge)
    knowledge, _ = stock_targets(sides, knowledge)
    knowledge, targets = booking_targets(sides, knowledge)
    knowledge = _with_orders_before(sides, knowledge, start)
    knowledge = Stock(sides).pull(knowledge).knowledge
    knowledge, receipts = all_receipts(sides, knowledge, targets.point_of_sale_id)
    matching = match(knowledge.cache.catalogue.articles, knowledge.cache.shelf.products)
    now = sides.korona.now
    priced = [each for each in matching.matches if price_at(each.article, prices.price_group, now) is not None]
    waiting = tuple(order for order in knowledge.state.orders.values() if _reserves_pieces(order))
    opening = Opening(knowledge, len(matching.matches), len(priced), waiting, receipts)
    if any(each.key is not None and each.shop == settings.shopify.shop for each in receipts):
        # There was a state before: taken for new, all that it booked would count as sold again.
        return adopt(sides, opening)
    return opening


def adopt(sides: Sides, opening: Opening) -> Opening:
    """Find in KORONA what was booked before the state was lost; nothing is booked for `settle_minutes` after.

    Orders of which KORONA holds a receipt are known as booked from now on; a conflict is held for a person.
    """
    knowledge = read_orders(sides, opening.knowledge)
    by_order: dict[int, list[BookedReceipt]] = {}
    for receipt in opening.receipts:
        if receipt.order_id is not None and receipt.shop == sides.settings.shopify.shop:
            by_order.setdefault(receipt.order_id, []).append(receipt)
    now = sides.korona.now
    orders = dict(knowledge.state.orders)
    for order in list(orders.values()):
        content = sides.orders.get(order.id)
        total = content.total_price if content else None
        orders[order.id] = _adopted(order, total, by_order.get(order.id, ()), now)
    state = replace(knowledge.state, orders=orders, adopted_at=now)
    mine = [order for order in orders.values() if not order.before_start and not order.test]
    return replace(
        opening,
        knowledge=replace(knowledge, state=state),
        booked=tuple(order.name for order in mine if is_booked(order.sale)),
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
    """Return the pieces of an order in words."""
    return ", ".join(f"{line.quantity} × {line.sku or 'without SKU'}" for line in order.lines)


def _reserves_pieces(order: KnownOrder) -> bool:
    """Tell whether an order from before the start has pieces still to go, of which KORONA does not know."""
    return order.before_start and not order.fulfilled and order.cancelled_at is None


def _blank(settings: Settings, cursor: datetime) -> State:
    return State(identity_of(settings), cursor)


def _with_orders_before(sides: Sides, knowledge: Knowledge, start: datetime) -> Knowledge:
    orders = {
        order.id: replace(remember(order, None, start), listed=True)
        for order in sides.shopify.open_orders_before(start)
    }
    return replace(knowledge, state=replace(knowledge.state, orders=knowledge.state.orders | orders))


def _adopted(order: KnownOrder, total: object, found: Iterable[BookedReceipt], now: datetime) -> KnownOrder:
    receipts = tuple(found)
    sale = found_sale(order, total, receipts, now)
    if sale is not None:
        order = with_booking(order, sale)
    for refund_id in sorted({each.refund_id for each in order.restocks}):
        booking = found_return(order, refund_id, receipts, now)
        if booking is not None:
            order = with_booking(order, booking)
    return order


class _AsCoupled(korona_client.KoronaClient):
    """KORONA as it will be once the point of sale is coupled, so that all else can be checked before it is."""

    def points_of_sale(self, number: str) -> list[PointOfSale]:
        """Return the points of sale with this number as coupled ones."""
        return [replace(each, coupled=True) for each in super().points_of_sale(number)]

    def point_of_sale(self, point_of_sale_id: str, _coupling_id: str | None = None) -> PointOfSale:
        """Return a point of sale; KORONA refuses to show it for an id that it is not coupled with yet."""
        return super().point_of_sale(point_of_sale_id)


def initialise(settings: Settings, *, yes: bool, couples: bool, adopts: bool) -> Opening:
    """Make a new state, or with `adopts` rebuild a lost one from KORONA's receipts.

    Raises StateError where there is a state already. With `couples` the point of sale is coupled last, so that
    nothing was sent where any check fails.
    """
    with hold_lock(settings.state_path):
        if settings.state_path.exists():
            raise StateError(
                f"there is a state file already: {settings.state_path}", "this shop is set up; nothing was changed"
            )
        sides = sides_of(settings, read_only=True, full=True, clocks=Clocks())
        if couples:
            sides.korona = _AsCoupled(sides.korona.session, settings.korona.account_id)
        opening = open_shop(sides)
        if adopts:
            opening = adopt(sides, opening)
        confirm(opening, yes=yes)
        if couples:
            number = couple(sides_of(settings, read_only=False, full=True, clocks=Clocks()))
            opening = replace(opening, last_receipt_number=number)
        save_state(settings.state_path, opening.knowledge.state)
        save_cache(settings.cache_path, opening.knowledge.cache, fingerprint(settings))
        return opening
