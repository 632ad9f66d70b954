"""Names that would command a terminal, forge a line or turn it about are shown harmless in every screen."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from korsync.sandbox.korona.store import Currency, PaymentMethod, PointOfSale, PriceGroup
from korsync.sandbox.server import Fault
from korsync.sandbox.shopify.order_wire import order_json
from tests.support.shop import Shop
from tests.support.typed import Korsync

HOSTILE = (
    "[red]Tee[/red][link=https://evil.example]hier[/link]",
    "Tee \x1b[2J\x1b]0;weg\x07\x9b31m",
    "Tee \u202etxt.exe\u2066\u200f",
    "Tee\r\nkorsync: done\u2028korsync: done\x85",
    "Tee {0} %s \\x1b",
)
NUMBERS = ("10[b]1", "10\x1b[31m2", "10\u202e3", "10\n4", "1005")


@pytest.fixture
def hostile(shop: Shop) -> Shop:
    """A shop with work to do of every kind, all of whose names are hostile, and with something to hold."""
    for number, name in zip(NUMBERS, HOSTILE, strict=True):
        shop.korona.add_article(number, name, Decimal("9.90"), stock=10)
        shop.shopify.add_product(f"alt {name}", [{"sku": number, "price": "8.90", "available": 10}])
    shop.shopify.add_product(HOSTILE[1], [{"sku": "X\x1b[2J", "available": 5}])
    return shop


def test_no_screen_shows_a_hostile_name_as_it_is(hostile: Shop, korsync: Korsync) -> None:
    shop, screens = hostile, []
    screens.append(korsync("init", "--yes"))
    shop.later(5)
    shop.shopify.place_order([(NUMBERS[0], 1), (NUMBERS[1], 1)])
    shop.shopify.place_order([("X\x1b[2J", 1)])
    for number in NUMBERS[2:]:
        shop.korona.deliver(number, -2)
    words = [["doctor"], ["run", "--dry-run", "--verbose"], ["run", "--verbose"], ["status"], ["check"], ["log"]]
    words += [["explain", number] for number in NUMBERS]
    words += [["run", "--output", "json"], ["status", "--output", "json"], ["run", "--quiet"], ["stock"]]
    screens += [korsync(*each) for each in words]
    for said in screens:
        assert said.code in (0, 1, 3)
        for shown in (said.out, said.err):
            assert not [each for each in shown if each != "\n" and not each.isprintable()]
            assert not any(line.startswith("korsync: done") for line in shown.splitlines())
    assert any("\\x1b[2J" in said.out for said in screens)
    assert any("[red]Tee[/red]" in said.out for said in screens)


def test_no_file_holds_a_line_that_a_name_forged(hostile: Shop, korsync: Korsync) -> None:
    korsync("init", "--yes")
    hostile.later(5)
    hostile.shopify.place_order([("X\x1b[2J", 1)])
    korsync("run")
    written = [path for path in Path(hostile.folder).iterdir() if ".json" in path.name]
    assert len(written) > 3
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert not [each for each in text if each != "\n" and not each.isprintable()], path.name
    for line in hostile.settings.journal_path.read_text(encoding="utf-8").splitlines():
        json.loads(line)


FORGED = HOSTILE[3]


def a_till(shop: Shop) -> None:
    point_of_sale = shop.korona.find(PointOfSale, "90")
    point_of_sale.name, point_of_sale.type = FORGED, "STANDARD"


def a_price_list_in_another_currency(shop: Shop) -> None:
    prices = shop.korona.find(PriceGroup, "Shopify")
    prices.number, prices.name = "Shopify", FORGED
    shop.korona.table(Currency)[prices.currency_id].key = "CHF"


def another_location(shop: Shop) -> None:
    shop.shopify.store.location_of("Laden Mitte").name = FORGED


def another_payment_method(shop: Shop) -> None:
    method = shop.korona.find(PaymentMethod, "5")
    method.number, method.name = "50", FORGED


def an_order_whose_answer_is_lost(shop: Shop) -> None:
    order = shop.shopify.place_order([("1001", 1)])
    order.told = order_json(shop.shopify.store, order) | {"name": FORGED}
    shop.world.korona_server.faults.append(Fault("lose_answer", "POST", "/receipts$", times=9))


@pytest.mark.parametrize(
    "named",
    [
        a_till,
        a_price_list_in_another_currency,
        another_location,
        another_payment_method,
        an_order_whose_answer_is_lost,
    ],
)
def test_no_name_in_an_error_makes_a_line_of_its_own(
    shop: Shop, korsync: Korsync, named: Callable[[Shop], None]
) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    shop.settings.cache_path.unlink()
    named(shop)
    words: list[tuple[str, ...]] = [("run",), ("run", "--dry-run"), ("run", "--quiet"), ("status",), ("doctor",)]
    words += [("check",), ("explain", "1001"), ("init",), ("run", "--output", "json")]
    screens = [korsync(*each) for each in words]
    assert any("\\u2028korsync: done" in said.out + said.err for said in screens)
    for said in screens:
        for line in (said.out + said.err).splitlines():
            assert not line.strip().removeprefix("korsync: ").startswith("korsync: done")
