"""Which article is which variant: exact, and never on a guess."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from korsync.records.catalogue import Article, ShopProduct, Variant
from korsync.rules.matching import READABLE_VARIANTS, Matching, match


def article(number: str | None, *, active: bool = True, deactivated: bool = False, id: str = "") -> Article:
    name = f"Article {number}"
    return Article(id or f"id of {number}", number, name, 1, active, deactivated, track_inventory=True)


def product(product_id: int, *skus: str) -> ShopProduct:
    variants = tuple(
        Variant(product_id * 1000 + place, product_id, sku, Decimal(1), None, product_id * 1000 + place, tracked=True)
        for place, sku in enumerate(skus)
    )
    return ShopProduct(product_id, f"Product {product_id}", "active", datetime(2026, 1, 1, tzinfo=UTC), variants)


def matched(articles: list[Article], products: list[ShopProduct]) -> Matching:
    return match({each.id: each for each in articles}, {each.id: each for each in products})


def reasons(matching: Matching) -> dict[str, str]:
    """Return the reason of each skip, and see that every item is named once."""
    named = {skip.key: skip.reason for skip in matching.skips}
    assert len(named) == len(matching.skips)
    return named


@pytest.mark.parametrize(("number", "sku"), [("1001", "1001"), (" 1001", "1001\t"), ("AB-12", "AB-12"), ("Ä1", "Ä1")])
def test_number_and_sku_match_after_blanks_at_the_ends_are_stripped(number: str, sku: str) -> None:
    found = matched([article(number)], [product(1, sku)])
    assert [(each.article.number, each.variant.sku, each.sku) for each in found.matches] == [(number, sku, sku.strip())]
    assert found.skips == ()


@pytest.mark.parametrize(
    ("number", "sku"),
    [("AB-12", "ab-12"), ("AB 12", "AB12"), ("0815", "815"), ("\uff11\uff10\uff10\uff11", "1001"), ("A\u00a0B", "A B")],
)
def test_a_near_match_is_a_hint_and_never_used(number: str, sku: str) -> None:
    found = matched([article(number)], [product(1, sku)])
    assert found.matches == ()
    assert reasons(found)[sku.strip()].endswith(f"; KORONA has the similar {number!r}")


def test_a_number_that_has_its_own_variant_is_no_hint_for_another() -> None:
    found = matched([article("0815")], [product(1, "0815"), product(2, "815")])
    assert [each.sku for each in found.matches] == ["0815"]
    assert reasons(found) == {"815": "no article in KORONA has this number"}


@pytest.mark.parametrize("products", [[product(1, "1001", " 1001")], [product(1, "1001"), product(2, "1001")]])
def test_a_sku_that_stands_twice_is_matched_nowhere_and_named_once(products: list[ShopProduct]) -> None:
    for articles in ([article("1001")], []):
        found = matched(articles, products)
        assert found.matches == ()
        assert reasons(found) == {"1001": "the SKU stands on 2 variants in Shopify"}


def test_a_number_that_stands_twice_is_matched_nowhere_and_named() -> None:
    found = matched([article("1001"), article("1001 ", id="another")], [product(1, "1001")])
    assert found.matches == ()
    assert reasons(found) == {"1001": "the number stands on 2 articles in KORONA"}


def test_empty_skus_and_missing_numbers_match_nothing_and_need_no_word() -> None:
    found = matched([article(None), article("")], [product(1, "", "  ")])
    assert found == Matching((), ())


def test_a_deleted_or_switched_off_article_is_listed_and_not_matched() -> None:
    articles = [article("1001", active=False), article("1002", deactivated=True)]
    found = matched(articles, [product(1, "1001"), product(2, "1002")])
    assert found.matches == ()
    assert reasons(found) == {
        "1001": "its article is deleted in KORONA",
        "1002": "its article is switched off in KORONA",
    }


def test_a_number_given_anew_after_a_deletion_belongs_to_the_living_article() -> None:
    found = matched([article("1001", active=False, id="old"), article("1001")], [product(1, "1001")])
    assert [each.article.id for each in found.matches] == ["id of 1001"]
    assert found.skips == ()


def test_products_that_cannot_be_read_completely_are_skipped_and_named() -> None:
    skus = [str(number) for number in range(1001, 1001 + READABLE_VARIANTS)]
    found = matched([article("1005"), article("2001")], [product(1, *skus), product(2, "2001", *map(str, range(99)))])
    assert found.matches == ()
    assert "“Product 1” has more than 100 variants" in reasons(found)["1005"]
    assert "“Product 2” has more than 100 variants" in reasons(found)["2001"]
    counted = matched([article("1005")], [replace(product(1, *skus), variant_count=100)])
    assert [each.sku for each in counted.matches] == ["1005"]
    more = matched([article("1005")], [replace(product(1, *skus), variant_count=101)])
    assert "“Product 1” has more than 100 variants" in reasons(more)["1005"]
    almost = matched([article("1005")], [product(1, *skus[:-1])])
    assert [each.sku for each in almost.matches] == ["1005"]
