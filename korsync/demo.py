"""`korsync demo` and `korsync sandbox`: korsync at work on a simulated shop, to watch or to try."""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from shlex import quote

from korsync.commands.check import check
from korsync.commands.explain import explain
from korsync.commands.init import initialise
from korsync.commands.state import machine_now, timezone_of
from korsync.commands.sync import sync
from korsync.config.load import load
from korsync.config.settings import Settings
from korsync.records.opening import Answer
from korsync.records.plan import Ran
from korsync.records.telling import How
from korsync.report.checked import print_checked
from korsync.report.explained import print_explained
from korsync.report.looking import Looking
from korsync.report.opening import Host
from korsync.report.watching import Audience, Reporter
from korsync.sandbox.books import shelves
from korsync.sandbox.moves import HELP, move
from korsync.sandbox.sample import fill, picture
from korsync.sandbox.shopify.access import Bucket
from korsync.sandbox.world import World

CRON = timedelta(minutes=20)
TILL_SALE, NEW_ORDER, NEW_PRICE, NEW_IMAGE = "1030", "1031", "1032", "1033"
"""Articles of the sample shop that the demo moves."""

Say = Callable[[str], None]


@contextmanager
def sample_world() -> Iterator[World]:
    """Run the sample shop with Shopify's largest bucket, so that nobody waits."""
    world = World()
    world.shopify.bucket = Bucket(world.clock, 400, 20)
    fill(world)
    with world:
        yield world


def demonstrate(say: Say) -> bool:
    """Show korsync at work from the first look to a run with nothing to do; tell whether both sides agree then."""
    with sample_world() as world, tempfile.TemporaryDirectory(prefix="korsync-demo-") as folder:
        settings = load(world.write_config(Path(folder)), {})
        say("A sample shop: KORONA.cloud and Shopify simulated on this machine.\n")
        say("$ korsync init --yes")
        initialise(settings, Host(lambda _: Answer.RESERVE), couples=False, adopts=False)
        say("$ korsync run --dry-run")
        _run(settings, dry=True)
        say("\n$ korsync run")
        _run(settings)
        world.clock.advance(CRON / 2)
        say("\nThe world moves:")
        for what in _let_the_world_move(world):
            say(f"  {what}")
        world.clock.advance(CRON / 2)
        say("\n$ korsync run        (twenty minutes later)")
        _run(settings, verbose=True)
        agree = _show_agreement(world, say)
        world.clock.advance(CRON)
        say("\n$ korsync run        (again twenty minutes later)")
        last = _run(settings)
        say(f"{last.writes} writes")
        say(f"\n$ korsync explain {NEW_PRICE}")
        print_explained(explain(settings, Looking(), NEW_PRICE), timezone_of(settings))
        say("\n$ korsync check")
        compared = check(settings, Looking())
        print_checked(compared)
        return agree and last.writes == 0 and last.exit_code == 0 and compared.exit_code == 0


def serve(say: Say, lines: Iterable[str]) -> None:
    """Run the sample shop until the lines end; each line moves it."""
    with sample_world() as world, tempfile.TemporaryDirectory(prefix="korsync-sandbox-") as folder:
        config_path = world.write_config(Path(folder))
        say("A sample shop runs on this machine. From another terminal:\n")
        say(f"  export PATH={quote(str(Path(sys.executable).parent))}:$PATH")
        say(f"  export KORSYNC_CONFIG={config_path}")
        say("  korsync init          (it asks; or with --yes)")
        say("  korsync run --dry-run")
        say("  korsync run\n")
        say("Here you move the shop; Ctrl-C or Ctrl-D ends it and leaves nothing behind:\n")
        say(HELP)
        for line in lines:
            say(move(world, line))


def _run(settings: Settings, *, dry: bool = False, verbose: bool = False) -> Ran:
    reporter = Reporter("run", How(dry=dry), Audience(settings.told_path), machine_now, plans=dry or verbose)
    return sync(settings, reporter, dry=dry)


def _let_the_world_move(world: World) -> Iterator[str]:
    korona, shopify = world.korona, world.shopify
    korona.sell_at_till(TILL_SALE, 1)
    yield f"one {TILL_SALE} is sold at the till"
    order = shopify.place_order([(NEW_ORDER, 2)], shipping=Decimal("4.90"))
    yield f"order {order.name} comes in: 2 × {NEW_ORDER}"
    earlier = next(each for each in shopify.store.orders.values() if not (each.refunds or each.test))
    line = next(each for each in earlier.lines if each.variant_id)
    shopify.refund_order(earlier, {line.id: 1})
    yield f"of order {earlier.name} one {line.sku} is refunded and put back"
    korona.change_price(NEW_PRICE, Decimal("5.55"))
    yield f"the price of {NEW_PRICE} becomes 5.55"
    korona.replace_image(NEW_IMAGE, picture(99), new_id=True)
    yield f"{NEW_IMAGE} gets another picture"


def _show_agreement(world: World, say: Say) -> bool:
    """Compare both sides' own books, not korsync's."""
    found = {shelf.sku: shelf for shelf in shelves(world)}
    say("\nWhat both sides say now:")
    for sku in (TILL_SALE, NEW_ORDER, NEW_PRICE, NEW_IMAGE):
        shelf = found[sku]
        say(
            f"  {sku}: KORONA {shelf.korona_pieces} pieces at {shelf.korona_price:.2f},"
            f" Shopify {shelf.shopify_pieces} pieces at {shelf.shopify_price:.2f}"
        )
    apart = [shelf for shelf in found.values() if not shelf.agrees]
    for shelf in apart:
        say(f"  they differ: {shelf}")
    say(f"{len(found) - len(apart)} of {len(found)} articles agree")
    return not apart
