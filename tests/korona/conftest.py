"""The account that the tests of the KORONA client share."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from korsync.korona import lists
from tests.support.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    opened = Desk()
    yield opened
    opened.server.stop()


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_PAGE", 3)


@pytest.fixture
def till(desk: Desk) -> Desk:
    desk.side.add_article("1042", "Tee", Decimal("8.90"), stock=10)
    return desk
