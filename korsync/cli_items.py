"""The commands about what stands and what a person says of it, and what all commands share. No decisions.

Each command imports what it needs when it runs.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from korsync.errors import KorsyncError
from korsync.text import visible

if TYPE_CHECKING:
    from korsync.config.settings import Settings

output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", help="For people or programs."
)


def day(word: str) -> date:
    """Return the day that was typed; a word that is none ends the command with how a day is written."""
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise click.BadParameter(f"{visible(word)} is no day: a day is written 2026-11-23") from None


def load_settings(settings_path: Path, *, needs_secrets: bool = True) -> "Settings":
    from korsync.config.load import load

    return load(settings_path, os.environ, needs_secrets=needs_secrets)


def say(line: str, *, err: bool = False) -> None:
    """Print a line; where nobody reads on, what was done and the exit code are the same."""
    with suppress(OSError):
        click.echo(line, err=err)


@click.command(epilog="Example: korsync status --max-age 60")
@click.option(
    "--max-age",
    type=click.IntRange(1),
    metavar="MINUTES",
    help="For monitoring: exit 8 where a pipeline has not done all it should for longer.",
)
@click.option("--ignored", is_flag=True, help="Name what was settled by hand.")
@output_option
@click.pass_obj
def status(settings_path: Path, max_age: int | None, *, ignored: bool, output: str) -> None:
    """Show how each pipeline stands, what is held, stopped or on its way, and the last runs.

    Exit 1 where items are held, 3, 4 or 5 as long as a pipeline is in that trouble.
    """
    from datetime import timedelta

    from korsync.commands.status import status as look
    from korsync.report.screens import page
    from korsync.report.status import print_status, status_as_json

    settings = load_settings(settings_path, needs_secrets=False)
    found = look(settings, timedelta(minutes=max_age) if max_age else None)
    if output == "json":
        page().print(status_as_json(found))
    else:
        print_status(page(), found, ignored=ignored)
    sys.exit(found.exit_code)


def _head(command: str, settings: "Settings", exit_code: int) -> dict[str, Any]:
    from korsync.commands.state import machine_now
    from korsync.report.as_json import head

    return head(command, settings.shopify.shop, machine_now(), exit_code)


@click.command(epilog="Example: korsync check --since 2026-11-01")
@click.option(
    "--since",
    type=day,
    metavar="DATE",
    help="Compare the orders placed from that day on with KORONA's receipts; otherwise those of the last seven days.",
)
@output_option
@click.pass_obj
def check(settings_path: Path, since: date | None, output: str) -> None:
    """Read both sides in full and say where they differ; writes nothing. Exit 0 where they agree, else 1."""
    from korsync.commands.check import SLOW, expected_requests
    from korsync.commands.check import check as compare
    from korsync.report.checked import print_checked
    from korsync.report.looking import Looking

    settings = load_settings(settings_path)
    requests = expected_requests(settings)
    if requests >= SLOW:
        say(f"both sides are read in full: about {requests} requests", err=True)
    compared = compare(settings, Looking(), since)
    print_checked(compared, _head("check", settings, compared.exit_code) if output == "json" else None)
    sys.exit(compared.exit_code)


@click.command(epilog="Example: korsync explain 1042")
@click.argument("item", metavar="SKU|ORDER")
@output_option
@click.pass_obj
def explain(settings_path: Path, item: str, output: str) -> None:
    """Tell all that is known of an article or an order: both sides, what is booked, what comes next and why not.

    Reads both sides as a run does, and writes nothing. With # before it, in quotes, only the order is meant.
    """
    from korsync.commands.explain import explain as look_at
    from korsync.commands.state import timezone_of
    from korsync.report.explained import print_explained
    from korsync.report.looking import Looking

    settings = load_settings(settings_path)
    explained = look_at(settings, Looking(), item)
    head = _head("explain", settings, explained.exit_code) if output == "json" else None
    print_explained(explained, timezone_of(settings), head)
    sys.exit(explained.exit_code)


@click.command(epilog="Example: korsync log 1042")
@click.argument("item", metavar="[SKU|ORDER]", required=False, default="")
@click.option("--since", type=day, metavar="DATE", help="From that day on, in the shop's time.")
@click.option("--run", "run", metavar="ID", default="", help="What one run did.")
@click.pass_obj
def log(settings_path: Path, item: str, since: date | None, run: str) -> None:
    """Tell what was written, held and settled, old → new, by which run; of the last day where nothing else is asked."""
    from korsync.commands.log import log as look_up
    from korsync.commands.state import timezone_of
    from korsync.report.past import print_log
    from korsync.report.screens import page

    settings = load_settings(settings_path, needs_secrets=False)
    print_log(page(), look_up(settings, item, since, run), timezone_of(settings))


@click.command(epilog="Example: korsync retry 1042 '1043 refund 940000000001'")
@click.argument("items", metavar="ITEM...", nargs=-1, required=True)
@click.pass_obj
def retry(settings_path: Path, items: tuple[str, ...]) -> None:
    """Try each held or ignored ITEM again: an order (1042) or a refund ("1042 refund 940000000001").

    Where both sides can be asked, a look says at once whether the reason is gone.
    """
    from korsync.commands import decide
    from korsync.commands.prospects import prospects
    from korsync.report.looking import Looking

    decide.retry(load_settings(settings_path, needs_secrets=False), *items)
    told: dict[str, str] = {}
    with suppress(KorsyncError):
        # A decision needs no secrets: without them nobody looks.
        told = prospects(load_settings(settings_path), Looking(), items)
    for item in items:
        say(visible(f"{item} is tried again in the next run{': ' if item in told else ''}{told.get(item, '')}"))


@click.command(epilog="Example: korsync ignore 1042 '1043 refund 940000000001'")
@click.argument("items", metavar="[ITEM...]", nargs=-1)
@click.option(
    "--before",
    type=day,
    metavar="DATE",
    help="Instead: all held orders placed before that day in the shop's time zone.",
)
@click.pass_obj
def ignore(settings_path: Path, items: tuple[str, ...], before: date | None) -> None:
    """Leave each ITEM alone from now on: it was settled by hand, and its pieces are no longer reserved.

    Of an order that was edited after it was booked this concerns the pieces added so far. An article that is not kept
    in step any more is left alone until it matches again.
    """
    if bool(items) is (before is not None):
        raise click.UsageError("name each ITEM, or --before DATE")
    from korsync.commands import decide

    settings = load_settings(settings_path, needs_secrets=False)
    if before is not None:
        items = decide.ignore_before(settings, before, _is_meant)
    elif _is_meant(decide.about(settings, *items)):
        decide.ignore(settings, *items)
    else:
        items = ()
    for item in items:
        say(f"{visible(item)} is settled: what you decided about is left alone from now on")
    if not items:
        say("nothing was changed")


def _is_meant(items: Sequence[str]) -> bool:
    """Ask at a terminal whether these are to be ignored; elsewhere nobody could answer."""
    if not sys.stdin or not sys.stdin.isatty():
        return True
    for item in items:
        say(visible(f"  {item}"))
    return click.confirm(f"settle {'this' if len(items) == 1 else f'these {len(items)}'} by hand?")


def _can_be_accepted(_context: click.Context, _argument: click.Parameter, begun: str) -> list[CompletionItem]:
    from korsync.commands.decide import CAN_BE_ACCEPTED

    return [CompletionItem(name) for name in CAN_BE_ACCEPTED if name.startswith(begun)]


@click.command(epilog="Example: korsync accept products")
@click.argument("pipeline", shell_complete=_can_be_accepted)
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.pass_obj
def accept(settings_path: Path, pipeline: str, keys: tuple[str, ...]) -> None:
    """Let through what PIPELINE stopped in its last plan, or of that only the items named KEY."""
    from korsync.commands import decide

    decide.accept(load_settings(settings_path, needs_secrets=False), pipeline, keys)
    what = f"of what was stopped: {visible(', '.join(keys))}" if keys else "what was stopped"
    say(f"the next run of {pipeline} writes {what}")


@click.command(epilog="Example: korsync undo 20261124-082003-1a2b --dry-run")
@click.argument("run", metavar="RUN")
@click.option("--sku", "skus", multiple=True, help="Only this article; repeatable.")
@click.option("--dry-run", is_flag=True, help="Show what would be put back; send nothing that writes.")
@click.pass_obj
def undo(settings_path: Path, run: str, skus: tuple[str, ...], *, dry_run: bool) -> None:
    """Put back the names, prices and trackings that RUN wrote to Shopify, where they still stand there.

    What was put back is not written again until KORONA has another value or `korsync accept products SKU`. Stock is
    never undone, and receipts stay; `korsync log` names the runs.
    """
    from korsync.commands.state import machine_now
    from korsync.commands.undo import undo as put_back
    from korsync.records.telling import How
    from korsync.report.watching import Audience, Reporter

    reporter = Reporter("undo", How(dry=dry_run, verbose=True), Audience(None), machine_now, plans=True)
    try:
        result = put_back(load_settings(settings_path), reporter, run, skus, dry=dry_run)
    except (KeyboardInterrupt, SystemExit):
        reporter.broken_off("the same command puts back the rest")
        raise
    finally:
        reporter.close()
    if result.written:
        done = sum(each.is_taken for each in result.written)
        say(f"{done} put back; not written again until KORONA has another value, or `korsync accept products`")
    sys.exit(result.exit_code)


COMMANDS = (status, check, explain, log, retry, ignore, accept, undo)
