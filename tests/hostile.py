"""Hostile texts, and commands run inside this process. With arguments, a fuzzer of command lines.

`python tests/hostile.py 0 25` runs the command lines of seeds 0 to 24 and prints one JSON object
per line with what each printed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import random
import sys
from pathlib import Path

HOSTILE = (
    "\x1b]0;title\x07\x1b[2J\x9b31m\x9d8;;x\x9c\x1bP1$r\x1b\\\x90q\x00\x07\r\n\t\x7f\x85"
    "\u202ereversed\u202c\u2066isolated\u2069\u2028\u2029\udcff"
    "\u200b\u2060\ufeff\U000e0041\ufdd0\uffff\U0010fffe\ufffbe" + "\u0301" * 40
)
"""Everything that a terminal obeys or cannot show: OSC, DCS, CSI, C1, C0, overrides, a surrogate.

And what hides or spills over: zero width, tags, no characters, forty accents on one letter."""


def raw_controls(text: str) -> list[str]:
    """What a terminal would obey in printed text, or hide, but for line breaks."""
    bad = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2060, 0x2070)}
    bad |= {0x2028, 0x2029, 0x200B, 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xFDD0, 0xFDF0)}
    bad |= {*range(0xD800, 0xE000), *range(0xE0000, 0xE0080)}
    bad |= {plane | last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)}
    found = [hex(ord(c)) for c in text if ord(c) in bad - {0x0A}]
    return found + (["too many accents"] if "\u0301" * 9 in text else [])


def run_here(*args: str) -> tuple[int, str, str]:
    """Run a command in this process; gives exit code, stdout and stderr."""
    from paintcam.cli.commands import _run

    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["paintcam", *args]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _run()
    finally:
        sys.argv = before
    return code, out.getvalue(), err.getvalue()


TEXTS = [
    "", " ", "a house", HOSTILE, "caf\udce9", "9" * 5000, "-" * 50, "-1", "0", "nan", "inf",
    "1e400", "1e18", "99999999999999999999", "0.5", "x" * 20_000, "家🏠", "\u202e", "[red]x[/red]",
    "{0}", "%s", "../..", "/dev/zero", "/dev/null", "http://127.0.0.1:9/x", "NUL", "~nobody/x",
    "sqlite:///" + "y" * 300, "clip:clip", "clip:", "broken.json", "fifo", "picture.png", "folder",
]  # fmt: skip
ADDRESSES = [
    *TEXTS, "rtsp:/ada:SECRET@127.0.0.1:9/x", "ada:SECRET@127.0.0.1:9",
    "http://127.0.0.1:9/x;token=SECRET", "postgresql://ada:S@SECRET/x@127.0.0.1:1/x",
]  # fmt: skip
NUMBERS = ["-1", "0", "nan", "inf", "1e400", "1e18", "9" * 20, "9" * 5000, "0.5", "2", "x"]
RUN = {
    "--prompt": TEXTS, "--model": [*ADDRESSES, "sketch", "sketch"], "--label": TEXTS,
    "--no-guard": [*TEXTS, "nsfw"], "--crop": ["auto", "off", "x"], "--record": TEXTS,
    "--width": NUMBERS, "--height": NUMBERS, "--fps": NUMBERS, "--backend": TEXTS,
    "--seconds": NUMBERS, "--smoothing": NUMBERS, "--snapshot": TEXTS, "--player": TEXTS,
    "--window": NUMBERS, "--database": ADDRESSES, "--source": ADDRESSES, "--json": [],
    "--range": [],
}  # fmt: skip
HOUSE = ["--prompt", "a house", "--model", "sketch"]
COMMANDS: list[tuple[list[str], dict[str, list[str]]]] = [
    (["run", *HOUSE, "--view", "none"], RUN),
    (["run", *HOUSE, "--view", "none"], RUN),
    (["run", "--view", "none"], RUN),
    (
        ["contest", *HOUSE, "--view", "none", "--player", "Ada", "--hold", "0"],
        {**RUN, "--rounds": NUMBERS, "--hold": NUMBERS},
    ),
    (["score", *HOUSE, "picture.png"], {"--model": TEXTS, "--label": TEXTS, "": TEXTS}),
    (["score"], {"--prompt": TEXTS, "--json": [], "--range": [], "": TEXTS, "--no-guard": TEXTS}),
    (["calibrate", "--model", "sketch"], {"--histogram": TEXTS, "--no-save": [], "": TEXTS}),
    (["calibrate", "--forget"], {"--model": TEXTS, "--json": []}),
    (["prompts"], {"--count": ["1", *NUMBERS], "--seed": NUMBERS, "--timeout": NUMBERS}),
    (
        ["leaderboard"],
        {
            "--top": NUMBERS,
            "--csv": [],
            "--player": TEXTS,
            "--database": ADDRESSES,
            "--prompt": TEXTS,
        },
    ),
    (
        ["leaderboard", "delete"],
        {"--all": [], "--yes": [], "--player": TEXTS, "--database": ADDRESSES},
    ),
    (["models", "pull"], {"": TEXTS}),
    (["bench", "--view", "none", "--source", "gone.mp4"], {"--seconds": NUMBERS, "--model": TEXTS}),
    ([], {"": ADDRESSES, "--promt": TEXTS, "--view": TEXTS}),
]
SOURCES = ["gone.mp4", "broken.json", "9" * 5000, "http://127.0.0.1:9/x", "97", "fifo", "clip.mp4"]


def command_line(seed: int) -> list[str]:
    """A random command line: a command with one to four of its options, with random texts."""
    dice = random.Random(seed)
    start, options = dice.choice(COMMANDS)
    line = list(start)
    if start[:1] in (["run"], ["contest"]):
        line += ["--source", dice.choice(SOURCES), "--seconds", "0.2"]  # never one that lasts
    for option in dice.sample(sorted(options), k=min(dice.randint(1, 4), len(options))):
        if option == "--range":
            line += [option, dice.choice(NUMBERS), dice.choice(NUMBERS)]
        elif not option:
            line.append(dice.choice(options[option]))
        elif option == "--seconds" and start[:1] in (["run"], ["contest"]):
            line += [option, dice.choice([*NUMBERS[:2], "nan", "x"])]
        else:
            line += [option, *dice.choices(options[option], k=1 if options[option] else 0)]
    return line


def main(first: int, last: int) -> None:
    """Run the command lines of some seeds in the current folder, which is prepared."""
    Path("broken.json").write_bytes(b"\x00\xff" * 100)
    Path("folder").mkdir(exist_ok=True)
    if hasattr(os, "mkfifo"):
        os.mkfifo("fifo")
    import cv2
    import numpy as np

    from program import house, write_video

    write_video(Path("clip.mp4"), [house(4, (160, 120))] * 5)
    cv2.imwrite("picture.png", np.full((60, 80, 3), 255, np.uint8))
    for seed in range(first, last):
        line = command_line(seed)
        print(json.dumps({"seed": seed, "line": [text[:60] for text in line]}), flush=True)
        faulthandler.dump_traceback_later(60, exit=True)
        code, out, err = run_here(*line)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"seed": seed, "code": code, "out": out, "err": err}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
