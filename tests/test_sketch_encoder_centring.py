"""Prompts that win everywhere are lowered inside the exported graphs of the bundled encoder."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("cv2", reason="the build draws with OpenCV")

from examples.sketch_encoder import centring  # noqa: E402 - after the checks for what it imports

DIMS = 8


def tower() -> onnx.ModelProto:
    """A graph that returns its input, with the output of the exported towers."""
    helper = onnx.helper
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", DIMS])
        for name in ("x", "embedding")
    ]
    node = helper.make_node("Identity", ["x"], ["embedding"])
    graph = helper.make_graph([node], "tower", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto, rows: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": rows.astype(np.float32)})[0]


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def drawings() -> np.ndarray:
    """A bank whose drawings all lean towards the first axis."""
    rng = np.random.default_rng(0)
    return unit(rng.normal(size=(60, DIMS)) * 0.4 + np.eye(DIMS)[0])


def test_a_prompt_that_is_near_every_drawing_is_lowered(drawings):
    texts = np.eye(DIMS, dtype=np.float32)  # the first one is near all, the others are not
    pulls = centring.pull(drawings, texts)
    centred = run(centring.centre_texts(tower(), drawings, float(pulls.mean())), texts)
    pictures = run(centring.centre_pictures(tower(), DIMS), drawings)
    before, after = drawings @ texts.T, pictures @ centred.T
    lost = (before - after).mean(0)
    assert lost.argmax() == pulls.argmax() == 0
    assert (after.argmax(1) == 0).mean() < (before.argmax(1) == 0).mean()
    away = np.clip(centring.SHARE / centring.ANCHOR * (pulls.mean() - pulls), -0.9, 0.9)
    expected = before * np.sqrt((1 - centring.ANCHOR**2) * (1 - away**2))
    np.testing.assert_allclose(after, expected + centring.ANCHOR * away, atol=0.01)


def test_centred_embeddings_are_unit_vectors(drawings):
    texts = run(centring.centre_texts(tower(), drawings, 0.3), drawings)
    pictures = run(centring.centre_pictures(tower(), DIMS), drawings)
    for rows in (texts, pictures):
        assert rows.shape == (60, DIMS + 1)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_picture_that_is_not_a_number_stays_so():
    """The judge gives it no verdict."""
    rows = np.full((1, DIMS), np.nan)
    assert np.isnan(run(centring.centre_pictures(tower(), DIMS), rows)).all()


def test_the_bank_has_the_first_drawings_of_every_category():
    names = ["cat"] * 6 + ["owl"] * 2
    assert centring.choose_bank(names, [0, 2, 3, 4, 5, 7]) == [0, 2, 3, 4, 7]
