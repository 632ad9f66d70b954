"""Which of a run's writes can be put back, and why the others are left."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from korsync.records.journal import WriteEntry
from korsync.records.plan import Skip
from korsync.rules.undoing import ToPutBack, undoing
from tests.support.values import product

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def decided(products: dict[int, Any] | None = None, kept: dict[int, str] | None = None, **changes: Any) -> Any:
    """Return what is decided of a write of article 1001's title, Tee in Shopify now."""
    values = {"pipeline": "products", "key": "1001", "field": "title", "before": "Alt", "after": "Tee"}
    values |= {"outcome": "done", **changes}
    shown = {1001: product(1001, "Tee", "8.90")} if products is None else products
    return list(undoing([WriteEntry("r", NOON, **values)], shown, kept or {}))


def reason(*args: Any, **kwargs: Any) -> str:
    (skip,) = decided(*args, **kwargs)
    assert isinstance(skip, Skip)
    return skip.reason


@pytest.mark.parametrize("outcome", ["done", "unsure"])
def test_what_still_stands_there_is_put_back(outcome: str) -> None:
    (each,) = decided(outcome=outcome)
    assert isinstance(each, ToPutBack)
    assert (each.sku, each.field, each.before, each.written) == ("1001", "title", "Alt", "Tee")


@pytest.mark.parametrize(("field", "after"), [("price", "8.90"), ("tracked", "yes")])
def test_prices_and_trackings_are_put_back(field: str, after: str) -> None:
    assert isinstance(decided(field=field, after=after, before="1")[0], ToPutBack)


def test_a_title_that_shopify_keeps_otherwise_is_still_ours() -> None:
    assert isinstance(decided(after="<b>Tee</b>", kept={1001: "Tee"})[0], ToPutBack)
    assert reason(after="<b>Tee</b>") == "its title was changed since: Shopify has Tee"
    assert isinstance(decided(after="Tee ")[0], ToPutBack)


def test_another_value_was_changed_since() -> None:
    assert reason(field="price", after="9.90") == "its price was changed since: Shopify has 8.90"


def test_what_stands_there_as_before_the_run_needs_no_undoing() -> None:
    assert reason(before="Tee", after="Neu") == "its title is Tee already, as before that run"
    assert reason(before=" Tee", after="Neu") == "its title is Tee already, as before that run"
    assert reason(field="price", before="8.90", after="9.90") == "its price is 8.90 already, as before that run"


@pytest.mark.parametrize("outcome", ["rejected", "conflict"])
def test_what_was_refused_was_never_there(outcome: str) -> None:
    assert reason(outcome=outcome) == "its title was not written"


def test_a_sku_that_stands_nowhere_or_twice_on_sale_is_left() -> None:
    assert reason({}) == "the SKU stands on 0 variants in Shopify"
    twice = {1001: product(1001, "Tee", "8.90"), 1: product(1001, "Tee", "8.90")}
    assert reason(twice) == "the SKU stands on 2 variants in Shopify"


def test_of_twins_the_one_on_sale_is_meant() -> None:
    archived = replace(product(1001, "Alt", "8.90"), id=1, status="archived")
    (each,) = decided({1: archived, 1001: product(1001, "Tee", "8.90")})
    assert isinstance(each, ToPutBack)
    assert each.product.id == 1001


def test_stock_images_and_receipts_are_left_with_what_to_do() -> None:
    assert reason(pipeline="stock", field="available") == "stock is never undone: it follows KORONA"
    assert reason(field="image", before=None) == "what was added (image) stays: take it out in Shopify by hand"
    receipt: dict[str, Any] = {
        "pipeline": "orders",
        "key": "#1042",
        "field": "receipt",
        "before": None,
        "after": "sale 1042",
    }
    assert reason(**receipt).startswith("sale 1042 stays: counter it in KORONA by hand")
    assert decided(**{**receipt, "field": "total"}) == []
