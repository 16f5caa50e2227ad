"""Take the screenshots in references/web: what players and the presenter see, to look at.

    python tests/web_shots.py [--out DIR] [--sizes 320x640 1280x720 3840x2160] [--only play ...]

Needs Debian's chromium and chromium-driver. Nothing compares the pictures pixel by pixel. The
drawings are from Google's Quick, Draw! Dataset (CC BY 4.0), put together and coloured.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from browser import Browser
from paintcam.encoders import load_encoder
from web_client import Presenter, Visitor, picture_of
from web_server import SECRET, Server

SHOTS = Path(__file__).parent / "references" / "web"
DRAWINGS: list[list[dict]] = json.loads((SHOTS / "drawings.json").read_text(encoding="utf-8"))
PROMPT = "a tree beside a house"
LONG_PROMPT = (
    "an old raccoon with sunglasses and a cowboy hat driving a rusty tractor over a bridge "
    "full of cats under a purple moon"
)
NAMES = [
    *("Ada", "Grace", "Alan", "Katherine", "", "Zoë", "山田花子", "ليلى", "Bo", "Hedy"),
    *("Margaret Heafield Hamilton", "👩‍🎨 Frida", "Linus", "Barbara", "Tim"),
]


def crowd(server: Server, count: int = len(DRAWINGS), slug: str = "1") -> list[str]:
    """Let so many players draw; returns their drawings' ids, oldest first."""
    ids = []
    for number in range(count):
        strokes = DRAWINGS[number % len(DRAWINGS)]
        visitor = Visitor(server.base)
        answer = visitor.draw(picture_of(strokes), name=NAMES[number % len(NAMES)], slug=slug)
        answer.raise_for_status()
        ids.append(answer.json()["id"])
        visitor.strokes(ids[-1], strokes)
    return ids


class Shots:
    """One browser that shows one scene after the other in every size."""

    def __init__(self, server: Server, out: Path, sizes: list[tuple[int, int]]) -> None:
        self.server, self.out, self.sizes = server, out, sizes
        self.browser = Browser(server.port)

    def take(self, name: str, path: str, ready: Callable[[Browser], object], *, stay: bool = False):
        """Take one scene in all sizes; with `stay` the page is not loaded again."""
        for wh in self.sizes:
            self.browser.phone = wh[0] < 1000
            self.browser.resize(wh)
            if not stay:
                self.browser.open(path)
            self.browser.until(lambda: ready(self.browser))
            self.browser.until(
                lambda: self.browser.run(
                    "return [...document.images].filter((i) => i.src && i.offsetParent"
                    " && i.getBoundingClientRect().top < innerHeight).every((i) => i.complete)"
                )
            )
            time.sleep(0.4)  # until what arrives has arrived
            file = self.out / f"{name}-{wh[0]}x{wh[1]}.png"
            self.browser.screenshot(file)
            # A checkout holds them all: 128 colours are enough to judge a page.
            Image.open(file).convert("RGB").quantize(128).save(file, optimize=True)

    def draw(self, strokes: list[dict]) -> None:
        """Draw on the paint page with a mouse or a finger."""
        for stroke in strokes:
            self.browser.run(
                "document.querySelector(`#tools input[value='${arguments[0]}']`).click()",
                stroke["color"],
            )
            points = [value / 512 for value in stroke["points"]]
            spots = list(zip(points[0::2], points[1::2], strict=True))
            (self.browser.touch if self.browser.phone else self.browser.mouse)(spots)


def has(selector: str, text: str = "") -> Callable[[Browser], bool]:
    """Whether an element is there with a text in it."""
    return lambda browser: browser.visible(selector) and text in browser.text(selector)


def play(shots: Shots) -> None:
    """The paint page: empty, drawn on, scored, closed, offline."""
    server, browser = shots.server, shots.browser
    shots.take("play-empty", "/", has("#prompt", PROMPT))
    sizes = shots.sizes
    for wh in sizes:
        shots.sizes = [wh]
        browser.run("localStorage.clear()")
        shots.take("play-empty", "/", has("#prompt", PROMPT))
        shots.draw(DRAWINGS[0])
        browser.run("document.querySelector('#name').value = ''")
        browser.find("#name").send_keys("Grace")
        browser.run("document.activeElement.blur()")
        shots.take("play", "/", has("#paper"), stay=True)
        browser.click("#submit")
        shots.take("result", "/", has("#rank", "You rank"), stay=True)
        time.sleep(1.2)
        shots.take("result", "/", has("#rank", "You rank"), stay=True)
    shots.sizes = sizes
    presenter = Presenter(server.base, SECRET)
    presenter.act("close", slug="1")
    browser.run("localStorage.clear()")
    shots.take("play-closed", "/", has("#notice", "closed"))
    presenter.act("reopen", slug="1", minutes=9)


def stage(shots: Shots) -> None:
    """The wall, the podium, and one place drawn again."""
    presenter = Presenter(shots.server.base, SECRET)
    shots.take("stage", "/stage", has("#wall li"))
    for step in (1, 2, 3):
        presenter.act("podium", step=step)
    shots.take("podium-replay", "/stage", has("#podium .second .who"))
    presenter.act("podium", step=4)
    for wh in shots.sizes:
        one = Shots.__new__(Shots)
        one.server, one.out, one.sizes, one.browser = shots.server, shots.out, [wh], shots.browser
        one.browser.resize(wh)
        one.browser.open("/stage")
        time.sleep(6)
        one.take("podium", "/stage", has("#podium .first .points"), stay=True)
    presenter.act("podium", step=0)
    presenter.act("reopen", slug="1", minutes=9)


def others(shots: Shots, ids: list[str]) -> None:
    """One drawing, help, no such page, the control page before and after its secret."""
    shots.take("drawing", f"/d/{ids[0]}", has("#rank", "Rank"))
    shots.take("help", "/help", has("h1"))
    shots.take("missing", "/nowhere", has("h1"))
    shots.browser.driver.delete_all_cookies()
    shots.take("enter", "/control", has("h1"))
    shots.browser.open("/help")
    shots.browser.open(f"/control#{SECRET}")
    shots.take("control", "/control", has("#recent li"))


def main() -> None:
    """Take all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=SHOTS)
    parser.add_argument("--sizes", nargs="+", default=["320x640", "1280x720", "3840x2160"])
    parser.add_argument("--only", nargs="+", default=["play", "stage", "others", "rounds", "extra"])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sizes = [tuple(int(value) for value in size.split("x")) for size in options.sizes]
    settings = {
        "prompts": (PROMPT,),
        "minutes": 9.8,
        "public_url": "http://192.168.1.20:8000",
        "wifi": ("Hall", "drawing42"),
    }
    encoder = load_encoder("sketch")
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder), encoder, **settings) as server,
    ):
        shots = Shots(server, options.out, sizes)
        with shots.browser:
            if "extra" in options.only:
                shots.take("stage-waiting", "/stage", has("#empty"))
            ids = crowd(server)
            if "play" in options.only:
                play(shots)
            if "stage" in options.only:
                stage(shots)
            if "others" in options.only:
                others(shots, ids)
            presenter = Presenter(server.base, SECRET)
            if "rounds" in options.only:
                presenter.act("open", prompt="a cat on a mat", beside=True)
                presenter.act("open", prompt=LONG_PROMPT, beside=True)
                shots.take("rounds", "/", has("#rounds li"))
            if "extra" in options.only:
                presenter.act("open", prompt=LONG_PROMPT, minutes=5)
                slug = Visitor(server.base).get("/api/state").json()["round"]["slug"]
                shots.browser.run("localStorage.clear()")
                shots.take("play-long", "/", has("#prompt", "raccoon"))
                crowd(server, 3, slug)
                shots.take("stage-long", "/stage", has("#wall li"))
    if "extra" in options.only:
        with (
            tempfile.TemporaryDirectory() as folder,
            Server(Path(folder), encoder, **(settings | {"moderation": "approve"})) as server,
        ):
            shots = Shots(server, options.out, sizes)
            with shots.browser:
                crowd(server, 7)
                shots.browser.open("/help")
                shots.browser.open(f"/control#{SECRET}")
                shots.take("control-waiting", "/control", has("#waiting"))
                shots.take("offline", "/", has("#prompt", PROMPT))
                server.__exit__()
                time.sleep(6)
                shots.take("offline", "/", has("#prompt", PROMPT), stay=True)


if __name__ == "__main__":
    main()
