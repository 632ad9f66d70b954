"""Refunds through the sandbox: which goods become a negative receipt, and what stands on it."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from korsync.sandbox.shopify.sales import Discount
from tests.support.booked import (
    book,
    held,
    lines,
    payments,
    remarks,
    return_of,
    returns_of,
    sell,
    taxes,
)
from tests.support.shop import Shop
from tests.support.webshop import on_sale, open_webshop


@pytest.fixture
def tea(shop: Shop) -> Shop:
    """A shop with tea at 7 % and a pot at 19 %, ten pieces of each."""
    on_sale(shop, "1042", "8.90", tax="7")
    on_sale(shop, "2000", "33.33")
    shop.init()
    return shop


# --- what comes back ---


def test_a_whole_refund_becomes_one_negative_receipt(tea: Shop) -> None:
    order = sell(tea, [("1042", 2), ("2000", 1)], shipping=Decimal("4.90"))
    refund = tea.shopify.refund_order(order, {"1042": 2, "2000": 1})
    book(tea)
    book(tea)
    receipt = return_of(tea, refund)
    assert lines(tea, receipt) == [("1042", -2, "-17.80"), ("2000", -1, "-33.33")]
    assert taxes(receipt) == {"7": "-1.16", "19": "-5.32"}
    assert payments(tea, receipt) == [("5", "-51.13")]
    assert receipt.gross == Decimal("-51.13")
    assert tea.korona.stock_of("1042") == tea.korona.stock_of("2000") == 10


def test_a_return_says_whose_it_is_and_when_the_refund_was(tea: Shop) -> None:
    order = sell(tea, [("1042", 1)])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    tea.later()
    book(tea)
    posted = return_of(tea, refund).posted
    assert posted["number"] == str(refund.id)
    assert posted["orderNumber"] == order.name.removeprefix("#")
    assert posted["externalReferences"] == {
        "korsyncKey": f"refund/{refund.id}",
        "shopifyShop": tea.shopify.store.domain,
        "shopifyOrderId": str(order.id),
    }
    assert posted["items"][0]["externalReferences"] == {"shopifyLineId": str(order.lines[0].id)}
    assert posted["creationTime"] == posted["bookingTime"] == "2026-11-23T09:20:00+00:00"


def test_a_partial_refund_takes_back_its_share(tea: Shop) -> None:
    order = sell(tea, [("1042", 3), ("2000", 1)], discounts=[Discount(Decimal(10))])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    book(tea)
    receipt = return_of(tea, refund)
    # 26.70 - 2.67 = 24.03 for three; 24.03 / 3 = 8.01, its tax 1.57 / 3 = 0.52
    assert lines(tea, receipt) == [("1042", -1, "-8.01")]
    assert taxes(receipt) == {"7": "-0.52"}
    assert tea.korona.stock_of("1042") == 8
    assert tea.korona.stock_of("2000") == 9


@pytest.mark.parametrize("restock_type", ["return", "cancel", "legacy_restock"])
def test_every_kind_of_restock_is_booked(tea: Shop, restock_type: str) -> None:
    order = sell(tea, [("1042", 2)])
    refund = tea.shopify.refund_order(order, {"1042": 1}, restock_type=restock_type)
    book(tea)
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]


def test_a_line_listed_twice_is_added_up(tea: Shop) -> None:
    order = sell(tea, [("1042", 3)])
    tea.shopify.fulfil_order(order, {"1042": 1})
    refund = tea.shopify.refund_order(order, [("1042", 1, "cancel"), ("1042", 1, "return")])
    book(tea)
    assert lines(tea, return_of(tea, refund)) == [("1042", -2, "-17.80")]
    assert tea.korona.stock_of("1042") == 9


def test_only_what_was_restocked_of_a_refund_is_booked(tea: Shop) -> None:
    order = sell(tea, [("1042", 3), ("2000", 1)])
    refund = tea.shopify.refund_order(
        order, [("1042", 1, "return"), ("1042", 1, "no_restock"), ("2000", 1, "no_restock")]
    )
    book(tea)
    receipt = return_of(tea, refund)
    assert lines(tea, receipt) == [("1042", -1, "-8.90")]
    assert payments(tea, receipt) == [("5", "-8.90")]
    assert remarks(tea, order) == ["not booked: pieces that were not restocked: 2"]


# --- cancellations ---


def test_a_cancellation_and_its_refund_are_one_event(tea: Shop) -> None:
    order = sell(tea, [("1042", 2), ("2000", 1)], shipping=Decimal("4.90"))
    tea.shopify.cancel_order(order)
    for _ in range(3):
        book(tea)
    (receipt,) = returns_of(tea, order)
    assert lines(tea, receipt) == [("1042", -2, "-17.80"), ("2000", -1, "-33.33")]
    assert len(tea.korona.receipts) == 2
    assert tea.korona.stock_of("1042") == tea.korona.stock_of("2000") == 10


def test_a_cancellation_without_restock_is_listed_and_not_booked(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.cancel_order(order, restock=False)
    tea.run()
    assert remarks(tea, order) == ["not booked: pieces that were not restocked: 2"]
    assert returns_of(tea, order) == []
    assert tea.korona.stock_of("1042") == 8


def test_an_unpaid_order_that_is_cancelled_is_returned_on_its_own_gateway(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)], paid=False, gateways=["paypal"])
    tea.shopify.cancel_order(order)
    book(tea)
    (receipt,) = returns_of(tea, order)
    assert payments(tea, receipt) == [("6", "-17.80")]
    assert tea.korona.stock_of("1042") == 10


def test_an_order_cancelled_before_it_was_booked_gets_neither_receipt(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)])
    tea.shopify.cancel_order(order)
    tea.later(1)
    book(tea)
    assert (tea.skips("refunds"), tea.changes("refunds")) == ([], ())
    book(tea)
    assert tea.korona.receipts == []
    assert tea.korona.stock_of("1042") == tea.shopify.available("1042") == 10


def test_a_cancellation_without_restock_before_the_booking_is_told_with_the_order_only(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)], shipping=Decimal("4.90"))
    tea.shopify.cancel_order(order, restock=False)
    tea.later()
    tea.run()
    assert "take 2 × 1042 out of KORONA by hand" in tea.held(order.name).reason
    assert remarks(tea, order) == []
    assert tea.korona.receipts == []


def test_a_cancellation_seen_before_its_refund_is_returned_when_that_comes(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.cancel_order(order, refund_after=timedelta(minutes=30))
    book(tea)
    assert returns_of(tea, order) == []
    book(tea)
    book(tea)
    assert len(returns_of(tea, order)) == 1
    assert tea.korona.stock_of("1042") == 10


# --- amounts ---


def test_a_discounted_order_of_two_rates_comes_back_by_hand_counted_shares(tea: Shop) -> None:
    # 3 × 8.90 + 2 × 33.33 = 93.36; 7.77 off: 2.22 on the tea (24.48 left, tax 1.60), 5.55 on the pots (61.11, 9.76)
    order = sell(tea, [("1042", 3), ("2000", 2)], discounts=[Discount(Decimal("7.77"), percentage=False)])
    first = tea.shopify.refund_order(order, {"1042": 1, "2000": 1})
    book(tea)
    second = tea.shopify.refund_order(order, {"1042": 2, "2000": 1})
    book(tea)
    one, two = return_of(tea, first), return_of(tea, second)
    assert lines(tea, one) == [("1042", -1, "-8.16"), ("2000", -1, "-30.56")]
    assert taxes(one) == {"7": "-0.53", "19": "-4.88"}
    assert payments(tea, one) == [("5", "-38.72")]
    assert lines(tea, two) == [("1042", -2, "-16.32"), ("2000", -1, "-30.55")]
    assert taxes(two) == {"7": "-1.07", "19": "-4.88"}
    assert sum(receipt.gross for receipt in tea.korona.receipts) == 0
    discounts = [Decimal(each["total"]["discount"]) for r in tea.korona.receipts for each in r.posted["items"]]
    assert sum(discounts) == 0


def test_a_net_shop_gives_back_net_and_tax(tmp_path: Path) -> None:
    with open_webshop(tmp_path, taxes_included=False) as net:
        on_sale(net, "2000", "33.33")
        net.init()
        order = sell(net, [("2000", 3)])
        refund = net.shopify.refund_order(order, {"2000": 1})
        book(net)
        receipt = return_of(net, refund)
        # 99.99 + 19.00 for three; a third of each
        assert lines(net, receipt) == [("2000", -1, "-33.33")]
        assert taxes(receipt) == {"19": "-6.33"}
        assert payments(net, receipt) == [("5", "-39.66")]


def test_a_net_shop_whose_till_only_knows_gross_taxes_is_checked_net(tmp_path: Path) -> None:
    with open_webshop(tmp_path, taxes_included=False, orders={"taxes": {"19": "1"}}) as net:
        on_sale(net, "2000", "33.33")
        net.init()
        order = sell(net, [("2000", 3)])
        refund = net.shopify.refund_order(order, {"2000": 2})
        book(net)
        receipt = return_of(net, refund)
        # 118.99 gross for three, two thirds of it; 19.00 tax
        assert lines(net, receipt) == [("2000", -2, "-79.33")]
        assert taxes(receipt) == {"19": "-12.67"}


def test_shopify_may_tell_net_subtotals_where_prices_contain_the_tax(tea: Shop) -> None:
    tea.shopify.store.gross_refund_subtotals = False
    order = sell(tea, [("2000", 3)], discounts=[Discount(Decimal(10))])
    refund = tea.shopify.refund_order(order, {"2000": 1})
    book(tea)
    assert held(tea) == []
    assert lines(tea, return_of(tea, refund)) == [("2000", -1, "-30.00")]


def test_yen_are_shared_in_whole_yen(tmp_path: Path) -> None:
    with open_webshop(tmp_path, currency="JPY") as yen:
        on_sale(yen, "2000", "1000")
        yen.init()
        order = sell(yen, [("2000", 3)], discounts=[Discount(Decimal(100), percentage=False)])
        refunds = [yen.shopify.refund_order(order, {"2000": 1}) for _ in range(3)]
        book(yen)
        # 2,900 yen for three, 463 of them tax
        shares = [yen.korona.booked_under(f"refund/{refund.id}")[0] for refund in refunds]
        assert [each.gross for each in shares] == [-967, -966, -967]
        assert [taxes(each) for each in shares] == [{"19": "-154.00"}, {"19": "-155.00"}, {"19": "-154.00"}]


def test_a_refund_of_free_goods_has_no_payment(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)], discounts=[Discount(Decimal(100))])
    refund = tea.shopify.refund_order(order, {"1042": 1})
    book(tea)
    receipt = return_of(tea, refund)
    assert (lines(tea, receipt), payments(tea, receipt)) == ([("1042", -1, "0.00")], [])
    assert tea.korona.stock_of("1042") == 9


# --- payments ---


def test_the_money_goes_back_the_way_that_the_refund_says(tea: Shop) -> None:
    order = sell(tea, [("2000", 1)])
    refund = tea.shopify.refund_order(order, {"2000": 1}, gateway="paypal")
    book(tea)
    assert payments(tea, return_of(tea, refund)) == [("6", "-33.33")]


def test_money_goes_back_through_each_gateway_that_brought_it(tea: Shop) -> None:
    order = sell(tea, [("2000", 1)], gateways=[("gift_card", Decimal(5)), "paypal"])
    tea.shopify.cancel_order(order)
    book(tea)
    (receipt,) = returns_of(tea, order)
    assert payments(tea, receipt) == [("6", "-28.33"), ("9", "-5.00")]


def test_where_no_money_went_back_the_payments_are_those_of_the_sale(tea: Shop) -> None:
    order = sell(tea, [("2000", 2)], gateways=[("gift_card", Decimal("16.66")), "paypal"])
    tea.shopify.edit_order(order, fewer={"2000": 1})
    book(tea)
    (receipt,) = returns_of(tea, order)
    assert payments(tea, receipt) == [("6", "-25.00"), ("9", "-8.33")]


def test_a_payment_is_the_receipts_total_whatever_sum_was_refunded(tea: Shop) -> None:
    order = sell(tea, [("2000", 1)], shipping=Decimal("4.90"))
    refund = tea.shopify.refund_order(order, {"2000": 1}, amount=Decimal("20.00"))
    book(tea)
    assert payments(tea, return_of(tea, refund)) == [("5", "-33.33")]
    assert remarks(tea, order) == ["20.00 given back for goods of 33.33; booked: 33.33"]


# --- edits and exchanges ---


def test_an_edit_that_takes_pieces_out_is_a_return(tea: Shop) -> None:
    order = sell(tea, [("1042", 3)])
    refund = tea.shopify.edit_order(order, fewer={"1042": 1})
    book(tea)
    receipt = return_of(tea, refund)
    assert (lines(tea, receipt), payments(tea, receipt)) == ([("1042", -1, "-8.90")], [("5", "-8.90")])
    assert tea.korona.stock_of("1042") == 8


def test_an_order_first_seen_after_an_edit_is_booked_as_ordered_and_then_returned(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 3)])
    refund = tea.shopify.edit_order(order, fewer={"1042": 1})
    book(tea)
    (sale,) = tea.korona.receipts
    assert lines(tea, sale) == [("1042", 3, "26.70")]
    book(tea)
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]
    assert tea.korona.stock_of("1042") == 8


def test_an_exchange_is_a_return_and_a_receipt_of_what_was_added(tea: Shop) -> None:
    order = sell(tea, [("1042", 1)])
    tea.shopify.fulfil_order(order)
    refund = tea.shopify.refund_order(order, {"1042": 1}, amount=Decimal(0))
    tea.shopify.edit_order(order, add=[("2000", 1)])
    assert tea.run().exit_code == 0
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]
    (added,) = tea.korona.booked_under(f"edit/{order.id}/1")
    assert [line[:2] for line in lines(tea, added)] == [("2000", 1)]
    assert len(tea.korona.receipts) == 3


# --- in which run ---


def test_a_refund_seen_with_its_order_waits_for_the_settled_sale(tea: Shop) -> None:
    order = tea.shopify.place_order([("1042", 2)])
    tea.later(1)
    refund = tea.shopify.refund_order(order, {"1042": 1})
    tea.later(1)
    book(tea)
    assert [receipt.key for receipt in tea.korona.receipts] == [f"order/{order.id}"]
    book(tea)
    book(tea)
    assert lines(tea, return_of(tea, refund)) == [("1042", -1, "-8.90")]
    assert tea.korona.stock_of("1042") == 9


def test_a_booked_refund_is_asked_for_no_more(tea: Shop) -> None:
    order = sell(tea, [("1042", 2)])
    tea.shopify.refund_order(order, {"1042": 1})
    with tea.requests() as first:
        tea.run("refunds")
    assert (first.count("GET", "/receipts"), first.count("POST", "/receipts")) == (2, 1)  # looked up, read back
    with tea.requests() as second:
        tea.run_later("refunds")
    assert [each.path.rpartition("/")[2] for each in second.everything] == ["orders.json"]


def test_goods_that_korona_takes_for_unsellable_are_booked_with_a_note(shop: Shop) -> None:
    shop.stocked("3000", stock_return_unsellable=True)
    shop.init()
    order = sell(shop, [("3000", 1)])
    refund = shop.shopify.refund_order(order, {"3000": 1})
    book(shop)
    assert return_of(shop, refund)
    assert shop.watched.plans["refunds"].notes == (
        f"{order.name} refund {refund.id}: “Ware 3000” is marked as unsellable when returned; "
        "KORONA may not raise its stock",
    )
    for _ in range(3):
        book(shop)
    assert shop.korona.stock_of("3000") == shop.shopify.available("3000") == 9
