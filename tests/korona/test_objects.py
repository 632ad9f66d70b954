"""Single objects and short lists of KORONA, and coupling."""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from korsync.errors import ConfigurationError, Refused, Rejected
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.account import COUPLING_ID
from korsync.sandbox.korona.store import Article, Unit
from tests.support.desk import NOON, PNG, Desk

# --- single objects and short lists ---


def test_an_article_is_found_by_exactly_its_number(desk: Desk) -> None:
    desk.side.contains_filters = True
    desk.side.add_article("11042", "Topf")
    assert desk.client.product_by_number("1042") is None
    desk.side.add_article("1042", "Tee")
    found = desk.client.product_by_number("1042")
    assert found is not None
    assert found.name == "Tee"


def test_a_live_article_wins_over_one_that_was_switched_off(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee, alt")
    desk.side.deactivate("1042")
    found = desk.client.product_by_number("1042")
    assert found is not None
    assert found.name == "Tee, alt"
    desk.side.add_article("1042", "Tee")
    found = desk.client.product_by_number("1042")
    assert found is not None
    assert found.name == "Tee"


def test_an_id_that_is_no_text_is_refused_like_any_other_that_is_none(desk: Desk) -> None:
    with pytest.raises(Rejected, match="MALFORMED"):
        desk.client.product("\ud83d")


def test_of_several_live_articles_with_a_number_none_is_taken(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee")
    desk.side.add_article("1042", "Kaffee")
    assert desk.client.product_by_number("1042") is None


def test_of_several_articles_that_were_switched_off_none_is_taken(desk: Desk) -> None:
    for name in ("Tee", "Kaffee"):
        desk.side.save(Article(number="1042", name=name, deactivated=True))
    assert desk.client.product_by_number("1042") is None


def test_a_number_that_korona_does_not_look_for_is_not_taken_for_one_without_an_article(desk: Desk) -> None:
    desk.server.faults.append(Fault("status", "GET", "/products$", status=400))
    with pytest.raises(Rejected):
        desk.client.product_by_number("1042")


def test_an_article_that_is_not_there_is_none(desk: Desk) -> None:
    assert desk.client.product("5a4d0a2e-6c1f-4d5b-8f0a-0c5b1e7a9d99") is None


def test_a_bundle_tells_its_parts(desk: Desk) -> None:
    part = desk.side.add_article("p", "Teil")
    bundle = desk.side.add_article("b", "Bündel", parts={"p": 3})
    article = desk.client.product(bundle.id)
    assert article is not None
    assert [(each.article_id, each.quantity) for each in article.parts] == [(part.id, Decimal(3))]


def test_the_content_of_an_image_comes_as_bytes(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee", image=PNG)
    (image,), _ = desk.client.changed_images(0)
    assert desk.client.image_content(image.id) == PNG


def test_the_content_of_an_image_too_large_to_be_read_is_none(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee", image=PNG + bytes(25 * 1024 * 1024))
    (image,), _ = desk.client.changed_images(0)
    desk.server.requests.clear()
    assert desk.client.image_content(image.id) is None
    assert len(desk.server.requests) == 1


def test_a_replaced_image_is_announced(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee", image=PNG)
    _, cursor = desk.client.changed_images(0)
    desk.side.replace_image("1042", PNG + b"2", new_id=False)
    (image,), _ = desk.client.changed_images(cursor)
    assert desk.client.image_content(image.id) == PNG + b"2"


def test_what_the_configuration_names_can_be_listed(desk: Desk) -> None:
    assert {each.name for each in desk.client.price_groups()} == {"Standard", "Shopify"}
    assert [each.key for each in desk.client.currencies()] == ["EUR"]
    assert {each.number for each in desk.client.organizational_units() if each.warehouse} == {"1", "2"}
    assert [each.number for each in desk.client.payment_methods()] == ["1", "5", "6", "9"]
    assert [each.number for each in desk.client.cashiers()] == ["99"]
    assert [each.number for each in desk.client.customer_groups()] == ["1"]
    assert {each.number for each in desk.client.sales_taxes() if each.included} == {"1", "2", "3"}
    (standard,) = [each for each in desk.client.sales_taxes() if each.number == "1"]
    assert [rate.percent for rate in standard.rates] == [19, 16, 19]
    assert [rate.valid_from for rate in standard.rates][1] == datetime(2020, 6, 30, 22, tzinfo=UTC)


def test_a_point_of_sale_says_what_it_is(desk: Desk) -> None:
    pos = desk.point_of_sale()
    (warehouse,) = [each for each in desk.client.organizational_units() if each.number == "1"]
    assert (pos.type, pos.coupled, pos.warehouse_id) == ("EXTERNAL_WEBSHOP", True, warehouse.id)
    assert desk.client.point_of_sale(pos.id, COUPLING_ID) == pos
    with pytest.raises(Refused, match="COUPLED_WITH_OTHER_DEVICE"):
        desk.client.point_of_sale(pos.id, "somebody else's")


def test_a_point_of_sale_is_found_by_exactly_its_number(desk: Desk) -> None:
    desk.side.contains_filters = True
    assert desk.client.points_of_sale("9") == []
    assert [each.number for each in desk.client.points_of_sale("90")] == ["90"]


def test_now_is_koronas_own_time(desk: Desk) -> None:
    desk.client.currencies()
    assert desk.client.now == NOON
    desk.clock.advance(timedelta(hours=1))
    desk.client.currencies()
    assert desk.client.now == NOON + timedelta(hours=1)


def test_a_wrong_password_is_tried_once(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.open(password="wrong").changed_products(0)
    assert len(desk.server.requests) == 1


@pytest.mark.parametrize("echoed", ["canary-password", base64.b64encode(b"me:canary-password").decode(), "canary-id"])
def test_a_secret_that_korona_repeats_is_not_told(desk: Desk, echoed: str) -> None:
    desk.server.faults.append(Fault("status", status=422, body={"code": "X", "message": f"{echoed} is odd"}))
    with pytest.raises(Rejected, match=r"\*\*\* is odd") as caught:
        desk.open(username="me", password="canary-password", coupling_id="canary-id").product("1")
    assert echoed not in f"{caught.value.what} {caught.value.remedy}"


def test_a_wrong_account_is_a_mistake_in_the_configuration(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="ACCOUNT_NOT_FOUND"):
        desk.open(account_id="5a4d0a2e-6c1f-4d5b-8f0a-0c5b1e7a9d99").price_groups()


# --- coupling ---


def test_an_uncoupled_point_of_sale_is_coupled_once(desk: Desk) -> None:
    unit = desk.side.find(Unit, "1")
    new = desk.side.add_point_of_sale("91", "Neu", type="EXTERNAL", unit=unit)
    desk.client.couple(new.id, "mine")
    desk.client.couple(new.id, "mine")
    assert [each.method for each in desk.server.writes()] == ["PATCH"]
    assert desk.client.point_of_sale(new.id, "mine").coupled
