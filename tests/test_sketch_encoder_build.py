"""The build of the bundled encoder, on data small enough to check by hand."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="the build draws with OpenCV")
torch = pytest.importorskip("torch", reason="the build trains with torch")

import paintcam  # noqa: E402
from examples.sketch_encoder import (  # noqa: E402 - after the checks for what they import
    captions,
    drawing,
    emoji_font,
    fetch,
    files,
    head_start,
    icon_sets,
    losses,
    measures,
    network,
    neutral,
    outlines,
    pages,
    pictures,
    reading,
    render,
    splits,
    svg_path,
    teacher,
    testsets,
    train,
    trainer,
    webcam,
)
from examples.sketch_encoder.dataset import Batch, Drawer, Mix, Steps  # noqa: E402
from examples.sketch_encoder.pictures import HeldOut, Picture  # noqa: E402
from examples.sketch_encoder.recipes import Recipe  # noqa: E402
from examples.sketch_encoder.wordnet import WordNet  # noqa: E402

CUP = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<path fill="#c33" d="M4 4h12v12a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4z"/>'
    '<path fill="#111" d="M6 6l2 0 0 2z"/>'
    '<circle cx="18" cy="10" r="4" fill="none" stroke="#000"/></svg>'
)
NOUNS = """\
00000001 05 n 01 dog 0 001 @ 00000002 n 0000 | barks
00000002 05 n 02 canine 0 canid 0 001 @ 00000003 n 0000 | of the dog family
00000003 05 n 01 animal 0 001 @ 00000004 n 0000 | lives
00000004 03 n 01 organism 0 000 | any living thing
"""
INDEX = """\
  1 a licence line starts with blanks
dog n 1 1 @ 1 0 00000001
canine n 1 1 @ 1 0 00000002
canid n 1 1 @ 1 0 00000002
"""


@pytest.fixture
def store() -> render.Store:
    """One cup, rendered and outlined."""
    shapes = outlines.read_shapes(CUP)
    flat = render._flatten([shapes])
    for name in ("of_contour", "of_shape", "of_picture"):
        flat[name] = np.concatenate([[0], np.cumsum(flat[name])])
    raster = drawing.draw_by_hand(shapes, drawing.Hand(colouring="flat"))[None]
    return render.Store(raster, **flat)


@pytest.fixture
def cup() -> Picture:
    return Picture("noto", "cup", "teacup", ["drink"], "objects", "teacup")


def test_fetch_pins_every_package_and_names_folders():
    """Rebuilding next year downloads the same bytes."""
    assert all(version[0].isdigit() for version in (fetch.NPM | fetch.DEBIAN).values())
    assert fetch.folder_name("@iconify/json") == "iconify-json"
    assert not set(fetch.TRAINING_FONTS) & set(fetch.HELD_OUT_FONTS)


def test_fetch_keeps_existing_folders(tmp_path: Path):
    """A folder already unpacked is not downloaded again."""
    (tmp_path / "done").mkdir()
    fetch._once(tmp_path / "done", lambda *_: pytest.fail("fetched again"), "x", "1")


def test_an_interrupted_fetch_starts_again(tmp_path: Path):
    """Half a download leaves no folder that looks whole."""

    def broken(folder: Path, *_: str) -> None:
        (folder / "half").touch()
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        fetch._once(tmp_path / "package", broken, "x", "1")
    assert not (tmp_path / "package").exists()


def test_held_out_concepts_are_found_in_any_number():
    """A held-out word is found as a plural and inside a longer name, and nothing else is."""
    held = HeldOut(["grapes", "face with mask"])
    assert held.find("bunch of grape") == "grapes"
    assert held.find("masks") == "face with mask"
    assert held.find("grapefruit") is None


@pytest.mark.parametrize(
    ("plural", "singular"),
    [("cherries", "cherry"), ("foxes", "fox"), ("cats", "cat"), ("glass", "glass"), ("bus", "bus")],
)
def test_stem(plural: str, singular: str):
    """Common plurals are brought to their singular."""
    assert pictures.stem(plural) == singular


def test_unseen_style_is_never_trained_on():
    """No picture of the unseen style or of an unseen concept gets into the trained ones."""
    listed = [
        Picture("openmoji", "a", "cat", label="cat"),
        Picture("noto", "b", "gorilla", label="gorilla", held_out="gorilla"),
        *(Picture("noto", f"c{k}", "cat", label="cat") for k in range(40)),
    ]
    parts = splits.split(listed)
    assert not {0, 1} & {*parts.trained, *parts.new_pictures, *parts.new_concepts}
    assert not set(parts.trained) & set(parts.new_pictures)
    assert len(splits.unseen_concepts()) == 208


def test_no_training_set_is_share_alike_or_unknown():
    """The measured style is not among the trained sets, nor is any twice."""
    trained = (*icon_sets.EMOJI, *icon_sets.COLOUR, *icon_sets.ONE_COLOUR)
    assert icon_sets.UNSEEN_STYLE not in trained
    assert len(set(trained)) == len(trained)
    assert "CC-BY-SA-4.0" not in icon_sets.PERMISSIVE


def test_set_with_another_licence_is_refused(tmp_path: Path):
    """A set whose licence changed stops the build before anything is listed."""
    folder = tmp_path / "iconify-json"
    folder.mkdir()
    names = (*icon_sets.EMOJI, *icon_sets.COLOUR, *icon_sets.ONE_COLOUR)
    entry = {"license": {"spdx": "CC-BY-NC-4.0"}}
    (folder / "collections.json").write_text(json.dumps(dict.fromkeys(names, entry)))
    with pytest.raises(ValueError, match="CC-BY-NC"):
        pictures.list_pictures(tmp_path, [])


def test_path_flattening():
    """Lines, curves, arcs and repeated commands end where they should."""
    (square,) = svg_path.flatten_path("M0 0h2v2H0z")
    assert square.tolist() == [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
    (curve,) = svg_path.flatten_path("M0 0C0 1 1 1 1 0S2-1 2 0")
    assert curve[-1].tolist() == [2, 0]
    (arc,) = svg_path.flatten_path("M0 0a1 1 0 012 0")  # flags written without spaces
    assert arc[-1] == pytest.approx([2, 0])
    assert arc[:, 1].min() == pytest.approx(-1, abs=0.05)


def test_outlines_know_paint_and_fill_the_grid():
    """Fill and stroke are read, groups move what is in them, and the drawing fills the grid."""
    shapes = outlines.read_shapes(CUP)
    assert [bool(shape.fill) for shape in shapes] == [True, True, False]
    assert shapes[0].fill == (204, 51, 51)
    points = np.concatenate([c for shape in shapes for c in shape.contours])
    assert np.ptp(points, 0).max() == pytest.approx(outlines.GRID - 1)
    moved = CUP.replace("<path", '<g transform="translate(5 5) rotate(30)"><path', 1)
    assert len(outlines.read_shapes(moved.replace("<circle", "</g><circle"))) == 3


def test_store_gives_back_shapes(store: render.Store):
    """Shapes survive being flattened."""
    shapes = store.shapes(0)
    assert [len(shape.contours) for shape in shapes] == [1, 1, 1]
    assert shapes[2].fill is None
    assert shapes[0].fill == (204, 51, 51)


def test_fit_square_crops_and_premultiplies():
    """Only what is drawn is kept, centred; an empty picture gives None."""
    image = np.zeros((40, 60, 4), np.uint8)
    image[10:20, 10:30] = (200, 100, 0, 128)
    square = render.fit_square(image, 64)
    assert square.shape == (64, 64, 4)
    assert (square[..., :3] <= square[..., 3:]).all()
    assert render.fit_square(np.zeros_like(image)) is None


def test_drawing_grows_with_its_part(store: render.Store):
    """More of the line is more ink; the same hand draws the same first half."""
    hand = drawing.Hand(thickness=2, seed=3)
    ink = [
        int((drawing.draw_by_hand(store.shapes(0), hand, part)[..., 3] > 128).sum())
        for part in (0.0, 0.3, 0.6, 1.0)
    ]
    assert ink[0] == 0
    assert ink == sorted(ink)


@pytest.mark.parametrize("colouring", ["none", "flat", "hatch", "crayon"])
def test_drawings_are_premultiplied(store: render.Store, colouring: str):
    """No colour is brighter than its alpha allows."""
    hand = drawing.Hand(colouring=colouring, grain=0.5, twice=True)
    layer = drawing.draw_by_hand(store.shapes(0), hand).astype(int)
    assert (layer[..., :3] <= layer[..., 3:] + 1).all()


@pytest.mark.parametrize("kind", pages.KINDS)
def test_pages_and_webcam_views(store: render.Store, kind: str):
    """Every page holds a drawing and can be filmed, held up or straightened."""
    rng = np.random.default_rng(1)
    page = pages.put(pages.empty_page(kind, rng), store.raster[0], (0.5, 0.5, 0.8), rng)
    for held in (True, False):
        frame = webcam.look(page, rng, 96, held)
        assert frame.shape == (96, 96, 3)
        assert frame.dtype == np.uint8


@pytest.mark.parametrize("layout", pages.SPOTS)
def test_layouts_have_a_caption(store: render.Store, layout: str):
    """Every layout can be drawn and, places apart, has words."""
    rng = np.random.default_rng(2)
    layers = [store.raster[0]] * len(pages.SPOTS[layout])
    page = pages.arrange(pages.empty_page("white", rng), layers, layout, rng)
    assert page.min() < 128
    assert layout == "place" or captions.RELATIONS[layout]


@pytest.mark.parametrize("kind", ["paper", "room", "face", "hand"])
def test_neutral_frames(kind: str):
    """Frames without a drawing come in any size."""
    frame = neutral.frame(kind, np.random.default_rng(0), 64, pages.Handwriting([]))
    assert frame.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("name", "spoken"), [("apple", "an apple"), ("cat", "a cat"), ("grapes", "grapes")]
)
def test_articles(name: str, spoken: str):
    """A plural gets no article."""
    assert captions.with_article(name) == spoken


def test_wordnet(tmp_path: Path):
    """Synonyms and broader words are read; what is too broad ends the chain."""
    (tmp_path / "data.noun").write_text(NOUNS)
    (tmp_path / "index.noun").write_text(INDEX)
    wordnet = WordNet(tmp_path)
    assert wordnet.broader("dog") == ["canine", "animal"]
    assert wordnet.synonyms("canine") == ["canid"]
    assert wordnet.broader("no such word") == []


def test_batches_are_a_function_of_their_step(store: render.Store, cup: Picture):
    """The same step gives the same batch, another step another one, in the mix asked for."""
    plan = {
        "of_picture": {"0": [0, 1]},
        "scenes": [{"pictures": [0, 0], "layout": "side", "caption": 2, "wrong": [0]}],
        "neutral": {kind: [3] for kind in captions.NEUTRAL},
        "texts": ["teacup", "a teacup", "a teacup and a teacup", "blank paper"],
    }
    mix = Mix(singles=2, pairs=1, stages=1, scenes=1, neutral=1)
    steps = Steps(
        store, [cup], plan, [], mix, lambda step: 64 if step < 5 else 96, lambda step: 1.0, seed=1
    )
    first, again, later = steps[0], steps[0], steps[9]
    assert torch.equal(first["images"], again["images"])
    assert first["images"].shape == (mix.total, 64, 64, 3)
    assert later["images"].shape == (mix.total, 96, 96, 3)
    assert first["kinds"].tolist() == [0] * 6 + [1, 2]
    assert first["parts"][4] < 1 == first["parts"][5]
    assert first["wrong"][6].tolist() == [0, -1, -1, -1]


def test_steps_grow_harder_and_larger():
    """The first steps show clean small pictures, the last ones anything at full size."""
    recipe = Recipe(steps=100)
    hardness = [recipe.hardness_at(step) for step in (-5, 0, 10, 50, 99)]
    assert hardness == [0, 0, pytest.approx(10 / 35), 1, 1]
    assert recipe.size_at(0) < recipe.size_at(99) == recipe.size


def test_clean_steps_are_white_and_sharp(store: render.Store, cup: Picture):
    """At hardness 0 nothing is filmed and every page is white."""
    plan = {"of_picture": {"0": [0, 0]}, "scenes": [], "neutral": {}, "texts": ["teacup"]}
    mix = Mix(singles=6, pairs=0, stages=0, scenes=0, neutral=0)
    steps = Steps(store, [cup], plan, [], mix, lambda step: 64, lambda step: 0.0, seed=1)
    assert (steps[0]["images"][:, 0, 0] == 255).all()


def test_emoji_font_reads_as_an_icon_set(tmp_path: Path):
    """A font's symbol becomes an SVG the right way up, named by its code; letters are left out."""
    builder = pytest.importorskip("fontTools.fontBuilder").FontBuilder(1000, isTTF=True)
    pen = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen(None)
    pen.moveTo((100, 600))
    for corner in ((500, 600), (500, 700), (100, 700)):
        pen.lineTo(corner)
    pen.closePath()
    names = [".notdef", "letter", "cat"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x41: "letter", 0x1F408: "cat"})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({})
    (tmp_path / emoji_font.FILE).parent.mkdir(parents=True)
    builder.save(tmp_path / emoji_font.FILE)
    icons = emoji_font.read_font(tmp_path)["icons"]
    assert list(icons) == ["1f408"]
    assert (icons["1f408"]["width"], icons["1f408"]["height"]) == (600, 1000)
    (shape,) = outlines.read_shapes(render.icon_svg({"icons": icons}, "1f408"))
    assert np.ptp(shape.contours[0][:, 0]) == pytest.approx(outlines.GRID - 1)
    assert "M0 200" in icons["1f408"]["body"]  # 600 above the baseline is 200 below the top


def test_drawer_falls_back_to_the_raster(store: render.Store, cup: Picture):
    """A picture without outlines is shown as it is."""
    store.of_picture[:] = 0
    layer = Drawer(store, [cup]).layer(0, np.random.default_rng(0), by_hand=1.0)
    assert layer.shape == (128, 128, 4)


def test_batch_pads_wrong_captions():
    """Every sample has as many places for wrong captions."""
    batch = Batch()
    batch.add(np.zeros((4, 4, 3), np.uint8), 5, wrong=[7])
    assert batch.tensors()["wrong"].tolist() == [[7, -1, -1, -1]]


def _unit(*rows: list[float]) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(rows), dim=-1)


def test_contrast_prefers_the_right_caption_and_ignores_its_twins():
    """Right pairs cost less; a bank text that means the same as the caption costs nothing."""
    own = _unit([1.0, 0, 0], [0, 1.0, 0])
    none, parts, scale = torch.zeros(2, 1, 3), torch.ones(2), torch.tensor(10.0)
    bank = _unit([0, 0, 1.0])

    def loss(images: torch.Tensor, bank: torch.Tensor) -> torch.Tensor:
        texts = torch.cat([own, bank])
        no = torch.zeros(len(texts), dtype=torch.bool)
        same = losses.alike(own, texts, no[:2], no)
        spared = torch.zeros(2, len(texts))
        return losses.contrast(images, own, none, bank, same, spared, scale, parts, 0.3)

    right, crossed, twins = loss(own, bank), loss(own.flip(0), bank), loss(own, own)
    assert right < 0.01 < crossed
    assert twins < 0.01


def test_a_persons_drawing_hardly_minds_captions_of_other_things_than_people_drew():
    """An icon minds them as before, and both mind the captions of people's drawings."""
    icon, person, other = _unit([1.0, 0.2, 0]), _unit([0.2, 1.0, 0]), _unit([0.8, 0.8, 0.2])
    own = torch.cat([icon, person])
    by_people = torch.tensor([False, True, False, True])
    spared = 3.0 * losses.spare(by_people, 2)
    assert spared.tolist() == [[0, 0, 0, 0], [3, 0, 3, 0]]
    none, parts, scale = torch.zeros(2, 1, 3), torch.ones(2), torch.tensor(10.0)

    def slopes(spared: torch.Tensor) -> list[float]:
        images = own.clone().requires_grad_()
        same = torch.zeros(2, 3, dtype=torch.bool)
        losses.contrast(images, own, none, other, same, spared, scale, parts, 0.0).backward()
        return images.grad.norm(dim=1).tolist()

    sparing, plain = slopes(spared[:, :3]), slopes(0 * spared[:, :3])
    assert sparing[0] == pytest.approx(plain[0])
    assert sparing[1] < 0.5 * plain[1]


def test_labels_of_two_emoji_are_never_the_same():
    """A grinning and a smiling face are near, but two emoji; a tag that near means the same."""
    near = _unit([1.0, 0.5], [1.0, 0.0])  # cosine 0.89
    label, other = torch.tensor([True, True]), torch.tensor([True, False])
    assert losses.alike(near[:1], near[1:], label[:1], label[1:]).tolist() == [[False]]
    assert losses.alike(near[:1], near[1:], label[:1], other[1:]).tolist() == [[True]]


def test_neutral_floor_is_zero_below_the_floor():
    """A neutral picture unlike all strange captions costs nothing, one like them does."""
    own, bank = _unit([1.0, 0, 0]), _unit([0, 1.0, 0])
    none = torch.zeros(1, 1, 3)
    away = _unit([0.9, -0.4, 0])
    assert losses.neutral_floor(away, own, none, bank) == pytest.approx(0, abs=1e-2)
    assert losses.neutral_floor(bank, own, none, bank) > 1


def test_stage_order_wants_the_whole_above_the_part():
    """A part as good as the whole costs; a part well below it does not."""
    own = _unit([1.0, 0])
    whole, part = _unit([1.0, 0.1]), _unit([0.5, 1.0])
    fraction = torch.tensor([0.5])
    assert losses.stage_order(part, whole, own, fraction) < losses.stage_order(
        whole, whole, own, fraction
    )


def test_measures_on_numbers_checked_by_hand():
    """Recall, AUC, range, score and stages as on paper."""
    similarities = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.1], [0.0, 0.1, 0.3]], np.float32)
    right = np.arange(3)
    assert measures.recall(similarities, right, 1) == pytest.approx(200 / 3)
    assert measures.recall(similarities, right, 2) == 100
    assert measures.area_under_curve(np.array([0.5, 0.5]), np.array([0.5, 0.1])) == 0.75
    assert measures.best_of(similarities, 2, seed=0) == pytest.approx(200 / 3)
    right = np.linspace(0, 0.5, 11)  # nine of ten are below 0.45: it scores 80
    wrong = np.linspace(0, 0.2, 101)  # 57 of 100 are below 0.114: it scores 0
    low, high = measures.similarity_range(right, wrong)
    assert (low, high) == pytest.approx((0.114, 0.114 + 0.336 / 0.8))
    assert measures.score(np.array([0.1, 0.3, 0.9]), 0.1, 0.5).tolist() == pytest.approx(
        [0, 50, 100]
    )
    growing = np.array([[0, 0.1, 0.3], [0, 0.3, 0.2]])
    assert measures.stages(growing) == (50.0, True)


def test_solved_head_predicts_captions_from_correlated_features():
    """Least squares finds what gradient steps would take long to find."""
    torch.manual_seed(0)
    hidden = torch.randn(400, 6)
    pooled = hidden @ torch.randn(6, 20) + 0.3 * torch.randn(400, 20)
    target = torch.nn.functional.normalize(hidden @ torch.randn(6, 8), dim=-1)
    net = SimpleNamespace(
        whiten=torch.nn.Linear(20, 20),
        direct=torch.nn.Linear(20, 8),
        deep=torch.nn.Sequential(torch.nn.Identity(), torch.nn.Identity(), torch.nn.Linear(4, 8)),
    )
    head_start.solve_from(net, pooled, target)
    with torch.no_grad():
        white = net.whiten(pooled)
        found = torch.nn.functional.normalize(net.direct(white), dim=-1)
    assert white.std(0).max() < 1.05
    assert (found * (target - target.mean(0))).sum(-1).mean() > 0.85
    assert not net.deep[2].weight.any()


@pytest.fixture
def work(tmp_path: Path, store: render.Store, cup: Picture, monkeypatch) -> Path:
    """A work folder with one cup and a handful of captions, and a network with random weights."""
    rng = np.random.default_rng(0)
    texts = ["teacup", "a teacup", "a teacup and a teacup", "blank paper", "a dog"]
    plan = {
        "of_picture": {"0": [0, 1]},
        "scenes": [{"pictures": [0, 0], "layout": "side", "caption": 2, "wrong": [4]}],
        "neutral": {kind: [3] for kind in captions.NEUTRAL},
        "texts": texts,
    }
    (tmp_path / "captions.json").write_text(json.dumps(plan))
    np.save(tmp_path / "captions.npy", rng.normal(size=(len(texts), 384)).astype(np.float16))
    np.save(tmp_path / "classes.npy", np.zeros((1000, 384), np.float32))
    np.savez(
        tmp_path / "teacher.npz",
        classes=np.zeros((1, 16), np.int16),
        probabilities=np.full((1, 16), 1 / 16, np.float16),
    )
    pictures.save([cup], tmp_path / "pictures.json")
    np.save(tmp_path / "raster.npy", store.raster)
    names = ("points", "of_contour", "of_shape", "of_picture", "paint")
    np.savez(tmp_path / "outlines.npz", **{name: getattr(store, name) for name in names})

    def random_net(class_names: torch.Tensor | None = None) -> network.SketchNet:
        torch.manual_seed(1)
        return network.SketchNet(torch.zeros(1000, 384) if class_names is None else class_names)

    torch.set_num_threads(1)  # so small that waiting for each other takes longest
    monkeypatch.setattr(trainer, "imagenet_net", random_net)
    monkeypatch.setattr(train, "imagenet_net", random_net)
    return tmp_path


TINY = Mix(singles=3, pairs=1, stages=1, scenes=1, neutral=1)


def _recipe(steps: int) -> Recipe:
    return Recipe(steps=steps, size=32, sizes=(), mix=TINY, bank=4, head_start=2, warm_up=1)


def _train(work: Path, recipe: Recipe, until: int | None = None) -> dict[str, torch.Tensor]:
    steps, labels = train.open_steps(work, work / "packages", recipe)
    learner = trainer.Trainer(work, recipe, "tiny")
    if learner.step == 0:
        learner.solve_head(steps[k] for k in range(-2, 0))
    learner.train((steps[k] for k in range(learner.step, until or recipe.steps)), labels)
    return learner.average


def test_an_interrupted_training_gives_the_same_result(work: Path):
    """Two steps, a new process's worth of nothing, two more: the weights of four steps at once."""
    whole = _train(work, _recipe(4))
    (work / "tiny.pt").unlink()
    _train(work, _recipe(4), until=2)
    again = _train(work, _recipe(4))
    assert all(torch.allclose(whole[name], again[name], atol=1e-5) for name in whole)


def test_a_checkpoint_of_another_recipe_is_refused(work: Path):
    """Other options would bend the schedule in silence."""
    _train(work, _recipe(4), until=1)
    with pytest.raises(ValueError, match=r"tiny\.pt was trained by another recipe"):
        trainer.Trainer(work, _recipe(5), "tiny")


def test_training_learns(work: Path):
    """The loss falls on a picture seen again and again; frozen blocks stay as they are."""
    recipe = _recipe(30)
    steps, labels = train.open_steps(work, work / "packages", recipe)
    learner = trainer.Trainer(work, recipe, "tiny")
    learner.solve_head(steps[k] for k in range(-2, 0))
    first = learner.net.backbone._blocks[0]._depthwise_conv.weight.clone()
    last = learner.net.backbone._blocks[15]._depthwise_conv.weight.clone()
    losses_ = [learner.update(steps[0], labels)["contrast"] for _ in range(12)]
    assert losses_[-1] < losses_[0]
    assert torch.equal(first, learner.net.backbone._blocks[0]._depthwise_conv.weight)
    assert not torch.equal(last, learner.net.backbone._blocks[15]._depthwise_conv.weight)


def test_the_direction_of_handwriting_separates_pages_from_drawings(work: Path, monkeypatch):
    """Whatever the tower is: here the frame itself, small."""

    class Tower:
        def images(self, frames):
            rows = np.stack([cv2.resize(f, (8, 8)).reshape(-1) for f in frames]) - 128.0
            return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    for name, count in (("PAGES", 60), ("WORDED", 6), ("EMPTY", 2), ("BATCHES", 8)):
        monkeypatch.setattr(reading, name, count)
    steps, _ = train.open_steps(work, work / "packages", _recipe(4))
    inter = Path(paintcam.__file__).parent / "assets" / "fonts" / "Inter-Bold.otf"
    steps.handwriting = pages.Handwriting([inter])
    found = reading.direction(Tower(), steps, 4)
    assert found.dtype == np.float32
    assert abs(np.linalg.norm(found) - 1) < 1e-5
    batch = steps[40]
    drawn = Tower().images(batch["images"][batch["kinds"] != losses.NEUTRAL].numpy())
    written = Tower().images(reading._pages(steps, np.random.default_rng(1)))
    assert (written @ found).mean() > (drawn @ found).mean()


def test_the_exported_tower_agrees_with_the_trained_one(work: Path, tmp_path: Path):
    """Folding norms and rounding weights to int8 cost little."""
    pytest.importorskip("onnx")
    from added_dimensions import nothing_added
    from examples.sketch_encoder import export

    _train(work, _recipe(2))
    net = train.load_average(work, "tiny")
    export.export_visual(net, nothing_added(), 32, tmp_path / "visual.onnx", tmp_path)
    import onnxruntime

    frames = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    session = onnxruntime.InferenceSession(str(tmp_path / "visual.onnx"))
    (shipped,) = session.run(None, {"image": frames})
    with torch.inference_mode():
        trained = net(teacher.to_pixels(frames)).numpy()
    assert np.linalg.norm(shipped, axis=1) == pytest.approx(1, abs=1e-4)
    shipped = shipped[:, :384] / np.linalg.norm(shipped[:, :384], axis=1, keepdims=True)
    assert ((shipped * trained).sum(1) > 0.93).all()  # weights are random: nothing is learned yet
    assert (tmp_path / "visual.onnx").stat().st_size < 10e6


def test_an_interrupted_step_leaves_no_file_that_looks_complete(tmp_path: Path):
    """What is there under its own name is finished."""

    def cut_short() -> None:
        with files.whole(tmp_path / "captions.npy") as file:
            np.save(file, np.zeros(3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    assert not (tmp_path / "captions.npy").exists()


def test_no_scene_is_its_own_wrong_caption():
    """A neighbour of the same name makes no negative."""
    held = captions.Captions(HeldOut([]))
    right = held.add("a cat and a dog")
    assert captions._others(held, right, ["a cat and a dog", "a cat and a fox"]) == [right + 1]


def test_a_concept_with_a_synonym_in_training_is_marked(cup: Picture):
    """A car shows an automobile, a shirt a t-shirt; nothing trained shows a gorilla."""
    labels = {"automobile": ["car"], "t-shirt": ["cloth"], "gorilla": ["ape"]}
    listed = [Picture("openmoji", k, k, tags, "objects", k, k) for k, tags in labels.items()]
    listed += [Picture("mdi", name, name) for name in ("cars", "shirt", "banana")]
    test = testsets.Retrieval([0, 1, 2], list(labels), np.arange(3))
    assert testsets._without_synonyms(listed, test).right.tolist() == [2]
