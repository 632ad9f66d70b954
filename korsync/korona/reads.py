"""KORONA's JSON becomes records. Empty fields are left out by KORONA, unknown ones are ignored.

Every reader raises NotAsExpected for a row that cannot be used.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from korsync.records.catalogue import (
    Account,
    Article,
    ArticleImage,
    ArticlePrice,
    Currency,
    NumberedThing,
    OrganizationalUnit,
    Part,
    PaymentMethod,
    PointOfSale,
    PriceGroup,
    PriceRow,
    SalesTax,
    SalesTaxRate,
    StockLevel,
)
from korsync.records.receipts import AnswerRow, BookedLine, BookedReceipt, BookedTax, ReceiptPayment
from korsync.wire.answers import (
    HIGHEST_ID,
    Answer,
    NotAsExpected,
    Row,
    an_object,
    as_told,
    clamped_moment,
    flag,
    inner,
    needed,
    number,
    or_told,
    rows,
    text,
)

_QUANTITY_PLACES = 4
"""So many decimals a quantity in KORONA may have; what a row says beyond them is noise."""


def article(row: Row) -> Article:
    """Read a product; one that is deleted may come without number and name."""
    return or_told(_article, _told_article)(row)


def _told_article(row: Row, why: str) -> Article:
    return Article(
        id=_id(row),
        number=as_told(row, "number") or None,
        name=as_told(row, "name"),
        revision=revision(row),
        active=row.get("active") is not False,
        deactivated=row.get("deactivated") is True,
        track_inventory=None,
        unreadable=why,
    )


def _article(row: Row) -> Article:
    return Article(
        id=_id(row),
        number=text(row, "number") or None,
        name=text(row, "name") or "",
        revision=revision(row),
        active=flag(row, "active") is not False,
        deactivated=flag(row, "deactivated") is True,
        track_inventory=flag(row, "trackInventory"),
        prices=tuple(_price(each) for each in rows(row, "prices")),
        image_id=_reference(row, "image"),
        parts=tuple(_part(each) for each in rows(row, "subproducts") if _reference(each, "product")),
        return_unsellable=flag(row, "stockReturnUnsellable") is True,
        sales_lock=flag(row, "salesLock") is True,
    )


def price_row(row: Row) -> PriceRow:
    """Read a price row: whose it is; what the price is stands with the article."""
    return PriceRow(id=_id(row), revision=revision(row), article_id=_told_reference(row, "product"))


def image(row: Row) -> ArticleImage:
    def read(row: Row) -> ArticleImage:
        return ArticleImage(id=_id(row), revision=revision(row), active=flag(row, "active") is not False)

    def told(row: Row, why: str) -> ArticleImage:
        return ArticleImage(_id(row), revision(row), active=True, unfit=f"its image in KORONA cannot be read: {why}")

    return or_told(read, told)(row)


def image_content(answer: Answer) -> bytes:
    """Read the content of an image, which its properties carry in base64; empty where there is none."""
    data = text(an_object(answer.body, "image"), "data") or ""
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotAsExpected("the image is not in base64") from None


def stock_level(row: Row, warehouse_id: str) -> StockLevel:
    def read(row: Row) -> StockLevel:
        actual = number(inner(row, "amount"), "actual")
        return replace(told(row, ""), actual=None if actual is None else without_dust(actual))

    def told(row: Row, why: str) -> StockLevel:
        article_id = needed(_reference(row, "product"), "product")
        return StockLevel(article_id, _told_reference(row, "warehouse") or warehouse_id, None, revision(row), why)

    return or_told(read, told)(row)


def without_dust(pieces: Decimal) -> Decimal:
    """Round what a sum of floats made of a quantity: 2.9999999999999996 pieces are 3, and -4E-16 are none."""
    shifted = pieces.scaleb(_QUANTITY_PLACES).to_integral_value()
    return pieces if shifted == pieces.scaleb(_QUANTITY_PLACES) else shifted.scaleb(-_QUANTITY_PLACES)


def account(row: Row) -> Account:
    """Read an account's licences and whether it is in test mode."""
    packages = row.get("activePackages")
    told = tuple(each for each in packages if isinstance(each, str)) if isinstance(packages, list) else None
    return Account(told, flag(row, "testMode") is True)


def price_group(row: Row) -> PriceGroup:
    return PriceGroup(
        id=_id(row),
        number=text(row, "number") or None,
        name=text(row, "name") or "",
        net_prices=flag(row, "netPrices") is True,
        currency_id=_reference(row, "currency"),
    )


def currency(row: Row) -> Currency:
    return Currency(id=_id(row), key=text(row, "key") or None)


def organizational_unit(row: Row) -> OrganizationalUnit:
    return OrganizationalUnit(
        id=_id(row),
        number=text(row, "number") or None,
        name=text(row, "name") or "",
        warehouse=flag(row, "warehouse") is True,
    )


def point_of_sale(row: Row) -> PointOfSale:
    """Read a point of sale; older clusters say `external` instead of a type."""
    return PointOfSale(
        id=_id(row),
        number=text(row, "number") or None,
        name=text(row, "name") or "",
        type=text(row, "type") or ("EXTERNAL" if flag(row, "external") else None),
        coupled=flag(row, "coupled") is True,
        warehouse_id=_reference(row, "warehouse"),
        organizational_unit_id=_reference(row, "organizationalUnit"),
        fiscal_service=text(row, "fiscalServiceType") or None,
        last_receipt_number=text(row, "lastReceiptNumber") or None,
        number_prefix=text(row, "receiptNumberPrefix") or None,
    )


def payment_method(row: Row) -> PaymentMethod:
    return PaymentMethod(id=_id(row), number=text(row, "number") or None, name=text(row, "name") or "")


def sales_tax(row: Row) -> SalesTax:
    """Read a sales tax; a rate without a figure is no rate."""
    return SalesTax(
        id=_id(row),
        number=text(row, "number") or None,
        name=text(row, "name") or "",
        included=flag(row, "included") is True,
        rates=tuple(
            SalesTaxRate(percent=percent, valid_from=clamped_moment(each, "validFrom"))
            for each in rows(row, "rates")
            if (percent := _amount(each, "rate")) is not None
        ),
    )


def numbered_thing(row: Row) -> NumberedThing:
    """Read what matters of a cashier or customer group; a cashier's own name does not."""
    return NumberedThing(id=_id(row), number=text(row, "number") or None, name=text(row, "name") or "")


def booked_receipt(row: Row) -> BookedReceipt:
    """Read a receipt as it stands in KORONA; lines that korsync did not write have no line id."""
    references = inner(row, "externalReferences")
    return BookedReceipt(
        id=_id(row),
        number=text(row, "number") or "",
        order_number=text(row, "orderNumber") or None,
        revision=revision(row),
        key=text(references, "korsyncKey") or None,
        shop=text(references, "shopifyShop") or None,
        order_id=_digits(references, "shopifyOrderId"),
        gross=_amount(inner(row, "total"), "gross"),
        lines=tuple(_booked_line(each) for each in rows(row, "items")),
        created_at=clamped_moment(row, "creationTime"),
        payments=tuple(_payment(each) for each in rows(row, "payments")),
    )


def answer_rows(answer: Answer, told: Callable[[str], str]) -> tuple[AnswerRow, ...]:
    """Read the answer to a POST: a list of one row per receipt, each with its own status.

    `told` makes of KORONA's words what may be passed on.
    """
    if not isinstance(answer.body, list):
        raise NotAsExpected("the answer is not a list")
    return tuple(_answer_row(an_object(each, "row"), told) for each in answer.body)


def revision(row: Row) -> int:
    """Read the revision of a row; 0 where KORONA does not say or nothing counts so far: the row is taken as new."""
    value = row.get("revision")
    return value if type(value) is int and 0 <= value <= HIGHEST_ID else 0


def _answer_row(row: Row, told: Callable[[str], str]) -> AnswerRow:
    return AnswerRow(
        status=told(text(row, "status") or ""),
        action=told(text(row, "action") or ""),
        id=text(row, "id") or None,
        number=text(row, "number") or None,
        message=told(text(row, "message") or ""),
    )


def _booked_line(row: Row) -> BookedLine:
    total = inner(row, "total")
    return BookedLine(
        line_id=_digits(inner(row, "externalReferences"), "shopifyLineId"),
        article_id=_reference(row, "product") or "",
        description=text(row, "description") or "",
        quantity=_amount(row, "quantity") or Decimal(0),
        base=_amount(total, "base") or Decimal(0),
        discount=_amount(total, "discount") or Decimal(0),
        taxes=tuple(_tax(each) for each in rows(total, "taxPayments")),
        gross=_amount(total, "gross"),
        left_out=tuple(_left_out(row, total)),
    )


def _left_out(row: Row, total: Row) -> Iterator[str]:
    """Name the figures of a row that KORONA does not say: they are not 0, but for a discount that is not there."""
    if row.get("quantity") is None:
        yield "its quantity"
    if total.get("base") is None:
        yield "its price"
    for tax in rows(total, "taxPayments"):
        if tax.get("amount") is None or tax.get("taxRate") is None:
            yield "the amount or the rate of a tax"
        if not _reference(tax, "salesTax"):
            yield "which tax it is"


def _tax(row: Row) -> BookedTax:
    return BookedTax(
        sales_tax_id=_reference(row, "salesTax") or "",
        percent=_amount(row, "taxRate") or Decimal(0),
        amount=_amount(row, "amount") or Decimal(0),
        included=flag(row, "included"),
    )


def _payment(row: Row) -> ReceiptPayment:
    return ReceiptPayment(_reference(row, "paymentMethod") or "", _amount(row, "amount") or Decimal(0))


def _amount(row: Row, name: str) -> Decimal | None:
    """Read an amount or a rate; KORONA reckons with floats and may show 29.900000000000002 for 29.90."""
    value = number(row, name)
    if value is None or value == round(value, 4):
        return value
    return round(value, 4).normalize() + 0


def _price(row: Row) -> ArticlePrice:
    """Read a price; which of them matter is known only to those who know the price list."""
    return or_told(_whole_price, _told_price)(row)


def _told_price(row: Row, why: str) -> ArticlePrice:
    return ArticlePrice(
        price_group_id=_told_reference(row, "priceGroup"),
        value=None,
        product_code=as_told(row, "productCode") or None,
        organizational_unit_id=_told_reference(row, "organizationalUnit"),
        unreadable=why,
    )


def _whole_price(row: Row) -> ArticlePrice:
    return ArticlePrice(
        price_group_id=_reference(row, "priceGroup"),
        value=number(row, "value"),
        valid_from=clamped_moment(row, "validFrom"),
        product_code=text(row, "productCode") or None,
        organizational_unit_id=_reference(row, "organizationalUnit"),
    )


def _part(row: Row) -> Part:
    quantity = number(row, "quantity")
    part_id = needed(_reference(row, "product"), "product")
    return Part(article_id=part_id, quantity=Decimal(1) if quantity is None else quantity)


def _id(row: Row) -> str:
    return needed(text(row, "id") or None, "id")


def _reference(row: Row, name: str) -> str | None:
    return text(inner(row, name), "id") or None


def _told_reference(row: Row, name: str) -> str | None:
    """Return the id of what a row refers to; None where that is odd."""
    try:
        return _reference(row, name)
    except NotAsExpected:
        return None


def _digits(references: Row, name: str) -> int | None:
    value: Any = references.get(name)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 else None


def newest_revisions(answer: Answer) -> dict[str, int]:
    """Return the highest revision that was given out, by kind of object; what is no number is left out."""
    told = an_object(answer.body, "answer")
    return {kind: each for kind, each in told.items() if isinstance(each, int) and not isinstance(each, bool)}
