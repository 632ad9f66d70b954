"""A part of what `python -m tests.mutate` plays: mishaps with files that a person may edit, and with answers."""

from pathlib import Path

import pytest

from tests.mutate import states
from tests.mutate.__main__ import FILES, play_all, play_answers
from tests.support.played import Played

COUNTS = {"states": 500, "caches": 100, "configurations": 500, "environments": 200}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_after_a_mishap_is_read_right_or_refused_in_a_clear_line(
    tmp_path: Path, played: Played, kind: str
) -> None:
    assert play_all(kind, tmp_path, COUNTS[kind]) > 0
    played(COUNTS[kind], f"changed {kind}")


def test_no_time_and_no_key_that_nobody_wrote_ends_in_the_middle_of_a_run(tmp_path: Path) -> None:
    with states.busy_shop(tmp_path) as bench:
        taken = [states.play(bench, state, bench.cache) for state in states.aimed(bench.state)]
        assert len(taken) > 50
        assert sum(taken) < len(taken) / 4
        for cache in states.aimed(bench.cache):
            assert states.play(bench, bench.state, cache)


def test_an_answer_after_a_mishap_derives_no_write_and_stops_nothing_else(tmp_path: Path, played: Played) -> None:
    """No traceback, an exit code of the table, and in the end all is as without it."""
    play_answers(tmp_path, 600)
    played(600, "changed answers")
