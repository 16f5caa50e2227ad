"""A real PostgreSQL server for tests and benchmarks: Debian's, on loopback, in a temp folder."""

from __future__ import annotations

import contextlib
import os
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
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Run a server.

    Args:
        durable: Sync to the disk at each commit, as a real one does; tests need not.

    Yields:
        The URL of its database `postgres`.

    Raises:
        NoPostgresError: It cannot be had here, with the reason.
    """
    programs, user = binaries(), _as_postgres()
    # Not under pytest's folder: that one is root's alone, and the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="paintcam-postgres-"))
    port = _free_port()
    process = None
    try:
        if user:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        made = subprocess.run(
            [
                *user,
                programs / "initdb",
                "-D",
                data,
                "-U",
                "paintcam",
                "--auth=trust",
                "-E",
                "UTF8",
            ],
            capture_output=True,
            text=True,
            cwd="/",
        )
        if made.returncode:
            raise NoPostgresError(f"initdb failed: {made.stderr.strip()}")
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "fsync": "on" if durable else "off",
            "max_connections": "50",
        }
        settings = [f"--{name}={value}" for name, value in options.items()]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [*user, programs / "postgres", "-D", data, "-p", str(port), *settings],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgresError(f"the server did not start: {(folder / 'log').read_text()}")
            time.sleep(0.1)
        yield f"postgresql+psycopg://paintcam@127.0.0.1:{port}/postgres"
    finally:
        if process is not None:
            stop = [*user, programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"]
            subprocess.run(stop, capture_output=True, cwd="/")
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
