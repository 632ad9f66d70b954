"""Shopify's JSON becomes records: money in the shop's own currency, nothing about customers.

Unknown fields and unknown words are passed over; every reader raises NotAsExpected for a row that cannot be used.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from korsync.records.catalogue import InventoryLevel, Location, Shop, ShopImage, ShopProduct, Variant
from korsync.records.orders import (
    DraftLine,
    DraftOrder,
    Fee,
    Order,
    OrderLine,
    Refund,
    RefundLine,
    ShippingLine,
    TaxLine,
    Transaction,
)
from korsync.shopify import bare
from korsync.wire.answers import (
    NotAsExpected,
    Row,
    as_told,
    flag,
    identifier,
    inner,
    listed,
    moment,
    money,
    needed,
    number,
    or_left_out,
    or_told,
    pieces,
    rows,
    text,
    whole,
)

_NOTHING = Decimal(0)
_NO_ID = -1


def shop(row: Row) -> Shop:
    """Read the store itself; `taxes_included` is null where it was never set, which means no."""
    return Shop(
        currency=needed(text(row, "currency"), "currency"),
        timezone=needed(text(row, "iana_timezone"), "iana_timezone"),
        taxes_included=flag(row, "taxes_included") is True,
    )


def location(row: Row) -> Location:
    """Read a location; deactivated ones are listed too."""
    return Location(id=identifier(row), name=text(row, "name") or "", active=flag(row, "active") is not False)


def scope(row: Row) -> str:
    """Read the name of an access scope."""
    return needed(text(row, "handle"), "handle")


def product(row: Row) -> ShopProduct:
    """Read a product with its variants and images, or what can be told of one that cannot be read."""
    return or_told(_product, _told_product)(row)


def _told_product(row: Row, why: str) -> ShopProduct:
    return ShopProduct(identifier(row), as_told(row, "title"), as_told(row, "status"), None, (), unreadable=why)


def _product(row: Row) -> ShopProduct:
    product_id = identifier(row)
    needed(row.get("variants"), "variants")
    return ShopProduct(
        id=product_id,
        title=needed(text(row, "title"), "title"),
        status=text(row, "status") or "",
        updated_at=moment(row, "updated_at"),
        variants=tuple(variant(each, product_id) for each in rows(row, "variants")),
        images=tuple(image(each) for each in rows(row, "images")),
    )


def variant(row: Row, product_id: int | None = None) -> Variant:
    """Read a variant, or what can be told of one; where only its prices are odd its stock is not."""

    def told(row: Row, why: str) -> Variant:
        try:
            known = _variant({**row, "price": "0", "compare_at_price": None}, product_id)
        except NotAsExpected as error:
            sku = as_told(row, "sku")
            return Variant(_NO_ID, product_id or _NO_ID, sku, _NOTHING, None, _NO_ID, False, unreadable=str(error))
        return replace(known, price_unreadable=why)

    return or_told(lambda each: _variant(each, product_id), told)(row)


def _variant(row: Row, product_id: int | None) -> Variant:
    # Null where nobody counts; stock that another service counts is not tracked by Shopify.
    if "inventory_management" not in row:
        raise NotAsExpected("inventory_management is missing")
    counted_by = text(row, "inventory_management") or ""
    return Variant(
        id=identifier(row),
        product_id=product_id or identifier(row, "product_id"),
        sku=text(row, "sku") or "",
        price=needed(money(row, "price"), "price"),
        compare_at_price=money(row, "compare_at_price"),
        inventory_item_id=identifier(row, "inventory_item_id"),
        tracked=counted_by == "shopify",
        counted_elsewhere=counted_by not in ("", "shopify"),
    )


def image(row: Row) -> ShopImage:
    """Read an image of a product."""
    return ShopImage(id=identifier(row), address=text(row, "src") or "")


def tracked(row: Row) -> bool:
    """Read whether Shopify counts an inventory item."""
    return needed(flag(row, "tracked"), "tracked")


def level(row: Row, seen_at: datetime) -> InventoryLevel:
    """Read an inventory level; `available` is null where Shopify does not count."""

    def read(row: Row) -> InventoryLevel:
        return replace(told(row, ""), available=whole(row, "available"))

    def told(row: Row, why: str) -> InventoryLevel:
        return InventoryLevel(identifier(row, "inventory_item_id"), identifier(row, "location_id"), None, seen_at, why)

    return or_told(read, told)(row)


def draft_order(row: Row) -> DraftOrder:
    """Read a draft order: nothing but its pieces; lines without a variant hold none."""
    lines = ((whole(each, "variant_id"), pieces(each, "quantity") or 0) for each in rows(row, "line_items"))
    held = tuple(DraftLine(variant_id, quantity) for variant_id, quantity in lines if variant_id is not None)
    return DraftOrder(identifier(row), whole(row, "order_id"), held)


def order(row: Row) -> Order:
    """Read an order; customer, addresses, mail, phone, notes and properties are left at the door.

    One that cannot be read comes as far as it can be told, without money, and says why: its pieces count all the same.
    """
    return or_told(_order, _told_order)(row)


def _told_order(row: Row, why: str) -> Order:
    told, is_told = bare.order_row(row)
    order = _order(told)
    odd = zip(order.refunds, bare.refund_rows(row), strict=True)
    refunds = tuple(replace(each, unreadable=or_left_out(refund)(raw) is None) for each, raw in odd)
    return replace(order, refunds=refunds, total_price=None, unreadable=why, is_told=is_told)


def _order(row: Row) -> Order:
    order_number = needed(whole(row, "order_number"), "order_number")
    order_lines = listed(row, "line_items")
    taxes_included = needed(flag(row, "taxes_included"), "taxes_included")
    return Order(
        id=identifier(row),
        name=(text(row, "name") or "").strip() or f"#{order_number}",
        order_number=order_number,
        created_at=needed(moment(row, "created_at"), "created_at"),
        updated_at=needed(moment(row, "updated_at"), "updated_at"),
        cancelled_at=moment(row, "cancelled_at"),
        test=flag(row, "test") is True,
        fulfilled=text(row, "fulfillment_status") == "fulfilled",
        currency=needed(text(row, "currency"), "currency"),
        taxes_included=taxes_included,
        total_price=needed(_in_shop_money(row, "total_price"), "total_price"),
        gateways=_words(row, "payment_gateway_names"),
        lines=tuple(_line(each) for each in order_lines),
        shipping_lines=tuple(_shipping_line(each) for each in listed(row, "shipping_lines")),
        fees=tuple(_fees(row, order_lines)),
        taxes=_taxes(rows(row, "tax_lines")),
        refunds=tuple(refund(each, taxes_included) for each in listed(row, "refunds")),
        processed_at=moment(row, "processed_at"),
        current_total_price=_in_shop_money(row, "current_total_price"),
        archived=moment(row, "closed_at") is not None,
    )


def refund(row: Row, taxes_included: bool = True) -> Refund:
    """Read a refund of an order whose prices contain taxes or do not."""
    return Refund(
        id=identifier(row),
        created_at=needed(moment(row, "created_at"), "created_at"),
        lines=tuple(_refund_line(each) for each in listed(row, "refund_line_items")),
        transactions=tuple(transaction(each) for each in rows(row, "transactions")),
        shipping=_refunded_shipping(row, taxes_included),
        of_return=bool(inner(row, "return")),
    )


def _refunded_shipping(row: Row, taxes_included: bool) -> Decimal | None:
    """Return the shipping that a refund gives back, with its tax; None where it gives none.

    It stands in lines of its own since 2024-10, as an adjustment before and often still: then both say the same.
    """
    adjustments = [each for each in rows(row, "order_adjustments") if text(each, "kind") == "shipping_refund"]
    if adjustments:
        # An adjustment is negative where the buyer gets money.
        return -sum((_sum_of(each, "amount", "tax_amount") for each in adjustments), _NOTHING)
    lines = rows(row, "refund_shipping_lines")
    parts = ("subtotal_amount",) if taxes_included else ("subtotal_amount", "tax_amount")
    return sum((_sum_of(each, *parts) for each in lines), _NOTHING) if lines else None


def _sum_of(row: Row, *names: str) -> Decimal:
    return sum((_in_shop_money(row, name) or _NOTHING for name in names), _NOTHING)


def transaction(row: Row) -> Transaction:
    """Read a payment; its amount is in the buyer's currency unless the request asked for the shop's."""
    return Transaction(
        id=identifier(row),
        kind=text(row, "kind") or "",
        status=text(row, "status") or "",
        gateway=text(row, "gateway") or "",
        parent_id=whole(row, "parent_id"),
        amount=needed(_in_shop_money(row, "amount"), "amount"),
        currency=text(row, "currency") or "",
    )


def _line(row: Row) -> OrderLine:
    variant_id = whole(row, "variant_id")
    tip = "tip_payment_gateway" in row
    gift_card = flag(row, "gift_card") is True
    sku = text(row, "sku") or ""
    # `product_exists` is false for custom lines and for deleted products alike. Shopify keeps vendor and SKU of the
    # latter; a custom line has no vendor, and without a SKU there is no article to be found anyway.
    no_product = variant_id is None and whole(row, "product_id") is None
    custom = no_product and not (sku and text(row, "vendor")) and not tip and not gift_card
    return OrderLine(
        id=identifier(row),
        sku=sku,
        variant_id=variant_id,
        title=text(row, "name") or text(row, "title") or "",
        quantity=needed(pieces(row, "quantity"), "quantity"),
        current_quantity=pieces(row, "current_quantity"),
        price=needed(_in_shop_money(row, "price"), "price"),
        discount=_discount(row),
        taxes=_taxes(listed(row, "tax_lines")),
        gift_card=gift_card,
        tip=tip,
        custom=custom,
        unshipped=whole(row, "fulfillable_quantity"),
    )


def _shipping_line(row: Row) -> ShippingLine:
    return ShippingLine(
        id=identifier(row),
        title=text(row, "title") or "",
        price=needed(_in_shop_money(row, "price"), "price"),
        discount=_discount(row),
        taxes=_taxes(listed(row, "tax_lines")),
        removed=flag(row, "is_removed") is True,
    )


def _fees(row: Row, order_lines: list[Row]) -> Iterator[Fee]:
    # Where the prices contain the duties they are listed all the same.
    for line in [] if flag(row, "duties_included") is True else order_lines:
        for duty in rows(line, "duties"):
            title = f"Duty {text(duty, 'harmonized_system_code') or ''}".strip()
            yield _fee(duty, title, _number_as_text(duty, "id"))
    listed = rows(row, "additional_fees")
    for fee in listed:
        yield _fee(fee, text(fee, "name") or text(fee, "title") or "Fee", _number_as_text(fee, "id"))
    total = _amount_of(inner(row, "original_total_additional_fees_set"))
    if total and not listed:
        # Only the sum is told; the order's own id stands for the fees.
        yield Fee(identifier(row), "Fees", total)


def _fee(row: Row, title: str, fee_id: int) -> Fee:
    price = _amount_of(row)
    if price is None:
        price = needed(_in_shop_money(row, "price"), "price")
    return Fee(fee_id, title, price, _taxes(rows(row, "tax_lines")))


def _refund_line(row: Row) -> RefundLine:
    return RefundLine(
        id=identifier(row),
        line_id=identifier(row, "line_item_id"),
        quantity=needed(pieces(row, "quantity"), "quantity"),
        restock_type=text(row, "restock_type") or "",
        location_id=whole(row, "location_id"),
        subtotal=needed(_in_shop_money(row, "subtotal"), "subtotal"),
        total_tax=_in_shop_money(row, "total_tax"),
    )


def _discount(row: Row) -> Decimal:
    """Return the sum of the allocations: `total_discount` holds only what was taken off by hand."""
    allocations = listed(row, "discount_allocations")
    return sum((needed(_in_shop_money(each, "amount"), "amount") for each in allocations), _NOTHING)


def _taxes(tax_lines: list[Row]) -> tuple[TaxLine, ...]:
    return tuple(_tax(each) for each in tax_lines)


def _tax(row: Row) -> TaxLine:
    amount = needed(_in_shop_money(row, "price"), "price")
    rate = number(row, "rate")
    # Other apps may compute taxes and leave the rate out: that order alone is held, the list stays readable.
    # A rate is a float that other apps may have reckoned with: 0.19000000000000003.
    percent = None if rate is None and amount else round((rate or _NOTHING) * 100, 4)
    return TaxLine(percent=percent, amount=amount, title=" ".join((text(row, "title") or "").split()))


def _in_shop_money(row: Row, name: str) -> Decimal | None:
    """Return an amount in the shop's currency; the plain figure may be in the buyer's."""
    amount = _amount_of(inner(row, f"{name}_set"))
    return money(row, name) if amount is None else amount


def _amount_of(money_set: Row) -> Decimal | None:
    return money(inner(money_set, "shop_money"), "amount")


def _words(row: Row, name: str) -> tuple[str, ...]:
    value = needed(row.get(name), name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise NotAsExpected(f"{name} is not a list of words")
    return tuple(value)


def _number_as_text(row: Row, name: str) -> int:
    """Return an id that Shopify writes as text in some objects."""
    value = row.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return identifier(row, name)
