"""The simulated store's rarer orders: imported, exempt, with duties, of another currency or place, or told as JSON."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.shopify_counter import Counter, opened, told

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2023, 5, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        counter.side.add_product("Ceylon Tea", [{"sku": "1042", "price": "8.90", "tax": "7", "available": 10}])
        counter.side.add_product("Kanne", [{"sku": "2000", "price": "33.33", "available": 10}])
        yield counter


def listed(counter: Counter, **query: Any) -> list[str]:
    return [each["name"] for each in counter.get("orders.json", status="any", **query)["orders"]]


def taxes_of(row: dict[str, Any]) -> list[tuple[str, float, str]]:
    """Return title, rate and amount of each tax line of an order's first line."""
    return [(each["title"], each["rate"], each["price"]) for each in row["line_items"][0]["tax_lines"]]


# --- imported orders ---


def test_an_imported_order_is_made_today_and_was_processed_years_ago(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)], processed_at=LONG_AGO, claims_stock=False)
    shop.side.fulfil_order(order, archive=True)
    row = told(shop, order)
    assert (row["created_at"], row["processed_at"]) == ("2026-11-23T13:00:00+01:00", "2023-05-04T12:00:00+02:00")
    assert (row["closed_at"], row["fulfillment_status"]) == ("2026-11-23T13:00:00+01:00", "fulfilled")
    assert shop.side.available("2000") == 10
    assert listed(shop, updated_at_min="2026-11-23T12:00:00Z") == ["#1001"]
    assert listed(shop, processed_at_min="2024-01-01T00:00:00Z") == []
    assert listed(shop, processed_at_max="2024-01-01T00:00:00Z") == ["#1001"]


def test_an_order_made_here_was_processed_when_it_was_made(shop: Counter) -> None:
    row = told(shop, shop.side.place_order([("2000", 1)]))
    assert row["processed_at"] == row["created_at"]


def test_an_order_may_be_archived_without_being_shipped(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)])
    shop.clock.advance(MINUTE)
    shop.side.close_order(order)
    row = told(shop, order)
    assert (row["closed_at"], row["fulfillment_status"]) == ("2026-11-23T13:01:00+01:00", None)
    assert [each["name"] for each in shop.get("orders.json", status="closed")["orders"]] == ["#1001"]


# --- currencies ---


def test_an_order_keeps_the_currency_of_its_day_when_the_shop_changes_its_own(shop: Counter) -> None:
    order = shop.side.place_order([("2000", 1)])
    shop.side.change_currency("USD")
    assert shop.get("shop.json")["shop"]["currency"] == "USD"
    assert told(shop, order)["currency"] == "EUR"
    later = told(shop, shop.side.place_order([("2000", 1)]))
    assert (later["currency"], later["presentment_currency"], later["total_price"]) == ("USD", "USD", "33.33")


def test_a_shop_may_hold_orders_from_the_time_when_its_currency_was_another(shop: Counter) -> None:
    shop.side.add_product("Cup", [{"sku": "C", "price": "10.00"}])
    row = told(shop, shop.side.place_order([("C", 1)], currency="USD"))
    assert (row["currency"], row["presentment_currency"], row["total_price"]) == ("USD", "USD", "10.00")
    assert row["total_price_set"]["shop_money"] == {"amount": "10.00", "currency_code": "USD"}
    assert shop.get("shop.json")["shop"]["currency"] == "EUR"


# --- taxes ---


@pytest.mark.parametrize("included", [True, False])
def test_an_exempt_order_may_name_the_usual_rates_at_nothing(shop: Counter, included: bool) -> None:
    row = told(
        shop,
        shop.side.place_order(
            [("2000", 1)], tax_exempt=True, names_rates=True, taxes_included=included, shipping=Decimal("5.00")
        ),
    )
    assert taxes_of(row) == [("MwSt", 0.19, "0.00")]
    assert [(each["rate"], each["price"]) for each in row["shipping_lines"][0]["tax_lines"]] == [(0.19, "0.00")]
    assert (row["tax_exempt"], row["total_tax"], row["total_price"]) == (True, "0.00", "38.33")


def test_an_order_is_taxed_as_in_the_country_that_it_goes_to(shop: Counter) -> None:
    order = shop.side.place_order([("1042", 2)], taxes=[("FR TVA 20", Decimal(20))], shipping=Decimal("6.00"))
    row = told(shop, order)
    assert taxes_of(row) == [("FR TVA 20", 0.2, "2.97")]
    assert [each["title"] for each in row["shipping_lines"][0]["tax_lines"] + row["tax_lines"]] == ["FR TVA 20"] * 2


def test_one_place_may_split_its_tax_in_three(shop: Counter) -> None:
    parts = [
        ("New York State Tax", Decimal(4)),
        ("New York City Tax", Decimal("4.5")),
        ("Metropolitan Commuter Transportation District", Decimal("0.375")),
    ]
    row = told(shop, shop.side.place_order([("2000", 3)], taxes=parts, taxes_included=False))
    assert [(rate, price) for _, rate, price in taxes_of(row)] == [(0.04, "4.00"), (0.045, "4.50"), (0.00375, "0.37")]
    assert [title for title, _, _ in taxes_of(row)] == [title for title, _ in parts]
    assert row["total_price"] == "108.86"


def test_a_rate_may_carry_the_noise_of_floats(shop: Counter) -> None:
    shop.side.store.float_noise = True
    order = shop.side.place_order([("2000", 1)])
    text = shop.ask("GET", f"orders/{order.id}.json").text
    assert '"rate":0.19000000000000003,' in text
    assert '"rate":0.19,' not in text


# --- duties ---


@pytest.mark.parametrize(("included", "total"), [(True, "33.33"), (False, "38.33")])
def test_a_duty_may_be_a_part_of_the_price(shop: Counter, included: bool, total: str) -> None:
    order = shop.side.place_order([("2000", 1)], duties=Decimal("5.00"), duties_included=included)
    row = told(shop, order)
    duty = row["line_items"][0]["duties"][0]
    assert (duty["shop_money"]["amount"], len(duty["tax_lines"])) == ("5.00", 0 if included else 1)
    assert (row["duties_included"], row["total_price"]) == (included, total)
    assert row["original_total_duties_set"]["shop_money"]["amount"] == "5.00"


# --- lines ---


def test_a_variant_without_sku_is_sold_by_its_id(shop: Counter) -> None:
    product = shop.side.add_product("Ohne Nummer", [{"price": "3.00", "available": 5}])
    line = told(shop, shop.side.place_order([(product.variants[0].id, 2)]))["line_items"][0]
    assert (line["sku"], line["variant_id"], line["product_exists"]) == (None, product.variants[0].id, True)
    assert shop.side.available(product.variants[0].id) == 3


def test_a_version_before_2024_does_not_tell_the_current_quantity(shop: Counter) -> None:
    shop.side.store.shows_current_quantity = False
    order = shop.side.place_order([("2000", 2)])
    shop.side.refund_order(order, {"2000": 1})
    row = told(shop, order)
    assert "current_quantity" not in row["line_items"][0]
    assert "current_quantity" not in row["refunds"][0]["refund_line_items"][0]["line_item"]
    assert row["line_items"][0]["quantity"] == 2


# --- orders that are told as JSON ---


@pytest.fixture
def written(shop: Counter) -> dict[str, Any]:
    """An order as it might be written down, with one piece of three given back."""
    order = shop.side.place_order([("2000", 3)], shipping=Decimal("4.90"))
    shop.side.refund_order(order, {"2000": 1})
    row = json.loads(json.dumps(told(shop, order)))
    shop.side.delete_order(order)
    shop.side.set_available("2000", 10)
    row |= {"name": "DE-1001-Ä/A", "colour": "red"}
    return dict(row)


def test_a_told_order_is_shown_word_for_word_wherever_it_is_asked_for(shop: Counter, written: dict[str, Any]) -> None:
    movement = {"id": 7, "kind": "sale", "status": "success", "amount": "1.00"}
    order = shop.side.tell_order(written, [movement])
    assert told(shop, order) == written
    assert shop.get("orders.json", ids=str(order.id))["orders"] == [written]
    assert shop.get(f"orders/{order.id}/refunds.json")["refunds"] == written["refunds"]
    assert shop.get(f"orders/{order.id}/transactions.json", in_shop_currency="true")["transactions"] == [movement]
    assert shop.get("orders.json", fields="id,name")["orders"] == [{"id": order.id, "name": "DE-1001-Ä/A"}]
    assert listed(shop, name="DE-1001-Ä/A", updated_at_min=written["updated_at"]) == ["DE-1001-Ä/A"]
    assert listed(shop, financial_status="partially_refunded") == ["DE-1001-Ä/A"]
    assert listed(shop, financial_status="paid") == []


def test_a_told_order_moves_the_shelf_by_what_it_sold_and_what_came_back(
    shop: Counter, written: dict[str, Any]
) -> None:
    shop.side.tell_order(written | {"refunds": []})
    assert shop.side.available("2000") == 7
    shop.side.tell_order(written)
    assert shop.side.available("2000") == 8
    shop.side.tell_order(written)
    assert shop.side.available("2000") == 8


def test_a_told_order_may_claim_nothing(shop: Counter, written: dict[str, Any]) -> None:
    shop.side.tell_order(written, claims_stock=False)
    assert shop.side.available("2000") == 10


def test_pieces_that_an_edit_added_to_a_told_order_are_off_the_shelf(shop: Counter, written: dict[str, Any]) -> None:
    written["line_items"][0]["current_quantity"] = 5
    shop.side.tell_order(written)
    assert shop.side.available("2000") == 5
