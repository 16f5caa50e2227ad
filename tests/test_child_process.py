"""An encoder in a child process: the protocol, and the sudden end of either process."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from paintcam.encoders.child_process import ChildProcessEncoder, receive, send
from paintcam.encoders.isolated import python_command, run_python
from paintcam.encoders.sketch import SketchEncoder
from paintcam.errors import ModelError

ROOT = Path(__file__).resolve().parent.parent
SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)


@given(
    st.lists(
        st.one_of(arrays.arrays(np.uint8, SHAPES), arrays.arrays(np.float32, SHAPES)), max_size=3
    ),
    st.dictionaries(st.text().filter(lambda key: key != "arrays"), st.text()),
)
def test_what_is_sent_is_received(sent, header):
    """Property: any arrays and words come out as they went in."""
    pipe = io.BytesIO()
    send(pipe, header, sent)
    pipe.seek(0)
    header_back, received = receive(pipe)
    assert header_back == header
    assert len(received) == len(sent)
    for mine, theirs in zip(sent, received, strict=True):
        assert mine.dtype == theirs.dtype
        assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f")


def test_a_message_cut_short_is_the_end():
    pipe = io.BytesIO()
    send(pipe, {"do": "image"}, [np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(EOFError):
        receive(io.BytesIO(pipe.getvalue()[:-1]))


def test_it_gives_the_numbers_that_the_encoder_gives_here():
    child, here = ChildProcessEncoder("sketch"), SketchEncoder()
    frame = np.random.default_rng(3).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    declared, expected = asdict(child.info), asdict(here.info)
    np.testing.assert_array_equal(declared.pop("handwriting"), expected.pop("handwriting"))
    assert declared == expected
    assert child.encode_image([frame]) @ here.encode_image([frame]).T == pytest.approx(1, abs=1e-5)
    assert child.encode_text(["лиса"]) @ here.encode_text(["лиса"]).T == pytest.approx(1, abs=1e-5)
    child.close()
    child.close()
    with pytest.raises(ModelError, match="was closed"):
        child.encode_text(["a fox"])


def test_a_process_that_dies_is_an_error_and_no_hang():
    child = ChildProcessEncoder("sketch")
    psutil.Process(child._process.pid).kill()
    # the question may still go into the pipe, the answer never comes
    with pytest.raises(ModelError, match=r"process that ran sketch ended.*paintcam doctor"):
        child.encode_text(["a fox"])
    child.close()


def test_an_encoder_that_cannot_be_loaded_in_the_child_reports_why(tmp_path, monkeypatch):
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path))
    with pytest.raises(ModelError, match="Unknown model 'clip:no'"):
        ChildProcessEncoder("clip:no")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_at_the_terminal_is_not_for_the_process_apart():
    child = ChildProcessEncoder("sketch")
    assert os.getpgid(child._process.pid) != os.getpgid(0)
    child.close()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_at_the_terminal_does_not_fail_a_check():
    """A download that is being checked would be taken for a damaged one, and removed."""
    ran = run_python("print(os.getpgid(0))", timeout_s=60)
    assert int(ran.stdout) != os.getpgid(0)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="/proc")
def test_a_check_does_not_read_its_stdin_from_the_pipe_that_a_thread_waits_for():
    """On Windows, `import numpy` would wait for that thread for ever."""
    ran = run_python(
        "import sys; print(os.readlink('/proc/self/fd/0'), sys.stdin.read() == '')", timeout_s=60
    )
    assert ran.stdout.decode().split() == ["/dev/null", "True"]


def test_it_ends_with_the_object():
    child = ChildProcessEncoder("sketch")
    process = psutil.Process(child._process.pid)
    del child
    psutil.wait_procs([process], timeout=10)
    assert not process.is_running()


ENCODER = (
    "import time; from paintcam.encoders.child_process import ChildProcessEncoder;"
    "e = ChildProcessEncoder('sketch'); print(e._process.pid, flush=True); time.sleep(60)"
)
CHECK = (
    "import os; from paintcam.encoders.isolated import run_python; run_python("
    "'import sys, time; print(os.getpid(), file=open(sys.argv[1], \"w\")); time.sleep(60)',"
    "'/proc/%d/fd/1' % os.getpid(), timeout_s=60)"
)


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9, and /proc")
@pytest.mark.parametrize("code", [ENCODER, CHECK], ids=["encoder", "check"])
def test_it_ends_when_this_process_is_killed(code):
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.stdout.close()


PLANTED = ("json", "numpy", "cv2", "struct", "onnxruntime", "site", "paintcam")


def test_files_in_the_current_folder_are_never_run_as_code(tmp_path):
    """A `json.py` that lies where paintcam is started must not be imported by a child."""
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')"
        )
    code = (
        "import sys; sys.path.remove('');"
        f"sys.path.append({str(ROOT)!r}) if {str(ROOT)!r} not in sys.path else None;"
        "from paintcam.encoders.child_process import ChildProcessEncoder;"
        # as in an interactive Python, which has the current folder first on its path
        "import os; sys.path[:0] = ['', '.', os.getcwd()];"
        "encoder = ChildProcessEncoder('sketch');"
        "print(encoder.encode_text(['a fox']).shape)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": "", "PYTHONSTARTUP": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.strip() == "(1, 516)", ran.stderr
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


def test_a_child_imports_what_this_process_imports(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("print('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    ran = subprocess.run(
        python_command("import mine, paintcam; print(sys.argv[1:])", "a b", "c"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout.splitlines() == ["imported", "['a b', 'c']"], ran.stderr
