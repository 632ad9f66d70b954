"""A shop at one moment, kept so that a test can go back to it as often as it likes."""

import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.shop import Shop


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Both sides, the time and korsync's files at one moment."""

    korona: dict[str, Any]
    shopify: dict[str, Any]
    now: datetime
    files: dict[str, bytes]


def taken(shop: Shop) -> Snapshot:
    return Snapshot(
        korona=_copied(shop, vars(shop.korona)),
        shopify=_copied(shop, vars(shop.shopify.store)),
        now=shop.world.clock.now(),
        files={each.name: each.read_bytes() for each in shop.folder.iterdir() if each.is_file()},
    )


def restore(shop: Shop, snapshot: Snapshot) -> None:
    """Put everything back; files that came since stay."""
    vars(shop.korona).update(_copied(shop, snapshot.korona))
    vars(shop.shopify.store).update(_copied(shop, snapshot.shopify))
    shop.world.clock.set(snapshot.now)
    for server in (shop.world.korona_server, shop.world.shopify_server):
        server.requests.clear()
    for name, content in snapshot.files.items():
        (shop.folder / name).write_bytes(content)


def _copied(shop: Shop, values: dict[str, Any]) -> dict[str, Any]:
    """Return a copy that shares nothing but the clock and the lock."""
    return copy.deepcopy(values, {id(each): each for each in (shop.world.clock, shop.world.lock)})
