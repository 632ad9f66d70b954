"""What lies on the disk between runs: each shop's own cache, and none that does not fit the state beside it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from korsync.commands import sync as sync_command
from korsync.config.load import load
from korsync.records.plan import Ran
from korsync.sandbox.exchange import Fault
from tests.support.shop import Shop, open_shop


def test_two_shops_in_one_folder_keep_a_cache_each(tmp_path: Path) -> None:
    with open_shop(tmp_path, state_file="a.json") as one:
        one.config_path = one.config_path.rename(tmp_path / "a.yaml")
        with open_shop(tmp_path, state_file="b.json") as other:
            other.config_path = other.config_path.rename(tmp_path / "b.yaml")
            for shop in (one, other):
                shop.stocked("1001")
                shop.init()
                shop.later()
                shop.korona.deliver("1001", 5)
            for shop in (one, other):
                ran = shop.run_later("stock")
                assert ran.remarks == ()
                assert shop.shopify.available("1001") == 15


def test_the_cache_serves_whichever_way_the_configuration_is_named(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.stocked("1001")
    shop.init()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    shop.config_path = Path("../config.yaml")
    assert load(shop.config_path, {}).cache_path.exists()
    assert shop.run_later("stock").remarks == ()


# --- an old state beside a newer cache ---


class KilledError(BaseException):
    """The end of a process that nothing can catch."""


@pytest.fixture
def running(shop: Shop) -> Shop:
    """A shop that has run a few times."""
    shop.stocked("1001")
    shop.init()
    for _ in range(2):
        shop.run_later()
    return shop


def with_the_state_of_an_hour_ago(shop: Shop) -> Ran:
    """Let a few runs pass, put the state of before back, and deliver more."""
    copy = shop.folder / "backup"
    shutil.copyfile(shop.settings.state_path, copy)
    shop.shopify.place_order([("1001", 1)])
    for _ in range(3):
        shop.run_later()
    copy.replace(shop.settings.state_path)
    shop.korona.deliver("1001", 5)
    return shop.run_later("stock")


def test_a_cache_newer_than_the_state_beside_it_is_not_trusted(running: Shop) -> None:
    ran = with_the_state_of_an_hour_ago(running)
    assert [each for each in ran.remarks if "is newer than the state" in each]
    assert running.shopify.available("1001") == 9
    for _ in range(2):
        assert running.run_later().remarks == ()
    assert running.shopify.available("1001") == 14


def test_the_state_of_the_run_just_before_is_too_old_as_well(running: Shop) -> None:
    copy = running.folder / "backup"
    shutil.copyfile(running.settings.state_path, copy)
    running.shopify.place_order([("1001", 1)])
    running.run_later()
    copy.replace(running.settings.state_path)
    assert [each for each in running.run_later("stock").remarks if "is newer than the state" in each]


def test_the_state_from_before_a_run_that_did_nothing_but_book_is_too_old(running: Shop) -> None:
    order = running.shopify.place_order([("1001", 1)])
    for _ in range(3):
        running.run_later()
    running.shopify.refund_order(order, {"1001": 1})
    refuse = Fault("status", "POST", "/receipts$", status=503, times=99)
    running.world.korona_server.faults.append(refuse)
    running.run_later()
    running.run_later("stock")
    running.world.korona_server.faults.clear()
    copy = running.folder / "backup"
    shutil.copyfile(running.settings.state_path, copy)
    for _ in range(2):
        running.run_later("refunds")
    assert len(running.korona.receipts) == 2
    copy.replace(running.settings.state_path)
    assert [each for each in running.run_later("stock").remarks if "is newer than the state" in each]
    assert running.shopify.available("1001") <= 10


def test_a_state_that_runs_without_anything_to_do_have_outlived_still_fits(running: Shop) -> None:
    running.run_later()
    copy = running.folder / "backup"
    shutil.copyfile(running.settings.state_path, copy)
    for _ in range(3):
        running.run_later()
    copy.replace(running.settings.state_path)
    assert running.run_later().remarks == ()


def test_a_state_from_before_the_first_run_is_too_old_for_the_cache_of_a_later_one(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    assert with_the_state_of_an_hour_ago(shop).remarks != ()


def test_runs_that_leave_the_cache_alone_do_not_make_it_too_old(running: Shop) -> None:
    before = running.settings.cache_path.stat()
    for _ in range(60):
        running.run_later("orders", minutes=1)
    after = running.settings.cache_path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert running.run_later().remarks == ()


@pytest.mark.parametrize("dies_at", range(2, 8))
def test_a_run_that_dies_between_its_saves_costs_the_next_no_cache(
    running: Shop, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    saves: list[str] = []

    def dying(name: str) -> Callable[..., object]:
        save = getattr(sync_command, name)

        def then_die(*arguments: object) -> object:
            saves.append(name)
            if len(saves) == dies_at:
                raise KilledError
            return save(*arguments)

        return then_die

    running.shopify.place_order([("1001", 1)])
    running.later()
    with monkeypatch.context() as patched:
        for name in ("save_state", "save_cache"):
            patched.setattr(sync_command, name, dying(name))
        with pytest.raises(KilledError):
            running.run()
    assert running.run_later().remarks == ()
    running.run_later()
    assert len(running.korona.receipts) == 1


def test_an_idle_run_asks_seven_times_although_the_state_and_its_cache_are_compared(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        shop.stocked("1001")
        shop.init()
        shop.run_later()
        shop.run_later()
        with shop.requests() as seen:
            shop.run_later()
    assert len(seen.everything) <= 7
