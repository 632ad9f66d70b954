"""Orders as real shops get them, one a file: a shop built as the case says, its order, and the receipts it must become.

A case's `shop` holds `articles` (number, price, stock), `taxes` (number, name, rate, included; else 19, 7 and 0 %,
included), `methods` (further payment methods), `net`, `currency`, and `section__key` for the configuration. Shipping is
article 9001, the default article 9000. `order` and `transactions` are what the REST API answers. `want_sale` is the
receipt with `items` (article, pieces, base, taxes as number and amount), `pays` (method, amount) and `total`, or `held`
with words of the reason, or `nothing`, or the `count` of items; `want_returns` are the negative receipts.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from korsync.sandbox.korona.store import Article, PaymentMethod, Receipt, SalesTax
from korsync.sandbox.shopify.moves import NewVariant
from korsync.sandbox.world import World
from tests.support.shop import Shop
from tests.support.webshop import assert_korona_understood

FOLDER = Path(__file__).parent.parent / "cases" / "orders"

LOCATION_IDS = (60001, 60002)
"""What the cases call the two locations of the shop."""

RUNS = 4
"""Runs of cron, 20 minutes apart: a sale is booked, settles, its return is booked, and nothing more comes of it."""

_A_MINUTE, _AN_HOUR = timedelta(minutes=1), timedelta(hours=1)

Json = dict[str, Any]
Amounts = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Case:
    """An order with its shop, and what must become of it; None where that is not looked at."""

    id: str
    situation: str
    shop: Json
    order: Json
    transactions: list[Json]
    want_sale: Json | None
    want_returns: list[Json] | None
    note: str | None


def every_case() -> list[Case]:
    """Return all cases in the order of their names."""
    return [Case(**json.loads(path.read_bytes(), parse_float=Decimal)) for path in sorted(FOLDER.glob("*.json"))]


@contextmanager
def played(case: Case, folder: Path) -> Iterator[Shop]:
    """Let korsync meet the order in a shop that was in step before, and run until nothing more comes of it."""
    world = World(currency=case.shop.get("currency", "EUR"), taxes_included=not case.shop.get("net", False))
    world.shopify.bucket = None
    world.clock.set(datetime.fromisoformat(case.order["created_at"]) - _AN_HOUR)
    _name_locations(world)
    _set_up_korona(world, case)
    _set_up_catalogue(world, case)
    with world:
        shop = Shop(world, folder, **_configuration(case.shop))
        shop.init()
        world.clock.set(_last_moment(case.order) + _A_MINUTE)
        world.shopify.tell_order(case.order, case.transactions, claims_stock=not _is_imported(case.order))
        for _ in range(RUNS):
            shop.run()
            shop.later()
        yield shop
    assert world.korona_server.crashes == []
    assert world.shopify_server.crashes == []
    assert_korona_understood(shop)


def sale_of(shop: Shop, case: Case) -> Json:
    """Return what became of the sale, in the words of a case: the receipt, what holds it, or nothing."""
    receipts = shop.korona.booked_under(f"order/{case.order['id']}")
    if receipts:
        (receipt,) = receipts
        return in_words(shop, receipt)
    held = [each.reason for each in shop.state.held.values() if each.item == case.order["name"]]
    return {"held": held[0]} if held else {"nothing": True}


def returns_of(shop: Shop, case: Case) -> list[Json]:
    """Return the negative receipts of the order, in the order of its refunds."""
    refunds = [each["id"] for each in case.order["refunds"]]
    booked = [receipt for each in refunds for receipt in shop.korona.booked_under(f"refund/{each}")]
    return [in_words(shop, receipt) for receipt in booked]


def in_words(shop: Shop, receipt: Receipt) -> Json:
    """Return a receipt as a case writes it: numbers instead of ids, items and payments sorted."""
    articles, taxes = shop.korona.table(Article), shop.korona.table(SalesTax)
    methods = shop.korona.table(PaymentMethod)
    items = [
        (
            articles[item["product"]["id"]].number,
            item["quantity"],
            item["total"]["base"],
            [(taxes[tax["salesTax"]["id"]].number, tax["amount"]) for tax in item["total"]["taxPayments"]],
        )
        for item in receipt.posted["items"]
    ]
    pays = [(methods[each["paymentMethod"]["id"]].number, each["amount"]) for each in receipt.posted["payments"]]
    written = {"items": items, "pays": pays, "total": receipt.gross, "number": receipt.order_number}
    return comparable(written | {"count": len(items)})


def comparable(receipt: Mapping[str, Any]) -> Json:
    """Return a receipt with figures as Decimal, and its items, their taxes and its payments in one order."""
    shown = dict(receipt)
    if "items" in receipt:
        shown["items"] = sorted(
            (article, Decimal(pieces), Decimal(base), _pairs(taxes))
            for article, pieces, base, taxes in receipt["items"]
        )
    if "pays" in receipt:
        shown["pays"] = _pairs(receipt["pays"])
    if "total" in receipt:
        shown["total"] = Decimal(receipt["total"])
    return shown


def _pairs(rows: Any) -> Amounts:
    return sorted((number, Decimal(amount)) for number, amount in rows)


def _configuration(shop: Json) -> dict[str, dict[str, Any]]:
    sections: dict[str, dict[str, Any]] = {}
    for name, value in shop.items():
        section, found, key = name.partition("__")
        if found:
            sections.setdefault(section, {})[key] = value
    return sections


def _name_locations(world: World) -> None:
    locations = world.shopify.store.locations
    for number, location in zip(LOCATION_IDS, list(locations.values()), strict=True):
        del locations[location.id]
        location.id = number
        locations[number] = location


def _set_up_korona(world: World, case: Case) -> None:
    korona = world.korona
    for tax in list(korona.table(SalesTax).values()):
        if "taxes" in case.shop or not tax.included:
            korona.remove_sales_tax(tax.number or "")
    for number, name, rate, included in case.shop.get("taxes", ()):
        korona.add_sales_tax(number, name, {"2007-01-01": str(rate)}, included=included)
    for number, name in case.shop.get("methods", {}).items():
        korona.add_payment_method(number, name)


def _set_up_catalogue(world: World, case: Case) -> None:
    """Put the articles on both sides, and what else the order sold of the shop's own into the store."""
    variant_ids = {line["sku"]: line["variant_id"] for line in case.order["line_items"] if line["variant_id"]}
    articles = {number for number, _, _ in case.shop["articles"]}
    for number, price, pieces in case.shop["articles"]:
        world.korona.add_article(number, f"Ware {number}", Decimal(price), stock=pieces)
        new: NewVariant = {"sku": number, "price": Decimal(price), "available": pieces}
        if number in variant_ids:
            new["id"] = variant_ids[number]
        world.shopify.add_product(f"Ware {number}", [new])
    for line in case.order["line_items"]:
        if line["variant_id"] and line["sku"] not in articles:
            other: NewVariant = {"id": line["variant_id"], "sku": line["sku"], "price": Decimal(line["price"])}
            world.shopify.add_product(line["title"], [other])


def _is_imported(order: Json) -> bool:
    """Say whether an order was made elsewhere: Shopify takes over such a one without touching its levels."""
    made, here = (datetime.fromisoformat(order[name]) for name in ("processed_at", "created_at"))
    return here - made > _AN_HOUR


def _last_moment(order: Json) -> datetime:
    """Return when the last thing happened to an order."""
    moments = [order["updated_at"], *(each["created_at"] for each in order["refunds"])]
    return max(datetime.fromisoformat(each) for each in moments)
