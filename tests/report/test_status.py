"""The page of `korsync status`: how each pipeline stands, what is open and whose turn it is."""

import fcntl
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from korsync.errors import LockedError
from korsync.memory.files import hold_lock, holder_of
from korsync.pipelines import PIPELINES as ALL_PIPELINES
from korsync.records.bookings import Booking, BookingStatus, KnownOrder
from korsync.records.memory import Held, Identity, State
from korsync.records.runs import RunRecord, Standing
from korsync.records.standing import Status
from korsync.report.status import print_status, status_as_json
from korsync.rules.standing import PIPELINES, TOO_OLD, status_code
from korsync.sandbox.exchange import Fault
from tests.support.shop import Shop
from tests.support.typed import Korsync, a_shop_with_work_to_do, an_order_that_cannot_be_booked

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WELL = {name: Standing(succeeded_at=NOON - timedelta(minutes=12)) for name in PIPELINES}
REASON = "the article with the number X-1 is not an article in KORONA; make it there, or correct the SKU in Shopify"


def a_state(**parts: object) -> State:
    return replace(State(Identity("my-shop", "account", "90"), NOON, standings=WELL), **parts)  # type: ignore[arg-type]


def page_of(state: State, *, width: int = 200, terminal: bool = False, ignored: bool = False) -> str:
    written = io.StringIO()
    status = Status(state, "my-shop", PIPELINES, NOON, UTC, None, 0)
    console = Console(file=written, markup=False, highlight=False, width=width, force_terminal=terminal, soft_wrap=True)
    print_status(console, status, ignored=ignored)
    return written.getvalue()


def an_order(number: int, **parts: object) -> KnownOrder:
    order = KnownOrder(
        number, f"#{number}", NOON, NOON, None, test=False, fulfilled=False, before_start=False, lines=()
    )
    return replace(order, **parts)  # type: ignore[arg-type]


def test_the_names_of_the_pipelines_are_those_of_the_pipelines() -> None:
    assert tuple(each.name for each in ALL_PIPELINES) == PIPELINES


def test_where_all_is_well_each_pipeline_says_when_it_was_last_done() -> None:
    assert page_of(a_state()).splitlines() == [
        "my-shop, 2026-11-23 12:00",
        "stock     last done 12 min ago (2026-11-23 11:48)",
        "orders    last done 12 min ago (2026-11-23 11:48)",
        "refunds   last done 12 min ago (2026-11-23 11:48)",
        "products  last done 12 min ago (2026-11-23 11:48)",
        "0 items held",
        "korsync has not run yet",
    ]


def test_a_pipeline_in_trouble_says_since_when_why_and_what_to_do() -> None:
    failing = Standing(NOON - 3 * HOUR, NOON - 2 * HOUR, 4, "Shopify: 403: needs write_inventory", "grant it")
    told = page_of(a_state(standings=WELL | {"stock": failing})).splitlines()
    assert told[1:4] == [
        "stock     FAILING since 2026-11-23 10:00, for 2 h (exit 4); last done 3 h ago (2026-11-23 09:00)",
        "          Shopify: 403: needs write_inventory",
        "          what to do: grant it",
    ]


def test_what_is_stopped_names_the_word_that_lets_it_through() -> None:
    told = page_of(a_state(stopped={"stock": ("1001 falls to 0 or below",)}))
    assert "stopped for safety: 1001" in told
    assert "`korsync accept stock`" in told


def test_at_80_columns_nothing_is_broken_inside_a_word_and_what_follows_is_indented() -> None:
    held = {"orders/#1001": Held("orders", "#1001", REASON, NOON - 3 * HOUR)}
    lines = page_of(a_state(held=held), width=80, terminal=True).splitlines()
    assert lines[5:9] == [
        "1 item held, for a person to settle:",
        "  ! #1001 (orders, for 3 h): the article with the number X-1 is not an article",
        "      in KORONA; make it there, or correct the SKU in Shopify",
        "korsync has not run yet",
    ]
    wide = page_of(a_state(held=held), width=140, terminal=True).splitlines()
    assert wide[6] == f"  ! #1001 (orders, for 3 h): {REASON}"
    piped = page_of(a_state(held=held), width=80).splitlines()
    assert piped[6] == f"  ! #1001 (orders, for 3 h): {REASON}"


def test_receipts_of_unknown_outcome_are_named_with_time_and_order() -> None:
    sent = Booking("order/1042", BookingStatus.INTENT, (), sent_at=NOON - HOUR, attempts=1)
    queued = Booking("order/1043", BookingStatus.QUEUED, (), sent_at=NOON - 2 * HOUR)
    told = page_of(a_state(orders={1042: an_order(1042, sale=sent), 1043: an_order(1043, sale=queued)})).splitlines()
    assert told[6:8] == [
        "  … #1043: a receipt was sent at 2026-11-23 10:00; KORONA has queued it",
        "  … #1042: a receipt was sent at 2026-11-23 11:00; what became of it is not known yet; the next run looks",
    ]


def test_what_was_settled_by_hand_is_counted_and_named_where_asked() -> None:
    state = a_state(orders={1: an_order(1, ignored=True), 2: an_order(2, ignored_refunds=(7,))})
    assert "2 items settled by hand (--ignored names them)" in page_of(state)
    assert "settled by hand: #1, #2 refund 7" in page_of(state, ignored=True)


def test_a_refund_whose_sale_never_comes_to_be_booked_waits_for_nothing(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 9}])
    shop.init()
    shop.later(5)
    booked = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(shop.shopify.place_order([("1001", 2)]))
    unknown = shop.shopify.place_order([("X-1", 2)])
    shop.run()
    shop.later(1)
    for order in (booked, unknown):
        shop.shopify.refund_order(order, {order.lines[0].id: 1})
    korsync("ignore", unknown.name)
    shop.run()
    assert f"refunds that wait for their sale to be settled: {booked.name}\n" in korsync("status").out
    assert json.loads(korsync("status", "--output", "json").out)["waiting_refunds"] == [booked.name]


def test_orders_from_before_the_start_whose_pieces_are_kept_are_named() -> None:
    state = a_state(orders={998: an_order(998, before_start=True)})
    assert "orders from before orders.start_from whose pieces are kept: #998" in page_of(state)


def test_the_last_runs_of_each_command_are_shown_with_why_they_failed() -> None:
    runs = [RunRecord(NOON - timedelta(minutes=each), "orders", 0, 0, 0) for each in range(30, 0, -1)]
    run = RunRecord(NOON - timedelta(minutes=40), "run", 5, 4, 0, "KORONA does not answer")
    told = page_of(a_state(runs=(run, *runs))).splitlines()
    assert told[-4:] == [
        "  2026-11-23 11:20  run: exit 5, 4 changes written: KORONA does not answer",
        "  2026-11-23 11:57  orders: exit 0, 0 changes written",
        "  2026-11-23 11:58  orders: exit 0, 0 changes written",
        "  2026-11-23 11:59  orders: exit 0, 0 changes written",
    ]


@pytest.mark.parametrize(
    ("state", "max_age", "code"),
    [
        (a_state(), None, 0),
        (a_state(), HOUR, 0),
        (a_state(), timedelta(minutes=11), TOO_OLD),
        (a_state(standings={}), HOUR, TOO_OLD),
        (a_state(standings=WELL | {"orders": Standing()}), HOUR, TOO_OLD),
        (a_state(held={"a": Held("orders", "1", "why", NOON)}), HOUR, 1),
        (a_state(stopped={"stock": ("x",)}, held={"a": Held("orders", "1", "why", NOON)}), None, 3),
        (a_state(standings=WELL | {"stock": Standing(NOON, NOON, 5)}), HOUR, 5),
        (a_state(standings=WELL | {"stock": Standing(NOON, NOON, 5), "orders": Standing(NOON, NOON, 4)}), HOUR, 4),
    ],
)
def test_the_exit_code_is_for_a_monitor(state: State, max_age: timedelta | None, code: int) -> None:
    assert status_code(state, NOON, max_age) == code


def test_the_json_has_the_head_of_all_others_and_says_what_the_page_says() -> None:
    held = {"orders/#1001": Held("orders", "#1001", REASON, NOON)}
    running = LockedError("another korsync run holds the lock: process 4711", "wait")
    told = json.loads(status_as_json(Status(a_state(held=held), "my-shop", PIPELINES, NOON, UTC, running, 1)))
    assert list(told)[:5] == ["korsync", "command", "shop", "time", "exit_code"]
    assert (told["command"], told["shop"], told["exit_code"]) == ("status", "my-shop", 1)
    assert "4711" in told["running"]
    assert [each["pipeline"] for each in told["pipelines"]] == list(PIPELINES)
    assert told["held"] == [
        {"item": "#1001", "pipeline": "orders", "reason": REASON, "since": "2026-11-23T12:00:00+00:00"}
    ]


def test_status_needs_neither_secret_nor_network(shop: Shop, korsync: Korsync) -> None:
    an_order_that_cannot_be_booked(shop)
    korsync("run")
    text = shop.config_path.read_text()
    shop.config_path.write_text(text.replace(shop.settings.korona.password, "${NOBODY_SET_THIS}"))
    with shop.requests() as seen:
        said = korsync("status")
    assert (said.code, seen.everything) == (1, [])
    assert "#1001 (orders, for" in said.out


def test_status_tells_a_stop_an_outage_and_that_a_run_is_too_old(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    assert korsync("status", "--max-age", "60").code == TOO_OLD
    shop.run()
    assert korsync("status", "--max-age", "60").code == 0
    shop.world.korona_server.faults.append(Fault("reset", times=99))
    shop.run_later()
    failing = korsync("status")
    assert failing.code == 5
    assert "stock     FAILING since" in failing.out
    shop.later(70)
    assert korsync("status", "--max-age", "60").code == TOO_OLD


def test_the_time_is_the_shops_own(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.run()
    local = f"{shop.world.clock.now() + HOUR:%Y-%m-%d %H:%M}"
    assert local in korsync("status").out.splitlines()[0]


def test_a_run_that_goes_on_is_named_and_one_that_has_ended_is_not(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    assert "running now" not in korsync("status").out
    with hold_lock(shop.settings.state_path):
        assert f"running now: another korsync run holds the lock: process {os.getpid()}" in korsync("status").out
    assert "running now" not in korsync("status").out


@pytest.mark.parametrize("note", ["", "nonsense", "4194304 2026-11-23T12:00:00+00:00\n", "99999999999 x"])
def test_a_lock_whose_note_names_no_living_process_is_not_tried(tmp_path: Path, note: str) -> None:
    lock = tmp_path / "state.json.lock"
    lock.write_text(note)
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert holder_of(tmp_path / "state.json") is None


def test_status_loads_nothing_that_talks_to_a_side() -> None:
    code = "import sys; import korsync.cli, korsync.commands.status; print('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
