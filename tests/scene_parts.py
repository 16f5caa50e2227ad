"""What the scenes are made of: rooms, people, sheets, hands, light and lens; BGR."""

from __future__ import annotations

import cv2
import numpy as np

BACKGROUNDS = ("wall", "clutter", "shelf", "room", "dark")
SHEETS = ("paper", "lined", "card", "tablet", "whiteboard")
LIGHTS = ("day", "dim", "warm", "side")

SKINS = ((150, 180, 226), (98, 134, 198), (70, 100, 160), (42, 62, 105), (120, 158, 214))
INKS = ((30, 30, 30), (40, 40, 190), (180, 70, 30), (50, 130, 40), (30, 120, 220), (120, 40, 110))


def doodle(rng: np.random.Generator, size: int = 480) -> np.ndarray:
    """Strokes and shapes as from a marker on white paper; BGR uint8 (size, size, 3)."""
    paper = np.full((size, size, 3), 255, np.uint8)
    for _ in range(int(rng.integers(4, 11))):
        ink = INKS[int(rng.integers(len(INKS)))]
        width = int(rng.integers(3, 9))
        centre = rng.uniform(0.25, 0.75, 2) * size
        kind = rng.integers(4)
        if kind == 0:
            axes = tuple(int(a) for a in rng.uniform(0.05, 0.28, 2) * size)
            fill = -1 if rng.random() < 0.3 else width
            cv2.ellipse(
                paper, tuple(int(c) for c in centre), axes, float(rng.uniform(0, 180)), 0, 360,
                ink, fill, cv2.LINE_AA,
            )  # fmt: skip
        elif kind == 1:
            half = rng.uniform(0.05, 0.25, 2) * size
            a, b = (centre - half).astype(int), (centre + half).astype(int)
            fill = -1 if rng.random() < 0.2 else width
            cv2.rectangle(paper, tuple(a.tolist()), tuple(b.tolist()), ink, fill, cv2.LINE_AA)
        else:
            steps = rng.normal(0, 0.06 * size, (int(rng.integers(4, 14)), 2)).cumsum(0)
            points = np.clip(centre + steps, 0.06 * size, 0.94 * size).astype(np.int32)
            cv2.polylines(paper, [points], bool(kind == 2), ink, width, cv2.LINE_AA)
    return paper


def _smooth_noise(rng: np.random.Generator, hw: tuple[int, int], cells: int) -> np.ndarray:
    grid = rng.uniform(0, 1, (cells, cells, 3)).astype(np.float32)
    return cv2.resize(grid, hw[::-1], interpolation=cv2.INTER_CUBIC)


def background(rng: np.random.Generator, kind: str, hw: tuple[int, int]) -> np.ndarray:
    """A room without anybody in it; BGR float32 (H, W, 3), 0…255."""
    height, width = hw
    if kind == "wall":
        base = rng.uniform(175, 240) * np.array([1, 1, 1]) + rng.uniform(-8, 8, 3)
        ramp = np.linspace(rng.uniform(-18, 0), rng.uniform(0, 18), width)[None, :, None]
        picture = base + ramp + 6 * (_smooth_noise(rng, hw, 5) - 0.5)
        if rng.random() < 0.5:  # a skirting board or the edge of a door
            x = int(rng.uniform(0.05, 0.95) * width)
            picture[:, x : x + int(rng.integers(3, 14))] -= rng.uniform(15, 70)
        return picture.astype(np.float32)
    if kind == "dark":
        base = rng.uniform(15, 60) * np.ones(3) + rng.uniform(-8, 8, 3)
        return (base + 30 * (_smooth_noise(rng, hw, 6) - 0.5)).astype(np.float32)
    picture = np.ascontiguousarray(
        np.clip(rng.uniform(60, 190) + 60 * (_smooth_noise(rng, hw, 7) - 0.5), 0, 255),
        dtype=np.float32,
    )
    if kind == "clutter":
        for _ in range(int(rng.integers(40, 110))):
            colour = tuple(float(c) for c in rng.uniform(10, 235, 3))
            at = (rng.uniform(0, 1, 2) * (width, height)).astype(int)
            size = rng.uniform(0.01, 0.14, 2) * width
            shape = rng.integers(3)
            if shape == 0:
                box = cv2.boxPoints((at.tolist(), size.tolist(), float(rng.uniform(-40, 40))))
                cv2.fillPoly(picture, [box.astype(np.int32)], colour, cv2.LINE_AA)
            elif shape == 1:
                axes = (size / 2).astype(int).tolist()
                cv2.ellipse(picture, at.tolist(), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
            else:
                end = (at + rng.normal(0, 0.2 * width, 2)).astype(int)
                cv2.line(
                    picture, at.tolist(), end.tolist(), colour, int(rng.integers(1, 9)), cv2.LINE_AA
                )
    elif kind == "shelf":
        shelves = int(rng.integers(3, 6))
        for row in range(shelves):
            top, bottom = row * height // shelves, (row + 1) * height // shelves
            x = 0
            while x < width:
                thick = int(rng.uniform(0.012, 0.04) * width)
                tall = int((bottom - top) * rng.uniform(0.6, 0.92))
                colour = tuple(float(c) for c in rng.uniform(20, 210, 3))
                cv2.rectangle(picture, (x, bottom - tall), (x + thick, bottom - 6), colour, -1)
                x += thick + int(rng.integers(0, 4))
            cv2.rectangle(picture, (0, bottom - 6), (width, bottom), (60, 90, 120), -1)
    else:  # room: a wall, a window with panes, a door, a table's edge
        picture[:] = rng.uniform(120, 200) + rng.uniform(-20, 20, 3)
        for _ in range(int(rng.integers(1, 3))):
            x, y = (rng.uniform(0, 0.8, 2) * (width, height)).astype(int)
            w, h = (rng.uniform(0.12, 0.3, 2) * width).astype(int)
            cv2.rectangle(picture, (x, y), (x + w, y + h), (60, 70, 80), -1)
            panes = int(rng.integers(2, 4))
            for pane in range(panes):  # outdoors is no even white
                a, b = x + 6 + pane * w // panes, x + (pane + 1) * w // panes
                patch = picture[max(y + 6, 0) : y + h - 6, max(a, 0) : b]
                if patch.size:
                    patch[:] = 90 + 150 * _smooth_noise(rng, patch.shape[:2], 5)
        floor = int(rng.uniform(0.75, 0.95) * height)
        picture[floor:] = rng.uniform(40, 130, 3)
    return picture


def person(rng: np.random.Generator, picture: np.ndarray, skin: np.ndarray) -> None:
    """Head and shoulders, drawn into the picture."""
    height, width = picture.shape[:2]
    x, y = rng.uniform(0.3, 0.7) * width, rng.uniform(0.2, 0.42) * height
    head = rng.uniform(0.1, 0.17) * height
    clothes = tuple(float(c) for c in rng.uniform(15, 225, 3))
    cv2.ellipse(
        picture, (int(x), int(y + head * 4.4)), (int(head * 2.6), int(head * 3)), 0, 0, 360,
        clothes, -1, cv2.LINE_AA,
    )  # fmt: skip
    hair = tuple(float(c) for c in rng.uniform(10, 90, 3))
    cv2.ellipse(
        picture, (int(x), int(y - head * 0.2)), (int(head * 0.9), int(head * 1.15)), 0, 0, 360,
        hair, -1, cv2.LINE_AA,
    )  # fmt: skip
    cv2.ellipse(
        picture, (int(x), int(y + head * 0.1)), (int(head * 0.75), int(head)), 0, 0, 360,
        skin.tolist(), -1, cv2.LINE_AA,
    )  # fmt: skip
    for side in (-0.3, 0.3):
        at = (int(x + side * head), int(y))
        cv2.circle(picture, at, max(2, int(head * 0.09)), (40, 40, 40), -1, cv2.LINE_AA)


def sheet_texture(
    rng: np.random.Generator, kind: str, drawing: np.ndarray, aspect: float
) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """The sheet from the front, BGR float32, and the part that counts as sheet (x, y, w, h)."""
    height = 640
    width = int(height * aspect)
    white = rng.uniform(225, 252) + rng.uniform(-5, 5, 3)
    if kind == "card":
        white = rng.uniform(190, 235) + rng.uniform(-28, 28, 3)
    page = np.tile(white.astype(np.float32), (height, width, 1))
    if kind == "lined":
        for y in range(40, height, 36):
            page[y : y + 2] = page[y : y + 2] * np.float32([0.98, 0.85, 0.78])
    side = int(min(width, height) * rng.uniform(0.72, 0.92))
    ink = cv2.resize(drawing, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    x = int((width - side) * rng.uniform(0.3, 0.7))
    y = int((height - side) * rng.uniform(0.3, 0.7))
    page[y : y + side, x : x + side] *= ink
    if kind in ("tablet", "whiteboard"):
        bezel = int(height * (0.05 if kind == "tablet" else 0.025))
        tone = float(rng.uniform(15, 45) if kind == "tablet" else rng.uniform(110, 170))
        framed = np.full((height + 2 * bezel, width + 2 * bezel, 3), tone, np.float32)
        framed[bezel:-bezel, bezel:-bezel] = page
        return framed, (bezel, bezel, width, height)
    return page, (0, 0, width, height)


def pose(
    rng: np.random.Generator, size: tuple[int, int], hw: tuple[int, int], fraction: float
) -> np.ndarray:
    """A pinhole camera's view of a tilted sheet: corners float32 (4, 2), wholly in the frame."""
    width, height = size
    tilt = np.radians(rng.uniform(0, 35))
    around = rng.uniform(0, 2 * np.pi)
    axis = np.array([np.cos(around), np.sin(around), 0.0])
    turn, _ = cv2.Rodrigues(axis * tilt)
    roll, _ = cv2.Rodrigues(np.array([0, 0, np.radians(rng.normal(0, 8))]))
    plane = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float)
    plane *= np.array([width, height, 0]) / 2 / height
    points = plane @ (turn @ roll).T
    depth = 1 / (fraction * 1.05)
    flat = points[:, :2] / (points[:, 2:] * 0.55 + depth)
    flat *= hw[0]
    flat -= (flat.max(0) + flat.min(0)) / 2
    span = flat.max(0) - flat.min(0)
    limits = np.array([hw[1], hw[0]], float) * 0.97
    flat *= min(1.0, *(limits / span))
    room = np.maximum(np.array([hw[1], hw[0]]) - (flat.max(0) - flat.min(0)) - 4, 0)
    centre = np.array([hw[1], hw[0]]) / 2 + room * rng.uniform(-0.4, 0.4, 2)
    return (flat + centre).astype(np.float32)


def _capsule(picture: np.ndarray, a: np.ndarray, b: np.ndarray, r: float, colour: tuple) -> None:
    cv2.line(
        picture, a.astype(int).tolist(), b.astype(int).tolist(), colour, int(2 * r), cv2.LINE_AA
    )


def hands(
    rng: np.random.Generator, picture: np.ndarray, corners: np.ndarray, skin: np.ndarray
) -> None:
    """Fingers over two edges of the sheet; now and then over a corner."""
    size = float(np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[3] - corners[0]))
    reach = max(14.0, size * rng.uniform(0.035, 0.06))
    sides = ((3, 0), (1, 2), (2, 3))
    chosen = rng.choice(3, size=int(rng.integers(1, 3)), replace=False)
    middle = corners.mean(0)
    for index in chosen:
        a, b = corners[sides[index][0]], corners[sides[index][1]]
        at = a + (b - a) * (
            rng.uniform(0.02, 0.98) if rng.random() < 0.25 else rng.uniform(0.3, 0.7)
        )
        inward = middle - at
        inward /= np.linalg.norm(inward)
        along = (b - a) / np.linalg.norm(b - a)
        wrist = at - inward * reach * 3.5 + np.array([0, reach * 2.5])
        elbow = wrist - inward * reach * 4 + np.array([0, reach * 9])
        tone = tuple(float(c) for c in skin * rng.uniform(0.9, 1.05))
        shade = tuple(float(c) for c in skin * 0.82)
        _capsule(picture, wrist, elbow, reach * 1.3, shade)
        _capsule(picture, at - inward * reach * 1.6, wrist, reach * 1.5, tone)
        for finger in range(int(rng.integers(1, 4))):
            root = at - inward * reach * 1.5 + along * reach * 0.9 * (finger - 1)
            tip = at + inward * reach * rng.uniform(0.5, 1.9) + along * reach * 0.8 * (finger - 1)
            _capsule(picture, root, tip, reach * 0.48, shade)
            _capsule(picture, root, tip, reach * 0.4, tone)


def paste(picture: np.ndarray, texture: np.ndarray, corners: np.ndarray, soft: float) -> None:
    """Lay a texture onto the picture, its corners on the given ones, with a soft shadow."""
    height, width = texture.shape[:2]
    source = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    # Area-average first: warping alone would alias thin strokes.
    scale = np.linalg.norm(corners[1] - corners[0]) / width
    if scale < 0.9:
        texture = cv2.GaussianBlur(texture, (0, 0), 0.45 / scale)
    hw = picture.shape[:2]
    warped = cv2.warpPerspective(
        texture, matrix, hw[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = np.zeros(hw, np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    alpha = mask.astype(np.float32)[:, :, None] / 255
    if soft > 0:
        shift = np.float32([[1, 0, soft * 0.3], [0, 1, soft * 0.6]])
        cast = cv2.GaussianBlur(cv2.warpAffine(mask, shift, hw[::-1]), (0, 0), soft)
        picture *= 1 - 0.35 * cast.astype(np.float32)[:, :, None] / 255
    picture *= 1 - alpha
    picture += warped * alpha


def camera(rng: np.random.Generator, picture: np.ndarray, light: str) -> np.ndarray:
    """Light, lens and sensor: BGR float32 in, BGR uint8 out."""
    height, width = picture.shape[:2]
    gain = {"day": rng.uniform(0.8, 1.08), "dim": rng.uniform(0.22, 0.4)}.get(light, 0.8)
    tint = np.ones(3)
    if light in ("warm", "dim") and (light == "warm" or rng.random() < 0.5):
        tint = np.array([rng.uniform(0.5, 0.75), rng.uniform(0.8, 0.92), 1.05])
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    fall = rng.uniform(0.3, 0.55) if light == "side" else rng.uniform(0, 0.18)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (xs / width - 0.5) * np.cos(angle) + (ys / height - 0.5) * np.sin(angle)
    picture = picture * (gain * (1 - fall * (ramp + 0.5)))[:, :, None] * tint
    sigma = rng.uniform(0.4, 1.3)
    picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    if rng.random() < 0.2:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        picture = cv2.filter2D(picture, -1, kernel)
    noise = rng.uniform(1.5, 4.5) * (1.5 if light == "dim" else 1)
    picture = picture + rng.standard_normal(picture.shape, np.float32) * noise
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    quality = int(rng.integers(70, 96))
    _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)
