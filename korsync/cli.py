"""The commands: parse, call one function, print, exit code. No decisions.

Each command imports what it needs when it runs: `--help` and `status` need neither HTTP nor YAML's whole length.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from click.shell_completion import CompletionItem, shell_complete

from korsync import __version__
from korsync.errors import BUG, KorsyncError, LockedError
from korsync.text import visible

if TYPE_CHECKING:
    from korsync.config.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

COMPLETE = "_KORSYNC_COMPLETE"
"""The variable by which a shell asks what may follow, as click's own completion has it."""


def invoke(words: Sequence[str]) -> NoReturn:
    """Run what was typed and exit with a code of the README's table and no other; no traceback reaches the user."""
    context: click.Context | None = None
    try:
        if asked := os.environ.get(COMPLETE):
            sys.exit(shell_complete(cli, {}, "korsync", COMPLETE, asked))
        context = cli.make_context("korsync", list(words))
        with context:
            cli.invoke(context)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        sys.exit(2)
    except KorsyncError as error:
        _complain(error)
    except Exception as error:
        if not _is_of_printing(error):
            _complain_of_bug(error, context.obj if context else None)
    sys.exit(0)


def _is_of_printing(error: Exception) -> bool:
    """Tell whether nobody took click's own help or version; what korsync itself prints never raises."""
    *_, (innermost, _) = traceback.walk_tb(error.__traceback__)
    return isinstance(error, OSError) and innermost.f_code is click.echo.__code__


def _complain(error: KorsyncError) -> NoReturn:
    from korsync.report.screens import page, print_error

    print_error(page(stderr=True), error)
    sys.exit(error.exit_code)


def _complain_of_bug(error: Exception, config_path: Path | None) -> NoReturn:
    from korsync.report.bugs import keep_details, print_bug

    print_bug(error, keep_details(error, config_path or Path("config.yaml")))
    sys.exit(BUG)


def _load(settings_path: Path, *, needs_secrets: bool = True) -> "Settings":
    from korsync.config.load import load

    return load(settings_path, os.environ, needs_secrets=needs_secrets)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: korsync --config /etc/korsync/config.yaml run --dry-run",
)
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="The configuration file.")
@click.version_option(__version__, prog_name="korsync")
@click.pass_context
def cli(context: click.Context, config_path: Path | None) -> None:
    """Keep a KORONA.cloud till and warehouse and a Shopify store in step."""
    context.obj = config_path or Path(os.environ.get("KORSYNC_CONFIG") or "config.yaml")


_output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", help="For people or programs."
)


def _sync_options(command: Command) -> Command:
    for option in (
        click.option("--dry-run", is_flag=True, help="Show what would be written; send nothing that writes."),
        click.option("--exit-code", is_flag=True, help="With --dry-run: exit 10 where there are changes to make."),
        click.option("--wait", type=click.IntRange(0), default=0, help="Wait so many seconds for another run to end."),
        click.option("--full", is_flag=True, help="Ignore all cursors and compare everything."),
        click.option("--order", "orders", multiple=True, help="Write only this order and its refunds; repeatable."),
        click.option("--sku", "skus", multiple=True, help="Write only this article; repeatable. The rest waits."),
        _output_option,
        click.option("--quiet", is_flag=True, help="Speak only of trouble, and of held items when that is news."),
        click.option("--verbose", is_flag=True, help="Name every item that is left alone."),
    ):
        command = option(command)
    return command


def _sync(settings_path: Path, command: str, options: dict[str, Any], pipelines: tuple[str, ...] | None = None) -> None:
    from korsync.commands.sync import sync
    from korsync.report.telling import Reporter
    from korsync.rules.narrowing import Only

    dry, quiet = options["dry_run"], options["quiet"]
    if options["exit_code"] and not dry:
        raise click.UsageError("--exit-code goes with --dry-run only")
    reporter = Reporter(dry=dry, quiet=quiet, verbose=options["verbose"], as_json=options["output"] == "json")
    try:
        ran = sync(
            _load(settings_path),
            reporter,
            command=command,
            pipelines=pipelines,
            dry=dry,
            full=options["full"],
            only=Only(options["skus"], options["orders"]),
            changes_count=options["exit_code"],
            wait=options["wait"],
        )
    except LockedError as error:
        if quiet:
            sys.exit(error.exit_code)
        raise
    finally:
        reporter.close()
    sys.exit(ran.exit_code)


def _say(line: str, *, err: bool = False) -> None:
    """Print a line; where nobody reads on, what was done and the exit code are the same."""
    with suppress(OSError):
        click.echo(line, err=err)


def _sync_command(name: str, help_text: str, pipelines: tuple[str, ...] | None = None) -> None:
    @cli.command(name, help=help_text, epilog=f"Example: korsync {name} --dry-run --verbose")
    @_sync_options
    @click.pass_obj
    def command(settings_path: Path, /, **options: Any) -> None:
        _sync(settings_path, name, options, pipelines)


_sync_command("run", "Run all four pipelines: stock, orders, refunds, products.")
_sync_command("stock", "Bring changed stock levels from KORONA to Shopify.", ("stock",))
_sync_command("orders", "Book every Shopify order as one receipt in KORONA.", ("orders",))
_sync_command("refunds", "Book restocked refunds as negative receipts in KORONA.", ("refunds",))
_sync_command("products", "Bring name, price, tracking and image from KORONA to Shopify.", ("products",))


@cli.command(epilog="Example: korsync init --couple")
@click.option("--yes", is_flag=True, help="Go on although unfulfilled orders from before orders.start_from exist.")
@click.option(
    "--couple", "couples", is_flag=True, help="Couple the point of sale with korona.coupling_id once all is checked."
)
@click.option("--adopt", "adopts", is_flag=True, help="Rebuild a lost state from KORONA's receipts.")
@click.pass_obj
def init(settings_path: Path, *, yes: bool, couples: bool, adopts: bool) -> None:
    """Check everything, take the first look and make the state file; only --couple writes to a side."""
    from korsync.commands.init import initialise, reserved

    settings = _load(settings_path)
    opening = initialise(settings, yes=yes, couples=couples, adopts=adopts)
    if couples:
        _say_coupled("point of sale", opening.last_receipt_number)
    _say(f"{opening.matched} articles match a Shopify variant, {opening.priced} of them have a price in the list")
    for remark in opening.double_rates:
        _say(visible(f"  {remark}"))
    for order in opening.unfulfilled:
        line = f"  {order.name}: unfulfilled from before orders.start_from, reserved: {reserved(order)}"
        _say(visible(line))
    if adopts:
        _say(f"{len(opening.booked)} orders are booked in KORONA")
        for title, names in (("not booked yet", opening.missing), ("in conflict", opening.conflicts)):
            if names:
                _say(visible(f"{len(names)} {title}: {', '.join(names)}"))
    _say(f"state made: {settings.state_path}")
    _say("next: korsync run --dry-run")


@cli.command(epilog="Example: korsync couple")
@click.pass_obj
def couple(settings_path: Path) -> None:
    """Couple the point of sale with korona.coupling_id, on a new shop or where it was decoupled."""
    from korsync.commands.couple import couple as couple_up

    coupled = couple_up(_load(settings_path))
    _say_coupled(f"point of sale “{coupled.name}”", coupled.last_receipt_number)


def _say_coupled(what: str, last_receipt_number: str | None) -> None:
    _say(visible(f"{what} coupled; its last receipt number: {last_receipt_number or 'none'}"))


@cli.command(epilog="Example: korsync status")
@click.pass_obj
def status(settings_path: Path) -> None:
    """Show the last runs and every held item with its reason; exit 1 where any is held."""
    from korsync.commands.state import state_of
    from korsync.report.screens import page, print_status

    state = state_of(_load(settings_path, needs_secrets=False))
    print_status(page(), state)
    sys.exit(1 if state.held else 0)


@cli.command(epilog="Example: korsync check --since 2026-11-01")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Compare the orders placed from that day on with KORONA's receipts; otherwise those of the last seven days.",
)
@_output_option
@click.pass_obj
def check(settings_path: Path, since: datetime | None, output: str) -> None:
    """Read both sides in full and say where they differ; writes nothing. Exit 0 where they agree, else 1."""
    from korsync.commands.check import SLOW, expected_requests
    from korsync.commands.check import check as compare
    from korsync.report.checked import print_checked
    from korsync.report.looking import Looking

    settings = _load(settings_path)
    requests = expected_requests(settings)
    if requests >= SLOW:
        _say(f"both sides are read in full: about {requests} requests", err=True)
    compared = compare(settings, Looking(), since.date() if since else None)
    print_checked(compared, as_json=output == "json")
    sys.exit(compared.exit_code)


@cli.command(epilog="Example: korsync retry 1042 '1043 refund 940000000001'")
@click.argument("items", metavar="ITEM...", nargs=-1, required=True)
@click.pass_obj
def retry(settings_path: Path, items: tuple[str, ...]) -> None:
    """Try each held or ignored ITEM again: an order (1042) or a refund ("1042 refund 940000000001")."""
    from korsync.commands import decide

    decide.retry(_load(settings_path, needs_secrets=False), *items)
    for item in items:
        _say(f"{visible(item)} is tried again in the next run")


@cli.command(epilog="Example: korsync ignore 1042 '1043 refund 940000000001'")
@click.argument("items", metavar="[ITEM...]", nargs=-1)
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Instead: all held orders placed before that day in the shop's time zone.",
)
@click.pass_obj
def ignore(settings_path: Path, items: tuple[str, ...], before: datetime | None) -> None:
    """Leave each ITEM alone from now on: it was settled by hand, and its pieces are no longer reserved.

    Of an order that was edited after it was booked this concerns the pieces added so far. An article that is not kept
    in step any more is left alone until it matches again.
    """
    if bool(items) is (before is not None):
        raise click.UsageError("name each ITEM, or --before DATE")
    from korsync.commands import decide

    settings = _load(settings_path, needs_secrets=False)
    if before is None:
        decide.ignore(settings, *items)
    else:
        items = decide.ignore_before(settings, before.date(), _is_meant)
    for item in items:
        _say(f"{visible(item)} is settled: what you decided about is left alone from now on")
    if not items:
        _say("nothing was changed")


def _is_meant(orders: Sequence[str]) -> bool:
    """Ask at a terminal whether these are the orders to be ignored; elsewhere nobody could answer."""
    if not sys.stdin or not sys.stdin.isatty():
        return True
    return click.confirm(visible(f"ignore {len(orders)} held orders: {', '.join(orders)}?"))


def _can_be_accepted(_context: click.Context, _argument: click.Parameter, begun: str) -> list[CompletionItem]:
    from korsync.commands.decide import CAN_BE_ACCEPTED

    return [CompletionItem(name) for name in CAN_BE_ACCEPTED if name.startswith(begun)]


@cli.command(epilog="Example: korsync accept products")
@click.argument("pipeline", shell_complete=_can_be_accepted)
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.pass_obj
def accept(settings_path: Path, pipeline: str, keys: tuple[str, ...]) -> None:
    """Let through what PIPELINE stopped in its last plan, or of that only the items named KEY."""
    from korsync.commands import decide

    decide.accept(_load(settings_path, needs_secrets=False), pipeline, keys)
    what = f"of what was stopped: {visible(', '.join(keys))}" if keys else "what was stopped"
    _say(f"the next run of {pipeline} writes {what}")


@cli.command(epilog="Example: korsync demo")
def demo() -> None:
    """Watch korsync at work on a simulated shop; needs no account, no configuration and no terminal."""
    from korsync.demo import demonstrate

    if not demonstrate(_say):
        _say("korsync: both sides do not agree", err=True)
        sys.exit(BUG)


@cli.command(epilog="Example: korsync sandbox")
def sandbox() -> None:
    """Run a simulated shop to try korsync on, until Ctrl-C."""
    from korsync.demo import serve

    serve(_say, _typed_lines())


def _typed_lines() -> Iterator[str]:
    typed = sys.stdin
    if typed is not None:
        yield from typed
    if typed is None or not typed.isatty():
        # Started in the background nobody types, and the shop stays open until it is told to end.
        signal.pause()
