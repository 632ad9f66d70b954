"""KORONA.cloud: lists by revision, single objects, receipts. Every method may raise what http.Session raises."""

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from korsync.config.settings import KoronaSettings, NetworkSettings
from korsync.errors import Refused, Rejected, Unavailable
from korsync.korona import reads, writes
from korsync.korona.lists import Listing, Lists
from korsync.records.catalogue import (
    Account,
    Article,
    ArticleImage,
    Currency,
    NumberedThing,
    OrganizationalUnit,
    PaymentMethod,
    PointOfSale,
    PriceGroup,
    PriceRow,
    SalesTax,
    StockLevel,
)
from korsync.records.receipts import AnswerRow, BookedReceipt, Receipt
from korsync.wire.answers import Row, an_object, or_left_out
from korsync.wire.http import Session
from korsync.wire.outcomes import Asked, NoSuchList, NotFound, NothingThere, TooLarge

T = TypeVar("T")

_DELETED = {"includeDeleted": "true"}

_RECEIPTS_AT_ONCE = 250
"""Receipts are large: with fiscal data some 35 KB each."""

_ROUNDED = timedelta(seconds=1)
"""KORONA keeps times in whole seconds and may round them either way."""


def connect(
    settings: KoronaSettings,
    network: NetworkSettings | None = None,
    *,
    read_only: bool = False,
    **clocks: Any,
) -> "KoronaClient":
    """Return a client for the account of the configuration; nothing is sent yet. `clocks` are the session's."""
    login = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    way = network or NetworkSettings()
    session = Session(
        "KORONA",
        settings.base_url,
        lambda _s, _renew: headers,
        read_only=read_only,
        proxy=way.proxy,
        ca_file=way.ca_file,
        **clocks,
    )
    session.hide(settings.password, login, settings.coupling_id)
    if settings.password != settings.password.strip():
        session.hint_where_login_fails = "korona.password has a blank at its beginning or end"
    return KoronaClient(session, settings.account_id)


class KoronaClient:
    """An account in KORONA.cloud. What is changed comes as (records, cursor): each record once, as last seen.

    The cursor is the highest revision seen, never KORONA's maxRevision, which counts rows that were not read.
    """

    def __init__(self, session: Session, account_id: str) -> None:
        self.session = session
        self._root = f"accounts/{quote(account_id, safe='')}"
        self._lists = Lists(session, self._root)
        self._newest: dict[str, int] | None = None

    @property
    def now(self) -> datetime:
        return self.session.now

    # --- what has changed since a revision; 0 for everything ---

    def changed_products(self, revision: int) -> tuple[list[Article], int]:
        """Return the articles saved since, deleted ones among them."""
        return self._lists.changed(Listing("products", reads.article, lambda each: each.id, _DELETED), revision)

    def changed_prices(self, revision: int) -> tuple[list[PriceRow], int]:
        """Return the price rows saved since; nothing on an older cluster, which has no such list."""
        try:
            return self._lists.changed(Listing("prices", reads.price_row, lambda each: each.id, _DELETED), revision)
        except (NoSuchList, NothingThere):
            return [], revision

    def changed_images(self, revision: int) -> tuple[list[ArticleImage], int]:
        """Return the images saved since, without their content."""
        return self._lists.changed(Listing("images", reads.image, lambda each: each.id, _DELETED), revision)

    def changed_stock(self, warehouse_id: str, revision: int) -> tuple[list[StockLevel], int]:
        """Return the stock levels of a warehouse that moved since."""
        path = f"organizationalUnits/{_in_path(warehouse_id)}/productStocks"
        listing = Listing(path, lambda row: reads.stock_level(row, warehouse_id), lambda each: each.article_id)
        return self._lists.changed(listing, revision)

    def stock_of(self, article_id: str, warehouse_id: str) -> StockLevel | None:
        """Return an article's stock level in a warehouse; None where there is none."""
        path = f"products/{_in_path(article_id)}/stocks"
        listing = Listing(path, lambda row: reads.stock_level(row, ""), lambda each: each.warehouse_id, kind=Asked.ITEM)
        try:
            found, _ = self._lists.changed(listing, 0)
        except NotFound:
            return None
        return next((each for each in found if each.warehouse_id == warehouse_id), None)

    def receipts_since(self, point_of_sale_id: str, revision: int) -> tuple[list[BookedReceipt], int]:
        """Return the receipts of a point of sale booked since."""
        return self._lists.changed(_receipts_of(point_of_sale_id), revision)

    def newest_revision(self, kind: str) -> int | None:
        """Return the highest revision of any product, price or image, asked for once; None where KORONA does not say.

        Clusters before 3.10 know no such call (404). It is no cursor: it counts rows that were never shown.
        """
        if self._newest is None:
            try:
                self._newest = self.session.get(f"{self._root}/maxRevisions", reads.newest_revisions)
            except (Rejected, Unavailable, Refused) as error:
                if isinstance(error, Refused) and error.everything:
                    raise
                self._newest = {}
        return self._newest.get(kind)

    # --- single objects and short lists ---

    def product(self, article_id: str) -> Article | None:
        """Return an article; None where there is none."""
        try:
            return self._get(f"products/{_in_path(article_id)}", reads.article)
        except NotFound:
            return None

    def product_by_number(self, number: str) -> Article | None:
        """Return the one article with exactly this number; None where there is none or where several have it.

        A live article wins over those that were switched off. Raises Rejected where KORONA does not look for such a
        number: one from an order concerns that order alone.
        """
        listing = Listing("products", reads.article, lambda each: each.id, {"number": number}, Asked.ITEM)
        found, _ = self._lists.changed(listing, 0)
        exact = [each for each in found if each.number == number]
        live = [each for each in exact if each.active and not each.deactivated] or exact
        return live[0] if len(live) == 1 else None

    def image_content(self, image_id: str) -> bytes | None:
        """Return the bytes of an image; empty where KORONA holds none, None where they are too many to be read."""
        try:
            return self.session.get(f"{self._root}/images/{_in_path(image_id)}", reads.image_content)
        except TooLarge:
            return None

    def account(self) -> Account:
        return self.session.get(self._root, lambda answer: reads.account(an_object(answer.body, "answer")))

    def price_groups(self) -> list[PriceGroup]:
        return self._all("priceGroups", reads.price_group, lambda each: each.id)

    def currencies(self) -> list[Currency]:
        return self._all("currencies", reads.currency, lambda each: each.id)

    def organizational_units(self) -> list[OrganizationalUnit]:
        return self._all("organizationalUnits", reads.organizational_unit, lambda each: each.id)

    def points_of_sale(self, number: str) -> list[PointOfSale]:
        found = self._all("pointsOfSale", reads.point_of_sale, lambda each: each.id, {"number": number})
        return [each for each in found if each.number == number]

    def point_of_sale(self, point_of_sale_id: str, coupling_id: str | None = None) -> PointOfSale:
        """Return a point of sale; with a coupling id raise Refused where it is coupled under another one."""
        path = f"{self._root}/pointsOfSale/{_in_path(point_of_sale_id)}"
        self.session.hide(coupling_id)
        params = {"couplingId": coupling_id} if coupling_id else None
        return self.session.get(path, lambda answer: reads.point_of_sale(an_object(answer.body, "answer")), params)

    def payment_methods(self) -> list[PaymentMethod]:
        return self._all("paymentMethods", reads.payment_method, lambda each: each.id)

    def sales_taxes(self) -> list[SalesTax]:
        return self._all("salesTaxes", reads.sales_tax, lambda each: each.id)

    def cashiers(self) -> list[NumberedThing]:
        """Return all cashiers, without their names."""
        return self._all("cashiers", reads.numbered_thing, lambda each: each.id)

    def customer_groups(self) -> list[NumberedThing]:
        return self._all("customerGroups", reads.numbered_thing, lambda each: each.id)

    def receipts_by_order_number(self, point_of_sale_id: str, order_number: str) -> tuple[BookedReceipt, ...]:
        """Return what KORONA finds under an order number, also receipts that bear it in another form.

        KORONA may shorten a number or compare it in its own way: whose receipt it is the caller tells by its key.
        Raises Rejected where KORONA does not look for such a number, which concerns that order alone.
        """
        asked = {"orderNumber": order_number}
        return tuple(self._lists.changed(_receipts_of(point_of_sale_id, asked, Asked.ITEM), 0)[0])

    def receipts_by_number(self, point_of_sale_id: str, number: str) -> tuple[BookedReceipt, ...]:
        """Return what KORONA finds under a receipt number, in whatever way it compares numbers."""
        asked = {"number": number}
        return tuple(self._lists.changed(_receipts_of(point_of_sale_id, asked, Asked.ITEM), 0)[0])

    def receipts_booked_at(self, point_of_sale_id: str, moment: datetime) -> tuple[BookedReceipt, ...]:
        """Return the receipts whose booking time is this moment, or up to a second before or after it.

        Raises Rejected where KORONA does not look for times, which concerns that one look-up.
        """
        asked = {
            "minBookingTime": _whole_second(moment - _ROUNDED),
            "maxBookingTime": _whole_second(moment + _ROUNDED),
        }
        return tuple(self._lists.changed(_receipts_of(point_of_sale_id, asked, Asked.ITEM), 0)[0])

    # --- writing, strictly one call at a time ---

    def post_receipts(
        self, point_of_sale_id: str, coupling_id: str, receipts: Iterable[Receipt]
    ) -> tuple[AnswerRow, ...]:
        """Post receipts and return KORONA's answer row by row; a row can be refused though the call was not.

        KORONA's own number prefix stays on. Raises Unsure where it is not known what became of the receipts, SlowedDown
        where they are to be looked up and sent again.
        """
        self.session.hide(coupling_id)
        posted = tuple(receipts)
        if not posted:
            return ()
        return self.session.post(
            f"{self._root}/{_receipts_path(point_of_sale_id)}",
            writes.receipt_bytes(posted),
            lambda answer: reads.answer_rows(answer, self.session.said),
            kind=Asked.RECEIPT,
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
        """Return a short list, of which the configuration names a row or two: the others need not be readable."""
        return self._lists.changed(Listing(path, or_left_out(read), key, params or {}), 0)[0]


def _receipts_path(point_of_sale_id: str) -> str:
    return f"pointsOfSale/{_in_path(point_of_sale_id)}/receipts"


def _receipts_of(
    point_of_sale_id: str, params: Mapping[str, str] | None = None, kind: Asked = Asked.LIST
) -> Listing[BookedReceipt]:
    path = _receipts_path(point_of_sale_id)
    return Listing(path, reads.booked_receipt, lambda each: each.id, params or {}, kind, page=_RECEIPTS_AT_ONCE)


def _whole_second(moment: datetime) -> str:
    # Some clusters refuse fractions of a second in a filter.
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _in_path(name: str) -> str:
    # Half an emoji is no text that can be sent, and is the id of nothing.
    return quote(name, safe="", errors="surrogatepass")
