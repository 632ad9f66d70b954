"""KORONA.cloud: lists by revision, single objects, receipts. Every method may raise what http.Session raises."""

import base64
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Generic, TypeVar
from urllib.parse import quote

from korsync.answers import Answer, NotAsExpected, Row, an_object, inner, rows, whole
from korsync.errors import Refused, Rejected, Unavailable
from korsync.http import Session
from korsync.korona import reads, writes
from korsync.outcomes import Kind, NotFound
from korsync.records import (
    Article,
    ArticleImage,
    Currency,
    KoronaAccount,
    NumberedThing,
    OrganizationalUnit,
    PaymentMethod,
    PointOfSale,
    PriceGroup,
    PriceRow,
    SalesTax,
    StockLevel,
)
from korsync.sales import AnswerRow, BookedReceipt, Receipt
from korsync.settings import KoronaSettings

T = TypeVar("T")

_PAGE = 1000
_MOST_PAGES = 10_000
_MOST_PASSES = 10
_DELETED = {"includeDeleted": "true"}


def connect(
    settings: KoronaSettings,
    *,
    read_only: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> "KoronaClient":
    """Return a client for the account of the configuration; nothing is sent yet."""
    login = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    session = Session(
        "KORONA", settings.base_url, lambda _s, _renew: headers, read_only=read_only, sleep=sleep, monotonic=monotonic
    )
    session.hide(settings.password, login, settings.coupling_id)
    return KoronaClient(session, settings.account_id)


@dataclass(frozen=True, slots=True)
class _Page(Generic[T]):
    """A page of a list: records with their revisions, whether there are more behind them, and how many in all."""

    rows: tuple[tuple[int, T], ...] = ()
    more: bool = False
    total: int = 0

    @property
    def rises(self) -> bool:
        return all(one[0] <= other[0] for one, other in pairwise(self.rows))

    @property
    def highest(self) -> int:
        return max((revision for revision, _ in self.rows), default=0)


class KoronaClient:
    """An account in KORONA.cloud. What is changed comes as (records, cursor): each record once, as last seen.

    The cursor is the highest revision seen, never KORONA's maxRevision, which counts rows that were not read.
    """

    def __init__(self, session: Session, account_id: str) -> None:
        self.session = session
        self._root = f"accounts/{quote(account_id, safe='')}"
        self._writing = threading.Lock()

    @property
    def now(self) -> datetime:
        """KORONA's own time in UTC, as of its last answer."""
        return self.session.now

    # --- what has changed since a revision; 0 for everything ---

    def changed_products(self, revision: int) -> tuple[list[Article], int]:
        """Return the articles saved since, deleted ones among them."""
        return self._changed("products", revision, reads.article, lambda each: each.id, _DELETED)

    def changed_prices(self, revision: int) -> tuple[list[PriceRow], int]:
        """Return the price rows saved since; nothing on an older cluster, which has no such list."""
        try:
            return self._changed("prices", revision, reads.price_row, lambda each: each.id, _DELETED, Kind.ITEM)
        except NotFound:
            return [], revision

    def changed_images(self, revision: int) -> tuple[list[ArticleImage], int]:
        """Return the images saved since, without their content."""
        return self._changed("images", revision, reads.image, lambda each: each.id, _DELETED)

    def changed_stock(self, warehouse_id: str, revision: int) -> tuple[list[StockLevel], int]:
        """Return the stock levels of a warehouse that moved since."""
        return self._changed(
            f"organizationalUnits/{_in_path(warehouse_id)}/productStocks",
            revision,
            lambda row: reads.stock_level(row, warehouse_id),
            lambda each: each.article_id,
        )

    def receipts_since(self, point_of_sale_id: str, revision: int) -> tuple[list[BookedReceipt], int]:
        """Return the receipts of a point of sale booked since."""
        return self._changed(_receipts(point_of_sale_id), revision, reads.booked_receipt, lambda each: each.id)

    # --- single objects and short lists ---

    def account(self) -> KoronaAccount:
        """Return the account itself."""
        return self.session.get(self._root, reads.account)

    def product(self, article_id: str) -> Article | None:
        """Return an article; None where there is none."""
        try:
            return self._get(f"products/{_in_path(article_id)}", reads.article)
        except NotFound:
            return None

    def product_by_number(self, number: str) -> Article | None:
        """Return the one article with exactly this number; None where there is none or where several have it.

        A number may come from an order; one that KORONA does not even look for concerns that order alone.
        """
        try:
            found, _ = self._changed("products", 0, reads.article, lambda each: each.id, {"number": number}, Kind.ITEM)
        except Rejected:
            return None
        exact = [each for each in found if each.number == number]
        return exact[0] if len(exact) == 1 else None

    def image_content(self, image_id: str) -> bytes:
        """Return the bytes of an image; empty where KORONA holds none."""
        return self.session.get(f"{self._root}/images/{_in_path(image_id)}", reads.image_content)

    def price_groups(self) -> list[PriceGroup]:
        """Return all price lists."""
        return self._all("priceGroups", reads.price_group, lambda each: each.id)

    def currencies(self) -> list[Currency]:
        """Return all currencies."""
        return self._all("currencies", reads.currency, lambda each: each.id)

    def organizational_units(self) -> list[OrganizationalUnit]:
        """Return all organizational units, warehouses or not."""
        return self._all("organizationalUnits", reads.organizational_unit, lambda each: each.id)

    def points_of_sale(self, number: str) -> list[PointOfSale]:
        """Return the points of sale with exactly this number."""
        found = self._all("pointsOfSale", reads.point_of_sale, lambda each: each.id, {"number": number})
        return [each for each in found if each.number == number]

    def point_of_sale(self, point_of_sale_id: str, coupling_id: str | None = None) -> PointOfSale:
        """Return a point of sale; with a coupling id raise Refused where it is coupled under another one."""
        path = f"{self._root}/pointsOfSale/{_in_path(point_of_sale_id)}"
        self.session.hide(coupling_id)
        params = {"couplingId": coupling_id} if coupling_id else None
        return self.session.get(path, lambda answer: reads.point_of_sale(an_object(answer.body, "answer")), params)

    def payment_methods(self) -> list[PaymentMethod]:
        """Return all payment methods."""
        return self._all("paymentMethods", reads.payment_method, lambda each: each.id)

    def sales_taxes(self) -> list[SalesTax]:
        """Return all sales taxes."""
        return self._all("salesTaxes", reads.sales_tax, lambda each: each.id)

    def cashiers(self) -> list[NumberedThing]:
        """Return all cashiers, without their names."""
        return self._all("cashiers", reads.numbered_thing, lambda each: each.id)

    def customer_groups(self) -> list[NumberedThing]:
        """Return all customer groups."""
        return self._all("customerGroups", reads.numbered_thing, lambda each: each.id)

    def receipts_by_order_number(self, point_of_sale_id: str, order_number: str) -> tuple[BookedReceipt, ...]:
        """Return the receipts with exactly this order number; KORONA's own comparison is not relied on."""
        found = self._all(
            _receipts(point_of_sale_id), reads.booked_receipt, lambda each: each.id, {"orderNumber": order_number}
        )
        return tuple(each for each in found if each.order_number == order_number)

    # --- writing, strictly one call at a time ---

    def post_receipts(
        self, point_of_sale_id: str, coupling_id: str, receipts: Iterable[Receipt]
    ) -> tuple[AnswerRow, ...]:
        """Post receipts and return KORONA's answer row by row; a row can be refused though the call was not.

        KORONA's own number prefix stays on. Raises Unsure where it is not known what became of the receipts.
        """
        self.session.hide(coupling_id)
        posted = tuple(receipts)
        if not posted:
            return ()
        with self._writing:
            return self.session.post(
                f"{self._root}/{_receipts(point_of_sale_id)}",
                writes.receipt_bytes(posted),
                reads.answer_rows,
                kind=Kind.RECEIPT,
                params={"couplingId": coupling_id},
            )

    def couple(self, point_of_sale_id: str, coupling_id: str) -> None:
        """Couple an uncoupled point of sale with korsync; may be called again with the same coupling id."""
        self.session.hide(coupling_id)

        def coupled() -> bool:
            try:
                return self.point_of_sale(point_of_sale_id, coupling_id).coupled
            except Refused:
                return False

        if coupled():
            return
        with self._writing:
            self.session.replace(
                f"{self._root}/pointsOfSale/{_in_path(point_of_sale_id)}",
                writes.coupling_bytes(coupling_id),
                lambda _answer: None,
                coupled,
                method="PATCH",
            )

    # --- reading lists ---

    def _get(self, path: str, read: Callable[[Row], T]) -> T:
        return self.session.get(f"{self._root}/{path}", lambda answer: read(an_object(answer.body, "answer")))

    def _all(
        self, path: str, read: Callable[[Row], T], key: Callable[[T], str], params: Mapping[str, str] | None = None
    ) -> list[T]:
        return self._changed(path, 0, read, key, params)[0]

    def _changed(
        self,
        path: str,
        revision: int,
        read: Callable[[Row], T],
        key: Callable[[T], str],
        params: Mapping[str, str] | None = None,
        kind: Kind = Kind.LIST,
    ) -> tuple[list[T], int]:
        """Read by revision, always page 1, so that a row that is saved meanwhile moves no other row out of sight.

        A page that is not full ends the list without one more request: what was saved meanwhile has a higher
        revision and comes with the next run.
        """
        found: dict[str, T] = {}
        since, total = revision, 0
        while True:
            page = self._page(path, read, since, 1, params, kind)
            total = total or page.total
            for _, record in page.rows:
                found.pop(key(record), None)
                found[key(record)] = record
            if not page.more and len(found) >= total:
                return list(found.values()), max(since, page.highest)
            # One back, lest a row is missed that shares its revision with the last one of this page.
            if not page.more or not page.rises or page.highest - 1 <= since:
                break
            since = page.highest - 1
        # The server does not sort, or a whole page shares one revision: only page numbers help.
        rest, highest = self._page_by_page(path, read, key, revision, params, kind)
        return list({**found, **rest}.values()), max(revision, highest)

    def _page_by_page(
        self,
        path: str,
        read: Callable[[Row], T],
        key: Callable[[T], str],
        since: int,
        params: Mapping[str, str] | None,
        kind: Kind,
    ) -> tuple[dict[str, T], int]:
        """Read all pages, again until a pass brings nothing new: rows move between pages while they are read."""
        found: dict[str, T] = {}
        revisions: dict[str, int] = {}
        for _ in range(_MOST_PASSES):
            news = False
            for page_number in range(1, _MOST_PAGES):
                page = self._page(path, read, since, page_number, params, kind)
                for its_revision, record in page.rows:
                    name = key(record)
                    news = news or revisions.get(name, -1) < its_revision
                    if revisions.get(name, -1) <= its_revision:
                        found[name], revisions[name] = record, its_revision
                if not page.more:
                    break
            else:
                raise self._endless(path)
            if not news:
                return found, max(revisions.values(), default=since)
        raise self._endless(path)

    def _page(
        self,
        path: str,
        read: Callable[[Row], T],
        since: int,
        page_number: int,
        params: Mapping[str, str] | None,
        kind: Kind,
    ) -> "_Page[T]":
        asked = {"sort": "revision", "page": str(page_number), "size": str(_PAGE), **(params or {})}
        if since > 0:
            asked["revision"] = str(since)
        return self.session.get(
            f"{self._root}/{path}", lambda answer: _page_from(answer, page_number, read), asked, kind=kind
        )

    def _endless(self, path: str) -> Unavailable:
        return Unavailable(f"KORONA: the list {path} does not come to rest", "nothing to do: the next run goes on")


def _page_from(answer: Answer, page_number: int, read: Callable[[Row], T]) -> _Page[T]:
    if answer.body is None:
        return _Page()
    envelope = an_object(answer.body, "answer")
    if not isinstance(envelope.get("results"), list):
        raise NotAsExpected("results is not a list")
    listed = tuple((reads.revision(row), read(row)) for row in rows(envelope, "results"))
    # A server may give smaller pages than it was asked for; then it says that there are more.
    told = bool(inner(envelope, "links").get("next")) or (whole(envelope, "pagesTotal") or 0) > page_number
    return _Page(listed, bool(listed) and (told or len(listed) >= _PAGE), whole(envelope, "resultsTotal") or 0)


def _receipts(point_of_sale_id: str) -> str:
    return f"pointsOfSale/{_in_path(point_of_sale_id)}/receipts"


def _in_path(name: str) -> str:
    return quote(name, safe="")
