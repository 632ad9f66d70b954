"""How the commands are used: options that go together, waiting for the lock, help, completion."""

import re
from contextlib import ExitStack

import pytest

from korsync.cli import cli
from korsync.memory.files import hold_lock
from tests.support.shop import Shop
from tests.support.typed import COMMANDS, Korsync, a_shop_with_work_to_do


@pytest.mark.parametrize("command", COMMANDS)
def test_exit_code_without_a_dry_run_is_a_mistake(shop: Shop, korsync: Korsync, command: str) -> None:
    shop.init()
    with shop.requests() as seen:
        said = korsync(command, "--exit-code")
    assert said.code == 2
    assert "--exit-code goes with --dry-run only" in said.err
    assert seen.everything == []


def test_a_run_that_waits_begins_when_the_other_one_has_ended(
    shop: Shop, korsync: Korsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_shop_with_work_to_do(shop)
    with ExitStack() as other:
        other.enter_context(hold_lock(shop.settings.state_path))
        assert korsync("orders", "--wait", "1").code == 7
        monkeypatch.setattr("korsync.memory.files.time.sleep", lambda _: other.close())
        assert korsync("orders", "--wait", "600").code == 0
    assert len(shop.korona.receipts) == 1


@pytest.mark.parametrize("command", ["", *cli.commands])
def test_each_commands_help_ends_with_an_example(korsync: Korsync, command: str) -> None:
    said = korsync(*command.split(), "--help")
    assert said.code == 0
    assert re.match(rf" *Example: korsync {command}", said.out.splitlines()[-1])


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_learns_to_complete_commands(korsync: Korsync, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("_KORSYNC_COMPLETE", f"{shell}_source")
    assert "_KORSYNC_COMPLETE" in korsync().out
    monkeypatch.setenv("_KORSYNC_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "korsync re")
    monkeypatch.setenv("COMP_CWORD", "1" if shell == "zsh" else "re")
    assert "refunds" in korsync().out


def test_usage_mistakes_end_with_2(korsync: Korsync) -> None:
    said = korsync("run", "--nonsense")
    assert said.code == 2
    assert "--nonsense" in said.err


@pytest.mark.parametrize(
    "words", [("log", "--since", "gestern"), ("check", "--since", "23.11.2026"), ("ignore", "--before", "2026-13-01")]
)
def test_a_word_that_is_no_day_is_answered_with_how_a_day_is_written(korsync: Korsync, words: tuple[str, ...]) -> None:
    said = korsync(*words)
    assert said.code == 2
    assert "a day is written 2026-11-23" in said.err
    assert "%" not in said.err
