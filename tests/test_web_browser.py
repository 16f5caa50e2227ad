"""The website as people use it: in Chromium, under a name that is not localhost, on plain HTTP."""

from __future__ import annotations

import json
import time
from importlib.resources import files
from pathlib import Path

import pytest

import browser as browsers
from browser import Browser
from paintcam.leaderboard import Leaderboard
from web_client import Presenter, Visitor, house_strokes, picture_of
from web_server import SECRET, Server

pytestmark = pytest.mark.skipif(
    browsers.available() is not None, reason=browsers.available() or "there is a browser"
)

ZIGZAG = [(0.2 + 0.06 * step, 0.3 + 0.1 * (step % 2)) for step in range(10)]
BOX = [(0.3, 0.5), (0.3, 0.8), (0.7, 0.8), (0.7, 0.5), (0.3, 0.5)]
PHONE, DESKTOP = (320, 640), (1280, 720)
TOP = "return document.querySelector('#paper').getBoundingClientRect().top"
"""Where the paper begins: nothing may move it under a hand."""
FIVE = "return document.querySelectorAll('#best li').length === 5"
BOX_OF = """
    const box = document.querySelector(arguments[0]).getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom]"""


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def phones():
    with Browser(0, PHONE, phone=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def desktops():
    with Browser(0, DESKTOP) as opened:
        yield opened


@pytest.fixture
def phone(server, phones):
    """A phone; starting a browser takes seconds, so that the tests share two of them."""
    phones.visit(server.port, PHONE)
    return phones


@pytest.fixture
def desktop(server, desktops):
    """A computer with a mouse."""
    desktops.visit(server.port, DESKTOP)
    return desktops


def open_play(browser: Browser, path: str = "/") -> None:
    browser.open(path)
    browser.until(lambda: browser.text("#prompt") not in ("…", ""))
    assert browser.run("return window.isSecureContext") is False
    assert browser.run("return typeof crypto.randomUUID") == "undefined"


def choose(browser: Browser, name: str, value: str) -> None:
    browser.run(
        "document.querySelector(`input[name='${arguments[0]}'][value='${arguments[1]}']`).click()",
        name,
        value,
    )


def submit(browser: Browser) -> None:
    browser.click("#submit")
    browser.until(lambda: browser.visible("#result"))


def clean(browser: Browser) -> bool:
    """Whether the page complained about nothing: no error, no blocked resource."""
    return [text for text in browser.messages() if "SEVERE" in text or "Error" in text] == []


def test_draw_with_a_finger_submit_and_see_the_rank(server, phone):
    """The whole way of a visitor, on the smallest phone."""
    open_play(phone)
    assert phone.find("#submit").get_attribute("disabled")
    phone.touch(ZIGZAG)
    drawn = phone.ink()
    assert drawn > 500
    phone.find("#name").send_keys("Ada")
    submit(phone)
    phone.until(lambda: phone.text("#rank") == "You rank 1 of 1")
    phone.until(lambda: float(phone.text("#score")) > 0)
    shown = Visitor(server.base).get("/api/state").json()
    phone.until(lambda: phone.run("return document.querySelectorAll('#best li').length") == 1)
    assert Visitor(server.base).get("/api/state").json()["best"][0]["name"] == "Ada"
    assert shown["players"] == 1
    phone.click("#again")
    phone.until(lambda: phone.visible("#paper"))
    assert phone.ink() == 0
    assert clean(phone)


def test_draw_with_a_mouse_and_with_every_tool(desktop):
    """Brush, eraser, line, rectangle, ellipse, colours and sizes."""
    open_play(desktop)
    desktop.mouse(ZIGZAG)
    before = desktop.ink()
    assert before > 500
    choose(desktop, "tool", "eraser")
    choose(desktop, "size", "44")
    desktop.mouse(ZIGZAG)
    assert desktop.ink() < before / 10
    choose(desktop, "tool", "line")
    choose(desktop, "size", "10")
    choose(desktop, "color", "#ed1c24")
    desktop.mouse([(0.1, 0.1), (0.5, 0.9), (0.9, 0.1)])  # a line goes from first to last
    assert desktop.pixel(0.5, 0.1) == [237, 28, 36]
    assert desktop.pixel(0.5, 0.5) == [255, 255, 255]
    choose(desktop, "tool", "rectangle")
    desktop.mouse([(0.2, 0.2), (0.8, 0.8)])
    assert desktop.pixel(0.2, 0.5) == desktop.pixel(0.5, 0.8) == [237, 28, 36]
    choose(desktop, "tool", "ellipse")
    desktop.mouse([(0.3, 0.3), (0.7, 0.7)])
    assert desktop.pixel(0.5, 0.3) == [237, 28, 36]
    assert desktop.pixel(0.3, 0.3) == [255, 255, 255]
    assert clean(desktop)


def test_a_pen_draws_thicker_where_it_is_pressed(desktop):
    """And the palm beside it draws nothing."""
    open_play(desktop)
    desktop.pen([(0.2, 0.3), (0.5, 0.3), (0.8, 0.3)], 0.1)
    thin = desktop.ink()
    desktop.pen([(0.2, 0.6), (0.5, 0.6), (0.8, 0.6)], 0.95)
    assert desktop.ink() - thin > 1.5 * thin
    before = desktop.ink()
    palm = ("touch", 7, 0.9, 0.9)
    pen = [("pen", 8, 0.2 + 0.1 * step, 0.8) for step in range(6)]
    desktop.point(("pointerdown", *palm), ("pointerdown", *pen[0]))
    desktop.point(*(("pointermove", *spot) for spot in pen), ("pointermove", *palm))
    desktop.point(("pointerup", *pen[-1]), ("pointerup", *palm))
    assert desktop.ink() > before + 500, "the palm that was there first stops the pen"
    assert desktop.pixel(0.9, 0.9) == [255, 255, 255]


def test_the_bucket_fills_what_is_enclosed_and_nothing_else(phone):
    """At the finger, also where the canvas is shown smaller than it is; up to soft edges."""
    open_play(phone)
    choose(phone, "tool", "ellipse")
    phone.touch([BOX[0], BOX[2]])
    choose(phone, "tool", "fill")
    choose(phone, "color", "#22b14c")
    phone.touch([(0.5, 0.65)])
    phone.until(lambda: phone.pixel(0.5, 0.65) == [34, 177, 76])
    assert phone.pixel(0.1, 0.1) == [255, 255, 255]
    # between the middle of the line and the middle of the paper
    light = phone.run(
        """
        const {data} = document.querySelector('#paper canvas').getContext('2d')
          .getImageData(0, 0, 512, 512);
        const light = [];
        for (let y = 0; y < 512; y += 1) {
          for (let x = 0; x < 512; x += 1) {
            const inside = Math.hypot((x - 256) / 102, (y - 333) / 77) < 1;
            const at = 4 * (512 * y + x);
            if (inside && data[at] > 150) light.push([x, y, ...data.slice(at, at + 3)]);
          }
        }
        return light"""
    )
    assert light == [], "a white fringe between line and fill"
    choose(phone, "color", "#ed1c24")
    phone.touch([(0.05, 0.05)])
    phone.until(lambda: phone.pixel(0.05, 0.05) == [237, 28, 36])
    assert phone.pixel(0.5, 0.999) == [237, 28, 36], "the last row"
    assert phone.pixel(0.5, 0.65) == [34, 177, 76]
    # whoever draws on at once, while the pixels are being filled, loses no line
    choose(phone, "color", "#fff200")
    finger = ("touch", 9)
    phone.run("""
        document.querySelector('#paper').addEventListener('pointerup', () => {
          document.querySelector('input[value=brush]').click();
          document.querySelector('input[value="#000000"]').click();
        }, {once: true})""")
    phone.point(
        *((name, *finger, 0.5, 0.65) for name in ("pointerdown", "pointerup")),
        ("pointerdown", *finger, 0.1, 0.1),
        ("pointermove", *finger, 0.5, 0.1),
        ("pointerup", *finger, 0.9, 0.1),
    )
    phone.until(lambda: phone.pixel(0.5, 0.65) == [255, 242, 0])
    phone.until(lambda: phone.pixel(0.4, 0.1) == phone.pixel(0.85, 0.1) == [0, 0, 0])


def test_two_fingers_never_draw(phone):
    """Whoever pinches leaves no line, and the page does not move."""
    open_play(phone)
    phone.touch([(0.2, 0.2), (0.4, 0.4), (0.6, 0.6)], [(0.8, 0.2), (0.7, 0.4), (0.6, 0.5)])
    assert phone.ink() == 0
    phone.touch(ZIGZAG)
    drawn = phone.ink()
    assert drawn > 500
    assert phone.run("return [scrollX, scrollY, visualViewport.scale]") == [0, 0, 1]
    one, other = ("touch", 1), ("touch", 2)
    phone.point(("pointerdown", *one, 0.2, 0.7), ("pointermove", *one, 0.5, 0.7))
    time.sleep(0.6)
    phone.point(("pointermove", *one, 0.8, 0.9), ("pointerdown", *other, 0.9, 0.9))
    phone.point(("pointermove", *one, 0.8, 0.2), ("pointermove", *other, 0.9, 0.2))
    phone.point(("pointerup", *one, 0.8, 0.2), ("pointerup", *other, 0.9, 0.2))
    assert phone.ink() > drawn + 500, "a long line is lost when the hand touches the glass"
    assert phone.pixel(0.8, 0.5) == phone.pixel(0.9, 0.5) == [255, 255, 255]


def test_the_page_does_not_scroll_under_a_drawing_hand(server, phone):
    """Also where it is longer than the screen."""
    phone.resize((320, 420))
    open_play(phone)
    phone.touch([(0.5, 0.9), (0.5, 0.6), (0.5, 0.3), (0.5, 0.05)])
    assert phone.run("return scrollY") == 0
    assert phone.ink() > 300


def test_undo_and_redo_fifty_steps_and_clear(desktop):
    """Each step is one stroke; clear can be undone as well."""
    open_play(desktop)
    states = [0]
    for step in range(52):
        y = 0.02 + 0.018 * step
        desktop.mouse([(0.1, y), (0.3 + 0.01 * step, y)])
        states.append(desktop.ink())
    for step in range(50):
        desktop.click("#undo")
        desktop.until(lambda step=step: desktop.ink() == states[-2 - step])
    assert desktop.find("#undo").get_attribute("disabled")
    for step in range(50):
        desktop.click("#redo")
        desktop.until(lambda step=step: desktop.ink() == states[3 + step])
    desktop.click("#clear")
    desktop.until(lambda: desktop.ink() == 0)
    assert desktop.find("#submit").get_attribute("disabled")
    desktop.click("#undo")
    desktop.until(lambda: desktop.ink() == states[-1])
    desktop.find("body").send_keys("\ue009z")  # Control z
    desktop.until(lambda: desktop.ink() == states[-2])


def test_a_drawing_survives_a_reload(phone):
    """Pixel by pixel, with undo."""
    open_play(phone)
    phone.touch(ZIGZAG)
    one = phone.ink()
    phone.touch(BOX)
    choose(phone, "tool", "fill")
    phone.touch([(0.5, 0.65)])
    phone.until(lambda: phone.pixel(0.5, 0.65) == [0, 0, 0])
    picture = "return document.querySelector('#paper canvas').toDataURL()"
    before = phone.run(picture)
    open_play(phone)
    phone.until(lambda: phone.run(picture) == before)
    phone.click("#undo")
    phone.click("#undo")
    phone.until(lambda: phone.ink() == one)
    submit(phone)
    open_play(phone)
    time.sleep(0.3)
    assert phone.ink() == 0, "what was accepted is not offered again"


def test_submit_succeeds_when_the_server_answers_again(server, phone, tmp_path):
    """Sent while it was away, counted once; the page says so, and connects again by itself."""
    open_play(phone)
    phone.touch(ZIGZAG)
    top = phone.run(TOP)
    server.__exit__()
    phone.until(lambda: phone.text("#hint").startswith("No connection"))
    phone.click("#submit")
    phone.until(lambda: "kept here" in phone.text("#notice"), 60)
    assert phone.run(TOP) == top
    phone.driver.refresh()
    with pytest.raises(AssertionError):
        phone.until(lambda: phone.text("#prompt") not in ("…", ""), 1)
    # the browser shows its own error page; the visitor comes back later
    with _again(tmp_path, server.port) as back:
        back.until(lambda: back.ready)
        phone.open("/")
        phone.until(lambda: phone.visible("#result"), 60)
        assert Visitor(back.base).get("/api/state").json()["players"] == 1


def _again(folder: Path, port: int) -> Server:
    from paintcam.web.address import listen

    server = Server(folder)
    server.listening.close()
    server.listening = listen("127.0.0.1", port)
    server.port, server.base = port, f"http://127.0.0.1:{port}"
    return server


def test_two_browsers_are_two_players_with_one_name(server, phone, desktop):
    """Names do not identify anybody."""
    for browser, points in ((phone, ZIGZAG), (desktop, BOX)):
        open_play(browser)
        browser.find("#name").send_keys("Ada")
        (browser.touch if browser is phone else browser.mouse)(points)
        submit(browser)
    desktop.until(lambda: desktop.text("#rank").endswith("of 2"))
    assert [each["name"] for each in Visitor(server.base).get("/api/state").json()["best"]] == [
        "Ada",
        "Ada",
    ]


def test_names_and_prompts_are_text_on_every_page(server, phone, desktop):
    """No markup comes alive."""
    evil = "<img src=x onerror=document.body.id=1>"
    presenter = Presenter(server.base, SECRET)
    presenter.act("open", prompt=f"a {evil} house")
    result = Visitor(server.base).draw(picture_of(house_strokes()), name=evil, slug="2").json()
    for path, place in (
        ("/", "#prompt"),
        ("/stage", "#wall .name"),
        (f"/d/{result['id']}", "#who"),
    ):
        desktop.open(path)
        desktop.until(lambda place=place: "<img" in desktop.text(place))
        time.sleep(0.2)
        assert desktop.run("return document.body.id") == ""
    phone.open(f"/control#{SECRET}")
    phone.until(lambda: "<img" in phone.text("#recent p"))
    assert phone.run("return document.body.id") == ""


def test_the_stage_shows_drawings_as_they_arrive(server, desktop):
    """Prompt, code, count, newest, best; and nothing is left of a hidden one."""
    desktop.open("/stage")
    desktop.until(lambda: desktop.text("#prompt") == "a house")
    assert desktop.run("return document.querySelector('#code').naturalWidth") > 0
    left, top, right, bottom = desktop.run(BOX_OF, "#code")
    assert min(right - left, bottom - top) > DESKTOP[1] / 2, "too small for the last row"
    ids = []
    for index in range(14):
        visitor = Visitor(server.base)
        result = visitor.draw(picture_of(house_strokes(index)), name=f"Player {index}").json()
        ids.append(result["id"])
    shown = "return [...document.querySelectorAll('#wall li')].map((item) => item.dataset.id)"
    desktop.until(lambda: desktop.run(shown) == ids[:1:-1])
    assert desktop.text("#players") == "14"
    assert desktop.run("return document.querySelectorAll('#best li').length") == 5
    Presenter(server.base, SECRET).act("moderate", ids=[ids[-1]], state="hidden")
    desktop.until(lambda: desktop.run(shown)[0] == ids[-2])
    desktop.find("body").send_keys("b")
    desktop.until(lambda: desktop.run("return !document.querySelector('#blank').hidden"))
    desktop.find("body").send_keys("B")  # with caps lock
    desktop.until(lambda: desktop.run("return document.querySelector('#blank').hidden"))
    desktop.find("body").send_keys("q")  # the codes again, for those who come late
    desktop.until(lambda: not desktop.visible("#wall"))
    desktop.find("body").send_keys("q")
    desktop.until(lambda: desktop.visible("#wall"))
    assert clean(desktop)


@pytest.mark.parametrize("wh", [(1280, 720), (1024, 768), (3840, 2160)])
def test_the_stage_fits_on_the_screen_with_the_longest_prompt(tmp_path, desktops, wh):
    """Both codes, the count and five names; nothing is cut off, nothing needs scrolling."""
    settings = {"wifi": ("Hall", "secret"), "public_url": "http://192.168.100.200:8000"}
    with Server(tmp_path, prompts=("wondrous " * 13,), minutes=5, **settings) as server:
        desktops.visit(server.port, wh)
        for index in range(5):
            name = "a rather long nickname of forty letters!"
            Visitor(server.base).draw(picture_of(house_strokes(index)), name=name)
        desktops.open("/stage")
        desktops.until(lambda: desktops.run(FIVE))
        for selector in ("#prompt", "#clock", "#code", "#wifi-code", "#address", "#count", "#best"):
            left, top, right, bottom = desktops.run(BOX_OF, selector)
            assert min(left, top) >= 0, selector
            assert right <= wh[0], selector
            assert bottom <= wh[1], selector
        code, count = desktops.run(BOX_OF, "#address"), desktops.run(BOX_OF, "#count")
        assert code[3] <= count[1] + 1


def test_the_stage_reconnects_automatically(server, desktop, tmp_path):
    """The server died and was started again: nobody touches the projector."""
    desktop.open("/stage")
    desktop.until(lambda: desktop.text("#prompt") == "a house")
    server.__exit__()
    offline = "return !document.querySelector('#offline').hidden"
    desktop.until(lambda: desktop.run(offline))
    with _again(tmp_path, server.port) as back:
        Visitor(back.base).draw(picture_of(house_strokes()))
        desktop.until(lambda: desktop.text("#players") == "1")
        assert not desktop.run(offline)


def test_a_page_whose_connection_died_silently_opens_another_one(server, desktop):
    """The Wi-Fi was away for a minute: no error, no end, and nothing ever comes again."""
    script = """
        const now = performance.now.bind(performance);
        window.passed = 0;
        performance.now = () => now() + window.passed;
        window.opened = 0;
        const Right = WebSocket;
        window.WebSocket = class extends Right {
          constructor(...args) { super(...args); window.opened += 1 }
        }"""
    added = desktop.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)
    try:
        desktop.open("/stage")
        desktop.until(lambda: desktop.text("#prompt") == "a house")
        assert desktop.run("return window.opened") == 1
        desktop.run("window.passed = 60000")
        desktop.until(lambda: desktop.run("return window.opened") == 2)
        desktop.until(lambda: desktop.run("return document.querySelector('#offline').hidden"))
        Visitor(server.base).draw(picture_of(house_strokes()))
        desktop.until(lambda: desktop.text("#players") == "1")
    finally:
        desktop.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])


def test_a_prompt_of_several_that_is_gone_leads_to_the_others(server, phone):
    """A page of its own that is no longer open; a drawing in progress is not thrown away."""
    presenter = Presenter(server.base, SECRET)
    presenter.act("open", prompt="a cat", beside=True)
    open_play(phone, "/p/2")
    phone.touch(ZIGZAG)
    presenter.act("open", prompt="a dog")
    phone.until(lambda: phone.text("#notice").startswith("This prompt is closed."))
    assert phone.ink() > 500
    phone.click("#notice button")
    phone.until(lambda: phone.text("#prompt") == "a dog")


def test_the_podium_draws_each_drawing_again(server, desktop):
    """Third, second, first on the presenter's command; then exactly what was judged."""
    for index in range(3):
        visitor = Visitor(server.base)
        strokes = house_strokes(index)[: 5 - index]
        result = visitor.draw(picture_of(strokes), name=f"Player {index}").json()
        visitor.strokes(result["id"], strokes)
    presenter = Presenter(server.base, SECRET)
    desktop.open("/stage")
    desktop.until(lambda: desktop.text("#players") == "3")
    best = Visitor(server.base).get("/api/state").json()["best"]
    ink = """
        const canvas = document.querySelector(arguments[0] + ' canvas');
        const {data} = canvas.getContext('2d').getImageData(0, 0, 512, 512);
        return data.filter((value, at) => at % 4 < 3 && value < 200).length"""
    for step, place in ((2, ".third"), (3, ".second"), (4, ".first")):
        presenter.act("podium", step=1)
        presenter.act("podium", step=step)
        desktop.until(lambda place=place: desktop.run(ink, place) > 0)
        early = desktop.run(ink, place)
        name = best[4 - step]["name"]
        assert desktop.text(f"{place} .who") == name
        desktop.until(lambda place=place: desktop.text(f"{place} .points") != "", 20)
        assert desktop.run(ink, place) > 1.3 * early, "it appeared at once"
    presenter.act("podium", step=0)
    desktop.until(lambda: desktop.visible("#wall"))
    assert clean(desktop)


def test_the_presenter_runs_the_show_from_a_phone(server, phone, desktop):
    """Secret link, next prompt, moderation, podium, blank; the address keeps no secret."""
    result = Visitor(server.base).draw(picture_of(house_strokes())).json()
    desktop.open("/stage")
    phone.open(f"/control#{SECRET}")
    phone.until(lambda: phone.visible("#rounds"))
    assert SECRET not in phone.driver.current_url
    assert SECRET not in phone.run("return document.cookie")
    phone.until(lambda: phone.run("return document.querySelectorAll('#recent li').length") == 1)
    phone.run("document.querySelector('#recent button').click()")
    desktop.until(lambda: desktop.text("#players") == "0")
    phone.until(lambda: phone.text("#recent button") == "Show again")
    phone.click("#recent button")
    desktop.until(lambda: desktop.text("#players") == "1")
    phone.click("#blank")
    desktop.until(lambda: desktop.run("return !document.querySelector('#blank').hidden"))
    phone.until(lambda: phone.text("#blank") == "Show the stage again")
    phone.click("#blank")
    phone.click("#podium")
    desktop.until(lambda: desktop.visible("#podium"))
    phone.until(lambda: phone.text("#podium") == "Reveal third place")
    phone.click("#podium-off")
    phone.click("#suggest")
    phone.until(lambda: phone.run("return document.querySelector('#prompt').value") != "")
    phone.run("document.querySelector('#prompt').value = 'a cat on a mat'")
    phone.find("#minutes").send_keys("5")
    phone.click("#next button.main")
    desktop.until(lambda: desktop.text("#prompt") == "a cat on a mat")
    desktop.until(lambda: desktop.text("#clock").startswith("4:5"))
    assert result["id"]
    assert clean(phone)


def test_waiting_drawings_are_approved_with_one_thumb(tmp_path, phones):
    """The oldest first; both buttons in sight, and under the same thumb when nothing waits."""
    with Server(tmp_path, moderation="approve") as server:
        phone, ids = phones, []
        phone.visit(server.port, PHONE)
        phone.open(f"/control#{SECRET}")
        phone.until(lambda: phone.visible("#approve"))
        before = phone.run(BOX_OF, "#approve")
        assert phone.find("#approve").get_attribute("disabled")
        for index in range(3):
            result = Visitor(server.base).draw(picture_of(house_strokes(index))).json()
            ids.append(result["id"])
        waiting = "return document.querySelector('#waiting').dataset.id"
        phone.until(lambda: phone.run(waiting) == ids[0])
        box = phone.run(BOX_OF, "#approve")
        assert box == before
        assert box[3] <= PHONE[1]
        assert min(box[2] - box[0], box[3] - box[1]) >= 44
        phone.until(lambda: phone.text("#podium-note").endswith(": 3"))
        phone.click("#approve")
        phone.until(lambda: phone.run(waiting) == ids[1])
        phone.click("#hide")
        phone.until(lambda: phone.run(waiting) == ids[2])
        state = Visitor(server.base).get("/api/state").json()
        assert [each["id"] for each in state["best"]] == [ids[0]]
        phone.until(lambda: phone.run("return document.querySelectorAll('#best li').length") == 1)


def test_a_drawing_to_hide_is_found_after_many_more(server, phone):
    """The presenter looks up from the phone, and 24 newer ones have come."""
    ids = [
        Visitor(server.base).draw(picture_of(house_strokes(index))).json()["id"]
        for index in range(26)
    ]
    phone.open(f"/control#{SECRET}")
    listed = "return [...document.querySelectorAll(arguments[0])].map((item) => item.dataset.id)"
    phone.until(lambda: phone.run(listed, "#recent li") == ids[:1:-1])
    phone.click("#more")
    phone.until(lambda: phone.run(listed, "#older li") == [ids[1], ids[0]])
    assert not phone.visible("#more")
    phone.click("#older li:last-child button")
    phone.until(lambda: phone.text("#older li:last-child button") == "Show again")
    assert Visitor(server.base).get(f"/pictures/{ids[0]}.png").status_code == 404
    newest = Visitor(server.base).draw(picture_of(house_strokes(99))).json()["id"]
    phone.until(lambda: phone.run(listed, "#recent li")[0] == newest)
    phone.until(lambda: phone.run(listed, "#older li") == [ids[2], ids[1], ids[0]])


def test_late_comers_see_how_long_is_left_and_when_it_is_over(server, desktop):
    """Submit is off, and the drawing stays where it is."""
    open_play(desktop)
    Presenter(server.base, SECRET).act("open", prompt="a cat", minutes=0.25)
    desktop.until(lambda: desktop.text("#clock").startswith("0:1"))
    desktop.mouse(ZIGZAG)
    top = desktop.run(TOP)
    desktop.until(lambda: "closed" in desktop.text("#notice"))
    assert desktop.run(TOP) == top
    assert desktop.find("#submit").get_attribute("disabled")
    assert desktop.ink() > 500


def test_the_next_prompt_waits_until_the_drawing_is_left(server, desktop):
    """Nobody's drawing vanishes because the presenter goes on."""
    open_play(desktop)
    desktop.mouse(ZIGZAG)
    Presenter(server.base, SECRET).act("open", prompt="a cat")
    desktop.until(lambda: "a cat" in desktop.text("#notice"))
    assert desktop.ink() > 500
    desktop.click("#notice button")
    desktop.until(lambda: desktop.text("#prompt") == "a cat")
    desktop.until(lambda: desktop.ink() == 0)


def test_the_result_leads_to_the_next_prompt(server, desktop):
    """Not back to one that is closed."""
    presenter = Presenter(server.base, SECRET)
    open_play(desktop)
    desktop.mouse(ZIGZAG)
    submit(desktop)
    presenter.act("close", slug="1")
    desktop.until(lambda: "closed" in desktop.text("#next"))
    assert not desktop.visible("#again")
    presenter.act("open", prompt="a cat")
    desktop.until(lambda: "a cat" in desktop.text("#next"))
    desktop.click("#again")
    desktop.until(lambda: desktop.text("#prompt") == "a cat")
    assert desktop.ink() == 0
    desktop.mouse(ZIGZAG)
    submit(desktop)
    presenter.act("open", prompt="a dog", beside=True)
    desktop.until(lambda: "Other prompts" in desktop.text("#next"))
    desktop.click("#again")
    desktop.until(lambda: desktop.run("return document.querySelectorAll('#rounds a').length") == 2)


def test_a_second_tab_does_not_swallow_a_drawing(server, desktop):
    """The code scanned twice: both tabs show one drawing, and each one sent counts."""
    open_play(desktop)
    desktop.mouse(ZIGZAG)
    first = desktop.driver.current_window_handle
    desktop.driver.switch_to.new_window("tab")
    try:
        desktop.resize(DESKTOP)
        open_play(desktop)
        desktop.until(lambda: desktop.ink() > 500)
        submit(desktop)
    finally:
        desktop.driver.close()
        desktop.driver.switch_to.window(first)
    desktop.mouse(BOX)
    submit(desktop)
    with Leaderboard(server.settings.database) as leaderboard:
        assert leaderboard.count() == 2


def test_the_page_of_a_drawing_replays_it(server, phone):
    """For its owner and, as it is shown, for everybody."""
    visitor = Visitor(server.base)
    strokes = house_strokes()
    result = visitor.draw(picture_of(strokes), name="Grace").json()
    visitor.strokes(result["id"], strokes)
    phone.open(f"/d/{result['id']}")
    phone.until(lambda: phone.text("#rank") == "Rank 1 of 1")
    assert phone.text("#who") == "by Grace"
    phone.until(lambda: phone.visible("#replay"))
    phone.click("#replay")
    ink = """
        const {data} = document.querySelector('#canvas').getContext('2d')
          .getImageData(0, 0, 512, 512);
        return data.filter((value, at) => at % 4 < 3 && value < 200).length"""
    counts = []
    ended = time.monotonic() + 8
    while time.monotonic() < ended:
        counts.append(phone.run(ink))
        time.sleep(0.2)
    assert min(counts) < counts[-1] / 2
    assert len(set(counts)) > 5
    phone.open("/d/there-is-no-such-drawing")
    phone.until(lambda: "cannot be shown" in phone.text("#prompt"))


def test_drawing_by_keyboard(server, desktop):
    """Arrow keys move the pen, Space puts it down and lifts it; Enter in the name submits."""
    open_play(desktop)
    paper = desktop.find("#paper")
    desktop.run("document.querySelector('#paper').focus()")
    paper.send_keys(" ", *["\ue014"] * 12, *["\ue015"] * 6, " ")
    assert desktop.ink() > 500
    before = desktop.ink()
    paper.send_keys("\ue012")
    assert desktop.ink() == before
    desktop.find("#name").send_keys("Ada\n")
    desktop.until(lambda: desktop.visible("#result"))
    focused = desktop.run("return document.activeElement.id")
    assert focused == "result-title", "a screen reader hears the result"


def test_no_animation_for_visitors_who_prefer_reduced_motion(server, desktop):
    """The score is there at once."""
    desktop.cdp(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-reduced-motion", "value": "reduce"}],
    )
    open_play(desktop)
    desktop.mouse(ZIGZAG)
    desktop.run("""
        window.seen = new Set();
        new MutationObserver(() => window.seen.add(document.querySelector('#score').textContent))
          .observe(document.querySelector('#score'), {childList: true, characterData: true})""")
    submit(desktop)
    time.sleep(0.5)
    assert len(desktop.run("return [...window.seen]")) == 1


@pytest.mark.parametrize("wh", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_no_serious_fault(server, phones, desktops, wh):
    """Contrast, names of controls, landmarks, sizes of targets: every page, both sizes."""
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    result = Visitor(server.base).draw(picture_of(house_strokes()), name="Ada").json()
    Presenter(server.base, SECRET).act("open", prompt="a cat", beside=True)
    browser = phones if wh == PHONE else desktops
    browser.visit(server.port, wh)
    browser.open("/help")
    browser.open(f"/control#{SECRET}")
    browser.until(lambda: browser.visible("#rounds"))
    found = {}
    pages = ["/", "/p/1", "/stage", "/control", f"/d/{result['id']}", "/help", "/nowhere"]
    for path in [*pages, "result"]:
        if path == "result":
            open_play(browser, "/p/1")
            (browser.touch if wh == PHONE else browser.mouse)(ZIGZAG)
            submit(browser)
        else:
            browser.open(path)
        time.sleep(1)
        # axe is for the tests alone: it is put in past the page's policy
        browser.cdp("Runtime.evaluate", expression=axe)
        report = browser.cdp(
            "Runtime.evaluate",
            expression="axe.run().then((r) => JSON.stringify(r.violations.map((v) => "
            "[v.id, v.impact, v.nodes.slice(0, 3).map((n) => n.html)])))",
            awaitPromise=True,
            returnByValue=True,
        )
        for rule, impact, nodes in json.loads(report["result"]["value"]):
            if impact in ("serious", "critical"):
                found[path, rule] = nodes
    assert found == {}


@pytest.mark.parametrize("wh", [(320, 640), (390, 844), (844, 390), (1280, 720), (3840, 2160)])
def test_paper_tools_and_submit_fit_on_the_screen(server, phones, desktops, wh):
    """Nothing to scroll for, nothing cut off at the side."""
    browser = phones if wh[0] < 900 else desktops
    browser.visit(server.port, wh)
    open_play(browser)
    for selector in ("#paper", "#tools", "#submit", "#clear"):
        left, top, right, bottom = browser.run(BOX_OF, selector)
        assert min(left, top) >= 0
        assert right <= wh[0]
        assert bottom <= wh[1]
    assert browser.run("return document.documentElement.scrollWidth") <= wh[0]
