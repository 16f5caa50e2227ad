"""A quantised CLIP: made here, checked against the exact one, and refused where it differs."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from clip_fixtures import clip_environment
from paintcam.encoders import int8, load_encoder, resolve_model
from paintcam.encoders.int8 import PICTURES, agreement, make_int8
from paintcam.encoders.pull import pull
from paintcam.encoders.weights import INT8_NOTE, int8_folder, is_cached
from paintcam.errors import ModelError, UsageError

NAME = "ViT-B-16-int8"


@pytest.fixture(scope="module")
def int8_cache(vit_cache, tmp_path_factory):
    """A copy of the small CLIP's cache with an int8 variant beside it."""
    root = tmp_path_factory.mktemp("int8") / "cache"
    shutil.copytree(vit_cache.root, root)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in clip_environment(root, "http://127.0.0.1:9").items():
            patch.setenv(name, value)
        assert not is_cached(NAME)
        assert resolve_model("clip:ViT-B-16-int8") == "clip:ViT-B-16-int8"
        assert pull(NAME) == root / "int8-ViT-B-16"
    return root


@pytest.fixture
def cache(int8_cache, tmp_path, monkeypatch):
    root = tmp_path / "cache"
    shutil.copytree(int8_cache, root)
    for name, value in clip_environment(root, "http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    return root


def test_it_is_smaller_and_gives_nearly_the_same_embeddings(cache):
    exact = next(cache.glob("*clip*/visual.onnx")).stat().st_size
    assert (int8_folder(NAME) / "visual.onnx").stat().st_size < 0.6 * exact
    small, whole = load_encoder(f"clip:{NAME}"), load_encoder("clip")
    assert small.info.name == "clip:ViT-B-16-int8"  # never ranked with the exact one
    assert small.info.fingerprint != whole.info.fingerprint
    picture = cv2.imread(str(PICTURES / "photo-cat.jpg"))
    cosine = float((small.encode_image([picture]) * whole.encode_image([picture])).sum())
    assert 0.985 <= cosine < 0.9999999
    assert np.array_equal(small.encode_text(["a fox"]), whole.encode_text(["a fox"]))
    note = json.loads((int8_folder(NAME) / INT8_NOTE).read_text())
    assert note["cosine"] >= 0.985
    assert note["points"] <= 3
    assert note["order"] >= 0.95
    assert note["pictures"] == 24


def test_a_second_pull_builds_nothing(cache, monkeypatch):
    monkeypatch.setattr(int8, "make_int8", lambda _variant: pytest.fail("made again"))
    assert is_cached(NAME)
    pull(NAME)


def test_an_int8_file_of_other_weights_is_refused(cache):
    note = int8_folder(NAME) / INT8_NOTE
    facts = json.loads(note.read_text())
    note.write_text(json.dumps(facts | {"source": "0" * 32}))
    assert not is_cached(NAME)
    with pytest.raises(
        ModelError, match=r"built from weights other than those.*models pull clip:ViT-B-16-int8"
    ):
        load_encoder(f"clip:{NAME}")
    note.unlink()
    with pytest.raises(ModelError, match=r"built from weights other than those"):
        load_encoder(f"clip:{NAME}")


def test_a_result_that_differs_too_much_is_refused_with_its_figures(cache, monkeypatch):
    shutil.rmtree(int8_folder(NAME))
    monkeypatch.setattr(
        int8,
        "BUILD_CODE",
        "from paintcam.encoders import int8; int8.ATTEMPTS = int8.ATTEMPTS[:1];"
        "plain = int8.agreement;"
        "int8.agreement = lambda exact, *more: plain(exact[::-1], *more);" + int8.BUILD_CODE,
    )
    with pytest.raises(ModelError) as refused:
        pull(NAME)
    assert "clip:ViT-B-16-int8 differs too much from the exact weights (24 pictures: lowest" in (
        refused.value.what
    )
    assert "limit 0.985" in refused.value.what
    assert "--model clip:ViT-B-16`" in refused.value.fix
    assert not (int8_folder(NAME) / "visual.onnx").exists()
    assert not list(int8_folder(NAME).glob("*.part"))
    assert not is_cached(NAME)


def test_without_onnx_the_package_is_named(cache, monkeypatch):
    monkeypatch.setattr(int8, "BUILD_CODE", "sys.modules['onnx'] = None;" + int8.BUILD_CODE)
    with pytest.raises(ModelError, match=r"needs the package onnx.*pip install onnx"):
        make_int8(NAME)


def test_a_quantiser_that_is_killed_is_a_clear_error(cache, monkeypatch):
    monkeypatch.setattr(int8, "BUILD_CODE", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ModelError, match=r"ended with code -9; the system may have run out of mem"):
        make_int8(NAME)


def test_inference_does_not_run_it(cache):
    with pytest.raises(UsageError, match="only runs CLIP's exact weights"):
        load_encoder(f"clip:{NAME}", engine="inference")


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_agreement_sees_a_single_bad_picture():
    rng = np.random.default_rng(0)
    exact, prompts = unit(rng.normal(size=(24, 64))), unit(rng.normal(size=(24, 64)))
    assert agreement(exact, exact, prompts, (0.08, 0.48)).good
    other = exact.copy()
    other[7] = unit(other[7:8] + 0.4 * unit(rng.normal(size=(1, 64))))[0]
    found = agreement(exact, other, prompts, (0.08, 0.48))
    assert found.cosine < 0.985
    assert found.points > 3
    assert not found.good


def test_the_pictures_of_the_check_are_many_and_none_alike():
    prompts = json.loads((PICTURES / "prompts.json").read_text())
    assert len(set(prompts.values())) == len(prompts) >= 24
    assert {name.partition("-")[0] for name in prompts} == {"drawing", "photo"}
    small = []
    for name in prompts:
        grey = cv2.imread(str(PICTURES / name), cv2.IMREAD_GRAYSCALE)
        assert grey.shape == (224, 224)
        small.append(cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).ravel().astype(float))
    alike = np.abs(np.corrcoef(small)) - np.eye(len(small))
    assert alike.max() < 0.9
