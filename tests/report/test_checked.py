"""What `korsync check` shows, on a narrow page and on a wide one."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from korsync.errors import Unavailable
from korsync.records.differences import Compared, Difference, Mending
from korsync.report.checked import print_checked

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)

DIFFERENCES = (
    Difference(
        "orders",
        "#1042",
        "receipts",
        2,
        1,
        Mending.PERSON,
        "KORONA holds 2 receipts for it: 90-1042 (revision 4711), 90-1042 (revision 4712)",
    ),
    Difference("orders", "#1043", "", None, None, Mending.PERSON, "edited\x1b[2J after it was booked"),
    Difference("stock", "1051", "level", 21, 19, Mending.WAITING, "2 fewer than before"),
    Difference("products", "1051", "price", Decimal("8.90"), Decimal("8.00"), Mending.NEXT_RUN),
    Difference("products", "1052", "image", "3f2a", None, Mending.NEXT_RUN),
)

NARROW = """\
needs a person:
  ! #1042  receipts: KORONA 2, Shopify 1
      KORONA holds 2 receipts for it: 90-1042 (revision 4711), 90-1042
      (revision 4712)
  ! #1043
      edited\\x1b[2J after it was booked
waits and is looked at again in every run:
  … 1051  level: KORONA 21, Shopify 19
      2 fewer than before
the next run writes:
  ~ 1051  price: KORONA 8.90, Shopify 8.00
  ~ 1052  image: KORONA 3f2a, Shopify none
5 differences: 2 need a person, 1 waits, 2 are written by the next run (230 articles, 217 levels, 41 orders, 1 receipt \
compared)
"""


def shown(compared: Compared, columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a terminal of so many columns shows."""
    shown = io.StringIO()
    how: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "soft_wrap": True}
    console = Console(file=shown, force_terminal=True, color_system=None, width=columns, **how)
    monkeypatch.setattr("korsync.report.checked.page", lambda **_: console)
    print_checked(compared)
    return shown.getvalue()


def test_differences_are_sorted_by_what_becomes_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = Compared(NOON, 230, 217, 41, 1, DIFFERENCES)
    assert shown(compared, 80, monkeypatch) == NARROW
    assert shown(compared, 140, monkeypatch) == NARROW.replace(
        "90-1042\n      (revision 4712)", "90-1042 (revision 4712)"
    )


def test_a_comparison_that_is_not_whole_never_says_that_both_sides_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = Compared(NOON, 0, 0, 0, 0, errors=(Unavailable("KORONA: does not answer", "wait"),))
    assert "not all could be compared; no difference in the rest (" in shown(compared, 80, monkeypatch)
    assert compared.exit_code == 5
