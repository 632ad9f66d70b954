"""What the simulated KORONA account holds: plain rows by kind, each kind with its own revision counter."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from threading import RLock
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from korsync.sandbox.exchange import Clock

EXTERNAL_TYPES = frozenset({"EXTERNAL", "EXTERNAL_WEBSHOP", "WEBSHOP"})
"""The types of points of sale that take receipts from outside."""

_IDS = uuid.UUID("3f2c9d3e-5c1b-5a55-9a43-77f1d8b0c001")


@dataclass(kw_only=True)
class Row:
    """What every object of an account has; `revision` rises with each save."""

    number: str | None = None
    name: str = ""
    id: str = ""
    revision: int = 0
    active: bool = True


@dataclass(kw_only=True)
class Currency(Row):
    """A currency; `key` is its ISO code."""

    key: str


@dataclass(kw_only=True)
class PriceGroup(Row):
    """A price list."""

    currency_id: str
    net_prices: bool = False


@dataclass(kw_only=True)
class Unit(Row):
    """An organizational unit, a warehouse or not."""

    warehouse: bool = True


@dataclass(kw_only=True)
class PaymentMethod(Row):
    """A payment method; the drawer opens for cash."""

    use_cash_drawer: bool = False


@dataclass(kw_only=True)
class SalesTax(Row):
    """A sales tax with its rates in percent and since when they apply."""

    included: bool
    rates: list[tuple[datetime, Decimal]]


@dataclass(kw_only=True)
class Cashier(Row):
    """Who stands at a till."""


@dataclass(kw_only=True)
class CustomerGroup(Row):
    """A group of customers."""


@dataclass(kw_only=True)
class PointOfSale(Row):
    """A till or an external point of sale; uncoupled without a coupling id.

    Without a warehouse of its own it sells from its organizational unit.
    """

    type: str
    unit_id: str
    warehouse_id: str | None
    coupling_id: str | None = None
    fiscal_service: str = "NONE"
    last_receipt_number: str | None = None

    @property
    def external(self) -> bool:
        """Whether it takes receipts from outside."""
        return self.type in EXTERNAL_TYPES

    @property
    def sells_from(self) -> str:
        """The id of the warehouse whose stock its receipts lower."""
        return self.warehouse_id or self.unit_id


@dataclass(kw_only=True)
class Image(Row):
    """A picture, PNG or JPG."""

    data: bytes

    @property
    def type(self) -> str:
        """The type as KORONA names it, by the content's first bytes."""
        return "PNG" if self.data.startswith(b"\x89PNG") else "JPG"


@dataclass(kw_only=True)
class Price(Row):
    """A price of an article, for a price list from a time on, for a code, or for a unit."""

    article_id: str
    value: Decimal
    price_group_id: str | None
    valid_from: datetime | None
    product_code: str | None = None
    unit_id: str | None = None


@dataclass(kw_only=True)
class Article(Row):
    """A product; `parts` are (article id, pieces) of a bundle, `tax` its rate in percent."""

    track_inventory: bool = True
    deactivated: bool = False
    sales_lock: bool = False
    stock_return_unsellable: bool = False
    tax: Decimal = Decimal(19)
    price_ids: list[str] = field(default_factory=list)
    image_id: str | None = None
    parts: list[tuple[str, Decimal]] = field(default_factory=list)


@dataclass(kw_only=True)
class StockRow(Row):
    """So many pieces of an article in a warehouse; exists from the first movement on."""

    article_id: str
    warehouse_id: str
    actual: Decimal = Decimal(0)


@dataclass(kw_only=True)
class Receipt(Row):
    """A receipt, booked or about to be: `posted` is what was sent, word for word.

    `lines` are (article id, pieces), `gross` is its total in the account's currency.
    """

    order_number: str | None
    point_of_sale_id: str
    warehouse_id: str
    accepted_at: datetime
    gross: Decimal
    lines: list[tuple[str, Decimal]]
    posted: dict[str, Any]

    @property
    def key(self) -> str | None:
        """The korsyncKey among the posted external references."""
        references: dict[str, str] = self.posted.get("externalReferences", {})
        return references.get("korsyncKey")


Kind = TypeVar("Kind", bound=Row)


class KoronaStore:
    """An account's rows and the side's habits, where the real KORONA's are not known or differ by account.

    - `ignores_sort`: lists come in the order in which rows were made
    - `contains_filters`: `number` and `orderNumber` find every row that contains the text
    - `finds_no_order_numbers`: the filter `orderNumber` finds nothing
    - `unaskable`: numbers and order numbers that a list answers with 400 when it is asked for them
    - `refuses_repeated_numbers`: a receipt number used before refuses the batch; else a second receipt is booked
    - `honours_ids`: the posted id becomes the receipt's, and one used before refuses the batch; else it gets a new one
    - `refuses_in_rows`: what is used before refuses its own row alone, not the batch
    - `uses_prefix`: the point of sale's prefix is put before receipt numbers
    - `queues`: receipts are answered QUEUED and booked `queue_delay` later
    - `booking_delay`: receipts are answered ADDED, but show and move stock only so much later
    - `stock_delay`: receipts show at once, but move stock only so much later
    - `reject_articles`: numbers whose receipts are answered with ERROR rows
    - `gross_off`: the totals of receipts booked from now on are off by so much
    - `denies_included`: receipts answer every tax as not included, and their totals as if it came on top
    - `float_noise`: receipts answer money that a sum of floats would give: 29.900000000000002 instead of 29.9
    - `leaves_out`: fields that receipts are answered without, wherever they stand: externalReferences, included, gross
    - `padding`: so many characters of fiscal data make each receipt longer
    - `without_actual`: numbers whose stock rows come without a figure
    - `tells_max_revisions`: how far each kind has come is told in one call; clusters before 3.10 know no such call
    - `active_packages`: the licences; without RETAIL there are no stock lists
    """

    def __init__(self, clock: Clock, lock: RLock, account_id: str, user: str, password: str) -> None:
        self.clock = clock
        self.lock = lock
        self.account_id = account_id
        self.user = user
        self.password = password
        self.zone = ZoneInfo("Europe/Berlin")
        self.test_mode = True
        self.active_packages = {"POS", "RETAIL", "PLUS"}
        self.tells_max_revisions = True
        self.ignores_sort = False
        self.contains_filters = False
        self.finds_no_order_numbers = False
        self.unaskable: set[str] = set()
        self.refuses_repeated_numbers = False
        self.honours_ids = False
        self.refuses_in_rows = False
        self.uses_prefix = False
        self.queues = False
        self.queue_delay = timedelta(minutes=5)
        self.booking_delay = timedelta(0)
        self.stock_delay = timedelta(0)
        self.reject_articles: set[str] = set()
        self.gross_off = Decimal(0)
        self.denies_included = False
        self.float_noise = False
        self.leaves_out: set[str] = set()
        self.padding = 0
        self.without_actual: set[str] = set()
        self.waiting: list[tuple[datetime, Receipt]] = []
        self.moving: list[tuple[datetime, Receipt]] = []
        self._tables: dict[type[Row], dict[str, Row]] = {}
        self._revisions: Counter[type[Row]] = Counter()
        self._ids = 0

    def table(self, kind: type[Kind]) -> dict[str, Kind]:
        """Return all rows of a kind by id, in the order in which they were made."""
        return cast(dict[str, Kind], self._tables.setdefault(kind, {}))

    def save(self, row: Kind) -> Kind:
        """Write a row: it gets an id where it has none, and the next revision of its kind."""
        row.id = row.id or self.new_id()
        self._revisions[type(row)] = row.revision = self.max_revision(type(row)) + 1
        self.table(type(row))[row.id] = row
        return row

    def backup(self) -> Callable[[], None]:
        """Copy the account as it stands; return what puts the copy in its place, with its revisions."""
        copy = deepcopy((self._tables, self._revisions))

        def restore() -> None:
            self._tables, self._revisions = deepcopy(copy)

        return restore

    def max_revision(self, kind: type[Row]) -> int:
        """Return the highest revision of a kind, whatever a list shows of it."""
        # every kind starts elsewhere, so that a cursor used for the wrong kind does not happen to fit
        return self._revisions[kind] or sum(kind.__name__.encode())

    def newest_revision(self, kind: type[Row]) -> int:
        """Return the revision of the last row of a kind that was saved; 0 where none ever was."""
        return self._revisions[kind]

    def new_id(self) -> str:
        """Return a fresh id; the same ones in the same order for every account, so that runs can be repeated."""
        self._ids += 1
        return str(uuid.uuid5(_IDS, f"{self.account_id}/{self._ids}"))

    def find(self, kind: type[Kind], name: str) -> Kind:
        """Return the active row with this number, else this name; raise KeyError where there is none."""
        rows = [row for row in self.table(kind).values() if row.active]
        for row in rows:
            if row.number == name:
                return row
        for row in rows:
            if row.name == name:
                return row
        raise KeyError(f"no {kind.__name__} {name!r}")

    def resolve(self, kind: type[Kind], reference: Mapping[str, str]) -> Kind:
        """Return the active row that a posted reference means by id, else number, else name; else raise KeyError."""
        if "id" not in reference:
            name = reference.get("number") or reference.get("name")
            if not name:
                raise KeyError(f"an empty reference to {kind.__name__}")
            return self.find(kind, name)
        row = self.table(kind).get(reference["id"])
        if row is None or not row.active:
            raise KeyError(f"no {kind.__name__} with id {reference['id']}")
        return row

    def shift_stock(self, article: Article, warehouse_id: str, pieces: Decimal) -> None:
        """Move an article's stock in a warehouse by so many pieces; untracked articles have none."""
        if article.track_inventory:
            self.set_stock(article, warehouse_id, self.stock(article, warehouse_id) + pieces)

    def set_stock(self, article: Article, warehouse_id: str, pieces: Decimal) -> None:
        """Write an article's stock in a warehouse."""
        row_id = f"{warehouse_id}/{article.id}"
        row = self.table(StockRow).get(row_id)
        row = row or StockRow(id=row_id, article_id=article.id, warehouse_id=warehouse_id)
        row.actual = pieces
        self.save(row)

    def stock(self, article: Article, warehouse_id: str) -> Decimal:
        """Return an article's pieces in a warehouse; 0 where it never moved."""
        row = self.table(StockRow).get(f"{warehouse_id}/{article.id}")
        return row.actual if row else Decimal(0)

    def take_out(self, article: Article, warehouse_id: str, pieces: Decimal) -> None:
        """Take sold pieces out of stock, a bundle's parts instead of the bundle; negative pieces come back in."""
        if pieces < 0 and article.stock_return_unsellable:
            return
        if not article.parts:
            self.shift_stock(article, warehouse_id, -pieces)
        for part_id, each in article.parts:
            self.take_out(self.table(Article)[part_id], warehouse_id, pieces * each)

    def book(self, receipt: Receipt) -> None:
        """Write a receipt and move the stock of its warehouse, now or later."""
        self.save(receipt)
        self.table(PointOfSale)[receipt.point_of_sale_id].last_receipt_number = receipt.number
        if self.stock_delay > timedelta(0):
            self.moving.append((self.clock.now() + self.stock_delay, receipt))
        else:
            self._move(receipt)

    def _move(self, receipt: Receipt) -> None:
        for article_id, pieces in receipt.lines:
            self.take_out(self.table(Article)[article_id], receipt.warehouse_id, pieces)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the account while it is looked at or changed, with everything booked that is due by now."""
        with self.lock:
            now = self.clock.now()
            due = sorted((each for each in self.waiting if each[0] <= now), key=lambda each: each[0])
            self.waiting = [each for each in self.waiting if each[0] > now]
            for _, receipt in due:
                self.book(receipt)
            moved = [each for each in self.moving if each[0] <= now]
            self.moving = [each for each in self.moving if each[0] > now]
            for _, receipt in moved:
                self._move(receipt)
            yield
