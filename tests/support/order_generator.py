"""Generates orders of every kind as Shopify would compute them, with what must become of each.

Everything is counted in whole smallest units and exact fractions, forward from what was bought: no formula of
korsync's is used, so that both cannot share a mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from korsync.records.memory import BookingTargets
from korsync.records.orders import Fee, Order, OrderLine, Refund, RefundLine, ShippingLine, TaxLine, Transaction
from tests.support.order_payments import pay
from tests.support.pricing import (
    CENTS,
    DECIMALS,
    Draw,
    Sold,
    add_taxes,
    amount,
    chance,
    one,
    sums_by_rate,
    take_discounts,
    taxes_by_rate,
    taxes_rounded_once,
)
from tests.support.tax_office import BEFORE, CHOSEN, Account, account_of, id_of

WHEN = (
    BEFORE,
    datetime(2020, 6, 30, 22, 0, tzinfo=UTC),
    datetime(2020, 12, 31, 22, 59, 59, tzinfo=UTC),
    datetime(2020, 12, 31, 23, 0, tzinfo=UTC),
    datetime(2026, 11, 23, 9, 15, 2, tzinfo=UTC),
)
LINE_KINDS = (
    *("article",) * 24,
    *("custom", "custom with an article", "gift card", "gift card with an article", "tip"),
    *("deleted product", "unknown SKU", "no SKU"),
)
ACCOUNTS = (*("both",) * 8, *("included",) * 3, "added", "twins")
CHOICES = (None, None, None, "included", "added")
RESTOCKS = ("cancel", "return", "no_restock", "legacy_restock")

_small = st.integers(0, 3)
_pieces = st.integers(1, 9)


@dataclass(frozen=True)
class Expected:
    """A row that the receipt must have: pieces, amounts in smallest units, taxes by rate."""

    line_id: int
    article_id: str
    pieces: int
    gross: int
    discount: int
    taxes: dict[Fraction, int]


@dataclass
class Case:
    """An order, what korsync is told beside it, and what must come of it: rows and payments, or a reason."""

    account: Account
    currency: str
    order: Order
    articles: dict[int, str]
    transactions: tuple[Transaction, ...]
    rules: BookingTargets
    rows: list[Expected]
    paid: dict[str, int]
    reasons: list[str]
    lines_total: int
    differing_rates: set[Fraction]
    kinds: set[str]


@st.composite
def cases(draw: Draw, gross: bool) -> Case:
    """Return an order of a gross or a net shop with what must become of it."""
    currency = one(draw, tuple(DECIMALS))
    at = one(draw, WHEN)
    account = account_of(one(draw, ACCOUNTS), one(draw, CHOICES))
    lines = [_line(draw, account, at, place) for place in range(draw(_small) + (0 if chance(draw, 4) else 1))]
    shipping = [_shipping(draw, account, at, place) for place in range(one(draw, (0, 1, 1, 2)))]
    removed = {each.id for each in shipping if chance(draw, 20)}
    fees = [_fee(draw, account, at, place) for place in range(one(draw, (0, 0, 0, 0, 1, 2)))]
    kept = [each for each in shipping if each.id not in removed]
    total = sum(each.listed for each in (*lines, *kept, *fees))
    total -= take_discounts(draw, lines, kept)
    abroad = chance(draw, 5)
    for each in (*lines, *shipping, *fees):
        each.exempt = abroad or chance(draw, 2)
        add_taxes(each, gross)
    counted = [each for each in lines if each.quantity + each.raised] + kept + fees
    by_rate = taxes_by_rate(counted)
    told = dict(by_rate)
    if chance(draw, 10):
        told = taxes_rounded_once(counted, gross)
    lines_total = total + (0 if gross else sum(by_rate.values()))
    total += 0 if gross else sum(told.values())
    total += one(draw, (0,) * 36 + (1, -1, 2, 100))
    in_another_money = chance(draw, 2)
    case_kinds = _kinds(lines, shipping, removed, fees, gross, currency, account)
    gateways, transactions, paid = pay(draw, total, currency, case_kinds)
    order = _order(draw, currency, gross, at, lines, shipping, removed, fees, told, total, gateways)
    articles = {each.id: id_of(f"article {each.id}") for each in lines if _has_article(each.kind)}
    return Case(
        account=account,
        currency=currency,
        order=order,
        articles=articles,
        transactions=transactions,
        rules=replace(account.rules, currency="USD" if in_another_money else currency),
        rows=[_expected(each, account, at, gross, articles) for each in counted],
        paid=paid,
        reasons=["receipts are in USD"]
        if in_another_money
        else _reasons(counted, account, at, gross, lines_total, total),
        lines_total=lines_total,
        differing_rates={rate for rate in told if told[rate] != by_rate[rate]},
        kinds=case_kinds,
    )


# --- what is bought ---


def _line(draw: Draw, account: Account, at: datetime, place: int) -> Sold:
    kind = one(draw, LINE_KINDS)
    price = 0 if chance(draw, 8) else draw(CENTS)
    quantity = 0 if chance(draw, 3) else draw(_pieces)
    rates = () if kind in ("tip", "gift card") else _rates(draw, account, at)
    sold = Sold(1000 + place, kind, price, quantity, rates=rates)
    if chance(draw, 15):
        sold.raised = draw(_pieces)
    if chance(draw, 15):
        sold.removed = min(draw(_pieces), sold.quantity + sold.raised)
    return sold


def _shipping(draw: Draw, account: Account, at: datetime, place: int) -> Sold:
    return Sold(2000 + place, "shipping", draw(CENTS), rates=_rates(draw, account, at))


def _fee(draw: Draw, account: Account, at: datetime, place: int) -> Sold:
    return Sold(3000 + place, "fee", draw(CENTS), rates=_rates(draw, account, at))


def _rates(draw: Draw, account: Account, at: datetime) -> tuple[Fraction, ...]:
    standard, reduced = account.rates_at(at)
    usual: tuple[tuple[Fraction, ...], ...] = ((standard,), (reduced,), (standard,), (reduced,), (Fraction(0),), ())
    rare: tuple[tuple[Fraction, ...], ...] = (
        (CHOSEN,),
        (CHOSEN,),
        (Fraction(81, 10),),
        (standard, reduced),
        (reduced, reduced),
        (Fraction(16),),
    )
    return one(draw, rare if chance(draw, 7) else usual)


def _has_article(kind: str) -> bool:
    return kind in ("article", "custom with an article", "gift card with an article", "deleted product")


# --- what it costs ---


# --- what Shopify shows, and what must come of it ---


def _order(
    draw: Draw,
    currency: str,
    gross: bool,
    at: datetime,
    lines: Sequence[Sold],
    shipping: Sequence[Sold],
    removed: set[int],
    fees: Sequence[Sold],
    told: dict[Fraction, int],
    total: int,
    gateways: tuple[str, ...],
) -> Order:
    def taxes(sold: Sold) -> tuple[TaxLine, ...]:
        return tuple(TaxLine(_percent_of(rate), amount(tax, currency)) for rate, tax in sold.taxes)

    gone = tuple(
        RefundLine(place, each.id, each.removed, one(draw, RESTOCKS), None, Decimal(0))
        for place, each in enumerate(lines)
        if each.removed
    )
    return Order(
        id=5500000000001,
        name="#1042",
        order_number=1042,
        created_at=at,
        updated_at=at,
        cancelled_at=None,
        test=False,
        fulfilled=False,
        currency=currency,
        taxes_included=gross,
        total_price=amount(total, currency),
        gateways=gateways,
        lines=tuple(
            OrderLine(
                id=each.id,
                sku="" if each.kind in ("custom", "tip", "gift card", "no SKU") else f"SKU-{each.id}",
                variant_id=None if each.kind in ("custom", "tip", "deleted product") else each.id,
                title=f"Ware {each.id}",
                quantity=each.quantity,
                current_quantity=each.quantity + each.raised - each.removed,
                price=amount(each.price, currency),
                discount=amount(each.off, currency),
                taxes=taxes(each),
                gift_card=each.kind.startswith("gift card"),
                tip=each.kind == "tip",
                custom=each.kind.startswith("custom"),
            )
            for each in lines
        ),
        shipping_lines=tuple(
            ShippingLine(
                each.id,
                "DHL",
                amount(each.price, currency),
                amount(each.off, currency),
                taxes(each),
                each.id in removed,
            )
            for each in shipping
        ),
        fees=tuple(Fee(each.id, "Duty", amount(each.price, currency), taxes(each)) for each in fees),
        taxes=tuple(TaxLine(_percent_of(rate), amount(tax, currency)) for rate, tax in told.items()),
        refunds=(Refund(1, at, gone, ()),) if gone else (),
    )


def _percent_of(rate: Fraction) -> Decimal:
    return Decimal(rate.numerator) / Decimal(rate.denominator)


def _expected(sold: Sold, account: Account, at: datetime, gross: bool, articles: dict[int, str]) -> Expected:
    taxes = {
        rate: tax for rate, tax in sums_by_rate(sold.booked).items() if tax or account.choices(rate, at, gross) == 1
    }
    article = articles.get(sold.id, id_of("shipping" if sold.kind == "shipping" else "default"))
    on_top = 0 if gross else sum(tax for _, tax in sold.taxes)
    return Expected(sold.id, article, sold.quantity + sold.raised, sold.left + on_top, sold.off, taxes)


def _reasons(
    counted: Sequence[Sold], account: Account, at: datetime, gross: bool, lines_total: int, total: int
) -> list[str]:
    """Return what an order is held for: all that a person must put right at once, else its total."""
    reasons = ["is not an article in KORONA" for each in counted if each.kind in ("unknown SKU", "no SKU")]
    missing = []
    for rate, tax in (pair for each in counted for pair in sums_by_rate(each.booked).items()):
        if account.misfits(rate, gross):
            reasons.append("under orders.taxes is not included in prices")
        elif tax and account.choices(rate, at, gross) == 0:
            missing.append(f"{float(rate):g} %")
        elif tax and account.choices(rate, at, gross) > 1:
            reasons.append(f"KORONA has several sales taxes of {float(rate):g} %")
    if missing:
        named = list(dict.fromkeys(missing))
        rates = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
        reasons.append(f"KORONA has no sales tax of {rates}")
    if not counted:
        return ["the order has no lines"]
    return reasons or (["its lines add up to"] if lines_total != total else [])


def _kinds(
    lines: Sequence[Sold],
    shipping: Sequence[Sold],
    removed: set[int],
    fees: Sequence[Sold],
    gross: bool,
    currency: str,
    account: Account,
) -> set[str]:
    kinds = {each.kind for each in lines} | {currency, "gross" if gross else "net", f"KORONA with {account.name} taxes"}
    kinds |= {f"{len(shipping)} shipping lines"} | ({"removed shipping"} if removed else set())
    kinds |= {"fee"} if fees else set()
    for each in (*lines, *shipping):
        discounted = "shipping discount" if each.kind == "shipping" else "discount"
        kinds |= {discounted} if each.off else set()
        kinds |= {"100 % off"} if each.off and not each.left else set()
    for each in lines:
        kinds |= {"price 0"} if not each.price else set()
        kinds |= {"pieces added"} if each.raised else set()
        kinds |= {"pieces taken out"} if each.removed else set()
        kinds |= {"several rates on a line"} if len(set(each.rates)) > 1 else set()
        kinds |= {"tax free"} if not each.rates else set()
        kinds |= {"exempt"} if each.booked != each.taxes else set()
    kinds |= {"several rates"} if len({rate for each in lines for rate in each.rates}) > 1 else set()
    return kinds
