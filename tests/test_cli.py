"""The commands as a user types them: one clear line, the right exit code, no traceback, nothing sent by mistake."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from korsync.cli import main
from korsync.files import hold_lock
from korsync.sandbox.korona_store import PointOfSale
from korsync.sandbox.server import Fault
from korsync.sandbox.shopify_sales import Order
from tests.shop import Shop

COMMANDS = ("run", "stock", "orders", "refunds", "products")


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Korsync = Callable[..., Said]


@pytest.fixture
def korsync(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Korsync:
    """Type a korsync command for the shop."""

    def type_in(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["korsync", "--config", str(shop.config_path), *words])
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        assert isinstance(code, int)
        return Said(code, printed.out, printed.err)

    return type_in


def a_shop_with_work_to_do(shop: Shop) -> None:
    """Leave something to do for every pipeline but refunds."""
    for number in ("1001", "1002"):
        shop.stocked(number)
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("1001", 1)])
    shop.shopify.set_price("1002", "8.00")
    shop.korona.sell_at_till("1002", 1)
    shop.later(5)


def test_init_says_what_matches_and_what_comes_next(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    said = korsync("init")
    assert said.code == 0
    assert "1 articles match a Shopify variant, 1 of them have a price" in said.out
    assert "korsync run --dry-run" in said.out
    assert shop.settings.state_path.exists()


@pytest.mark.parametrize("adopts", [(), ("--adopt",)])
def test_init_makes_visible_what_a_terminal_would_obey(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch, adopts: tuple[str, ...]
) -> None:
    evil = "A\x1b]0;pwned\x07\x1b[2J\x9b31m\u202eZ"
    shop.stocked(evil)
    shop.shopify.place_order([(evil, 3)], at=shop.world.clock.now() - timedelta(days=20))
    monkeypatch.setattr(Order, "name", property(lambda _: f"#{evil}"))
    shop.shopify.place_order([(evil, 1)])
    said = korsync("init", "--yes", *adopts)
    assert said.code == 0
    assert said.out.count("A\\x1b]0;pwned") == 2 + len(adopts)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(said.out + said.err)


def test_init_that_couples_sends_nothing_where_a_check_fails_and_tells_the_last_number_once_coupled(
    shop: Shop, korsync: Korsync
) -> None:
    shop.stocked("1001")
    shop.shopify.place_order([("1001", 3)], at=shop.world.clock.now() - timedelta(days=20))
    till = shop.korona.find(PointOfSale, "90")
    till.coupling_id, till.last_receipt_number = None, "4711"
    with shop.requests() as seen:
        assert korsync("init", "--couple").code == 2
        shop.configure(orders={"payment_methods": {"default": "77"}})
        unpayable = korsync("init", "--couple", "--yes")
        shop.configure()
    assert unpayable.code == 2
    assert "orders.payment_methods.default" in unpayable.err
    assert seen.writes == []
    assert till.coupling_id is None
    said = korsync("init", "--couple", "--yes")
    assert said.code == 0
    assert "its last receipt number: 4711" in said.out
    assert till.coupling_id is not None
    assert korsync("run").code == 0


def test_init_refuses_to_replace_a_state(shop: Shop, korsync: Korsync) -> None:
    korsync("init")
    before = shop.settings.state_path.read_bytes()
    said = korsync("init")
    assert said.code == 6
    assert "there is a state file already" in said.err
    assert shop.settings.state_path.read_bytes() == before


def test_init_wants_a_yes_where_old_orders_are_unfulfilled(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.place_order([("1001", 3)], at=shop.world.clock.now() - timedelta(days=20))
    said = korsync("init")
    assert said.code == 2
    assert "#1001: 3 × 1001" in said.err
    assert not shop.settings.state_path.exists()
    assert korsync("init", "--yes").code == 0


@pytest.mark.parametrize("command", [*COMMANDS, "status"])
def test_without_a_state_nothing_runs(shop: Shop, korsync: Korsync, command: str) -> None:
    with shop.requests() as seen:
        said = korsync(command)
    assert said.code == 6
    assert "korsync init" in said.err
    assert seen.everything == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_of_each_command_sends_only_get(shop: Shop, korsync: Korsync, command: str) -> None:
    a_shop_with_work_to_do(shop)
    with shop.requests() as seen:
        said = korsync(command, "--dry-run")
    assert said.code == 0
    assert {each.method for each in seen.everything} == {"GET"}


def test_a_dry_run_may_ask_for_a_token(shop: Shop, korsync: Korsync) -> None:
    shop.configure(shopify={"access_token": None, "client_id": "sandbox-client", "client_secret": "shpss_sandbox"})
    a_shop_with_work_to_do(shop)
    with shop.requests() as seen:
        said = korsync("run", "--dry-run")
    assert said.code == 0
    assert [each.path for each in seen.everything if each.method != "GET"] == ["/admin/oauth/access_token"]


def test_a_dry_run_shows_the_diff_and_tells_by_its_exit_code_that_there_is_one(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    said = korsync("run", "--dry-run", "--exit-code")
    assert said.code == 10
    assert "~ 1002  price  8.00 → 8.90" in said.out
    assert "~ 1002  available  10 → 9" in said.out
    assert "+ #1001" in said.out
    korsync("run")
    shop.later()
    assert korsync("run", "--dry-run", "--exit-code").code == 0


def test_the_exit_code_for_changes_hides_held_items_but_no_trouble(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.shopify.place_order([("X-1", 1)])
    assert korsync("run", "--dry-run").code == 1
    assert korsync("run", "--dry-run", "--exit-code").code == 10
    shop.configure(korona={"price_list": "Shopfy"})
    assert korsync("run", "--dry-run", "--exit-code").code == 2


def test_a_dry_run_in_json_is_one_object_and_nothing_else(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.korona.change_price("1002", Decimal("80.00"))
    said = korsync("run", "--dry-run", "--output", "json")
    told = json.loads(said.out)
    assert said.err == ""
    assert told["exit_code"] == said.code == 3
    assert [bool(each["changes"]) for each in told["pipelines"]] == [True, True, False, True]
    assert all(each["dry_run"] for each in told["pipelines"])


def test_away_from_a_terminal_a_run_prints_one_line_when_something_changed(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    said = korsync("run")
    assert said.code == 0
    assert len(said.out.splitlines()) == 1
    assert "stock 1 written; orders 1 written; products 1 written" in said.out
    shop.later()
    idle = korsync("run")
    assert (idle.code, idle.out, idle.err) == (0, "", "")


def test_json_output_is_one_object_for_programs(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    said = korsync("run", "--output", "json")
    told = json.loads(said.out)
    assert told["exit_code"] == 0
    assert [each["pipeline"] for each in told["pipelines"]] == ["stock", "orders", "refunds", "products"]
    products = told["pipelines"][3]
    assert products["changes"] == [
        {"key": "1002", "new": False, "edits": [{"field": "price", "before": "8.00", "after": "8.90"}]}
    ]
    assert products["written"] == [{"key": "1002", "outcome": "done", "message": ""}]


def test_held_items_end_a_run_with_1_and_are_named_in_each(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("X-1", 1)])
    for _ in range(2):
        said = korsync("run")
        assert said.code == 1
        assert "#1001" in said.out
        assert "X-1 is not an article in KORONA" in said.out
        shop.later()
    status = korsync("status")
    assert status.code == 1
    assert "1 item held" in status.out
    assert "X-1 is not an article in KORONA" in status.out


def test_quiet_names_held_items_when_they_are_news_and_once_a_day(shop: Shop, korsync: Korsync) -> None:
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("X-1", 1)])
    first = korsync("orders", "--quiet")
    shop.later()
    second = korsync("orders", "--quiet")
    shop.later(24 * 60)
    next_day = korsync("orders", "--quiet")
    assert [each.code for each in (first, second, next_day)] == [1, 1, 1]
    assert "X-1" in first.err
    assert second.out + second.err == ""
    assert "X-1" in next_day.err


def an_order_that_cannot_be_booked(shop: Shop) -> None:
    """Place an order for something that KORONA does not know."""
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("X-1", 1)])


@pytest.mark.parametrize("runs_between", [0, 1])
def test_quiet_names_an_item_again_that_was_settled_and_is_held_again(
    shop: Shop, korsync: Korsync, runs_between: int
) -> None:
    an_order_that_cannot_be_booked(shop)
    assert "X-1" in korsync("orders", "--quiet").err
    korsync("ignore", "1001")
    for _ in range(runs_between):
        shop.later(1)
        said = korsync("orders", "--quiet")
        assert (said.code, said.out + said.err) == (0, "")
    korsync("retry", "1001")
    shop.later(1)
    again = korsync("orders", "--quiet")
    assert again.code == 1
    assert "X-1" in again.err
    shop.later(1)
    assert korsync("orders", "--quiet").err == ""


def test_quiet_names_an_item_again_that_was_written_and_is_refused_again(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    told = []
    for refused in (True, False, True):
        shop.later()
        shop.korona.sell_at_till("1001", 1)
        if refused:
            refusal = Fault("status", "POST", "adjust", status=422, body={"errors": ["not tracked"]})
            shop.world.shopify_server.faults.append(refusal)
        told.append("1001" in korsync("stock", "--quiet").err)
    assert told == [True, False, True]


def test_a_dry_run_does_not_take_the_news_of_held_items_from_the_next_run(shop: Shop, korsync: Korsync) -> None:
    an_order_that_cannot_be_booked(shop)
    korsync("run")
    shop.later(24 * 60)
    before = shop.settings.state_path.read_bytes()
    korsync("run", "--dry-run")
    assert shop.settings.state_path.read_bytes() == before
    assert "X-1" in korsync("run", "--quiet").err


def test_a_pipeline_that_has_nothing_to_do_with_a_held_item_ends_with_1_all_the_same(
    shop: Shop, korsync: Korsync
) -> None:
    an_order_that_cannot_be_booked(shop)
    korsync("run")
    shop.later()
    said = korsync("products")
    assert said.code == 1
    assert "1 item held" in said.out
    assert shop.state.runs[-1].exit_code == 1
    assert korsync("products", "--dry-run").code == 0


def test_a_quiet_run_says_in_one_line_that_an_answer_was_lost(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.world.shopify_server.faults.append(Fault("lose_answer", "POST", "adjust"))
    said = korsync("stock", "--quiet")
    assert (said.code, said.out) == (5, "")
    assert said.err.startswith("korsync: stock 1 outcome unknown")
    assert len(said.err.splitlines()) == 1


def test_a_quiet_run_with_trouble_says_nothing_of_what_went_well(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(korona={"price_list": "Shopfy"})
    said = korsync("run", "--quiet")
    assert said.code == 2
    assert [line for line in said.err.splitlines() if line.startswith("korsync:")] == [
        "korsync: KORONA has no price list “Shopfy”"
    ]


def test_a_quiet_dry_run_says_what_was_refused(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(korona={"password": "wrong"})
    said = korsync("run", "--dry-run", "--quiet")
    assert said.code == 4
    assert "KORONA" in said.err
    assert len([line for line in said.err.splitlines() if line.startswith("korsync:")]) == 1


def test_a_plan_stopped_for_safety_is_said_once_whoever_looks(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.korona.change_price("1002", Decimal("80.00"))
    for words in (("--dry-run",), ("--dry-run", "--quiet"), (), ("--quiet",)):
        said = korsync("products", *words)
        assert said.code == 3
        assert said.err.count("korsync: products: the price of 1002 would go from 8.00 to 80.00") == 1


def test_another_api_version_is_remarked_also_in_json_and_with_quiet_once_a_day(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.shopify.answering_version = "2027-04"
    remark = "Shopify answered with API version 2027-04, 2026-10 was asked for: see shopify.api_version"
    assert korsync("run").err == f"note: {remark}\n"
    assert json.loads(korsync("run", "--output", "json").out)["remarks"] == [remark]
    assert korsync("run", "--quiet").err == ""
    shop.later(24 * 60)
    assert korsync("run", "--quiet").err == f"note: {remark}\n"
    assert korsync("run", "--quiet").err == ""


def test_a_cache_that_cannot_be_used_is_remarked_but_not_with_quiet(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    for words, told in ((("run",), True), (("run", "--quiet"), False)):
        shop.settings.cache_path.write_text("{")
        said = korsync(*words)
        assert said.code == 0
        assert ("note: the cache" in said.err) is told


def test_a_second_run_ends_with_7_and_sends_nothing(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    with hold_lock(shop.settings.state_path), shop.requests() as seen:
        loud = korsync("run")
        quiet = korsync("run", "--quiet")
    assert (loud.code, quiet.code) == (7, 7)
    assert "another korsync run holds the lock" in loud.err
    assert quiet.out + quiet.err == ""
    assert seen.everything == []


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


def test_an_order_that_is_never_booked_is_named_in_one_run_and_no_other(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(order, restock=False)
    first = korsync("run")
    assert "cancelled before it was booked; pieces that have not come back" in first.out
    assert "#1001" in first.out
    shop.later(1)
    assert "#1001" not in korsync("run").out


@pytest.mark.parametrize("words", [("run", "--quiet"), ("run", "--quiet", "--verbose")])
def test_with_quiet_what_is_told_only_once_is_told_all_the_same(
    shop: Shop, korsync: Korsync, words: tuple[str, ...]
) -> None:
    shop.stocked("1001")
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(order, restock=False)
    first = korsync(*words)
    assert "cancelled before it was booked; pieces that have not come back" in first.err
    assert "#1001" in first.err
    assert "X-1" not in first.err
    shop.later()
    again = korsync(*words)
    assert (again.code, again.out, again.err) == (0, "", "")


def test_what_is_told_only_once_stands_in_a_dry_run_and_in_json_once(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(order, restock=False)
    assert korsync("orders", "--dry-run").out.count("#1001") == 1
    said = korsync("orders", "--output", "json")
    assert [each["key"] for each in json.loads(said.out)["pipelines"][0]["skips"]] == ["#1001"]
    assert said.err == ""


# --- mistakes in the configuration, and sides that refuse ---


def test_an_unknown_key_is_named_with_its_line_and_nothing_is_sent(shop: Shop, korsync: Korsync) -> None:
    shop.init()
    shop.config_path.write_text(shop.config_path.read_text().replace("price_list:", "price_lst:"))
    with shop.requests() as seen:
        said = korsync("run")
    assert said.code == 2
    assert "config.yaml:6" in said.err
    assert "price_lst" in said.err
    assert seen.everything == []


def test_a_missing_configuration_file_is_said_so(korsync: Korsync, shop: Shop) -> None:
    shop.config_path = Path("nowhere.yaml")
    said = korsync("run")
    assert said.code == 2
    assert "the configuration file nowhere.yaml is missing" in said.err


@pytest.mark.parametrize(
    ("section", "change"),
    [("korona", {"password": "wrong"}), ("shopify", {"access_token": "shpat_wrong"})],
)
def test_a_wrong_password_is_refused_with_4_asked_once_and_nothing_is_written(
    shop: Shop, korsync: Korsync, section: str, change: dict[str, str]
) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(**{section: change})
    with shop.requests() as seen:
        said = korsync("run")
    assert said.code == 4
    assert len([line for line in said.err.splitlines() if line.startswith("korsync:")]) == 1
    assert change.popitem()[1] not in said.err
    assert sum(each.status == 401 for each in seen.everything) == 1
    assert seen.writes == []


def test_a_wrong_price_list_stops_products_only(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(korona={"price_list": "Shopfy"})
    with shop.requests() as seen:
        said = korsync("run")
    assert said.code == 2
    assert "KORONA has no price list “Shopfy”" in said.err
    assert "korona.price_list" in said.err
    assert seen.count("POST", "/receipts") == 1
    assert sum(each.method == "PUT" for each in seen.everything) == 0


def test_an_unknown_location_stops_stock_only(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(stock={"locations": [{"location": "Laden Süd", "warehouses": ["1"]}]})
    with shop.requests() as seen:
        said = korsync("run")
    assert said.code == 2
    assert "Shopify has no location “Laden Süd”" in said.err
    assert seen.count("POST", "/adjust.json") == 0
    assert seen.count("POST", "/receipts") == 1


def test_the_point_of_sales_warehouse_must_be_among_the_summed_ones(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(stock={"locations": [{"location": "Laden Mitte", "warehouses": ["2"]}]})
    with shop.requests() as seen:
        said = korsync("stock")
    assert said.code == 2
    assert "lowers the stock of a warehouse that is not in stock.locations.warehouses" in said.err
    assert seen.writes == []


def test_a_unit_that_is_no_warehouse_is_a_mistake_in_the_configuration(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(stock={"locations": [{"location": "Laden Mitte", "warehouses": ["1", "3"]}]})
    said = korsync("stock")
    assert said.code == 2
    assert "is not a warehouse" in said.err


def test_an_unreachable_side_ends_with_5_and_the_next_run_goes_on(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", shop.wait)
    a_shop_with_work_to_do(shop)
    port = shop.world.korona_server.base_url.rsplit(":", 1)[1]
    shop.world.korona_server.stop()
    said = korsync("orders")
    assert said.code == 5
    assert "KORONA" in said.err
    shop.world.korona_server.start(int(port))
    assert korsync("orders").code == 0
    assert len(shop.korona.receipts) == 1


def test_trouble_in_one_pipeline_does_not_stop_the_others(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.world.shopify_server.faults.append(Fault("status", path="inventory_levels", status=422, times=9))
    with shop.requests() as seen:
        said = korsync("run")
    assert said.code == 2
    assert seen.count("POST", "/receipts") == 1
    assert sum(each.method == "PUT" for each in seen.everything) == 1


def test_a_redirect_is_never_followed(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    moved = Fault("status", status=301, headers={"Location": "https://other.myshopify.com/admin"}, times=9)
    shop.world.shopify_server.faults.append(moved)
    with shop.requests() as seen:
        said = korsync("products")
    assert said.code == 2
    assert "other.myshopify.com" in said.err
    assert seen.writes == []


def test_a_bug_is_one_line_with_a_mark(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop.init()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("korsync.commands.load_cache", lambda *_: 1 / 0)
    said = korsync("run")
    assert said.code == 70
    assert "a bug in korsync (ZeroDivisionError" in said.err
    assert len(said.err.splitlines()) == 1
    (log,) = shop.config_path.parent.glob("korsync-bug-*.txt")
    assert said.err.endswith(f"details in {log}\n")
    assert "ZeroDivisionError" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_bug_whose_details_can_be_kept_nowhere_is_one_line_all_the_same(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.init()
    monkeypatch.setattr("korsync.commands.load_cache", lambda *_: 1 / 0)
    monkeypatch.setattr("korsync.cli.Path.touch", lambda *_, **__: (_ for _ in ()).throw(OSError("read-only")))
    said = korsync("run")
    assert said.code == 70
    assert said.err.endswith("nothing more was sent\n")


def test_usage_mistakes_end_with_2(korsync: Korsync) -> None:
    said = korsync("run", "--nonsense")
    assert said.code == 2
    assert "--nonsense" in said.err
