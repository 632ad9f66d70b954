"""What `korsync check` shows, on a narrow page and on a wide one."""

import os
from datetime import UTC, datetime
from decimal import Decimal

import pytest

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
      KORONA holds 2 receipts for it: 90-1042 (revision 4711), 90-1042 (revision
      4712)
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


def shown(compared: Compared, columns: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns)
    try:
        print_checked(compared, as_json=False)
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return capsys.readouterr().out


def test_differences_are_sorted_by_what_becomes_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    compared = Compared(NOON, 230, 217, 41, 1, DIFFERENCES)
    assert shown(compared, 80, capsys) == NARROW
    assert shown(compared, 140, capsys) == NARROW.replace("(revision\n      4712)", "(revision 4712)")


def test_a_comparison_that_is_not_whole_never_says_that_both_sides_agree(capsys: pytest.CaptureFixture[str]) -> None:
    compared = Compared(NOON, 0, 0, 0, 0, errors=(Unavailable("KORONA: does not answer", "wait"),))
    assert shown(compared, 80, capsys).startswith("not all could be compared; no difference in the rest (")
    assert compared.exit_code == 5
