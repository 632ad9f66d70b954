"""Text from outside, made safe to print, and an article's name as a title."""

import shlex
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from korsync.text import LONGEST_TITLE, clean_title, same_title, to_type, visible


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (" Ceylon Tee\u00a0", "Ceylon Tee"),
        ("Zeile 1\r\nZeile 2", "Zeile 1  Zeile 2"),
        ("Te\x00e", "Tee"),
        ("e\x00\u0301", "é"),
        ("half of an emoji \ud83d", "half of an emoji"),
        ("a\u202eb\u2066c", "abc"),
        ("ä" * 256, "ä" * 255),
        ("x" * 254 + "  y", "x" * 254),
        ("\x1b\x07\n", ""),
        ("", ""),
    ],
)
def test_a_name_becomes_a_title(name: str, title: str) -> None:
    assert clean_title(name) == title


@given(st.text())
@example("e\x00\u0301" * 200)
@example("\ud800")
def test_every_title_can_be_sent_and_stays_as_it_is(name: str) -> None:
    title = clean_title(name)
    assert len(title) <= LONGEST_TITLE
    assert unicodedata.is_normalized("NFC", title)
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in title)
    assert clean_title(title) == title
    assert title.encode().decode() == title


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Cafe\u0301", "Café", True),
        ("Tee  lose", "Tee lose ", True),
        ("Tee\u00a0lose", "Tee lose", True),
        ("Tee", "tee", False),
        ("Tee", "", False),
    ],
)
def test_titles_are_the_same_where_they_read_the_same(one: str, other: str, same: bool) -> None:
    assert same_title(one, other) is same


def test_control_and_direction_characters_are_made_visible() -> None:
    assert visible("a\x1b[2J\n\u202eb ä 茶") == "a\\x1b[2J\\n\\u202eb ä 茶"


@pytest.mark.parametrize(
    ("item", "typed"),
    [
        ("#1001", "korsync ignore 1001"),
        ("#1001 refund 9", "korsync ignore '1001 refund 9'"),
        ("-7", "korsync ignore -- -7"),
    ],
)
def test_a_command_to_type_names_an_order_as_a_shell_takes_it(item: str, typed: str) -> None:
    assert to_type("ignore", item) == typed


@given(st.text(min_size=1))
@example("#1001")
@example("a'b $HOME `x` #")
def test_a_shell_hands_over_the_item_as_one_word(item: str) -> None:
    words = shlex.split(to_type("ignore", item), comments=True)
    assert [each for each in words[2:] if each != "--" or item == "--"][-1:] == [item.removeprefix("#")]
