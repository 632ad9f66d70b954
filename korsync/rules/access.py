"""What korsync may do and where: scopes, API version, licences, locations, clocks; pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from korsync.records.catalogue import Location
from korsync.records.readiness import Check, failed, fine, warning

SCOPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "read_products": ("to find the variants by their SKU", ()),
    "write_products": ("to write names, prices and images", ("title", "price", "image")),
    "read_inventory": ("to read the levels", ()),
    "write_inventory": ("to write the levels, and what is tracked", ()),
    "read_locations": ("to find the location", ()),
    "read_orders": ("to book orders and refunds, and to keep back what is sold", ()),
}
"""The scopes that korsync needs, what for, and the fields for which it is needed only (none: always)."""

SCOPES_WORTH_HAVING: Mapping[str, str] = {
    "read_all_orders": (
        "Shopify shows no order older than 60 days: the pieces of one that is still open cannot be reserved,"
        " and its refunds are not booked"
    ),
    "read_draft_orders": "pieces that draft orders reserve are not seen, and may be sold again",
}
"""Scopes without which korsync works, and what goes unseen then."""

GRANT = "grant it to the app (Dev Dashboard: the app's version, its scopes), then install the new version in the store"

START = "start of orders"

VERSION_LIVES = 12
"""Shopify serves a version for at least so many months (shopify.dev, API versioning)."""

VERSION_ENDS_SOON = timedelta(days=60)

LONG_DEPRECATED = frozenset({"products"})
"""Marked since 2024-04, and still served to custom apps (shopify.dev, the new product model)."""


def scope_checks(granted: Collection[str], fields: Collection[str]) -> list[Check]:
    """Say of each scope whether the app has it; a write scope contains its read scope."""
    checks = []
    for scope, (purpose, only_for) in SCOPES.items():
        if only_for and not set(only_for) & set(fields):
            continue
        has = {scope, scope.replace("read_", "write_", 1)} & set(granted)
        told = fine(f"scope {scope}", purpose)
        checks.append(told if has else failed(told.name, f"the app lacks {scope}, needed {purpose}", GRANT, 4))
    for scope, consequence in SCOPES_WORTH_HAVING.items():
        has = {scope, scope.replace("read_", "write_", 1)} & set(granted)
        name, what = f"scope {scope}", f"the app lacks {scope}: {consequence}"
        checks.append(fine(name, "granted") if has else warning(name, what, GRANT))
    return checks


def start_to_come(day: date) -> Check:
    """Say what it means that the first day whose orders are booked lies in the future."""
    what = f"{day} is still to come: what is ordered until then is never booked, and its pieces are kept back"
    return warning(START, what, "where that is not meant, correct orders.start_from")


def version_check(asked: str, served: str | None, today: date) -> Check:
    """Say which API version answers, and until when Shopify serves it."""
    name, key = "API version", "shopify.api_version"
    if served not in (None, asked):
        return warning(name, f"Shopify answers with {served}, {asked} was asked for", f"correct {key}")
    year, month = map(int, asked.split("-"))
    ends = date(year + (month + VERSION_LIVES - 1) // 12, (month + VERSION_LIVES - 1) % 12 + 1, 1)
    what = f"{asked}, which Shopify serves until {ends} at least"
    return (
        warning(name, what, f"name a newer one under {key}") if today + VERSION_ENDS_SOON > ends else fine(name, what)
    )


def package_check(packages: Collection[str] | None) -> Check:
    """Say whether the account has the licence that stock needs; an account that does not say is given credit."""
    name, lacks = "licence", "the account has no KORONA.retail, which stock needs"
    if packages is None:
        return fine(name, "KORONA does not say which; without KORONA.retail it gives no stock")
    if "RETAIL" not in packages:
        return failed(name, lacks, "book KORONA.retail, or ask KORONA's support", 4)
    return fine(name, ", ".join(sorted(packages)))


def other_locations(pieces: Iterable[tuple[Location, int, int]]) -> list[Check]:
    """Name the other active locations that have pieces of matched articles for sale: Shopify sells them as well.

    Given are a location, its pieces, and of how many articles.
    """
    found = [
        warning(
            f"location {name}",
            f"“{name}” has {count} pieces for sale, too, of articles that match ({articles}): korsync does not count"
            " them, and KORONA's stock goes to the one location it serves",
            "where these are the same goods, set them to 0 there in Shopify, or they are sold twice",
        )
        for name, count, articles in ((location.name.strip(), count, articles) for location, count, articles in pieces)
        if count
    ]
    return found or [fine("other locations", "none has matched articles for sale")]


def clock_check(doubt: str) -> Check:
    """Say whether the clocks of both sides and of this machine fit together; `doubt` is why they do not."""
    if doubt:
        what = f"{doubt}: as long as that is so, nothing that depends on time is believed"
        return warning("clock", what, "set this machine's clock (NTP); where it is right, tell the side's support")
    return fine("clock", "this machine's, KORONA's and Shopify's fit together")


def stock_follows_check(minutes: Sequence[int], settle_minutes: Decimal) -> Check:
    """Say how soon KORONA's stock followed its last receipts, by what runs saw, and what that means for the wait."""
    if not minutes:
        return fine("stock after receipts", "no receipt was seen in KORONA's stock yet")
    longest = max(minutes)
    what = f"KORONA's stock followed the last {len(minutes)} receipts within {longest} minutes, as runs saw it"
    if longest > settle_minutes:
        return fine("stock after receipts", f"{what}; korsync waits for it")
    return fine("stock after receipts", f"{what}; safety.settle_minutes may be {max(1, longest)}")


def deprecation_check(deprecated: Mapping[str, str]) -> Check:
    """Say which of Shopify's lists are marked as going away; products have long been, and go on serving."""
    news = {name: reason for name, reason in deprecated.items() if name not in LONG_DEPRECATED}
    if news:
        what = "; ".join(f"{name} ({reason})" for name, reason in sorted(news.items()))
        return warning("deprecation", f"Shopify marks as going away: {what}", "look for a newer korsync")
    return fine("deprecation", "nothing that is new")
