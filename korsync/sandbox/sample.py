"""The sample shop: tea, coffee and crockery at a till and online, nearly in step, with a week of orders."""

import random
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from korsync.sandbox.shopify.moves import NewVariant
from korsync.sandbox.shopify.sales import CustomLine, Discount
from korsync.sandbox.world import World

_TEAS = """Assam|Darjeeling|Ceylon|Sencha Grüner Tee|Gunpowder|Jasmintee|Weißer Tee Pai Mu Tan|Oolong
Rooibos Süße Orange|Früchtetee Großmutters Garten|Pfefferminze|Kräutertee Gute Nacht 🌙|Earl Grey|Ostfriesenmischung
Chai Gewürztee|Matcha|Pu-Erh|Mate Grün|Ingwer & Zitrone|Weihnachtstee 🎄"""
_COFFEES = """Äthiopien Yirgacheffe|Brasil Santos|Kolumbien Süß & Kräftig|Espresso Straßencafé|Entkoffeiniert
Hausmischung|Guatemala Hochland|Honduras Bio|Peru Fair|Frühstückskaffee ☕"""
_CROCKERY = "Teekanne|Teetasse|Teeschale|Milchkännchen|Zuckerdose|Stövchen|Teesieb|Tablett|Becher|Untertasse"
_SWEETS = """Blütenhonig|Kandis|Shortbread|Butterkeks|Marzipan|Ingwerstäbchen|Nussschokolade|Früchtebrot|Karamell 🍬
Lakritz süß-salzig"""
_BOOKS = """Die Kunst des Tees|Kaffee rösten daheim|Süßes Gebäck|Überseehäfen|Das große Teelexikon|Kräuter am Weg
Porzellan für Anfänger|Fünf-Uhr-Tee|Reise nach Ceylon|Der Kannenflicker"""
_PAPER = "Postkarte|Notizheft|Geschenkpapier|Lesezeichen|Kalender 2027"
_SOLAR = "Steckersolar-Set 400 W|Steckersolar-Set 800 W|Solarmodul 430 W|Balkonhalterung mit Modul|Solarmodul faltbar"

_SHELVES = (
    (_TEAS, "lose 100 g|lose 250 g|20 Beutel", "7", 350),
    (_COFFEES, "ganze Bohne 250 g|ganze Bohne 1 kg|gemahlen 250 g", "7", 590),
    (_CROCKERY, "weiß|kobaltblau|grün gesprenkelt|rauchschwarz|rosé", "19", 890),
    (_SWEETS, "klein|groß", "7", 290),
    (_BOOKS, "gebunden|Taschenbuch", "7", 1200),
    (_PAPER, "Teeblüte|Straßenbahn|Möwe 🐦|Fachwerk", "19", 150),
    (_SOLAR, "", "0", 9900),
)

_WITH_SEVERAL_VARIANTS = 24
"""So many of the first goods stand three by three in one product."""

_ORDERS = 30
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Good:
    """An article that both sides have: the KORONA number is the SKU."""

    number: str
    name: str
    kind: str
    price: Decimal
    tax: Decimal
    stock: int


def fill(world: World) -> None:
    """Build the sample shop up to the clock's now; the same each time.

    KORONA's stock does not know of the orders, Shopify's does, as in life: once they are booked both sides agree,
    but for the few articles that are out of step on purpose.
    """
    chance = random.Random(1042)
    goods = _goods(chance)
    _stock_both_sides(world, goods)
    _add_oddities(world)
    _put_out_of_step(world, goods, chance)
    sellable = [each for each in goods if each.stock >= 10]
    _place_orders(world, sellable, chance)


def picture(shade: int) -> bytes:
    """Return a valid PNG of 24 by 24 grey pixels; another shade makes another picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes((shade + 5 * column) % 256 for column in range(24))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 24, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(row * 24)) + chunk(b"IEND", b"")


def _goods(chance: random.Random) -> list[_Good]:
    goods: list[_Good] = []
    for names, kinds, tax, cheapest in _SHELVES:
        for name in names.replace("\n", "|").split("|"):
            for step, kind in enumerate(kinds.split("|")):
                price = Decimal(cheapest * (1 + step) + 10 * chance.randrange(60)) / 100
                # a few shelves are empty; the others hold more than a week of orders takes
                stock = 0 if chance.random() < 0.04 else chance.randrange(10, 60)
                number = str(1001 + len(goods))
                goods.append(_Good(number, f"{name} {kind}".strip(), kind, price, Decimal(tax), stock))
    return goods


def _stock_both_sides(world: World, goods: list[_Good]) -> None:
    for index, good in enumerate(goods):
        image = picture(index) if index % 20 == 0 else None
        world.korona.add_article(good.number, good.name, good.price, tax=good.tax, stock=good.stock, image=image)
    several = goods[:_WITH_SEVERAL_VARIANTS]
    for start in range(0, len(several), 3):
        together = several[start : start + 3]
        title = together[0].name.removesuffix(together[0].kind).strip()
        world.shopify.add_product(title, [_variant(each) | NewVariant(title=each.kind) for each in together])
    for index, good in enumerate(goods[_WITH_SEVERAL_VARIANTS:], start=_WITH_SEVERAL_VARIANTS):
        images = [(f"{good.number}.png", picture(index))] if index % 40 == 0 else []
        world.shopify.add_product(good.name, [_variant(good)], images=images)
    for good in goods[60:63]:
        world.shopify.set_status(good.number, "draft")
    for good in goods[100:102]:
        world.shopify.set_status(good.number, "archived")


def _variant(good: _Good) -> NewVariant:
    return NewVariant(sku=good.number, price=good.price, tax=good.tax, available=good.stock)


def _add_oddities(world: World) -> None:
    """Add what every real shop has: articles and variants that do not fit together, or only nearly."""
    korona, shopify = world.korona, world.shopify
    for index in range(8):
        number, name = str(4001 + index), f"Restposten Nr. {index + 1}"
        korona.add_article(number, name, stock=3 + index)
        korona.change_price(number, Decimal("2.50"), price_group="Standard")
        shopify.add_product(name, [NewVariant(sku=number, price="2.50", available=3 + index)])
    for index in range(6):
        korona.add_article(str(4101 + index), f"Nur im Laden Nr. {index + 1}", Decimal("4.00"), stock=5)
    for index in range(4):
        shopify.add_product(f"Nur online Nr. {index + 1}", [NewVariant(sku=f"ONLINE-{index + 1}", available=9)])
    shopify.add_product("Überraschung ohne Artikelnummer 🎁", [NewVariant(sku="", price="15.00", available=2)])
    gift_card = NewVariant(sku="GUTSCHEIN-25", price="25.00", gift_card=True, tracked=False, stocked=False)
    shopify.add_product("Geschenkgutschein 25 €", [gift_card])

    korona.add_article("5001", "Teelicht Doppelgänger", Decimal("1.90"), stock=20)
    for title in ("Teelicht Doppelgänger", "Teelicht Doppelgänger (Kopie)"):
        shopify.add_product(title, [NewVariant(sku="5001", price="1.90", available=20)])
    korona.add_article("AB-12", "Filterpapier Größe 2", Decimal("3.20"), stock=7)
    shopify.add_product("Filterpapier Größe 2", [NewVariant(sku="ab-12", price="3.20", available=7)])
    korona.add_article("0815", "Teelöffel", Decimal("2.20"), stock=11)
    shopify.add_product("Teelöffel", [NewVariant(sku="815", price="2.20", available=11)])

    korona.add_article("6001", "Teeseminar am Abend", Decimal("39.00"), track_inventory=False)
    shopify.add_product("Teeseminar am Abend", [NewVariant(sku="6001", price="39.00", tracked=False)])
    korona.add_article("6002", "Samowar", Decimal("249.00"), stock=2)
    shopify.add_product("Samowar", [NewVariant(sku="6002", price="249.00", stocked=False)])
    korona.add_article("6003", "Assam vom Fass", Decimal("2.90"), tax=Decimal(7), stock=Decimal("12.5"))
    shopify.add_product("Assam vom Fass", [NewVariant(sku="6003", price="2.90", tax="7", available=12)])
    korona.add_article("6004", "Mate-Becher Auslauf", Decimal("8.00"), stock=1)
    korona.delete_article("6004")
    shopify.add_product("Mate-Becher Auslauf", [NewVariant(sku="6004", price="8.00", available=1)])

    korona.add_article(
        "7001", "Geschenkset Teestunde", Decimal("24.00"), track_inventory=False, parts={"1025": 1, "1096": 2}
    )
    shopify.add_product("Geschenkset Teestunde", [NewVariant(sku="7001", price="24.00", tracked=False)])


def _put_out_of_step(world: World, goods: list[_Good], chance: random.Random) -> None:
    """Let a part of the goods differ; each differs in one thing, and prices by less than 40 %."""
    chosen = chance.sample(goods[_WITH_SEVERAL_VARIANTS:], 25)
    titles, prices, sold, delivered, untracked = chosen[:8], chosen[8:16], chosen[16:21], chosen[21:24], chosen[24]
    for good in titles:
        world.shopify.rename(good.number, f"{good.name} (alt)")
    for good in prices:
        world.shopify.set_price(good.number, (good.price * chance.choice((80, 90, 110, 125)) / 100))
    for good in sold:
        world.korona.sell_at_till(good.number, chance.randrange(1, 4))
    for good in delivered:
        world.korona.deliver(good.number, 12)
    world.shopify.set_tracked(untracked.number, False)


def _place_orders(world: World, goods: list[_Good], chance: random.Random) -> None:
    """Place the week's orders, the last one minutes ago."""
    shop, now = world.shopify, world.clock.now()
    begin, gap = now - _WEEK, _WEEK / _ORDERS
    tenth = Discount(Decimal(10))
    for index in range(_ORDERS):
        at = begin + gap * index + timedelta(minutes=chance.randrange(1, 300))
        bought = [(each.number, chance.randrange(1, 4)) for each in chance.sample(goods, chance.randrange(1, 5))]
        shipping = None if index % 5 == 0 else Decimal("4.90")
        discounts = (tenth,) if index % 4 == 1 else ()
        if index % 7 == 3:
            # a bank transfer that takes days: some of them have arrived
            order = shop.place_order(bought, paid=False, shipping=shipping, gateways=["Vorkasse"], at=at)
            if index % 2:
                shop.pay_order(order, at=at + timedelta(hours=2))
        elif index not in _SPECIAL:
            gateway = "paypal" if index % 3 == 0 else "shopify_payments"
            order = shop.place_order(bought, shipping=shipping, discounts=discounts, gateways=[gateway], at=at)
            if index < _ORDERS // 2:
                shop.fulfil_order(order, archive=index % 2 == 0, at=at + timedelta(hours=1))
        else:
            _place_special_order(world, _SPECIAL[index], bought, at)


_SPECIAL = {
    1: "cancelled",
    4: "refunded",
    6: "gift card",
    8: "tip",
    11: "test",
    13: "bundle",
    16: "paid with a gift card",
    19: "fixed discount",
    22: "free shipping",
    26: "foreign buyer",
}


def _place_special_order(world: World, what: str, bought: list[tuple[str, int]], at: datetime) -> None:
    shop, parcel, later = world.shopify, Decimal("4.90"), at + timedelta(hours=1)
    match what:
        case "cancelled":
            shop.cancel_order(shop.place_order(bought, shipping=parcel, at=at), at=later)
        case "refunded":
            order = shop.place_order([*bought, ("1140", 2)], shipping=parcel, discounts=[Discount(Decimal(5))], at=at)
            shop.fulfil_order(order, at=later)
            shop.refund_order(order, {"1140": 1}, at=later + timedelta(days=1))
        case "gift card":
            shop.place_order([*bought, ("GUTSCHEIN-25", 1)], shipping=parcel, at=at)
        case "tip":
            wrapped = CustomLine(title="Geschenkverpackung", price="2.50", tax="19")
            shop.place_order([*bought, (wrapped, 1)], shipping=parcel, tip=Decimal("3.00"), at=at)
        case "test":
            shop.place_order(bought, test=True, gateways=["bogus"], at=at)
        case "bundle":
            shop.place_order([*bought, ("7001", 1)], shipping=parcel, at=at)
        case "paid with a gift card":
            gateways = (("gift_card", Decimal("5.00")), "shopify_payments")
            shop.place_order(bought, shipping=parcel, gateways=gateways, at=at)
        case "fixed discount":
            shop.place_order(bought, shipping=parcel, discounts=[Discount(Decimal("3.33"), percentage=False)], at=at)
        case "free shipping":
            shop.place_order(bought, shipping=parcel, discounts=[Discount(Decimal(100), target="shipping")], at=at)
        case "foreign buyer":
            shop.place_order(bought, shipping=Decimal("14.90"), presentment=("CHF", Decimal("0.94")), at=at)
