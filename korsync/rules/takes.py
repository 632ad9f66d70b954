"""Which articles an order line takes from the shelf: pure. Receipts and stock go by the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from korsync.records.bookings import KnownLine, KnownOrder
from korsync.records.catalogue import Article
from korsync.rules.matching import Assortment

DEEPEST_BUNDLE = 5
"""Bundles in bundles are followed so far; a bundle that contains itself ends here."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An article that an order line takes from the shelf, and how many pieces of it with one sold.

    `named` tells whether the line's own SKU names it, so that the receipt takes it from this article's stock.
    """

    article_id: str
    per_piece: Decimal
    named: bool = True


def taken_by(line: KnownLine, assortment: Assortment) -> list[Taken]:
    """Return the articles that an order line takes from the shelf and how many of each per piece.

    Where a SKU has moved to another variant since, the line counts for both articles: one level has lost the pieces,
    the other's stock loses them with the receipt. A bundle counts for itself and for its parts.
    """
    own = assortment.by_number.get(line.sku.strip())
    wholes = [Taken(each.id, Decimal(1), each is own) for each in assortment.articles_of(line.sku, line.variant_id)]
    return [part for each in wholes for part in _parts(each, assortment.articles, DEEPEST_BUNDLE)]


def lost_articles(order: KnownOrder, assortment: Assortment) -> dict[str, Decimal]:
    """Return the pieces that left the shelf and that no receipt will ever take out of KORONA, by article number."""
    lost: dict[str, Decimal] = {}
    gone = order.lost_pieces
    for line in order.lines:
        for taken in taken_by(line, assortment) if line.id in gone else ():
            article = assortment.articles[taken.article_id]
            if article.track_inventory and not article.parts:
                number = (article.number or article.name).strip()
                lost[number] = lost.get(number, Decimal(0)) + gone[line.id] * taken.per_piece
    return lost


def _parts(whole: Taken, articles: Mapping[str, Article], depth: int) -> list[Taken]:
    found = [whole]
    for part in articles[whole.article_id].parts if depth and whole.article_id in articles else ():
        if part.article_id in articles:
            pieces = whole.per_piece * part.quantity
            found += _parts(replace(whole, article_id=part.article_id, per_piece=pieces), articles, depth - 1)
    return found


def with_parts(article_id: str, articles: Mapping[str, Article]) -> list[str]:
    """Return an article and, where it is a bundle, its parts."""
    return [each.article_id for each in _parts(Taken(article_id, Decimal(1)), articles, DEEPEST_BUNDLE)]
