"""Rows that cannot be read, or do not say all: what is known of them, and which are worth asking for again: pure."""

from collections.abc import Mapping
from dataclasses import replace

from korsync.records.catalogue import Article, ShopProduct
from korsync.records.memory import Cache


def on_sale(cache: Cache, article_ids: set[str]) -> set[str]:
    """Return those of the articles that a variant in Shopify names: nobody waits for the figures of others."""
    if not article_ids:
        return article_ids
    products = cache.shop_products.products.values()
    skus = {variant.sku.strip() for product in products for variant in product.variants}
    known = cache.catalogue.articles
    return {each for each in article_ids if each in known and (known[each].number or "").strip() in skus}


def as_far_as_known(product: ShopProduct, known: Mapping[int, ShopProduct]) -> ShopProduct:
    """Give a product that could not be read the variants it had: by them a person knows it."""
    before = known.get(product.id)
    if not product.unreadable or before is None:
        return product
    return replace(before, unreadable=product.unreadable)


def numbered(article: Article, known: Mapping[str, Article]) -> Article:
    """Give a deleted article, which comes without its number, the number it had: the id is what identifies it.

    One that could not be read keeps all that was known of it.
    """
    before = known.get(article.id)
    if article.unreadable and before is not None:
        number = article.number or before.number
        return replace(before, number=number, revision=article.revision, unreadable=article.unreadable)
    if article.number is None and not article.active and before is not None:
        return replace(article, number=before.number)
    return article
