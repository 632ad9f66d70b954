"""The demo shows korsync at work on the sample shop, and the sandbox lets a person move it."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from korsync.demo import demonstrate, serve
from korsync.sandbox.moves import HELP, move
from korsync.sandbox.sample import fill
from korsync.sandbox.world import World
from tests.support.shop import Shop


def test_the_demo_ends_with_both_sides_agreeing_and_a_last_run_of_0_writes(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    started = time.monotonic()
    assert demonstrate(said.append)
    assert time.monotonic() - started < 30
    assert said[-3] == "0 writes"
    assert said[-2:] == ["\n$ korsync explain 1032", "\n$ korsync check"]
    agreeing = next(match for line in said if (match := re.fullmatch(r"(\d+) of (\d+) articles agree", line)))
    assert agreeing[1] == agreeing[2]
    shown = capsys.readouterr().out
    assert "stock: " in shown
    assert "level     KORONA has 47, Shopify has 47" in shown
    assert shown.splitlines()[-1].startswith("both sides agree (209 articles, 214 levels, 31 orders, ")
    assert "#1031" in shown
    assert "Traceback" not in shown


def test_the_demo_notices_when_both_sides_do_not_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("korsync.shopify.client.ShopifyClient.adjust", lambda *_: None)
    assert not demonstrate(lambda _: None)


def test_the_sandbox_command_runs_a_shop_that_korsync_can_be_tried_on() -> None:
    told: list[str] = []

    def lines() -> Iterator[str]:
        path = next(match[1] for line in told if (match := re.search(r"KORSYNC_CONFIG=(\S+)", line)))
        korsync = [sys.executable, "-m", "korsync", "--config", path]
        subprocess.run([*korsync, "init", "--yes"], check=True)
        subprocess.run([*korsync, "run", "--quiet"], check=True)
        yield "later 20"
        yield "till 1030 1"
        subprocess.run([*korsync, "run", "--quiet"], check=True)
        yield "till 1030 0"

    serve(told.append, lines())
    assert told[-3].startswith("it is now")
    pieces = re.fullmatch(r"KORONA has (\d+) × 1030, Shopify sells (\d+)", told[-1])
    assert pieces
    assert pieces[1] == pieces[2]


def test_what_the_sandbox_says_to_type_finds_korsync_in_another_terminal() -> None:
    told: list[str] = []
    found: list[int] = []

    def lines() -> Iterator[str]:
        exports = [line.strip() for line in told if line.startswith("  export ")]
        asked = "; ".join([*exports, 'command -v korsync && test -f "$KORSYNC_CONFIG"'])
        done = subprocess.run(["sh", "-c", asked], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=False)
        found.append(done.returncode)
        yield from ()

    serve(told.append, lines())
    assert found == [0]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("till 1001 2", "KORONA has 8 × 1001, Shopify sells 10"),
        ("deliver 1001 5", "KORONA has 15 × 1001, Shopify sells 10"),
        ("count 1001 3", "KORONA has 3 × 1001, Shopify sells 10"),
        ("price 1001 9.99", "1001 costs 9.99 in KORONA"),
        ("price 1001 5,55", "1001 costs 5.55 in KORONA"),
        ("show 1001", "1001  KORONA: 10 pieces, 8.90; Shopify: 10 pieces, 8.90"),
        ("show 4711", "that cannot be done: show 4711 (see help)"),
        ("down elsewhere", "that cannot be done: down elsewhere (see help)"),
        ("name 1001 Neuer Name", "1001 is called Neuer Name in KORONA"),
        ("image 1001", "1001 has another picture in KORONA"),
        ("order 1001 2", "order #1001 placed"),
        ("help", HELP),
        ("nonsense", HELP),
        ("", ""),
        ("till 4711 1", "that cannot be done: till 4711 1 (see help)"),
        ("order 1001", "that cannot be done: order 1001 (see help)"),
        ("refund 99 1001 1", "that cannot be done: refund 99 1001 1 (see help)"),
    ],
)
def test_a_typed_line_moves_the_world(shop: Shop, line: str, answer: str) -> None:
    shop.stocked("1001")
    assert move(shop.world, line) == answer


def test_a_typed_refund_and_a_typed_cancellation_put_pieces_back(shop: Shop) -> None:
    shop.stocked("1001")
    move(shop.world, "order 1001 2")
    move(shop.world, "order 1001 3")
    assert shop.shopify.available("1001") == 5
    assert move(shop.world, "refund 1001 1001 1") == "order 1001: 1 × 1001 refunded and restocked"
    assert move(shop.world, "cancel 1002") == "order 1002 cancelled"
    assert shop.shopify.available("1001") == 9


def test_on_the_sample_shop_two_more_runs_write_nothing_and_the_last_asks_seven_times(tmp_path: Path) -> None:
    world = World()
    fill(world)
    with world:
        shop = Shop.__new__(Shop)
        shop.world, shop.korona, shop.shopify = world, world.korona, world.shopify
        shop.folder, shop.config_path = tmp_path, world.write_config(tmp_path)
        shop.init()
        assert shop.run().exit_code == 0
        shop.run_later()
        with shop.requests() as idle:
            shop.run_later(minutes=20)
        with shop.requests() as hour_later:
            shop.run_later(minutes=60)
    assert idle.writes == hour_later.writes == []
    assert len(hour_later.everything) <= 7


@pytest.mark.parametrize(
    ("line", "answer", "code"),
    [
        ("down shopify", "shopify does not answer", 5),
        ("down korona", "korona does not answer", 5),
        ("password korona", "korona refuses the login", 4),
        ("scope write_inventory off", "the app may ", 4),
    ],
)
def test_trouble_of_either_side_is_played_by_a_word_and_ended_by_one(
    shop: Shop, line: str, answer: str, code: int
) -> None:
    shop.stocked("1001")
    shop.init()
    shop.korona.sell_at_till("1001", 1)
    assert move(shop.world, line).startswith(answer)
    assert shop.run().exit_code == code
    over = "scope write_inventory on" if line.startswith("scope") else f"up {line.split()[1]}"
    assert "that cannot be done" not in move(shop.world, over)
    assert shop.run_later().exit_code == 0


def test_a_slow_side_takes_its_time(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    assert move(shop.world, "slow korona 0,2") == "korona takes 0,2 seconds for each answer"
    began = time.monotonic()
    shop.run("stock")
    assert time.monotonic() - began >= 0.2
