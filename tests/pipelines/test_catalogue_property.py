"""Random catalogues on both sides: one run brings every matched field to KORONA's value and touches nothing else."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from korsync.records.plan import Fate
from korsync.sandbox.korona import store as korona_store
from korsync.sandbox.sample import picture
from korsync.sandbox.shopify import store as shopify_store
from korsync.sandbox.shopify.moves import NewVariant
from tests.support.shop import Shop, open_shop

NUMBERS = ("1", "2", "3", "4", "5", "6", "7", "8")
ODD_NUMBERS = ("1", " 4", "04", "a", "A", "b c", "bc")
NAMES = {
    "Tee": "Tee",
    "Cafe\u0301": "Café",
    "a\x07b": "ab",
    "x" * 300: "x" * 255,
    "[/red] \x1b[2J": "[/red] [2J",
    " \n": "",
}
"""Names in KORONA and the titles that they become; empty: the title is left alone."""

prices = st.sampled_from(["8.90", "8.9", "8.90", "12.345", "7.00", "0.005", "0.004", "0", "-1", None])
shades = st.sampled_from([None, None, 1, 2, 3])
articles = st.fixed_dictionaries(
    {
        "odd number": st.sampled_from([*ODD_NUMBERS, *[None] * 20]),
        "name": st.sampled_from(list(NAMES)),
        "price": prices,
        "tracked": st.booleans(),
        "image": shades,
        "fate": st.sampled_from([*["live"] * 8, "deleted", "switched off"]),
        "future": st.booleans(),
    }
)
variants = st.fixed_dictionaries(
    {
        "odd sku": st.sampled_from([*ODD_NUMBERS, "online", "", *[None] * 20]),
        "price": st.sampled_from(["8.90", "1.00", "99.99"]),
        "compare_at_price": st.just("10000.00"),
        "tracked": st.booleans(),
    }
)
products = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Tee", "Café", "Becher", "Cafe\u0301"]),
        "variants": st.lists(variants, min_size=1, max_size=3),
        "status": st.sampled_from(["active", "draft", "archived"]),
    }
)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("name"), st.integers(0, 99), st.sampled_from(list(NAMES))),
        st.tuples(st.just("number"), st.integers(0, 99), st.sampled_from(NUMBERS)),
        st.tuples(st.just("tracked"), st.integers(0, 99), st.booleans()),
        st.tuples(st.just("price import"), st.integers(0, 99), st.sampled_from(["3.00", "8.90", "0"])),
        st.tuples(st.just("image"), st.integers(0, 99), st.sampled_from([1, 2, 3])),
        st.tuples(st.just("title by hand"), st.integers(0, 99), st.just("Sonderposten")),
        st.tuples(st.just("price by hand"), st.integers(0, 99), st.just("1.11")),
        st.tuples(st.just("sku by hand"), st.integers(0, 99), st.sampled_from([*NUMBERS, *ODD_NUMBERS, None])),
    ),
    max_size=6,
)


@dataclass
class Wanted:
    """What a matched variant should be like, by KORONA alone."""

    price: Decimal
    tracked: bool
    title: str
    image: bytes | None


def build(shop: Shop, theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    for row, number in zip(theirs, NUMBERS, strict=False):
        number = row["odd number"] or number
        article = shop.korona.add_article(
            number,
            row["name"],
            None if row["price"] is None else Decimal(row["price"]),
            track_inventory=row["tracked"],
            image=None if row["image"] is None else picture(row["image"]),
        )
        if row["future"]:
            in_spring = shop.world.clock.now() + timedelta(days=90)
            shop.korona.change_price(number, Decimal("77.00"), valid_from=in_spring)
        article.active, article.deactivated = row["fate"] != "deleted", row["fate"] == "switched off"
        shop.korona.save(article)
    numbers = iter(NUMBERS)
    for product in ours:
        listed = []
        for each in product["variants"]:
            sku = each["odd sku"] or next(numbers, None)
            tracked, price, compared = each["tracked"], each["price"], each["compare_at_price"]
            listed.append(NewVariant(sku=sku, price=price, compare_at_price=compared, tracked=tracked))
        shop.shopify.add_product(product["title"], listed, status=product["status"])


def move(shop: Shop, what: str, which: int, value: Any) -> None:
    """Change one of the articles or variants, where there is any."""
    korona, shopify = shop.korona, shop.shopify
    rows = [row for row in korona.table(korona_store.Article).values() if row.number not in ("9000", "9001")]
    everything = list(shopify.store.variants())
    if "by hand" in what:
        key = everything[which % len(everything)].id
        (shopify.rename if "title" in what else shopify.set_price if "price" in what else shopify.set_sku)(key, value)
        return
    article = rows[which % len(rows)]
    match what:
        case "name":
            article.name = value
        case "number":
            article.number = value
        case "tracked":
            article.track_inventory = value
        case "image":
            article.image_id = korona.save(korona_store.Image(data=picture(value))).id
        case "price import":
            for price_id in article.price_ids:
                row = korona.table(korona_store.Price)[price_id]
                if row.valid_from is not None and row.valid_from <= shop.world.clock.now():
                    row.value = Decimal(value)
                    korona.save(row)
            return
    korona.save(article)


def wanted(shop: Shop) -> dict[int, Wanted]:
    """Say by variant id what the run should come to: the rules once more, told from the other end."""
    korona, now = shop.korona, shop.world.clock.now()
    live = [row for row in korona.table(korona_store.Article).values() if row.active and not row.deactivated]
    stand = Counter((row.number or "").strip() for row in live)
    products = list(shop.shopify.store.products.values())
    skus = Counter((variant.sku or "").strip() for each in products for variant in each.variants)
    on_sale = [variant for each in products if each.status == "active" for variant in each.variants]
    on_sale_skus = Counter((variant.sku or "").strip() for variant in on_sale)
    found = {}
    for variant in shop.shopify.store.variants():
        sku = (variant.sku or "").strip()
        is_the_one = skus[sku] == 1 or (on_sale_skus[sku] == 1 and variant in on_sale)
        if not sku or not is_the_one or stand[sku] != 1:
            continue
        article = next(row for row in live if (row.number or "").strip() == sku)
        rows = [korona.table(korona_store.Price)[each] for each in article.price_ids]
        begun = [row for row in rows if row.valid_from is not None and row.valid_from <= now]
        price = begun[0].value.quantize(Decimal("0.01"), ROUND_HALF_UP) if begun else Decimal(0)
        if price > 0:
            image = korona.table(korona_store.Image).get(article.image_id or "")
            title = NAMES.get(article.name, article.name)
            found[variant.id] = Wanted(price, article.track_inventory, title, image.data if image else None)
    return found


def fields(variant: shopify_store.Variant) -> tuple[Any, ...]:
    return variant.id, variant.sku, variant.price, variant.compare_at_price, variant.tracked, variant.title


def picture_of(store: shopify_store.Store) -> dict[int, tuple[Any, ...]]:
    """Return all that a person sees of each product."""
    return {
        each.id: (
            each.title,
            each.status,
            tuple(fields(variant) for variant in each.variants),
            tuple(image.id for image in each.images),
        )
        for each in store.products.values()
    }


def compare(shop: Shop, before: dict[int, tuple[Any, ...]], sought: dict[int, Wanted]) -> None:
    """See that every matched field has KORONA's value and that all else is as it was."""
    after = picture_of(shop.shopify.store)
    assert after.keys() == before.keys()
    for product in shop.shopify.store.products.values():
        title, status, old_variants, old_images = before[product.id]
        mine = [sought[each.id] for each in product.variants if each.id in sought]
        names = {each.title for each in mine}
        are_all = len(mine) == len(product.variants)
        expected_title = names.pop() if are_all and len(names) == 1 and names != {""} else title
        # another form of the same letters is no difference, so the shop's own may stand
        assert unicodedata.normalize("NFC", product.title) == unicodedata.normalize("NFC", expected_title)
        assert product.status == status
        assert [each.id for each in product.images][: len(old_images)] == list(old_images)
        if not mine:
            assert after[product.id] == before[product.id]
        shown = [image.content for image in product.images]
        assert len(shown) == len(set(shown))
        assert {each.image for each in mine if each.image} <= set(shown)
        for variant, old in zip(product.variants, old_variants, strict=True):
            seek = sought.get(variant.id)
            expected = old if seek is None else (*old[:2], seek.price, old[3], seek.tracked, old[5])
            assert fields(variant) == expected


def is_anything_held(shop: Shop) -> bool:
    """Tell whether a person has to see to anything, and see that it is only what costs nothing or has no name."""
    reasons = [skip.reason for skip in shop.skips("products", Fate.HELD)]
    assert [each for each in reasons if "Shopify shows" not in each and "its name in KORONA is empty" not in each] == []
    return bool(reasons)


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    theirs=st.lists(articles, min_size=3, max_size=8),
    ours=st.lists(products, min_size=2, max_size=5),
    rounds=st.lists(st.tuples(moves, st.booleans()), max_size=2),
)
def test_one_run_brings_every_matched_field_to_koronas_value_and_a_second_writes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    theirs: list[dict[str, Any]],
    ours: list[dict[str, Any]],
    rounds: list[tuple[list[tuple[str, int, Any]], bool]],
) -> None:
    switched_off = {"max_change_percent": 100, "max_price_change_percent": 999_999}
    with open_shop(tmp_path_factory.mktemp("shop"), safety=switched_off) as shop:
        build(shop, theirs, ours)
        # Where nothing matches init refuses, which is another test's matter.
        shop.stocked("in-step")
        shop.init()
        for moved, forgets in [([], False), *rounds]:
            for what, which, value in moved:
                move(shop, what, which, value)
            if forgets:
                shop.settings.cache_path.unlink()
            before, sought = picture_of(shop.shopify.store), wanted(shop)
            event(f"{len(sought)} matched")
            assert shop.run_later("products").exit_code == int(is_anything_held(shop))
            compare(shop, before, sought)
            with shop.requests() as seen:
                assert shop.run_later("products").exit_code == int(is_anything_held(shop))
            assert seen.writes == []
