"""Orders edited after they were booked: what was added becomes a receipt of its own, once, and is safe until then."""

from decimal import Decimal
from typing import Any

import pytest

from korsync.commands import decide
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Receipt
from korsync.sandbox.shopify.sales import Discount, Order
from tests.pipelines.test_posting import misfortune
from tests.support.booked import BOOKING, lines, payments
from tests.support.shop import Shop
from tests.support.webshop import held, on_sale

MONTH = 31 * 24 * 60


@pytest.fixture
def order(shop: Shop) -> Order:
    """An order of two pieces, booked and settled."""
    on_sale(shop, "1001", "8.90", pieces=100)
    on_sale(shop, "1002", "5.00", tax="7", pieces=100)
    shop.init()
    placed = shop.shopify.place_order([("1001", 2)])
    assert shop.run().exit_code == 0
    shop.later()
    return placed


def edits(shop: Shop, order: Order) -> list[Receipt]:
    """Return the receipts of what edits added, in the order of their booking."""
    return [each for each in shop.korona.receipts if (each.key or "").startswith(f"edit/{order.id}/")]


def in_step(shop: Shop, first: int, second: int) -> None:
    """Both sides have so many pieces of both articles."""
    for number, pieces in (("1001", first), ("1002", second)):
        assert shop.korona.stock_of(number) == shop.shopify.available(number) == pieces


# --- booked ---


@pytest.mark.parametrize(
    ("edit", "rows", "total"),
    [
        ({"more": {"1001": 1}}, [("1001", 1, "8.90")], "8.90"),
        ({"add": [("1002", 3)]}, [("1002", 3, "15.00")], "15.00"),
        ({"more": {"1001": 2}, "add": [("1002", 1)]}, [("1001", 2, "17.80"), ("1002", 1, "5.00")], "22.80"),
    ],
)
@pytest.mark.parametrize("follows", [False, True])
def test_what_an_edit_adds_is_booked_once_as_a_receipt_of_its_own(
    shop: Shop, order: Order, edit: dict[str, Any], rows: list[tuple[str, int, str]], total: str, follows: bool
) -> None:
    shop.shopify.store.totals_follow_edits = shop.shopify.store.quantity_follows_edits = follows
    shop.shopify.edit_order(order, **edit)
    for _ in range(3):
        assert shop.run().exit_code == 0
        shop.later()
    (receipt,) = edits(shop, order)
    assert (receipt.key, receipt.order_number) == (f"edit/{order.id}/1", "1001")
    assert lines(shop, receipt) == rows
    assert receipt.gross == sum((Decimal(each) for _, each in payments(shop, receipt)), Decimal(0)) == Decimal(total)
    gone = {number: pieces for number, pieces, _ in rows}
    in_step(shop, 98 - gone.get("1001", 0), 100 - gone.get("1002", 0))


def test_the_number_of_an_edits_receipt_is_digits_of_its_own(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, more={"1001": 1})
    shop.run()
    (receipt,) = edits(shop, order)
    assert receipt.number == f"{order.id}1"


def test_each_edit_becomes_a_receipt_of_its_own(shop: Shop, order: Order) -> None:
    for number in (1, 2, 3):
        shop.shopify.edit_order(order, more={"1001": 1})
        assert shop.run().exit_code == 0
        assert [each.key for each in edits(shop, order)] == [f"edit/{order.id}/{each}" for each in range(1, number + 1)]
        shop.later()
    shop.run_later()
    in_step(shop, 95, 100)


def test_an_edit_of_a_discounted_line_books_what_the_line_has_more_than_before(shop: Shop) -> None:
    on_sale(shop, "1001", "8.90", pieces=100)
    shop.init()
    order = shop.shopify.place_order([("1001", 2)], discounts=[Discount(Decimal(5), percentage=False)])
    shop.run()
    shop.later()
    shop.shopify.edit_order(order, more={"1001": 1})
    assert shop.run().exit_code == 0
    (receipt,) = edits(shop, order)
    assert [line[:2] for line in lines(shop, receipt)] == [("1001", 1)]
    assert sum((each.gross for each in shop.korona.receipts), Decimal(0)) == Decimal("21.70")


def test_an_edit_and_a_refund_in_one_run_are_both_booked(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, add=[("1002", 2)])
    shop.shopify.refund_order(order, {"1001": 1})
    for _ in range(3):
        assert shop.run().exit_code == 0
        shop.later()
    assert len(shop.korona.receipts) == 3
    in_step(shop, 99, 98)


@pytest.mark.parametrize("runs_between", [0, 2])
def test_an_edit_taken_back_leaves_nothing_held_and_both_sides_in_step(
    shop: Shop, order: Order, runs_between: int
) -> None:
    shop.shopify.edit_order(order, add=[("1002", 3)], more={"1001": 1})
    for _ in range(runs_between):
        shop.run_later()
    shop.shopify.edit_order(order, fewer={"1002": 3, "1001": 1})
    for _ in range(4):
        shop.run_later()
    assert shop.state.held == {}
    in_step(shop, 98, 100)


def test_an_edit_that_only_takes_out_is_a_return(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, fewer={"1001": 1})
    for _ in range(3):
        assert shop.run_later().exit_code == 0
    assert edits(shop, order) == []
    in_step(shop, 99, 100)


# --- exactly once ---


@pytest.mark.parametrize("action", ["lose_answer", "lose_request"])
def test_an_edit_whose_answer_is_lost_is_booked_once(shop: Shop, order: Order, action: Any) -> None:
    shop.shopify.edit_order(order, more={"1001": 3})
    misfortune(shop, Fault(action))
    assert shop.run().exit_code == 5
    for _ in range(4):
        shop.run_later()
    assert [each.key for each in edits(shop, order)] == [f"edit/{order.id}/1"]
    in_step(shop, 95, 100)


def test_after_a_lost_state_adopt_finds_what_edits_added(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, more={"1001": 3})
    shop.run()
    shop.later()
    shop.settings.state_path.unlink()
    shop.init(adopts=True)
    for _ in range(3):
        assert shop.run_later().exit_code == 0
    assert len(shop.korona.receipts) == 2
    in_step(shop, 95, 100)


def test_the_pieces_that_an_edit_added_are_safe_before_they_are_booked(shop: Shop, order: Order) -> None:
    shop.korona.booking_delay = shop.korona.queue_delay
    shop.shopify.edit_order(order, more={"1001": 3}, add=[("1002", 4)])
    for _ in range(3):
        shop.run_later("stock")
    assert (shop.shopify.available("1001"), shop.shopify.available("1002")) == (95, 96)


def test_an_order_first_seen_after_it_was_edited_is_booked_whole(shop: Shop) -> None:
    on_sale(shop, "1001", "8.90")
    shop.init()
    order = shop.shopify.place_order([("1001", 1)])
    shop.shopify.edit_order(order, more={"1001": 2})
    assert shop.run().exit_code == 0
    (receipt,) = shop.korona.receipts
    assert lines(shop, receipt) == [("1001", 3, "26.70")]


# --- held, and settled by a person ---


@pytest.fixture
def unknown(shop: Shop, order: Order) -> Order:
    """The order with three pieces added of a product that KORONA does not have."""
    shop.shopify.add_product("Only in Shopify", [{"sku": "8888"}])
    shop.shopify.edit_order(order, add=[("8888", 3)])
    assert shop.run("orders").exit_code == 1
    return order


def test_what_cannot_be_booked_of_an_edit_is_held_with_the_pieces_and_the_way_out(shop: Shop, unknown: Order) -> None:
    assert edits(shop, unknown) == []
    reason = held(shop)["1001"]
    assert reason.startswith("edited after it was booked: 3 × 8888 more; SKU 8888 is not an article in KORONA")
    assert reason.endswith("book that by hand in KORONA, then `korsync ignore 1001`")


def test_a_held_edit_blocks_no_other_order(shop: Shop, unknown: Order) -> None:
    other = shop.shopify.place_order([("1002", 1)])
    assert shop.run("orders").exit_code == 1
    assert shop.state.orders[other.id].is_booked
    assert not shop.state.orders[unknown.id].edits


def test_a_held_edit_is_remembered_for_months(shop: Shop, unknown: Order) -> None:
    for _ in range(3):
        assert shop.run_later(minutes=MONTH).exit_code == 1
    assert list(held(shop)) == ["1001"]
    assert unknown.id in shop.state.orders


@pytest.mark.usefixtures("unknown")
def test_a_person_books_an_edit_by_hand_and_has_it_ignored(shop: Shop) -> None:
    decide.ignore(shop.settings, "1001")
    for _ in range(3):
        assert shop.run_later().exit_code == 0
    assert shop.state.held == {}


def test_what_is_added_after_an_edit_was_settled_by_hand_is_a_matter_of_its_own(shop: Shop, unknown: Order) -> None:
    decide.ignore(shop.settings, "1001")
    shop.run_later()
    shop.shopify.edit_order(unknown, more={"1001": 5})
    for _ in range(3):
        assert shop.run_later().exit_code == 1
    assert "5 × 1001 more; booked are" in held(shop)["1001"]
    assert shop.shopify.available("1001") == 93


def test_ignoring_an_edited_order_never_lets_a_level_rise_above_the_truth(shop: Shop, order: Order) -> None:
    shop.shopify.add_product("Only in Shopify", [{"sku": "8888"}])
    shop.shopify.edit_order(order, add=[("8888", 1)], more={"1001": 3})
    shop.run()
    shop.korona.sell_at_till("1001", 3)  # booked by hand
    decide.ignore(shop.settings, "1001")
    for _ in range(3):
        shop.run_later()
        assert shop.shopify.available("1001") <= 95
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 95


# --- other money for the same pieces ---


def remove_shipping(shop: Shop, order: Order) -> None:
    shop.shopify.remove_shipping(order)


def take_ten_percent_off(shop: Shop, order: Order) -> None:
    shop.shopify.edit_order(order, discounts=[Discount(Decimal(10), percentage=True)])


def tax_it_otherwise(shop: Shop, order: Order) -> None:
    shop.shopify.change_taxes(order, {Decimal(19): Decimal(7)})


@pytest.mark.parametrize("change", [remove_shipping, take_ten_percent_off, tax_it_otherwise])
def test_money_that_changes_after_the_booking_is_held_with_both_figures(shop: Shop, change: Any) -> None:
    on_sale(shop, "1001", "8.90")
    shop.init()
    order = shop.shopify.place_order([("1001", 2)], shipping=Decimal("4.90"))
    assert shop.run().exit_code == 0
    shop.later()
    change(shop, order)
    for _ in range(2):
        assert shop.run().exit_code == 1
        shop.later()
    reason = held(shop)["1001"]
    assert reason.startswith("changed after it was booked: booked are 22.70 with 3.62 tax, Shopify says ")
    assert reason.endswith("correct that by hand in KORONA, then `korsync ignore 1001`")
    decide.ignore(shop.settings, "1001")
    for _ in range(2):
        assert shop.run().exit_code == 0
        shop.later()
    assert len(shop.korona.receipts) == 1


def test_money_that_changes_again_after_it_was_settled_is_held_again(shop: Shop) -> None:
    on_sale(shop, "1001", "8.90")
    shop.init()
    order = shop.shopify.place_order([("1001", 2)], shipping=Decimal("4.90"))
    shop.run()
    shop.later()
    remove_shipping(shop, order)
    shop.run()
    decide.ignore(shop.settings, "1001")
    tax_it_otherwise(shop, order)
    assert shop.run_later().exit_code == 1
    assert "17.80" in held(shop)["1001"]


def test_money_that_is_again_what_was_booked_is_held_no_more(shop: Shop) -> None:
    on_sale(shop, "1001", "8.90")
    shop.init()
    order = shop.shopify.place_order([("1001", 2)])
    shop.run()
    shop.later()
    tax_it_otherwise(shop, order)
    assert shop.run_later().exit_code == 1
    shop.shopify.change_taxes(order, {Decimal(7): Decimal(19)})
    assert shop.run_later().exit_code == 0


@pytest.mark.parametrize("moves", ["refund", "partial refund", "cancel", "close"])
def test_what_usually_happens_to_an_order_is_no_change_of_its_money(shop: Shop, moves: str) -> None:
    on_sale(shop, "1001", "8.90")
    shop.init()
    order = shop.shopify.place_order(
        [("1001", 3)], shipping=Decimal("4.90"), discounts=[Discount(Decimal(10), percentage=True)]
    )
    shop.run()
    shop.later()
    if moves == "cancel":
        shop.shopify.cancel_order(order)
    elif moves == "close":
        shop.shopify.close_order(order)
    else:
        shop.shopify.refund_order(order, {"1001": 3 if moves == "refund" else 1}, shipping=moves == "refund")
    for _ in range(3):
        assert shop.run(*BOOKING).exit_code == 0
        shop.later()


# --- told once ---


def test_pieces_of_a_return_are_not_called_not_restocked(shop: Shop, order: Order) -> None:
    shop.shopify.fulfil_order(order)
    return_id = shop.shopify.restock_return(order, {"1001": 1})
    shop.run_later()
    refund = shop.shopify.refund_order(order, {"1001": 1}, restock_type="no_restock", return_id=return_id)
    shop.run_later()
    told = shop.reason("refunds", f"{order.name} refund {refund.id}")
    assert told == "not booked: pieces of a return, of which KORONA does not know whether they are back on the shelf: 1"


def test_what_went_back_on_another_shelf_is_held(shop: Shop, order: Order) -> None:
    shop.shopify.set_available("1001", 0, "Online-Lager")
    refund = shop.shopify.refund_order(order, {"1001": 1}, location="Online-Lager")
    for _ in range(3):
        assert shop.run_later().exit_code == 1
    reason = shop.held(f"{order.name} refund {refund.id}").reason
    assert reason.startswith("1 × 1001 went back on the shelf of another Shopify location")
    assert shop.korona.stock_of("1001") == shop.shopify.available("1001") == 98


# --- one thing does not stop another ---


def test_a_tax_made_in_korona_is_found_in_the_next_run(shop: Shop) -> None:
    shop.korona.remove_sales_tax("2")
    on_sale(shop, "1001", "8.90", tax="7")
    shop.init()
    shop.shopify.place_order([("1001", 1)])
    assert shop.run("orders").exit_code == 1
    assert "KORONA has no sales tax of 7 %" in held(shop)["1001"]
    shop.korona.add_sales_tax("22", "MwSt 7 %", {"2020-01-01": "7"}, included=True)
    assert shop.run_later("orders").exit_code == 0


def test_a_payment_method_that_is_gone_stops_no_stock(shop: Shop, order: Order) -> None:
    shop.shopify.touch(order)
    shop.later(40 * 24 * 60)
    shop.run()
    shop.later(40 * 24 * 60)
    shop.configure(orders={"payment_methods": {"default": "no such method"}})
    shop.shopify.touch(order)
    shop.korona.deliver("1002", 5)
    for _ in range(2):
        ran = shop.run_later()
    by_name = {each.plan.pipeline: each for each in ran.results}
    assert by_name["stock"].errors == ()
    assert by_name["orders"].exit_code == 2
    assert shop.shopify.available("1002") == 105
