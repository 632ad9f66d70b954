"""KORONA accounts with different sales taxes, and which of them apply when: for generated orders."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

from korsync.records.catalogue import PaymentMethod, SalesTax, SalesTaxRate
from korsync.records.memory import BookingTargets

LOWERED = datetime(2020, 6, 30, 22, 0, tzinfo=UTC)
RAISED = datetime(2020, 12, 31, 23, 0, tzinfo=UTC)
BEFORE = LOWERED - timedelta(seconds=1)
CHOSEN = Fraction(21)
"""The rate that an account may have a sales tax chosen for; no account has one of this rate."""


@cache
def id_of(name: str) -> str:
    """Return the id that KORONA has for something of this name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


@dataclass(frozen=True)
class Account:
    """An account: which rates it has included in prices and on top, how many of each, and what korsync books with."""

    name: str
    included: tuple[str, ...]
    added: tuple[str, ...]
    chosen: str | None
    rules: BookingTargets

    def rates_at(self, at: datetime) -> tuple[Fraction, Fraction]:
        """Return the standard and the reduced rate of a day."""
        lowered = LOWERED <= at < RAISED
        return (Fraction(16), Fraction(5)) if lowered else (Fraction(19), Fraction(7))

    def choices(self, rate: Fraction, at: datetime, gross: bool) -> int:
        """Return how many sales taxes may stand for a rate; in a net shop those on top go first."""
        if rate == CHOSEN and self.chosen:
            return 1
        standard, reduced = self.rates_at(at)
        word = {standard: "standard", reduced: "reduced", Fraction(0): "none"}.get(rate, "")
        if not gross and word in self.added:
            return self.added.count(word)
        return self.included.count(word)

    def misfits(self, rate: Fraction, gross: bool) -> bool:
        """Tell whether the sales tax chosen for a rate cannot be in a gross price."""
        return gross and rate == CHOSEN and self.chosen == "added"

    def is_included(self, sales_tax_id: str) -> bool:
        """Tell whether prices contain a sales tax."""
        ids = {each.id for each in (*self.rules.sales_taxes, *self.rules.taxes.values()) if each.included}
        return sales_tax_id in ids


_KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "both": (("standard", "reduced", "none"), ("standard", "reduced")),
    "included": (("standard", "reduced", "none"), ()),
    "added": ((), ("standard", "reduced", "none")),
    "twins": (("standard", "standard", "reduced", "none"), ()),
}
_RATES = {
    "standard": ((None, "19"), (LOWERED, "16"), (RAISED, "19")),
    "reduced": ((None, "7"), (LOWERED, "5"), (RAISED, "7")),
    "none": ((None, "0"),),
}


@cache
def account_of(name: str, chosen: str | None) -> Account:
    """Return an account of a kind, with a sales tax chosen for 21 % that is included, on top ("added"), or none."""
    included, added = _KINDS[name]
    taxes = tuple(_sales_tax(kind, place, True) for place, kind in enumerate(included))
    taxes += tuple(_sales_tax(kind, place, False) for place, kind in enumerate(added))
    abroad = SalesTax(id_of(f"{chosen} abroad"), "21", "Abroad", chosen == "included", ())
    methods = {"shopify_payments": "card", "paypal": "paypal", "default": "other"}
    rules = BookingTargets(
        shop="a-shop.myshopify.com",
        currency="EUR",
        point_of_sale_id=id_of("point of sale"),
        shipping_article_id=id_of("shipping"),
        default_article_id=id_of("default"),
        default_number="9000",
        payment_methods={gateway: PaymentMethod(id_of(each), each, each) for gateway, each in methods.items()},
        sales_taxes=taxes,
        taxes={"21": abroad} if chosen else {},
        cashier_id=id_of("cashier"),
        customer_group_id=id_of("customer group"),
    )
    return Account(name, included, added, chosen, rules)


def _sales_tax(kind: str, place: int, included: bool) -> SalesTax:
    name = f"{'included' if included else 'added'} {kind} {place}"
    rates = tuple(SalesTaxRate(Decimal(percent), since) for since, percent in _RATES[kind])
    return SalesTax(id_of(name), name, name, included, rates)
