"""`paintcam serve` as people start it: a process, its messages, its end, and kill -9."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import requests

from paintcam.leaderboard import Leaderboard
from program import environment, paintcam
from test_web_play import blank_with_ink
from web_client import Presenter, Visitor

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


class Serving:
    """A running `paintcam serve`. A context manager."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.database = f"sqlite:///{folder / 'scores.sqlite3'}"
        self.command = [sys.executable, "-m", "paintcam", "serve", "--model", "sketch"]
        self.command += ["--no-guard", "nsfw", "--database", self.database, *options]
        if "--port" not in options:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.command += ["--port", str(free.getsockname()[1])]
        self.folder = folder
        self.output = ""

    def __enter__(self) -> Serving:
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=environment(PAINTCAM_DATA_DIR=str(self.folder / "data")),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.until("Press Ctrl-C to stop.")
        except BaseException:
            self.__exit__()
            raise
        self.base = self.find(r"Play +(http://\S+)/")
        self.secret = self.find(r"/control#(\S+)")
        return self

    def _read(self) -> None:
        for line in self.process.stdout:
            self.output += line

    def find(self, pattern: str) -> str:
        found = re.search(pattern, self.output)
        assert found, self.output
        return found.group(1)

    def until(self, text: str, limit_s: float = 90) -> None:
        deadline = time.monotonic() + limit_s
        while text not in self.output:
            assert time.monotonic() < deadline, self.output
            assert self.process.poll() is None, self.output
            time.sleep(0.05)

    @property
    def server(self) -> psutil.Process:
        """The process that serves."""
        deadline = time.monotonic() + 30
        while True:
            children = psutil.Process(self.process.pid).children()
            if children:
                return children[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(5)
        return code

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        self.process.stdout.close()


def test_one_command_serves_a_contest_until_ctrl_c(tmp_path):
    """QR code, addresses, a drawing, an orderly end; nothing of the secret in logs or processes."""
    options = ["--prompt", "a house", "--minutes", "5", "--moderate", "off", "--verbose"]
    with Serving(tmp_path, *options) as serving:
        assert "█" in serving.output
        assert "Prompt   a house" in serving.output
        assert "--lan" in serving.output  # why phones cannot reach it
        visitor = Visitor(serving.base)
        assert visitor.draw(blank_with_ink(0.1), name="Ada").json()["of"] == 1
        Presenter(serving.base, serving.secret).act("blank", on=True)
        assert requests.get(f"{serving.base}/qr/play.svg", timeout=10).ok
        arguments = [*serving.server.cmdline(), *psutil.Process(serving.process.pid).cmdline()]
        assert not any(serving.secret in argument for argument in arguments)
        server = serving.server
        assert serving.stop() == 0
        assert "Stopped. Drawings and scores are kept." in serving.output
        assert not server.is_running()
        assert "PUT /api/rounds/1/drawings/" in serving.output
        after = serving.output.split("Press Ctrl-C to stop.")[1]
        assert serving.secret not in after
        assert visitor.http.cookies["paintcam_visitor"] not in serving.output
        assert "Traceback" not in serving.output
    with Leaderboard(serving.database) as leaderboard:
        assert leaderboard.count() == 1


def test_sigterm_ends_it_too(tmp_path):
    """As a service manager stops it."""
    with Serving(tmp_path) as serving:
        assert serving.stop(signal.SIGTERM) == 0


def test_ctrl_c_ends_it_at_once_while_it_starts(tmp_path):
    """Nobody waits for an encoder that is no longer needed."""
    serving = Serving(tmp_path)
    process = subprocess.Popen(
        serving.command,
        cwd=tmp_path,
        env=environment(PAINTCAM_DATA_DIR=str(tmp_path / "data")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (children := psutil.Process(process.pid).children()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert time.monotonic() - started < 6
    assert "Traceback" not in stderr
    psutil.wait_procs(children, 10)
    assert not any(child.is_running() for child in children)


def test_the_next_port_is_taken_and_named(tmp_path):
    """Another program has the one asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Serving(tmp_path, "--port", str(port)) as serving:
            assert f"Port {port} is taken. Using port" in serving.output
            assert requests.get(serving.base, timeout=10).ok


def test_lan_lists_who_can_reach_it(tmp_path):
    """All interfaces, and the address that phones can reach in the QR code."""
    with Serving(tmp_path, "--lan", "--public-url", "http://hall.example:8000/") as serving:
        assert "Anyone on these networks can open the site:" in serving.output
        assert serving.base == "http://hall.example:8000"
        port = serving.command[-1]
        assert requests.get(f"http://127.0.0.1:{port}/help", timeout=10).ok


def test_a_computer_in_no_network_says_what_to_do(monkeypatch, capsys):
    """Nobody could open the address; and with several networks, all are listed with the port."""
    from paintcam.cli.serve_report import print_ready
    from paintcam.web.address import Address
    from paintcam.web.settings import WebSettings

    settings = WebSettings(("a house",), "secret", "http://127.0.0.1:8001", "x", moderation="off")
    found: list[Address] = []
    monkeypatch.setattr("paintcam.web.address.lan_addresses", lambda: found)
    message = {"moderation": "off", "prompts": ["a house"]}
    print_ready(settings, "", 8001, message)
    assert "start a hotspot, then run this command again." in capsys.readouterr().out
    found += [Address("wlan0", "10.42.0.1"), Address("eth0", "192.168.1.20")]
    print_ready(settings, "", 8001, message)
    told = capsys.readouterr().out
    assert "hotspot" not in told
    assert "http://10.42.0.1:8001/  (wlan0)" in told
    assert "http://192.168.1.20:8001/  (eth0)" in told


def test_a_killed_server_loses_nothing_that_was_acknowledged(tmp_path):
    """Kill -9 under load, again and again; retries with the same id are stored exactly once."""
    body = blank_with_ink(0.1)
    acknowledged: list[str] = []
    stopping = threading.Event()

    def draw(number: int, base: str) -> None:
        visitor, turn = Visitor(base), 0
        while not stopping.is_set():
            turn += 1
            drawing = f"visitor-{number:02d}-drawing-{turn:04d}"
            for _ in range(100):
                try:
                    answer = visitor.draw(body, drawing=drawing)
                except requests.RequestException:
                    time.sleep(0.1)
                    continue
                if answer.status_code == 200:
                    acknowledged.append(drawing)
                    break
                if answer.status_code == 429:
                    visitor = Visitor(base)
                time.sleep(0.1)
            time.sleep(0.05)

    with Serving(tmp_path, "--moderate", "off", "--prompt", "a house") as serving:
        threads = [
            threading.Thread(target=draw, args=(number, serving.base), daemon=True)
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for _ in range(4):
            before, server = len(acknowledged), serving.server
            deadline = time.monotonic() + 60
            while len(acknowledged) < before + 5:
                assert time.monotonic() < deadline, serving.output
                time.sleep(0.05)
            server.kill()
            server.wait(10)
        before, deadline = len(acknowledged), time.monotonic() + 60
        while len(acknowledged) < before + 5:
            assert time.monotonic() < deadline, serving.output
            time.sleep(0.05)
        stopping.set()
        for thread in threads:
            thread.join(60)
        assert serving.output.count("Starting it again.") == 4
        # the presenter's phone goes on with its cookie, and the round is the same one
        presenter = Presenter(serving.base, serving.secret)
        assert presenter.get("/control").status_code == 200
        assert len(presenter.get("/api/state").json()["rounds"]) == 1
        assert serving.stop() == 0
    with Leaderboard(serving.database) as leaderboard:
        from sqlalchemy import select

        from paintcam.leaderboard.schema import pictures, turns

        for column in (turns.c.id, pictures.c.id):
            stored = leaderboard.read(
                lambda connection, column=column: connection.execute(select(column)).scalars().all()
            )
            assert len(stored) == len(set(stored))
            assert set(acknowledged) <= set(stored)


def test_a_killed_supervisor_ends_its_server(tmp_path):
    """The port is free again, and no process is left."""
    with Serving(tmp_path) as serving:
        server = serving.server
        serving.process.kill()
        server.wait(20)
        port = int(serving.base.rpartition(":")[2])
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_code_in_the_working_folder_does_not_run_in_the_server(tmp_path):
    """A json.py that happens to lie there."""
    for name in ("json", "starlette", "uvicorn"):
        (tmp_path / f"{name}.py").write_text("open('planted-code-ran', 'w')\n")
    serving = Serving(tmp_path)
    program = Path(sys.executable).parent / "paintcam"
    if not program.exists():
        pytest.skip("paintcam is not installed as a program")
    serving.command[:3] = [str(program)]  # `python -m` itself would look there
    with serving:
        assert requests.get(serving.base, timeout=10).ok
    assert not (tmp_path / "planted-code-ran").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--minutes", "0"], "--minutes must be greater than 0 (got 0)."),
        (["--keep-days", "-1"], "--keep-days must be greater than 0 (got -1)."),
        (["--keep-days", "1e300"], "--keep-days must be at most 36500"),
        (["--minutes", "1e308"], "--minutes must be at most 10080"),
        (["--public-url", "hall"], '"hall" is not an address that phones can open.'),
        (["--trusted-proxy", "nobody"], '"nobody" is not an IP address or network.'),
        (["--wifi", ":secret"], "The Wi-Fi name is empty."),
        (["--no-guard", "dog"], "dog"),
        (["--host", "192.0.2.1"], "Cannot listen on 192.0.2.1"),
        (["--prompt", " "], "A prompt must have 1 to 120 characters (got 0)."),
        (["--database", "sqlite:////dev/null/x"], "/dev/null"),
        (["--model", "dog"], "dog"),
    ],
    ids=str,
)
def test_invalid_options_are_one_line(tmp_path, options, words):
    """One message with what to do, exit 1, no traceback, nothing left running."""
    done = paintcam("serve", "--model", "sketch", *options, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_the_readmes_command_runs(tmp_path):
    """The one that the chapter about a hall of phones begins with."""
    command = re.search(r"^paintcam serve (.+)$", README, re.MULTILINE)
    assert command
    import shlex

    options = shlex.split(command.group(1))
    with Serving(tmp_path, *options) as serving:
        for option in options:
            if not option.startswith("--") and " " in option:
                assert option in serving.output
        assert os.environ.get("PAINTCAM_SECRET") is None
        assert "Stage    http://" in serving.output
