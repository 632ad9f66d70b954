"""Images whose answer was lost: looked for by their hash, and sent again only when Shopify surely has them not."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from korsync.pipelines import products
from korsync.records.memory import UnsureImage
from korsync.records.plan import Outcome, Ran
from korsync.sandbox.exchange import Fault, Request
from korsync.sandbox.sample import picture
from tests.support.catalogue import asked, contents, posted, product
from tests.support.shop import Shop

NextRun = Callable[[], Ran]


@pytest.mark.parametrize("action", ["lose_answer", "truncate", "replace_answer"])
def test_an_image_whose_answer_was_lost_is_found_by_its_hash_and_not_sent_again(
    shop: Shop, next_run: NextRun, action: Any
) -> None:
    shop.stocked("1001", image=picture(1))
    shop.init()
    shop.world.shopify_server.faults.append(Fault(action, "POST", "/images", status=502, body="bad gateway"))
    assert shop.run("products").exit_code == 5
    assert [each.outcome for each in shop.watched.pushed] == [Outcome.UNSURE]
    assert len(shop.state.unsure_images) == 1
    with shop.requests() as seen:
        assert next_run().exit_code == 0
    assert (posted(seen), asked(seen), seen.count("GET", "/images.json")) == ([], 0, 1)
    assert (shop.state.unsure_images, contents(shop)) == ({}, [picture(1)])
    with shop.requests() as seen:
        next_run()
    assert seen.count("GET", "/images.json") == 0


def test_an_image_that_was_lost_on_the_way_is_sent_once_more_when_shopify_has_settled(shop: Shop) -> None:
    shop.stocked("1001", image=picture(1))
    shop.init()
    shop.world.shopify_server.faults.append(Fault("reset", "POST", "/images"))
    shop.run("products")
    with shop.requests() as seen:
        assert shop.run_later("products", minutes=10).exit_code == 0
    assert posted(seen) == []
    assert "may have taken" in shop.reason("products", "1001")
    assert shop.run_later("products", minutes=5).exit_code == 0
    assert contents(shop) == [picture(1)]


def test_an_image_that_shopify_shows_late_is_not_sent_again(shop: Shop) -> None:
    shop.stocked("1001", image=picture(1))
    shop.init()
    shop.world.shopify_server.faults.append(Fault("lose_answer", "POST", "/images"))
    shop.run("products")
    shown = product(shop, "1001")
    late, shown.images = shown.images, []
    shop.run_later("products", minutes=5)
    shown.images = late
    shop.run_later("products", minutes=5)
    assert (contents(shop), shop.state.unsure_images) == ([picture(1)], {})


def test_a_run_that_died_while_sending_asks_shopify_first(pictured: Shop, next_run: NextRun) -> None:
    state_path = pictured.settings.state_path
    pictured.korona.replace_image("1001", picture(2), new_id=True)
    saved: list[bytes] = []
    pictured.world.shopify_server.before_request = lambda request: (
        saved.append(state_path.read_bytes()) if request.method == "POST" else None
    )
    next_run()
    pictured.world.shopify_server.before_request = None
    state_path.write_bytes(saved[0])
    (unsure,) = pictured.state.unsure_images.values()
    assert isinstance(unsure, UnsureImage)
    with pictured.requests() as seen:
        next_run()
    assert posted(seen) == []
    assert contents(pictured) == [picture(1), picture(2)]


def test_an_image_that_another_variant_may_have_brought_is_waited_for(shop: Shop) -> None:
    shop.korona.add_article("1001", "Becher weiß", Decimal("8.90"), image=picture(1))
    shop.shopify.add_product("Becher", [{"sku": number, "price": "8.90"} for number in ("1001", "1002")])
    shop.init()
    shop.world.shopify_server.faults.append(Fault("reset", "POST", "/images"))
    shop.run("products")
    shop.korona.add_article("1002", "Becher blau", Decimal("8.90"), image=picture(1))
    with shop.requests() as seen:
        shop.run_later("products", minutes=5)
    assert posted(seen) == []
    assert "may have taken" in shop.reason("products", "1002")
    with shop.requests() as seen:
        shop.run_later("products")
    assert len(posted(seen)) == 1
    assert shop.run_later("products").exit_code == 0
    assert contents(shop) == [picture(1)]


@pytest.fixture
def refused(shop: Shop) -> Shop:
    """A shop with one article whose picture Shopify has just refused, and would take now."""
    shop.stocked("1001", name="Tee", price="8.90", image=picture(1))
    shop.init()
    refusal = {"errors": {"image": ["is not to our taste"]}}
    shop.world.shopify_server.faults.append(Fault("status", "POST", "/images", status=422, body=refusal))
    assert shop.run("products").exit_code == 1
    assert "is not to our taste" in shop.held("1001").reason
    assert shop.state.unsure_images == {}
    return shop


def test_a_refused_image_is_held_and_neither_read_nor_sent_again(refused: Shop) -> None:
    since = refused.held("1001").since
    with refused.requests() as seen:
        assert refused.run_later("products").exit_code == 1
    assert (asked(seen), seen.writes) == (0, [])
    assert "is not to our taste" in refused.held("1001").reason
    assert "--full" in refused.held("1001").reason
    assert refused.held("1001").since == since


@pytest.mark.parametrize("new_id", [True, False])
def test_a_refused_image_that_was_changed_is_tried_again(refused: Shop, new_id: bool) -> None:
    refused.korona.replace_image("1001", picture(2), new_id=new_id)
    assert refused.run_later("products").exit_code == 0
    assert (contents(refused), refused.state.held) == ([picture(2)], {})


def test_a_refused_image_is_tried_again_when_everything_is_read(refused: Shop) -> None:
    refused.later()
    assert refused.run("products", full=True).exit_code == 0
    assert (contents(refused), refused.state.held) == ([picture(1)], {})


def test_an_image_that_one_product_refused_is_offered_to_another(refused: Shop) -> None:
    refused.shopify.delete_product("1001")
    refused.shopify.add_product("Tee", [{"sku": "1001", "price": "8.90"}])
    assert refused.run_later("products").exit_code == 0
    assert (contents(refused), refused.state.held) == ([picture(1)], {})


def test_after_a_long_push_an_image_waits_as_long_as_any_other(shop: Shop) -> None:
    shop.stocked("1001", image=picture(1))
    shop.init()
    shop.shopify.set_price("1001", "8.80")
    server = shop.world.shopify_server
    server.before_request = lambda request: shop.later(7) if request.method == "PUT" else None
    server.faults.append(Fault("lose_answer", "POST", "/images"))
    shop.run("products")
    server.before_request = None
    shown = product(shop, "1001")
    late, shown.images = shown.images, []
    with shop.requests() as seen:
        shop.run_later("products", minutes=10)
    assert posted(seen) == []
    shown.images = late
    shop.run_later("products", minutes=10)
    assert (contents(shop), shop.state.unsure_images) == ([picture(1)], {})


def test_a_run_that_dies_leaves_doubt_about_the_images_it_was_sending_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "IMAGES_TOGETHER", 2)
    for number in ("1001", "1002", "1003"):
        shop.stocked(number, image=picture(int(number)))
    shop.init()
    doubts: list[list[str]] = []

    def look(request: Request) -> None:
        if request.method == "POST":
            doubts.append([each.image.content_hash for each in shop.state.unsure_images.values()])

    shop.world.shopify_server.before_request = look
    shop.run("products")
    assert [len(each) for each in doubts] == [2, 2, 1]
    assert doubts[0] == doubts[1] != doubts[2]


def test_an_image_left_over_by_a_refusing_shop_is_no_doubt(shop: Shop, next_run: NextRun) -> None:
    for number in ("1001", "1002"):
        shop.stocked(number, image=picture(int(number)))
    shop.init()
    fault = Fault("status", "POST", "/images", status=403, body={"errors": "merchant approval needed"})
    shop.world.shopify_server.faults.append(fault)
    assert shop.run("products").exit_code == 4
    assert shop.state.unsure_images == {}
    next_run()
    assert [contents(shop, number) for number in ("1001", "1002")] == [[picture(1001)], [picture(1002)]]


def test_an_image_whose_product_was_deleted_meanwhile_is_no_longer_in_doubt(shop: Shop, next_run: NextRun) -> None:
    shop.stocked("1001", name="Tee", price="8.90", image=picture(1))
    shop.init()
    shop.world.shopify_server.faults.append(Fault("lose_answer", "POST", "/images"))
    shop.run("products")
    shop.shopify.delete_product("1001")
    shop.shopify.add_product("Tee", [{"sku": "1001", "price": "8.90"}])
    assert next_run().exit_code == 0
    assert (contents(shop), shop.state.unsure_images) == ([picture(1)], {})
