"""What strangers in the hall may try."""

from __future__ import annotations

import io
import json
import re
import select
import socket
import struct
import time
import zlib

import pytest
import requests
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus

from paintcam.web.pictures import read_picture
from test_web_play import ID, blank_with_ink, live
from web_client import Presenter, Visitor, picture_of, random_strokes
from web_server import SECRET, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("attacks")) as running:
        yield running


@pytest.fixture
def visitor(server):
    return Visitor(server.base)


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, pixels: bytes, *more: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def encoded(kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", options.pop("size", (512, 512)), "white").save(out, kind, **options)
    return out.getvalue()


def animated(kind: str, **options) -> bytes:
    frames = [Image.new("RGB", (512, 512), color) for color in ("white", "red")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100, **options)
    return out.getvalue()


NOT_PICTURES = {
    "nothing": b"",
    "text": b"<script>alert(1)</script>",
    "a bomb of 30,000 × 30,000": png(30_000, 30_000, zlib.compress(b"\0" * 10_000)),
    "a bomb of 65,000 × 65,000": png(65_000, 65_000, zlib.compress(b"\0" * 10_000)),
    "a size that lies": png(512, 512, zlib.compress(b"\0" * 100)),
    "a text bomb": png(
        512,
        512,
        zlib.compress(b"\0" * 513 * 512),
        *[chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 20_000_000, 9))] * 5,
    ),
    "too small": encoded("PNG", size=(511, 512)),
    "too wide": encoded("PNG", size=(1024, 512)),
    "a JPEG called PNG": encoded("JPEG"),
    "a GIF called PNG": encoded("GIF"),
    "a TIFF called PNG": encoded("TIFF", compression="tiff_deflate"),
    "an animation": animated("PNG"),
    "half a picture": picture_of(random_strokes(1))[:-3000],
    "rubbish after the header": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "a pixel too tall": encoded("PNG", size=(512, 513)),
    "a profile that explodes": png(
        512,
        512,
        zlib.compress(b"\0" * 513 * 512),
        chunk(b"iCCP", b"a\0\0" + zlib.compress(b"\0" * 50_000_000, 9)),
        chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"\0" * 50_000_000, 9)),
    ),
    "a still picture with an animation behind it": animated("PNG", default_image=True),
}


@pytest.mark.parametrize("body", NOT_PICTURES.values(), ids=NOT_PICTURES.keys())
def test_anything_but_a_drawing_is_refused(visitor, body):
    """With a reason, at once, and the server goes on."""
    started = time.monotonic()
    answer = visitor.draw(body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]
    assert time.monotonic() - started < 5


def test_an_animated_webp_is_refused(visitor):
    """A still picture is expected."""
    assert visitor.draw(animated("WEBP"), kind="image/webp").status_code == 422


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "image/jpeg", "image/svg+xml", "multipart/form-data"]
)
def test_other_content_types_are_refused(visitor, kind):
    """The accepted ones make a foreign page's browser ask first."""
    assert visitor.draw(kind=kind).status_code == 415


def test_a_polyglot_leaves_nothing_but_pixels(visitor):
    """A picture that is a web page at the same time: what is stored is encoded again."""
    evil = b"<html><script>alert(1)</script>"
    body = png(
        512, 512, zlib.compress((b"\0" + b"\xff" * 512) * 512), chunk(b"tEXt", b"a\0" + evil)
    )
    result = visitor.draw(body + evil).json()
    answer = visitor.get(f"/pictures/{result['id']}.png")
    assert evil not in answer.content
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_of_sixteen_bits_keeps_its_shades():
    """Half gray stays half gray; Pillow alone makes it white."""
    row = b"\0" + b"\x80\x00" * 512
    header = struct.pack(">IIBBBBB", 512, 512, 16, 0, 0, 0, 0)
    body = b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(row * 512)),
            chunk(b"IEND", b""),
        ]
    )
    assert set(read_picture(body, "image/png").image.flat) == {128}


def test_ten_megabytes_are_refused_unread(server, visitor):
    """By the length declared, and where none is declared after a quarter of a megabyte."""
    assert visitor.draw(b"\x89PNG" + b"\0" * 10_000_000).status_code == 413

    def forever():
        for _ in range(2_000):
            yield b"\0" * 65_536

    try:
        answer = visitor.http.put(
            f"{server.base}/api/rounds/1/drawings/{ID}-chunked",
            data=forever(),
            headers={"Content-Type": "image/png"},
            timeout=30,
        )
        assert answer.status_code == 413
    except requests.ConnectionError:
        pass  # the server hung up while the rest was being sent
    assert visitor.draw(blank_with_ink(0.1)).status_code == 200


def test_another_players_drawing_cannot_be_replaced_or_read(tmp_path):
    """Ids may be guessed; cookies may not."""
    with Server(tmp_path, moderation="approve") as server:
        ada, eve = Visitor(server.base), Visitor(server.base)
        result = ada.draw(blank_with_ink(0.1), name="Ada", drawing=ID).json()
        answer = eve.draw(blank_with_ink(0.2), drawing=ID)
        assert answer.status_code == 409
        assert "another player" in answer.json()["error"]
        assert "Ada" not in answer.text
        assert str(result["score"]) not in answer.text
        assert eve.strokes(ID, []).status_code == 404
        assert eve.get(f"/api/drawings/{ID}/strokes").status_code == 404
        assert eve.http.delete(f"{server.base}/api/mine").json() == {"deleted": 0}
        assert ada.get(f"/api/drawings/{ID}").json()["name"] == "Ada"


def test_a_replayed_request_counts_once(server, visitor):
    """Somebody recorded a request and sends it a hundred times."""
    body = blank_with_ink(0.1)
    before = visitor.get("/api/state").json()["players"]
    answers = {visitor.draw(body, drawing=f"{ID}-replayed").text for _ in range(10)}
    assert len(answers) == 1
    assert visitor.get("/api/state").json()["players"] == before + 1


NAMES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\u202egnp.exe\u202c",
    "\x1b[31mred\x07",
    "a\0b",
    "\ud800",
    "Z" + "\u0301" * 200,
    "x" * 10_000,
    "\u200b\u2060",
    "'; DROP TABLE paintcam_turns; --",
    "=cmd|'/c calc'!A0",
    "{{7*7}} ${7*7}",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_names_are_text(server, visitor, name):
    """No control characters, no bidi overrides, no towers, never longer than forty letters."""
    encoded_name = requests.utils.quote(name.encode("utf-8", "surrogatepass"))
    answer = visitor.http.put(
        f"{server.base}/api/rounds/1/drawings/name-{abs(hash(name)):020d}",
        data=blank_with_ink(0.1),
        headers={"Content-Type": "image/png", "Paintcam-Name": encoded_name[:8_000]},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    stored = visitor.get(f"/api/drawings/{answer.json()['id']}").json()["name"]
    assert 0 < len(stored) <= 40
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", stored)


def test_a_rude_name_is_refused_and_the_drawing_kept_for_another_try(visitor):
    """The phone shows the reason; nothing was stored."""
    answer = visitor.draw(blank_with_ink(0.1), name="Naked Ned", drawing=f"{ID}-rude")
    assert answer.status_code == 422
    assert "nickname" in answer.json()["error"]
    assert visitor.draw(blank_with_ink(0.1), name="Ned", drawing=f"{ID}-rude").status_code == 200


BAD_STROKES = {
    "a million points": [{"tool": "brush", "color": "#000000", "points": [1, 2] * 1_000_000}],
    "many points": [{"tool": "brush", "color": "#000000", "points": [1, 2] * 15_001}],
    "an odd number": [{"tool": "brush", "color": "#000000", "points": [1, 2, 3]}],
    "not a number": b'[{"tool": "brush", "points": [NaN, 1]}]',
    "infinity": b'[{"tool": "brush", "points": [1e999, 1]}]',
    "a huge number": [{"tool": "brush", "points": [10**400, 1]}],
    "far outside": [{"tool": "brush", "points": [100_000, 1]}],
    "true": [{"tool": "brush", "points": [True, False]}],
    "a text": [{"tool": "brush", "points": "12"}],
    "markup as colour": [{"tool": "line", "color": "red;}<script>", "points": [1, 2, 3, 4]}],
    "an unknown tool": [{"tool": "__proto__", "points": []}],
    "a huge size": [{"tool": "line", "size": 9999, "points": [1, 2, 3, 4]}],
    "deep nesting": b"[" * 60_000,
    "no list": {"tool": "brush"},
    "not JSON": b"\xff\xfe",
    "pressure that does not match": [{"tool": "brush", "points": [1, 2, 3, 4], "pressure": [1]}],
}


@pytest.mark.parametrize("strokes", BAD_STROKES.values(), ids=BAD_STROKES.keys())
def test_invalid_strokes_are_refused(visitor, strokes):
    """Numbers, counts and bounds; the drawing itself stays."""
    result = visitor.draw(blank_with_ink(0.1)).json()
    assert visitor.strokes(result["id"], strokes).status_code in (413, 422)
    assert visitor.get(f"/api/drawings/{result['id']}/strokes").json() == []


def test_strokes_keep_nothing_but_what_a_replay_needs(visitor):
    """Whatever else was in them is gone."""
    result = visitor.draw(blank_with_ink(0.1)).json()
    stroke = {"tool": "line", "color": "#123456", "size": 4, "points": [1, 2, 3, 4]}
    visitor.strokes(result["id"], [stroke | {"evil": "<script>", "__proto__": {}}])
    assert visitor.get(f"/api/drawings/{result['id']}/strokes").json() == [stroke]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/control"),
        ("GET", "/api/control/scores.csv"),
        ("GET", "/api/control/drawings.zip"),
    ],
)
def test_control_needs_the_secret(server, visitor, method, path):
    """Without it, with a wrong one, and with one in the wrong place."""
    for cookies in ({}, {"paintcam_control": "wrong"}, {"paintcam_control": ""}):
        for headers in ({}, {"Authorization": f"Bearer {SECRET}"}):
            answer = visitor.http.request(
                method,
                f"{server.base}{path}?secret={SECRET}",
                json={"do": "blank", "on": True} if method == "POST" else None,
                cookies=cookies,
                headers=headers,
                timeout=30,
            )
            assert answer.status_code == 403
    assert visitor.get("/control").status_code == 403


def test_the_live_news_of_the_control_page_need_the_secret(server, visitor):
    """A socket without the cookie is refused."""
    with pytest.raises(InvalidStatus):
        live(server, "control", visitor)


@pytest.mark.parametrize("secret", ["", SECRET[:-1], SECRET + "x", "\ud800", "\0", None, [SECRET]])
def test_nothing_but_the_whole_secret_opens_the_control_page(server, visitor, secret):
    """Neither a part of it nor what is no text."""
    url = f"{server.base}/api/control/enter"
    answer = visitor.http.post(url, json={"secret": secret}, timeout=30)
    assert answer.status_code == 403
    assert "paintcam_control" not in answer.headers.get("Set-Cookie", "")


def test_the_secret_cannot_be_guessed(server, visitor):
    """A wrong one is refused, and after some tries the right one is not even looked at."""
    guesses = [
        visitor.http.post(
            f"{server.base}/api/control/enter", json={"secret": f"guess {n}"}, timeout=30
        ).status_code
        for n in range(25)
    ]
    assert set(guesses) <= {403, 429}
    assert guesses[-1] == 429


def test_strangers_cannot_lock_the_presenter_out(server):
    """Somebody behind the same address guesses; the presenter's own link still opens."""
    url = f"{server.base}/api/control/enter"
    for number in range(40):
        headers = {"Origin": server.base}
        requests.post(url, json={"secret": f"guess {number}"}, headers=headers, timeout=30)
    assert Presenter(server.base, SECRET).get("/control").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_another_website_cannot_use_a_visitors_browser(tmp_path_factory, headers):
    """Its origin, or that the browser calls the request cross-site, gives it away."""
    with Server(tmp_path_factory.mktemp("csrf")) as server:
        visitor, presenter = Visitor(server.base), Presenter(server.base, SECRET)
        assert visitor.draw(blank_with_ink(0.1), **headers).status_code == 403
        url = f"{server.base}/api/control"
        act = {"do": "blank", "on": True}
        assert presenter.http.post(url, json=act, headers=headers).status_code == 403
        assert visitor.http.delete(f"{server.base}/api/mine", headers=headers).status_code == 403
        # a form can send this without asking first
        plain = {"Content-Type": "text/plain"}
        assert presenter.http.post(url, data=json.dumps(act), headers=plain).status_code == 415


def test_another_website_cannot_listen(server):
    """A WebSocket carries cookies whatever page opens it: its origin is checked."""
    from websockets.sync.client import connect

    for origin in ("http://evil.example", None):
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{server.port}/live?page=stage", origin=origin)


def test_every_answer_keeps_foreign_code_out(server, visitor):
    """Headers of pages, errors, pictures and static files."""
    for path in ("/", "/stage", "/control", "/help", "/nowhere", "/static/play.js", "/api/state"):
        headers = visitor.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers


def test_the_visitors_cookie_is_out_of_reach_for_scripts(server):
    """And is not sent along from other sites."""
    cookie = requests.get(server.base, timeout=30).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_host_header_cannot_break_the_policy(server):
    """It becomes part of a header only where it is a host."""
    headers = {"Host": "a; script-src 'unsafe-inline'"}
    policy = requests.get(f"{server.base}/", headers=headers).headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "/static/../site.py",
        "/static/%2e%2e/site.py",
        "/static/..%2fsite.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/vendor",
        "/pictures/..%2f..%2fscores.sqlite3.png",
        "/pictures/%00.png",
        "/d/../../etc/passwd",
        "/api/drawings/a%00-drawing-id-of-22-chars",
        "/api/drawings/%ff",
        "/p/%2e%2e",
    ],
)
def test_no_path_leads_out(server, path):
    """Sent as it is, not as a client would tidy it up."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := raw.recv(65_536):
            answer += part
    assert answer.split(b" ")[1] in (b"404", b"400"), answer[:200]
    assert b"root:" not in answer
    assert b"SQLite" not in answer


def test_a_flood_of_messages_ends_the_connection(server, visitor):
    """Pages never send any."""

    def flood(page) -> None:
        for _ in range(10_000):
            page.send("x" * 100)
            time.sleep(0.001)

    with live(server, "stage", visitor) as page, pytest.raises(ConnectionClosed):
        flood(page)


def test_a_message_of_a_megabyte_ends_the_connection(server, visitor):
    """It is not even read."""

    def listen(page) -> None:
        page.send("x" * 1_000_000)
        for _ in range(100):
            page.recv(10)

    with live(server, "stage", visitor) as page, pytest.raises(ConnectionClosed):
        listen(page)


def test_one_visitor_opens_eight_pages_at_most(server, visitor):
    """And may open others when some are closed."""
    pages = [live(server, "stage", visitor) for _ in range(8)]
    with pytest.raises(InvalidStatus):
        live(server, "stage", visitor)
    for page in pages:
        page.close()
    server.until(lambda: _opens(server, visitor))


def _opens(server, visitor) -> bool:
    try:
        live(server, "stage", visitor).close()
    except InvalidStatus:
        return False
    return True


def test_one_visitor_sends_thirty_drawings_a_minute_and_a_hall_is_not_locked_out(tmp_path):
    """The cookie's limit comes first; the others behind the same address go on."""
    with Server(tmp_path) as server:
        eager, other = Visitor(server.base), Visitor(server.base)
        body = picture_of(random_strokes(1))
        codes = [eager.draw(body).status_code for _ in range(31)]
        assert codes.count(200) >= 1
        refused = eager.draw(body)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert other.draw(body).status_code == 200


def upload(server, cookie: str, drawing: str) -> bytes:
    """The first bytes of a drawing whose rest never comes."""
    host = f"127.0.0.1:{server.port}"
    return (
        f"PUT /api/rounds/1/drawings/{drawing} HTTP/1.1\r\nHost: {host}\r\n"
        f"Origin: http://{host}\r\nCookie: {cookie}\r\nContent-Type: image/png\r\n"
        "Content-Length: 1000\r\n\r\n\x89PNG"
    ).encode("latin-1")


def ended(raw: socket.socket) -> bool:
    """Whether the server hangs up within some seconds."""
    raw.settimeout(8)
    try:
        while raw.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_slow_uploads_do_not_keep_the_hall_from_sending(server):
    """Phones that send their drawings byte by byte hold no place in the judge's queue."""
    slow = []
    for _ in range(24):
        cookies = Visitor(server.base).http.cookies.items()
        cookie = "; ".join(f"{name}={value}" for name, value in cookies)
        for number in range(3):
            raw = socket.create_connection(("127.0.0.1", server.port), 10)
            raw.sendall(upload(server, cookie, f"{ID}-slow-{number}"))
            slow.append(raw)
    other = Visitor(server.base)
    assert other.draw(blank_with_ink(0.1)).status_code == 200
    cookie = "; ".join(f"{name}={value}" for name, value in other.http.cookies.items())
    for number in range(4):
        raw = socket.create_connection(("127.0.0.1", server.port), 10)
        raw.sendall(upload(server, cookie, f"{ID}-many-{number}"))
        slow.append(raw)
    answered, _, _ = select.select(slow[-4:], [], [], 10)
    assert [raw.recv(100).split(b" ")[1] for raw in answered] == [b"429"], "one of four at once"
    for raw in slow:
        raw.close()
    server.until(lambda: other.draw(blank_with_ink(0.1)).status_code == 200)


def test_slow_headers_are_cut_off(server, monkeypatch):
    """A thousand connections that send a byte now and then must not be kept forever."""
    monkeypatch.setattr("paintcam.web.protocol._HEADERS_S", 0.5)
    slow = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(20)]
    for each in slow:
        each.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    started = time.monotonic()
    assert all(ended(each) for each in slow)
    assert time.monotonic() - started < 8
    assert Visitor(server.base).get("/api/state").status_code == 200


def test_a_slow_second_request_is_cut_off(server, monkeypatch):
    """Also on a connection that has been answered before."""
    monkeypatch.setattr("paintcam.web.protocol._HEADERS_S", 0.5)
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        raw.sendall(b"GET /help HTTP/1.1\r\nHost: x\r\n\r\n")
        raw.recv(65_536)
        time.sleep(0.3)
        raw.sendall(b"GET /help HTTP/1.1\r\n")
        raw.settimeout(8)
        assert ended(raw)


def test_a_slow_body_is_cut_off(server, visitor, monkeypatch):
    """The judge's queue is not held by somebody who sends nothing."""
    monkeypatch.setattr("paintcam.web.requests._BODY_S", 0.5)
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.http.cookies.items())
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        raw.sendall(upload(server, cookie, f"{ID}-slow"))
        assert raw.recv(100).split(b" ")[1] == b"408"


@pytest.mark.parametrize(
    "head",
    [
        "GET /help HTTP/1.1\r\n",  # no Host
        "GET /help HTTP/1.1\r\nHost: x\r\nHost: y\r\n",
        "GET /help HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        "GET /help HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n",
        "GET /help HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n",
        "GET /help HTTP/1.1\r\nHost : x\r\n",
        "GET /help HTTP/1.1\r\nHost: x\r\n folded: y\r\n\tz\r\n\0: b\r\n",
        "GET /help\r\nHost: x\r\n",
        "GET  /help  HTTP/1.1\r\nHost: x\r\n",
    ],
    ids=ascii,
)
def test_a_request_that_two_readers_could_read_differently_is_refused(server, head):
    """So no second request can hide in the first one."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        raw.sendall(f"{head}\r\n".encode())
        assert raw.recv(100).split(b" ")[1] == b"400"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PATCH", "x"])
def test_other_methods_change_nothing(server, visitor, method):
    """HEAD answers like GET, all others are refused."""
    for path in ("/", "/control", "/api/state", "/api/control/scores.csv", "/static/play.js"):
        answer = visitor.http.request(method, server.base + path, timeout=30)
        assert answer.status_code == (visitor.get(path).status_code if method == "HEAD" else 405)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_forged_address_is_not_believed(server, visitor):
    """X-Forwarded-For counts only from a proxy that was named."""
    from starlette.requests import Request

    from paintcam.web.security import address_of

    def request_from(client: str, forwarded: str) -> Request:
        headers = [(b"x-forwarded-for", forwarded.encode())]
        return Request({"type": "http", "client": (client, 1), "headers": headers})

    assert address_of(request_from("10.0.0.9", "1.2.3.4"), []) == "10.0.0.9"
    assert address_of(request_from("10.0.0.1", "1.2.3.4"), ["10.0.0.1"]) == "1.2.3.4"
    assert address_of(request_from("10.0.0.1", "6.6.6.6, 1.2.3.4"), ["10.0.0.1"]) == "1.2.3.4"
    assert address_of(request_from("10.0.0.1", "1.2.3.4, 10.0.0.2"), ["10.0.0.0/8"]) == "1.2.3.4"
    assert address_of(request_from("10.0.0.1", "rubbish"), ["10.0.0.1"]) == "rubbish"


def test_a_visitor_without_a_cookie_gets_the_reason(server):
    """And a forged one of another form is none."""
    for cookies in ({}, {"paintcam_visitor": "x"}, {"paintcam_visitor": "x" * 5_000}):
        answer = requests.put(
            f"{server.base}/api/rounds/1/drawings/{ID}-cookie",
            data=b"x",
            headers={"Content-Type": "image/png", "Origin": server.base},
            cookies=cookies,
            timeout=30,
        )
        assert answer.status_code == 403
        assert "ookies" in answer.json()["error"]
