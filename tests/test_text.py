"""Text from strangers: what may be printed of it, and what of an address."""

from __future__ import annotations

import json
import pickle
import random
import time

import pytest

from hostile import HOSTILE, raw_controls
from paintcam.errors import SourceError, UsageError
from paintcam.text import clean_text, counted, hide_secrets, json_text, printable, shown_address


def test_a_terminal_obeys_nothing_that_is_printed():
    """Escape sequences, C1 controls, overrides and half characters are gone, letters stay."""
    for clean in (printable, clean_text):
        shown = clean(f"a{HOSTILE}b – ñ 家 🏠 \u200dעברית\u200f")
        assert raw_controls(shown) == []
        assert "\n" not in shown
        assert shown.startswith("a")
        assert shown.endswith("b – ñ 家 🏠 \u200dעברית\u200f")


def test_a_hundred_thousand_accents_are_eight():
    """They would cover the lines above, in a terminal and on the picture."""
    for clean in (printable, clean_text):
        assert clean("xe" + "\u0301" * 100_000 + "y") == clean("xe" + "\u0301" * 8 + "y")
    line = json_text("e" + "\u0301" * 1000)
    assert raw_controls(line) == []
    assert json.loads(line) == "e" + "\u0301" * 1000


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
        "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \u2764\ufe0f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u05d1\u05b0\u05bc\u05e8\u05b5\u05d0\u05e9\u05c1\u05b4\u0596\u05d9\u05ea",
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0ba8\u0bbf \u0e17\u0e35\u0e48",
    ],
    ids=["flag", "family", "Persian", "Hebrew with points", "Indic and Thai"],
)
def test_what_people_write_stays_as_it_is(text):
    assert printable(text) == text


def test_names_that_look_the_same_are_the_same():
    """Nobody takes another player's place with a character that cannot be seen."""
    for invisible in "\u200b\u2060\ufeff\u00ad\u180e\U000e0041":
        assert clean_text(f"A{invisible}da") == "Ada"


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
    ("postgresql://u:SEC/RET@host:5432/db", "postgresql://…"),
    ("postgresql://u:S@EC/RET@db.example.com/x", "postgresql://…"),
    ("postgresql://u:S@EC/RET@host/x", "postgresql://…"),
    ("postgresql://u:SEC#R?ET@host/x", "postgresql://…"),
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
    ("cam?SECRET", "cam…"),
    ("cam/x/SECRET", "cam/…"),
    ("cam/SECRET/live.mp4", "cam/…"),
    ("cam:/SECRET/x", "cam://…"),
    ("cam:port/SECRET", "…"),
    ("rtsp://ada:SECRET@cam:port/x", "rtsp://…"),
    ("rtsp://ada:SECRET@:554/x", "rtsp://…"),
    ("rtsp://cam:99999/SECRET", "rtsp://…"),
    ("rtsp:///SECRET", "rtsp://…"),
    ("postgresql:///SECRET.mp4", "postgresql://…"),
    ("file://ada:SECRET@cam/x.mp4", "file://cam"),
    ("file://SECRET/x.mp4", "file://…"),
    ("ada%3ASECRET%40cam", "…"),
    ("odd://SECRET.mp4", "odd://…"),
    ("rtsp://ada:SECRET@[fe80::1%25eth0]:554/x", "rtsp://[fe80::1%25eth0]:554"),
    ("C:/Users/me/SECRET.mp4", "C:/Users/…"),
    ("//server/share/SECRET.mp4", "server"),
    ("gone/SECRET.mp4", "gone/…"),
    ("video.mp4", "video.mp4"),
    ("my talk (2), no. 3 #4.mp4", "my talk (2), no. 3 #4.mp4"),
    ("12:30.mp4", "12:30.mp4"),
    ("drawings.old/huose.png", "drawings.old/huose.png"),
    ("drawings.old/gone/SECRET", "drawings.old/gone/…"),
    ("sqlite:///drawings.old/scores.sqlite3", "sqlite:///drawings.old/scores.sqlite3"),
]


@pytest.mark.parametrize(("typed", "shown"), ADDRESSES)
def test_of_an_address_only_scheme_host_and_port_are_shown(tmp_path, monkeypatch, typed, shown):
    """Whatever part of it holds the password; of a path only what exists, and the next name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawings.old").mkdir()
    assert shown_address(typed) == shown
    assert "SEC" not in shown


@pytest.mark.parametrize(
    "name", ["take #2, ada@home.mp4", "a=b/c@d.mp4", "ada:x@cam/y?z.mp4", "café/家.png"]
)
def test_a_path_that_exists_is_shown_whole(tmp_path, monkeypatch, name):
    """Relative, absolute or as a URL."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert shown_address(name) == name
    assert shown_address(str(path)) == str(path)
    assert shown_address(f"file://{path}") == f"file://{path}"
    assert str(path) in hide_secrets(f"Cannot read '{path}'.")


SCHEMES = (
    *("rtsp://", "rtsp:/", "rtsp:", "RTSP://", "rtsp:\\\\", "http://", "https:/", "srt://", "udp:"),
    *("file://", "file:", "odd://", "odd:/", "postgresql+psycopg://", "sqlite:///", "", "//", " "),
)
USERS = (
    *("", "ada:SECRET@", "ada:SE/SECRET@", "ada:SE@SECRET@", "ada:SE?SECRET@", "ada:SE SECRET@"),
    *("SECRET@", ":SECRET@", "ada%3ASECRET%40", "ada:SE'SECRET@", "ada;SECRET@", "ada:1/SECRET@"),
    *("ada:SÉ&SECRET@", "ada:SE\\SECRET@", "ada:SE[SECRET]@", "ada:SE\nSECRET@", 'ada:SE"SECRET@'),
)
HOSTS = ("cam", "cam.local", "192.0.2.2", "[::1]", "", "c m", "[::", "[SECRET]", "1.2.3.4.5", "käm")
PORTS = ("", ":554", ":", ":port", ":99999", ":-1", ":SECRET", ":554SECRET", ":٣")
PATHS = (
    *("", "/", "/live", "/admin/SECRET/ch1", "/SECRET", "/user=ada&password=SECRET", "#SECRET"),
    *("?token=SECRET", ";token=SECRET", "/SECRET.mp4", "/x/SECRET.m3u8", "/@SECRET", "/x:SECRET"),
    *("\\x\\SECRET", "/a b/SECRET", "//SECRET", "/SECRET@x", "/%53ECRET", "&key=SECRET"),
)


def test_no_secret_of_100_000_random_addresses_is_shown(tmp_path, monkeypatch):
    """Every scheme, user, host, port and path, whole or missing or wrong, and in messages."""
    monkeypatch.chdir(tmp_path)
    dice = random.Random(15)
    for index in range(100_000):
        scheme, *rest, path = (dice.choice(part) for part in (SCHEMES, USERS, HOSTS, PORTS, PATHS))
        address = scheme + "".join(rest) + path
        if not any(rest) and not scheme.endswith("://"):
            continue  # then the path is where the host should be
        assert "SECRET" not in shown_address(address), address
        if index % 10 == 0:
            message = hide_secrets(printable(f"Cannot open {address}: refused."), [address])
            assert "SECRET" not in message, address
            assert message.startswith("Cannot open "), address
            assert message.endswith(" refused."), address


def test_a_message_that_quotes_an_address_hides_its_password():
    """A library's words; the example in a message of ours stays readable."""
    message = "cannot open 'rtsp://u:SECRET@cam.local:554/x' (see https://example.org/help)"
    shown = hide_secrets(message)
    assert shown == "cannot open 'rtsp://cam.local:554' (see https://example.org)"
    assert hide_secrets("Failed: rtsp://cam/ada/SECRET/ch1!") == "Failed: rtsp://cam!"
    assert hide_secrets("See https://example.org/help.") == "See https://example.org."
    assert hide_secrets("No such command 'u:SECRET@cam:80/x'.") == "No such command 'cam:80'."
    for sentence in (
        'The best of "ada@home" and/or "a cat @ 5:30" is 61.2/100 at 12:30.',
        "Cannot write /tmp/x.mp4, C:/x/y.mp4 and scores/x.csv: No space left on device.",
        "Pass `--model server:http://192.0.2.20:9001` or `--database sqlite:///SCORES.sqlite3`.",
        "Choose one of clip:ViT-B/32, server:http://HOST:PORT. Pass `--wifi NAME:PASSWORD`.",
    ):
        assert hide_secrets(sentence) == sentence
    example = "Pass one such as postgresql+psycopg://USER:PASSWORD@HOST/NAME."
    assert hide_secrets(example) == example


@pytest.mark.parametrize(
    "part",
    [" 'a", "`x ", "a:", "[:", ":", "'\"`", "_", "_pass", "@pwd=pwd=", "x=", "'a' ", "("],
)
def test_a_long_message_is_cleaned_in_time_that_grows_with_its_length(part):
    """A library may quote all that it was given, with quotes that are never closed."""
    times = []
    for length in (4_000, 64_000):
        message = part * (length // len(part)) + "a"
        times.append(min(_seconds(lambda text=message: hide_secrets(text)) for _ in range(3)))
    assert times[1] < 0.05 + 64 * times[0], "16 times the length took 256 times as long"


def _seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def test_an_error_keeps_its_parts_across_processes():
    """What failed, the fix, and which parameter is wrong."""
    error = UsageError("seconds must be greater than 0 (got 0).", fix="x", parameter="seconds")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is UsageError
    assert (copy.what, copy.fix, copy.parameter) == (error.what, error.fix, error.parameter)
    assert str(SourceError("a.", fix="b.")) == "a. b."


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 frames"), (1, "1 frame"), (1.0, "1 frame"), (1204, "1,204 frames")],
)
def test_one_is_singular(count, text):
    assert counted(count, "frame") == text
