"""Each place of a rule is changed in each way, one at a time."""

import pytest

from tests.mutants.changes import mutants_of


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("a < b", ["a <= b"]),
        ("a if b else c", ["a if not b else c"]),
        ("a and b", ["a or b"]),
        ("not a", ["not not a"]),
        ("a + b * c", ["a - b * c", "a + (b + c)"]),
        ("[a for a in b if a]", ["[a for a in b]"]),
        ("max(a, 1)", ["min(a, 1)", "max(a, 2)"]),
        ("a == True", ["a != True", "a == False"]),
        ("a in b < c", ["a not in b < c", "a in b <= c"]),
        ("@dataclass(frozen=True)\nclass A:\n    pass", []),
        ("zip(a, b, strict=True)", []),
        ("a", []),
    ],
)
def test_every_change_of_a_rule_is_made_once(rule: str, changed: list[str]) -> None:
    assert [each.source for each in mutants_of(rule)] == changed
