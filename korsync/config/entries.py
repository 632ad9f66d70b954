"""A configuration file as entries that know their key and line, and what a section may ask of them.

A value that is wrong is written down as a mistake and a stand-in is returned, so that one reading finds every mistake.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
NUMBER = re.compile(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
TRIMMED = re.compile(r"\S(.*\S)?")
TRIMMED_HINT = "without blanks at its ends"
# What looks otherwise may be a secret that lost its key.
PLAIN_KEY = re.compile(r"[a-z_]{1,30}", re.ASCII)
# At the ends of the calendar midnight does not exist in every time zone.
DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


class YamlKind(StrEnum):
    """What YAML takes an entry for, in the words of a message; unquoted values are not always what they look like."""

    TEXT = "text"
    NUMBER = "a number"
    TRUTH = "true or false"
    TIME = "a date"
    NOTHING = "empty"
    OTHER = "a special value"
    LIST = "a list"
    SECTION = "a group of keys"


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the file: its dotted key, its line, its text as written, or the entries that it holds."""

    key: str
    line: int
    kind: YamlKind
    text: str = field(default="", repr=False)
    items: tuple["Entry", ...] = ()
    named: dict[str, "Entry"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notes:
    """What a reading needs and gathers: environment variables; mistakes and literal secrets with their lines.

    Without `needs_secrets` an unset variable is no mistake where it is part of a login; where not even the variables
    could be read completely, `knows_variables` is off, and it is none anywhere.
    """

    environment: Mapping[str, str] = field(repr=False)
    needs_secrets: bool = True
    knows_variables: bool = True
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    literal_secrets: list[Entry] = field(default_factory=list)

    def wrong(self, entry: Entry, complaint: str) -> None:
        """Write down a mistake; a complaint never holds a value, because it may be a secret."""
        self.mistakes.append((entry.line, f"{entry.key or 'the file'} {complaint}"))


class Section:
    """A group of keys; asking for a key that is missing or wrong writes down a mistake."""

    def __init__(self, entry: Entry, notes: Notes, known: Iterable[str]) -> None:
        """Write down keys that are not known, each with the nearest one that is."""
        self.entry = entry
        self.notes = notes
        if entry.kind is not YamlKind.SECTION:
            notes.wrong(entry, f"must be a group of keys, not {entry.kind}")
        names = tuple(known)
        for name, value in entry.named.items():
            if name not in names:
                near = get_close_matches(name, names, 1)
                if near or PLAIN_KEY.fullmatch(name):
                    notes.wrong(value, f"is not a known key{f'; did you mean {near[0]}?' if near else ''}")
                else:
                    hint = "has a key here that is not known; it is not shown, for it may be a value"
                    notes.mistakes.append((value.line, f"{entry.key or 'the file'} {hint}"))

    def get(self, name: str, required: bool = True) -> Entry | None:
        """Return the entry of a key, or None; a mistake where a required one is missing."""
        found = self.entry.named.get(name)
        if found is None and required and self.entry.kind is YamlKind.SECTION:
            prefix = f"{self.entry.key}." if self.entry.key else ""
            self.notes.mistakes.append((self.entry.line, f"{prefix}{name} is missing"))
        return found

    def section(self, name: str, known: Iterable[str], required: bool = True) -> "Section":
        """Return the group of keys under a key, an empty one where it is missing."""
        found = self.get(name, required)
        if found is None:
            # The one mistake is that the group is missing: none of its keys is asked for any more.
            return Section(Entry(name, self.entry.line, YamlKind.SECTION), Notes({}), ())
        return Section(found, self.notes, known)

    def named(self, name: str) -> tuple[str, ...]:
        """Return the keys that the group under a key happens to have, for groups whose keys are free."""
        return tuple(self.entry.named[name].named) if name in self.entry.named else ()

    def text(self, name: str, form: re.Pattern[str] = TRIMMED, hint: str = TRIMMED_HINT) -> str:
        """Return a required text that has the given form; the hint completes "must be ..."."""
        found = self.get(name)
        return "" if found is None else text_of(found, self.notes, form, hint)

    def text_or_none(self, name: str, form: re.Pattern[str] = TRIMMED, hint: str = TRIMMED_HINT) -> str | None:
        """Return a text that has the given form, or None where the key is missing."""
        return self.text(name, form, hint) if name in self.entry.named else None

    def login(self, name: str, form: re.Pattern[str] = TRIMMED, hint: str = TRIMMED_HINT) -> str:
        """Return a required text that is needed only where a side is asked."""
        found = self.get(name)
        return "" if found is None else text_of(found, self.notes, form, hint, self.notes.needs_secrets)

    def login_or_none(self, name: str, form: re.Pattern[str] = TRIMMED, hint: str = TRIMMED_HINT) -> str | None:
        """Return such a text, or None where the key is missing."""
        return self.login(name, form, hint) if name in self.entry.named else None

    def secret(self, name: str, form: re.Pattern[str] = TRIMMED, hint: str = TRIMMED_HINT) -> str:
        """Return such a text and write down where it stands in the file itself."""
        found = self.entry.named.get(name)
        if found is not None and found.kind is YamlKind.TEXT and not VARIABLE.fullmatch(found.text):
            self.notes.literal_secrets.append(found)
        return self.login(name, form, hint)

    def secret_or_none(self, name: str, form: re.Pattern[str] = TRIMMED, hint: str = TRIMMED_HINT) -> str | None:
        """Return a secret, or None where the key is missing."""
        return self.secret(name, form, hint) if name in self.entry.named else None

    def number(self, name: str, default: Decimal, highest: int | None = None, whole: bool = False) -> Decimal:
        """Return a number from 0 to `highest`, or the default where the key is missing."""
        found = self.entry.named.get(name)
        if found is None:
            return default
        value = number_of(found, self.notes, whole)
        if highest is not None and value > highest:
            self.notes.wrong(found, f"must not be above {highest}")
        return value

    def truth(self, name: str, default: bool) -> bool:
        """Return true or false, or the default where the key is missing."""
        found = self.entry.named.get(name)
        if found is None:
            return default
        word = found.text.lower() if found.kind is YamlKind.TRUTH else found.kind
        if word not in ("true", "false"):
            # For YAML yes, no, on and off are truths, too, and none of them is a secret.
            self.notes.wrong(found, f"must be true or false, not {word}")
        return word == "true"

    def items(self, name: str, default: tuple[Entry, ...] | None = None) -> tuple[Entry, ...]:
        """Return the entries of a list; without a default it must be there and must not be empty."""
        found = self.get(name, required=default is None)
        if found is None:
            return default or ()
        if found.kind is not YamlKind.LIST:
            self.notes.wrong(found, f"must be a list, as in [a, b], not {found.kind}")
        elif not found.items and default is None:
            self.notes.wrong(found, "must not be empty")
        return found.items


def text_of(
    entry: Entry,
    notes: Notes,
    form: re.Pattern[str] = TRIMMED,
    hint: str = TRIMMED_HINT,
    is_needed: bool = True,
) -> str:
    """Return an entry's text, from the environment where it says so; empty where that is unset and not needed."""
    if entry.kind in (YamlKind.LIST, YamlKind.SECTION):
        notes.wrong(entry, f"must be text, not {entry.kind}")
        return ""
    if entry.kind is YamlKind.NOTHING:
        notes.wrong(entry, "has no value")
        return ""
    if entry.kind is not YamlKind.TEXT:
        notes.wrong(entry, f"would be read as {entry.kind}: put it in quotes")
        return ""
    text = written(entry, notes, is_needed)
    if text is None:
        return ""
    if not text.strip():
        notes.wrong(entry, "has no value")
    elif CONTROL.search(text):
        notes.wrong(entry, "must not hold control characters or line breaks")
    elif not form.fullmatch(text):
        notes.wrong(entry, f"must be {hint}")
    return text


def number_of(entry: Entry, notes: Notes, whole: bool = False) -> Decimal:
    """Return an entry's number; only plain decimal notation is one, 0123, 1e3 and 12:30 are not."""
    text = written(entry, notes) if entry.kind in (YamlKind.NUMBER, YamlKind.TEXT) else ""
    if text is None:
        return Decimal(0)
    if not NUMBER.fullmatch(text) or (whole and "." in text):
        notes.wrong(entry, f"must be a {'whole ' if whole else ''}number such as 5, up to 999999")
        return Decimal(0)
    return Decimal(text)


def day_of(entry: Entry, notes: Notes) -> date:
    """Return an entry's calendar day."""
    text = written(entry, notes) if entry.kind in (YamlKind.TIME, YamlKind.TEXT) else ""
    if text is not None:
        try:
            if DAY.fullmatch(text):
                return date.fromisoformat(text)
            notes.wrong(entry, "must be a day such as 2026-11-01, from 2000 to 2099 and without a time")
        except ValueError:
            notes.wrong(entry, "is not a day of the calendar")
    return date.min


def written(entry: Entry, notes: Notes, is_needed: bool = True) -> str | None:
    """Return an entry's text after the environment had its say; None where it has none, written down if a mistake."""
    if "${" not in entry.text:
        return entry.text
    named = VARIABLE.fullmatch(entry.text)
    if named is None:
        notes.wrong(entry, "has ${ in it: ${NAME} stands for an environment variable, and only as the whole value")
        return None
    value = notes.environment.get(named[1])
    if not value and is_needed and notes.knows_variables:
        state = "not set" if value is None else "empty"
        notes.wrong(entry, f"needs the environment variable {named[1]}, which is {state}")
    return value or None
