"""What a test does with the window from inside: a script for a process of its own on a screen."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from screen import Screen

_START = """
import json, sys, time
import numpy as np
from paintcam import Window
from paintcam.sinks.keyboard import Key

def post(type, **values):
    pygame.event.post(pygame.event.Event(type, values))

def key_down(key, unicode="", scancode=0, mod=0):
    post(pygame.KEYDOWN, key=key, unicode=unicode, scancode=scancode, mod=mod)

def keys(window, typing=True):
    found = []
    while (key := window.next_key(typing=typing)) is not None:
        found.append(key.text)
    return found

def settle(window, seconds=0.5):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        window.next_key()
        time.sleep(0.01)

answer = {}
"""


def in_a_window(screen: Screen, folder: Path, code: str) -> dict[str, Any]:
    """Run code that may open windows, post events and fill `answer`; return that."""
    script = _START + textwrap.dedent(code) + "\nprint(json.dumps(answer))\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**screen.env, "PAINTCAM_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))  # nothing else was printed: no greeting
