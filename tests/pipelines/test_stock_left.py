"""What was kept in step and no longer is: a person is told, and no piece stays on sale that is not there."""

from collections.abc import Callable

import pytest

from korsync.commands import decide
from korsync.errors import ConfigurationError
from korsync.sandbox.shopify.moves import Status
from tests.support.shop import Shop

STILL_ON_SALE = "it was kept in step and is still on sale: put that right, or `korsync ignore 1001`"


@pytest.fixture
def known(shop: Shop) -> Shop:
    """A shop that korsync knows well, with 5 pieces of two articles."""
    for number in ("1001", "1002"):
        shop.stocked(number, 5)
    shop.init()
    shop.run_later()
    shop.later()
    return shop


def duplicate(shop: Shop, status: Status = "active") -> None:
    shop.shopify.add_product("Copy of 1001", [{"sku": "1001", "available": 5}], status=status)


LEAVINGS: list[tuple[Callable[[Shop], object], str]] = [
    (duplicate, "the SKU stands on 2 variants in Shopify"),
    (lambda shop: shop.korona.renumber("1001", "1001-A"), "no article in KORONA has this number"),
    (lambda shop: shop.korona.delete_article("1001"), "its article is deleted in KORONA"),
    (lambda shop: shop.korona.deactivate("1001"), "its article is switched off in KORONA"),
    (lambda shop: shop.shopify.set_sku("1001", "X-1"), "its variant in Shopify now has the SKU “X-1”"),
    (lambda shop: shop.shopify.set_sku("1001", None), "its variant in Shopify now has no SKU"),
    (lambda shop: shop.korona.add_article("1001", "Twin", stock=1), "the number stands on 2 articles in KORONA"),
    (lambda shop: shop.korona.without_actual.add("1001"), "KORONA does not say how many there are"),
]


@pytest.mark.parametrize(("leave", "reason"), LEAVINGS)
@pytest.mark.parametrize("loses_cache", [False, True])
def test_what_leaves_the_step_is_held_until_a_person_ignores_it(
    known: Shop, leave: Callable[[Shop], object], reason: str, loses_cache: bool
) -> None:
    leave(known)
    if loses_cache:
        known.settings.cache_path.unlink()
    for _ in range(2):
        assert known.run("stock", full=True).exit_code == 1
        # A deleted article comes without its number, which the cache alone knows.
        assert known.held("1001").reason.endswith(f"; {STILL_ON_SALE}")
        assert loses_cache or known.held("1001").reason.startswith(reason)
        known.later()
    decide.ignore(known.settings, "1001")
    for _ in range(2):
        assert known.run_later("stock").exit_code == 0


def test_what_matches_again_is_held_no_longer(known: Shop) -> None:
    known.korona.renumber("1001", "1001-A")
    assert known.run("stock").exit_code == 1
    known.korona.renumber("1001-A", "1001")
    known.korona.sell_at_till("1001", 2)
    assert known.run_later("stock").exit_code == 0
    assert known.shopify.available("1001") == 3


def test_what_left_again_after_it_was_ignored_is_held_again(known: Shop) -> None:
    known.korona.renumber("1001", "1001-A")
    known.run("stock")
    decide.ignore(known.settings, "1001")
    known.korona.renumber("1001-A", "1001")
    known.run_later("stock")
    known.korona.renumber("1001", "1001-A")
    assert known.run_later("stock").exit_code == 1


def test_a_variant_that_nobody_can_buy_needs_no_word(known: Shop) -> None:
    known.shopify.set_status("1001", "archived")
    known.korona.delete_article("1001")
    assert known.run("stock").exit_code == 0
    known.shopify.set_status("1001", "active")
    assert known.run_later("stock").exit_code == 1
    known.shopify.delete_product("1001")
    assert known.run_later("stock").exit_code == 0


def test_what_was_never_in_step_is_listed_and_not_held(known: Shop) -> None:
    known.korona.add_article("1003", "Never", stock=3)
    known.korona.deactivate("1003")
    known.shopify.add_product("Never", [{"sku": "1003", "available": 3}])
    assert known.run("stock").exit_code == 0
    assert known.reason("stock", "1003") == "its article is switched off in KORONA"


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_draft_or_archived_twin_is_a_remark_and_the_one_on_sale_goes_on(known: Shop, status: Status) -> None:
    mine = known.shopify.store.variant_of("1001").id
    duplicate(known, status)
    known.korona.sell_at_till("1001", 5)
    assert known.run("stock").exit_code == 0
    assert known.shopify.available(mine) == 0
    remark = f"the SKU also stands on “Copy of 1001” ({status}), which is left alone"
    assert known.reason("stock", "1001") == remark


def test_of_two_the_one_that_comes_on_sale_takes_over(known: Shop) -> None:
    mine = known.shopify.store.variant_of("1001").id
    duplicate(known)
    known.shopify.set_status(mine, "archived")
    known.korona.sell_at_till("1001", 5)
    assert known.run("stock").exit_code == 0
    assert sorted(each.available for each in known.shopify.store.levels.values()) == [0, 5, 5]


def test_the_level_of_a_switched_off_article_is_lowered_and_never_raised(known: Shop) -> None:
    article = known.korona.article("1001")
    known.korona.deactivate("1001")
    known.korona.sell_at_till("1001", 3)
    assert known.run("stock").exit_code == 1
    assert known.shopify.available("1001") == 2
    assert article.deactivated
    known.korona.deliver("1001", 4)
    assert known.run_later("stock").exit_code == 1
    assert known.shopify.available("1001") == 2
    known.korona.deactivate("1001", False)
    assert known.run_later("stock").exit_code == 0
    assert known.shopify.available("1001") == 6


def test_an_article_locked_for_sale_is_kept_in_step_and_told_once(known: Shop) -> None:
    told = "locked for sale in KORONA, but on sale in Shopify: its price and level are kept in step"
    known.korona.lock_sales("1001")
    known.korona.sell_at_till("1001", 2)
    known.run("stock")
    assert (known.reason("stock", "1001"), known.shopify.available("1001")) == (told, 3)
    known.run_later("stock")
    assert known.reason("stock", "1001") == ""
    known.korona.lock_sales("1001", False)
    known.run_later("stock")
    known.korona.lock_sales("1001")
    known.run_later("stock")
    assert known.reason("stock", "1001") == told


def test_what_waits_for_acceptance_is_not_ignored(known: Shop) -> None:
    known.korona.without_actual.add("1001")
    with pytest.raises(ConfigurationError, match="knows of no item"):
        decide.ignore(known.settings, "1001")


def test_a_rise_that_nothing_explains_is_set_back_and_told_once_with_both_figures(known: Shop) -> None:
    known.shopify.set_available("1001", 8)
    known.run("stock")
    assert known.shopify.available("1001") == 5
    told = "raised in Shopify from 5 to 8 by nothing that KORONA knows of: set back, KORONA has 5"
    assert known.reason("stock", "1001") == told
    known.run_later("stock")
    assert known.reason("stock", "1001") == ""


def test_a_cancelled_order_is_no_rise_that_nothing_explains(known: Shop) -> None:
    order = known.shopify.place_order([("1001", 2)])
    known.run()
    known.later()
    known.shopify.cancel_order(order)
    known.run_later("stock")
    assert known.reason("stock", "1001") == ""


def test_an_order_of_the_moment_in_which_levels_are_read_lowers_its_level_once(known: Shop) -> None:
    known.run("stock")
    known.later()
    known.wait(-3)
    known.shopify.place_order([("1001", 1)])
    known.wait(3)
    known.run("stock")
    assert known.shopify.available("1001") == 4
