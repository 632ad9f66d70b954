"""What the simulated KORONA accepts, as data: paths with their query names, and the fields of a posted receipt."""

import re
import uuid
from decimal import Decimal
from typing import Any

_LIST = frozenset({"page", "size", "sort", "revision"})
_MASTER_DATA = _LIST | {"includeDeleted", "number"}
_RECEIPTS = _LIST | {"number", "orderNumber", "minBookingTime", "maxBookingTime"}
_NONE: frozenset[str] = frozenset()
_ACCOUNT = "/accounts/{koronaAccountId}"

PATHS: dict[str, frozenset[str]] = {
    f"GET {_ACCOUNT}": _NONE,
    f"GET {_ACCOUNT}/maxRevisions": _NONE,
    f"GET {_ACCOUNT}/products": _MASTER_DATA,
    f"GET {_ACCOUNT}/products/{{productId}}": _NONE,
    f"GET {_ACCOUNT}/products/{{productId}}/stocks": _LIST,
    f"GET {_ACCOUNT}/prices": _MASTER_DATA,
    f"GET {_ACCOUNT}/images": _MASTER_DATA | {"exportImageData"},
    f"GET {_ACCOUNT}/images/{{imageId}}": _NONE,
    f"GET {_ACCOUNT}/priceGroups": _MASTER_DATA,
    f"GET {_ACCOUNT}/priceGroups/{{priceGroupId}}": _NONE,
    f"GET {_ACCOUNT}/currencies": _MASTER_DATA,
    f"GET {_ACCOUNT}/currencies/{{currencyId}}": _NONE,
    f"GET {_ACCOUNT}/organizationalUnits": _MASTER_DATA,
    f"GET {_ACCOUNT}/organizationalUnits/{{organizationalUnitId}}": _NONE,
    f"GET {_ACCOUNT}/organizationalUnits/{{organizationalUnitId}}/productStocks": _LIST,
    f"GET {_ACCOUNT}/paymentMethods": _MASTER_DATA,
    f"GET {_ACCOUNT}/paymentMethods/{{paymentMethodId}}": _NONE,
    f"GET {_ACCOUNT}/salesTaxes": _MASTER_DATA,
    f"GET {_ACCOUNT}/salesTaxes/{{salesTaxId}}": _NONE,
    f"GET {_ACCOUNT}/cashiers": _MASTER_DATA,
    f"GET {_ACCOUNT}/customerGroups": _MASTER_DATA,
    f"GET {_ACCOUNT}/receipts": _RECEIPTS,
    f"GET {_ACCOUNT}/receipts/{{receiptId}}": _NONE,
    f"GET {_ACCOUNT}/pointsOfSale": _MASTER_DATA | {"external", "coupled"},
    f"GET {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}": frozenset({"couplingId"}),
    f"PATCH {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}": frozenset({"couplingId", "decouple"}),
    f"GET {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}/receipts": _RECEIPTS | {"couplingId"},
    f"GET {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}/receipts/{{receiptId}}": frozenset({"couplingId"}),
    f"POST {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}/receipts": frozenset({"couplingId", "disableReceiptNumberPrefix"}),
}
"""Method and path template -> the query names it takes; everything else is refused, so that typing errors show."""

RECEIPT_FIELDS: dict[str, dict[str, str]] = {
    "Receipt": {
        "id": "uuid",
        "number": "string",
        "orderNumber": "string",
        "externalReferences": "map",
        "creationTime": "date-time",
        "bookingTime": "date-time",
        "cashier": "ModelReference",
        "customer": "ModelReference",
        "customerGroup": "ModelReference",
        "currency": "ModelReference",
        "organizationalUnit": "ModelReference",
        "pointOfSale": "ModelReference",
        "priceGroup": "ModelReference",
        "warehouse": "ModelReference",
        "zcounter": "integer",
        "depositAmount": "number",
        "cancelled": "boolean",
        "voided": "boolean",
        "reversal": "boolean",
        "reversedReceipt": "ModelReference",
        "items": "[ReceiptItem]",
        "payments": "[Payment]",
    },
    "ReceiptItem": {
        "id": "uuid",
        "product": "ModelReference",
        "quantity": "number",
        "description": "string",
        "recognitionNumber": "string",
        "bookingTime": "date-time",
        "deliveryDate": "date-time",
        "commodityGroup": "ModelReference",
        "sector": "ModelReference",
        "manualPrice": "boolean",
        "indent": "integer",
        "externalReferences": "map",
        "discounts": "[Discount]",
        "returnReason": "ReceiptItemReturnReason",
        "total": "TotalPrice",
    },
    "TotalPrice": {
        "base": "number",
        "discount": "number",
        "gross": "number",
        "net": "number",
        "taxPayments": "[TaxPayment]",
    },
    "TaxPayment": {"amount": "number", "taxRate": "number", "included": "boolean", "salesTax": "ModelReference"},
    "Discount": {"label": "string", "value": "number", "receiptDiscount": "boolean", "level": "integer"},
    "ReceiptItemReturnReason": {"reasonText": "string"},
    "Payment": {
        "amount": "number",
        "currency": "ModelReference",
        "paymentMethod": "ModelReference",
        "inputAmount": "number",
        "transactionTime": "date-time",
        "transactionToken": "string",
        "externalReferences": "map",
    },
    "ModelReference": {"id": "uuid", "number": "string", "name": "string"},
}
"""Schema -> field -> type of what a posted receipt may hold; read-only and computed fields (total, revenue) are not."""

REQUIRED_FIELDS: dict[str, frozenset[str]] = {"TotalPrice": frozenset({"base", "taxPayments"})}
"""Schema -> the fields that the vendor's document demands."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def misfit(value: Any, kind: str, where: str) -> str | None:
    """Return what is wrong with a posted value of this type, None where it fits."""
    if kind.startswith("["):
        if not isinstance(value, list):
            return f"{where} is no list"
        problems = (misfit(each, kind[1:-1], f"{where}[{index}]") for index, each in enumerate(value))
    elif kind in RECEIPT_FIELDS:
        if not isinstance(value, dict):
            return f"{where} is no object"
        fields = RECEIPT_FIELDS[kind]
        if strangers := sorted(value.keys() - fields.keys()):
            return f"{where} has no field {strangers[0]}"
        if missing := sorted(REQUIRED_FIELDS.get(kind, _NONE) - value.keys()):
            return f"{where} lacks the field {missing[0]}"
        problems = (misfit(each, fields[name], f"{where}.{name}") for name, each in value.items())
    else:
        return None if _fits(value, kind) else f"{where} is no {kind}"
    return next((problem for problem in problems if problem), None)


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "uuid":
            return isinstance(value, str) and is_uuid(value)
        case "date-time":
            return isinstance(value, str) and _DATE_TIME.fullmatch(value) is not None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "map":
            return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    raise KeyError(kind)


def is_uuid(text: str) -> bool:
    """Say whether a text is an id in the form that KORONA demands."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
