"""`korsync doctor`: looks at all that a run rests on, a line each, and writes nothing."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from korsync.commands.readiness import Looks, Tell, look_at_korona, look_at_other_locations, look_at_shopify
from korsync.commands.state import identity_of, state_of
from korsync.commands.sync import Clocks, connect
from korsync.config.load import fingerprint, load
from korsync.config.settings import Settings
from korsync.errors import KorsyncError, LockedError
from korsync.memory.cache import load_cache
from korsync.memory.files import hold_lock
from korsync.memory.journal import entries_of
from korsync.pipelines.base import Reading, Sides
from korsync.pipelines.sides import read_catalogue, read_levels, read_shop_products, read_stock
from korsync.pipelines.targets import find_product_targets, find_stock_targets, point_of_sale_of
from korsync.records.catalogue import Location
from korsync.records.journal import StockEntry
from korsync.records.memory import Cache, Memory, State
from korsync.records.readiness import Check, failed, fine, warning
from korsync.records.seen import Catalogue
from korsync.rules import access
from korsync.rules.matching import match
from korsync.rules.opening import counts_of, match_checks
from korsync.rules.read_back import first_receipts_stop
from korsync.rules.schedule import runs_check, schedule_check

LAST_RECEIPTS = 20
"""From so many of the last receipts it is said how soon KORONA's stock followed them."""

LITTLE_SPACE = 200 * 1024 * 1024
"""With fewer bytes than this left a disk is soon full."""

TIMERS = ("/etc/crontab", "/etc/cron.d", "/etc/systemd/system", "~/.config/systemd/user")
"""Where, beside the user's own crontab, a line or a timer may stand that starts korsync."""

BEYOND_ALL = 2**53
"""A revision that no row has: with it a list is asked for and brings nothing."""

LARGEST_TIMER = 100_000


def timer_lines() -> list[str]:
    """Return the lines that start programs on this machine, as far as this user may see them."""
    texts = []
    with suppress(OSError, subprocess.SubprocessError):
        words = [shutil.which("crontab") or "crontab", "-l"]
        crontab = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603  (fixed words)
        texts.append(crontab.stdout)
    for path in (Path(name).expanduser() for name in TIMERS):
        with suppress(OSError):
            files = [path] if path.is_file() else sorted(path.iterdir())
            small = (each for each in files if each.is_file() and each.stat().st_size < LARGEST_TIMER)
            texts += [each.read_text("utf-8", errors="replace") for each in small]
    return [line.strip() for text in texts for line in text.splitlines()]


@dataclass(frozen=True, slots=True)
class Machine:
    """What is asked of this machine: its time, and the lines by which programs are started."""

    now: Callable[[], datetime]
    timers: Callable[[], list[str]]


def examine(config_path: Path, environment: Mapping[str, str], tell: Tell, machine: Machine, clocks: Clocks) -> Looks:
    """Look at everything and return what was found; each check is told as it is made."""
    looks = Looks(tell)
    settings, state = None, None
    with looks.group("files"):
        settings = looks.at("configuration", lambda: load(config_path, environment), lambda _: str(config_path))
        if settings is not None:
            state = _look_at_files(looks, settings)
    if settings is None:
        return looks
    looks.shop = settings.shopify.shop
    sides = connect(settings, read_only=True, full=False, clocks=clocks)
    shop, locations = None, tuple[Location, ...]()
    with looks.group("Shopify"):
        shop, locations = look_at_shopify(looks, sides)
    with looks.group("KORONA"):
        look_at_korona(looks, sides, shop)
        _look_at_receipts(looks, sides, state)
    if not looks.a_side_is_gone:
        with looks.group("match"):
            _look_at_match(looks, sides, state, locations)
    with looks.group("Shopify"):
        looks.judged(access.deprecation_check(sides.shopify.deprecated))
    with looks.group("files"):
        looks.judged(access.clock_check(sides.clocks.doubt))
    with looks.group("schedule"):
        if state is not None:
            looks.judged(runs_check(state, machine.now()))
        looks.judged(schedule_check(machine.timers()))
    return looks


def _look_at_files(looks: Looks, settings: Settings) -> State | None:
    path = settings.state_path
    state = looks.at("state", lambda: state_of(settings), lambda found: f"{path}, {len(found.orders)} orders known")
    if state is not None and path.stat().st_mode & 0o077:
        looks.judged(warning("permissions", f"others may read {path}", f"chmod 600 {path}"))
    cache, reason = load_cache(settings.cache_path, fingerprint(settings))
    known = f"{len(cache.catalogue.articles)} articles known"
    again = "nothing to do: the next run reads both sides in full and makes it anew"
    looks.judged(warning("cache", reason, again) if reason else fine("cache", known))
    looks.judged(_journal(settings.journal_path), _lock(path), _disk(path.parent))
    return state


def _journal(path: Path) -> Check:
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        return warning("journal", f"{path} cannot be read and written", "look at its permissions")
    return fine("journal", f"{sum(1 for _ in entries_of(path))} entries")


def _lock(state_path: Path) -> Check:
    if not os.path.lexists(f"{state_path}.lock"):
        return fine("lock", "free")
    try:
        with hold_lock(state_path):
            return fine("lock", "free")
    except LockedError as error:
        return fine("lock", error.what)
    except KorsyncError as error:
        return failed("lock", error.what, error.remedy, error.exit_code)


def _disk(folder: Path) -> Check:
    if not os.access(folder, os.W_OK | os.X_OK):
        return failed("disk", f"korsync may not write in {folder}", "give the user who runs it the folder", 6)
    free = shutil.disk_usage(folder).free
    if free < LITTLE_SPACE:
        return warning("disk", f"only {free // 1024**2} MB are free in {folder}", "make room there")
    return fine("disk", f"{free // 1024**2} MB free")


def _look_at_receipts(looks: Looks, sides: Sides, state: State | None) -> None:
    """Look whether receipts may be read, and whether they have come back as they were posted."""
    korona, settings = sides.korona, sides.settings
    with suppress(KorsyncError):
        pos = point_of_sale_of(korona, settings)
        marks = _cache_of(settings).receipt_marks
        since = marks[-1].revision if marks else 0
        looks.at("reading receipts", lambda: korona.receipts_since(pos.id, since), lambda _: "allowed")
    if state is None:
        return
    stop = first_receipts_stop("orders", state)
    if stop is not None:
        looks.judged(warning("receipts", stop.what, stop.remedy))
    elif state.receipts_come_back:
        looks.judged(fine("receipts", "come back from KORONA as they were posted, with korsync's references"))
    else:
        looks.judged(fine("receipts", "none yet: whether korsync may post them shows with the first one"))
    looks.judged(_stock_follows(settings))


def _stock_follows(settings: Settings) -> Check:
    entries = [each.minutes for each in entries_of(settings.journal_path) if isinstance(each, StockEntry)]
    return access.stock_follows_check(entries[-LAST_RECEIPTS:], settings.safety.settle_minutes)


def _look_at_match(looks: Looks, sides: Sides, state: State | None, locations: Iterable[Location]) -> None:
    """Read both catalogues from where the last run stopped, and look how they fit."""
    settings = sides.settings
    reading = Reading(Memory(state or State(identity_of(settings), sides.shopify.now), _cache_of(settings)))
    try:
        reading, prices = find_product_targets(sides, reading)
        reading, served = find_stock_targets(sides, reading)
    except KorsyncError:
        # Said already, where each of them was looked at.
        return
    _look_at_lists(looks, sides, reading.memory.cache.catalogue)
    for name, read in (
        ("reading products", lambda known: read_shop_products(sides, known)),
        ("reading levels", lambda known: read_levels(sides, known, served.location.id)),
        ("catalogue", lambda known: read_catalogue(sides, known)),
        ("reading stock", lambda known: read_stock(sides, known, served.warehouse_ids)),
    ):
        reading = looks.at(name, _bound(read, reading), lambda _: "allowed") or reading
    cache = reading.memory.cache
    articles, products = cache.catalogue.articles, cache.shop_products.products
    counts = counts_of(articles, products, prices.price_group, sides.korona.now)
    looks.judged(*match_checks(counts, prices_matter="price" in settings.products.fields))
    look_at_other_locations(looks, sides, served.location, locations, match(articles, products).matches)


def _look_at_lists(looks: Looks, sides: Sides, known: Catalogue) -> None:
    """Look whether KORONA's lists may be read: a run asks for those alone that have changed."""
    korona = sides.korona
    for name, ask, revision in (
        ("reading articles", korona.changed_products, known.product_revision),
        ("reading prices", korona.changed_prices, known.price_revision),
        ("reading images", korona.changed_images, known.image_revision),
    ):
        looks.at(name, partial(_asked, ask, revision), lambda _: "allowed")


def _asked(ask: Callable[[int], object], revision: int) -> None:
    ask(revision or BEYOND_ALL)


def _bound(read: Callable[[Reading], Reading], reading: Reading) -> Callable[[], Reading]:
    return lambda: read(reading)


def _cache_of(settings: Settings) -> Cache:
    return load_cache(settings.cache_path, fingerprint(settings))[0]
