"""The simulated store's door: tokens, scopes, versions, the bucket, queries and pages."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from korsync.sandbox.shopify.access import Bucket
from tests.support.shopify_counter import Counter, opened


@pytest.fixture
def shop() -> Iterator[Counter]:
    with opened() as counter:
        yield counter


def token_request(shop: Counter, **form: str) -> requests.Response:
    return shop.session.post(f"{shop.server.base_url}/admin/oauth/access_token", data=form, timeout=10)


def fill(shop: Counter, products: int) -> None:
    for index in range(products):
        shop.side.add_product(f"Tee {index:04}", [{"sku": f"{index}"}])


def test_a_wrong_token_is_refused_with_shopifys_words(shop: Counter) -> None:
    shop.token = "shpat_wrong"
    answer = shop.ask("GET", "shop.json")
    assert answer.status_code == 401
    assert answer.json() == {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


def test_a_missing_token_is_refused(shop: Counter) -> None:
    url = f"{shop.server.base_url}/admin/api/2026-10/shop.json"
    assert shop.session.get(url, timeout=10).status_code == 401


def test_a_token_got_with_id_and_secret_is_good_for_a_day_by_the_clock(shop: Counter) -> None:
    answer = token_request(
        shop, grant_type="client_credentials", client_id="sandbox-client", client_secret="shpss_sandbox"
    )
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 86399
    assert "read_orders" in answer.json()["scope"].split(",")
    shop.token = answer.json()["access_token"]
    shop.clock.advance(timedelta(seconds=86398))
    assert shop.ask("GET", "shop.json").status_code == 200
    shop.clock.advance(timedelta(seconds=1))
    assert shop.ask("GET", "shop.json").status_code == 401


def test_each_token_request_gives_a_fresh_token(shop: Counter) -> None:
    form = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "shpss_sandbox"}
    first, second = (token_request(shop, **form).json()["access_token"] for _ in range(2))
    assert first != second
    assert shop.server.writes() == []


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "wrong"},
        {"grant_type": "client_credentials", "client_id": "wrong", "client_secret": "shpss_sandbox"},
        {"grant_type": "password", "client_id": "sandbox-client", "client_secret": "shpss_sandbox"},
        {},
    ],
)
def test_a_wrong_token_request_is_refused(shop: Counter, form: dict[str, str]) -> None:
    answer = token_request(shop, **form)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_revoked_tokens_are_worthless_until_a_new_one_is_asked_for(shop: Counter) -> None:
    shop.side.access.revoke_tokens()
    assert shop.ask("GET", "shop.json").status_code == 401
    form = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "shpss_sandbox"}
    shop.token = token_request(shop, **form).json()["access_token"]
    assert shop.ask("GET", "shop.json").status_code == 200


def test_the_scopes_can_be_read_and_taken_away(shop: Counter) -> None:
    shop.side.scopes.discard("read_orders")
    handles = {each["handle"] for each in shop.get("/admin/oauth/access_scopes.json")["access_scopes"]}
    assert "read_orders" not in handles
    assert "write_inventory" in handles
    answer = shop.ask("GET", "orders.json")
    assert answer.status_code == 403
    assert answer.json() == {"errors": "[API] This action requires merchant approval for read_orders scope."}


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("write_products", "PUT", "products/1.json"),
        ("write_products", "POST", "products/1/images.json"),
        ("write_products", "PUT", "variants/1.json"),
        ("write_inventory", "PUT", "inventory_items/1.json"),
        ("write_inventory", "POST", "inventory_levels/adjust.json"),
        ("read_locations", "GET", "locations.json"),
    ],
)
def test_each_call_needs_its_scope(shop: Counter, scope: str, method: str, path: str) -> None:
    shop.side.scopes.discard(scope)
    answer = shop.ask(method, path, {})
    assert answer.status_code == 403
    assert scope in answer.json()["errors"]


def test_a_write_scope_contains_its_read_scope(shop: Counter) -> None:
    shop.side.scopes.discard("read_products")
    assert shop.ask("GET", "products.json").status_code == 200


def test_answers_name_the_version_that_answered_and_a_request_id(shop: Counter) -> None:
    answer = shop.ask("GET", "shop.json")
    assert answer.headers["X-Shopify-API-Version"] == "2026-10"
    assert answer.headers["X-Request-Id"]
    shop.side.answering_version = "2027-01"
    assert shop.ask("GET", "shop.json").headers["X-Shopify-API-Version"] == "2027-01"


def test_only_products_and_variants_are_called_deprecated(shop: Counter) -> None:
    assert "X-Shopify-API-Deprecated-Reason" in shop.ask("GET", "products.json").headers
    assert "X-Shopify-API-Deprecated-Reason" not in shop.ask("GET", "orders.json").headers


def test_the_bucket_runs_over_and_says_how_long_to_wait() -> None:
    with opened() as shop:
        shop.side.bucket = Bucket(shop.clock, 3, 2.0)
        marks = [shop.ask("GET", "shop.json").headers["X-Shopify-Shop-Api-Call-Limit"] for _ in range(3)]
        refused = shop.ask("GET", "shop.json")
        assert marks == ["1/3", "2/3", "3/3"]
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "2.0"
        assert refused.json()["errors"].startswith("Exceeded 2 calls per second for api client.")


def test_the_bucket_leaks_as_the_clock_advances() -> None:
    with opened() as shop:
        shop.side.bucket = Bucket(shop.clock, 3, 2.0)
        for _ in range(4):
            shop.ask("GET", "shop.json")
        shop.clock.advance(timedelta(seconds=1))
        assert shop.ask("GET", "shop.json").status_code == 200


def test_a_refused_write_was_not_applied() -> None:
    with opened() as shop:
        product = shop.side.add_product("Assam", [{"sku": "1"}])
        shop.side.bucket = Bucket(shop.clock, 0, 2.0)
        assert shop.put(f"products/{product.id}.json", {"product": {"title": "Neu"}}).status_code == 429
        assert product.title == "Assam"


def test_a_path_without_json_is_not_acceptable(shop: Counter) -> None:
    answer = shop.ask("GET", "products")
    assert (answer.status_code, answer.content) == (406, b"")


def test_a_wrong_method_is_not_acceptable(shop: Counter) -> None:
    assert shop.ask("DELETE", "orders.json").status_code == 406


@pytest.mark.parametrize("path", ["nothing.json", "products/1.json", "orders/1.json", "variants/1.json"])
def test_what_is_not_there_is_not_found(shop: Counter, path: str) -> None:
    answer = shop.ask("GET", path)
    assert (answer.status_code, answer.json()) == (404, {"errors": "Not Found"})


def test_an_unknown_query_name_is_refused(shop: Counter) -> None:
    answer = shop.ask("GET", "orders.json", updated_min="2026-11-23T00:00:00Z")
    assert answer.status_code == 400
    assert "updated_min" in answer.json()["errors"]


def test_a_query_name_given_twice_is_refused(shop: Counter) -> None:
    assert shop.ask("GET", "orders.json", status=["any", "open"]).status_code == 400


def test_a_raw_plus_in_a_time_arrives_as_a_blank_and_is_refused(shop: Counter) -> None:
    raw = f"{shop.server.base_url}/admin/api/2026-10/orders.json?updated_at_min=2026-11-23T10:00:00+01:00"
    headers = {"X-Shopify-Access-Token": shop.token}
    assert shop.session.get(raw, headers=headers, timeout=10).status_code == 400
    assert shop.ask("GET", "orders.json", updated_at_min="2026-11-23T10:00:00+01:00").status_code == 200
    assert shop.ask("GET", "orders.json", updated_at_min="2026-11-23T10:00:00Z").status_code == 200


@pytest.mark.parametrize("time", ["2026-11-23", "2026-11-23T10:00:00", "yesterday", ""])
def test_a_time_without_offset_is_refused(shop: Counter, time: str) -> None:
    assert shop.ask("GET", "orders.json", updated_at_min=time).status_code == 400


@pytest.mark.parametrize("limit", ["0", "251", "ten"])
def test_a_page_holds_one_to_250_rows(shop: Counter, limit: str) -> None:
    assert shop.ask("GET", "products.json", limit=limit).status_code == 400


def test_a_list_without_limit_has_fifty_rows(shop: Counter) -> None:
    fill(shop, 51)
    answer = shop.ask("GET", "products.json")
    assert len(answer.json()["products"]) == 50
    assert len(shop.follow(answer, "next").json()["products"]) == 1


def test_links_lead_forth_and_back_over_every_row_once(shop: Counter) -> None:
    fill(shop, 7)
    answer = shop.ask("GET", "products.json", limit=3, fields="title")
    assert "previous" not in answer.links
    pages = [answer]
    while "next" in answer.links:
        answer = shop.follow(answer, "next")
        pages.append(answer)
    titles = [each["title"] for one in pages for each in one.json()["products"]]
    assert titles == [f"Tee {index:04}" for index in range(7)]
    assert shop.follow(pages[2], "previous").json() == pages[1].json()
    assert shop.follow(pages[1], "previous").json() == pages[0].json()


def test_a_cursor_keeps_the_filters_of_its_list(shop: Counter) -> None:
    fill(shop, 4)
    for index in range(4):
        shop.side.add_product(f"Entwurf {index}", [{"sku": f"d{index}"}], status="draft")
    answer = shop.follow(shop.ask("GET", "products.json", limit=3, status="draft"), "next")
    assert [each["title"] for each in answer.json()["products"]] == ["Entwurf 3"]


def test_a_cursor_without_fields_brings_every_field(shop: Counter) -> None:
    fill(shop, 2)
    answer = shop.ask("GET", "products.json", limit=1, fields="id")
    cursor = answer.links["next"]["url"].split("page_info=")[1].split("&")[0]
    assert "variants" in shop.get("products.json", limit=1, page_info=cursor)["products"][0]


def test_a_cursor_goes_with_limit_and_fields_only(shop: Counter) -> None:
    fill(shop, 2)
    cursor = shop.ask("GET", "products.json", limit=1).links["next"]["url"].split("page_info=")[1]
    answer = shop.ask("GET", "products.json", limit=1, status="active", page_info=cursor)
    assert answer.status_code == 400
    assert answer.json()["errors"]["status"].startswith("status cannot be passed when page_info is present.")


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "e30"])
def test_a_broken_cursor_is_refused(shop: Counter, cursor: str) -> None:
    answer = shop.ask("GET", "products.json", page_info=cursor)
    assert (answer.status_code, answer.json()) == (400, {"errors": {"page_info": "Invalid value."}})


def test_a_cursor_of_another_list_is_refused(shop: Counter) -> None:
    fill(shop, 2)
    cursor = shop.ask("GET", "products.json", limit=1).links["next"]["url"].split("page_info=")[1]
    assert shop.ask("GET", "locations.json", page_info=cursor).status_code == 400


def test_a_product_renamed_while_it_is_listed_may_come_twice_or_not_at_all(shop: Counter) -> None:
    fill(shop, 4)
    answer = shop.ask("GET", "products.json", limit=2)
    shop.side.rename("0", "Zuletzt")
    shop.side.rename("3", "Anfang")
    titles = [each["title"] for each in shop.follow(answer, "next").json()["products"]]
    assert titles == ["Tee 0002", "Zuletzt"]


def test_products_after_an_id_come_in_the_order_of_their_ids(shop: Counter) -> None:
    products = [shop.side.add_product(title, [{"sku": title}]) for title in ("C", "B", "A")]
    rows = shop.get("products.json", since_id=products[0].id)["products"]
    assert [each["title"] for each in rows] == ["B", "A"]


def test_the_shop_and_its_locations_are_told(shop: Counter) -> None:
    told = shop.get("shop.json")["shop"]
    assert (told["myshopify_domain"], told["currency"]) == ("sandbox-shop.myshopify.com", "EUR")
    assert (told["iana_timezone"], told["taxes_included"]) == ("Europe/Berlin", True)
    shop.side.close_location("Online-Lager")
    locations = shop.get("locations.json")["locations"]
    assert [(each["name"], each["active"]) for each in locations] == [("Laden Mitte", True), ("Online-Lager", False)]
    assert locations[0]["id"] == 60000000001


def test_a_body_that_is_not_json_is_refused(shop: Counter) -> None:
    product = shop.side.add_product("Assam", [{"sku": "1"}])
    url = f"{shop.server.base_url}/admin/api/2026-10/products/{product.id}.json"
    headers = {"X-Shopify-Access-Token": shop.token}
    assert shop.session.put(url, data="{broken", headers=headers, timeout=10).status_code == 400


def test_a_body_without_its_root_is_refused(shop: Counter) -> None:
    product = shop.side.add_product("Assam", [{"sku": "1"}])
    answer = shop.put(f"products/{product.id}.json", {"title": "Neu"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"errors": {"product": "Required parameter missing or invalid"}},
    )
