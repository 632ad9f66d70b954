"""What a person has to know of levels that are kept in step all the same: pure."""

from collections.abc import Iterable, Iterator

from korsync.records.memory import State
from korsync.records.plan import Fate, Skip, ToldOnce
from korsync.rules.levels import Level, StockRead
from korsync.rules.settling import never_seen, row_revisions

DRAFTS_REFUSED = "draft orders refused"
"""The mark of a person having been told that nobody sees what draft orders hold."""


def notices_of(read: StockRead, levels: Iterable[Level], drafts_refused: str) -> Iterator[Skip]:
    """Say what has to be known; what is told once has a mark."""
    for level in levels:
        sku, target = level.match.sku, level.target
        if target.reserved:
            yield Skip(sku, f"{target.reserved} reserved by draft orders in Shopify", Fate.WAITING)
        if target.level < level.available and target.risen:
            yield Skip(sku, _rise(level), Fate.LEFT, ToldOnce())
        if level.match.article.sales_lock:
            reason = "locked for sale in KORONA, but on sale in Shopify: its price and level are kept in step"
            yield Skip(sku, reason, Fate.LEFT, ToldOnce(mark=f"sales lock {level.match.article.id}"))
    yield from _never_seen(read)
    if drafts_refused:
        yield Skip("draft orders", drafts_refused, Fate.LEFT, ToldOnce(mark=DRAFTS_REFUSED))


def _rise(level: Level) -> str:
    was = level.available - level.target.risen
    set_back = f"set back, KORONA has {level.actual.normalize():f}"
    if level.target.reserved:
        set_back += "; should a draft order have let go of its pieces, they are on sale again with the next runs"
    return f"raised in Shopify from {was} to {level.available} by nothing that KORONA knows of: {set_back}"


def _never_seen(read: StockRead) -> Iterator[Skip]:
    """Name the articles whose stock in KORONA did not move in the day after a receipt: it may not count them."""
    articles, orders = read.cache.catalogue.articles, read.memory.state.orders.values()
    for order, booking, article_id in never_seen(orders, read.korona_now, row_revisions(read.cache.stocks)):
        article = articles.get(article_id)
        if article is not None:
            what = f"its stock in KORONA has not moved since order {order.name} was booked a day ago"
            reason = f"{what}: look whether KORONA counts what is sold there; from now on it is taken for counted"
            mark = f"not moved {booking.key} {article_id}"
            yield Skip((article.number or article.name).strip(), reason, Fate.LEFT, ToldOnce(mark=mark))


def told_by_now(state: State, notices: Iterable[Skip]) -> tuple[list[Skip], tuple[str, ...]]:
    """Return what is told now, and the marks of what was told before and still is so."""
    notices = list(notices)
    now = {skip.once.mark for skip in notices if skip.once and skip.once.mark}
    fresh = [skip for skip in notices if skip.once is None or skip.once.mark not in state.told]
    return fresh, tuple(mark for mark in state.told if mark in now)
