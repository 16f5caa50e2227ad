"""CLIP's weights: which there are, where they lie, and whether they are here.

Importing `inference` takes seconds; nothing here does, except to ask it
once for the name of a cache folder, which is then remembered beside the cache.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from paintcam.encoders.onnxfile import is_whole
from paintcam.encoders.quiet import quiet
from paintcam.errors import ModelError
from paintcam.folders import write_atomically

__all__ = [
    "DEFAULT_VARIANT",
    "FILES",
    "VARIANTS",
    "ClipWeights",
    "cache_root",
    "clip_folder",
    "is_cached",
    "prepare_environment",
    "pull_command",
]

DEFAULT_VARIANT = "ViT-B-16"
FILES = ("visual.onnx", "textual.onnx")
INDEX = "paintcam-folders.json"


@dataclass(frozen=True, slots=True)
class ClipWeights:
    """One variant of CLIP that Roboflow serves.

    Attributes:
        megabytes: About what is downloaded: four bytes a parameter.
        image_size: Edge of the square picture it sees, pixels.
    """

    megabytes: int
    image_size: int


# Parameters and input sizes: https://github.com/openai/CLIP, model cards of January 2022.
VARIANTS = {
    "RN50": ClipWeights(410, 224),
    "RN101": ClipWeights(480, 224),
    "RN50x4": ClipWeights(710, 288),
    "RN50x16": ClipWeights(1160, 384),
    "RN50x64": ClipWeights(2490, 448),
    "ViT-B-16": ClipWeights(600, 224),
    "ViT-B-32": ClipWeights(610, 224),
    "ViT-L-14": ClipWeights(1710, 224),
    "ViT-L-14-336px": ClipWeights(1710, 336),
}


def cache_root() -> Path:
    """The folder that Inference is told to cache in, lasting unlike its default in /tmp.

    `MODEL_CACHE_DIR` wins, since whoever set it for Inference has weights there; then
    `PAINTCAM_CACHE_DIR`; then the platform's cache folder. Where Inference is imported already,
    it is too late to choose: what it read then holds.
    """
    if settings := sys.modules.get("inference.core.env"):
        return Path(str(settings.MODEL_CACHE_DIR))
    if told := os.environ.get("MODEL_CACHE_DIR"):
        return Path(told).expanduser()
    if told := os.environ.get("PAINTCAM_CACHE_DIR"):
        return Path(told).expanduser() / "models"
    from platformdirs import user_cache_path

    return user_cache_path("paintcam", appauthor=False) / "models"


def prepare_environment() -> None:
    """Tell Inference where its cache is and to be quiet; it reads this when it is imported."""
    os.environ["MODEL_CACHE_DIR"] = str(cache_root())
    os.environ["DISABLE_VERSION_CHECK"] = "True"  # else a thread asks PyPI, and prints
    os.environ.setdefault("LOG_LEVEL", "ERROR")


def pull_command(variant: str) -> str:
    """The command that fetches a variant, for messages."""
    return f"paintcam models pull clip:{variant}"


def clip_folder(variant: str) -> Path:
    """Where Inference looks for a variant. The first time for a version of it: seconds.

    Raises:
        ModelError: Inference cannot be imported.
    """
    if known := _remembered(variant):
        return known
    prepare_environment()
    try:
        with quiet():
            from inference.core.cache.model_artifacts import get_cache_dir
    except Exception as error:  # an install torn in two raises anything
        raise ModelError(
            f"Cannot import Inference ({error}). Run `paintcam doctor` to see what is wrong."
        ) from error
    root = cache_root()
    folders = {
        name: os.path.relpath(
            get_cache_dir(model_id=f"clip/{name}", cache_dir_root=str(root)), root
        )
        for name in VARIANTS
    }
    _remember(folders)
    return root / folders[variant]


def is_cached(variant: str) -> bool:
    """Whether a variant's files are here whole; milliseconds where paintcam fetched them."""
    root = cache_root()
    if not any(root.glob("*clip*")):
        return False
    folder = _remembered(variant)
    if folder is None:
        # Weights that Inference fetched by itself, or another version of it: ask it, once.
        marks = (f"*{variant}*/visual.onnx", f"clip/{variant}/visual.onnx")
        if not any(True for mark in marks for _ in root.glob(mark)):
            return False
        folder = clip_folder(variant)
    return all(is_whole(folder / file) for file in FILES)


def _version() -> str:
    try:
        return version("inference")
    except PackageNotFoundError:
        return "none"


def _index() -> dict[str, dict[str, str]]:
    try:
        told = json.loads((cache_root() / INDEX).read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else {}
    except (OSError, ValueError):
        return {}


def _remembered(variant: str) -> Path | None:
    folder = _index().get(_version(), {}).get(variant)
    return cache_root() / folder if folder else None


def _remember(folders: dict[str, str]) -> None:
    index = _index() | {_version(): folders}
    path = cache_root() / INDEX
    with contextlib.suppress(OSError):  # a cache that cannot be written is asked about again
        write_atomically(path, json.dumps(index, indent=1).encode())
