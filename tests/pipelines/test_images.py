"""Article images: new ones arrive once, in whatever way KORONA replaces them and whatever answer is lost."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from korsync.pipelines import images
from korsync.records.plan import Ran
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import Article, Image
from korsync.sandbox.sample import picture
from tests.support.catalogue import JPG, asked, contents, file_names, posted, product, sent, variant
from tests.support.shop import Shop

NextRun = Callable[[], Ran]


def test_a_new_image_costs_one_get_and_one_post(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run("products")
    shop.run_later("products")
    shop.later()
    shop.korona.replace_image("1001", picture(1), new_id=True)
    with shop.requests() as seen:
        shop.run("products")
    assert (asked(seen), len(posted(seen))) == (1, 1)
    assert (len(seen.korona), len(seen.shopify)) == (3 + 1, 1 + 1)
    assert contents(shop) == [picture(1)]


def test_a_file_name_carries_number_and_hash_and_an_image_of_a_single_variant_is_tied_to_none(shop: Shop) -> None:
    shop.stocked("AB/12 ä", image=JPG)
    shop.init()
    with shop.requests() as seen:
        shop.run("products")
    (write,) = (sent(each)[2]["image"] for each in seen.writes)
    assert write["filename"].startswith("AB-12-")
    assert write["filename"].endswith(".jpg")
    assert set(write) == {"attachment", "filename"}


@pytest.mark.parametrize("new_id", [True, False])
def test_a_replaced_image_is_added_and_the_old_one_stays(pictured: Shop, next_run: NextRun, new_id: bool) -> None:
    pictured.korona.replace_image("1001", picture(2), new_id=new_id)
    assert next_run().exit_code == 0
    assert contents(pictured) == [picture(1), picture(2)]


@pytest.mark.parametrize("new_id", [True, False])
def test_the_same_content_saved_again_is_not_sent_again(pictured: Shop, next_run: NextRun, new_id: bool) -> None:
    pictured.korona.replace_image("1001", picture(1), new_id=new_id)
    with pictured.requests() as seen:
        next_run()
    assert posted(seen) == []
    with pictured.requests() as seen:
        next_run()
    assert (asked(seen), posted(seen)) == (0, [])


def test_a_content_that_comes_back_later_is_not_sent_again(pictured: Shop, next_run: NextRun) -> None:
    for shade in (2, 3):
        pictured.korona.replace_image("1001", picture(shade), new_id=True)
        next_run()
    pictured.shopify.remove_image(product(pictured, "1001").images[0].id)
    pictured.korona.replace_image("1001", picture(1), new_id=True)
    with pictured.requests() as seen:
        next_run()
    assert posted(seen) == []
    assert contents(pictured) == [picture(2), picture(3)]


def test_an_image_that_somebody_deleted_in_the_shop_is_not_sent_again(pictured: Shop, next_run: NextRun) -> None:
    pictured.shopify.remove_image(product(pictured, "1001").images[0].id)
    for new_id in (None, False, True):
        if new_id is not None:
            pictured.korona.replace_image("1001", picture(1), new_id=new_id)
        with pictured.requests() as seen:
            next_run()
        assert posted(seen) == []
    assert contents(pictured) == []


def test_an_image_of_several_variants_is_tied_to_its_own(shop: Shop) -> None:
    for number, shade in (("1001", 1), ("1002", 2)):
        shop.korona.add_article(number, f"Becher {shade}", Decimal("8.90"), image=picture(shade))
    shop.shopify.add_product("Becher", [{"sku": number, "price": "8.90"} for number in ("1001", "1002", "1003")])
    shop.init()
    shop.run("products")
    shown = product(shop, "1001").images
    assert [each.content for each in shown] == [picture(1), picture(2)]
    assert [variant(shop, number).image_id for number in ("1001", "1002", "1003")] == [shown[0].id, shown[1].id, None]


def test_variants_that_share_a_content_get_it_once_together(shop: Shop, next_run: NextRun) -> None:
    for number in ("1001", "1002"):
        shop.korona.add_article(number, f"Becher {number}", Decimal("8.90"), image=picture(1))
    shop.shopify.add_product("Becher", [{"sku": number, "price": "8.90"} for number in ("1001", "1002")])
    shop.init()
    with shop.requests() as seen:
        shop.run("products")
    assert len(posted(seen)) == 1
    (shown,) = product(shop, "1001").images
    assert [each.image_id for each in product(shop, "1001").variants] == [shown.id, shown.id]
    with shop.requests() as seen:
        next_run()
    assert (asked(seen), seen.writes) == (0, [])


def test_an_article_that_moves_to_another_product_brings_its_image_there(pictured: Shop, next_run: NextRun) -> None:
    old = product(pictured, "1001")
    new = pictured.shopify.add_product("Neuer Platz", [{"sku": None, "price": "8.90"}])
    pictured.shopify.set_sku("1001", None)
    pictured.shopify.set_sku(new.variants[0].id, "1001")
    next_run()
    assert ([each.content for each in old.images], contents(pictured)) == ([picture(1)], [picture(1)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html>please log in</html>", "neither PNG nor JPG"),
        (b"GIF89a" + bytes(20), "neither PNG nor JPG"),
        (picture(1)[:7], "neither PNG nor JPG"),
        (picture(1) + bytes(images.LARGEST_IMAGE), "larger than 20 MB"),
        (picture(1) + bytes(25 * 1024 * 1024), "larger than 20 MB"),
    ],
)
def test_what_is_no_image_is_left_with_its_reason_and_asked_for_only_once(shop: Shop, data: bytes, reason: str) -> None:
    shop.stocked("1001", image=data)
    shop.init()
    with shop.requests() as seen:
        assert shop.run("products").exit_code == 0
    assert (asked(seen), seen.writes) == (1, [])
    with shop.requests() as seen:
        assert shop.run_later("products").exit_code == 0
    assert (asked(seen), seen.writes) == (0, [])
    assert reason in shop.reason("products", "1001")
    shop.korona.replace_image("1001", picture(1), new_id=False)
    shop.run_later("products")
    assert contents(shop) == [picture(1)]


def test_an_image_that_is_empty_is_asked_for_again(shop: Shop) -> None:
    shop.stocked("1001", image=b"")
    shop.init()
    shop.run("products")
    assert shop.reason("products", "1001") == "its image waits: it is empty in KORONA"
    with shop.korona.turn():
        shop.korona.table(Image)[shop.korona.find(Article, "1001").image_id or ""].data = picture(1)
    shop.run_later("products")
    assert contents(shop) == [picture(1)]


def test_an_image_deleted_in_korona_is_named_and_not_asked_for(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", image=picture(1))
    with shop.korona.turn():
        image = shop.korona.table(Image)[shop.korona.find(Article, "1001").image_id or ""]
        image.active = False
        shop.korona.save(image)
    shop.init()
    with shop.requests() as seen:
        next_run()
    assert (asked(seen), seen.writes) == (0, [])
    assert "deleted in KORONA" in shop.reason("products", "1001")


def test_an_image_that_korona_refuses_stops_no_other(shop: Shop) -> None:
    for number in ("1001", "1002"):
        shop.stocked(number, image=picture(int(number)))
    shop.init()
    shop.world.korona_server.faults.append(Fault("status", "GET", "/images/", status=404, body={"code": "X"}))
    assert shop.run("products").exit_code == 0
    assert (contents(shop, "1001"), contents(shop, "1002")) == ([], [picture(1002)])
    assert "cannot be read" in shop.reason("products", "1001")
    with shop.requests() as seen:
        shop.run_later("products")
    assert (asked(seen), contents(shop, "1001")) == (0, [])
    assert "cannot be read" in shop.reason("products", "1001")
    shop.korona.replace_image("1001", picture(1001), new_id=False)
    shop.run_later("products")
    assert contents(shop, "1001") == [picture(1001)]


def test_images_that_korona_cannot_give_now_wait_and_hold_up_nothing_else(shop: Shop) -> None:
    numbers = [str(number) for number in range(1001, 1007)]
    for number in numbers:
        shop.stocked(number, price="8.90", image=picture(int(number)))
    shop.init()
    shop.korona.change_price("1001", Decimal("9.20"))
    shop.world.korona_server.faults.append(Fault("html", "GET", "/images/", times=999))
    with shop.requests() as seen:
        assert shop.run("products").exit_code == 5
    assert [each.method for each in seen.writes] == ["PUT"]
    assert asked(seen) == images.MOST_UNREAD * 4  # each asked for four times
    assert all("waits" in shop.reason("products", number) for number in numbers)
    shop.world.korona_server.faults.clear()
    assert shop.run_later("products").exit_code == 0
    assert [contents(shop, number) for number in numbers] == [[picture(int(number))] for number in numbers]


def test_images_that_korona_never_gives_keep_no_other_from_being_read(shop: Shop) -> None:
    numbers = [str(number) for number in range(1001, 1009)]
    for number in numbers:
        shop.stocked(number, image=picture(int(number)))
    shop.init()
    broken = numbers[: images.MOST_UNREAD + 1]
    for number in broken:
        image_id = shop.korona.find(Article, number).image_id
        shop.world.korona_server.faults.append(Fault("status", "GET", f"/images/{image_id}", status=500, times=999))
    assert shop.run("products").exit_code == 5
    assert shop.run_later("products").exit_code == 5
    assert [number for number in numbers if contents(shop, number)] == numbers[len(broken) :]
    # Nor does what can be given again wait for good behind what never can.
    shop.world.korona_server.faults.pop()
    shop.run_later("products")
    shop.run_later("products")
    assert contents(shop, broken[-1]) == [picture(int(broken[-1]))]


def test_more_contents_than_one_run_may_hold_wait_for_the_next(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_AT_ONCE", len(picture(1001)) + 1)
    for number in ("1001", "1002", "1003"):
        shop.stocked(number, image=picture(int(number)))
    shop.init()
    assert shop.run("products").exit_code == 0
    assert [len(contents(shop, number)) for number in ("1001", "1002", "1003")] == [1, 1, 0]
    assert "waits" in shop.reason("products", "1003")
    shop.run_later("products")
    assert contents(shop, "1003") == [picture(1003)]


def test_an_image_in_the_shop_is_known_by_its_hash_when_state_and_cache_are_lost(pictured: Shop) -> None:
    (name,) = file_names(pictured, "1001")
    pictured.settings.state_path.unlink()
    pictured.settings.cache_path.unlink()
    image = product(pictured, "1001").images[0]
    image.address = image.address.replace(name, name.upper().replace(".PNG", "_8c1f4a6e-0b52.png"))
    pictured.init(adopts=True)
    with pictured.requests() as seen:
        pictured.run_later("products")
    assert posted(seen) == []


def test_an_image_that_korona_does_not_list_is_sent_once_all_the_same(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", image=picture(1))
    shop.world.korona_server.faults.append(Fault("status", "GET", "/images$", times=99, status=204))
    shop.init()
    next_run()
    assert contents(shop) == [picture(1)]
    with shop.requests() as seen:
        next_run()
    assert (asked(seen), seen.writes) == (0, [])
