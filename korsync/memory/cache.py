"""What may be lost, in cache.json: both catalogues as last seen, their cursors, the last look at each level.

Deleting the file costs one full read and one run in which stock is only lowered.
"""

from pathlib import Path

from korsync.errors import StateError
from korsync.memory.codec import decode, encode, from_json, to_json
from korsync.memory.files import read_whole, write_whole
from korsync.memory.sound import check_cache
from korsync.records.memory import Cache

SCHEMA = 1


def any_cache(path: Path) -> Cache:
    """Return the cache whatever configuration it was made under, for what no configuration changes."""
    return load_cache(path, None)[0]


def load_cache(path: Path, fingerprint: str | None) -> tuple[Cache, str | None]:
    """Return the cache made under the configuration with this fingerprint, otherwise an empty one and the reason.

    An empty cache is always safe, so nothing is raised; a missing file is no reason worth telling.
    """
    try:
        content = from_json(read_whole(path).data)
        if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
            return Cache(), f"the cache {path} is of another version of korsync"
        if content.pop("fingerprint", None) != fingerprint and fingerprint is not None:
            return Cache(), "the configuration has changed since the cache was made"
        cache = decode(Cache, content)
        check_cache(cache)
        return cache, None
    except FileNotFoundError:
        return Cache(), None
    except OSError as error:
        return Cache(), f"the cache {path} cannot be read: {error.strerror or error}"
    except ValueError as error:
        return Cache(), f"the cache {path} cannot be used: {error}"


def save_cache(path: Path, cache: Cache, fingerprint: str) -> str | None:
    """Replace the cache file; where that fails remove the old one, and return the reason.

    An old cache must not outlive a run that wrote stock: its last looks would explain away an order not listed yet.
    Raises StateError where it can be neither replaced nor removed.
    """
    data = to_json({"schema": SCHEMA, "fingerprint": fingerprint, **encode(cache)})
    try:
        write_whole(path, data)
    except OSError as error:
        reason = f"the cache {path} cannot be written: {error.strerror or error}"
        try:
            path.unlink(missing_ok=True)
        except OSError:
            raise StateError(reason, f"remove {path} by hand, then run again") from error
        return reason
    return None
