"""Up to which revision a list is read, and whether its revisions were set back."""

import pytest

from korsync.rules.revisions import highest, is_set_back


@pytest.mark.parametrize(
    ("revisions", "last", "expected"),
    [
        ([], 7, 7),
        ([8, 9], 7, 9),
        ([5, 6], 7, 7),
        ([1, 2, 10**18], 0, 2),
        ([8, 10**18], 7, 8),
        ([10**18], 7, 7),
        ([1_700_000_000_000, 1_700_000_000_500], 0, 1_700_000_000_500),
        ([8, 10**18, 10**18 + 1], 7, 8),
        ([2 * 10**12, 2 * 10**12 + 9], 1_700_000_000_000, 2 * 10**12 + 9),
        ([10**9, 10**9 + 1], 7, 10**9 + 1),
        ([8, 900_000], 7, 8),
        ([900_000], 7, 7),
        ([8, 100_008], 7, 100_008),
        ([8, 100_009], 7, 8),
        ([8, 900_000, 900_001], 7, 900_001),
    ],
)
def test_a_revision_out_of_all_proportion_moves_no_cursor(revisions: list[int], last: int, expected: int) -> None:
    assert highest(revisions, last) == expected


@pytest.mark.parametrize(
    ("holders", "seen", "expected"),
    [
        ({"a"}, {"a": 7}, False),
        ({"a"}, {"a": 9}, False),
        ({"a"}, {"a": 3, "b": 9}, True),
        ({"a"}, {"b": 9}, True),
        ({"a", "b"}, {"b": 7}, False),
        ({"a"}, {}, True),
        (set(), {"b": 7}, False),
        (set(), {"b": 6}, True),
    ],
)
def test_the_row_that_had_our_revision_must_come_again(holders: set[str], seen: dict[str, int], expected: bool) -> None:
    assert is_set_back(7, holders, seen) is expected


def test_nothing_read_before_cannot_be_set_back() -> None:
    assert not is_set_back(0, set(), {})
