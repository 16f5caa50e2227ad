"""Starts another Python process, never with code from the current folder.

`python -c` puts the working folder first on the path, so that a `json.py` that happens to lie
there would run. `-I` leaves it out, together with PYTHONPATH and the like; the path of this process
is then passed on explicitly.

No child outlives this process, however that ends: each of them holds one end of a pipe, whose other
end the system closes with this process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["OWN_GROUP", "python_command", "run_python"]

_SET_PATH = "import sys; sys.path[:] = __import__('json').loads(sys.argv.pop(1));"
# From a copy: on Windows, numpy asks for the kind of stdin while it is imported, and would wait for
# the thread that reads from it.
_END_WITH_PARENT = (
    "import os, threading; parent = os.dup(0); os.dup2(os.open(os.devnull, os.O_RDONLY), 0);"
    "threading.Thread(target=lambda: (os.read(parent, 1), os._exit(1)), daemon=True).start();"
)
OWN_GROUP: dict[str, Any] = (
    {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    if os.name == "nt"
    else {"start_new_session": True}
)
"""For `subprocess`: Ctrl-C in the terminal is for this process alone, which then ends the child."""


def python_command(code: str, *arguments: str) -> list[str]:
    """Build the command of a child Python that imports what this process imports.

    Args:
        code: Statements for `python -c`; `paintcam` can be imported in them.
        arguments: Become `sys.argv[1:]`.

    Returns:
        A command for `subprocess`.
    """
    return [sys.executable, "-I", "-c", _SET_PATH + code, json.dumps(_path()), *arguments]


def run_python(code: str, *arguments: str, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    """Run a child Python to its end, and collect what it prints.

    It is also ended if this process ends, whatever the reason.

    Args:
        code: As `python_command` takes it. Its stdin is empty.
        arguments: As `python_command` takes them.
        timeout_s: When the child is ended.

    Raises:
        subprocess.TimeoutExpired: It took too long.
        OSError: No process could be started.
    """
    watched, held = os.pipe()
    try:
        return subprocess.run(
            python_command(_END_WITH_PARENT + code, *arguments),
            stdin=watched,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            **OWN_GROUP,
        )
    finally:
        os.close(watched)
        os.close(held)


def _path() -> list[str]:
    """Return the search path of this process without its working folder.

    The folder that holds paintcam comes last, for a checkout that is run in place: nothing in it
    can hide a module of Python or of an installed package.
    """
    here = str(Path.cwd())
    home = str(Path(__file__).resolve().parents[2])
    path = [str(entry) for entry in sys.path if entry not in ("", ".", here)]
    return path if home in path else [*path, home]
