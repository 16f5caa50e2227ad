"""Servers that answer without end, byte by byte, or with rubbish: API, downloads, Inference."""

from __future__ import annotations

import json
import os
import threading
import time
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from paintcam.encoders import download, load_encoder, resolve_model, server
from paintcam.encoders import pull as pulling
from paintcam.encoders.http_calls import HttpCalls
from paintcam.encoders.int8 import stored_agreement
from paintcam.encoders.pull import pull, roboflow_in_reach
from paintcam.encoders.server import ServerEncoder
from paintcam.encoders.weights import INDEX, VARIANTS, int8_folder, is_cached
from paintcam.errors import ModelError, UnavailableError
from paintcam.network import reason_of
from raw_server import CHUNKS, NEVER_FINISHED, RawConnection, RawServer
from roboflow_stand_in import clip_files

FOLDER = "~clip-ViT-B-16-0123"
ROW = [[1.0, 2.0] * 256]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """All limits of time, but a second long."""
    import requests  # noqa: F401 - so that no test measures how long this import takes

    monkeypatch.setattr(pulling, "PAUSE_S", 0.0)
    monkeypatch.setattr(pulling, "API_S", 1.0)
    monkeypatch.setattr(download, "HEAD_S", 1.0)
    monkeypatch.setattr(download, "TIMEOUT", (1.0, 1.0))
    monkeypatch.setattr(server, "ANSWER_S", 1.0)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache whose folder names are known already, so that nothing imports Inference."""
    root = tmp_path / "cache"
    root.mkdir()
    monkeypatch.setenv("MODEL_CACHE_DIR", str(root))
    monkeypatch.setattr("paintcam.encoders.weights.cache_root", lambda: root)
    monkeypatch.setattr(pulling, "cache_root", lambda: root)
    folders = {name: f"~clip-{name}-0123" for name in VARIANTS}
    (root / INDEX).write_text(json.dumps({version("inference"): folders}))
    return root


class Growth:
    """How long a piece of code takes, and how much memory. A context manager."""

    def __enter__(self) -> Growth:
        self._before, self._started = psutil.Process().memory_info().rss, time.monotonic()
        self._peak, self._over = self._before, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.seconds = time.monotonic() - self._started
        self.megabytes = (self._peak - self._before) / 1e6

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self._peak = max(self._peak, psutil.Process().memory_info().rss)


def calls_in_progress() -> int:
    return sum(thread.name == "paintcam-network" for thread in threading.enumerate())


def wait_until_no_call_is_left() -> None:
    deadline = time.monotonic() + 20
    while calls_in_progress() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not calls_in_progress()


# --- the Inference server ---


def serving(misbehave) -> tuple[RawServer, ServerEncoder]:
    """Load an encoder from a server that behaves at first, and then does not."""
    well = [True]

    def answer(to: RawConnection) -> None:
        if not well[0]:
            misbehave(to)
            return
        body = json.loads(to.body)
        count = len(body.get("image") or body.get("text"))
        to.reply(json.dumps({"embeddings": ROW * count}).encode())

    raw = RawServer(answer)
    encoder = ServerEncoder(f"server:{raw.url}")
    well[0] = False
    return raw, encoder


@pytest.mark.parametrize("answer", NEVER_FINISHED)
def test_an_inference_server_that_never_finishes_is_abandoned_in_time(answer):
    raw, encoder = serving(NEVER_FINISHED[answer])
    with raw:
        with Growth() as growth, pytest.raises(UnavailableError, match="cannot be used"):
            encoder.encode_text(["a cat"])
        assert growth.seconds < 8
        assert growth.megabytes < 80
        wait_until_no_call_is_left()  # a show of an hour must not collect them


@pytest.mark.parametrize(
    "location", [b"http://[::1", b"http://a\xff\x1b:port/", b"file:///etc", b""]
)
def test_a_redirect_to_rubbish_is_a_passing_error(location):
    raw, encoder = serving(lambda to: to.reply(b"", "302 X", b"Location: " + location + b"\r\n"))
    with raw, pytest.raises(UnavailableError, match="it answered 302"):
        encoder.encode_text(["a cat"])


def test_a_redirect_keeps_its_own_query():
    """More in the query of a signed address would make it invalid."""

    def answer(to: RawConnection) -> None:
        if to.path.startswith("/signed"):
            return to.reply(b"{}")
        return to.reply(b"", "302 Found", b"Location: /signed?key=1\r\n")

    with RawServer(answer) as raw:
        HttpCalls().read("GET", raw.url, limit_s=20, most_bytes=9, params={"nocache": "true"})
        paths = [head.split(" ")[1] for head in raw.requests]
    assert paths == ["/?nocache=true", "/signed?key=1"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e300", "1e999", "0", "null", "1e-400"])
def test_embeddings_that_are_no_numbers_are_not_kept_for_the_prompt(number):
    """Otherwise a prompt that met one bad answer would score 0 for the whole show."""
    rows = [f"[{','.join([number] * 512)}]"]
    raw, encoder = serving(
        lambda to: to.reply(f'{{"embeddings": [{rows[0]}]}}'.encode() if rows[0] else b"{}")
    )
    with raw:
        with pytest.raises(UnavailableError, match="holds no embeddings"):
            encoder.encode_text(["a cat"])
        rows[0] = str(ROW[0])
        assert encoder.encode_text(["a cat"]).any()


def test_a_server_cannot_make_every_next_request_longer():
    cookies = b"".join(b"Set-Cookie: a%d=b\r\n" % number for number in range(90))
    raw, encoder = serving(lambda to: to.reply(b"{}", headers=cookies))
    with raw:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                encoder.encode_text(["a cat"])
        assert not any("Cookie" in head for head in raw.requests)


# --- the API and the downloads ---


def api(to: RawConnection, of_file) -> None:
    """Answer as Roboflow's API does, and leave the files to another function."""
    if to.path.startswith("/signed/"):
        of_file(to, Path(to.path).name.partition("?")[0])
    else:
        urls = {name: f"{to.url}/signed/{name}?key=SECRET" for name in clip_files()}
        to.reply(json.dumps({"weights": urls}).encode())


@pytest.fixture
def roboflow(monkeypatch):
    """Starts a server as Roboflow's: with a function for the API, or for the files."""
    started: list[RawServer] = []
    # tried elsewhere, in seconds for each file
    monkeypatch.setattr(pulling, "check_clip_part", lambda _path: None)

    def start(of_api=None, of_file=None) -> RawServer:
        started.append(RawServer(of_api or (lambda to: api(to, of_file))))
        monkeypatch.setenv("API_BASE_URL", started[-1].url)
        return started[-1]

    yield start
    for raw in started:
        raw.__exit__()


@pytest.mark.parametrize("answer", NEVER_FINISHED)
def test_a_download_ends_if_roboflows_api_never_finishes(cache, roboflow, answer):
    roboflow(NEVER_FINISHED[answer])
    with Growth() as growth, pytest.raises(ModelError, match="Cannot download CLIP's weights"):
        pull("ViT-B-16")
    assert growth.seconds < 20
    assert growth.megabytes < 80
    roboflow_in_reach(0.5)  # ends, whatever it returns
    wait_until_no_call_is_left()


HEADS = {
    name: NEVER_FINISHED[name]
    for name in ("head drips", "interim answers flood", "redirect without end", "redirect drips")
} | {
    "chunks without end": lambda to: (
        to.send(CHUNKS.replace(b"\r\n\r\n", b"\r\nContent-Length: 5000\r\n\r\n5\r\nhello\r\n5;")),
        to.drip(b"y"),
    )
}


@pytest.mark.parametrize("answer", HEADS)
def test_a_download_ends_if_the_server_of_the_file_never_finishes(cache, roboflow, answer):
    roboflow(of_file=lambda to, _name: HEADS[answer](to))
    with Growth() as growth, pytest.raises(ModelError, match="Cannot download") as failed:
        pull("ViT-B-16")
    assert growth.seconds < 20
    assert growth.megabytes < 80
    assert "SECRET" not in str(failed.value)
    wait_until_no_call_is_left()


def partial(to: RawConnection, span: bytes, body: bytes = b"x") -> None:
    to.reply(body, "206 Partial Content", b'ETag: "a"\r\nContent-Range: bytes ' + span + b"\r\n")


def test_a_file_that_grows_with_every_try_is_given_up(cache, roboflow):
    """Each try is cut, makes progress, and finds the file longer than before."""
    asked = []

    def of_file(to: RawConnection, _name: str) -> None:
        first = int(to.header("Range").removeprefix("bytes=").rstrip("-0") or "0")
        if to.header("Range") == "bytes=0-0":
            asked.append(to)
            partial(to, b"0-0/%d" % (100_000 * len(asked)))
        else:
            partial(to, b"%d-/%d" % (first, 100_000 * len(asked)), b"x" * 50_000)

    roboflow(of_file=of_file)
    with pytest.raises(ModelError, match="the file changed on the server"):
        pull("ViT-B-16")
    assert len(asked) < 20


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (b"9" * 6000 + b"-0/100", "different range"),
        (b"0-0/" + b"9" * 14, "announces a file of"),
        (b"50-99/100", "different range"),
        (b"0-0/*", "how long"),
        (b"\xb2-0/100", "different range"),
    ],
    ids=["6000 digits", "99 TB", "another", "unknown", "no digits"],
)
def test_a_range_that_makes_no_sense_is_a_clear_error(cache, roboflow, span, words):
    def of_file(to: RawConnection, _name: str) -> None:
        first = b"0-0/100" if words == "different range" else span
        partial(to, first if to.header("Range") == "bytes=0-0" else span)

    roboflow(of_file=of_file)
    with pytest.raises(ModelError, match=words):
        pull("ViT-B-16")


def test_a_redirect_to_a_file_of_this_machine_is_not_followed(cache, roboflow):
    roboflow(lambda to: to.reply(b"", "302 X", b"Location: file:///etc/passwd\r\n"))
    with pytest.raises(ModelError, match="the address is not valid"):
        pull("ViT-B-16")


# --- what lies in the cache ---


def whole(to: RawConnection, name: str) -> None:
    to.reply(clip_files()[name], headers=b'ETag: "a"\r\n')


@pytest.mark.parametrize(
    "note", ["\u4e00", "a\\r\\nX: y", "\\ud800", " a", "a" * 100_000, "\\u0000"]
)
def test_an_unusable_note_beside_a_partial_download_is_ignored(cache, roboflow, note):
    roboflow(of_file=whole)
    (cache / FOLDER).mkdir()
    (cache / FOLDER / "visual.onnx.part").write_bytes(clip_files()["visual.onnx"][:90_000])
    (cache / FOLDER / "visual.onnx.note").write_text(f'{{"validator": "{note}"}}')
    pull("ViT-B-16")
    assert is_cached("ViT-B-16")


@pytest.mark.parametrize(
    "folder", ["../outside", "a/../../outside", "ABSOLUTE", "", ".", "a\x00b", "\ud800", "..", 7]
)
def test_an_index_that_leads_out_of_the_cache_is_ignored(cache, monkeypatch, tmp_path, folder):
    asked = []
    monkeypatch.setattr(
        "paintcam.encoders.weights.prepare_environment", lambda: asked.append(True) or 1 / 0
    )
    folder = str(tmp_path / "outside") if folder == "ABSOLUTE" else folder
    (cache / INDEX).write_text(json.dumps({version("inference"): {"ViT-B-16": folder}}))
    with pytest.raises(ZeroDivisionError):  # Inference would be asked for the folder
        pull("ViT-B-16")
    assert asked
    assert not (tmp_path / "outside").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_in_the_place_of_a_models_folder_is_not_followed(cache, roboflow, tmp_path, exists):
    roboflow(of_file=whole)
    outside = tmp_path / "outside"
    if exists:
        outside.mkdir()
    (cache / FOLDER).symlink_to(outside)
    with pytest.raises(ModelError, match=r"is a link instead of a folder\. Remove it"):
        pull("ViT-B-16")
    assert not outside.exists() or not list(outside.iterdir())


@pytest.mark.parametrize("note", ["[" * 100_000, '{"cosine": "a"}', "7", "null"])
def test_an_unusable_note_of_int8_weights_is_ignored(cache, note):
    folder = int8_folder("ViT-B-16-int8")
    folder.mkdir()
    (folder / "int8.json").write_text(note)
    assert stored_agreement("ViT-B-16-int8") is None
    figures = {"cosine": "x", "points": 1, "order": 1, "pictures": 3}
    (folder / "int8.json").write_text(json.dumps(figures))
    assert stored_agreement("ViT-B-16-int8") is None


# --- the environment ---


def test_a_missing_file_of_certificates_is_named_as_the_cause(cache, monkeypatch):
    """Not a cache folder that could not be written, and no traceback from a thread."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("API_BASE_URL", "https://127.0.0.1:1")
    with pytest.raises(ModelError, match=r"TLS cannot be set up.*REQUESTS_CA_BUNDLE"):
        pull("ViT-B-16")
    assert not roboflow_in_reach(1.0)


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://ada:SECRET@127.0.0.1:1", "the connection was refused"),
        ("http://[::1", "the address is not valid"),
        ("socks5://ada:SECRET@127.0.0.1:1", "(the connection was refused|SOCKS)"),
        ("SECRET://x", "not valid"),
    ],
)
def test_a_proxy_that_does_not_work_is_named_as_the_cause(
    cache, roboflow, monkeypatch, proxy, words
):
    roboflow(of_file=whole)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    with pytest.raises(ModelError, match=rf"through the proxy.*{words}") as failed:
        pull("ViT-B-16")
    assert "SECRET" not in str(failed.value)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    pull("ViT-B-16")
    assert is_cached("ViT-B-16")


def test_an_error_that_leads_back_to_itself_has_a_reason():
    error = ValueError("a")
    error.__cause__ = OSError(5, "Input/output error")
    error.__cause__.__cause__ = error
    assert reason_of(error) == "the address is not valid"
    assert reason_of(RuntimeError("https://host/?key=SECRET")) == (
        "the connection failed (RuntimeError)"
    )


def test_names_of_models_are_resolved_without_a_network(cache, monkeypatch):
    monkeypatch.setenv("API_BASE_URL", "http://127.0.0.1:1")
    assert resolve_model("auto") == "sketch"
    assert load_encoder("auto").info.name == "sketch"
