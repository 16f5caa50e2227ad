"""`run --player` and `contest` whose database or disk fails, as processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from full_disk import fill, small_disk
from paintcam.leaderboard import Leaderboard
from program import Program, house, paintcam, rows, write_video

RUN = ("run", "--prompt", "a house", "--model", "sketch", "--view", "none", "--player", "Ada")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twenty seconds of a house on paper."""
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", [house(4)] * 100, fps=5)


@pytest.mark.parametrize("kind", ["nothing", "folder", "fifo"])
def test_a_database_replaced_during_a_show_loses_no_turn(tmp_path, clip, kind):
    path = tmp_path / "data" / "leaderboard.sqlite3"
    with Program(*RUN, "--source", clip, "--seconds", "4", cwd=tmp_path) as run:
        run.until(lambda: run.of("verdict"))
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        assert run.wait(60) == 0, run.stderr
        assert "should not happen" not in run.stderr
    if kind == "nothing":
        with Leaderboard(f"sqlite:///{path}") as leaderboard:
            assert leaderboard.count(player="Ada") == 1
        return
    assert "1 score is queued" in run.stderr
    path.rmdir() if kind == "folder" else path.unlink()
    done = paintcam("leaderboard", "--json", cwd=tmp_path)
    assert [row["player"] for row in rows(done.stdout)] == ["Ada"], done.stderr


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path):
    with small_disk(tmp_path / "data") as folder:
        yield folder


@pytest.mark.parametrize("known", [False, True])
def test_a_disk_that_is_full_from_the_start_is_refused_before_the_show(
    tmp_path, small_disk, clip, known
):
    if known:
        Leaderboard(f"sqlite:///{small_disk}/leaderboard.sqlite3").close()
    fill(small_disk)
    done = paintcam(*RUN, "--source", clip, "--seconds", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert "should not happen" not in done.stderr
    assert "leaderboard.sqlite3" in done.stderr
    assert "--database" in done.stderr
    assert "Best" not in done.stdout


def test_a_disk_that_fills_up_during_a_show_loses_no_turn(tmp_path, small_disk, clip):
    spare = tmp_path / "tmp"
    spare.mkdir()
    args = (*RUN, "--source", clip, "--seconds", "4")
    with Program(*args, cwd=tmp_path, TMPDIR=str(spare)) as run:
        run.until(lambda: run.of("verdict"))
        for file in small_disk.glob("leaderboard.sqlite3*"):
            file.unlink()  # so that the score must be stored again
        fill(small_disk)
        assert run.wait(60) == 0, run.stderr
    (small_disk / "filler").unlink()
    done = paintcam("leaderboard", "--json", cwd=tmp_path, TMPDIR=str(spare))
    assert [row["player"] for row in rows(done.stdout)] == ["Ada"], done.stderr


def test_a_score_that_cannot_be_stored_or_queued_is_named_and_the_exit_code_is_1(tmp_path, clip):
    data, spare = tmp_path / "data", tmp_path / "tmp"
    spare.mkdir()
    (spare / f"paintcam-queue-{os.getuid() if hasattr(os, 'getuid') else 'user'}").write_text("")
    args = (*RUN, "--source", clip, "--seconds", "4")
    with Program(*args, cwd=tmp_path, TMPDIR=str(spare), TEMP=str(spare)) as run:
        run.until(lambda: run.of("verdict"))
        (data / "queue").write_text("a file, where a folder should be")
        for file in data.glob("leaderboard.sqlite3*"):
            file.unlink()
        (data / "leaderboard.sqlite3").mkdir()
        assert run.wait(60) == 1, run.stderr
    assert "1 score is neither stored nor queued: Ada " in run.stderr
    assert "1 score is lost" in run.stderr
    assert run.of("summary")


@pytest.mark.parametrize("command", ["run", "contest"])
def test_a_home_that_cannot_be_read_is_refused_before_the_show(tmp_path, clip, command):
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root reads everything")
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    import sys

    from program import environment

    home = tmp_path / "home"
    home.mkdir(mode=0o000)
    args = ["--prompt", "a house", "--model", "sketch", "--view", "none", "--player", "Ada"]
    try:
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "paintcam", command, *args, "--source", clip],
            cwd=tmp_path,
            env=environment(HOME=str(home), XDG_DATA_HOME=""),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=100,
            check=False,
        )
    finally:
        home.chmod(0o700)
    assert done.returncode == 1
    assert "should not happen" not in done.stderr
    assert "Cannot create the folder" in done.stderr
