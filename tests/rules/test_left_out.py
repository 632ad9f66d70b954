"""What KORONA leaves out of a receipt: no conflict is made of it, and none is overlooked because of it."""

from dataclasses import replace
from decimal import Decimal

from korsync.records.bookings import BookingStatus
from korsync.records.orders import Order
from korsync.records.receipts import BookedLine, BookedReceipt, BookedTax, Receipt
from korsync.rules.bookings import remember
from korsync.rules.read_back import differs_from_posted, found_sale
from tests.support.selling import NOON, line, order, receipt

NET = order(line("10.00", ("19", "1.90")), total="11.90", taxes_included=False)


def silent(posted: Receipt, *, included: bool | None = None, more: str = "0") -> BookedReceipt:
    """Return a receipt as KORONA may show it: without any total, its first row perhaps dearer than posted."""
    lines = tuple(
        BookedLine(
            each.line_id,
            each.article_id,
            each.description,
            each.quantity,
            each.base + Decimal(more),
            each.discount,
            tuple(BookedTax(tax.sales_tax_id, tax.percent, tax.amount, included) for tax in each.taxes),
        )
        for each in posted.lines
    )
    return BookedReceipt("k", "90-1042", "1042", 7, posted.key, posted.shop, posted.order_id, None, lines, NOON)


def test_the_total_of_a_posted_receipt_follows_from_its_rows_and_sales_taxes() -> None:
    posted = receipt(NET)
    assert differs_from_posted(silent(posted), posted) == ""
    assert differs_from_posted(silent(posted, more="0.01"), posted) == (
        "KORONA's receipt 90-1042 says 11.91, 11.90 was posted"
    )


def test_where_nothing_tells_the_total_nothing_is_said_of_it() -> None:
    posted = receipt(NET)
    shown = silent(posted)
    unnamed = replace(shown.lines[0].taxes[0], sales_tax_id="")
    nameless = replace(shown, lines=(replace(shown.lines[0], taxes=(unnamed,)),))
    assert differs_from_posted(nameless, posted) == ""


def verdict(sold: Order, there: BookedReceipt) -> tuple[BookingStatus, str]:
    known = remember(sold, None, NOON)
    found = found_sale(known, sold.total_price, [there], NOON)
    assert found is not None
    return found.status, found.reason


def test_without_the_state_the_rows_are_compared_with_the_order_as_far_as_they_tell_a_total() -> None:
    posted = receipt(NET)
    assert verdict(NET, silent(posted)) == (BookingStatus.BOOKED, "")
    assert verdict(NET, silent(posted, included=False)) == (BookingStatus.BOOKED, "")
    assert verdict(NET, silent(posted, included=False, more="0.01")) == (
        BookingStatus.CONFLICT,
        "KORONA's receipt 90-1042 says 11.91, the order 11.90",
    )
