"""Files that survive a crash: read whole, written whole or not at all, one korsync at a time."""

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from korsync.errors import LockedError, StateError

HOLDER = re.compile(r"([0-9]{1,10}) ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00)\n", re.ASCII)
LONG_MINUTES = 60
TRIED_AGAIN_AFTER = 1.0
"""So many seconds lie between two tries for a lock that is waited for."""

UNABLE = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS, errno.EISDIR})
"""What a file system says that cannot fsync a folder, as on many network shares; a disk in trouble says EIO."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, and its permission bits."""

    data: bytes
    mode: int


def read_whole(path: Path, limit: int | None = None, follow: bool = False) -> Content:
    """Return a regular file's content, at most one byte more than `limit` so that too much can be told from enough.

    Raises OSError, also for a symbolic link unless `follow`. A pipe or a device is refused and never waited for.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError("not a file")
    with os.fdopen(descriptor, "rb") as file:
        return Content(file.read() if limit is None else file.read(limit + 1), stat.S_IMODE(mode))


def write_whole(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Replace a file so that after a crash or power cut at any moment the old or the new content is there, whole.

    Readable by its owner only. Raises OSError, also where a symbolic link stands at `path`; the old content is then
    still there, unless only the last step failed: then it may be either. Two writers at once are kept apart by
    `hold_lock`.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, "a symbolic link stands in its place")
    # One fixed name, cleared first: what a killed run left behind is replaced by the next and never piles up.
    temporary = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename last: without this a power cut may bring the old name back.

    A file system that cannot do that keeps its names in its own way.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNABLE:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def hold_lock(state_path: Path, wait: float = 0) -> Iterator[None]:
    """Keep every other korsync with the same state file out until the block ends or the process dies, however it dies.

    Raises LockedError where another run still holds it after `wait` seconds, StateError where the lock file cannot be
    used.
    """
    latest = time.monotonic() + wait
    path = state_path.with_name(f"{state_path.name}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        while not _take(descriptor, path):
            left = latest - time.monotonic()
            if left <= 0:
                raise _held(os.pread(descriptor, 100, 0))
            time.sleep(min(left, TRIED_AGAIN_AFTER))
        yield
    finally:
        # Closing lets go of the lock. The file stays: a run that waits at an unlinked one would let a third run in.
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> bool:
    """Lock an open lock file and leave a note of who holds it; tell whether that was possible."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {datetime.now(UTC).isoformat(timespec='seconds')}\n".encode("ascii"))
    except BlockingIOError:
        return False
    except OSError as error:
        raise _unusable(path, error) from error
    return True


def holder_of(state_path: Path) -> LockedError | None:
    """Return what is known of the run that holds the lock, None where none does; the lock is not waited for."""
    path = state_path.with_name(f"{state_path.name}.lock")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        note = os.pread(descriptor, 100, 0)
        if not _is_alive(note):
            # Not tried for nothing: a run that begins in this very moment would find the lock taken.
            return None
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _held(note)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def _is_alive(note: bytes) -> bool:
    holder = HOLDER.fullmatch(note.decode("ascii", "replace"))
    try:
        os.kill(int(holder[1]) if holder else 0, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return holder is not None


def _unusable(path: Path, error: OSError) -> StateError:
    remedy = "see to it that korsync may write in this folder and that the disk is not full"
    if not stat.S_ISREG(mode := _mode_of(path)):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "no file"
        remedy = f"remove it: it is {kind}, and korsync makes a file of its own there"
    elif error.errno == errno.ENOENT:
        remedy = f"make the folder {path.parent}, or correct state_file"
    elif error.errno in (errno.ENOLCK, *UNABLE):
        remedy = "let state_file name a place on a file system that knows locks: this one would let two runs in"
    return StateError(f"the lock file {path} cannot be used: {error.strerror or error}", remedy)


def _mode_of(path: Path) -> int:
    """Return the mode of what stands at a path; that of a file where it cannot be told."""
    try:
        return path.lstat().st_mode
    except OSError:
        return stat.S_IFREG


def _held(note: bytes) -> LockedError:
    """Say who holds the lock, as far as its note can be read; times are this machine's own, for the message only."""
    holder = HOLDER.fullmatch(note.decode("ascii", "replace"))
    try:
        since = datetime.fromisoformat(holder[2]) if holder else None
    except ValueError:
        since = None
    if holder is None or since is None:
        return LockedError("another korsync run holds the lock", "wait until it is done")
    what = f"another korsync run holds the lock: process {holder[1]}, since {since:%Y-%m-%d %H:%M:%S} UTC"
    minutes = int((datetime.now(UTC) - since).total_seconds() // 60)
    if minutes < LONG_MINUTES:
        return LockedError(what, "wait until it is done", since)
    remedy = f"see what process {holder[1]} does and end it if it hangs"
    return LockedError(f"{what}, that is for {minutes} minutes", remedy, since)
