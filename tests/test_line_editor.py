"""One line of typed text: cursor, deletion, paste, any script."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paintcam.run.line_editor import LineEditor
from paintcam.sinks.keyboard import BACKSPACE, DELETE, END, ENTER, ESCAPE, HOME, LEFT, RIGHT

CONTROLS = (BACKSPACE, DELETE, LEFT, RIGHT, HOME, END)


def typed(*keys: str, limit: int = 200) -> LineEditor:
    editor = LineEditor(limit)
    for key in keys:
        assert editor.press(key) == ""
    return editor


def test_letters_are_inserted_at_the_cursor():
    editor = typed(*"a ct", LEFT, "a", END, "!", HOME, "¡")
    assert (editor.text, editor.caret) == ("¡a cat!", 1)


def test_backspace_and_delete_take_away_before_and_after_the_cursor():
    assert typed(*"house", LEFT, LEFT, BACKSPACE, DELETE).text == "hoe"
    assert typed(BACKSPACE, DELETE, LEFT, RIGHT, "x", RIGHT, DELETE).text == "x"


def test_an_accent_or_an_emoji_goes_as_one():
    family, accented = "👩‍👩‍👧", "e\u0301"
    assert typed("a", family, BACKSPACE).text == "a"
    assert typed(accented, "b", LEFT, BACKSPACE).text == "b"
    assert typed(family, "b", HOME, RIGHT, "x").text == f"{family}xb"
    assert typed("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f").text[1:]


def test_enter_and_escape_end_the_typing():
    editor = typed("x")
    assert (editor.press(ENTER), editor.press(ESCAPE), editor.text) == ("enter", "cancel", "x")


def test_a_pasted_text_becomes_one_line_without_control_characters():
    assert typed("two\nlines\tand \x00\x1b[31mred").text == "two lines and [31mred"


def test_an_input_methods_text_is_shown_at_the_cursor_but_not_entered():
    editor = typed(*"ab", LEFT)
    editor.composing = "か"
    assert (editor.shown, editor.caret, editor.text) == ("aかb", 2, "ab")


def test_a_long_text_is_cut_at_the_limit():
    assert typed("x" * 300, "y", limit=80).text == "x" * 80


@given(st.lists(st.one_of(st.sampled_from(CONTROLS), st.text(max_size=5)), max_size=40))
def test_whatever_is_pressed_the_text_stays_one_printable_line(keys):
    editor = LineEditor(20)
    for key in keys:
        editor.press(key)
        assert 0 <= editor.caret <= len(editor.text) <= 20
        assert not set(editor.text) & set("\r\n\t\x00\x1b\x7f")
