"""The commands: parse, call one function, print, exit code. No decisions.

Each command imports what it needs when it runs: `--help` and `status` need neither HTTP nor YAML's whole length.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from click.shell_completion import shell_complete

from korsync import __version__, cli_items
from korsync.cli_items import load_settings, output_option, say
from korsync.errors import BUG, KorsyncError
from korsync.text import visible

if TYPE_CHECKING:
    from korsync.records.opening import Answer, Opening

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
            _complain(_bug(error, context.obj if context else Path("config.yaml")))
    sys.exit(0)


def _is_of_printing(error: Exception) -> bool:
    """Tell whether nobody took click's own help or version; what korsync itself prints never raises."""
    *_, (innermost, _) = traceback.walk_tb(error.__traceback__)
    return isinstance(error, OSError) and innermost.f_code is click.echo.__code__


def _complain(error: KorsyncError) -> NoReturn:
    from korsync.report.screens import page, print_error

    print_error(page(stderr=True), error)
    sys.exit(error.exit_code)


def _bug(error: Exception, config_path: Path) -> KorsyncError:
    from korsync.report.bugs import bug

    return bug(error, config_path)


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


def _sync_options(command: Command) -> Command:
    for option in (
        click.option("--dry-run", is_flag=True, help="Show what would be written; send nothing that writes."),
        click.option("--exit-code", is_flag=True, help="With --dry-run: exit 10 where there are changes to make."),
        click.option("--wait", type=click.IntRange(0), default=0, help="Wait so many seconds for another run to end."),
        click.option("--full", is_flag=True, help="Ignore all cursors and compare everything."),
        click.option("--order", "orders", multiple=True, help="Write only this order and its refunds; repeatable."),
        click.option("--sku", "skus", multiple=True, help="Write only this article; repeatable. The rest waits."),
        output_option,
        click.option("--quiet", is_flag=True, help="Speak only of trouble, and of held items when that is news."),
        click.option("--verbose", is_flag=True, help="Name every item that is left alone."),
    ):
        command = option(command)
    return command


def _sync(settings_path: Path, command: str, options: dict[str, Any], pipelines: tuple[str, ...] | None = None) -> None:
    from korsync.commands import state as disk
    from korsync.commands.monitor import monitor
    from korsync.commands.sync import sync
    from korsync.records.telling import How
    from korsync.report.watching import Audience, Reporter
    from korsync.rules.narrowing import Only

    dry, quiet = options["dry_run"], options["quiet"]
    if options["exit_code"] and not dry:
        raise click.UsageError("--exit-code goes with --dry-run only")
    how = How(quiet, dry, options["verbose"], options["output"] == "json")
    # Until the configuration says where: a person who mistyped its name finds no file left beside it.
    beside = settings_path.absolute().with_name("told.json") if quiet or settings_path.exists() else None
    reporter = Reporter(command, how, Audience(beside), disk.machine_now)
    try:
        settings = load_settings(settings_path)
        shop, alerts = settings.shopify.shop, settings.alerts
        told_of_runs = None if dry else monitor(settings, command)
        zone = partial(disk.timezone_of, settings)
        reporter.audience = Audience(settings.told_path, shop, alerts.after, told_of_runs, zone)
        ran = sync(
            settings,
            reporter,
            command=command,
            pipelines=pipelines,
            dry=dry,
            full=options["full"],
            only=Only(options["skus"], options["orders"]),
            changes_count=options["exit_code"],
            wait=options["wait"],
            patient=quiet,
        )
    except (KeyboardInterrupt, SystemExit):
        reporter.broken_off()
        raise
    except KorsyncError as error:
        sys.exit(reporter.failed(error))
    except Exception as error:
        sys.exit(reporter.failed(_bug(error, settings_path)))
    finally:
        reporter.close()
    sys.exit(ran.exit_code)


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


@cli.command(epilog="Example: korsync init --couple --report unmatched.csv")
@click.option("--yes", is_flag=True, help="Say yes to the orders that it shows: book them, and reserve the old ones.")
@click.option("--ignore-open", is_flag=True, help="Say yes, but reserve nothing for open orders from before the start.")
@click.option(
    "--couple", "couples", is_flag=True, help="Couple the point of sale with korona.coupling_id once all is checked."
)
@click.option("--adopt", "adopts", is_flag=True, help="Rebuild a lost state from KORONA's receipts.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write all that does not match, or has no price, into a CSV file.",
)
@click.pass_obj
def init(
    settings_path: Path, *, yes: bool, ignore_open: bool, couples: bool, adopts: bool, report: Path | None
) -> None:
    """Check everything, take the first look and make the state file; only --couple writes to a side.

    It shows which orders the first run books, and what open orders from before orders.start_from keep reserved, and
    asks; where nobody sits at a terminal, --yes or --ignore-open is the answer.
    """
    from korsync.commands.init import initialise
    from korsync.records.opening import Answer
    from korsync.report.opening import Host

    if yes and ignore_open:
        raise click.UsageError("--yes reserves the old orders, --ignore-open does not: name one of the two")
    given = Answer.IGNORE if ignore_open else Answer.RESERVE if yes else None
    settings = load_settings(settings_path)
    host = Host(lambda opening: given or _answer_to(opening), report)
    try:
        opening = initialise(settings, host, couples=couples, adopts=adopts)
    finally:
        host.close()
    if couples:
        _say_coupled("point of sale", opening.last_receipt_number)
    say(f"state made: {settings.state_path}")
    say("next: korsync run --dry-run")


def _answer_to(opening: "Opening") -> "Answer | None":
    """Ask a person at a terminal about the orders that were found; elsewhere nobody could answer."""
    from korsync.records.opening import Answer

    if not sys.stdin or not sys.stdin.isatty():
        return None
    if opening.to_book is not None and not click.confirm("Are these the orders to be booked?"):
        return None
    if opening.open_before is None:
        return Answer.RESERVE
    words = click.Choice([Answer.RESERVE, Answer.IGNORE, "stop"])
    word = click.prompt("The open orders from before", type=words, default="stop")
    return Answer(word) if word != "stop" else None


@cli.command(epilog="Example: korsync doctor --output json")
@output_option
@click.pass_obj
def doctor(settings_path: Path, output: str) -> None:
    """Look at all that a run rests on, a line each, with how to mend it; writes nothing.

    Exit 0 where all is well, 1 where something is worth a look, otherwise what a run would end with.
    """
    from korsync.commands.doctor import Machine, examine, timer_lines
    from korsync.commands.state import machine_now
    from korsync.commands.sync import Clocks
    from korsync.report.doctor import Sheet

    sheet = Sheet(as_json=output == "json")
    looks = examine(settings_path, os.environ, sheet.tell, Machine(machine_now, timer_lines), Clocks())
    sheet.close(looks.shop, machine_now(), looks.exit_code)
    sys.exit(looks.exit_code)


@cli.command(epilog="Example: korsync couple")
@click.pass_obj
def couple(settings_path: Path) -> None:
    """Couple the point of sale with korona.coupling_id, on a new shop or where it was decoupled."""
    from korsync.commands.couple import couple as couple_up

    coupled = couple_up(load_settings(settings_path))
    _say_coupled(f"point of sale “{coupled.name}”", coupled.last_receipt_number)


def _say_coupled(what: str, last_receipt_number: str | None) -> None:
    say(visible(f"{what} coupled; its last receipt number: {last_receipt_number or 'none'}"))


for about_items in cli_items.COMMANDS:
    cli.add_command(about_items)


@cli.command(epilog="Example: korsync demo")
def demo() -> None:
    """Watch korsync at work on a simulated shop; needs no account, no configuration and no terminal."""
    from korsync.demo import demonstrate

    if not demonstrate(say):
        say("korsync: both sides do not agree", err=True)
        sys.exit(BUG)


@cli.command(epilog="Example: korsync sandbox")
def sandbox() -> None:
    """Run a simulated shop to try korsync on, until Ctrl-C."""
    from korsync.demo import serve

    serve(say, _typed_lines())


def _typed_lines() -> Iterator[str]:
    typed = sys.stdin
    if typed is not None:
        yield from typed
    if typed is None or not typed.isatty():
        # Started in the background nobody types, and the shop stays open until it is told to end.
        signal.pause()
