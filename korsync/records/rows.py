"""Rows by key that are read from the disk when they are first looked at: most runs look at few of them."""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Rows(Mapping[K, V]):
    """A mapping that is loaded when somebody looks into it."""

    def __init__(self, load: Callable[[], dict[K, V]]) -> None:
        self._load = load
        self._rows: dict[K, V] | None = None

    @property
    def rows(self) -> dict[K, V]:
        """All rows, loaded by now."""
        if self._rows is None:
            self._rows = self._load()
        return self._rows

    def __getitem__(self, key: K) -> V:
        """Return the row of a key; raise KeyError where there is none."""
        return self.rows[key]

    def __iter__(self) -> Iterator[K]:
        """Go through the keys."""
        return iter(self.rows)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        """Compare with any mapping; the very same need not be loaded for that."""
        return self is other or (isinstance(other, Mapping) and self.rows == dict(other))

    __hash__ = None  # type: ignore[assignment]

    def keys(self) -> KeysView[K]:
        """Return the keys."""
        return self.rows.keys()

    def values(self) -> ValuesView[V]:
        """Return the rows."""
        return self.rows.values()

    def items(self) -> ItemsView[K, V]:
        """Return keys and rows."""
        return self.rows.items()


def merged(old: Mapping[K, V], news: Mapping[K, V]) -> Mapping[K, V]:
    """Return what is known with what is new; the very same where nothing is, so that nobody looks through it anew."""
    return {**old, **news} if news else old
