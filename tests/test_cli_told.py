"""Commands as cron calls them: what each prints with --quiet, what the monitor hears, and that a side gets its rest."""

import fcntl
import os
import re
from datetime import timedelta
from queue import SimpleQueue

import pytest

from korsync.sandbox.exchange import Fault
from tests.support.shop import Shop
from tests.support.typed import Korsync, an_order_that_cannot_be_booked
from tests.wire.test_ping import a_monitor


def test_a_mail_says_which_shop_what_since_when_and_what_to_do(shop: Shop, korsync: Korsync) -> None:
    an_order_that_cannot_be_booked(shop)
    head, what, item = korsync("run", "--quiet").err.splitlines()
    assert head.startswith("korsync run, sandbox-shop.myshopify.com, 20")
    assert what == "1 item held, for a person to settle (see `korsync status`):"
    assert "#1001" in item


def test_an_outage_is_silent_until_it_has_lasted_and_its_end_is_told(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    outage = Fault("reset", times=9999)
    shop.world.korona_server.faults.append(outage)
    said = []
    for _ in range(5):
        shop.later()
        said.append(korsync("run", "--quiet").err)
    assert [bool(each) for each in said] == [False, False, False, True, False]
    assert said[3].count("korsync: KORONA") == 1
    shop.world.korona_server.faults.clear()
    shop.later()
    assert "over: KORONA answers again, after 1 h 40 min" in korsync("run", "--quiet").err


def test_after_minutes_is_how_long_outside_trouble_may_last_untold(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.configure(alerts={"after_minutes": 0})
    shop.world.korona_server.faults.append(Fault("reset", times=9999))
    assert "KORONA" in korsync("run", "--quiet").err


def test_a_broken_configuration_and_a_lost_state_are_told_once_and_another_mistake_at_once(
    shop: Shop, korsync: Korsync
) -> None:
    shop.stocked("1001")
    shop.init()
    whole = shop.config_path.read_text()
    shop.config_path.write_text(whole + "\nnonsense: 1\n")
    said = [korsync("run", "--quiet") for _ in range(2)]
    assert [each.code for each in said] == [2, 2]
    assert "nonsense" in said[0].err
    assert said[1].err == ""
    shop.config_path.write_text(whole + "\nrubbish: 1\n")
    assert "rubbish" in korsync("run", "--quiet").err
    shop.config_path.write_text(whole)
    shop.settings.state_path.rename(shop.settings.state_path.with_suffix(".away"))
    assert [bool(korsync("run", "--quiet").err) for _ in range(2)] == [True, False]


def test_a_run_that_hangs_is_told_with_its_process_and_age(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    lock = shop.settings.state_path.with_name("state.json.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = shop.world.clock.now()
        held.write(f"{os.getpid()} {began.isoformat(timespec='seconds')}\n")
        held.flush()
        assert korsync("run", "--quiet").err == ""
        shop.world.clock.advance(timedelta(minutes=61))
        said = korsync("run", "--quiet")
        assert (said.code, said.out) == (7, "")
        assert f"process {os.getpid()}" in said.err
        assert korsync("run", "--quiet").err == ""
    assert "over: the lock is free again" in korsync("run", "--quiet").err


def test_what_a_person_settled_by_hand_is_no_mail(shop: Shop, korsync: Korsync) -> None:
    an_order_that_cannot_be_booked(shop)
    korsync("run", "--quiet")
    korsync("ignore", "1001")
    shop.later()
    assert korsync("run", "--quiet").err == ""


def test_the_monitor_hears_of_each_run_from_its_beginning_to_its_end(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    with a_monitor() as (url, seen):
        shop.configure(alerts={"ping_url": url})
        korsync("run", "--quiet")
        korsync("orders", "--quiet")
        korsync("run", "--dry-run")
        shop.configure(alerts={"ping_url": url}, korona={"price_list": "Shopfy"})
        korsync("run", "--quiet")
    assert [path for path, _ in seen] == ["/check/start", "/check", "/check/start", "/check/fail"]
    assert "Shopfy" in seen[-1][1]


def test_a_monitor_that_is_not_there_changes_nothing(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.configure(alerts={"ping_url": "http://127.0.0.1:1/check"})
    said = korsync("run", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


@pytest.mark.parametrize("side", ["korona", "shopify"])
def test_a_side_that_refuses_the_login_three_times_is_left_alone_for_an_hour_and_told_so(
    shop: Shop, korsync: Korsync, side: str
) -> None:
    shop.stocked("1001")
    shop.init()
    server = getattr(shop.world, f"{side}_server")
    server.faults.append(Fault("status", status=401, times=9999))
    for _ in range(3):
        assert korsync("run", "--quiet").code == 4
        shop.later(1)
    with shop.requests() as seen:
        said = korsync("run", "--quiet")
    assert (said.code, seen.everything) == (4, [])
    assert shop.state.runs[-1].exit_code == 4
    with shop.requests() as seen:
        assert korsync("run").code == 4
    assert seen.everything != []
    shop.later(61)
    server.faults.clear()
    assert korsync("run", "--quiet").code == 0
    assert shop.state.refusals == {}


def test_with_another_configuration_a_refused_login_is_tried_at_once(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.configure(korona={"password": "wrong"})
    for _ in range(4):
        assert korsync("run", "--quiet").code == 4
    shop.configure()
    assert korsync("run", "--quiet").code == 0


class Interrupted(SimpleQueue[object]):
    """Hears Ctrl-C while it waits for the third answer."""

    heard = 0

    def get(self, block: bool = True, timeout: float | None = None) -> object:
        Interrupted.heard += 1
        if Interrupted.heard == 3:
            raise KeyboardInterrupt
        return super().get(block, timeout)


def test_ctrl_c_says_what_was_written_and_the_next_run_goes_on_with_the_rest(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [str(number) for number in range(1001, 1041)]
    for number in numbers:
        shop.stocked(number)
    shop.configure(safety={"max_change_percent": 100})
    shop.init()
    korsync("run")
    shop.later()
    for number in numbers:
        shop.korona.deliver(number, 1)
    with monkeypatch.context() as patched:
        patched.setattr("korsync.pipelines.base.SimpleQueue", Interrupted)
        said = korsync("stock")
    assert said.code == 130
    told = re.search(r"ended before it was done: stock (\d+) written; the next run goes on", said.err)
    assert told
    raised = sum(shop.shopify.available(number) == 11 for number in numbers)
    assert int(told[1]) == raised < 40
    shop.later(1)
    assert f"stock {40 - raised} written" in korsync("stock").out
