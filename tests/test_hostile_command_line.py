"""What strangers put into folders, arguments and files must not run, hang or reach a terminal."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import cv2
import pytest

from hostile import HOSTILE, raw_controls, run_here
from paintcam.cli import contest
from paintcam.cli.report import JsonReport, TextReport
from paintcam.contest.standings import Place
from paintcam.encoders import clip_inference
from paintcam.encoders.without_env_file import without_env_file
from paintcam.errors import SourceError
from paintcam.judge.verdict import Verdict
from paintcam.leaderboard import Board, Leaderboard, Turn, new_turn_id
from paintcam.run.live import Summary
from paintcam.run.session import Standing
from paintcam.sources.decoder import open_video
from paintcam.sources.reference import Reference
from program import environment, house

ROOT = Path(__file__).parent.parent

PLANTED = (
    *("json", "numpy", "cv2", "typer", "onnxruntime", "inference", "requests", "psutil"),
    *("msvcrt", "winreg", "uvloop", "tensorflow"),  # tried, and not installed here
    *("sitecustomize", "usercustomize", "av", "pi_heif", "sqlalchemy", "matplotlib", "pygame"),
)
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
    (folder / ".env").write_text("PLANTED=yes\nAPI_BASE_URL=http://planted.example\n")
    (folder / "matplotlibrc").write_text("backend: module://planted\n")
    (folder / "planted.py").write_text((folder / "json.py").read_text())
    (folder / "paintcam.pth").write_text("import planted\n")
    return folder


@pytest.mark.parametrize(
    "command",
    [
        (SCRIPT, "doctor"),
        (sys.executable, "-m", "paintcam", "doctor"),
        (SCRIPT, "score", "house.png", "--prompt", "a house", "--model", "sketch"),
        (SCRIPT, "cameras"),
        (SCRIPT, "models"),
        (SCRIPT, "calibrate", ".", "--model", "sketch", "--histogram", "chart.png"),
        (SCRIPT, "run", "-s", "gone.mp4", "--prompt", "a", "--model", "sketch", "--view", "none"),
        (SCRIPT, "leaderboard"),
        (SCRIPT, "prompts", "--llm", "--count", "1", "--timeout", "1"),
    ],
    ids=(
        *("doctor", "python -m", "score", "cameras", "models"),
        *("calibrate", "run", "leaderboard", "prompts"),
    ),
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


def test_inference_reads_no_env_file_of_the_current_folder(planted, monkeypatch):
    """It would send the API key to the address in it; a program's own use of dotenv still works."""
    dotenv = pytest.importorskip("dotenv")
    monkeypatch.chdir(planted)
    monkeypatch.delenv("PLANTED", raising=False)
    with without_env_file():
        from dotenv import load_dotenv  # as inference.core.env does

        load_dotenv(f"{planted}/.env")
        assert "PLANTED" not in os.environ
    dotenv.load_dotenv(f"{planted}/.env")
    assert os.environ.pop("PLANTED") == "yes"
    os.environ.pop("API_BASE_URL", None)
    assert "without_env_file" in Path(clip_inference.__file__).read_text(encoding="utf-8")


def test_two_threads_that_import_inference_leave_dotenv_as_it_was():
    dotenv = pytest.importorskip("dotenv")
    read = dotenv.load_dotenv
    second_inside, first_left = threading.Event(), threading.Event()

    def second() -> None:
        with without_env_file():
            second_inside.set()
            first_left.wait(20)

    thread = threading.Thread(target=second)
    with without_env_file():
        thread.start()
        second_inside.wait(0.5)  # it must not come
    first_left.set()
    thread.join(20)
    assert dotenv.load_dotenv is read


@pytest.mark.parametrize("first", [0, 25, 50, 75])
def test_a_random_command_line_ends_with_a_clear_message(tmp_path, first):
    """100 of them, seeds fixed: no traceback, no secret, nothing that a terminal would obey."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("hostile.py"), str(first), str(first + 25)],
        cwd=tmp_path,
        env=environment(PAINTCAM_DATA_DIR=str(tmp_path / "data"), PYTHONPATH=str(ROOT)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=240,
        check=False,
    )
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    ended = [row for row in results if "code" in row]
    assert len(ended) == 25, (results[-1:], done.stderr[-2000:])
    for row in ended:
        line = next(one["line"] for one in results if one["seed"] == row["seed"])
        printed = row["out"] + row["err"]
        assert row["code"] in (0, 1, 2), line
        assert row["err"].strip() or row["code"] == 0, line
        assert raw_controls(printed) == [], line
        for words in ("should not happen", "Traceback", "SECRET", "background thread"):
            assert words not in printed, (line, printed)


@pytest.mark.parametrize("option", ["--prompt", "--label"])
def test_words_that_are_not_utf_8_are_refused(tmp_path, monkeypatch, option):
    """Old zip archives and Latin-1 terminals send them."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("house.png", house(4))
    words = (option, "caf\udce9", *((option, "a house") if option == "--label" else ()))
    code, _, err = run_here("score", "house.png", *words, "--model", "sketch")
    assert (code, err) == (1, "paintcam: The prompt is not valid UTF-8 text. Type it again.\n")


def test_every_place_that_prints_is_clean_of_control_characters(tmp_path, monkeypatch, capsys):
    """One string of all control sequences through messages, tables, JSON and CSV."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    name = HOSTILE.replace("\x00", "").replace("\udcff", "")
    cv2.imwrite(str(tmp_path / "a.png"), house(4))
    (tmp_path / f"{name}.png").write_bytes((tmp_path / "a.png").read_bytes())
    house_and = ("--prompt", "a house", "--model", "sketch", "--view", "none")
    _store_hostile_scores(tmp_path / "data" / "leaderboard.sqlite3")
    (tmp_path / "data" / "last-run-1.json").write_text(
        json.dumps({"prompt": HOSTILE, "best": 5, "at": HOSTILE})
    )
    typed = HOSTILE.replace("\x00", "")  # no argument can hold it
    commands = {
        "an unknown option": ["run", f"--{typed}"],
        "an unknown command": [typed],
        "a value of a choice": ["run", "--crop", typed],
        "a value of a number": ["run", "--width", typed],
        "a source": ["run", *house_and, "--source", typed],
        "an address": ["run", *house_and, "--source", f"http://127.0.0.1:9/{typed}"],
        "a recording": ["run", *house_and, "-s", "a.png", "--record", f"{typed}.gif"],
        "a folder of snapshots": ["run", *house_and, "-s", "97", "--snapshot", typed],
        "a backend": ["run", *house_and, "-s", "97", "--backend", typed],
        "a guard": ["run", *house_and, "--no-guard", typed],
        "a label": ["run", "--label", typed, "--model", "sketch"],
        "labels": ["run", "--label", typed, "--label", typed, "--model", "sketch"],
        "prompt and labels": ["run", "--prompt", typed, "--label", "x", "--label", "y"],
        "a model": ["run", "--prompt", "a house", "--model", typed],
        "a download": ["models", "pull", typed],
        "a player twice": ["contest", *house_and, "--player", "A\x1b[2J", "--player", "A\x1b[2J"],
        "a database": ["leaderboard", "--database", typed],
        "a database's folder": ["leaderboard", "--database", f"sqlite:////proc/{name}/x"],
        "a filter": ["leaderboard", "--player", typed],
        "scores as a table": ["leaderboard"],
        "scores as JSON": ["leaderboard", "--json"],
        "scores as CSV": ["leaderboard", "--csv"],
        "what to delete": ["leaderboard", "delete", "--player", f"A{typed}"],
        "a picture": ["score", typed, "--prompt", "a house", "--model", "sketch"],
        "pictures as a table": ["score", ".", "--prompt", "a house", "--model", "sketch"],
        "pictures as JSON": ["score", ".", "--prompt", "a house", "--model", "sketch", "--json"],
        "labels as a table": ["score", "a.png", "-l", typed, "-l", "b", "--model", "sketch"],
        "the last run": ["run", *house_and, "--source", "97", "--seconds", "0.1"],
        "a folder of drawings": ["calibrate", typed, "--model", "sketch"],
        "a host to serve on": ["serve", "--host", name, "--model", "sketch"],
        "an address for phones": ["serve", "--public-url", typed, "--model", "sketch"],
        "a broken address for phones": ["serve", "--public-url", "http://[", "--model", "sketch"],
        "a proxy": ["serve", "--trusted-proxy", typed, "--model", "sketch"],
        "a value after =": ["run", f"--{typed}={typed}"],
        "a command of models": ["models", typed],
        "a source to measure": ["bench", "--view", "none", "--source", typed],
        "a chart": ["calibrate", ".", "--model", "sketch", "--histogram", f"{typed}.png"],
        "a heat map": ["score", "a.png", *house_and[:4], "--explain", f"{typed}.png"],
        "a range to forget": ["calibrate", "--forget", "--model", typed],
    }
    for place, args in commands.items():
        _, out, err = run_here(*args)
        assert out + err != "", place
        assert raw_controls(out + err) == [], place
        assert "should not happen" not in err, place
    report = TextReport(course=True)
    flagged = Verdict(0, 2.0, 0.0, 0.3, 50.0, flags=(HOSTILE,), labels={HOSTILE: 0.9, "b": 0.1})
    plain = Verdict(0, 9.0, 0.0, 0.3, 50.0, flags=(HOSTILE,))
    for each in (report, JsonReport(HOSTILE)):
        each.note(HOSTILE)
        each.verdict(flagged, Standing(50, 50, True))
        each.verdict(plain, Standing(50, 50, True))
        each.summary(Summary(50.0, 1, 1, (HOSTILE,), {HOSTILE: 50.0, "b": 1.0}), video=HOSTILE)
    contest._print_podium([Place(1, HOSTILE, 5.0, 5.0, "t")], HOSTILE, {"t": HOSTILE})
    printed = capsys.readouterr()
    assert "50" in printed.out
    assert raw_controls(printed.out + printed.err) == []


def _store_hostile_scores(path: Path) -> None:
    """A leaderboard in which somebody else's program wrote its texts."""
    turn = Turn(new_turn_id(), Board("a house", "sketch", 0.1, 0.3), "Ada", 50.0, 50.0, 0.2)
    with Leaderboard(f"sqlite:///{path}") as opened:
        opened.store(turn)
    connection = sqlite3.connect(path)
    text = HOSTILE.replace("\udcff", "")
    connection.execute("UPDATE paintcam_players SET name = ?", (text,))
    connection.execute("UPDATE paintcam_boards SET prompt = ?, encoder = ?", (text, text))
    connection.commit()
    connection.close()


SOURCES = [
    "rtsp://ada:SECRET@127.0.0.1:9/live", "rtsp:/ada:SECRET@127.0.0.1:9/live",
    "ada:SECRET@127.0.0.1:9/live", "rtsp://127.0.0.1:9/live;token=SECRET",
    "http://127.0.0.1:9/user=admin&password=SECRET_channel=1", "http://127.0.0.1:9/admin/SECRET/ch1",
    "http://127.0.0.1:9/video?auth=SECRET#SECRET", "127.0.0.1:9/user=admin&password=SECRET",
    "http://ada:SEC@RET/SECRET@127.0.0.1:9/x", "HTTP://ada:SECRET@127.0.0.1:9/x.mp4",
    "tcp://ada:SECRET@127.0.0.1:9", "rtsp:\\\\ada:SECRET@127.0.0.1:9\\x",
]  # fmt: skip
DATABASES = [
    "postgresql://ada:SECRET@127.0.0.1:1/x", "postgresql://ada:S@SECRET@127.0.0.1:1/x",
    "postgresql://ada:SEC/SECRET@127.0.0.1:1/x", "postgresql:/ada:SECRET@127.0.0.1:1/x",
    "postgresql://127.0.0.1:1/x?user=ada&password=SECRET", "ada:SECRET@127.0.0.1:1/x",
    "postgresql://127.0.0.1:1/x?pwd=SECRET", "postgresql://127.0.0.1:1/x?options=SECRET",
    "mysql+nodriver://ada:SECRET@127.0.0.1/x", "postgresql://ada:SECRET@[::1]:1/x",
    "postgres://ada:SECRET#x@127.0.0.1:1/x", "postgresql+psycopg://ada:SECRET@127.0.0.1:port/x",
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_no_password_of_a_camera_is_printed(tmp_path, monkeypatch, source):
    """Whatever the form of its address: not in messages, not in JSON, not in a file."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    args = ("--prompt", "a house", "--model", "sketch", "--view", "none", "--seconds", "0.2")
    for more in ((), ("--json", "--snapshot", str(tmp_path / "best"), "--player", "Ada")):
        code, out, err = run_here("run", *args, *more, "--source", source)
        assert code == 1, err
        assert "SECRET" not in out + err
        assert "should not happen" not in err
    for path in tmp_path.rglob("*"):
        assert "SECRET" not in path.name
        assert not path.is_file() or b"SECRET" not in path.read_bytes()


def test_no_password_of_a_camera_is_in_a_traceback(monkeypatch):
    """Neither with PAINTCAM_DEBUG, which people paste into reports, nor in a script."""
    monkeypatch.setenv("PAINTCAM_DEBUG", "1")
    address = "rtsp://ada:SE CRET@127.0.0.1:9/admin/SECRET/ch1"
    args = ("--prompt", "a house", "--model", "sketch", "--view", "none", "--seconds", "0.2")
    code, out, err = run_here("run", *args, "--source", address)
    assert code == 1
    assert "Traceback" in err
    assert "CRET" not in out + err
    with pytest.raises(SourceError) as caught:
        open_video(Reference.parse(address))
    shown = "".join(traceback.format_exception(caught.value))
    assert "127.0.0.1:9" in shown
    assert "CRET" not in shown


@pytest.mark.parametrize("database", DATABASES)
def test_no_password_of_a_database_is_printed(tmp_path, monkeypatch, database):
    """Whatever the form of its URL, in whatever command."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    for args in (
        ("leaderboard",),
        ("leaderboard", "--json"),
        ("leaderboard", "delete", "--all", "--yes"),
    ):
        code, out, err = run_here(*args, "--database", database)
        assert code == 1, out
        assert err.strip()
        assert "SECRET" not in out + err
        assert "should not happen" not in err


@pytest.mark.parametrize("option", ["--record", "--snapshot"])
def test_a_file_in_the_home_of_an_unknown_user_is_a_clear_message(tmp_path, monkeypatch, option):
    """`~nobody` ended in "This should not happen"."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", "~no-such-user/data")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~no-such-user").touch()
    args = ("--prompt", "a house", "--model", "sketch", "--view", "none", "--source", "97")
    code, _, err = run_here("run", *args, option, "~no-such-user/x.mp4")
    assert code == 1
    assert err.startswith("paintcam: Cannot ")


@pytest.mark.parametrize(
    "name", ["gone/x.png", "n" * 300 + ".png", "caf\udce9.png", "file.txt/x.png", "~nobody/x.png"]
)
def test_a_heat_map_that_cannot_be_written_is_refused_before_the_score(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").touch()
    cv2.imwrite("house.png", house(4))
    args = ("--prompt", "a house", "--model", "sketch")
    code, out, err = run_here("score", "house.png", *args, "--explain", name)
    assert (code, out) == (1, "")
    assert err.startswith("paintcam: Cannot write ")
