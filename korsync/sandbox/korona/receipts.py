"""What the simulated KORONA does with posted receipts: check the batch, check each row, book it now or later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from korsync.sandbox.korona.contract import misfit
from korsync.sandbox.korona.store import (
    Article,
    Cashier,
    Currency,
    CustomerGroup,
    KoronaStore,
    PaymentMethod,
    PointOfSale,
    PriceGroup,
    Receipt,
    Row,
    SalesTax,
    Unit,
)

Json = dict[str, Any]

BATCH_SIZES = range(1, 101)
"""How many receipts one request may hold."""

_REFERENCES: dict[str, type[Row]] = {
    "cashier": Cashier,
    "currency": Currency,
    "customerGroup": CustomerGroup,
    "organizationalUnit": Unit,
    "pointOfSale": PointOfSale,
    "priceGroup": PriceGroup,
    "reversedReceipt": Receipt,
    "warehouse": Unit,
}


class Refusal(Exception):
    """An HTTP status with KORONA's code and English message; 401 has neither."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message


class RowError(Exception):
    """Why one receipt of a batch is answered with an ERROR row."""


@dataclass(frozen=True, slots=True)
class RowAmounts:
    """A receipt row's price with all taxes and without any."""

    gross: Decimal
    net: Decimal


def receipt_number_prefix(store: KoronaStore, pos: PointOfSale) -> str | None:
    """Return what is put before the numbers of a point of sale's receipts, where the account does so."""
    return f"{pos.number}-" if store.uses_prefix else None


def tax_included(store: KoronaStore, tax: Mapping[str, Any]) -> bool:
    """Say whether a posted tax is part of the base; the sales tax decides, newer versions take it from nowhere else."""
    if "salesTax" in tax:
        return store.resolve(SalesTax, tax["salesTax"]).included
    return bool(tax.get("included", True))


def booked_at(receipt: Receipt) -> datetime:
    """Return when a receipt was booked: as it was posted, or else when it was accepted."""
    posted = receipt.posted.get("bookingTime")
    return datetime.fromisoformat(posted) if posted else receipt.accepted_at


def row_amounts(store: KoronaStore, item: Json) -> RowAmounts:
    """Return what a posted receipt row comes to."""
    return _amounts(item, [tax_included(store, tax) for tax in item["total"]["taxPayments"]])


def answered_included(store: KoronaStore, tax: Mapping[str, Any]) -> bool:
    """Say whether a posted tax is part of the base, as the account answers it."""
    return not store.denies_included and _was_included(store, tax)


def answered_gross(store: KoronaStore, receipt: Receipt) -> Decimal:
    """Return a receipt's total, as the account answers it."""
    if not store.denies_included:
        return receipt.gross
    taxes = [tax for item in receipt.posted["items"] for tax in item["total"]["taxPayments"]]
    included = (Decimal(tax.get("amount", 0)) for tax in taxes if _was_included(store, tax))
    return receipt.gross + sum(included, Decimal(0))


def _was_included(store: KoronaStore, tax: Mapping[str, Any]) -> bool:
    """Say whether a posted tax is part of the base, its sales tax deleted since or not."""
    posted = tax.get("salesTax", {})
    for row in store.table(SalesTax).values():
        if posted in ({"id": row.id}, {"number": row.number}):
            return row.included
    return tax_included(store, tax)


def answered_amounts(store: KoronaStore, item: Json) -> RowAmounts:
    """Return what a posted receipt row comes to, as the account answers it."""
    return _amounts(item, [answered_included(store, tax) for tax in item["total"]["taxPayments"]])


def _amounts(item: Json, included: list[bool]) -> RowAmounts:
    base = Decimal(item["total"]["base"])
    gross, net = base, base
    for tax, is_included in zip(item["total"]["taxPayments"], included, strict=True):
        amount = Decimal(tax.get("amount", 0))
        if is_included:
            net -= amount
        else:
            gross += amount
    return RowAmounts(gross, net)


def take_batch(store: KoronaStore, pos: PointOfSale, batch: Any, *, prefixed: bool) -> list[Json]:
    """Take a posted batch and return the answer's rows; raise Refusal where the whole batch is refused."""
    if not isinstance(batch, list):
        raise Refusal(400, "SUBMITTED_DATA_NOT_WELLFORMED", "an array of receipts is expected")
    if len(batch) not in BATCH_SIZES:
        raise Refusal(400, "BATCH_SIZE_OUT_OF_RANGE", f"{len(batch)} receipts")
    if problem := misfit(batch, "[Receipt]", "receipts"):
        raise Refusal(400, "INVALID_MODEL_PROPERTY", problem)
    prefix = (receipt_number_prefix(store, pos) or "") if prefixed else ""
    repeated = _repetitions(store, pos, batch, prefix)
    if repeated and not store.refuses_in_rows:
        raise next(iter(repeated.values()))
    return [_take(store, pos, posted, prefix, repeated.get(place)) for place, posted in enumerate(batch)]


def _repetitions(store: KoronaStore, pos: PointOfSale, batch: list[Json], prefix: str) -> dict[int, Refusal]:
    """Return, by its place in the batch, why a receipt is refused whose number or id was used before."""
    known = [*store.table(Receipt).values(), *(receipt for _, receipt in store.waiting)]
    numbers = {receipt.number for receipt in known if receipt.point_of_sale_id == pos.id}
    ids = {receipt.id for receipt in known}
    found: dict[int, Refusal] = {}
    for place, posted in enumerate(batch):
        number = prefix + posted["number"] if "number" in posted else None
        if store.refuses_repeated_numbers and number is not None and number in numbers:
            found[place] = Refusal(400, "NUMBER_ALREADY_IN_USE", f"receipt number {number}")
        elif store.honours_ids and posted.get("id") in ids:
            found[place] = Refusal(400, "ID_ALREADY_IN_USE", f"receipt id {posted['id']}")
        numbers.add(number)
        ids.add(posted.get("id", ""))
    return found


def _take(store: KoronaStore, pos: PointOfSale, posted: Json, prefix: str, repeated: Refusal | None) -> Json:
    number = prefix + posted.get("number", str(1 + len(store.table(Receipt))))
    try:
        if repeated is not None:
            raise RowError(f"{repeated.code}: {repeated.message}")
        receipt = _checked(store, pos, posted, number)
    except (RowError, KeyError) as error:
        return {"action": "NONE", "status": "ERROR", "number": number, "message": str(error.args[0])}
    row = {"action": "ADDED", "status": "OK", "number": number}
    now = store.clock.now()
    if store.queues:
        store.waiting.append((now + store.queue_delay, receipt))
        return row | {"action": "QUEUED"}
    href = f"/web/api/v3/accounts/{store.account_id}/pointsOfSale/{pos.id}/receipts/{receipt.id}"
    if store.booking_delay > timedelta(0):
        store.waiting.append((now + store.booking_delay, receipt))
        return row | {"id": receipt.id, "href": href}
    store.book(receipt)
    return row | {"id": receipt.id, "href": href, "revision": receipt.revision}


def _checked(store: KoronaStore, pos: PointOfSale, posted: Json, number: str) -> Receipt:
    """Return the receipt that a posted one becomes; raise RowError or KeyError with the reason why it does not."""
    for name, kind in _REFERENCES.items():
        if name in posted:
            store.resolve(kind, posted[name])
    warehouse = store.resolve(Unit, posted["warehouse"]) if "warehouse" in posted else None
    if "items" not in posted or not posted["items"]:
        raise RowError("a receipt without items")
    lines = [_line(store, item) for item in posted["items"]]
    gross = sum((row_amounts(store, item).gross for item in posted["items"]), Decimal(0))
    paid = Decimal(0)
    for payment in posted.get("payments", []):
        if "amount" not in payment or "paymentMethod" not in payment:
            raise RowError("a payment without amount or payment method")
        store.resolve(PaymentMethod, payment["paymentMethod"])
        paid += Decimal(payment["amount"])
    if paid != gross:
        raise RowError(f"the payments come to {paid}, the items to {gross}")
    return Receipt(
        id=posted["id"] if store.honours_ids and "id" in posted else store.new_id(),
        number=number,
        order_number=posted.get("orderNumber"),
        point_of_sale_id=pos.id,
        warehouse_id=warehouse.id if warehouse else pos.sells_from,
        accepted_at=store.clock.now(),
        gross=gross + store.gross_off,
        lines=lines,
        posted=posted,
    )


def _line(store: KoronaStore, item: Json) -> tuple[str, Decimal]:
    for name in ("product", "quantity", "total"):
        if name not in item:
            raise RowError(f"an item without {name}")
    article = store.resolve(Article, item["product"])
    if article.number in store.reject_articles:
        raise RowError(f"article {article.number} cannot be sold")
    for tax in item["total"]["taxPayments"]:
        if "salesTax" in tax:
            sales_tax = store.resolve(SalesTax, tax["salesTax"])
            if tax.get("included", sales_tax.included) != sales_tax.included:
                raise RowError(f"sales tax {sales_tax.number} is {'' if sales_tax.included else 'not '}included")
    return article.id, Decimal(item["quantity"])
