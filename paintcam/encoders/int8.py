"""CLIP's picture half in 8-bit integers: a quarter of the memory, two to four times as fast.

The weights are quantised on this machine, in a separate process: ONNX Runtime's quantiser imports
torch and takes 2 GiB. The result is used only if it agrees with the exact weights on 24 bundled
pictures, half of them drawings and half photographs, and their 24 prompts.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paintcam.encoders.base import Embeddings, ScoreRange
from paintcam.encoders.cache_files import clear_place, read_small
from paintcam.encoders.isolated import run_python
from paintcam.encoders.weights import (
    INT8,
    INT8_NOTE,
    exact_variant,
    fingerprint,
    int8_folder,
    weight_files,
)
from paintcam.errors import ModelError
from paintcam.folders import write_atomically

__all__ = ["Agreement", "agreement", "make_int8", "stored_agreement"]

PICTURES = Path(__file__).resolve().parent.parent / "assets" / "int8_check"
LEAST_COSINE = 0.985
MOST_POINTS = 3.0
LEAST_ORDER = 0.95
TIME_S = 1800.0
BUILD_CODE = "from paintcam.encoders.int8 import build_in_child; build_in_child(sys.argv[1])"

# Tried in this order. With a reduced range, sums of products cannot overflow 16 bits, which they do
# on processors without VNNI instructions.
ATTEMPTS: tuple[dict[str, Any], ...] = (
    {"per_channel": True, "reduce_range": False},
    {"per_channel": True, "reduce_range": True},
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well quantised weights agree with the exact ones.

    Attributes:
        cosine: The lowest cosine between the two embeddings of a picture.
        points: The most points that a score moves.
        order: The share of pairs of prompts that keep their order, on the worst picture.
        pictures: How many pictures were compared.
    """

    cosine: float
    points: float
    order: float
    pictures: int

    @property
    def good(self) -> bool:
        """Whether the quantised weights may be used."""
        return (
            self.cosine >= LEAST_COSINE and self.points <= MOST_POINTS and self.order >= LEAST_ORDER
        )

    def __str__(self) -> str:
        """The figures, each with its limit."""
        return (
            f"{self.pictures} pictures: lowest cosine {self.cosine:.4f} (limit {LEAST_COSINE}), "
            f"largest change of a score {self.points:.1f} points (limit {MOST_POINTS:g}), "
            f"prompts in the same order {self.order:.0%} (limit {LEAST_ORDER:.0%})"
        )


def agreement(
    exact: Embeddings, quantised: Embeddings, prompts: Embeddings, score_range: ScoreRange
) -> Agreement:
    """Compare two sets of embeddings of the same pictures.

    Args:
        exact: Unit-norm float32 (N, D).
        quantised: Unit-norm float32 (N, D).
        prompts: Unit-norm float32 (P, D).
        score_range: Similarities that become 0 and 100.
    """
    low, high = score_range
    one, two = exact @ prompts.T, quantised @ prompts.T
    # without the limits at 0 and 100, which can only make a move smaller
    points = 100 * np.abs(one - two).max() / (high - low)
    above, right = np.triu_indices(len(prompts), 1)
    same = np.sign(one[:, above] - one[:, right]) == np.sign(two[:, above] - two[:, right])
    return Agreement(
        cosine=float((exact * quantised).sum(axis=1).min()),
        points=float(points),
        order=float(same.mean(axis=1).min()),
        pictures=len(exact),
    )


def make_int8(variant: str) -> Agreement:
    """Quantise a variant whose exact weights are installed, and check the result. Minutes.

    Args:
        variant: Such as "ViT-B-16-int8".

    Returns:
        How well it agrees with the exact weights.

    Raises:
        ModelError: The package `onnx` is missing, the quantiser failed, or the result does not
            agree with the exact weights and was removed.
    """
    try:
        ran = run_python(BUILD_CODE, variant, timeout_s=TIME_S)
        answer = json.loads(ran.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"Quantising clip:{variant} took longer than {TIME_S / 60:.0f} minutes.",
            fix=f"Use `--model clip:{exact_variant(variant)}`.",
        ) from error
    except (ValueError, IndexError) as error:
        why = "; the system may have run out of memory" if ran.returncode == -9 else ""
        raise ModelError(
            f"The process that quantises clip:{variant} ended with code {ran.returncode}{why}.",
            fix=f"Use `--model clip:{exact_variant(variant)}`, or close other programs and retry.",
        ) from error
    if "error" in answer:
        raise ModelError(str(answer["error"]), fix=str(answer["fix"]))
    found = Agreement(**answer)
    if not found.good:
        raise ModelError(
            f"clip:{variant} differs too much from the exact weights ({found}). It was removed.",
            fix=f"Use `--model clip:{exact_variant(variant)}`, or the faster clip:ViT-B-32.",
        )
    return found


def stored_agreement(variant: str) -> Agreement | None:
    """Read how well an int8 variant that is installed agreed; None for any other variant."""
    try:
        note = json.loads(read_small(int8_folder(variant) / INT8_NOTE))
        found = Agreement(
            cosine=float(note["cosine"]),
            points=float(note["points"]),
            order=float(note["order"]),
            pictures=int(note["pictures"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return found if variant.endswith(INT8) else None


def build_in_child(variant: str) -> None:
    """Quantise, check, and print the outcome as JSON, in the process of `make_int8`."""
    try:
        outcome: dict[str, Any] = asdict(_build(variant))
    except ModelError as error:
        outcome = {"error": error.what, "fix": error.fix}
    except Exception as error:  # report any error to the parent
        outcome = {
            "error": f"Cannot quantise clip:{variant} ({type(error).__name__}: {error}).",
            "fix": f"Use `--model clip:{exact_variant(variant)}`.",
        }
    print("\n" + json.dumps(outcome), flush=True)


def _build(variant: str) -> Agreement:
    exact = exact_variant(variant)
    source, folder = weight_files(exact)["visual.onnx"], int8_folder(variant)
    target = folder / "visual.onnx"
    part = target.with_name("visual.onnx.part")
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise ModelError(
            f"Quantising needs the package onnx ({error}).", fix="Run `pip install onnx`."
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    for path in (part, target, folder / INT8_NOTE):
        clear_place(path)
    found = None
    for attempt in ATTEMPTS:
        part.unlink(missing_ok=True)
        quantize_dynamic(
            source,
            part,
            # ONNX Runtime cannot load integer convolutions
            op_types_to_quantize=["MatMul", "Gemm"],
            weight_type=QuantType.QInt8,
            **attempt,
        )
        found = _compare(exact, part)
        if found.good:
            break
    assert found is not None  # there is at least one attempt
    if not found.good:
        part.unlink(missing_ok=True)
        return found
    note = {"source": fingerprint(weight_files(exact).values()), **asdict(found)}
    (folder / INT8_NOTE).unlink(missing_ok=True)  # the file and its note change together
    part.replace(target)
    write_atomically(folder / INT8_NOTE, json.dumps(note, indent=1).encode())
    return found


def _compare(exact: str, quantised: Path) -> Agreement:
    from paintcam.encoders.base import unit_rows
    from paintcam.encoders.clip import CLIP_RANGE, ClipEncoder
    from paintcam.encoders.clip_pixels import clip_pixels
    from paintcam.encoders.providers import open_session

    pictures, prompts = _check_set()
    encoder = ClipEncoder(exact, "cpu")
    texts, rows = encoder.encode_text(prompts), encoder.encode_image(pictures)
    session = open_session(quantised, "cpu").session
    name = session.get_inputs()[0].name
    others = [
        unit_rows(
            session.run(None, {name: clip_pixels([picture], encoder.info.clip_edge)})[0], 1, exact
        )
        for picture in pictures
    ]
    return agreement(rows, np.concatenate(others), texts, CLIP_RANGE)


def _check_set() -> tuple[list[Any], list[str]]:
    """Read the bundled pictures, BGR uint8 (224, 224, 3), and a prompt for each."""
    import cv2

    prompts = json.loads((PICTURES / "prompts.json").read_text(encoding="utf-8"))
    pictures = []
    for name in prompts:
        coded = np.frombuffer((PICTURES / name).read_bytes(), np.uint8)
        pictures.append(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    return pictures, list(prompts.values())
