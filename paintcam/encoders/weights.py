"""CLIP's weights: which variants exist, where their files are, and whether they are complete.

Importing `inference` takes seconds. Nothing here does so, except once to learn the names of the
cache folders, which are then stored beside the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from paintcam.encoders.cache_files import read_small
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
    "check_files",
    "clip_folder",
    "damaged",
    "fingerprint",
    "is_cached",
    "prepare_environment",
    "pull_command",
]

DEFAULT_VARIANT = "ViT-B-16"
FILES = ("visual.onnx", "textual.onnx")
INDEX = "paintcam-folders.json"
SAMPLES = 256


@dataclass(frozen=True, slots=True)
class ClipWeights:
    """A variant of CLIP that Roboflow serves.

    Attributes:
        megabytes: Approximate download size: four bytes per parameter.
        image_size: Edge of the square input picture, pixels.
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
    """The cache folder that Inference uses too; unlike its default in /tmp, it survives a reboot.

    `MODEL_CACHE_DIR` comes first, since whoever set it for Inference has weights there; then
    `PAINTCAM_CACHE_DIR`; then the platform's cache folder. If Inference is already imported, the
    folder that it read then is used.
    """
    if settings := sys.modules.get("inference.core.env"):
        return Path(str(settings.MODEL_CACHE_DIR))
    if folder := os.environ.get("MODEL_CACHE_DIR"):
        return Path(folder).expanduser()
    if folder := os.environ.get("PAINTCAM_CACHE_DIR"):
        return Path(folder).expanduser() / "models"
    from platformdirs import user_cache_path

    return user_cache_path("paintcam", appauthor=False) / "models"


def prepare_environment() -> None:
    """Set what Inference reads when it is imported: its cache folder, and to print nothing."""
    os.environ["MODEL_CACHE_DIR"] = str(cache_root())
    os.environ["DISABLE_VERSION_CHECK"] = "True"  # otherwise a thread asks PyPI and prints
    os.environ.setdefault("LOG_LEVEL", "ERROR")


def pull_command(variant: str) -> str:
    """The command that downloads a variant, for messages."""
    return f"paintcam models pull clip:{variant}"


def clip_folder(variant: str) -> Path:
    """Find the folder of a variant; takes seconds the first time with a version of Inference.

    Raises:
        ModelError: Inference cannot be imported.
    """
    if known := _remembered(variant):
        return known
    prepare_environment()
    try:
        with quiet():
            from inference.core.cache.model_artifacts import get_cache_dir
    except Exception as error:  # a broken installation raises anything
        raise ModelError(
            f"Cannot import Inference ({error}).",
            fix="Run `paintcam doctor` to check this machine.",
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
    """Whether a variant's files are complete; takes milliseconds if paintcam downloaded them."""
    root = cache_root()
    if not any(root.glob("*clip*")):
        return False
    folder = _remembered(variant)
    if folder is None:
        # Inference itself, or another version of it, downloaded them: ask it for the folder, once.
        marks = (f"*{variant}*/visual.onnx", f"clip/{variant}/visual.onnx")
        if not any(True for mark in marks for _ in root.glob(mark)):
            return False
        folder = clip_folder(variant)
    return all(is_whole(folder / file) for file in FILES)


def check_files(folder: Path, variant: str) -> None:
    """Refuse weights that are missing or incomplete.

    Raises:
        ModelError: A file is missing or shorter than it should be.
    """
    for file in FILES:
        path = folder / file
        if not path.exists():
            raise ModelError(
                f"The weights of clip:{variant} are not installed.",
                fix=f"Run `{pull_command(variant)}` (about {VARIANTS[variant].megabytes} MB), or "
                "pass `--model sketch`.",
            )
        if not is_whole(path):
            raise damaged(path, "it is incomplete", variant)


def damaged(path: Path, reason: str, variant: str) -> ModelError:
    """Build the error of a weights file that cannot be used."""
    return ModelError(
        f"{path} is damaged ({reason}).",
        fix=f"Remove it, then run `{pull_command(variant)}`, or pass `--model sketch`.",
    )


def fingerprint(folder: Path) -> str:
    """Tell weights apart in milliseconds: a hash of their lengths and of samples of their content.

    Args:
        folder: Holds both files.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for file in FILES:
        with (folder / file).open("rb") as weights:
            size = weights.seek(0, os.SEEK_END)
            digest.update(f"{file} {size};".encode())
            for part in range(SAMPLES):
                weights.seek(size * part // SAMPLES)
                digest.update(weights.read(4096))
    return digest.hexdigest()[:32]


def _version() -> str:
    try:
        return version("inference")
    except PackageNotFoundError:
        return "none"


def _index() -> dict[str, dict[str, str]]:
    try:
        index = json.loads(read_small(cache_root() / INDEX))
        return index if isinstance(index, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def _remembered(variant: str) -> Path | None:
    folders = _index().get(_version())
    folder = folders.get(variant) if isinstance(folders, dict) else None
    return cache_root() / folder if isinstance(folder, str) and folder else None


def _remember(folders: dict[str, str]) -> None:
    index = _index() | {_version(): folders}
    path = cache_root() / INDEX
    with contextlib.suppress(OSError):  # then Inference is asked again next time
        write_atomically(path, json.dumps(index, indent=1).encode())
