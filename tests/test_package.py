"""Wheel and sdist carry everything that runs: built from the checkout, used from a bare folder."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from program import environment, house, write_video

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    """Wheel and sdist, built by the project's own backend without a network."""
    folder = tmp_path_factory.mktemp("dist")
    for kind in ("wheel", "sdist"):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import hatchling.build as b; print(b.build_{kind}({str(folder)!r}))",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return folder


def assets() -> set[str]:
    """What git would ship below paintcam/: every file that is no cache."""
    files = (ROOT / "paintcam").rglob("*")
    return {
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_is_complete(dist):
    """Every module and asset, and the licence."""
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert assets() <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "examples/"))]


def test_the_sdist_is_complete(dist):
    """Sources, assets, tests and examples."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert assets() <= names
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"} <= names
    assert any(name.startswith("tests/") for name in names)
    assert any(name.startswith("examples/") for name in names)


def test_the_wheel_runs_alone(dist, tmp_path):
    """Installed with `pip install --no-deps --target`, it scores a clip with its own assets."""
    (wheel,) = dist.glob("*.whl")
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel],
        check=True,
        env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
    )
    clip = write_video(tmp_path / "house.mp4", [house(4)] * 10)
    command = ["run", "--prompt", "a house", "-m", "sketch", "--view", "none", "--json"]
    command += ["--every-frame", "-s", str(clip)]  # a busy machine would drop frames
    done = subprocess.run(
        [sys.executable, "-c", "import paintcam.cli as c; c.main()", *command],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(target), PAINTCAM_DATA_DIR=str(tmp_path / "data")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["frames_shown"] == 10
    where = subprocess.run(
        [sys.executable, "-c", "import paintcam; print(paintcam.__file__)"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(target)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(target) in where.stdout
