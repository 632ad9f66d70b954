"""What people do to the simulated store's catalogue and shelves by hand: add, rename, re-price, count."""

import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Literal, TypedDict

from korsync.sandbox.shopify.pictures import picture_size
from korsync.sandbox.shopify.pricing import rounded
from korsync.sandbox.shopify.store import Image, Level, Location, Product, Store, Variant


class NewVariant(TypedDict, total=False):
    """A variant to be added; whatever is left out takes the value of an ordinary one, and `id` a fresh one.

    `tax` is one rate in percent or several, 19 by default; `available` is what the first location has for sale.
    """

    id: int
    sku: str | None
    title: str
    price: Decimal | str
    compare_at_price: Decimal | str
    tracked: bool
    stocked: bool
    available: int
    tax: Decimal | str | tuple[Decimal, ...]
    gift_card: bool


Status = Literal["active", "draft", "archived", "unlisted"]


class StoreMoves:
    """Whoever moves the store: holds the lock meanwhile and lets Shopify's own due jobs go first."""

    store: Store
    lock: threading.RLock

    @contextmanager
    def acting(self) -> Iterator[Store]:
        """Hold the store for one move."""
        with self.lock:
            self.store.settle()
            yield self.store


class CatalogueMoves(StoreMoves):
    """Moves of products, variants, images, locations and levels. A key is a SKU or a variant id."""

    def add_product(
        self,
        title: str,
        variants: Sequence[NewVariant] = (),
        *,
        status: Status = "active",
        images: Sequence[tuple[str, bytes]] = (),
    ) -> Product:
        """Add a product; each variant is stocked at the first location unless it says otherwise."""
        with self.acting() as store:
            now = store.second()
            product = Product(store.next_id("product"), title, status, now, now)
            store.products[product.id] = product
            for new in variants:
                add_variant(store, product, new)
            for file_name, content in images:
                add_image(store, product, content, file_name)
            return product

    def delete_product(self, key: str | int) -> None:
        """Delete the product of a variant with everything that belongs to it."""
        with self.acting() as store:
            product = store.products.pop(store.variant_of(key).product_id)
            for variant in tuple(product.variants):
                store.drop_variant(product, variant)

    def rename(self, key: str | int, title: str) -> None:
        """Give the product of a variant another title."""
        with self.acting() as store:
            product = store.products[store.variant_of(key).product_id]
            product.title = title
            product.updated_at = store.second()

    def set_status(self, key: str | int, status: Status) -> None:
        """Publish, hide or archive the product of a variant."""
        with self.acting() as store:
            product = store.products[store.variant_of(key).product_id]
            product.status = status
            product.updated_at = store.second()

    def set_price(self, key: str | int, price: Decimal | str) -> None:
        """Change a variant's price."""
        with self.acting() as store:
            variant = store.variant_of(key)
            variant.price = rounded(Decimal(price), store.currency)
            touch_variant(store, variant)

    def set_sku(self, key: str | int, sku: str | None) -> None:
        """Change a variant's SKU; None takes it away."""
        with self.acting() as store:
            variant = store.variant_of(key)
            variant.sku = sku
            touch_variant(store, variant)

    def set_tracked(self, key: str | int, tracked: bool) -> None:
        """Switch counting of a variant's pieces on or off."""
        with self.acting() as store:
            variant = store.variant_of(key)
            variant.tracked = tracked
            touch_variant(store, variant)

    def set_available(self, key: str | int, available: int, location: str | int | None = None) -> None:
        """Write what a location has for sale, as a person does in the admin; stocks the item there if need be."""
        with self.acting() as store:
            set_level(store, store.variant_of(key), store.location_of(location), available)

    def unstock(self, key: str | int, location: str | int | None = None) -> None:
        """Stop keeping an item at a location."""
        with self.acting() as store:
            del store.levels[store.variant_of(key).inventory_item_id, store.location_of(location).id]

    def remove_image(self, image_id: int) -> None:
        """Delete an image; raise KeyError where there is none with this id."""
        with self.acting() as store:
            for product in store.products.values():
                for image in tuple(product.images):
                    if image.id == image_id:
                        product.images.remove(image)
                        product.updated_at = store.second()
                        return
            raise KeyError(f"the store has no image {image_id}")

    def add_location(self, name: str) -> Location:
        """Open a further location; nothing is stocked there yet."""
        with self.acting() as store:
            location = Location(store.next_id("location"), name, store.second())
            store.locations[location.id] = location
            return location

    def close_location(self, key: str | int) -> None:
        """Deactivate a location; it stays listed."""
        with self.acting() as store:
            store.location_of(key).active = False

    def product_by_sku(self, key: str | int) -> Product:
        """Return the product of a variant; raise KeyError where there is none."""
        with self.acting() as store:
            return store.products[store.variant_of(key).product_id]

    def stock_at(self, key: str | int, location: str | int | None = None) -> Level | None:
        """Return a variant's level at a location; None where it is not stocked there."""
        with self.acting() as store:
            return store.levels.get((store.variant_of(key).inventory_item_id, store.location_of(location).id))

    def available(self, key: str | int, location: str | int | None = None) -> int:
        """Return what a location has for sale; raise KeyError where the variant is not stocked there."""
        level = self.stock_at(key, location)
        if level is None:
            raise KeyError(f"{key!r} is not stocked there")
        return level.available


def add_variant(store: Store, product: Product, new: NewVariant) -> Variant:
    """Put a new variant behind the product's others and stock it at the first location."""
    now = store.second()
    tax = new.get("tax", Decimal(19))
    price = new.get("compare_at_price")
    variant = Variant(
        id=new["id"] if "id" in new else store.next_id("variant"),
        product_id=product.id,
        inventory_item_id=store.next_id("item"),
        title=new.get("title", "Default Title"),
        sku=new.get("sku"),
        price=rounded(Decimal(new.get("price", "9.90")), store.currency),
        compare_at_price=None if price is None else rounded(Decimal(price), store.currency),
        tracked=new.get("tracked", True),
        tax_percents=tax if isinstance(tax, tuple) else (Decimal(tax),),
        gift_card=new.get("gift_card", False),
        created_at=now,
        updated_at=now,
        item_updated_at=now,
    )
    store.add_variant(product, variant)
    if new.get("stocked", True):
        set_level(store, variant, store.location_of(None), new.get("available", 0))
    return variant


def set_level(store: Store, variant: Variant, location: Location, available: int) -> Level:
    """Write what a location has for sale of a variant, stocking it there if need be."""
    key = (variant.inventory_item_id, location.id)
    level = store.levels.setdefault(key, Level(*key, 0, store.second()))
    level.available = available
    level.updated_at = store.second()
    return level


def touch_variant(store: Store, variant: Variant) -> None:
    """Let a change of a variant show in all its `updated_at`."""
    now = store.second()
    variant.updated_at = variant.item_updated_at = now
    store.products[variant.product_id].updated_at = now


def add_image(store: Store, product: Product, content: bytes, file_name: str, alt: str | None = None) -> Image:
    """Put a new image behind the product's others; raise ValueError where it is no PNG, JPEG or GIF.

    The file keeps its name unless the store has, or ever had, a file of that name: then a suffix tells them apart.
    """
    width, height = picture_size(content)
    now = store.second()
    image_id = store.next_id("image")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", file_name)
    if name in store.file_names:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem or ending}_{uuid.uuid5(uuid.NAMESPACE_URL, f'{store.domain}/{image_id}')}{dot}{ending}"
    store.file_names.add(name)
    address = f"https://cdn.shopify.com/s/files/1/0000/0001/files/{name}?v={int(now.timestamp())}"
    image = Image(
        image_id,
        store.next_id("media"),
        product.id,
        address,
        width,
        height,
        content,
        alt,
        created_at=now,
        updated_at=now,
    )
    product.images.append(image)
    product.updated_at = now
    return image
