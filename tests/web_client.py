"""Visitors of the website as tests and benchmarks send them: plain HTTP, one cookie each."""

from __future__ import annotations

import io
import json
import random
import secrets
from urllib.parse import quote

import requests
from PIL import Image, ImageDraw

COLORS = ["#000000", "#ed1c24", "#3f48cc", "#22b14c", "#ff7f27", "#8b5a2b", "#00a2e8", "#fff200"]


def random_strokes(seed: int, count: int = 8) -> list[dict]:
    """Some freehand strokes and shapes, each seed another drawing."""
    chance = random.Random(seed)
    strokes = []
    for _ in range(count):
        tool = chance.choice(["brush", "brush", "line", "rectangle", "ellipse"])
        x, y = chance.randrange(60, 450), chance.randrange(60, 450)
        points = [x, y]
        for _ in range(chance.randrange(6, 30) if tool == "brush" else 1):
            x, y = x + chance.randrange(-60, 61), y + chance.randrange(-60, 61)
            points += [max(5, min(507, x)), max(5, min(507, y))]
        size = chance.choice([4, 10, 22])
        strokes.append(
            {"tool": tool, "color": chance.choice(COLORS), "size": size, "points": points}
        )
    return strokes


def house_strokes(seed: int = 0) -> list[dict]:
    """A house with a roof and a door, drawn a little differently by each seed."""
    chance = random.Random(seed)
    dx, dy = chance.randrange(-40, 41), chance.randrange(-30, 31)
    wall, roof = chance.sample(COLORS[1:7], 2)

    def at(*points: int) -> list[int]:
        moved = [
            value + (dy if index % 2 else dx) + chance.randrange(-4, 5)
            for index, value in enumerate(points)
        ]
        return [max(4, min(508, value)) for value in moved]

    return [
        {"tool": "rectangle", "color": wall, "size": 10, "points": at(140, 250, 370, 430)},
        {"tool": "brush", "color": roof, "size": 10, "points": at(120, 255, 255, 120, 390, 255)},
        {"tool": "rectangle", "color": "#8b5a2b", "size": 8, "points": at(225, 330, 285, 430)},
        {"tool": "rectangle", "color": "#00a2e8", "size": 6, "points": at(165, 285, 205, 320)},
        {"tool": "line", "color": "#22b14c", "size": 22, "points": at(40, 440, 470, 440)},
    ]


def picture_of(strokes: list[dict], kind: str = "PNG", edge: int = 512) -> bytes:
    """The strokes as a picture file."""
    image = Image.new("RGB", (edge, edge), "white")
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        points, size = stroke["points"], stroke["size"]
        box = [min(points[0::2]), min(points[1::2]), max(points[0::2]), max(points[1::2])]
        if stroke["tool"] == "rectangle":
            draw.rectangle(box, outline=stroke["color"], width=size)
        elif stroke["tool"] == "ellipse":
            draw.ellipse(box, outline=stroke["color"], width=size)
        else:
            draw.line(points, fill=stroke["color"], width=size, joint="curve")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


class Visitor:
    """A phone: it has opened the page, and keeps its cookie."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = requests.Session()
        self.http.headers["Origin"] = base
        self.http.get(f"{base}/", timeout=30).raise_for_status()

    def draw(
        self,
        body: bytes | None = None,
        *,
        name: str = "",
        drawing: str | None = None,
        slug: str = "1",
        kind: str = "image/png",
        **headers: str,
    ) -> requests.Response:
        """Send a drawing."""
        return self.http.put(
            f"{self.base}/api/rounds/{slug}/drawings/{drawing or secrets.token_urlsafe(16)}",
            data=picture_of(random_strokes(secrets.randbits(30))) if body is None else body,
            headers={"Content-Type": kind, "Paintcam-Name": quote(name), **headers},
            timeout=60,
        )

    def strokes(self, drawing: str, strokes: object) -> requests.Response:
        """Send the strokes of a drawing."""
        body = strokes if isinstance(strokes, bytes) else json.dumps(strokes).encode()
        return self.http.put(
            f"{self.base}/api/drawings/{drawing}/strokes",
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=60,
        )

    def get(self, path: str) -> requests.Response:
        return self.http.get(self.base + path, timeout=60)


class Presenter(Visitor):
    """Whoever has the secret link."""

    def __init__(self, base: str, secret: str) -> None:
        super().__init__(base)
        answer = self.http.post(f"{base}/api/control/enter", json={"secret": secret}, timeout=30)
        answer.raise_for_status()

    def act(self, what: str, **values: object) -> requests.Response:
        return self.http.post(f"{self.base}/api/control", json={"do": what, **values}, timeout=120)
