"""Names that would command a terminal, forge a line or turn it about are shown harmless in every screen."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

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
