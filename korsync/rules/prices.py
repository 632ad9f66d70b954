"""Which price of an article holds in a price list at an instant, and why none can be shown: pure."""

from datetime import UTC, datetime
from decimal import Decimal

from korsync.records.catalogue import Article, ArticlePrice, PriceGroup
from korsync.rules.money import round_to

FIRST_OF_ALL = datetime.min.replace(tzinfo=UTC)


def price_at(article: Article, group: PriceGroup, now: datetime) -> Decimal | None:
    """Return the price that holds in a price list at an instant, None where there is none or not exactly one.

    KORONA's API 5.2: without product code and organizational unit, the latest `validFrom` not after now. A price ends
    only by a later one, also where that one has no value: an outdated price is never shown for it.
    """
    values = {each.value for each in _holding(article, group, now)}
    return values.pop() if len(values) == 1 else None


def unfit(article: Article, group: PriceGroup, now: datetime, unit: Decimal) -> str:
    """Say why an article's price in a list cannot be shown in the shop; empty where it can."""
    holding = _holding(article, group, now)
    if not holding:
        return f"no price in “{group.name}” holds now"
    price = price_at(article, group, now)
    if price is None:
        count = "several prices" if len(holding) > 1 else "no value"
        return f"its price in “{group.name}” has {count}"
    return f"its price in “{group.name}” is {price:f}" if round_to(price, unit) <= 0 else ""


def _holding(article: Article, group: PriceGroup, now: datetime) -> list[ArticlePrice]:
    """Return the latest entries of a price list that are valid: one, unless two begin at the same instant."""
    begun = [
        (each.valid_from or FIRST_OF_ALL, each)
        for each in article.prices
        if each.price_group_id == group.id
        and each.product_code is None
        and each.organizational_unit_id is None
        and (each.valid_from is None or each.valid_from <= now)
    ]
    latest = max((since for since, _ in begun), default=FIRST_OF_ALL)
    return [each for since, each in begun if since == latest]
