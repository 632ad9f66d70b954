"""What a person types to move the simulated shop while `korsync sandbox` runs: one word and its figures a line."""

import shlex
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from korsync.sandbox.books import shelves
from korsync.sandbox.exchange import Fault
from korsync.sandbox.korona.store import PointOfSale
from korsync.sandbox.sample import picture
from korsync.sandbox.shopify.access import ALL_SCOPES
from korsync.sandbox.shopify.sales import Order
from korsync.sandbox.world import World

FOR_GOOD = 10**9
OTHER_LOCATION = "Online-Lager"

HELP = """till SKU PIECES          sell at the till
deliver SKU PIECES       a delivery arrives in the warehouse
count SKU PIECES         stocktaking: so many are there
price SKU AMOUNT         change the price in KORONA's list “Shopify”
name SKU TEXT            rename the article in KORONA
image SKU                give the article another picture
order SKU PIECES ...     somebody orders in the web shop
refund ORDER SKU PIECES  refund and restock pieces of an order
cancel ORDER             cancel an order, its pieces go back
old DAYS SKU PIECES ...  somebody ordered so many days ago, and it is still open
ship ORDER               ship what is left of an order
archive ORDER            archive an order as it stands, shipped or not
elsewhere SKU PIECES     so many are for sale at the other location, too
scope NAME on|off        grant the app a scope in Shopify, or take it away
decouple                 somebody decouples the point of sale in KORONA
down korona|shopify      that side does not answer
slow korona|shopify SECONDS    each of its answers takes so long
password korona|shopify  that side refuses the login
up korona|shopify        that side is as always
show SKU                 what both sides say of an article
later MINUTES            move both servers' clocks on
help                     this list"""


def move(world: World, line: str) -> str:
    """Do what a line says and return what happened; a line that cannot be done is explained."""
    try:
        words = shlex.split(line)
        if not words:
            return ""
        if words[0] == "help" or words[0] not in _MOVES:
            return HELP
        return _MOVES[words[0]](world, words[1:])
    except (KeyError, ValueError, IndexError, InvalidOperation, StopIteration):
        return f"that cannot be done: {line.strip()} (see help)"


def _till(world: World, words: list[str]) -> str:
    world.korona.sell_at_till(words[0], int(words[1]))
    return _stock(world, words[0])


def _deliver(world: World, words: list[str]) -> str:
    world.korona.deliver(words[0], int(words[1]))
    return _stock(world, words[0])


def _count(world: World, words: list[str]) -> str:
    world.korona.count(words[0], int(words[1]))
    return _stock(world, words[0])


def _price(world: World, words: list[str]) -> str:
    amount = _number(words[1])
    world.korona.change_price(words[0], amount)
    return f"{words[0]} costs {amount:.2f} in KORONA"


def _name(world: World, words: list[str]) -> str:
    world.korona.rename(words[0], " ".join(words[1:]))
    return f"{words[0]} is called {' '.join(words[1:])} in KORONA"


def _image(world: World, words: list[str]) -> str:
    world.korona.replace_image(words[0], picture(world.clock.now().microsecond % 256), new_id=True)
    return f"{words[0]} has another picture in KORONA"


def _order(world: World, words: list[str]) -> str:
    lines = [(sku, int(pieces)) for sku, pieces in zip(words[::2], words[1::2], strict=True)]
    if not lines:
        raise ValueError("an order needs lines")
    order = world.shopify.place_order(lines, shipping=Decimal("4.90"))
    return f"order {order.name} placed"


def _refund(world: World, words: list[str]) -> str:
    world.shopify.refund_order(_find(world, words[0]), {words[1]: int(words[2])})
    return f"order {words[0]}: {words[2]} × {words[1]} refunded and restocked"


def _cancel(world: World, words: list[str]) -> str:
    world.shopify.cancel_order(_find(world, words[0]))
    return f"order {words[0]} cancelled"


def _old(world: World, words: list[str]) -> str:
    lines = [(sku, int(pieces)) for sku, pieces in zip(words[1::2], words[2::2], strict=True)]
    if not lines:
        raise ValueError("an order needs lines")
    order = world.shopify.place_order(lines, at=world.clock.now() - timedelta(days=int(words[0])))
    return f"order {order.name} was placed {words[0]} days ago and is still open"


def _ship(world: World, words: list[str]) -> str:
    world.shopify.fulfil_order(_find(world, words[0]))
    return f"order {words[0]} shipped"


def _archive(world: World, words: list[str]) -> str:
    world.shopify.close_order(_find(world, words[0]))
    return f"order {words[0]} archived"


def _elsewhere(world: World, words: list[str]) -> str:
    world.shopify.set_available(words[0], int(words[1]), OTHER_LOCATION)
    return f"“{OTHER_LOCATION}” sells {words[1]} × {words[0]}, too"


def _scope(world: World, words: list[str]) -> str:
    name, how = words
    if name not in ALL_SCOPES or how not in ("on", "off"):
        raise ValueError(f"a scope is one of {', '.join(sorted(ALL_SCOPES))}")
    (world.shopify.scopes.add if how == "on" else world.shopify.scopes.discard)(name)
    return f"the app may {', '.join(sorted(world.shopify.scopes)) or 'do nothing'}"


def _decouple(world: World, _words: list[str]) -> str:
    with world.korona.turn():
        till = world.korona.find(PointOfSale, "90")
        till.coupling_id = None
    return f"point of sale “{till.name}” is decoupled"


def _down(world: World, words: list[str]) -> str:
    _trouble(world, words[0], Fault("reset", times=FOR_GOOD))
    return f"{words[0]} does not answer"


def _slow(world: World, words: list[str]) -> str:
    _trouble(world, words[0], Fault("delay", times=FOR_GOOD, seconds=float(_number(words[1]))))
    return f"{words[0]} takes {words[1]} seconds for each answer"


def _password(world: World, words: list[str]) -> str:
    _trouble(world, words[0], Fault("status", status=401, body={"errors": "wrong password"}, times=FOR_GOOD))
    return f"{words[0]} refuses the login"


def _up(world: World, words: list[str]) -> str:
    _trouble(world, words[0], None)
    return f"{words[0]} is as always"


def _trouble(world: World, side: str, fault: Fault | None) -> None:
    server = {"korona": world.korona_server, "shopify": world.shopify_server}[side]
    server.faults[:] = [fault] if fault else []


def _show(world: World, words: list[str]) -> str:
    shelf = next(each for each in shelves(world) if each.sku == words[0])
    korona = f"KORONA: {_pieces(shelf.korona_pieces)}, {_amount(shelf.korona_price)}"
    return f"{words[0]}  {korona}; Shopify: {_pieces(shelf.shopify_pieces)}, {_amount(shelf.shopify_price)}"


def _pieces(pieces: int | None) -> str:
    return "not counted" if pieces is None else f"{pieces} pieces"


def _amount(amount: Decimal | None) -> str:
    return "no price in the list" if amount is None else f"{amount:.2f}"


def _later(world: World, words: list[str]) -> str:
    world.clock.advance(timedelta(minutes=float(_number(words[0]))))
    return f"it is now {world.clock.now():%Y-%m-%d %H:%M} UTC on both sides"


def _number(written: str) -> Decimal:
    """Return a number as people type it, with a point or with a comma."""
    return Decimal(written.replace(",", "."))


def _find(world: World, name: str) -> Order:
    number = int(name.removeprefix("#"))
    return next(order for order in world.shopify.store.orders.values() if order.order_number == number)


def _stock(world: World, sku: str) -> str:
    return f"KORONA has {world.korona.stock_of(sku)} × {sku}, Shopify sells {world.shopify.available(sku)}"


_MOVES: dict[str, Callable[[World, list[str]], str]] = {
    "till": _till,
    "deliver": _deliver,
    "count": _count,
    "price": _price,
    "name": _name,
    "image": _image,
    "order": _order,
    "refund": _refund,
    "cancel": _cancel,
    "old": _old,
    "ship": _ship,
    "archive": _archive,
    "elsewhere": _elsewhere,
    "scope": _scope,
    "decouple": _decouple,
    "down": _down,
    "slow": _slow,
    "password": _password,
    "up": _up,
    "show": _show,
    "later": _later,
}
