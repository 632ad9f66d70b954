"""Which KORONA sales tax stands for a tax of Shopify's: the one chosen for it, else the one of its rate. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from korsync.records.catalogue import SalesTax
from korsync.records.memory import BookingTargets
from korsync.records.orders import Order, TaxLine
from korsync.records.receipts import BookedLine, BookedReceipt, Receipt, ReceiptTax
from korsync.rules.money import round_to, smallest_unit

_NOTHING = Decimal(0)


def rate_at(sales_tax: SalesTax, at: datetime) -> Decimal | None:
    """Return the rate in percent that a sales tax has at an instant; None before its first."""
    valid = [each for each in sales_tax.rates if each.valid_from is None or each.valid_from <= at]
    first_of_all = datetime.min.replace(tzinfo=at.tzinfo)
    return max(valid, key=lambda each: each.valid_from or first_of_all).percent if valid else None


def taxes_to_book(taxes: tuple[TaxLine, ...], price: Decimal, order: Order) -> tuple[TaxLine, ...]:
    """Return the taxes of a price, those of an exempt sale with the rate 0.

    Shopify tells an exemption as 0.00 under the usual rate; a tax that is too small for a cent looks the same.
    """
    whole = sum((tax.percent or _NOTHING for tax in taxes), Decimal(100)) if order.taxes_included else Decimal(100)
    unit = smallest_unit(order.currency)

    def is_exempt(tax: TaxLine) -> bool:
        return tax.amount == 0 and round_to(price * (tax.percent or _NOTHING) / whole, unit) != 0

    return tuple(replace(tax, percent=_NOTHING) if is_exempt(tax) else tax for tax in taxes)


def receipt_taxes(taxes: Iterable[TaxLine], order: Order, targets: BookingTargets) -> tuple[ReceiptTax, ...]:
    """Return the tax rows of a receipt line; parts of one combined tax are one row with the sum of their rates.

    A tax of nothing for which there is no sales tax, or no single one, is left out.
    """
    rows: dict[str, ReceiptTax] = {}
    for tax in taxes:
        fitting = sales_taxes_for(tax, order, targets)
        if tax.percent is None or len(fitting) != 1:
            continue
        sales_tax, percent, amount = fitting[0], tax.percent, tax.amount
        row = rows.get(sales_tax.id)
        if row is not None:
            percent = row.percent + percent if _chosen(tax, targets) else row.percent
            amount += row.amount
        rows[sales_tax.id] = ReceiptTax(sales_tax.id, percent, amount, sales_tax.included)
    return tuple(rows.values())


def sales_taxes_for(tax: TaxLine, order: Order, targets: BookingTargets) -> tuple[SalesTax, ...]:
    """Return the sales taxes that may stand for a tax: the chosen one, else those of its rate on the order's date.

    In a net shop an included one will do where none comes on top.
    """
    chosen = _chosen(tax, targets)
    if chosen is not None:
        return (chosen,)
    of_rate = tuple(each for each in targets.sales_taxes if rate_at(each, order.created_at) == tax.percent)
    fitting = tuple(each for each in of_rate if each.included == order.taxes_included)
    return fitting or (() if order.taxes_included else of_rate)


def double_rates(
    sales_taxes: Iterable[SalesTax], chosen: Collection[str], at: datetime, *, included: bool
) -> list[tuple[str, str]]:
    """Say which rates several sales taxes have, where none is chosen for them, and what to do about each.

    Orders with these would be held. `chosen` are the keys of the taxes that the configuration chooses.
    """
    by_rate: dict[str, list[SalesTax]] = {}
    for each in sales_taxes:
        percent = rate_at(each, at)
        if percent and each.included == included and not {plain(percent), "default"} & set(chosen):
            by_rate.setdefault(plain(percent), []).append(each)
    return [
        (
            f"KORONA has several sales taxes of {rate} %: {', '.join(f'{each.number} {each.name}' for each in taxes)};"
            " orders with that rate are held",
            f"choose one under orders.taxes with the key “{rate}”, or one for each of Shopify's taxes with keys like"
            f" “VAT {rate}”",
        )
        for rate, taxes in by_rate.items()
        if len(taxes) > 1
    ]


def tax_troubles(taxes: Iterable[TaxLine], order: Order, targets: BookingTargets) -> Iterator[str]:
    """Say what keeps taxes from being booked: all missing rates at once, and whatever a person must choose."""
    kind = "included in the price" if order.taxes_included else "on top of the price"
    missing: dict[str, None] = {}
    others: dict[str, None] = {}
    for tax in taxes:
        if tax.percent is None:
            others[f"Shopify does not say the rate of a tax of {tax.amount}"] = None
            continue
        fitting, rate = sales_taxes_for(tax, order, targets), plain(tax.percent)
        if order.taxes_included and any(not each.included for each in fitting):
            others[f"the KORONA sales tax chosen for {rate} % under orders.taxes is not included in prices"] = None
        elif tax.amount != 0 and not fitting:
            missing[rate] = None
        elif tax.amount != 0 and len(fitting) > 1:
            names = ", ".join(f"{each.number} {each.name}" for each in fitting)
            keys = " or ".join(f"“{key}”" for key in reversed(_keys(tax)) if key != "default")
            several = f"KORONA has several sales taxes of {rate} % {kind}: {names}"
            others[f"{several}; choose one under orders.taxes with the key {keys}"] = None
    if missing:
        rates = _listed([f"{rate} %" for rate in missing])
        keys = _listed([f"“{rate}”" for rate in missing])
        none = f"KORONA has no sales tax of {rates} {kind} on the order's date"
        yield f"{none}; make one there, or name one under orders.taxes with the key {keys}"
    yield from others


def tax_differences(order: Order, receipt: Receipt, targets: BookingTargets) -> tuple[str, ...]:
    """Return, per sales tax, where the receipt's tax differs from what Shopify computed for the whole order."""
    booked: dict[str, Decimal] = {}
    computed: dict[str, Decimal] = {}
    rates: dict[str, set[Decimal]] = {}
    for row in (row for line in receipt.lines for row in line.taxes):
        booked[row.sales_tax_id] = booked.get(row.sales_tax_id, _NOTHING) + row.amount
        rates.setdefault(row.sales_tax_id, set()).add(row.percent)
    for tax in order.taxes:
        if tax.percent is None:
            continue
        fitting = sales_taxes_for(tax, order, targets)
        name = fitting[0].id if len(fitting) == 1 else plain(tax.percent)
        computed[name] = computed.get(name, _NOTHING) + tax.amount
        if name not in booked:
            rates.setdefault(name, set()).add(tax.percent)
    return tuple(
        f"{' and '.join(plain(rate) for rate in sorted(rates[name]))} %: receipt {booked.get(name, _NOTHING)}, "
        f"Shopify {computed.get(name, _NOTHING)}"
        for name in sorted(rates, key=lambda name: min(rates[name]))
        if booked.get(name, _NOTHING) != computed.get(name, _NOTHING)
    )


def completed(receipt: BookedReceipt, included: Mapping[str, bool]) -> BookedReceipt:
    """Return a receipt with what KORONA left out of it: whether prices contain a tax, and from that the totals.

    `included` says it by sales tax; what it does not name stays open.
    """
    lines = tuple(_completed_line(line, included) for line in receipt.lines)
    told = [line.gross for line in lines if line.gross is not None]
    gross = sum(told, _NOTHING) if len(told) == len(lines) else None
    return replace(receipt, lines=lines, gross=gross if receipt.gross is None else receipt.gross)


def _completed_line(line: BookedLine, included: Mapping[str, bool]) -> BookedLine:
    taxes = tuple(
        replace(tax, included=included.get(tax.sales_tax_id)) if tax.included is None else tax for tax in line.taxes
    )
    if line.gross is not None or any(tax.included is None for tax in taxes):
        return replace(line, taxes=taxes)
    on_top = sum((tax.amount for tax in taxes if not tax.included), _NOTHING)
    return replace(line, taxes=taxes, gross=line.base + on_top)


def plain(percent: Decimal) -> str:
    """Return a rate as people write it."""
    return f"{percent.normalize():f}"


def _chosen(tax: TaxLine, targets: BookingTargets) -> SalesTax | None:
    return next((targets.taxes[key] for key in _keys(tax) if key in targets.taxes), None)


def _keys(tax: TaxLine) -> tuple[str, ...]:
    """Return the keys of orders.taxes that name a tax, the most specific first; what is not taxed has no default."""
    if tax.percent is None:
        return ()
    rate = plain(tax.percent)
    keys = (f"{tax.title} {rate}", rate) if tax.title else (rate,)
    return (*keys, "default") if tax.percent else keys


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
