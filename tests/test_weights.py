"""Where CLIP's weights lie, whether they are here, and fetching them over a bad network."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import namedtuple
from importlib.metadata import version
from pathlib import Path

import pytest

from clip_fixtures import ROOT, clip_environment
from paintcam.encoders import download, load_encoder, onnx_trial, resolve_model
from paintcam.encoders import pull as pulling
from paintcam.encoders.onnxfile import has_external_data, is_whole
from paintcam.encoders.pull import pull, roboflow_in_reach
from paintcam.encoders.weights import (
    INDEX,
    VARIANTS,
    cache_root,
    clip_folder,
    is_cached,
    prepare_environment,
)
from paintcam.errors import ModelError
from roboflow_stand_in import RoboflowStandIn, clip_files

FOLDER = "~clip-ViT-B-16-0123"


@pytest.fixture
def roboflow(monkeypatch):
    stand_in = RoboflowStandIn()
    monkeypatch.setenv("API_BASE_URL", stand_in.url)
    monkeypatch.setattr(pulling, "PAUSE_S", 0.01)
    yield stand_in
    stand_in.close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache whose folder names are known already, so that nothing imports Inference."""
    root = tmp_path / "cache"
    root.mkdir()
    # as if nothing in this process had imported Inference, whatever other tests did
    monkeypatch.delitem(sys.modules, "inference.core.env", raising=False)
    monkeypatch.setenv("MODEL_CACHE_DIR", str(root))
    folders = {name: f"~clip-{name}-0123" for name in VARIANTS}
    (root / INDEX).write_text(json.dumps({version("inference"): folders}))
    return root


def write_files(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in clip_files().items():
        (folder / name).write_bytes(body)


def test_pull_installs_both_complete_files_and_nothing_else(cache, roboflow):
    reported = []
    folder = pull("ViT-B-16", lambda done, total: reported.append((done, total)))
    assert {path.name: path.read_bytes() for path in folder.glob("*.onnx*")} == clip_files()
    assert not list(folder.glob("*.note"))
    whole = sum(map(len, clip_files().values()))
    assert reported[-1] == (whole, whole)
    assert {total for _, total in reported} == {whole}
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)
    assert is_cached("ViT-B-16")


def test_an_interrupted_download_resumes_where_it_stopped(cache, roboflow):
    roboflow.faults = ["cut"]
    folder = pull("ViT-B-16")
    first, second = roboflow.downloads()
    assert first == ""
    assert int(second.removeprefix("bytes=").rstrip("-")) > 0
    assert (folder / "visual.onnx").read_bytes() == clip_files()["visual.onnx"]


def test_the_next_pull_resumes_one_that_gave_up(cache, roboflow, monkeypatch):
    monkeypatch.setattr(pulling, "PATIENCE", 1)
    roboflow.faults = ["cut"]
    with pytest.raises(
        ModelError,
        match=r"Check your connection, then run `paintcam models pull clip:ViT-B-16` to resume",
    ):
        pull("ViT-B-16")
    came = (cache / FOLDER / "visual.onnx.part").stat().st_size
    assert 0 < came < len(clip_files()["visual.onnx"])
    assert not is_cached("ViT-B-16")
    pull("ViT-B-16")
    assert roboflow.downloads()[-1] == f"bytes={came - 1}-"
    assert is_cached("ViT-B-16")


def test_a_complete_part_is_only_verified(cache, roboflow):
    folder = cache / FOLDER
    folder.mkdir()
    body = clip_files()["visual.onnx"]
    (folder / "visual.onnx.part").write_bytes(body)
    (folder / "visual.onnx.note").write_text(json.dumps({"validator": roboflow.etag}))
    pull("ViT-B-16")
    assert roboflow.downloads() == [f"bytes={len(body) - 1}-"]
    assert is_cached("ViT-B-16")


@pytest.mark.parametrize("fault", ["changed", "no-range"])
def test_a_part_of_another_file_is_not_resumed(cache, roboflow, fault):
    roboflow.faults = ["cut", fault]
    folder = pull("ViT-B-16")
    assert (folder / "visual.onnx").read_bytes() == clip_files()["visual.onnx"]


def test_a_damaged_part_fails_its_checksum_and_is_removed(cache, roboflow):
    folder = cache / FOLDER
    folder.mkdir()
    (folder / "visual.onnx.part").write_bytes(b"rubbish" * 100)
    (folder / "visual.onnx.note").write_text(json.dumps({"validator": roboflow.etag}))
    with pytest.raises(ModelError, match="MD5"):
        pull("ViT-B-16")
    assert not list(folder.glob("*.part"))
    pull("ViT-B-16")
    assert is_cached("ViT-B-16")


def test_a_stalled_download_is_aborted_and_resumed(cache, roboflow, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (2.0, 0.3))
    roboflow.faults = ["hang"]
    pull("ViT-B-16")
    assert roboflow.downloads()[1].startswith("bytes=")
    assert is_cached("ViT-B-16")


def test_a_short_outage_of_the_server_is_waited_out(cache, roboflow):
    roboflow.faults = ["500", "403"]
    pull("ViT-B-16")
    assert is_cached("ViT-B-16")


@pytest.mark.parametrize(
    ("fault", "words"),
    [("wrong-md5", "MD5"), ("other-file", "not a valid CLIP model"), ("no-length", "how long")],
)
def test_an_error_page_is_never_saved_as_the_file(cache, roboflow, fault, words):
    roboflow.faults = [fault] * 5
    with pytest.raises(ModelError, match=words):
        pull("ViT-B-16")
    assert not (cache / FOLDER / "visual.onnx").exists()
    assert not is_cached("ViT-B-16")


def test_an_error_names_the_host_and_never_the_signed_url(cache, roboflow):
    roboflow.faults = ["500"] * 9
    with pytest.raises(ModelError, match=r"127\.0\.0\.1: the server answered 500") as caught:
        pull("ViT-B-16")
    assert "secret" not in str(caught.value)


def test_no_network_is_an_error_with_the_next_command(cache, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("API_BASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(pulling, "PAUSE_S", 0.01)
    text = r"connection was refused.*Check your connection.*--model sketch"
    with pytest.raises(ModelError, match=text):
        pull("ViT-B-16")
    assert not roboflow_in_reach(1.0)


def test_roboflow_is_in_reach_if_it_answers(roboflow):
    assert roboflow_in_reach(5.0)


def test_an_answer_that_is_not_roboflows(cache, roboflow):
    roboflow.weights_key = "captive portal"
    with pytest.raises(ModelError, match="not from Roboflow"):
        pull("ViT-B-16")


def test_a_variant_in_another_form_is_an_error(cache, roboflow):
    del roboflow.files["textual.onnx"]
    with pytest.raises(ModelError, match=r"in an unknown form \(visual\.onnx\)"):
        pull("ViT-B-16")


def test_unknown_variants_and_models_list_the_choices(cache, roboflow):
    with pytest.raises(ModelError, match=r"'ViT-X'.*RN50.*ViT-L-14-336px"):
        pull("ViT-X")
    with pytest.raises(ModelError, match=r"404.*paintcam models"):
        pull("RN50")
    for name in ("clop", "clip:ViT-X", "clip:", "clip:clip", "sketch:", "sketch:1"):
        with pytest.raises(ModelError, match="Choose one of auto, sketch, clip, clip:RN50"):
            resolve_model(name)


def test_auto_is_clip_if_its_weights_are_complete_and_sketch_otherwise(cache):
    assert resolve_model("auto") == "sketch"
    write_files(cache / FOLDER)
    assert resolve_model("auto") == "clip:ViT-B-16"
    body = clip_files()["textual.onnx"]
    (cache / FOLDER / "textual.onnx").write_bytes(body[:-1])
    assert resolve_model("auto") == "sketch"
    assert resolve_model("clip") == "clip:ViT-B-16"
    assert resolve_model("clip:RN50x4") == "clip:RN50x4"


def test_a_full_disk_keeps_the_part_and_reports_a_fix(cache, roboflow, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(10, 10, 0))
    with pytest.raises(ModelError, match=r"disk is full.*0 MB free.*PAINTCAM_CACHE_DIR"):
        pull("ViT-B-16")

    def no_room(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.undo()
    monkeypatch.setenv("API_BASE_URL", roboflow.url)
    monkeypatch.setenv("MODEL_CACHE_DIR", str(cache))
    monkeypatch.setattr(download.os, "fsync", no_room)
    with pytest.raises(ModelError, match=r"No space left.*run the same command again to resume"):
        pull("ViT-B-16")
    assert (cache / FOLDER / "visual.onnx.part").stat().st_size > 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path, roboflow, monkeypatch, cache):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    index = json.loads((cache / INDEX).read_text())
    monkeypatch.setattr("paintcam.encoders.weights._index", lambda: index)
    monkeypatch.setenv("MODEL_CACHE_DIR", str(in_the_way))
    with pytest.raises(ModelError, match=rf"Cannot write to {in_the_way}.*PAINTCAM_CACHE_DIR"):
        pull("ViT-B-16")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_read_only_cache_is_named(cache, roboflow):
    (cache / FOLDER).mkdir()
    (cache / FOLDER).chmod(0o500)
    with pytest.raises(ModelError, match="Cannot write to"):
        pull("ViT-B-16")


def test_two_pulls_at_once_do_one_download(cache, roboflow):
    roboflow.faults = ["cut"]
    errors: list[BaseException] = []

    def run():
        try:
            pull("ViT-B-16")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert is_cached("ViT-B-16")
    assert len(roboflow.downloads()) == 2  # the cut one and its rest


def test_what_the_progress_raises_stops_the_download_and_keeps_the_part(cache, roboflow):
    def stop(done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("ViT-B-16", stop)
    assert (cache / FOLDER / "visual.onnx.part").stat().st_size > 0
    pull("ViT-B-16")
    assert is_cached("ViT-B-16")


@pytest.mark.skipif(os.name == "nt", reason="SIGINT as a terminal sends it")
def test_ctrl_c_keeps_the_part_and_shows_how_to_resume(cache, roboflow):
    roboflow.faults = ["hang"]
    env = clip_environment(cache, roboflow.url) | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "paintcam", "models", "pull", "clip"]
    pulling_now = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    part = cache / FOLDER / "visual.onnx.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pulling_now.send_signal(signal.SIGINT)
    _, stderr = pulling_now.communicate(timeout=30)
    assert pulling_now.returncode == 130
    assert "were kept. Run `paintcam models pull clip:ViT-B-16` to resume." in stderr
    assert "Traceback" not in stderr
    assert part.stat().st_size > 0


def test_every_incomplete_file_is_noticed(tmp_path):
    body = clip_files()["visual.onnx"]
    path = tmp_path / "visual.onnx"
    for length in [*range(0, 200), *range(200, len(body), 997), len(body) - 1]:
        path.write_bytes(body[:length])
        assert not is_whole(path), length
    path.write_bytes(body)
    assert is_whole(path)
    path.write_bytes(body + b"\0")
    assert not is_whole(path)
    path.write_bytes(b"<html>no</html>")
    assert not is_whole(path)
    assert not is_whole(tmp_path / "none")


def test_looking_for_weights_imports_no_inference(cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "inference", None)  # an import of it would raise
    assert not is_cached("ViT-B-16")
    write_files(cache / FOLDER)
    assert is_cached("ViT-B-16")
    assert not is_cached("RN50")


def test_without_a_folder_that_looks_like_weights_nobody_is_asked(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "inference.core.env", raising=False)
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "none"))
    monkeypatch.setitem(sys.modules, "inference", None)
    assert not is_cached("ViT-B-16")
    with pytest.raises(ModelError, match=r"Cannot import Inference.*paintcam doctor"):
        clip_folder("ViT-B-16")


def test_the_cache_is_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "inference.core.env", raising=False)
    monkeypatch.delenv("MODEL_CACHE_DIR", raising=False)
    monkeypatch.delenv("PAINTCAM_CACHE_DIR", raising=False)
    assert "paintcam" in cache_root().parts
    monkeypatch.setenv("PAINTCAM_CACHE_DIR", str(tmp_path / "mine"))
    assert cache_root() == tmp_path / "mine" / "models"
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "theirs"))
    assert cache_root() == tmp_path / "theirs"
    prepare_environment()
    assert os.environ["MODEL_CACHE_DIR"] == str(tmp_path / "theirs")
    assert os.environ["DISABLE_VERSION_CHECK"] == "True"


def test_missing_and_half_weights_name_the_file_and_the_command(cache):
    with pytest.raises(
        ModelError, match=r"not installed.*paintcam models pull clip:ViT-B-16.*600 MB"
    ):
        load_encoder("clip")
    write_files(cache / FOLDER)
    half = cache / FOLDER / "textual.onnx"
    half.write_bytes(half.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"textual\.onnx is damaged.*models pull clip:ViT-B-16"):
        load_encoder("clip")


def test_a_server_that_always_disconnects_is_abandoned(cache, roboflow):
    """It has no ranges, so that each round starts again: three rounds without progress, and end."""
    roboflow.faults = ["cut-no-etag"] * 50
    with pytest.raises(ModelError, match=r"the connection was cut.*Check your connection"):
        pull("ViT-B-16")
    assert len(roboflow.downloads()) == 3


def test_a_server_that_sends_one_byte_each_time_is_abandoned(cache, roboflow):
    roboflow.faults = ["one-byte"] * 500
    with pytest.raises(ModelError, match="Check your connection"):
        pull("ViT-B-16")
    assert len(roboflow.downloads()) <= 4


def test_a_server_that_sends_too_slowly_is_abandoned(cache, roboflow, monkeypatch):
    monkeypatch.setattr(download, "SLOWEST", (1 << 16, 0.3))
    roboflow.faults = ["drip"] * 50
    started = time.monotonic()
    with pytest.raises(ModelError, match="less than 64 KiB within"):
        pull("ViT-B-16")
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("header", "value", "words"),
    [
        ("Content-Length", "abc", "how long"),
        ("Content-Length", "-5", "how long"),
        ("Content-Length", "9" * 30, "how long"),
        ("x-goog-hash", "md5=!!!", "invalid checksum"),
        ("x-goog-hash", "md5=AAAA", "invalid checksum"),
    ],
)
def test_an_invalid_header_is_a_clear_error(cache, roboflow, header, value, words):
    roboflow.headers = {header: value}
    with pytest.raises(ModelError, match=words):
        pull("ViT-B-16")
    assert not is_cached("ViT-B-16")


@pytest.mark.parametrize("address", ["http://[::1", "http://[::1]:port", "http:///", "nonsense"])
def test_an_address_that_is_cut_in_two_is_a_clear_error(cache, monkeypatch, address):
    monkeypatch.setattr(pulling, "PAUSE_S", 0.0)
    monkeypatch.setenv("API_BASE_URL", address)
    with pytest.raises(ModelError, match=r"Cannot download CLIP's weights from .*Check your conn"):
        pull("ViT-B-16")
    assert not roboflow_in_reach(0.5)


def test_an_address_from_the_server_that_is_cut_in_two_is_a_clear_error(cache, roboflow):
    roboflow.file_url = "http://[::1/{name}"
    with pytest.raises(ModelError, match="address is not valid"):
        pull("ViT-B-16")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize(
    "name", ["visual.onnx.part", "visual.onnx.note", "visual.onnx", "pull.lock"]
)
@pytest.mark.parametrize("planted", ["link", "dangling", "hard", "fifo"])
def test_links_planted_in_the_cache_are_never_followed(cache, roboflow, tmp_path, name, planted):
    """A link's target keeps its content, and a FIFO does not block the download."""
    folder, victim = cache / FOLDER, tmp_path / "victim"
    folder.mkdir()
    victim.write_text("precious")
    path = folder / name
    if planted == "link":
        path.symlink_to(victim)
    elif planted == "dangling":
        path.symlink_to(tmp_path / "none")
    elif planted == "hard":
        path.hardlink_to(victim)
    else:
        os.mkfifo(path)
    pull("ViT-B-16")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "none").exists()
    assert is_cached("ViT-B-16")


@pytest.mark.parametrize(
    "name", ["visual.onnx.part", "visual.onnx.note", "visual.onnx", "pull.lock"]
)
def test_a_folder_in_the_place_of_a_file_is_named(cache, roboflow, name):
    (cache / FOLDER / name).mkdir(parents=True)
    with pytest.raises(ModelError, match=rf"{name} is a folder instead of a file. Remove it"):
        pull("ViT-B-16")


@pytest.mark.parametrize("content", ["[" * 100_000, '{"1": 2}', "null", '{"VERSION": ["a"]}'])
def test_an_invalid_index_of_folders_is_ignored(cache, content, monkeypatch):
    (cache / INDEX).write_text(content.replace("VERSION", version("inference")))
    assert not is_cached("ViT-B-16")


@pytest.mark.skipif(os.name == "nt", reason="no FIFOs there")
def test_a_fifo_in_the_place_of_a_cache_file_does_not_hang_the_start(cache):
    (cache / INDEX).unlink()
    os.mkfifo(cache / INDEX)
    assert not is_cached("ViT-B-16")
    os.mkfifo(cache / "visual.onnx")
    assert not is_whole(cache / "visual.onnx")


def test_a_second_pull_reports_that_it_waits(cache, roboflow):
    from filelock import FileLock

    (cache / FOLDER).mkdir()
    with FileLock(cache / FOLDER / "pull.lock", thread_local=False) as lock:
        pull_now = threading.Thread(
            target=pull, args=("ViT-B-16",), kwargs={"on_wait": lock.release}
        )
        pull_now.start()
        pull_now.join(30)
    assert is_cached("ViT-B-16")


def external(location: str) -> bytes:
    """An ONNX model whose weights lie outside its file."""
    import onnx

    model = onnx.load_from_string(clip_files()["visual.onnx"])
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "16"), ("length", "64")):
        entry = weights.external_data.add()
        entry.key, entry.value = key, value
    return model.SerializeToString()


def nested() -> bytes:
    """The same, in a constant inside a subgraph."""
    import onnx
    from onnx import helper

    model = onnx.load_from_string(clip_files()["visual.onnx"])
    tensor = onnx.TensorProto(data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value=tensor)], "g", [], [])
    model.graph.node.append(helper.make_node("If", ["input"], [], then_branch=inner))
    return model.SerializeToString()


@pytest.mark.parametrize(
    "content",
    [
        external("/etc/passwd"),
        external("../../secret"),
        external("*/_ORT_MEM_ADDR_/*"),
        nested(),
    ],
    ids=["absolute", "outside", "memory", "nested"],
)
def test_a_model_with_weights_outside_its_file_is_refused(cache, roboflow, content, tmp_path):
    """ONNX Runtime would read any file, or any address of memory, and crash."""
    path = tmp_path / "visual.onnx"
    path.write_bytes(content)
    assert has_external_data(path)
    roboflow.files["visual.onnx"] = content
    with pytest.raises(ModelError, match="weights from outside the file"):
        pull("ViT-B-16")
    assert not (cache / FOLDER / "visual.onnx").exists()
    write_files(cache / FOLDER)
    (cache / FOLDER / "visual.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="weights from outside the file"):
        load_encoder("clip")


def test_a_download_that_crashes_what_opens_it_never_becomes_the_file(cache, roboflow, monkeypatch):
    crash = "import os; os.kill(os.getpid(), 11);"
    monkeypatch.setattr(onnx_trial, "TRIAL_CODE", crash)
    with pytest.raises(ModelError, match=r"crashed the process that opened it \(code -11\)"):
        pull("ViT-B-16")
    assert not is_cached("ViT-B-16")


@pytest.mark.parametrize(
    "content", [b"", b"\x3a", b"\x3a\xff\xff", b"\x3a\x02\x0a\x05", b"\xff" * 99]
)
def test_arbitrary_bytes_are_not_a_model(tmp_path, content):
    path = tmp_path / "visual.onnx"
    path.write_bytes(content)
    assert onnx_trial.open_error(path)
