"""Products, images and levels: what is read, and the five writes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.errors import Rejected, Unavailable, Unsure
from korsync.sandbox.exchange import Fault, Request
from tests.support.counter import NOON, PNG, Counter, location_id

# --- products ---


def test_a_product_comes_with_variants_and_images(tea: Counter) -> None:
    tea.side.add_product("Topf", [{"sku": "1", "price": "12.50", "tracked": False}], images=[("topf.png", PNG)])
    product = tea.product("1")
    (variant,) = product.variants
    assert (product.title, product.status, product.updated_at) == ("Topf", "active", NOON)
    assert (variant.price, variant.tracked, variant.product_id) == (Decimal("12.50"), False, product.id)
    assert tea.client.product_images(product.id) == list(product.images)
    assert "topf.png" in product.images[0].address


def test_a_product_that_is_not_there_is_none(counter: Counter) -> None:
    assert counter.client.product(1) is None


def test_title_price_and_tracking_are_set_and_nothing_else(tea: Counter) -> None:
    before = tea.product()
    tea.client.set_title(before.id, "Tee grün 🍵")
    tea.client.set_price(before.variants[0].id, Decimal("9.2"))
    tea.client.set_tracked(before.variants[0].inventory_item_id, False)
    after = tea.product()
    assert (after.title, after.variants[0].price, after.variants[0].tracked) == ("Tee grün 🍵", Decimal("9.20"), False)
    assert [each.json() for each in tea.server.writes()] == [
        {"product": {"id": before.id, "title": "Tee grün 🍵"}},
        {"variant": {"id": before.variants[0].id, "price": "9.2"}},
        {"inventory_item": {"id": before.variants[0].inventory_item_id, "tracked": False}},
    ]


def test_a_write_that_was_answered_but_not_done_is_rejected(tea: Counter) -> None:
    product = tea.product()
    variant = product.variants[0]
    for body in (
        {"variant": {"id": variant.id, "price": "8.90"}},
        {"inventory_item": {"id": variant.inventory_item_id, "tracked": True}},
    ):
        tea.server.faults.append(Fault("status", method="PUT", status=200, body=body))
    with pytest.raises(Rejected, match=r"8\.90"):
        tea.client.set_price(variant.id, Decimal("9.20"))
    with pytest.raises(Rejected, match="True"):
        tea.client.set_tracked(variant.inventory_item_id, False)


def test_a_title_is_returned_as_shopify_keeps_it(tea: Counter) -> None:
    tea.side.store.strips_markup = True
    assert tea.client.set_title(tea.product().id, "Tee <b>grün</b>") == "Tee grün"


def test_variants_are_counted_beyond_those_that_are_shown(counter: Counter) -> None:
    counter.side.add_product("Knöpfe", [{"sku": str(number), "price": "1.00"} for number in range(120)])
    (product,) = counter.client.products()
    assert (len(product.variants), counter.client.variant_count(product.id)) == (100, 120)


def test_a_title_that_shopify_wrote_in_another_normal_form_is_taken(tea: Counter) -> None:
    product_id = tea.product().id
    answer = {"product": {"id": product_id, "title": "Gr\u00fcner Tee"}}
    tea.server.faults.append(Fault("status", method="PUT", status=200, body=answer))
    tea.client.set_title(product_id, " Gru\u0308ner  Tee ")


def test_an_empty_title_is_rejected_with_shopifys_words(tea: Counter) -> None:
    with pytest.raises(Rejected, match="title"):
        tea.client.set_title(tea.product().id, "")


@pytest.mark.parametrize("action", ["lose_answer", "lose_request", "reset", "truncate"])
def test_a_price_whose_answer_was_lost_is_read_again_and_stands_in_the_end(tea: Counter, action: Any) -> None:
    variant_id = tea.variant().id
    tea.server.faults.append(Fault(action, method="PUT"))
    tea.client.set_price(variant_id, Decimal("9.20"))
    assert tea.variant().price == Decimal("9.20")
    was_done = action in ("lose_answer", "truncate")
    assert len(tea.server.writes()) == (1 if was_done else 2)


# --- images ---


def test_an_image_is_added_for_its_variants(tea: Counter) -> None:
    product = tea.product()
    image = tea.client.add_image(product.id, PNG, "1042.png", (product.variants[0].id,))
    assert [each.id for each in tea.client.product_images(product.id)] == [image.id]
    (write,) = tea.server.writes()
    assert write.json()["image"].keys() == {"attachment", "filename", "variant_ids"}


def test_an_image_whose_answer_was_lost_is_not_added_twice(tea: Counter) -> None:
    product_id = tea.product().id
    tea.server.faults.append(Fault("lose_answer", method="POST"))
    with pytest.raises(Unsure):
        tea.client.add_image(product_id, PNG, "1042.png")
    assert len(tea.client.product_images(product_id)) == 1


def test_what_is_no_picture_is_rejected(tea: Counter) -> None:
    with pytest.raises(Rejected):
        tea.client.add_image(tea.product().id, b"no picture", "1042.png")


# --- levels ---


def test_levels_are_as_of_shopifys_date(tea: Counter) -> None:
    tea.side.add_product("Buch", [{"sku": "2", "price": "1.00", "tracked": False}])
    tea.side.add_product("Fern", [{"sku": "3", "price": "1.00", "stocked": False}])
    levels = {each.inventory_item_id: each for each in tea.client.levels(location_id(tea))}
    assert levels[tea.variant().inventory_item_id].available == 10
    assert levels[tea.variant("2").inventory_item_id].available is None
    assert tea.variant("3").inventory_item_id not in levels
    assert {each.seen_at for each in levels.values()} == {NOON}


@pytest.mark.usefixtures("short_pages")
def test_each_page_of_levels_is_as_of_its_own_answer(counter: Counter) -> None:
    for number in range(5):
        counter.side.add_product("x", [{"sku": str(number), "price": "1.00", "available": 1}])
    here = location_id(counter)

    def a_minute_passes(_request: Request) -> None:
        counter.clock.advance(timedelta(minutes=1))

    counter.server.before_request = a_minute_passes
    seen = [each.seen_at for each in counter.client.levels(here)]
    assert len(seen) == 5
    assert max(seen) - min(seen) == timedelta(minutes=1)


def test_levels_without_a_date_cannot_be_used(tea: Counter) -> None:
    here = location_id(tea)
    level = {"inventory_item_id": 1, "location_id": 2, "available": 5}
    undated = Fault("status", status=200, body={"inventory_levels": [level]}, headers={"Date": "never"}, times=9)
    tea.server.faults.append(undated)
    with pytest.raises(Unavailable, match="Date"):
        tea.client.levels(here)


def test_only_levels_that_moved_since_come(tea: Counter) -> None:
    here = location_id(tea)
    tea.clock.advance(timedelta(hours=1))
    tea.side.add_product("Neu", [{"sku": "2", "price": "1.00", "available": 3}])
    (level,) = tea.client.levels(here, NOON + timedelta(minutes=30))
    assert level.available == 3


def test_levels_of_many_items_are_asked_for_fifty_at_a_time(counter: Counter) -> None:
    for number in range(60):
        counter.side.add_product("x", [{"sku": str(number), "price": "1.00", "available": number}])
    items = [variant.inventory_item_id for product in counter.client.products() for variant in product.variants]
    here = location_id(counter)
    counter.server.requests.clear()
    levels = counter.client.levels_of(here, items)
    assert sorted(each.available or 0 for each in levels) == list(range(60))
    asked = [each.query["inventory_item_ids"][0].split(",") for each in counter.server.requests]
    assert [len(each) for each in asked] == [50, 10]
    assert counter.client.levels_of(here, []) == []


def test_a_level_is_moved_by_pieces_also_below_zero(tea: Counter) -> None:
    tea.client.adjust(location_id(tea), tea.variant().inventory_item_id, -13)
    assert tea.side.available("1042") == -3
    (write,) = tea.server.writes()
    assert write.path.endswith("/inventory_levels/adjust.json")


@pytest.mark.parametrize("action", ["lose_answer", "lose_request", "reset", "truncate", "html"])
def test_an_adjustment_whose_answer_was_lost_is_sent_once(tea: Counter, action: Any) -> None:
    here, item = location_id(tea), tea.variant().inventory_item_id
    tea.server.faults.append(Fault(action, method="POST"))
    with pytest.raises(Unsure):
        tea.client.adjust(here, item, -2)
    assert len(tea.server.writes()) == 1


def test_an_answer_about_another_level_is_unsure(tea: Counter) -> None:
    here, item = location_id(tea), tea.variant().inventory_item_id
    answer = {"inventory_level": {"inventory_item_id": 1, "location_id": here, "available": 1}}
    tea.server.faults.append(Fault("status", method="POST", status=200, body=answer))
    with pytest.raises(Unsure):
        tea.client.adjust(here, item, -2)


def test_an_item_that_is_not_tracked_is_rejected(tea: Counter) -> None:
    item = tea.variant().inventory_item_id
    tea.side.set_tracked("1042", False)
    with pytest.raises(Rejected):
        tea.client.adjust(location_id(tea), item, 1)
