"""KORONA's lists: read by revision, or page by page where the server does not sort; each record once, as last seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Generic, TypeVar

from korsync.errors import GOES_ON, Unavailable
from korsync.korona import reads
from korsync.wire.answers import Answer, NotAsExpected, Row, an_object, inner, rows, whole
from korsync.wire.http import Session
from korsync.wire.outcomes import Asked, TooLarge

T = TypeVar("T")

_PAGE = 1000
_MOST_PAGES = 10_000
_MOST_PASSES = 10


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list of the account: its path, what becomes of a row, what tells one record from another, what is asked.

    A row of which `read` makes None is left out.
    `page` is how many rows are asked for at once, at most so many as KORONA gives.
    """

    path: str
    read: Callable[[Row], T | None]
    key: Callable[[T], str]
    params: Mapping[str, str] = field(default_factory=dict)
    kind: Asked = Asked.LIST
    page: int = _PAGE


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


class Lists:
    """The lists of an account."""

    def __init__(self, session: Session, root: str) -> None:
        self._session = session
        self._root = root

    def changed(self, listing: Listing[T], revision: int) -> tuple[list[T], int]:
        """Return what has a higher revision, and the highest revision seen.

        Where an answer is too large the list is read in smaller pages.
        """
        while True:
            try:
                return self._changed(listing, revision)
            except TooLarge as error:
                if listing.page == 1:
                    raise Unavailable(error.what, GOES_ON) from error
                listing = replace(listing, page=listing.page // 2)

    def _changed(self, listing: Listing[T], revision: int) -> tuple[list[T], int]:
        """Read by revision, always page 1, so that a row that is saved meanwhile moves no other row out of sight.

        A page that is not full ends the list without one more request: what was saved meanwhile has a higher
        revision and comes with the next run.
        """
        found: dict[str, T] = {}
        since, total = revision, 0
        for _ in range(_MOST_PAGES):
            page = self._page(listing, since, 1, is_first=since == revision)
            total = total or page.total
            for _, record in page.rows:
                found.pop(listing.key(record), None)
                found[listing.key(record)] = record
            if not page.more and len(found) >= total:
                return list(found.values()), max(since, page.highest)
            # One back, lest a row is missed that shares its revision with the last one of this page.
            if not page.more or not page.rises or page.highest - 1 <= since:
                break
            since = page.highest - 1
        else:
            raise _endless(listing.path)
        # The server does not sort, or a whole page shares one revision: only page numbers help.
        rest, highest = self._page_by_page(listing, revision)
        return list({**found, **rest}.values()), max(revision, highest)

    def _page_by_page(self, listing: Listing[T], since: int) -> tuple[dict[str, T], int]:
        """Read all pages, again until a pass brings nothing new: rows move between pages while they are read."""
        found: dict[str, T] = {}
        revisions: dict[str, int] = {}
        for _ in range(_MOST_PASSES):
            news = False
            for page_number in range(1, _MOST_PAGES):
                page = self._page(listing, since, page_number)
                for its_revision, record in page.rows:
                    name = listing.key(record)
                    news = news or revisions.get(name, -1) < its_revision
                    if revisions.get(name, -1) <= its_revision:
                        found[name], revisions[name] = record, its_revision
                if not page.more:
                    break
            else:
                raise _endless(listing.path)
            if not news:
                return found, max(revisions.values(), default=since)
        raise _endless(listing.path)

    def _page(self, listing: Listing[T], since: int, page_number: int, *, is_first: bool = False) -> _Page[T]:
        size = min(listing.page, _PAGE)
        asked = {"sort": "revision", "page": str(page_number), "size": str(size), **listing.params}
        if since > 0:
            asked["revision"] = str(since)
        found = self._session.get(
            f"{self._root}/{listing.path}",
            lambda answer: _page_from(answer, page_number, size, listing.read),
            asked,
            kind=listing.kind if is_first else Asked.PAGE,
        )
        self._session.on_rows(self._session.side, listing.path.rpartition("/")[2], len(found.rows))
        return found


def _page_from(answer: Answer, page_number: int, size: int, read: Callable[[Row], T | None]) -> _Page[T]:
    if answer.body is None:
        return _Page()
    envelope = an_object(answer.body, "answer")
    if not isinstance(envelope.get("results"), list):
        raise NotAsExpected("results is not a list")
    listed = rows(envelope, "results")
    records = tuple((reads.revision(row), record) for row in listed if (record := read(row)) is not None)
    # A server may give smaller pages than it was asked for; then it says that there are more.
    told = bool(inner(envelope, "links").get("next")) or (whole(envelope, "pagesTotal") or 0) > page_number
    return _Page(records, bool(listed) and (told or len(listed) >= size), whole(envelope, "resultsTotal") or 0)


def _endless(path: str) -> Unavailable:
    return Unavailable(f"KORONA: the list {path} does not come to rest", GOES_ON)
