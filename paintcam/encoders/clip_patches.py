"""CLIP's picture half with one more output, the embedding of every patch: for a live heat map.

`paintcam models pull` writes it beside the downloaded file, in a process of its own that takes
1 GiB; a run never does. The file is the downloaded one with the added nodes at its end, which is
how Protocol Buffers joins messages, so that it can be compared with the downloaded one at any time.

Source: Protocol Buffers, "Encoding" (merging); `clip_graph.py` for what is added.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paintcam.encoders.cache_files import clear_place, is_regular
from paintcam.encoders.isolated import run_python
from paintcam.encoders.onnxfile import is_whole

if TYPE_CHECKING:
    from onnx import GraphProto

__all__ = ["GRID_KEY", "patches_file", "patches_path", "write_patches"]

MOST_ADDED = 1 << 20
"""Longest addition, in bytes: it holds nodes, and no weights."""
GRID_KEY = "paintcam_patch_grid"
"""Metadata of the file: patches per side. Written last, once the rest was checked."""
OTHER_FORM = "its graph has another form"
SAMPLES = 256
TIME_S = 600.0
CODE = "from paintcam.encoders.clip_patches import write_in_child; write_in_child(sys.argv[1])"


def patches_path(visual: Path) -> Path:
    """Return where the file with the added output is."""
    return visual.with_name("visual-patches.onnx")


def patches_file(visual: Path) -> Path | None:
    """Find the file with the added output; None if it is missing or of other weights.

    Takes milliseconds: samples of both files are compared.
    """
    path = patches_path(visual)
    try:
        if not (is_regular(path) and is_whole(path)):
            return None
        with visual.open("rb") as plain, path.open("rb") as patched:
            size = plain.seek(0, os.SEEK_END)
            if not 0 < patched.seek(0, os.SEEK_END) - size < MOST_ADDED:
                return None
            for part in range(SAMPLES + 1):
                at = max(0, min(size * part // SAMPLES, size - 4096))
                plain.seek(at)
                patched.seek(at)
                if plain.read(4096) != patched.read(min(4096, size - at)):
                    return None
    except OSError:
        return None
    return path


def write_patches(visual: Path) -> str:
    """Write the file with the added output, unless it is there. Seconds, and 1 GiB of memory.

    Args:
        visual: A variant's picture half, checked.

    Returns:
        "", or the reason why this variant has none, such as "its graph has another form".
    """
    if patches_file(visual) is not None:
        return ""
    try:
        ran = run_python(CODE, str(visual), timeout_s=TIME_S)
        return str(json.loads(ran.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return f"it took longer than {TIME_S / 60:.0f} minutes"
    except OSError as error:
        return f"no process could be started: {error.strerror}"
    except (ValueError, IndexError):
        why = ", the system may have run out of memory" if ran.returncode == -9 else ""
        return f"the process that adds it ended with code {ran.returncode}{why}"


def write_in_child(visual: str) -> None:
    """Write the file, and print as JSON why not; the work of `write_patches`' process."""
    try:
        _write(Path(visual))
        reason = ""
    except _UnsuitableError as error:
        reason = str(error)
    except ImportError as error:
        reason = f"the package onnx is missing ({error}); run `pip install onnx`"
    except OSError as error:
        reason = f"{error.filename or visual} cannot be written: {error.strerror}"
    except Exception as error:  # report any error to the parent
        reason = f"{type(error).__name__}: {error}"
    print("\n" + json.dumps(reason), flush=True)


class _UnsuitableError(Exception):
    """This file gets no added output; the text says why."""


def _write(visual: Path) -> None:
    target = patches_path(visual)
    part = target.with_name(f"{target.name}.part")
    added = _addition(visual)
    clear_place(target)
    clear_place(part)
    try:
        part.unlink(missing_ok=True)
        shutil.copyfile(visual, part)
        with part.open("ab") as file:
            file.write(added)
        grid = _checked_grid(visual, part)
        with part.open("ab") as file:
            file.write(_model(metadata={GRID_KEY: str(grid)}))
        part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _addition(visual: Path) -> bytes:
    import onnx

    from paintcam.encoders.clip_graph import patch_branch

    branch = patch_branch(onnx.load(visual, load_external_data=False).graph)
    if branch is None:
        raise _UnsuitableError(OTHER_FORM)
    return _model(graph=branch)


def _model(graph: GraphProto | None = None, metadata: Mapping[str, str] | None = None) -> bytes:
    """Write some fields of a model; a reader adds them to those before."""
    from onnx import ModelProto, StringStringEntryProto

    props = [StringStringEntryProto(key=key, value=text) for key, text in (metadata or {}).items()]
    return bytes(ModelProto(graph=graph, metadata_props=props).SerializeToString())


def _checked_grid(visual: Path, patched: Path) -> int:
    """Run both files on the same pixels; return the patches per side."""
    from paintcam.encoders.providers import open_session

    outputs = []
    for path in (visual, patched):
        session = open_session(path, "cpu").session  # one at a time: each takes half a gigabyte
        entry = session.get_inputs()[0]
        edge = entry.shape[2] if isinstance(entry.shape[2], int) else 224
        pixels = np.random.default_rng(0).normal(size=(2, 3, edge, edge))
        kind = np.float16 if "float16" in entry.type else np.float32
        outputs.append(session.run(None, {entry.name: pixels.astype(kind)}))
        del session
    (before,), (after, patches) = outputs
    if not np.array_equal(before, after):
        raise _UnsuitableError("it would change the embeddings")
    grid = math.isqrt(max(0, len(patches) // 2 - 1))
    if grid < 2 or patches.shape != (2 * (grid * grid + 1), before.shape[1]):
        raise _UnsuitableError(OTHER_FORM)
    return grid
