"""A part of what `python -m tests.mutate` plays: mishaps with the files that a person may edit."""

from pathlib import Path

import pytest

from tests.mutate.__main__ import KINDS, play_all

COUNTS = {"states": 500, "caches": 100, "configurations": 500, "environments": 200}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_after_a_mishap_is_read_right_or_refused_in_a_clear_line(tmp_path: Path, kind: str) -> None:
    assert play_all(kind, tmp_path, COUNTS[kind]) > 0
