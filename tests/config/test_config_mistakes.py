"""What is wrong in the configuration file is named with line and key, all at once, and no value is repeated."""

from pathlib import Path

import pytest

from korsync.config.load import load
from korsync.errors import ConfigurationError
from tests.config.test_config import ENVIRONMENT, SMALL, changed, mistakes, read


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("price_list:", "price_lst:", "6: korona.price_lst is not a known key; did you mean price_list?"),
        ("price_list:", "canary-1:", "6: korona has a key here that is not known; it is not shown"),
        ("price_list: Shopify", "canary-1: a\n  canary-1: b", "7: a key of korona stands twice, first in line 6"),
        ("shopify:", "shopfy:", "9: shopfy is not a known key; did you mean shopify?"),
        ("      warehouses", "      xyz: 1\n      warehouses", "16: stock.locations[0].xyz is not a known key"),
        ('"90"', '"90"\n  point_of_sale: "91"', "8: korona.point_of_sale stands twice, first in line 7"),
        ("payment_methods:", 'shipping_product: "1"\n  payment_methods:', "21: orders.shipping_product stands twice"),
        ('{default: "9"}', '{default: "9", a: "1", a: "2"}', "21: orders.payment_methods.a stands twice"),
        ("  price_list: Shopify\n", "", "1: korona.price_list is missing"),
        ("  start_from: 2026-11-01\n", "", "17: orders.start_from is missing"),
        ('{default: "9"}', '{paypal: "9"}', "21: orders.payment_methods.default is missing"),
        ('"90"', "0123", "7: korona.point_of_sale would be read as a number: put it in quotes"),
        ('"90"', "90", "7: korona.point_of_sale would be read as a number: put it in quotes"),
        ('"90"', "12:30", "7: korona.point_of_sale would be read as a number: put it in quotes"),
        ('"90"', "1.10", "7: korona.point_of_sale would be read as a number: put it in quotes"),
        ('"90"', "no", "7: korona.point_of_sale would be read as true or false: put it in quotes"),
        ('"90"', "2026-11-01", "7: korona.point_of_sale would be read as a date: put it in quotes"),
        ('"90"', "=", "7: korona.point_of_sale would be read as a special value: put it in quotes"),
        ('"90"', "", "7: korona.point_of_sale has no value"),
        ('"90"', '" "', "7: korona.point_of_sale has no value"),
        ('"90"', '"90 "', "7: korona.point_of_sale must be without blanks at its ends"),
        ('"90"', '["90"]', "7: korona.point_of_sale must be text, not a list"),
        ('"90"', "{a: b}", "7: korona.point_of_sale must be text, not a group of keys"),
        ('"90"', '"9\\t0"', "7: korona.point_of_sale must not hold control characters"),
        ('"90"', '"\\ud800"', "7: korona.point_of_sale must not hold control characters"),
        ('["1"]', "[1]", "16: stock.locations[0].warehouses[0] would be read as a number: put it in quotes"),
        ('["1"]', '"1"', "16: stock.locations[0].warehouses must be a list, as in [a, b], not text"),
        ('["1"]', "[]", "16: stock.locations[0].warehouses must not be empty"),
        ('["1"]', '["1", "1"]', "16: stock.locations[0].warehouses[1] stands in the list twice"),
        ('{default: "9"}', "{default: 9}", "21: orders.payment_methods.default would be read as a number"),
        ('{default: "9"}', "{default: x, [a]: x}", "21: orders.payment_methods has a key that is not a single word"),
        ("my-shop.myshopify.com", "my-shop.com", "10: shopify.shop must be the store's own address"),
        ("my-shop.myshopify.com", "My-Shop.myshopify.com", "10: shopify.shop must be the store's own address"),
        ("my-shop.myshopify.com", "x.y.myshopify.com", "10: shopify.shop must be the store's own address"),
        ("my-shop.myshopify.com", "my-shop.myshopify.com.evil.org", "10: shopify.shop must be the store's own"),
        ("my-shop.myshopify.com", "https://my-shop.myshopify.com", "10: shopify.shop must be the store's own"),
        ("my-shop.myshopify.com", "-x.myshopify.com", "10: shopify.shop must be the store's own address"),
        ('"2026-10"', '"2026-13"', "11: shopify.api_version must be a year and a month"),
        ('"2026-10"', "unstable", "11: shopify.api_version must be a year and a month"),
        (
            "  access_token: ${SHOPIFY_ACCESS_TOKEN}\n",
            "",
            "9: shopify needs access_token, or client_id and client_secret",
        ),
        ("access_token:", "client_secret:", "9: shopify needs access_token, or client_id and client_secret"),
        (
            "  access_token:",
            "  client_id: a\n  access_token:",
            "12: shopify.client_id stands beside shopify.access_token",
        ),
        ("2026-11-01", "2026-11-31", "18: orders.start_from is not a day of the calendar"),
        ("2026-11-01", "2026-11-01 10:00:00", "18: orders.start_from must be a day such as 2026-11-01"),
        ("2026-11-01", "0001-01-01", "18: orders.start_from must be a day such as 2026-11-01, from 2000 to 2099"),
        ("2026-11-01", "9999-12-31", "18: orders.start_from must be a day such as 2026-11-01, from 2000 to 2099"),
        ("2026-11-01", "20261101", "18: orders.start_from must be a day such as 2026-11-01"),
        ("2026-11-01", "tomorrow", "18: orders.start_from must be a day such as 2026-11-01"),
        ("account_id: 0f8fad5b-d9cb", "account_id: ../0f8fad5b-d9cb", "3: korona.account_id must be the account's id"),
        ("${KORONA_USERNAME}", '"a:b"', "4: korona.username must be without a colon"),
        ("${KORONA_USERNAME}", "${NOT_THERE}", "4: korona.username needs the environment variable NOT_THERE, which is"),
        ("${KORONA_USERNAME}", "x${KORONA_USERNAME}", "4: korona.username has ${ in it: ${NAME} stands for"),
        ("${KORONA_USERNAME}", "${KORONA-USERNAME}", "4: korona.username has ${ in it: ${NAME} stands for"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    found = mistakes(tmp_path, changed(old, new) if SMALL.count(old) == 1 else SMALL.replace(old, new, 1))
    assert any(line.startswith(complaint) for line in found), found


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("products: {fields: [titel]}", "22: products.fields[0] must be one of title, price, tracked, image"),
        ("products: {fields: [title, title]}", "22: products.fields[1] stands in the list twice"),
        ("products: {fields: title}", "22: products.fields must be a list, as in [a, b], not text"),
        ("products: {clear_compare_at: ja}", "22: products.clear_compare_at must be true or false, not text"),
        ("products: {clear_compare_at: 1}", "22: products.clear_compare_at must be true or false, not a number"),
        ("products: {clear_compare_at: yes}", "22: products.clear_compare_at must be true or false, not yes"),
        ("products: {clear_compare_at: On}", "22: products.clear_compare_at must be true or false, not on"),
        ("products: {clear_compare_at: off}", "22: products.clear_compare_at must be true or false, not off"),
        ("products: []", "22: products must be a group of keys, not a list"),
        ("safety:", "22: safety must be a group of keys, not empty"),
        ("safety: {max_change_percent: 101}", "22: safety.max_change_percent must not be above 100"),
        ("safety: {max_change_percent: -1}", "22: safety.max_change_percent must be a number such as 5"),
        ("safety: {max_minutes: 0}", "22: safety.max_minutes must be more than 0"),
        ("safety: {settle_minutes: 1:30}", "22: safety.settle_minutes must be a number such as 5"),
        ("safety: {settle_minutes: 015}", "22: safety.settle_minutes must be a number such as 5"),
        ("safety: {settle_minutes: 1e3}", "22: safety.settle_minutes must be a number such as 5"),
        ("safety: {settle_minutes: .inf}", "22: safety.settle_minutes must be a number such as 5"),
        ("safety: {settle_minutes: yes}", "22: safety.settle_minutes must be a number such as 5"),
        ("safety: {settle_minutes: }", "22: safety.settle_minutes must be a number such as 5"),
        ("safety: {settle_minutes: [1]}", "22: safety.settle_minutes must be a number such as 5"),
        ("state_file: cache.json", "22: state_file must name a file of its own"),
        ("state_file: config.yaml", "22: state_file must name a file of its own"),
        ("state_file: ..", "22: state_file must name a file of its own"),
        ("state_file: /", "22: state_file must name a file of its own"),
        ("state_file: .", "22: state_file must name a file of its own"),
        ("state_file: /usr", "22: state_file must name a file of its own"),
        ("state_file: a.cache.json", "22: state_file must name a file of its own"),
        ('  taxes: {19: "1", 19.0: "2"}', "22: orders.taxes.19.0 names a tax that stands there already"),
        (
            '  taxes: {TVA 20: "1", "TVA  20.0": "2"}',
            "22: orders.taxes.TVA  20.0 names a tax that stands there already",
        ),
        ('  taxes: {190: "1"}', "22: orders.taxes.190 must be a rate in percent"),
        ('  taxes: {TVA 190: "1"}', "22: orders.taxes.TVA 190 must be a rate in percent, not above 100"),
        ('  taxes: {19%: "1"}', "22: orders.taxes.19% must be a rate such as 19, Shopify's title and rate"),
        ('  taxes: {TVA: "1"}', "22: orders.taxes.TVA must be a rate such as 19, Shopify's title and rate"),
        ('  taxes: {Default: "1"}', "22: orders.taxes.Default must be a rate such as 19"),
        ("  taxes: {19: 1}", "22: orders.taxes.19 would be read as a number: put it in quotes"),
        ("  unknown_sku: drop", "22: orders.unknown_sku must be hold or default_product"),
        ("  unknown_sku: true", "22: orders.unknown_sku would be read as true or false: put it in quotes"),
        ("  rounding_cents: 1.5", "22: orders.rounding_cents must be a whole number such as 5"),
        ("  rounding_cents: -1", "22: orders.rounding_cents must be a whole number such as 5"),
        ("  rounding_cents: 101", "22: orders.rounding_cents must not be above 100"),
    ],
)
def test_a_mistake_in_what_may_be_left_out_is_named_too(tmp_path: Path, more: str, complaint: str) -> None:
    found = mistakes(tmp_path, f"{SMALL}{more}\n")
    assert any(line.startswith(complaint) for line in found), found


def test_a_buffer_is_a_whole_number_of_pieces(tmp_path: Path) -> None:
    text = changed('warehouses: ["1"]', 'warehouses: ["1"]\n      buffer: {}')
    assert read(tmp_path, text.replace("{}", "3")).location.buffer == 3
    for wrong in ("-1", "1.5", '"a"', "1_000", "0x10"):
        assert mistakes(tmp_path, text.replace("{}", wrong))[0].startswith(
            "17: stock.locations[0].buffer must be a whole number such as 5"
        )


def test_a_second_location_is_refused_for_now(tmp_path: Path) -> None:
    text = changed('      warehouses: ["1"]\n', '      warehouses: ["1"]\n    - location: B\n      warehouses: ["2"]\n')
    assert mistakes(tmp_path, text)[0].startswith("17: stock.locations[1] is a second location, and korsync serves one")


@pytest.mark.parametrize(
    "address",
    [
        "http://my-shop.myshopify.com",
        "https://other-shop.myshopify.com",
        "https://my-shop.myshopify.com.evil.org",
        "https://my-shop.myshopify.com@evil.org",
        "https://my-shop.myshopify.com/admin",
        "http://127.0.0.1.evil.org",
        "http://localhost@evil.org",
        "http://192.168.0.1:8081",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:0",
        "https://127.0.0.1:8081?x=1",
        "ftp://localhost",
    ],
)
def test_no_other_address_gets_the_shopify_token(tmp_path: Path, address: str) -> None:
    text = changed("  api_version", f'  base_url: "{address}"\n  api_version')
    assert mistakes(tmp_path, text) == [
        "11: shopify.base_url must be https:// and the shop, or http:// and an address of this machine"
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://167.koronacloud.com/web/api/v3",
        "https://user:secret@167.koronacloud.com/web/api/v3",
        "https://167.koronacloud.com/web/api/v3?x=1",
        "https://167.koronacloud.com/web/api/v3#x",
        "https://",
        "167.koronacloud.com/web/api/v3",
        "https://167..koronacloud.com/web/api/v3",
        "https://167.koronacloud.com./web/api/v3",
        "https://-167.koronacloud.com/web/api/v3",
        "https://167.koronacloud.com:99999/web/api/v3",
        "http://127.0.0.1:99999/web/api/v3",
        f"https://{'x' * 64}.koronacloud.com/web/api/v3",
        "https:\\\\167.koronacloud.com",
        "http://localhost.evil.org/web/api/v3",
    ],
)
def test_korona_is_spoken_to_over_https_or_on_this_machine_only(tmp_path: Path, address: str) -> None:
    found = mistakes(tmp_path, changed("https://167.koronacloud.com/web/api/v3", address))
    assert found == ["2: korona.base_url must be https://HOST/web/api/v3 (http only on this machine)"]


def test_all_mistakes_are_told_at_once_and_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        SMALL.replace('"90"', "90")
        .replace("shop:", "shopp:")
        .replace("2026-11-01", "soon")
        .replace("orders:", "orders:\n  x: y")
    )
    found = mistakes(tmp_path, text, {"KORONA_PASSWORD": "canary"})
    assert [line.split(" ")[0:2] for line in found] == [
        ["4:", "korona.username"],
        ["7:", "korona.point_of_sale"],
        ["8:", "korona.coupling_id"],
        ["9:", "shopify.shop"],
        ["10:", "shopify.shopp"],
        ["12:", "shopify.access_token"],
        ["18:", "orders.x"],
        ["19:", "orders.start_from"],
    ]


def test_a_missing_group_is_one_mistake_and_not_one_for_each_of_its_keys(tmp_path: Path) -> None:
    assert mistakes(tmp_path, SMALL[: SMALL.index("orders:")]) == ["1: orders is missing"]


@pytest.mark.parametrize(("value", "reason"), [(None, "not set"), ("", "empty")])
def test_an_unset_or_empty_variable_is_named(tmp_path: Path, value: str | None, reason: str) -> None:
    environment = {key: text for key, text in ENVIRONMENT.items() if key != "KORONA_PASSWORD"}
    if value is not None:
        environment["KORONA_PASSWORD"] = value
    assert mistakes(tmp_path, SMALL, environment) == [
        f"5: korona.password needs the environment variable KORONA_PASSWORD, which is {reason}"
    ]


@pytest.mark.parametrize("name", ["KORONA_COUPLING_ID", "SHOPIFY_ACCESS_TOKEN"])
def test_a_secret_that_no_header_or_address_can_carry_is_refused_without_being_repeated(
    tmp_path: Path, name: str
) -> None:
    for value in ("canary token", "canary\n", "canäry", "canary\x00"):
        assert len(mistakes(tmp_path, SMALL, ENVIRONMENT | {name: value})) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "1: the file is empty"),
        ("# nothing\n\n", "1: the file is empty"),
        ("just text", "1: the file must be a group of keys, not text"),
        ("- a", "1: the file must be a group of keys, not a list"),
        ("korona:\n\tbase_url: x\n", "2: a tab stands here: indent with blanks"),
        (b"korona:\n  username: \xfc\n", "2: the file is not UTF-8 text"),
        (SMALL.encode("utf-16"), "1: the file is not UTF-8 text"),
        ("a: 1\nb: \x07\n", "2: control characters are refused"),
        ("a: 1\nb: &x 1\n", "2: anchors and aliases"),
        ("a: 1\nb: *canary\n", "2: anchors and aliases"),
        ("a: 1\nb: !canary x\n", "2: tags (!) are refused"),
        ("a: 1\nb: !!python/object:canary x\n", "2: tags (!) are refused"),
        ("a: 1\nb: !canary!canary x\n", "2: not YAML: found undefined tag handle this"),
        ("a: 1\nb: @canary\n", "2: not YAML: found character '@' that cannot start any token (a value with special"),
        ('a: 1\nb: "canary\n', "3: not YAML: found unexpected end of stream"),
        ("a: [1\nb: 2\n", "2: not YAML: expected ',' or ']'"),
        ('a: "\\Uffffffff"\n', "1: an escape such as"),
        ("a: 1\n---\nb: 2\n", "2: not YAML: but found another document"),
        ("[" * 100_000, "1: this is nested too deeply"),
        ("a: " + "{a: " * 30 + "}" * 30, "1: this is nested too deeply"),
        ("# " + "x" * 256 * 1024, "1: the file is larger than 256 KiB"),
    ],
)
def test_what_is_no_configuration_at_all_is_told_with_its_line(
    tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    found = mistakes(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(complaint)


def test_a_file_that_is_not_there_or_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is missing") as caught:
        load(tmp_path / "config.yaml", ENVIRONMENT)
    assert "--config" in caught.value.remedy
    with pytest.raises(ConfigurationError, match="cannot be read: not a file"):
        load(tmp_path, ENVIRONMENT)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(Path("a\0b"), ENVIRONMENT)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(Path("/proc/self/mem"), ENVIRONMENT)
