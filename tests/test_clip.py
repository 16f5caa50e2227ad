"""CLIP on weights that the stand-in of Roboflow served, beside the real `inference.models.Clip`."""

from __future__ import annotations

import json
import shutil
import time

import cv2
import numpy as np
import psutil
import pytest

from clip_fixtures import ROOT, clip_environment, run
from paintcam.encoders import load_encoder
from paintcam.encoders.child_process import ChildProcessEncoder
from paintcam.errors import ModelError, PromptError
from paintcam.leaderboard import Leaderboard
from web_client import Visitor, house_strokes, picture_of
from web_server import Server

SNIPPET = """
import json, sys, threading
import numpy as np
from paintcam.encoders import load_encoder

def tell(**row):
    print(json.dumps(row), flush=True)

other = threading.Event()
def chatter():
    other.wait()
    tell(said="another thread")
speaker = threading.Thread(target=chatter)
speaker.start()
other.set()
encoder = load_encoder("clip", fetch=True, engine="inference")
speaker.join()

clip = encoder._clip
rng = np.random.default_rng(0)
cosines = []
for height, width in ((720, 1280), (480, 640), (1280, 720), (477, 853), (224, 224), (100, 90)):
    image = np.repeat(np.repeat(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8), 150, 0), 150, 1)
    image = np.ascontiguousarray(image[:height, :width])
    mine = encoder.encode_image([image])[0]
    from PIL import Image
    pixels = clip.clip_preprocess(Image.fromarray(image[..., ::-1].copy())).numpy()[None]
    theirs = clip.visual_onnx_session.run(None, {"input": pixels})[0][0]
    cosines.append(float(mine @ theirs / np.linalg.norm(theirs)))
tell(
    name=encoder.info.name,
    range=encoder.info.score_range,
    engine=encoder.info.engine,
    cosines=cosines,
    home=str(clip.cache_dir),
    stdout_is_back=type(sys.stdout).__name__,
)
"""


def test_pull_prints_the_folder_and_the_next_command(clip_cache):
    assert str(clip_cache.folder) in clip_cache.stdout
    assert "paintcam --model clip:ViT-B-16" in clip_cache.stdout
    assert "Warning" not in clip_cache.stderr


def test_a_second_pull_finds_them_without_a_network(clip_cache):
    env = clip_environment(clip_cache.root, "http://127.0.0.1:9")
    again = run(["-m", "paintcam", "models", "pull", "clip:ViT-B-16"], env)
    assert again.returncode == 0
    assert str(clip_cache.folder) in again.stdout


def test_models_lists_what_is_here_and_what_is_not(clip_cache):
    listed = run(["-m", "paintcam", "models", "--json"], clip_cache.env)
    rows = {row["name"]: row for row in map(json.loads, listed.stdout.splitlines())}
    assert rows["clip:ViT-B-16"]["cached"]
    assert rows["clip:ViT-B-16"]["place"] == str(clip_cache.folder)
    assert not rows["clip:RN50"]["cached"]
    assert rows["sketch"]["cached"]
    assert {row["licence"] for row in rows.values()} == {"MIT", "Apache-2.0"}
    table = run(["-m", "paintcam", "models"], clip_cache.env).stdout
    assert "clip:ViT-L-14-336px" in table
    assert "paintcam models pull" in table


def test_the_pixels_are_those_of_clips_own_preprocessing_and_nothing_is_printed(clip_cache):
    ran = run(["-c", SNIPPET], clip_cache.env)
    assert ran.returncode == 0, ran.stderr
    other_thread, result = map(json.loads, ran.stdout.splitlines())
    assert other_thread == {"said": "another thread"}
    assert result["name"] == "clip:ViT-B-16"
    assert result["range"] == [0.08, 0.48]
    assert result["engine"] == "inference"
    assert result["cosines"] == pytest.approx([1] * 6, abs=2e-3)
    assert result["home"] == str(clip_cache.folder)
    assert result["stdout_is_back"] == "TextIOWrapper"
    assert ran.stderr == ""


COMPARE = """
import json, sys
import cv2
import numpy as np
from paintcam.encoders import load_encoder

ours, theirs = load_encoder("clip"), load_encoder("clip", engine="inference")
clip = theirs._clip
prompts = ["a gorilla with grapes", "Füchsin auf Skiern", "лиса &amp; 🦊", "it's 3 o'clock!!"]
texts = ours.encode_text(prompts)
reference = clip.embed_text(prompts)
reference /= np.linalg.norm(reference, axis=1, keepdims=True)
rows = {"texts": (texts * reference).sum(axis=1).tolist(), "pictures": [], "points": []}
low, high = ours.info.score_range
for path in sys.argv[1:]:
    picture = cv2.imread(path)
    mine = ours.encode_image([picture])[0]
    whole = clip.embed_image(picture)[0]  # Inference scales the whole picture, then crops it
    whole = whole / np.linalg.norm(whole)
    rows["pictures"].append(float(mine @ whole))
    for text, same in zip(texts, reference):
        # random weights leave the range, so the points are counted without its ends
        rows["points"].append(100 * abs(float(mine @ text - whole @ same)) / (high - low))
print(json.dumps(rows))
"""


def odd_pictures(folder):
    """Twelve real pictures of odd sizes: frames of the demo clip and bundled drawings."""
    sizes = [(719, 1283), (481, 641), (1279, 717), (333, 500), (225, 223), (97, 201)]
    sizes += [(1081, 1921), (640, 427), (768, 1025), (299, 301), (224, 400), (577, 431)]
    video = cv2.VideoCapture(str(ROOT / "paintcam" / "assets" / "demo" / "demo.mp4"))
    paths = []
    for number, (height, width) in enumerate(sizes):
        video.set(cv2.CAP_PROP_POS_FRAMES, 25 * number)
        _, frame = video.read()
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA))
        paths.append(str(path))
    return paths


def test_the_files_opened_directly_give_what_inference_gives(vit_cache, tmp_path):
    """Same weights, twelve pictures of odd sizes: the same embeddings and the same scores."""
    ran = run(["-c", COMPARE, *odd_pictures(tmp_path)], vit_cache.env)
    assert ran.returncode == 0, ran.stderr
    rows = json.loads(ran.stdout)
    assert min(rows["texts"]) > 0.99999
    assert len(rows["pictures"]) == 12
    assert min(rows["pictures"]) >= 0.99999  # 0.9999 is promised
    assert max(rows["points"]) <= 0.5


def test_clip_loads_without_torch_and_inference(vit_cache):
    code = (
        "import sys; from paintcam.encoders import load_encoder; e = load_encoder('clip');"
        "import numpy as np; e.encode_text(['a fox']);"
        "e.encode_image([np.zeros((99, 99, 3), np.uint8)]);"
        "print(sorted({'torch', 'inference', 'clip'} & set(sys.modules)), e.info.engine)"
    )
    ran = run(["-c", code], vit_cache.env)
    assert ran.stdout.split() == ["[]", "onnx"], ran.stderr
    assert ran.stderr == ""


def test_texts_passed_at_the_start_are_embedded_as_later(clip_cache, monkeypatch):
    for name, value in clip_cache.env.items():
        monkeypatch.setenv(name, value)
    early = load_encoder("clip", apart=True, texts=["a red fox", "лиса"])
    late = load_encoder("clip")
    for texts in (["лиса", "a red fox"], ["a red fox", "a house"], []):
        assert np.array_equal(early.encode_text(texts), late.encode_text(texts))
    early.close()
    with pytest.raises(PromptError, match="too long"):
        load_encoder("clip", texts=["fox " * 100])


def test_a_long_prompt_is_reported_with_the_tokens_over_the_limit(clip_encoder):
    # "fox" is one token; the end marks are two
    assert clip_encoder.encode_text(["fox " * 75]).shape == (1, 512)
    with pytest.raises(PromptError, match=r"1 token too long for clip:ViT-B-16: 78 of at most 77"):
        clip_encoder.encode_text(["fox " * 76])
    with pytest.raises(PromptError, match="5 tokens too long"):
        clip_encoder.encode_text(["fox", "fox " * 80])


def test_damaged_weights_name_the_file_and_the_command(clip_cache, tmp_path, monkeypatch):
    root = tmp_path / "cache"
    shutil.copytree(clip_cache.root, root)
    visual = root / clip_cache.folder.name / "visual.onnx"
    # the outer length is right, the graph inside is not: only opening it tells
    body = bytearray(visual.read_bytes())
    at = body.index(b"AveragePool")
    body[at : at + 11] = b"AverageFool"
    visual.write_bytes(bytes(body))
    for name, value in clip_environment(root, "http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match=r"visual\.onnx is damaged.*paintcam models pull clip:ViT"):
        load_encoder("clip", apart=True)


def test_halves_that_do_not_belong_together(clip_cache, tmp_path, monkeypatch):
    from roboflow_stand_in import clip_files

    root = tmp_path / "cache"
    shutil.copytree(clip_cache.root, root)
    (root / clip_cache.folder.name / "textual.onnx").write_bytes(clip_files(64)["textual.onnx"])
    for name, value in clip_environment(root, "http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match="do not match"):
        ChildProcessEncoder("clip")


def test_pulling_an_unknown_variant_is_an_error(clip_cache):
    for name, words in (("clip:ViT-X", "Unknown model"), ("sketch", "bundled")):
        ran = run(["-m", "paintcam", "models", "pull", name], clip_cache.env)
        assert words in ran.stdout + ran.stderr
        assert ran.returncode == (name != "sketch")


def lives(cache, tmp_path, *more):
    """Run paintcam on the demo clip with --json; gives its rows and stderr."""
    ran = run(
        ["-m", "paintcam", "run", "--model", "clip", "--prompt", "a red fox", "--view", "none"]
        + ["--source", str(ROOT / "paintcam" / "assets" / "demo" / "demo.mp4"), "--json", *more],
        cache.env | {"PAINTCAM_DATA_DIR": str(tmp_path / "data")},
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


def test_the_first_run_scores_before_the_guards_and_the_second_starts_with_them(
    vit_cache, tmp_path
):
    for kept in vit_cache.root.glob("guards-*.npz"):
        kept.unlink()
    rows, _ = lives(vit_cache, tmp_path, "--seconds", "8")
    kinds = [row.get("state", row["type"]) for row in rows]
    guards = {"type": "state", "state": "guards", "guards": ["handwriting", "nsfw"]}
    assert rows.count(guards) == 1
    assert kinds.index("verdict") < kinds.index("guards")
    assert "verdict" in kinds[kinds.index("guards") :]
    assert rows[-1]["guards"] == ["handwriting", "nsfw"]
    assert rows[-1]["engine"] == "onnx on cpu"
    rows, _ = lives(vit_cache, tmp_path, "--seconds", "2")
    kinds = [row.get("state", row["type"]) for row in rows]
    assert kinds.index("guards") < kinds.index("verdict")


def test_the_engine_and_the_provider_are_options(vit_cache, tmp_path):
    rows, _ = lives(vit_cache, tmp_path, "--seconds", "1", "--engine", "inference")
    assert rows[-1]["engine"] == "inference"
    for option, words in (("--provider", "provider"), ("--engine", "engine")):
        ran = run(["-m", "paintcam", "run", "--prompt", "a", option, "gpu"], vit_cache.env)
        assert ran.returncode in (1, 2)
        assert words in ran.stderr
        assert "cpu" in ran.stderr or "onnx" in ran.stderr


def test_the_website_judges_with_clip_and_outlives_its_process(clip_cache, tmp_path, monkeypatch):
    """Both guards run, so that nothing waits for approval; a killed process costs no drawing."""
    for name, value in clip_cache.env.items():
        monkeypatch.setenv(name, value)
    before = set(psutil.Process().children(recursive=True))

    def load():
        return load_encoder("clip", apart=True)

    guards = ("handwriting", "nsfw")
    with Server(tmp_path, load, guards=guards, moderation="auto") as server:
        assert server.messages[0]["moderation"] == "auto"
        first = Visitor(server.base).draw(picture_of(house_strokes(1)))
        assert first.status_code == 200, first.text
        assert first.json()["state"] in ("shown", "hidden")
        for child in set(psutil.Process().children(recursive=True)) - before:
            child.kill()
        visitor, answer = Visitor(server.base), None
        for _ in range(20):
            answer = visitor.draw(picture_of(house_strokes(2)), drawing="drawn-after-the-end")
            if answer.status_code == 200:
                break
            assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
            time.sleep(0.2)
        assert answer.json()["id"] == "drawn-after-the-end"
        with Leaderboard(server.settings.database) as leaderboard:
            assert leaderboard.count() == 2
