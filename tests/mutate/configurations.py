"""The example configuration, changed: what is taken means what stands there, what is not is named with its line."""

import json
import random
import re
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from korsync.config.load import load
from korsync.errors import ConfigurationError
from tests.config.test_config import ENVIRONMENT, SMALL, write

FULL = (
    SMALL.replace("${KORONA_PASSWORD}", "canary-1 literal")
    + """\
  unknown_sku: hold
  rounding_cents: 2
  taxes: {19: "1", FR TVA 20: "31", default: "9"}
products:
  fields: [title, price]
  clear_compare_at: true
safety:
  max_change_percent: 12.5
  settle_minutes: 0
network:
  proxy: http://school:canary-2@proxy:3128
environment_file: secrets
state_file: shop-a.json
"""
)
SECRETS = "# secrets\nOTHER='canary three'\nEMPTY=\nKORONA_USERNAME=canary-4\n"
PIECES = (
    *("true", "yes", "on", "off", "y"),
    *("0123", "no", "~", "null", "1e3", "12:30", "0x1F", "2026-11-01", "''", '""', '"90"'),
    *("${OTHER}", "${KORONA_PASSWORD}", "&a ", "*a", "!!str ", "<<: ", "? ", "- ", "| ", "> ", "\t"),
    *("{", "}", "[", "]", ": ", ",", "#", " #", "'", "%", "---", "\n", "\r", "\n\n", "  "),
    *("\u2028", "\u00a0", "\ufeff", "é", "\u0663", "\x07", "\x85"),
    *(each for each in re.findall(r"\S+|\s+", FULL) if "canary" not in each),
)


@st.composite
def mutated(draw: st.DrawFn, whole: str) -> str:
    """A text with one to three pieces changed, cut out, doubled, or lines moved about."""
    text = whole
    for _ in range(draw(st.integers(1, 3))):
        pieces = re.findall(r"[A-Za-z0-9_$.-]+|\s+|.", text) or [" "]
        at = draw(st.integers(0, len(pieces) - 1))
        what = draw(st.sampled_from(["other", "other", "gone", "twice", "before", "line"]))
        if what == "line":
            lines = text.splitlines(keepends=True)
            lines.insert(draw(st.integers(0, len(lines))), lines.pop(draw(st.integers(0, len(lines) - 1))))
            text = "".join(lines)
            continue
        piece = draw(st.sampled_from(PIECES))
        changed = {"other": piece, "gone": "", "twice": pieces[at] * 2, "before": piece + pieces[at]}
        text = "".join([*pieces[:at], changed[what], *pieces[at + 1 :]])
    return text


def play(folder: Path, text: str, secrets: str = SECRETS) -> bool:
    """Read a configuration and its environment file; tell whether they were taken."""
    (folder / "secrets").write_text(secrets, encoding="utf-8", newline="")
    (folder / "secrets").chmod(0o600)
    path = write(folder, text)
    try:
        found = load(path, ENVIRONMENT)
    except ConfigurationError as error:
        told = error.what + error.remedy
        assert not re.search("canary", told), told
        for line in error.what.splitlines():
            assert re.match(rf"{re.escape(str(folder))}/[^:]+:\d+: \S", line), line
        return False
    assert found == load(write(folder, _spelled_out(text)), ENVIRONMENT), "it was not read as it stands"
    return True


def _spelled_out(text: str) -> str:
    """Return what a plain reader of YAML finds, each value but a truth as a text in quotes, in another order."""
    content: Any = yaml.BaseLoader(text).get_single_data()
    names = list(content)
    random.Random(len(text)).shuffle(names)
    text = "".join(f"{json.dumps(name)}: {json.dumps(content[name])}\n" for name in names)
    return re.sub(r'("clear_compare_at": )"(true|false)"', r"\1\2", text, flags=re.IGNORECASE)
