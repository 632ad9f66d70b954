"""The benchmark itself, in the small: it counts what was asked, and what it measures ends well."""

from tests.bench import moves
from tests.bench.cases import Case
from tests.bench.shop import Cost, Network


def test_a_case_tells_what_a_run_asked_and_wrote() -> None:
    cost, trouble = Case("small", 3, ((moves.count_levels, 2, 3),)).played()
    assert (cost.exit_code, trouble) == (0, "")
    assert cost.korona + cost.shopify - cost.reads == 2
    assert (cost.slowed, cost.written > 0, cost.peak > 0) == (0, True, True)


def test_the_floor_is_what_the_bucket_lets_through_or_what_has_to_wait_for_an_answer() -> None:
    cost = Cost(seconds=1, cpu=1, peak=1, written=1, korona=4, shopify=63, reads=7, slowed=0, exit_code=0)
    assert cost.floor(Network(0.1, (40, 2.0))) == 11.5
    assert cost.floor(Network(0.1, (400, 20.0))) == 9 * 0.1
