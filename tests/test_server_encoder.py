"""CLIP on an Inference server: the address, the batches, and every way in which it fails."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from clip_fixtures import ROOT
from fakes import Ear, FakeSource, FakeWindow, Running, make_presenter
from inference_stand_in import InferenceStandIn
from paintcam.encoders import load_encoder, resolve_model, server
from paintcam.encoders.server import ServerEncoder
from paintcam.errors import ModelError, PromptError, UnavailableError
from paintcam.frames import Frame
from paintcam.judge.make import make_judge
from paintcam.run import live as live_module
from paintcam.run.live import Live
from program import paintcam


@pytest.fixture
def inference():
    stand_in = InferenceStandIn()
    yield stand_in
    stand_in.close()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(server, "LOAD_S", 2.0)
    monkeypatch.setattr(server, "ANSWER_S", 0.5)
    return monkeypatch


def pictures(count):
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (90, 160, 3), dtype=np.uint8) for _ in range(count)]


def test_pictures_and_texts_go_in_batches_of_eight(inference):
    encoder = load_encoder(f"server:{inference.url}")
    assert encoder.info.name == f"server:{inference.url}#ViT-B-16"
    assert encoder.info.engine == "server"
    inference.requests.clear()
    rows = encoder.encode_image(pictures(19))
    assert rows.shape == (19, 512)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert [len(body["image"]) for _, body in inference.requests] == [8, 8, 3]
    assert {path for path, _ in inference.requests} == {"/clip/embed_image"}
    assert encoder.encode_text([f"text {k}" for k in range(9)]).shape == (9, 512)
    assert encoder.encode_image([]).shape == encoder.encode_text([]).shape == (0, 512)


def test_a_prompt_is_sent_once(inference):
    encoder = ServerEncoder(f"server:{inference.url}")
    first = encoder.encode_text(["a fox", "a house"])
    inference.requests.clear()
    assert np.array_equal(encoder.encode_text(["a house", "a fox"]), first[::-1])
    assert inference.requests == []


def test_the_variant_and_the_key_go_along_and_the_key_is_never_shown(inference, monkeypatch):
    monkeypatch.setenv("ROBOFLOW_API_KEY", "secret-key")
    encoder = ServerEncoder(f"server:{inference.url}#RN50x4")
    assert "#RN50x4" in encoder.info.name
    assert {body["clip_version_id"] for _, body in inference.requests} == {"RN50x4"}
    assert {body["api_key"] for _, body in inference.requests} == {"secret-key"}
    inference.fault = "500"
    with pytest.raises(UnavailableError) as failed:
        encoder.encode_image(pictures(1))
    error = failed.value
    assert "secret-key" not in f"{error} {error.words} {error.__cause__!r}"


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "ftp://host", "http://", "http://user:pass@host:9001", "http://host/path"]
    + ["http://host:port", "http://[::1", "http://host?api_key=secret", "http://ho\x1bst:1"],
)
def test_an_address_of_another_form_is_refused_and_no_password_is_shown(address):
    with pytest.raises(ModelError, match=r"must have the form http://HOST:PORT") as refused:
        resolve_model(f"server:{address}")
    assert "pass@" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_names_of_servers_are_written_in_one_way():
    assert resolve_model("server:http://HOST:9001/") == "server:http://host:9001#ViT-B-16"
    assert resolve_model("server:https://[::1]:9001#RN50") == "server:https://[::1]:9001#RN50"
    with pytest.raises(ModelError, match="Unknown CLIP variant 'ViT-X'"):
        resolve_model("server:http://host:9001#ViT-X")


FAULTS = {
    "500": "it answered 500",
    "404": "it answered 404",
    "redirect": "it answered 307",
    "401": "it refused the API key",
    "hang": "timed out",
    "drip": "timed out",
    "cut": "connection was cut|connection failed",
    "dimension": "768 dimensions instead of 512",
    "fewer": "holds no embeddings",
    "nan": "holds no embeddings",
    "html": "holds no embeddings",
    "empty": "holds no embeddings",
    "huge": "too long",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_during_a_run_is_a_passing_error(inference, quick, fault):
    encoder = ServerEncoder(f"server:{inference.url}")
    quick.setattr(server, "MOST_BYTES", 1 << 18)  # which a busy machine reads in time
    inference.fault = fault
    started = time.monotonic()
    with pytest.raises(UnavailableError, match=FAULTS[fault]) as failed:
        encoder.encode_image(pictures(1))
    assert time.monotonic() - started < 10
    assert failed.value.words.startswith("server: ")
    assert len(failed.value.words) < 50
    assert "\x1b" not in str(failed.value)
    inference.fault = ""
    assert encoder.encode_image(pictures(1)).shape == (1, 512)


def test_an_unreachable_server_is_an_error_at_the_start(inference, quick):
    url = inference.url
    inference.close()
    with pytest.raises(
        UnavailableError, match=rf"{url} cannot be used.*Check that the server runs"
    ):
        load_encoder(f"server:{url}")


def test_a_prompt_that_the_server_refuses_is_too_long(inference, monkeypatch):
    encoder = ServerEncoder(f"server:{inference.url}")
    monkeypatch.setattr(
        inference, "_answer", lambda request, _body: inference._send(request, 400, b"{}")
    )
    with pytest.raises(PromptError, match="too long"):
        encoder.encode_text(["fox " * 200])


def test_a_run_survives_a_server_that_restarts(inference, quick):
    """The picture goes on and says so, the best is kept, and scores return by themselves."""
    encoder = ServerEncoder(f"server:{inference.url}")
    ear, window = Ear(), FakeWindow()
    stage = make_presenter(prompt="a house", listener=ear, window=window)
    live = Live(FakeSource(), lambda: make_judge(encoder, "a house", guards=(), crop=False), stage)
    with Running(live) as running:
        running.until(lambda: len(ear.verdicts) > 2)
        best = stage.state.snapshot().best
        inference.fault = "500"
        running.until(lambda: live.scorer.trouble is not None)
        assert live._states() == ("live", "server: error 500, retrying…")
        shown = len(window.pictures)
        running.until(lambda: len(window.pictures) > shown + 10)  # it never stops
        assert stage.state.snapshot().best >= best
        port, count = inference.port, len(ear.verdicts)
        inference.close()  # now it is gone altogether
        time.sleep(1.2)
        assert running.error is None
        again = InferenceStandIn(port)
        running.until(lambda: len(ear.verdicts) > count + 1)
        assert live.scorer.trouble is None
        again.close()
    assert any("it answered 500" in note for note in ear.notes)
    assert "The encoder is available again." in ear.notes
    assert running.error is None


def test_a_run_starts_without_the_server_and_scores_once_it_answers(quick):
    """As with a camera: the picture is shown, and says what it waits for."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quick.setattr(server, "ANSWER_S", 10.0)  # a busy machine is no trouble
    ear, window = Ear(), FakeWindow()
    stage = make_presenter(prompt="a house", listener=ear, window=window)

    def load():
        encoder = load_encoder(f"server:http://127.0.0.1:{port}")
        return make_judge(encoder, "a house", guards=(), crop=False)

    live = Live(FakeSource(), load, stage)
    with Running(live) as running:
        running.until(lambda: live.scorer.trouble is not None)
        assert live._states() == ("loading", "waiting for server…")
        shown = len(window.pictures)
        running.until(lambda: len(window.pictures) > shown + 10)
        inference = InferenceStandIn(port)
        running.until(lambda: len(ear.verdicts) > 1)
        assert live._states() == ("live", "")
    inference.close()
    troubles = [note for note in ear.notes if "cannot be used" in note]
    assert len(troubles) == 1  # not one for every try
    assert "Check that the server runs" in troubles[0]
    assert "The encoder is available again." in ear.notes
    assert running.error is None


def test_an_api_key_that_is_refused_at_the_start_is_reported(inference, quick):
    inference.fault = "401"
    with pytest.raises(UnavailableError) as refused:
        load_encoder(f"server:{inference.url}")
    assert refused.value.words == "server: API key refused, retrying…"


def test_a_file_does_not_wait_forever_for_a_server(inference, quick, monkeypatch):
    url = inference.url
    inference.close()
    monkeypatch.setattr(live_module, "FILE_WAIT_S", 0.1)
    live = Live(FakeSource(5), lambda: load_encoder(f"server:{url}"), make_presenter(), hold=True)
    with pytest.raises(UnavailableError, match="cannot be used"):
        live.run()


def test_score_reports_an_unreachable_server(inference, tmp_path):
    url = inference.url
    inference.close()
    cv2.imwrite(str(tmp_path / "a.png"), np.full((64, 64, 3), 200, np.uint8))
    ran = paintcam("score", "a.png", "--prompt", "a fox", "--model", f"server:{url}", cwd=tmp_path)
    assert ran.returncode == 1
    assert "cannot be used" in ran.stderr
    assert "Check that the server runs" in ran.stderr


def test_nothing_to_explain_is_not_reported_as_a_server_error(inference, quick):
    """A server that is down stays down in the state until a frame was scored."""
    encoder = ServerEncoder(f"server:{inference.url}")
    ear, window = Ear(), FakeWindow()
    stage = make_presenter(prompt="a house", listener=ear, window=window)
    live = Live(FakeSource(), lambda: make_judge(encoder, "a house", guards=(), crop=False), stage)
    with Running(live) as running:
        running.until(lambda: len(ear.verdicts) > 1)
        inference.fault = "500"
        running.until(lambda: len(inference.requests) > 3 and live.scorer.trouble is not None)
        count = len(inference.requests)
        running.until(lambda: len(inference.requests) > count + 1)
        assert live.scorer.trouble is not None
    assert "The encoder is available again." not in ear.notes


def test_a_new_prompt_while_the_server_is_down_keeps_the_old_one(inference, quick):
    encoder = ServerEncoder(f"server:{inference.url}")
    judge = make_judge(encoder, "a house", guards=(), crop=False)
    inference.fault = "500"
    with pytest.raises(UnavailableError):
        judge.set_prompt("a fox")
    assert judge.prompt == "a house"


INFERENCE_PYTHON = os.environ.get("PAINTCAM_TEST_INFERENCE_PYTHON", sys.executable)
"""A Python that has `inference[http]`; CI installs it into an environment of its own."""


def has_server() -> bool:
    code = "import asgi_correlation_id, uvicorn, fastapi"
    return subprocess.run([INFERENCE_PYTHON, "-c", code], capture_output=True).returncode == 0


@pytest.mark.timeout(280)
@pytest.mark.skipif(not has_server(), reason="inference[http] is not installed")
def test_the_real_server_gives_what_the_local_engine_gives(vit_cache, tmp_path, monkeypatch):
    """The example starts the real server; same weights, cosine 0.999 and more."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    example = ROOT / "examples" / "inference_server.py"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [INFERENCE_PYTHON, example, "--port", str(port), "--models", vit_cache.root],
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 200
        while True:
            try:
                remote = load_encoder(f"server:http://127.0.0.1:{port}")
                break
            except UnavailableError:
                assert process.poll() is None, (tmp_path / "log").read_text()[-2000:]
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()[-2000:]
                time.sleep(1)
        for name, value in vit_cache.env.items():
            monkeypatch.setenv(name, value)
        local = load_encoder("clip")
        images = [*pictures(9), np.full((33, 97, 3), 200, np.uint8)]
        assert (remote.encode_image(images) * local.encode_image(images)).sum(axis=1).min() > 0.999
        texts = [f"a drawing of {k} foxes" for k in range(9)]
        assert (remote.encode_text(texts) * local.encode_text(texts)).sum(axis=1).min() > 0.999
        verdict = make_judge(remote, "a fox").judge([Frame(images[0], 0, 0.0, 0.0)])[0]
        again = make_judge(local, "a fox").judge([Frame(images[0], 0, 0.0, 0.0)])[0]
        assert verdict.score == pytest.approx(again.score, abs=0.5)
        with pytest.raises(PromptError):
            remote.encode_text(["fox " * 100])
    finally:
        process.kill()
        process.wait()
