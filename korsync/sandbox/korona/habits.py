"""What an account's habits make of a receipt on its way out: fields left out, figures as floats have them, bulk."""

import math
from decimal import Decimal
from typing import Any

from korsync.sandbox.korona.store import KoronaStore

_MONEY = frozenset({"amount", "base", "discount", "gross", "net", "tax"})


def as_answered(store: KoronaStore, receipt: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt's JSON as this account answers it."""
    shown: dict[str, Any] = _changed(store, receipt) if store.float_noise or store.leaves_out else receipt
    if store.padding:
        shown["fiscalTransactions"] = [
            {"number": 1, "processType": "Kassenbeleg-V1", "processData": "x" * store.padding}
        ]
    return shown


def _changed(store: KoronaStore, value: Any) -> Any:
    if isinstance(value, list):
        return [_changed(store, each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _noisy(each) if store.float_noise and name in _MONEY else _changed(store, each)
        for name, each in value.items()
        if name not in store.leaves_out
    }


def _noisy(amount: Decimal) -> float:
    """Return the next float away from zero: what is left of an amount that was added up in floats."""
    return math.nextafter(float(amount), math.copysign(math.inf, amount)) if amount else 0.0
