"""A mark of one of KORONA's stock rows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StockMark:
    """The revision that an article's stock row had at some time."""

    article_id: str
    revision: int
