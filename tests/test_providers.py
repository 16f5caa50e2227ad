"""Which hardware runs CLIP, and what happens where a driver is missing, silent or deadly."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from paintcam.encoders import child_process, load_encoder, providers
from paintcam.encoders.mapped_weights import mapped_model
from paintcam.encoders.sketch import SketchEncoder
from paintcam.encoders.sketch_files import BUNDLED
from paintcam.errors import ModelError, UsageError

MODEL = BUNDLED / "visual.onnx"


@pytest.fixture
def cuda(monkeypatch):
    """An ONNX Runtime that was built with CUDA; `opens` says what a session on it does."""
    real = onnxruntime.InferenceSession

    class Driver:
        opens = "falls back"

        def session(self, model, options, providers):
            if "CUDAExecutionProvider" in providers:
                if self.opens == "fails":
                    raise RuntimeError("CUDA failure 35: driver too old\nmore lines")
                session = real(model, options, providers=["CPUExecutionProvider"])
                if self.opens == "runs":
                    session.get_providers = lambda: providers
                return session
            return real(model, options, providers=providers)

    driver = Driver()
    built = ["CUDAExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: built)
    monkeypatch.setattr(onnxruntime, "InferenceSession", driver.session)
    return driver


def test_auto_uses_cuda_if_it_runs(cuda):
    cuda.opens = "runs"
    assert providers.open_session(MODEL).provider == "cuda"


@pytest.mark.parametrize("opens", ["falls back", "fails"])
def test_auto_falls_back_to_the_cpu_and_reports_it(cuda, opens):
    cuda.opens = opens
    opened = providers.open_session(MODEL)
    assert opened.provider == "cpu"
    assert "CUDA does not work on this machine" in opened.note
    assert ("driver too old). Using the CPU" in opened.note) == (opens == "fails")


def test_coreml_is_never_taken_by_itself(monkeypatch):
    built = ["CoreMLExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: built)
    assert providers.open_session(MODEL).provider == "cpu"


def test_a_provider_that_was_chosen_and_does_not_run_is_an_error(cuda):
    with pytest.raises(ModelError, match=r"provider cuda does not run on this machine. Check"):
        providers.open_session(MODEL, "cuda")


def test_a_provider_that_is_not_installed_names_those_that_are():
    with pytest.raises(ModelError, match=r"has no provider rocm \(it has cpu.*\). Choose one"):
        SketchEncoder(provider="rocm")


def test_an_unknown_provider_or_engine_lists_the_choices(monkeypatch):
    with pytest.raises(UsageError, match=r'Unknown provider "gpu". Choose auto or one of cpu,'):
        load_encoder("sketch", provider="gpu")
    with pytest.raises(UsageError, match=r'Unknown engine "torch". Choose one of onnx, infer'):
        load_encoder("sketch", engine="torch")
    with pytest.raises(UsageError, match=r'engine "inference" only runs CLIP.s exact weights'):
        load_encoder("sketch", engine="inference")
    monkeypatch.setenv("PAINTCAM_PROVIDER", "gpu")
    with pytest.raises(UsageError, match=r'Unknown provider "gpu"'):
        load_encoder("sketch")


def test_the_environment_chooses_the_provider_and_an_argument_wins(monkeypatch):
    monkeypatch.setenv("PAINTCAM_PROVIDER", "ROCm")
    assert providers.checked_provider(None) == "rocm"
    assert providers.checked_provider("cpu") == "cpu"
    monkeypatch.delenv("PAINTCAM_PROVIDER")
    assert providers.checked_provider(None) == "auto"


@pytest.fixture
def deadly(monkeypatch):
    """A provider that takes its process down, unless it is the CPU."""
    monkeypatch.setattr(
        child_process,
        "CODE",
        "import os; sys.argv[3] == 'cpu' or os.kill(os.getpid(), 9);" + child_process.CODE,
    )


def test_a_provider_that_crashes_the_process_is_replaced_by_the_cpu(
    clip_cache, deadly, monkeypatch
):
    for name, value in clip_cache.env.items():
        monkeypatch.setenv(name, value)
    encoder = load_encoder("clip", apart=True)
    assert encoder.info.provider == "cpu"
    assert "ended with code -9" in encoder.info.notes[0]
    assert encoder.info.notes[0].endswith("Using the CPU.")
    encoder.close()


def test_a_chosen_provider_that_crashes_the_process_is_an_error(clip_cache, deadly, monkeypatch):
    for name, value in clip_cache.env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match=r"ended with code -9"):
        load_encoder("clip", apart=True, provider="openvino")


def embedded(session: onnxruntime.InferenceSession) -> np.ndarray:
    shape = [size if isinstance(size, int) else 2 for size in session.get_inputs()[0].shape]
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return session.run(None, {session.get_inputs()[0].name: pixels})[0]


def test_a_model_whose_weights_stay_in_its_file_gives_the_same_embeddings():
    assert len(mapped_model(MODEL)) < MODEL.stat().st_size / 4
    plain = onnxruntime.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    for brief in (False, True):
        mapped = providers.open_session(MODEL, "cpu", brief=brief).session
        assert np.allclose(embedded(mapped), embedded(plain), atol=1e-4)


def test_an_onnx_runtime_that_cannot_take_weights_from_the_file_opens_the_file(monkeypatch):
    real, opened = onnxruntime.InferenceSession, []

    def open_file_alone(model, options, providers):
        opened.append(model)
        if isinstance(model, bytes):
            raise RuntimeError("External initializer: no such file")
        return real(model, options, providers=providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", open_file_alone)
    assert embedded(providers.open_session(MODEL, "cpu").session).shape[0] == 2
    assert opened[-1] == str(MODEL)


@pytest.mark.parametrize(("here", "most", "threads"), [(2, 0, 4), (8, 0, 8), (8, 2, 2), (1, 2, 1)])
def test_few_cores_are_shared_with_the_picture_by_more_threads(monkeypatch, here, most, threads):
    monkeypatch.setattr(providers.os, "sched_getaffinity", lambda _: set(range(here)), False)
    assert providers.threads(most) == threads
