"""The bundled encoder's files: what is bundled, and what happens when it is damaged."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from paintcam.encoders.sketch import SketchEncoder
from paintcam.encoders.sketch_files import BUNDLED, FILES, HANDWRITING, SketchManifest
from paintcam.errors import ModelError, PromptError


@pytest.fixture
def folder(tmp_path):
    """A copy of the bundled encoder, to be damaged."""
    return shutil.copytree(BUNDLED, tmp_path / "sketch")


def sign(folder):
    """Make the manifest fit the files again, as somebody's own encoder would."""
    manifest = json.loads((folder / "encoder.json").read_text())
    for name in (*FILES, HANDWRITING):
        data = (folder / name).read_bytes()
        manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "encoder.json").write_text(json.dumps(manifest))


def test_another_folder_of_that_form_is_an_encoder(folder):
    manifest = json.loads((folder / "encoder.json").read_text())
    manifest |= {"name": "mine", "range": [0.1, 0.3], "max_tokens": 6}
    (folder / "encoder.json").write_text(json.dumps(manifest))
    mine = SketchEncoder(folder)
    assert mine.info.name == "mine"
    assert mine.info.score_range == (0.1, 0.3)
    with pytest.raises(PromptError, match=r"1 token too long for mine: 7 of at most 6"):
        mine.encode_text(["fox fox fox fox fox"])
    image = np.random.default_rng(0).integers(0, 256, (99, 99, 3), dtype=np.uint8)
    assert np.array_equal(mine.encode_image([image]), SketchEncoder().encode_image([image]))


def test_the_bundle_is_small_and_names_its_licence():
    manifest = SketchManifest.read(BUNDLED)
    assert sum(size for size, _ in manifest.files.values()) <= 40e6
    assert manifest.licence == "Apache-2.0"
    assert (BUNDLED / "NOTICE").exists()
    assert (BUNDLED / "README.md").exists()


@pytest.mark.parametrize("name", [*FILES, HANDWRITING, "encoder.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"{name}.*pip install --force-reinstall"):
        SketchEncoder(folder)


@pytest.mark.parametrize("name", [*FILES, HANDWRITING])
def test_a_half_file_and_a_flipped_bit_are_damage(folder, name):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=rf"{name} is damaged: \d+ bytes of {len(whole)}"):
        SketchEncoder(folder)
    (folder / name).write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    with pytest.raises(ModelError, match=rf"{name} is damaged: its SHA-256"):
        SketchEncoder(folder)


@pytest.mark.parametrize("name", [*FILES, HANDWRITING])
def test_files_of_another_model_are_refused(folder, name):
    other = {"visual.onnx": "text.onnx", "text.onnx": "visual.onnx", "tokenizer.json": "NOTICE"}
    other |= {HANDWRITING: "NOTICE"}
    shutil.copy(BUNDLED / other[name], folder / name)
    sign(folder)
    with pytest.raises(ModelError, match=rf"{name} is not for the sketch encoder"):
        SketchEncoder(folder)


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        (np.ones(5, np.float32), "expected 516 float32 numbers"),
        (np.zeros(516, np.float32), "expected a vector of length 1"),
        (np.full(516, np.nan, np.float32), "expected a vector of length 1"),
    ],
)
def test_a_direction_of_handwriting_with_wrong_numbers_is_refused(folder, numbers, reason):
    np.save(folder / HANDWRITING, numbers)
    sign(folder)
    with pytest.raises(ModelError, match=rf"{HANDWRITING} is not for .*{reason}"):
        SketchEncoder(folder)


def test_a_folder_may_lack_the_direction_of_handwriting(folder):
    assert abs(np.linalg.norm(SketchEncoder(folder).info.handwriting) - 1) < 1e-5
    manifest = json.loads((folder / "encoder.json").read_text())
    del manifest["files"][HANDWRITING]
    (folder / "encoder.json").write_text(json.dumps(manifest))
    (folder / HANDWRITING).unlink()
    assert SketchEncoder(folder).info.handwriting is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x", "range": [1]}'])
def test_an_invalid_manifest_is_an_error(folder, text):
    (folder / "encoder.json").write_text(text)
    with pytest.raises(ModelError, match=r"cannot use encoder\.json"):
        SketchEncoder(folder)


def test_a_model_for_another_size_of_picture_is_foreign(folder):
    manifest = json.loads((folder / "encoder.json").read_text())
    (folder / "encoder.json").write_text(json.dumps(manifest | {"image_size": 96}))
    with pytest.raises(ModelError, match=r"visual\.onnx is not for the sketch encoder"):
        SketchEncoder(folder)


def test_it_runs_without_torch_and_inference():
    code = (
        "import sys; from paintcam.encoders import load_encoder; e = load_encoder('sketch');"
        "e.encode_text(['a fox']); print(sorted({'torch', 'inference', 'clip'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.stdout.strip() == "[]", ran.stderr
    assert ran.stderr == ""
