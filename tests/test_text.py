"""Text from strangers: what may be printed of it, and what of an address."""

from __future__ import annotations

import json
import pickle

import pytest

from hostile import HOSTILE, raw_controls
from paintcam.errors import SourceError, UsageError
from paintcam.text import clean_text, hide_secrets, json_text, printable, shown_address


def test_a_terminal_obeys_nothing_that_is_printed():
    """Escape sequences, C1 controls, overrides and half characters are gone, letters stay."""
    for clean in (printable, clean_text):
        shown = clean(f"a{HOSTILE}b – ñ 家 🏠 \u200dעברית\u200f")
        assert raw_controls(shown) == []
        assert "\n" not in shown
        assert shown.startswith("a")
        assert shown.endswith("b – ñ 家 🏠 \u200dעברית\u200f")


def test_columns_keep_their_width():
    """Printing keeps runs of spaces; storing does not."""
    assert printable("  12.0 s   50.0") == "  12.0 s   50.0"
    assert clean_text("  12.0 s   50.0") == "12.0 s 50.0"


def test_json_carries_no_control_character_and_loses_none():
    """A reader gets the text as it was."""
    line = json_text({"name": HOSTILE, "é": "家"})
    assert raw_controls(line) == []
    assert "家" in line
    assert json.loads(line) == {"name": HOSTILE, "é": "家"}


ADDRESSES = [
    ("rtsp://user:SECRET@host:554/ch?x=1", "rtsp://host:554"),
    ("rtsp:/user:SECRET@host/ch", "rtsp://host"),
    ("rtsp:user:SECRET@host/ch", "host"),
    ("user:SECRET@192.168.1.2:554/ch", "192.168.1.2:554"),
    ("http://host/video;token=SECRET", "http://host"),
    ("http://host/video?auth=SECRET#SECRET", "http://host"),
    ("http://10.0.0.9/user=admin&password=SECRET_channel=1", "http://10.0.0.9"),
    ("10.0.0.9/user=admin&password=SECRET", "10.0.0.9"),
    ("rtsp://host/admin/SECRET/ch1", "rtsp://host"),
    ("rtsp://[fe80::1]:554/SECRET", "rtsp://[fe80::1]:554"),
    ("http://u:SECRET@[::1]:80/x", "http://[::1]:80"),
    ("postgresql://u:SEC@RET@host/db", "postgresql://host"),
    ("postgresql://u:SEC/RET@host:5432/db", "postgresql://host:5432"),
    ("postgresql://u:S@EC/RET@db.example.com/x", "postgresql://db.example.com"),
    ("postgresql://u:S@EC/RET@host/x", "postgresql://…"),
    ("postgresql://u:SEC#R?ET@host/x", "postgresql://host"),
    ("postgresql://host/db?user=u&pwd=SECRET&options=SECRET", "postgresql://host"),
    ("rtsp://admin:12/SECRET@host/", "rtsp://…"),
    ("rtsp://host:SECRET", "rtsp://…"),
    ("https://example.org/@me/live", "https://example.org"),
    ("https://example.org:8443/@me/live", "https://example.org:8443"),
    ("rtsp:127.0.0.1/ada/SECRET/ch1", "127.0.0.1"),
    ("rtsp:ada:SE SECRET@cam", "cam"),
    ("127.0.0.1/ada/SECRET/ch1", "127.0.0.1"),
    ("//ada:SECRET@127.0.0.1:554/live", "127.0.0.1:554"),
    ("cam.local:554/ada/SECRET", "cam.local:554"),
    ("cam.example.org/ada/SECRET/ch1", "cam.example.org"),
    ("SECRET@127.0.0.1/ch1", "127.0.0.1"),
    ("ada%3ASECRET@cam/ch1", "cam"),
    ("ada:SEC RET@cam.local:554", "cam.local:554"),
    ("ada:SECRET@", "…"),
    ("cam?SECRET", "cam"),
    ("rtsp://ada:SECRET@[fe80::1%25eth0]:554/x", "rtsp://[fe80::1%25eth0]:554"),
    ("C:/Users/me/video.mp4", "C:/Users/me/video.mp4"),
    ("drawings.old/house.png", "drawings.old/house.png"),
    ("take #2, ada@home.mp4", "take #2, ada@home.mp4"),
    ("//server/share/talk.mp4", "//server/share/talk.mp4"),
    ("video.mp4", "video.mp4"),
    ("12:30.mp4", "12:30.mp4"),
    ("/tmp/a=b/c@d.mp4", "/tmp/a=b/c@d.mp4"),
    ("C:\\Users\\me@work.mp4", "C:\\Users\\me@work.mp4"),
    ("file:///tmp/x.mp4", "file:///tmp/x.mp4"),
]


@pytest.mark.parametrize(("typed", "shown"), ADDRESSES)
def test_of_an_address_only_scheme_host_and_port_are_shown(typed, shown):
    """Whatever part of it holds the password. A path stays as it is."""
    assert shown_address(typed) == shown
    assert "SEC" not in shown


def test_a_message_that_quotes_an_address_hides_its_password():
    """A library's words; the example in a message of ours stays readable."""
    message = "cannot open 'rtsp://u:SECRET@cam.local:554/x' (see https://example.org/help)"
    shown = hide_secrets(message)
    assert shown == "cannot open 'rtsp://cam.local:554' (see https://example.org/help)"
    assert hide_secrets("Failed: rtsp://cam/ada/SECRET/ch1!") == "Failed: rtsp://cam"
    assert hide_secrets("See https://example.org/help.") == "See https://example.org/help."
    assert hide_secrets("No such command 'u:SECRET@cam:80/x'.") == "No such command 'cam:80'."
    example = "Pass one such as postgresql+psycopg://USER:PASSWORD@HOST/NAME."
    assert hide_secrets(example) == example


def test_an_error_keeps_its_parts_across_processes():
    """What failed, the fix, and which parameter is wrong."""
    error = UsageError("seconds must be greater than 0 (got 0).", fix="x", parameter="seconds")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is UsageError
    assert (copy.what, copy.fix, copy.parameter) == (error.what, error.fix, error.parameter)
    assert str(SourceError("a.", fix="b.")) == "a. b."
