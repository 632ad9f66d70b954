"""`korsync doctor`: each check fails, or warns, when its cause is put into the sandbox, and says how to mend it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from korsync.commands import doctor as doctor_command
from korsync.commands.sync import Clocks
from korsync.memory.files import hold_lock
from korsync.records.readiness import Verdict
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import (
    Article,
    Cashier,
    CustomerGroup,
    PaymentMethod,
    PointOfSale,
    PriceGroup,
    Row,
    Unit,
)
from tests.support.shop import Shop
from tests.support.typed import Korsync

CRON_LINE = "*/20 * * * * /opt/korsync/.venv/bin/korsync run --quiet"


@pytest.fixture
def healthy(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop that has been set up, has booked an order, and is run by cron."""
    shop.stocked("1001")
    shop.init()
    shop.later()
    shop.shopify.place_order([("1001", 1)])
    shop.run()
    shop.run_later()
    monkeypatch.setattr(doctor_command, "timer_lines", lambda: [CRON_LINE])
    return shop


def said_of(out: str, name: str) -> tuple[str, str]:
    """Return verdict and text of a check, with what to do about it."""
    found = re.search(rf"^  (ok|warning|failed) +{re.escape(name)}: (.*(?:\n {{11}}.*)?)", out, re.MULTILINE)
    assert found, f"no check is called {name}"
    return found[1], found[2]


def test_of_a_healthy_shop_all_is_well_and_nothing_is_written(healthy: Shop, korsync: Korsync) -> None:
    before = {path: path.read_bytes() for path in healthy.folder.iterdir()}
    with healthy.requests() as seen:
        said = korsync("doctor")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("\n54 ok, 0 warnings, 0 failed\n")
    assert seen.writes == []
    assert {path: path.read_bytes() for path in healthy.folder.iterdir() if path.suffix != ".lock"} == {
        path: data for path, data in before.items() if path.suffix != ".lock"
    }


def test_before_init_it_says_what_is_missing_and_looks_at_all_else(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    said = korsync("doctor")
    assert said.code == 6
    verdict, text = said_of(said.out, "state")
    assert verdict == "failed"
    assert "korsync init" in text
    assert said_of(said.out, "articles")[0] == "ok"


def test_a_mistake_in_the_configuration_is_the_first_and_the_last_thing_it_says(
    healthy: Shop, korsync: Korsync
) -> None:
    healthy.configure(safety={"max_change_percent": 1000})
    said = korsync("doctor")
    assert said.code == 2
    assert "max_change_percent" in said_of(said.out, "configuration")[1]
    assert said.out.endswith("0 ok, 0 warnings, 1 failed\n")


def in_korona(kind: type[Row], number: str, **changed: object) -> Callable[[Shop], None]:
    """Return what changes an object of KORONA's."""

    def spoil(shop: Shop) -> None:
        with shop.korona.turn():
            row = shop.korona.find(kind, number)
            for name, value in changed.items():
                setattr(row, name, value)

    return spoil


def forbidden(side: str, path: str) -> Callable[[Shop], None]:
    """Return what has a side refuse a call."""

    def spoil(shop: Shop) -> None:
        server = shop.world.korona_server if side == "KORONA" else shop.world.shopify_server
        server.faults.append(Fault("status", "GET", path, times=99, status=403))

    return spoil


def without_scope(*names: str) -> Callable[[Shop], None]:
    """Return what takes scopes away; the scope to write includes that to read."""
    return lambda shop: shop.shopify.scopes.difference_update(names)


def unreadable_changes(shop: Shop) -> None:
    shop.korona.rename("1001", "Anders")
    forbidden("KORONA", "/products$")(shop)


def configured(**config: object) -> Callable[[Shop], None]:
    return lambda shop: shop.configure(**config)


def other_warehouse(shop: Shop) -> None:
    shop.korona.find(PointOfSale, "90").warehouse_id = shop.korona.find(Unit, "2").id


def no_licence(shop: Shop) -> None:
    shop.korona.active_packages.discard("RETAIL")


def changed_password(shop: Shop) -> None:
    shop.korona.password = "another"


def no_location(shop: Shop) -> None:
    location = next(each for each in shop.shopify.store.locations.values() if each.name == "Laden Mitte")
    location.active = False


def twice_in_shopify(shop: Shop) -> None:
    shop.stocked("1002")
    shop.shopify.add_product("Zwilling", [{"sku": "1002"}])


def nearly_the_same(shop: Shop) -> None:
    shop.korona.add_article("0815", "Löffel", Decimal("2.20"))
    shop.shopify.add_product("Löffel", [{"sku": "815"}])


def new_numbers(shop: Shop) -> None:
    with shop.korona.turn():
        article = shop.korona.find(Article, "1001")
        article.number = "T-1001"
        shop.korona.save(article)


def readable_state(shop: Shop) -> None:
    shop.settings.state_path.chmod(0o644)


def broken_cache(shop: Shop) -> None:
    shop.settings.cache_path.write_text("{")


def journal_is_a_folder(shop: Shop) -> None:
    shop.settings.journal_path.unlink()
    shop.settings.journal_path.mkdir()


def lock_is_a_link(shop: Shop) -> None:
    lock = shop.settings.state_path.with_name("state.json.lock")
    lock.unlink()
    lock.symlink_to(shop.folder / "elsewhere")


def two_rates(shop: Shop) -> None:
    shop.korona.add_sales_tax("90", "Umsatzsteuer FR", {"2020-01-01": "19"}, included=True)


def pieces_elsewhere(shop: Shop) -> None:
    shop.shopify.set_available("1001", 5, "Online-Lager")


def another_version(shop: Shop) -> None:
    shop.shopify.answering_version = "2026-04"


def no_price(shop: Shop) -> None:
    shop.korona.change_price("1001", None)


OFFICE = {"locations": [{"location": "Laden Mitte", "warehouses": ["3"]}]}


CAUSES = [
    ("state", "failed", 6, lambda shop: shop.settings.state_path.unlink(), "korsync init"),
    ("permissions", "warning", 1, readable_state, "chmod 600"),
    ("cache", "warning", 1, broken_cache, "cannot be used"),
    ("journal", "warning", 1, journal_is_a_folder, "cannot be read"),
    ("lock", "failed", 6, lock_is_a_link, "symbolic link"),
    ("login", "failed", 4, lambda shop: shop.shopify.access.revoke_tokens(), "Shopify"),
    ("login", "failed", 4, changed_password, "KORONA"),
    ("scope read_orders", "failed", 4, without_scope("read_orders"), "needed to book orders and refunds"),
    (
        "scope read_products",
        "failed",
        4,
        without_scope("read_products", "write_products"),
        "to find the variants",
    ),
    ("scope write_products", "failed", 4, without_scope("write_products"), "needed to write names, prices and images"),
    (
        "scope read_inventory",
        "failed",
        4,
        without_scope("read_inventory", "write_inventory"),
        "to read the levels",
    ),
    ("scope write_inventory", "failed", 4, without_scope("write_inventory"), "needed to write the levels"),
    ("scope read_locations", "failed", 4, without_scope("read_locations"), "needed to find the location"),
    ("locations", "failed", 4, without_scope("read_locations"), "read_locations"),
    ("scope read_all_orders", "warning", 1, without_scope("read_all_orders"), "older than 60 days"),
    ("scope read_draft_orders", "warning", 1, without_scope("read_draft_orders"), "draft orders"),
    ("scopes", "warning", 1, forbidden("Shopify", "access_scopes"), "its own scopes"),
    ("location", "failed", 2, no_location, "deactivated"),
    ("API version", "warning", 1, another_version, "answers with 2026-04"),
    ("licence", "failed", 4, no_licence, "KORONA.retail"),
    ("price list", "failed", 2, configured(korona={"price_list": "X"}), "korona.price_list"),
    ("currency", "failed", 2, lambda shop: shop.shopify.change_currency("CHF"), "is in EUR"),
    ("warehouses", "failed", 2, configured(stock=OFFICE), "not a warehouse"),
    ("point of sale", "failed", 2, in_korona(PointOfSale, "90", active=False), "korona.point_of_sale"),
    ("its type", "failed", 4, in_korona(PointOfSale, "90", type="STANDARD"), "not external"),
    ("its type", "failed", 4, in_korona(PointOfSale, "90", fiscal_service="FISKALY_DE"), "fiscal service"),
    ("its warehouse", "failed", 2, other_warehouse, "stock.locations.warehouses"),
    ("coupling", "failed", 4, in_korona(PointOfSale, "90", coupling_id=None), "korsync couple"),
    ("kind of prices", "failed", 2, in_korona(PriceGroup, "Shopify", net_prices=True), "net"),
    ("sales taxes", "failed", 4, forbidden("KORONA", "/salesTaxes$"), "403"),
    ("catalogue", "failed", 4, unreadable_changes, "403"),
    ("payment methods", "failed", 2, in_korona(PaymentMethod, "6", active=False), "orders.payment_methods.paypal"),
    ("chosen taxes", "failed", 2, configured(orders={"taxes": {"19": "77"}}), "orders.taxes.19"),
    ("double rates", "warning", 1, two_rates, "under orders.taxes"),
    ("shipping_product", "failed", 2, in_korona(Article, "9001", active=False), "orders.shipping_product"),
    ("default_product", "failed", 2, in_korona(Article, "9000", active=False), "orders.default_product"),
    ("cashier", "failed", 2, in_korona(Cashier, "99", active=False), "korona.cashier"),
    ("customer group", "failed", 2, in_korona(CustomerGroup, "1", active=False), "korona.customer_group"),
    ("reading receipts", "failed", 4, forbidden("KORONA", "/receipts$"), "403"),
    ("reading articles", "failed", 4, forbidden("KORONA", "/products$"), "403"),
    ("reading prices", "failed", 4, forbidden("KORONA", "/prices$"), "403"),
    ("reading images", "failed", 4, forbidden("KORONA", "/images$"), "403"),
    ("reading stock", "failed", 4, forbidden("KORONA", "/productStocks$"), "403"),
    ("reading products", "failed", 4, forbidden("Shopify", "/products.json$"), "403"),
    ("reading levels", "failed", 4, forbidden("Shopify", "/inventory_levels.json$"), "403"),
    ("articles", "failed", 2, new_numbers, "Shopify has 1001"),
    ("prices", "failed", 2, no_price, "none of the 1 articles"),
    ("twins", "warning", 1, twice_in_shopify, "1002"),
    ("near matches", "warning", 1, nearly_the_same, "815"),
    ("location Online-Lager", "warning", 1, pieces_elsewhere, "5 pieces"),
    ("last success", "warning", 1, lambda shop: shop.later(3 * 60), "whether cron runs"),
]


@pytest.mark.parametrize(("name", "verdict", "code", "spoil", "text"), CAUSES)
def test_each_check_tells_when_its_cause_is_there(
    healthy: Shop, korsync: Korsync, name: str, verdict: str, code: int, spoil: Callable[[Shop], None], text: str
) -> None:
    spoil(healthy)
    said = korsync("doctor")
    found, words = said_of(said.out, name) if name != "login" else said_of(said.out.partition(f"\n{text}\n")[2], name)
    assert found == verdict
    assert name == "login" or text in words
    assert "what to do: " in words
    assert said.code == code


def test_a_disk_that_is_nearly_full_or_may_not_be_written_on_is_told(
    healthy: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 5 * 1024**2})
    monkeypatch.setattr("korsync.commands.doctor.shutil.disk_usage", lambda _: usage)
    said = korsync("doctor")
    assert said_of(said.out, "disk")[0] == "warning"
    assert "only 5 MB are free" in said_of(said.out, "disk")[1]
    assert said.code == 1
    folder = healthy.settings.state_path.parent
    monkeypatch.setattr("korsync.commands.doctor.os.access", lambda path, _: path != folder)
    said = korsync("doctor")
    assert said_of(said.out, "disk")[0] == "failed"
    assert said.code == 6


def test_how_soon_stock_followed_the_receipts_is_said_from_the_journal(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later()
    shop.shopify.place_order([("1001", 1)])
    shop.run()
    assert "no receipt was seen in KORONA's stock yet" in said_of(korsync("doctor").out, "stock after receipts")[1]
    shop.run_later(minutes=5)
    told = said_of(korsync("doctor").out, "stock after receipts")[1]
    assert "followed the last 1 receipts within 5 minutes" in told
    assert "safety.settle_minutes may be 5" in told
    assert "#1001" in korsync("log").out


def test_a_clock_three_days_ahead_is_a_warning(healthy: Shop) -> None:
    healthy.world.korona_server.ahead = timedelta(days=3)
    machine = doctor_command.Machine(healthy.world.clock.now, lambda: [CRON_LINE])
    clocks = Clocks(healthy.wait, now=healthy.world.clock.now)
    looks = doctor_command.examine(healthy.config_path, {}, lambda _group, _check: None, machine, clocks)
    (clock,) = [check for check in looks.checks if check.name == "clock"]
    assert clock.verdict is Verdict.WARNING
    assert "KORONA's clock and this machine's are 3 days apart" in clock.what


def test_a_list_that_shopify_newly_marks_as_going_away_is_a_warning(healthy: Shop, korsync: Korsync) -> None:
    healthy.shopify.deprecated = ("products", "variants", "inventory_levels")
    said = korsync("doctor")
    assert said_of(said.out, "deprecation")[0] == "warning"
    assert "inventory_levels" in said_of(said.out, "deprecation")[1]


def test_a_start_still_to_come_is_a_warning(healthy: Shop, korsync: Korsync) -> None:
    healthy.configure(orders={"start_from": "2026-11-24"})
    said = korsync("doctor")
    verdict, text = said_of(said.out, "start of orders")
    assert (said.code, verdict) == (1, "warning")
    assert text.startswith("2026-11-24 is still to come: what is ordered until then is never booked")
    healthy.later(24 * 60)
    assert "start of orders" not in korsync("doctor").out


def test_another_run_is_no_trouble(healthy: Shop, korsync: Korsync) -> None:
    with hold_lock(healthy.settings.state_path):
        said = korsync("doctor")
    assert said_of(said.out, "lock") == ("ok", said_of(said.out, "lock")[1])
    assert "another korsync run" in said_of(said.out, "lock")[1]


@pytest.mark.usefixtures("healthy")
def test_where_nothing_starts_korsync_it_says_so(korsync: Korsync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_command, "timer_lines", lambda: [f"#{CRON_LINE}", "0 0 * * * /usr/bin/backup"])
    said = korsync("doctor")
    assert said.code == 1
    assert said_of(said.out, "schedule")[0] == "warning"


def test_receipts_that_do_not_come_back_are_a_warning(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later()
    shop.korona.gross_off = Decimal("0.01")
    shop.shopify.place_order([("1001", 1)])
    assert shop.run().exit_code == 3
    verdict, text = said_of(korsync("doctor").out, "receipts")
    assert verdict == "warning"
    assert "do not come back from KORONA as they were posted" in text


def test_a_side_that_does_not_answer_is_said_once_and_the_other_is_looked_at(healthy: Shop, korsync: Korsync) -> None:
    healthy.world.korona_server.stop()
    said = korsync("doctor")
    assert said.code == 5
    assert said.out.count("  failed ") == 1
    assert "what to do: try again later" in said.out
    assert said_of(said.out, "location")[0] == "ok"


def test_as_json_it_is_one_object_with_each_check(healthy: Shop, korsync: Korsync) -> None:
    healthy.shopify.scopes.discard("read_all_orders")
    said = korsync("doctor", "--output", "json")
    assert said.code == 1
    found = json.loads(said.out)
    assert (found["command"], found["shop"], found["exit_code"]) == ("doctor", "sandbox-shop.myshopify.com", 1)
    (warned,) = [each for each in found["checks"] if each["verdict"] != "ok"]
    assert (warned["group"], warned["name"]) == ("Shopify", "scope read_all_orders")
    assert warned["remedy"]
