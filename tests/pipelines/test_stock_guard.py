"""The guard of stock: what empties too much of the shop needs a person's word, sold pieces never stay on sale."""

import pytest

from korsync.commands import decide
from korsync.errors import ConfigurationError
from korsync.records.plan import Ran
from korsync.sandbox.exchange import Fault, Request
from korsync.sandbox.korona.store import Article
from tests.support.shop import Shop

NUMBERS = [str(number) for number in range(1001, 1031)]


@pytest.fixture
def shop30(shop: Shop) -> Shop:
    """A shop with 30 articles of 5 pieces each, well known to korsync."""
    for number in NUMBERS:
        shop.stocked(number, 5)
    shop.init()
    shop.run_later()
    shop.later()
    return shop


def empty(shop: Shop, count: int) -> None:
    for number in NUMBERS[:count]:
        shop.korona.count(number, 0)


def available(shop: Shop) -> list[int]:
    return [shop.shopify.available(number) for number in NUMBERS]


def accept_stock(shop: Shop) -> None:
    decide.accept(shop.settings, "stock")


def test_more_than_thirty_percent_emptied_at_once_stops_the_pipeline(shop30: Shop) -> None:
    empty(shop30, 10)
    with shop30.requests() as seen:
        ran = shop30.run("stock")
    assert ran.exit_code == 3
    assert seen.writes == []
    assert "10 of 30 matched articles would fall to 0 or below" in ran.results[0].errors[0].what
    assert set(available(shop30)) == {5}


@pytest.mark.parametrize(("share", "emptied", "exit_code"), [(30, 9, 0), (33, 10, 3), (34, 10, 0), (100, 30, 0)])
def test_the_guard_begins_at_ten_articles_and_at_its_percentage(
    shop: Shop, share: int, emptied: int, exit_code: int
) -> None:
    for number in NUMBERS:
        shop.stocked(number, 5)
    shop.configure(safety={"max_change_percent": share})
    shop.init()
    shop.later()
    empty(shop, emptied)
    assert shop.run("stock").exit_code == exit_code
    assert sum(available(shop)) == (150 if exit_code else 150 - 5 * emptied)


def test_falling_without_reaching_zero_is_nothing_to_guard(shop30: Shop) -> None:
    for number in NUMBERS:
        shop30.korona.count(number, 1)
    assert shop30.run("stock").exit_code == 0
    assert set(available(shop30)) == {1}


def test_articles_emptied_by_orders_alone_are_nothing_to_guard(shop30: Shop) -> None:
    shop30.shopify.place_order([(number, 5) for number in NUMBERS])
    for number in NUMBERS:
        shop30.shopify.set_available(number, 5)
    assert shop30.run("stock").exit_code == 0
    assert set(available(shop30)) == {0}


def test_a_stopped_plan_still_takes_sold_pieces_off_sale(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.shopify.place_order([("1001", 2), ("1030", 1)])
    for number in ("1001", "1030"):
        shop30.shopify.set_available(number, 5)
    ran = shop30.run("stock")
    assert ran.exit_code == 3
    assert available(shop30) == [3, *[5] * 28, 4]
    assert [each.change.key for each in ran.results[0].written] == ["1001", "1030"]


def test_only_what_is_emptied_waits_and_all_else_is_written(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.korona.deliver("1030", 5)
    shop30.korona.sell_at_till("1029", 2)
    ran = shop30.run("stock")
    assert (shop30.shopify.available("1030"), shop30.shopify.available("1029")) == (10, 3)
    assert (ran.exit_code, len(ran.state.held)) == (3, 12)
    waits = "too many would go at once: let it through with `korsync accept stock 1001`"
    assert shop30.held("1001").reason == f"5 → 0 waits, {waits}"


def test_what_sells_out_while_others_wait_is_taken_off_sale(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.run("stock")
    for number in NUMBERS[20:25]:
        shop30.korona.sell_at_till(number, 5)
    for _ in range(2):
        assert shop30.run_later("stock").exit_code == 3
    assert available(shop30) == [5] * 20 + [0] * 5 + [5] * 5


def test_orders_are_booked_although_stock_is_stopped(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.shopify.place_order([("1030", 1)])
    assert shop30.run().exit_code == 3
    assert len(shop30.korona.receipts) == 1


def test_it_is_stopped_again_until_a_person_accepts(shop30: Shop) -> None:
    empty(shop30, 12)
    for _ in range(3):
        assert shop30.run_later("stock").exit_code == 3
    accept_stock(shop30)
    assert shop30.run_later("stock").exit_code == 0
    assert available(shop30) == [0] * 12 + [5] * 18


def test_one_more_article_that_sells_out_does_not_void_what_was_accepted(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.run("stock")
    accept_stock(shop30)
    empty(shop30, 13)
    assert shop30.run_later("stock").exit_code == 0
    assert sum(available(shop30)) == 5 * 17


def test_what_lies_outside_of_what_was_accepted_waits_by_itself(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.run("stock")
    accept_stock(shop30)
    empty(shop30, 24)
    assert shop30.run_later("stock").exit_code == 3
    assert available(shop30) == [0] * 12 + [5] * 18
    accept_stock(shop30)
    assert shop30.run_later("stock").exit_code == 0
    assert available(shop30) == [0] * 24 + [5] * 6


def test_a_few_of_what_waits_can_be_accepted_by_name(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.run("stock")
    decide.accept(shop30.settings, "stock", ("1002", "1003"))
    assert shop30.run_later("stock").exit_code == 3
    assert available(shop30) == [5, 0, 0] + [5] * 27
    with pytest.raises(ConfigurationError, match="nothing that stock stopped is about 1002"):
        decide.accept(shop30.settings, "stock", ("1002",))


def test_what_was_accepted_holds_for_one_plan(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.run("stock")
    accept_stock(shop30)
    shop30.run_later("stock")
    for number in NUMBERS[:12]:
        shop30.korona.count(number, 5)
    for _ in range(2):
        shop30.run_later("stock")
    assert set(available(shop30)) == {5}
    empty(shop30, 12)
    assert shop30.run_later("stock").exit_code == 3


def test_nothing_can_be_accepted_that_was_not_stopped(shop30: Shop) -> None:
    with pytest.raises(ConfigurationError, match="the last plan of stock was not stopped"):
        accept_stock(shop30)


def test_a_stop_that_has_passed_needs_nobody(shop30: Shop) -> None:
    empty(shop30, 12)
    shop30.run("stock")
    for number in NUMBERS[:12]:
        shop30.korona.count(number, 5)
    assert shop30.run_later("stock").exit_code == 0
    assert shop30.state.stopped == {}


# --- a list that comes back empty or far too short ---


def shorten(shop: Shop, left: int) -> None:
    """Let KORONA's stock list lose articles: untracked ones vanish from it without a word."""

    def hide(request: Request) -> None:
        hidden = request.path.endswith("/productStocks")
        for number in NUMBERS[left:]:
            shop.korona.article(number).track_inventory = not hidden

    shop.world.korona_server.before_request = hide


def read_in_full(shop: Shop) -> Ran:
    shop.later()
    return shop.run("stock", full=True)


@pytest.mark.parametrize("left", [0, 20])
def test_a_stock_list_that_comes_back_empty_or_far_too_short_is_told_and_empties_nothing(
    shop30: Shop, left: int
) -> None:
    shorten(shop30, left)
    shop30.shopify.place_order([("1030", 1)])
    shop30.shopify.set_available("1030", 5)
    ran = shop30.run("stock", full=True)
    assert ran.exit_code == 3
    assert "KORONA's stock came back empty or far shorter" in ran.results[0].errors[0].what
    assert available(shop30) == [5] * 29 + [4]


def test_a_stock_list_that_is_a_little_shorter_is_believed(shop30: Shop) -> None:
    shorten(shop30, 21)
    ran = shop30.run("stock", full=True)
    assert ran.exit_code == 1
    assert shop30.reason("stock", "1030").startswith("KORONA has no stock row for it; it was kept in step")


def test_a_list_that_is_whole_again_needs_nobody(shop30: Shop) -> None:
    shorten(shop30, 0)
    shop30.run("stock", full=True)
    shop30.world.korona_server.before_request = None
    for number in NUMBERS:
        shop30.korona.article(number).track_inventory = True
    shop30.korona.sell_at_till("1001", 1)
    assert read_in_full(shop30).exit_code == 0
    assert shop30.shopify.available("1001") == 4


def test_a_short_list_freezes_nothing_but_raising(shop30: Shop) -> None:
    shorten(shop30, 15)
    shop30.korona.sell_at_till("1001", 2)
    shop30.korona.deliver("1002", 2)
    assert shop30.run("stock", full=True).exit_code == 3
    assert available(shop30) == [3] + [5] * 29
    why = "the list of KORONA's stock came back empty or far shorter than at the last look"
    assert shop30.reason("stock", "1002") == f"kept at 5, not raised to 7: {why}"


def test_a_short_list_is_believed_when_the_next_one_agrees(shop30: Shop) -> None:
    shorten(shop30, 15)
    assert shop30.run("stock", full=True).exit_code == 3
    shop30.korona.deliver("1001", 2)
    assert read_in_full(shop30).exit_code == 1
    assert available(shop30) == [7] + [5] * 29
    assert len(shop30.state.held) == 15


def test_a_short_list_is_not_believed_when_the_next_one_is_another(shop30: Shop) -> None:
    shorten(shop30, 15)
    shop30.run("stock", full=True)
    shorten(shop30, 2)
    assert read_in_full(shop30).exit_code == 3


def shorten_list(shop: Shop, path: str, rows: list[object]) -> None:
    """Let Shopify answer a list once with a clear conscience and far too few rows."""
    body = {path.split(".")[0]: rows}
    shop.world.shopify_server.faults.append(Fault("replace_answer", "GET", path, status=200, body=body))


def test_a_level_list_that_comes_back_empty_is_told_and_sold_pieces_still_come_off_sale(
    shop30: Shop,
) -> None:
    shorten_list(shop30, "inventory_levels.json", [])
    shop30.shopify.place_order([("1029", 1), ("1030", 1)])
    shop30.shopify.set_available("1030", 5)
    shop30.korona.deliver("1001", 1)
    shop30.later(1)
    ran = shop30.run("stock", full=True)
    assert ran.exit_code == 3
    assert "Shopify's inventory levels came back empty or far shorter" in ran.results[0].errors[0].what
    assert available(shop30) == [5] * 28 + [4, 4]
    assert shop30.run_later("stock").exit_code == 0
    assert available(shop30) == [6, *[5] * 27, 4, 4]


def test_a_level_list_that_is_really_so_short_is_believed(shop30: Shop) -> None:
    for number in NUMBERS[15:]:
        shop30.shopify.unstock(number)
    assert read_in_full(shop30).exit_code == 3
    assert read_in_full(shop30).exit_code == 0
    assert shop30.reason("stock", "1030") == "not stocked at the location in Shopify"


def test_a_product_list_that_comes_back_empty_is_told(shop30: Shop) -> None:
    shorten_list(shop30, "products.json", [])
    ran = shop30.run("stock", full=True)
    assert ran.exit_code == 3
    assert "Shopify's products came back empty or far shorter" in ran.results[0].errors[0].what


def test_an_article_list_that_comes_back_far_too_short_is_told(shop30: Shop) -> None:
    def hide(request: Request) -> None:
        hidden = request.path.endswith("/products")
        for each in articles:
            if hidden:
                table.pop(each.id, None)
            else:
                table[each.id] = each

    articles = [shop30.korona.article(number) for number in NUMBERS[5:]]
    table = shop30.korona.table(Article)
    shop30.world.korona_server.before_request = hide
    ran = shop30.run("stock", full=True)
    assert ran.exit_code == 3
    assert "KORONA's articles came back empty or far shorter" in ran.results[0].errors[0].what


def test_a_few_rows_may_go_from_a_short_list_at_once(shop: Shop) -> None:
    shop.stocked("1001", 10)
    for number in ("1002", "1003"):
        shop.stocked(number, 10)
        shop.korona.deliver(number, 2, "2")
    shop.korona.deliver("1001", 2, "2")
    shop.configure(stock={"locations": [{"location": "Laden Mitte", "warehouses": ["1", "2"], "buffer": 0}]})
    shop.init()
    shop.later()
    shop.korona.set_tracking("1001", False)
    shop.korona.delete_article("1002")
    shop.shopify.unstock("1001")
    assert read_in_full(shop).exit_code == 1
    assert list(shop.state.held) == ["stock/1002"]
    assert shop.reason("stock", "1001") == "not tracked in KORONA"
    shop.korona.sell_at_till("1003", 3)
    shop.run_later("stock")
    assert shop.shopify.available("1003") == 9


def test_the_levels_of_products_that_are_gone_do_not_make_their_list_short(shop30: Shop) -> None:
    for number in NUMBERS[:12]:
        shop30.shopify.delete_product(shop30.shopify.store.variant_of(number).id)
    shop30.run("products", full=True)
    shop30.run("products", full=True)  # so many are believed to be gone when they come so twice
    ran = shop30.run("stock", full=True)
    assert [error for result in ran.results for error in result.errors] == []
