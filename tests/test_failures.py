"""Each thing that can go wrong has a test that plays it."""

from tests.failures import ROWS, without_a_test


def test_each_row_of_what_can_go_wrong_has_its_test() -> None:
    assert without_a_test() == []


def test_each_row_stands_once() -> None:
    marks = [row.split()[0] for row in ROWS.strip().splitlines()]
    assert len(marks) == len(set(marks)) > 100
