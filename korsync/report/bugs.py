"""A bug in korsync: one line for the user, the details in a file of their own."""

import traceback
from hashlib import sha256
from pathlib import Path

from korsync.errors import BugError


def bug(error: Exception, config_path: Path) -> BugError:
    """Return a bug as it is told, having kept its details where that can be done."""
    log = _keep_details(error, config_path)
    details = f"; details in {log}" if log else ""
    return BugError(f"a bug in korsync ({type(error).__name__}); nothing more was sent{details}")


def _keep_details(error: Exception, config_path: Path) -> Path | None:
    """Keep the traceback of a bug beside the configuration, and return where; None where that cannot be done.

    The same bug has the same file: met in every run it is told of in one place.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = "|".join([type(error).__name__, *(f"{each.filename}:{each.name}:{each.lineno}" for each in frames)])
    log = config_path.absolute().with_name(f"korsync-bug-{sha256(place.encode()).hexdigest()[:8]}.txt")
    try:
        log.touch(mode=0o600)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return log
