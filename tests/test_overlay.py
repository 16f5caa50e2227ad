"""The heads-up display, on rendered pixels."""

from __future__ import annotations

import itertools
import os
import struct
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paintcam.errors import PaintcamError
from paintcam.overlay import KEYS, Hud, Overlay
from paintcam.overlay.canvas import Box, Canvas
from paintcam.overlay.fonts import Coverage, InstalledFonts
from paintcam.overlay.lru_cache import Recent
from paintcam.overlay.missing import scripts_without_font
from paintcam.overlay.palette import score_colour
from paintcam.overlay.text import BUNDLED, Lettering
from paintcam.overlay.unicode import clean, clusters, display_order

REFERENCES = Path(__file__).parent / "references" / "overlay"
# A font folder that every machine has: supervision depends on matplotlib, which carries DejaVu.
DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
SIZES = [(640, 480), (854, 480), (1280, 720), (1920, 1080), (3840, 2160), (720, 1280), (1080, 1920)]
PROMPT = "a gorilla gardening with grapes"
LONG = "an upside-down dinosaur riding a bicycle through the Arctic in the rain " * 3
HUDS = {
    "run": Hud(
        prompt=PROMPT,
        score=87,
        best=100,
        model="clip:ViT-B-16",
        state="reconnecting…",
        notes=("handwriting detected: −18", "CLIP is not installed: paintcam models pull clip"),
        fps=(30, 29.6),
    ),
    "long": Hud(
        prompt=LONG,
        score=8,
        best=31,
        model="sketch",
        clock="1:17",
        player="Ada King, Countess of Lovelace, of a very long name",
        notes=("x" * 300,),
    ),
    "hundred": Hud(prompt="Ångström", score=100, best=100),
    "loading": Hud(prompt=PROMPT, model="sketch", state="loading sketch…"),
    "typing": Hud(prompt=PROMPT, typing="hello " * 40, model="sketch"),
    "labels": Hud(prompt="", labels={"hot dog": 0.97, "not a hot dog": 0.03}, model="sketch"),
    "many labels": Hud(prompt="", labels={f"label number {i}": 1 / 20 for i in range(20)}),
    "podium": Hud(prompt=PROMPT, headline=("Ada wins", "1. Ada 87", "2. Grace 64"), clock="0:00"),
    "countdown": Hud(prompt=PROMPT, headline=("3",), player="Grace"),
    "empty": Hud(prompt=""),
    "help": Hud(prompt=PROMPT, score=8, best=31, model="sketch", notes=("one", "two"), help=True),
}


@pytest.fixture(scope="module")
def overlay() -> Overlay:
    return Overlay()


def backdrop(kind: str, width: int, height: int) -> np.ndarray:
    if kind == "noise":
        seed = np.random.default_rng(7)
        return seed.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.full((height, width, 3), {"black": 0, "white": 255, "grey": 128}[kind], np.uint8)


def composed(hud: Hud, width: int, height: int, kind: str = "grey") -> Canvas:
    canvas = Canvas(backdrop(kind, width, height), Lettering())
    Overlay().compose(canvas, hud)
    return canvas


def box_of(canvas: Canvas, text: str) -> Box:
    return next(box for written, box in canvas.texts if written == text)


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.left <= inner.left
        and outer.top <= inner.top
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def luminance(pixels: np.ndarray) -> np.ndarray:
    """Relative luminance of BGR uint8 pixels (WCAG 2, "relative luminance")."""
    share = pixels.astype(np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.0722, 0.7152, 0.2126])


# --- what is drawn, and where ---------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("score", [0, 8, 47, 87, 100])
def test_score_digits_and_prompt_are_tall_enough(width, height, score):
    """The score's ink is 12 % of the frame's height and more, the prompt's capitals 4 %."""
    canvas = composed(Hud(prompt="HEIGHT", score=score, best=100, model="sketch"), width, height)
    digits = [box for text, box in canvas.texts if text in str(score)][: len(str(score))]
    assert all(box.height >= 0.12 * height for box in digits)
    assert box_of(canvas, "HEIGHT").height >= 0.04 * height


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_long_prompts_keep_their_size(width, height):
    """A prompt too long for the picture is cut, not set smaller than 4 %."""
    canvas = composed(Hud(prompt="H" * 400, score=50, best=60), width, height)
    lines = [box for text, box in canvas.texts if text.startswith("HH")]
    assert lines
    assert all(box.height >= 0.04 * height for box in lines)
    assert any(text.endswith("…") for text, _ in canvas.texts)


@pytest.mark.parametrize(("width", "height"), [*SIZES, (320, 240), (333, 777), (1001, 301)])
@pytest.mark.parametrize("name", HUDS)
def test_every_text_fits_its_plate_and_plates_do_not_overlap(name, width, height):
    """Nothing is cut off, pushed over another text, or written on the bare picture."""
    canvas = composed(HUDS[name], width, height)
    for text, box in canvas.texts:
        assert any(inside(box, plate) for plate in canvas.plates), text
        assert inside(box, canvas.frame), text
    if HUDS[name].help and height < 400:
        return  # so small a picture has no room for the table but over the rest
    for one, other in itertools.combinations(canvas.plates, 2):
        apart = one.right <= other.left or other.right <= one.left
        assert apart or one.bottom <= other.top or other.bottom <= one.top


@pytest.mark.parametrize("kind", ["black", "white", "noise"])
@pytest.mark.parametrize(("width", "height"), [(854, 480), (1280, 720), (720, 1280), (3840, 2160)])
def test_contrast_is_at_least_4_5(kind, width, height):
    """WCAG contrast of the rendered ink against the lightest pixel around each text."""
    huds = [replace(HUDS["run"], score=score, notes=("−18",)) for score in range(0, 101, 25)]
    if width < 3000:
        huds += [HUDS["labels"], HUDS["typing"], HUDS["podium"], replace(HUDS["run"], help=True)]
        huds += [replace(HUDS["run"], state="", clock="0:17", player="Grace")]
    for hud in huds:
        canvas = composed(hud, width, height, kind)
        for text, box in canvas.texts:
            area = box.inset(-1)
            light = luminance(canvas.picture[area.top : area.bottom, area.left : area.right])
            edge = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
            ink = np.median(light[light > (light.max() + np.median(edge)) / 2])
            contrast = (ink + 0.05) / (np.percentile(edge, 90) + 0.05)
            assert contrast >= 4.5, (text, contrast)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_help_names_every_key(width, height):
    """The table of keys is whole at each usual size."""
    canvas = composed(replace(HUDS["run"], help=True), width, height)
    written = [text for text, _ in canvas.texts]
    for key, act in KEYS:
        assert key in written
        assert act in written


def test_a_hint_shows_how_to_list_the_keys():
    """Whoever does not know the keys reads "?" on the picture, in a contest as well."""
    for hud in (HUDS["run"], HUDS["long"], HUDS["labels"]):
        assert any("? keys" in text for text, _ in composed(hud, 1280, 720).texts)


def test_everything_of_a_hud_is_written():
    """Model, state, notes, rates, best and its word are all to be read."""
    hud = replace(HUDS["run"], score=42, best=91)
    written = " ".join(text for text, _ in composed(hud, 1280, 720).texts)
    for part in ("clip:ViT-B-16", "reconnecting…", "−18", "pull clip", "30 shown · 30 scored"):
        assert part in written
    for part in ("best", "4 2", "9 1", PROMPT):
        assert part in written
    turn = " ".join(text for text, _ in composed(HUDS["countdown"], 1280, 720).texts)
    assert "Grace" in turn
    assert PROMPT in turn


def test_long_word_is_broken_and_the_rest_is_cut():
    """A word wider than the panel goes on in the next line; the last one ends in an ellipsis."""
    canvas = composed(Hud(prompt="x" * 300, score=1), 640, 480)
    lines = [text for text, _ in canvas.texts if text.startswith("x")]
    assert len(lines) > 1
    assert lines[-1].endswith("…")
    assert not lines[0].endswith("…")


def test_typing_shows_the_end_of_the_prompt():
    """The last letter typed is in sight, and the caret moves with a trailing space."""
    canvas = composed(Hud(prompt=PROMPT, typing="start " + "middle " * 30 + "end"), 640, 480)
    assert any(text.startswith("…") and text.endswith("end") for text, _ in canvas.texts)
    one, two = (composed(Hud(prompt="", typing=typed), 640, 480) for typed in ("cat", "cat "))
    assert not np.array_equal(one.picture, two.picture)


def test_labels_keep_their_order_and_show_their_shares():
    """Bars do not change places when the probabilities do; shares are in per cent."""
    hud = Hud(prompt="", labels={"cat": 0.25, "dog": 0.75})
    written = [text for text, _ in composed(hud, 1280, 720).texts]
    assert written[:4] == ["cat", "25 %", "dog", "75 %"]


def test_the_likeliest_labels_are_kept_where_not_all_fit():
    """Of fifty labels on a small picture the likely ones are shown."""
    labels = {f"label {i}": (i + 1) / 1275 for i in range(50)}
    written = [text for text, _ in composed(Hud(prompt="", labels=labels), 640, 480).texts]
    assert "label 49" in written
    assert "label 0" not in written


def test_the_bar_is_as_long_as_the_score():
    """Half the bar is coloured at 50, none at 0, all at 100."""

    def coloured(score: float) -> int:
        picture = Overlay().draw(backdrop("black", 1280, 720), Hud(prompt="", score=score))
        return int((picture[676, :, :].max(-1) > 150).sum())

    full = coloured(100)
    assert full > 1000
    assert coloured(0) == 0
    assert coloured(50) == pytest.approx(full / 2, rel=0.03)


def test_a_missing_score_and_nan_are_a_dash():
    """Without a verdict there is no number, and NaN never becomes one."""
    for score in (None, float("nan"), float("inf")):
        canvas = composed(Hud(prompt="p", score=score, best=score), 1280, 720)
        assert "–" in [text for text, _ in canvas.texts]
        assert "best" not in [text for text, _ in canvas.texts]


def test_the_colour_goes_from_red_over_amber_to_green():
    """Red is strongest at 0, green at 100, both at 50."""
    (_, green0, red0), (_, green50, red50), (_, green100, red100) = map(score_colour, (0, 50, 100))
    assert red0 > 2 * green0
    assert red50 > 150 < green50
    assert green100 > 2 * red100


# --- the picture ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 400),
    height=st.integers(1, 300),
    prompt=st.text(max_size=80),
    score=st.none() | st.floats(),
    best=st.none() | st.floats(),
    texts=st.lists(st.text(max_size=40), min_size=4, max_size=4),
    notes=st.lists(st.text(max_size=40), max_size=3),
    headline=st.lists(st.text(max_size=20), max_size=3),
    typing=st.none() | st.text(max_size=60),
    labels=st.none() | st.dictionaries(st.text(max_size=12), st.floats(), max_size=4),
    corners=st.none() | st.lists(st.floats(width=32), min_size=8, max_size=8),
    flags=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_any_hud_on_any_picture(
    overlay,
    width,
    height,
    prompt,
    score,
    best,
    texts,
    notes,
    headline,
    typing,
    labels,
    corners,
    flags,
):
    """Whatever is shown at whatever size: a new picture of the same shape, the input as it was."""
    sheet, help_, blocked, mirrored = flags
    image = backdrop("noise", width, height)
    before = image.copy()
    image.flags.writeable = False
    model, state, clock, player = texts
    hud = Hud(
        prompt=prompt, score=score, best=best, model=model, state=state, notes=tuple(notes),
        region=None if corners is None else np.array(corners, np.float32).reshape(4, 2),
        sheet=sheet, fps=(30.0, 3.5), help=help_, typing=typing, labels=labels,
        headline=tuple(headline), clock=clock, player=player,
        blocked=blocked, mirrored=mirrored,
    )  # fmt: skip
    drawn = overlay.draw(image, hud)
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, image)
    assert np.array_equal(image, before)


def test_a_picture_without_pixels_is_returned(overlay):
    """A (0, 0, 3) array is no reason to crash on stage."""
    assert overlay.draw(np.zeros((0, 0, 3), np.uint8), HUDS["run"]).shape == (0, 0, 3)


def test_mirrored_flips_the_picture_and_the_region_but_not_the_text(overlay):
    """Drawing mirrored is drawing on the flipped picture with the flipped region."""
    image = backdrop("noise", 640, 480)
    region = np.array([[60, 40], [300, 60], [280, 300], [50, 280]], np.float32)
    flipped = region * [-1, 1] + [639, 0]
    hud = replace(HUDS["run"], region=region, sheet=True)
    mirrored = overlay.draw(image, replace(hud, mirrored=True))
    by_hand = overlay.draw(image[:, ::-1].copy(), replace(hud, region=flipped.astype(np.float32)))
    assert np.array_equal(mirrored, by_hand)
    assert region[0, 0] == 60


def test_a_sheet_is_outlined_where_it_is(overlay):
    """The outline runs through the corners in the score's colour; the middle is left alone."""
    region = np.array([[200, 60], [440, 80], [430, 260], [190, 250]], np.float32)
    image = backdrop("grey", 640, 480)
    drawn = overlay.draw(image, Hud(prompt="", score=100, region=region, sheet=True))
    assert tuple(drawn[70, 320]) == score_colour(100)
    assert np.array_equal(drawn[100:240, 220:420], image[100:240, 220:420])


def test_outside_the_encoders_crop_is_dimmed(overlay):
    """The sides that CLIP does not see are darker, the crop is as it was, corners are marked."""
    region = np.array([[280, 0], [999, 0], [999, 719], [280, 719]], np.float32)
    image = backdrop("grey", 1280, 720)
    drawn = overlay.draw(image, Hud(prompt="", score=10, region=region))
    assert (drawn[200:400, :279] < 100).all()
    assert (drawn[200:400, 1001:] < 100).all()
    assert (drawn[100:400, 300:980] == 128).all()
    assert (drawn[1, 282:310] > 200).all()


def test_a_region_of_the_whole_frame_or_an_invalid_one_marks_nothing(overlay):
    """No mark where all is seen, where corners are not numbers, or where the shape is wrong."""
    image = backdrop("grey", 640, 480)
    plain = overlay.draw(image, Hud(prompt=PROMPT, score=10))
    whole = np.array([[0, 0], [639, 0], [639, 479], [0, 479]], np.float32)
    for region in (whole, np.full((4, 2), np.nan, np.float32), np.zeros((3, 2), np.float32)):
        assert np.array_equal(plain, overlay.draw(image, Hud(PROMPT, score=10, region=region)))


def test_a_blocked_picture_cannot_be_recognised_but_its_text_can_be_read(overlay):
    """Everything outside the plates is blocks of one colour; the texts stay."""
    image = backdrop("noise", 1280, 720)
    canvas = Canvas(image.copy(), Lettering())
    hud = Hud(prompt=PROMPT, score=0, best=40, blocked=True, notes=("blocked",), sheet=True)
    overlay.compose(canvas, hud)
    area = canvas.picture[100:400, 200:900]
    assert len(np.unique(area.reshape(-1, 3), axis=0)) <= 15 * 8
    assert {"blocked", PROMPT} <= {text for text, _ in canvas.texts}
    open_hud = replace(hud, blocked=False)
    assert (overlay.draw(image, open_hud)[100:400, 200:900] == image[100:400, 200:900]).all()


# --- beside a sheet of paper --------------------------------------------------------------------


SHEETS = {
    "middle": [[0.3, 0.12], [0.74, 0.17], [0.71, 0.8], [0.27, 0.74]],
    "low": [[0.28, 0.35], [0.75, 0.37], [0.72, 0.97], [0.26, 0.95]],
    "left": [[0.05, 0.3], [0.4, 0.3], [0.4, 0.95], [0.05, 0.95]],
    "right": [[0.6, 0.25], [0.97, 0.25], [0.97, 0.95], [0.6, 0.95]],
    "large": [[0.1, 0.04], [0.9, 0.05], [0.9, 0.96], [0.1, 0.95]],
    "outside": [[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 1.5]],
}
SIZES_AND_SMALL = [*SIZES, (320, 240)]


def with_sheet(name: str, width: int, height: int, **values) -> tuple[Canvas, np.ndarray]:
    """The composed canvas, and a mask of the sheet's pixels."""
    corners = (np.array(SHEETS[name]) * [width, height]).astype(np.float32)
    hud = Hud(region=corners, sheet=True, **values)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1)
    return composed(hud, width, height), mask


@pytest.mark.parametrize(("width", "height"), SIZES_AND_SMALL)
@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("prompt", [PROMPT, LONG[:130]])
def test_the_panel_hides_no_more_than_a_tenth_of_a_sheet(sheet, prompt, width, height):
    """Wherever the sheet is held, and although score and prompt stay legible."""
    canvas, mask = with_sheet(sheet, width, height, prompt=prompt, score=87, best=100)
    panels = [plate for plate in canvas.plates if plate.height > 0.055 * canvas.unit]
    hidden = sum(int(mask[p.top : p.bottom, p.left : p.right].sum()) for p in panels)
    assert hidden <= 0.1 * mask.sum()
    digits = [box for text, box in canvas.texts if text in "87"][:2]
    assert all(box.height >= 0.119 * min(canvas.unit, 1.1 * width) for box in digits)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280), (320, 240)])
@pytest.mark.parametrize("sheet", ["middle", "low", "left"])
def test_notes_hide_no_more_of_a_sheet_than_a_tenth_together_with_the_panel(sheet, width, height):
    """They move to where there is room, and the newest one is shown."""
    notes = ("The encoder knows no word of this prompt: the score means nothing.", "saved: a.png")
    values = {"model": "sketch", "notes": notes}
    canvas, mask = with_sheet(sheet, width, height, prompt=LONG[:130], score=87, best=100, **values)
    hidden = sum(int(mask[p.top : p.bottom, p.left : p.right].sum()) for p in canvas.plates)
    assert hidden <= 0.1 * mask.sum()
    assert "saved: a.png" in [text for text, _ in canvas.texts]


@pytest.mark.parametrize(("width", "height"), SIZES_AND_SMALL)
@pytest.mark.parametrize("sheet", SHEETS)
def test_texts_beside_a_sheet_stand_on_plates_that_do_not_overlap(sheet, width, height):
    """As without a sheet: nothing is cut off or written over another text."""
    values = {"model": "sketch · handwriting guard", "notes": ("handwriting detected: −18",)}
    for prompt in (PROMPT, LONG[:130]):
        canvas, _ = with_sheet(sheet, width, height, prompt=prompt, score=87, best=100, **values)
        for text, box in canvas.texts:
            assert any(inside(box, plate) for plate in canvas.plates), text
        for one, other in itertools.combinations(canvas.plates, 2):
            apart = one.right <= other.left or other.right <= one.left
            assert apart or one.bottom <= other.top or other.bottom <= one.top


def test_the_panel_stays_where_it_is_while_a_hand_trembles():
    """It moves when the sheet comes, not with every pixel, and back when the sheet is gone."""
    overlay, shape = Overlay(), (720, 1280)
    base = np.array(SHEETS["low"]) * [1280, 720]

    def places(offset: float, sheet: bool = True) -> list[Box]:
        canvas = Canvas(backdrop("grey", *shape[::-1]), Lettering())
        region = (base + offset).astype(np.float32) if sheet else None
        overlay.compose(canvas, Hud(PROMPT, score=50, best=60, region=region, sheet=sheet))
        return canvas.plates

    bottom = places(0, sheet=False)
    beside = places(0)
    assert beside != bottom
    trembling = np.random.default_rng(3).normal(0, 6, 60)
    assert all(places(offset) == beside for offset in trembling)
    assert places(0, sheet=False) == beside  # the finder blinks
    for _ in range(60):
        last = places(0, sheet=False)
    assert last == bottom


def test_labels_move_aside_for_a_sheet():
    canvas, mask = with_sheet(
        "low", 1280, 720, prompt="", labels={"hot dog": 0.97, "not a hot dog": 0.03}
    )
    hidden = sum(int(mask[p.top : p.bottom, p.left : p.right].sum()) for p in canvas.plates)
    assert hidden <= 0.1 * mask.sum()


@pytest.mark.parametrize(("width", "height"), SIZES_AND_SMALL)
def test_a_prompt_of_130_characters_is_shown_completely(width, height):
    """Also on an upright picture, and to its end on a small one."""
    prompt = LONG[:130].strip()
    canvas = composed(Hud(prompt, score=87, best=91, model="sketch"), width, height)
    written = "".join(text for text, _ in canvas.texts)
    assert prompt.replace(" ", "") in written.replace(" ", "")


@pytest.mark.parametrize(("width", "height"), [(720, 1280), (1080, 1920), (1280, 720)])
def test_ten_labels_fit_an_upright_picture(width, height):
    labels = {f"label number {i}": i / 55 for i in range(1, 11)}
    written = [text for text, _ in composed(Hud("", labels=labels), width, height).texts]
    assert [text for text in written if text.startswith("label")] == list(labels)


# --- text -------------------------------------------------------------------------------------


def test_text_is_rendered_once(monkeypatch):
    """A second picture with the same texts renders none of them again."""
    overlay = Overlay()
    image = backdrop("grey", 1280, 720)
    overlay.draw(image, HUDS["run"])
    calls: list[str] = []
    render = Lettering._render
    monkeypatch.setattr(Lettering, "_render", lambda *a: (calls.append(a[1]), render(*a))[1])
    overlay.draw(image, HUDS["run"])
    assert calls == []
    overlay.draw(image, replace(HUDS["run"], best=95))
    assert sorted(calls) == ["5", "9"]


def test_what_is_kept_is_bounded():
    """The oldest goes when the weights pass the limit; what was used lately stays."""
    kept: Recent[str] = Recent(10, len)
    computed: list[str] = []
    for key in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        kept.get(key, lambda key=key: (computed.append(key), key)[1])
    assert computed == ["aaaa", "bbbb", "cccc", "bbbb"]


@pytest.mark.parametrize("text", ["Ελληνικά", "Кириллица", "Łódź Ångström ệ", "−18 × “…” € ½ →"])
def test_the_bundled_font_has_latin_greek_and_cyrillic(text):
    """No installed font is asked for these."""
    coverage = Coverage(BUNDLED)
    assert all(c in coverage for c in text if c != " ")


def test_other_scripts_come_from_an_installed_font():
    """Arabic, Hebrew and Armenian are drawn as themselves where a font is installed."""
    with_fonts = Lettering(installed=InstalledFonts([DEJAVU]))
    without = Lettering(installed=InstalledFonts([]))
    for text in ("غوريلا", "גורילה", "գորիլա"):
        drawn, dots = with_fonts.bitmap(text, 40, (9, 9, 9)), without.bitmap(text, 40, (9, 9, 9))
        assert drawn.ink.shape[0] > 1.5 * dots.ink.shape[0]
    distinct = {with_fonts.bitmap(c, 40, (9, 9, 9)).inverse.tobytes() for c in "אבגדהוזח"}
    assert len(distinct) == 8


def test_hebrew_is_in_order_without_raqm(monkeypatch):
    """Where Pillow has no shaping, right-to-left letters still run from right to left."""
    from PIL import features

    fonts = InstalledFonts([DEJAVU])
    shaped = Lettering(installed=fonts).bitmap("גורילה", 40, (9, 9, 9)).inverse
    monkeypatch.setattr(features, "check", lambda _: False)
    basic = Lettering(installed=fonts).bitmap("גורילה", 40, (9, 9, 9)).inverse
    height, width = (min(sides) for sides in zip(shaped.shape[:2], basic.shape[:2], strict=True))
    here, there = shaped[:height, :width].astype(int), basic[:height, :width].astype(int)
    assert abs(here - there).mean() < 0.3 * abs(here - there[:, ::-1]).mean()


def test_a_character_of_no_font_is_a_dot_never_a_question_mark():
    """Without any font a letter becomes a dot, a fancy letter its plain one."""
    lettering = Lettering(installed=InstalledFonts([]))
    dot = lettering.bitmap("·", 40, (9, 9, 9)).inverse
    assert np.array_equal(lettering.bitmap("獏", 40, (9, 9, 9)).inverse, dot)
    plain = lettering.bitmap("H", 40, (9, 9, 9)).inverse
    assert np.array_equal(lettering.bitmap("𝓗", 40, (9, 9, 9)).inverse, plain)


@pytest.mark.parametrize(
    ("prompt", "note"),
    [
        ("かわいい獏", "no font for Chinese: install fonts-noto-cjk"),
        ("かわいい", "no font for Japanese: install fonts-noto-cjk"),
        ("집", "no font for Korean: install fonts-noto-cjk"),
        ("กบ", "no font for Thai: install fonts-noto-core"),
        ("a 🏠", "no font for emoji: install fonts-noto-color-emoji"),
        ("a house, ελληνικά 𝓗", None),
    ],
)
def test_dots_instead_of_letters_come_with_the_package_to_install(monkeypatch, prompt, note):
    """Whoever sees "······" reads which package brings the letters."""
    monkeypatch.setattr(sys, "platform", "linux")
    overlay = Overlay()
    overlay._lettering = Lettering(installed=InstalledFonts([]))
    for hud in (Hud(prompt), Hud("a house", player=prompt), Hud("", labels={prompt: 0.5})):
        canvas = Canvas(backdrop("grey", 1280, 720), overlay._lettering)
        overlay.compose(canvas, hud)
        notes = [text for text, _ in canvas.texts if text.startswith("no font")]
        assert (note in notes) if note else not notes


def test_scripts_without_an_installed_font_are_listed():
    assert "Japanese" in scripts_without_font(InstalledFonts([]))
    assert "emoji" in scripts_without_font(InstalledFonts([]))
    with_dejavu = scripts_without_font(InstalledFonts([DEJAVU]))
    assert "Arabic" not in with_dejavu
    assert "Thai" in with_dejavu


def test_emoji_keep_their_colours_and_the_size_of_the_text():
    """A red heart is red in white text, and about as high as its letters."""
    bitmap = Lettering().bitmap("❤️", 60, (255, 255, 255))
    if np.ptp(bitmap.ink.astype(int), axis=2).max() < 50:
        pytest.skip("no emoji font with colours is installed")
    blue, _, red = bitmap.ink[20:40, 20:40].reshape(-1, 3).mean(0)
    assert red > 2 * blue
    assert 40 <= bitmap.ink.shape[0] <= 90


def test_a_damaged_bundled_font_is_a_clear_error(tmp_path, monkeypatch):
    """A broken or missing file is an error that names it and the command that helps."""
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"\0\1\0\0\0\x05" + bytes(40))
    for path in (broken, tmp_path / "missing.ttf"):
        monkeypatch.setattr("paintcam.overlay.text.BUNDLED", path)
        with pytest.raises(PaintcamError, match=f"{path.name}.*pip install"):
            Overlay()


def test_a_broken_installed_font_is_passed_over(tmp_path):
    """Of the installed fonts, one that cannot be read does not spoil the search."""
    (tmp_path / "NotoSansArmenian-Bold.ttf").write_bytes(b"\0\1\0\0\0\xff" + os.urandom(64))
    (tmp_path / "empty.ttf").touch()
    found = list(InstalledFonts([tmp_path, tmp_path / "none", DEJAVU]).find("գ"))
    assert found
    assert {path.parent for path in found} == {DEJAVU}


def test_a_font_that_pillow_cannot_open_is_passed_over(tmp_path):
    """A file with a good table and nothing else: the next font is taken, nothing is raised."""
    whole = (DEJAVU / "DejaVuSans-Bold.ttf").read_bytes()
    at = whole.index(b"cmap")
    _, _, offset, length = struct.unpack_from(">4sIII", whole, at)
    header = whole[:4] + struct.pack(">HHHH4sIII", 1, 16, 0, 0, b"cmap", 0, 28, length)
    (tmp_path / "NotoSansArmenian-Bold.ttf").write_bytes(header + whole[offset : offset + length])
    broken = InstalledFonts([tmp_path, DEJAVU])
    assert next(broken.find("գ")).parent == tmp_path
    drawn = Lettering(installed=broken).bitmap("գ", 40, (9, 9, 9))
    good = Lettering(installed=InstalledFonts([DEJAVU])).bitmap("գ", 40, (9, 9, 9))
    assert np.array_equal(drawn.inverse, good.inverse)


def test_coverage_agrees_with_pillow():
    """Characters in the table have a glyph of their own, others the box of a missing one."""
    from PIL import ImageFont

    path = DEJAVU / "DejaVuSans.ttf"
    coverage, font = Coverage(path), ImageFont.truetype(str(path), 40)
    box = bytes(font.getmask("\U000efff0"))
    for code in range(0x21, 0x3000, 7):
        if unicodedata.category(chr(code)) in ("Lu", "Ll", "Lo", "Nd", "Sm"):
            assert (chr(code) in coverage) == (bytes(font.getmask(chr(code))) != box), hex(code)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("e\u0301a", ["e\u0301", "a"]),
        ("👩🏽‍🚀!", ["👩🏽‍🚀", "!"]),
        ("🇬🇷🇫🇷", ["🇬🇷", "🇫🇷"]),
        ("1️⃣2", ["1️⃣", "2"]),
    ],
)
def test_clusters_are_what_a_reader_calls_a_letter(text, parts):
    assert clusters(text) == parts


@pytest.mark.parametrize(
    ("logical", "visual"),
    [
        ("abc", "abc"),
        ("אבג", "גבא"),
        ("ab אב cd", "ab בא cd"),
        ("אב cd הו", "וה cd בא"),
        ("אב 12!", "!12 בא"),
        ("ab אב 12", "ab 12 בא"),
        ("12 אב", "בא 12"),
        ("1. אב 65.73", "65.73 בא .1"),
        ("سارة 70.65", "70.65 ةراس"),
        ("אב (raw) 1,234.5", "1,234.5 (raw) בא"),
        ("a (אב) b", "a (בא) b"),
        ("אבּ!", "!בּא"),
        ("אב 👩🏽‍🎨 −18", "18− 👩🏽‍🎨 בא"),
    ],
)
def test_mixed_directions_stand_in_the_order_of_the_unicode_algorithm(logical, visual):
    assert "".join(part for part, _ in display_order(clusters(logical))) == visual


@pytest.mark.parametrize(
    "name", ["سارة", "דנה", "דנה (Ada)", "ليلى ٢", "محمد علي", "שָׂרָה", "Bo دانا"]
)
@pytest.mark.parametrize("score", ["65.73", "65.70", "100.00"])
def test_a_score_on_the_podium_reads_as_it_is_beside_any_name(name, score):
    """Not 73.65 for 65.73, which it was beside Arabic and Hebrew names."""
    drawn = "".join(run.text for run in LETTERING._line(f"1. {name} {score}") if not run.rtl)
    assert score in drawn
    assert "1" in drawn.replace(score, "")
    alone = LETTERING.bitmap(score, 40, (255, 255, 255)).ink
    line = LETTERING.bitmap(f"1. {name} {score}", 40, (255, 255, 255)).ink
    match = cv2.matchTemplate(
        cv2.copyMakeBorder(line, 40, 40, 40, 40, cv2.BORDER_CONSTANT), alone, cv2.TM_CCOEFF_NORMED
    )
    assert match.max() > 0.95


@given(st.text())
def test_clean_text_is_one_line_that_can_be_encoded(text):
    """No control characters, no lone surrogates, no directional overrides, no double spaces."""
    line = clean(text + "\u202e\ud800\x00\n")
    assert line.encode().decode() == line
    assert "\n" not in line
    assert "\u202e" not in line
    assert "  " not in line
    assert clean(line) == line


@settings(deadline=None)
@given(text=st.text(max_size=60), width=st.integers(1, 300), lines=st.integers(0, 4))
def test_wrapped_lines_fit(text, width, lines):
    """No line is wider than its column, none is blank, and there are not too many."""
    lettering = LETTERING
    wrapped = lettering.wrap(text, 20, width, lines)
    assert len(wrapped) <= lines
    assert all(line.strip() and lettering.width(line, 20) <= width for line in wrapped)


LETTERING = Lettering(installed=InstalledFonts([DEJAVU]))


def test_lines_are_about_equally_long():
    """No last word alone on its line where the words can be shared out."""
    width = LETTERING.width("a gorilla gardening with", 20)
    wrapped = LETTERING.wrap(PROMPT, 20, width, 3)
    assert wrapped == ("a gorilla gardening", "with grapes")


def test_ideographs_wrap_without_spaces():
    """A line of Chinese breaks between characters, and not before a full stop."""
    assert LETTERING.wrap("大" * 9 + "。", 20, LETTERING.width("大大大大", 20), 4)[0] == "大" * 4


def test_importing_the_overlay_loads_nothing_heavy():
    """cv2, Pillow and supervision come with the first picture."""
    code = (
        "import sys, paintcam.overlay;"
        "print([m for m in ('cv2', 'PIL', 'supervision') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


# --- reference pictures -----------------------------------------------------------------------


def still(width: int, height: int) -> np.ndarray:
    """A sheet of paper before a wall, drawn the same on every machine."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wall = np.stack([120 + 60 * x / width, 140 + 40 * y / height, 170 - 50 * x / width], -1)
    picture = wall.astype(np.uint8)
    sheet = (SHEET * [width, height]).astype(np.int32)
    cv2.fillPoly(picture, [sheet], (230, 236, 240))
    centre = (round(0.5 * width), round(0.42 * height))
    cv2.circle(picture, centre, height // 6, (60, 40, 30), max(1, height // 90))
    return picture


SHEET = np.array([[0.3, 0.12], [0.74, 0.17], [0.71, 0.8], [0.27, 0.74]])
PICTURES = {
    "run": (480, 270, Hud(PROMPT, score=87, best=91, model="clip:ViT-B-16", notes=("−18",))),
    "contest": (270, 480, Hud(PROMPT, score=42, best=64, clock="0:17", player="Grace")),
    "labels": (480, 270, HUDS["labels"]),
    "help": (480, 270, replace(HUDS["loading"], help=True)),
    "podium": (480, 270, HUDS["podium"]),
    "blocked": (480, 270, Hud("горилла", score=0, best=31, blocked=True, model="sketch")),
}


def reference(name: str) -> np.ndarray:
    width, height, hud = PICTURES[name]
    region = (SHEET * [width, height]).astype(np.float32)
    return Overlay().draw(still(width, height), replace(hud, region=region, sheet=True))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_look_as_they_did(name):
    """Within what another FreeType may change. Renew them with `python tests/test_overlay.py`."""
    kept = cv2.imread(str(REFERENCES / f"{name}.png"))
    difference = cv2.absdiff(reference(name), kept)
    assert difference.mean() < 2
    assert (difference.max(-1) > 60).mean() < 0.01


if __name__ == "__main__":
    REFERENCES.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        cv2.imwrite(str(REFERENCES / f"{name}.png"), reference(name))
