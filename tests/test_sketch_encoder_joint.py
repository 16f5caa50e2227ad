"""What the bundled encoder's towers add to their embeddings, so that prompts compare fairly."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch", reason="the build trains with torch")
pytest.importorskip("cv2", reason="the build draws with OpenCV")

from examples.sketch_encoder import (  # noqa: E402 - after the checks for what they import
    captions,
    centring,
    joint,
    roles,
)
from examples.sketch_encoder.roles import Linear, Roles  # noqa: E402

DIMS, WIDTH = 8, 3  # of embeddings and of roles
LAST = np.eye(DIMS, dtype=np.float32)[-1:]


def linear(weight: np.ndarray, bias: float = 0.0) -> Linear:
    weight = np.asarray(weight, np.float32)
    return Linear(weight, np.full(weight.shape[1], bias, np.float32))


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def drawings() -> np.ndarray:
    """A bank whose drawings all lean towards the first axis."""
    rng = np.random.default_rng(0)
    return unit(rng.normal(size=(60, DIMS)) * 0.4 + np.eye(DIMS)[0])


def added(
    bank: np.ndarray, by_hand: float = 0.0, gate: float = 0.0, pull: float = 0.3,
    margin: float = 0.0,
) -> joint.Added:  # fmt: skip
    """``by_hand``: the odds' logarithm; ``gate``: of every text. Its names are the last axis."""
    text = linear(np.eye(DIMS, WIDTH))
    return joint.Added(
        centring.Bank(bank, LAST, pull, margin), linear(np.zeros((DIMS, 1)), by_hand),
        Roles(linear(np.eye(2, WIDTH)), text, linear(np.zeros((DIMS, 1)), gate)),
    )  # fmt: skip


def texts_of(parts: joint.Added, rows: np.ndarray) -> np.ndarray:
    """Run a graph that returns its input, with the dimensions added."""
    helper = onnx.helper
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", DIMS])
        for name in ("x", "embedding")
    ]
    node = helper.make_node("Identity", ["x"], ["embedding"])
    graph = helper.make_graph([node], "tower", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model = joint.add_to_texts(model, parts)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": rows.astype(np.float32)})[0]


class Net:
    """Embeds a frame as the one its first pixel numbers; its map is given."""

    def __init__(self, rows: np.ndarray, upper: float = 0.0) -> None:
        self.rows = torch.from_numpy(rows)
        self.map = torch.zeros(1, 2, 4, 4)
        self.map[:, 0, :2] = upper

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        self.asked = pixels[:, 0, 0, 0].long()
        return self.map.expand(len(pixels), -1, -1, -1)

    def heads(self, maps: torch.Tensor) -> tuple[torch.Tensor, None]:
        return self.rows[self.asked], None


def pictures_of(parts: joint.Added, rows: np.ndarray, upper: float = 0.0) -> np.ndarray:
    tower = joint.Pictures(Net(rows, upper), parts)
    frames = np.zeros((len(rows), 2, 2, 3), np.uint8)
    frames[:, 0, 0, 0] = np.arange(len(rows))
    with torch.no_grad():
        return tower(torch.from_numpy(frames)).numpy()


def test_a_prompt_that_is_near_every_drawing_is_lowered(drawings):
    texts = np.eye(DIMS, dtype=np.float32)[:-1]  # the first one is near all, the others are not
    pulls = centring.Bank(drawings, LAST).pulls(texts)
    parts = added(drawings, by_hand=-50, pull=float(pulls.mean()))
    before = drawings @ texts.T
    pictures = pictures_of(parts, drawings)
    after = pictures @ texts_of(parts, texts).T
    lost = (joint.SHRINK * before - after).mean(0)
    assert lost.argmax() == pulls.argmax() == 0
    assert (after.argmax(1) == 0).mean() < (before.argmax(1) == 0).mean()
    limit = joint.ANCHOR * joint.MOST
    expected = np.clip(joint.SHRINK * centring.SHARE * (pulls.mean() - pulls), -limit, limit)
    np.testing.assert_allclose(after, joint.SHRINK * before + expected, atol=0.01)


def lost_by_hand(drawings: np.ndarray, text: np.ndarray, margin: float) -> dict[float, np.ndarray]:
    """What a text's similarities lose in pictures that are printed (-50) and by hand (50)."""
    pull = float(centring.Bank(drawings, LAST).pulls(text)[0])  # nothing is subtracted for it
    found = {}
    for by_hand in (-50.0, 50.0):
        parts = added(drawings, by_hand, pull=pull, margin=margin)
        products = pictures_of(parts, drawings) @ texts_of(parts, text).T
        found[by_hand] = (joint.SHRINK * drawings @ text.T - products) / joint.SHRINK
    return found


def test_a_trained_category_loses_its_advantage_among_drawings_by_hand_alone(drawings):
    lost = lost_by_hand(drawings, LAST, margin=-0.5)
    np.testing.assert_allclose(lost[-50], 0, atol=2e-3)
    np.testing.assert_allclose(lost[50], centring.ADVANTAGE, atol=2e-3)


@pytest.mark.parametrize("above", [0.03, 0.0, -0.005, -0.5])
def test_another_prompt_loses_what_its_margin_has_above_the_ordinary_one(drawings, above):
    """A smaller margin gains it very little: a prompt for nothing must not win blank paper."""
    text = unit(np.eye(DIMS, dtype=np.float32)[1:2] + 0.1)
    margin = float(centring.Bank(drawings, LAST).margins(text)[0]) - above
    lost = lost_by_hand(drawings, text, margin)
    np.testing.assert_allclose(lost[-50], 0, atol=2e-3)
    most = centring.MOST_RAISED
    np.testing.assert_allclose(lost[50], max(above, -most), atol=3e-3)


def test_the_margin_of_a_prompt_is_how_far_it_exceeds_the_trained_names(drawings):
    bank = centring.measure(drawings, LAST, LAST, np.eye(DIMS, dtype=np.float32))
    assert bank.margins(LAST)[0] == pytest.approx(0, abs=1e-6)
    assert bank.margins(np.eye(DIMS, dtype=np.float32)[:1])[0] > 0.5  # all lean towards it
    assert bank.margin == pytest.approx(float(np.median(bank.margins(np.eye(DIMS)))), abs=1e-6)
    assert bank.pull == pytest.approx(float(bank.pulls(LAST)[0]))


@pytest.mark.parametrize(("gate", "sign"), [(1.0, 1), (-1.0, -1), (0.0, 0)])
def test_a_caption_gains_where_its_first_thing_is_above_and_loses_where_it_is_below(
    drawings, gate, sign
):
    parts, text = added(drawings, gate=gate), np.eye(DIMS, dtype=np.float32)[:1]
    text_embedding = texts_of(parts, text)
    gained = [(pictures_of(parts, drawings, upper) @ text_embedding.T) for upper in (1.0, 0.0)]
    difference = gained[0] - gained[1]
    assert np.all(np.sign(np.round(difference, 5)) == sign)
    if sign:  # both are as long as they may be
        most = joint.MOST_PICTURE_ROLES * joint.KEPT_ROLES * joint.MOST_TEXT_ROLES
        np.testing.assert_allclose(np.abs(difference), most, atol=1e-5)


def test_embeddings_stay_unit_vectors(drawings):
    parts = added(drawings, by_hand=1.0, gate=0.5)
    for rows in (texts_of(parts, drawings), pictures_of(parts, drawings, upper=0.4)):
        assert rows.shape == (60, DIMS + parts.dims)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_picture_that_is_not_a_number_stays_so(drawings):
    """The judge gives it no verdict."""
    rows = np.full((1, DIMS), np.nan, np.float32)
    product = pictures_of(added(drawings), rows) @ texts_of(added(drawings), drawings).T
    assert np.isnan(product).all()


def test_the_bank_has_the_first_drawings_of_every_category():
    names = ["cat"] * 6 + ["owl"] * 2
    assert centring.choose_bank(names, [0, 2, 3, 4, 5, 7]) == [0, 2, 3, 4, 7]


def test_drawings_by_hand_are_told_from_printed_pictures():
    rng = np.random.default_rng(1)
    drawn, printed = (unit(rng.normal(size=(80, DIMS)) + k * np.eye(DIMS)[2]) for k in (2, -2))
    found = centring.fit_by_hand(drawn, printed)
    assert (found(drawn) > 0).mean() > 0.95
    assert (found(printed) < 0).mean() > 0.95


def test_who_is_above_is_read_from_a_map_and_from_a_caption(monkeypatch):
    """On things that are axes, and a sentence encoder that writes down who comes first."""
    monkeypatch.setattr(roles, "SCENES", 300)
    monkeypatch.setattr(roles, "SINGLES", 4)
    monkeypatch.setattr(roles, "SENTENCES", 1500)
    names = ["cat", "owl", "bus", "cup", "hat"]
    scenes = roles.choose(range(len(names)))
    down = ("under", "below", "in front of")
    sides = ("and", "next to", "with", "beside")

    def embed(texts: list[str]) -> np.ndarray:
        rows = np.zeros((len(texts), 12))
        for row, text in zip(rows, texts, strict=True):
            things = sorted((text.find(name), k) for k, name in enumerate(names) if name in text)
            for share, (_, k) in zip((1.0, -1.0), things, strict=False):
                row[k] += share if len(things) > 1 else 0.0
                row[7 + k] += len(things) < 2
            row[5] = any(f" {word} " in text for word in down)
            row[6] = any(f" {word} " in text for word in sides)
        return unit(rows + 1e-3)

    def map_halves() -> np.ndarray:
        rows = np.zeros((len(scenes.pairs) + len(scenes.singles), 6))
        for row, (a, b), layout in zip(rows, scenes.pairs, scenes.layouts, strict=False):
            sign = -1 if layout in roles.LOWER else 1
            row[a], row[b] = sign, -sign
        return rows.astype(np.float32)

    found = roles.fit(scenes, map_halves(), names, embed)
    riding, under = (
        captions.scene_caption(relation, "cat", "bus")
        for relation in ("{a} riding {b}", "{a} under {b}")
    )
    cat_above, bus_above = np.zeros((2, 6), np.float32)
    cat_above[[0, 2]], bus_above[[0, 2]] = (1, -1), (-1, 1)
    shown = found.picture(np.stack([cat_above, bus_above]))
    fits = shown @ found.of_texts(embed([riding, under])).T
    assert fits[0, 0] > fits[1, 0]  # a cat riding a bus is above it
    assert fits[1, 1] > fits[0, 1]  # a cat under a bus is below it
