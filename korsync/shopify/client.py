"""Shopify's Admin REST API: lists page by page, and the five writes. Methods may raise what http.Session raises."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from korsync.config.settings import NetworkSettings, ShopifySettings
from korsync.errors import GOES_ON, Rejected, Unavailable
from korsync.records.catalogue import InventoryLevel, Location, Shop, ShopImage, ShopProduct
from korsync.records.orders import DraftOrder, Order, Transaction
from korsync.shopify import auth, reads, writes
from korsync.text import visible
from korsync.wire.answers import Answer, NotAsExpected, Row, an_object, money, needed, or_left_out, rows, text, whole
from korsync.wire.http import Session
from korsync.wire.outcomes import Asked, NotFound, TooLarge

T = TypeVar("T")

_LIMIT = "250"
_LIGHTER_LIMIT = "50"
_MOST_PAGES = 10_000
_MOST_IDS = 50
_PRODUCT_FIELDS = "id,title,status,updated_at,variants,images"
_DRAFT_FIELDS = "id,order_id,line_items"
# Neither customer nor addresses, mail, phone, notes or client details: what is not asked for cannot leak.
_ORDER_FIELDS = (
    "id,name,order_number,created_at,processed_at,updated_at,cancelled_at,closed_at,test,currency,"
    "taxes_included,duties_included,"
    "total_price,total_price_set,current_total_price,current_total_price_set,fulfillment_status,payment_gateway_names,"
    "line_items,shipping_lines,tax_lines,additional_fees,original_total_additional_fees_set,refunds"
)


def connect(
    settings: ShopifySettings,
    network: NetworkSettings | None = None,
    *,
    read_only: bool = False,
    **clocks: Any,
) -> "ShopifyClient":
    """Return a client for the store of the configuration; nothing is sent yet. `clocks` are the session's."""
    if settings.access_token is not None:
        authorise = auth.fixed_token(settings.access_token)
    else:
        authorise = auth.client_credentials(settings.client_id or "", settings.client_secret or "")
    base_url = settings.base_url or f"https://{settings.shop}"
    way = network or NetworkSettings()
    session = Session(
        "Shopify",
        base_url,
        authorise,
        read_only=read_only,
        proxy=way.proxy,
        ca_file=way.ca_file,
        **clocks,
    )
    session.hide(settings.access_token, settings.client_secret)
    return ShopifyClient(session, settings.api_version)


class ShopifyClient:
    """A store in Shopify. Lists come as records, each once, as last seen; all times go out in UTC."""

    def __init__(self, session: Session, api_version: str) -> None:
        self.session = session
        self.api_version = api_version
        self.served_version: str | None = None
        self.deprecated: dict[str, str] = {}
        self._root = f"admin/api/{api_version}"

    @property
    def now(self) -> datetime:
        return self.session.now

    # --- the store ---

    def shop(self) -> Shop:
        return self._one("shop", "shop", reads.shop)

    def locations(self) -> list[Location]:
        """Return all locations that can be read, active or not: the configuration names one of them."""
        found = self._list("locations", or_left_out(reads.location))
        return [each for each in found if each is not None]

    def access_scopes(self) -> frozenset[str]:
        """Return the names of what the token may do."""

        def read(answer: Answer) -> frozenset[str]:
            return frozenset(reads.scope(each) for each in _rows(answer, "access_scopes"))

        return self.session.get("admin/oauth/access_scopes.json", read, kind=Asked.LIST)

    # --- products ---

    def products(self, updated_at_min: datetime | None = None) -> list[ShopProduct]:
        """Return all products, or those updated at or after an instant."""
        params = {"fields": _PRODUCT_FIELDS, **_since(updated_at_min)}
        return list({each.id: each for each in self._list("products", reads.product, params)}.values())

    def product(self, product_id: int) -> ShopProduct | None:
        """Return a product; None where there is none."""
        try:
            return self._one(f"products/{product_id}", "product", reads.product, {"fields": _PRODUCT_FIELDS})
        except NotFound:
            return None

    def variant_count(self, product_id: int) -> int:
        """Return how many variants a product has, also where they are more than an answer shows."""

        def read(answer: Answer) -> int:
            return needed(whole(an_object(answer.body, "answer"), "count"), "count")

        return self.session.get(self._path(f"products/{product_id}/variants/count"), read)

    def product_images(self, product_id: int) -> list[ShopImage]:
        def read(answer: Answer) -> list[ShopImage]:
            return [reads.image(each) for each in _rows(answer, "images")]

        return self.session.get(self._path(f"products/{product_id}/images"), read)

    def set_title(self, product_id: int, title: str) -> str | None:
        """Rename a product; return the title as Shopify keeps it, None where its answer was lost."""
        return self._put(
            f"products/{product_id}",
            "product",
            writes.title_bytes(product_id, title),
            lambda row: needed(text(row, "title"), "title"),
            lambda kept: _plain(kept) == _plain(title),
        )

    def set_price(self, variant_id: int, price: Decimal, *, clears_compare_at: bool = False) -> None:
        """Set a variant's price in the shop's currency; raises Rejected where Shopify took something else.

        With `clears_compare_at` the price struck out beside it goes.
        """
        self._replace(
            f"variants/{variant_id}",
            "variant",
            writes.price_bytes(variant_id, price, clears_compare_at=clears_compare_at),
            lambda row: needed(money(row, "price"), "price"),
            lambda kept: kept == price,
        )

    def set_tracked(self, inventory_item_id: int, tracked: bool) -> None:
        """Have Shopify count an item, or no longer; raises Rejected where Shopify took something else."""
        self._replace(
            f"inventory_items/{inventory_item_id}",
            "inventory_item",
            writes.tracked_bytes(inventory_item_id, tracked),
            reads.tracked,
            lambda kept: kept is tracked,
        )

    def add_image(self, product_id: int, data: bytes, filename: str, variant_ids: Iterable[int] = ()) -> ShopImage:
        """Add an image to a product, to be shown with these variants; each call adds one more."""
        return self.session.post(
            self._path(f"products/{product_id}/images"),
            writes.image_bytes(data, filename, variant_ids),
            lambda answer: reads.image(_row(answer, "image")),
            kind=Asked.ADJUST,
        )

    # --- stock ---

    def levels(self, location_id: int, updated_at_min: datetime | None = None) -> list[InventoryLevel]:
        """Return the levels at a location, or those updated at or after an instant."""
        return self._levels({"location_ids": str(location_id), **_since(updated_at_min)})

    def levels_of(self, location_id: int, item_ids: Iterable[int]) -> list[InventoryLevel]:
        """Return the levels of these inventory items at a location; none where an item is not stocked there."""
        found: list[InventoryLevel] = []
        for ids in _batches(item_ids):
            found += self._levels({"location_ids": str(location_id), "inventory_item_ids": ids})
        return found

    def adjust(self, location_id: int, inventory_item_id: int, delta: int) -> None:
        """Move a level by so many pieces; the figure in the answer is not relied on."""

        def read(answer: Answer) -> None:
            row = _row(answer, "inventory_level")
            if row.get("inventory_item_id") != inventory_item_id or row.get("location_id") != location_id:
                raise NotAsExpected("the answer is about another level")

        body = writes.adjustment_bytes(location_id, inventory_item_id, delta)
        self.session.post(self._path("inventory_levels/adjust"), body, read, kind=Asked.ADJUST)

    # --- orders ---

    def orders(self, updated_at_min: datetime) -> list[Order]:
        """Return all orders updated at or after an instant, open or closed, cancelled or not."""
        return self._orders(_since(updated_at_min))

    def orders_by_id(self, ids: Iterable[int]) -> list[Order]:
        """Return these orders; those that Shopify does not show are missing."""
        return [order for some in _batches(ids) for order in self._orders({"ids": some})]

    def open_orders_before(self, created_at_max: datetime) -> list[Order]:
        """Return the orders created at or before an instant that are neither fulfilled, archived nor cancelled."""
        latest = {"created_at_max": _instant(created_at_max)}
        return self._orders({"status": "open", "fulfillment_status": "unfulfilled", **latest})

    def draft_orders(self, completed_since: datetime) -> list[DraftOrder]:
        """Return the open draft orders, and those that were touched since an instant and have become orders.

        What is completed comes last: a draft order that becomes an order meanwhile is not missed.
        """
        asked: list[dict[str, str]] = [{"status": "open"}, {"status": "invoice_sent"}]
        asked.append({"status": "completed", **_since(completed_since)})
        found = (
            draft
            for params in asked
            for draft in self._list("draft_orders", reads.draft_order, {"fields": _DRAFT_FIELDS, **params})
        )
        return list({each.id: each for each in found}.values())

    def transactions(self, order_id: int) -> list[Transaction]:
        def read(answer: Answer) -> list[Transaction]:
            return [reads.transaction(each) for each in _rows(answer, "transactions")]

        return self.session.get(self._path(f"orders/{order_id}/transactions"), read, {"in_shop_currency": "true"})

    # --- on the wire ---

    def _orders(self, params: Mapping[str, str]) -> list[Order]:
        # Without status=any Shopify hides closed and cancelled orders.
        asked = {"status": "any", "fields": _ORDER_FIELDS, **params}
        return list({each.id: each for each in self._list("orders", reads.order, asked)}.values())

    def _levels(self, params: Mapping[str, str]) -> list[InventoryLevel]:
        def read(row: Row, answer: Answer) -> InventoryLevel:
            return reads.level(row, needed(answer.at, "Date"))

        levels = self._pages("inventory_levels", params, read)
        return list({(each.location_id, each.inventory_item_id): each for each in levels}.values())

    def _list(self, name: str, read: Callable[[Row], T], params: Mapping[str, str] | None = None) -> Iterator[T]:
        return self._pages(name, params or {}, lambda row, _answer: read(row))

    def _pages(self, name: str, params: Mapping[str, str], read: Callable[[Row, Answer], T]) -> Iterator[T]:
        """Read a list page by page. Of the link to the next page only its cursor is used, never its host."""
        asked = {**params, "limit": _LIMIT}
        followed: set[str] = set()

        def read_page(answer: Answer) -> tuple[list[T], str | None]:
            if served := answer.headers.get("x-shopify-api-version"):
                self.served_version = self.session.said(served)
            if reason := answer.headers.get("x-shopify-api-deprecated-reason"):
                self.deprecated[name] = reason
            return [read(row, answer) for row in _rows(answer, name)], _cursor(answer)

        while len(followed) < _MOST_PAGES:
            lighter = {**asked, "limit": _LIGHTER_LIMIT}
            kind = Asked.PAGE if followed else Asked.LIST
            try:
                found, cursor = self.session.get(self._path(name), read_page, asked, kind=kind, lighter=lighter)
            except TooLarge:
                found, cursor = self._light_page(name, read_page, lighter, kind)
            self.session.on_rows(self.session.side, name, len(found))
            yield from found
            if cursor is None:
                return
            if cursor in followed:
                break
            followed.add(cursor)
            # Shopify refuses filters beside a cursor, which knows them; the fields are asked for again to be sure.
            asked = {"page_info": cursor, "limit": _LIMIT}
            if "fields" in params:
                asked["fields"] = params["fields"]
        raise Unavailable(f"Shopify: the list {name} does not end", GOES_ON)

    def _light_page(
        self,
        name: str,
        read_page: Callable[[Answer], tuple[list[T], str | None]],
        asked: Mapping[str, str],
        kind: Asked,
    ) -> tuple[list[T], str | None]:
        try:
            return self.session.get(self._path(name), read_page, asked, kind=kind)
        except TooLarge as error:
            raise Unavailable(error.what, GOES_ON) from error

    def _one(self, path: str, root: str, read: Callable[[Row], T], params: Mapping[str, str] | None = None) -> T:
        return self.session.get(self._path(path), lambda answer: read(_row(answer, root)), params)

    def _replace(
        self, path: str, root: str, body: bytes, read: Callable[[Row], T], is_kept: Callable[[T], bool]
    ) -> None:
        answered = self._put(path, root, body, read, is_kept)
        if answered is not None and not is_kept(answered):
            what = f"Shopify: PUT {path}: taken, but what stands there now is {visible(str(answered))}"
            raise Rejected(what, "look at the record in Shopify; the others go on")

    def _put(
        self, path: str, root: str, body: bytes, read: Callable[[Row], T], is_kept: Callable[[T], bool]
    ) -> T | None:
        """Send a write; `is_kept` tells, where its answer was lost, whether it happened."""
        return self.session.replace(
            self._path(path),
            body,
            lambda answer: read(_row(answer, root)),
            lambda: is_kept(self._one(path, root, read)),
        )

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}.json"


def _row(answer: Answer, root: str) -> Row:
    return an_object(needed(an_object(answer.body, "answer").get(root), root), root)


def _rows(answer: Answer, name: str) -> list[Row]:
    envelope = an_object(answer.body, "answer")
    needed(envelope.get(name), name)
    return rows(envelope, name)


def _cursor(answer: Answer) -> str | None:
    link = re.search(r'<([^<>]*)>\s*;\s*rel="?next\b', answer.headers.get("link", ""))
    if link is None:
        return None
    try:
        return parse_qs(urlsplit(link[1]).query)["page_info"][0]
    except (KeyError, ValueError):
        raise NotAsExpected("the link to the next page has no cursor") from None


def _since(updated_at_min: datetime | None) -> dict[str, str]:
    return {} if updated_at_min is None else {"updated_at_min": _instant(updated_at_min)}


def _instant(moment: datetime) -> str:
    # In UTC with Z: a raw + in a query would arrive as a blank and ask for another time.
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _batches(ids: Iterable[int]) -> Iterator[str]:
    listed = iter(dict.fromkeys(ids))
    while some := list(islice(listed, _MOST_IDS)):
        yield ",".join(map(str, some))


def _plain(title: str) -> str:
    return unicodedata.normalize("NFC", " ".join(title.split()))
