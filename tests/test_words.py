"""Text from outside, made safe to print."""

from korsync.words import visible


def test_control_and_direction_characters_are_made_visible() -> None:
    assert visible("a\x1b[2J\n\u202eb ä 茶") == "a\\x1b[2J\\n\\u202eb ä 茶"
