"""Which changes of a plan are meant where a person names single articles and orders: pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from korsync.records.memory import Memory
from korsync.records.plan import Plan
from korsync.rules.bookings import names_apart


@dataclass(frozen=True, slots=True)
class Only:
    """The articles by number and the orders by name that alone are written; where none is named, all are."""

    skus: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.skus or self.orders)

    def means(self, key: str, *, is_order: bool) -> bool:
        """Tell whether an item is meant; an order with its refunds, with or without the # before its name."""
        return is_of_order(key, self.orders) if is_order else key in self.skus


EVERYTHING = Only()


def is_of_order(key: str, names: Iterable[str]) -> bool:
    """Tell whether an item is one of these orders or a refund of one."""
    return key.partition(" refund ")[0].removeprefix("#") in {each.strip().removeprefix("#") for each in names}


def narrowed(plan: Plan[Any], only: Only, *, is_order: bool) -> Plan[Any]:
    """Return a plan with the changes that are meant, and a note of how many wait for a run that is not narrowed."""
    if not only:
        return plan
    changes = tuple(each for each in plan.changes if only.means(each.key, is_order=is_order))
    allowed = tuple(each for each in plan.written_all_the_same if only.means(each.key, is_order=is_order))
    waiting = len(plan.changes) - len(changes)
    note = (f"{waiting} more wait for a run without --sku and --order",) if waiting else ()
    return replace(plan, changes=changes, written_all_the_same=allowed, notes=(*plan.notes, *note))


def not_named(plans: Iterable[Plan[Any]], only: Only) -> tuple[str, ...]:
    """Return what a person named and no plan speaks of, each with the command that says why."""
    plans = list(plans)
    keys = {each.key for plan in plans for each in plan.changes} | {each.key for plan in plans for each in plan.skips}
    orders = [each for each in only.orders if not any(is_of_order(key, [each]) for key in keys)]
    return (*(each for each in only.skus if each not in keys), *orders)


def unknown(only: Only, memory: Memory) -> Only:
    """Return what of it is neither an article on either side nor an order that is remembered: a slip of the pen."""
    numbers = {each.number for each in memory.cache.catalogue.articles.values()}
    products = memory.cache.shop_products.products.values()
    numbers |= {variant.sku.strip() for product in products for variant in product.variants}
    names = names_apart(memory.state.orders.values()).values()
    skus = tuple(each for each in only.skus if each not in numbers)
    return Only(skus, tuple(each for each in only.orders if not any(is_of_order(name, [each]) for name in names)))
