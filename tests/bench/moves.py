"""What happens in the sandbox between two runs that are measured; each takes the world of the sandbox's process."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from korsync.sandbox.exchange import Fault
from korsync.sandbox.sample import picture
from korsync.sandbox.shopify.access import Bucket
from korsync.sandbox.world import World

PRICE = Decimal("8.90")
STOCK = 100

NEVER_ENDING = 10**9


def number_of(index: int) -> str:
    """Return the number of an article, counted from 0."""
    return f"A{index:06}"


def fill(world: World, articles: int) -> None:
    """Put so many articles on both sides, in step."""
    for index in range(articles):
        number = number_of(index)
        world.korona.add_article(number, f"Ware {number}", PRICE, stock=STOCK)
        world.shopify.add_product(f"Ware {number}", [{"sku": number, "price": PRICE, "available": STOCK}])


def nothing(_world: World) -> None:
    """Leave all as it is."""


def count_levels(world: World, levels: int, pieces: int) -> None:
    """Count so many pieces more of every second level, and so many fewer of the others."""
    for index in range(levels):
        world.korona.count(number_of(index), STOCK + (pieces if index % 2 else -pieces))


def change_prices(world: World, prices: int, price: str) -> None:
    for index in range(prices):
        world.korona.change_price(number_of(index), Decimal(price))


def give_images(world: World, images: int) -> None:
    """Give so many articles a picture of their own."""
    for index in range(images):
        world.korona.replace_image(number_of(index), picture(index % 200) + index.to_bytes(4, "big"), new_id=True)


def place_orders(world: World, orders: int) -> None:
    """Place so many orders of one piece each."""
    for index in range(orders):
        world.shopify.place_order([(number_of(index % 40), 1)])


def multiply_orders(_world: World, state_path: Path, orders: int) -> None:
    """Copy the orders that a state knows until they are so many."""
    content = json.loads(state_path.read_bytes())
    known = list(content["orders"].values())
    for copy in range(1, orders // len(known)):
        for order in known:
            other = str(order["id"] + copy * 10_000)
            content["orders"][other] = json.loads(json.dumps(order).replace(str(order["id"]), other))
    state_path.write_text(json.dumps(content, separators=(",", ":")))


def place_unknown_orders(world: World, orders: int) -> None:
    """Place so many orders of a product whose SKU KORONA does not have."""
    for index in range(orders):
        sku = f"UNKNOWN-{index}"
        world.shopify.add_product(f"Unbekannt {index}", [{"sku": sku, "price": PRICE, "available": STOCK}])
        world.shopify.place_order([(sku, 1)])


def refund_orders(world: World, orders: int) -> None:
    """Give so many orders back to the shelf, the newest first."""
    newest = sorted(world.shopify.store.orders.values(), key=lambda each: -each.id)
    for order in newest[:orders]:
        world.shopify.refund_order(order, {line.id: 1 for line in order.lines})


def add_old_receipts(world: World, receipts: int) -> None:
    world.korona.add_old_receipts(receipts)


def set_network(world: World, latency: float, bucket: tuple[int, float] | None) -> None:
    """Let each answer take so many seconds, and the store have a bucket: how much it holds, and leaks a second."""
    world.shopify.bucket = Bucket(world.clock, *bucket) if bucket else None
    for server in (world.korona_server, world.shopify_server):
        late = Fault("delay_answer", seconds=latency, times=NEVER_ENDING)
        server.faults[:] = [late] if latency else []


def forget_requests(world: World) -> None:
    for server in (world.korona_server, world.shopify_server):
        server.requests.clear()


def requests(world: World) -> dict[str, Any]:
    """Return how many requests were seen by side, how many of them were reads, and how many were slowed down."""
    korona, shopify = world.korona_server.requests, world.shopify_server.requests
    both = [*korona, *shopify]
    reads = sum(each.method == "GET" for each in both)
    slowed = sum(each.status == 429 for each in both)
    return {"korona": len(korona), "shopify": len(shopify), "reads": reads, "slowed": slowed}


def levels_for_others(world: World) -> list[tuple[int, int, int, int]]:
    """Return variant, item, location and pieces of every level: what a connector that compares nothing writes."""
    store = world.shopify.store
    location = next(iter(store.locations))
    variants = [each for product in store.products.values() for each in product.variants]
    return [(each.id, each.inventory_item_id, location, STOCK) for each in variants]
