"""A real PostgreSQL server for tests and benchmarks: Debian's, on loopback, in a temp folder."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


class NoPostgresError(Exception):
    """Why no server can be started here."""


def binaries() -> Path:
    """The newest PostgreSQL's folder of programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise NoPostgresError("PostgreSQL is not installed: apt-get install postgresql")
    return Path(on_path).parent


def _as_postgres() -> list[str]:
    if not hasattr(os, "geteuid"):
        raise NoPostgresError("the fixture knows PostgreSQL on Linux only")
    if os.geteuid() != 0:
        return []
    if shutil.which("runuser") is None:
        raise NoPostgresError("initdb refuses root, and runuser is not here")
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    """A port below those of connections, any of which could take it while the server is down."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


class Server:
    """A server that tests may stop and start.

    Args:
        durable: Sync to the disk at each commit, as a real one does; tests need not.

    Raises:
        NoPostgresError: It cannot be had here, with the reason.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._programs, self._user = binaries(), _as_postgres()
        # Not under pytest's folder: that one is root's alone, and the server runs as another user.
        self._folder = Path(tempfile.mkdtemp(prefix="paintcam-postgres-"))
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "fsync": "on" if durable else "off",
            "max_connections": "50",
        }
        self._settings = [f"--{name}={value}" for name, value in options.items()]
        self.url = f"postgresql+psycopg://paintcam@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        """Make the files of an empty database."""
        if self._user:
            shutil.chown(self._folder, "postgres", "postgres")
        command = [self._programs / "initdb", "-D", self._folder / "data", "-U", "paintcam"]
        ran = subprocess.run(
            [*self._user, *command, "--auth=trust", "-E", "UTF8"],
            capture_output=True,
            text=True,
            cwd="/",
        )
        if ran.returncode:
            raise NoPostgresError(f"initdb failed: {ran.stderr.strip()}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [self._programs / "postgres", "-D", self._folder / "data", "-p", str(self._port)]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*self._user, *command, *self._settings], stdout=log, stderr=log, cwd="/"
            )
        ready = [self._programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self._port), "-q"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_text = (self._folder / "log").read_text()
                raise NoPostgresError(f"the server did not start: {log_text}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        if self._process is not None:
            stop = [self._programs / "pg_ctl", "-D", self._folder / "data", "-m", "immediate"]
            subprocess.run([*self._user, *stop, "stop"], capture_output=True, cwd="/")
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """Remove its files."""
        shutil.rmtree(self._folder, ignore_errors=True)


@contextlib.contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Run a server that can be stopped and started meanwhile."""
    server = Server(durable=durable)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        server.remove()


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Run a server; yields the URL of its database `postgres`."""
    with running(durable=durable) as server:
        yield server.url
