"""Which price holds at an instant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import permutations

import pytest

from korsync.records.catalogue import Article, ArticlePrice, PriceGroup
from korsync.rules.prices import price_at, price_in

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GROUP = PriceGroup("g", "2", "Shopify", net_prices=False, currency_id="c")
CENT = Decimal("0.01")


def article(*prices: ArticlePrice) -> Article:
    return Article("a", "1001", "Tee", 1, active=True, deactivated=False, track_inventory=True, prices=prices)


def entry(value: str | None, days: float | None = 0, **kind: str) -> ArticlePrice:
    """An entry of the list, valid from so many days after now; None: always."""
    since = None if days is None else NOW + timedelta(days=days)
    return ArticlePrice("g", None if value is None else Decimal(value), since, **kind)


@pytest.mark.parametrize(
    ("entries", "price"),
    [
        ((), None),
        ((entry("5"),), "5"),
        ((entry("5", 1),), None),
        ((entry("5", None),), "5"),
        ((entry("5", None), entry("6", -1)), "6"),
        ((entry("5", -3), entry("6", -1), entry("7", 1)), "6"),
        ((entry("5", -3), entry(None, -1)), None),
        ((entry("5", -1), entry("6", -1)), None),
        ((entry("5", -1), entry("5.00", -1)), "5"),
        ((entry("5", -3), entry("6", None, product_code="4006381333931")), "5"),
        ((entry("6", None, product_code="4006381333931"),), None),
        ((entry("6", -1, product_code="4006381333931"), entry("5", -3)), "5"),
        ((entry("5", -3), entry("6", -1, organizational_unit_id="u")), "5"),
        ((entry("5", -3), ArticlePrice("other", Decimal(6), NOW)), "5"),
        ((entry("5", -3), ArticlePrice(None, Decimal(6), NOW)), "5"),
    ],
)
def test_the_latest_entry_that_has_begun_holds_in_whatever_order_they_stand(
    entries: tuple[ArticlePrice, ...], price: str | None
) -> None:
    for order in permutations(entries):
        found = price_at(article(*order), GROUP, NOW)
        assert found == (None if price is None else Decimal(price))


def test_beginnings_are_compared_as_instants_in_any_zone() -> None:
    in_tokyo = datetime(2026, 11, 23, 18, 0, tzinfo=timezone(timedelta(hours=9)))
    in_new_york = datetime(2026, 11, 23, 4, 1, tzinfo=timezone(timedelta(hours=-5)))
    begun = ArticlePrice("g", Decimal(5), in_tokyo)
    a_minute_away = ArticlePrice("g", Decimal(6), in_new_york)
    assert price_at(article(begun, a_minute_away), GROUP, NOW) == 5
    assert price_at(article(begun, a_minute_away), GROUP, NOW + timedelta(minutes=1)) == 6


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ((), "no price in “Shopify” holds now"),
        ((entry("5", 1),), "no price in “Shopify” holds now"),
        ((entry(None),), "its price in “Shopify” has no value"),
        ((entry("0"),), "its price in “Shopify” is 0"),
        ((entry("-1"),), "its price in “Shopify” is -1"),
        ((entry("0.004"),), "its price in “Shopify” is 0.004"),
        ((entry("0.005"),), ""),
    ],
)
def test_what_cannot_be_shown_has_a_reason(entries: tuple[ArticlePrice, ...], reason: str) -> None:
    assert price_in(article(*entries), GROUP, NOW, CENT).unfit == reason


ODD = ArticlePrice(GROUP.id, None, unreadable="validFrom has no time zone")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ((entry("5"),), ""),
        ((entry("5"), entry("5")), ""),
        ((entry("5"), entry("6")), "several prices begin at one time (5 and 6)"),
        ((entry("5"), entry(None)), "several prices begin at one time (5 and none)"),
        ((entry("5", -2), entry("6", -2), entry("7", -1)), ""),
        ((entry("5"), ODD), "cannot be read (validFrom has no time zone)"),
        ((entry("5"), replace(ODD, price_group_id=None)), "cannot be read"),
        ((entry("5"), replace(ODD, price_group_id="another")), ""),
        ((entry("5"), replace(ODD, product_code="400")), ""),
        ((entry("5"), replace(ODD, organizational_unit_id="2")), ""),
    ],
)
def test_a_price_of_which_nobody_knows_needs_a_person(entries: tuple[ArticlePrice, ...], words: str) -> None:
    found = price_in(article(*entries), GROUP, NOW, CENT).doubt
    assert words in found
    assert bool(words) is bool(found)
