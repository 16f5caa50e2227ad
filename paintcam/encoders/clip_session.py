"""ONNX Runtime's sessions for the two halves of CLIP, and checks of what they take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from paintcam.encoders.base import first_line
from paintcam.encoders.clip_patches import GRID_KEY, patches_file
from paintcam.encoders.clip_tokens import MAX_TOKENS
from paintcam.encoders.onnxfile import has_external_data
from paintcam.encoders.providers import Opened, open_session
from paintcam.encoders.weights import damaged, pull_command
from paintcam.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, RunOptions

__all__ = ["open_text", "open_visual", "patch_grid", "run_options"]


def open_text(path: Path, provider: str, variant: str) -> Opened:
    """Open the text half.

    Raises:
        ModelError: It is damaged, no text half, or the provider does not run here.
    """
    return _open(path, provider, "tensor(int", [None, MAX_TOKENS], variant, brief=True)


def open_visual(path: Path, provider: str, variant: str) -> Opened:
    """Open the picture half: with the patches' output if that file is there, never both.

    Raises:
        ModelError: It is damaged, no picture half, or the provider does not run here.
    """
    patched, note = patches_file(path), ""
    shape = [None, 3, None, None]
    if patched is not None:
        try:
            return _open(patched, provider, "tensor(float", shape, variant)
        except ModelError as error:
            note = f"{error.what} Scores are not explained live until you remove it and run "
            note += f"`{pull_command(variant)}`."
    opened = _open(path, provider, "tensor(float", shape, variant)
    return replace(opened, note=" ".join(filter(None, [opened.note, note])))


def patch_grid(visual: InferenceSession) -> int:
    """Return the patches per side that the second output holds; 0 if there is none."""
    text = visual.get_modelmeta().custom_metadata_map.get(GRID_KEY, "")
    grid = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return grid if len(visual.get_outputs()) == 2 else 0


def run_options() -> RunOptions:
    """Return options of a run that computes nothing but the outputs that it returns."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.only_execute_path_to_fetches = True
    return options


def _open(
    path: Path,
    provider: str,
    kind: str,
    shape: list[int | None],
    variant: str,
    *,
    brief: bool = False,
) -> Opened:
    try:
        if has_external_data(path):
            raise damaged(path, "it loads weights from outside the file", variant)
        opened = open_session(path, provider, brief=brief)
    except ModelError:
        raise
    except Exception as error:  # ONNX Runtime's errors share no narrower public base
        raise damaged(path, first_line(error), variant) from error
    entries = opened.session.get_inputs()
    found = entries[0].shape
    fits = (
        len(entries) == 1
        and entries[0].type.startswith(kind)
        and len(found) == len(shape)
        and all(
            want is None or want == size or not isinstance(size, int)
            for want, size in zip(shape, found, strict=True)
        )
    )
    if not fits:
        raise damaged(path, f"it takes {entries[0].type} {found}", variant)
    return opened
