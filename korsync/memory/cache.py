"""What may be lost, in cache.json: both catalogues as last seen, their cursors, the last look at each level.

Deleting the file costs one full read and one run in which stock is only lowered. The file is a line of JSON with all
that is small, then the large tables in lines of a thousand rows, and at the end a check over all of it. Tables are read
when somebody looks into them, and written as they were read where nobody changed them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from korsync.errors import StateError
from korsync.memory.codec import decode, encode, from_json, to_json
from korsync.memory.files import read_whole, write_whole
from korsync.memory.rows import shape_of, way_of
from korsync.memory.sound import check_cache
from korsync.records.catalogue import Article, ArticleImage, InventoryLevel, ShopProduct, StockLevel
from korsync.records.memory import Cache
from korsync.records.rows import Rows
from korsync.records.seen import Look

SCHEMA = 3

ROWS_IN_A_LINE = 1000


class Table(NamedTuple):
    """A large table of the cache: what its rows are, and where their keys stand."""

    kind: type
    key: str = ""
    key_type: type = str


TABLES = {
    "articles": Table(Article, "id"),
    "images": Table(ArticleImage, "id"),
    "products": Table(ShopProduct, "id"),
    "levels": Table(InventoryLevel, "inventory_item_id"),
    "looks": Table(Look, key_type=int),
    "stock": Table(StockLevel, "article_id"),
}
SHAPE = blake2b("".join(shape_of(table.kind) for table in TABLES.values()).encode(), digest_size=8).hexdigest()


class StoredRows(Rows[Any, Any]):
    """Rows as they stand in the file, by which they are written again."""

    def __init__(self, table: Table, lines: Sequence[bytes]) -> None:
        super().__init__(partial(_read, table, lines))
        self.lines = lines


def any_cache(path: Path) -> Cache:
    """Return the cache whatever configuration it was made under, for what no configuration changes."""
    return load_cache(path, None)[0]


def load_cache(path: Path, fingerprint: str | None) -> tuple[Cache, str | None]:
    """Return the cache made under the configuration with this fingerprint, otherwise an empty one and the reason.

    An empty cache is always safe, so nothing is raised; a missing file is no reason worth telling.
    """
    try:
        *lines, check = read_whole(path).data.splitlines(keepends=True) or [b""]
        if not lines or check != check_of(lines):
            return Cache(), f"the cache {path} cannot be used: it is not as korsync left it"
        content = from_json(lines[0])
        if (content.pop("schema"), content.pop("shape")) != (SCHEMA, SHAPE):
            return Cache(), f"the cache {path} is of another version of korsync"
        if content.pop("fingerprint") != fingerprint and fingerprint is not None:
            return Cache(), "the configuration has changed since the cache was made"
        tables: dict[str, Mapping[Any, Any]] = {}
        begin = 1
        for name, length in content.pop("tables").items():
            tables[name] = StoredRows(TABLES[name.partition("/")[0]], lines[begin : begin + length])
            begin += length
        cache = decode(Cache, content)
        check_cache(cache)
        return _with_tables(cache, tables), None
    except FileNotFoundError:
        return Cache(), None
    except OSError as error:
        return Cache(), f"the cache {path} cannot be read: {error.strerror or error}"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Cache(), f"the cache {path} cannot be used: {error}"


def save_cache(path: Path, cache: Cache, fingerprint: str) -> str | None:
    """Replace the cache file; where that fails remove the old one, and return the reason.

    An old cache must not outlive a run that wrote stock: its last looks would explain away an order not listed yet.
    Raises StateError where it can be neither replaced nor removed.
    """
    try:
        write_whole(path, _lines(cache, fingerprint))
    except OSError as error:
        reason = f"the cache {path} cannot be written: {error.strerror or error}"
        try:
            path.unlink(missing_ok=True)
        except OSError:
            raise StateError(reason, f"remove {path} by hand, then run again") from error
        return reason
    return None


def _lines(cache: Cache, fingerprint: str) -> Iterator[bytes]:
    tables = _tables_of(cache)
    lengths = {name: -(-len(rows) // ROWS_IN_A_LINE) for name, rows in tables.items()}
    lengths |= {name: len(rows.lines) for name, rows in tables.items() if isinstance(rows, StoredRows)}
    small = encode(_with_tables(cache, {name: {} for name in tables}))
    head = {"schema": SCHEMA, "shape": SHAPE, "fingerprint": fingerprint, "tables": lengths, **small}
    digest = blake2b(digest_size=16)
    for line in _with_rows(to_json(head), tables):
        digest.update(line)
        yield line
    yield _check_line(digest.hexdigest())


def _with_rows(head: bytes, tables: Mapping[str, Mapping[Any, Any]]) -> Iterator[bytes]:
    yield head
    for name, rows in tables.items():
        if isinstance(rows, StoredRows):
            yield from rows.lines
        else:
            yield from _written(TABLES[name.partition("/")[0]], rows)


def _written(table: Table, rows: Mapping[Any, Any]) -> Iterator[bytes]:
    write = way_of(table.kind).write
    items = iter(rows.items())
    while some := list(islice(items, ROWS_IN_A_LINE)):
        listed = [write(row) for _, row in some] if table.key else [[key, *write(row)] for key, row in some]
        yield json.dumps(listed, separators=(",", ":")).encode("ascii") + b"\n"


def _read(table: Table, lines: Sequence[bytes]) -> dict[Any, Any]:
    read = way_of(table.kind).read
    listed = (row for line in lines for row in json.loads(line))
    if not table.key:
        return {table.key_type(row[0]): read(row[1:]) for row in listed}
    records = [read(row) for row in listed]
    return {getattr(record, table.key): record for record in records}


def _tables_of(cache: Cache) -> dict[str, Mapping[Any, Any]]:
    return {
        "articles": cache.catalogue.articles,
        "images": cache.catalogue.images,
        "products": cache.shop_products.products,
        "levels": cache.levels.levels,
        "looks": cache.looks,
        **{f"stock/{warehouse_id}": stock.rows for warehouse_id, stock in cache.stocks.items()},
    }


def _with_tables(cache: Cache, tables: Mapping[str, Mapping[Any, Any]]) -> Cache:
    return replace(
        cache,
        catalogue=replace(cache.catalogue, articles=tables["articles"], images=tables["images"]),
        shop_products=replace(cache.shop_products, products=tables["products"]),
        levels=replace(cache.levels, levels=tables["levels"]),
        looks=tables["looks"],
        stocks={name: replace(stock, rows=tables[f"stock/{name}"]) for name, stock in cache.stocks.items()},
    )


def check_of(lines: Sequence[bytes]) -> bytes:
    """Return the last line of a file of these lines: whatever else is changed in them shows."""
    digest = blake2b(digest_size=16)
    for line in lines:
        digest.update(line)
    return _check_line(digest.hexdigest())


def _check_line(digest: str) -> bytes:
    return f'{{"check":"{digest}"}}\n'.encode("ascii")
