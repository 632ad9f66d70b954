"""The cache file: read if it fits, otherwise empty; never older than what was written to the shop."""

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from korsync.errors import StateError
from korsync.memory.cache import load_cache, save_cache
from korsync.records.catalogue import (
    Article,
    ArticlePrice,
    InventoryLevel,
    PriceGroup,
    ShopProduct,
    StockLevel,
    Variant,
)
from korsync.records.memory import Cache, ProductTargets, Targets
from korsync.records.seen import Catalogue, Doubt, Levels, Look, ReceiptMark, ShopProducts, WarehouseStock

NOON = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
ARTICLE = Article("a-1", "4711", "Käse", 17, True, False, None, (ArticlePrice("g", Decimal("2.50"), NOON),))
VARIANT = Variant(9, 8, "4711", Decimal("2.50"), None, 10, True)
CACHE = Cache(
    catalogue=Catalogue(articles={"a-1": ARTICLE}, product_revision=17, full_at=NOON),
    shop_products=ShopProducts({8: ShopProduct(8, "Käse", "active", NOON, (VARIANT,))}, NOON),
    stocks={"w-1": WarehouseStock({"a-1": StockLevel("a-1", "w-1", Decimal("2.5"), 4)}, 4)},
    levels=Levels({10: InventoryLevel(10, 60, None, NOON)}),
    looks={10: Look(-2, NOON)},
    doubts={10: Doubt(NOON, 2, Look(0, NOON))},
)


def test_a_cache_comes_back_as_it_was(tmp_path: Path) -> None:
    assert save_cache(tmp_path / "cache.json", CACHE, "f1") is None
    assert load_cache(tmp_path / "cache.json", "f1") == (CACHE, None)


def test_a_missing_cache_is_empty_without_a_word(tmp_path: Path) -> None:
    assert load_cache(tmp_path / "cache.json", "f1") == (Cache(), None)


def test_the_cache_of_another_configuration_is_empty(tmp_path: Path) -> None:
    save_cache(tmp_path / "cache.json", CACHE, "f1")
    cache, reason = load_cache(tmp_path / "cache.json", "f2")
    assert cache == Cache()
    assert reason == "the configuration has changed since the cache was made"


@pytest.mark.parametrize(("name", "value"), [("SCHEMA", 4), ("SHAPE", "of other records")])
def test_the_cache_of_another_version_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    path = tmp_path / "cache.json"
    save_cache(path, CACHE, "f1")
    monkeypatch.setattr(f"korsync.memory.cache.{name}", value)
    cache, reason = load_cache(path, "f1")
    assert cache == Cache()
    assert reason is not None
    assert "another version" in reason


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b'{"schema":1,"fingerprint":"f1","looks":{"10":5}}'])
def test_a_broken_cache_is_empty_and_the_reason_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "cache.json"
    path.write_bytes(data)
    cache, reason = load_cache(path, "f1")
    assert cache == Cache()
    assert reason is not None
    assert str(path) in reason


@pytest.mark.parametrize("year", [1, 9999])
def test_a_cache_with_a_time_that_nothing_can_be_computed_with_is_empty(tmp_path: Path, year: int) -> None:
    absurd = NOON.replace(year=year)
    for cache in (
        replace(CACHE, catalogue=replace(CACHE.catalogue, full_at=absurd)),
        replace(CACHE, shop_products=replace(CACHE.shop_products, cursor=absurd)),
        replace(CACHE, shop_products=replace(CACHE.shop_products, full_at=absurd)),
        replace(CACHE, stocks={"w-1": WarehouseStock(full_at=absurd)}),
        replace(CACHE, levels=Levels(read_at=absurd)),
        replace(CACHE, levels=Levels(full_at=absurd)),
        replace(CACHE, doubts={10: Doubt(absurd)}),
        replace(CACHE, doubts={10: Doubt(NOON, 2, Look(0, absurd))}),
        replace(CACHE, targets=Targets(found_at=absurd)),
        replace(CACHE, receipt_marks=(ReceiptMark(1, absurd),)),
        replace(CACHE, last_run=absurd),
    ):
        save_cache(tmp_path / "cache.json", cache, "f1")
        found, reason = load_cache(tmp_path / "cache.json", "f1")
        assert found == Cache()
        assert reason is not None
        assert "must be a time from 1970 to 2999" in reason


def test_a_cache_that_takes_nothing_for_the_smallest_amount_is_empty(tmp_path: Path) -> None:
    products = ProductTargets(PriceGroup("g", "1", "Shopify", net_prices=False, currency_id=None), Decimal(0))
    save_cache(tmp_path / "cache.json", replace(CACHE, targets=Targets(products=products)), "f1")
    found, reason = load_cache(tmp_path / "cache.json", "f1")
    assert found == Cache()
    assert reason is not None
    assert "$.targets.products.unit: must be above 0" in reason


def test_a_cache_that_cannot_be_opened_is_empty(tmp_path: Path) -> None:
    (tmp_path / "cache.json").mkdir()
    cache, reason = load_cache(tmp_path / "cache.json", "f1")
    assert cache == Cache()
    assert reason is not None
    assert "not a file" in reason


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_mangled_cache_ever_stops_a_run(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "cache.json"
    save_cache(path, CACHE, "f1")
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 20)))
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=4)) + whole[end:])
    cache, reason = load_cache(path, "f1")
    assert reason is None or cache == Cache()


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_cache_that_cannot_be_replaced_is_removed_so_that_no_old_look_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cache.json"
    save_cache(path, CACHE, "f1")
    monkeypatch.setattr(os, "fsync", full)
    reason = save_cache(path, Cache(), "f1")
    assert reason is not None
    assert "No space left" in reason
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_can_neither_be_replaced_nor_removed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cache.json").mkdir()
    with pytest.raises(StateError, match="cannot be written") as caught:
        save_cache(tmp_path / "cache.json", CACHE, "f1")
    assert "by hand" in caught.value.remedy
