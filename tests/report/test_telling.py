"""What a run tells and to whom: one line, JSON, or with --quiet only trouble and what is news; and its exit code."""

import json
from decimal import Decimal

import pytest

from korsync.sandbox.server import Fault
from tests.support.shop import Shop
from tests.support.typed import Korsync, a_shop_with_work_to_do, an_order_that_cannot_be_booked


def test_the_exit_code_for_changes_hides_held_items_but_no_trouble(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.shopify.place_order([("X-1", 1)])
    assert korsync("run", "--dry-run").code == 1
    assert korsync("run", "--dry-run", "--exit-code").code == 10
    shop.configure(korona={"price_list": "Shopfy"})
    assert korsync("run", "--dry-run", "--exit-code").code == 2


def test_a_dry_run_in_json_is_one_object_and_nothing_else(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.korona.change_price("1002", Decimal("80.00"))
    said = korsync("run", "--dry-run", "--output", "json")
    told = json.loads(said.out)
    assert said.err == ""
    assert told["exit_code"] == said.code == 3
    assert [bool(each["changes"]) for each in told["pipelines"]] == [True, True, False, True]
    assert all(each["dry_run"] for each in told["pipelines"])


def test_away_from_a_terminal_a_run_prints_one_line_when_something_changed(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    said = korsync("run")
    assert said.code == 0
    assert len(said.out.splitlines()) == 1
    assert "stock 1 written; orders 1 written; products 1 written" in said.out
    shop.later()
    idle = korsync("run")
    assert (idle.code, idle.out, idle.err) == (0, "", "")


def test_json_output_is_one_object_for_programs(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    said = korsync("run", "--output", "json")
    told = json.loads(said.out)
    assert told["exit_code"] == 0
    assert [each["pipeline"] for each in told["pipelines"]] == ["stock", "orders", "refunds", "products"]
    products = told["pipelines"][3]
    assert products["changes"] == [
        {"key": "1002", "new": False, "edits": [{"field": "price", "before": "8.00", "after": "8.90"}]}
    ]
    assert products["written"] == [{"key": "1002", "outcome": "done", "message": ""}]


def test_held_items_end_a_run_with_1_and_are_named_in_each(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("X-1", 1)])
    for _ in range(2):
        said = korsync("run")
        assert said.code == 1
        assert "#1001" in said.out
        assert "X-1 is not an article in KORONA" in said.out
        shop.later()
    status = korsync("status")
    assert status.code == 1
    assert "1 item held" in status.out
    assert "X-1 is not an article in KORONA" in status.out


def test_quiet_names_held_items_when_they_are_news_and_once_a_day(shop: Shop, korsync: Korsync) -> None:
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    shop.shopify.place_order([("X-1", 1)])
    first = korsync("orders", "--quiet")
    shop.later()
    second = korsync("orders", "--quiet")
    shop.later(24 * 60)
    next_day = korsync("orders", "--quiet")
    assert [each.code for each in (first, second, next_day)] == [1, 1, 1]
    assert "X-1" in first.err
    assert second.out + second.err == ""
    assert "X-1" in next_day.err


@pytest.mark.parametrize("runs_between", [0, 1])
def test_quiet_names_an_item_again_that_was_settled_and_is_held_again(
    shop: Shop, korsync: Korsync, runs_between: int
) -> None:
    an_order_that_cannot_be_booked(shop)
    assert "X-1" in korsync("orders", "--quiet").err
    korsync("ignore", "1001")
    for _ in range(runs_between):
        shop.later(1)
        said = korsync("orders", "--quiet")
        assert (said.code, said.out + said.err) == (0, "")
    korsync("retry", "1001")
    shop.later(1)
    again = korsync("orders", "--quiet")
    assert again.code == 1
    assert "X-1" in again.err
    shop.later(1)
    assert korsync("orders", "--quiet").err == ""


def test_quiet_names_an_item_again_that_was_written_and_is_refused_again(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    told: list[bool] = []
    for refused in (True, False, True):
        shop.later()
        shop.korona.sell_at_till("1001", 1)
        if refused:
            refusal = Fault("status", "POST", "adjust", status=422, body={"errors": ["not tracked"]})
            shop.world.shopify_server.faults.append(refusal)
        told.append("not tracked" in korsync("stock", "--quiet").err)
    assert told == [True, False, True]


def test_a_dry_run_does_not_take_the_news_of_held_items_from_the_next_run(shop: Shop, korsync: Korsync) -> None:
    an_order_that_cannot_be_booked(shop)
    korsync("run")
    shop.later(24 * 60)
    before = shop.settings.state_path.read_bytes()
    korsync("run", "--dry-run")
    assert shop.settings.state_path.read_bytes() == before
    assert "X-1" in korsync("run", "--quiet").err


def test_a_pipeline_that_has_nothing_to_do_with_a_held_item_ends_with_1_all_the_same(
    shop: Shop, korsync: Korsync
) -> None:
    an_order_that_cannot_be_booked(shop)
    korsync("run")
    shop.later()
    said = korsync("products")
    assert said.code == 1
    assert "1 item held" in said.out
    assert shop.state.runs[-1].exit_code == 1
    assert korsync("products", "--dry-run").code == 0


def test_a_lost_answer_is_said_at_once_but_with_quiet_only_when_it_has_lasted(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.world.shopify_server.faults.append(Fault("lose_answer", "POST", "adjust", times=9))
    assert "stock 1 outcome unknown" in korsync("stock").out
    assert korsync("stock", "--quiet").err == ""
    for _ in range(6):
        shop.later()
        shop.korona.sell_at_till("1002", 1)
        said = korsync("stock", "--quiet")
        assert said.code == 5
        if said.err:
            break
    assert "an answer was lost" in said.err
    assert "1002" in said.err


def test_a_mail_speaks_of_the_shop_s_own_time_wherever_it_is_made(shop: Shop, korsync: Korsync) -> None:
    an_order_that_cannot_be_booked(shop)
    said = korsync("run", "--quiet")
    assert said.err.splitlines()[0] == "korsync run, sandbox-shop.myshopify.com, 2026-11-23 10:05"
    shop.korona.add_article("X-1", "Nur online", Decimal("5.00"), stock=5)
    shop.later()
    assert "is held no more, after 20 min (since 2026-11-23 10:05)" in korsync("run", "--quiet").err


def test_a_quiet_run_with_trouble_says_nothing_of_what_went_well(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(korona={"price_list": "Shopfy"})
    said = korsync("run", "--quiet")
    assert said.code == 2
    assert [line for line in said.err.splitlines() if line.startswith("korsync:")] == [
        "korsync: KORONA has no price list “Shopfy”"
    ]


def test_a_quiet_dry_run_says_what_was_refused(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.configure(korona={"password": "wrong"})
    said = korsync("run", "--dry-run", "--quiet")
    assert said.code == 4
    assert "KORONA" in said.err
    assert len([line for line in said.err.splitlines() if line.startswith("korsync:")]) == 1


def test_a_plan_stopped_for_safety_is_said_once_whoever_looks(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.korona.change_price("1002", Decimal("80.00"))
    for words in (("--dry-run",), ("--dry-run", "--quiet"), ("--quiet",), ()):
        said = korsync("products", *words)
        assert said.code == 3
        assert said.err.count("korsync: products: the price of 1002 would go from 8.00 to 80.00") == 1
    again = korsync("products", "--quiet")
    assert (again.code, again.out, again.err) == (3, "", "")


def test_another_api_version_is_remarked_also_in_json_and_with_quiet_once_a_day(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.shopify.answering_version = "2027-04"
    remark = "Shopify answered with API version 2027-04, 2026-10 was asked for: see shopify.api_version"
    assert korsync("run").err == f"note: {remark}\n"
    assert json.loads(korsync("run", "--output", "json").out)["remarks"] == [remark]
    assert korsync("run", "--quiet").err == ""
    shop.later(24 * 60)
    assert f"note: {remark} (since 2026-11-23" in korsync("run", "--quiet").err
    assert korsync("run", "--quiet").err == ""


def test_a_missing_scope_is_mailed_once_and_once_when_it_is_given_back(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.shopify.scopes.discard("read_orders")
    mails = []
    for given_back in (False, False, False, True, True):
        if given_back:
            shop.shopify.scopes.add("read_orders")
        mails.append(korsync("run", "--quiet").err)
        shop.later()
    assert mails[0].count("approval for read_orders scope") == 1
    assert "X-Request-Id" in mails[0]
    assert mails[1:3] == ["", ""]
    assert mails[3].count("over: Shopify: answered 403: [API] This action requires merchant approval") == 1
    assert "for read_orders scope, after 1 h (since 2026-11-23 10:10)" in mails[3]
    assert mails[4] == ""


def test_a_missing_scope_that_several_pipelines_meet_is_told_once_whoever_asks(shop: Shop, korsync: Korsync) -> None:
    a_shop_with_work_to_do(shop)
    shop.shopify.scopes.discard("read_orders")
    for words in (("run",), ("run", "--dry-run"), ("check",), ("explain", "1001")):
        assert korsync(*words).err.count("read_orders") == 1
    for words in (("run",), ("check",), ("explain", "1001")):
        (error,) = json.loads(korsync(*words, "--output", "json").out)["errors"]
        assert "read_orders" in error["what"]


def test_a_remark_cannot_command_the_terminal(shop: Shop, korsync: Korsync) -> None:
    shop.init()
    shop.shopify.answering_version = "2027-04\x9b2J"
    assert "API version 2027-04\\x9b2J" in korsync("products").err


def test_a_cache_that_cannot_be_used_is_remarked_but_not_with_quiet(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    for words, told in ((("run",), True), (("run", "--quiet"), False)):
        shop.settings.cache_path.write_text("{")
        said = korsync(*words)
        assert said.code == 0
        assert ("note: the cache" in said.err) is told


@pytest.mark.parametrize("words", [("run", "--quiet"), ("run", "--quiet", "--verbose")])
def test_with_quiet_what_is_told_only_once_is_told_all_the_same(
    shop: Shop, korsync: Korsync, words: tuple[str, ...]
) -> None:
    shop.stocked("1001")
    shop.shopify.add_product("Nur online", [{"sku": "X-1", "available": 5}])
    shop.init()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.run()
    shop.later()
    shop.shopify.refund_order(order, {order.lines[0].id: 1}, restock_type="no_restock")
    first = korsync(*words)
    assert "not restocked" in first.err
    assert "#1001" in first.err
    assert "X-1" not in first.err
    shop.later()
    again = korsync(*words)
    assert (again.code, again.out, again.err) == (0, "", "")


def test_a_cancelled_order_and_a_test_order_fill_no_mailbox(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    shop.shopify.cancel_order(shop.shopify.place_order([("1001", 2)]))
    shop.shopify.place_order([("1001", 1)], test=True)
    assert korsync("run", "--quiet").err == ""
    shop.later(5)
    shop.shopify.cancel_order(shop.shopify.place_order([("1001", 2)]))
    assert "cancelled before it was booked: #1003" in korsync("run").out


def test_what_is_told_only_once_stands_in_a_dry_run_and_in_json_once(shop: Shop, korsync: Korsync) -> None:
    shop.stocked("1001")
    shop.init()
    shop.later(5)
    order = shop.shopify.place_order([("1001", 2)])
    shop.shopify.cancel_order(order, restock=False)
    assert korsync("orders", "--dry-run").out.count("#1001") == 1
    said = korsync("orders", "--output", "json")
    assert [each["key"] for each in json.loads(said.out)["pipelines"][0]["skips"]] == ["#1001"]
    assert said.err == ""
