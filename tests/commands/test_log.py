"""`korsync log` tells what was written, held and settled, by which run, for whoever asks later."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from korsync.memory.journal import append
from korsync.records.journal import ItemEntry, RunEntry, Turn, WriteEntry
from korsync.sandbox.server import Fault
from tests.support.shop import Shop
from tests.support.typed import Korsync, a_shop_with_work_to_do, an_order_that_cannot_be_booked

TUESDAY = datetime(2026, 11, 3, 7, 20, tzinfo=UTC)


def runs(printed: str) -> list[str]:
    return re.findall(r"\d{8}-\d{6}-[0-9a-f]{4}", printed)


def test_what_a_run_wrote_is_told_old_to_new(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    korsync("run")
    said = korsync("log")
    assert said.code == 0
    head, *lines = said.out.splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d  run [0-9a-f-]+  exit 0  \(\d+ requests, 3 writes, \d+ seconds?\)", head
    )
    assert lines == [
        "  stock  1002  available 10 → 9: written",
        "  orders  #1001  receipt sale 1001, lines 1 × 1001 Ware 1001, total 8.90, payment 8.90 Kreditkarte,"
        " taxes 1.42 19 %: written",
        "  products  1002  price 8.00 → 8.90: written",
    ]


def test_the_log_of_an_article_or_an_order_has_nothing_else(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    korsync("run")
    assert [line for line in korsync("log", "1002").out.splitlines() if line.startswith(" ")] == [
        "  stock  1002  available 10 → 9: written",
        "  products  1002  price 8.00 → 8.90: written",
    ]
    for name in ("#1001", "1001"):
        assert "orders  #1001  receipt" in korsync("log", name).out
        assert "1002" not in korsync("log", name).out
    assert korsync("log", "4711").out == "the journal says nothing of that\n"


def test_refunds_are_told_with_their_order_and_by_themselves(shop: Shop, korsync: Korsync) -> None:
    entries = [
        WriteEntry("a", TUESDAY, "refunds", f"#1042 refund {number}", "receipt", None, f"return {number}", "done")
        for number in (1, 2)
    ]
    shop.init()
    append(shop.settings.journal_path, [*entries, ItemEntry("a", TUESDAY, "stock", "1042", Turn.HELD, "twice")])
    assert korsync("log", "#1042").out.count("return") == 2
    assert "twice" not in korsync("log", "#1042").out
    assert "twice" in korsync("log", "1042").out
    assert korsync("log", "1042 refund 2").out.count("return") == 1


def test_what_is_held_and_what_a_person_settled_is_told(shop: Shop, korsync: Korsync) -> None:
    an_order_that_cannot_be_booked(shop)
    korsync("run")
    korsync("ignore", "1001")
    said = korsync("log", "1001").out.splitlines()
    assert said[1].startswith("  orders  #1001  held: SKU X-1 is not an article in KORONA")
    assert said[-2].endswith("  ignore")
    assert said[-1] == "  orders  #1001  held no more"


def test_one_run_is_told_by_its_id_also_where_it_did_nothing(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    korsync("run")
    shop.later()
    korsync("run")
    (busy,) = runs(korsync("log", "--since", "2000-01-01").out)
    idle = RunEntry("20261103-072000-beef", "run", TUESDAY, TUESDAY + timedelta(seconds=2), 0, 5, 0)
    append(shop.settings.journal_path, [idle])
    said = korsync("log", "--run", idle.run)
    assert said.out == "2026-11-03 08:20  run 20261103-072000-beef  exit 0  (5 requests, 0 writes, 2 seconds)\n"
    assert "price 8.00 → 8.90" in korsync("log", "--run", busy).out


def test_without_a_question_the_last_day_is_told_and_with_a_day_what_came_since(shop: Shop, korsync: Korsync) -> None:
    shop.init()
    for days, key in ((0, "1001"), (1, "1002"), (2, "1003")):
        at = shop.world.clock.now() - timedelta(days=days, minutes=1)
        append(shop.settings.journal_path, [WriteEntry(key, at, "stock", key, "available", "1", "2", "done")])
    assert re.findall(r"stock  (\d+)", korsync("log").out) == ["1001"]
    since = f"{shop.world.clock.now() - timedelta(days=1, minutes=1):%Y-%m-%d}"
    assert re.findall(r"stock  (\d+)", korsync("log", "--since", since).out) == ["1001", "1002"]


def test_a_run_that_met_trouble_is_told_with_its_reason(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.world.shopify_server.faults.append(Fault("status", status=401, times=9))
    assert korsync("run").code == 4
    said = korsync("log").out
    assert "exit 4: " in said
    assert "Shopify" in said


def test_the_log_needs_no_secrets_and_makes_visible_what_a_terminal_would_obey(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.init()
    append(shop.settings.journal_path, [WriteEntry("r", TUESDAY, "products", "1", "title", "a\x1b[2J", "b", "done")])
    shop.configure(korona={"password": "${UNSET}"}, shopify={"access_token": "${UNSET}"})
    monkeypatch.delenv("UNSET", raising=False)
    assert "title a\\x1b[2J → b" in korsync("log", "1").out


def test_a_shop_changed_by_hand_does_not_stand_in_the_journal(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    korsync("run")
    shop.later()
    shop.korona.change_price("1001", Decimal("9.00"))
    assert "9.00" not in korsync("log").out


def test_a_line_at_the_ends_of_the_calendar_ends_no_log(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    korsync("run")
    path = shop.settings.journal_path
    (line,) = [each for each in path.read_text().splitlines() if '"kind":"run"' in each]
    odd = line.replace(runs(line)[0], "20261124-000000-0000").replace('"reason":""', '"reason":"odd"')
    odd = re.sub(r'"started_at":"[^"]+"', '"started_at":"9999-12-31T23:59:59Z"', odd)
    odd = re.sub(r'"ended_at":"[^"]+"', '"ended_at":"0001-01-01T00:00:00Z"', odd)
    path.write_text(path.read_text() + odd + "\n")
    said = korsync("log", "--since", "2000-01-01")
    assert said.code == 0
    assert len(runs(said.out)) == 1
