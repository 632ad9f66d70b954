"""The README's set-up in both languages: its commands typed word by word in an empty home, with `korsync sandbox`."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from korsync.rules.access import SCOPES, SCOPES_WORTH_HAVING
from korsync.sandbox.shopify.access import SANDBOX_KEYS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SECTIONS = ("## Set it up on a real account", "## Einrichtung auf Deutsch")
ANSWER = b"y\n"


def section(title: str) -> str:
    return README.split(f"{title}\n")[1].split("\n## ")[0]


def commands(title: str) -> list[str]:
    """Return the blocks of commands of a section, as they stand."""
    return re.findall(r"^```sh\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


@pytest.fixture
def sandbox() -> Iterator[str]:
    """Run `korsync sandbox` and return the configuration that it made for itself."""
    shop = subprocess.Popen(
        [sys.executable, "-m", "korsync", "sandbox"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert shop.stdout is not None
    said = (re.search(r"KORSYNC_CONFIG=(\S+)", line) for line in shop.stdout)
    path = next(found[1] for found in said if found)
    yield Path(path).read_text("utf-8")
    shop.terminate()
    shop.wait()


class Home:
    """An empty home with its own /opt and /etc, in which nothing but Python is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        # What `python3 -m venv` and `pip install .` leave behind, without the time and the network that they take.
        self._program(
            "python3",
            f'[ "$1 $2" = "-m venv" ] && mkdir -p "$3/bin" && cp {folder}/bin/pip {folder}/bin/of-korsync "$3/bin"',
        )
        self._program("pip", '[ "$*" = "install --quiet ." ] && mv "${0%/*}/of-korsync" "${0%/*}/korsync"')
        self._program("of-korsync", f'exec {sys.executable} -m korsync "$@"')
        self.settings = {"HOME": str(folder), "PATH": f"{folder}/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}

    def _program(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)

    def type(self, block: str) -> str:
        """Type a block of commands at a terminal, answer yes to what is asked, and return what was printed."""
        here, there = pty.openpty()
        os.write(here, ANSWER)
        moved = re.sub(r"(?<=[\s=])/(opt|etc)/", rf"{self.folder}/\1/", block)
        shell = subprocess.Popen(
            ["/bin/sh", "-e", "-c", f"{moved}\nenv > {self.folder}/env"],
            cwd=ROOT,
            env=self.settings,
            stdin=there,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said, _ = shell.communicate(timeout=120)
        os.close(here)
        os.close(there)
        assert shell.returncode == 0, said
        lines = (self.folder / "env").read_text("utf-8").splitlines()
        self.settings = dict(line.split("=", 1) for line in lines if "=" in line)
        return said

    def fill_in(self, sandbox: str) -> None:
        """Put the account's and the store's own values into the two files, as a person does."""
        path = self.folder / "etc" / "korsync" / "config.yaml"
        text = path.read_text("utf-8").replace("# environment_file: environment", "environment_file: environment")
        for key, value in re.findall(r"^  (base_url|account_id|shop|start_from): (.*)$", sandbox, re.MULTILINE):
            if key == "base_url" and "/web/api" not in value:
                text = text.replace("# base_url: http://127.0.0.1:8081", f"base_url: {value}")
            else:
                text = re.sub(rf"^  {key}: .*$", f"  {key}: {value}", text, count=1, flags=re.MULTILINE)
        path.write_text(text, "utf-8")
        given = dict(re.findall(r"^  (username|password|coupling_id): \"(.*)\"$", sandbox, re.MULTILINE))
        given |= {"client_id": SANDBOX_KEYS.client_id, "client_secret": SANDBOX_KEYS.client_secret}
        secrets = self.folder / "etc" / "korsync" / "environment"
        lines = secrets.read_text("utf-8").splitlines()
        assert [line.partition("=")[2] for line in lines] == ["'...'"] * 5
        names = [line.partition("=")[0] for line in lines]
        values = [given[name.partition("_")[2].lower()] for name in names]
        secrets.write_text("".join(f"{n}='{v}'\n" for n, v in zip(names, values, strict=True)), "utf-8")


@pytest.mark.parametrize("title", SECTIONS)
def test_the_set_up_works_word_by_word_in_an_empty_home(title: str, sandbox: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    install, configure, first_look = commands(title)
    home.type(install)
    home.type(configure)
    home.fill_in(sandbox)
    said = home.type(first_look)
    assert "are booked by" in said
    assert "point of sale coupled" in said
    assert "stock: 7 changes" in said
    assert "orders 28 written" in said


def test_both_languages_type_the_same_commands() -> None:
    plain = [[re.sub(r" *#.*", "", block) for block in commands(title)] for title in SECTIONS]
    assert plain[0] == plain[1]


@pytest.mark.parametrize("where", [*map(section, SECTIONS), (ROOT / "config.example.yaml").read_text("utf-8")])
def test_the_scopes_are_the_same_wherever_they_are_named(where: str) -> None:
    named = set(re.findall(r"\b(?:read|write)_(?:products|inventory|locations|(?:all_|draft_)?orders)\b", where))
    assert named == {*SCOPES, *SCOPES_WORTH_HAVING}
