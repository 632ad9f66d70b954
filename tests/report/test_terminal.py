"""korsync as a process of its own: its terminal is given back, and whoever stops listening stops nothing else."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from korsync.sandbox.server import Fault
from tests.support.shop import Shop
from tests.support.typed import Korsync, an_order_that_cannot_be_booked

HIDDEN, SHOWN, ANY_CODE = b"\x1b[?25l", b"\x1b[?25h", b"\x1b"
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]


def korsync_of(shop: Shop, *words: str) -> list[str]:
    return [sys.executable, "-m", "korsync", "--config", str(shop.config_path), *words]


def surroundings(**own: str | None) -> dict[str, str]:
    """The environment that korsync starts in: printing is buffered as for a user, TERM is set where it is named."""
    asked = {**os.environ, "PYTHONUNBUFFERED": None, "TERM": None, **own}
    return {name: value for name, value in asked.items() if value is not None}


@contextmanager
def at_a_terminal(command: list[str], kind: str | None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a command at a terminal of a kind (TERM); its process, and where to read what is shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=surroundings(TERM=kind), start_new_session=True
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def shown_until(terminal: int, text: bytes, seconds: float = 20) -> bytes:
    """Return what is shown up to a text, or to the end."""
    shown, end = b"", time.monotonic() + seconds
    while text not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                break
            shown += part
    return shown


def a_shop_with_much_to_do(shop: Shop) -> None:
    shop.configure(safety={"max_change_percent": 100})
    for number in range(1000, 1030):
        shop.stocked(str(number))
    shop.init()
    for number in range(1000, 1030):
        shop.shopify.set_price(str(number), "8.80")
    shop.later()


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("slow", "seen"), [("products.json", "reading both sides"), ("variants", "products ")], ids=["reading", "writing"]
)
def test_a_run_that_is_ended_gives_the_terminal_back_and_the_next_goes_on(
    shop: Shop, sign: signal.Signals, code: int, slow: str, seen: str
) -> None:
    a_shop_with_much_to_do(shop)
    hung = Fault("delay", path=slow, seconds=4, times=1)
    shop.world.shopify_server.faults.append(hung)
    with at_a_terminal(korsync_of(shop, "products"), "xterm-256color") as (process, terminal):
        shown = shown_until(terminal, HIDDEN)
        shown += shown_until(terminal, seen.encode())
        time.sleep(0.5)
        process.send_signal(sign)
        shown += shown_until(terminal, b"there is no more")
        assert process.wait(20) == code
    assert HIDDEN in shown
    assert shown.rfind(SHOWN) > shown.rfind(HIDDEN)
    assert b"Traceback" not in shown
    shop.world.shopify_server.faults.clear()
    assert shop.run_later("products").exit_code == 0
    assert shop.run_later("products").results[0].plan.changes == ()


@pytest.mark.parametrize("kind", ["dumb", None], ids=["dumb", "unknown"])
def test_a_terminal_that_can_do_nothing_is_sent_nothing_but_text(shop: Shop, kind: str | None) -> None:
    a_shop_with_much_to_do(shop)
    with at_a_terminal(korsync_of(shop, "products"), kind) as (process, terminal):
        shown = shown_until(terminal, b"there is no more")
        assert process.wait(20) == 0
    lines = shown.decode().splitlines()
    assert lines[:2] == ["products: 30 changes", "  ~ 1000  price  8.80 → 8.90  Ware 1000"]
    assert len(lines) == 1 + 30 + 1
    assert lines[-1].startswith("korsync: products 30 written (")
    assert ANY_CODE not in shown


@pytest.mark.parametrize("kind", ["dumb", None], ids=["dumb", "unknown"])
def test_a_run_that_is_ended_at_a_terminal_that_can_do_nothing_leaves_nothing_on_it(
    shop: Shop, kind: str | None
) -> None:
    a_shop_with_much_to_do(shop)
    shop.world.shopify_server.faults.append(Fault("delay", path="variants", seconds=4, times=1))
    with at_a_terminal(korsync_of(shop, "products"), kind) as (process, terminal):
        shown = shown_until(terminal, b"~ 1029")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        shown += shown_until(terminal, b"there is no more")
        assert process.wait(20) == 130
    assert ANY_CODE not in shown
    assert b"Traceback" not in shown


@pytest.mark.parametrize("start", ["as a module", "as a script"])
def test_ctrl_c_while_korsync_is_still_being_loaded_ends_it_without_a_word(tmp_path: Path, start: str) -> None:
    (tmp_path / "click.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(20)\n")
    module, function = PROJECT["scripts"]["korsync"].split(":")
    script = ["-c", f"from {module} import {function}; {function}()"]
    words = [sys.executable, *(script if start == "as a script" else ["-m", "korsync"]), "--version"]
    slow = surroundings(PYTHONPATH=str(tmp_path))
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=slow)
    assert process.stdout
    assert process.stdout.readline() == b"loading\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10) == (b"", b"")
    assert process.returncode == 130


def test_a_run_that_is_told_to_end_while_it_books_leaves_a_state_that_knows_what_was_sent(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("1001", 1)])
    shop.world.korona_server.faults.append(Fault("delay", "POST", "receipts", seconds=3))
    process = subprocess.Popen(korsync_of(shop, "run"), stderr=subprocess.PIPE, env=surroundings())
    end = time.monotonic() + 20
    while not any(order.sale for order in shop.state.orders.values()) and time.monotonic() < end:
        time.sleep(0.05)
    process.terminate()
    assert process.communicate()[1].startswith(b"korsync: ended before it was done")
    assert process.returncode == 143
    assert [order.sale is not None for order in shop.state.orders.values()] == [True]
    time.sleep(3)
    assert shop.run_later().exit_code == 0
    assert len(shop.korona.receipts) == 1


# --- nobody reads what is printed ---


@contextmanager
def an_end_that_takes_nothing(kind: str) -> Iterator[int]:
    """Open what a command may print to and nobody reads from."""
    if kind == "a full disk":
        end = os.open("/dev/full", os.O_WRONLY)
    else:
        ours, end = os.pipe()
        os.close(ours)
    try:
        yield end
    finally:
        os.close(end)


def ended_unheard(command: list[str], where: str, *, deaf: str = "stdout") -> tuple[int, bytes]:
    """Run a command whose output nobody takes, on stdout, stderr or both; its exit code and what was heard."""
    if where == "nowhere at all":
        closed = {"stdout": ">&-", "stderr": "2>&-", "both": ">&- 2>&-"}[deaf]
        command = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
        ended = subprocess.run(command, capture_output=True, env=surroundings(), check=False)
        return ended.returncode, ended.stdout + ended.stderr
    with an_end_that_takes_nothing(where) as end:
        out = subprocess.PIPE if deaf == "stderr" else end
        err = subprocess.PIPE if deaf == "stdout" else end
        ended = subprocess.run(command, stdout=out, stderr=err, env=surroundings(), check=False)
    return ended.returncode, (ended.stdout or b"") + (ended.stderr or b"")


BROKEN = ("a reader that has gone", "a full disk")
broken = pytest.mark.parametrize("where", BROKEN)
broken_or_closed = pytest.mark.parametrize("where", [*BROKEN, "nowhere at all"])


@broken_or_closed
@pytest.mark.parametrize("words", [("run",), ("run", "--verbose")])
def test_a_run_that_nobody_listens_to_writes_what_it_planned(shop: Shop, where: str, words: tuple[str, ...]) -> None:
    a_shop_with_much_to_do(shop)
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.shopify.place_order([("X-1", 1)])
    assert ended_unheard(korsync_of(shop, *words), where) == (1, b"")  # because of the order that is held
    assert shop.run_later("products").results[0].plan.changes == ()


@broken
@pytest.mark.parametrize(
    "words",
    [("--help",), ("--version",), ("run", "--help"), ("status",), ("run", "--output", "json"), ("run", "--dry-run")],
    ids=" ".join,
)
def test_what_is_done_is_done_although_nobody_reads_it(shop: Shop, where: str, words: tuple[str, ...]) -> None:
    shop.init()
    assert ended_unheard(korsync_of(shop, *words), where) == (0, b"")


def test_a_demo_that_nobody_reads_is_no_bug(shop: Shop) -> None:
    assert ended_unheard(korsync_of(shop, "demo"), "a full disk") == (0, b"")


@broken_or_closed
def test_held_items_are_told_by_the_exit_code_also_where_nobody_reads_them(shop: Shop, where: str) -> None:
    an_order_that_cannot_be_booked(shop)
    assert shop.run().exit_code == 1
    assert ended_unheard(korsync_of(shop, "status"), where, deaf="both") == (1, b"")


@broken
@pytest.mark.parametrize("deaf", ["stdout", "stderr", "both"])
def test_a_safety_stop_is_told_by_the_exit_code_whatever_nobody_reads(shop: Shop, where: str, deaf: str) -> None:
    a_shop_with_much_to_do(shop)
    shop.configure()
    code, _ = ended_unheard(korsync_of(shop, "products", "--dry-run"), where, deaf=deaf)
    assert code == 3


@broken
@pytest.mark.parametrize("words", [("run", "--nonsense"), ("run",)], ids=["usage", "configuration"])
def test_a_mistake_that_nobody_is_told_of_ends_with_2_all_the_same(
    shop: Shop, where: str, words: tuple[str, ...]
) -> None:
    shop.config_path = Path("nowhere.yaml")
    code, _ = ended_unheard(korsync_of(shop, *words), where, deaf="stderr")
    assert code == 2


def test_a_reader_of_the_first_line_only_changes_nothing(shop: Shop) -> None:
    a_shop_with_much_to_do(shop)
    shop.configure()
    command = [*korsync_of(shop, "products", "--dry-run")]
    piped = ["bash", "-c", '"$@" | head -n 1; exit "${PIPESTATUS[0]}"', "bash", *command]
    ended = subprocess.run(piped, capture_output=True, env=surroundings(), check=False)
    assert (ended.returncode, ended.stdout) == (3, b"products: 30 changes\n")
    assert b"Broken" not in ended.stderr


@pytest.mark.parametrize("error", [BrokenPipeError, OSError])
def test_trouble_of_the_same_kind_that_has_nothing_to_do_with_printing_is_a_bug(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def broken(*_: object) -> None:
        raise error

    shop.init()
    monkeypatch.setattr("korsync.commands.sync.load_cache", broken)
    assert korsync("run").code == 70


def test_a_terminal_that_does_not_know_a_character_gets_it_spelt_out(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.shopify.set_price("1001", "8.00")
    shop.later()
    latin = surroundings(PYTHONIOENCODING="latin-1")
    ended = subprocess.run(korsync_of(shop, "products", "--dry-run"), capture_output=True, env=latin, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"8.00 \\u2192 8.90" in ended.stdout


def test_a_sandbox_without_anybody_who_types_stays_open_until_it_is_told_to_end(tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", "korsync", "sandbox"]
    here = surroundings(TMPDIR=str(tmp_path))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=here)
    assert process.stdout
    assert b"A sample shop runs on this machine" in process.stdout.readline()
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    assert process.communicate()[1] == b""
    assert process.returncode == 143


def test_the_sandbox_is_used_at_a_terminal_as_its_own_text_says_and_leaves_nothing_behind() -> None:
    with at_a_terminal([sys.executable, "-m", "korsync", "sandbox"], "xterm") as (process, terminal):
        shown = shown_until(terminal, b"this list").decode()
        asked = [re.split(r"  +\(", line.strip())[0] for line in shown.splitlines() if line.startswith("  ")]
        exports = [line for line in asked if line.startswith("export ")]
        commands = [line for line in asked if line.startswith("korsync ")]
        assert commands == ["korsync init", "korsync run --dry-run", "korsync run"]
        typed = ["korsync init --yes", *commands[1:]]
        done = subprocess.run(["sh", "-ec", "\n".join([*exports, *typed])], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        os.write(terminal, b"price 1032 5,55\n")
        assert b"1032 costs 5.55 in KORONA" in shown_until(terminal, b"in KORONA")
        subprocess.run(["sh", "-ec", "\n".join([*exports, "korsync products"])], capture_output=True, check=True)
        os.write(terminal, b"show 1032\n")
        told = shown_until(terminal, b"; Shopify: ") + shown_until(terminal, b"5.55", 2)
        assert re.search(rb"1032  KORONA: \d+ pieces, 5\.55; Shopify: \d+ pieces, 5\.55", told)
        folder = Path(next(line for line in exports if "KORSYNC_CONFIG" in line).partition("=")[2]).parent
        assert folder.exists()
        os.write(terminal, b"\x04")
        assert process.wait(20) == 0
    assert not folder.exists()


@pytest.mark.parametrize("command", ["init", "run"])
def test_while_it_reads_it_counts_what_has_arrived(shop: Shop, command: str) -> None:
    for number in range(1000, 1030):
        shop.stocked(str(number))
    if command == "run":
        shop.init()
        shop.settings.cache_path.unlink()
    shop.world.shopify_server.faults.append(Fault("delay", path="inventory_levels", seconds=2, times=1))
    with at_a_terminal(korsync_of(shop, command), "xterm-256color") as (_, terminal):
        shown = shown_until(terminal, b"levels").decode()
    assert re.search(r"reading both sides … (KORONA|Shopify): [0-9,]+ [a-z ]+", shown)


@pytest.mark.parametrize("width", [80, 140])
def test_what_doctor_says_ends_where_the_terminal_does(shop: Shop, width: int) -> None:
    shop.stocked("1001")
    shop.shopify.scopes.discard("read_all_orders")
    shop.init()
    command = ["env", f"COLUMNS={width}", *korsync_of(shop, "doctor")]
    with at_a_terminal(command, "xterm-256color") as (_, terminal):
        shown = shown_until(terminal, b" failed\r\n").decode()
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).splitlines()
    # A path is not cut.
    assert max(len(line) for line in lines if " " in line.strip()) < width
    said = " ".join(" ".join(lines).split())
    assert "warning scope read_all_orders: the app lacks read_all_orders: Shopify shows no order" in said
    assert "what to do: grant it to the app" in said
