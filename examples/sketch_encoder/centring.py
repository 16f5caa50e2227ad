"""Lower the prompts that win everywhere, inside the exported graphs.

Some prompts ("knife", "bat") are near every drawing. How near a prompt is, its *pull*, is its mean
cosine with the drawings of a bank that are nearest to it. A share of the pull is subtracted from
every similarity with that prompt. The graphs do it with one more dimension, so that embeddings stay
unit vectors, and their product stays the similarity:

    picture' = (√(1 − a²) · picture, a)
    text'    = (√(1 − d²) · text, d)      d = share · (mean pull − pull) / a

Source: the mean over nearest neighbours is that of CSLS (Conneau et al. 2018, section 2.3), on the
text's side alone; the dimension for an offset is that of Bachrach et al. 2014 (RecSys).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

SHARE = 0.6  # of the pull that is subtracted
NEAREST = 30  # drawings of the bank that count
PER_CATEGORY = 4  # drawings of a category in the bank
ANCHOR = 0.25  # `a` above; offsets are at most MOST times as large
MOST = 0.9
OUTPUT, PLAIN = "embedding", "embedding_plain"


def choose_bank(names: Sequence[str], trained: Sequence[int]) -> list[int]:
    """Choose the drawings of the bank: the first few of every category.

    Args:
        names: The category of each drawing.
        trained: Numbers of the drawings that may be chosen.
    """
    taken: Counter[str] = Counter()
    chosen = []
    for number in trained:
        if taken[names[number]] < PER_CATEGORY:
            taken[names[number]] += 1
            chosen.append(number)
    return chosen


def pull(bank: NDArray[np.float32], texts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how near each text is to drawings in general, (T,).

    Args:
        bank: Unit-norm embeddings of drawings, (B, D).
        texts: Unit-norm embeddings of texts, (T, D).
    """
    nearest: NDArray[np.float32] = np.sort(texts @ bank.T, axis=1)[:, -NEAREST:].mean(1)
    return nearest


def centre_texts(
    model: onnx.ModelProto, bank: NDArray[np.float32], mean_pull: float
) -> onnx.ModelProto:
    """Make a text tower (N, D) lower the texts that pull: (N, D + 1).

    Args:
        model: Its output is `embedding`; changed in place.
        bank: Unit-norm embeddings of drawings, (B, D); stored as int8.
        mean_pull: The pull of an ordinary text, which keeps its similarities.
    """
    scale = np.float32(np.abs(bank).max() / 127)
    coded = np.round(bank.T / scale).astype(np.int8)
    dims = bank.shape[1]
    _rename_output(model, dims)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in {
            "bank_int8": coded, "bank_scale": scale, "nearest": np.array([min(NEAREST, len(bank))]),
            "mean_pull": np.float32(mean_pull), "per_pull": np.float32(SHARE / ANCHOR),
            "least": np.float32(-MOST), "most": np.float32(MOST), "one": np.float32(1),
        }.items()
    )  # fmt: skip
    model.graph.node.extend(
        helper.make_node(kind, inputs, outputs, **attributes)
        for kind, inputs, outputs, attributes in (
            ("DequantizeLinear", ["bank_int8", "bank_scale"], ["bank"], {}),
            ("MatMul", [PLAIN, "bank"], ["bank_cosines"], {}),
            ("TopK", ["bank_cosines", "nearest"], ["top_cosines", "top_places"], {}),
            ("ReduceMean", ["top_cosines"], ["pull"], {"axes": [1], "keepdims": 1}),
            ("Sub", ["mean_pull", "pull"], ["pull_less"], {}),
            ("Mul", ["pull_less", "per_pull"], ["offset_free"], {}),
            ("Clip", ["offset_free", "least", "most"], ["offset"], {}),
            ("Mul", ["offset", "offset"], ["offset_squared"], {}),
            ("Sub", ["one", "offset_squared"], ["rest_squared"], {}),
            ("Sqrt", ["rest_squared"], ["rest"], {}),
            ("Mul", [PLAIN, "rest"], ["scaled"], {}),
            ("Concat", ["scaled", "offset"], [OUTPUT], {"axis": 1}),
        )
    )
    onnx.checker.check_model(model)
    return model


def centre_pictures(model: onnx.ModelProto, dims: int) -> onnx.ModelProto:
    """Make a picture tower (N, D) fit such a text tower: (N, D + 1).

    Args:
        model: Its output is `embedding`; changed in place.
        dims: D.
    """
    _rename_output(model, dims)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in {
            "rest": np.float32(np.sqrt(1 - ANCHOR**2)), "anchor": np.float32(ANCHOR),
            "none": np.float32(0), "from": np.array([0]), "to": np.array([1]),
            "axis": np.array([1]),
        }.items()
    )  # fmt: skip
    model.graph.node.extend(
        helper.make_node(kind, inputs, outputs, **attributes)
        for kind, inputs, outputs, attributes in (
            ("Mul", [PLAIN, "rest"], ["scaled"], {}),
            # a column of the batch's length, which is NaN where the embedding is
            ("Slice", [PLAIN, "from", "to", "axis"], ["first"], {}),
            ("Mul", ["first", "none"], ["column"], {}),
            ("Add", ["column", "anchor"], ["anchors"], {}),
            ("Concat", ["scaled", "anchors"], [OUTPUT], {"axis": 1}),
        )
    )
    onnx.checker.check_model(model)
    return model


def _rename_output(model: onnx.ModelProto, dims: int) -> None:
    (node,) = (node for node in model.graph.node if OUTPUT in node.output)
    node.output[list(node.output).index(OUTPUT)] = PLAIN
    (output,) = model.graph.output
    output.type.tensor_type.shape.dim[1].dim_value = dims + 1
