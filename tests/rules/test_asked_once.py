"""What several steps of a run ask is worked out once, and anew for anything else."""

from korsync.rules.asked_once import asked_once


def test_the_same_things_are_asked_once_and_equal_ones_anew() -> None:
    asked: list[list[int]] = []

    @asked_once
    def total(numbers: list[int], more: int) -> int:
        asked.append(numbers)
        return sum(numbers) + more

    some, equal = [1, 2], [1, 2]
    assert [total(some, 1), total(some, 1), total(equal, 1), total(equal, 2), total(some, 1)] == [4, 4, 4, 5, 4]
    assert len(asked) == 4
