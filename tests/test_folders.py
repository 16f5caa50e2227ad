"""Where files go, and how they get there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paintcam.errors import UsageError
from paintcam.folders import (
    claim_last_run,
    data_folder,
    expanded,
    forget_last_run,
    interrupted_runs,
    last_run_name,
    write_atomically,
)
from paintcam.judge.calibration import ranges_file, stored_range
from program import environment


def test_a_file_is_replaced_in_one_step(tmp_path: Path):
    """The folder is made, the older file replaced, and nothing is left beside it."""
    path = tmp_path / "new" / "best.json"
    for content in (b"first", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_the_older_one(tmp_path: Path, monkeypatch):
    """A disk that is full in the middle of writing costs nothing that was there."""
    path = tmp_path / "best.json"
    path.write_bytes(b"older")

    def full(half: Path, content: bytes) -> int:
        half.open("wb").write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"newer")
    assert [file.name for file in tmp_path.iterdir()] == ["best.json"]
    assert path.read_bytes() == b"older"


def test_a_file_may_have_the_longest_name_that_the_system_takes(tmp_path: Path):
    """What is written first must not have a longer one."""
    path = tmp_path / ("n" * 255)
    write_atomically(path, b"content")
    assert path.read_bytes() == b"content"


def test_the_home_of_nobody_is_a_name_like_any_other(tmp_path: Path, monkeypatch):
    """As in a shell: "~nobody" of an unknown user is no traceback."""
    assert expanded("~no-such-user/x") == Path("~no-such-user/x")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/x") == tmp_path / "x"
    monkeypatch.setenv("PAINTCAM_DATA_DIR", "~no-such-user")
    assert data_folder() == Path("~no-such-user")


def test_others_may_read_what_is_kept(tmp_path: Path):
    """A picture gets the permissions of any new file: a photo-finish is there to be shown."""
    plain, kept = tmp_path / "plain", tmp_path / "kept"
    plain.touch()
    write_atomically(kept, b"")
    assert kept.stat().st_mode == plain.stat().st_mode


NESTED = b"[" * 100_000
RUBBISH = [
    b"", b"\xff\xfe", b"null", b"[]", b"{", NESTED, b'{"best": "x"}', b'{"best": NaN}',
    b'{"best": 1e9}', b'{"best": 1, "bests": []}', b'{"best": 1, "bests": {"a": null}}',
    b'{"best": 1, "bests": {"a": "\\u001b"}}', b" " * 2_000_000 + b"{}",
    b'{"best": true}', b'{"best": 1, "bests": {"a": true}}',
]  # fmt: skip


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("content", RUBBISH, ids=range(len(RUBBISH)))
def test_an_invalid_last_run_file_is_reported_and_harmless(data, content):
    """A sentence with the file's name; a run beside it is still reported."""
    (data / "last-run-1.json").write_bytes(content)
    (data / "last-run-2.json").write_text('{"prompt": "a house", "best": 61.2, "at": ["now"]}')
    notices: list[str] = []
    (facts,) = interrupted_runs(notices.append)
    assert facts["bests"] == {"a house": 61.2}
    assert len(notices) == 1
    assert "last-run-1.json" in notices[0]
    assert "Delete it." in notices[0]


def test_hundreds_of_invalid_last_run_files_are_a_few_lines(data):
    for number in range(300):
        (data / f"last-run-{number}.json").write_text("rubbish")
    notices: list[str] = []
    assert interrupted_runs(notices.append) == []
    assert len(notices) == 6
    assert notices[-1].startswith("300 files of earlier runs in ")


def test_hundreds_of_interrupted_runs_are_a_few_lines(data):
    from paintcam.cli.build_run import _interrupted_runs

    for number in range(300):
        (data / f"last-run-{number:03}.json").write_text('{"prompt": "a house", "best": 61.2}')
    try:
        messages = _interrupted_runs()
    finally:
        forget_last_run()
    assert len(messages) == 6
    assert messages[0].startswith("300 previous runs ended unexpectedly")
    assert '61.2 for "a house"' in messages[-1]


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 2500])
def test_a_data_folder_with_a_name_that_is_too_long_does_not_end_the_start(monkeypatch, name):
    monkeypatch.setenv("PAINTCAM_DATA_DIR", f"/{name}")
    assert interrupted_runs() == []


@pytest.mark.timeout(20)
@pytest.mark.skipif(os.name != "posix", reason="FIFOs and links")
@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_a_fifo_a_link_or_a_folder_in_place_of_a_file_does_not_hang_the_start(data, kind):
    """Neither of the last run, nor of the calibrated ranges."""
    (data / "secret.json").write_text('{"best": 5}')
    for path in (data / "last-run-1.json", data / "ranges.json"):
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "link":
            path.symlink_to(data / "secret.json")
        else:
            path.mkdir()
    notices: list[str] = []
    assert interrupted_runs(notices.append) == []
    assert len(notices) == 1
    assert ranges_file() == data / "ranges.json"
    with pytest.raises(UsageError, match=r"ranges\.json"):
        stored_range(None)
    assert json.loads((data / "secret.json").read_text()) == {"best": 5}


@pytest.mark.parametrize("content", [NESTED, b"[1]", b'{"a": 5}', b'{"a": [0, Infinity]}', b"\xff"])
def test_invalid_calibrated_ranges_are_an_error(data, content):
    """With the file and what to do."""
    (data / "ranges.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"ranges\.json.*Delete the file"):
        stored_range(None)


def test_a_killed_run_is_reported_and_a_running_one_is_not(data):
    """Also if the next process has the same number, as in a container."""
    forget_last_run()  # a test before this one may have been a run, elsewhere
    claim_last_run()
    own = data / f"{last_run_name()}.json"
    own.write_text('{"prompt": "a house", "best": 10}')
    code = (
        "import sys, time; from paintcam.folders import *; claim_last_run();"
        "print(last_run_name(), flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(PAINTCAM_DATA_DIR=str(data)),
    )
    assert other.stdout is not None
    name = other.stdout.readline().strip()
    # as if that process had had the number of this one
    same_number = name.replace(f"-{other.pid}-", f"-{os.getpid()}-")
    for suffix in ("lock", "json"):
        (data / f"{name}.json").write_text('{"prompt": "a cat", "best": 20}')
        (data / f"{name}.{suffix}").rename(data / f"{same_number}.{suffix}")
    try:
        assert interrupted_runs() == []
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    deadline = time.monotonic() + 20
    while not (found := interrupted_runs()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [facts["bests"] for facts in found] == [{"a cat": 20}]
    assert own.exists()
    forget_last_run()
    assert not list(data.glob("last-run-*"))


def test_locks_of_runs_that_were_killed_before_their_first_score_are_removed(data):
    """They would add up for ever; the lock of a run that has not scored yet stays."""
    forget_last_run()
    claim_last_run()
    (data / "last-run-1-abc.lock").touch()
    assert interrupted_runs() == []
    assert [path.name for path in data.iterdir()] == [f"{last_run_name()}.lock"]
    forget_last_run()


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed there")
def test_a_start_removes_a_lock_only_while_it_holds_it(data, monkeypatch):
    """In between, the run that created the lock could take it and lose it again."""
    import fcntl

    lock = data / "last-run-1-abc.lock"
    lock.touch()
    held = []
    unlink = Path.unlink

    def look(path: Path, missing_ok: bool = False) -> None:
        if path == lock:
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    held.append(False)
                except BlockingIOError:
                    held.append(True)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", look)
    assert interrupted_runs() == []
    assert held == [True]


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed there")
def test_a_lock_that_another_start_removes_is_created_again(data, monkeypatch):
    """It looked at the lock before it was held."""
    import fcntl

    forget_last_run()
    removed = []
    lock = fcntl.flock

    def remove_first(descriptor: int, flags: int) -> None:
        lock(descriptor, flags)
        if not removed:
            removed.append((data / f"{last_run_name()}.lock").unlink())

    monkeypatch.setattr(fcntl, "flock", remove_first)
    claim_last_run()
    assert removed
    assert (data / f"{last_run_name()}.lock").exists()
    forget_last_run()
