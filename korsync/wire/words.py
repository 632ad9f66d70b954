"""What is said of an exchange: a side's own words in one line without secrets, and a failure in ours. Pure."""

import re
import traceback
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from korsync.text import visible

_LONGEST_TEXT = 300

_DEEPEST = 8


def failure_in_words(error: BaseException, host: str) -> str:
    """Say what happened in our own words: those of the network library hold the whole address."""
    names = {cls.__name__ for each in chain(error) for cls in type(each).__mro__}
    if "_tunnel" in calls(error):
        return "the proxy refuses to connect: look at network.proxy and its login"
    if "gaierror" in names:
        return f"the host {host} cannot be found"
    for name, words in (
        ("ProxyError", "the proxy named by network.proxy cannot be reached"),
        ("SSLCertVerificationError", "the certificate is not valid for this host"),
        ("SSLError", "the encrypted connection failed"),
        ("ConnectionRefusedError", "the connection was refused"),
        ("ConnectTimeout", "the connection could not be made in time"),
        ("ReadTimeoutError", "no answer in time"),
        ("Timeout", "no answer in time"),
    ):
        if name in names:
            return words
    return "the connection broke off"


def host_in(location: str) -> str:
    """Return the host that a redirect points to, without the login that an address may carry."""
    try:
        return urlsplit(location).netloc.rpartition("@")[2] or "an unnamed host"
    except ValueError:
        return "no valid address"


def complaint(body: Any) -> str:
    """Return what an error body says, in any shape that KORONA or Shopify give it, as it stands; "" where nothing."""
    if not isinstance(body, dict):
        return ""
    if "code" in body or "message" in body:
        return _joined([text_of(body.get("code")), text_of(body.get("message"))], ": ")
    parts = list(_flat(body.get("errors")))
    parts += [text_of(body.get(name)) for name in ("error", "error_description")]
    return _joined(parts, "; ")


def in_one_line(foreign: str, secrets: Iterable[str] = ()) -> str:
    """Return a side's own words in one line of bounded length, secrets as ***.

    They go before anything is cut off, or a part of one would stay.
    """
    line = visible(without(secrets, foreign)[: 2 * _LONGEST_TEXT])
    return line if len(line) <= _LONGEST_TEXT else line[:_LONGEST_TEXT] + "…"


def without(secrets: Iterable[str], text: str) -> str:
    """Return a text with *** for every secret, also for one that a side repeats as it stands in an address or in JSON.

    Of two secrets the longer one comes first where it holds the other.
    """
    for secret in secrets:
        text = _spellings(secret).sub("***", text)
    return text


@cache
def _spellings(secret: str) -> re.Pattern[str]:
    """Return what finds a secret whichever of its characters are encoded: each side leaves other ones as they are."""
    return re.compile("".join(_spelled(each) for each in secret))


def _spelled(character: str) -> str:
    percent = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    units = character.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    forms = {character, percent, percent.upper(), escaped, escaped.upper().replace("U", "u")}
    forms |= {f"\\{character}"} if character in '"\\/' else set()
    forms |= {"+"} if character == " " else set()
    return f"(?:{'|'.join(re.escape(each) for each in sorted(forms, key=len, reverse=True))})"


def calls(error: BaseException) -> set[str]:
    """Return the names of the functions in which a failure came up."""
    return {frame.f_code.co_name for each in chain(error) for frame, _ in traceback.walk_tb(each.__traceback__)}


def chain(error: BaseException) -> list[BaseException]:
    """Return a failure and what it came from."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        # What came up beside a proxy is not raised again by urllib3, only wrapped.
        wrapped = next((each for each in following.args if isinstance(each, BaseException)), None)
        following = following.__cause__ or following.__context__ or wrapped
    return found


def _flat(errors: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """Yield what is said anywhere in an error body; nobody nests it deeper than a few steps."""
    if depth > _DEEPEST:
        return
    if isinstance(errors, dict):
        for key, value in errors.items():
            yield from _flat(value, f"{name}{key}: " if key != "base" else name, depth + 1)
    elif isinstance(errors, list):
        for value in errors:
            yield from _flat(value, name, depth + 1)
    else:
        if said := text_of(errors):
            yield name + said


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _joined(parts: list[str], between: str) -> str:
    return between.join(part.strip() for part in parts if part.strip())
