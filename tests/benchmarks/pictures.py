"""Makes the pictures that `judge.py` measures on: honest drawings, and pages of handwriting.

    npm pack @iconify/json && tar xf iconify-json-*.tgz
    apt-get install fonts-breip fonts-bwht fonts-dkg-handwriting fonts-ecolier-court \
        fonts-femkeklaver fonts-humor-sans fonts-kaushanscript fonts-klee fonts-kristi \
        fonts-rufscript fonts-sjfonts
    pip install cairosvg
    python tests/benchmarks/pictures.py package split.json pictures

`split.json` lists the concepts that the bundled encoder was not trained on. OpenMoji (CC-BY-SA-4.0)
and Noto Emoji (Apache-2.0) are measured on and never shipped.

    python tests/benchmarks/pictures.py references paintcam/assets/guards/references.npz

writes the few pictures that the handwriting guard compares an encoder's view with.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import cv2
import numpy as np

FONTS = {
    "Breip": "breip/Breip.ttf",
    "Because We Learn": "bwht/BecauseWeLearn-Regular.otf",
    "Because We Organize": "bwht/BecauseWeOrganize-Regular.otf",
    "dkg": "fifthhorseman/dkg.ttf",
    "Ecolier court": "ecolier-court/Ecolier-court.ttf",
    "Femke Klaver": "femkeklaver/femkeklaver.ttf",
    "Humor Sans": "humor-sans/Humor-Sans.ttf",
    "Kaushan Script": "kaushanscript/KaushanScript-Regular.otf",
    "Klee One": "klee/KleeOne-Regular.ttf",
    "Kristi": "kristi/Kristi.ttf",
    "Rufscript": "rufscript/Rufscript010.ttf",
    "Steve": "sjfonts/SteveHand.ttf",
    "Delphine": "sjfonts/Delphine.ttf",
}
# Not things that a player draws: signs, letters, flags.
SIGNS = re.compile(r"button|input|symbol|flag|clock|arrow|keycap|sign|medal|mark|hand|finger|line")
PIXELS = 480


def font_files() -> list[Path]:
    """The handwriting fonts that are installed."""
    roots = (Path("/usr/share/fonts/truetype"), Path("/usr/share/fonts/opentype"))
    found = [root / name for name in FONTS.values() for root in roots if (root / name).is_file()]
    return sorted(found)


def text_mask(text: str, font: Path, size: int, width: int) -> np.ndarray:
    """Handwriting, wrapped to a width and slightly unsteady: float32 ink, 0…1."""
    from PIL import Image, ImageDraw, ImageFont

    pen = ImageFont.truetype(str(font), size)
    lines: list[str] = []
    for word in text.split():
        wider = f"{lines[-1]} {word}" if lines else word
        if lines and pen.getlength(wider) <= width:
            lines[-1] = wider
        else:
            lines.append(word)
    while size > 12 and max(pen.getlength(line) for line in lines) > width:
        size -= 4
        pen = ImageFont.truetype(str(font), size)
    page = Image.new("L", (width, int(size * 1.35 * len(lines)) + size // 2))
    draw = ImageDraw.Draw(page)
    for row, line in enumerate(lines):
        draw.text((0, int(row * size * 1.3)), line, 255, font=pen)
    return np.asarray(page, np.float32) / 255


def write_on(
    rng: np.random.Generator,
    page: np.ndarray,
    text: str,
    font: Path,
    size: int,
    at: tuple[int, int],
) -> None:
    """Put handwriting onto a BGR uint8 page, the pen's thickness and slant varying."""
    mask = text_mask(text, font, size, page.shape[1] - at[0] - 10)
    if rng.random() < 0.6:
        mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    turn = cv2.getRotationMatrix2D((mask.shape[1] / 2, mask.shape[0] / 2), rng.normal(0, 2), 1)
    mask = cv2.warpAffine(mask, turn, mask.shape[1::-1])
    x, y = at
    part = page[y : y + mask.shape[0], x : x + mask.shape[1]]
    mask = mask[: part.shape[0], : part.shape[1], None]
    ink = np.array(((25, 25, 25), (150, 50, 20), (40, 40, 180))[int(rng.integers(3))], np.float32)
    part[:] = (part * (1 - mask) + ink * mask).astype(np.uint8)


def written_page(rng: np.random.Generator, text: str, font: Path) -> np.ndarray:
    """A page with the prompt alone written on it, once or over and over; BGR uint8."""
    page = np.full((PIXELS, PIXELS, 3), 255, np.uint8)
    size = int(rng.uniform(34, 110))
    times = 1 if size > 60 else int(rng.integers(1, 5))
    y = int(rng.uniform(20, 200)) if times == 1 else 15
    for _ in range(times):
        x = int(rng.uniform(10, 60))
        write_on(rng, page, text, font, size, (x, y))
        y += int(size * 1.4 * (1 + len(text) * size * 0.5 // (PIXELS - x)))
        if y > PIXELS - size:
            break
    return page


def as_lines(drawing: np.ndarray) -> np.ndarray:
    """The drawing as a pen would do it, outlines without colour; BGR uint8."""
    soft = cv2.bilateralFilter(drawing, 5, 40, 5)
    edges = np.zeros(drawing.shape[:2], np.uint8)
    for channel in cv2.split(soft):
        edges |= cv2.Canny(channel, 40, 110)
    lines = cv2.GaussianBlur(cv2.dilate(edges, np.ones((3, 3), np.uint8)), (3, 3), 0)
    return cv2.cvtColor(255 - lines, cv2.COLOR_GRAY2BGR)


def with_word(rng: np.random.Generator, drawing: np.ndarray, word: str, font: Path) -> np.ndarray:
    """The drawing with its own name written on or under it; BGR uint8."""
    page = drawing.copy()
    size = int(rng.uniform(32, 56))
    y = int(rng.choice([0.05, 0.45, 0.86]) * (PIXELS - size))
    write_on(rng, page, word, font, size, (int(rng.uniform(20, 200)), y))
    return page


def render(package: Path, split: Path, out: Path) -> None:
    """Write `<out>/<set>/<concept>.png`: seen-openmoji, unseen-openmoji, unseen-noto."""
    import cairosvg

    held_out = json.loads(split.read_text())
    packages = {
        "seen-openmoji": ("openmoji", held_out["unseen_style"]["labels"][::4]),
        "unseen-openmoji": ("openmoji", held_out["unseen_concepts"]),
        "unseen-noto": ("noto", held_out["unseen_concepts"]),
    }
    unseen = set(held_out["unseen_concepts"])
    for folder, (name, labels) in packages.items():
        icon_set = json.loads((package / "json" / f"{name}.json").read_text())
        (out / folder).mkdir(parents=True, exist_ok=True)
        for label in labels:
            slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
            if slug not in icon_set["icons"] or SIGNS.search(label.lower()):
                continue
            if folder.startswith("seen") and label in unseen:
                continue
            icon = icon_set["icons"][slug]
            wide = icon.get("width", icon_set["width"])
            high = icon.get("height", icon_set["height"])
            svg = (
                f'<svg xmlns="http://www.w3.org/2000/svg" '
                f'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {wide} {high}" '
                f'color="#222">{icon["body"]}</svg>'
            )
            cairosvg.svg2png(
                svg.encode(),
                write_to=str(out / folder / f"{label.lower()}.png"),
                output_width=PIXELS,
                output_height=PIXELS,
                background_color="white",
            )


def references(out: Path) -> None:
    """Write the guards' own references: own doodles, and words in OpenCV's script letters."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from scenes import doodle

    drawings, pages = [], []
    faces = (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
    # a short word fools an encoder sooner than a page of them does
    texts = (
        ("hello",),
        ("sun",),
        ("my dear friend",),
        ("milk", "tomorrow", "do not forget", "yes"),
    )
    # four of a kind are as good as more, and CLIP takes a fifth of a second for each
    for index, lines in enumerate(texts):
        rng = np.random.default_rng(index)
        picture = doodle(np.random.default_rng(index + 70))
        drawings.append(cv2.resize(picture, (160, 160), interpolation=cv2.INTER_AREA))
        page = np.full((480, 480, 3), 255, np.uint8)
        size, face = (1.4, 2.6, 3.6, 2.0)[index], faces[index // 2]
        x, y = int(rng.uniform(20, 120)), int(rng.uniform(120, 400 if len(lines) == 1 else 130))
        for row, text in enumerate(lines):
            at = (x, int(y + row * 40 * size))
            cv2.putText(page, text, at, face, size, (20, 20, 20), 4, cv2.LINE_AA)
        pages.append(cv2.resize(page, (160, 160), interpolation=cv2.INTER_AREA))
    grey = [
        np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures])
        for pictures in (drawings, pages)
    ]
    np.savez_compressed(out, drawings=grey[0], pages=grey[1])


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "references":
        references(Path(sys.argv[2]))
    elif len(sys.argv) == 4:
        render(*(Path(argument) for argument in sys.argv[1:]))
    else:
        sys.exit(__doc__)
