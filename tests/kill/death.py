"""Sudden death inside the test process: korsync ends at a chosen step, and nothing of its memory survives."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, unquote, urlsplit

import requests

from korsync.memory import files
from korsync.sandbox.exchange import Request
from tests.support.in_process import Adapter


class Killed(BaseException):
    """The process is dead: whatever it still tries reaches neither a server nor the disk."""


class When(StrEnum):
    """At which instant of a step the process dies.

    Right after an answer, or a step to the disk, is the same instant as before the next step: nothing lies between.
    """

    BEFORE = "before it"
    APPLIED = "applied, without an answer"
    LATE = "on its way, arriving later"


@dataclass(frozen=True, slots=True)
class Step:
    """What a process does to the world outside: a request or a step to the disk."""

    what: str
    is_request: bool = False
    is_booking: bool = False

    @property
    def leaves_no_trace(self) -> bool:
        """Whether the step changes nothing that outlives the process; a power cut cannot be had here."""
        return self.what.startswith(("GET ", "fsync "))


@dataclass
class Death:
    """Counts the steps of a process and ends it at step `at` (counted from 0; None: never)."""

    at: int | None = None
    when: When = When.BEFORE
    steps: list[Step] = field(default_factory=list)
    dead: bool = False
    on_its_way: Request | None = None
    _taking: threading.Lock = field(default_factory=threading.Lock)

    def take(self, step: Step) -> When | None:
        """Note a step about to be taken; return how it ends where it is the last one, and die before it."""
        with self._taking:
            if self.dead:
                raise Killed
            self.steps.append(step)
            if len(self.steps) - 1 != self.at:
                return None
            if self.when is When.BEFORE:
                self.die()
            return self.when

    def die(self) -> None:
        self.dead = True
        raise Killed

    @contextmanager
    def watching(self) -> Iterator["Death"]:
        """Stand between korsync and the world: the way to its servers, and the disk as files.py uses it."""
        really_send = Adapter.send

        def send(adapter: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            path = urlsplit(request.url or "").path
            is_booking = request.method == "POST" and path.endswith("/receipts")
            ending = self.take(Step(f"{request.method} {path}", is_request=True, is_booking=is_booking))
            if ending is When.LATE:
                self.on_its_way = received(request)
                self.die()
            response = really_send(adapter, request, **options)
            if ending is When.APPLIED:
                response.close()
                self.die()
            return response

        with patch.object(Adapter, "send", send), patch.object(files, "os", _Disk(self)):
            yield self


class _Disk:
    """The os module for files.py: a dead process can do nothing but let go of what it holds."""

    def __init__(self, death: Death) -> None:
        self._death = death
        self._opened: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if not callable(real) or name == "close":
            return real
        return lambda *arguments, **options: self._do(name, real, *arguments, **options)

    def _do(self, name: str, real: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if self._death.dead:
            raise Killed
        if name == "fsync":
            self._death.take(Step(f"fsync {self._opened[arguments[0]]}"))
            # A power cut, which alone would show that it is missing, cannot be had here: the waiting is spared.
            return None
        if name == "replace":
            self._death.take(Step(f"rename to {Path(arguments[1]).name}"))
        done = real(*arguments, **options)
        if name == "open":
            self._opened[done] = "the folder" if Path(arguments[0]).is_dir() else Path(arguments[0]).name
        return done


def received(request: requests.PreparedRequest) -> Request:
    """Return a request as the server would have seen it."""
    url = urlsplit(request.url or "")
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    query = parse_qs(url.query, keep_blank_values=True)
    return Request(request.method or "", unquote(url.path), query, headers, body)
