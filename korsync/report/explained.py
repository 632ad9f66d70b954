"""One screen that says of an article or an order how it stands, why, and what comes next."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from rich.console import Console

from korsync.records.explained import (
    ArticleExplained,
    ArticleFacts,
    Explained,
    LevelSum,
    OrderExplained,
    ReceiptFacts,
    Step,
    VariantFacts,
)
from korsync.records.journal import Chapter
from korsync.report.as_json import as_value, in_json
from korsync.report.past import lines_of
from korsync.report.screens import page, print_error
from korsync.report.words import moment, print_lines
from korsync.text import visible

LABEL = 12
"""So wide is the column of what a line is about, with the blank behind it."""

Row = tuple[str, str]


def print_explained(explained: Explained, zone: tzinfo, head: Mapping[str, Any] | None = None) -> None:
    """Print a screen for each article and order of a name, times as in the shop; with a head as JSON."""
    console = page()
    if head is not None:
        console.print(in_json({**head, **as_value(explained)}))
        return
    for error in explained.errors:
        print_error(page(stderr=True), error)
    print_screens(console, explained, zone)


def print_screens(console: Console, explained: Explained, zone: tzinfo) -> None:
    screens: list[Sequence[Row]] = [tuple(article_rows(each, zone)) for each in explained.articles]
    screens += [tuple(order_rows(each, zone)) for each in explained.orders]
    for place, rows in enumerate(screens):
        if place:
            console.print()
        lines = (f"{f'  {label}'.ljust(LABEL) if text else label}{text}" for label, text in rows)
        print_lines(console, [visible(line) for line in lines], LABEL)
    if explained.unknown:
        print_lines(console, [visible(explained.unknown)])


def article_rows(each: ArticleExplained, zone: tzinfo) -> Iterator[Row]:
    """Yield what is shown of an article, line by line; the first is its title."""
    names = list(dict.fromkeys([one.name for one in each.articles] or [one.title for one in each.variants]))
    yield "  ".join([each.sku, *names[:1]]), ""
    for article in each.articles:
        yield "KORONA", _article(article, zone)
    if not each.articles:
        yield "KORONA", "no article has this number"
    for variant in each.variants:
        yield "Shopify", _variant(variant)
    if not each.variants:
        yield "Shopify", "no variant has this SKU"
    yield "match", each.match
    if each.level is not None:
        yield "level", _sum(each.level, zone)
        yield from _not_raised(each.level, zone)
    yield from _steps(each.steps)
    yield from _past(each.past, zone)


def order_rows(each: OrderExplained, zone: tzinfo) -> Iterator[Row]:
    """Yield what is shown of an order, line by line; the first is its title."""
    yield f"{each.name}  placed {moment(each.placed_at, zone)}", ""
    paid = f", paid by {', '.join(each.gateways)}" if each.gateways else ""
    total = f"{each.total:f} {each.currency}{paid}; " if each.total is not None else ""
    yield "Shopify", f"{total}{each.standing}"
    for line in each.lines:
        what = " ".join(part for part in (f"{line.pieces} ×", line.sku, line.title) if part)
        yield "line", f"{what} → {line.article or 'no article in KORONA has this number'}"
    for refund in each.refunds:
        yield "refund", refund
    for receipt in each.receipts:
        yield "booked", _receipt(receipt, zone)
    if not each.receipts:
        yield "booked", "nothing: KORONA holds no receipt of it"
    for receipt in each.to_come:
        yield "to book", _receipt(receipt, zone)
    yield from _steps(each.steps)
    yield from _past(each.past, zone)


def _article(each: ArticleFacts, zone: tzinfo) -> str:
    since = f" since {each.price_since.astimezone(zone):%Y-%m-%d}" if each.price_since else ""
    price = f"{each.price:f} in “{each.price_list}”{since}" if each.price is not None else each.why_no_price
    counted = {True: "pieces are counted", False: "pieces are not counted", None: ""}[each.tracked]
    return "; ".join(part for part in (each.name, price, counted, each.standing) if part)


def _variant(each: VariantFacts) -> str:
    pieces = f"{each.available} pieces" if each.available is not None else ""
    counted = "pieces are counted" if each.tracked else "pieces are not counted"
    return "; ".join(part for part in (f"“{each.title}” ({each.status})", f"{each.price:f}", counted, pieces) if part)


def _sum(each: LevelSum, zone: tzinfo) -> str:
    """Return how a level comes about, as a sum that a person can check."""
    parts = [f"KORONA {_number(each.actual)}"]
    if each.sold:
        names = ", ".join(f"{one.order}: {_number(one.pieces)}" for one in each.sold)
        pieces = sum((one.pieces for one in each.sold), Decimal(0))
        parts.append(f"{_number(pieces)} sold and not yet in KORONA's stock ({names})")
    if each.missing:
        since = f" since {moment(each.doubted_at, zone)}" if each.doubted_at else ""
        parts.append(f"{each.missing} missing{since} without an order so far")
    if each.reserved:
        parts.append(f"{each.reserved} reserved by draft orders")
    if each.buffer:
        parts.append(f"{each.buffer} kept back (stock.locations.buffer)")
    if len(parts) == 1 and each.actual == each.wanted:
        return f"KORONA has {_number(each.actual)}, Shopify has {each.available}"
    return f"{' - '.join(parts)} = {each.wanted}; Shopify has {each.available}"


def _not_raised(each: LevelSum, zone: tzinfo) -> Iterator[Row]:
    """Say until when a level stays where it is."""
    until = moment(each.until, zone) if each.until else ""
    if each.why_not_raised:
        yield "kept", f"not raised: {each.why_not_raised}{f'; at least until {until}' if until else ''}"
    elif each.missing and until:
        yield "waits", f"what is missing counts as sold until {until} at least: an order may not be listed yet"


def _receipt(each: ReceiptFacts, zone: tzinfo) -> str:
    at = f" of {moment(each.at, zone)}" if each.at else ""
    total = f": {each.total:f}" if each.total is not None else ""
    taxes = f", taxes {', '.join(f'{one.amount:f} ({one.name})' for one in each.taxes)}" if each.taxes else ""
    paid = f", paid {', '.join(f'{one.amount:f} {one.name}' for one in each.payments)}" if each.payments else ""
    return f"{each.what}, receipt {each.number}{at}{total}{taxes}{paid}; {', '.join(each.lines)}"


def _steps(steps: Sequence[Step]) -> Iterator[Row]:
    for each in steps:
        yield str(each.turn), f"{each.pipeline}: {each.text}"
    if not steps:
        yield "next run", "changes nothing: both sides are in step"


def _past(past: Sequence[Chapter], zone: tzinfo) -> Iterator[Row]:
    for chapter in past:
        at = chapter.end.started_at if chapter.end else chapter.entries[0].at
        for line in lines_of(chapter.entries):
            yield "past", f"{moment(at, zone)}  {line}"


def _number(pieces: Decimal) -> str:
    return f"{pieces.normalize():f}"
