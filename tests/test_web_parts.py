"""Parts of the website that need no server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket

import pytest

from paintcam.errors import UsageError
from paintcam.web import qr
from paintcam.web.address import ServeError, _ranked, lan_addresses, listen
from paintcam.web.admission import Admission, BusyError
from paintcam.web.moderation import ANONYMOUS, NameRefusedError, checked_name
from paintcam.web.protocol import RequestLog
from paintcam.web.security import may_control, player_id_of
from paintcam.web.settings import WebSettings


@pytest.mark.parametrize(
    ("interfaces", "default", "best"),
    [
        ({"lo": ["127.0.0.1"], "wlan0": ["192.168.1.20"]}, None, "192.168.1.20"),
        ({"docker0": ["172.17.0.1"], "eth0": ["192.168.1.20"]}, None, "192.168.1.20"),
        # a VPN has the way to the internet; phones are in the Wi-Fi
        ({"tun0": ["10.8.0.2"], "wlp3s0": ["192.168.1.20"]}, "10.8.0.2", "192.168.1.20"),
        ({"tailscale0": ["100.90.1.1"], "eth0": ["10.0.0.5"]}, None, "10.0.0.5"),
        ({"utun3": ["10.8.0.2"], "en0": ["192.168.1.20"]}, "10.8.0.2", "192.168.1.20"),
        # a hotspot of this computer, and a cable to the internet
        ({"eth0": ["192.168.1.20"], "wlan0": ["10.42.0.1"]}, "192.168.1.20", "10.42.0.1"),
        ({"en7": ["192.168.1.20"], "bridge100": ["192.168.2.1"]}, "192.168.1.20", "192.168.2.1"),
        (
            {"vEthernet (WSL)": ["172.20.0.1"], "Wi-Fi": ["192.168.1.20"]},
            None,
            "192.168.1.20",
        ),
        (
            {"VMware Network Adapter VMnet8": ["192.168.8.1"], "Ethernet": ["10.1.1.1"]},
            None,
            "10.1.1.1",
        ),
        (
            {"br-8a1c": ["172.18.0.1"], "veth1": ["10.0.9.1"], "eno1": ["10.1.1.1"]},
            None,
            "10.1.1.1",
        ),
        ({"eth0": ["169.254.3.4"], "eth1": ["10.1.1.1"]}, None, "10.1.1.1"),
        ({"eth0": ["10.1.1.1"], "eth1": ["10.2.2.2"]}, "10.2.2.2", "10.2.2.2"),
    ],
)
def test_the_address_that_phones_can_reach(interfaces, default, best):
    """Not a VPN, not docker0; the hotspot before the cable."""
    assert _ranked(interfaces, default)[0].address == best


def test_a_computer_in_no_network_has_no_address():
    """Loopback and VPNs do not count."""
    assert _ranked({"lo": ["127.0.0.1"], "wg0": ["10.0.0.1"]}, None) == []
    assert all(each.address != "127.0.0.1" for each in lan_addresses())


def test_a_taken_port_is_skipped():
    """The next free one is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with listen("127.0.0.1", port) as found:
            assert port < found.getsockname()[1] <= port + 20


def test_an_address_of_another_computer_is_an_error():
    """With what to pass instead."""
    with pytest.raises(UsageError, match=r"192\.0\.2\.1") as caught:
        listen("192.0.2.1", 0)
    assert caught.value.fix.startswith("Pass")


def test_no_free_port_is_an_error(monkeypatch):
    """Twenty in a row are taken."""

    def taken(*_args, **_options):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(socket, "create_server", taken)
    with pytest.raises(ServeError, match="8000 to 8019"):
        listen("", 8000)


def test_qr_codes_are_plain_svg():
    """No script, no style, any size."""
    svg = qr.svg("http://192.168.1.20:8000/").decode()
    assert re.match(r"<svg[^>]+viewBox", svg)
    assert "width=" not in svg.split(">")[0]
    assert "<script" not in svg
    assert len(qr.terminal("http://192.168.1.20:8000/").splitlines()) > 10


def test_the_wifi_code_escapes_what_phones_would_misread():
    """A password may hold semicolons, colons and quotes."""
    assert qr.wifi_text("Hall", "secret") == "WIFI:T:WPA;S:Hall;P:secret;;"
    assert qr.wifi_text("Hall", "") == "WIFI:S:Hall;;"
    assert qr.wifi_text("a;b", 'c:"d\\') == r"WIFI:T:WPA;S:a\;b;P:c\:\"d\\;;"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("", ANONYMOUS),
        ("\u200b\u2060", ANONYMOUS),
        ("\u202eAda", "Ada"),
        ("זהבה", "זהבה"),
        ("👩‍🎨", "👩‍🎨"),
        ("x" * 41, "x" * 40),
        ("e" + "\u0316" * 20, "e" + "\u0316" * 3),
        ("Butterworth", "Butterworth"),
    ],
)
def test_nicknames_as_they_are_shown(name, shown):
    """Any text, made safe for a stage."""
    assert checked_name(name) == shown


def test_a_rude_nickname_is_refused():
    """By the word list."""
    with pytest.raises(NameRefusedError):
        checked_name("naked ned")


def test_admission_lets_in_what_can_be_answered_in_about_a_second():
    """A fast judge takes many, a slow one few, and never fewer than a batch."""
    admission = Admission()
    admission._done_s = 0.01
    assert admission.most == 64
    admission._done_s = 1.0
    assert admission.most == 8
    entered = [admission.__enter__() for _ in range(8)]
    with pytest.raises(BusyError) as caught:
        admission.__enter__()
    assert caught.value.retry_after_s >= 1
    for _ in entered:
        admission.__exit__()
    with admission:
        pass


def test_settings_reach_the_server_process_unchanged():
    """As one line of JSON."""
    settings = WebSettings(
        ("a house", "ein Käse"), "secret", "http://x", "/tmp/x", wifi=("a", "b"), score_range=(0, 1)
    )
    assert WebSettings.from_json(settings.as_json()) == settings
    assert "\n" not in settings.as_json()


def test_the_log_has_no_secrets():
    """Neither queries nor headers."""
    import logging

    arguments = ("127.0.0.1:1", "GET", "/control?secret=x", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", 20, "", 1, "%s %s %s %s %d", arguments, None)
    assert RequestLog().format(record) == "127.0.0.1:1 GET /control 200"


def test_secrets_of_any_characters_are_compared():
    """Also what is not ASCII."""
    assert may_control("abc", "abc")
    assert not may_control("äöü", "abc")
    assert not may_control("", "abc")


def test_the_database_does_not_know_the_cookie():
    """Only a digest of it."""
    assert "visitor-id" not in player_id_of("visitor-id")
    assert player_id_of("visitor-id") == player_id_of("visitor-id") != player_id_of("visitor-ie")


def test_news_are_sent_rarely_and_urgent_ones_at_once(monkeypatch):
    """35 drawings a second cost a phone one message every two seconds."""
    from paintcam.web.live import Hub

    class Page:
        def __init__(self):
            self.sent = []

        async def send_text(self, text):
            self.sent.append(text)

        async def receive(self):
            await asyncio.sleep(3600)

        async def close(self, code):
            pass

    async def play() -> tuple[int, int]:
        hub = Hub(lambda error: pytest.fail(str(error)))
        hub.start()
        page, state = Page(), {"n": 0}
        following = asyncio.create_task(hub.follow(page, "play", lambda: dict(state), 10.0))
        for _ in range(20):
            await asyncio.sleep(0.02)
            state["n"] += 1
            hub.changed()
        rare = len(page.sent)
        state["n"] += 1
        hub.changed(urgent=True)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if len(page.sent) > rare:
                break
        urgent = len(page.sent)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert hub.pages == 0
        await hub.close()
        return rare, urgent

    rare, urgent = asyncio.run(play())
    assert rare <= 2
    assert urgent == rare + 1


def test_a_page_that_accepts_no_message_is_disconnected(monkeypatch):
    """Its phone is in a pocket, or far from the Wi-Fi."""
    from paintcam.web import live

    monkeypatch.setattr(live, "_SEND_S", 0.1)

    class Dead:
        closed = False

        async def send_text(self, text):
            await asyncio.sleep(3600)

        async def receive(self):
            await asyncio.sleep(3600)

        async def close(self, code):
            self.closed = True

    async def play() -> bool:
        hub = live.Hub(lambda error: None)
        hub.start()
        dead = Dead()
        await asyncio.wait_for(hub.follow(dead, "play", lambda: {"a": 1}, 1.0), 5)
        return dead.closed

    assert asyncio.run(play())


def test_the_clock_that_is_set_changes_no_round_and_no_limit(monkeypatch):
    """A hotspot brings the right time, an hour earlier or later."""
    import time

    from paintcam.web import clock
    from paintcam.web.limits import Limits, TooManyError

    right = time.time
    limits, before = Limits(), clock.now()
    for _ in range(6):
        limits.check("delete", "ada", "10.0.0.1")
    with pytest.raises(TooManyError):
        limits.check("delete", "ada", "10.0.0.1")
    monkeypatch.setattr(time, "time", lambda: right() - 3600)
    assert clock.now() - before < 60
    for _ in range(6):
        limits.check("delete", "ada", "10.0.0.1")
    with pytest.raises(TooManyError) as caught:
        limits.check("delete", "ada", "10.0.0.1")
    assert caught.value.retry_after_s <= 60


def test_what_is_under_way_is_counted_while_it_lasts():
    """By visitor, by address and in all; and not when it is over."""
    from paintcam.web.limits import Limits, TooManyError

    limits = Limits()
    with contextlib.ExitStack() as counted:
        for _ in range(3):
            counted.enter_context(limits.under_way("uploads", "ada", "10.0.0.1"))
        with pytest.raises(TooManyError), limits.under_way("uploads", "ada", "10.0.0.1"):
            pass
        with limits.under_way("uploads", "bob", "10.0.0.1"), limits.under_way("pages", "ada", "x"):
            pass
        for number in range(297):
            counted.enter_context(limits.under_way("uploads", f"v{number}", "10.0.0.1"))
        with pytest.raises(TooManyError), limits.under_way("uploads", "bob", "10.0.0.1"):
            pass
        with limits.under_way("uploads", "bob", "10.0.0.2"):
            pass
    assert not limits._under_way


def test_a_page_hears_the_state_again_where_nothing_changes(monkeypatch):
    """So that it knows a dead connection from a quiet hall."""
    from paintcam.web import live

    monkeypatch.setattr(live, "_REPEAT_S", 0.05)

    class Page:
        def __init__(self):
            self.sent = []

        async def send_text(self, text):
            self.sent.append(json.loads(text))

        async def receive(self):
            await asyncio.sleep(3600)

        async def close(self, code):
            pass

    async def play() -> list[dict]:
        hub, page = live.Hub(lambda error: None), Page()
        hub.start()
        following = asyncio.create_task(hub.follow(page, "play", lambda: {"a": 1}, 1.0))
        for _ in range(200):
            await asyncio.sleep(0.02)
            if len(page.sent) > 2:
                break
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        return page.sent

    sent = asyncio.run(play())
    assert len(sent) > 2
    assert {each["a"] for each in sent} == {1}
    assert sent[1]["now"] > sent[0]["now"]


def test_a_server_that_hangs_is_replaced(monkeypatch):
    """It was alive, then says nothing any more: it is killed and started again."""
    from paintcam.web import supervisor

    code = """
import sys, time
print('{"type": "ready"}', flush=True)
for _ in range(3):
    time.sleep(0.1)
    print('{"type": "alive"}', flush=True)
time.sleep(60)
"""
    monkeypatch.setattr(supervisor, "_CODE", code)
    monkeypatch.setattr(supervisor, "_HUNG_S", 1.0)
    settings = WebSettings(("a house",), "secret", "http://x", "/tmp/x")
    notices = []
    with listen("127.0.0.1", 0) as listening:

        def notice(text: str) -> None:
            notices.append(text)
            watched.stop()

        watched = supervisor.Supervisor(settings, listening, lambda message: None, notice)
        watched.run()
    assert notices == [
        "The server process ended (code -9): It did not respond for 1 s. Starting it again."
    ]
