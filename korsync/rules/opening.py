"""What the first look makes of both catalogues and of the orders: figures for a person, pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from decimal import Decimal
from itertools import islice

from korsync.records.bookings import KnownOrder
from korsync.records.catalogue import Article, PriceGroup, ShopProduct
from korsync.records.opening import MatchCounts, OddItem, Oddity, OpenBefore, ToBook
from korsync.records.orders import Order
from korsync.records.readiness import Check, failed, fine, warning
from korsync.rules.levels import StockRead, levels_of
from korsync.rules.matching import is_live, match
from korsync.rules.prices import price_at

FEW_PERCENT = 20
"""Fewer matches among Shopify's SKUs than this, or fewer prices among the matches, look like a mistake."""

MOST_EXAMPLES = 5

REMEDY_NO_MATCH = "an article matches where its number in KORONA is the SKU of a variant in Shopify: make them equal"


def counts_of(
    articles: Mapping[str, Article], products: Mapping[int, ShopProduct], group: PriceGroup, now: datetime
) -> MatchCounts:
    """Return how the catalogues fit each other, and every item that a person may have to look at."""
    found = match(articles, products)
    matched = {each.sku for each in found.matches}
    variants = [(product, variant) for product in products.values() for variant in product.variants]
    skus = {variant.sku.strip(): product.title for product, variant in variants if variant.sku.strip()}
    live = {(each.number or "").strip(): each for each in articles.values() if is_live(each) and each.number}
    reasons = {skip.key: skip.reason for skip in found.skips}
    unpriced = {each.sku: each.article.name for each in found.matches if price_at(each.article, group, now) is None}
    only_here = (number for number in live.keys() - skus.keys() if price_at(live[number], group, now) is not None)
    odd = [
        *_items(Oddity.NO_ARTICLE, {sku: skus[sku] for sku in skus.keys() - matched - live.keys()}, reasons),
        *_items(Oddity.NOT_CLEAR, {sku: skus[sku] for sku in (skus.keys() & live.keys()) - matched}, reasons),
        *(OddItem(Oddity.NO_SKU, "", product.title) for product, variant in variants if not variant.sku.strip()),
        *_items(Oddity.NO_PRICE, unpriced, {}),
        *_items(Oddity.NO_VARIANT, {number: live[number].name for number in only_here}, {}),
    ]
    return MatchCounts(
        price_list=group.name,
        in_shop=len(skus),
        matched=len(matched),
        priced=len(matched) - len(unpriced),
        odd=tuple(odd),
        skus=_examples(skus.keys() - matched),
        numbers=_examples(live.keys() - matched),
    )


def match_checks(counts: MatchCounts, *, prices_matter: bool) -> list[Check]:
    """Judge how the catalogues fit: nothing in common is in the way, little of it or twins are worth a look.

    `prices_matter` where korsync keeps the prices.
    """
    name, priced = "articles", "prices"
    if not counts.matched:
        here, there = ", ".join(counts.numbers) or "none", ", ".join(counts.skus) or "none"
        what = f"no article in KORONA has the number of a SKU in Shopify: KORONA has {here}; Shopify has {there}"
        return [failed(name, what, REMEDY_NO_MATCH, 2)]
    said = f"{counts.matched} of Shopify's {counts.in_shop} SKUs have an article in KORONA"
    with_price = f"{counts.priced} of {counts.matched} have a price in “{counts.price_list}”"
    checks = [_unless_few(name, said, counts.matched, counts.in_shop, REMEDY_NO_MATCH)]
    if not counts.priced:
        what = f"none of the {counts.matched} articles that match has a price in “{counts.price_list}”"
        remedy = "name the price list of the shop under korona.price_list"
        checks.append(failed(priced, what, remedy, 2) if prices_matter else warning(priced, what, remedy))
    else:
        remedy = "check korona.price_list, and enter the prices there"
        checks.append(_unless_few(priced, with_price, counts.priced, counts.matched, remedy))
    unclear = [each.number for each in counts.odd if each.oddity is Oddity.NOT_CLEAR]
    near = [each.number for each in counts.odd if "the similar" in each.reason]
    for kind, numbers, what, remedy in (
        (
            "twins",
            unclear,
            "stand twice or cannot be read",
            "give each variant a SKU and each article a number of its own",
        ),
        (
            "near matches",
            near,
            "are nearly the number of an article",
            "make both equal, to the letter",
        ),
    ):
        shown = ", ".join(numbers[:MOST_EXAMPLES]) + (" …" if len(numbers) > MOST_EXAMPLES else "")
        checks.append(
            warning(kind, f"SKUs that {what}: {len(numbers)} ({shown})", remedy) if numbers else fine(kind, "none")
        )
    return checks


def _unless_few(name: str, what: str, some: int, of: int, remedy: str) -> Check:
    return warning(name, f"only {what}", remedy) if some * 100 < of * FEW_PERCENT else fine(name, what)


def to_book(known: Iterable[KnownOrder], contents: Mapping[int, Order], zone: tzinfo) -> ToBook | None:
    """Return what the first run is going to book; None where that is nothing. Days are the shop's own."""
    due = [contents[each.id] for each in known if each.is_due and each.id in contents]
    if not due:
        return None
    days = sorted(each.created_at.astimezone(zone).date() for each in due)
    total = sum((each.total_price or Decimal(0) for each in due), Decimal(0))
    return ToBook(len(due), days[0], days[-1], total, due[0].currency)


def open_before(read: StockRead) -> OpenBefore | None:
    """Return the open orders from before the start, and what becomes of the levels for their sake; None without any."""
    state = read.memory.state
    known = sorted(state.orders.values(), key=lambda each: (each.created_at, each.id))
    orders = tuple(each for each in known if each.is_open_from_before)
    if not orders:
        return None
    theirs = {each.id for each in orders}
    others = {key: each for key, each in state.orders.items() if key not in theirs}
    without = levels_of(replace(read, memory=read.memory.with_state(orders=others))).levels
    free = {each.match.sku: each.target.level for each in without}
    levels = [(each.match.sku, each.target.level) for each in levels_of(read).levels]
    return OpenBefore(
        orders,
        sum(sum(each.pieces_out.values()) for each in orders),
        sum(level < free.get(sku, level) for sku, level in levels),
        tuple(sku for sku, level in levels if level <= 0 < free.get(sku, 0)),
    )


def _items(oddity: Oddity, names: Mapping[str, str], reasons: Mapping[str, str]) -> list[OddItem]:
    return [OddItem(oddity, number, names[number], reasons.get(number, "")) for number in sorted(names)]


def _examples(numbers: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(sorted(numbers), MOST_EXAMPLES))
