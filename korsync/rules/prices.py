"""Which price of an article holds in a price list at an instant, and why none can be shown: pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from korsync.records.catalogue import Article, ArticlePrice, PriceGroup
from korsync.rules.money import round_to

FIRST_OF_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PriceFound:
    """The price of an article that holds in a list, None where there is none or not exactly one.

    `unfit` says why it cannot be shown in the shop, `doubt` why a person has to look at it; both are empty otherwise.
    """

    price: Decimal | None
    unfit: str = ""
    doubt: str = ""


def price_at(article: Article, group: PriceGroup, now: datetime) -> Decimal | None:
    """Return the price that holds in a price list at an instant, None where there is none or not exactly one.

    KORONA's API 5.2: without product code and organizational unit, the latest `validFrom` not after now. A price ends
    only by a later one, also where that one has no value: an outdated price is never shown for it.
    """
    return _only_value(_holding(article, group, now))


def price_in(article: Article, group: PriceGroup, now: datetime, unit: Decimal) -> PriceFound:
    """Return the price that holds in a price list at an instant, and why it is not to be shown."""
    holding = _holding(article, group, now)
    price = _only_value(holding)
    return PriceFound(price, _unfit(holding, price, group, unit), _doubt(article, holding, group))


def held_since(article: Article, group: PriceGroup, now: datetime) -> datetime | None:
    """Return when the price that holds in a price list began; None where it always held or there is none."""
    return max((each.valid_from for each in _holding(article, group, now) if each.valid_from), default=None)


def _only_value(holding: list[ArticlePrice]) -> Decimal | None:
    values = {each.value for each in holding}
    return values.pop() if len(values) == 1 else None


def _unfit(holding: list[ArticlePrice], price: Decimal | None, group: PriceGroup, unit: Decimal) -> str:
    if not holding:
        return f"no price in “{group.name}” holds now"
    if price is None:
        return f"its price in “{group.name}” has no value"
    is_nothing = price < unit and round_to(price, unit) <= 0
    return f"its price in “{group.name}” is {price.normalize():f}" if is_nothing else ""


def _doubt(article: Article, holding: list[ArticlePrice], group: PriceGroup) -> str:
    # Of a price whose list cannot be told nobody knows that it is not this one.
    odd = next(
        (
            each
            for each in article.prices
            if each.unreadable
            and each.price_group_id in (group.id, None)
            and each.product_code is None
            and each.organizational_unit_id is None
        ),
        None,
    )
    if odd is not None:
        return f"a price of it in “{group.name}” cannot be read ({odd.unreadable}): save it in KORONA once more"
    if len({each.value for each in holding}) > 1:
        prices = " and ".join(sorted("none" if each.value is None else f"{each.value:f}" for each in holding))
        return f"in “{group.name}” several prices begin at one time ({prices}): take out all but one in KORONA"
    return ""


def _holding(article: Article, group: PriceGroup, now: datetime) -> list[ArticlePrice]:
    """Return the latest entries of a price list that are valid: one, unless two begin at the same instant."""
    begun = [
        (each.valid_from or FIRST_OF_ALL, each)
        for each in article.prices
        if each.price_group_id == group.id
        and each.product_code is None
        and each.organizational_unit_id is None
        and (each.valid_from is None or each.valid_from <= now)
        and not each.unreadable
    ]
    latest = max((since for since, _ in begun), default=FIRST_OF_ALL)
    return [each for since, each in begun if since == latest]
