"""CLIP's weights: where their files are, and whether they are complete.

Importing `inference` takes seconds. Nothing here does so, except once to learn the names of the
cache folders, which are then stored beside the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from paintcam.encoders.cache_files import is_below, read_small
from paintcam.encoders.clip_variants import (
    DEFAULT_VARIANT,
    FILES,
    INT8,
    INT8_VARIANTS,
    VARIANTS,
    exact_variant,
    pull_command,
)
from paintcam.encoders.onnxfile import is_whole
from paintcam.encoders.quiet import quiet
from paintcam.encoders.without_env_file import without_env_file
from paintcam.errors import WITHOUT_CLIP, ModelError
from paintcam.folders import expanded, write_atomically

__all__ = [
    "DEFAULT_VARIANT",
    "FILES",
    "INT8",
    "INT8_NOTE",
    "INT8_VARIANTS",
    "VARIANTS",
    "cache_root",
    "check_files",
    "clip_folder",
    "damaged",
    "exact_variant",
    "fingerprint",
    "int8_folder",
    "is_cached",
    "mismatched",
    "prepare_environment",
    "pull_command",
    "weight_files",
]

INT8_NOTE = "int8.json"
INDEX = "paintcam-folders.json"
SAMPLES = 256


def cache_root() -> Path:
    """Return the cache folder that Inference uses too; unlike its default, it survives a reboot.

    `MODEL_CACHE_DIR` comes first, since a user of Inference has weights there; then
    `PAINTCAM_CACHE_DIR`; then the platform's cache folder. If Inference is already imported, the
    folder that it read then is used.
    """
    if settings := sys.modules.get("inference.core.env"):
        return Path(str(settings.MODEL_CACHE_DIR))
    if folder := os.environ.get("MODEL_CACHE_DIR"):
        return expanded(folder)
    if folder := os.environ.get("PAINTCAM_CACHE_DIR"):
        return expanded(folder) / "models"
    from platformdirs import user_cache_path

    return user_cache_path("paintcam", appauthor=False) / "models"


def prepare_environment() -> None:
    """Set what Inference reads when it is imported: its cache folder, and to print nothing."""
    os.environ["MODEL_CACHE_DIR"] = str(cache_root())
    os.environ["DISABLE_VERSION_CHECK"] = "True"  # otherwise a thread queries PyPI and prints
    os.environ.setdefault("LOG_LEVEL", "ERROR")


def clip_folder(variant: str) -> Path:
    """Find the folder of a variant; takes seconds the first time with a version of Inference.

    Raises:
        ModelError: Inference cannot be imported.
    """
    if known := _remembered(variant):
        return known
    prepare_environment()
    try:
        with quiet(), without_env_file():
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


def int8_folder(variant: str) -> Path:
    """Return where the quantised picture half of an int8 variant is."""
    return cache_root() / f"int8-{exact_variant(variant)}"


def weight_files(variant: str) -> dict[str, Path]:
    """Find the two files of a variant: "visual.onnx" and "textual.onnx" → path.

    Raises:
        ModelError: Inference cannot be imported, and is needed to find them.
    """
    folder = clip_folder(exact_variant(variant))
    files = {file: folder / file for file in FILES}
    if variant.endswith(INT8):
        files["visual.onnx"] = int8_folder(variant) / "visual.onnx"
    return files


def is_cached(variant: str) -> bool:
    """Return whether a variant's files are complete; takes milliseconds for paintcam's own."""
    root = cache_root()
    exact = exact_variant(variant)
    if not any(root.glob("*clip*")):
        return False
    if _remembered(exact) is None:
        # Inference itself, or another version of it, downloaded them: ask it for the folder, once.
        marks = (f"*{exact}*/visual.onnx", f"clip/{exact}/visual.onnx")
        if not any(True for mark in marks for _ in root.glob(mark)):
            return False
    if not all(is_whole(path) for path in weight_files(variant).values()):
        return False
    return variant == exact or (is_cached(exact) and _int8_source(variant) == _source(variant))


def check_files(variant: str) -> dict[str, Path]:
    """Find a variant's files, and refuse files that are missing or incomplete.

    Returns:
        "visual.onnx" and "textual.onnx" → path.

    Raises:
        ModelError: A file is missing, shorter than it should be, or made from other weights.
    """
    files = weight_files(variant)
    for path in files.values():
        if not path.exists():
            size = VARIANTS[exact_variant(variant)].megabytes
            raise ModelError(
                f"The weights of clip:{variant} are not installed.",
                fix=f"Run `{pull_command(variant)}` (about {size} MB), or {WITHOUT_CLIP}.",
            )
        if not is_whole(path):
            raise damaged(path, "it is incomplete", variant)
    if variant.endswith(INT8) and _int8_source(variant) != _source(variant):
        raise ModelError(
            f"{files['visual.onnx']} was built from weights other than those of "
            f"clip:{exact_variant(variant)}.",
            fix=f"Run `{pull_command(variant)}` to rebuild it.",
        )
    return files


def damaged(path: Path, reason: str, variant: str) -> ModelError:
    """Build the error of a weights file that cannot be used."""
    return ModelError(
        f"{path} is damaged ({reason}).",
        fix=f"Remove it, then run `{pull_command(variant)}`, or {WITHOUT_CLIP}.",
    )


def mismatched(variant: str, folder: Path, visual: int, textual: int) -> ModelError:
    """Build the error of two halves whose embeddings have different dimensions."""
    return ModelError(
        f"The two halves of clip:{variant} in {folder} do not match ({visual} and {textual} "
        "dimensions).",
        fix=f"Remove the folder, then run `{pull_command(variant)}`.",
    )


def fingerprint(files: Iterable[Path]) -> str:
    """Identify weights in milliseconds: a hash of their lengths and of samples of their content.

    Args:
        files: Whole files, in a fixed order.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as weights:
            size = weights.seek(0, os.SEEK_END)
            digest.update(f"{path.name} {size};".encode())
            for part in range(SAMPLES):
                weights.seek(size * part // SAMPLES)
                digest.update(weights.read(4096))
    return digest.hexdigest()[:32]


def _source(variant: str) -> str:
    return fingerprint(weight_files(exact_variant(variant)).values())


def _int8_source(variant: str) -> str:
    """Return the fingerprint of the weights that an int8 file was made from."""
    try:
        return str(json.loads(read_small(int8_folder(variant) / INT8_NOTE))["source"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


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
    return cache_root() / folder if isinstance(folder, str) and is_below(folder) else None


def _remember(folders: dict[str, str]) -> None:
    index = _index() | {_version(): folders}
    path = cache_root() / INDEX
    with contextlib.suppress(OSError):  # then Inference is asked again next time
        write_atomically(path, json.dumps(index, indent=1).encode())
