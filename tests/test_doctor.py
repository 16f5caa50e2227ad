"""The doctor: every finding with its fix, and exit code 1 if something does not run."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from paintcam.cli import app
from paintcam.cli.doctor import checks, opencv
from paintcam.cli.doctor.check import Check, Level
from paintcam.cli.doctor.opencv import Wheel, judge
from paintcam.errors import DisplayError
from paintcam.sources.cameras import Camera

CONTRIB = Wheel("opencv-contrib-python", "4.12.0.88", owns=True, torn=0)


def test_a_machine_where_all_is_well():
    plain = Wheel("opencv-python", "4.12.0.88", owns=False, torn=60)
    check = judge([CONTRIB, plain], "4.12.0")
    assert check == Check(Level.OK, "OpenCV", "4.12.0, from opencv-contrib-python")


def test_an_opencv_without_windows_is_as_good_as_any():
    """The window is SDL's: a headless wheel of the same version does."""
    headless = Wheel("opencv-python-headless", "4.12.0.88", owns=True, torn=0)
    other = Wheel("opencv-contrib-python", "4.12.0.88", owns=False, torn=80)
    check = judge([other, headless], "4.12.0")
    assert check == Check(Level.OK, "OpenCV", "4.12.0, from opencv-python-headless")
    # of another version it is brought to the one that Inference takes
    contrib = Wheel("opencv-contrib-python", "4.11.0.86", owns=False, torn=80)
    mixed = judge([contrib, headless], "4.12.0")
    assert mixed.level is Level.WARN
    assert "opencv-contrib-python==4.11.0.86" in mixed.fix
    assert "--force-reinstall --no-deps" in mixed.fix
    # of a version that Inference does not take, the range is named instead
    too_new = Wheel("opencv-contrib-python", "4.13.0.1", owns=False, torn=80)
    assert ">=4.8.1.78,<4.13" in judge([too_new, headless], "4.12.0").fix
    assert ">=4.8.1.78,<4.13" in judge([headless], "", "libGL.so.1 is missing").fix


def test_wheels_of_different_versions_are_brought_to_one():
    headless = Wheel("opencv-python-headless", "5.0.0.93", owns=False, torn=40)
    check = judge([CONTRIB, headless], "4.12.0")
    assert check.level is Level.WARN
    assert "opencv-python-headless 5.0.0.93" in check.found
    first, second = check.fix.split(" && ")
    assert "opencv-python-headless==4.12.0.88" in first
    assert "opencv-contrib-python==4.12.0.88" in second


def test_a_cv2_mixed_from_two_wheels_is_reported():
    mixed = Wheel("opencv-contrib-python", "4.12.0.88", owns=True, torn=3)
    check = judge([mixed], "4.12.0")
    assert check.level is Level.WARN
    assert "3 of its files" in check.found
    assert check.fix


def test_an_opencv_that_cannot_be_imported_is_a_failure():
    check = judge([CONTRIB], "", "libGL.so.1: cannot open shared object file")
    assert check.level is Level.FAIL
    assert "libGL.so.1" in check.found
    assert check.fix


def test_the_wheels_here_are_found_and_one_of_them_is_the_cv2_that_is_here():
    wheels = opencv.installed_wheels()
    assert [wheel.name for wheel in wheels if wheel.owns]
    assert opencv.opencv().level in (Level.OK, Level.WARN, Level.FAIL)
    assert re.search(r"\d+\.\d+", opencv.opencv().found)


def test_a_wheel_is_compared_with_the_files_on_disk(tmp_path):
    class File(Path(tmp_path).__class__):
        size = 0

    def packed(name, size):
        file = File(name)
        file.size = size
        return file

    folder = tmp_path / "cv2"
    folder.mkdir()
    (folder / "cv2.abi3.so").write_bytes(bytes(10))
    (folder / "version.py").write_bytes(bytes(3))
    distribution = SimpleNamespace(
        version="4.1",
        files=[
            packed("cv2/cv2.abi3.so", 10),
            packed("cv2/version.py", 4),
            packed("cv2/gone.py", 1),
        ],
    )
    assert opencv._wheel("x", distribution, folder) == Wheel("x", "4.1", owns=True, torn=2)
    distribution.files = [packed("cv2/cv2.abi3.so", 11), packed("other/cv2.abi3.so", 10)]
    assert opencv._wheel("x", distribution, folder) == Wheel("x", "4.1", owns=False, torn=0)


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 9, 1), Level.FAIL),
        ((3, 10, 0), Level.OK),
        ((3, 13, 9), Level.OK),
        ((3, 14, 0), Level.FAIL),
    ],
)
def test_python_versions_that_inference_supports(monkeypatch, version, level):
    monkeypatch.setattr(sys, "version_info", version)
    check = checks.python()
    assert check.level is level
    assert bool(check.fix) is (level is Level.FAIL)


def test_an_install_without_inference_is_a_choice(monkeypatch):
    """The bundled encoder runs without it, so nothing is broken."""

    def missing(_name):
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.version", missing)
    check = checks.inference()
    assert check.level is Level.WARN
    assert "CLIP is not installed" in check.found
    assert check.fix == "pip install --upgrade 'inference>=1.8,<2'"


def test_a_torn_inference_is_a_failure(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "1.8.3")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(sys, "executable", sys.executable)
    monkeypatch.setattr(
        checks.subprocess,
        "run",
        lambda *_args, **_kwargs: SimpleNamespace(
            returncode=1, stderr=b"Traceback\nImportError: no libtorch"
        ),
    )
    check = checks.inference()
    assert check.level is Level.FAIL
    assert "ImportError: no libtorch" in check.found
    assert "pip install --upgrade 'inference>=1.8,<2'" in check.fix


def test_no_screen_is_a_warning_with_the_way_round_it(monkeypatch):
    def none():
        raise DisplayError("There is no screen: DISPLAY is not set.", fix="Use `--view none`.")

    monkeypatch.setattr("paintcam.sinks.window.check_display", none)
    check = checks.display()
    assert check.level is Level.WARN
    assert "DISPLAY is not set" in check.found
    assert "--view none" in check.fix
    monkeypatch.setattr("paintcam.sinks.window.check_display", lambda: None)
    assert checks.display().level is Level.OK


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        ([], Level.WARN, "none found"),
        ([Camera(0, "Cam", (640, 480), 30.0)], Level.OK, "0 Cam"),
        ([Camera(0, "Cam", None, 0.0, "busy: close it")], Level.WARN, "busy"),
    ],
)
def test_cameras_are_looked_for(monkeypatch, found, level, words):
    monkeypatch.setattr("paintcam.sources.cameras.list_cameras", lambda: found)
    check = checks.cameras()
    assert check.level is level
    assert words in check.found
    assert bool(check.fix) is (level is not Level.OK)


def test_damaged_and_missing_weights_are_reported_with_the_command(monkeypatch, tmp_path):
    assert checks.sketch().level is Level.OK
    monkeypatch.setattr("paintcam.encoders.sketch.BUNDLED", tmp_path)
    broken = checks.sketch()
    assert broken.level is Level.FAIL
    assert str(tmp_path) in broken.found
    assert "pip install --force-reinstall --no-deps ." in broken.fix
    monkeypatch.delitem(sys.modules, "inference.core.env", raising=False)
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path))
    assert checks.clip() == Check(
        Level.WARN,
        "clip",
        "weights not installed (about 600 MB)",
        "paintcam models pull clip:ViT-B-16",
    )
    monkeypatch.setattr("paintcam.encoders.weights.is_cached", lambda name: name == "RN50")
    assert checks.clip().level is Level.OK
    assert "RN50" in checks.clip().found


def test_onnx_runtime_names_what_it_runs_on():
    check = checks.runtime()
    assert check.level is Level.OK
    assert "CPU" in check.found


def test_the_real_inference_is_imported_and_found_well():
    assert checks.inference().level is Level.OK


@pytest.mark.parametrize(("worst", "code"), [(Level.OK, 0), (Level.WARN, 0), (Level.FAIL, 1)])
def test_the_command_prints_a_line_a_check_and_fails_on_a_fail(monkeypatch, worst, code):
    found = [Check(Level.OK, "Python", "3.12.1"), Check(worst, "OpenCV", "so so", "pip install x")]
    monkeypatch.setattr(checks, "all_checks", lambda: iter(found))
    ran = CliRunner().invoke(app, ["doctor"], standalone_mode=False)
    assert ran.return_value == code
    assert ran.stdout.splitlines() == [
        "OK   Python: 3.12.1",
        f"{worst.value:<4} OpenCV: so so",
        "     → pip install x",
    ]
    ran = CliRunner().invoke(app, ["doctor", "--json"], standalone_mode=False)
    assert ran.return_value == code
    assert json.loads(ran.stdout.splitlines()[1]) == {
        "type": "check",
        "level": worst.value,
        "what": "OpenCV",
        "found": "so so",
        "fix": "pip install x",
        "mend": "pip install x",
    }


def test_every_check_is_made_and_the_slowest_comes_last(monkeypatch):
    """Importing Inference takes seconds: nobody waits for it to read the other lines."""
    for name in ("Inference", "Cameras"):
        skipped = Check(Level.OK, name, "skipped")
        monkeypatch.setattr(checks, name.lower(), lambda skipped=skipped: skipped)
    names = [check.what for check in checks.all_checks()]
    known = [
        "Python",
        "ONNX Runtime",
        "OpenCV",
        "Display",
        "Cameras",
        "Fonts",
        "sketch",
        "clip",
        "Guards",
        "Inference",
    ]
    assert names == known


def test_guards_are_claimed_where_they_run(monkeypatch):
    monkeypatch.setattr("paintcam.judge.nsfw.open_classifier", lambda: None)
    check = checks.guards()
    assert (check.level, check.fix) == (Level.WARN, "pip install 'paintcam[nsfw]'")
    monkeypatch.setattr("paintcam.judge.nsfw.open_classifier", lambda: lambda picture: 0.0)
    assert checks.guards().level is Level.OK


def test_fonts_that_are_missing_come_with_the_command_that_installs_them(monkeypatch):
    monkeypatch.setattr("paintcam.overlay.missing.scripts_without_font", lambda: ["Japanese"])
    monkeypatch.setattr(sys, "platform", "linux")
    check = checks.fonts()
    assert (check.level, check.fix) == (Level.WARN, "sudo apt-get install fonts-noto-cjk")
    assert "Japanese" in check.found
    monkeypatch.setattr("paintcam.overlay.missing.scripts_without_font", list)
    assert checks.fonts().level is Level.OK
