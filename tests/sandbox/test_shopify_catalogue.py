"""The simulated store's products, images and levels over HTTP, and what may be written to them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.sandbox.shopify.store import Product
from tests.support.shopify_counter import Counter, attached, opened, tiny_png

GIF = b"GIF89a\x03\x00\x02\x00\x00\x00\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x05\x00\x07\x01\x01\x11\x00\xff\xd9"
SECOND = timedelta(seconds=1)


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        yield counter


@pytest.fixture
def tea(shop: Counter) -> Product:
    return shop.side.add_product("Ceylon Tea", [{"sku": "1042", "price": "8.90", "available": 17}])


def item_of(tea: Product) -> int:
    return tea.variants[0].inventory_item_id


def level_body(tea: Product, **more: Any) -> dict[str, Any]:
    return {"location_id": 60000000001, "inventory_item_id": item_of(tea), **more}


def test_a_product_is_told_with_variants_and_images(shop: Counter) -> None:
    shop.side.add_product("Ceylon", [{"sku": "1042", "price": "8.9"}], images=[("tea.png", tiny_png())])
    product = shop.get("products.json")["products"][0]
    assert (product["title"], product["status"]) == ("Ceylon", "active")
    variant = product["variants"][0]
    assert (variant["sku"], variant["price"], variant["inventory_management"]) == ("1042", "8.90", "shopify")
    assert product["image"]["src"].startswith("https://cdn.shopify.com/s/files/1/0000/0001/files/tea.png?v=")
    assert product["updated_at"] == "2026-11-23T13:00:00+01:00"


@pytest.mark.parametrize(("currency", "price"), [("EUR", "1234.50"), ("JPY", "1235"), ("KWD", "1234.500")])
def test_prices_have_the_decimals_of_the_currency(currency: str, price: str) -> None:
    with opened(currency=currency) as shop:
        shop.side.add_product("Tee", [{"sku": "1", "price": "1234.5"}])
        assert shop.get("products.json")["products"][0]["variants"][0]["price"] == price


def test_more_than_a_hundred_variants_are_cut_in_silence(shop: Counter) -> None:
    product = shop.side.add_product("Viele", [{"sku": f"{each}", "title": f"{each}"} for each in range(101)])
    assert len(shop.get(f"products/{product.id}.json")["product"]["variants"]) == 100
    answer = shop.put(f"products/{product.id}.json", {"product": {"title": "Neu"}})
    assert answer.status_code == 422


def test_products_are_found_by_ids_status_and_change(shop: Counter, tea: Product) -> None:
    shop.side.add_product("Entwurf", [{"sku": "2"}], status="draft")
    shop.clock.advance(SECOND)
    shop.side.set_price("2", "3.00")

    def titles(**query: Any) -> list[str]:
        return [each["title"] for each in shop.get("products.json", **query)["products"]]

    assert titles() == ["Ceylon Tea", "Entwurf"]
    assert titles(ids=str(tea.id)) == ["Ceylon Tea"]
    assert titles(status="active,archived") == ["Ceylon Tea"]
    assert titles(updated_at_min="2026-11-23T12:00:01Z") == ["Entwurf"]
    assert titles(updated_at_min="2026-11-23T12:00:02Z") == []


def test_only_the_fields_asked_for_are_told_and_unknown_ones_passed_over(shop: Counter, tea: Product) -> None:
    product = shop.get(f"products/{tea.id}.json", fields="id,title,nonsense")["product"]
    assert product == {"id": tea.id, "title": "Ceylon Tea"}


def test_a_title_is_written_and_shows_in_updated_at(shop: Counter, tea: Product) -> None:
    shop.clock.advance(SECOND)
    answer = shop.put(f"products/{tea.id}.json", {"product": {"id": tea.id, "title": " Grüner Tee 🍵 "}})
    assert answer.json()["product"]["title"] == "Grüner Tee 🍵"
    assert answer.json()["product"]["updated_at"] == "2026-11-23T13:00:01+01:00"
    assert len(tea.variants) == 1


@pytest.mark.parametrize(("title", "words"), [("", "can't be blank"), ("x" * 256, "is too long (maximum is 255")])
def test_an_impossible_title_is_refused(shop: Counter, tea: Product, title: str, words: str) -> None:
    answer = shop.put(f"products/{tea.id}.json", {"product": {"title": title}})
    assert answer.status_code == 422
    assert answer.json()["errors"]["title"][0].startswith(words)
    assert tea.title == "Ceylon Tea"


def test_a_list_of_variants_in_a_product_deletes_the_others(shop: Counter) -> None:
    product = shop.side.add_product("Tee", [{"sku": "1"}, {"sku": "2", "title": "groß"}])
    kept = product.variants[1].id
    shop.put(f"products/{product.id}.json", {"product": {"title": "Tee", "variants": [{"id": kept}]}})
    assert [each.sku for each in product.variants] == ["2"]
    with pytest.raises(KeyError):
        shop.side.available("1")


def test_an_empty_list_of_images_in_a_product_deletes_them(shop: Counter) -> None:
    product = shop.side.add_product("Tee", [{"sku": "1"}], images=[("a.png", tiny_png())])
    shop.put(f"products/{product.id}.json", {"product": {"images": []}})
    assert product.images == []


@pytest.mark.parametrize("price", ["9.20", 9.2, "9.2"])
def test_a_price_is_written_as_text_or_number_and_told_as_text(shop: Counter, tea: Product, price: Any) -> None:
    answer = shop.put(f"variants/{tea.variants[0].id}.json", {"variant": {"price": price}})
    assert answer.json()["variant"]["price"] == "9.20"
    assert tea.variants[0].price == Decimal("9.20")


@pytest.mark.parametrize("price", ["-1", "teuer", None])
def test_an_impossible_price_is_refused(shop: Counter, tea: Product, price: Any) -> None:
    answer = shop.put(f"variants/{tea.variants[0].id}.json", {"variant": {"price": price}})
    assert answer.status_code == 422
    assert tea.variants[0].price == Decimal("8.90")


def test_a_quantity_cannot_be_written_through_the_variant(shop: Counter, tea: Product) -> None:
    answer = shop.put(f"variants/{tea.variants[0].id}.json", {"variant": {"price": "1", "inventory_quantity": 3}})
    assert answer.status_code == 422
    assert tea.variants[0].price == Decimal("8.90")


def test_each_posted_image_is_a_new_one(shop: Counter, tea: Product) -> None:
    body = {"image": {"attachment": attached(tiny_png()), "filename": "1042.png"}}
    first, second = (shop.post(f"products/{tea.id}/images.json", body).json()["image"] for _ in range(2))
    assert first["id"] != second["id"]
    assert "/1042.png?v=" in first["src"]
    assert "/1042_" in second["src"]
    assert (first["width"], first["height"]) == (1, 1)
    listed = shop.get(f"products/{tea.id}/images.json")["images"]
    assert [each["id"] for each in listed] == [first["id"], second["id"]]


def test_an_image_at_position_one_pushes_the_others_down(shop: Counter, tea: Product) -> None:
    body = {"image": {"attachment": attached(tiny_png()), "position": 1, "variant_ids": [tea.variants[0].id]}}
    old = shop.post(f"products/{tea.id}/images.json", body).json()["image"]
    new = shop.post(f"products/{tea.id}/images.json", body).json()["image"]
    product = shop.get(f"products/{tea.id}.json")["product"]
    assert [(each["id"], each["position"]) for each in product["images"]] == [(new["id"], 1), (old["id"], 2)]
    assert product["image"]["id"] == new["id"]
    assert product["variants"][0]["image_id"] == new["id"]


@pytest.mark.parametrize(("content", "size"), [(GIF, (3, 2)), (JPEG, (7, 5))])
def test_gif_and_jpeg_are_images_too(shop: Counter, tea: Product, content: bytes, size: tuple[int, int]) -> None:
    image = shop.post(f"products/{tea.id}/images.json", {"image": {"attachment": attached(content)}}).json()["image"]
    assert (image["width"], image["height"]) == size


@pytest.mark.parametrize("sent", [{"attachment": attached(b"BM bitmap")}, {"attachment": "no base64!"}, {"src": "x"}])
def test_what_is_no_image_is_refused(shop: Counter, tea: Product, sent: dict[str, str]) -> None:
    assert shop.post(f"products/{tea.id}/images.json", {"image": sent}).status_code == 422
    assert tea.images == []


def test_tracking_is_switched_at_the_inventory_item(shop: Counter, tea: Product) -> None:
    path = f"inventory_items/{item_of(tea)}.json"
    assert shop.get(path)["inventory_item"]["tracked"] is True
    shop.clock.advance(SECOND)
    assert shop.put(path, {"inventory_item": {"tracked": False}}).json()["inventory_item"]["tracked"] is False
    product = shop.get(f"products/{tea.id}.json")["product"]
    assert product["variants"][0]["inventory_management"] is None
    assert product["updated_at"] == "2026-11-23T13:00:01+01:00"


def test_inventory_items_are_listed_by_at_most_a_hundred_ids(shop: Counter, tea: Product) -> None:
    assert shop.get("inventory_items.json", ids=f"{item_of(tea)},1")["inventory_items"][0]["sku"] == "1042"
    assert shop.ask("GET", "inventory_items.json").status_code == 400
    ids = ",".join(str(each) for each in range(101))
    assert shop.ask("GET", "inventory_items.json", ids=ids).status_code == 422


def test_levels_need_locations_or_items(shop: Counter) -> None:
    answer = shop.ask("GET", "inventory_levels.json", limit=250)
    assert (answer.status_code, answer.content) == (422, b"")
    fifty_one = ",".join(str(each) for each in range(51))
    assert shop.ask("GET", "inventory_levels.json", inventory_item_ids=fifty_one).status_code == 422


def test_a_location_is_read_page_by_page(shop: Counter) -> None:
    shop.side.add_product("Viele", [{"sku": f"{each}", "available": each} for each in range(5)])
    answer = shop.ask("GET", "inventory_levels.json", location_ids="60000000001", limit=3)
    rows = answer.json()["inventory_levels"] + shop.follow(answer, "next").json()["inventory_levels"]
    assert [each["available"] for each in rows] == [0, 1, 2, 3, 4]


def test_an_untracked_level_has_no_figure_and_an_unstocked_item_no_row(shop: Counter) -> None:
    shop.side.add_product("Ceylon Tea", [{"sku": "1", "available": 17}])
    shop.side.add_product("Frei", [{"sku": "2", "tracked": False}, {"sku": "3", "stocked": False}])
    rows = shop.get("inventory_levels.json", location_ids="60000000001")["inventory_levels"]
    assert [each["available"] for each in rows] == [17, None]
    assert shop.side.stock_at("3") is None


def test_levels_are_found_by_change(shop: Counter) -> None:
    shop.side.add_product("Erster", [{"sku": "1"}, {"sku": "2", "available": 1}])
    shop.clock.advance(SECOND)
    shop.side.set_available("2", 5)
    query = {"location_ids": "60000000001", "updated_at_min": "2026-11-23T12:00:01Z"}
    assert [each["available"] for each in shop.get("inventory_levels.json", **query)["inventory_levels"]] == [5]


def test_an_adjustment_changes_what_is_there_by_then_below_zero_too(shop: Counter, tea: Product) -> None:
    shop.side.set_available("1042", 2)
    answer = shop.post("inventory_levels/adjust.json", level_body(tea, available_adjustment=-5))
    assert answer.json()["inventory_level"]["available"] == -3
    assert shop.side.available("1042") == -3


def test_a_level_is_set_and_connected_in_silence(shop: Counter, tea: Product) -> None:
    online = next(each.id for each in shop.side.store.locations.values() if each.name == "Online-Lager")
    body = level_body(tea, available=4) | {"location_id": online}
    assert shop.post("inventory_levels/set.json", body).status_code == 200
    assert shop.side.available("1042", "Online-Lager") == 4
    assert shop.get(f"variants/{tea.variants[0].id}.json")["variant"]["inventory_quantity"] == 21


def test_a_connected_item_has_a_level(shop: Counter, tea: Product) -> None:
    shop.side.unstock("1042")
    assert shop.post("inventory_levels/connect.json", level_body(tea)).status_code == 201
    assert shop.side.available("1042") == 0


@pytest.mark.parametrize("change", [{"location_id": 1}, {"inventory_item_id": 1}])
def test_an_adjustment_of_something_unknown_is_not_found(shop: Counter, tea: Product, change: dict[str, int]) -> None:
    body = level_body(tea, available_adjustment=1) | change
    assert shop.post("inventory_levels/adjust.json", body).status_code == 404


def test_an_adjustment_at_a_closed_location_is_not_found(shop: Counter, tea: Product) -> None:
    shop.side.close_location("Laden Mitte")
    assert shop.post("inventory_levels/adjust.json", level_body(tea, available_adjustment=1)).status_code == 404


def test_an_untracked_item_cannot_be_adjusted(shop: Counter, tea: Product) -> None:
    shop.side.set_tracked("1042", False)
    answer = shop.post("inventory_levels/adjust.json", level_body(tea, available_adjustment=1))
    assert answer.status_code == 422
    assert answer.json() == {"errors": ["Inventory item does not have inventory tracking enabled"]}


def test_an_item_that_is_not_stocked_there_cannot_be_adjusted(shop: Counter, tea: Product) -> None:
    shop.side.unstock("1042")
    assert shop.post("inventory_levels/adjust.json", level_body(tea, available_adjustment=1)).status_code == 422
    assert shop.side.stock_at("1042") is None


@pytest.mark.parametrize("pieces", [2.5, "viele", None, True])
def test_pieces_are_whole(shop: Counter, tea: Product, pieces: Any) -> None:
    answer = shop.post("inventory_levels/adjust.json", level_body(tea, available_adjustment=pieces))
    assert answer.status_code == 400
    assert shop.side.available("1042") == 17


def test_people_change_the_catalogue_by_hand(shop: Counter, tea: Product) -> None:
    shop.clock.advance(SECOND)
    shop.side.rename("1042", "Assam")
    shop.side.set_sku("1042", "A-1")
    shop.side.set_status("A-1", "archived")
    told = shop.get(f"products/{tea.id}.json")["product"]
    assert (told["title"], told["variants"][0]["sku"], told["status"]) == ("Assam", "A-1", "archived")
    assert told["updated_at"] == "2026-11-23T13:00:01+01:00"
    assert shop.side.product_by_sku("A-1") is tea
    shop.side.delete_product("A-1")
    assert shop.ask("GET", f"products/{tea.id}.json").status_code == 404


def test_a_removed_image_is_gone_but_its_file_name_stays_taken(shop: Counter) -> None:
    product = shop.side.add_product("Tee", [{"sku": "1"}], images=[("a.png", tiny_png())])
    shop.side.remove_image(product.images[0].id)
    assert shop.get(f"products/{product.id}/images.json")["images"] == []
    body = {"image": {"attachment": attached(tiny_png()), "filename": "a.png"}}
    assert "/a_" in shop.post(f"products/{product.id}/images.json", body).json()["image"]["src"]
