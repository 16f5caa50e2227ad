"""CLIP's tokenizer: that of the reference code, loaded without importing torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paintcam.encoders.base import check_prompts, too_long
from paintcam.errors import WITHOUT_CLIP, ModelError

__all__ = ["MAX_TOKENS", "ClipTokenizer"]

MAX_TOKENS = 77
"""CLIP's context length, both end marks included (Radford et al. 2021, section 2.4)."""


class ClipTokenizer:
    """Turns texts into CLIP's byte-pair tokens.

    The vocabulary and the code come with the package `rf-clip`, which Inference installs as `clip`.

    Raises:
        ModelError: The package or its vocabulary is missing or damaged.
    """

    def __init__(self) -> None:
        folder = _package_folder()
        try:
            spec = importlib.util.spec_from_file_location(
                "paintcam_clip_tokenizer", folder / "simple_tokenizer.py"
            )
            assert spec is not None and spec.loader is not None  # noqa: PT018 - for mypy
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self._reference: Any = module.SimpleTokenizer()
            self._start: int = self._reference.encoder["<|startoftext|>"]
            self._end: int = self._reference.encoder["<|endoftext|>"]
        except Exception as error:  # missing files, gzip, Unicode, and what the module imports
            raise ModelError(
                f"Cannot use CLIP's vocabulary in {folder} ({type(error).__name__}: {error}).",
                fix=f"Run `pip install --force-reinstall --no-deps rf-clip`, or {WITHOUT_CLIP}.",
            ) from error

    def __call__(self, texts: Sequence[str], name: str) -> npt.NDArray[np.int32]:
        """Tokenize texts.

        Args:
            texts: None of them blank.
            name: The encoder's, for the error.

        Returns:
            int32 (N, 77): start mark, tokens, end mark, zeros.

        Raises:
            PromptError: A text is blank or longer than CLIP's 77 tokens.
        """
        check_prompts(texts)
        rows = np.zeros((len(texts), MAX_TOKENS), np.int32)
        for row, text in zip(rows, texts, strict=True):
            tokens = [self._start, *self._reference.encode(text), self._end]
            if len(tokens) > MAX_TOKENS:
                raise too_long(name, len(tokens), MAX_TOKENS)
            row[: len(tokens)] = tokens
        return rows


def _package_folder() -> Path:
    # find_spec does not import a top-level package: that would import torch
    spec = importlib.util.find_spec("clip")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise ModelError(
            "CLIP's vocabulary is not installed (package rf-clip).",
            fix=f"Run `pip install rf-clip`, or {WITHOUT_CLIP}.",
        )
    return Path(places[0])
