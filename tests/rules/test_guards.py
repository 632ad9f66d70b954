"""What of a plan is too large or looks wrong."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from korsync.records.plan import Change
from korsync.rules.guards import FROM_CHANGES, marks_of, of_field, price_jump, shrunk, stop_unless_accepted, too_many


@dataclass(frozen=True)
class Value:
    """A value with two fields, one of which changes."""

    price: Decimal = Decimal(1)
    title: str = "Tee"


@pytest.mark.parametrize(
    ("changes", "matched", "percent", "stops"),
    [
        (9, 9, "30", False),
        (10, 10, "30", True),
        (10, 33, "30", True),
        (10, 34, "30", False),
        (30, 100, "30", False),
        (31, 100, "30", True),
        (31, 100, "30.5", True),
        (31, 100, "31", False),
        (10, 0, "30", True),
        (1000, 1000, "100", False),
        (10, 1000, "0", True),
        (0, 0, "0", False),
    ],
)
def test_more_than_the_share_is_too_many_from_ten_changes_on(
    changes: int, matched: int, percent: str, stops: bool
) -> None:
    said = too_many("get another price", changes, matched, Decimal(percent))
    assert bool(said) is stops
    assert FROM_CHANGES == 10
    if stops:
        assert f"{changes} of {matched} matched articles would get another price" in said
        assert f"safety.max_change_percent is {percent})" in said


@pytest.mark.parametrize(
    ("before", "after", "percent", "jumps"),
    [
        ("10.00", "15.00", 50, False),
        ("10.00", "15.01", 50, True),
        ("10.00", "5.00", 50, False),
        ("10.00", "4.99", 50, True),
        ("10.00", "30.00", 100, True),
        ("10.00", "0.01", 100, False),
        ("0.00", "8.90", 50, False),
    ],
)
def test_a_price_jumps_by_more_than_its_share_up_or_down(before: str, after: str, percent: int, jumps: bool) -> None:
    assert price_jump(Decimal(before), Decimal(after), Decimal(percent)) is jumps


def test_marks_name_item_field_and_what_it_would_become() -> None:
    changes = [Change("1001", Value(), Value(price=Decimal("2.50"))), Change("1002", Value(), Value(title="Kaffee"))]
    assert marks_of(changes) == ["1001\tprice 2.50", "1002\ttitle Kaffee"]
    assert of_field(changes, "price") == changes[:1]
    assert of_field(changes, "title", lambda change: change.after.title != "Kaffee") == []


@pytest.mark.parametrize(
    ("reasons", "marks", "accepted", "stops"),
    [
        ([], ["a"], [], False),
        ([""], ["a"], [], False),
        (["too many"], ["a", "b"], [], True),
        (["too many"], ["a", "b"], ["a"], True),
        (["too many"], ["a", "b"], ["b", "a", "c"], False),
        ([shrunk("catalogue")], [], ["a"], True),
    ],
)
def test_a_stop_is_lifted_only_where_every_mark_was_accepted(
    reasons: list[str], marks: list[str], accepted: list[str], stops: bool
) -> None:
    stop = stop_unless_accepted("products", reasons, dict.fromkeys(marks, "why"), accepted)
    assert (stop is not None) is stops
    if stop is not None:
        assert stop.exit_code == 3
        assert stop.guarded == tuple(sorted(marks))
        assert "`korsync accept products`" in stop.remedy
