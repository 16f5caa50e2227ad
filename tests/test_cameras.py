"""Listing cameras, without one: Linux's device files in a folder, and a probe that answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from paintcam.cli import app
from paintcam.sources import cameras
from paintcam.sources.cameras import Camera, list_cameras


def device(sysfs, number, name, index="0"):
    node = sysfs / f"video{number}"
    node.mkdir(parents=True)
    (node / "name").write_text(name + "\n")
    (node / "index").write_text(index + "\n")


def answers(**cameras):
    return lambda index: cameras.get(f"at{index}")


def test_linux_names_cameras_and_leaves_out_their_metadata_nodes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    device(tmp_path, 10, "Élan Cam")
    device(tmp_path, 2, "Integrated Camera")
    device(tmp_path, 3, "Integrated Camera", index="1")
    found = list_cameras(answers(at2=((1280, 720), 30.0), at10=((640, 480), 0.0)), tmp_path)
    assert found == [
        Camera(2, "Integrated Camera", (1280, 720), 30.0),
        Camera(10, "Élan Cam", (640, 480), 0.0),
    ]


def test_linux_reports_why_a_connected_camera_cannot_be_used(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    device(tmp_path, 0, "Cam")
    (busy,) = list_cameras(answers(), tmp_path)
    assert busy.resolution_wh is None
    assert busy.trouble.startswith("busy")
    monkeypatch.setattr(cameras.Path, "exists", lambda _self: True)
    monkeypatch.setattr(cameras.os, "access", lambda _path, _mode: False)
    (closed,) = list_cameras(answers(at0=((640, 480), 30.0)), tmp_path)
    assert "usermod -aG video" in closed.trouble


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_indices_are_tried_until_the_second_gap(tmp_path, monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    tried = []

    def probe(index):
        tried.append(index)
        return ((1920, 1080), 60.0) if index in (0, 2) else None

    monkeypatch.setattr(cameras, "_system_names", lambda: ["One", "Two"])
    assert [camera.name for camera in list_cameras(probe, tmp_path)] == ["One", "Two"]
    assert tried == [0, 1, 2, 3]
    # where more cameras are listed than opened, their names cannot be matched
    monkeypatch.setattr(cameras, "_system_names", lambda: ["One", "Two", "Three"])
    assert [camera.name for camera in list_cameras(probe, tmp_path)] == ["", ""]


@pytest.mark.parametrize(
    ("platform", "printed", "names"),
    [
        ("darwin", {"SPCameraDataType": [{"_name": "FaceTime HD"}]}, ["FaceTime HD"]),
        ("darwin", {"SPCameraDataType": []}, []),
        ("win32", "USB Camera", ["USB Camera"]),
        ("win32", ["A", "B"], ["A", "B"]),
        ("win32", None, []),
    ],
)
def test_what_macos_and_windows_print_is_read(monkeypatch, platform, printed, names):
    monkeypatch.setattr(sys, "platform", platform)
    echo = (sys.executable, "-c", f"print({json.dumps(printed)!r})")
    monkeypatch.setattr(cameras, "ASK_FOR_NAMES", {platform: echo})
    assert cameras._system_names() == names


def test_a_system_without_the_tool_gives_no_names(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(cameras, "ASK_FOR_NAMES", {"darwin": ("no-such-tool",)})
    assert cameras._system_names() == []


def test_opencv_finds_cameras_and_its_messages_are_hidden(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    device(tmp_path, 97, "Gone")

    def probe(index):
        os.write(2, b"[ WARN:0] can't open camera by index")
        return cameras._probe(index)

    (gone,) = list_cameras(probe, tmp_path)
    assert gone.resolution_wh is None
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"


def test_cameras_are_listed_where_stderr_is_closed(tmp_path):
    """As under a service that closes it."""
    device(tmp_path, 0, "Cam")
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from paintcam.sources.cameras import list_cameras\n"
        "sys.platform = 'linux'\n"
        "os.close(2)\n"
        "print(len(list_cameras(lambda index: ((640, 480), 30.0), Path(sys.argv[1]))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"


def test_the_command_without_cameras_is_a_plain_word(monkeypatch):
    monkeypatch.setattr(cameras, "list_cameras", list)
    ran = CliRunner().invoke(app, ["cameras"])
    assert ran.exit_code == 0
    assert ran.stdout.startswith("No cameras found.")
    assert "--source video.mp4" in ran.stdout
    assert CliRunner().invoke(app, ["cameras", "--json"]).stdout == ""


def test_the_command_lists_cameras_and_shows_how_to_use_one(monkeypatch):
    found = [
        Camera(0, "", None, 0.0, "busy: close the program that uses it"),
        Camera(2, "Cam [bold]", (1280, 720), 29.97),
    ]
    monkeypatch.setattr(cameras, "list_cameras", lambda: found)
    table = CliRunner().invoke(app, ["cameras"]).stdout
    for word in ("unnamed", "busy", "Cam [bold]", "1280×720", "29.97", "--source 2"):
        assert word in table
    rows = [
        json.loads(line)
        for line in CliRunner().invoke(app, ["cameras", "--json"]).stdout.splitlines()
    ]
    assert rows[1] == {
        "type": "camera",
        "index": 2,
        "name": "Cam [bold]",
        "width": 1280,
        "height": 720,
        "fps": 29.97,
        "trouble": "",
    }
    assert rows[0]["width"] is None
