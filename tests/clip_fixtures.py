"""CLIP for tests: small weights, pulled from a stand-in of Roboflow or exported with torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from paintcam.encoders.child_process import ChildProcessEncoder
from roboflow_stand_in import RoboflowStandIn

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class ClipCache:
    """A cache that `paintcam models pull clip` filled.

    Attributes:
        root: What MODEL_CACHE_DIR says.
        folder: Where the two files are.
        env: The environment for processes that are to use it.
        stdout: What the pull printed.
        stderr: What it said beside that.
    """

    root: Path
    folder: Path
    env: dict[str, str]
    stdout: str
    stderr: str


def run(arguments: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Python with paintcam importable, wherever it is installed or not."""
    path = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.run(
        [sys.executable, *arguments],
        env=env | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
    )


def clip_environment(root: Path, api: str) -> dict[str, str]:
    keys = ("ROBOFLOW_API_KEY", "API_KEY", "LOG_LEVEL", "PAINTCAM_CACHE_DIR")
    kept = {name: value for name, value in os.environ.items() if name not in keys}
    return kept | {"MODEL_CACHE_DIR": str(root), "API_BASE_URL": api, "COLUMNS": "100"}


@pytest.fixture(scope="session")
def clip_cache(tmp_path_factory):
    """The stand-in's weights, fetched by the command that a user types."""
    root = tmp_path_factory.mktemp("clip") / "cache"
    roboflow = RoboflowStandIn()
    roboflow.faults = ["cut"]
    env = clip_environment(root, roboflow.url)
    try:
        pulled = run(["-m", "paintcam", "models", "pull", "clip"], env)
    finally:
        roboflow.close()
    assert pulled.returncode == 0, pulled.stderr
    (visual,) = root.glob("*/visual.onnx")
    return ClipCache(root, visual.parent, env, pulled.stdout, pulled.stderr)


@pytest.fixture(scope="session")
def clip_encoder(clip_cache):
    """CLIP in a process of its own, so that Inference's settings stay out of this one."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in clip_cache.env.items():
            patch.setenv(name, value)
        encoder = ChildProcessEncoder("clip")
    yield encoder
    encoder.close()


@pytest.fixture(scope="session")
def vit_cache(clip_cache, tmp_path_factory):
    """A cache with a small CLIP of the real architecture, random weights."""
    root = tmp_path_factory.mktemp("vit") / "cache"
    shutil.copytree(clip_cache.root, root)
    folder = root / clip_cache.folder.name
    for weights in folder.glob("*.onnx"):
        weights.unlink()
    written = run([str(ROOT / "tests" / "vit_clip.py"), str(folder)], dict(os.environ))
    assert (folder / "textual.onnx").exists(), written.stderr
    env = clip_environment(root, "http://127.0.0.1:9")
    return ClipCache(root, folder, env, written.stdout, written.stderr)
