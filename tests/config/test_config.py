"""The configuration file: what is right is read, what is wrong is named with key and line, and nothing is repeated."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from korsync.config.load import fingerprint, load
from korsync.config.settings import (
    AlertSettings,
    KoronaSettings,
    LocationSettings,
    NetworkSettings,
    OrderSettings,
    ProductSettings,
    SafetySettings,
    Settings,
    ShopifySettings,
)
from korsync.errors import ConfigurationError

EXAMPLE = Path(__file__).parent.parent.parent / "config.example.yaml"
ENVIRONMENT = {
    "KORONA_USERNAME": "korsync",
    "KORONA_PASSWORD": "canary-password",
    "KORONA_COUPLING_ID": "canary-coupling",
    "SHOPIFY_ACCESS_TOKEN": "canary-token",
}
SMALL = """\
korona:
  base_url: https://167.koronacloud.com/web/api/v3
  account_id: 0f8fad5b-d9cb-469f-a165-70867728950e
  username: ${KORONA_USERNAME}
  password: ${KORONA_PASSWORD}
  price_list: Shopify
  point_of_sale: "90"
  coupling_id: ${KORONA_COUPLING_ID}
shopify:
  shop: my-shop.myshopify.com
  api_version: "2026-10"
  access_token: ${SHOPIFY_ACCESS_TOKEN}
stock:
  locations:
    - location: Laden Mitte
      warehouses: ["1"]
orders:
  start_from: 2026-11-01
  shipping_product: "9001"
  default_product: "9000"
  payment_methods: {default: "9"}
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def changed(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def read(folder: Path, text: str | bytes, environment: Mapping[str, str] = ENVIRONMENT) -> Settings:
    return load(write(folder, text), environment)


def mistakes(folder: Path, text: str | bytes, environment: Mapping[str, str] = ENVIRONMENT) -> list[str]:
    """The lines of the error, without the file's name."""
    path = write(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, environment)
    assert caught.value.exit_code == 2
    lines = caught.value.what.splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    assert "canary" not in caught.value.what + caught.value.remedy + repr(caught.value)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_the_example_file_is_right_and_says_what_the_documentation_says() -> None:
    app = {"SHOPIFY_CLIENT_ID": "canary-id", "SHOPIFY_CLIENT_SECRET": "canary-secret"}
    found = load(EXAMPLE, ENVIRONMENT | app)
    folder = EXAMPLE.absolute().parent
    assert found == Settings(
        KoronaSettings(
            base_url="https://167.koronacloud.com/web/api/v3",
            account_id="0f8fad5b-d9cb-469f-a165-70867728950e",
            username="korsync",
            password="canary-password",
            price_list="Shopify",
            point_of_sale="90",
            coupling_id="canary-coupling",
            cashier="99",
            customer_group="1",
        ),
        ShopifySettings("my-shop.myshopify.com", "2026-10", client_id="canary-id", client_secret="canary-secret"),
        ProductSettings(("title", "price", "tracked", "image")),
        LocationSettings("Laden Mitte", ("1",), 0),
        OrderSettings(
            start_from=date(2026, 11, 1),
            shipping_product="9001",
            default_product="9000",
            payment_methods={"shopify_payments": "5", "paypal": "6", "default": "9"},
            taxes={},
        ),
        SafetySettings(Decimal(30), Decimal(50), Decimal(8), Decimal(15)),
        folder / "state.json",
        folder / "cache.json",
        folder / "journal.jsonl",
        folder / "told.json",
    )


def test_the_example_file_names_every_key_and_explains_it() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    groups = (KoronaSettings, ShopifySettings, ProductSettings, LocationSettings, OrderSettings, SafetySettings)
    keys = [each.name for group in (*groups, NetworkSettings, AlertSettings) for each in fields(group)]
    keys += ["state_file", "locations", "environment_file"]
    for key in keys:
        places = [number for number, line in enumerate(lines) if re.match(rf"[ #-]*{key}:", line)]
        assert len(places) == keys.count(key), key
        for place in places:
            assert any(re.match(r" *# [A-Z\"]", line) for line in lines[place - 3 : place]), f"{key} has no comment"


def test_what_may_be_left_out_has_its_usual_value(tmp_path: Path) -> None:
    found = read(tmp_path, SMALL)
    assert found.products == ProductSettings(("title", "price", "tracked", "image"))
    assert found.safety == SafetySettings(Decimal(30), Decimal(50), Decimal(8), Decimal(15))
    assert (found.location.buffer, found.orders.taxes) == (0, {})
    assert (found.orders.unknown_sku, found.orders.rounding_cents) == ("hold", 0)
    assert (found.korona.cashier, found.korona.customer_group) == (None, None)
    assert found.state_path == tmp_path / "state.json"


def test_client_id_and_secret_stand_in_for_a_token(tmp_path: Path) -> None:
    pair = "client_id: abc\n  client_secret: ${SHOPIFY_ACCESS_TOKEN}"
    found = read(tmp_path, changed("access_token: ${SHOPIFY_ACCESS_TOKEN}", pair)).shopify
    assert (found.access_token, found.client_id, found.client_secret) == (None, "abc", "canary-token")


def test_percentages_minutes_and_tax_rates_are_exact(tmp_path: Path) -> None:
    text = SMALL + '  taxes: {19: "1", 5.5: "2"}\nsafety: {max_change_percent: 12.5, max_price_change_percent: 900, '
    found = read(tmp_path, text + "max_minutes: 0.5, settle_minutes: 0}\n")
    assert found.orders.taxes == {"19": "1", "5.5": "2"}
    assert found.safety == SafetySettings(Decimal("12.5"), Decimal(900), Decimal("0.5"), Decimal(0))


def test_a_tax_is_named_by_its_rate_by_title_and_rate_or_as_default(tmp_path: Path) -> None:
    text = SMALL + '  taxes: {7.0: "2", 0.375: "4", "FR  TVA 20.00": "31", MwSt 7: "3", default: "9"}\n'
    found = read(tmp_path, text).orders.taxes
    assert found == {"7": "2", "0.375": "4", "FR TVA 20": "31", "MwSt 7": "3", "default": "9"}


def test_what_is_held_by_usual_may_be_booked(tmp_path: Path) -> None:
    found = read(tmp_path, SMALL + "  unknown_sku: default_product\n  rounding_cents: 2\n").orders
    assert (found.unknown_sku, found.rounding_cents) == ("default_product", 2)
    assert read(tmp_path, SMALL + "  unknown_sku: hold\n").orders.unknown_sku == "hold"


@pytest.mark.parametrize("day", ["2026-11-01", '"2026-11-01"', "'2026-11-01'", "${DAY}"])
def test_the_first_day_may_be_quoted_or_not(tmp_path: Path, day: str) -> None:
    text = changed("start_from: 2026-11-01", f"start_from: {day}")
    assert read(tmp_path, text, ENVIRONMENT | {"DAY": "2026-11-01"}).orders.start_from == date(2026, 11, 1)


def test_the_state_lies_where_the_file_says_and_the_cache_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path, SMALL + "state_file: data/korsync.json\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = load(Path("../config.yaml"), ENVIRONMENT)
    assert found.state_path.resolve() == tmp_path / "data" / "korsync.json"
    assert found.cache_path.resolve() == tmp_path / "data" / "korsync.cache.json"
    assert found.state_path.is_absolute()
    assert read(tmp_path, SMALL + "state_file: /var/lib/korsync/s.json\n").state_path == Path("/var/lib/korsync/s.json")


@pytest.mark.parametrize(
    ("state", "cache"),
    [
        ("state.json", "cache.json"),
        ("shop-a.json", "shop-a.cache.json"),
        ("shop.a", "shop.a.cache.json"),
        ("shop.b", "shop.b.cache.json"),
    ],
)
def test_each_state_of_a_folder_has_a_cache_of_its_own(tmp_path: Path, state: str, cache: str) -> None:
    assert read(tmp_path, SMALL + f"state_file: {state}\n").cache_path == tmp_path / cache


@pytest.mark.parametrize(
    "address",
    [
        "https://my-shop.myshopify.com",
        "https://my-shop.myshopify.com/",
        "http://127.0.0.1:8081",
        "http://localhost:8081/",
        "http://localhost:65535",
        "http://localhost:80",
        "http://[::1]:8081",
    ],
)
def test_shopify_may_have_the_address_of_the_shop_or_of_this_machine(tmp_path: Path, address: str) -> None:
    text = changed("  api_version", f'  base_url: "{address}"\n  api_version')
    assert read(tmp_path, text).shopify.base_url == address.rstrip("/")


def test_values_from_the_environment_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    found = read(tmp_path, changed('"90"', "${POS}"), ENVIRONMENT | {"POS": "0123"})
    assert found.korona.point_of_sale == "0123"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()) == read(tmp_path, SMALL)


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    assert "canary" not in repr(read(tmp_path, SMALL))


# --- secrets in the file itself ---

LITERAL = SMALL.replace("${KORONA_PASSWORD}", "canary-1").replace("${KORONA_COUPLING_ID}", "canary-2")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601])
def test_a_secret_in_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path, LITERAL)
    path.chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        load(path, ENVIRONMENT)
    lines = caught.value.what.splitlines()
    assert lines[0].startswith(f"{path}:5: korona.password stands here in plain text and others may read the file")
    assert lines[1].startswith(f"{path}:8: korona.coupling_id stands here in plain text")
    assert len(lines) == 2
    assert "canary" not in caught.value.what
    assert "chmod 600" in caught.value.what


@pytest.mark.parametrize("key", ["access_token", "client_secret"])
def test_shopify_secrets_are_guarded_too(tmp_path: Path, key: str) -> None:
    path = write(tmp_path, SMALL.replace("access_token: ${SHOPIFY_ACCESS_TOKEN}", f"client_id: a\n  {key}: canary"))
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match=f"shopify.{key} stands here in plain text"):
        load(path, ENVIRONMENT)


def test_a_secret_is_fine_in_a_file_for_its_owner_only(tmp_path: Path) -> None:
    assert read(tmp_path, LITERAL).korona.password == "canary-1"


def test_a_file_without_a_secret_may_be_read_by_everyone(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    path.chmod(0o644)
    assert load(path, ENVIRONMENT).korona.password == "canary-password"


# --- the fingerprint ---


def test_the_fingerprint_stays_with_the_settings_and_changes_with_each_of_them(tmp_path: Path) -> None:
    found = read(tmp_path, SMALL)
    others = [
        read(tmp_path, changed('"90"', '"91"')),
        read(tmp_path, changed('"1"', '"2"')),
        read(tmp_path, SMALL, ENVIRONMENT | {"KORONA_PASSWORD": "other"}),
        read(tmp_path, SMALL, ENVIRONMENT | {"SHOPIFY_ACCESS_TOKEN": "other"}),
        replace(found, safety=replace(found.safety, max_minutes=Decimal(9))),
    ]
    marks = [fingerprint(each) for each in (found, *others)]
    same = "# a comment\nnetwork: {proxy: http://127.0.0.1:3128}\n" + SMALL
    assert fingerprint(read(tmp_path, same)) == marks[0]
    assert len(set(marks)) == len(marks)
    assert all(re.fullmatch("[0-9a-f]{64}", mark) for mark in marks)


# --- anything at all ---

PIECES = (
    *re.findall(r"\S+|\s+", SMALL),
    "0123",
    "no",
    "~",
    "&a",
    "*a",
    "!!str",
    "<<: {}",
    "? ",
    "- ",
    "| ",
    "\t",
    "${X}",
    "'",
    "%",
    "é",
)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """The configuration after a mishap: pieces or bytes changed, cut out, doubled or put in."""
    data = SMALL.encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        piece = draw(st.sampled_from(PIECES).map(str.encode) | st.binary(max_size=4) | st.just(data[start:end] * 2))
        data = data[:start] + piece + data[end:]
    return data


@given(mangled() | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=400, deadline=None)
def test_a_mangled_file_is_read_or_refused_and_no_secret_is_told(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp(), data)
    try:
        found = load(path, ENVIRONMENT)
    except ConfigurationError as error:
        told = error
    else:
        assert isinstance(found, Settings)
        return
    assert re.match(rf"{re.escape(str(path))}:\d+: \S", told.what)
    assert "canary" not in told.what
