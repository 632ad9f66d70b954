"""Files written whole or not at all, and the lock."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from korsync.errors import LockedError, StateError
from korsync.memory.files import hold_lock, holder_of, read_whole, write_whole

# Each child counts the system calls that writing a file makes and dies at the chosen one, as kill -9 would make it.
DIES_AT = """
import os, signal, sys
from pathlib import Path
from korsync.memory.files import write_whole

step, seen = int(sys.argv[2]), 0

def reach():
    global seen
    seen += 1
    if seen == step:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(name):
    call = getattr(os, name)
    def wrapper(*arguments, **named):
        reach()
        try:
            return call(*arguments, **named)
        finally:
            reach()
    return wrapper

for name in ("open", "unlink", "fsync", "replace", "fdopen"):
    setattr(os, name, counted(name))
write_whole(Path(sys.argv[1]), b"new" * 100_000)
print("done")
"""

HOLDS = """
import sys, time
from pathlib import Path
from korsync.memory.files import hold_lock

with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""

TRIES = """
import sys, time
from pathlib import Path
from korsync.errors import LockedError
from korsync.memory.files import hold_lock

try:
    with hold_lock(Path(sys.argv[1])):
        print("in", flush=True)
        sys.stdin.read()
except LockedError:
    print("out", flush=True)
"""


def child(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_file_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert read_whole(path).data == b"two"
    assert names(tmp_path) == ["state.json"]


def test_a_written_file_is_for_its_owner_only_whatever_stood_there_before(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    path.chmod(0o666)
    write_whole(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_whole(path).mode == 0o600


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    calls: list[tuple[str, str, bytes]] = []
    fsync, replace = os.fsync, os.replace

    def spied_fsync(descriptor: int) -> None:
        fsync(descriptor)
        place = os.readlink(f"/proc/self/fd/{descriptor}")
        held = b"" if os.path.isdir(place) else Path(place).read_bytes()
        calls.append(("fsync", place, held))

    def spied_replace(source: Path, target: Path) -> None:
        calls.append(("replace", f"{source} {target}", Path(target).read_bytes()))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(os, "replace", spied_replace)
    write_whole(path, b"new")
    temporary = tmp_path / ".state.json.new"
    assert calls == [
        ("fsync", str(temporary), b"new"),
        ("replace", f"{temporary} {path}", b"old"),
        ("fsync", str(tmp_path), b""),
    ]


def test_killed_at_any_step_the_old_or_the_new_content_is_there_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    found: list[bytes] = []
    for step in range(1, 50):
        path.write_bytes(b"old")
        with child(DIES_AT, path, step) as process:
            assert process.stdout is not None
            done = process.stdout.read() == "done\n"
        found.append(path.read_bytes()[:3])
        assert path.read_bytes() in (b"old", b"new" * 100_000)
        if done:
            break
        assert process.returncode == -signal.SIGKILL
    assert done
    assert len(found) > 12
    assert sorted(found, reverse=True) == found, "once it was the new content, no later death brings the old one back"
    assert {b"old", b"new"} == set(found)


def test_what_a_killed_run_left_behind_does_not_disturb_the_next(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    left = tmp_path / ".state.json.new"
    left.write_bytes(b"half of someth")
    left.chmod(0o444)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["state.json"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_content_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["state.json"]


def unable_to_fsync(folders: bool, number: int) -> Callable[[int], None]:
    """An fsync that fails, for folders only or for files only."""
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) is folders:
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    return failing


NEVER_ABLE = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS)


@pytest.mark.parametrize("number", NEVER_ABLE)
def test_a_file_system_that_cannot_fsync_a_folder_keeps_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "state.json"
    monkeypatch.setattr(os, "fsync", unable_to_fsync(True, number))
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_folder_that_a_failing_disk_cannot_fsync_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", unable_to_fsync(True, errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        write_whole(tmp_path / "state.json", b"new")


@pytest.mark.parametrize("number", NEVER_ABLE)
def test_a_file_that_cannot_be_fsynced_is_an_error_and_the_old_content_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", unable_to_fsync(False, number))
    with pytest.raises(OSError, match=r"."):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["state.json"]


def test_a_symbolic_link_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.write_bytes(b"old")
    path = tmp_path / "state.json"
    path.symlink_to(real)
    with pytest.raises(OSError, match=r"."):
        read_whole(path)
    with pytest.raises(OSError, match="symbolic link"):
        write_whole(path, b"new")
    assert path.is_symlink()
    assert real.read_bytes() == b"old"
    assert read_whole(path, follow=True).data == b"old"


def test_a_pipe_or_a_folder_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="not a file"):
            read_whole(path)


def test_too_much_can_be_told_from_enough(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert len(read_whole(path, limit=5).data) == 5
    assert len(read_whole(path, limit=3).data) == 4


def test_a_second_run_is_kept_out_and_told_who_is_in(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    before = datetime.now(UTC).replace(microsecond=0)
    with hold_lock(path):
        start = time.monotonic()
        with pytest.raises(LockedError) as caught, hold_lock(path):
            pytest.fail("two runs at once")
        assert time.monotonic() - start < 1
        assert f"process {os.getpid()}, since " in caught.value.what
        told = datetime.fromisoformat(caught.value.what.rpartition("since ")[2].removesuffix(" UTC") + "+00:00")
        assert before <= told <= datetime.now(UTC)
        assert caught.value.exit_code == 7


def test_the_lock_is_free_after_the_block_also_after_an_error_and_its_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with pytest.raises(RuntimeError, match="inside"), hold_lock(path):
        raise RuntimeError("inside")
    first = (tmp_path / "state.json.lock").stat().st_ino
    with hold_lock(path):
        assert (tmp_path / "state.json.lock").stat().st_ino == first
    assert names(tmp_path) == ["state.json.lock"]
    assert stat.S_IMODE((tmp_path / "state.json.lock").stat().st_mode) == 0o600


def test_two_state_files_do_not_share_a_lock(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "a.json"), hold_lock(tmp_path / "b.json"):
        assert names(tmp_path) == ["a.json.lock", "b.json.lock"]


def test_kill_9_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with child(HOLDS, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"process {holder.pid}, since "), hold_lock(path):
            pytest.fail("two runs at once")
        holder.kill()
        holder.wait()
    with hold_lock(path):
        assert f"{os.getpid()} " in (tmp_path / "state.json.lock").read_text()


def test_who_waits_for_the_lock_gets_in_as_soon_as_it_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    naps: list[float] = []
    with child(TRIES, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                holder.communicate()

        monkeypatch.setattr("korsync.memory.files.time.sleep", sleep)
        with hold_lock(path, wait=600):
            assert f"{os.getpid()} " in (tmp_path / "state.json.lock").read_text()
    assert len(naps) == 3


def test_who_waits_in_vain_is_told_who_is_in_when_the_time_is_over(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "state.json"):
        start = time.monotonic()
        with (
            pytest.raises(LockedError, match=f"process {os.getpid()}, since "),
            hold_lock(tmp_path / "state.json", wait=1.2),
        ):
            pytest.fail("two runs at once")
        assert 1.2 <= time.monotonic() - start < 5


def test_of_many_runs_at_once_exactly_one_gets_in(tmp_path: Path) -> None:
    runs = [child(TRIES, tmp_path / "state.json") for _ in range(12)]
    answers = [run.stdout.readline() for run in runs if run.stdout is not None]
    for run in runs:
        run.communicate()
    assert sorted(answers) == ["in\n"] + ["out\n"] * 11


def held_with_note(path: Path, note: bytes) -> LockedError:
    """What a second run is told while the lock file says something."""
    with hold_lock(path):
        path.with_name("state.json.lock").write_bytes(note)
        with pytest.raises(LockedError) as caught, hold_lock(path):
            pytest.fail("two runs at once")
    return caught.value


@pytest.mark.parametrize(
    "note",
    [b"", b"rubbish", b"12 2026-13-45T99:00:00+00:00\n", b"\xff\x1b[31m 2026-11-23T10:00:00+00:00\n", b"7" * 200],
)
def test_a_note_that_cannot_be_read_is_not_repeated(tmp_path: Path, note: bytes) -> None:
    assert held_with_note(tmp_path / "state.json", note).what == "another korsync run holds the lock"


def test_nothing_of_an_older_and_longer_note_is_left(tmp_path: Path) -> None:
    (tmp_path / "state.json.lock").write_bytes(b"x" * 100)
    with hold_lock(tmp_path / "state.json"):
        note = (tmp_path / "state.json.lock").read_text()
    assert note.startswith(f"{os.getpid()} ")
    assert note.endswith("+00:00\n")


def test_a_run_that_has_gone_on_for_more_than_an_hour_is_named_loudly(tmp_path: Path) -> None:
    since = datetime.now(UTC) - timedelta(minutes=95, seconds=5)
    error = held_with_note(tmp_path / "state.json", f"4711 {since.isoformat(timespec='seconds')}\n".encode())
    assert "that is for 95 minutes" in error.what
    assert "end it if it hangs" in error.remedy


def test_a_lock_file_that_cannot_be_used_is_an_error_of_the_state(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="No such file") as caught, hold_lock(tmp_path / "nowhere" / "state.json"):
        pytest.fail("no lock, no run")
    assert caught.value.remedy == f"make the folder {tmp_path / 'nowhere'}, or correct state_file"
    (tmp_path / "state.json.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="cannot be used") as caught, hold_lock(tmp_path / "state.json"):
        pytest.fail("no lock, no run")
    assert "it is a symbolic link" in caught.value.remedy
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_in_place_of_the_lock_is_to_be_removed(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "state.json.lock")
    with pytest.raises(StateError, match="cannot be used") as caught, hold_lock(tmp_path / "state.json"):
        pytest.fail("no lock, no run")
    assert caught.value.remedy == "remove it: it is no file, and korsync makes a file of its own there"
    assert holder_of(tmp_path / "state.json") is None


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlockable(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unlockable)
    with pytest.raises(StateError, match="No locks available") as caught, hold_lock(tmp_path / "state.json"):
        pytest.fail("no lock, no run")
    assert "a file system that knows locks" in caught.value.remedy
