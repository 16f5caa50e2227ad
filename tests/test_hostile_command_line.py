"""What strangers put into folders, arguments and files must not run, hang or reach a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from program import environment, house

PLANTED = ("json", "numpy", "cv2", "typer", "onnxruntime", "inference", "requests", "psutil")
SCRIPT = Path(sys.executable).with_name("paintcam")


@pytest.fixture
def planted(tmp_path) -> Path:
    """A folder whose modules leave a file behind if they are ever imported."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name in PLANTED:
        code = f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\nraise SystemExit(66)\n"
        (folder / f"{name}.py").write_text(code)
    cv2.imwrite(str(folder / "house.png"), house(4))
    return folder


@pytest.mark.parametrize(
    "command",
    [
        (SCRIPT, "doctor"),
        (sys.executable, "-m", "paintcam", "doctor"),
        (SCRIPT, "score", "house.png", "--prompt", "a house", "--model", "sketch"),
        (SCRIPT, "cameras"),
        (SCRIPT, "models"),
    ],
    ids=["doctor", "python -m", "score", "cameras", "models"],
)
def test_modules_in_the_current_folder_never_run(tmp_path, planted, command):
    """Neither in this process nor in a child: a json.py in Downloads is nobody's code."""
    if not SCRIPT.exists():
        pytest.skip("paintcam is not installed as a script here")
    done = subprocess.run(
        command,
        cwd=planted,
        env=environment(PAINTCAM_DATA_DIR=str(tmp_path / "data")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert "66" not in done.stdout
