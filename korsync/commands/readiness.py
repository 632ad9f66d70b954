"""What `init` and `doctor` look at on both sides, a thing at a time; what fails keeps no other from its turn."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from korsync.errors import ConfigurationError, KorsyncError, Refused, Unavailable, most_serious
from korsync.pipelines import targets
from korsync.pipelines.base import Sides
from korsync.records.catalogue import Location, OrganizationalUnit, Shop
from korsync.records.readiness import Check, Verdict, failed, fine, warning
from korsync.rules import access
from korsync.rules.bookings import start_instant
from korsync.rules.matching import Match
from korsync.rules.taxes import double_rates

T = TypeVar("T")

Tell = Callable[[str, Check], None]
"""Takes a check as it is made, with the name of its group."""


class SideGoneError(Exception):
    """A side refuses everything or does not answer: what else it would be asked has no answer either."""


class Looks:
    """The checks so far; each is told as it is made."""

    def __init__(self, tell: Tell) -> None:
        self.checks: list[Check] = []
        self.shop = ""
        self.a_side_is_gone = False
        self._tell = tell
        self._group = ""

    @contextmanager
    def group(self, name: str) -> Iterator[None]:
        """Look at one group; where a side is gone the rest of it is left out."""
        self._group = name
        try:
            yield
        except SideGoneError:
            self.a_side_is_gone = True

    def at(self, name: str, look: Callable[[], T], say: Callable[[T], str]) -> T | None:
        """Look at something; None where it failed. Raises SideGoneError where the side answers nothing at all."""
        try:
            found = look()
        except KorsyncError as error:
            self.judged(failed(name, error.what, error.remedy_by_hand, error.exit_code))
            if isinstance(error, Unavailable) or (isinstance(error, Refused) and error.everything):
                raise SideGoneError from error
            return None
        self.judged(fine(name, say(found)))
        return found

    def judged(self, *checks: Check) -> None:
        for check in checks:
            self.checks.append(check)
            self._tell(self._group, check)

    @property
    def exit_code(self) -> int:
        """What doctor ends with: what a run would end with, 1 for what is worth a look."""
        worth_a_look = any(each.verdict is Verdict.WARNING for each in self.checks)
        return most_serious([each.exit_code for each in self.checks] + [1] * worth_a_look)


def must_be_passed(checks: Iterable[Check]) -> None:
    """Raise one error for all that failed, the most serious of its kind."""
    failures = [each for each in checks if each.verdict is Verdict.FAILED]
    if not failures:
        return
    kinds: dict[int, type[KorsyncError]] = {4: Refused, 5: Unavailable}
    kind = kinds.get(most_serious(each.exit_code for each in failures), ConfigurationError)
    if len(failures) == 1:
        raise kind(failures[0].what, failures[0].remedy)
    lines = tuple(f"{each.what} ({each.remedy})" if each.remedy else each.what for each in failures)
    raise kind(lines, f"put these {len(failures)} things right, and repeat")


def look_at_shopify(looks: Looks, sides: Sides) -> tuple[Shop | None, tuple[Location, ...]]:
    """Look at what Shopify must have; return the store and all its locations, as far as they were told."""
    shopify, settings = sides.shopify, sides.settings
    shop = looks.at("login", shopify.shop, lambda found: f"{settings.shopify.shop}, {found.currency}, {found.timezone}")
    if shop is not None:
        looks.judged(*_start(sides, shop))
    try:
        looks.judged(*access.scope_checks(shopify.access_scopes(), settings.products.fields))
    except Refused as error:
        looks.judged(warning("scopes", f"the app may not ask for its own scopes: {error.what}", access.GRANT))
    locations = looks.at("locations", shopify.locations, lambda found: f"{len(found)} in all")
    if locations is not None:
        looks.at("location", lambda: targets.find_location(locations, settings), lambda found: found.name)
    looks.judged(access.version_check(shopify.api_version, shopify.served_version, shopify.now.date()))
    return shop, tuple(locations or ())


def _start(sides: Sides, shop: Shop) -> list[Check]:
    """Look at the first day whose orders are booked: nothing is said of one that has begun."""
    day = sides.settings.orders.start_from
    try:
        return [access.start_to_come(day)] if start_instant(day, shop) > sides.shopify.now else []
    except ConfigurationError as error:
        return [failed(access.START, error.what, error.remedy, error.exit_code)]


def look_at_korona(looks: Looks, sides: Sides, shop: Shop | None, *, is_coupled_later: bool = False) -> None:
    """Look at what KORONA must have."""
    korona, settings = sides.korona, sides.settings
    _look_at_account(looks, sides)
    group = looks.at("price list", lambda: targets.price_list(korona, settings), lambda found: f"“{found.name}”")
    if group is not None and shop is not None:
        kind = "net" if group.net_prices else "gross"
        looks.at("currency", lambda: targets.must_be_in_currency_of(korona, group, shop), lambda _: shop.currency)
        looks.at("kind of prices", lambda: targets.must_show_prices_as(group, shop), lambda _: f"{kind} on both sides")
    warehouses = looks.at("warehouses", lambda: targets.find_warehouses(korona, settings), _names)
    pos = looks.at("point of sale", lambda: targets.point_of_sale_of(korona, settings), lambda found: f"“{found.name}”")
    if pos is not None:
        prefix = f", its receipt numbers begin with {pos.number_prefix}" if pos.number_prefix else ""
        kind = f"{pos.type}, without a fiscal service{prefix}"
        looks.at("its type", lambda: targets.must_be_bookable(pos), lambda _: kind)
    if pos is not None and warehouses is not None:
        what = "is one of the warehouses"
        looks.at("its warehouse", lambda: targets.must_sell_from(pos, warehouses), lambda _: what)
    if pos is not None and not is_coupled_later:
        looks.at("coupling", lambda: targets.must_be_coupled(sides, pos), lambda _: "coupled with korsync")
    _look_at_what_receipts_name(looks, sides, shop)


def _names(units: Iterable[OrganizationalUnit]) -> str:
    return ", ".join(each.name for each in units)


def _look_at_account(looks: Looks, sides: Sides) -> None:
    try:
        account = sides.korona.account()
    except Refused as error:
        if not error.everything:
            # Nothing of it is needed.
            looks.judged(fine("login", "taken; KORONA does not tell this user of the account's licences"))
            return
        looks.judged(failed("login", error.what, error.remedy_by_hand, error.exit_code))
        raise SideGoneError from error
    except KorsyncError as error:
        looks.judged(failed("login", error.what, error.remedy_by_hand, error.exit_code))
        raise SideGoneError from error
    mode = " (a test account)" if account.test_mode else ""
    looks.judged(fine("login", f"{sides.settings.korona.username}{mode}"), access.package_check(account.packages))


def _look_at_what_receipts_name(looks: Looks, sides: Sides, shop: Shop | None) -> None:
    korona, settings, orders = sides.korona, sides.settings, sides.settings.orders
    looks.at("payment methods", lambda: targets.payment_methods(korona, settings), lambda found: ", ".join(found))
    taxes = looks.at("sales taxes", korona.sales_taxes, lambda found: f"{len(found)} in all") or []
    chosen = looks.at(
        "chosen taxes", lambda: targets.chosen_taxes(taxes, settings), lambda found: ", ".join(found) or "none"
    )
    if shop is not None and chosen is not None:
        for what, remedy in double_rates(taxes, chosen, korona.now, included=shop.taxes_included):
            looks.judged(warning("double rates", what, remedy))
    for key, number in (("shipping_product", orders.shipping_product), ("default_product", orders.default_product)):
        looks.at(key, _article(sides, number, f"orders.{key}"), lambda found: found)
    if settings.korona.cashier is not None:
        looks.at("cashier", lambda: targets.cashier_id(korona, settings), lambda _: f"{settings.korona.cashier}")
    if settings.korona.customer_group is not None:
        group = settings.korona.customer_group
        looks.at("customer group", lambda: targets.customer_group_id(korona, settings), lambda _: f"{group}")


def _article(sides: Sides, number: str, key: str) -> Callable[[], str]:
    return lambda: targets.service_article(sides.korona, number, key).name


def look_at_other_locations(
    looks: Looks, sides: Sides, ours: Location, locations: Iterable[Location], matches: Collection[Match]
) -> None:
    """Look whether other active locations have matched articles for sale."""
    items = {each.variant.inventory_item_id for each in matches}
    found = []
    for location in locations:
        if location.active and location.id != ours.id:
            levels = sides.shopify.levels(location.id)
            for_sale = [each.available or 0 for each in levels if each.inventory_item_id in items]
            for_sale = [pieces for pieces in for_sale if pieces > 0]
            found.append((location, sum(for_sale), len(for_sale)))
    looks.judged(*access.other_locations(found))
