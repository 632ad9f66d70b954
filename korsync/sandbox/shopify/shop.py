"""The simulated Shopify store: its REST Admin API as a handler, and the moves of everybody who acts in the shop."""

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from korsync.sandbox.exchange import Answer, Clock, Request
from korsync.sandbox.shopify.access import SANDBOX_KEYS, Access, Bucket, Keys
from korsync.sandbox.shopify.catalogue import (
    count_variants,
    get_product,
    get_variant,
    list_images,
    list_products,
    post_image,
    put_product,
    put_variant,
)
from korsync.sandbox.shopify.drafts import DraftMoves, list_drafts
from korsync.sandbox.shopify.edits import EditMoves
from korsync.sandbox.shopify.moves import CatalogueMoves
from korsync.sandbox.shopify.query import Call, RefusalError, checked_query
from korsync.sandbox.shopify.returns import ReturnMoves
from korsync.sandbox.shopify.selling import (
    adjust_level,
    connect_level,
    get_item,
    get_order,
    get_shop,
    list_items,
    list_levels,
    list_locations,
    list_orders,
    list_refunds,
    list_transactions,
    put_item,
    set_level,
)
from korsync.sandbox.shopify.store import Store
from korsync.sandbox.shopify.told import ToldMoves

_VERSIONED = re.compile(r"/admin/api/(\d{4}-\d{2}|unstable)/(.+)")
_WINDOWS = frozenset(f"{name}_at_{end}" for name in ("created", "processed", "updated") for end in ("min", "max"))
_PAGED = frozenset({"limit", "page_info"})


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint: its method and path, the scope it needs, the query names it knows, and the function behind it."""

    method: str
    path: str
    scope: str | None
    query: frozenset[str]
    answer: Callable[[Store, Call], Answer]


def _route(
    method: str, path: str, scope: str | None, answer: Callable[[Store, Call], Answer], *query: str, paged: bool = False
) -> Route:
    return Route(method, path, scope, frozenset(query) | (_PAGED if paged else frozenset()), answer)


_ORDER_QUERY = ("ids", "since_id", "status", "financial_status", "fulfillment_status", "name", "fields", *_WINDOWS)

ROUTES = (
    _route("GET", "shop.json", None, get_shop, "fields"),
    _route("GET", "locations.json", "read_locations", list_locations, paged=True),
    _route(
        "GET",
        "products.json",
        "read_products",
        list_products,
        *("fields", "ids", "since_id", "status", "updated_at_min"),
        paged=True,
    ),
    _route("GET", "products/{id}.json", "read_products", get_product, "fields"),
    _route("PUT", "products/{id}.json", "write_products", put_product),
    _route("GET", "products/{id}/variants/count.json", "read_products", count_variants),
    _route("GET", "products/{id}/images.json", "read_products", list_images, "fields", "since_id"),
    _route("POST", "products/{id}/images.json", "write_products", post_image),
    _route("GET", "variants/{id}.json", "read_products", get_variant, "fields"),
    _route("PUT", "variants/{id}.json", "write_products", put_variant),
    _route("GET", "inventory_items.json", "read_inventory", list_items, "ids", paged=True),
    _route("GET", "inventory_items/{id}.json", "read_inventory", get_item),
    _route("PUT", "inventory_items/{id}.json", "write_inventory", put_item),
    _route(
        "GET",
        "inventory_levels.json",
        "read_inventory",
        list_levels,
        *("location_ids", "inventory_item_ids", "updated_at_min"),
        paged=True,
    ),
    _route("POST", "inventory_levels/adjust.json", "write_inventory", adjust_level),
    _route("POST", "inventory_levels/set.json", "write_inventory", set_level),
    _route("POST", "inventory_levels/connect.json", "write_inventory", connect_level),
    _route("GET", "orders.json", "read_orders", list_orders, *_ORDER_QUERY, paged=True),
    _route(
        "GET",
        "draft_orders.json",
        "read_draft_orders",
        list_drafts,
        *("fields", "ids", "since_id", "status", "updated_at_min", "updated_at_max"),
        paged=True,
    ),
    _route("GET", "orders/{id}.json", "read_orders", get_order, "fields"),
    _route("GET", "orders/{id}/refunds.json", "read_orders", list_refunds, "limit", "fields", "in_shop_currency"),
    _route(
        "GET",
        "orders/{id}/transactions.json",
        "read_orders",
        list_transactions,
        *("since_id", "fields", "in_shop_currency"),
    ),
)

_PATTERNS = tuple((re.compile(re.escape(each.path).replace(r"\{id\}", r"(\d+)")), each) for each in ROUTES)


class ShopifySide(CatalogueMoves, DraftMoves, EditMoves, ReturnMoves, ToldMoves):
    """A Shopify store over HTTP. Give `answer` to a server; move the shop with the methods.

    `bucket` None lets every request through. `listing_delay` is how long new orders stay out of lists.
    `answering_version` is the API version that answers whatever is asked, where it is not the one asked for.
    `deprecated` are the paths that are marked as going away.
    """

    def __init__(
        self,
        clock: Clock,
        lock: threading.RLock,
        *,
        domain: str = "sandbox-shop.myshopify.com",
        currency: str = "EUR",
        timezone: str = "Europe/Berlin",
        taxes_included: bool = True,
        keys: Keys = SANDBOX_KEYS,
        bucket_size: int = 40,
        leak_per_second: float = 2.0,
    ) -> None:
        self.store = Store(clock, domain=domain, currency=currency, timezone=timezone, taxes_included=taxes_included)
        self.lock = lock
        self.access = Access(clock, keys)
        self.bucket: Bucket | None = Bucket(clock, bucket_size, leak_per_second)
        self.listing_delay = timedelta(0)
        self.answering_version: str | None = None
        self.deprecated: tuple[str, ...] = ("products", "variants")
        self.add_location("Laden Mitte")
        self.add_location("Online-Lager")

    @property
    def scopes(self) -> set[str]:
        """What the app may do; take scopes out to see it refused."""
        return self.access.scopes

    def change_currency(self, currency: str) -> None:
        """Let the shop sell in another currency from now on; figures and orders stay what they are."""
        with self.acting() as store:
            store.currency = currency

    def answer(self, request: Request) -> Answer:
        """Answer a request of the Admin API; the caller holds the lock."""
        self.store.settle()
        headers = {"X-Request-Id": str(uuid.uuid4())}
        try:
            answer = self._answer(request, headers)
        except RefusalError as refusal:
            answer = refusal.answer
        return Answer(answer.status, answer.body, headers | dict(answer.headers), answer.content_type)

    def _answer(self, request: Request, headers: dict[str, str]) -> Answer:
        if (request.method, request.path) == ("POST", "/admin/oauth/access_token"):
            return self.access.grant(request)
        self.access.check_token(request)
        self._count(headers)
        if (request.method, request.path) == ("GET", "/admin/oauth/access_scopes.json"):
            return Answer(200, self.access.scopes_json())
        versioned = _VERSIONED.fullmatch(request.path)
        if versioned is None:
            raise RefusalError(404, "Not Found")
        version, path = versioned.groups()
        headers["X-Shopify-API-Version"] = self.answering_version or version
        if path.startswith(self.deprecated):
            headers["X-Shopify-API-Deprecated-Reason"] = "https://shopify.dev/api/admin-rest/product-deprecation"
        route, ids = _find_route(request.method, path)
        self.access.require(route.scope)
        query = checked_query(request, route.query)
        return route.answer(self.store, Call(request, path, ids, query, self.access.holds("read_all_orders")))

    def _count(self, headers: dict[str, str]) -> None:
        if self.bucket is None:
            headers["X-Shopify-Shop-Api-Call-Limit"] = "1/40"
            return
        fits = self.bucket.take()
        headers["X-Shopify-Shop-Api-Call-Limit"] = self.bucket.mark
        if not fits:
            headers["Retry-After"] = "2.0"
            rate = f"{self.bucket.leak_per_second:g} calls per second"
            text = f"Exceeded {rate} for api client. Reduce request rates to resume uninterrupted service."
            raise RefusalError(429, text)


def _find_route(method: str, path: str) -> tuple[Route, tuple[int, ...]]:
    if not path.endswith(".json"):
        raise RefusalError(406)
    matches = [(pattern.fullmatch(path), route) for pattern, route in _PATTERNS]
    fitting = [(match, route) for match, route in matches if match is not None]
    for match, route in fitting:
        if route.method == method:
            return route, tuple(int(each) for each in match.groups())
    raise RefusalError(406) if fitting else RefusalError(404, "Not Found")
