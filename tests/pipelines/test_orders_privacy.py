"""Nothing about a person is asked for, sent, kept or printed: the sandbox's orders are full of canaries."""

import json
import sys
from decimal import Decimal

import pytest
from click.testing import CliRunner

from korsync.__main__ import main
from korsync.cli import cli
from korsync.pipelines import orders
from korsync.sandbox.exchange import Action, Fault
from korsync.sandbox.shopify.line_wire import CANARY
from korsync.sandbox.shopify.order_wire import order_json
from korsync.sandbox.shopify.sales import Order
from tests.support.shop import Shop
from tests.support.webshop import assert_nothing_personal, booked

ASKED = {
    *("id", "name", "order_number", "created_at", "updated_at", "cancelled_at", "closed_at", "test"),
    *("currency", "taxes_included"),
    *("total_price", "total_price_set", "current_total_price", "current_total_price_set", "processed_at"),
    *("fulfillment_status", "payment_gateway_names", "duties_included"),
    *("line_items", "shipping_lines", "tax_lines", "additional_fees", "original_total_additional_fees_set", "refunds"),
}


@pytest.fixture
def order(shop: Shop) -> Order:
    shop.stocked("1001", 100)
    shop.init()
    return shop.shopify.place_order(
        [("1001", 2), ({"title": "Gravur", "price": "5.00", "tax": "19"}, 1)],
        shipping=Decimal("4.90"),
        gateways=[("gift_card", Decimal("3.00")), "paypal"],
    )


def korsync(shop: Shop, *arguments: str) -> str:
    """Run a command as typed and return everything that it printed."""
    result = CliRunner().invoke(cli, ["--config", str(shop.config_path), *arguments])
    return result.output + (repr(result.exception) if result.exception else "")


def test_the_canaries_are_where_a_real_order_tells_of_a_person(shop: Shop, order: Order) -> None:
    row = order_json(shop.shopify.store, order)
    full_of_them = {name for name, value in row.items() if CANARY in json.dumps(value, default=str)}
    assert {"customer", "billing_address", "shipping_address", "email", "phone", "note"} <= full_of_them
    assert {"line_items", "shipping_lines"} <= full_of_them & ASKED


@pytest.mark.usefixtures("order")
def test_only_what_a_receipt_needs_is_asked_for(shop: Shop) -> None:
    with shop.requests() as seen:
        shop.run()
    lists = [each for each in seen.shopify if each.path.endswith("orders.json")]
    assert lists
    for each in lists:
        assert set(each.query["fields"][0].split(",")) == ASKED


def test_a_whole_life_of_an_order_leaves_no_trace_of_its_buyer(shop: Shop, order: Order) -> None:
    printed = [korsync(shop, "orders", "--dry-run", "--verbose"), korsync(shop, "run", "--verbose")]
    assert booked(shop) == ["1001"]
    shop.shopify.edit_order(order, more={"1001": 1})
    shop.shopify.add_product("Ware 7777", [{"sku": "7777", "available": 5}])
    shop.shopify.place_order([("7777", 1)])
    shop.shopify.cancel_order(shop.shopify.place_order([("1001", 1)]))
    shop.later()
    printed += [korsync(shop, "run", "--output", "json"), korsync(shop, "status"), korsync(shop, "ignore", "1002")]
    shop.shopify.refund_order(order, {"1001": 1}, shipping=True)
    for _ in range(3):
        shop.later()
        printed.append(korsync(shop, "run", "--verbose", "--full"))
    printed += [korsync(shop, "explain", "1001"), korsync(shop, "check"), korsync(shop, "log", "#1001")]
    printed += [
        korsync(shop, command, *words, "--output", "json") for command, *words in (["explain", "1001"], ["check"])
    ]
    assert len(shop.korona.receipts) == 3
    assert "Gravur" in "".join(printed[-5:])
    assert "7777" in "".join(printed)
    assert_nothing_personal(shop, "".join(printed))


@pytest.mark.parametrize(
    ("field", "exit_code"),
    [("total_price", 1), ("payment_gateway_names", 1), ("created_at", 1), ("line_items", 1), ("refunds", 1)],
)
def test_an_answer_that_cannot_be_read_is_not_quoted(shop: Shop, order: Order, field: str, exit_code: int) -> None:
    row = order_json(shop.shopify.store, order) | {field: f"{CANARY}-IN-A-WRONG-PLACE", "total_price_set": None}
    fault = Fault("replace_answer", "GET", "orders.json", times=100, status=200, body={"orders": [row]})
    shop.world.shopify_server.faults.append(fault)
    ran = shop.run("orders")
    assert ran.exit_code == exit_code
    said = [error.what + error.remedy for error in ran.results[0].errors]
    assert_nothing_personal(shop, repr([*said, *(each.reason for each in ran.state.held.values())]))


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize("action", ["truncate", "lose_answer", "html"])
def test_an_answer_that_breaks_off_is_not_quoted(shop: Shop, action: Action) -> None:
    fault = Fault(action, "GET", "orders.json", times=100)
    shop.world.shopify_server.faults.append(fault)
    ran = shop.run("orders")
    assert ran.exit_code == 5
    assert_nothing_personal(shop, repr([error.what + error.remedy for error in ran.results[0].errors]))


@pytest.mark.usefixtures("order")
def test_a_bug_leaves_no_trace_of_a_buyer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(orders, "sale_receipt", broken)
    monkeypatch.setattr(sys, "argv", ["korsync", "--config", str(shop.config_path), "orders"])
    monkeypatch.setenv("KORSYNC_CONFIG", str(shop.config_path))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 70
    assert list(shop.folder.glob("korsync-bug-*.txt"))
    assert_nothing_personal(shop, "".join(capsys.readouterr()))
