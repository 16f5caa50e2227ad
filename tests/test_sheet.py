"""The sheet finder, on rendered scenes with a known truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import scenes
from clip_fixtures import ROOT
from paintcam.encoders.base import EncoderInfo
from paintcam.frames import Frame
from paintcam.judge.judge import Judge
from paintcam.judge.sheet import search as sheet_search
from paintcam.judge.sheet.finder import SheetFinder
from paintcam.run.session import Session

DEMO = ROOT / "paintcam" / "assets" / "demo" / "demo.mp4"


def iou(one, other):
    """Intersection over union of two convex quads."""
    one, other = one.astype(np.float32), other.astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(one, other)
    return shared / (abs(cv2.contourArea(one)) + abs(cv2.contourArea(other)) - shared)


@pytest.mark.parametrize("place", range(5))
def test_finds_a_held_sheet_in_any_room(place):
    """Hands over edges, tilt, four lights, two sheets; the benchmark measures more of them."""
    finder = SheetFinder(steady=False)
    hits = []
    for seed in range(500 + place, 540 + place, 5):
        scene = scenes.held_sheet(seed)
        corners = finder.find(scene.image)
        hits.append(corners is not None and iou(corners, scene.corners) >= 0.8)
    assert sum(hits) >= 7, hits


def test_no_sheet_is_found_in_an_empty_room():
    """Rooms, people and waving hands."""
    finder = SheetFinder(steady=False)
    found = [s for s in range(300, 340) if finder.find(scenes.no_sheet(s).image) is not None]
    assert len(found) <= 2, found


def test_paper_that_fills_the_picture_is_not_a_sheet():
    """A drawn rectangle has the paper on both sides of its line."""
    finder = SheetFinder(steady=False)
    found = [s for s in range(300, 330) if finder.find(scenes.full_frame(s).image) is not None]
    assert len(found) <= 1, found


def test_a_plain_picture_has_no_sheet():
    """White, black, noise: nothing to find, and no warning."""
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    white, black = (np.full((720, 1280, 3), tone, np.uint8) for tone in (255, 0))
    for picture in (white, black, noise):
        assert SheetFinder(steady=False).find(picture) is None
        assert SheetFinder().find(picture) is None


@pytest.mark.parametrize("hw", [(1, 1), (40, 300), (47, 47), (120, 90), (97, 1920)])
def test_odd_sizes(hw):
    """Too small or too flat for a sheet is no error."""
    picture = np.random.default_rng(1).integers(0, 256, (*hw, 3), np.uint8)
    assert SheetFinder(steady=False).find(picture) is None


@pytest.mark.parametrize("hw", [(480, 640), (1280, 720), (2160, 3840)])
def test_other_resolutions(hw):
    """Corners come in the frame's own pixels, portrait and 4K alike."""
    finder, hits = SheetFinder(steady=False), 0
    for seed in (1, 3, 14, 23):
        scene = scenes.held_sheet(seed, hw=hw)
        corners = finder.find(scene.image)
        hits += corners is not None and iou(corners, scene.corners) >= 0.8
    assert hits >= 3


def test_corners_are_clockwise_from_the_top_left():
    """In image coordinates, y down."""
    scene = scenes.held_sheet(3)
    corners = SheetFinder(steady=False).find(scene.image)
    assert corners.dtype == np.float32
    assert corners.shape == (4, 2)
    following = np.roll(corners, -1, axis=0)
    turned = corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]
    assert turned.sum() > 0
    assert corners.sum(axis=1).argmin() == 0


def test_corners_hold_still_in_trembling_hands():
    """At most 1 % of the sheet's width, 95 of 100 times."""
    clip = scenes.tremor(2, 30)
    finder = SheetFinder()
    found = [finder.find(scene.image) for scene in clip]
    assert all(corners is not None for corners in found)
    width = np.linalg.norm(clip[0].corners[1] - clip[0].corners[0])
    errors = np.array([c - s.corners for c, s in zip(found, clip, strict=True)])[5:]
    around = np.linalg.norm(errors - errors.mean(axis=0), axis=2) / width
    assert np.percentile(around, 95) <= 0.01


def test_a_sheet_survives_a_blink_but_not_its_removal():
    """A few frames without it keep the corners; then they are gone, and found again."""
    clip = scenes.tremor(4, 4)
    gone = scenes.no_sheet(0).image
    finder = SheetFinder()
    assert finder.find(clip[0].image) is not None
    blink = [finder.find(gone) is not None for _ in range(20)]
    assert blink[0]
    assert not blink[-1]
    assert any(finder.find(scene.image) is not None for scene in clip)


def test_another_frame_size_starts_the_search_again():
    """A camera that comes back at another size must not keep the old corners."""
    finder = SheetFinder()
    assert finder.find(scenes.held_sheet(3).image) is not None
    assert finder.find(np.zeros((480, 640, 3), np.uint8)) is None


def test_rectified_sheet_is_square_and_padded_with_paper():
    """An encoder's centre crop then loses nothing of a landscape sheet."""
    paper = np.full((300, 420, 3), (200, 220, 235), np.float32)
    paper[20:60, 20:60] = (0, 0, 255)  # marks in two corners: the drawing fills the sheet
    paper[240:280, 360:400] = (0, 0, 255)
    room = np.full((720, 1280, 3), 40, np.float32)
    corners = np.float32([[300, 120], [940, 180], [900, 600], [330, 640]])
    scenes.paste(room, paper, corners, 0)
    front = SheetFinder().rectify(room.astype(np.uint8), corners)
    assert front.shape == (320, 320, 3)
    assert front.dtype == np.uint8
    assert np.abs(front[2, 160].astype(int) - (200, 220, 235)).max() <= 3
    assert np.abs(front[-3, 160].astype(int) - (200, 220, 235)).max() <= 3
    reds = np.argwhere((front[:, :, 2] > 200) & (front[:, :, 0] < 60))
    assert len(reds) > 600
    assert reds[:, 1].min() < 60
    assert reds[:, 1].max() > 260
    assert reds[0, 1] < reds[-1, 1]  # the top left mark is still at the top left


def test_a_small_drawing_is_brought_nearer():
    """The square around its ink, smoothly from frame to frame; a blank sheet stays whole."""
    paper = np.full((400, 400, 3), 240, np.float32)
    room = np.full((720, 1280, 3), 40, np.float32)
    corners = np.float32([[400, 120], [880, 120], [880, 600], [400, 600]])
    blank = room.copy()
    scenes.paste(blank, paper, corners, 0)
    cv2.circle(paper, (300, 300), 30, (20, 20, 200), 6)
    drawn = room.copy()
    scenes.paste(drawn, paper, corners, 0)
    blank, drawn = blank.astype(np.uint8), drawn.astype(np.uint8)

    def width(picture, finder):
        """Of the ring, pixels of 320."""
        columns = (finder.rectify(picture, corners)[:, :, 1] < 120).any(axis=0).nonzero()[0]
        return 0 if len(columns) == 0 else columns[-1] - columns[0]

    assert width(blank, SheetFinder(steady=False)) == 0
    near = width(drawn, SheetFinder(steady=False))
    assert near > 1.8 * 66 / 400 * 320
    steady = SheetFinder()
    steady.rectify(blank, corners)
    widths = [width(drawn, steady) for _ in range(30)]
    assert widths[0] < 0.75 * near
    assert np.diff(widths).max() < 30
    assert abs(widths[-1] - near) <= 2


def test_finding_does_not_write_into_the_frame():
    """Nobody writes into a frame: others are reading it."""
    image = scenes.held_sheet(3).image
    before = image.copy()
    image.flags.writeable = False
    finder = SheetFinder()
    finder.rectify(image, finder.find(image))
    assert np.array_equal(image, before)


@pytest.mark.parametrize("wh", [(640, 480), (320, 240), (1280, 720)])
@pytest.mark.parametrize("share", [0.01, 0.02, 0.04])
def test_a_box_drawn_with_a_marker_is_not_a_sheet(wh, share):
    """However thick the marker, beyond its line the same paper goes on."""
    width, height = wh
    paper = np.full((height, width, 3), 245, np.uint8)
    left, right = (width - height // 2) // 2, (width + height // 2) // 2
    pen = max(2, round(share * width))
    cv2.rectangle(paper, (left, height // 2), (right, height * 9 // 10), (60, 60, 200), pen)
    cv2.line(paper, (left, height // 2), (width // 2, height // 6), (30, 30, 30), pen)
    assert SheetFinder(steady=False).find(paper) is None


def test_a_slow_encoder_drops_a_removed_sheet_at_once():
    """Eight frames are a quarter of a second of a camera, and two seconds of CLIP."""
    scene = scenes.held_sheet(1)
    empty = np.full_like(scene.image, 90)
    finder = SheetFinder()
    for index in range(3):
        assert finder.find(scene.image, 0.27 * index) is not None
    gone = [finder.find(empty, 0.27 * index) is None for index in range(3, 6)]
    assert gone[-1]
    assert gone.count(False) <= 1


def test_a_removed_sheet_is_dropped_although_something_paler_stays(monkeypatch):
    """A faint quad elsewhere neither takes the sheet's place nor keeps its outline forever."""
    size = (180, 320)
    held = np.array([[40, 40], [140, 40], [140, 140], [40, 140]], np.float32)
    elsewhere = held + [150, 20]
    faint = (sheet_search.KEEP + sheet_search.ACQUIRE) / 2
    results = iter([(held, 0.9)] * 2 + [(elsewhere.astype(np.float32), faint)] * 60)
    monkeypatch.setattr("paintcam.judge.sheet.finder.search", lambda small, before: next(results))
    finder, picture = SheetFinder(), np.zeros((*size, 3), np.uint8)
    found = [finder.find(picture) for _ in range(50)]
    assert sum(corners is not None for corners in found[:9]) >= 7
    assert all(corners is None for corners in found[12:])


def appearing(fps, before_s=1.0, after_s=2.0):
    """Times and pictures of a room in which somebody holds up a sheet after a second."""
    with_sheet = scenes.held_sheet(3).image
    empty = np.full_like(with_sheet, 90)
    count = round(before_s * fps)
    return [
        (index / fps, empty if index < count else with_sheet)
        for index in range(count + round(after_s * fps))
    ]


@pytest.mark.parametrize("fps", [30, 6, 3])
def test_no_verdict_on_a_sheet_that_just_appeared_counts(fps):
    """Neither those on the whole frame before it is found, nor those before it is confirmed."""
    finder, counted = SheetFinder(), []
    for time_s, image in appearing(fps):
        corners = finder.find(image, time_s)
        if time_s >= 1 and finder.confirmed:
            counted.append((time_s, corners is not None))
    assert all(found for _, found in counted)
    assert 1.2 <= counted[0][0] <= 1 + max(0.36, 1.01 / fps)
    assert len(counted) >= 2 * fps - max(0.36 * fps, 1.01)


def test_a_sheet_that_flashes_up_for_one_frame_never_counts():
    """It is kept for a moment, in case a hand hides it, but it was never confirmed."""
    finder = SheetFinder()
    sheet = scenes.held_sheet(3).image
    empty = np.full_like(sheet, 90)
    for index in range(60):
        corners = finder.find(sheet if index == 15 else empty, index / 30)
        assert corners is None or not finder.confirmed


def test_the_finder_does_not_depend_on_the_clock():
    """`--every-frame` promises the same numbers on a fast and on a slow machine."""
    clip = scenes.tremor(4, 12, hw=(360, 640))
    runs = []
    for _ in range(2):
        finder = SheetFinder()
        runs.append([finder.find(scene.image, i / 30) for i, scene in enumerate(clip)])
    for one, other in zip(*runs, strict=True):
        assert (one is None and other is None) or np.array_equal(one, other)


def test_a_file_that_restarts_is_searched_again():
    """Its time jumps back; the sheet of its end is not the sheet of its beginning."""
    finder, sheet = SheetFinder(), scenes.held_sheet(3).image
    for index in range(10):
        assert finder.find(sheet, 1 + index / 30) is not None
    assert finder.find(np.full_like(sheet, 90), 0.0) is None


def test_a_sheet_in_the_first_frame_counts_at_once():
    """A clip of one frame has a score; only a sheet that appears has to be confirmed."""
    finder = SheetFinder()
    assert finder.find(scenes.held_sheet(3).image, 0.0) is not None
    assert finder.confirmed


def test_a_frame_that_stands_for_seconds_confirms_its_sheet():
    """At a verdict every two seconds a second look would come too late."""
    finder, sheet = SheetFinder(), scenes.held_sheet(3).image
    assert finder.find(np.full_like(sheet, 90), 0.0) is None
    assert finder.find(sheet, 2.0) is not None
    assert finder.confirmed


def test_a_blink_at_three_verdicts_per_second_keeps_the_sheet():
    """One miss is no loss, however slow the encoder."""
    finder, sheet = SheetFinder(), scenes.held_sheet(3).image
    empty = np.full_like(sheet, 90)
    for index in range(4):
        finder.find(sheet, index / 3)
    assert finder.find(empty, 4 / 3) is not None
    assert finder.find(sheet, 5 / 3) is not None
    assert finder.confirmed


@pytest.mark.parametrize("turn", [cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE])
def test_the_drawing_is_straightened_as_it_is_held(turn):
    """Upside down stays upside down: the sheet does not say which side is up."""
    paper = np.full((400, 400, 3), 240, np.float32)
    paper[40:120, 40:120] = (0, 0, 200)
    paper[300:380, 300:380] = (0, 0, 200)
    paper[40:120, 300:380] = (200, 0, 0)
    corners = np.float32([[400, 120], [880, 120], [880, 600], [400, 600]])
    fronts = []
    for page in (paper, cv2.rotate(paper, turn)):
        room = np.full((720, 1280, 3), 40, np.float32)
        scenes.paste(room, page, corners, 0)
        fronts.append(SheetFinder(steady=False).rectify(room.astype(np.uint8), corners))
    assert np.abs(cv2.rotate(fronts[0], turn).astype(int) - fronts[1]).mean() < 4


class Steady:
    """An encoder for which every picture is alike."""

    info = EncoderInfo("steady", (0.0, 1.0))

    def encode_image(self, images):
        return np.tile(np.float32([0.6, 0.8]), (len(images), 1))

    def encode_text(self, texts):
        return np.tile(np.float32([1.0, 0.0]), (len(texts), 1))


def test_a_slow_encoder_ends_with_a_best_whichever_frames_it_gets():
    """The demo clip, a verdict every half second to every five: nearly all of them count."""
    video = cv2.VideoCapture(str(DEMO))
    fps, index, frames = video.get(cv2.CAP_PROP_FPS), 0, []
    while video.grab():
        if index % round(fps / 4) == 0:
            frames.append(Frame(video.retrieve()[1], index, index / fps, index / fps))
        index += 1
    for stride in (2, 3, 8, 20):  # quarter seconds
        for first in (0, stride // 2):
            judge = Judge(Steady(), "a house", sheet_finder=SheetFinder())
            session = Session()
            verdicts = [judge.judge([frame])[0] for frame in frames[first::stride]]
            for verdict in verdicts:
                session.add(verdict)
            assert session.best == pytest.approx(60)
            assert np.mean([verdict.counts for verdict in verdicts]) > 0.8
