"""Random orders and sequences of refunds: what is booked equals what left the shelf, and no sum falls below zero."""

import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from korsync.records.orders import Refund, RefundLine
from korsync.records.receipts import BookedLine, BookedReceipt, BookedTax, Receipt
from korsync.rules.receipts import NotBookableError, sale_receipt
from korsync.rules.returns import RESTOCKED, restocked_pieces, return_receipt, returned_pieces
from korsync.sandbox.korona.store import Article
from korsync.sandbox.shopify.sales import Discount
from korsync.sandbox.shopify.sales import Order as PlacedOrder
from tests.support.booked import BOOKING, on_the_shelf, watch_shelf
from tests.support.order_generator import Case, cases
from tests.support.pricing import DECIMALS, amount, half_up
from tests.support.shop import Shop
from tests.support.webshop import on_sale, open_webshop

LATER = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
TYPES = ("return", "return", "cancel", "legacy_restock", "no_restock")


def told(value: Decimal) -> Decimal:
    """Return an amount after its way through KORONA's JSON, where it is a float."""
    return Decimal(repr(float(value)))


def as_korona_holds(receipt: Receipt, chance: random.Random) -> BookedReceipt:
    """Return a receipt as KORONA shows it, which may leave out whatever follows from the rest."""
    lines = tuple(
        BookedLine(
            line.line_id,
            line.article_id,
            line.description,
            told(line.quantity),
            told(line.base),
            told(line.discount),
            tuple(
                BookedTax(tax.sales_tax_id, tax.percent, told(tax.amount), chance.choice((tax.included, None)))
                for tax in line.taxes
            ),
            chance.choice((told(line.gross), None)),
        )
        for line in receipt.lines
    )
    return BookedReceipt(
        receipt.id,
        receipt.number,
        receipt.order_number,
        1,
        receipt.key,
        receipt.shop,
        1,
        chance.choice((told(receipt.gross), None)),
        lines,
        None,
        receipt.payments,
    )


@dataclass
class Shelf:
    """Sold lines as Shopify sees them: pieces sold, price in its basis and in the other, pieces back so far.

    Shopify may round the figures of a refund once, or each piece of it.
    """

    case: Case
    net_subtotals: bool
    rounds_pieces: bool
    left: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lines = {line.id for line in self.case.order.lines}
        self.left = {row.line_id: row.pieces for row in self.case.rows if row.line_id in lines}

    def row(self, line_id: int, pieces: int, restock_type: str) -> RefundLine:
        """Return what Shopify says of so many pieces, each row rounded by itself."""
        line = next(each for each in self.case.order.lines if each.id == line_id)
        sold = next(each for each in self.case.rows if each.line_id == line_id).pieces
        units = 10 ** DECIMALS[self.case.currency]
        whole = int((line.price * sold - line.discount) * units)
        tax = int(sum((tax.amount for tax in line.taxes), Decimal(0)) * units)
        if self.case.order.taxes_included and self.net_subtotals:
            whole -= tax
        subtotal, total_tax = (amount(self._part(each, pieces, sold), self.case.currency) for each in (whole, tax))
        return RefundLine(1, line_id, pieces, restock_type, None, subtotal, total_tax)

    def _part(self, whole: int, pieces: int, sold: int) -> int:
        if self.rounds_pieces:
            return pieces * half_up(Fraction(whole, sold))
        return half_up(Fraction(whole * pieces, sold))

    def refund(self, refund_id: int, chance: random.Random, types: tuple[str, ...]) -> Refund:
        """Take some of what is left back, a line perhaps in two rows."""
        rows = []
        for line_id in [each for each, left in self.left.items() if left]:
            for _ in range(chance.choice((0, 1, 1, 2))):
                pieces = chance.randint(0, self.left[line_id])
                if pieces:
                    self.left[line_id] -= pieces
                    rows.append(self.row(line_id, pieces, chance.choice(types)))
        return Refund(refund_id, LATER, tuple(rows), ())

    def rest(self, refund_id: int) -> Refund:
        """Take everything that is left back."""
        rows = [self.row(line_id, left, "return") for line_id, left in self.left.items() if left]
        self.left = dict.fromkeys(self.left, 0)
        return Refund(refund_id, LATER, tuple(rows), ())


def figures(receipt: Receipt) -> Iterator[tuple[tuple[int, str], Decimal]]:
    """Yield every figure of a receipt: per line its pieces, price, discount, and the tax of each rate."""
    for line in receipt.lines:
        yield (line.line_id, "pieces"), line.quantity
        yield (line.line_id, "price"), line.base
        yield (line.line_id, "gross"), line.gross
        yield (line.line_id, "discount"), line.discount
        for tax in line.taxes:
            yield (line.line_id, f"tax {tax.percent}"), tax.amount


def added(totals: Mapping[tuple[int, str], Decimal], receipt: Receipt) -> dict[tuple[int, str], Decimal]:
    found = dict(totals)
    for name, figure in figures(receipt):
        found[name] = found.get(name, Decimal(0)) + figure
    return found


def taxes_of(totals: Mapping[tuple[int, str], Decimal], line_id: int) -> Decimal:
    return sum((figure for (of, name), figure in totals.items() if of == line_id and "tax" in name), Decimal(0))


def rest_of(whole: Decimal, away: int, line_id: int, case: Case) -> Decimal:
    """Return what is left of an amount when so many pieces stay away, its returned share rounded once."""
    pieces = next(each for each in case.rows if each.line_id == line_id).pieces
    units = int(whole * 10 ** DECIMALS[case.currency])
    return whole - amount(half_up(Fraction(units * (pieces - away), pieces)), case.currency)


@pytest.mark.long
@pytest.mark.parametrize("gross", [True, False])
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), chance=st.randoms(use_true_random=False))
def test_returns_of_any_sequence_stay_within_the_sale_and_add_up_to_it(
    gross: bool, data: st.DataObject, chance: random.Random
) -> None:
    case = data.draw(cases(gross))
    assume(not case.reasons)
    shelf = Shelf(case, net_subtotals=chance.random() < 0.5, rounds_pieces=chance.random() < 0.5)
    assume(any(shelf.left.values()))
    everything_returns = chance.random() < 0.5
    types = tuple(each for each in TYPES if each in RESTOCKED) if everything_returns else TYPES
    refunds = [shelf.refund(number, chance, types) for number in range(1, chance.randint(1, 5))]
    if everything_returns:
        refunds.append(shelf.rest(99))
    # A refund may be held for a while: shares go by the order of booking, whatever that is.
    chance.shuffle(refunds)
    sale = sale_receipt(case.order, case.articles, case.transactions, case.rules)
    booked = as_korona_holds(sale, chance)
    totals = sold = added({}, sale)
    returned: dict[int, Decimal] = {}
    away = {row.line_id: row.pieces for row in case.rows}
    for refund in refunds:
        if not restocked_pieces(refund):
            continue
        receipt = return_receipt(refund, case.order, booked, returned, case.rules)
        for line_id, pieces in returned_pieces(receipt).items():
            returned[line_id] = returned.get(line_id, Decimal(0)) + pieces
        for line_id, back in restocked_pieces(refund).items():
            away[line_id] -= back
        totals = added(totals, receipt)
        assert min(totals.values()) >= 0
        for line_id in restocked_pieces(refund):
            assert taxes_of(totals, line_id) == rest_of(taxes_of(sold, line_id), away[line_id], line_id, case)
        assert sum(each.amount for each in receipt.payments) == receipt.gross
    assert {line_id: pieces for (line_id, name), pieces in totals.items() if name == "pieces"} == away
    goods = {line.id for line in case.order.lines}
    if everything_returns:
        assert {figure for (line_id, _), figure in totals.items() if line_id in goods} == {Decimal(0)}
    for line_id in goods & returned.keys():
        one_more = int(away[line_id]) + 1
        too_many = Refund(1, LATER, (RefundLine(1, line_id, one_more, "return", None, Decimal(0)),), ())
        with pytest.raises(NotBookableError, match="were booked"):
            return_receipt(too_many, case.order, booked, returned, case.rules)
    event(f"{len(refunds)} refunds, {'all' if everything_returns else 'some'} of the goods back")


# --- through the sandbox ---

AT_FIRST = {"1001": 12, "1002": 12, "1003": 12}
PRICES = {"1001": ("3.33", "19"), "1002": ("8.90", "7"), "1003": ("17.45", "19")}


def live(shop: Shop, chance: random.Random) -> list[PlacedOrder]:
    """Let a few hours pass: orders, refunds, cancellations and edits, with a run of korsync between some of them."""
    orders: list[PlacedOrder] = []
    for _ in range(chance.randint(4, 9)):
        shop.later(chance.choice((1, 6, 20)))
        what = chance.random()
        if not orders or what < 0.3:
            orders.append(place(shop, chance))
        elif what < 0.75:
            take_back(shop, chance.choice(orders), chance)
        elif what < 0.85:
            cancel(shop, chance.choice(orders))
        if chance.random() < 0.6:
            shop.later(1)
            shop.run(*BOOKING)
    return orders


def place(shop: Shop, chance: random.Random) -> PlacedOrder:
    bought = [(number, chance.randint(1, 4)) for number in chance.sample(sorted(PRICES), chance.randint(1, 3))]
    discounts = [Discount(Decimal(chance.choice((10, 33))))] if chance.random() < 0.5 else []
    shipping = Decimal("4.90") if chance.random() < 0.5 else None
    return shop.shopify.place_order(bought, discounts=discounts, shipping=shipping, paid=chance.random() < 0.8)


def take_back(shop: Shop, order: PlacedOrder, chance: random.Random) -> None:
    rows = []
    for line in order.lines:
        pieces = chance.randint(0, line.current_quantity)
        if pieces:
            rows.append((line.id, pieces, chance.choice(TYPES)))
    if rows and chance.random() < 0.3 and order.cancelled_at is None:
        shop.shopify.edit_order(order, fewer={line_id: pieces for line_id, pieces, _ in rows})
    else:
        shop.shopify.refund_order(order, rows, shipping=chance.random() < 0.2)


def cancel(shop: Shop, order: PlacedOrder) -> None:
    """Cancel an order; not where goods of it are gone: cancelled before it was booked, KORONA never hears of those."""
    gone = any(line.restock_type not in RESTOCKED for refund in order.refunds for line in refund.lines)
    if order.cancelled_at is None and not gone:
        shop.shopify.cancel_order(order, restock=True)


def money_by_rate(shop: Shop, order: PlacedOrder) -> Iterator[dict[str, Decimal]]:
    """Yield the sums per tax rate and of all after each receipt of an order, in the order of booking."""
    totals: dict[str, Decimal] = {}
    for receipt in shop.korona.receipts:
        if receipt.order_number == order.name.removeprefix("#"):
            totals["all"] = totals.get("all", Decimal(0)) + receipt.gross
            for tax in (tax for item in receipt.posted["items"] for tax in item["total"]["taxPayments"]):
                rate = f"{Decimal(tax['taxRate']).normalize():f} %"
                totals[rate] = totals.get(rate, Decimal(0)) + Decimal(tax["amount"])
            yield dict(totals)


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_booked_sales_and_returns_equal_what_left_the_shelf(seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, open_webshop(Path(folder)) as shop:
        for number, (price, tax) in PRICES.items():
            on_sale(shop, number, price, tax=tax, pieces=AT_FIRST[number])
        shop.korona.booking_delay = timedelta(minutes=chance.choice((0, 0, 8)))
        shop.init()
        excesses = watch_shelf(shop, AT_FIRST)
        orders = live(shop, chance)
        for _ in range(4):
            shop.run_later(*BOOKING)
        unbooked = {order.id for order in orders if not shop.korona.booked_under(f"order/{order.id}")}
        assert all(order.cancelled_at for order in orders if order.id in unbooked)
        pieces: dict[str, Decimal] = dict.fromkeys(AT_FIRST, Decimal(0))
        for receipt in shop.korona.receipts:
            for article_id, moved in receipt.lines:
                number = shop.korona.table(Article)[article_id].number or ""
                pieces[number] = pieces.get(number, Decimal(0)) + moved
        for number, at_first in AT_FIRST.items():
            left = on_the_shelf(shop, number, at_first)
            assert shop.korona.stock_of(number) == at_first - pieces[number] == left
        for order in orders:
            for refund in order.refunds:
                restocked = any(line.restock_type in RESTOCKED for line in refund.lines)
                is_booked = restocked and order.id not in unbooked
                assert len(shop.korona.booked_under(f"refund/{refund.id}")) == int(is_booked)
            assert all(min(sums.values()) >= 0 for sums in money_by_rate(shop, order))
        assert shop.state.held == {}
        assert excesses == []
        with shop.requests() as seen:
            shop.run_later(*BOOKING)
        assert seen.writes == []
