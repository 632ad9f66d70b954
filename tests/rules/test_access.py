"""What korsync may do and where, as values: versions, licences, lists that go away, clocks, and what starts it."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from korsync.records.memory import Identity, State
from korsync.records.readiness import Verdict
from korsync.records.runs import RunRecord
from korsync.rules.access import clock_check, deprecation_check, package_check, stock_follows_check, version_check
from korsync.rules.schedule import runs_check, schedule_check
from tests.support.values import NOON


@pytest.mark.parametrize(
    ("served", "today", "verdict"),
    [
        ("2026-10", date(2026, 11, 23), Verdict.OK),
        (None, date(2026, 11, 23), Verdict.OK),
        ("2027-01", date(2026, 11, 23), Verdict.WARNING),
        ("2026-10", date(2027, 8, 1), Verdict.OK),
        ("2026-10", date(2027, 8, 4), Verdict.WARNING),
    ],
)
def test_a_version_that_another_answers_for_or_that_ends_soon_is_worth_a_look(
    served: str | None, today: date, verdict: Verdict
) -> None:
    check = version_check("2026-10", served, today)
    assert check.verdict is verdict
    assert "2027-10-01" in check.what or served == "2027-01"


def test_an_account_that_does_not_say_its_licences_is_given_credit() -> None:
    assert package_check(None).verdict is Verdict.OK
    assert package_check(["POS"]).verdict is Verdict.FAILED
    assert package_check(["POS", "RETAIL"]).verdict is Verdict.OK


def test_only_a_list_that_is_newly_marked_as_going_away_is_worth_a_look() -> None:
    assert deprecation_check({"products": "long known"}).verdict is Verdict.OK
    check = deprecation_check({"products": "long known", "orders": "https://example.com/why"})
    assert (check.verdict, "orders (https://example.com/why)" in check.what) == (Verdict.WARNING, True)
    assert "products" not in check.what


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        ([], "no receipt was seen"),
        ([0, 3], "within 3 minutes, as runs saw it; safety.settle_minutes may be 3"),
        ([0], "settle_minutes may be 1"),
        ([3, 40], "within 40 minutes, as runs saw it; korsync waits for it"),
    ],
)
def test_how_soon_stock_follows_says_which_wait_would_do(minutes: list[int], text: str) -> None:
    assert text in stock_follows_check(minutes, Decimal(15)).what


def test_clocks_that_do_not_fit_together_are_worth_a_look() -> None:
    assert clock_check("").verdict is Verdict.OK
    assert clock_check("KORONA's clock is 2 days ahead").verdict is Verdict.WARNING


@pytest.mark.parametrize(
    ("ago", "exit_code", "verdict"),
    [
        (20, 0, Verdict.OK),
        (20, 1, Verdict.OK),
        (20, 5, Verdict.WARNING),
        (119, 0, Verdict.OK),
        (121, 0, Verdict.WARNING),
    ],
)
def test_a_last_success_long_ago_is_worth_a_look(ago: int, exit_code: int, verdict: Verdict) -> None:
    assert runs_check(ran(NOON - timedelta(minutes=ago), exit_code), NOON).verdict is verdict


def ran(at: datetime, exit_code: int) -> State:
    return State(Identity("shop", "account", "90"), NOON, runs=(RunRecord(at, "run", exit_code, 0, 0),))


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("*/20 * * * * /opt/korsync run", Verdict.OK),
        ("ExecStart=/opt/korsync run", Verdict.OK),
        ("# */20 * * * * /opt/korsync run", Verdict.WARNING),
        ("0 0 * * * backup", Verdict.WARNING),
    ],
)
def test_a_line_that_starts_korsync_is_found(line: str, verdict: Verdict) -> None:
    assert schedule_check([line]).verdict is verdict
