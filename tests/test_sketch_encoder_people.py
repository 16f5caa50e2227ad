"""People's drawings in the encoder's build: reading, splitting, redrawing, training."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="the build draws with OpenCV")
torch = pytest.importorskip("torch", reason="the build trains with torch")

from added_dimensions import nothing_added  # noqa: E402
from examples.sketch_encoder import (  # noqa: E402 - after the checks for what they import
    captions,
    hands,
    kept,
    losses,
    measures,
    network,
    people,
    people_figures,
    quickdraw,
    quickdraw_download,
    recipes,
    testsets,
    trainings,
)
from examples.sketch_encoder.dataset import Drawer, Mates, Mix, Steps  # noqa: E402
from examples.sketch_encoder.outlines import GRID, Shape  # noqa: E402
from examples.sketch_encoder.pictures import Picture  # noqa: E402
from examples.sketch_encoder.quickdraw import Drawing, QuickDrawError  # noqa: E402

SIMPLIFIED = [[[0, 255, 255, 0, 0], [0, 0, 120, 120, 0]], [[10, 60], [20, 90]]]


def line(word: str, key: int, drawing: list = SIMPLIFIED) -> str:
    """One line of Google's files."""
    return json.dumps(
        {"word": word, "countrycode": "NZ", "timestamp": "2017-03-01 20:45:12.00000 UTC",
         "recognized": True, "key_id": str(key), "drawing": drawing}
    )  # fmt: skip


def drawings(name: str, count: int, strokes: int = 3) -> list[Drawing]:
    """Some drawings of one category, each a fan of lines."""
    rng = np.random.default_rng(len(name))
    return [
        Drawing(name, f"{name}-{k}", True,
                [rng.uniform(0, GRID, (6, 2)).astype(np.float32) for _ in range(strokes)])
        for k in range(count)
    ]  # fmt: skip


def test_simplified_and_raw_files_give_the_same_drawing(tmp_path: Path):
    """Raw drawings have times and another scale; strokes, order and proportions are the same."""
    raw = [[(np.array(axis) * 3.7 + 41).tolist() for axis in stroke] for stroke in SIMPLIFIED]
    raw = [[*stroke, list(range(len(stroke[0])))] for stroke in raw]
    (tmp_path / "cat.ndjson").write_text(line("cat", 1) + "\n" + line("cat", 2, raw) + "\n")
    simple, full = quickdraw.read_folder(tmp_path, 10)
    assert (simple.name, simple.key, full.key) == ("cat", "1", "2")
    assert max(stroke.max() for stroke in simple.strokes) == pytest.approx(GRID - 1, abs=0.01)
    for one, other in zip(simple.strokes, full.strokes, strict=True):
        assert np.allclose(one, other, atol=0.1)


def test_only_the_first_drawings_of_each_category_are_read(tmp_path: Path):
    for word in ("cat", "dog"):
        lines = [line(word, k) for k in range(5)]
        (tmp_path / f"{word}.ndjson").write_text("\n".join(lines))
    found = quickdraw.read_folder(tmp_path, 2)
    assert [(d.name, d.key) for d in found] == [
        ("cat", "0"),
        ("cat", "1"),
        ("dog", "0"),
        ("dog", "1"),
    ]


def test_strokes_survive_the_arrays(tmp_path: Path):
    """What the build keeps in its work folder reads back as it was, in order."""
    before = drawings("cat", 3, strokes=2) + drawings("owl", 2, strokes=4)
    people._save(before, tmp_path / quickdraw.ARRAYS)
    after = quickdraw.read_folder(tmp_path, 1000)
    assert [(d.name, d.key, len(d.strokes)) for d in after] == [
        (d.name, d.key, len(d.strokes)) for d in before
    ]
    assert np.allclose(after[3].strokes[2], before[3].strokes[2], atol=0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"cat\.ndjson, line 2 is not a Quick, Draw! drawing"),
        (json.dumps({"word": "cat"}), r"line 2 is not a Quick, Draw! drawing \('drawing'\)"),
        (line("cat", 1, []), "line 2: a stroke has no points"),
        (line("cat", 1, [[[1, 2], [1]]]), "line 2 "),
        (line("cat", 1, [[[1, float("nan")], [1, 2]]]), "line 2: a coordinate is not a number"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, text: str, message: str):
    (tmp_path / "cat.ndjson").write_text(line("cat", 0) + "\n" + text + "\n")
    with pytest.raises(QuickDrawError, match=message):
        quickdraw.read_folder(tmp_path, 10)


def test_a_folder_without_drawings_is_refused(tmp_path: Path):
    with pytest.raises(QuickDrawError, match=r"has no strokes\.npz and no \.ndjson files"):
        quickdraw.read_folder(tmp_path, 10)
    np.savez(tmp_path / quickdraw.ARRAYS, names=["cat"], keys=["1"])
    with pytest.raises(QuickDrawError, match="has no array points, recognized, strokes, x, y"):
        quickdraw.read_folder(tmp_path, 10)


def test_arrays_that_do_not_fit_together_are_refused(tmp_path: Path):
    people._save(drawings("cat", 2), tmp_path / "whole.npz")
    arrays = dict(np.load(tmp_path / "whole.npz"))
    np.savez(tmp_path / quickdraw.ARRAYS, **(arrays | {"points": arrays["points"][:-1]}))
    with pytest.raises(QuickDrawError, match="lengths do not fit together"):
        quickdraw.read_folder(tmp_path, 10)


class Bucket(ThreadingHTTPServer):
    """A stand-in for Google's bucket: range requests, and faults on demand."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.faults: list[str] = []  # of the next requests: "503", "cut", "whole"
        self.etag = '"1"'

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/simplified"


class _Handler(BaseHTTPRequestHandler):
    server: Bucket

    def do_GET(self) -> None:
        name, header = unquote(self.path).rpartition("/")[2], self.headers.get("Range", "")
        self.server.requests.append((name, header))
        fault = self.server.faults.pop(0) if self.server.faults else ""
        data = self.server.files.get(name)
        if fault == "503" or data is None:
            self.send_error(503 if fault else 404)
            return
        start, end = (int(part) for part in re.fullmatch(r"bytes=(\d+)-(\d+)", header).groups())
        changed = self.headers.get("If-Range", self.server.etag) != self.server.etag
        if changed or fault == "whole":
            start, end = 0, len(data) - 1
        if start >= len(data):
            self.send_error(416)
            return
        end = min(end, len(data) - 1)
        self.send_response(200 if changed or fault == "whole" else 206)
        self.send_header("ETag", self.server.etag)
        self.send_header("Content-Length", str(end - start + 1))
        self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.end_headers()
        sent = data[start : end + 1]
        self.wfile.write(sent[: len(sent) // 2] if fault == "cut" else sent)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setattr(quickdraw_download, "PIECE", 2000)
    monkeypatch.setattr(quickdraw_download, "PAUSE_S", 0.001)
    server = Bucket()
    server.files = {
        f"{word}.ndjson": "".join(f"{line(word, k)}\n" for k in range(60)).encode()
        for word in ("sea turtle", "cat")
    }
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def _download(bucket: Bucket, cache: Path, count: int = 12, names: tuple = ("cat",)) -> list[str]:
    quickdraw_download.download(bucket.url, list(names), count, cache)
    return [d.key for d in quickdraw.read_folder(cache, count)]


def test_the_download_fetches_no_more_than_it_needs(bucket: Bucket, tmp_path: Path):
    """The first drawings of each category arrive by range requests, once."""
    keys = _download(bucket, tmp_path, names=("sea turtle", "cat"))
    assert keys == [str(k) for k in range(12)] * 2
    size = len(bucket.files["cat.ndjson"])
    assert 2000 * len([name for name, _ in bucket.requests if name == "cat.ndjson"]) < size / 2
    bucket.requests.clear()
    assert _download(bucket, tmp_path, names=("sea turtle", "cat")) == keys
    assert bucket.requests == []


def test_more_drawings_continue_the_file(bucket: Bucket, tmp_path: Path):
    _download(bucket, tmp_path, 5)
    have = (tmp_path / "cat.part").stat().st_size
    bucket.requests.clear()
    assert len(_download(bucket, tmp_path, 30)) == 30
    assert bucket.requests[0][1].startswith(f"bytes={have}-")


def test_a_category_with_fewer_drawings_than_requested_is_read_completely(
    bucket: Bucket, tmp_path: Path
):
    assert len(_download(bucket, tmp_path, 1000)) == 60
    bucket.requests.clear()
    assert len(_download(bucket, tmp_path, 1000)) == 60
    assert bucket.requests == []


@pytest.mark.parametrize("fault", ["503", "cut", "whole"])
def test_a_download_survives_a_fault(bucket: Bucket, tmp_path: Path, fault: str):
    """A busy server, a connection cut short and a server without ranges give the same file."""
    bucket.faults = ["", fault]
    assert _download(bucket, tmp_path) == [str(k) for k in range(12)]


def test_an_interrupted_download_resumes(bucket: Bucket, tmp_path: Path):
    bucket.faults = ["", *["503"] * quickdraw_download.TRIES]
    with pytest.raises(QuickDrawError, match=r"cat\.ndjson cannot be reached .*resume"):
        _download(bucket, tmp_path)
    assert not (tmp_path / "cat.ndjson").exists()
    bucket.requests.clear()
    assert len(_download(bucket, tmp_path)) == 12
    assert bucket.requests[0][1].startswith("bytes=2000-")


def test_a_file_that_changed_on_the_server_is_fetched_from_its_start(
    bucket: Bucket, tmp_path: Path
):
    """Two versions are never joined."""
    _download(bucket, tmp_path, 5)
    bucket.etag = '"2"'
    bucket.files["cat.ndjson"] = "".join(f"{line('cat', k)}\n" for k in range(100, 160)).encode()
    assert _download(bucket, tmp_path, 12) == [str(k) for k in range(100, 112)]


def test_a_file_of_another_category_is_refused(bucket: Bucket, tmp_path: Path):
    bucket.files["cat.ndjson"] = bucket.files["sea turtle.ndjson"]
    with pytest.raises(QuickDrawError, match="holds drawings of 'sea turtle'"):
        _download(bucket, tmp_path)
    assert not (tmp_path / "cat.ndjson").exists()


def test_a_missing_file_is_named(bucket: Bucket, tmp_path: Path):
    with pytest.raises(QuickDrawError, match=r"lion\.ndjson cannot be read \(HTTP 404\)"):
        _download(bucket, tmp_path, names=("lion",))


def test_the_build_reads_from_an_address(bucket: Bucket, tmp_path: Path, monkeypatch):
    """What was read is kept; another number of drawings is read again."""
    monkeypatch.setattr(quickdraw_download, "categories", lambda: ["cat", "sea turtle"])
    assert len(people.read(bucket.url, 4, tmp_path)) == 8
    bucket.requests.clear()
    assert len(people.read(bucket.url, 4, tmp_path)) == 8
    assert bucket.requests == []
    assert len(people.read(bucket.url, 6, tmp_path)) == 12
    about = json.loads((tmp_path / people.ABOUT).read_text())
    assert about == {"source": bucket.url, "per_category": 6, "drawings": 12, "categories": 2}


def test_all_categories_of_the_game_are_known():
    names = quickdraw_download.categories()
    assert len(names) == len(set(names)) == 345
    assert people.unseen_categories() < set(names)


def test_held_out_drawings_are_one_in_ten_and_at_least_two():
    """Small categories keep all; unseen ones lose all; the order of the file does not matter."""
    listed = [*drawings("cat", 40), *drawings("owl", 10), *drawings("axe", 9), *drawings("sun", 30)]
    found = people.split(listed, {"sun"})
    held = [listed[k].name for k in found.held_out]
    assert {name: held.count(name) for name in ("cat", "owl", "axe", "sun")} == {
        "cat": 4, "owl": 2, "axe": 0, "sun": 0,
    }  # fmt: skip
    assert {listed[k].name for k in found.unseen} == {"sun"}
    assert sorted(found.trained + found.held_out + found.unseen) == list(range(len(listed)))
    turned = listed[::-1]
    again = people.split(turned, {"sun"})
    assert {turned[k].key for k in again.held_out} == {listed[k].key for k in found.held_out}


def test_twenty_categories_are_never_trained_on():
    assert len(people.unseen_categories()) == 20


@pytest.fixture
def squares() -> list[Shape]:
    """An icon of ten squares of many sizes."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], np.float32)
    return [Shape([square * (1000 - 90 * k)], (255, 0, 0), None) for k in range(10)]


def _spread(shapes: list[Shape]) -> np.ndarray:
    points = np.concatenate([c for s in shapes for c in s.contours])
    return np.concatenate([points.min(0), points.max(0)])


def test_icons_are_redrawn_with_fewer_strokes_that_stay_open(squares: list[Shape]):
    """People draw about as many strokes as they draw, and rarely meet where they began."""
    habits = hands.Habits(strokes=np.array([2.0]), gaps=np.array([0.2]), aspect=0.1)
    counts, gaps = [], []
    for seed in range(40):
        found = hands.redraw(squares, np.random.default_rng(seed), habits)
        lines = [c for shape in found for c in shape.contours]
        counts.append(len(lines))
        gaps += [np.hypot(*(c[-1] - c[0])) / np.ptp(c, 0).max() for c in lines]
        assert _spread(found).min() >= -1
        assert _spread(found).max() <= GRID
    assert 2 <= np.mean(counts) <= 5 < len(squares)
    assert 0.1 < np.median(gaps) < 0.35


def test_two_people_draw_an_icon_differently(squares: list[Shape]):
    first, again, other = (
        np.concatenate(hands.redraw(squares, np.random.default_rng(s), hands.Habits())[0].contours)
        for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.allclose(first, other, atol=20)


def test_a_real_drawing_varies_but_keeps_its_order():
    """Strokes stay in the order they were drawn in; at most one is left out."""
    strokes = [np.array([[k * 100, 0], [k * 100 + 5, 900]], np.float32) for k in range(8)]
    shapes = [Shape([stroke], None, (0, 0, 0)) for stroke in strokes]
    for seed in range(20):
        found = hands.vary(shapes, np.random.default_rng(seed), hands.Habits())
        middles = [shape.contours[0][:, 0].mean() for shape in found]
        assert len(found) in (7, 8)
        assert np.corrcoef(middles, range(len(found)))[0, 1] > 0.9


def test_habits_are_measured_on_strokes():
    """Three strokes, outlines a tenth open, and no proportion like another."""
    turn = np.linspace(0, 2 * np.pi - 0.1, 30)
    ring = 400 + 400 * np.stack([np.cos(turn), np.sin(turn)], 1).astype(np.float32)
    drawings = [
        Drawing("ring", str(k), True, [ring * [1, 1 if k % 2 else 0.5]] * 3) for k in range(100)
    ]
    habits = hands.measure(drawings)
    assert set(habits.strokes.tolist()) == {3.0}
    assert np.median(habits.gaps) == pytest.approx(0.05, abs=0.03)
    assert habits.aspect == pytest.approx(np.log(2) / 2, abs=0.05)
    assert hands.measure(drawings[:2]).gaps.tolist() == hands.Habits().gaps.tolist()  # too few


class Icons:
    """A store of one icon."""

    def __init__(self, squares: list[Shape]) -> None:
        self.squares, self.of_picture = squares, [0, 10]
        self.raster = np.zeros((1, 128, 128, 4), np.uint8)

    def shapes(self, picture: int) -> list[Shape]:
        assert picture == 0
        return self.squares

    def shape_counts(self) -> np.ndarray:
        return np.array([len(self.squares)])


@pytest.fixture
def steps(squares: list[Shape]) -> Steps:
    """Training steps over one icon of an owl and people's drawings of owls and cats."""
    drawn = drawings("cat", 6) + drawings("owl", 3)
    store = people.PeopleStore(Icons(squares), drawn)
    listed = [Picture("noto", "owl", "Owl", [], "animals", "owl"), *people.listing(drawn)]
    of_picture = {"0": [0, 1]} | {str(1 + k): [2, 3] for k in range(6)}
    of_picture |= {str(7 + k): [4, 5] for k in range(3)}
    scene = {"pictures": [1, 7], "layout": "ride", "caption": 6, "wrong": [7]}
    plan = {
        "of_picture": of_picture,
        "scenes": [{"pictures": [0, 0], "layout": "side", "caption": 6, "wrong": []}],
        "people_scenes": [scene],
        "neutral": {kind: [0] for kind in captions.NEUTRAL},
        "texts": ["owl", "an owl", "cat", "a cat", "owl", "an owl", "a cat riding an owl",
                  "an owl riding a cat"],
    }  # fmt: skip
    mix = Mix(singles=1, pairs=1, stages=1, scenes=1, neutral=1, people=2, mates=3,
              people_stages=2, people_scenes=2)  # fmt: skip
    return Steps(
        store, listed, plan, [], mix, lambda _: 64, lambda _: 1.0, seed=1, habits=hands.Habits()
    )


def test_a_batch_has_people_where_the_mix_says(steps: Steps):
    batch, mix = steps[3], steps.mix
    assert len(batch["images"]) == mix.total == 1 + 2 + 2 + 1 + 1 + 2 + 6 + 4 + 2
    assert torch.equal(steps[3]["images"], batch["images"])
    shown = {name: batch["pictures"][mix.place(name)].tolist() for name in ("people", "mates")}
    assert all(picture > 0 for picture in shown["people"])
    for first, second in zip(shown["mates"][::2], shown["mates"][1::2], strict=True):
        assert first != second
        assert steps.drawer.pictures[first].name == steps.drawer.pictures[second].name.lower()
    parts = batch["parts"][mix.place("people_stages")]
    assert (parts[::2] < 1).all()
    assert (parts[1::2] == 1).all()
    scenes = mix.place("people_scenes")
    assert batch["captions"][scenes].tolist() == [6, 6]
    assert batch["wrong"][scenes, 0].tolist() == [7, 7]


def test_icons_are_never_picked_as_people(steps: Steps):
    """Weights of icons are for icons; a person's drawing has no printed look."""
    assert steps.indices.tolist() == [0]
    assert steps.mates.icons == {"owl": [0]}
    rng = np.random.default_rng(0)
    partners = {steps.mates.another(7, rng) for _ in range(60)}
    assert partners == {0, 8, 9}


def test_a_category_of_one_drawing_is_its_own_mate():
    (lone,) = drawings("cat", 1)
    mates = Mates([0], people.listing([lone]))
    rng = np.random.default_rng(0)
    assert (mates.pick(rng), mates.another(0, rng), mates.like(0, rng)) == (0, 0, 0)


def test_a_persons_drawing_is_drawn_stroke_by_stroke():
    """Half of its strokes is half a drawing; its raster shows all of them."""
    (drawn,) = drawings("cat", 1, strokes=4)
    store = people.PeopleStore(None, [drawn])
    assert len(store.shapes(0)) == 4
    assert store.shape_counts().tolist() == [4]
    layer = Drawer(store, people.listing([drawn])).layer(0, np.random.default_rng(0), by_hand=0.0)
    assert 0 < (layer[..., 3] > 0).mean() < 0.6
    assert (store.raster[0][..., 3] > 0).any()


def test_two_categories_are_never_the_same_caption():
    """A cup and a mug are near, but two categories; an emoji's label that near means the same."""
    near = torch.nn.functional.normalize(torch.tensor([[1.0, 0.5], [1.0, 0.0]]), dim=-1)
    person, emoji = torch.tensor([losses.PERSON]), torch.tensor([losses.EMOJI])
    assert losses.alike(near[:1], near[1:], person, person).tolist() == [[False]]
    assert losses.alike(near[:1], near[1:], person, emoji).tolist() == [[True]]


def test_plans_are_merged_behind_each_other():
    icons = {"texts": ["owl"], "of_picture": {"0": [0]}, "scenes": [], "neutral": {}}
    scene = {"pictures": [1], "layout": "side", "caption": 1, "wrong": [0]}
    drawn = {"texts": ["cat", "a cat"], "of_picture": {"1": [0, 1]}, "scenes": [scene]}
    merged = people.merge(icons, drawn)
    assert merged["texts"] == ["owl", "cat", "a cat"]
    assert merged["of_picture"] == {"0": [0], "1": [1, 2]}
    assert merged["people_scenes"] == [scene | {"caption": 2, "wrong": [1]}]


def test_the_third_training_shows_people_at_its_hardest_from_the_first_step_on():
    recipe = recipes.people_recipe(100)
    assert recipe.uses_people
    assert not recipes.Recipe().uses_people
    assert recipe.hardness_at(0) == recipe.hardness_at(1) == 1
    assert recipes.people_recipe(0).size_at(0) == recipe.size


def test_the_batches_are_as_large_as_the_readme_says():
    made = (
        recipes.Recipe(), recipes.upper_recipe(), recipes.people_recipe(), recipes.memory_recipe(),
        recipes.wide_recipe(), recipes.last_recipe(),
    )  # fmt: skip
    assert [recipe.mix.total for recipe in made] == [128, 128, 63, 75, 300, 300]


@pytest.mark.parametrize(
    ("left_out", "names"),
    [
        (None, ["people", "memory", "wide", "last"]),
        ("last", ["people", "memory", "wide"]),
        ("wide", ["people", "memory"]),
        ("memory", ["people"]),
        ("people", []),
    ],
)
def test_a_training_of_no_steps_is_left_out_with_those_after_it(tmp_path, left_out, names):
    """Those after it would have nothing to start from."""
    none = {left_out: recipes.Recipe(steps=0)} if left_out else {}
    chain = trainings.Trainings(tmp_path, tmp_path, **none)
    assert list(chain.later) == names


def test_each_training_starts_from_the_one_before_it_or_from_its_own_checkpoint(
    tmp_path, monkeypatch
):
    runs = []

    def run(work, packages, recipe, name, start=None):
        runs.append((name, start))
        (work / f"{name}.pt").touch()

    monkeypatch.setattr(trainings.train, "run", run)
    monkeypatch.setattr(trainings.train, "load_average", lambda work, name, fold: name)
    monkeypatch.setattr(trainings, "blend", lambda first, second, share: f"{first} and {second}")
    chain = trainings.Trainings(tmp_path, tmp_path, wide=recipes.wide_recipe(0))
    for step in (chain.train_icons, chain.train_upper, chain.train_people):
        step()
    assert runs == [
        ("icons", None), ("upper", "icons"), ("people", "icons and upper"), ("memory", "people"),
    ]  # fmt: skip
    (tmp_path / "memory.pt").unlink()
    chain.train_people()
    assert runs[4:] == [("people", None), ("memory", "people")]


class Tower:
    """Sees where the ink is; knows every text as the picture of its number."""

    size = 32

    def __init__(self, frames: dict[str, np.ndarray]) -> None:
        self.frames = frames

    def images(self, frames):
        rows = np.stack([255.0 - frame[..., 0].reshape(-1) for frame in frames])
        return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)).astype(
            np.float32
        )

    def texts(self, texts):
        return self.images(iter([self.frames[text] for text in texts]))


def test_people_figures_on_a_tower_that_knows_the_drawings(monkeypatch):
    """It finds all of them, scores them high, and their scores rise with their strokes."""
    monkeypatch.setattr(people, "unseen_categories", lambda: {"sun"})
    drawn = []
    for c, name in enumerate(("cat", "owl", "axe", "sun", *(f"x{k}" for k in range(20)))):
        rng = np.random.default_rng(c)
        strokes = [rng.uniform(0, GRID, (5, 2)).astype(np.float32) for _ in range(5)]
        drawn += [Drawing(name, f"{name}{k}", True, strokes) for k in range(10)]
    store = people.PeopleStore(None, drawn)
    blank = people_figures.PeopleFigures.__new__(people_figures.PeopleFigures)
    blank.tower, blank.store = Tower({}), store
    texts = {
        captions.with_article(people.spoken(d.name)): blank._page(store.shapes(k))
        for k, d in enumerate(drawn)
    }
    figures = people_figures.PeopleFigures(Tower(texts), None, drawn)
    ranks = figures.ranks()
    assert ranks["people, trained categories, clean, R@1 of 24"] == 100
    assert ranks["people, unseen categories, clean, R@5 of 24"] == 100
    assert ranks["people, trained categories, clean, best of 20"] == 100
    assert ranks["people, ten commonest wrong firsts"] == 0
    low, high = measures.similarity_range(*figures.pairs())
    scores = figures.scores(low, high)
    assert scores["people, clean, right prompt scores under 5"] == 0
    assert scores["people, clean, wrong prompt, mean"] < scores["people, clean, right prompt, mean"]
    growth = figures.growth(low, high)
    assert growth["people, scores rise with their strokes"] == 100
    assert growth["people, mean score rises with the strokes"] == 1


def test_ten_commonest_wrong_firsts_are_counted():
    """Three of four mistakes are one name."""
    figures = people_figures.PeopleFigures.__new__(people_figures.PeopleFigures)
    figures.drawings = {"trained": [0, 1, 2, 3, 4]}
    figures.right = np.array([0, 1, 2, 3, 4])
    found = np.eye(5, dtype=np.float32)
    found[1:4, 0] = 2
    found[4, 1] = 2
    figures._found = {("trained", "clean"): found}
    assert figures._wrong_firsts().tolist() == [0, 0, 0, 1]
    assert measures.share_of_commonest(figures._wrong_firsts(), 1, seed=0)[0] == 75


def test_commonest_wrong_firsts_of_a_half_have_no_bias():
    """Of even answers the ten commonest take more than their part, but not in the other half."""
    wrong = np.random.default_rng(0).integers(0, 300, 330)
    of_all, of_half = measures.share_of_commonest(wrong, 10, seed=0)
    assert of_all > 10
    assert of_half == pytest.approx(10 / 3, abs=1.5)


def test_best_among_on_numbers_checked_by_hand():
    similarities = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.1]], np.float32)
    right = np.array([0, 1])
    assert measures.best_among(similarities, right, 2, seed=0) == 50


def test_unseen_concepts_that_people_draw_are_left_out():
    """A drawn bicycle shows what a bicycle is; "school bus" shows a bus."""
    test = testsets.Retrieval([5, 6, 7], ["bicycle", "bus", "gorilla"], np.arange(3))
    found = testsets.not_drawn({"unseen concept": test, "seen": test}, {"bicycles", "school bus"})
    (kept,) = found.values()
    assert (kept.pictures, kept.right.tolist(), len(kept.texts)) == ([7], [2], 3)


def test_stored_batches_are_built_once_and_shuffled_every_round(steps: Steps, tmp_path):
    """Training on them sees what the whole network would have seen."""
    torch.manual_seed(0)
    net = network.SketchNet(torch.zeros(1000, 384)).eval()
    net.freeze(15)
    kept.keep(steps, net, 3, tmp_path, workers=0)
    (tmp_path / "1.pt").unlink()  # as after an interruption
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    kept.keep(steps, net, 3, tmp_path, workers=0)
    after = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert {name: after[name] for name in before} == before
    batches = list(kept.repeat(tmp_path, 3, 0, 9, seed=0))
    rounds = [[int(b["captions"].sum()) for b in batches[k : k + 3]] for k in (0, 3, 6)]
    fresh = [steps[k] for k in range(3)]
    assert sorted(rounds[0]) == sorted(rounds[1]) == sorted(int(b["captions"].sum()) for b in fresh)
    number = next(k for k in range(3) if torch.equal(fresh[k]["pictures"], batches[0]["pictures"]))
    with torch.no_grad():
        whole = net.features(fresh[number]["images"].permute(0, 3, 1, 2).float())
        upper = net.upper(batches[0]["maps"].float())
    assert torch.allclose(whole, upper, atol=0.02)
    resumed = next(kept.repeat(tmp_path, 3, 5, 9, seed=0))
    assert torch.equal(resumed["captions"], batches[5]["captions"])


def test_a_recovered_network_computes_what_was_exported(tmp_path: Path, monkeypatch):
    """Its norms change nothing in evaluation, and it can be trained on."""
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    from examples.sketch_encoder import export, recover

    def random_net() -> network.SketchNet:
        torch.manual_seed(1)
        return network.SketchNet(torch.zeros(1000, 384))

    monkeypatch.setattr(recover, "imagenet_net", random_net)
    net = random_net()
    with torch.no_grad():
        for value in net.parameters():  # no two layers alike, as after training
            value.add_(0.02 * torch.randn(value.shape))
    network.fold_norms(net.backbone)
    path = tmp_path / "visual.onnx"
    export.export_visual(net.eval(), nothing_added(), 128, path, tmp_path)
    monkeypatch.setattr(recover, "read_matrix", lambda _: torch.eye(384))
    frames = np.random.default_rng(0).integers(0, 256, (6, 128, 128, 3), np.uint8)
    found = recover.recover(tmp_path, [{"images": torch.from_numpy(frames)}])
    session = onnxruntime.InferenceSession(str(path))
    (shipped,) = session.run(None, {"image": frames})
    with torch.inference_mode():
        mine = found(torch.from_numpy(frames).permute(0, 3, 1, 2).float()).numpy()
    shipped = shipped[:, :384] / np.linalg.norm(shipped[:, :384], axis=1, keepdims=True)
    assert ((shipped * mine).sum(1) > 0.999).all()
    assert isinstance(found.backbone._bn1, torch.nn.BatchNorm2d)


def test_the_matrix_behind_the_text_tower_is_found_among_what_was_added(tmp_path: Path):
    """Also where its weights are stored as int8."""
    onnx = pytest.importorskip("onnx")
    from examples.sketch_encoder import export, joint, recover

    helper = onnx.helper
    matrix = np.random.default_rng(0).normal(size=(384, 384)).astype(np.float32)
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", 384])
        for name in ("x", "embedding")
    ]
    node = helper.make_node("MatMul", ["x", "matrix"], ["embedding"])
    weights = [onnx.numpy_helper.from_array(matrix, "matrix")]
    graph = helper.make_graph([node], "tower", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model = joint.add_to_texts(export.round_weights(model), nothing_added())
    onnx.save(model, tmp_path / "text.onnx")
    found = recover.read_matrix(tmp_path / "text.onnx").numpy()
    np.testing.assert_allclose(found, matrix.T, atol=0.02)


def test_an_export_that_lacks_weights_is_refused(tmp_path: Path, monkeypatch):
    pytest.importorskip("onnx")
    from examples.sketch_encoder import recover

    monkeypatch.setattr(recover, "read_weights", lambda _: {"direct.bias": torch.zeros(384)})
    monkeypatch.setattr(recover, "imagenet_net", lambda: network.SketchNet(torch.zeros(1000, 384)))
    with pytest.raises(ValueError, match=r"visual\.onnx lacks backbone\."):
        recover.recover(tmp_path, [])


def test_a_blend_lies_between_two_networks():
    """The middle of the weights; an attention that was not trained before is taken over whole."""

    def random_net(seed: int) -> network.SketchNet:
        torch.manual_seed(seed)
        return network.SketchNet(torch.zeros(1000, 384)).eval()

    before, after = random_net(1), random_net(2)
    torch.nn.init.normal_(after.places.out.weight, std=0.02)
    first, last = (net.direct.weight.detach().clone() for net in (before, after))
    maps = torch.rand(2, network.FEATURES, 4, 4)
    found = network.blend(before, after, 0.5)
    assert torch.allclose(found.direct.weight, (first + last) / 2)
    assert torch.equal(found.places.queries, after.places.queries)
    with torch.no_grad():
        assert torch.allclose(found.places(maps), after.places(maps) / 2, atol=1e-5)
        again = network.blend(found, after, 1.0)
        assert torch.allclose(again.heads(maps)[0], after.heads(maps)[0], atol=1e-5)
