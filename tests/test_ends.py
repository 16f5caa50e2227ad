"""How a command ends early: signals, a closed terminal, a reader or a disk that is gone."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from mjpeg import Webcam
from program import environment, house, rows, write_video

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and shells of POSIX")

ROOT = Path(__file__).parent.parent
HOUSE = ["--prompt", "a house", "--model", "sketch", "--view", "none"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Three seconds in which a house is drawn."""
    folder = tmp_path_factory.mktemp("clip")
    return write_video(folder / "house.mp4", [house(step) for step in range(5) for _ in range(15)])


def start(cwd: Path, *args: str | Path, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "paintcam", *map(str, args)],
        cwd=cwd,
        env=environment(PAINTCAM_DATA_DIR=str(cwd / "data")),
        stdin=subprocess.DEVNULL,
        text=True,
        # pytest may run under nohup, and children inherit an ignored signal
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def shell(cwd: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run `paintcam` with the redirections of a shell."""
    return subprocess.run(
        ["bash", "-c", command.replace("paintcam", f"{sys.executable} -m paintcam", 1)],
        cwd=cwd,
        env=environment(PAINTCAM_DATA_DIR=str(cwd / "data")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def length_s(path: Path) -> float:
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.grab():
        count += 1
    return count / capture.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_in_the_first_second_ends_quietly(tmp_path, clip, name):
    """Whatever is being imported or opened: exit 130 and not a word, or the summary with 0."""
    dice = random.Random(name)
    for _ in range(4):
        process = start(tmp_path, *HOUSE, "--source", clip, "--json")
        # not before Python itself has started
        time.sleep(dice.uniform(0.2, 1.2))
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=30)
        assert process.returncode in (0, 130), err
        if process.returncode == 130:
            assert (out, err) == ("", "")
        else:
            assert rows(out)[-1]["type"] == "summary"


def test_signals_are_watched_before_anything_else_is_imported():
    """Ctrl-C during an import would be a traceback: the first lines import nothing."""
    code = (
        "import _signal, os, sys\n"
        "before = set(sys.modules)\n"
        "def watch(*_):\n"
        "    print(*sorted(set(sys.modules) - before), flush=True)\n"
        "    os._exit(0)\n"
        "_signal.signal = watch\n"
        "from paintcam.cli import main; main()\n"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["paintcam", "paintcam.cli"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_hangs_is_ended_by_a_signal_all_the_same(number):
    """Two locks that wait for each other in an import hang no longer for good."""
    code = (
        "import sys, threading, paintcam.cli.commands as commands\n"
        "def hang():\n"
        "    print('hanging', flush=True)\n"
        "    lock = threading.Lock(); lock.acquire(); lock.acquire()\n"
        "commands.run_app = hang\n"
        "from paintcam.cli import main; main()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "hanging\n"
    process.send_signal(number)
    process.stdout.close()
    assert process.wait(10) == 130


HANGING = """
import sys, threading
import paintcam.cli.signals as signals
from paintcam.cli import build_run, run
def hang(*_):
    print("hanging", flush=True)
    lock = threading.Lock(); lock.acquire(); lock.acquire()
"""


@contextlib.contextmanager
def hanging(code: str, *args: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a command in which a library hangs, and wait until it does."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{HANGING}{code}\nfrom paintcam.cli import main; main()", *args],
        cwd=cwd,
        env=environment(PAINTCAM_DATA_DIR=str(cwd / "data")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "hanging\n"
            yield process
        finally:
            process.kill()


def test_a_start_that_hangs_and_is_ended_leaves_no_files(tmp_path, clip):
    """An empty recording, and the lock of a run that is not running."""
    args = ["run", *HOUSE, "--source", clip, "--record", "a.mkv", "--snapshot", "pictures"]
    with hanging("build_run._window = hang", *args, cwd=tmp_path) as process:
        assert (tmp_path / "a.mkv").exists()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 130
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["data", "pictures"]


def test_a_second_signal_ends_a_run_that_hangs(tmp_path, clip):
    """The first one asked it to end, in vain."""
    code = "signals.ENDING_S = 0.5; from paintcam.run.live import Live; Live._tick = hang"
    with hanging(code, "run", *HOUSE, "--source", clip, cwd=tmp_path) as process:
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 130


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_in_the_last_moment_does_not_change_the_exit_code(name):
    """Python gives signals their default effect again while it ends."""
    code = (
        "import os, signal, sys\n"
        "class Last:\n"
        f"    def __del__(self, kill=os.kill, me=os.getpid(), number=signal.{name}):\n"
        "        kill(me, number)\n"
        "last = Last()\n"
        "from paintcam.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, "--version"], check=False)
    assert done.returncode == 0


def test_a_run_that_fails_to_start_still_reports_the_killed_one_before(tmp_path):
    """Otherwise the best of that one would never be seen."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "last-run-1-abc.json").write_text('{"prompt": "a house", "best": 61.2}')
    done = shell(tmp_path, "paintcam run --prompt x --model sketch -s 0 --record no/folder.mkv")
    assert done.returncode == 1
    assert 'Best score: 61.2 for "a house"' in done.stderr
    assert "Cannot record to 'no/folder.mkv'" in done.stderr
    assert list(data.glob("last-run-*")) == []


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_a_closed_terminal_ends_a_run_like_sigterm(tmp_path, number):
    """The recording is whole and the summary printed."""
    with Webcam([house(4, (320, 240))] * 10) as webcam:
        process = start(tmp_path, *HOUSE, "-s", webcam.url, "--json", "--record", "a.mkv")
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(json.loads(line))
            if sum(row["type"] == "verdict" for row in printed) == 30:
                process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert printed[-1]["type"] == "summary"
    shown_s = [row["time_s"] for row in printed if row["type"] == "verdict"][-1]
    assert length_s(tmp_path / "a.mkv") == pytest.approx(shown_s, abs=0.7)


def test_a_closed_terminal_leaves_a_complete_recording(tmp_path):
    """Stdout and stderr fail with EIO while the run ends."""
    main, terminal = os.openpty()
    with Webcam([house(4, (320, 240))] * 10) as webcam:
        process = start(
            tmp_path, *HOUSE, "-s", webcam.url, "--record", "a.mkv",
            stdout=terminal, stderr=terminal,
        )  # fmt: skip
        os.close(terminal)
        printed = b""
        while b"best" not in printed:
            printed += os.read(main, 4096)
        time.sleep(1.5)
        os.close(main)
        process.send_signal(signal.SIGHUP)
        assert process.wait(30) == 0
    assert length_s(tmp_path / "a.mkv") > 1


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"], ids=["full", "closed"])
def test_the_show_continues_if_stdout_cannot_be_written(tmp_path, clip, redirection):
    """One clear message, the whole recording, and an exit code that tells."""
    done = shell(
        tmp_path, "paintcam --prompt 'a house' --model sketch --view none --every-frame "
        f"--source {clip} --record a.mkv --json {redirection}",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("Cannot write to stdout") == 1
    assert "Traceback" not in done.stderr
    assert length_s(tmp_path / "a.mkv") == pytest.approx(75 / 24, abs=0.5)


def test_a_recording_continues_after_the_reader_of_stdout_left(tmp_path, clip):
    """`paintcam --json --record a.mkv | head -1`."""
    done = shell(
        tmp_path, "paintcam --prompt 'a house' --model sketch --view none --every-frame "
        f"--source {clip} --record a.mkv --json | head -1",
    )  # fmt: skip
    assert done.stderr == "" or "Traceback" not in done.stderr
    assert length_s(tmp_path / "a.mkv") == pytest.approx(75 / 24, abs=0.5)


def test_a_run_without_stderr_is_a_run(tmp_path, clip):
    """Messages have nowhere to go; scores have."""
    done = shell(
        tmp_path, "paintcam --prompt 'a house' --model sketch --view none --every-frame "
        f"--source {clip} --json 2>&-",
    )  # fmt: skip
    assert done.returncode == 0
    assert rows(done.stdout)[-1]["frames_shown"] == 75


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--record a.mp4", "stopped (File too large). What was recorded so far is kept."),
        ("--snapshot pictures", "could not be written"),
    ],
)
def test_a_run_whose_files_are_not_whole_exits_with_1(tmp_path, clip, option, words):
    """The show goes on to its end, but `paintcam … && upload a.mp4` must not."""
    done = shell(
        tmp_path, "ulimit -f 8; paintcam run --prompt 'a house' --model sketch --view none "
        f"--every-frame --source {clip} --seconds 1 --json {option}",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert words in done.stderr
    assert rows(done.stdout)[-1]["frames_shown"] == 24
    if "mp4" in option:
        assert length_s(tmp_path / "a.mp4") > 0


def test_scoring_pictures_prints_nothing_on_stderr(tmp_path):
    """No empty line of a progress bar that was never shown."""
    cv2.imwrite(str(tmp_path / "a.png"), house(4))
    done = shell(tmp_path, "paintcam score a.png --prompt 'a house' --model sketch")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["models", "leaderboard", "prompts --count 500", "--help"])
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| head -1", "2>&-"])
def test_a_list_that_cannot_be_printed_causes_no_traceback(tmp_path, command, redirection):
    """Of any command, to a full disk, a closed stdout or a reader that leaves."""
    done = shell(tmp_path, f"paintcam {command} {redirection}")
    assert "Traceback" not in done.stderr
    assert "should not happen" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if redirection == ">/dev/full":
        assert done.returncode == 1
        assert "Cannot write" in done.stderr
