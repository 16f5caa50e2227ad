"""The commands, as people type them: real processes, the bundled encoder, files and streams."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from fakes import FakeJudge, FakeSource, make_presenter
from hostile import run_here
from mjpeg import Webcam, moving_picture
from paintcam.cli import app
from paintcam.cli.report import JsonReport, TextReport
from paintcam.cli.signals import conduct
from paintcam.contest.player_run import PlayerShow
from paintcam.errors import ModelError
from paintcam.judge.verdict import Verdict
from paintcam.run.autosave import Autosave
from paintcam.run.live import Live, Summary
from paintcam.run.session import Standing
from paintcam.sinks.snapshots import Snapshots
from program import Program, environment, house, paintcam, rows, write_video

SKETCH = ("--model", "sketch", "--view", "none")
HOUSE = ("--prompt", "a house", *SKETCH)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Three seconds in which a house is drawn."""
    folder = tmp_path_factory.mktemp("clip")
    return write_video(folder / "house.mp4", [house(step) for step in range(5) for _ in range(15)])


@pytest.fixture(scope="module")
def houses() -> list[np.ndarray]:
    return [house(4, (320, 240))] * 10


def test_run_scores_a_clip(tmp_path, clip):
    """`paintcam --prompt …` is `run`: rows of states and verdicts, and a summary at the end."""
    done = paintcam(*HOUSE, "--source", clip, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = rows(done.stdout)
    states = [row for row in printed if row["type"] == "state"]
    (guards,) = [row for row in states if row["state"] == "guards"]
    assert "handwriting" in guards["guards"]
    states.remove(guards)  # it comes when the guards run, after "live" or before
    assert [row["state"] for row in states] == ["loading", "live", "ended"]
    verdicts = [row for row in printed if row["type"] == "verdict"]
    assert set(verdicts[0]) >= {
        "type", "frame", "time_s", "similarity", "score", "best", "counts", "age_ms", "model",
    }  # fmt: skip
    assert len(verdicts) > 10
    assert verdicts[-1]["score"] > verdicts[0]["score"]
    assert all(row["best"] >= row["score"] for row in verdicts)
    assert printed[-1]["type"] == "summary"
    assert printed[-1]["best"] == verdicts[-1]["best"]
    assert printed[-1]["frames_shown"] == 75
    assert printed[-1]["frames_scored"] == len(verdicts)


def test_every_frame_gives_the_same_numbers_every_time(tmp_path, clip):
    """All 75 frames, in order, twice alike."""
    runs = []
    for _ in range(2):
        done = paintcam("run", *HOUSE, "-s", clip, "--every-frame", "--json", cwd=tmp_path)
        verdicts = [row for row in rows(done.stdout) if row["type"] == "verdict"]
        assert [row["frame"] for row in verdicts] == list(range(75))
        runs.append([(row["similarity"], row["score"], row["best"]) for row in verdicts])
    assert runs[0] == runs[1]


def test_range_moves_the_score(tmp_path, clip):
    """The same similarities, another scale."""
    done = paintcam(
        *HOUSE, "-s", clip, "--every-frame", "--json", "--range", "-1", "1", cwd=tmp_path
    )
    for row in rows(done.stdout):
        if row["type"] == "verdict" and "flags" not in row:
            assert row["score"] == pytest.approx(50 * (1 + row["similarity"]), abs=0.01)


def test_smoothing_smooths(tmp_path, clip):
    """The largest step from one verdict to the next gets smaller."""
    steps = []
    for smoothing in ("0", "2"):
        done = paintcam(
            *HOUSE, "-s", clip, "--every-frame", "--json", "--smoothing", smoothing, cwd=tmp_path
        )
        scores = [row["score"] for row in rows(done.stdout) if row["type"] == "verdict"]
        steps.append(np.abs(np.diff(scores)).max())
    assert steps[1] < steps[0] / 2


def test_words_for_a_person(tmp_path, clip):
    """Without --json: the course, and the best at the end."""
    done = paintcam(*HOUSE, "--source", clip, cwd=tmp_path)
    assert done.returncode == 0
    assert "best" in done.stdout
    assert re.search(r"^Best [0-9.]+ of 100", done.stdout, re.MULTILINE)
    assert re.search(r"^Guards: handwriting", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("labels", [None, {"a cat": 0.9, "a dog": 0.1}])
def test_every_summary_names_the_guards_and_the_video(capsys, labels):
    """Also after a run with labels, and one that scored nothing."""
    report = TextReport(course=False)
    if labels:
        report.verdict(Verdict(0, 0.0, 0.0, 0.3, 50, labels=labels), Standing(50, 50, True))
    report.summary(Summary(None, 9, 0, ("handwriting", "nsfw")), video="a.mp4")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Last: a cat 90%" if labels else "Nothing was scored")
    assert lines[1:] == ["Guards: handwriting, nsfw", "Video: a.mp4"]


@pytest.mark.parametrize(("frames", "text"), [(1, "(1 frame shown, 1 scored)"), (2, "(2 frames ")])
def test_a_summary_of_one_frame_is_singular(capsys, frames, text):
    TextReport(course=False).summary(Summary(61.2, frames, frames))
    assert text in capsys.readouterr().out


def test_recording_and_snapshots(tmp_path, clip):
    """The recording is as long as the run, and the best frame is kept clean and with overlay."""
    done = paintcam(
        *HOUSE, "-s", clip, "--record", "a.mp4", "--snapshot", "best", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    length_s = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    assert length_s >= 75 / 24 * 0.98
    kept = {path.name.split("-", 2)[2] for path in (tmp_path / "best").iterdir()}
    assert kept == {"best.jpg", "best-overlay.jpg", "best.json"}
    facts = json.loads(next((tmp_path / "best").glob("*.json")).read_text())
    assert facts["best"] == rows(done.stdout)[-1]["best"]
    assert facts["prompt"] == "a house"


def test_every_frame_of_a_file_is_recorded_once(tmp_path, clip):
    """As fast as it goes, and still 75 frames."""
    done = paintcam(*HOUSE, "-s", clip, "--every-frame", "--record", "a.mkv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    capture = cv2.VideoCapture(str(tmp_path / "a.mkv"))
    count = 0
    while capture.grab():
        count += 1
    assert count == 75


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_live_run_cleanly(tmp_path, houses, number):
    """Exit 0 within 2 s, with a summary and a playable recording of the run's length."""
    with (
        Webcam(houses) as webcam,
        Program(*HOUSE, "-s", webcam.url, "--record", "a.mkv", cwd=tmp_path) as program,
    ):
        program.until(lambda: len(program.of("verdict")) > 30)
        stopped = time.monotonic()
        program.process.send_signal(number)
        assert program.wait() == 0
        assert time.monotonic() - stopped < 4  # 2 s of a machine that does nothing else
        assert program.states[-1] == "ended"
        assert program.rows[-1]["type"] == "summary"
        assert program.rows[-1]["best"] == program.of("verdict")[-1]["best"]
    capture = cv2.VideoCapture(str(tmp_path / "a.mkv"))
    count = 0
    while capture.grab():
        count += 1
    run_s = program.of("verdict")[-1]["time_s"]
    assert count / capture.get(cv2.CAP_PROP_FPS) == pytest.approx(run_s, abs=0.5)


def test_a_stop_while_stalled_is_clean_too(tmp_path, houses):
    """The stream hangs; SIGTERM still ends it with a summary."""
    with Webcam(houses) as webcam, Program(*HOUSE, "-s", webcam.url, cwd=tmp_path) as program:
        program.until(lambda: program.of("verdict"))
        webcam.freeze()
        program.until(lambda: "reconnecting" in program.states)
        program.process.terminate()
        assert program.wait() == 0
        assert program.rows[-1]["type"] == "summary"


def test_a_live_run_survives_a_cut_and_a_new_size(tmp_path, houses):
    """It reconnects, keeps the best, and counts frames on."""
    with Webcam(houses) as webcam, Program(*HOUSE, "-s", webcam.url, cwd=tmp_path) as program:
        program.until(lambda: len(program.of("verdict")) > 5)
        webcam.cut()
        program.until(lambda: program.states[-1] == "reconnecting")
        before = program.of("verdict")[-1]
        webcam.use(moving_picture(wh=(400, 300)))
        webcam.restore()
        program.until(lambda: program.of("verdict")[-1]["frame"] > before["frame"] + 5)
        after = program.of("verdict")[-1]
        assert after["best"] >= before["best"]
        program.until(lambda: program.states[-1] == "live")  # a busy machine may lose it once more


def test_kill_9_keeps_the_best(tmp_path, houses):
    """It printed nothing, but the next run reports its best score, once."""
    with Webcam(houses) as webcam, Program(*HOUSE, "-s", webcam.url, cwd=tmp_path) as program:
        program.until(lambda: len(program.of("verdict")) > 20)
        reached = program.of("verdict")[-1]["best"]
        time.sleep(0.5)
        program.process.kill()
        program.wait()
    bests = {f"{row['best']:.1f}" for row in program.of("verdict") if row["best"] >= reached}
    clip = write_video(tmp_path / "a.mp4", [house(1)] * 5)
    first = paintcam(*HOUSE, "-s", clip, cwd=tmp_path)
    assert re.search(r'Best score: ([\d.]+) for "a house"', first.stderr).group(1) in bests
    assert "ended unexpectedly" not in paintcam(*HOUSE, "-s", clip, cwd=tmp_path).stderr


def test_a_player_reads_the_summary_before_the_database_is_waited_for(tmp_path, clip, monkeypatch):
    """A second Ctrl-C while PostgreSQL hangs loses nothing of it."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))

    close = PlayerShow.close

    def interrupted(show: PlayerShow) -> None:
        close(show)
        raise KeyboardInterrupt

    monkeypatch.setattr(PlayerShow, "close", interrupted)
    args = (*HOUSE, "-s", str(clip), "--seconds", "1", "--player", "Ada")
    done = CliRunner().invoke(app, ["run", *args])
    assert done.exit_code == 130
    assert re.search(r"^Best [0-9.]+ of 100", done.stdout, re.MULTILINE)
    assert not list(tmp_path.glob("last-run-*.json"))


def test_a_run_that_printed_its_summary_before_an_error_is_not_reported_as_interrupted(
    tmp_path, monkeypatch, capsys
):
    """The next run has nothing to tell of it."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))

    def score(index: int) -> float:
        if index > 20:
            raise ModelError("The encoder is gone.")
        return float(index)

    autosave = Autosave(None, Snapshots(tmp_path), model="fake")
    live = Live(FakeSource(), lambda: FakeJudge(score), make_presenter(autosave=autosave))
    with pytest.raises(ModelError):
        conduct(live, JsonReport("fake"))
    assert rows(capsys.readouterr().out)[-1]["type"] == "summary"
    assert not list(tmp_path.glob("last-run-*.json"))


def test_a_closed_pipe_causes_no_traceback(tmp_path, houses):
    """`paintcam --json | head -1`."""
    with Webcam(houses) as webcam:
        done = subprocess.run(
            f"{sys.executable} -m paintcam --prompt 'a house' --model sketch --view none "
            f"--source {webcam.url} --json | head -1",
            shell=True,
            cwd=tmp_path,
            env=environment(PAINTCAM_DATA_DIR=str(tmp_path)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_pipe_of_another_encoding(tmp_path, clip):
    """A Windows console's cp1252 knows no bars and no minus: the run ends well all the same."""
    done = subprocess.run(
        # in so wide a range whatever is filmed has a bar
        [sys.executable, "-m", "paintcam", *HOUSE, "-s", clip, "--seconds", "1", "--range=-1", "1"],
        cwd=tmp_path,
        env=environment(PYTHONIOENCODING="cp1252", PAINTCAM_DATA_DIR=str(tmp_path)),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"█", "−"} & set(done.stdout.decode())


def test_a_second_paintcam_leaves_the_first_ones_best_alone(tmp_path, houses, clip):
    """Only a run whose process is gone was cut off."""
    with (
        Webcam(houses) as webcam,
        Program(*HOUSE, "-s", webcam.url, cwd=tmp_path) as first,
    ):
        first.until(lambda: len(first.of("verdict")) > 5)
        second = paintcam(*HOUSE, "-s", clip, cwd=tmp_path)
        assert "ended unexpectedly" not in second.stderr
        assert list((tmp_path / "data").glob("last-run-*.json"))


def test_sigterm_before_the_first_picture_leaves_nothing(tmp_path, houses):
    """No traceback, and no empty recording."""
    with Webcam(houses) as webcam:
        for delay_s in (0.3, 0.7, 1.1):
            process = subprocess.Popen(
                [sys.executable, "-m", "paintcam", *HOUSE, "-s", webcam.url, "--record", "a.mp4"],
                cwd=tmp_path,
                env=environment(PAINTCAM_DATA_DIR=str(tmp_path / "data")),
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )
            time.sleep(delay_s)
            process.terminate()
            _, stderr = process.communicate(timeout=30)
            assert "Traceback" not in stderr
            assert not [path for path in tmp_path.glob("*.mp4") if path.stat().st_size == 0]


def test_score_sorts_pictures(tmp_path):
    """Files and folders, best first; JSON rows with path, similarity and score."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    for step in range(5):
        cv2.imwrite(str(folder / f"house{step}.png"), house(step))
    cv2.imwrite(str(tmp_path / "grey.png"), cv2.cvtColor(house(4), cv2.COLOR_BGR2GRAY))
    done = paintcam(
        "score", folder, "grey.png", "--prompt", "a house", "-m", "sketch", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    printed = rows(done.stdout)
    assert len(printed) == 6
    assert all(row["type"] == "score" for row in printed)
    scores = [row["score"] for row in printed]
    assert scores == sorted(scores, reverse=True)
    by_name = {Path(row["path"]).name: row["score"] for row in printed}
    assert by_name["house4.png"] > by_name["house0.png"]
    table = paintcam("score", folder, "-p", "a house", "-m", "sketch", cwd=tmp_path)
    assert "house4.png" in table.stdout


def test_score_reports_the_broken_picture_and_scores_the_others(tmp_path):
    """Exit 1, since not all could be read."""
    cv2.imwrite(str(tmp_path / "good.png"), house(4))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    done = paintcam("score", tmp_path, "-p", "a house", "-m", "sketch", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert [Path(row["path"]).name for row in rows(done.stdout)] == ["good.png"]
    assert "bad.png" in done.stderr
    assert "empty.jpg" in done.stderr
    assert "Traceback" not in done.stderr


MISTAKES = [
    (("run",), "neither a prompt nor labels"),
    (("--prompt", "  ", *SKETCH), "is blank"),
    (("--prompt", "house " * 100, *SKETCH, "-s", "CLIP"), "too long"),
    (("--prompt", "a house", "--model", "dall-e"), "dall-e"),
    (("--prompt", "a house", "--model", "clip:ViT-Z"), "ViT-Z"),
    ((*HOUSE, "--range", "0.5", "0.1", "-s", "CLIP"), "LOW must be below HIGH"),
    (
        (*HOUSE, "--range", "0", "inf", "--source", "gone.mp4"),
        "The score range 0 inf is not valid: LOW must be below HIGH",
    ),
    ((*HOUSE, "--source", "gone.mp4"), "No such file: 'gone.mp4'"),
    ((*HOUSE, "--source", "97"), "Cannot open camera 97"),
    ((*HOUSE, "--source", "http://127.0.0.1:9/x"), "Cannot open http://127.0.0.1:9:"),
    ((*HOUSE, "-s", "CLIP", "--record", "talk.gif"), "talk.gif"),
    ((*HOUSE, "-s", "CLIP", "--record", "/proc/talk.mp4"), "/proc/talk.mp4"),
    ((*HOUSE, "-s", "CLIP", "--snapshot", "/proc/best"), "/proc/best"),
    ((*HOUSE, "-s", "CLIP", "--seconds", "-3"), "--seconds must be greater than 0 (got -3)"),
    ((*HOUSE, "-s", "CLIP", "--smoothing", "-1"), "--smoothing must be 0 or more (got -1)"),
    (
        (*HOUSE, "-s", "CLIP", "--player", "Ada", "--window", "-1"),
        "--window must be 0 or more (got -1)",
    ),
    (
        (*HOUSE, "-s", "CLIP", "--player", "Ada", "--window", "nan"),
        "--window must be 0 or more (got nan)",
    ),
    ((*HOUSE, "-s", "CLIP", "--backend", "telepathy"), "telepathy"),
    (
        ("--prompt", "a house", "-m", "sketch", "-s", "CLIP", "--view", "window"),
        "No display is available",
    ),
    (("--label", "a cat", *SKETCH, "--source", "gone.mp4"), "At least two labels"),
    (("--label", "a cat", "--label", " a cat", *SKETCH, "--source", "gone.mp4"), "appears twice"),
    (("--label", "a cat", "--label", " ", *SKETCH, "--source", "gone.mp4"), "A label is blank"),
    ((*HOUSE, "--no-guard", "bot", "--source", "gone.mp4"), 'There is no guard named "bot"'),
    (("score", "gone.png", "--label", "a cat", "-m", "sketch"), "At least two labels"),
    (("score", "gone.png", *HOUSE[:4], "--no-guard", "bot"), 'There is no guard named "bot"'),
    (("score", "gone.png", "--prompt", "a house", "-m", "sketch"), "gone.png"),
    (("score", ".", "--prompt", "a house", "-m", "sketch"), "No pictures in"),
]


@pytest.mark.parametrize(("args", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_a_users_mistake_is_one_line(tmp_path, clip, args, words):
    """Exit 1, one message on stderr with the value in it, nothing left behind."""
    (tmp_path / "empty").mkdir()
    done = paintcam(*(clip if arg == "CLIP" else arg for arg in args), cwd=tmp_path / "empty")
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    left = [path.name for path in (tmp_path / "empty").iterdir()]
    assert left in ([], ["data"])


@pytest.mark.parametrize(
    "args",
    [("--prompt", "a house", "demo"), ("demo", "--prompt", "x"), ("runn",), ("--colour", "red")],
)
def test_unknown_options_and_commands_are_errors(tmp_path, args):
    """Options before a sub-command that does not take them are not dropped. Exit 2."""
    done = paintcam(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_without_a_display_the_run_reports_that_it_has_no_window(tmp_path, clip):
    """--view auto goes on without one."""
    done = paintcam("--prompt", "a house", "-m", "sketch", "-s", clip, "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert "No display is available" in done.stderr
    assert rows(done.stdout)[-1]["frames_shown"] == 75


def test_settings_from_the_environment(tmp_path, clip):
    """The lasting options, without typing them every time."""
    done = paintcam(
        "--prompt", "a house", "--json", cwd=tmp_path,
        PAINTCAM_MODEL="sketch", PAINTCAM_SOURCE=str(clip), PAINTCAM_VIEW="none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert rows(done.stdout)[-1]["frames_shown"] == 75


def test_seconds_end_a_live_run(tmp_path, houses):
    """Two seconds of a stream of 30 frames a second."""
    with Webcam(houses) as webcam:
        done = paintcam(*HOUSE, "-s", webcam.url, "--seconds", "2", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert 20 <= rows(done.stdout)[-1]["frames_shown"] <= 75


def test_bench_measures(tmp_path):
    """Every figure is there, as JSON and as a table."""
    done = paintcam("bench", "-m", "sketch", "--seconds", "2", "--json", cwd=tmp_path)
    (figures,) = rows(done.stdout)
    assert figures["type"] == "bench"
    for name in ("start_to_picture_s", "scored_fps", "encode_ms_p95", "cpu_s_per_s", "peak_mib"):
        assert math.isfinite(figures[name]), figures
    assert figures["scored_fps"] > 0
    table = paintcam("bench", "-m", "sketch", "--seconds", "1", cwd=tmp_path)
    assert "encode_ms_p95" in table.stdout


def test_version_and_help_load_nothing_heavy(tmp_path):
    """`--help` loads none of torch, inference, supervision, cv2, numpy, onnxruntime, no command."""
    code = (
        "import sys; sys.argv = ['paintcam', '--help']\n"
        "from paintcam.cli import app\n"
        "try: app(standalone_mode=False)\n"
        "finally: print(sorted({'torch', 'inference', 'supervision', 'cv2', 'numpy', 'onnxruntime',"
        " 'paintcam.cli.run', 'paintcam.cli.run_options'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "score" in done.stdout
    assert paintcam("--version", cwd=tmp_path).stdout.startswith("paintcam ")


def test_an_unexpected_error_is_one_line(tmp_path):
    """An unexpected error is one line too, and says how to get the details."""
    script = (
        "import paintcam.cli as cli, sys\n"
        "import paintcam.cli.build_run\n"
        "def boom(*_, **__): raise ZeroDivisionError('by zero')\n"
        "import paintcam.sources.pictures as stills; stills.find_pictures = boom\n"
        "sys.argv = ['paintcam', 'score', 'x.png', '--prompt', 'a house']\n"
        "cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 1
    assert "PAINTCAM_DEBUG=1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "error",
    [
        ModelError("No such model.", fix="Choose another."),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.ENOSPC, "No space left on device", "scores.db"),
        ZeroDivisionError("by zero"),
    ],
)
def test_paintcam_debug_adds_the_traceback_of_every_error(monkeypatch, error):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("paintcam.sources.pictures.find_pictures", fail)
    monkeypatch.setattr("paintcam.cli.commands.give_up_stdout", lambda _error: None)
    plain, debugged = [], []
    for value, lines in (("", plain), ("1", debugged)):
        monkeypatch.setenv("PAINTCAM_DEBUG", value)
        code, _, err = run_here("score", "x.png", "--prompt", "a house", "--model", "sketch")
        assert code == 1
        lines += err.splitlines()
    assert "Traceback" not in "".join(plain)
    assert debugged[0].endswith("Traceback (most recent call last):")
    assert debugged[len(debugged) - len(plain) :] == plain


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_auto_asks_once_at_a_terminal_with_roboflow_in_reach(tmp_path, clip):
    """The question comes at the first run; `n` scores with sketch, and no run asks again."""
    import http.server
    import pty
    import threading

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    questions = []
    for _ in range(2):
        main, terminal = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "paintcam", "--prompt", "a house", "--view", "none", "-s", clip],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            cwd=tmp_path,
            env=environment(
                PAINTCAM_CACHE_DIR=str(tmp_path / "cache"),
                PAINTCAM_DATA_DIR=str(tmp_path / "data"),
                API_BASE_URL=f"http://127.0.0.1:{server.server_port}",
            ),
        )
        os.close(terminal)
        os.write(main, b"n\n")
        out, _ = process.communicate(timeout=60)
        screen = b""
        while True:
            try:
                chunk = os.read(main, 4096)
            except OSError:
                break
            if not chunk:
                break
            screen += chunk
        os.close(main)
        assert process.returncode == 0, screen
        assert b"Best " in out
        questions.append(b"Download them now?" in screen)
    server.shutdown()
    server.server_close()
    assert questions == [True, False]
