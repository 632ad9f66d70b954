"""Which KORONA article is which Shopify variant: pure, exact, and never on a guess."""

import unicodedata
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from korsync.records.catalogue import Article, ShopProduct, Variant
from korsync.records.plan import Fate, Skip
from korsync.rules.asked_once import asked_once

Thing = TypeVar("Thing")

READABLE_VARIANTS = 100
"""REST answers with at most so many variants per product and cuts the rest in silence (Shopify's product model)."""

OFF_SALE = frozenset({"draft", "archived"})
"""The states of a product in which nobody can buy it."""


@dataclass(frozen=True, slots=True)
class Match:
    """An article and the one variant whose SKU is its number."""

    article: Article
    product: ShopProduct
    variant: Variant
    sku: str


@dataclass(frozen=True, slots=True)
class Matching:
    """All matches by SKU in the order of the articles' numbers, and what could not be matched and why.

    `switched_off` are those whose article is switched off in KORONA: they are no matches, but still have stock.
    """

    matches: tuple[Match, ...]
    skips: tuple[Skip, ...]
    switched_off: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Assortment:
    """KORONA's articles by id and by number, and the SKU that each Shopify variant has now."""

    articles: Mapping[str, Article]
    by_number: Mapping[str, Article]
    sku_of: Mapping[int, str]

    def skus_of(self, sku: str, variant_id: int | None) -> list[str]:
        """Return the SKUs by which an order line is found: its own, then the one that its variant has now."""
        skus = (sku.strip(), self.sku_of.get(variant_id or 0, "").strip())
        return [each for each in dict.fromkeys(skus) if each]

    def articles_of(self, sku: str, variant_id: int | None) -> list[Article]:
        """Return the articles that an order line takes; the receipt takes the first."""
        skus = self.skus_of(sku, variant_id)
        return [article for each in skus if (article := self.by_number.get(each)) is not None]


@asked_once
def assortment(articles: Mapping[str, Article], products: Mapping[int, ShopProduct]) -> Assortment:
    """Return what finds the articles of order lines; deleted ones and numbers that stand twice are left out.

    As in matching a number belongs to the live article; a switched-off one has it only where no live one does.
    """
    live: dict[str, list[Article]] = {}
    switched_off: dict[str, list[Article]] = {}
    for article in articles.values():
        if _number(article) and article.active:
            (live if is_live(article) else switched_off).setdefault(_number(article), []).append(article)
    by_number = {number: found[0] for number, found in (switched_off | live).items() if len(found) == 1}
    variants = (each for product in products.values() for each in product.variants)
    return Assortment(articles, by_number, {each.id: each.sku for each in variants})


@asked_once
def match(articles: Mapping[str, Article], products: Mapping[int, ShopProduct]) -> Matching:
    """Match articles and variants whose number and SKU are equal after stripping blanks at the ends.

    A number or SKU that stands twice on either side is matched nowhere, but a SKU that only one product on sale bears
    belongs to that; near matches are hints, never used.
    """
    by_number = _grouped((_number(each), each) for each in articles.values() if is_live(each))
    off_by_number = _grouped((_number(each), each) for each in articles.values() if each.active and each.deactivated)
    by_sku = _grouped(
        (variant.sku.strip(), (product, variant)) for product in products.values() for variant in product.variants
    )
    matches, skips, switched_off = [], [], []
    for sku, standing in sorted(by_sku.items()):
        found, variants = by_number.get(sku, []), _on_sale(standing)
        if len(variants) > 1:
            skips.append(Skip(sku, f"the SKU stands on {len(variants)} variants in Shopify", Fate.LEFT))
        elif len(found) > 1:
            skips.append(Skip(sku, f"the number stands on {len(found)} articles in KORONA", Fate.LEFT))
        elif found and (odd := _unreadable(found[0], *variants[0])):
            skips.append(Skip(sku, odd, Fate.HELD))
        elif found and may_be_cut(variants[0][0]):
            reason = f"its product “{variants[0][0].title}” has more than {READABLE_VARIANTS} variants"
            skips.append(Skip(sku, f"{reason}, which cannot be read completely", Fate.LEFT))
        elif found:
            matches.append(Match(found[0], *variants[0], sku))
            skips.extend(_twins(sku, standing, variants))
        elif len(off_by_number.get(sku, [])) == 1:
            switched_off.append(Match(off_by_number[sku][0], *variants[0], sku))
    once = sorted(sku for sku in by_sku.keys() - by_number.keys() if len(_on_sale(by_sku[sku])) == 1)
    skips.extend(Skip(sku, reason, Fate.LEFT) for sku, reason in _unmatched(once, articles.values(), by_sku))
    nameless = [each for each in products.values() if each.unreadable and not each.variants]
    skips.extend(Skip(each.title or str(each.id), _unreadable(None, each, None), Fate.HELD) for each in nameless)
    return Matching(tuple(matches), tuple(skips), tuple(switched_off))


def is_on_sale(product: ShopProduct) -> bool:
    """Tell whether buyers can get a product: neither drafts nor archived ones."""
    return product.status not in OFF_SALE


def _on_sale(standing: list[tuple[ShopProduct, Variant]]) -> list[tuple[ShopProduct, Variant]]:
    """Return the one variant on sale of several with the same SKU, otherwise all of them."""
    if len(standing) == 1:
        return standing
    on_sale = [each for each in standing if is_on_sale(each[0])]
    return on_sale if len(on_sale) == 1 else standing


def _twins(
    sku: str, standing: list[tuple[ShopProduct, Variant]], chosen: list[tuple[ShopProduct, Variant]]
) -> Iterator[Skip]:
    """Remark that a SKU stands on products that are not on sale, too."""
    for product, variant in standing:
        if (product, variant) not in chosen:
            reason = f"the SKU also stands on “{product.title}” ({product.status}), which is left alone"
            yield Skip(sku, reason, Fate.LEFT)


def may_be_cut(product: ShopProduct) -> bool:
    """Tell whether a product may have variants that REST does not show."""
    return len(product.variants) >= READABLE_VARIANTS and product.variant_count != len(product.variants)


def _unreadable(article: Article | None, product: ShopProduct, variant: Variant | None) -> str:
    """Say what of an article or its variant could not be read; empty where all could."""
    if not any(each and each.unreadable for each in (article, product, variant)):
        return ""
    for where, why in (
        ("its article in KORONA", article.unreadable if article else ""),
        (f"the product “{product.title}” in Shopify", product.unreadable),
        ("its variant in Shopify", variant.unreadable if variant else ""),
    ):
        if why:
            return f"{where} cannot be read ({why}): save it there once more; the others go on"
    return ""


def is_live(article: Article) -> bool:
    """Tell whether an article is neither deleted nor switched off in KORONA."""
    return article.active and not article.deactivated


def _number(article: Article) -> str:
    return (article.number or "").strip()


def _grouped(pairs: Iterable[tuple[str, Thing]]) -> dict[str, list[Thing]]:
    groups: dict[str, list[Thing]] = {}
    for key, thing in pairs:
        if key:
            groups.setdefault(key, []).append(thing)
    return groups


def _unmatched(
    skus: Iterable[str], articles: Collection[Article], in_shop: Container[str]
) -> Iterator[tuple[str, str]]:
    """Say of each SKU without a live article what became of its article, or which number is nearly the same."""
    gone = {_number(each): "deleted" if not each.active else "switched off" for each in articles if not is_live(each)}
    numbers = live_numbers(articles)
    near = near_numbers(number for number in numbers if number not in in_shop)
    for sku in skus:
        alike = near(sku)
        hint = f"; KORONA has the similar {', '.join(repr(each) for each in alike)}" if alike else ""
        what = f"its article is {gone[sku]} in KORONA" if sku in gone else "no article in KORONA has this number"
        yield sku, f"{what}{hint}"


def near_numbers(numbers: Iterable[str]) -> Callable[[str], list[str]]:
    """Return what finds the numbers that are nearly a SKU: hints for a person, never used."""
    alike = _grouped((_folded(number), number) for number in numbers)
    return lambda sku: sorted(alike.get(_folded(sku), []))


def live_numbers(articles: Iterable[Article]) -> set[str]:
    """Return the numbers of the articles that are neither deleted nor switched off."""
    return {_number(each) for each in articles if is_live(each)}


def _folded(number: str) -> str:
    """Reduce a number to what a near match has in common: width, case, blanks and leading zeros taken out."""
    plain = unicodedata.normalize("NFKC", number).casefold()
    return "".join(plain.split()).lstrip("0")
