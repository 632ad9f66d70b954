"""The screen of `korsync init`: what stands on both sides, what the first run will book, and the question."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import wrap

from korsync.errors import ConfigurationError
from korsync.records.bookings import KnownOrder
from korsync.records.opening import Answer, MatchCounts, Oddity, OpenBefore, Opening, ToBook
from korsync.records.readiness import Verdict
from korsync.report.arriving import Arriving
from korsync.report.screens import page
from korsync.report.words import count
from korsync.text import visible

WIDTH = 80

MOST_ORDERS = 10
"""So many of the open orders are named one by one."""

MOST_NUMBERS = 8

NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
"""What begins like a formula and is none."""


class Host:
    """Shows the first look as it goes, and asks; `question` brings a person's answer, where there is a person."""

    def __init__(self, question: Callable[[Opening], Answer | None], report: Path | None = None) -> None:
        """Take who answers, and the file for the odd items."""
        self.out = page()
        self._question = question
        self._report = report
        self._arriving = Arriving(self.out)
        self._arriving.begin("init")

    def read(self, side: str, name: str, rows: int) -> None:
        """Count at a terminal what arrives."""
        self._arriving.read(side, name, rows)

    def looked(self, opening: Opening) -> None:
        """Show what was found, and write the list of odd items where one is wanted."""
        self.close()
        for line in opening_lines(opening):
            self.out.print(visible(line))
        if self._report is not None:
            write_report(self._report, opening.match)
            self.out.print(visible(f"{count(len(opening.match.odd), 'item')} listed in {self._report}"))

    def ask(self, opening: Opening) -> Answer | None:
        return self._question(opening)

    def close(self) -> None:
        """Give the terminal back as it was; may be called twice."""
        self._arriving.end()


def opening_lines(opening: Opening) -> Iterator[str]:
    """Return the screen of a first look, in lines of at most 80 columns as far as what they name allows."""
    passed = sum(each.verdict is Verdict.OK for each in opening.checks)
    yield f"{count(passed, 'check')} passed on both sides"
    for each in opening.checks:
        if each.verdict is Verdict.WARNING:
            yield from _wrapped(f"{each.what}; {each.remedy}", "! ")
    yield ""
    yield "Articles"
    yield from _match_lines(opening.match)
    yield ""
    yield "Orders"
    if opening.adopted:
        yield from _adopted_lines(opening)
    yield from _to_book_lines(opening.to_book)
    if opening.open_before is not None:
        yield from _before_lines(opening.open_before, f"{opening.start_from}")
    yield ""


def _match_lines(match: MatchCounts) -> Iterator[str]:
    yield from _wrapped(
        f"{match.matched} of {match.in_shop} SKUs in Shopify have an article in KORONA; {match.priced} of these have a"
        f" price in “{match.price_list}”"
    )
    for oddity in Oddity:
        number = match.count(oddity)
        if number:
            yield f"  {number:>6} {oddity}"


def _to_book_lines(book: ToBook | None) -> Iterator[str]:
    if book is None:
        yield "  no order is waiting to be booked"
        return
    days = f"of {book.first}" if book.first == book.last else f"from {book.first} to {book.last}"
    is_one = book.count == 1
    yield from _wrapped(
        f"{count(book.count, 'order')} {days}, {book.total:,.2f} {book.currency} in all,"
        f" {'is' if is_one else 'are'} booked by the first run; a receipt in KORONA cannot be taken back"
    )


def _before_lines(before: OpenBefore, start: str) -> Iterator[str]:
    yield from _wrapped(
        f"{count(len(before.orders), 'open order')} from before {start}, not booked:"
        f" {count(before.pieces, 'piece')} not shipped yet of {count(before.articles, 'article')} stay reserved until"
        f" you ignore them; that takes {count(len(before.off_sale), 'article')} off sale"
    )
    for order in before.orders[:MOST_ORDERS]:
        yield from _wrapped(f"{order.name}: {reserved(order)}", "    ")
    if len(before.orders) > MOST_ORDERS:
        yield f"    … and {len(before.orders) - MOST_ORDERS} more"
    if before.off_sale:
        shown = ", ".join(before.off_sale[:MOST_NUMBERS]) + (" …" if len(before.off_sale) > MOST_NUMBERS else "")
        yield from _wrapped(f"off sale: {shown}", "    ")


def _adopted_lines(opening: Opening) -> Iterator[str]:
    yield f"  {count(len(opening.booked), 'order')} booked in KORONA already"
    for title, names in (("not booked yet", opening.missing), ("in conflict", opening.conflicts)):
        if names:
            yield from _wrapped(f"{len(names)} {title}: {', '.join(names)}")


def reserved(order: KnownOrder) -> str:
    """Return the pieces of an order that have still to be shipped, by SKU."""
    skus = {line.id: line.sku for line in order.lines}
    return ", ".join(f"{pieces} × {skus.get(key) or 'without SKU'}" for key, pieces in order.pieces_out.items())


def write_report(path: Path, match: MatchCounts) -> None:
    """Write every odd item as a line of CSV; raise ConfigurationError where the file cannot be written."""
    try:
        # With the mark of UTF-8, by which a spreadsheet knows the umlauts.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow(["what", "number", "name", "reason"])
            table.writerows([each.oddity, *map(_cell, (each.number, each.name, each.reason))] for each in match.odd)
    except OSError as error:
        what = f"the report {path} cannot be written: {error.strerror or error}"
        raise ConfigurationError(what, "name another file with --report") from None


def _cell(foreign: str) -> str:
    """Return foreign text for a table: a spreadsheet works out whatever begins like a formula."""
    shown = visible(foreign)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) and not NUMBER.fullmatch(shown) else shown


def _wrapped(text: str, mark: str = "  ") -> list[str]:
    return wrap(
        visible(text), WIDTH, initial_indent=mark, subsequent_indent=" " * (len(mark) + 2), break_long_words=False
    )
