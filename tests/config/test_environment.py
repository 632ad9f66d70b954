"""Where ${NAME} comes from: the environment, else a file of NAME=value lines; and what needs no secrets."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from korsync.config.load import load
from korsync.config.settings import Settings
from korsync.errors import ConfigurationError
from tests.config.test_config import ENVIRONMENT, SMALL, write

LINES = "\n".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
WITH_FILE = SMALL + "environment_file: secrets\n"


def write_both(folder: Path, lines: str | bytes, mode: int = 0o600) -> Path:
    """Write a configuration and its environment file; return the configuration's path."""
    path = folder / "secrets"
    path.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    path.chmod(mode)
    return write(folder, WITH_FILE)


def password(folder: Path, line: str) -> str:
    return load(
        write_both(
            folder, f"{LINES}\nOTHER={line}\n".replace("KORONA_PASSWORD", "X").replace("OTHER", "KORONA_PASSWORD")
        ),
        {},
    ).korona.password


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    assert "canary" not in caught.value.what + caught.value.remedy
    return caught.value.what.replace(f"{path.parent}{os.sep}", "").splitlines()


def test_variables_come_from_the_file_beside_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_both(tmp_path, LINES)
    monkeypatch.chdir("/")
    found = load(path, {})
    assert (found.korona.username, found.korona.password) == ("korsync", "canary-password")
    assert found.shopify.access_token == "canary-token"


def test_the_real_environment_wins(tmp_path: Path) -> None:
    path = write_both(tmp_path, LINES)
    assert load(path, {"KORONA_PASSWORD": "real"}).korona.password == "real"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("plain", "plain"),
        ("'with blanks # and \"$signs\\ '", 'with blanks # and "$signs\\ '),
        ('"don\'t"', "don't"),
        ("$HOME`x`#=a'b", "$HOME`x`#=a'b"),
        ("ü  ", "ü"),
        ("a\r", "a"),
    ],
)
def test_values_are_taken_as_they_stand(tmp_path: Path, line: str, value: str) -> None:
    assert password(tmp_path, line) == value


@given(st.text(st.characters(exclude_characters="'\n\r\0", exclude_categories=["Cs", "Cc"]), min_size=1))
@example("\u2028")
@hypothesis_settings(max_examples=50, deadline=None)
def test_whatever_stands_in_single_quotes_is_the_value(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    if value.strip():
        assert password(tmp_path_factory.getbasetemp(), f"'{value}'") == value


def test_comments_blank_lines_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    lines = "\ufeff# secrets\n\n  # more\n  " + LINES.replace("\n", "\n\n  ")
    assert load(write_both(tmp_path, lines.replace("\n", "\r\n")), {}).korona.username == "korsync"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("canary", "this line is not NAME=value"),
        ("A-B=canary", "this line is not NAME=value"),
        ("A = canary", "this line is not NAME=value"),
        ("1A=canary", "this line is not NAME=value"),
        ("export A=canary", "this line begins with export: NAME=value alone is enough"),
        ("A=canary b", "this value belongs in single quotes as a whole"),
        ("A=canary # remark", "this value belongs in single quotes as a whole"),
        ("A='canary", "this value belongs in single quotes as a whole"),
        ("A='canary'x", "this value belongs in single quotes as a whole"),
        ("A='can'\\''ary'", "this value belongs in single quotes as a whole"),
        ('A="canary$x"', "this value belongs in single quotes as a whole"),
        ("KORONA_PASSWORD=canary", "KORONA_PASSWORD stands twice, first in line 2"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line_and_never_its_value(
    tmp_path: Path, line: str, complaint: str
) -> None:
    (found,) = mistakes(write_both(tmp_path, f"{LINES}\n\n{line}\n"))
    assert found.startswith(f"secrets:6: {complaint}")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"A=1\nB=\xff", "secrets:2: the file is not UTF-8 text"),
        (b"#" * (64 * 1024 + 1), "secrets:1: the file is larger than 64 KiB"),
    ],
)
def test_what_is_no_environment_file_is_named_so(tmp_path: Path, data: bytes, complaint: str) -> None:
    assert mistakes(write_both(tmp_path, data)) == [complaint]


def test_all_mistakes_are_told_those_of_the_configuration_first(tmp_path: Path) -> None:
    path = write_both(tmp_path, "canary\nKORONA_USERNAME=canary:b\n'")
    path.write_text(WITH_FILE.replace('"90"', "90"))
    assert [line.partition(" ")[0] for line in mistakes(path)] == [
        "config.yaml:4:",
        "config.yaml:7:",
        "secrets:1:",
        "secrets:3:",
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    (found,) = mistakes(write_both(tmp_path, LINES, mode))
    assert found.startswith("config.yaml:22: environment_file names a file that others may read or change: chmod 600 ")
    assert found.endswith("secrets")


def test_a_file_that_only_its_owner_may_read_is_fine(tmp_path: Path) -> None:
    assert load(write_both(tmp_path, LINES, 0o400), {}).korona.password == "canary-password"


def test_a_file_that_is_not_there_or_no_file_is_one_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, WITH_FILE)
    assert mistakes(path) == [
        "config.yaml:22: environment_file names a file that cannot be read: No such file or directory"
    ]
    (tmp_path / "secrets").mkdir()
    assert mistakes(path) == ["config.yaml:22: environment_file names a file that cannot be read: not a file"]
    path.write_text(SMALL + "environment_file: 7\n")
    assert mistakes(path) == ["config.yaml:22: environment_file would be read as a number: put it in quotes"]


# --- what needs no secrets ---


def without_secrets(folder: Path, text: str) -> Settings:
    return load(write(folder, text), {}, needs_secrets=False)


def test_where_neither_side_is_asked_unset_secrets_are_no_mistake(tmp_path: Path) -> None:
    pair = "client_id: ${ID}\n  client_secret: ${SECRET}"
    for text in (SMALL, SMALL.replace("access_token: ${SHOPIFY_ACCESS_TOKEN}", pair)):
        found = without_secrets(tmp_path, text + 'network: {proxy: "${PROXY}"}\n')
        assert found.korona.point_of_sale == "90"
        assert found.state_path == tmp_path / "state.json"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"90"', "${POS}", "7: korona.point_of_sale needs the environment variable POS"),
        ('"90"', "90", "7: korona.point_of_sale would be read as a number"),
        ("  password: ${KORONA_PASSWORD}\n", "", "1: korona.password is missing"),
        ("${KORONA_PASSWORD}", "x${KORONA_PASSWORD}", "5: korona.password has ${ in it"),
        ("${KORONA_USERNAME}", '"a:b"', "4: korona.username must be without a colon"),
    ],
)
def test_every_other_mistake_still_is_one(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        without_secrets(tmp_path, SMALL.replace(old, new))
    (line,) = caught.value.what.splitlines()
    assert complaint in line


# --- the way to both sides ---


def read_network(folder: Path, more: str) -> Settings:
    return load(write(folder, f"{SMALL}network: {more}\n"), ENVIRONMENT)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxy.school.example:3128",
        "https://proxy",
        "http://10.0.0.1:8080/",
        "http://[fd00::1]:3128",
        "http://school:canary%40@proxy:3128",
    ],
)
def test_a_proxy_is_an_address_and_never_shows(tmp_path: Path, proxy: str) -> None:
    found = read_network(tmp_path, f'{{proxy: "{proxy}"}}')
    assert found.network.proxy == proxy
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy:3128",
        "socks5://proxy",
        "http://",
        "http://proxy/path",
        "http://proxy:99999",
        "http://canary:can@ary@proxy",
        "http://canary:can#ary@proxy",
        "http://proxy?x",
    ],
)
def test_what_is_no_proxy_is_refused_and_not_repeated(tmp_path: Path, proxy: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"22: network\.proxy must be http:// or https:// and a host"
    ) as caught:
        read_network(tmp_path, f'{{proxy: "{proxy}"}}')
    assert "canary" not in caught.value.what


def test_a_proxys_login_is_a_secret_and_a_proxy_without_one_is_none(tmp_path: Path) -> None:
    for proxy, is_secret in (("http://a:canary@proxy", True), ("http://proxy", False)):
        path = write(tmp_path, f'{SMALL}network: {{proxy: "{proxy}"}}\n')
        path.chmod(0o644)
        if is_secret:
            with pytest.raises(ConfigurationError, match=r"22: network\.proxy stands here in plain text"):
                load(path, ENVIRONMENT)
        else:
            assert load(path, ENVIRONMENT).network.proxy == proxy


def test_a_file_of_certificates_lies_beside_the_configuration_and_holds_some(tmp_path: Path) -> None:
    for name, content, reason in (
        ("gone.pem", None, "it is not there"),
        ("text.pem", "no certificate", "it holds no certificate in PEM"),
        ("empty.pem", "", "it holds no certificate in PEM"),
        (".", None, "it is not a readable file"),
    ):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(
            ConfigurationError, match=f"22: network.ca_file must name a file with certificates: {reason}"
        ):
            read_network(tmp_path, f"{{ca_file: {name}}}")
