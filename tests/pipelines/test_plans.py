"""Every plan is a function of values alone: here none of them has a client, a server, a clock or a file."""

from dataclasses import replace
from decimal import Decimal

from korsync.config.settings import ProductSettings, SafetySettings
from korsync.pipelines.base import Reading
from korsync.pipelines.lookups import LookUp
from korsync.pipelines.orders import DueOrder, Orders, OrdersPulled
from korsync.pipelines.products import Products, ProductsPulled
from korsync.pipelines.refunds import OpenReturns, Refunds, RefundsPulled
from korsync.pipelines.stock import Stock, StockPulled
from korsync.records.bookings import Booking, BookingStatus, KnownOrder, Pieces, Restock
from korsync.records.catalogue import PaymentMethod
from korsync.records.memory import Memory
from korsync.records.orders import Order, OrderLine, Refund, RefundLine
from korsync.records.plan import Fate
from korsync.records.receipts import BookedLine, BookedReceipt
from korsync.rules.stock import LevelRules
from tests.support.values import (
    BOOKING_TARGETS,
    EARLIER,
    NOON,
    PRODUCT_TARGETS,
    SETTLE,
    STOCK_TARGETS,
    memory,
    order,
    stocked,
)

TARGETS = replace(BOOKING_TARGETS, payment_methods={"default": PaymentMethod("cash", "9", "Other")})


def in_shopify(known: KnownOrder, *refunds: Refund) -> Order:
    """The order as Shopify shows it: pieces of 1001 for 8.90 each, without taxes."""
    (line,) = known.lines
    pieces, price = line.quantity, Decimal("8.90")
    sold = OrderLine(line.id, line.sku, line.variant_id, "Tee", pieces, pieces, price, Decimal(0), ())
    return Order(
        id=known.id,
        name=known.name,
        order_number=known.id,
        created_at=known.created_at,
        updated_at=known.updated_at,
        cancelled_at=None,
        test=False,
        fulfilled=False,
        currency="EUR",
        taxes_included=True,
        total_price=price * pieces,
        gateways=(),
        lines=(sold,),
        shipping_lines=(),
        refunds=refunds,
    )


def sale_in_korona(known: KnownOrder) -> BookedReceipt:
    (line,) = known.lines
    total = Decimal("8.90") * line.quantity
    row = BookedLine(line.id, "article 1001", "Tee", Decimal(line.quantity), total, Decimal(0), ())
    key = f"order/{known.id}"
    return BookedReceipt("r", "90-1", str(known.id), 7, key, "shop.example", known.id, total, (row,), EARLIER)


def kept(planned: Memory | None) -> Memory:
    assert planned is not None
    return planned


def test_the_plan_of_stock_lowers_a_level_by_what_is_sold_and_remembers_the_look() -> None:
    known = memory(order(pieces=2))
    pulled = StockPulled(Reading(known), STOCK_TARGETS, LevelRules(0, SETTLE), NOON, known.cache.stocks)
    plan = Stock.plan(pulled)
    (change,) = plan.changes
    assert (change.key, change.before and change.before.available, change.after.available) == ("1001", 5, 3)
    assert kept(plan.memory).cache.looks[3001].at == NOON


def test_the_plan_of_stock_forgets_koronas_figures_where_it_is_stopped() -> None:
    before = memory()
    waiting = replace(before.state, stopped={"stock": ("1001\tfalls to 0 or below",)})
    read = Memory(waiting, replace(before.cache, stocks={"warehouse": stocked(0)}))
    plan = Stock.plan(StockPulled(Reading(read), STOCK_TARGETS, LevelRules(0, SETTLE), NOON, before.cache.stocks))
    assert plan.stop is not None
    assert plan.allowed == ()
    assert kept(plan.memory).cache.stocks == before.cache.stocks


def test_the_plan_of_orders_makes_a_receipt_of_what_korona_does_not_show() -> None:
    new, shown = order(1), order(2)
    look = LookUp((sale_in_korona(shown),), NOON)
    articles = {new.lines[0].id: "article 1001"}
    due = (
        DueOrder(new, "#1", in_shopify(new), LookUp((), NOON), articles),
        DueOrder(shown, "#2", in_shopify(shown), look),
    )
    plan = Orders.plan(OrdersPulled(Reading(memory(new, shown)), due, TARGETS, SETTLE, 200, NOON))
    (change,) = plan.changes
    assert (change.key, change.after.total, change.after.posted.key) == ("#1", Decimal("17.80"), "order/1")
    orders = kept(plan.memory).state.orders
    assert (orders[1].is_booked, orders[2].is_booked) == (False, True)


def test_the_plan_of_orders_says_once_what_is_not_booked_and_leaves_the_mark_to_be_made() -> None:
    plan = Orders.plan(OrdersPulled(Reading(memory(order(test=True))), (), TARGETS, SETTLE, 200, NOON))
    (skip,) = plan.skips
    assert (skip.key, skip.fate, skip.once is not None) == ("#1", Fate.LEFT, True)
    assert kept(plan.memory).state.orders[1].told == ()


def test_the_plan_of_refunds_makes_a_negative_receipt_of_what_came_back() -> None:
    line_id = order().lines[0].id
    booking = Booking("order/1", BookingStatus.BOOKED, (Pieces(line_id, 2),), confirmed_at=EARLIER)
    known = order(sale=booking, restocks=(Restock(5, line_id, 1, EARLIER, 60),))
    refund = Refund(5, EARLIER, (RefundLine(6, line_id, 1, "return", 60, Decimal("8.90")),), ())
    returns = OpenReturns(known, "#1", in_shopify(known, refund), LookUp((sale_in_korona(known),), NOON))
    plan = Refunds.plan(RefundsPulled(Reading(memory(known)), (returns,), TARGETS, 60, SETTLE))
    (change,) = plan.changes
    assert (change.key, change.after.total, change.after.posted.key) == ("#1 refund 5", Decimal("-8.90"), "refund/5")


def test_the_plan_of_products_changes_what_differs() -> None:
    known = memory()
    dearer = replace(known.cache.catalogue.articles["article 1001"], name="Ceylon Tee")
    catalogue = replace(known.cache.catalogue, articles={"article 1001": dearer})
    reading = Reading(replace(known, cache=replace(known.cache, catalogue=catalogue)))
    plan = Products.plan(ProductsPulled(reading, PRODUCT_TARGETS, ProductSettings(), SafetySettings(), NOON))
    assert [(change.key, *change.edits()) for change in plan.changes] == [("1001", *plan.changes[0].edits())]
    assert [edit.after for edit in plan.changes[0].edits()] == ["Ceylon Tee"]
