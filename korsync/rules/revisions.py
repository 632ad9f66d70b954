"""Up to which revision a list of KORONA's is read, and whether its revisions were set back: pure."""

from collections.abc import Collection, Iterable, Mapping

LARGEST_STEP = 10**9
"""So many changes lie between two rows at most, or as many as there were until then."""

STEP_OF_ONE = 10**5
"""A single row that stands so far above all others is not followed, until another one stands near it."""


def highest(revisions: Iterable[int], last: int) -> int:
    """Return the highest revision from which to ask next, after `last`.

    One out of all proportion to those below it does not count: nothing that comes after would ever have a higher one.
    What is not followed comes once more each time, and that is all.
    """
    *lower, top = sorted(revisions) or [last]
    for each in lower:
        if last and each > 2 * last + LARGEST_STEP:
            return last
        last = max(last, each)
    return last if top > last + STEP_OF_ONE else max(last, top)


def is_set_back(revision: int, holders: Collection[str], seen: Mapping[str, int]) -> bool:
    """Tell whether the rows that had the highest revision read so far did not come again with it or a higher one.

    Then the account was restored from a copy, and what has changed since may have lower revisions. A row that was
    deleted shows the same. `holders` are the rows that had it, as far as they are known, `seen` what came now.
    """
    if revision == 0:
        return False
    if not holders:
        return max(seen.values(), default=0) < revision
    return all(seen.get(each, 0) < revision for each in holders)
