"""The commands as a user types them: one clear line, the right exit code, no traceback, nothing sent by mistake."""

import re
import socket
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from korsync.memory.files import hold_lock
from korsync.sandbox.korona.store import PointOfSale
from korsync.sandbox.server import Fault
from korsync.sandbox.shopify.sales import Order
from tests.support.catalogue import price
from tests.support.shop import Shop
from tests.support.typed import COMMANDS, Korsync, a_shop_with_work_to_do


def test_init_says_what_matches_and_what_comes_next(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    said = korsync("init")
    assert said.code == 0
    assert "1 of 1 SKUs in Shopify have an article in KORONA" in said.out
    assert "korsync run --dry-run" in said.out
    assert shop.settings.state_path.exists()


@pytest.mark.parametrize(("chosen", "is_told"), [({}, True), ({"19": "Umsatzsteuer FR"}, False)])
def test_init_names_the_rate_that_two_sales_taxes_have_unless_one_is_chosen(
    shop: Shop, korsync: Korsync, chosen: dict[str, str], is_told: bool
) -> None:
    shop.stocked("1001")
    shop.korona.add_sales_tax("90", "Umsatzsteuer FR", {"2020-01-01": "19"}, included=True)
    shop.configure(orders={"taxes": chosen})
    said = korsync("init")
    assert said.code == 0
    assert ("KORONA has several sales taxes of 19 %" in said.out) == is_told
    assert ("90 Umsatzsteuer FR" in said.out) == is_told


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
    shop.init()
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
    assert "#1001: 3 × 1001" in said.out
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


def test_a_second_run_ends_with_7_and_sends_nothing(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    with hold_lock(shop.settings.state_path), shop.requests() as seen:
        loud = korsync("run")
        quiet = korsync("run", "--quiet")
    assert (loud.code, quiet.code) == (7, 7)
    assert "another korsync run holds the lock" in loud.err
    assert quiet.out + quiet.err == ""
    assert seen.everything == []


def test_accept_takes_the_numbers_of_the_articles_that_are_let_through(shop: Shop, korsync: Korsync) -> None:
    for number in ("1001", "1002"):
        shop.stocked(number, price="8.90")
    shop.init()
    for number in ("1001", "1002"):
        shop.korona.change_price(number, Decimal("89.00"))
    stopped = korsync("products")
    assert stopped.code == 3
    assert "`korsync accept products 1001 1002`" in stopped.err
    assert korsync("accept", "products", "1003").code == 2
    said = korsync("accept", "products", "1002")
    assert (said.code, said.out) == (0, "the next run of products writes of what was stopped: 1002\n")
    assert korsync("products").code == 3
    assert (price(shop, "1001"), price(shop, "1002")) == ("8.90", "89.00")


def test_a_host_that_cannot_be_found_is_named_with_what_to_check(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.stocked("1001")
    shop.init()

    def unknown(*_args: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = korsync("products")
    assert said.code == 5
    assert "the host 127.0.0.1" in said.err
    assert "check the address of Shopify in the configuration" in said.err
    assert "nothing to do" not in said.err


def test_an_order_that_is_never_booked_is_named_in_one_run_and_no_other(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(order, restock=False)
    first = korsync("run")
    assert "cancelled before it was booked" in first.out
    assert "#1001" in first.out
    shop.later(1)
    assert "#1001" not in korsync("run").out


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


@pytest.mark.parametrize(("password", "is_hinted"), [("wrong ", True), ("\u00a0wrong", True), ("wr ong", False)])
def test_a_blank_at_the_end_of_a_refused_password_is_named(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch, password: str, is_hinted: bool
) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(korona={"password": "${PASSWORD}"})
    monkeypatch.setenv("PASSWORD", password)
    said = korsync("run")
    assert said.code == 4
    assert ("korona.password has a blank at its beginning or end" in said.err) is is_hinted
    assert "wrong" not in said.err


def test_a_state_that_is_a_link_is_told_before_anything_is_coupled(shop: Shop, korsync: Korsync) -> None:
    shop.settings.state_path.symlink_to(shop.folder / "elsewhere.json")
    shop.korona.find(PointOfSale, "90").coupling_id = None
    with shop.requests() as seen:
        said = korsync("init", "--couple")
    assert said.code == 6
    assert "let state_file name the file itself" in said.err
    assert seen.everything == []


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


def test_a_location_is_found_whatever_blanks_stand_around_its_name(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.shopify.store.location_of("Laden Mitte").name = " Laden Mitte "
    assert korsync("stock").code == 0


def test_an_unknown_location_stops_stock_only(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.shopify.add_location("Lager ")
    shop.shopify.add_location("Keller")
    shop.shopify.close_location("Keller")
    shop.configure(stock={"locations": [{"location": "Laden Süd", "warehouses": ["1"]}]})
    with shop.requests() as seen:
        said = korsync("run")
    assert said.code == 2
    assert "Shopify has no location “Laden Süd”" in said.err
    (remedy,) = {line for line in said.err.splitlines() if "stock.locations" in line}
    assert re.search(r"Shopify has: Laden Mitte \([0-9]+\), Online-Lager \([0-9]+\), Lager \([0-9]+\)$", remedy)
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
    monkeypatch.setattr("korsync.commands.sync.load_cache", lambda *_: 1 / 0)
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
    monkeypatch.setattr("korsync.commands.sync.load_cache", lambda *_: 1 / 0)
    monkeypatch.setattr("korsync.report.bugs.Path.touch", lambda *_, **__: (_ for _ in ()).throw(OSError("read-only")))
    said = korsync("run")
    assert said.code == 70
    assert said.err.endswith("nothing more was sent\n")
