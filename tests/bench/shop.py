"""A sandbox in a process of its own, moved by functions that are sent to it, and programs that run against it."""

import multiprocessing
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from korsync.sandbox.world import World
from tests.bench import moves

Move = Callable[..., Any]

LONG_AGO = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Network:
    """Seconds until an answer, and Shopify's bucket: how much it holds, and leaks a second."""

    latency: float = 0.0
    bucket: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run of a program cost: seconds by the clock and of CPU, bytes at its peak and written, requests."""

    seconds: float
    cpu: float
    peak: int
    written: int
    korona: int
    shopify: int
    reads: int
    slowed: int
    exit_code: int

    def floor(self, network: Network) -> float:
        """Return the least seconds: what the bucket lets through, or one read after the other and two rounds of writes.

        Two, because lowerings are heard before the first raise.
        """
        size, leak = network.bucket or (moves.NEVER_ENDING, 1.0)
        writes = self.korona + self.shopify - self.reads
        return max((self.shopify - size) / leak, (self.reads + min(writes, 2)) * network.latency)


class Shop:
    """A sandbox that runs beside this process."""

    def __init__(self, folder: Path, articles: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, folder, articles), daemon=True)
        self._process.start()
        theirs.close()
        self._folder = folder
        self.config_path, self.shopify_url = self._pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the sandbox."""
        self._pipe.close()
        self._process.join(10)

    @property
    def state_path(self) -> Path:
        return self._folder / "state.json"

    def move(self, move: Move, *values: Any) -> Any:
        """Call a function with the world, where the world is."""
        self._pipe.send((move, values))
        return self._pipe.recv()

    def korsync(self, *words: str) -> Cost:
        """Run korsync as a process of its own."""
        return self.cost_of([sys.executable, "-m", "korsync", "--config", str(self.config_path), *words])

    def cost_of(self, command: list[str]) -> Cost:
        """Run a program and return what it cost."""
        self.move(moves.forget_requests)
        begun = time.monotonic()
        with (self._folder / "output.txt").open("w") as output:
            child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=as_installed())
            # Ended, but not buried: its books can still be read.
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            seconds = time.monotonic() - begun
            written = re.search(r"^wchar: (\d+)", Path(f"/proc/{child.pid}/io").read_text(), re.MULTILINE)
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return Cost(
            seconds=seconds,
            cpu=usage.ru_utime + usage.ru_stime,
            peak=usage.ru_maxrss * 1024,
            written=int(written[1]) if written else 0,
            exit_code=child.returncode,
            **self.move(moves.requests),
        )

    @property
    def output(self) -> str:
        """What the last program printed."""
        return (self._folder / "output.txt").read_text()


def as_installed() -> dict[str, str]:
    """Return this environment, in which a program's bytecode is kept, as it is where pip installed it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _serve(pipe: Connection, folder: Path, articles: int) -> None:
    world = World()
    world.shopify.bucket = None
    # Filled long ago: what changed a moment ago is read again in every run.
    world.clock.advance(-LONG_AGO)
    moves.fill(world, articles)
    world.clock.advance(LONG_AGO)
    with world:
        safety = {"settle_minutes": 0, "max_change_percent": 100, "max_minutes": 60, "max_receipts": 10_000}
        pipe.send((world.write_config(folder, safety=safety), world.shopify_server.base_url))
        while True:
            try:
                move, values = pipe.recv()
            except EOFError:
                return
            pipe.send(move(world, *values))
