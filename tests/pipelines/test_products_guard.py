"""The guard: what stops the products pipeline, what `korsync accept products` lets through, and for how long."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from korsync.commands import decide
from korsync.errors import ConfigurationError
from korsync.records.plan import Ran
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Article
from korsync.sandbox.korona.store import Price as KoronaPrice
from korsync.sandbox.sample import picture
from tests.support.catalogue import contents, price, title, variant
from tests.support.shop import Shop

NextRun = Callable[[], Ran]
NUMBERS = [str(number) for number in range(1001, 1021)]


@pytest.fixture
def twenty(shop: Shop) -> Shop:
    """A shop of twenty articles in step, after its first run."""
    for number in NUMBERS:
        shop.stocked(number, price="8.90")
    shop.init()
    assert shop.run("products").exit_code == 0
    return shop


def accept(shop: Shop, *keys: str) -> None:
    decide.accept(shop.settings, "products", keys)


def change_prices(shop: Shop, count: int, value: str = "9.20") -> None:
    for number in NUMBERS[:count]:
        shop.korona.change_price(number, Decimal(value))


def changed(shop: Shop, value: str = "9.20") -> int:
    return sum(price(shop, number) == value for number in NUMBERS)


def stops(shop: Shop, next_run: NextRun) -> str:
    """Run, see that nothing was written and that the plan was kept, and return what was said."""
    with shop.requests() as seen:
        ran = next_run()
    assert (ran.exit_code, seen.writes) == (3, [])
    assert "products" in shop.state.stopped
    (error,) = shop.watched.results[0].errors
    assert "korsync accept products" in error.remedy
    return error.what


def goes_on(shop: Shop, next_run: NextRun) -> str:
    """Run, see that a list is not believed but nothing waits for a person, and return what was said."""
    assert next_run().exit_code == 3
    assert shop.state.stopped == {}
    (error,) = shop.watched.results[0].errors
    assert "nothing to do" in error.remedy
    return error.what


def test_ten_of_twenty_prices_stop_the_run_and_nine_do_not(twenty: Shop, next_run: NextRun) -> None:
    change_prices(twenty, 9)
    assert next_run().exit_code == 0
    assert changed(twenty) == 9
    change_prices(twenty, 10, "9.50")
    assert "10 of 20 matched articles would get another price or name" in stops(twenty, next_run)


def test_names_and_prices_count_together_and_each_article_once(twenty: Shop, next_run: NextRun) -> None:
    change_prices(twenty, 6)
    for number in NUMBERS[:9]:
        twenty.korona.rename(number, f"Neu {number}")
    assert next_run().exit_code == 0
    change_prices(twenty, 6, "9.50")
    for number in NUMBERS[6:10]:
        twenty.korona.rename(number, f"Wieder neu {number}")
    assert "10 of 20" in stops(twenty, next_run)


def test_tracking_switched_off_for_many_stops_and_switched_on_does_not(twenty: Shop, next_run: NextRun) -> None:
    for number in NUMBERS[:10]:
        twenty.korona.set_tracking(number, False)
    assert "10 of 20 matched articles would no longer be tracked" in stops(twenty, next_run)
    accept(twenty)
    assert next_run().exit_code == 0
    for number in NUMBERS[:10]:
        twenty.korona.set_tracking(number, True)
    assert next_run().exit_code == 0
    assert all(variant(twenty, number).tracked for number in NUMBERS)


def jumps(shop: Shop, next_run: NextRun) -> str:
    """Run, see that a jump was stopped, and return what was said."""
    assert next_run().exit_code == 3
    (error,) = shop.watched.results[0].errors
    return f"{error.what}; {error.remedy}"


def test_a_price_that_jumps_is_held_and_all_else_is_written(twenty: Shop, next_run: NextRun) -> None:
    twenty.korona.change_price("1001", Decimal("89.00"))
    twenty.korona.rename("1001", "Neu")
    twenty.korona.change_price("1002", Decimal("9.20"))
    twenty.korona.replace_image("1003", picture(3), new_id=True)
    twenty.korona.set_tracking("1004", False)
    said = jumps(twenty, next_run)
    assert "the price of 1001 would go from 8.90 to 89.00" in said
    assert "korsync accept products 1001" in said
    assert [price(twenty, number) for number in ("1001", "1002")] == ["8.90", "9.20"]
    assert (title(twenty, "1001"), contents(twenty, "1003")) == ("Neu", [picture(3)])
    assert not variant(twenty, "1004").tracked
    assert "would jump from 8.90 to 89.00" in twenty.held("1001").reason


def test_one_jump_of_several_is_let_through_by_its_number(twenty: Shop, next_run: NextRun) -> None:
    for number in ("1001", "1002", "1003"):
        twenty.korona.change_price(number, Decimal("89.00"))
    jumps(twenty, next_run)
    with pytest.raises(ConfigurationError, match="nothing that products stopped is about 100"):
        accept(twenty, "100")
    accept(twenty, "1001")
    accept(twenty, "1003")
    jumps(twenty, next_run)
    assert [price(twenty, number) for number in NUMBERS[:3]] == ["89.00", "8.90", "89.00"]
    assert [each.item for each in twenty.state.held.values()] == ["1002"]
    twenty.korona.change_price("1002", Decimal("8.90"))
    assert next_run().exit_code == 0
    assert (twenty.state.held, twenty.state.stopped, twenty.state.accepted) == ({}, {}, {})


def test_an_accepted_jump_that_became_another_one_is_held_again(twenty: Shop, next_run: NextRun) -> None:
    twenty.korona.change_price("1001", Decimal("89.00"))
    jumps(twenty, next_run)
    accept(twenty, "1001")
    twenty.korona.change_price("1001", Decimal("890.00"))
    assert "890.00" in jumps(twenty, next_run)
    assert price(twenty, "1001") == "8.90"


def test_the_first_run_after_init_is_held_to_the_same_guard(shop: Shop) -> None:
    for number in NUMBERS:
        shop.stocked(number, price="8.90")
        shop.shopify.set_price(number, "8.00")
    shop.init()
    assert "20 of 20" in stops(shop, lambda: shop.run("products"))
    accept(shop)
    assert shop.run("products").exit_code == 0
    assert changed(shop, "8.90") == 20


def test_the_guard_can_be_switched_off(twenty: Shop, next_run: NextRun) -> None:
    twenty.configure(safety={"max_change_percent": 100, "max_price_change_percent": 1000})
    change_prices(twenty, 20, "59.00")
    assert next_run().exit_code == 0
    assert changed(twenty, "59.00") == 20


def test_far_fewer_articles_than_at_the_last_look_freeze_nothing_and_are_believed_the_second_time(
    twenty: Shop,
) -> None:
    with twenty.korona.turn():
        articles = twenty.korona.table(Article)
        for each in [row for row in articles.values() if row.number in NUMBERS[:12]]:
            del articles[each.id]  # no deletion, of which KORONA would tell, but a list that is cut short
            for price_id in each.price_ids:
                del twenty.korona.table(KoronaPrice)[price_id]
    twenty.korona.change_price("1020", Decimal("9.20"))
    daily = 25 * 60
    said = goes_on(twenty, lambda: twenty.run_later("products", minutes=daily))
    assert "KORONA's articles came back empty or far shorter" in said
    assert changed(twenty) == 1
    assert twenty.run_later("products").exit_code == 0
    assert (changed(twenty), twenty.state.accepted, twenty.state.stopped) == (1, {}, {})
    assert twenty.run_later("products", minutes=daily).exit_code == 0


def test_far_fewer_products_than_at_the_last_look_freeze_nothing_and_are_believed_the_second_time(
    twenty: Shop,
) -> None:
    for number in NUMBERS[:12]:
        twenty.shopify.delete_product(number)
    twenty.korona.change_price("1020", Decimal("9.20"))
    daily = 25 * 60
    assert "Shopify's products came back" in goes_on(twenty, lambda: twenty.run_later("products", minutes=daily))
    assert price(twenty, "1020") == "9.20"
    assert twenty.run_later("products").exit_code == 0


def test_an_empty_list_of_articles_is_told(twenty: Shop) -> None:
    twenty.world.korona_server.faults.append(Fault("status", "GET", "/products$", times=99, status=204))
    assert "KORONA's articles" in goes_on(twenty, lambda: twenty.run_later("products", minutes=25 * 60))


def test_a_few_products_taken_out_of_a_small_shop_by_hand_stop_nothing(shop: Shop) -> None:
    for number in NUMBERS[:3]:
        shop.stocked(number)
    shop.init()
    shop.shopify.delete_product("1001")
    assert shop.run_later("products", minutes=25 * 60).exit_code == 0


def test_accepting_lets_exactly_the_stopped_plan_through_and_only_once(twenty: Shop, next_run: NextRun) -> None:
    change_prices(twenty, 12)
    stops(twenty, next_run)
    accept(twenty)
    assert next_run().exit_code == 0
    assert (changed(twenty), twenty.state.accepted, twenty.state.stopped) == (12, {}, {})
    for number in NUMBERS[:12]:
        twenty.shopify.set_price(number, "8.90")
    stops(twenty, next_run)


@pytest.mark.parametrize("more", ["one price more", "another figure", "one name more"])
def test_what_is_guarded_beyond_the_accepted_is_stopped_and_the_accepted_written(
    twenty: Shop, next_run: NextRun, more: str
) -> None:
    change_prices(twenty, 12)
    stops(twenty, next_run)
    accept(twenty)
    if more == "one price more":
        twenty.korona.change_price("1020", Decimal("9.00"))
    elif more == "another figure":
        twenty.korona.change_price("1001", Decimal("9.21"))
    else:
        twenty.korona.rename("1020", "Neu")
    jumps(twenty, next_run)
    assert changed(twenty) == (11 if more == "another figure" else 12)
    assert (price(twenty, "1020"), title(twenty, "1020")) == ("8.90", "Ware 1020")
    assert twenty.state.accepted == {}
    accept(twenty)
    assert next_run().exit_code == 0


def test_a_plan_with_less_than_was_accepted_goes_through(twenty: Shop, next_run: NextRun) -> None:
    change_prices(twenty, 12)
    stops(twenty, next_run)
    accept(twenty)
    twenty.korona.change_price("1001", Decimal("8.90"))
    assert next_run().exit_code == 0
    assert changed(twenty) == 11


def test_an_accepted_jump_takes_the_small_changes_of_the_day_along_but_no_second_jump(
    twenty: Shop, next_run: NextRun
) -> None:
    twenty.korona.change_price("1001", Decimal("89.00"))
    jumps(twenty, next_run)
    accept(twenty)
    twenty.korona.change_price("1002", Decimal("9.00"))
    twenty.korona.change_price("1003", Decimal("79.00"))
    assert "1003" in jumps(twenty, next_run)
    accept(twenty)
    twenty.korona.change_price("1004", Decimal("9.00"))
    assert next_run().exit_code == 0
    assert [price(twenty, number) for number in NUMBERS[:4]] == ["89.00", "9.00", "79.00", "9.00"]


def test_what_was_accepted_holds_until_all_of_it_is_sent(twenty: Shop, next_run: NextRun) -> None:
    change_prices(twenty, 12, "59.00")
    stops(twenty, next_run)
    accept(twenty)
    twenty.world.shopify_server.faults.append(
        Fault("status", "PUT", "/variants/", skip=4, times=99, status=401, body={"errors": "[API] Invalid API key"})
    )
    assert next_run().exit_code == 4
    assert changed(twenty, "59.00") == 4
    twenty.world.shopify_server.faults.clear()
    assert next_run().exit_code == 0
    assert (changed(twenty, "59.00"), twenty.state.accepted) == (12, {})


def test_a_dry_run_neither_uses_up_nor_makes_an_acceptance(twenty: Shop) -> None:
    change_prices(twenty, 12)
    assert twenty.run("products", dry=True).exit_code == 3
    with pytest.raises(ConfigurationError, match="was not stopped"):
        accept(twenty)
    assert twenty.run("products").exit_code == 3
    accept(twenty)
    assert twenty.run("products", dry=True).exit_code == 0
    assert twenty.run("products").exit_code == 0
    assert changed(twenty) == 12


def test_a_plan_that_came_right_by_itself_leaves_nothing_to_accept(twenty: Shop, next_run: NextRun) -> None:
    change_prices(twenty, 12)
    stops(twenty, next_run)
    change_prices(twenty, 12, "8.90")
    assert next_run().exit_code == 0
    assert twenty.state.stopped == {}
    with pytest.raises(ConfigurationError, match="was not stopped"):
        accept(twenty)
