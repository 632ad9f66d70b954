"""Text from outside: made printable in one line, as a command to type, and as titles of Shopify products. Pure."""

import unicodedata
from decimal import Decimal
from shlex import quote


def plain(value: object) -> str:
    """Return a value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def visible(foreign: str) -> str:
    """Return foreign text in one line, control and direction characters made visible."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in foreign)


def to_type(command: str, item: str) -> str:
    """Return a command about an order or a refund as a person types it in a shell, where # begins a comment."""
    word = item.removeprefix("#")
    return f"korsync {command} {'-- ' if word.startswith('-') else ''}{quote(word)}"


LONGEST_TITLE = 255
"""Shopify refuses longer titles (422)."""

BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
"""What ends a line or a column in KORONA's name field keeps two words apart in the shop, too."""

DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""They turn the text around a title about. The joiners of emoji and scripts, of the same category (Cf), stay."""


def clean_title(name: str) -> str:
    """Return an article's name as a title: without control characters, composed (NFC), cut at 255 characters."""
    parted = "".join(" " if each in BREAKS else each for each in name)
    # Composed last: a control character may have stood between a letter and its accent.
    composed = unicodedata.normalize("NFC", "".join(each for each in parted if _is_shown(each)))
    return composed.strip()[:LONGEST_TITLE].rstrip()


def same_title(one: str, other: str) -> bool:
    """Tell whether two titles read the same: neither the form of accents nor the width of blanks is a difference."""
    return _plain(one) == _plain(other)


def _plain(title: str) -> str:
    return unicodedata.normalize("NFC", " ".join(title.split()))


def _is_shown(character: str) -> bool:
    # Cs: half an emoji, which no server can store.
    return unicodedata.category(character) not in ("Cc", "Cs") and character not in DIRECTIONS
