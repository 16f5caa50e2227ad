"""The podium with photo-finishes: names, scores and drawings of 2 to 12 players, side by side."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from paintcam.contest.photo import Photo
from paintcam.frames import Frame
from paintcam.overlay import Hud, Overlay
from paintcam.overlay.canvas import Canvas
from paintcam.overlay.hud import PodiumCard
from paintcam.overlay.text import Lettering

SIZES = [(1280, 720), (854, 480), (720, 1280), (3840, 2160)]
NAMES = ["Ada", "Grace", "Bo", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal", "Ida", "Jo", "Kim"]


def colour(index):
    """A colour for each card, unlike those of the overlay."""
    return (40, 20 * index, 250 - 20 * index)


def cards(count):
    """Players with drawings of one colour each."""
    return tuple(
        PodiumCard(
            i + 1,
            NAMES[i % 12],
            f"{90 - i}.25",
            np.full((90, 120, 3), colour(i % 12), np.uint8),
        )
        for i in range(count)
    )


def drawn(count, wh, prompt="a gorilla gardening with grapes"):
    """The canvas with a podium on it."""
    width, height = wh
    canvas = Canvas(np.full((height, width, 3), 90, np.uint8), Lettering())
    hud = Hud(prompt=prompt, headline=("Ada wins", "Press Q to quit"), podium=cards(count))
    Overlay().compose(canvas, hud)
    return canvas


@pytest.mark.parametrize("wh", SIZES)
@pytest.mark.parametrize("count", [2, 3, 5, 7, 12])
def test_names_scores_and_drawings_fit(count, wh):
    """Every one of them, none over another, each drawing large enough to be seen."""
    canvas = drawn(count, wh)
    texts = dict(canvas.texts)
    for index, card in enumerate(cards(count)):
        assert card.player in texts
        assert f"{index + 1}. {card.score}" in texts
        low, high = (np.clip(np.add(colour(index), off), 0, 255) for off in (-3, 3))
        own = cv2.countNonZero(cv2.inRange(canvas.picture, low, high))
        assert own > 0.004 * wh[0] * wh[1]
    boxes = list(texts.values())
    for one in boxes:
        assert 0 <= one.left < one.right <= wh[0]
        assert 0 <= one.top < one.bottom <= wh[1]
        for other in boxes:
            across = min(one.right, other.right) - max(one.left, other.left)
            down = min(one.bottom, other.bottom) - max(one.top, other.top)
            assert one is other or across <= 0 or down <= 2
    assert not any("more" in text for text in texts)


@pytest.mark.parametrize("wh", [*SIZES, (320, 240)])
def test_a_podium_with_too_many_players_counts_the_others(wh):
    """All 20 players are listed or counted."""
    texts = [text for text, _ in drawn(20, wh).texts]
    listed = sum(f"{index + 1}. {90 - index}.25" in texts for index in range(20))
    assert 4 <= listed <= 12
    assert any(text.startswith(f"and {20 - listed} more") for text in texts)


def test_a_player_without_a_drawing_has_an_empty_frame():
    """A take-back removes the photo-finish; the player stays."""
    width, height = 640, 360
    canvas = Canvas(np.zeros((height, width, 3), np.uint8), Lettering())
    few = (PodiumCard(1, "Ada", "50.00"), PodiumCard(2, "ענת", "40.00"))
    Overlay().compose(canvas, Hud(prompt="a house", headline=("Ada wins",), podium=few))
    assert {"Ada", "1. 50.00", "2. 40.00"} <= {text for text, _ in canvas.texts}


def test_the_podium_shows_the_sheet_and_not_the_room():
    """At most about twice 480 pixels, whatever the camera's size."""
    image = np.zeros((2160, 3840, 3), np.uint8)
    image[500:1500, 1000:2000] = 200
    region = np.float32([[1000, 500], [2000, 500], [2000, 1500], [1000, 1500]])
    drawing = Photo(Frame(image, 0, 0.0, 0.0), region).drawing
    assert 480 <= max(drawing.shape[:2]) < 960
    assert (drawing > 150).mean() > 0.7
    whole = Photo(Frame(image, 0, 0.0, 0.0)).drawing
    assert whole.shape[1] > whole.shape[0]
