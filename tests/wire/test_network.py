"""The way to both sides: through a proxy where one is named, and always over TLS that is verified."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from korsync.errors import Unavailable
from korsync.wire.http import Session
from korsync.wire.outcomes import Asked
from tests.support.certificate import make_certificate
from tests.support.http_bench import Sleeps, body, open_session
from tests.support.proxy import proxying, serving_tls
from tests.support.shop import Shop
from tests.support.typed import Korsync, a_shop_with_work_to_do

LOGIN = "school:canary%40word"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of our own and its key, as files."""
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "ours.pem", folder / "key.pem"
    for file, text in zip(files, make_certificate(), strict=True):
        file.write_text(text)
    return files


@pytest.fixture
def secure(signed: tuple[Path, Path]) -> Iterator[str]:
    with serving_tls(*signed) as address:
        yield address


def with_login(address: str, login: str = LOGIN) -> str:
    return address.replace("http://", f"http://{login}@")


def trouble(session: Session) -> str:
    """What a person is told when a request does not get through, in which no secret stands."""
    with pytest.raises(Unavailable) as caught:
        session.get("things", body)
    told = caught.value.what + caught.value.remedy
    assert "canary" not in told
    return told


def test_a_certificate_that_nobody_knows_is_refused(secure: str) -> None:
    assert "the certificate is not valid for this host" in trouble(open_session(secure, Sleeps()))


def test_a_certificate_that_is_named_is_trusted(secure: str, signed: tuple[Path, Path]) -> None:
    assert open_session(secure, Sleeps(), ca_file=signed[0]).get("things", body) == {}


def test_the_usual_certificates_stay_trusted_beside_a_named_one(
    secure: str, signed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(make_certificate()[0])
    assert "not valid" in trouble(open_session(secure, Sleeps(), ca_file=other))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(signed[0]))
    assert open_session(secure, Sleeps(), ca_file=other).get("things", body) == {}


def test_a_named_certificate_is_for_no_other_host(secure: str, signed: tuple[Path, Path]) -> None:
    elsewhere = secure.replace("127.0.0.1", "localhost")
    assert "not valid for this host" in trouble(open_session(elsewhere, Sleeps(), ca_file=signed[0]))


def test_tls_through_a_proxy_is_verified_too(secure: str, signed: tuple[Path, Path]) -> None:
    with proxying(LOGIN.replace("%40", "@")) as proxy:
        named = with_login(proxy.address)
        assert "not valid" in trouble(open_session(secure, Sleeps(), proxy=named))
        assert open_session(secure, Sleeps(), proxy=named, ca_file=signed[0]).get("things", body) == {}
    assert set(proxy.reached) == {f"CONNECT {secure.removeprefix('https://')}"}


def test_the_environment_names_no_proxy_and_no_certificates(
    secure: str, signed: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert open_session(secure, Sleeps(), ca_file=signed[0]).get("things", body) == {}
    with proxying() as proxy:
        open_session(secure, Sleeps(), proxy=proxy.address, ca_file=signed[0]).get("things", body)
    assert len(proxy.reached) == 1
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(signed[0]))
    assert "not valid" in trouble(open_session(secure, Sleeps()))


@pytest.mark.parametrize("login", ["", "school:canary"])
def test_a_proxy_that_refuses_the_login_is_named_and_the_login_is_not(
    secure: str, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with proxying("school:other") as proxy:
        named = with_login(proxy.address, login) if login else proxy.address
        assert "network.proxy and its login" in trouble(open_session(secure, Sleeps(), proxy=named))
    assert proxy.refused
    assert "canary" not in caplog.text


def test_a_proxy_that_is_not_there_is_named(secure: str) -> None:
    with proxying() as proxy:
        gone = proxy.address
    assert "network.proxy cannot be reached" in trouble(open_session(secure, Sleeps(), proxy=with_login(gone)))


def test_what_a_proxy_kept_from_being_sent_may_be_sent_again(secure: str) -> None:
    sleeps = Sleeps()
    with proxying("school:other") as proxy, pytest.raises(Unavailable):
        open_session(secure, sleeps, proxy=proxy.address).post("things", b"{}", body, kind=Asked.RECEIPT)
    assert proxy.refused == 4
    with pytest.raises(Unavailable):
        open_session(secure, sleeps, proxy=proxy.address).post("things", b"{}", body, kind=Asked.RECEIPT)


def test_both_sides_are_reached_through_the_proxy_and_by_no_other_way(shop: Shop, korsync: Korsync) -> None:
    with proxying(LOGIN.replace("%40", "@")) as proxy:
        shop.configure(network={"proxy": with_login(proxy.address)})
        a_shop_with_work_to_do(shop)
        assert korsync("run").code == 0
        sides = [
            server.base_url.removeprefix("http://") for server in (shop.world.korona_server, shop.world.shopify_server)
        ]
        assert {each.split()[1] for each in proxy.reached} == {each.partition("/")[0] for each in sides}
        assert len(proxy.reached) == len(shop.world.korona_server.requests) + len(shop.world.shopify_server.requests)
