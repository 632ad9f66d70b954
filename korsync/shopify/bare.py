"""What can be told of an order that cannot be read as it is: the same JSON without what is odd in it.

Its pieces count all the same, or a piece that is sold would be offered again.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from korsync.wire.answers import NotAsExpected, Row, flag, identifier, listed, moment, pieces, rows, text, whole

NO_ID, NEVER = 1, "1971-01-01T00:00:00Z"
"""What stands for the id of an order or refund, and the time of an order, that has none."""

Read = Callable[[Row, str], Any]

_ORDER: Mapping[str, Read] = {
    "id": identifier,
    "name": text,
    "order_number": whole,
    "created_at": moment,
    "processed_at": moment,
    "updated_at": moment,
    "cancelled_at": moment,
    "closed_at": moment,
    "test": flag,
    "fulfillment_status": text,
}
_LINE: Mapping[str, Read] = {
    "id": identifier,
    "sku": text,
    "variant_id": whole,
    "product_id": whole,
    "vendor": text,
    "name": text,
    "title": text,
    "quantity": pieces,
    "current_quantity": pieces,
    "fulfillable_quantity": whole,
}
_REFUND: Mapping[str, Read] = {"id": identifier, "created_at": moment}
_REFUND_LINE: Mapping[str, Read] = {
    "id": identifier,
    "line_item_id": identifier,
    "quantity": pieces,
    "restock_type": text,
    "location_id": whole,
}


def order_row(row: Row) -> tuple[Row, bool]:
    """Return what stock needs of an order: which pieces were sold and which were put back.

    What is missing of its number and times is taken from the others; a line whose pieces are not told sold one. Also
    tells whether that is enough: without an id, a time or its lines nobody knows which order it is or what it sold.
    """
    bare = _fitting(row, _ORDER)
    times = [bare[name] for name in ("updated_at", "created_at", "processed_at") if name in bare]
    is_told = "id" in bare and bool(times) and _has_lines(row)
    at = times[0] if times else NEVER
    bare = {"id": NO_ID, "created_at": at, "updated_at": at} | bare
    number = re.search(r"[0-9]{1,18}", str(bare.get("name", "")))
    bare = {"order_number": int(number[0]) if number else bare["id"]} | bare
    lines = [_line(each, index) for index, each in enumerate(_rows(row, "line_items"), 1)]
    refunds = [_refund(each, at) for each in refund_rows(row)]
    money = {
        "currency": "",
        "taxes_included": True,
        "total_price": "0",
        "payment_gateway_names": [],
        "shipping_lines": [],
    }
    return bare | money | {"line_items": lines, "refunds": refunds}, is_told


def refund_rows(row: Row) -> list[Row]:
    """Return the refunds of an order as they stand in it; where it has no list of them, one that says nothing."""
    found = row.get("refunds")
    return [each if isinstance(each, dict) else {} for each in found] if isinstance(found, list) else [{}]


def _has_lines(row: Row) -> bool:
    """Tell whether a row has a list of lines: a missing one is no empty one."""
    try:
        listed(row, "line_items")
    except NotAsExpected:
        return False
    return True


def _line(row: Row, index: int) -> dict[str, Any]:
    bare = _fitting(row, _LINE)
    told = {"id": index, "quantity": bare.get("current_quantity", 1)}
    return told | bare | {"price": "0", "discount_allocations": [], "tax_lines": []}


def _refund(row: Row, at: str) -> dict[str, Any]:
    bare = _fitting(row, _REFUND)
    lines = [_fitting(each, _REFUND_LINE) for each in _rows(row, "refund_line_items")]
    # Pieces of which it is not told what became of them, or when, were not put back.
    is_told = len(bare) == len(_REFUND)
    whole_lines = [each | {"subtotal": "0"} for each in lines if {"id", "line_item_id", "quantity"} <= each.keys()]
    return {"id": NO_ID, "created_at": at} | bare | {"refund_line_items": whole_lines if is_told else []}


def _fitting(row: Row, fields: Mapping[str, Read]) -> dict[str, Any]:
    """Return the fields of a row that are as documented, as they stand in it."""
    found: dict[str, Any] = {}
    for name, read in fields.items():
        try:
            if read(row, name) is not None:
                found[name] = row[name]
        except NotAsExpected:
            continue
    return found


def _rows(row: Row, name: str) -> list[Row]:
    """Return the objects of a list; none where it is no list of objects."""
    try:
        return rows(row, name)
    except NotAsExpected:
        return []
