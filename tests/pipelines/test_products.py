"""Name and tracking, which fields korsync keeps, what a run costs, and a dry run that shows what is written."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

from korsync.cli import cli
from korsync.records.plan import Fate, Outcome, Ran
from korsync.sandbox.exchange import Answer, Fault, Request
from korsync.sandbox.sample import picture
from tests.support.catalogue import file_names, on_the_wire, price, sent, title, variant
from tests.support.shop import Shop

NextRun = Callable[[], Ran]


def test_a_changed_name_becomes_the_title_of_a_product_with_one_variant(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", name="Ceylon Tee")
    shop.init()
    shop.korona.rename("1001", "Ceylon Tee, lose 100 g")
    assert next_run().exit_code == 0
    assert title(shop, "1001") == "Ceylon Tee, lose 100 g"


def test_the_title_of_a_product_with_several_variants_is_the_shops_own(shop: Shop, next_run: NextRun) -> None:
    for number, name in (("1001", "Becher weiß"), ("1002", "Becher blau")):
        shop.korona.add_article(number, name, Decimal("8.90"))
    shop.shopify.add_product("Becher", [{"sku": "1001", "price": "8.90"}, {"sku": "1002", "price": "8.90"}])
    shop.init()
    shop.korona.rename("1001", "Becher schneeweiß")
    next_run()
    assert title(shop, "1001") == "Becher"


def test_several_variants_whose_articles_share_a_name_give_it_to_their_product(shop: Shop, next_run: NextRun) -> None:
    for number in ("1001", "1002"):
        shop.korona.add_article(number, "Becher", Decimal("8.90"))
    shop.shopify.add_product("Tasse", [{"sku": "1001", "price": "8.90"}, {"sku": "1002", "price": "8.90"}])
    shop.init()
    shop.shopify.rename("1001", "Humpen")
    with shop.requests() as seen:
        next_run()
    assert title(shop, "1001") == "Becher"
    assert len(seen.writes) == 1


@pytest.mark.parametrize("other", ["has no price", "has no SKU", "is no article", "has a name of its own"])
def test_a_product_is_named_after_its_articles_only_where_they_are_all_its_variants(shop: Shop, other: str) -> None:
    shop.korona.add_article("1001", "Hemd Leinen S", Decimal("8.90"))
    if other == "has no price":
        shop.korona.add_article("1002", "Hemd Leinen S")
    if other == "has a name of its own":
        shop.korona.add_article("1002", "Hemd Leinen M", Decimal("8.90"))
    sku = "" if other == "has no SKU" else "1002"
    shop.shopify.add_product("Leinenhemd", [{"sku": "1001", "price": "8.90"}, {"sku": sku, "price": "8.90"}])
    shop.init()
    shop.run("products")
    assert title(shop, "1001") == "Leinenhemd"


def test_an_empty_name_is_held_with_its_reason(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", name="Ceylon Tee")
    shop.init()
    shop.korona.rename("1001", "\x00 \n")
    for _ in range(2):
        assert next_run().exit_code == 1
        assert title(shop, "1001") == "Ceylon Tee"
    reason = "its name in KORONA is empty, Shopify has “Ceylon Tee”: enter it in KORONA"
    assert shop.held("1001").reason == reason


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("T-Shirt [/red] XL", "T-Shirt [/red] XL"),
        ("Tee \x1b[2J\x07leer", "Tee [2Jleer"),
        ("Kanne\nweiß\t1 l", "Kanne weiß 1 l"),
        ("Cafe\u0301", "Café"),
        ("<script>alert(1)</script> & Söhne", "<script>alert(1)</script> & Söhne"),
        ("\u202eeeT ‮rückwärts", "eeT rückwärts"),
        ("Familie 👨\u200d👩\u200d👧", "Familie 👨\u200d👩\u200d👧"),
        ("x" * 300, "x" * 255),
    ],
)
def test_hostile_names_arrive_as_titles_and_stay(shop: Shop, name: str, shown: str) -> None:
    shop.stocked("1001", name="Ceylon Tee")
    shop.init()
    shop.korona.rename("1001", name)
    assert shop.run_later("products").exit_code == 0
    assert title(shop, "1001") == shown
    with shop.requests() as seen:
        shop.run_later("products")
    assert seen.writes == []


def test_hostile_text_of_either_side_is_made_visible_in_the_plan(shop: Shop) -> None:
    shop.stocked("[b]1\x1b]0;x\x07", name="Ceylon Tee")
    shop.shopify.rename("[b]1\x1b]0;x\x07", "\x1b[2J[/red] alt")
    shop.init()
    shown = CliRunner().invoke(cli, ["--config", str(shop.config_path), "products", "--dry-run", "--verbose"])
    assert shown.exit_code == 0
    assert not set(shown.output) & {"\x1b", "\x07"}
    assert "[b]1\\x1b]0;x\\x07" in shown.output
    assert "\\x1b[2J[/red] alt → Ceylon Tee" in shown.output


def test_a_title_that_shopify_keeps_otherwise_is_sent_once_until_either_side_changes(shop: Shop) -> None:
    shop.shopify.store.strips_markup = True
    shop.stocked("1001", name="Tee")
    shop.init()
    shop.korona.rename("1001", "Tee <b>grün</b>")
    assert shop.run_later("products").exit_code == 0
    for _ in range(2):
        with shop.requests() as seen:
            assert shop.run_later("products").exit_code == 0
        assert seen.writes == []
    assert title(shop, "1001") == "Tee grün"
    assert "Shopify keeps its name" in shop.reason("products", "1001")
    shop.shopify.rename("1001", "Von Hand")
    shop.run_later("products")
    assert title(shop, "1001") == "Tee grün"
    shop.korona.rename("1001", "Tee <i>weiß</i>")
    shop.run_later("products")
    assert title(shop, "1001") == "Tee weiß"


def test_a_title_in_another_unicode_form_or_with_wider_blanks_is_no_difference(shop: Shop) -> None:
    shop.korona.add_article("1001", "Café  crème", Decimal("8.90"))
    shop.shopify.add_product("Cafe\u0301 crème", [{"sku": "1001", "price": "8.90"}])
    shop.init()
    with shop.requests() as seen:
        shop.run("products")
    assert seen.writes == []


def test_tracking_follows_the_article(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001")
    shop.stocked("1002")
    shop.shopify.set_tracked("1002", False)
    shop.init()
    shop.korona.set_tracking("1001", False)
    next_run()
    assert (variant(shop, "1001").tracked, variant(shop, "1002").tracked) == (False, True)


def test_pieces_that_another_service_counts_are_left_to_it(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", price="8.90")
    shop.shopify.set_tracked("1001", False)

    def count_elsewhere(request: Request, answer: Answer) -> None:
        if request.path.endswith("/products.json"):
            for each in (each for row in answer.body["products"] for each in row["variants"]):
                each["inventory_management"] = "a-warehouse-service"

    shop.world.shopify_server.after_request = count_elsewhere
    shop.init()
    with shop.requests() as seen:
        next_run()
    assert seen.writes == []
    assert "another service" in shop.reason("products", "1001")


@pytest.mark.parametrize("tracked", [True, False])
def test_where_korona_does_not_say_whether_it_counts_the_shop_is_left_as_it_is(
    shop: Shop, next_run: NextRun, tracked: bool
) -> None:
    shop.stocked("1001", price="8.90")
    shop.shopify.set_tracked("1001", tracked)

    def say_nothing(request: Request, answer: Answer) -> None:
        if request.path.endswith("/products") and answer.body:
            for row in answer.body["results"]:
                del row["trackInventory"]

    shop.world.korona_server.after_request = say_nothing
    shop.init()
    with shop.requests() as seen:
        assert next_run().exit_code == 0
    assert seen.writes == []
    assert variant(shop, "1001").tracked is tracked


def test_values_edited_by_hand_in_the_shop_are_set_back(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", name="Ceylon Tee", price="8.90")
    shop.init()
    shop.run("products")
    shop.later(60)
    shop.shopify.rename("1001", "Sonderposten")
    shop.shopify.set_price("1001", "7.90")
    shop.shopify.set_tracked("1001", False)
    next_run()
    assert (title(shop, "1001"), price(shop, "1001"), variant(shop, "1001").tracked) == ("Ceylon Tee", "8.90", True)


@pytest.mark.parametrize("status", ["draft", "archived", "unlisted"])
def test_products_that_nobody_sees_are_kept_in_step_like_others(shop: Shop, next_run: NextRun, status: Any) -> None:
    shop.stocked("1001", price="8.90")
    shop.shopify.set_status("1001", status)
    shop.init()
    shop.korona.change_price("1001", Decimal("9.90"))
    shop.korona.rename("1001", "Neu")
    next_run()
    assert (price(shop, "1001"), title(shop, "1001")) == ("9.90", "Neu")


@pytest.mark.parametrize("kept", [[], ["title"], ["price"], ["tracked"], ["image"], ["title", "image"]])
def test_each_field_can_be_left_to_the_shop(shop: Shop, next_run: NextRun, kept: list[str]) -> None:
    shop.configure(products={"fields": kept})
    shop.stocked("1001", name="Ceylon Tee", price="8.90", image=picture(1))
    shop.init()
    shop.korona.rename("1001", "Neu")
    shop.korona.change_price("1001", Decimal("9.90"))
    shop.korona.set_tracking("1001", False)
    with shop.requests() as seen:
        next_run()
    assert (title(shop, "1001") == "Neu") is ("title" in kept)
    assert (price(shop, "1001") == "9.90") is ("price" in kept)
    assert (not variant(shop, "1001").tracked) is ("tracked" in kept)
    assert bool(file_names(shop, "1001")) is ("image" in kept)
    assert len(seen.writes) == len(kept)
    assert (seen.count("GET", "/images") > 0) is ("image" in kept)


def test_no_product_put_carries_variants_or_images(shop: Shop) -> None:
    shop.stocked("1001", name="Ceylon Tee")
    shop.init()
    shop.korona.rename("1001", "Neu")
    with shop.requests() as seen:
        shop.run_later("products")
    puts = [each.json() for each in seen.writes if "/products/" in each.path]
    assert [set(each["product"]) for each in puts] == [{"id", "title"}]


def test_an_idle_run_of_products_asks_each_side_once(shop: Shop) -> None:
    for number in range(1001, 1031):
        shop.stocked(str(number), image=picture(number) if number % 10 == 0 else None)
    shop.init()
    shop.run("products")
    shop.run_later("products")
    with shop.requests() as seen:
        shop.run_later("products")
    assert (len(seen.korona), len(seen.shopify)) == (1, 1)
    assert seen.writes == []


def test_many_products_saved_at_once_are_not_read_in_every_run_that_follows(shop: Shop) -> None:
    for number in range(1001, 1301):
        shop.stocked(str(number))
    shop.init()
    shop.run_later("products")
    with shop.requests() as seen:
        shop.run_later("products")
    assert len(seen.shopify) == 1


def test_a_product_that_shopify_lists_late_is_not_missed(shop: Shop) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.run_later("products", minutes=60)
    shop.shopify.set_price("1001", "7.90")

    def list_late(request: Request, answer: Answer) -> None:
        if request.path.endswith("/products.json"):
            answer.body["products"].clear()

    shop.world.shopify_server.after_request = list_late
    shop.run_later("products", minutes=11)
    shop.world.shopify_server.after_request = None
    shop.run_later("products", minutes=3)
    assert price(shop, "1001") == "8.90"


def test_n_changed_prices_cost_n_puts(shop: Shop) -> None:
    numbers = [str(number) for number in range(1001, 1041)]
    for number in numbers:
        shop.stocked(number, price="8.90")
    shop.init()
    shop.run("products")
    shop.run_later("products")
    shop.later()
    for number in numbers[:9]:
        shop.korona.change_price(number, Decimal("9.10"))
    with shop.requests() as seen:
        shop.run("products")
    assert [each.method for each in seen.writes] == ["PUT"] * 9
    assert (len(seen.korona), len(seen.shopify)) == (3, 1 + 9)


def test_a_dry_run_shows_the_writes_of_the_run_after_it_one_by_one(shop: Shop) -> None:
    for number in ("1001", "1002", "1003", "1004"):
        shop.stocked(number, image=picture(int(number)))
    shop.korona.add_article("2001", "Becher", Decimal("5.00"), image=picture(1))
    shop.korona.add_article("2002", "Becher", Decimal("5.50"), image=picture(1))
    shop.shopify.add_product("Tasse", [{"sku": "2001", "price": "5.00"}, {"sku": "2002", "price": "5.00"}])
    shop.init()
    shop.korona.rename("1001", "Neu")
    shop.korona.change_price("1002", Decimal("9.90"))
    shop.korona.set_tracking("1003", False)
    before = shop.settings.state_path.read_bytes(), shop.settings.cache_path.read_bytes()
    with shop.requests() as seen:
        shop.run("products", dry=True)
    planned = [on_the_wire(change) for change in shop.changes("products")]
    assert {each.method for each in seen.everything} == {"GET"}
    assert (shop.settings.state_path.read_bytes(), shop.settings.cache_path.read_bytes()) == before
    with shop.requests() as seen:
        shop.run("products")
    assert len(planned) == 1 + 2 + 1 + 5 + 1
    # What is on its way at once may arrive in any order.
    assert sorted(planned, key=str) == sorted((sent(each) for each in seen.writes), key=str)
    assert shop.run("products", dry=True).has_changes is False


def test_a_write_that_is_answered_200_but_changes_nothing_is_held(shop: Shop) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.change_price("1001", Decimal("9.90"))
    unchanged = {"variant": {"id": variant(shop, "1001").id, "price": "8.90"}}
    fault = Fault("status", "PUT", "/variants/", status=200, body=unchanged)
    shop.world.shopify_server.faults.append(fault)
    assert shop.run_later("products").exit_code == 1
    assert "8.90" in shop.held("1001").reason
    assert shop.run_later("products").exit_code == 0
    assert (price(shop, "1001"), shop.state.held) == ("9.90", {})


def test_a_refused_change_holds_its_item_although_others_of_it_were_taken(shop: Shop) -> None:
    shop.stocked("1001", name="Ceylon Tee", price="8.90")
    shop.init()
    shop.korona.rename("1001", "Neu")
    shop.korona.change_price("1001", Decimal("9.90"))
    shop.korona.set_tracking("1001", False)
    shop.world.shopify_server.faults.append(
        Fault("status", "PUT", "/variants/", status=422, body={"errors": {"price": ["is odd"]}})
    )
    assert shop.run_later("products").exit_code == 1
    assert [each.outcome for each in shop.watched.pushed] == [Outcome.DONE, Outcome.REJECTED, Outcome.DONE]
    assert "is odd" in shop.held("1001").reason
    held_since = shop.held("1001").since
    shop.world.shopify_server.faults.append(
        Fault("status", "PUT", "/variants/", status=422, body={"errors": {"price": ["is odd"]}})
    )
    shop.run_later("products")
    assert shop.held("1001").since == held_since
    assert shop.run_later("products").exit_code == 0
    assert (shop.state.held, price(shop, "1001")) == ({}, "9.90")


@pytest.mark.parametrize("action", ["lose_answer", "truncate", "lose_request"])
def test_a_price_whose_answer_is_lost_is_read_again_and_arrives(shop: Shop, action: Any) -> None:
    shop.stocked("1001", price="8.90")
    shop.init()
    shop.korona.change_price("1001", Decimal("9.90"))
    shop.world.shopify_server.faults.append(Fault(action, "PUT", "/variants/"))
    assert shop.run_later("products").exit_code == 0
    assert price(shop, "1001") == "9.90"


def test_left_by_rule_never_makes_a_run_fail(shop: Shop) -> None:
    shop.korona.add_article("1001", "Ohne Preis")
    shop.shopify.add_product("Ohne Preis", [{"sku": "1001"}])
    shop.shopify.add_product("Nur online", [{"sku": "ONLINE-1"}])
    shop.init()
    assert shop.run("products").exit_code == 0
    assert {skip.key for skip in shop.skips("products", Fate.LEFT)} == {"1001", "ONLINE-1"}
