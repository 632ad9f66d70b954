"""What a run writes to the disk: the state once between two parts of a push, the cache where it says something new."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from korsync.commands import sync as sync_command
from korsync.pipelines import products
from korsync.sandbox.sample import picture
from tests.support.shop import Shop


@contextmanager
def saves() -> Iterator[list[str]]:
    """Note what is saved inside the block."""
    seen: list[str] = []

    def noting(name: str) -> Any:
        real = getattr(sync_command, name)

        def save(*values: Any) -> Any:
            seen.append(name)
            return real(*values)

        return save

    names = ("save_state", "save_cache")
    with patch.multiple(sync_command, **{name: noting(name) for name in names}):
        yield seen


def test_a_run_that_finds_nothing_new_leaves_the_cache_alone(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    for _ in range(3):
        shop.run_later()
    with saves() as seen:
        shop.run_later()
    assert "save_cache" not in seen


def test_levels_are_saved_before_they_are_written_and_once_at_the_end(shop: Shop) -> None:
    for number in ("1001", "1002", "1003"):
        shop.stocked(number)
    shop.init()
    shop.run_later()
    for number in ("1001", "1002", "1003"):
        shop.korona.sell_at_till(number, 1)
    with saves() as seen:
        shop.run_later("stock")
    assert seen.count("save_cache") == 2


@pytest.mark.parametrize("images", [4, 8])
def test_images_are_saved_in_parts_and_not_one_by_one(shop: Shop, images: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "IMAGES_TOGETHER", 4)
    for number in range(1001, 1001 + images):
        shop.stocked(str(number), image=picture(number))
    shop.init()
    shop.run_later("stock")
    with saves() as seen:
        shop.run_later("products")
    assert seen.count("save_state") <= images // 4 + 3
    assert seen.count("save_cache") == 1


def test_what_was_read_a_day_ago_is_saved_again(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run_later()
    with saves() as seen:
        shop.run_later(minutes=25 * 60)
    assert seen.count("save_cache") == 1
