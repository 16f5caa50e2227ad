"""What every encoder does. A new one is one class and one row in `ENCODERS`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paintcam.encoders.base import EncoderInfo, check_prompts, middle_square, unit_rows
from paintcam.encoders.child_process import ChildProcessEncoder
from paintcam.encoders.sketch import SketchEncoder
from paintcam.errors import ModelError, PromptError


class Hues:
    """The smallest encoder: a picture is its mean colour, a text the colours that it names."""

    info = EncoderInfo("hues", (0.2, 0.9), handwriting=np.float32([0.6, 0.8, 0]))

    def encode_image(self, images):
        means = [middle_square(image).reshape(-1, 3).mean(0) + 1 for image in images]
        return unit_rows(np.array(means).reshape(-1, 3), len(images), self.info.name)

    def encode_text(self, texts):
        check_prompts(texts)
        for text in texts:
            if len(text.split()) > 50:
                raise PromptError(f"The prompt is {len(text.split()) - 50} words too long.")
        named = [[1 + ("blue" in t), 1 + ("green" in t), 1 + ("red" in t)] for t in texts]
        return unit_rows(np.array(named, float).reshape(-1, 3), len(texts), self.info.name)


ENCODERS = ["hues", "sketch", "sketch in a child process", "clip"]


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request):
    if request.param == "hues":
        yield Hues()
    elif request.param == "sketch":
        yield SketchEncoder()
    elif request.param == "clip":
        yield request.getfixturevalue("clip_encoder")
    else:
        child = ChildProcessEncoder("sketch")
        yield child
        child.close()


def picture(height, width, seed=0):
    """A BGR scene with large shapes, so that scaling does not wash it out."""
    grid = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    rows = np.repeat(grid, -(-height // 4), axis=0)[:height]
    return np.ascontiguousarray(np.repeat(rows, -(-width // 4), axis=1)[:, :width])


def test_it_declares_its_name_and_range(encoder):
    low, high = encoder.info.score_range
    assert encoder.info.name
    assert -1 <= low < high <= 1


def test_pictures_of_any_size_become_unit_rows_in_order(encoder):
    images = [picture(72, 128), picture(128, 72), picture(33, 33), picture(1, 1), picture(480, 641)]
    rows = encoder.encode_image(images)
    assert rows.dtype == np.float32
    assert rows.shape == (5, encoder.encode_text(["paper"]).shape[1])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    for row, image in zip(rows, images, strict=True):
        assert encoder.encode_image([image])[0] @ row == pytest.approx(1, abs=1e-3)


def test_more_than_one_batch_gives_what_single_frames_give(encoder):
    images = [picture(40, 40, seed) for seed in range(19)]
    rows = encoder.encode_image(images)
    alone = np.concatenate([encoder.encode_image([image]) for image in images])
    assert (rows * alone).sum(axis=1) == pytest.approx(1, abs=1e-3)
    texts = [f"drawing number {number}" for number in range(19)]
    together = encoder.encode_text(texts)
    alone = np.concatenate([encoder.encode_text([text]) for text in texts])
    assert (together * alone).sum(axis=1) == pytest.approx(1, abs=1e-3)


def test_no_pictures_and_no_texts_give_no_rows(encoder):
    dim = encoder.encode_text(["paper"]).shape[1]
    assert encoder.encode_image([]).shape == (0, dim)
    assert encoder.encode_text([]).shape == (0, dim)


def test_only_the_middle_square_is_embedded(encoder):
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = picture(64, 64)
    other = wide.copy()
    other[:, :32] = 255
    other[:, 96:] = 200
    tall = np.ascontiguousarray(other.transpose(1, 0, 2))
    first, second = encoder.encode_image([wide, other])
    assert first @ second == pytest.approx(1, abs=1e-5)
    third, fourth = encoder.encode_image([tall, tall[32:96]])
    assert third @ fourth == pytest.approx(1, abs=1e-5)


def test_blue_is_not_red(encoder):
    blue, red = np.zeros((2, 64, 64, 3), np.uint8)
    blue[..., 0] = 255
    red[..., 2] = 255
    rows = encoder.encode_image([blue, red])
    assert rows[0] @ rows[1] < 0.999


def test_the_same_input_gives_the_same_row(encoder):
    image = picture(90, 160)
    assert np.array_equal(encoder.encode_image([image]), encoder.encode_image([image]))
    assert np.array_equal(encoder.encode_text(["a fox"]), encoder.encode_text(["a fox"]))


def test_frames_are_only_read(encoder):
    image = picture(90, 160)
    kept = image.copy()
    image.flags.writeable = False
    encoder.encode_image([image])
    assert np.array_equal(image, kept)


@pytest.mark.parametrize("prompt", ["", "  ", "\t\n"])
def test_a_blank_prompt_is_refused(encoder, prompt):
    with pytest.raises(PromptError, match="blank"):
        encoder.encode_text(["a fox", prompt])


def test_a_long_prompt_is_reported_and_the_next_one_still_works(encoder):
    with pytest.raises(PromptError, match=r"\d+ (tokens?|words) too long"):
        encoder.encode_text(["fox " * 120])
    assert encoder.encode_text(["a fox"]).shape[0] == 1


@pytest.mark.parametrize("prompt", ["Füchsin auf Skiern", "лиса", "🦊", "狐狸", "fox!!!", "\u0301"])
def test_any_script_is_taken(encoder, prompt):
    rows = encoder.encode_text([prompt])
    assert np.linalg.norm(rows) == pytest.approx(1, abs=1e-5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.lists(
        st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_unit_rows_are_of_norm_one_or_zero(raw):
    """Property: whatever a model gives, a row is a direction or nothing."""
    rows = unit_rows(np.array(raw, np.float32), len(raw), "any")
    norms = np.linalg.norm(rows.astype(float), axis=1)
    assert np.isfinite(rows).all()
    assert all(norm == 0 or abs(norm - 1) < 1e-5 for norm in norms)
    for row, given_row in zip(norms, raw, strict=True):
        if not np.isfinite(given_row).all():
            assert row == 0


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 0), (2, 3, 1)])
def test_an_output_of_another_shape_is_an_error(shape):
    with pytest.raises(ModelError, match=r"shape .* for 2 inputs"):
        unit_rows(np.zeros(shape), 2, "odd")
