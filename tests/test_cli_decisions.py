"""What a person decides, as it is typed: retry, ignore and accept."""

import io

import pytest

from tests.support.shop import Shop
from tests.support.typed import COMMANDS, Korsync


def test_ignore_and_retry_settle_a_held_order(shop: Shop, korsync: Korsync) -> None:
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("X-1", 1)])
    assert korsync("run").code == 1
    assert korsync("ignore", "1001").code == 0
    assert korsync("run").code == 0
    assert korsync("retry", "1001").code == 0
    assert korsync("run").code == 1
    unknown = korsync("ignore", "4711")
    assert unknown.code == 2
    assert "korsync knows of no item" in unknown.err


def three_held_orders(shop: Shop) -> None:
    """Place orders that cannot be booked, at half past eleven and, twice, half past midnight in Berlin."""
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 50}])
    shop.init()
    for minutes in (13.5 * 60, 60, 24 * 60):
        shop.later(minutes)
        shop.shopify.place_order([("X-1", 1)])
    shop.later(5)
    shop.run()


def test_several_items_are_settled_at_once_or_none_of_them(shop: Shop, korsync: Korsync) -> None:
    three_held_orders(shop)
    before = shop.settings.state_path.read_bytes()
    assert korsync("ignore", "1001", "4711").code == 2
    assert shop.settings.state_path.read_bytes() == before
    said = korsync("ignore", "1001", "#1002")
    assert said.out.count("is settled") == 2
    assert shop.state.held.keys() == {"orders/#1003"}
    assert korsync("retry", "1001", "1002").out.count("is tried again") == 2
    assert not any(order.ignored for order in shop.state.orders.values())


def test_commands_that_ask_neither_side_need_no_secrets_and_all_others_do(shop: Shop, korsync: Korsync) -> None:
    three_held_orders(shop)
    shop.configure(korona={"username": "${UNSET}", "password": "${UNSET}"}, shopify={"access_token": "${UNSET}"})
    with shop.requests() as seen:
        assert korsync("status").code == 1
        assert korsync("ignore", "1001").code == 0
        assert korsync("retry", "1001").code == 0
        assert korsync("ignore", "--before", "2026-12-01").code == 0
        assert "was not stopped" in korsync("accept", "stock").err
        for command in (*COMMANDS, "init"):
            assert "needs the environment variable UNSET" in korsync(command).err
    assert seen.everything == []


@pytest.mark.parametrize(("day", "left"), [("2026-11-24", 2), ("2026-11-25", 1), ("0001-01-01", 3), ("9999-12-31", 0)])
def test_the_held_orders_placed_before_a_day_of_the_shop_are_ignored_and_no_other(
    shop: Shop, korsync: Korsync, day: str, left: int
) -> None:
    three_held_orders(shop)
    said = korsync("ignore", "--before", day)
    assert said.code == 0
    assert said.out.count("is settled") == 3 - left
    assert len(shop.state.held) == left
    assert korsync("run").code == (1 if left else 0)


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 3), ("", 3)])
def test_at_a_terminal_it_is_asked_first_which_held_orders_are_meant(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    three_held_orders(shop)
    typed = io.StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", typed)
    said = korsync("ignore", "--before", "2026-12-01")
    assert "  #1001\n  #1002\n  #1003\nsettle these 3 by hand?" in said.out
    assert said.code == (0 if answer else 130)
    assert len(shop.state.held) == left


@pytest.mark.parametrize("words", [(), ("1001", "--before", "2026-11-24"), ("--before", "tomorrow")])
def test_ignore_wants_items_or_a_day(korsync: Korsync, words: tuple[str, ...]) -> None:
    assert korsync("ignore", *words).code == 2
